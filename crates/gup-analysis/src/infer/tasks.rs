//! Work of which some must be done before other work, on several threads: each item as soon as what it needs is done.
//!
//! ```text
//!            all that it needs is done           a thread takes it             done
//!   waiting ───────────────────────────► ready ──────────────────► running ─────────► those that need it wait for one less
//! ```

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::limits;

/// Items 0..n, those that others need before them.
#[derive(Default)]
pub(super) struct Tasks {
    /// Of each item: those that need it, all with higher numbers.
    needed_by: Vec<Vec<usize>>,
    /// Of each item: how many it needs.
    needs: Vec<usize>,
    /// Of each item: how long it takes, in no unit.
    cost: Vec<usize>,
}

/// What is known while threads work.
struct Board {
    /// Ready, with how long it and the longest chain of those that need it take: what most has to wait for comes first.
    ready: BinaryHeap<(usize, Reverse<usize>)>,
    waits_for: Vec<usize>,
    left: usize,
}

struct Shop {
    board: Mutex<Board>,
    changed: Condvar,
}

impl Tasks {
    /// Adds an item that needs these, each added before.
    pub(super) fn add(&mut self, cost: usize, needs: impl IntoIterator<Item = usize>) {
        let number = self.needs.len();
        let mut count = 0;
        for needed in needs {
            self.needed_by[needed].push(number);
            count += 1;
        }
        self.needed_by.push(Vec::new());
        self.needs.push(count);
        self.cost.push(cost);
    }

    /// What `work` makes of each item, in their order. It is the same however many workers there are, where `work` looks at no more
    /// than what its item needs. A panic on any thread goes on here when all have stopped.
    pub(super) fn run<T: Send>(&self, workers: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
        let urgency = self.urgency();
        let ready = (0..self.needs.len()).filter(|&item| self.needs[item] == 0).map(|item| (urgency[item], Reverse(item)));
        let board = Board { ready: ready.collect(), waits_for: self.needs.clone(), left: self.needs.len() };
        let shop = Shop { board: Mutex::new(board), changed: Condvar::new() };
        let some = || {
            let _alarm = Alarm(&shop);
            let mut done = Vec::new();
            while let Some(items) = shop.take(workers) {
                done.extend(items.iter().map(|&item| (item, work(item))));
                shop.finish(&items, &self.needed_by, &urgency);
            }
            done
        };
        let mut all: Vec<(usize, T)> = std::thread::scope(|scope| {
            let spawn = |_| std::thread::Builder::new().stack_size(limits::THREAD_STACK).spawn_scoped(scope, some);
            let helpers: Vec<_> = (1..workers).filter_map(|number| spawn(number).ok()).collect();
            let mut all = some();
            for helper in helpers {
                match helper.join() {
                    Ok(done) => all.extend(done),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            all
        });
        all.sort_by_key(|(item, _)| *item);
        all.into_iter().map(|(_, made)| made).collect()
    }

    fn urgency(&self) -> Vec<usize> {
        let mut urgency = self.cost.clone();
        for item in (0..urgency.len()).rev() {
            urgency[item] += self.needed_by[item].iter().map(|&other| urgency[other]).max().unwrap_or_default();
        }
        urgency
    }
}

impl Shop {
    fn board(&self) -> MutexGuard<'_, Board> {
        // A board is never left half changed: a panic happens in the work, not here.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next items for a thread, when there are some; `None` when there is nothing left to do.
    fn take(&self, workers: usize) -> Option<Vec<usize>> {
        let mut board = self.board();
        while board.ready.is_empty() && board.left > 0 {
            board = self.changed.wait(board).unwrap_or_else(PoisonError::into_inner);
        }
        let many = (board.ready.len() / (2 * workers.max(1))).clamp(1, limits::TAKEN_AT_ONCE);
        let items: Vec<usize> = (0..many).map_while(|_| board.ready.pop()).map(|(_, Reverse(item))| item).collect();
        (board.left > 0).then_some(items)
    }

    fn finish(&self, items: &[usize], needed_by: &[Vec<usize>], urgency: &[usize]) {
        let mut board = self.board();
        board.left = board.left.saturating_sub(items.len());
        for &next in items.iter().flat_map(|&item| &needed_by[item]) {
            board.waits_for[next] -= 1;
            if board.waits_for[next] == 0 {
                board.ready.push((urgency[next], Reverse(next)));
            }
        }
        drop(board);
        self.changed.notify_all();
    }
}

/// Tells the others that nothing more will come when a thread's work panics.
struct Alarm<'a>(&'a Shop);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.board().left = 0;
            self.0.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::Tasks;

    /// 0 and 1 are needed by 2, that by 3 and 4.
    fn diamond() -> Tasks {
        let mut tasks = Tasks::default();
        for needs in [vec![], vec![], vec![0, 1], vec![2], vec![0, 2]] {
            tasks.add(1, needs);
        }
        tasks
    }

    #[test]
    fn what_is_needed_comes_first() {
        for workers in [1, 2, 4] {
            let begun = Mutex::new(Vec::new());
            let made = diamond().run(workers, |item| {
                begun.lock().unwrap().push(item);
                item * 10
            });
            assert_eq!(made, [0, 10, 20, 30, 40]);
            let begun = begun.into_inner().unwrap();
            let at = |item| begun.iter().position(|&other| other == item).unwrap();
            assert!(at(0) < at(2) && at(1) < at(2) && at(2) < at(3) && at(2) < at(4), "{begun:?}");
        }
    }

    #[test]
    fn most_urgent_first() {
        let mut tasks = Tasks::default();
        for (cost, needs) in [(5, vec![]), (1, vec![]), (9, vec![1])] {
            tasks.add(cost, needs);
        }
        let begun = Mutex::new(Vec::new());
        tasks.run(1, |item| begun.lock().unwrap().push(item));
        assert_eq!(begun.into_inner().unwrap(), [1, 2, 0]);
    }

    #[test]
    #[should_panic(expected = "item 2")]
    fn panic_ends_all() {
        diamond().run(2, |item| assert_ne!(item, 2, "item 2"));
    }
}
