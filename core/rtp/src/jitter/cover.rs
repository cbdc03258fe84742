//! Lost packets that can be rebuilt from the one behind them, and silence that is left out.

use super::{JitterBuffer, Pull, QUIET, State};
use base::{Duration, Instant};

/// The same where silence is left out: a sign of life comes every 400 ms, and one may be lost.
const LONG_QUIET: Duration = Duration::from_millis(1_000);
/// For so long after a loss, the packet behind a lost one is waited for.
const COVER_FOR: Duration = Duration::from_secs(10);

impl JitterBuffer {
    /// Says what became of a packet given out as [`Pull::Lost`]. Unit: µs.
    pub fn rebuilt(&mut self, length_us: u32, succeeded: bool) {
        if succeeded {
            self.tally.recovered += 1;
        } else {
            self.tally.concealed_us += u64::from(length_us);
        }
    }

    /// Losses are not covered any more: the packet behind a lost one is of no help.
    pub fn stop_covering(&mut self) {
        self.config.covers_loss = false;
        self.lost = None;
        self.cover = 0;
    }

    /// Ends the longer wait, once nothing was lost for a while.
    pub(super) fn forget_losses(&mut self, now: Instant) {
        if self.lost.is_some_and(|at| now.since(at) >= COVER_FOR) {
            self.lost = None;
            self.cover = 0;
        }
    }

    /// Hands out the first packet for the lost one before it.
    pub(super) fn lose(&mut self, next: i64, sequence: i64) -> Pull<'_> {
        let Some(first) = self.slots.first() else {
            return Pull::Waiting;
        };
        let gap = first.timestamp - next;
        self.state = State::Playing {
            next: first.timestamp,
            sequence,
        };
        let length_us = self.nanos(gap) / 1_000;
        Pull::Lost {
            length_us: length_us.clamp(1, i64::from(u32::MAX)) as u32,
            next: self.slots.first_payload(),
        }
    }

    /// A packet that was awaited at `now` is lost.
    pub(super) fn note_loss(&mut self, now: Instant) {
        if self.config.covers_loss {
            self.lost = Some(now);
            self.cover = self.nanos(self.frame);
        }
    }

    /// After so long without a packet, nothing is invented any more.
    pub(super) fn quiet(&self) -> Duration {
        match self.config.goes_silent {
            true => LONG_QUIET,
            false => QUIET,
        }
    }
}
