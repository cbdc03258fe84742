//! Sample arithmetic: blocks, mixer, resampler, tones, levels, concealment, time stretch.
//!
//! What it is not: it has no device, no clock and no codec, and nothing here allocates after
//! construction except the generators and measures that tests and the demo use
//! ([`chirp`], [`speech`], [`correlate`], [`measure`]).
//!
//! | file | holds |
//! | --- | --- |
//! | [`block`] | [`Block`], 10 ms of PCM, and its [`Rate`] |
//! | [`mixer`] | [`Mixer`], the sum of many legs, minus one's own voice |
//! | [`resample`] | [`Resampler`], between 8, 16 and 48 kHz |
//! | [`limiter`] | [`Limiter`], a soft limit for sums |
//! | [`gain`] | [`Gain`], louder, softer and mute without clicks |
//! | [`level`] | [`Level`], how loud a block is and whether it clips |
//! | [`tone`] | [`Tone`], DTMF pairs and call-progress tones with their cadence |
//! | [`call_tone`] | [`CallTone`], call tones as people write them, those of countries, and keys |
//! | [`playout`] | [`Playout`], decoded samples on their way to the ear |
//! | [`conceal`] | [`Conceal`], sound invented for what was lost |
//! | [`stretch`] | speech made shorter or longer by whole pitch periods |
//! | [`pitch`] | the lag at which a signal repeats itself best |
//! | [`chirp`], [`speech`] | test signals from a seed |
//! | [`correlate`] | where a known signal is in a recording |
//! | [`measure`] | gaps, clicks and level as the project defines them |

pub mod block;
pub mod call_tone;
pub mod chirp;
pub mod conceal;
pub mod correlate;
pub mod gain;
pub mod level;
pub mod limiter;
pub mod measure;
pub mod mixer;
pub mod pitch;
pub mod playout;
pub mod resample;
pub mod sound_file;
pub mod speech;
pub mod stretch;
pub mod tone;

pub use block::{Block, Rate};
pub use call_tone::CallTone;
pub use conceal::Conceal;
pub use gain::Gain;
pub use level::Level;
pub use limiter::Limiter;
pub use mixer::Mixer;
pub use playout::Playout;
pub use resample::Resampler;
pub use tone::Tone;

/// The nearest sample to `value`, saturating at full scale.
pub(crate) fn to_sample(value: f32) -> i16 {
    // `as` saturates and turns NaN into 0, which is what a sample wants.
    (value + 0.5f32.copysign(value)) as i16
}
