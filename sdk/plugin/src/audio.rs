//! Audio devices: the trait an author implements, and the handle a host uses.

mod handle;
mod shims;

pub use handle::{AudioHandle, AudioInstance};
pub(crate) use shims::AudioFace;

use crate::{AudioCounters, AudioLatency, Host, Refusal, Status};

/// An open microphone, loudspeaker or both.
///
/// PCM is signed 16 bit, one channel, at the rate the request names. The media thread calls once a
/// block and never waits; a device with a pace of its own keeps rings in between.
pub trait Audio: Send + Sized + 'static {
    /// Called once before anything else. Thread: \[control\].
    fn init(_host: Option<Host>) -> Result<(), Refusal> {
        Ok(())
    }

    /// Called when no instance is left. Thread: \[control\].
    fn deinit() {}

    /// The devices there are now: a JSON array of `{"id", "name", "capture", "playback", "default"}`.
    /// Thread: \[control\].
    fn enumerate() -> Result<String, Refusal>;

    /// Opens a device as a JSON request says. Thread: \[control\].
    fn open(request: &str) -> Result<Self, Refusal>;

    /// Fetches audio from the microphone into `pcm`, which is silence before; returns how many
    /// samples the source had. `now_ns` counts from the engine's start. Wait-free. Thread: \[media\].
    fn capture(&mut self, pcm: &mut [i16], now_ns: u64) -> Result<Captured, Status>;

    /// Takes audio for the loudspeaker; what has no room is dropped and counted. Wait-free.
    /// Thread: \[media\].
    fn playback(&mut self, pcm: &[i16], now_ns: u64) -> Result<(), Status>;

    /// How far the audio is from the air. Wait-free. Thread: \[media\].
    fn latency(&self) -> AudioLatency {
        AudioLatency::default()
    }

    /// What happened since `open`. Wait-free. Thread: \[media\].
    fn counters(&self) -> AudioCounters;
}

/// What [`Audio::capture`] fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Captured {
    /// What the source had; the rest of the buffer is silence. Unit: samples.
    pub samples: usize,
    /// No more will come.
    pub ended: bool,
}
