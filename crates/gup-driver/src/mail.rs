//! Mailed patches: one message, or an mbox with a series, as `git format-patch`, `b4 am` and mail programs write them.

use crate::limits;

/// One patch: what it is called, and the text with its diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mail {
    /// The subject; empty for a diff that is no mail.
    pub(crate) title: String,
    pub(crate) text: Vec<u8>,
}

/// The messages of `bytes` in order; a plain diff is one. Messages without a diff (cover letters, replies) are among them.
pub(crate) fn messages(bytes: &[u8]) -> Vec<Mail> {
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let starts: Vec<usize> = (0..lines.len()).filter(|at| is_separator(lines[*at]) && is_after_blank(&lines, *at)).collect();
    if starts.is_empty() {
        return match has_headers(&lines) {
            true => vec![message(&lines)],
            false => vec![Mail { title: String::new(), text: bytes.to_vec() }],
        };
    }
    let ends = starts.iter().skip(1).copied().chain([lines.len()]);
    starts.iter().zip(ends).map(|(start, end)| message(&lines[start + 1..end])).collect()
}

/// The place in its series that a subject states: 2 of `[PATCH v3 2/7] mm: …`.
pub(crate) fn number(title: &str) -> Option<u32> {
    let (tag, _) = title.strip_prefix('[')?.split_once(']')?;
    let (number, of) = tag.split_whitespace().last()?.split_once('/')?;
    of.parse::<u32>().ok()?;
    number.parse().ok()
}

/// `From <anything> <date with a time>`: the line that mbox puts before each message. Body lines that look like it have a `>`.
fn is_separator(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"From ") else { return false };
    let text = String::from_utf8_lossy(rest);
    let is_time = |word: &str| word.split(':').count() >= 2 && word.split(':').all(|part| part.parse::<u8>().is_ok());
    let is_year = |word: &str| word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    let words: Vec<&str> = text.split_whitespace().collect();
    // The year, or a time zone behind it.
    words.iter().skip(1).any(|word| is_time(word)) && words.iter().rev().take(2).any(|word| is_year(word))
}

fn is_after_blank(lines: &[&[u8]], at: usize) -> bool {
    at.checked_sub(1).is_none_or(|before| lines[before].trim_ascii().is_empty())
}

/// Does the text begin as a message does, without a line of mbox before it?
fn has_headers(lines: &[&[u8]]) -> bool {
    let headers: Vec<_> = lines.iter().take_while(|line| !line.trim_ascii().is_empty()).collect();
    let is_header = |line: &&&[u8]| line.starts_with(b" ") || line.starts_with(b"\t") || header_name(line).is_some();
    let is_subject = |line: &&&[u8]| header_name(line).is_some_and(|name| name.eq_ignore_ascii_case("subject"));
    headers.iter().all(is_header) && headers.iter().any(is_subject)
}

fn header_name(line: &[u8]) -> Option<&str> {
    let end = line.iter().position(|byte| *byte == b':')?;
    let name = std::str::from_utf8(&line[..end]).ok()?;
    (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')).then_some(name)
}

fn message(lines: &[&[u8]]) -> Mail {
    let (headers, body) = split(lines);
    let title = headers.get("subject").map(encoded_words).unwrap_or_default();
    Mail { title, text: content(&headers, body, 0) }
}

/// Header fields, folded lines joined.
struct Headers(Vec<(String, String)>);

impl Headers {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// `text/plain` or such, lower case, without its parameters.
    fn media_type(&self) -> String {
        let value = self.get("content-type").unwrap_or("text/plain");
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// `boundary` of `multipart/mixed; boundary="x"`.
    fn boundary(&self) -> Option<String> {
        let value = self.get("content-type")?;
        let at = value.to_ascii_lowercase().find("boundary=")?;
        let rest = &value[at + "boundary=".len()..];
        let (rest, end) = match rest.strip_prefix('"') {
            Some(quoted) => (quoted, quoted.find('"')),
            None => (rest, rest.find([';', ' '])),
        };
        Some(rest[..end.unwrap_or(rest.len())].to_owned())
    }
}

/// Headers and body, which are divided by the first empty line.
fn split<'l, 't>(lines: &'l [&'t [u8]]) -> (Headers, &'l [&'t [u8]]) {
    let end = lines.iter().position(|line| line.trim_ascii().is_empty()).unwrap_or(lines.len());
    let mut headers: Vec<(String, String)> = Vec::new();
    for line in &lines[..end] {
        let text = String::from_utf8_lossy(line);
        match headers.last_mut() {
            Some((_, value)) if text.starts_with([' ', '\t']) => {
                value.push(' ');
                value.push_str(text.trim());
            }
            _ => {
                let (name, value) = text.split_once(':').unwrap_or((&text, ""));
                headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
    }
    (Headers(headers), lines.get(end + 1..).unwrap_or_default())
}

/// The text of a message or of a part of one, decoded. Parts that are no text are left out.
fn content(headers: &Headers, body: &[&[u8]], depth: u32) -> Vec<u8> {
    let media_type = headers.media_type();
    if media_type.starts_with("multipart/") {
        let Some(boundary) = headers.boundary().filter(|_| depth < limits::MIME_DEPTH) else { return Vec::new() };
        return parts(body, &boundary)
            .into_iter()
            .flat_map(|part| {
                let (headers, body) = split(part);
                content(&headers, body, depth + 1)
            })
            .collect();
    }
    if !(media_type.starts_with("text/") || media_type.ends_with("diff") || media_type.ends_with("patch"))
        || media_type == "text/html"
    {
        return Vec::new();
    }
    let encoding = headers.get("content-transfer-encoding").unwrap_or_default().to_ascii_lowercase();
    let decoded = match encoding.as_str() {
        "base64" => base64(&body.concat()),
        "quoted-printable" => quoted_printable(&body.concat(), false),
        _ => body.concat(),
    };
    let lines: Vec<&[u8]> = decoded.split_inclusive(|byte| *byte == b'\n').collect();
    // Mail travels with \r\n; the kernel's sources have none.
    let carriage = lines.iter().all(|line| line.ends_with(b"\r\n") || !line.ends_with(b"\n"));
    lines.into_iter().flat_map(|line| plain(line, carriage)).collect()
}

/// Without mbox's `>` before `From ` and, if told, without the `\r`.
fn plain(line: &[u8], carriage: bool) -> Vec<u8> {
    let quoted = line.iter().take_while(|byte| **byte == b'>').count();
    let line = if quoted > 0 && line[quoted..].starts_with(b"From ") { &line[1..] } else { line };
    match line.strip_suffix(b"\r\n").filter(|_| carriage) {
        Some(line) => [line, b"\n"].concat(),
        None => line.to_vec(),
    }
}

fn parts<'l, 't>(body: &'l [&'t [u8]], boundary: &str) -> Vec<&'l [&'t [u8]]> {
    let delimiter = format!("--{boundary}");
    let is_delimiter = |line: &[u8]| {
        let line = line.trim_ascii_end();
        line.strip_prefix(delimiter.as_bytes()).is_some_and(|rest| rest.is_empty() || rest == b"--")
    };
    let at: Vec<usize> = (0..body.len()).filter(|at| is_delimiter(body[*at])).collect();
    at.windows(2).map(|pair| &body[pair[0] + 1..pair[1]]).collect()
}

/// RFC 2045. What is no base64 is passed over.
fn base64(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0u32);
    for byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

/// RFC 2045; `word`: as in headers (RFC 2047), where `_` is a blank.
fn quoted_printable(text: &[u8], word: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let hex = |range: std::ops::Range<usize>| {
            rest.get(range).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok())
        };
        if rest[0] == b'_' && word {
            out.push(b' ');
            at += 1;
        } else if rest.starts_with(b"=\n") {
            at += 2;
        } else if rest.starts_with(b"=\r\n") {
            at += 3;
        } else if let Some(byte) = hex(1..3).filter(|_| rest[0] == b'=') {
            out.push(byte);
            at += 3;
        } else {
            out.push(rest[0]);
            at += 1;
        }
    }
    out
}

/// `=?UTF-8?q?J=C3=B6rg?=` in a header field. What is in another charset stays as it is.
fn encoded_words(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("=?") {
        let parts: Vec<&str> = rest[start + 2..].splitn(4, '?').collect();
        let decoded = match parts[..] {
            [charset, encoding, word, after] if after.starts_with('=') && charset.eq_ignore_ascii_case("utf-8") => {
                let bytes = if encoding.eq_ignore_ascii_case("b") {
                    base64(word.as_bytes())
                } else {
                    quoted_printable(word.as_bytes(), true)
                };
                String::from_utf8(bytes).ok().map(|word| (word, &after[1..]))
            }
            _ => None,
        };
        let Some((word, after)) = decoded else {
            out.push_str(&rest[..start + 2]);
            rest = &rest[start + 2..];
            continue;
        };
        out.push_str(&rest[..start]);
        out.push_str(&word);
        // Blanks between two encoded words do not count.
        rest = if after.trim_start().starts_with("=?") { after.trim_start() } else { after };
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(bytes: &str) -> Vec<(String, String)> {
        let text = |mail: Mail| (mail.title, String::from_utf8(mail.text).unwrap());
        messages(bytes.as_bytes()).into_iter().map(text).collect()
    }

    #[test]
    fn an_mbox_is_split_where_messages_begin_and_nowhere_else() {
        let mbox = "From 0123 Mon Sep 17 00:00:00 2001\nFrom: A <a@b.c>\nSubject: [PATCH 1/2] one\n two\n\nFrom here on 10:00 it is fine\n\
             \n>From the start\n---\ndiff\n-- \n2.39\n\nFrom git@z Thu Jan  1 00:00:00 1970\nSubject: =?UTF-8?q?J=C3=B6rg_says?= =?utf-8?B?IGhp?=\n\nbody\n";
        let all = texts(mbox);
        assert_eq!(all.len(), 2, "{all:?}");
        assert_eq!(all[0].0, "[PATCH 1/2] one two");
        assert_eq!(all[0].1, "From here on 10:00 it is fine\n\nFrom the start\n---\ndiff\n-- \n2.39\n\n");
        assert_eq!(all[1], ("Jörg says hi".to_owned(), "body\n".to_owned()));
        assert_eq!((number("[PATCH v2 12/20] x"), number("[PATCH] x"), number("x 1/2")), (Some(12), None, None));
    }

    #[test]
    fn bodies_are_decoded() {
        let head = "Subject: x\nContent-Transfer-Encoding: ";
        let body = |encoding: &str, text: &str| texts(&format!("{head}{encoding}\n\n{text}"))[0].1.clone();
        assert_eq!(body("quoted-printable", "-a =3D=20=\nb;\n+=C3=B6 = x\n"), "-a = b;\n+ö = x\n");
        assert_eq!(body("base64", "LWEgPSBi\nOw0KK3gNCg==\n"), "-a = b;\n+x\n", "and \\r\\n is the mail's");
        assert_eq!(body("8bit", "+\tx\n"), "+\tx\n");
    }

    #[test]
    fn the_text_parts_of_a_message_count() {
        let mail = "Subject: x\nContent-Type: multipart/mixed; boundary=\"=-b\"\n\npreamble\n--=-b\nContent-Type: text/plain\n\nhello\n--=-b\n\
             Content-Type: text/x-patch; name=\"a.patch\"\nContent-Transfer-Encoding: base64\n\nK3gK\n--=-b\nContent-Type: image/png\n\nK3gK\n--=-b--\n";
        assert_eq!(texts(mail)[0].1, "hello\n+x\n");
    }

    #[test]
    fn a_plain_diff_is_left_alone() {
        for diff in ["--- a/f.c\n+++ b/f.c\n@@ -1 +1 @@\n-x\r\n+y\r\n", "diff --git a/f b/f\n", "", "\n"] {
            assert_eq!(texts(diff), [(String::new(), diff.to_owned())]);
        }
    }
}
