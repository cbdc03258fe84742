//! What can be asked for.

use plugin::{Refusal, Status};
use serde::Deserialize;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Rate of the PCM that is exchanged; the device keeps its own. Range: 8000, 16000, 48000.
    pub rate_hz: u32,
    /// Which way audio flows.
    #[serde(default)]
    pub direction: Direction,
    /// Id of a device from the list, for both ways; the system's default without.
    #[serde(default)]
    pub device: Option<String>,
    /// Id of the microphone, where it is not `device`.
    #[serde(default)]
    pub microphone: Option<String>,
    /// Id of the loudspeaker, where it is not `device`.
    #[serde(default)]
    pub loudspeaker: Option<String>,
    /// Wanted period of the device. Unit: frames. Range: powers of two from 64 to 4,096. Anything else
    /// makes some sound servers lose audio all the time.
    #[serde(default = "period")]
    pub period: u32,
}

/// Which way audio flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Microphone only.
    Capture,
    /// Loudspeaker only.
    Playback,
    /// Both.
    #[default]
    Both,
}

fn period() -> u32 {
    512
}

impl Request {
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        let bad = |reason: String| Err(Refusal::new(Status::BAD_ARGUMENT, reason));
        if !matches!(self.rate_hz, 8000 | 16000 | 48000) {
            return bad(format!(
                "rate_hz {}: use 8000, 16000 or 48000",
                self.rate_hz
            ));
        }
        if !self.period.is_power_of_two() || !(64..=4096).contains(&self.period) {
            return bad(format!(
                "period {}: a power of two from 64 to 4096",
                self.period
            ));
        }
        Ok(())
    }

    /// The microphone's id, if one is wanted by name; `None` where there is to be none.
    pub(crate) fn microphone(&self) -> Option<Option<&str>> {
        let named = self.microphone.as_deref().or(self.device.as_deref());
        (self.direction != Direction::Playback).then_some(named)
    }

    /// The same of the loudspeaker.
    pub(crate) fn loudspeaker(&self) -> Option<Option<&str>> {
        let named = self.loudspeaker.as_deref().or(self.device.as_deref());
        (self.direction != Direction::Capture).then_some(named)
    }
}
