//! Files as the protocol names them: `file:` URIs, which every client escapes in its own way.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use gen_lsp_types::Uri;

/// The file that a URI means; `None` where it means none (`untitled:`).
pub(crate) fn path(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    // `file:///x` and `file://localhost/x`.
    let rest = &rest[rest.find('/')?..];
    let mut bytes = Vec::with_capacity(rest.len());
    let mut left = rest.bytes();
    while let Some(byte) = left.next() {
        let digits = (byte == b'%').then(|| left.clone().take(2).map(char::from).collect::<String>());
        match digits.and_then(|digits| u8::from_str_radix(&digits, 16).ok()) {
            Some(escaped) => {
                bytes.push(escaped);
                left.nth(1);
            }
            None => bytes.push(byte),
        }
    }
    Some(PathBuf::from(OsString::from_vec(bytes)))
}

/// The URI of a file.
pub(crate) fn of(path: &Path) -> Uri {
    let mut text = "file://".to_owned();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => text.push(char::from(*byte)),
            other => text.push_str(&format!("%{other:02X}")),
        }
    }
    Uri(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_comes_back() {
        for name in ["/src/linux/fs/direct-io.c", "/a b/100%/c#.c", "/\u{e4}.c", "/a:b"] {
            assert_eq!(path(&of(Path::new(name)).0).unwrap(), Path::new(name));
        }
        assert_eq!(path("file:///a%3Ab/c%20d").unwrap(), Path::new("/a:b/c d"));
        assert_eq!(path("file://localhost/x").unwrap(), Path::new("/x"));
        assert_eq!(path("file:///50%").unwrap(), Path::new("/50%"));
        assert_eq!(path("untitled:Untitled-1"), None);
    }
}
