//! What k iterations do to the content of pages.

use std::rc::Rc;

use super::kinds::Kind;
use super::{Exec, Shape};
use crate::domain::content::Mark;
use crate::domain::refs::{EVERYTHING, What};
use crate::domain::state::State;
use crate::domain::term::Lin;
use crate::summary::is_by_number;

impl Exec<'_> {
    /// Gives `state`, which is after k iterations, what any number of them may have done, as far as all of them do it.
    pub(super) fn accumulate_content(&mut self, entry: &State, shape: &Shape, kind: &Kind, state: &mut State) {
        let mut all = None;
        for (_, back) in &kind.learned {
            let mut content = (*back.content).clone();
            let own = std::mem::take(&mut content.of_callers);
            content.of_callers = own
                .into_iter()
                .filter_map(|(mark, what)| {
                    let what = if entry.content.of_callers.contains(&(mark.clone(), what.clone())) {
                        what
                    } else {
                        self.touched_in_all(shape, back, &mark, &what)?
                    };
                    Some((mark, what))
                })
                .collect();
            match &mut all {
                None => all = Some(content),
                Some(all) => all.blend(&content),
            }
        }
        if let Some(mut all) = all {
            all.released.clear();
            state.content = Rc::new(all);
        }
    }

    /// The pages that k iterations touch; of dirtied ones rather too many than too few.
    fn touched_in_all(&mut self, shape: &Shape, back: &State, mark: &Mark, what: &What) -> Option<What> {
        if let Some(total) = self.done_total(shape, back, what) {
            return Some(total);
        }
        let (base, sub, ..) = self.as_range(back, shape, what).filter(|_| mark.touch.is_dirtying())?;
        if is_by_number(&sub) {
            // All pages that there are would be too many.
            return None;
        }
        Some(What::Range { base, sub, lo: Lin::default(), hi: Lin::int(EVERYTHING.into()) })
    }
}
