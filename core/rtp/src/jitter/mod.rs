//! The jitter buffer: packets in by arrival, frames out by playout time.
//!
//! It is pulled whenever less than 10 ms of decoded sound waits. One number rules it, the playout
//! delay: how long after the fastest packet of late a sample is played. A packet is in time if its
//! own delay is smaller, so the delay has to stay above [`target`](JitterBuffer::target_us), what
//! nearly all packets need, and should not be much above it. Who pulls is told to lengthen or shorten
//! the sound by a pitch period when it is not; packets are neither dropped nor repeated for that.
//!
//! Timestamps decide what is next; sequence numbers only tell silence from loss.

mod cover;
mod slots;
mod tally;
mod target;
mod words;

pub use tally::Tally;
pub use words::{Arrived, Config, Haste, Inserted, Pull, Stretch};

use crate::sequence::Unwrap;
use base::{Duration, Hertz, Instant};
use slots::{Refused, Slots};
use target::Target;

/// Invented at a time. Unit: µs.
const BLOCK_US: u32 = 10_000;
/// How far the delay may fall below the target before sound is lengthened. Unit: ns.
const TOO_SHALLOW: i64 = 1_000_000;
/// How far it may rise above before sound is shortened. Pulls come every 10 ms, so it may differ
/// by that from what is wanted without anything being wrong. Unit: ns.
const TOO_DEEP: i64 = 13_000_000;
/// Beyond this, waiting for a good place to cut costs more than a bad cut. Unit: ns.
const MUCH: i64 = 40_000_000;
/// Between two inaudible changes of length.
const PATIENCE: Duration = Duration::from_millis(60);
/// So long a pause in the speech is waited for before sound is shortened where it repeats itself.
/// The first packets of a call often waited in the socket until the leg took them: the buffer then
/// begins too deep, and nothing is gained by mending that in the middle of the first word.
const AWAIT_PAUSE: Duration = Duration::from_secs(2);
/// Out of time by so much is another stream, not a late packet. Unit: ns.
const JUMP: i64 = 2_000_000_000;
/// After so long without a packet, nothing is invented any more.
const QUIET: Duration = Duration::from_millis(400);
/// The longest packet time that is believed. Unit: ms.
const LONGEST_FRAME_MS: i64 = 120;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing has been played: the first packet waits until the delay is deep enough.
    Filling,
    /// The next sample to decode has this timestamp.
    Playing { next: i64, sequence: i64 },
    /// The buffer ran dry: what comes next decides whether packets were late or lost.
    Dry {
        next: i64,
        sequence: i64,
        since: Instant,
    },
}

/// The buffer of one stream. About 14 kB with [`Config::new`]; allocates when made, never again.
#[derive(Debug, Clone)]
pub struct JitterBuffer {
    config: Config,
    state: State,
    slots: Slots,
    target: Target,
    tally: Tally,
    sequences: Unwrap,
    timestamps: Unwrap,
    /// Observed packet time. Unit: ticks.
    frame: i64,
    /// Timestamp of the frame given out last. Unit: ticks.
    given: i64,
    /// Its playout delay. Unit: ns.
    delay: i64,
    /// Packets of the sequence that were not for this buffer since the last frame.
    others: i64,
    stretched: Instant,
    /// Since when the delay has been too deep.
    deep_since: Option<Instant>,
    /// A packet far out of time, as (sequence, timestamp).
    suspect: Option<(u16, u32)>,
    /// When a packet was missed last, where that matters.
    lost: Option<Instant>,
    /// Added to the target while losses are covered. Unit: ns.
    cover: i64,
    /// Invented since the buffer ran dry. Unit: µs.
    dry_us: u64,
}

impl JitterBuffer {
    /// An empty buffer.
    pub fn new(config: Config) -> Self {
        let clock_rate = config.clock_rate.0.clamp(1_000, 192_000);
        let config = Config {
            clock_rate: Hertz(clock_rate),
            packet_ms: config.packet_ms.clamp(1, LONGEST_FRAME_MS as u32),
            packets: config.packets.clamp(4, 1_024),
            ..config
        };
        Self {
            config,
            state: State::Filling,
            slots: Slots::new(config.packets, config.pieces),
            target: Target::new(),
            tally: Tally::default(),
            sequences: Unwrap::new(),
            timestamps: Unwrap::new(),
            frame: i64::from(config.packet_ms * clock_rate / 1_000),
            given: 0,
            delay: 0,
            others: 0,
            stretched: Instant::ZERO,
            deep_since: None,
            suspect: None,
            lost: None,
            cover: 0,
            dry_us: 0,
        }
    }

    /// What was counted.
    pub const fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Packets that wait.
    pub fn waiting(&self) -> usize {
        self.slots.len()
    }

    /// The delay that nearly all packets need, above that of the fastest. Unit: µs.
    pub fn target_us(&self) -> u32 {
        (self.wanted() / 1_000) as u32
    }

    /// How long after the fastest packet of late the last frame was decoded. Unit: µs. 0 before the
    /// first.
    pub fn delay_us(&self) -> u32 {
        (self.delay.max(0) / 1_000).min(i64::from(u32::MAX)) as u32
    }

    /// Forgets the stream: another one takes its place.
    pub fn restart(&mut self) {
        self.state = State::Filling;
        self.delay = 0;
        self.slots.clear();
        self.target = Target::new();
        self.sequences = Unwrap::new();
        self.timestamps = Unwrap::new();
        self.others = 0;
        self.deep_since = None;
        self.suspect = None;
        self.lost = None;
        self.cover = 0;
        self.tally.restarts += 1;
    }

    /// A packet of the stream went elsewhere (a telephone-event): its number is not missing here.
    pub fn skip_sequence(&mut self, _sequence: u16) {
        self.others += 1;
    }

    /// Takes a packet that arrived at `arrival`.
    pub fn insert(&mut self, packet: &Arrived<'_>, arrival: Instant) -> Inserted {
        self.tally.offered += 1;
        let timestamp = self.timestamps.peek32(packet.timestamp);
        let delay = arrival.as_nanos() as i64 - self.nanos(timestamp);
        let base = self.target.base().unwrap_or(delay);
        if (delay - base).abs() > JUMP {
            return self.insert_suspect(packet, arrival);
        }
        self.suspect = None;
        self.keep(packet, delay, arrival)
    }

    /// A packet far out of time: the second of its kind in a row restarts the stream.
    fn insert_suspect(&mut self, packet: &Arrived<'_>, arrival: Instant) -> Inserted {
        let near = i64::from(self.config.clock_rate.0);
        let follows = self.suspect.is_some_and(|(sequence, timestamp)| {
            let ahead = i64::from(packet.timestamp.wrapping_sub(timestamp) as i32);
            packet.sequence.wrapping_sub(sequence) as i16 > 0 && (1..near).contains(&ahead)
        });
        if !follows {
            self.suspect = Some((packet.sequence, packet.timestamp));
            self.tally.refused += 1;
            return Inserted::Refused;
        }
        self.restart();
        let timestamp = self.timestamps.peek32(packet.timestamp);
        let delay = arrival.as_nanos() as i64 - self.nanos(timestamp);
        let kept = self.keep(packet, delay, arrival);
        if kept == Inserted::Queued {
            return Inserted::Restarted;
        }
        kept
    }

    fn keep(&mut self, packet: &Arrived<'_>, delay: i64, arrival: Instant) -> Inserted {
        let newest = self.sequences.highest().zip(self.timestamps.highest());
        let timestamp = self.timestamps.extend32(packet.timestamp);
        let sequence = self.sequences.extend16(packet.sequence);
        if let Some((high, high_timestamp)) = newest {
            self.tally.reordered += u64::from(sequence < high);
            let longest = LONGEST_FRAME_MS * i64::from(self.config.clock_rate.0) / 1_000;
            // Where silence is left out, a gap tells nothing of a packet's length: decoding does.
            if !self.config.goes_silent
                && sequence == high + 1
                && (1..=longest).contains(&(timestamp - high_timestamp))
            {
                self.frame = timestamp - high_timestamp;
            }
        }
        self.target.observe(delay, arrival);
        if self.is_over(timestamp) {
            let is_repeat = timestamp == self.given;
            self.tally.duplicates += u64::from(is_repeat);
            self.tally.late += u64::from(!is_repeat);
            return if is_repeat {
                Inserted::Duplicate
            } else {
                Inserted::Late
            };
        }
        self.store(timestamp, sequence, packet)
    }

    fn store(&mut self, timestamp: i64, sequence: i64, packet: &Arrived<'_>) -> Inserted {
        let mut result = Inserted::Queued;
        loop {
            let kept = self
                .slots
                .insert(timestamp, sequence, packet.payload_type, packet.payload);
            match kept {
                Ok(()) => return result,
                Err(Refused::Duplicate) => {
                    self.tally.duplicates += 1;
                    return Inserted::Duplicate;
                }
                Err(Refused::Full) if self.slots.drop_first() => {
                    self.tally.overflowed += 1;
                    result = Inserted::Overflowed;
                }
                Err(Refused::Full | Refused::TooLong) => {
                    self.tally.refused += 1;
                    return Inserted::Refused;
                }
            }
        }
    }

    /// Whether the time of a packet has been filled to its end.
    fn is_over(&self, timestamp: i64) -> bool {
        match self.state {
            State::Filling => false,
            State::Playing { next, .. } | State::Dry { next, .. } => timestamp + self.frame <= next,
        }
    }

    /// Says how long the frame given out last was, once it is decoded. Unit: µs.
    pub fn decoded(&mut self, length_us: u32) {
        if let State::Playing { next, .. } = &mut self.state {
            let ticks = i64::from(length_us) * i64::from(self.config.clock_rate.0) / 1_000_000;
            *next = (self.given + ticks).max(self.given + 1);
            if self.config.goes_silent {
                self.frame = ticks.max(1);
            }
        }
    }

    /// What to do for the next 10 ms. Call it only while less than that waits to be played.
    pub fn pull(&mut self, now: Instant) -> Pull<'_> {
        self.forget_losses(now);
        match self.state {
            State::Filling => self.pull_filling(now),
            State::Playing { next, sequence } => self.pull_playing(next, sequence, now),
            State::Dry {
                next,
                sequence,
                since,
            } => self.pull_dry(next, sequence, since, now),
        }
    }

    fn pull_filling(&mut self, now: Instant) -> Pull<'_> {
        let Some(first) = self.slots.first().copied() else {
            return Pull::Waiting;
        };
        if self.is_too_early(first.timestamp, now) {
            return Pull::Waiting;
        }
        self.give(first.timestamp, Stretch::None, now)
    }

    fn pull_playing(&mut self, next: i64, sequence: i64, now: Instant) -> Pull<'_> {
        let Some(first) = self.slots.first().copied() else {
            self.state = State::Dry {
                next,
                sequence,
                since: now,
            };
            self.tally.waited_us += u64::from(BLOCK_US);
            self.dry_us = u64::from(BLOCK_US);
            return Pull::Missing {
                length_us: BLOCK_US,
            };
        };
        if first.timestamp <= next {
            let stretch = self.stretch_at(next, now);
            return self.give(next, stretch, now);
        }
        // Nothing is lost for longer than anything waits here: a sender whose timestamps run ahead.
        let is_spurt = self.nanos(first.timestamp - next) > self.longest();
        let is_silence = is_spurt || first.sequence - sequence - self.others <= 1;
        if is_silence && !self.is_too_early(first.timestamp, now) {
            return self.give(first.timestamp, Stretch::None, now);
        }
        let gap = first.timestamp - next;
        if !is_silence {
            self.note_loss(now);
        }
        let mut length_us = self.gap_us(gap);
        let lacking = self.wanted() - self.delay_of(next, now);
        // Something is missing here anyway: the moment to become deeper without being heard.
        if (i64::from(BLOCK_US) * 1_000..=self.longest()).contains(&lacking) {
            self.tally.waited_us += u64::from(length_us);
            return Pull::Missing { length_us };
        }
        if !is_silence && self.config.covers_loss {
            if gap <= self.frame {
                return self.lose(next, sequence);
            }
            // Of several lost ones only the last can be rebuilt, and only whole.
            length_us = length_us.min(self.gap_us(gap - self.frame));
        }
        let ticks = i64::from(length_us) * i64::from(self.config.clock_rate.0) / 1_000_000;
        self.state = State::Playing {
            next: next + ticks.max(1),
            sequence,
        };
        if !is_silence {
            self.tally.concealed_us += u64::from(length_us);
        }
        Pull::Missing { length_us }
    }

    fn pull_dry(&mut self, next: i64, sequence: i64, since: Instant, now: Instant) -> Pull<'_> {
        if let Some(first) = self.slots.first().copied() {
            if first.timestamp <= next {
                return self.give(next, Stretch::None, now);
            }
            let is_silence = first.sequence - sequence - self.others <= 1;
            let gap = first.timestamp - next;
            if !is_silence {
                self.note_loss(now);
                // Only the packet before the first one can be rebuilt, and it has its own time.
                let from = next.max(first.timestamp - self.frame);
                let is_room = self.delay_of(from, now) <= self.wanted() + TOO_DEEP;
                if self.config.covers_loss && is_room && !self.is_too_early(from, now) {
                    self.tally.concealed_us += self.nanos(from - next).unsigned_abs() / 1_000;
                    return self.lose(from, sequence);
                }
            }
            if !self.is_too_early(first.timestamp, now) {
                let gap_us = self.nanos(gap).unsigned_abs() / 1_000;
                if is_silence {
                    // Nobody was late: this time was left out on purpose.
                    self.tally.waited_us -= gap_us.min(self.dry_us);
                } else {
                    self.tally.concealed_us += gap_us;
                }
                return self.give(first.timestamp, Stretch::None, now);
            }
        } else if now.since(since) >= self.quiet() {
            return Pull::Waiting;
        }
        self.tally.waited_us += u64::from(BLOCK_US);
        self.dry_us += u64::from(BLOCK_US);
        Pull::Missing {
            length_us: BLOCK_US,
        }
    }

    /// Hands out the first packet, which is to be heard from timestamp `from` on.
    fn give(&mut self, from: i64, stretch: Stretch, now: Instant) -> Pull<'_> {
        self.delay = self.delay_of(from, now);
        let frame = self.frame;
        let clock_rate = i64::from(self.config.clock_rate.0);
        let Some((slot, payload)) = self.slots.take_first() else {
            return Pull::Waiting;
        };
        self.given = slot.timestamp;
        self.others = 0;
        self.tally.played += 1;
        self.state = State::Playing {
            next: slot.timestamp + frame,
            sequence: slot.sequence,
        };
        let skip = (from - slot.timestamp).max(0) * 1_000_000 / clock_rate;
        Pull::Frame {
            payload,
            payload_type: slot.payload_type,
            skip_us: skip.min(i64::from(u32::MAX)) as u32,
            stretch,
        }
    }

    fn stretch_at(&mut self, next: i64, now: Instant) -> Stretch {
        let over = self.delay_of(next, now) - self.wanted();
        if over <= TOO_DEEP {
            self.deep_since = None;
        }
        let forced = over.abs() > MUCH;
        if !forced && now.since(self.stretched) < PATIENCE {
            return Stretch::None;
        }
        let stretch = if over > TOO_DEEP {
            let since = *self.deep_since.get_or_insert(now);
            let haste = if forced {
                Haste::Forced
            } else if now.since(since) < AWAIT_PAUSE {
                Haste::Pause
            } else {
                Haste::Gentle
            };
            let at_most_us = (over / 1_000).min(i64::from(BLOCK_US)) as u32;
            Stretch::Shorten { at_most_us, haste }
        } else if over < -TOO_SHALLOW {
            Stretch::Lengthen {
                at_most_us: BLOCK_US,
                forced,
            }
        } else {
            return Stretch::None;
        };
        self.stretched = now;
        stretch
    }

    /// Whether playing `timestamp` now would leave too little delay for those behind it. A buffer
    /// that is three quarters full does not wait any longer, and nothing waits longer than the longest
    /// delay: who seems to come earlier has timestamps that mean nothing.
    fn is_too_early(&self, timestamp: i64, now: Instant) -> bool {
        let is_full = self.slots.len() * 4 >= self.config.packets * 3;
        let early = self.wanted() + TOO_SHALLOW - self.delay_of(timestamp, now);
        !is_full && (1..=self.longest() + TOO_SHALLOW).contains(&early)
    }

    /// The target inside its bounds. Unit: ns.
    fn wanted(&self) -> i64 {
        (self.target.target() + self.cover).min(self.longest())
    }

    /// As long as a packet may wait on purpose. Unit: ns.
    fn longest(&self) -> i64 {
        i64::from(self.config.longest_delay_ms) * 1_000_000
    }

    /// The playout delay if `timestamp` is played at `now`. Unit: ns.
    fn delay_of(&self, timestamp: i64, now: Instant) -> i64 {
        let base = self.target.base().unwrap_or(0);
        now.as_nanos() as i64 - self.nanos(timestamp) - base
    }

    /// Ticks as nanoseconds, without overflow for any unwrapped timestamp.
    fn nanos(&self, ticks: i64) -> i64 {
        let rate = i64::from(self.config.clock_rate.0);
        ticks / rate * 1_000_000_000 + ticks % rate * 1_000_000_000 / rate
    }

    /// The length of a gap, but at most a block. Unit: µs.
    fn gap_us(&self, ticks: i64) -> u32 {
        let us = (self.nanos(ticks) / 1_000).clamp(1, i64::from(BLOCK_US));
        us as u32
    }

    /// The newest timestamp that waits, as time after the one played next. Unit: µs.
    pub fn buffered_us(&self) -> u32 {
        let (State::Playing { next, .. } | State::Dry { next, .. }) = self.state else {
            return 0;
        };
        let end = self.slots.last().map_or(next, |s| s.timestamp + self.frame);
        (self.nanos((end - next).max(0)) / 1_000).min(i64::from(u32::MAX)) as u32
    }
}

#[cfg(test)]
mod tests;
