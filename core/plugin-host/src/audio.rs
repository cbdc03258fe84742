//! An audio plugin in the catalogue, and devices of it behind their fence.

use crate::away::media::AwayAudio;
use crate::away::process::When;
use crate::away::words::{Answer, Ask, Media};
use crate::budget::{Tally, Way};
use crate::fence::{Fence, Trouble, length};
use crate::ready::{Table, nonsense};
use crate::started::Plugin;
use crate::{AudioCounters, AudioLatency, Captured, Error, Ready};
use base::{Hertz, Instant};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which way audio flows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
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

/// What to open. The plugin's README says what `options` it knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioRequest {
    /// Rate of the PCM that is exchanged. Range: 8000, 16000, 48000.
    #[serde(rename = "rate_hz")]
    pub rate: Hertz,
    /// Which way audio flows.
    #[serde(default)]
    pub direction: Direction,
    /// Id of a device from [`AudioHandle::enumerate`]; the plugin's default without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// What only this plugin knows.
    #[serde(flatten)]
    pub options: serde_json::Map<String, serde_json::Value>,
}

impl AudioRequest {
    /// Both ways at `rate`, the default device, no options.
    pub fn new(rate: Hertz) -> Self {
        Self {
            rate,
            direction: Direction::Both,
            device: None,
            options: serde_json::Map::new(),
        }
    }

    /// With one more option.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<serde_json::Value>) -> Self {
        self.options.insert(key.to_owned(), value.into());
        self
    }
}

/// An audio plugin.
pub type AudioHandle = Ready<plugin::AudioHandle>;

impl AudioHandle {
    /// The devices there are now: a JSON array of `{"id", "name", "capture", "playback", "default"}`.
    /// Thread: \[control\].
    pub fn enumerate(&self) -> Result<String, Error> {
        let said = match &self.table {
            Table::Here(table) => table.enumerate(),
            Table::Away(process) => match process.ask(&Ask::Devices) {
                Ok(Answer::Text(said)) => Ok(said),
                Ok(_) => Err(nonsense()),
                Err(refusal) => Err(refusal),
            },
        };
        said.map_err(|refusal| self.refused(refusal))
    }

    /// Opens a device. One of another process is waited for, up to 750 ms. Thread: \[control\].
    pub fn open(&self, request: &AudioRequest) -> Result<AudioInstance, Error> {
        self.made(request, When::Now)
    }

    /// The same without waiting: one of another process is silent until it is open, and if that fails it is lost.
    /// Bound: 5.75 s. Thread: \[control\].
    pub fn open_soon(&self, request: &AudioRequest) -> Result<AudioInstance, Error> {
        self.made(request, When::Soon)
    }

    fn made(&self, request: &AudioRequest, when: When) -> Result<AudioInstance, Error> {
        let json = serde_json::to_string(request).expect("plain values always become JSON");
        self.plugin.before_use()?;
        let fence = self.plugin.fence(self.table.timing(self.clock));
        let opened = match &self.table {
            Table::Here(table) => table.open(&json).map(Inner::Here),
            Table::Away(process) => process
                .open(Media::Audio { request: json }, fence.meter(), when)
                .map(|caller| Inner::Away(AwayAudio::new(caller))),
        };
        let inner = opened.map_err(|refusal| self.refused(refusal))?;
        Ok(AudioInstance {
            inner,
            fence,
            rate: request.rate,
            plugin: Arc::clone(&self.plugin),
        })
    }
}

/// Where the device is.
#[derive(Debug)]
enum Inner {
    Here(plugin::AudioInstance),
    Away(AwayAudio),
}

/// An open device. Move it to the media thread, and back to control to drop it.
///
/// No call allocates, locks or logs on this side of the boundary.
#[derive(Debug)]
pub struct AudioInstance {
    // Before the plugin: what was opened is closed before its plugin stops.
    inner: Inner,
    fence: Fence,
    rate: Hertz,
    plugin: Arc<Plugin>,
}

impl AudioInstance {
    /// The plugin's id.
    pub fn plugin(&self) -> &str {
        &self.plugin.about.id
    }

    /// Rate of the PCM.
    pub fn rate(&self) -> Hertz {
        self.rate
    }

    /// Its fence, to reopen it.
    pub fn fence(&mut self) -> &mut Fence {
        &mut self.fence
    }

    /// What happened so far at the fence.
    pub fn tally(&self) -> Tally {
        self.fence.tally()
    }

    /// Fetches audio from the microphone. What the source did not have, and all of it after trouble, is
    /// silence. Thread: \[media\].
    #[inline]
    pub fn capture(&mut self, pcm: &mut [i16], now: Instant) -> Result<Captured, Trouble> {
        let (samples, rate) = (pcm.len(), self.rate.0);
        let result = self.fence.call_way(
            Way::Out,
            || length(samples, rate, 1),
            || match &mut self.inner {
                Inner::Here(device) => device.capture(pcm, now.as_nanos()),
                Inner::Away(device) => device.capture(pcm, now.as_nanos()),
            },
        );
        if result.is_err() {
            pcm.fill(0);
        }
        result
    }

    /// Takes audio for the loudspeaker. Thread: \[media\].
    #[inline]
    pub fn playback(&mut self, pcm: &[i16], now: Instant) -> Result<(), Trouble> {
        let (samples, rate) = (pcm.len(), self.rate.0);
        self.fence.call(
            || length(samples, rate, 1),
            || match &mut self.inner {
                Inner::Here(device) => device.playback(pcm, now.as_nanos()),
                Inner::Away(device) => device.playback(pcm, now.as_nanos()),
            },
        )
    }

    /// How far the audio is from the air. Thread: \[media\].
    pub fn latency(&mut self) -> Result<AudioLatency, Trouble> {
        self.fence.call(
            || BLOCK,
            || match &mut self.inner {
                Inner::Here(device) => device.latency(),
                Inner::Away(device) => device.latency(),
            },
        )
    }

    /// What happened at the device since it was opened. Thread: \[media\].
    pub fn counters(&mut self) -> Result<AudioCounters, Trouble> {
        self.fence.call(
            || BLOCK,
            || match &mut self.inner {
                Inner::Here(device) => device.counters(),
                Inner::Away(device) => device.counters(),
            },
        )
    }
}

/// What questions without audio are measured by.
const BLOCK: base::Duration = base::Duration::from_millis(10);
