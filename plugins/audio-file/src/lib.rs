//! WAV files as microphone and loudspeaker, for tests, demos and machines without a sound card.
//!
//! What it is not: it has no pace of its own, and it records what is played to it, not a call (that is
//! a recorder).
//!
//! | file | holds |
//! | --- | --- |
//! | [`request`] | what can be asked for |
//! | `reader` | a file into memory, at the wanted rate |
//! | `resample` | from any rate to any other, all at once |
//! | `writer` | what is played, into a file, on a thread of its own |

mod reader;
pub mod request;
mod resample;
mod writer;

use plugin::{Audio, AudioCounters, Captured, Refusal, Status};
use request::{AtEnd, Request};
use writer::Writer;

/// The device: perhaps a file to read, perhaps one to write.
#[derive(Debug)]
pub struct File {
    /// The whole file, read when it was opened. Empty without one.
    pcm: Vec<i16>,
    /// Where the next block begins. Unit: samples.
    at: usize,
    /// Left to wait. Unit: samples.
    wait: usize,
    at_end: AtEnd,
    writer: Option<Writer>,
    counters: AudioCounters,
}

impl Audio for File {
    fn enumerate() -> Result<String, Refusal> {
        let device =
            r#"[{"id":"file","name":"WAV files","capture":true,"playback":true,"default":true}]"#;
        Ok(device.into())
    }

    fn open(request: &str) -> Result<Self, Refusal> {
        let request: Request = serde_json::from_str(request)
            .map_err(|e| Refusal::new(Status::BAD_ARGUMENT, format!("request: {e}")))?;
        request.check()?;
        let read = request.read.as_ref().filter(|_| request.captures());
        let pcm = match read {
            Some(path) => reader::read(path, request.rate_hz)?,
            None => Vec::new(),
        };
        if let (true, AtEnd::Loop, Some(path)) = (pcm.is_empty(), request.at_end, read) {
            let reason = format!("{}: there is nothing in it to loop", path.display());
            return Err(Refusal::new(Status::BAD_ARGUMENT, reason));
        }
        let writer = match &request.write {
            Some(path) if request.plays() => Some(Writer::create(path, request.rate_hz)?),
            _ => None,
        };
        Ok(Self {
            at_end: read.map_or(AtEnd::Silence, |_| request.at_end),
            wait: request.wait_ms as usize * (request.rate_hz / 1000) as usize,
            pcm,
            at: 0,
            writer,
            counters: AudioCounters::default(),
        })
    }

    fn capture(&mut self, pcm: &mut [i16], _now_ns: u64) -> Result<Captured, Status> {
        let waited = self.wait.min(pcm.len());
        self.wait -= waited;
        let mut filled = waited;
        while filled < pcm.len() {
            let rest = &mut pcm[filled..];
            let ready = &self.pcm[self.at..];
            let count = rest.len().min(ready.len());
            rest[..count].copy_from_slice(&ready[..count]);
            self.at += count;
            filled += count;
            if count == 0 {
                match self.at_end {
                    AtEnd::Loop => self.at = 0,
                    AtEnd::Silence => filled = pcm.len(),
                    AtEnd::End => break,
                }
            }
        }
        let ended = self.at_end == AtEnd::End && filled < pcm.len();
        self.counters.captured += filled as u64;
        self.counters.ended |= u64::from(ended);
        Ok(Captured {
            samples: filled,
            ended,
        })
    }

    fn playback(&mut self, pcm: &[i16], _now_ns: u64) -> Result<(), Status> {
        self.counters.played += pcm.len() as u64;
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        let taken = writer.push(pcm);
        self.counters.overrun += (pcm.len() - taken) as u64;
        if writer.has_failed() {
            return Err(Status::FAILED);
        }
        Ok(())
    }

    fn counters(&self) -> AudioCounters {
        self.counters
    }
}

plugin::export_audio!(File, id = "audio-file", name = "WAV files");

#[cfg(test)]
mod tests;
