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

/// One key to be pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Press {
    /// Which (RFC 4733 §3.2).
    pub event: u8,
    /// How long it sounds; moved into 40 to 60,000. Unit: ms.
    pub ms: u32,
    /// Of the tone that a gateway is to make. Unit: −dBm0. Range: 0 to 63.
    pub volume: u8,
    /// What the duration field counts; `None`: ticks of the RTP clock, as RFC 4733 §2.3 wants it.
    pub duration_clock: Option<Hertz>,
}

impl Press {
    /// As is usual; `None` for what is on no keypad.
    pub fn key(key: char, ms: u32) -> Option<Self> {
        Some(Self {
            event: event_of(key)?,
            ms,
            volume: VOLUME,
            duration_clock: None,
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Key {
    event: u8,
    volume: u8,
    /// Of the RTP clock.
    ticks: u32,
    /// Of the duration field. Unit: per second.
    unit_hz: u32,
}

impl Key {
    const NONE: Self = Self {
        event: 0,
        volume: 0,
        ticks: 0,
        unit_hz: 1,
    };
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
    Ending { last: ToSend, left: u8 },
    /// Silence before the next key, until so many ticks have passed.
    Pausing { ticks_left: u32 },
}

/// A packet to send in the place of a frame of audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToSend {
    /// First packet of a key.
    pub marker: bool,
    /// When the key began, not when this packet is sent. Unit: ticks.
    pub timestamp: u32,
    /// What to send.
    pub payload: Payload,
    /// How long the key sounds by now, whatever the duration field counts. Unit: ms.
    pub held_ms: u32,
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
            waiting: [Key::NONE; QUEUE],
            count: 0,
            clock_rate_hz: clock_rate.0.max(1_000),
        }
    }

    /// Queues `key` to sound for `ms` as is usual. False if it is no key or the queue is full.
    pub fn dial(&mut self, key: char, ms: u32) -> bool {
        Press::key(key, ms).is_some_and(|press| self.press(press))
    }

    /// Queues a key. False if the queue is full.
    pub fn press(&mut self, press: Press) -> bool {
        if self.count == QUEUE {
            return false;
        }
        self.waiting[self.count] = Key {
            event: press.event,
            volume: press.volume.min(63),
            ticks: self.ticks(press.ms.clamp(SHORTEST_MS, LONGEST_MS)),
            unit_hz: press.duration_clock.map_or(self.clock_rate_hz, |hz| hz.0),
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
        let units = |ticks: u32| self.scaled(ticks, key.unit_hz);
        let end = before + so_far >= key.ticks;
        // A field of 16 bits: longer events go on in a segment that begins where this one ends
        // (RFC 4733 §2.5.1.3), with neither marker nor end bit between.
        let full = units(so_far + ticks) > u32::from(u16::MAX);
        let sent = ToSend {
            marker: is_first,
            timestamp,
            payload: Payload {
                event: key.event,
                end,
                volume: key.volume,
                duration: units(so_far).min(u32::from(u16::MAX)) as u16,
            },
            held_ms: self.scaled(before + so_far, 1_000),
        };
        self.state = if end {
            State::Ending {
                last: ToSend {
                    marker: false,
                    ..sent
                },
                left: ENDS - 1,
            }
        } else if full {
            State::Sounding {
                key,
                timestamp: timestamp.wrapping_add(so_far),
                sounded: 0,
                before: before + so_far,
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
        Some(sent)
    }

    /// Ticks of the RTP clock, counted `per_second`.
    fn scaled(&self, ticks: u32, per_second: u32) -> u32 {
        (u64::from(ticks) * u64::from(per_second) / u64::from(self.clock_rate_hz)) as u32
    }

    fn repeat_end(&mut self) -> Option<ToSend> {
        let State::Ending { last, left } = self.state else {
            return None;
        };
        self.state = if left > 1 {
            let left = left - 1;
            State::Ending { last, left }
        } else {
            State::Pausing {
                ticks_left: self.ticks(PAUSE_MS),
            }
        };
        Some(last)
    }
}
