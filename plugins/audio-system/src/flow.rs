//! What runs on the media thread: rings and the conversion between two clocks. Wait-free.

use crate::convert::Converter;
use plugin::AudioCounters;
use rtrb::{Consumer, Producer};

/// The media thread's end of a ring to or from a device.
#[derive(Debug)]
pub(crate) struct End<R> {
    pub(crate) ring: R,
    /// The device's rate.
    pub(crate) device_hz: u32,
    /// What the device moves at once. Unit: frames.
    pub(crate) period: usize,
}

/// After the media thread stood still it fetches two blocks where it fetched one, until it has caught up;
/// what is in the ring for longer than that is too late to be heard. Unit: blocks.
const PATIENCE: u32 = 60;

/// The most that the media thread makes up for, and a little. Unit: ms.
const MADE_UP_MS: usize = 300;

/// How full a ring should be: a period, and 10 ms for the media thread. Unit: frames.
pub(crate) fn target(device_hz: u32, period: usize) -> usize {
    period + device_hz as usize / 100
}

/// Follows how full a ring is and says how to steer.
#[derive(Debug)]
struct Level {
    target: f64,
    smooth: f64,
}

impl Level {
    fn new(target: usize) -> Self {
        Self {
            target: target as f64,
            smooth: target as f64,
        }
    }

    /// Above 0 when there is too much. Range: about −1 to 1.
    fn follow(&mut self, filled: usize) -> f64 {
        // Blocks come every 10 ms: this settles within two seconds and does not hear single periods.
        self.smooth += (filled as f64 - self.smooth) / 64.0;
        (self.smooth - self.target) / self.target
    }
}

/// From the device to the phone.
#[derive(Debug)]
pub(crate) struct Microphone {
    end: End<Consumer<f32>>,
    converter: Converter,
    level: Level,
    target: usize,
    rate_hz: u32,
    running: bool,
    /// Blocks fetched since there is much more than wanted.
    deep_for: u32,
    captured: u64,
    underrun: u64,
    overrun: u64,
}

impl Microphone {
    pub(crate) fn new(end: End<Consumer<f32>>, rate_hz: u32) -> Self {
        let target = target(end.device_hz, end.period);
        Self {
            converter: Converter::new(end.device_hz, rate_hz),
            level: Level::new(target),
            target,
            end,
            rate_hz,
            running: false,
            deep_for: 0,
            captured: 0,
            underrun: 0,
            overrun: 0,
        }
    }

    /// Fills `pcm` as far as there is audio; returns how far.
    pub(crate) fn fetch(&mut self, pcm: &mut [i16]) -> usize {
        let filled = self.end.ring.slots();
        if !self.running {
            if filled < self.target {
                return 0;
            }
            self.running = true;
            self.level.smooth = self.level.target;
        }
        self.deep_for = if filled > 4 * self.target {
            self.deep_for + 1
        } else {
            0
        };
        let made_up = self.end.device_hz as usize * MADE_UP_MS / 1_000;
        if self.deep_for > PATIENCE || filled > self.target + made_up {
            self.skip(filled - self.target);
        }
        // What is there because the media thread stood still says nothing about the two clocks.
        let how = self
            .level
            .follow(self.end.ring.slots().min(4 * self.target));
        self.converter.steer(how);
        for (n, place) in pcm.iter_mut().enumerate() {
            let sample = loop {
                match (self.converter.next(), self.end.ring.is_empty()) {
                    (Some(sample), _) => break sample,
                    (None, false) => self.converter.push(self.end.ring.pop().unwrap_or(0.0)),
                    (None, true) => {
                        self.running = false;
                        self.captured += n as u64;
                        self.underrun += (pcm.len() - n) as u64;
                        return n;
                    }
                }
            };
            *place = (sample * 32768.0).round() as i16;
        }
        self.captured += pcm.len() as u64;
        pcm.len()
    }

    /// Too late to be heard: the media thread has slept, and does not catch up.
    fn skip(&mut self, frames: usize) {
        if let Ok(chunk) = self.end.ring.read_chunk(frames) {
            chunk.commit_all();
        }
        self.overrun += frames as u64 * u64::from(self.rate_hz) / u64::from(self.end.device_hz);
        self.level.smooth = self.level.target;
        self.deep_for = 0;
    }

    pub(crate) fn latency_ns(&self) -> u64 {
        let frames = self.end.ring.slots() + self.converter.delay() + self.end.period;
        frames as u64 * 1_000_000_000 / u64::from(self.end.device_hz)
    }

    pub(crate) fn count(&self, counters: &mut AudioCounters) {
        counters.captured += self.captured;
        counters.underrun += self.underrun;
        counters.overrun += self.overrun;
    }
}

/// From the phone to the device.
#[derive(Debug)]
pub(crate) struct Loudspeaker {
    end: End<Producer<f32>>,
    converter: Converter,
    level: Level,
    rate_hz: u32,
    played: u64,
    overrun: u64,
}

impl Loudspeaker {
    pub(crate) fn new(end: End<Producer<f32>>, rate_hz: u32) -> Self {
        Self {
            converter: Converter::new(rate_hz, end.device_hz),
            level: Level::new(target(end.device_hz, end.period)),
            end,
            rate_hz,
            played: 0,
            overrun: 0,
        }
    }

    /// Takes all of `pcm`; what the ring has no room for is dropped and counted.
    pub(crate) fn put(&mut self, pcm: &[i16]) {
        self.played += pcm.len() as u64;
        let how = self.level.follow(self.filled());
        // Too much in the ring: the device is slow, so each input sample makes less output.
        self.converter.steer(how);
        let mut lost = 0;
        for &sample in pcm {
            self.converter.push(f32::from(sample) / 32768.0);
            while let Some(sample) = self.converter.next() {
                lost += u64::from(self.end.ring.push(sample).is_err());
            }
        }
        self.overrun += lost * u64::from(self.rate_hz) / u64::from(self.end.device_hz);
    }

    fn filled(&self) -> usize {
        self.end.ring.buffer().capacity() - self.end.ring.slots()
    }

    pub(crate) fn latency_ns(&self) -> u64 {
        let waiting = (self.filled() + self.end.period) as u64 * 1_000_000_000;
        let inside = self.converter.delay() as u64 * 1_000_000_000;
        waiting / u64::from(self.end.device_hz) + inside / u64::from(self.rate_hz)
    }

    pub(crate) fn count(&self, counters: &mut AudioCounters) {
        counters.played += self.played;
        counters.overrun += self.overrun;
    }
}
