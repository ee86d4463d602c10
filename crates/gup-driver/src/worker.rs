//! The other side of the pipes: `gupcheck worker`, a process that parses one file after another.
//!
//! libclang crashes, hangs and runs out of memory on unusual input. All that happens here, and costs one unit.

use std::cell::OnceCell;
use std::collections::HashSet;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use gup_clang::Clang;
use gup_frontend::{Extraction, Live};
use gup_ir::packed::Packed;

use crate::limits;
use crate::protocol::{Extracted, Facts, Parse, Reply, Request, receive, send};

/// Serves requests until `input` ends. The memory limit holds for the whole process from here on.
pub fn serve(mut input: impl Read, mut output: impl Write) {
    limit_memory();
    let mut worker = match Worker::new() {
        Ok(worker) => worker,
        Err(reason) => {
            let _ = send(&mut output, &Reply::Failed(reason));
            return;
        }
    };
    while let Ok(request) = receive::<Request>(&mut input) {
        let reply = worker.answer(&request);
        if send(&mut output, &reply).is_err() {
            return;
        }
    }
}

/// libclang, loaded, and what it was told about the tree.
pub(crate) struct Worker {
    clang: Clang,
    root: PathBuf,
    known_headers: HashSet<String>,
    /// Made when the first of its units is asked for.
    live: OnceCell<Live>,
}

impl Worker {
    pub(crate) fn new() -> Result<Worker, String> {
        let clang = gup_clang::load().map_err(|error| error.to_string())?;
        Ok(Worker { clang, root: PathBuf::new(), known_headers: HashSet::new(), live: OnceCell::new() })
    }

    /// Never panics: a panic of the front end is a failed unit.
    pub(crate) fn answer(&mut self, request: &Request) -> Reply {
        if let Request::Hello { root, known_headers } = request {
            self.root.clone_from(root);
            self.known_headers = known_headers.iter().cloned().collect();
            return Reply::Ready(self.clang.version());
        }
        catch_unwind(AssertUnwindSafe(|| self.parse(request))).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
            Reply::Failed(format!("the front end panicked: {}", text.unwrap_or("no message")))
        })
    }

    fn parse(&self, request: &Request) -> Reply {
        match request {
            Request::Hello { .. } => Reply::Failed("unexpected greeting".to_owned()),
            Request::Unit(parse) => self.extracted(gup_frontend::extract(&self.clang, &self.request(parse))),
            Request::Live { parse, scratch } => {
                let live = self.live.get_or_init(|| Live::new(&self.clang));
                self.extracted(live.extract(&self.request(parse), scratch))
            }
            Request::Headers { parse, header, beside } => {
                let (args, directory, overlay) = (&parse.args, &parse.directory, &parse.overlay);
                let mut extraction =
                    gup_frontend::extract_headers(&self.clang, &self.root, header, args, directory, overlay, beside);
                // The header is a file of ours: where it is must not be seen in any result.
                extraction.includes.retain(|path| path != &extraction_header(beside));
                extraction.unit.file.clone_from(&parse.file);
                if let Some(first) = extraction.unit.files.first_mut() {
                    first.clone_from(&parse.file);
                }
                self.extracted(extraction)
            }
            Request::Pch { parse, header, out } => {
                match gup_frontend::build_pch(&self.clang, &self.root, header, &parse.args, &parse.directory, &parse.overlay, out)
                {
                    Ok(inputs) => Reply::Built(self.relative(&inputs)),
                    Err(reason) => Reply::Failed(reason),
                }
            }
        }
    }

    fn request<'a>(&'a self, parse: &'a Parse) -> gup_frontend::Request<'a> {
        gup_frontend::Request {
            root: &self.root,
            file: &parse.file,
            args: &parse.args,
            directory: &parse.directory,
            overlay: &parse.overlay,
            pch: parse.pch.as_deref(),
            known_headers: &self.known_headers,
        }
    }

    fn extracted(&self, extraction: Extraction) -> Reply {
        if let Some(reason) = extraction.fatal {
            return Reply::Failed(reason);
        }
        let facts = Facts {
            errors: extraction.errors,
            opaque: extraction.opaque,
            statements: extraction.statements,
            functions: extraction.unit.functions.len() as u32,
            left_out: extraction.left_out,
        };
        match postcard::to_stdvec(&Packed::of(&extraction.unit)) {
            Ok(unit) => Reply::Extracted(Box::new(Extracted { unit, inputs: self.relative(&extraction.includes), facts })),
            Err(error) => Reply::Failed(format!("the unit cannot be encoded: {error}")),
        }
    }

    /// Sorted, without repetition, relative to the tree where possible.
    fn relative(&self, paths: &[PathBuf]) -> Vec<String> {
        let relative = |path: &PathBuf| {
            let path = crate::kbuild::normalize(path);
            path.strip_prefix(&self.root).map(Path::to_path_buf).unwrap_or(path).to_string_lossy().into_owned()
        };
        let mut all: Vec<String> = paths.iter().map(relative).collect();
        all.sort();
        all.dedup();
        all
    }
}

fn extraction_header(beside: &Path) -> PathBuf {
    beside.with_extension("h")
}

/// A unit that needs more than this fails like one that crashes.
fn limit_memory() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let limit = Some(limits::WORKER_MEMORY);
    let _ = setrlimit(Resource::As, Rlimit { current: limit, maximum: limit });
}
