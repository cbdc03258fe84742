//! Filters: the trait an author implements, and the handle a host uses.

mod handle;
mod shims;

pub use handle::{FilterHandle, FilterInstance};
pub(crate) use shims::FilterFace;

use crate::{Host, Refusal, Status};

/// One step on the microphone's or the loudspeaker's way. PCM is signed 16 bit, one channel.
pub trait Filter: Send + Sized + 'static {
    /// Called once before anything else. Thread: \[control\].
    fn init(_host: Option<Host>) -> Result<(), Refusal> {
        Ok(())
    }

    /// Called when no instance is left. Thread: \[control\].
    fn deinit() {}

    /// Makes a filter. Thread: \[control\].
    fn open(request: &FilterRequest<'_>) -> Result<Self, Refusal>;

    /// Turns 10 ms of `near` into `out`, as long. `far` is what went to the loudspeaker, `delay_samples`
    /// ago at the microphone. When it fails, `near` goes on as it is. Thread: \[media\].
    /// Bound: 0.5 ms for a block, three misses in a row bypass it.
    fn process(
        &mut self,
        near: &[i16],
        far: Option<&[i16]>,
        delay_samples: u32,
        out: &mut [i16],
    ) -> Result<(), Status>;

    /// How much later the sound comes out. Unit: samples. Thread: \[media\].
    fn latency(&self) -> u32 {
        0
    }

    /// Changes one setting of its own. Thread: \[media\].
    fn control(&mut self, _key: u32, _value: i64) -> Result<(), Status> {
        Err(Status::UNSUPPORTED)
    }

    /// Forgets the past. Thread: \[media\].
    fn reset(&mut self) {}
}

/// Where a filter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Between the microphone and the encoder.
    Microphone,
    /// Between the decoder and the loudspeaker.
    Speaker,
}

/// What a filter is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilterRequest<'a> {
    /// Where it stands.
    pub place: Place,
    /// Range: 8000, 16000, 48000. A block holds a hundredth of it.
    pub sample_rate_hz: u32,
    /// JSON object as the manifest's `config` describes it; empty for the defaults.
    pub options: &'a str,
}
