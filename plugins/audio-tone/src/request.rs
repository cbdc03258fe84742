//! What can be asked for.

use serde::Deserialize;

/// A request. Exactly one of `digits`, `tone` and `chirp_seed`; without any it is silent.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Rate of the PCM. Range: 8000, 16000, 48000.
    pub rate_hz: u32,
    /// Taken and not looked at: a loudspeaker that drops everything is always there.
    #[serde(default)]
    pub direction: Option<String>,
    /// Only `tone`.
    #[serde(default)]
    pub device: Option<String>,
    /// Keypad digits, one after the other. Range: 1 to 64 of `0`–`9`, `*`, `#`, `A`–`D`.
    #[serde(default)]
    pub digits: Option<String>,
    /// A tone.
    #[serde(default)]
    pub tone: Option<Sound>,
    /// Sweeps whose course is drawn from this seed.
    #[serde(default)]
    pub chirp_seed: Option<u64>,
    /// Length of the chirp. Unit: ms. Range: 100 to 60,000.
    #[serde(default = "chirp_ms")]
    pub chirp_ms: u32,
    /// How long each digit, and a plain tone, sounds. Unit: ms. A plain tone without it never stops.
    #[serde(default)]
    pub on_ms: Option<u32>,
    /// How long it is silent after each digit or tone. Unit: ms.
    #[serde(default)]
    pub off_ms: Option<u32>,
    /// Silence before the first sound. Unit: ms. Range: 0 to 600,000.
    #[serde(default)]
    pub wait_ms: u32,
    /// Whether it starts again when it is over.
    #[serde(default)]
    pub repeat: bool,
}

/// A tone by name, or by frequency.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum Sound {
    /// `ringback-eu`, `ringback-us`, `ringback-uk`, `busy-eu`, `busy-us`.
    Named(String),
    /// One or two frequencies.
    Plain {
        /// Unit: Hz. Range: 50 to 3,800.
        hertz: Vec<f32>,
        /// Of each. Unit: dBov. Range: −60 to −3.
        #[serde(default = "level")]
        level_dbov: f32,
    },
}

fn chirp_ms() -> u32 {
    2000
}

fn level() -> f32 {
    -19.0
}
