//! Worker processes: as many as asked for, each with one unit at a time, restarted after a crash or a hang.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::Error;
use crate::limits;
use crate::protocol::{Parse, Reply, Request, receive, send};
use crate::scratch::Scratch;
use crate::worker::Worker;

/// Where parsing happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Workers {
    /// `program worker`, this many at a time.
    Processes { program: PathBuf, count: usize },
    /// In this process and thread: for tests over small files. A crash is the caller's.
    InProcess,
}

pub(crate) struct Pool {
    workers: Workers,
    root: PathBuf,
    idle: Mutex<Vec<Seat>>,
    /// Those that work beside the others, with less of the processor.
    beside: Mutex<Vec<Seat>>,
    time: Duration,
    /// Version of libclang.
    pub(crate) version: String,
}

/// Where the units of open files stay parsed: a worker that is another than those of everybody, so that a crash over any other
/// unit does not cost what it has.
#[derive(Default)]
pub(crate) struct Desk {
    seat: Mutex<Option<Seat>>,
    /// Of the files that the worker needs, once there is one.
    scratch: OnceLock<Scratch>,
}

/// For whom a worker reads.
pub(crate) struct Caller<'c> {
    /// Headers whose functions the units need not bring.
    pub(crate) known_headers: &'c BTreeSet<String>,
    /// Others are answered meanwhile.
    pub(crate) is_beside: bool,
    /// Nobody wants the answer any more.
    pub(crate) is_gone: &'c (dyn Fn() -> bool + Sync),
}

enum Seat {
    Process(Box<Process>),
    Here(Box<Worker>),
}

struct Process {
    child: Child,
    input: ChildStdin,
    replies: Receiver<std::io::Result<Reply>>,
    greeted: Request,
}

impl Workers {
    /// How many units are read at a time.
    pub fn count(&self) -> usize {
        match self {
            Workers::Processes { count, .. } => (*count).max(1),
            Workers::InProcess => 1,
        }
    }
}

impl Pool {
    /// Starts the first worker, so that a libclang that is missing or too old is noticed at once.
    pub(crate) fn start(workers: Workers, root: &Path) -> Result<Pool, Error> {
        let (root, time) = (root.to_path_buf(), limits::UNIT_TIME);
        let mut pool = Pool { workers, root, idle: Mutex::default(), beside: Mutex::default(), time, version: String::new() };
        let (seat, version) = pool.seat(&pool.hello(&BTreeSet::new())).map_err(Error::new)?;
        pool.version = version;
        lock(&pool.idle).push(seat);
        Ok(pool)
    }

    fn hello(&self, known_headers: &BTreeSet<String>) -> Request {
        Request::Hello { root: self.root.clone(), known_headers: known_headers.clone() }
    }

    pub(crate) fn count(&self) -> usize {
        self.workers.count()
    }

    /// Does `work` for each number below `count`, `at_once` of them at a time, in any order.
    pub(crate) fn each(&self, at_once: usize, count: usize, work: impl Fn(usize) + Sync) {
        let next = AtomicUsize::new(0);
        let run = || {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return;
                }
                work(number);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..at_once.min(count) {
                scope.spawn(run);
            }
            run();
        });
    }

    /// One request. A worker that dies or hangs is a failed reply, and is replaced.
    pub(crate) fn ask(&self, caller: &Caller<'_>, request: &Request) -> Reply {
        if caller.is_beside {
            let idle = lock(&self.beside)
                .pop()
                .or_else(|| Some(self.seat(&self.hello(caller.known_headers)).ok()?.0.in_the_background()));
            let (seat, reply) = self.ask_at(idle, caller, request);
            lock(&self.beside).extend(seat);
            return reply;
        }
        let idle = lock(&self.idle).pop();
        let (seat, reply) = self.ask_at(idle, caller, request);
        lock(&self.idle).extend(seat);
        reply
    }

    /// Nothing is done beside anything any more: the workers for it end.
    pub(crate) fn end_beside(&self) {
        lock(&self.beside).clear();
    }

    /// Reads a unit at a desk; one at a time.
    pub(crate) fn ask_live(&self, desk: &Desk, caller: &Caller<'_>, parse: Parse) -> Reply {
        let mut live = desk.seat.lock().unwrap_or_else(PoisonError::into_inner);
        let scratch = desk.scratch.get_or_init(Scratch::new).path().to_path_buf();
        let (seat, reply) = self.ask_at(live.take(), caller, &Request::Live { parse, scratch });
        *live = seat;
        reply
    }

    /// Gives the seat back, if it is still there.
    fn ask_at(&self, seat: Option<Seat>, caller: &Caller<'_>, request: &Request) -> (Option<Seat>, Reply) {
        let hello = self.hello(caller.known_headers);
        let mut seat = match seat.map_or_else(|| self.seat(&hello).map(|(seat, _)| seat), Ok) {
            Ok(seat) => seat,
            Err(reason) => return (None, Reply::Failed(reason)),
        };
        let wait = Wait { limit: self.time, is_over: caller.is_gone };
        match seat.ask(&hello, request, &wait) {
            Ok(reply) => (Some(seat), reply),
            Err(reason) => (None, Reply::Failed(seat.end(&reason))),
        }
    }

    /// A new worker and its libclang's version.
    fn seat(&self, hello: &Request) -> Result<(Seat, String), String> {
        match &self.workers {
            Workers::InProcess => {
                let mut worker = Worker::new()?;
                match worker.answer(hello) {
                    Reply::Ready(version) => Ok((Seat::Here(Box::new(worker)), version)),
                    other => Err(format!("unexpected answer {other:?}")),
                }
            }
            Workers::Processes { program, .. } => {
                let mut process = Process::start(program, hello)?;
                match process.exchange(hello, &Wait { limit: self.time, is_over: &|| false }) {
                    Ok(Reply::Ready(version)) => Ok((Seat::Process(Box::new(process)), version)),
                    Ok(Reply::Failed(reason)) => Err(reason),
                    Ok(other) => Err(format!("unexpected answer {other:?}")),
                    Err(reason) => Err(format!("cannot start a worker: {}", Seat::Process(Box::new(process)).end(&reason))),
                }
            }
        }
    }
}

fn lock(seats: &Mutex<Vec<Seat>>) -> std::sync::MutexGuard<'_, Vec<Seat>> {
    seats.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Seat {
    /// A process with less of the processor, for good.
    fn in_the_background(self) -> Seat {
        if let Seat::Process(process) = &self {
            let _ = rustix::process::setpriority_process(Some(rustix::process::Pid::from_child(&process.child)), limits::NICE);
        }
        self
    }

    fn ask(&mut self, hello: &Request, request: &Request, wait: &Wait<'_>) -> Result<Reply, String> {
        match self {
            Seat::Here(worker) => {
                worker.answer(hello);
                Ok(worker.answer(request))
            }
            Seat::Process(process) => {
                if process.greeted != *hello {
                    process.exchange(hello, wait)?;
                    process.greeted = hello.clone();
                }
                process.exchange(request, wait)
            }
        }
    }

    /// Ends the worker and says why it was lost.
    fn end(self, reason: &str) -> String {
        let Seat::Process(mut process) = self else { return reason.to_owned() };
        let _ = process.child.kill();
        match process.child.wait() {
            Ok(status) if reason.is_empty() => format!("the worker ended: {}", describe(status)),
            _ => reason.to_owned(),
        }
    }
}

fn describe(status: std::process::ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match status.signal() {
        Some(6) => "it was aborted (out of memory, or an assertion of libclang)".to_owned(),
        Some(9) => "it was killed (out of memory?)".to_owned(),
        Some(11) => "libclang crashed (segmentation fault)".to_owned(),
        Some(signal) => format!("signal {signal}"),
        None => status.to_string(),
    }
}

impl Process {
    fn start(program: &Path, hello: &Request) -> Result<Process, String> {
        let mut child = Command::new(program)
            .arg("worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
        let (Some(input), Some(mut output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("a worker without pipes".to_owned());
        };
        let (sender, replies) = channel();
        // Reads on its own, because a pipe cannot be read with a time limit.
        std::thread::spawn(move || {
            loop {
                let reply = receive::<Reply>(&mut output);
                let ended = reply.is_err();
                if sender.send(reply).is_err() || ended {
                    return;
                }
            }
        });
        Ok(Process { child, input, replies, greeted: hello.clone() })
    }

    /// The error is empty when the process is gone.
    fn exchange(&mut self, request: &Request, wait: &Wait<'_>) -> Result<Reply, String> {
        if send(&mut self.input, request).is_err() {
            // It may have said why before it went.
            return match self.replies.recv_timeout(Duration::from_secs(1)) {
                Ok(Ok(reply @ Reply::Failed(_))) => Ok(reply),
                _ => Err(String::new()),
            };
        }
        match wait.for_one(&self.replies) {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(String::new()),
            Ok(Err(error)) => Err(format!("the worker's answer makes no sense: {error}")),
            Err(RecvTimeoutError::Timeout) if (wait.is_over)() => Err("nobody waits for it any more".to_owned()),
            Err(RecvTimeoutError::Timeout) => Err(format!("time limit of {} s exceeded", wait.limit.as_secs())),
            Err(RecvTimeoutError::Disconnected) => Err(String::new()),
        }
    }
}

/// How long an answer is waited for.
struct Wait<'w> {
    limit: Duration,
    is_over: &'w (dyn Fn() -> bool + Sync),
}

impl Wait<'_> {
    fn for_one<T>(&self, replies: &Receiver<T>) -> Result<T, RecvTimeoutError> {
        let since = Instant::now();
        loop {
            // In short steps, because who waits may go meanwhile.
            let step = Duration::from_millis(100).min(self.limit.saturating_sub(since.elapsed()));
            match replies.recv_timeout(step) {
                Err(RecvTimeoutError::Timeout) if since.elapsed() < self.limit && !(self.is_over)() => {}
                other => return other,
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Closing its input would end it, too, but not before it finished its unit.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pool whose worker is a shell script: it answers the greeting, then does as told.
    fn pool(name: &str, then: &str) -> Pool {
        use std::os::unix::fs::PermissionsExt;
        let directory = crate::tests::directory(name);
        let mut ready = Vec::new();
        send(&mut ready, &Reply::Ready("fake".to_owned())).unwrap();
        std::fs::write(directory.join("ready"), ready).unwrap();
        let program = directory.join("worker");
        std::fs::write(&program, format!("#!/bin/sh\ncat {}/ready\n{then}\n", directory.display())).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut pool = Pool::start(Workers::Processes { program, count: 2 }, &directory).unwrap();
        pool.time = Duration::from_millis(300);
        pool
    }

    const CALLER: Caller<'static> = Caller { known_headers: &BTreeSet::new(), is_beside: false, is_gone: &|| false };

    fn reason(pool: &Pool) -> String {
        match pool.ask(&CALLER, &Request::Unit(Parse::default())) {
            Reply::Failed(reason) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_worker_that_crashes_costs_its_unit_and_is_replaced() {
        let pool = pool("pool-crash", "head -c 10 >/dev/null; kill -SEGV $$");
        assert_eq!(pool.version, "fake");
        assert!(reason(&pool).contains("segmentation fault"));
        assert!(reason(&pool).contains("segmentation fault"), "a new one crashed");
    }

    #[test]
    fn a_crash_over_an_open_file_costs_that_request_only() {
        let pool = pool("pool-live", "head -c 10 >/dev/null; kill -SEGV $$");
        let desk = Desk::default();
        let ask = || match pool.ask_live(&desk, &CALLER, Parse::default()) {
            Reply::Failed(reason) => reason,
            other => panic!("{other:?}"),
        };
        assert!(ask().contains("segmentation fault"));
        assert!(ask().contains("segmentation fault"), "a new one crashed");
        assert_eq!(lock(&pool.idle).len(), 1, "the others' worker is another");
    }

    #[test]
    fn a_worker_that_hangs_is_ended() {
        let pool = pool("pool-hang", "exec sleep 60");
        assert!(reason(&pool).contains("time limit"));
    }

    #[test]
    fn who_is_gone_does_not_keep_a_worker() {
        let mut pool = pool("pool-gone", "exec sleep 60");
        pool.time = Duration::from_secs(60);
        let since = Instant::now();
        let caller = Caller { is_gone: &|| true, ..CALLER };
        assert!(matches!(pool.ask(&caller, &Request::Unit(Parse::default())), Reply::Failed(_)));
        assert!(since.elapsed() < Duration::from_secs(30) && lock(&pool.idle).is_empty());
    }

    #[test]
    fn an_answer_without_sense_is_a_failed_unit() {
        let pool = pool("pool-nonsense", "printf '\\004\\000\\000\\000zzzz'; exec sleep 60");
        assert!(reason(&pool).contains("makes no sense"));
        let pool = self::pool("pool-endless", "printf '\\377\\377\\377\\377zzzz'; exec sleep 60");
        assert!(reason(&pool).contains("too long"));
    }

    #[test]
    fn a_worker_that_says_why_it_cannot_work_stops_the_run() {
        let directory = crate::tests::directory("pool-no-worker");
        let error = Pool::start(Workers::Processes { program: directory.join("none"), count: 1 }, &directory).err().unwrap();
        assert!(error.to_string().contains("cannot start"));
    }
}
