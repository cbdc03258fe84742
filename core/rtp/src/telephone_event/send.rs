//! Keys to packets.

use super::{Payload, event_of};
use base::Hertz;
use serde::{Deserialize, Serialize};

/// Keys that may wait. More are refused: nobody types this far ahead.
const QUEUE: usize = 32;
/// Shortest sound that every receiver must recognise (ITU-T Q.24). Unit: ms.
const SHORTEST_MS: u32 = 40;
/// Longest sound of one key. Unit: ms.
const LONGEST_MS: u32 = 60_000;
/// Silence between two keys, counted from the end. Unit: ms.
const PAUSE_MS: u32 = 60;
/// The last packet is sent so often in all (RFC 4733 §2.5.1.4).
const ENDS: u8 = 3;
/// The tone a gateway is to make. Unit: −dBm0.
const VOLUME: u8 = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Key {
    event: u8,
    ticks: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    /// Nothing to send.
    Idle,
    /// The key sounds.
    Sounding {
        key: Key,
        /// Of the segment: constant for all its packets.
        timestamp: u32,
        /// Ticks since the segment's timestamp, as of the packet sent last.
        sounded: u32,
        /// Ticks of the key that earlier segments covered.
        before: u32,
        /// No packet of this key has been sent.
        is_first: bool,
    },
    /// The last packet is being repeated.
    Ending {
        event: u8,
        timestamp: u32,
        duration: u16,
        left: u8,
    },
    /// Silence before the next key, until so many ticks have passed.
    Pausing { ticks_left: u32 },
}

/// A packet to send in the place of a frame of audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToSend {
    /// First packet of a key.
    pub marker: bool,
    /// When the key began, not when this packet is sent. Unit: ticks.
    pub timestamp: u32,
    /// What to send.
    pub payload: Payload,
}

/// Turns keys into packets. Asked once per packet time. Bound: 32 keys wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSender {
    state: State,
    waiting: [Key; QUEUE],
    count: usize,
    clock_rate_hz: u32,
}

impl EventSender {
    /// Nothing to send; ticks run at `clock_rate`, the audio's (RFC 4733 §2.1).
    pub fn new(clock_rate: Hertz) -> Self {
        Self {
            state: State::Idle,
            waiting: [Key { event: 0, ticks: 0 }; QUEUE],
            count: 0,
            clock_rate_hz: clock_rate.0.max(1_000),
        }
    }

    /// Queues `key` to sound for `ms` (moved into 40 to 60,000). False if it is no key or the
    /// queue is full.
    pub fn dial(&mut self, key: char, ms: u32) -> bool {
        let Some(event) = event_of(key) else {
            return false;
        };
        if self.count == QUEUE {
            return false;
        }
        self.waiting[self.count] = Key {
            event,
            ticks: self.ticks(ms.clamp(SHORTEST_MS, LONGEST_MS)),
        };
        self.count += 1;
        true
    }

    /// Whether nothing sounds, ends or waits.
    pub const fn is_idle(&self) -> bool {
        matches!(self.state, State::Idle) && self.count == 0
    }

    /// Forgets the keys that wait; the one that sounds ends at its next packet.
    pub fn stop(&mut self) {
        self.count = 0;
        if let State::Sounding { key, .. } = &mut self.state {
            key.ticks = 0;
        }
    }

    /// The packet for the frame that begins at `timestamp` and lasts `ticks`; `None` for audio.
    pub fn next(&mut self, timestamp: u32, ticks: u32) -> Option<ToSend> {
        match self.state {
            State::Idle => self.begin(timestamp, ticks),
            State::Pausing { ticks_left } if ticks_left > ticks => {
                let ticks_left = ticks_left - ticks;
                self.state = State::Pausing { ticks_left };
                None
            }
            State::Pausing { .. } => self.begin(timestamp, ticks),
            State::Sounding { .. } => self.sound(ticks),
            State::Ending { .. } => self.repeat_end(),
        }
    }

    fn ticks(&self, ms: u32) -> u32 {
        (u64::from(ms) * u64::from(self.clock_rate_hz) / 1_000) as u32
    }

    fn begin(&mut self, timestamp: u32, ticks: u32) -> Option<ToSend> {
        if self.count == 0 {
            self.state = State::Idle;
            return None;
        }
        let key = self.waiting[0];
        self.waiting.copy_within(1..self.count, 0);
        self.count -= 1;
        self.state = State::Sounding {
            key,
            timestamp,
            sounded: 0,
            before: 0,
            is_first: true,
        };
        self.sound(ticks)
    }

    /// One packet of a sounding key; the last of a full segment starts the next segment.
    fn sound(&mut self, ticks: u32) -> Option<ToSend> {
        let State::Sounding {
            key,
            timestamp,
            sounded,
            before,
            is_first,
        } = self.state
        else {
            return None;
        };
        let so_far = sounded + ticks;
        let end = before + so_far >= key.ticks;
        // A field of 16 bits: longer events go on in a segment that begins where this one ends
        // (RFC 4733 §2.5.1.3), with neither marker nor end bit between.
        let full = so_far + ticks > u32::from(u16::MAX);
        let duration = so_far.min(u32::from(u16::MAX)) as u16;
        self.state = if end {
            State::Ending {
                event: key.event,
                timestamp,
                duration,
                left: ENDS - 1,
            }
        } else if full {
            State::Sounding {
                key,
                timestamp: timestamp.wrapping_add(u32::from(duration)),
                sounded: 0,
                before: before + u32::from(duration),
                is_first: false,
            }
        } else {
            State::Sounding {
                key,
                timestamp,
                sounded: so_far,
                before,
                is_first: false,
            }
        };
        Some(ToSend {
            marker: is_first,
            timestamp,
            payload: Payload {
                event: key.event,
                end,
                volume: VOLUME,
                duration,
            },
        })
    }

    fn repeat_end(&mut self) -> Option<ToSend> {
        let State::Ending {
            event,
            timestamp,
            duration,
            left,
        } = self.state
        else {
            return None;
        };
        self.state = if left > 1 {
            State::Ending {
                event,
                timestamp,
                duration,
                left: left - 1,
            }
        } else {
            State::Pausing {
                ticks_left: self.ticks(PAUSE_MS),
            }
        };
        Some(ToSend {
            marker: false,
            timestamp,
            payload: Payload {
                event,
                end: true,
                volume: VOLUME,
                duration,
            },
        })
    }
}
