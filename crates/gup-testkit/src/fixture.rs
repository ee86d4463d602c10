//! Fixtures on disk, and the markers in them.

use std::path::{Path, PathBuf};

/// One program with what is expected of it.
#[derive(Clone, Debug, Default)]
pub struct Fixture {
    /// Path below `testdata`: of the file, or of the folder.
    pub name: String,
    /// Sources and headers, sorted by name.
    pub files: Vec<File>,
    pub directives: Directives,
}

#[derive(Clone, Debug, Default)]
pub struct File {
    /// Path below `testdata`.
    pub name: String,
    pub markers: Vec<Marker>,
    /// Functions whose names end in `_bad` or `_ok`.
    pub functions: Vec<NamedFunction>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directives {
    pub clean: bool,
    pub policy: Option<String>,
    pub args: Vec<String>,
    /// Folder below `testdata` with headers that replace those of the same name in `include`.
    pub include: Option<String>,
}

/// What is said of one line, counted from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    pub line: u32,
    pub says: Says,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    Expect {
        rule: String,
        text: String,
    },
    FixmeMissing {
        rule: String,
    },
    FixmeExtra {
        rule: String,
    },
    Balanced,
    Unresolved {
        reason: String,
    },
    Step {
        text: String,
    },
    /// Of a release: what reaches it, whether that is certain, and what is to replace it.
    Converts {
        verdict: String,
        is_certain: bool,
        replace_with: String,
    },
}

/// A definition in the kernel's style: the name in a line that is not indented, up to a line with `}` in its first column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFunction {
    pub name: String,
    pub first: u32,
    pub last: u32,
}

/// All fixtures below `testdata`, sorted by name.
pub fn all(testdata: &Path) -> Vec<Fixture> {
    let mut folders = vec![testdata.join("contracts"), testdata.join("seed"), testdata.join("conversion")];
    folders.extend(entries(&testdata.join("rules")));
    let mut fixtures: Vec<Fixture> = folders.iter().flat_map(|folder| in_folder(testdata, folder)).collect();
    fixtures.sort_by(|a, b| a.name.cmp(&b.name));
    fixtures
}

fn in_folder(testdata: &Path, folder: &Path) -> Vec<Fixture> {
    let programs = entries(folder).into_iter().filter(|path| path.is_dir() || has_extension(path, "c"));
    programs.map(|path| read(testdata, &path)).filter(|fixture| !fixture.files.is_empty()).collect()
}

/// Reads a file, or a folder as one program.
pub fn read(testdata: &Path, path: &Path) -> Fixture {
    let paths = match path.is_dir() {
        true => entries(path).into_iter().filter(|path| has_extension(path, "c") || has_extension(path, "h")).collect(),
        false => vec![path.to_path_buf()],
    };
    let below = |path: &Path| path.strip_prefix(testdata).expect("fixtures lie below testdata").to_string_lossy().into_owned();
    let mut fixture = Fixture { name: below(path), ..Fixture::default() };
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        parse(&below(&path), &text, &mut fixture).unwrap_or_else(|error| panic!("{error}"));
    }
    fixture
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// Adds a file to the fixture. The error names the line that cannot be understood.
pub fn parse(name: &str, text: &str, fixture: &mut Fixture) -> Result<(), String> {
    let mut file = File { name: name.to_owned(), functions: named_functions(text), ..File::default() };
    // Markers that stand alone wait for the next line with code.
    let mut waiting = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line_number = index as u32 + 1;
        let fail = |what: String| format!("{name}:{line_number}: {what}");
        if let Some(directive) = line.strip_prefix("//@") {
            fixture.directives.add(directive.trim()).map_err(fail)?;
            continue;
        }
        let mut parts = line.split("// ");
        let has_code = !parts.next().unwrap_or_default().trim().is_empty();
        let mut found = Vec::new();
        for part in parts {
            found.extend(says(part.trim()).map_err(fail)?);
        }
        if !has_code {
            waiting.append(&mut found);
            continue;
        }
        let here = waiting.drain(..).chain(found).map(|says| Marker { line: line_number, says });
        file.markers.extend(here);
    }
    if !waiting.is_empty() {
        return Err(format!("{name}: the markers at the end belong to no line"));
    }
    fixture.files.push(file);
    Ok(())
}

impl Directives {
    fn add(&mut self, directive: &str) -> Result<(), String> {
        match directive.split_once(':') {
            None if directive == "clean" => self.clean = true,
            Some(("policy", name)) => self.policy = Some(name.trim().to_owned()),
            Some(("include", folder)) => self.include = Some(folder.trim().to_owned()),
            Some(("args", args)) => self.args.extend(args.split_whitespace().map(str::to_owned)),
            _ => return Err(format!("there is no directive `{directive}`: clean, policy: NAME, include: FOLDER, args: ARGS...")),
        }
        Ok(())
    }
}

/// The marker in a comment, if it is one.
fn says(comment: &str) -> Result<Option<Says>, String> {
    if comment == "balanced" {
        return Ok(Some(Says::Balanced));
    }
    let Some((word, rest)) = comment.split_once(':') else { return Ok(None) };
    let rest = rest.trim();
    let (rule, after) = rest.split_once(' ').unwrap_or((rest, ""));
    let rule = rule.to_owned();
    let said = match word {
        "expect" => Says::Expect { rule, text: quoted(after.trim())? },
        "fixme-missing" | "fixme-extra" if after.trim().is_empty() => return Err(format!("`{word}: {rule}` does not say why")),
        "fixme-missing" => Says::FixmeMissing { rule },
        "fixme-extra" => Says::FixmeExtra { rule },
        "converts" => converts(&rule, after.trim())?,
        "step" => Says::Step { text: quoted(rest)? },
        "unresolved" => Says::Unresolved { reason: rest.to_owned() },
        // Prose may have a colon; what looks like a marker that is misspelt may not pass as prose.
        _ if ["expect", "fixme", "unresolved", "balanced", "converts", "step"].iter().any(|known| word.starts_with(known)) => {
            return Err(format!("there is no marker `{word}`"));
        }
        _ => return Ok(None),
    };
    Ok(Some(said))
}

/// `gup put_user_page`; `never?` where that is not certain.
fn converts(verdict: &str, replace_with: &str) -> Result<Says, String> {
    let is_certain = !verdict.ends_with('?');
    let verdict = verdict.trim_end_matches('?').to_owned();
    if !["gup", "mixed", "never"].contains(&verdict.as_str()) {
        return Err(format!("`{verdict}` is none of gup, mixed and never"));
    }
    Ok(Says::Converts { verdict, is_certain, replace_with: replace_with.to_owned() })
}

fn quoted(text: &str) -> Result<String, String> {
    let inner = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match inner {
        Some(inner) => Ok(inner.to_owned()),
        None if text.is_empty() => Ok(String::new()),
        None => Err(format!("`{text}` should be in quotes")),
    }
}

fn named_functions(text: &str) -> Vec<NamedFunction> {
    let mut functions: Vec<NamedFunction> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = index as u32 + 1;
        if line.starts_with('}')
            && let Some(open) = functions.last_mut().filter(|function| function.last == 0)
        {
            open.last = number;
        }
        let name = line.split('(').next().unwrap_or_default().rsplit([' ', '*']).next().unwrap_or_default();
        let is_definition = line.contains('(') && !line.starts_with(char::is_whitespace) && !line.ends_with(';');
        if is_definition && (name.ends_with("_bad") || name.ends_with("_ok")) {
            functions.push(NamedFunction { name: name.to_owned(), first: number, last: 0 });
        }
    }
    functions
}
