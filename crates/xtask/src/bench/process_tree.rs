//! What a command costs with everything it starts: wall time, processor time, peak memory of the whole tree of processes.

use std::collections::BTreeSet;
use std::fs;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::run::{Failure, Outcome};

/// Between two looks at the memory. Workers live for seconds; a look costs about a millisecond for each process.
const INTERVAL: Duration = Duration::from_millis(40);
/// Linux counts processor time for user space in hundredths of a second on every architecture.
const TICKS_PER_SECOND: f64 = 100.0;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    pub(crate) wall: Duration,
    /// User and system, of the command and all processes that were waited for.
    pub(crate) cpu_seconds: f64,
    /// Largest sum seen of the proportional set sizes (a page shared by n processes counts 1/n in each), in KiB.
    pub(crate) peak_kib: u64,
    pub(crate) status: ExitStatus,
}

/// Runs the command to its end, silently. Nothing else may be run by this process meanwhile: processor time is counted by it.
pub(crate) fn measure(command: &mut Command) -> Outcome<Usage> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let before = children_ticks()?;
    let start = Instant::now();
    let mut child = command.spawn().map_err(|e| Failure::new(format!("cannot start {:?}: {e}", command.get_program())))?;
    let (status, peak_kib) = watch(&mut child)?;
    let wall = start.elapsed();
    let cpu_seconds = (children_ticks()? - before) as f64 / TICKS_PER_SECOND;
    Ok(Usage { wall, cpu_seconds, peak_kib, status })
}

fn watch(child: &mut Child) -> Outcome<(ExitStatus, u64)> {
    let mut peak = 0;
    loop {
        peak = peak.max(tree(child.id()).iter().map(|pid| proportional_kib(*pid)).sum());
        if let Some(status) = child.try_wait().map_err(|e| Failure::new(format!("cannot wait for a child: {e}")))? {
            return Ok((status, peak));
        }
        std::thread::sleep(INTERVAL);
    }
}

/// The process and its descendants, as far as they are alive.
pub(super) fn tree(root: u32) -> BTreeSet<u32> {
    let mut all = BTreeSet::new();
    let mut next = vec![root];
    while let Some(pid) = next.pop() {
        if all.insert(pid) {
            next.extend(children(pid));
        }
    }
    all
}

/// Children belong to the thread that started them.
fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok());
    lists.flat_map(|list| list.split_whitespace().filter_map(|word| word.parse().ok()).collect::<Vec<u32>>()).collect()
}

/// 0 for a process that has just ended.
pub(super) fn proportional_kib(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let value = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    value.and_then(|value| value.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Processor time of a process and its descendants, those included that were waited for, in hundredths of a second.
pub(super) fn ticks_of_tree(root: u32) -> u64 {
    let of = |pid: u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<u64> =
            stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(4).filter_map(|word| word.parse().ok()).collect();
        Some(fields.iter().sum::<u64>())
    };
    tree(root).into_iter().filter_map(of).sum()
}

/// Processor time of this process's children that were waited for, with theirs.
fn children_ticks() -> Outcome<u64> {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    ticks(&stat).ok_or_else(|| Failure::new("cannot read /proc/self/stat; measuring needs Linux with /proc mounted"))
}

/// cutime and cstime: fields 16 and 17 of proc(5). The second field is a name in parentheses that may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(13);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ticks_are_those_of_the_children() {
        let stat = "42 (a) b) R 1 2 3 4 5 6 7 8 9 10 11 12 130 17 20 0 1 0 99";
        assert_eq!(ticks(stat), Some(147));
    }

    #[test]
    fn grandchildren_count_in_time_and_memory() {
        // The shell's child holds 64 MiB of a string for a moment.
        let script = "sh -c 'x=$(head -c 67108864 /dev/zero | tr \"\\0\" x); sleep 0.3; exit 3'; exit $?";
        let usage = measure(Command::new("sh").args(["-c", script])).unwrap();
        assert_eq!(usage.status.code(), Some(3));
        assert!(usage.wall >= Duration::from_millis(300), "{usage:?}");
        assert!(usage.peak_kib > 64 * 1024, "{usage:?}");
        assert!(usage.cpu_seconds > 0.0 && usage.cpu_seconds < 60.0, "{usage:?}");
    }
}
