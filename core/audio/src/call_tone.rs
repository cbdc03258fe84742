//! Call tones as people write them: `periodic(sine(2000ms,2500,440Hz,480Hz),silence(4000ms))`.
//!
//! ```text
//! tone      = sine(duration, amplitude, frequency, …) | silence(duration)
//!           | wav("name")                a file, see `sound_file`; whoever plays it finds it first
//!           | compound(tone, tone, …)     parts at the same time, as long as the longest
//!           | periodic(tone, …)           parts one after the other, and again; not within periodic
//! duration  = milliseconds, 1 to 86400000; letters behind it mean nothing: 50ms = 50s = 50
//! amplitude = 1 to 32767 of a sample, or negative: dBm0, where a sine of full scale is +3.14
//! frequency = hertz, below 4000; letters behind it mean nothing
//! ```
//!
//! A tone is read and made ready on control; playing it allocates nothing.

mod keys;
mod player;
mod presets;
mod read;
#[cfg(test)]
mod tests;

pub use player::Player;
pub use presets::{COUNTRIES, Signal, national};

use crate::block::Rate;
use crate::sound_file::Sound;
use core::fmt;
use core::str::FromStr;

/// What may be written, for errors.
pub const ALLOWED: &str =
    "sine(duration, amplitude, freq…), silence(duration), wav(\"file\"), periodic(…), compound(…)";

/// Why a text is no tone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a tone at character {at}: {why}; allowed: {ALLOWED}")]
pub struct NoTone {
    /// What was written, no more than 80 characters of it.
    pub text: String,
    /// Where it goes wrong; the first character is 1.
    pub at: usize,
    /// What is wrong there.
    pub why: &'static str,
}

/// A tone or a part of one.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    Sine {
        ms: u32,
        /// Of each sine, in samples.
        amplitude: f32,
        hertz: Vec<f32>,
    },
    Silence {
        ms: u32,
    },
    /// A file; silence until it is read.
    File {
        name: String,
        sound: Option<Sound>,
    },
    /// At the same time.
    Compound(Vec<Node>),
    /// One after the other, and again.
    Periodic(Vec<Node>),
    /// One after the other.
    Sequence(Vec<Node>),
}

impl Node {
    /// How long it sounds; `None`: until it is stopped. Unit: ms.
    fn ms(&self) -> Option<u64> {
        match self {
            Self::Sine { ms, .. } | Self::Silence { ms } => Some(u64::from(*ms)),
            Self::File { sound, .. } => Some(sound.as_ref().map_or(0, |s| u64::from(s.ms()))),
            Self::Compound(parts) => {
                let all: Option<Vec<u64>> = parts.iter().map(Self::ms).collect();
                all?.into_iter().max()
            }
            Self::Periodic(_) => None,
            Self::Sequence(parts) => parts.iter().map(Self::ms).sum(),
        }
    }
}

impl Node {
    fn find<E>(&mut self, read: &mut impl FnMut(&str) -> Result<Sound, E>) -> Result<(), E> {
        match self {
            Self::Sine { .. } | Self::Silence { .. } => Ok(()),
            Self::File { name, sound } => {
                *sound = Some(read(name)?);
                Ok(())
            }
            Self::Compound(parts) | Self::Periodic(parts) | Self::Sequence(parts) => {
                parts.iter_mut().try_for_each(|part| part.find(read))
            }
        }
    }
}

/// A tone, as written.
#[derive(Debug, Clone, PartialEq)]
pub struct CallTone {
    text: String,
    node: Node,
}

/// No number of a tone is not one.
impl Eq for CallTone {}

impl CallTone {
    /// How long it sounds; `None`: until it is stopped. Unit: ms.
    pub fn ms(&self) -> Option<u64> {
        self.node.ms()
    }

    /// With its files, each read by its name (K-183); without them they are silent.
    pub fn with_files<E>(
        mut self,
        mut read: impl FnMut(&str) -> Result<Sound, E>,
    ) -> Result<Self, E> {
        self.node.find(&mut read)?;
        Ok(self)
    }

    /// The same again and again, with a pause, where it is over by itself. Unit of the pause: ms.
    #[must_use]
    pub fn again(self, pause_ms: u32) -> Self {
        if self.ms().is_none() {
            return self;
        }
        let Self { text, node } = self;
        let node = Node::Periodic(vec![node, Node::Silence { ms: pause_ms }]);
        Self { text, node }
    }

    /// Gets it ready to be played at `rate`. Allocates here and never again.
    pub fn player(&self, rate: Rate) -> Player {
        Player::new(&self.node, rate)
    }
}

/// The tones that tell how calls stand; `None`: silence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallTones {
    /// We call, and nobody rings yet (K-189).
    pub trying: Option<CallTone>,
    /// The far end rings (K-190).
    pub ringing: Option<CallTone>,
    /// The far end hung up (K-191).
    pub end_call: Option<CallTone>,
    /// The far end is busy, or refused (K-192).
    pub busy: Option<CallTone>,
    /// The call got nowhere.
    pub failed: Option<CallTone>,
    /// Somebody calls while another call is up (K-193).
    pub waiting: Option<CallTone>,
    /// Somebody calls, and the phone rings (M-139).
    pub ringtone: Option<CallTone>,
    /// Somebody wrote (M-131).
    pub message: Option<CallTone>,
}

impl FromStr for CallTone {
    type Err = NoTone;

    fn from_str(text: &str) -> Result<Self, NoTone> {
        let node = read::tone(text)?;
        let text = text.trim().to_owned();
        Ok(Self { text, node })
    }
}

impl fmt::Display for CallTone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
