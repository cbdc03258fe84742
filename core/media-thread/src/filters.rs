//! Filters between a bus and its device, one behind the other, 10 ms at a time.
//!
//! On the way from the microphone they hear what went to the loudspeaker too. One that fails lets the block
//! through as it is; one that panics or takes longer than it may is passed over from then on.

use crate::replace::WentWrong;
use audio::Block;
use plugin_host::{FilterInstance, Trouble};
use serde::{Deserialize, Serialize};

/// Where a filter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    /// Behind the microphone.
    Microphone,
    /// Before the loudspeaker.
    Speaker,
}

/// Filters of one side, in the order in which sound passes them. They are opened at the rate of their bus.
#[derive(Debug)]
pub struct FilterChain {
    filters: Box<[Filter]>,
    out: Block,
}

#[derive(Debug)]
struct Filter {
    instance: FilterInstance,
    /// How it failed last, and whether that is still to be told.
    wrong: Option<(WentWrong, bool)>,
}

impl FilterChain {
    /// Sound passes it as it is.
    pub fn empty() -> Self {
        Self::new(Vec::new())
    }

    /// Thread: \[control\].
    pub fn new(filters: Vec<FilterInstance>) -> Self {
        let fresh = |instance| Filter {
            instance,
            wrong: None,
        };
        Self {
            filters: filters.into_iter().map(fresh).collect(),
            out: Block::silence(audio::Rate::Hz8000),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.filters.is_empty()
    }

    /// Another instance in the place of one, if there is one; that is left in `new`.
    pub(crate) fn replace(&mut self, filter: usize, new: &mut FilterInstance) {
        if let Some(filter) = self.filters.get_mut(filter) {
            core::mem::swap(&mut filter.instance, new);
            filter.wrong = None;
        }
    }

    /// Turns `block` into what comes out. `far` is what went to the loudspeaker last; the microphone hears it
    /// `delay_samples` later.
    pub(crate) fn process(&mut self, block: &mut Block, far: Option<&Block>, delay_samples: u32) {
        for filter in &mut self.filters {
            self.out.clear(block.rate());
            let far = far.map(Block::samples);
            let out = self.out.samples_mut();
            let near = block.samples();
            // After trouble `out` is what goes on without it.
            let done = filter.instance.process(near, far, delay_samples, out);
            match done {
                // That is known to whoever did it.
                Ok(()) | Err(Trouble::SwitchedOff) => {}
                Err(trouble) => filter.failed(trouble.into()),
            }
            block.copy_from(&self.out);
        }
    }

    /// What is new to tell: which of the filters failed, and how. Each once for as long as it fails so.
    pub(crate) fn told(&mut self) -> Option<(usize, WentWrong)> {
        let mut all = self.filters.iter_mut().enumerate();
        all.find_map(|(at, filter)| match &mut filter.wrong {
            Some((wrong, untold @ true)) => {
                *untold = false;
                Some((at, *wrong))
            }
            Some((_, false)) | None => None,
        })
    }
}

impl Filter {
    fn failed(&mut self, wrong: WentWrong) {
        if self.wrong.is_none_or(|(before, _)| before != wrong) {
            self.wrong = Some((wrong, true));
        }
    }
}
