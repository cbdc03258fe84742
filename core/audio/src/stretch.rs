//! Speech made shorter or longer by a pitch period, without a change of pitch (WSOLA).
//!
//! The jitter buffer asks for it when it holds more, or less, than the network needs.

use crate::block::Rate;
use crate::measure::dbov;
use crate::pitch::{Match, best_match};
use crate::to_sample;

/// The smallest piece worth cutting. Unit: µs.
const SHORTEST_US: usize = 2_500;
/// The largest piece: the longest pitch period. Unit: µs.
const LONGEST_US: usize = 15_000;
/// Cross-fade at the seam. Unit: ms.
const BLEND_MS: usize = 7;
/// The shortest cross-fade that still sounds like one. Unit: ms.
const SHORTEST_BLEND_MS: usize = 4;
/// How alike the two sides of a seam must be when there is time to wait for a better place.
const GOOD_MATCH: f32 = 0.75;
/// Below this nobody hears a seam. Unit: dBov.
const QUIET_DBOV: f64 = -50.0;

/// How much a stretch may hurt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// Only in silence.
    Pause,
    /// Only where it cannot be heard: in silence, or where the voice repeats itself.
    Gentle,
    /// Wherever it fits: the delay is what hurts now.
    Forced,
}

/// Cuts up to `at_most` samples out of `pcm[head..tail]`; returns how many. The rest moves down.
pub fn shorten(
    pcm: &mut [i16],
    head: usize,
    tail: usize,
    rate: Rate,
    at_most: usize,
    urgency: Urgency,
) -> usize {
    let per_ms = rate.per_ms();
    let shortest = SHORTEST_US * per_ms / 1000;
    let waiting = tail.saturating_sub(head);
    let longest = at_most
        .min(LONGEST_US * per_ms / 1000)
        .min(waiting.saturating_sub(SHORTEST_BLEND_MS * per_ms));
    if longest < shortest {
        return 0;
    }
    let blend = (waiting - longest).min(BLEND_MS * per_ms);
    let starts = head + shortest..=head + longest;
    let found = best_match(&pcm[..tail], rate, head, blend, starts);
    if !fits(found, &pcm[head..tail], urgency) {
        return 0;
    }
    let cut = found.at - head;
    for n in 0..blend {
        pcm[found.at + n] = mix(pcm[head + n], pcm[found.at + n], n, blend);
    }
    pcm.copy_within(found.at..tail, head);
    cut
}

/// Repeats up to `at_most` samples at `head`; returns how many. `pcm[head..tail]` moves up by them.
///
/// Needs at least 15 ms of past before `head` and of room after `tail`.
pub fn lengthen(
    pcm: &mut [i16],
    head: usize,
    tail: usize,
    rate: Rate,
    at_most: usize,
    urgency: Urgency,
) -> usize {
    let per_ms = rate.per_ms();
    let shortest = SHORTEST_US * per_ms / 1000;
    let blend = (BLEND_MS * per_ms).min(tail.saturating_sub(head));
    let longest = at_most
        .min(LONGEST_US * per_ms / 1000)
        .min(head)
        .min(pcm.len() - tail);
    if longest < shortest || blend < SHORTEST_BLEND_MS * per_ms {
        return 0;
    }
    let starts = head - longest..=head - shortest;
    let found = best_match(&pcm[..tail], rate, head, blend, starts);
    if !fits(found, &pcm[head..tail], urgency) {
        return 0;
    }
    let lag = head - found.at;
    pcm.copy_within(head..tail, head + lag);
    for n in 0..blend.max(lag) {
        // What stood `lag` samples earlier: still in the past, or already moved up.
        let again = if n < lag {
            pcm[found.at + n]
        } else {
            pcm[head + n]
        };
        pcm[head + n] = if n < blend {
            mix(pcm[head + lag + n], again, n, blend)
        } else {
            again
        };
    }
    lag
}

fn fits(found: Match, voice: &[i16], urgency: Urgency) -> bool {
    let is_quiet = || dbov(voice) < QUIET_DBOV;
    match urgency {
        Urgency::Pause => is_quiet(),
        Urgency::Gentle => found.score >= GOOD_MATCH || is_quiet(),
        Urgency::Forced => true,
    }
}

/// From `old` at the beginning to `new` at the end of a cross-fade.
fn mix(old: i16, new: i16, n: usize, blend: usize) -> i16 {
    let towards = (n + 1) as f32 / (blend + 1) as f32;
    to_sample(f32::from(old) * (1.0 - towards) + f32::from(new) * towards)
}
