//! A compiler's command line, reduced to what changes how libclang understands the file.
//!
//! Kernel command lines come from gcc as often as from clang and hold a hundred flags about code generation and
//! warnings. Only flags in the table below pass; so no plugin, response file or wrapper is ever honoured.

use std::path::{Path, PathBuf};

use crate::kbuild::normalize;

/// Arguments for libclang and the directory they are relative to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) args: Vec<String>,
    pub(crate) directory: PathBuf,
}

impl Command {
    /// From Kbuild's `.file.cmd`: the first line is `savedcmd_<target> := <command>` (`cmd_` before 6.3).
    pub(crate) fn from_cmd_file(text: &str, directory: &Path) -> Option<Command> {
        let line = text.lines().find(|line| line.starts_with("savedcmd_") || line.starts_with("cmd_"))?;
        let (_, command) = line.split_once(" := ")?;
        // Make's escapes; commands after the compiler's (objtool, modversions) follow a `;`.
        let command = command.replace("\\#", "#").replace("$(pound)", "#").replace("$$", "$");
        Some(Command::from_words(&words(&command), directory))
    }

    /// From the words of a command line, the compiler's name first.
    pub(crate) fn from_words(words: &[String], directory: &Path) -> Command {
        let words = words.get(1..).unwrap_or_default();
        let end = words.iter().position(|word| word == ";" || word == "&&" || word == "|").unwrap_or(words.len());
        let trimmed: Vec<String> = words[..end].iter().map(|word| word.trim_end_matches(';').to_owned()).collect();
        Command { args: understood(&trimmed), directory: directory.to_path_buf() }
    }

    /// From the flags of a call that ran in `directory`.
    pub(crate) fn from_flags(flags: &[String], directory: &Path) -> Command {
        Command { args: understood(flags), directory: directory.to_path_buf() }
    }

    /// The flags that every file gets: without the name of this one and without its directory.
    pub(crate) fn shared(&self, root: &Path, build: &Path) -> Vec<String> {
        let names_file = |arg: &str| arg.starts_with("-DKBUILD_") || arg.starts_with("-D__KBUILD_");
        let is_own = |arg: &str| {
            arg.strip_prefix("-I").is_some_and(|path| {
                let path = normalize(&self.directory.join(path));
                path == root || path == build || path == root.join("kernel") || path == build.join("kernel")
            })
        };
        self.args.iter().filter(|arg| !names_file(arg) && !is_own(arg)).cloned().collect()
    }

    /// The flags, two-word ones as one of two.
    pub(crate) fn flags(&self) -> Vec<&[String]> {
        let mut flags = Vec::new();
        let mut rest = &self.args[..];
        while let Some(first) = rest.first() {
            let (flag, others) = rest.split_at(if PAIRS.contains(&first.as_str()) { 2.min(rest.len()) } else { 1 });
            flags.push(flag);
            rest = others;
        }
        flags
    }

    /// The values of `-I`, in order.
    pub(crate) fn include_directories(&self) -> impl Iterator<Item = &str> {
        self.args.iter().filter_map(|arg| arg.strip_prefix("-I"))
    }

    /// All directories that headers are looked for in, in no order.
    pub(crate) fn searched_directories(&self) -> impl Iterator<Item = &str> {
        const WORDS: [&str; 3] = ["-isystem", "-idirafter", "-iquote"];
        let pairs = self.args.windows(2).filter(|pair| WORDS.contains(&pair[0].as_str())).map(|pair| pair[1].as_str());
        self.include_directories().chain(pairs)
    }
}

/// Flags of two words that we understand; written as one word afterwards where C allows it.
const PAIRS: &[&str] = &["-I", "-D", "-U", "-include", "-imacros", "-isystem", "-idirafter", "-iquote"];
/// Flags of two words that mean nothing to us.
const DROPPED_PAIRS: &[&str] = &[
    "-o",
    "-x",
    "-mllvm",
    "-Xclang",
    "-Xassembler",
    "-Xpreprocessor",
    "-Xlinker",
    "--param",
    "-MF",
    "-MT",
    "-MQ",
    "-load",
    "-arch",
    "-target",
    "-z",
    "-T",
    "-u",
];
/// Single words that change the language, its macros or the layout of types.
const EXACT: &[&str] = &[
    "-nostdinc",
    "-ffreestanding",
    "-fshort-wchar",
    "-funsigned-char",
    "-fsigned-char",
    "-fshort-enums",
    "-fms-extensions",
    "-fgnu89-inline",
    "-fno-PIE",
    "-fno-pie",
    "-fno-PIC",
    "-fno-pic",
    "-fPIE",
    "-fpie",
    "-fPIC",
    "-fpic",
    "-m64",
    "-m32",
    "-m16",
    "-mx32",
    "-msoft-float",
    "-mhard-float",
    "-mno-sse",
    "-mno-sse2",
    "-mno-mmx",
    "-mno-3dnow",
    "-mno-avx",
    "-mno-80387",
    "-msse",
    "-msse2",
    "-mgeneral-regs-only",
    "-mlittle-endian",
    "-mbig-endian",
    "-EL",
    "-EB",
];
const PREFIXES: &[&str] = &["-I", "-D", "-U", "-std=", "-O", "-isystem", "-iquote", "--target=", "-mabi="];

/// The flags that change how a file is understood, two-word ones in pairs.
pub(crate) fn understood(words: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if PAIRS.contains(&word.as_str()) {
            let Some(value) = words.next() else { break };
            match word.as_str() {
                "-I" | "-D" | "-U" => out.push(format!("{word}{value}")),
                _ => out.extend([word.clone(), value.clone()]),
            }
        } else if DROPPED_PAIRS.contains(&word.as_str()) {
            words.next();
        } else if EXACT.contains(&word.as_str()) || PREFIXES.iter().any(|prefix| word.starts_with(prefix)) {
            out.push(word.clone());
        }
    }
    out
}

/// Splits as a shell would: blanks, quotes and backslashes. Nothing is substituted.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    let mut started = false;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                started = true;
            }
            (None | Some('"'), '\\') => {
                word.extend(chars.next());
                started = true;
            }
            (None, _) if c.is_whitespace() => {
                if started {
                    out.push(std::mem::take(&mut word));
                }
                started = false;
            }
            _ => {
                word.push(c);
                started = true;
            }
        }
    }
    if started {
        out.push(word);
    }
    out
}
