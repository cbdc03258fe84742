//! The system's sound devices, through cpal.
//!
//! What it is not: a fallback. Without a sound card opening fails in words, and `audio-null` is what a
//! phone then uses.
//!
//! The sound callback touches nothing but a ring; the media thread takes from it and converts between
//! the device's rate and its own, following the device's clock. A device that has no pace (ALSA's
//! `null`) is held back to real time.
//!
//! | file | holds |
//! | --- | --- |
//! | [`request`] | what can be asked for |
//! | `open` | device, configuration and streams, on a thread of their own |
//! | `callback` | what runs on the system's sound thread |
//! | `flow` | what runs on the media thread |
//! | `convert` | between two clocks |
//! | `pace` | not faster than real time |

mod callback;
mod convert;
mod flow;
mod open;
mod pace;
pub mod request;

use flow::{Loudspeaker, Microphone};
use open::Streams;
use plugin::{Audio, AudioCounters, AudioLatency, Captured, Refusal, Status};
use request::Request;

/// An open device.
#[derive(Debug)]
pub struct System {
    microphone: Option<Microphone>,
    loudspeaker: Option<Loudspeaker>,
    // Last, so that the callbacks lose their rings before their thread is waited for.
    streams: Streams,
}

impl Audio for System {
    fn enumerate() -> Result<String, Refusal> {
        open::enumerate()
    }

    fn open(request: &str) -> Result<Self, Refusal> {
        let request: Request = serde_json::from_str(request)
            .map_err(|e| Refusal::new(Status::BAD_ARGUMENT, format!("request: {e}")))?;
        request.check()?;
        let (streams, ends) = Streams::open(&request)?;
        Ok(Self {
            microphone: ends
                .microphone
                .map(|end| Microphone::new(end, request.rate_hz)),
            loudspeaker: ends
                .loudspeaker
                .map(|end| Loudspeaker::new(end, request.rate_hz)),
            streams,
        })
    }

    fn capture(&mut self, pcm: &mut [i16], _now_ns: u64) -> Result<Captured, Status> {
        if self.streams.is_lost() {
            return Err(Status::LOST);
        }
        let samples = match &mut self.microphone {
            Some(microphone) => microphone.fetch(pcm),
            None => pcm.len(),
        };
        Ok(Captured {
            samples,
            ended: false,
        })
    }

    fn playback(&mut self, pcm: &[i16], _now_ns: u64) -> Result<(), Status> {
        if self.streams.is_lost() {
            return Err(Status::LOST);
        }
        if let Some(loudspeaker) = &mut self.loudspeaker {
            loudspeaker.put(pcm);
        }
        Ok(())
    }

    fn latency(&self) -> AudioLatency {
        AudioLatency {
            capture_ns: self.microphone.as_ref().map_or(0, Microphone::latency_ns),
            playback_ns: self.loudspeaker.as_ref().map_or(0, Loudspeaker::latency_ns),
            ..AudioLatency::default()
        }
    }

    fn counters(&self) -> AudioCounters {
        let mut counters = self.streams.counters();
        if let Some(microphone) = &self.microphone {
            microphone.count(&mut counters);
        }
        if let Some(loudspeaker) = &self.loudspeaker {
            loudspeaker.count(&mut counters);
        }
        counters
    }
}

plugin::export_audio!(System, id = "audio-system", name = "Sound devices");

#[cfg(test)]
mod tests;
