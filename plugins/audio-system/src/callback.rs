//! What runs on the system's sound thread: to and from a ring, nothing else. Thread: \[device\].

use crate::pace::Pace;
use cpal::{FromSample, SizedSample};
use rtrb::{Consumer, Producer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// What the sound thread tells the media thread.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    /// The system says that it lost audio. Unit: times.
    pub(crate) xruns: AtomicU64,
    /// Silence put in for want of audio. Unit: frames of the device.
    pub(crate) underrun: AtomicU64,
    /// Thrown away because nobody took it. Unit: frames of the device.
    pub(crate) overrun: AtomicU64,
    /// The device is gone.
    pub(crate) lost: AtomicBool,
}

/// Microphone to ring.
pub(crate) struct Listen {
    pub(crate) ring: Producer<f32>,
    pub(crate) channels: usize,
    pub(crate) pace: Pace,
    pub(crate) shared: Arc<Shared>,
}

impl Listen {
    /// One period from the device.
    pub(crate) fn take<T: SizedSample>(&mut self, data: &[T])
    where
        f32: FromSample<T>,
    {
        let mut lost = 0;
        for frame in data.chunks_exact(self.channels) {
            let sum: f32 = frame.iter().map(|&s| f32::from_sample_(s)).sum();
            lost += u64::from(self.ring.push(sum / self.channels as f32).is_err());
        }
        if lost > 0 {
            self.shared.overrun.fetch_add(lost, Ordering::Relaxed);
        }
        hold(&mut self.pace, data.len() / self.channels);
    }
}

/// Ring to loudspeaker.
pub(crate) struct Speak {
    pub(crate) ring: Consumer<f32>,
    pub(crate) channels: usize,
    /// How much must be there before it starts, and starts again. Unit: frames.
    pub(crate) target: usize,
    pub(crate) running: bool,
    pub(crate) pace: Pace,
    pub(crate) shared: Arc<Shared>,
}

impl Speak {
    /// One period for the device.
    pub(crate) fn fill<T: SizedSample + FromSample<f32>>(&mut self, data: &mut [T]) {
        let began = self.running;
        self.running |= self.ring.slots() >= self.target;
        let mut missing = 0;
        for frame in data.chunks_exact_mut(self.channels) {
            let sample = match self.running.then(|| self.ring.pop()) {
                Some(Ok(sample)) => sample,
                Some(Err(_)) | None => {
                    missing += u64::from(began);
                    self.running = false;
                    0.0
                }
            };
            frame.fill(T::from_sample_(sample));
        }
        if missing > 0 {
            self.shared.underrun.fetch_add(missing, Ordering::Relaxed);
        }
        hold(&mut self.pace, data.len() / self.channels);
    }
}

/// A device that has no pace of its own is given one; for others this is a look at the clock.
fn hold(pace: &mut Pace, frames: usize) {
    if let Some(wait) = pace.took(frames, Instant::now()) {
        std::thread::sleep(wait);
    }
}
