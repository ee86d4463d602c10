//! Whether the outcomes of a contract are what they must be: alternatives that cover every return, each once.
//!
//! The tests of a contract speak of a few values. Each value gets sample points around the constants that it is compared
//! with, each pair of values the three orders, each bit test both answers; then every combination must satisfy exactly
//! one outcome. Combinations that `always` rules out do not count. Pairs are taken as independent of each other
//! and of the sample points, so a partition may have to be spelled out (`ret > 0, ret == n`), never guessed.

use super::text::{expr_text, test_text};
use crate::summary::{Expr, Test, TestOp};

/// What is wrong with the outcomes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// No outcome holds in this situation.
    Gap {
        situation: String,
    },
    /// Two outcomes (by number) hold in this situation.
    Overlap {
        first: usize,
        second: usize,
        situation: String,
    },
    /// An outcome that never holds.
    Never {
        outcome: usize,
    },
    TooMany,
}

/// Combinations beyond this are not enumerated; the contracts of Linux 6.12 need at most a few hundred.
const MAX_COMBINATIONS: usize = 200_000;

/// What the contract admits to leave open.
#[derive(Clone, Copy, Default)]
pub(super) struct Allowed {
    /// Several outcomes may hold, and nothing tells which.
    pub(super) overlap: bool,
    /// What no outcome describes does not happen.
    pub(super) gap: bool,
}

/// Checks the alternatives `outcomes` within `always`.
pub(super) fn check(always: &[Test], outcomes: &[Vec<Test>], allowed: Allowed, params: &[String]) -> Option<Fault> {
    let subjects = Subjects::of(always.iter().chain(outcomes.iter().flatten()));
    if subjects.combinations()? > MAX_COMBINATIONS {
        return Some(Fault::TooMany);
    }
    let mut seen = vec![false; outcomes.len()];
    let mut point = vec![0usize; subjects.list.len()];
    loop {
        if always.iter().all(|test| subjects.holds(test, &point)) {
            let mut holding = (0..outcomes.len()).filter(|i| outcomes[*i].iter().all(|test| subjects.holds(test, &point)));
            let (first, second) = (holding.next(), holding.next());
            for i in [first, second].into_iter().flatten().chain(holding) {
                seen[i] = true;
            }
            match (first, second) {
                (None, _) if !allowed.gap => return Some(Fault::Gap { situation: subjects.describe(&point, params) }),
                (Some(first), Some(second)) if !allowed.overlap => {
                    let situation = subjects.describe(&point, params);
                    return Some(Fault::Overlap { first, second, situation });
                }
                _ => {}
            }
        }
        if !subjects.advance(&mut point) {
            break;
        }
    }
    seen.iter().position(|seen| !seen).map(|outcome| Fault::Never { outcome })
}

/// What the tests are about.
#[derive(PartialEq)]
enum Subject {
    /// A value compared with constants, and its sample points.
    Value(Expr, Vec<i64>),
    /// Two values compared with each other: less, equal, greater.
    Order(Expr, Expr),
    /// `value & mask`.
    Bits(Expr, Expr),
}

struct Subjects {
    list: Vec<Subject>,
}

impl Subjects {
    fn of<'a>(tests: impl Iterator<Item = &'a Test>) -> Subjects {
        let mut subjects = Subjects { list: Vec::new() };
        for test in tests {
            subjects.add(test);
        }
        for subject in &mut subjects.list {
            if let Subject::Value(_, points) = subject {
                points.sort_unstable();
                points.dedup();
            }
        }
        subjects
    }

    fn add(&mut self, test: &Test) {
        let found = self.find(test);
        let breaks: &[i64] = match (test.op, &test.rhs) {
            (TestOp::IsErr | TestOp::NotErr, _) => &[-4095, -1],
            (_, Expr::Int(value)) => &[*value],
            _ => &[],
        };
        let index = found.unwrap_or_else(|| {
            self.list.push(match (test.op, &test.rhs) {
                (TestOp::HasBits | TestOp::LacksBits, _) => Subject::Bits(test.lhs.clone(), test.rhs.clone()),
                (TestOp::IsErr | TestOp::NotErr, _) | (_, Expr::Int(_)) => Subject::Value(test.lhs.clone(), Vec::new()),
                _ => Subject::Order(test.lhs.clone(), test.rhs.clone()),
            });
            self.list.len() - 1
        });
        if let Subject::Value(_, points) = &mut self.list[index] {
            for value in breaks {
                points.extend([value.saturating_sub(1), *value, value.saturating_add(1)]);
            }
        }
    }

    fn find(&self, test: &Test) -> Option<usize> {
        self.list.iter().position(|subject| match (test.op, subject) {
            (TestOp::HasBits | TestOp::LacksBits, Subject::Bits(lhs, rhs)) => *lhs == test.lhs && *rhs == test.rhs,
            (TestOp::HasBits | TestOp::LacksBits, _) => false,
            (TestOp::IsErr | TestOp::NotErr, Subject::Value(lhs, _)) => *lhs == test.lhs,
            (_, Subject::Value(lhs, _)) => *lhs == test.lhs && matches!(test.rhs, Expr::Int(_)),
            (_, Subject::Order(lhs, rhs)) => *lhs == test.lhs && *rhs == test.rhs,
            _ => false,
        })
    }

    fn size(subject: &Subject) -> usize {
        match subject {
            Subject::Value(_, points) => points.len(),
            Subject::Order(..) => 3,
            Subject::Bits(..) => 2,
        }
    }

    fn combinations(&self) -> Option<usize> {
        Some(self.list.iter().fold(1usize, |product, subject| product.saturating_mul(Self::size(subject))))
    }

    /// The next combination; false after the last.
    fn advance(&self, point: &mut [usize]) -> bool {
        for (digit, subject) in point.iter_mut().zip(&self.list) {
            *digit += 1;
            if *digit < Self::size(subject) {
                return true;
            }
            *digit = 0;
        }
        false
    }

    fn holds(&self, test: &Test, point: &[usize]) -> bool {
        let index = self.find(test).expect("every test was added");
        let order = match (&self.list[index], &test.rhs) {
            (Subject::Bits(..), _) => return (point[index] == 1) == (test.op == TestOp::HasBits),
            (Subject::Value(_, points), rhs) => {
                let value = points[point[index]];
                let error = (-4095..=-1).contains(&value);
                match test.op {
                    TestOp::IsErr => return error,
                    TestOp::NotErr => return !error,
                    _ => {}
                }
                let Expr::Int(rhs) = rhs else { unreachable!("`find` matched a constant") };
                value.cmp(rhs)
            }
            (Subject::Order(..), _) => point[index].cmp(&1),
        };
        match test.op {
            TestOp::Eq => order.is_eq(),
            TestOp::Ne => order.is_ne(),
            TestOp::Lt => order.is_lt(),
            TestOp::Le => order.is_le(),
            TestOp::Gt => order.is_gt(),
            TestOp::Ge => order.is_ge(),
            TestOp::IsErr | TestOp::NotErr | TestOp::HasBits | TestOp::LacksBits => {
                unreachable!("answered above")
            }
        }
    }

    fn describe(&self, point: &[usize], params: &[String]) -> String {
        let parts: Vec<String> = self
            .list
            .iter()
            .zip(point)
            .map(|(subject, at)| match subject {
                Subject::Value(lhs, points) => format!("{} == {}", expr_text(lhs, params), points[*at]),
                Subject::Order(lhs, rhs) => {
                    let op = [TestOp::Lt, TestOp::Eq, TestOp::Gt][*at];
                    test_text(&Test { op, lhs: lhs.clone(), rhs: rhs.clone() }, params)
                }
                Subject::Bits(lhs, rhs) => {
                    let op = [TestOp::LacksBits, TestOp::HasBits][*at];
                    test_text(&Test { op, lhs: lhs.clone(), rhs: rhs.clone() }, params)
                }
            })
            .collect();
        if parts.is_empty() { "any".to_owned() } else { parts.join(", ") }
    }
}
