//! Packets to keys.

use super::Payload;
use crate::sequence::Unwrap;
use base::{Duration, Hertz, Instant};
use serde::{Deserialize, Serialize};

/// Without a packet for so long, a key has ended although its end was lost (RFC 4733 §2.5.2.2).
const LOST_END: Duration = Duration::from_millis(250);

/// What the peer's keypad did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Heard {
    /// A key went down. Told at its first packet, whichever of them that is.
    Pressed {
        /// Which (RFC 4733 §3.2).
        event: u8,
    },
    /// It came up again.
    Released {
        /// Which.
        event: u8,
        /// How long it sounded, as far as heard.
        duration: Duration,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Sounding {
    event: u8,
    /// Ticks of segments before this one.
    before: u32,
    duration: u32,
    heard_last: Instant,
}

/// Turns packets into keys, each once.
///
/// A key is known by its timestamp: whatever carries the timestamp of a key already told, or an
/// older one, is a repeat. So neither loss of all ends nor reordering makes a key count twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventReceiver {
    timestamps: Unwrap,
    /// Of the newest segment told.
    newest: Option<i64>,
    sounding: Option<Sounding>,
    clock_rate_hz: u32,
}

impl EventReceiver {
    /// Nothing heard; ticks run at `clock_rate`.
    pub fn new(clock_rate: Hertz) -> Self {
        Self {
            timestamps: Unwrap::new(),
            newest: None,
            sounding: None,
            clock_rate_hz: clock_rate.0.max(1),
        }
    }

    /// Takes a packet. At most two things are told: the end of one key and the start of another.
    pub fn receive(&mut self, timestamp: u32, payload: &[u8], now: Instant) -> [Option<Heard>; 2] {
        let Some(payload) = Payload::parse(payload) else {
            return [None; 2];
        };
        let at = self.timestamps.extend32(timestamp);
        let ahead = self.newest.map(|newest| at - newest);
        match ahead {
            Some(..0) => return [None; 2],
            Some(0) => return [self.go_on(payload, now), None],
            Some(ahead) if self.continues(ahead, payload) => {
                self.newest = Some(at);
                return [self.go_on(payload, now), None];
            }
            Some(_) | None => {}
        }
        self.newest = Some(at);
        let ended = self.end();
        self.sounding = Some(Sounding {
            event: payload.event,
            before: 0,
            duration: u32::from(payload.duration),
            heard_last: now,
        });
        let pressed = Some(Heard::Pressed {
            event: payload.event,
        });
        if payload.end {
            // All but the end was lost: the release is told by `expire`, or by the next key.
            if let Some(sounding) = &mut self.sounding {
                sounding.heard_last = now - LOST_END;
            }
        }
        match ended {
            Some(ended) => [Some(ended), pressed],
            None if payload.end => [pressed, self.end()],
            None => [pressed, None],
        }
    }

    /// The end of a key whose end was lost, once it is certain.
    pub fn expire(&mut self, now: Instant) -> Option<Heard> {
        let sounding = self.sounding.as_ref()?;
        if now.since(sounding.heard_last) < LOST_END {
            return None;
        }
        self.end()
    }

    /// Whether a segment `ahead` ticks after the newest goes on with the same key: it begins where
    /// a full one ended (RFC 4733 §2.5.1.3).
    fn continues(&mut self, ahead: i64, payload: Payload) -> bool {
        let Some(sounding) = &mut self.sounding else {
            return false;
        };
        let full = i64::from(u16::MAX);
        let is_next = (full - i64::from(self.clock_rate_hz) / 5..=full).contains(&ahead);
        if sounding.event != payload.event || !is_next {
            return false;
        }
        sounding.before += ahead as u32;
        sounding.duration = 0;
        true
    }

    fn go_on(&mut self, payload: Payload, now: Instant) -> Option<Heard> {
        let sounding = self.sounding.as_mut()?;
        if sounding.event != payload.event {
            return None;
        }
        sounding.duration = sounding.duration.max(u32::from(payload.duration));
        sounding.heard_last = now;
        if payload.end { self.end() } else { None }
    }

    fn end(&mut self) -> Option<Heard> {
        let sounding = self.sounding.take()?;
        let ticks = u64::from(sounding.before) + u64::from(sounding.duration);
        Some(Heard::Released {
            event: sounding.event,
            duration: Duration::from_micros(ticks * 1_000_000 / u64::from(self.clock_rate_hz)),
        })
    }
}
