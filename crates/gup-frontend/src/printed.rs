//! Reading back a function that clang printed: for what libclang's cursors do not show.
//!
//! The text is macro-expanded C with its own layout. The n-th `for (`, `asm` and `_Generic(` outside of strings is the n-th of the tree.

/// What was found, each in source order.
#[derive(Debug, Default)]
pub(crate) struct Printed {
    pub(crate) fors: Vec<ForParts>,
    pub(crate) asms: Vec<Asm>,
    /// Types of each `_Generic`'s associations.
    pub(crate) associations: Vec<Vec<String>>,
}

/// An `asm` statement: `asm goto ("..." : "+r" (x) : "m" (*p) : "memory" : fail);`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asm {
    /// How many of its operands are outputs. They come first.
    pub(crate) outputs: usize,
    /// It may change memory that no operand names.
    pub(crate) memory: bool,
    /// Empty where it is no `asm goto`.
    pub(crate) labels: Vec<String>,
}

/// Which of the three parts of a `for` are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ForParts {
    pub(crate) init: bool,
    pub(crate) cond: bool,
    pub(crate) step: bool,
}

impl Printed {
    pub(crate) fn parse(text: &str) -> Printed {
        let mut printed = Printed::default();
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                b'"' | b'\'' => at = end_of_quoted(bytes, at),
                byte if is_word(byte) => {
                    let start = at;
                    while at < bytes.len() && is_word(bytes[at]) {
                        at += 1;
                    }
                    match &text[start..at] {
                        "__attribute__" => at += length_of_message(&text[at..]),
                        word => printed.keyword(word, &text[at..]),
                    }
                }
                _ => at += 1,
            }
        }
        printed
    }

    fn keyword(&mut self, word: &str, rest: &str) {
        match word {
            "for" => {
                let parts = split(parenthesized(rest), b';');
                let has = |part: usize| parts.get(part).is_some_and(|part| !part.trim().is_empty());
                self.fors.push(ForParts { init: has(0), cond: has(1), step: has(2) });
            }
            // `asm("rdx")` without a space names a variable's register.
            "asm" if rest.starts_with(' ') => self.asms.push(asm(rest)),
            "_Generic" => {
                let associations = split(parenthesized(rest), b',');
                self.associations.push(associations.iter().skip(1).map(|one| split(one, b':')[0].trim().to_owned()).collect());
            }
            _ => {}
        }
    }
}

fn asm(rest: &str) -> Asm {
    let parts = split(parenthesized(rest), b':');
    let list = |part: usize| {
        let entries = parts.get(part).map(|part| split(part, b',')).unwrap_or_default();
        entries.into_iter().map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect::<Vec<String>>()
    };
    Asm { outputs: list(1).len(), memory: list(3).iter().any(|clobber| clobber == "\"memory\""), labels: list(4) }
}

/// `((error("...")));`: clang prints the message without escaping the quotes in it, and nothing else on the line after it.
fn length_of_message(rest: &str) -> usize {
    let inner = rest.trim_start_matches('(');
    if inner.starts_with("error(") || inner.starts_with("warning(") { rest.find('\n').unwrap_or(rest.len()) } else { 0 }
}

/// What is between the first parenthesis and its partner.
fn parenthesized(text: &str) -> &str {
    let Some(open) = text.find('(') else { return "" };
    let inner = &text[open + 1..];
    &inner[..end_of_part(inner, None)]
}

/// Splits at `separator` outside of brackets and quotes.
fn split(text: &str, separator: u8) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let end = end_of_part(rest, Some(separator));
        parts.push(&rest[..end]);
        if end >= rest.len() || rest.as_bytes()[end] != separator {
            return parts;
        }
        rest = &rest[end + 1..];
    }
}

/// Where the text reaches `separator` or a closing bracket that was not opened in it.
fn end_of_part(text: &str, separator: Option<u8>) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0u32);
    while at < bytes.len() {
        match bytes[at] {
            b'"' | b'\'' => {
                at = end_of_quoted(bytes, at);
                continue;
            }
            byte if depth == 0 && Some(byte) == separator => return at,
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' if depth == 0 => return at,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// The offset after a string or character literal that starts at `at`.
fn end_of_quoted(bytes: &[u8], at: usize) -> usize {
    let quote = bytes[at];
    let mut end = at + 1;
    while end < bytes.len() && bytes[end] != quote {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    (end + 1).min(bytes.len())
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<(bool, bool, bool)> {
        Printed::parse(text).fors.iter().map(|parts| (parts.init, parts.cond, parts.step)).collect()
    }

    #[test]
    fn parts_of_for() {
        assert_eq!(parts("for (;;) { for (int i = 0; i < 3;) ; }"), [(false, false, false), (true, true, false)]);
        assert_eq!(parts("for (; ({ int a = f(';', \")(\"); a; }); i++)"), [(false, true, true)]);
        assert_eq!(parts("x = \"for (;;)\"; before(1); forty(2); for (a; ; )"), [(true, false, false)]);
    }

    #[test]
    fn operands_and_labels_of_asm() {
        let text = r#"asm volatile ("nop"); asm goto ("1: jmp %l[no]" : "=r" (x), [y] "+m" (a[f(1, 2)]) : "i" (&key[x ? 1 : 0]) : "cc", "memory" : no, yes);"#;
        let labels = vec!["no".to_owned(), "yes".to_owned()];
        assert_eq!(Printed::parse(text).asms, [Asm::default(), Asm { outputs: 2, memory: true, labels }]);
    }

    #[test]
    fn registers_and_messages_are_no_asm() {
        let text = "register long v asm(\"rdx\");\nextern void f(void) __attribute__((error(\"asm (\"bad\" for (;;)\")));\nasm (\"nop\");";
        assert_eq!(Printed::parse(text).asms.len(), 1);
        assert!(Printed::parse(text).fors.is_empty());
    }

    #[test]
    fn types_of_generic() {
        let text = "_Generic((p), const struct page *: (const struct folio *)f(p, 1), default: c ? 1 : 2)";
        assert_eq!(Printed::parse(text).associations, [["const struct page *", "default"]]);
    }

    #[test]
    fn torn_text_is_no_panic() {
        for text in ["for (", "asm goto (", "_Generic", "\"", "'\\", "for (a; \"b"] {
            Printed::parse(text);
        }
    }
}
