//! A function is executed again, with fewer paths apart, where it has too many; and by its arrays, where page numbers are no names.
//!
//! ```c
//!         err = setup(dev, buf, count);           // pins the buffer, or allocates pages of its own, in ten ways
//!         while (count > 0 && !stop) {            // and each way is a loop in a loop
//!                 ...
//! ```

use gup_ir::Pos;

use super::event::{Event, Fates};
use super::runs::BY_ARRAY;
use super::{Asked, Exec, Observer, Outcome, World};
use crate::limits;
use crate::program::FnId;

/// More statements than a function is worth.
pub(super) const ENDLESS: &str = "limit: the function has too many paths";
/// Of what goes wrong on such a path.
pub(super) const BLURRED: &str = "the function has too many paths to tell them apart";

/// Analyses one function against the summaries of its callees; also says what it asked about the rest of the program.
pub(crate) fn run<'a>(world: World<'a>, id: FnId, observer: Option<Observer<'a>>) -> (Outcome, Asked) {
    let [wide, narrow, least] = &limits::WIDTHS;
    let mut exec = Exec::new(world, id, wide, Asked::default(), observer);
    exec.gives_up = true;
    let (mut exec, mut outcome) = exec.executed();
    if exec.is_limited {
        (exec, outcome) = exec.once_more(narrow).executed();
    }
    if !is_endless(&outcome.fates) {
        return (outcome, exec.asked);
    }
    // With an end, but blurred: what was certain before stays so. Without one, nothing is won.
    let (exec, mut blurred) = exec.once_more(least).executed();
    if is_endless(&blurred.fates) {
        return (outcome, exec.asked);
    }
    keep_certain(&mut blurred.events, outcome.events);
    (blurred, exec.asked)
}

impl<'a> Exec<'a> {
    /// What it does; by its arrays, where page numbers turned out to be no names.
    fn executed(mut self) -> (Exec<'a>, Outcome) {
        let outcome = self.execute();
        if !self.takes_runs || !is_by_array(&outcome.fates) {
            return (self, outcome);
        }
        let (width, gives_up) = (self.width, self.gives_up);
        let mut again = Exec { gives_up, takes_runs: false, ..self.once_more(width) };
        let outcome = again.execute();
        (again, outcome)
    }

    fn once_more(self, width: &'static limits::Width) -> Exec<'a> {
        let mut observer = self.observer;
        if let Some(observer) = &mut observer {
            observer(self.function, Pos::default(), "    once more, with less apart\n");
        }
        let again = Exec::new(self.world, self.id, width, self.asked, observer);
        Exec { takes_runs: self.takes_runs, ..again }
    }
}

/// Was a path given up, for the number of statements, with references of an acquisition in hand?
fn is_endless(fates: &Fates) -> bool {
    fates.by_site.values().any(|fate| fate.unresolved.contains_key(ENDLESS))
}

/// Were pages that are known by numbers used by way of their array as well?
fn is_by_array(fates: &Fates) -> bool {
    fates.by_site.values().any(|fate| fate.unresolved.contains_key(BY_ARRAY))
}

fn keep_certain(events: &mut Vec<Event>, before: Vec<Event>) {
    for certain in before.into_iter().filter(|event| event.doubts.is_empty()) {
        events.retain(|event| event.identity() != certain.identity());
        events.push(certain);
    }
}
