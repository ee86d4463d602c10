//! C as text, for finding files to read before anything is parsed. Answers may say too much, never too little.

use std::collections::HashSet;

/// Words that are looked for.
pub(crate) type Names<'n> = HashSet<&'n [u8]>;

pub(crate) fn names<'n>(words: impl IntoIterator<Item = &'n String>) -> Names<'n> {
    words.into_iter().map(String::as_bytes).collect()
}

/// One place where a word stands, not as part of a longer one.
#[derive(Clone, Copy)]
pub(crate) struct Mention<'t> {
    text: &'t [u8],
    at: usize,
    pub(crate) word: &'t [u8],
}

/// All places where one of the names stands, in order.
pub(crate) fn mentions<'t>(text: &'t [u8], names: &Names<'_>) -> Vec<Mention<'t>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let start = at;
        while at < text.len() && is_word_byte(text[at]) {
            at += 1;
        }
        if names.contains(&text[start..at]) {
            found.push(Mention { text, at: start, word: &text[start..at] });
        }
        at += usize::from(at == start);
    }
    found
}

impl Mention<'_> {
    /// Counted from 1.
    pub(crate) fn line(&self) -> u32 {
        1 + memchr::memchr_iter(b'\n', &self.text[..self.at]).count() as u32
    }

    /// Is the function called here, or its address taken, inside some function, macro or initialiser?
    pub(crate) fn is_use(&self) -> bool {
        let line = &self.text[line_start(self.text, self.at)..self.at];
        match line.first() {
            Some(b' ' | b'\t') => !is_comment_line(line),
            Some(b'#') => line.trim_ascii_end() != b"#define",
            // A whole function on one line.
            _ => line.contains(&b'{'),
        }
    }

    /// Is a function of this name defined here?
    pub(crate) fn is_definition(&self) -> bool {
        is_definition(self.text, self.at, self.at + self.word.len())
    }

    /// Does the definition of a structure of this name stand here: `struct name {`, in whatever form?
    pub(crate) fn is_structure(&self) -> bool {
        let before = self.text[..self.at].trim_ascii_end();
        let after = self.text[self.at + self.word.len()..].trim_ascii_start();
        (before.ends_with(b"struct") || before.ends_with(b"union")) && after.first() == Some(&b'{')
    }

    /// Is it a field that something is stored to: `x->name = `, or `.name = ` in an initialiser?
    pub(crate) fn is_stored_to(&self) -> bool {
        let before = self.text[..self.at].trim_ascii_end();
        let after = self.text[self.at + self.word.len()..].trim_ascii_start();
        (before.ends_with(b".") || before.ends_with(b"->")) && after.first() == Some(&b'=') && after.get(1) != Some(&b'=')
    }

    /// Does it stand in the body of a macro?
    pub(crate) fn is_in_macro(&self) -> bool {
        self.text[joined_line_start(self.text, self.at)..].trim_ascii_start().starts_with(b"#")
    }

    /// The name by which a header offers the word to its includers: the macro whose body has it, the function that calls it.
    ///
    /// ```c
    /// #define alloc_thing(...)  alloc_hooks(alloc_thing_noprof(__VA_ARGS__))
    /// static inline int get_thing(struct thing *t) { return get_thing_flags(t, 0); }
    /// ```
    pub(crate) fn wrapper(&self) -> Option<String> {
        enclosing(self.text, self.at).filter(|name| name.as_bytes() != self.word)
    }
}

/// The targets of `#include` lines, as written between the quotes or angles.
pub(crate) fn includes(text: &[u8]) -> Vec<String> {
    text.split(|byte| *byte == b'\n').filter_map(include_target).collect()
}

pub(crate) fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn line_start(text: &[u8], at: usize) -> usize {
    memchr::memrchr(b'\n', &text[..at]).map_or(0, |newline| newline + 1)
}

/// The same, where a macro goes on over lines that end in a backslash.
fn joined_line_start(text: &[u8], at: usize) -> usize {
    let mut start = line_start(text, at);
    while start > 0 && text[..start - 1].ends_with(b"\\") {
        start = line_start(text, start - 1);
    }
    start
}

/// `name ( … ) attributes {` at file scope, whatever line the name is on.
fn is_definition(text: &[u8], start: usize, end: usize) -> bool {
    if matches!(text.get(line_start(text, start)), Some(b' ' | b'\t' | b'#' | b'/')) {
        return false;
    }
    let Some(open) = skip_blanks(text, end).filter(|at| text[*at] == b'(') else { return false };
    let Some(mut at) = after_brackets(text, open) else { return false };
    // Attributes between the parameters and the body: __acquires(lock).
    loop {
        let Some(next) = skip_blanks(text, at) else { return false };
        at = match text[next] {
            b'{' => return true,
            b'(' => match after_brackets(text, next) {
                Some(after) => after,
                None => return false,
            },
            byte if is_word_byte(byte) => next + 1,
            _ => return false,
        };
    }
}

fn skip_blanks(text: &[u8], from: usize) -> Option<usize> {
    (from..text.len()).find(|at| !text[*at].is_ascii_whitespace() && text[*at] != b'\\')
}

/// Offset after the bracket that closes the one at `open`.
fn after_brackets(text: &[u8], open: usize) -> Option<usize> {
    /// Longer parameter lists do not exist; an unclosed bracket in a comment does.
    const FAR: usize = 4000;
    let mut depth = 0u32;
    for (at, byte) in text.iter().enumerate().skip(open).take(FAR) {
        match byte {
            b'(' => depth += 1,
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Not `*pages = get_them(n)`, which a comment's line looks like but for the space.
fn is_comment_line(line: &[u8]) -> bool {
    let trimmed = line.trim_ascii_start();
    let is_assigned = |rest: &[u8]| rest.contains(&b'=') && rest.first().is_some_and(|&byte| is_word_byte(byte) || byte == b'(');
    let is_starred = trimmed.strip_prefix(b"*").is_some_and(|rest| !is_assigned(rest));
    is_starred || trimmed.starts_with(b"//") || trimmed.starts_with(b"/*")
}

fn include_target(line: &[u8]) -> Option<String> {
    let rest = line.trim_ascii_start().strip_prefix(b"#")?.trim_ascii_start().strip_prefix(b"include")?.trim_ascii_start();
    let close = match rest.first()? {
        b'"' => b'"',
        b'<' => b'>',
        _ => return None,
    };
    let end = memchr::memchr(close, &rest[1..])?;
    String::from_utf8(rest[1..=end].to_vec()).ok()
}

/// The macro or function whose body the offset is in.
fn enclosing(text: &[u8], at: usize) -> Option<String> {
    let mut start = line_start(text, at);
    if let Some(rest) = text[joined_line_start(text, at)..].trim_ascii_start().strip_prefix(b"#") {
        let name = identifier(rest.trim_ascii_start().strip_prefix(b"define")?.trim_ascii_start());
        return (!name.is_empty()).then_some(name);
    }
    // A function's first line is the nearest one above that starts in column 0 and is no brace or label.
    while matches!(text.get(start), Some(b' ' | b'\t' | b'\n' | b'{' | b'}' | b'#')) {
        start = line_start(text, start.checked_sub(1)?);
    }
    let head = &text[start..];
    let open = memchr::memchr(b'(', &head[..head.len().min(400)])?;
    let before = head[..open].trim_ascii_end();
    let name_start = before.iter().rposition(|byte| !is_word_byte(*byte)).map_or(0, |at| at + 1);
    let name = identifier(&before[name_start..]);
    let name_at = start + name_start;
    (is_definition(text, name_at, name_at + name.len())).then_some(name)
}

fn identifier(text: &[u8]) -> String {
    let end = text.iter().position(|byte| !is_word_byte(*byte)).unwrap_or(text.len());
    String::from_utf8_lossy(&text[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &[u8] = b"int put_thing(struct thing *t);\n\
        int get_thing(struct thing *t,\n\t      int n)\n\t__must_hold(lock)\n{\n\treturn take_thing(t);\n}\n\
        EXPORT_SYMBOL(get_thing);\n\
        static const struct ops ops = {\n\t.put = put_thing,\n};\n\
        /* drop_thing() is gone:\n * drop_thing(t) was wrong */\n";

    fn defines(text: &[u8], name: &str) -> bool {
        mentions(text, &names([&name.to_owned()])).iter().any(|mention| mention.is_definition())
    }

    fn uses(text: &[u8], name: &str) -> bool {
        mentions(text, &names([&name.to_owned()])).iter().any(|mention| mention.is_use())
    }

    #[test]
    fn a_prototype_and_a_call_are_no_definition() {
        assert!(defines(SOURCE, "get_thing"));
        assert!(!defines(SOURCE, "put_thing"));
        assert!(!defines(SOURCE, "take_thing"));
    }

    #[test]
    fn uses_are_calls_and_initialisers_not_exports_or_comments() {
        assert!(uses(SOURCE, "take_thing"));
        assert!(uses(SOURCE, "put_thing"));
        assert!(!uses(SOURCE, "get_thing"));
        assert!(!uses(SOURCE, "drop_thing"));
        assert!(uses(b"static int f(void) { return get_one(); }", "get_one"));
        assert!(uses(b"#define get_any(x) get_one(x)", "get_one"));
        assert!(!uses(b"#define get_one(x) 0", "get_one"));
        assert!(uses(b"\t*x = get_one(y);", "get_one"));
        assert!(!uses(b"\t * x = get_one(y)", "get_one"));
    }

    #[test]
    fn words_are_whole() {
        assert!(!uses(b"\tget_one_more(x), forget_one(y);", "get_one"));
    }

    #[test]
    fn includes_are_found_in_both_forms() {
        assert_eq!(includes(b"#include <linux/mm.h>\n#  include \"part.c\"\n# define x\n"), ["linux/mm.h", "part.c"]);
    }

    #[test]
    fn wrappers_are_macros_and_inline_functions() {
        let header = b"#define grab(...) \\\n\thooks(grab_noprof(__VA_ARGS__))\n\
            static inline int\ngrab_one(int x)\n{\n\tif (x)\n\t\treturn grab_noprof(x);\n\treturn 0;\n}\n\
            int grab_noprof(int x);\n";
        let found: Vec<_> =
            mentions(header, &names([&"grab_noprof".to_owned()])).iter().filter_map(|mention| mention.wrapper()).collect();
        assert_eq!(found, ["grab", "grab_one"]);
    }
}
