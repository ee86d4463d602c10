//! Finding and opening libclang.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clang_sys::Functions;

use crate::call::{call, owned, table};

/// The oldest major version that has what we need (kinds of operators came with 17).
const OLDEST: u32 = 17;

/// An open libclang. Cheap to clone; may be used from any thread.
#[derive(Clone)]
pub struct Clang {
    library: Arc<Library>,
}

struct Library {
    functions: Functions,
    path: PathBuf,
    version: String,
    /// Keeps the code behind `functions` mapped.
    _mapping: libloading::Library,
}

/// Why no libclang could be used. Its text names the remedy.
#[derive(Debug)]
pub struct LoadError {
    /// The value of `LIBCLANG_PATH`, if that was set and hence the only place looked at.
    pub explicit: Option<PathBuf>,
    /// Every file or directory tried, with what was wrong with it.
    pub tried: Vec<(PathBuf, String)>,
}

impl fmt::Display for LoadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.explicit {
            Some(path) => write!(out, "LIBCLANG_PATH is {}, but there is no usable libclang", path.display())?,
            None => write!(out, "no usable libclang found")?,
        }
        for (path, reason) in &self.tried {
            write!(out, "; {}: {reason}", path.display())?;
        }
        write!(
            out,
            ". gupcheck needs libclang {OLDEST} or newer: install the package libclang1-19 (apt install libclang1-19) or the PyPI wheel \
             (pip install libclang), or set LIBCLANG_PATH to the library or its directory"
        )
    }
}

impl std::error::Error for LoadError {}

/// Opens libclang: the one `LIBCLANG_PATH` names (a file or a directory; nothing else is tried then), else the newest usable one in the
/// well-known directories.
pub fn load() -> Result<Clang, LoadError> {
    load_from(&[])
}

/// Like [`load`], with directories that are tried before the well-known ones (for instance where a wheel was unpacked).
pub fn load_from(directories: &[PathBuf]) -> Result<Clang, LoadError> {
    find(std::env::var_os("LIBCLANG_PATH").filter(|value| !value.is_empty()).map(PathBuf::from), directories)
}

fn find(explicit: Option<PathBuf>, directories: &[PathBuf]) -> Result<Clang, LoadError> {
    if let Some(explicit) = explicit {
        let files = if explicit.is_dir() { candidates(&explicit) } else { vec![explicit.clone()] };
        return open_first(files).map_err(|tried| LoadError { explicit: Some(explicit), tried });
    }
    let files = directories.iter().flat_map(|directory| candidates(directory)).chain(well_known_candidates());
    open_first(files.collect()).map_err(|tried| LoadError { explicit: None, tried })
}

impl Clang {
    /// The version as libclang states it, for example `Debian clang version 19.1.7 (3+b1)`.
    pub fn version(&self) -> String {
        self.library.version.clone()
    }

    /// The file that was opened.
    pub fn path(&self) -> &Path {
        &self.library.path
    }

    pub(crate) fn functions(&self) -> &Functions {
        &self.library.functions
    }
}

impl fmt::Debug for Clang {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Clang({}, {})", self.library.path.display(), self.library.version)
    }
}

fn open_first(files: Vec<PathBuf>) -> Result<Clang, Vec<(PathBuf, String)>> {
    let mut tried = Vec::new();
    for file in files {
        match open(&file) {
            Ok(clang) => return Ok(clang),
            Err(reason) => tried.push((file, reason)),
        }
    }
    Err(tried)
}

fn open(file: &Path) -> Result<Clang, String> {
    // SAFETY: loading a library runs its initialisers; these files are the system's or the user's libclang.
    let mapping = unsafe { libloading::Library::new(file) }.map_err(|error| error.to_string())?;
    let functions = table(&mapping).map_err(|name| format!("too old or not libclang: no {name}"))?;
    // SAFETY: the function takes nothing; its result is disposed of by `owned`.
    let version = owned(&functions, unsafe { call!(functions, clang_getClangVersion()) });
    match major(&version) {
        Some(major) if major < OLDEST => Err(format!("version {major} is too old")),
        _ => Ok(Clang { library: Arc::new(Library { functions, path: file.to_path_buf(), version, _mapping: mapping }) }),
    }
}

/// `Debian clang version 19.1.7 (3+b1)` -> 19
fn major(version: &str) -> Option<u32> {
    let rest = version.split("version ").nth(1)?;
    rest.split('.').next()?.parse().ok()
}

/// Directories in which distributions put libclang, newest version first.
fn well_known_candidates() -> Vec<PathBuf> {
    let mut directories: Vec<PathBuf> = ["/usr/local/lib", "/usr/lib64", "/usr/lib"].map(PathBuf::from).to_vec();
    for (parent, prefix, below) in
        [("/usr/lib", "llvm-", "lib"), ("/usr/lib", "llvm", "lib64"), ("/usr/lib64", "llvm", "lib"), ("/usr/lib", "", "")]
    {
        let Ok(entries) = std::fs::read_dir(parent) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            // An empty prefix stands for the multiarch directory: /usr/lib/x86_64-linux-gnu
            let fits = if prefix.is_empty() { name.ends_with("-linux-gnu") } else { name.starts_with(prefix) };
            if fits {
                directories.push(entry.path().join(below));
            }
        }
    }
    let mut files: Vec<PathBuf> = directories.iter().flat_map(|directory| candidates(directory)).collect();
    files.sort_by_key(|file| (std::cmp::Reverse(version_in_path(file)), file.clone()));
    files
}

/// libclang files of one directory, newest first.
fn candidates(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| is_libclang(path)).collect();
    files.sort_by_key(|file| (std::cmp::Reverse(version_in_path(file)), file.clone()));
    files
}

/// `libclang.so`, `libclang.so.19`, `libclang-19.so.1`; not `libclang-cpp.so.19`.
fn is_libclang(path: &Path) -> bool {
    let Some(rest) = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix("libclang")) else {
        return false;
    };
    let Some(so) = rest.find(".so") else { return false };
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '-');
    digits(&rest[..so]) && digits(&rest[so + 3..])
}

/// The largest number in the path's last two components or a `llvm-N` directory; 0 if there is none.
fn version_in_path(path: &Path) -> u32 {
    let text = path.to_string_lossy();
    let tail = text.find("llvm").or_else(|| text.rfind('/')).map_or("", |at| &text[at..]);
    tail.split(|c: char| !c.is_ascii_digit())
        .filter_map(|number| number.parse().ok())
        .filter(|&n: &u32| n < 1000 && n != 64)
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_text() {
        assert_eq!(major("Debian clang version 19.1.7 (3+b1)"), Some(19));
        assert_eq!(major("clang version 22.0.0git"), Some(22));
        assert_eq!(major("something else"), None);
    }

    #[test]
    fn file_names() {
        for (name, fits) in [
            ("libclang.so", true),
            ("libclang-19.so.1", true),
            ("libclang.so.18.1", true),
            ("libclang-19.so.19", true),
            ("libclang-cpp.so.19", false),
            ("libclang_rt.so", false),
            ("libclangd.so", false),
        ] {
            assert_eq!(is_libclang(Path::new(name)), fits, "{name}");
        }
    }

    #[test]
    fn an_explicit_path_without_a_libclang_is_an_error() {
        let error = find(Some(PathBuf::from("/proc/self/fd")), &[]).expect_err("no libclang there").to_string();
        assert!(error.contains("LIBCLANG_PATH is /proc/self/fd") && error.contains("apt install libclang1-19"), "{error}");
        let error = find(Some(PathBuf::from("/proc/version")), &[]).expect_err("no library").to_string();
        assert!(error.contains("/proc/version: "), "{error}");
    }

    #[test]
    fn a_library_that_is_not_libclang_is_told_by_its_functions() {
        let libc = ["/lib/x86_64-linux-gnu/libc.so.6", "/lib64/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6"];
        let Some(libc) = libc.iter().find(|file| Path::new(file).exists()) else { return };
        let error = find(Some(PathBuf::from(libc)), &[]).expect_err("that is the C library").to_string();
        assert!(error.contains("too old or not libclang: no clang_createIndex"), "{error}");
    }

    #[test]
    fn newest_first() {
        assert_eq!(version_in_path(Path::new("/usr/lib/llvm-19/lib/libclang-19.so.1")), 19);
        assert_eq!(version_in_path(Path::new("/usr/lib/x86_64-linux-gnu/libclang-14.so.14.0.6")), 14);
        assert_eq!(version_in_path(Path::new("/usr/lib/libclang.so")), 0);
    }
}
