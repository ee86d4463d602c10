//! C source read as text, on purpose without a compiler: an independent witness for what the ledger says.
//!
//! Comments, strings and `#if 0` are blanked (every byte keeps its line); functions are found by counting braces, with
//! the count put back at `#else`, since both branches may open the same brace:
//!
//! ```c
//! #ifdef CONFIG_X
//!         if (a) {
//! #else
//!         if (b) {
//! #endif
//! ```

use std::collections::BTreeSet;

/// A call of one of the names looked for, inside a function's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) api: String,
    /// Counts from 1.
    pub(crate) line: usize,
    pub(crate) function: String,
    /// The preprocessor conditions around it, outermost first: `#ifdef CONFIG_MMU`, `not #ifdef CONFIG_X`.
    pub(crate) conditions: Vec<String>,
}

/// A function's body: first and last line, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Body {
    pub(crate) function: String,
    pub(crate) first: usize,
    pub(crate) last: usize,
}

/// What a file says.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) calls: Vec<Call>,
    pub(crate) bodies: Vec<Body>,
}

/// Reads one file's text.
pub(crate) fn scan(text: &str, names: &BTreeSet<String>) -> Scan {
    let blank = blanked(text);
    let mut reader = Reader::new(names);
    for (index, line) in blank.lines().enumerate() {
        reader.line(index + 1, line);
    }
    reader.out
}

/// Whether any of the names stands in the text as a whole word.
pub(crate) fn mentions(text: &str, names: &BTreeSet<String>) -> bool {
    words(text).any(|(_, word)| names.contains(word))
}

struct Reader<'a> {
    names: &'a BTreeSet<String>,
    out: Scan,
    depth: usize,
    /// Text at depth 0 since the last declaration ended: the header of the body that may follow.
    header: String,
    /// The body that is open, and whether its brace opened a function.
    open: Option<(String, usize)>,
    /// Conditions in force, with the depth at their `#if`.
    conditions: Vec<(String, usize)>,
    /// The directive before this line goes on (`\` at its end).
    continued: bool,
}

impl<'a> Reader<'a> {
    fn new(names: &'a BTreeSet<String>) -> Reader<'a> {
        Reader {
            names,
            out: Scan::default(),
            depth: 0,
            header: String::new(),
            open: None,
            conditions: Vec::new(),
            continued: false,
        }
    }

    fn line(&mut self, number: usize, line: &str) {
        let directive = self.continued || line.trim_start().starts_with('#');
        if directive {
            if !self.continued {
                self.directive(line.trim_start().trim_start_matches('#').trim());
            }
            self.continued = line.ends_with('\\');
            return;
        }
        // Kernel style ends every function with a brace in the first column: a miscount ends there too.
        if line.starts_with('}') && self.depth > 1 {
            self.depth = 1;
        }
        let mut rest = line;
        while let Some(at) = rest.find(['{', '}', ';']) {
            let (before, from) = rest.split_at(at);
            self.text(number, before);
            self.punctuation(number, from.as_bytes()[0]);
            rest = &from[1..];
        }
        self.text(number, rest);
        if self.depth == 0 {
            self.header.push('\n');
        }
    }

    fn text(&mut self, number: usize, text: &str) {
        if self.depth == 0 {
            self.header.push_str(text);
            return;
        }
        let Some((function, _)) = &self.open else { return };
        for (at, word) in words(text) {
            let called = text[at + word.len()..].trim_start().starts_with('(');
            if called && self.names.contains(word) {
                let conditions = self.conditions.iter().map(|(condition, _)| condition.clone()).collect();
                self.out.calls.push(Call { api: word.to_owned(), line: number, function: function.clone(), conditions });
            }
        }
    }

    fn punctuation(&mut self, number: usize, byte: u8) {
        match byte {
            b'{' => {
                if self.depth == 0 {
                    self.open = function_of(&self.header).map(|name| (name, number));
                    self.header.clear();
                }
                self.depth += 1;
            }
            b'}' => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 {
                    self.header.clear();
                    if let Some((function, first)) = self.open.take() {
                        self.out.bodies.push(Body { function, first, last: number });
                    }
                }
            }
            _ if self.depth == 0 => self.header.clear(),
            _ => {}
        }
    }

    fn directive(&mut self, text: &str) {
        let keyword_len = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
        match &text[..keyword_len] {
            "if" | "ifdef" | "ifndef" => self.conditions.push((format!("#{text}"), self.depth)),
            "elif" | "else" => {
                if let Some((condition, depth)) = self.conditions.last_mut() {
                    self.depth = *depth;
                    *condition = if text.starts_with("elif") { format!("#{text}") } else { format!("not {condition}") };
                }
            }
            "endif" => {
                self.conditions.pop();
            }
            _ => {}
        }
    }
}

/// Name of the function that this header declares; `None` for a structure, an enumeration or an initialiser.
fn function_of(header: &str) -> Option<String> {
    let header = header.trim();
    // `struct x y = {`, `enum {`: no parameter list stands before the brace.
    let end = header.rfind(')')?;
    if header[end..].contains('=') || header.ends_with('=') {
        return None;
    }
    words(header)
        .find(|(at, word)| header[at + word.len()..].trim_start().starts_with('(') && !word.starts_with("__attribute"))
        .map(|(_, word)| word.to_owned())
}

/// Identifiers with their offsets.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(word)?;
        let length = text[start..].find(|c| !word(c)).unwrap_or(text.len() - start);
        at = start + length;
        Some((start, &text[start..at]))
    })
}

/// The text with comments, strings, character literals and `#if 0` made blank; line breaks stay.
pub(crate) fn blanked(text: &str) -> String {
    without_if_0(&without_comments(text))
}

fn without_comments(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'*') => text[at + 2..].find("*/").map_or(text.len(), |n| at + 2 + n + 2),
            b'/' if bytes.get(at + 1) == Some(&b'/') => text[at..].find('\n').map_or(text.len(), |n| at + n),
            quote @ (b'"' | b'\'') => literal_end(bytes, at, quote),
            _ => {
                let length = text[at..].chars().next().map_or(1, char::len_utf8);
                out.push_str(&text[at..at + length]);
                at += length;
                continue;
            }
        };
        out.extend(text[at..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        at = end;
    }
    out
}

/// Where the literal that opens at `start` is over; a quote never closed (in `#error don't`) ends with its line.
fn literal_end(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'\n' => return at,
            byte if byte == quote => return at + 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

fn without_if_0(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // Depth of conditionals inside the dead part; 0 = alive.
    let mut dead = 0_usize;
    for line in text.split_inclusive('\n') {
        let directive: String =
            line.trim_start().strip_prefix('#').map(|d| d.split_whitespace().collect::<Vec<_>>().join(" ")).unwrap_or_default();
        if dead == 0 {
            out.push_str(line);
            dead = usize::from(directive == "if 0");
            continue;
        }
        if directive.starts_with("if") {
            dead += 1;
        } else if directive.starts_with("endif") || (dead == 1 && directive.starts_with("el")) {
            dead -= 1;
        }
        if dead == 0 {
            out.push_str(line);
        } else if line.ends_with('\n') {
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> BTreeSet<String> {
        ["take_pages", "take_page"].map(str::to_owned).into()
    }

    fn calls(text: &str) -> Vec<(usize, String)> {
        scan(text, &names()).calls.into_iter().map(|call| (call.line, call.function)).collect()
    }

    #[test]
    fn prototypes_definitions_comments_strings_and_dead_code_are_no_calls() {
        let text = "int take_pages(int n);\nint take_pages(int n)\n{\n\treturn take_page(n);\n}\n\
                    static void f(void)\n{\n\t/* take_pages(1) */\n\tlog(\"take_pages(%d)\");\n#if 0\n\ttake_pages(2);\n#ifdef A\n#endif\n#else\n\
                    \ttake_pages(3);\n#endif\n\tmy_take_pages(4);\n}\nEXPORT(take_pages);\n";
        assert_eq!(calls(text), [(4, "take_pages".to_owned()), (15, "f".to_owned())]);
    }

    #[test]
    fn a_brace_opened_in_both_branches_counts_once() {
        let text = "int f(int a)\n{\n#ifdef CONFIG_A\n\tif (a) {\n#else\n\tif (!a) {\n#endif\n\t\ttake_page(a);\n\t}\n}\n\
                    int g(void) {\n\treturn take_page(1);\n}\n";
        assert_eq!(calls(text), [(8, "f".to_owned()), (12, "g".to_owned())]);
        let bodies = scan(text, &names()).bodies;
        assert_eq!((bodies[0].first, bodies[0].last), (2, 10));
    }

    #[test]
    fn the_conditions_around_a_call_are_told() {
        let text = "#ifdef CONFIG_MMU\nvoid f(void)\n{\n#if IS_ENABLED(CONFIG_X)\n\ttake_page(1);\n#else\n\ttake_page(2);\n#endif\n}\n#endif\n";
        let calls = scan(text, &names()).calls;
        assert_eq!(calls[0].conditions, ["#ifdef CONFIG_MMU", "#if IS_ENABLED(CONFIG_X)"]);
        assert_eq!(calls[1].conditions, ["#ifdef CONFIG_MMU", "not #if IS_ENABLED(CONFIG_X)"]);
    }

    #[test]
    fn tables_and_macros_are_no_functions() {
        let text = "#define GRAB(x) \\\n\ttake_page(x)\nstatic struct ops o = {\n\t.get = take_page,\n};\n\
                    static int a[] __aligned(8) = { 1, };\nvoid f(void)\n{\n\ttake_page(1);\n}\n";
        let scan = scan(text, &names());
        assert_eq!(scan.bodies.iter().map(|body| body.function.as_str()).collect::<Vec<_>>(), ["f"]);
        assert_eq!(scan.calls.len(), 1);
    }

    #[test]
    fn quotes_in_comments_and_comments_in_strings_do_not_confuse() {
        let text = "void f(void)\n{\n\tchar c = '\"'; /* don't */\n\ts(\"/*\");\n\ttake_page(1); // \"\n\ts(\"\\\"\"); take_page(2);\n}\n";
        assert_eq!(calls(text).iter().map(|call| call.0).collect::<Vec<_>>(), [5, 6]);
    }
}
