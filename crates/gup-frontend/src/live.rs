//! Units that stay parsed while their files are edited: libclang parses such a unit again in a tenth of the time.
//!
//! They belong to one thread, with a large stack as everything that walks over C has here. A panic costs the unit.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};

use gup_clang::{Clang, Parsing, Purpose};

use crate::extract::{Extraction, Request, STACK, read, unit_args, unparsed};
use crate::files::Files;

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
}

/// A unit, and how it was parsed.
struct Kept {
    path: PathBuf,
    args: Vec<String>,
    unit: gup_clang::Unit,
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

    /// As [`crate::extract`], and keeps the unit for the next time.
    pub fn extract(&self, request: &Request<'_>) -> Extraction {
        let owned = Owned {
            root: request.root.to_path_buf(),
            file: request.file.to_owned(),
            args: request.args.to_vec(),
            directory: request.directory.to_path_buf(),
            overlay: request.overlay.to_vec(),
            pch: request.pch.map(Path::to_path_buf),
            known_headers: if request.pch.is_none() { request.known_headers.clone() } else { HashSet::new() },
        };
        let lost = || Extraction { fatal: Some("the front end ended".to_owned()), ..Extraction::default() };
        if self.requests.send(owned).is_err() {
            return lost();
        }
        self.replies.recv().unwrap_or_else(|_| lost())
    }
}

fn extract(clang: &Clang, kept: &mut Vec<Kept>, request: &Owned) -> Extraction {
    let args = unit_args(&request.directory, request.pch.as_deref(), &request.args);
    let path = request.root.join(&request.file);
    let known = kept.iter().position(|known| known.path == path).map(|at| kept.remove(at));
    let again = known.filter(|known| known.args == args).and_then(|known| known.unit.again(&request.overlay).ok());
    let purpose = if request.pch.is_some() { Purpose::Again } else { Purpose::AgainBehindHeaders };
    let parsing = Parsing { file: &path, args: &args, overlay: &request.overlay, purpose };
    let files = Files::new(&request.root, &request.directory, &request.file);
    let unit = match again.map_or_else(|| clang.parse(&parsing), Ok) {
        Ok(unit) => unit,
        Err(error) => return unparsed(files, error),
    };
    let skip = |name: &str| request.pch.is_none() && request.known_headers.contains(name);
    let extraction = read(&unit, files, &skip, false);
    kept.push(Kept { path, args, unit });
    if kept.len() > KEPT {
        kept.remove(0);
    }
    extraction
}
