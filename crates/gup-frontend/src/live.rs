//! Units that stay parsed while their files are edited: libclang parses such a unit again in a tenth of the time.
//!
//! They belong to one thread, with a large stack as everything that walks over C has here. A panic costs the unit.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};

use gup_clang::{Clang, ParseError, Parsing, Purpose};

use crate::extract::{Extraction, Request, STACK, read, unit_args, unparsed};
use crate::files::Files;
use crate::prefix::{Overlay, Precompiled, Prefix, Wanted};

/// So many units are kept; a kernel unit takes about 50 MB. Who edits more files in turn waits longer when turning.
const KEPT: usize = 4;

/// Answers one request after the other.
pub struct Live {
    requests: Sender<Owned>,
    replies: Receiver<Extraction>,
}

/// A [`Request`] that can go to another thread.
struct Owned {
    root: PathBuf,
    file: String,
    args: Vec<String>,
    directory: PathBuf,
    overlay: Vec<(PathBuf, Vec<u8>)>,
    pch: Option<PathBuf>,
    known_headers: HashSet<String>,
    scratch: PathBuf,
}

/// A unit, and how it was parsed.
struct Kept {
    path: PathBuf,
    args: Vec<String>,
    unit: gup_clang::Unit,
    prefix: Option<Prefix>,
}

impl Live {
    pub fn new(clang: &Clang) -> Live {
        let (requests, asked) = channel::<Owned>();
        let (answer, replies) = channel();
        let clang = clang.clone();
        let work = move || {
            // The last used is the last.
            let mut kept: Vec<Kept> = Vec::new();
            for request in asked {
                let result = catch_unwind(AssertUnwindSafe(|| extract(&clang, &mut kept, &request)));
                let panicked = || Extraction { fatal: Some("the front end panicked".to_owned()), ..Extraction::default() };
                if answer.send(result.unwrap_or_else(|_| panicked())).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().stack_size(STACK).spawn(work).expect("a thread for the front end");
        Live { requests, replies }
    }

    /// As [`crate::extract`], and keeps the unit for the next time. `scratch`: a directory for files that are of use as long as
    /// this lives.
    pub fn extract(&self, request: &Request<'_>, scratch: &Path) -> Extraction {
        let owned = Owned {
            root: request.root.to_path_buf(),
            file: request.file.to_owned(),
            args: request.args.to_vec(),
            directory: request.directory.to_path_buf(),
            overlay: request.overlay.to_vec(),
            pch: request.pch.map(Path::to_path_buf),
            known_headers: if request.pch.is_none() { request.known_headers.clone() } else { HashSet::new() },
            scratch: scratch.to_path_buf(),
        };
        let lost = || Extraction { fatal: Some("the front end ended".to_owned()), ..Extraction::default() };
        if self.requests.send(owned).is_err() {
            return lost();
        }
        self.replies.recv().unwrap_or_else(|_| lost())
    }
}

fn extract(clang: &Clang, kept: &mut Vec<Kept>, request: &Owned) -> Extraction {
    let path = request.root.join(&request.file);
    let known = kept.iter().position(|known| known.path == path).map(|at| kept.remove(at));
    let (unit, prefix) = match known {
        Some(Kept { args, unit, prefix, .. }) => (Some((args, unit)), prefix),
        None => (None, None),
    };
    let wanted = wanted(request);
    let prefix = prefix.filter(|prefix| prefix.fits(&wanted)).or_else(|| Prefix::new(clang, &wanted));
    let behind = prefix.as_ref().and_then(|prefix| Some((prefix.precompiled()?, prefix.overlay(&wanted))));
    let new = match parse(clang, request, unit, behind.as_ref()) {
        // A header changed on disk under its prefix.
        Err(_) if behind.is_some() => parse(clang, request, None, None).map(|read| (read, None)),
        result => result.map(|read| (read, prefix)),
    };
    let files = Files::new(&request.root, &request.directory, &request.file);
    let new = match new {
        Ok(((args, unit), prefix)) => Kept { path, args, unit, prefix },
        Err(error) => return unparsed(files, error),
    };
    let skip = |name: &str| request.known_headers.contains(name);
    let before = new.prefix.as_ref().and_then(Prefix::precompiled).map(|read| &read.content);
    let extraction = read(&new.unit, files, before, &skip, false);
    kept.push(new);
    if kept.len() > KEPT {
        kept.remove(0);
    }
    extraction
}

/// What the file's prefix depends on.
fn wanted(request: &Owned) -> Wanted<'_> {
    Wanted {
        root: &request.root,
        file: &request.file,
        args: &request.args,
        directory: &request.directory,
        overlay: &request.overlay,
        pch: request.pch.as_deref(),
        known_headers: &request.known_headers,
        scratch: &request.scratch,
    }
}

/// The unit parsed, and with which arguments: again, if it was parsed with the same. `prefix`: with the files as it wants them.
fn parse(
    clang: &Clang,
    request: &Owned,
    known: Option<(Vec<String>, gup_clang::Unit)>,
    prefix: Option<&(&Precompiled, Overlay)>,
) -> Result<(Vec<String>, gup_clang::Unit), ParseError> {
    let (pch, overlay) = match prefix {
        Some((prefix, overlay)) => (Some(prefix.pch.as_path()), overlay),
        None => (request.pch.as_deref(), &request.overlay),
    };
    let args = unit_args(&request.directory, pch, &request.args);
    let again = known.filter(|(known, _)| *known == args).and_then(|(_, unit)| unit.again(overlay).ok());
    let file = request.root.join(&request.file);
    let parsing = Parsing { file: &file, args: &args, overlay, purpose: Purpose::Look };
    let unit = again.map_or_else(|| clang.parse(&parsing), Ok)?;
    Ok((args, unit))
}
