//! Scripted devices: unplugged, hanging, drifting and stumbling at times that a test sets.
//!
//! Everything follows from the request and from the `now_ns` of each call, so that two runs in virtual
//! time are alike to the sample. What it is not: a way to play a file to a caller (`audio-file`).
//!
//! | file | holds |
//! | --- | --- |
//! | [`script`] | what can be asked for |
//! | `source` | what the microphone hears |

pub mod script;
mod source;

use plugin::{Audio, AudioCounters, Captured, Refusal, Status};
use script::{Due, Turn};
use source::Sound;

/// What a device keeps for a host that does not come. Unit: ms.
const RING_MS: u64 = 100;
/// Nanoseconds of a second, and parts of a million, as one divisor.
const NS_TIMES_MILLION: u128 = 1_000_000_000 * 1_000_000;

/// The device.
#[derive(Debug)]
pub struct Scripted {
    rate_hz: u32,
    due: Vec<Due>,
    next: usize,
    plugged: bool,
    /// It was gone while it was open: only a new one works.
    lost: bool,
    hangs_until_ns: u64,
    ppm: i32,
    sound: Sound,
    clock: Option<Clock>,
    /// Recorded and not fetched. Unit: samples.
    ready: u64,
    counters: AudioCounters,
}

/// How far the device's own clock is.
#[derive(Debug, Clone, Copy)]
struct Clock {
    at_ns: u64,
    /// Parts of the next sample. Unit: samples / [`NS_TIMES_MILLION`].
    rest: u128,
}

impl Scripted {
    /// Carries out what is due at `now_ns`.
    fn turn(&mut self, now_ns: u64) {
        while let Some(due) = self.due.get(self.next).filter(|due| due.at_ns <= now_ns) {
            let at_ns = due.at_ns;
            // Steps from before it was opened count for what is now, not for what was.
            let was_open = self.clock.is_some_and(|clock| clock.at_ns < at_ns);
            self.record(at_ns);
            match &mut self.due[self.next].turn {
                Turn::Plug => self.plugged = true,
                Turn::Unplug => {
                    self.plugged = false;
                    self.lost |= was_open;
                }
                Turn::Lose => self.lost |= was_open,
                Turn::Drift(ppm) => self.ppm = *ppm,
                Turn::HangUntil(until) => self.hangs_until_ns = *until,
                Turn::Hear(sound) => self.sound = core::mem::replace(sound, Sound::Silence),
                Turn::Xrun { samples } => {
                    let samples = *samples;
                    self.sound.skip(samples);
                    if was_open {
                        self.counters.xruns += 1;
                        self.counters.overrun += samples;
                    }
                }
            }
            self.next += 1;
        }
        self.record(now_ns);
    }

    /// The device records until `at_ns`.
    fn record(&mut self, at_ns: u64) {
        let Some(clock) = &mut self.clock else {
            return;
        };
        let passed = u128::from(at_ns.saturating_sub(clock.at_ns));
        let speed = u128::from(self.rate_hz) * u128::from((1_000_000 + self.ppm).unsigned_abs());
        let parts = passed * speed + clock.rest;
        clock.rest = parts % NS_TIMES_MILLION;
        clock.at_ns = clock.at_ns.max(at_ns);
        self.ready += u64::try_from(parts / NS_TIMES_MILLION).unwrap_or(u64::MAX);
        let room = RING_MS * u64::from(self.rate_hz) / 1_000;
        if self.ready > room {
            let over = self.ready - room;
            self.sound.skip(over);
            self.counters.overrun += over;
            self.ready = room;
        }
    }

    fn is_lost(&mut self) -> bool {
        self.lost |= !self.plugged;
        self.lost
    }
}

impl Audio for Scripted {
    fn enumerate() -> Result<String, Refusal> {
        let device =
            r#"[{"id":"script","name":"Scripted","capture":true,"playback":true,"default":true}]"#;
        Ok(device.into())
    }

    fn open(request: &str) -> Result<Self, Refusal> {
        let (request, due) = script::read(request)?;
        Ok(Self {
            rate_hz: request.rate_hz,
            due,
            next: 0,
            plugged: true,
            lost: false,
            hangs_until_ns: 0,
            ppm: 0,
            sound: Sound::Silence,
            clock: None,
            ready: 0,
            counters: AudioCounters::default(),
        })
    }

    fn capture(&mut self, pcm: &mut [i16], now_ns: u64) -> Result<Captured, Status> {
        let wanted = pcm.len() as u64;
        self.turn(now_ns);
        if self.clock.is_none() {
            // It was opened a block ago, so that the first one is there.
            self.clock = Some(Clock {
                at_ns: now_ns,
                rest: 0,
            });
            self.ready = wanted;
        }
        if self.is_lost() {
            return Err(Status::LOST);
        }
        let ready = match now_ns < self.hangs_until_ns {
            true => 0,
            false => self.ready.min(wanted),
        };
        let samples = ready as usize;
        self.sound.fill(&mut pcm[..samples]);
        self.ready -= ready;
        self.counters.captured += ready;
        self.counters.underrun += wanted - ready;
        Ok(Captured {
            samples,
            ended: false,
        })
    }

    fn playback(&mut self, pcm: &[i16], now_ns: u64) -> Result<(), Status> {
        self.turn(now_ns);
        if self.is_lost() {
            return Err(Status::LOST);
        }
        match now_ns < self.hangs_until_ns {
            true => self.counters.overrun += pcm.len() as u64,
            false => self.counters.played += pcm.len() as u64,
        }
        Ok(())
    }

    fn counters(&self) -> AudioCounters {
        self.counters
    }
}

plugin::export_audio!(Scripted, id = "audio-script", name = "Scripted devices");

#[cfg(test)]
mod tests;
