//! Reports on their way to control.

use crate::report::Report;
use std::collections::VecDeque;

/// Reports that wait. Bound: at the limit reports are lost and counted; ordinary ones first.
#[derive(Debug)]
pub(crate) struct Reports {
    pub(crate) waiting: VecDeque<Report>,
    bound: usize,
    pub(crate) lost: u64,
}

impl Reports {
    pub(crate) fn new(bound: usize) -> Self {
        Self {
            waiting: VecDeque::with_capacity(bound),
            bound,
            lost: 0,
        }
    }

    /// Counts and levels: the next ones will say it again.
    pub(crate) fn ordinary(&mut self, report: Report) {
        self.push(report, self.bound - self.bound / 4);
    }

    /// What happens once.
    pub(crate) fn urgent(&mut self, report: Report) {
        self.push(report, self.bound);
    }

    fn push(&mut self, report: Report, bound: usize) {
        if self.waiting.len() < bound {
            self.waiting.push_back(report);
        } else {
            self.lost += 1;
        }
    }
}
