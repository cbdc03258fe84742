//! Not faster than real time: some devices (ALSA's `null`) call back as fast as the processor can.

use std::time::{Duration, Instant};

/// How far a device may run ahead before it is held back; real ones fill their buffers at the start.
const AHEAD: Duration = Duration::from_millis(500);
/// A device that was silent this long starts anew.
const BEHIND: Duration = Duration::from_secs(1);

/// Counts what a device took and compares it with the clock.
#[derive(Debug)]
pub(crate) struct Pace {
    rate_hz: u32,
    start: Option<Instant>,
    frames: u64,
}

impl Pace {
    pub(crate) fn new(rate_hz: u32) -> Self {
        Self {
            rate_hz,
            start: None,
            frames: 0,
        }
    }

    /// `frames` were taken at `now`. How long to wait before more, if the device runs ahead.
    pub(crate) fn took(&mut self, frames: usize, now: Instant) -> Option<Duration> {
        let start = *self.start.get_or_insert(now);
        self.frames += frames as u64;
        let taken =
            Duration::from_nanos(self.frames * 1_000_000_000 / u64::from(self.rate_hz.max(1)));
        let passed = now.saturating_duration_since(start);
        if passed > taken + BEHIND {
            self.start = Some(now);
            self.frames = 0;
        }
        // Back to half of what is allowed, so that it happens a few times a second and not all the time.
        (taken > passed + AHEAD).then(|| taken - passed - AHEAD / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_without_a_pace_is_held_to_real_time() {
        let start = Instant::now();
        let mut now = start;
        let mut pace = Pace::new(48000);
        let mut frames = 0;
        while now < start + Duration::from_secs(10) {
            frames += 512;
            // Each callback takes a microsecond of its own.
            now += Duration::from_micros(1) + pace.took(512, now).unwrap_or_default();
        }
        assert!((480_000..520_000).contains(&frames), "{frames}");
    }

    #[test]
    fn a_real_device_is_never_held_back_even_after_a_pause() {
        let mut now = Instant::now();
        let mut pace = Pace::new(48000);
        for n in 0..10_000 {
            assert_eq!(pace.took(480, now), None);
            now += Duration::from_millis(if n == 5000 { 60_000 } else { 10 });
        }
    }
}
