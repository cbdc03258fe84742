//! Decoded samples on their way to the ear: what was played, and what waits.
//!
//! One line of samples. Packets are decoded onto its end, blocks are taken off its beginning. What
//! was taken stays for a while, because concealment and stretching repeat it.

use crate::block::{Block, Rate};
use crate::conceal::{Conceal, HISTORY_MS};
use crate::stretch::{self, Urgency};

/// The most that can wait: a frame of 120 ms and a stretched rest. Unit: ms.
pub const WAITING_MS: usize = 150;
/// Blocks taken before the line is moved back to the front. Unit: ms.
const SLACK_MS: usize = 20;

/// The line of samples of one stream.
#[derive(Debug, Clone)]
pub struct Playout {
    rate: Rate,
    /// Past, then what waits: `pcm[..head]` was played, `pcm[head..tail]` waits.
    pcm: Box<[i16]>,
    head: usize,
    tail: usize,
    conceal: Conceal,
}

impl Playout {
    /// An empty line with a silent past. Allocates here and never again.
    pub fn new(rate: Rate) -> Self {
        let past = HISTORY_MS * rate.per_ms();
        Self {
            rate,
            pcm: vec![0; (HISTORY_MS + SLACK_MS + WAITING_MS) * rate.per_ms()].into(),
            head: past,
            tail: past,
            conceal: Conceal::new(rate),
        }
    }

    /// Samples a second.
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// How many samples wait.
    pub const fn waiting(&self) -> usize {
        self.tail - self.head
    }

    /// Whether a whole block waits.
    pub const fn is_ready(&self) -> bool {
        self.waiting() >= self.rate.block_samples()
    }

    /// Appends what a packet decoded to; returns how many samples found room.
    /// After a loss the beginning is cross-faded with what was invented.
    pub fn push(&mut self, decoded: &[i16]) -> usize {
        let taken = decoded.len().min(self.pcm.len() - self.tail);
        let end = self.tail + taken;
        self.pcm[self.tail..end].copy_from_slice(&decoded[..taken]);
        if taken > 0 {
            self.conceal.recover(&mut self.pcm[self.tail..end]);
        }
        self.tail = end;
        taken
    }

    /// Appends `samples` invented samples, as far as there is room.
    pub fn conceal(&mut self, samples: usize) {
        let end = (self.tail + samples).min(self.pcm.len());
        let (past, rest) = self.pcm.split_at_mut(self.tail);
        let from = past.len().saturating_sub(HISTORY_MS * self.rate.per_ms());
        self.conceal
            .invent(&past[from..], &mut rest[..end - self.tail]);
        self.tail = end;
    }

    /// Whether the end of the line is invented.
    pub const fn is_concealing(&self) -> bool {
        self.conceal.is_active()
    }

    /// Cuts a pitch period of at most `at_most` samples out of what waits; returns how many.
    pub fn shorten(&mut self, at_most: usize, urgency: Urgency) -> usize {
        let (head, tail) = (self.head, self.tail);
        let cut = stretch::shorten(&mut self.pcm, head, tail, self.rate, at_most, urgency);
        self.tail -= cut;
        cut
    }

    /// Repeats a pitch period of at most `at_most` samples; returns how many.
    pub fn lengthen(&mut self, at_most: usize, urgency: Urgency) -> usize {
        let (head, tail) = (self.head, self.tail);
        let more = stretch::lengthen(&mut self.pcm, head, tail, self.rate, at_most, urgency);
        self.tail += more;
        more
    }

    /// Takes the next 10 ms; what does not wait yet is silence.
    pub fn pull(&mut self, out: &mut Block) {
        out.clear(self.rate);
        let taken = self.waiting().min(self.rate.block_samples());
        out.samples_mut()[..taken].copy_from_slice(&self.pcm[self.head..self.head + taken]);
        self.head += taken;
        let past = HISTORY_MS * self.rate.per_ms();
        if self.head >= past + SLACK_MS * self.rate.per_ms() {
            self.pcm.copy_within(self.head - past..self.tail, 0);
            self.tail -= self.head - past;
            self.head = past;
        }
    }

    /// Forgets what waits and what was played.
    pub fn clear(&mut self) {
        self.pcm.fill(0);
        self.head = HISTORY_MS * self.rate.per_ms();
        self.tail = self.head;
        self.conceal.end();
    }
}

#[cfg(test)]
mod tests;
