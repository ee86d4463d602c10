//! Edits in the text of a source: where a statement goes so that it runs before another, and what a text becomes by edits.
//!
//! Pure text, as an editor has it; what is not certain by the text alone is `None`. C is read no further than to tell code from
//! comments, strings and directives.

use crate::report::Edit;

/// A statement that is to run right before the one that begins at `line` and `column` (from 1, in bytes), or before the
/// closing brace that stands there. `None` where that cannot be told, or would not look as the kernel's code does.
pub fn insert_before(file: &str, text: &str, (line, column): (u32, u32), statement: &str) -> Option<Vec<Edit>> {
    let offset = offset(text, line, column)?;
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let indent = &text[start..offset];
    if !indent.chars().all(|c| c == ' ' || c == '\t') {
        return None;
    }
    let before = Before::of(&text[..offset])?;
    let insert = |at: usize, with: String| {
        let (line, column) = place(text, at);
        Edit { file: file.to_owned(), line, column, replace: String::new(), with }
    };
    let statement = |indent: &str| statement.replace('\n', &format!("\n{indent}"));
    match before.last {
        b'{' | b'}' | b';' | b':' => {
            let inner = if text[offset..].starts_with('}') { format!("{indent}\t") } else { indent.to_owned() };
            let lead = &inner[indent.len()..];
            Some(vec![insert(offset, format!("{lead}{}\n{indent}", statement(&inner)))])
        }
        // The only statement of an `if`: it gets braces.
        b')' => {
            let outer = indent_of(text, before.opened?)?;
            let end = offset + end_of_statement(&text[offset..])?;
            // A comment on its line stays there.
            let end = end + end_of_line(&text[end..])?;
            let is_alone = !text[end..].trim_start().starts_with("else");
            is_alone.then(|| {
                vec![
                    insert(before.at + 1, " {".to_owned()),
                    insert(offset, format!("{}\n{indent}", statement(indent))),
                    insert(end, format!("\n{outer}}}")),
                ]
            })
        }
        _ => None,
    }
}

/// The text with all edits; `None` where one does not fit.
pub fn apply(text: &str, edits: &[Edit]) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for edit in edits {
        let at = offset(text, edit.line, edit.column)?;
        if at < done || !text[at..].starts_with(&edit.replace) {
            return None;
        }
        out.push_str(&text[done..at]);
        out.push_str(&edit.with);
        done = at + edit.replace.len();
    }
    out.push_str(&text[done..]);
    Some(out)
}

/// The arguments of the call whose name begins at a place, and what its result is assigned to, each as written.
pub fn call(text: &str, line: u32, column: u32) -> Option<(Vec<&str>, Option<&str>)> {
    let offset = offset(text, line, column)?;
    let name = text[offset..].bytes().take_while(|byte| is_word(*byte)).count();
    let open = offset + name;
    let arguments = arguments(&text[open..])?;
    let before = text[..offset].trim_end();
    let before = before.strip_suffix('=').filter(|before| !before.ends_with(['=', '!', '<', '>', '+', '-', '|', '&']));
    let target = before.map(str::trim_end).map(|before| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '>' | '-' | '[' | ']');
        let start = before.rfind(|c| !is_part(c)).map_or(0, |at| at + 1);
        &before[start..]
    });
    Some((arguments, target.filter(|target| !target.is_empty())))
}

/// Of a text that begins with a parenthesis: what stands between the commas, without the parentheses.
pub fn arguments(text: &str) -> Option<Vec<&str>> {
    let text = text.strip_prefix('(')?;
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' if depth == 0 => {
                found.push(text[start..at].trim());
                return Some(found);
            }
            b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                found.push(text[start..at].trim());
                start = at + 1;
            }
            // Commas in them would count, and nobody calls so.
            b'"' | b'\'' | b';' => return None,
            _ => {}
        }
    }
    None
}

pub(crate) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

pub(crate) fn offset(text: &str, line: u32, column: u32) -> Option<usize> {
    let start: usize = text.split_inclusive('\n').take((line as usize).checked_sub(1)?).map(str::len).sum();
    let at = start + (column as usize).checked_sub(1)?;
    text.is_char_boundary(at).then_some(at).filter(|at| *at <= text.len())
}

fn place(text: &str, at: usize) -> (u32, u32) {
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let line = text[..start].bytes().filter(|byte| *byte == b'\n').count();
    (line as u32 + 1, (at - start) as u32 + 1)
}

/// The white space that the line of a byte begins with.
fn indent_of(text: &str, at: usize) -> Option<&str> {
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let line = &text[start..];
    // A condition of several lines: the parenthesis is on its first.
    Some(&line[..line.len() - line.trim_start_matches([' ', '\t']).len()])
}

/// Behind the semicolon that ends the statement.
fn end_of_statement(text: &str) -> Option<usize> {
    let end = text.find(';')? + 1;
    let statement = &text[..end];
    let is_plain = !statement.contains(['{', '"', '\'', '#']) && !statement.contains("/*") && !statement.contains("//");
    is_plain.then_some(end)
}

/// The end of a line on which there is nothing any more, or a comment.
fn end_of_line(text: &str) -> Option<usize> {
    let line = text.split('\n').next()?;
    let rest = line.trim();
    let is_comment = rest.starts_with("//") || (rest.starts_with("/*") && rest.find("*/") == Some(rest.len() - 2));
    (text.len() > line.len() && (rest.is_empty() || is_comment)).then_some(line.len())
}

/// The last piece of code before a place.
struct Before {
    last: u8,
    at: usize,
    /// Where the parenthesis that ends there was opened.
    opened: Option<usize>,
}

impl Before {
    /// `None` where the text ends within a comment or directive, or behind a directive, which may hide what comes before.
    fn of(text: &str) -> Option<Before> {
        let bytes = text.as_bytes();
        let mut found = Before { last: b';', at: 0, opened: None };
        let mut open = Vec::new();
        let (mut at, mut is_line_start, mut is_behind_directive) = (0, true, false);
        while at < bytes.len() {
            let rest = &text.as_bytes()[at..];
            let skipped = match rest[0] {
                b'#' if is_line_start => {
                    is_behind_directive = true;
                    Some(directive(rest)?)
                }
                b'/' if rest.starts_with(b"/*") => Some(2 + memchr_pair(&rest[2..], b"*/")? + 2),
                b'/' if rest.starts_with(b"//") => Some(rest.iter().position(|byte| *byte == b'\n')?),
                quote @ (b'"' | b'\'') => Some(literal(rest, quote)?),
                _ => None,
            };
            if let Some(length) = skipped {
                if matches!(rest[0], b'"' | b'\'') {
                    found = Before { last: rest[0], at, opened: None };
                }
                at += length;
                continue;
            }
            let byte = rest[0];
            if byte == b'\n' {
                is_line_start = true;
            } else if !byte.is_ascii_whitespace() {
                (is_line_start, is_behind_directive) = (false, false);
                let opened = if byte == b')' { open.pop() } else { None };
                if byte == b'(' {
                    open.push(at);
                }
                found = Before { last: byte, at, opened };
            }
            at += 1;
        }
        (!is_behind_directive && open.is_empty()).then_some(found)
    }
}

/// Its length, with lines that go on.
fn directive(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text[at..].iter().position(|byte| *byte == b'\n')? + 1;
        if !text[..at - 1].ends_with(b"\\") {
            return Some(at);
        }
    }
}

fn literal(text: &[u8], quote: u8) -> Option<usize> {
    let mut at = 1;
    while *text.get(at)? != quote {
        at += if text[at] == b'\\' { 2 } else { 1 };
    }
    Some(at + 1)
}

fn memchr_pair(text: &[u8], pair: &[u8; 2]) -> Option<usize> {
    text.windows(2).position(|window| window == pair)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `$` in the text is the place.
    fn inserted(text: &str) -> Option<String> {
        let at = text.find('$').unwrap();
        let (line, column) = place(text, at);
        let text = text.replace('$', "");
        apply(&text, &insert_before("a.c", &text, (line, column), "drop(x);")?)
    }

    #[test]
    fn a_statement_goes_before_another() {
        let code = "int f(void)\n{\n\tg(); /* (( */\n\t$return 0;\n}\n";
        assert_eq!(inserted(code).unwrap(), "int f(void)\n{\n\tg(); /* (( */\n\tdrop(x);\n\treturn 0;\n}\n");
        assert_eq!(inserted("void f(void)\n{\n\tg();\n$}\n").unwrap(), "void f(void)\n{\n\tg();\n\tdrop(x);\n}\n");
        assert_eq!(inserted("{\nout:\n\t$return 0;\n}").unwrap(), "{\nout:\n\tdrop(x);\n\treturn 0;\n}");
    }

    #[test]
    fn what_stands_alone_under_an_if_gets_braces() {
        let code = "{\n\tif (a &&\n\t    b(\")\"))\n\t\t$return -EIO;\n\n\treturn 0;\n}\n";
        let after = "{\n\tif (a &&\n\t    b(\")\")) {\n\t\tdrop(x);\n\t\treturn -EIO;\n\t}\n\n\treturn 0;\n}\n";
        assert_eq!(inserted(code).unwrap(), after);
        let commented = "{\n\tif (a)\n\t\t$return 1; /* b */\n}\n";
        assert_eq!(inserted(commented).unwrap(), "{\n\tif (a) {\n\t\tdrop(x);\n\t\treturn 1; /* b */\n\t}\n}\n");
        assert_eq!(inserted("{\n\tif (a)\n\t\t$return 1;\n\telse\n\t\treturn 2;\n}\n"), None);
        assert_eq!(inserted("{\n\tif (a)\n\t\treturn 1;\n\telse\n\t\t$return 2;\n}\n"), None);
    }

    #[test]
    fn where_the_text_does_not_tell_nothing_is_inserted() {
        assert_eq!(inserted("{\n\tif (a) $return 1;\n}\n"), None, "not at the beginning of its line");
        assert_eq!(inserted("{\n\tif (a)\n#ifdef B\n\t\t$return 1;\n}\n"), None);
        assert_eq!(inserted("{\n\tx = y +\n\t$z;\n}\n"), None);
    }

    #[test]
    fn a_call_has_arguments_and_a_target() {
        let text = "\tint got = take(a, b(c, d), &p->q[1]);\n\tif (take(x) != 1)\n\tdio->n = take();\n";
        assert_eq!(call(text, 1, 12).unwrap(), (vec!["a", "b(c, d)", "&p->q[1]"], Some("got")));
        assert_eq!(call(text, 2, 6).unwrap(), (vec!["x"], None));
        assert_eq!(call(text, 3, 11).unwrap(), (vec![""], Some("dio->n")));
        assert_eq!(call(text, 9, 1), None);
    }

    #[test]
    fn edits_that_do_not_fit_change_nothing() {
        let edit =
            |column, replace: &str| Edit { file: String::new(), line: 1, column, replace: replace.into(), with: "new".into() };
        assert_eq!(apply("old(x);\n", &[edit(1, "old")]).unwrap(), "new(x);\n");
        assert_eq!(apply("old(x);\n", &[edit(2, "old")]), None);
        assert_eq!(apply("old(x);\n", &[edit(1, "old"), edit(1, "old")]), None, "they overlap");
        assert_eq!(apply("old(x);\n", &[edit(99, "")]), None);
    }
}
