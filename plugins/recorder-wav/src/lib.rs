//! Recordings as WAV files: PCM 16 bit, one or two channels, 8, 16 or 48 kHz.
//!
//! The file is valid at every moment: its head is brought up to date after each 200 ms of sound, and
//! `sync` puts it on the disk. What it is not: it converts nothing and decides no name.
//!
//! | file | holds |
//! | --- | --- |
//! | [`Wav`] | one recording |
//! | `header` | the head of the file, RIFF or RF64, and its cue points |

mod header;
#[cfg(test)]
mod tests;

use header::{LENGTH, Shape, cue, head, is_large};
use plugin::{Mark, Recorder, RecorderAbout, RecorderRequest, Refusal, Status};
use recording_files::{Side, give_up, reserve};
use serde::Deserialize;
use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

/// What the request's options may say.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// Whether marks and what is known of the call stand in a JSON file beside it.
    side_car: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { side_car: true }
    }
}

/// One recording.
#[derive(Debug)]
pub struct Wav {
    file: File,
    path: PathBuf,
    shape: Shape,
    /// Sound that is whole in the file. Unit: bytes.
    kept: u64,
    /// Sound that the head tells of. Unit: bytes.
    told: u64,
    side: Option<Side>,
    bytes: Vec<u8>,
    error: Option<String>,
}

impl Wav {
    fn audio_ms(&self) -> u64 {
        self.kept / self.shape.frame() * 1_000 / u64::from(self.shape.sample_rate_hz)
    }

    fn failed(&mut self, what: &str, error: &io::Error) -> Status {
        let why = format!("{}: {what}: {error}", self.path.display());
        self.error.get_or_insert(why);
        Status::FAILED
    }

    fn append(&mut self) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(LENGTH + self.kept))?;
        self.file.write_all(&self.bytes)
    }

    /// The head tells of all sound that is whole.
    fn tell(&mut self, after: u64) -> io::Result<()> {
        let head = head(self.shape, self.kept, after);
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&head)?;
        self.told = self.kept;
        Ok(())
    }

    /// Cue points behind the sound, where the marks are.
    fn add_cues(&mut self) -> io::Result<u64> {
        let rate = u64::from(self.shape.sample_rate_hz);
        let marks = self.side.iter().flat_map(Side::marks_ms);
        let points: Vec<u32> = marks
            .filter_map(|at_ms| u32::try_from(at_ms * rate / 1_000).ok())
            .collect();
        let chunk = cue(&points);
        if points.is_empty() || is_large(self.kept, chunk.len() as u64) {
            return Ok(0);
        }
        self.file.seek(SeekFrom::Start(LENGTH + self.kept))?;
        self.file.write_all(&chunk)?;
        Ok(chunk.len() as u64)
    }

    fn finish(&mut self) -> io::Result<()> {
        // Half a sample of a write that failed, or cue points that found no room, are cut off.
        self.file.set_len(LENGTH + self.kept)?;
        let after = match self.error.is_none() {
            true => self.add_cues().or_else(|error| {
                self.file.set_len(LENGTH + self.kept)?;
                // They stand in the side-car too: a full disk costs the recording nothing.
                let is_full = error.kind() == io::ErrorKind::StorageFull;
                if is_full { Ok(0) } else { Err(error) }
            })?,
            false => 0,
        };
        self.tell(after)?;
        self.file.sync_data()
    }
}

impl Recorder for Wav {
    const ABOUT: RecorderAbout = RecorderAbout {
        extension: "wav",
        media_type: "audio/wav",
        sample_rates_hz: &[16_000, 8_000, 48_000],
        channels: 2,
    };

    fn open(request: &RecorderRequest<'_>) -> Result<Self, Refusal> {
        let bad = |why: String| Refusal::new(Status::BAD_ARGUMENT, why);
        let rate = request.sample_rate_hz;
        if !Self::ABOUT.sample_rates_hz.contains(&rate) {
            return Err(bad(format!("{rate} Hz: 8000, 16000 or 48000 is written")));
        }
        let options = match request.options {
            "" => Options::default(),
            text => serde_json::from_str(text).map_err(|why| bad(format!("options: {why}")))?,
        };
        let side = options.side_car.then(|| Side::new(request)).transpose()?;
        let (file, path) = reserve(request.path, "wav", options.side_car)?;
        let side = side.map(|side| side.of(&path));
        let shape = Shape {
            sample_rate_hz: rate,
            channels: request.channels as u16,
        };
        let mut wav = Self {
            file,
            path,
            shape,
            kept: 0,
            told: 0,
            side,
            bytes: Vec::new(),
            error: None,
        };
        let begun = wav.tell(0);
        let begun = begun.and_then(|()| wav.side.as_ref().map_or(Ok(()), Side::write));
        match begun {
            Ok(()) => Ok(wav),
            Err(why) => Err(give_up(&wav.path, &why)),
        }
    }

    fn write(&mut self, pcm: &[i16], _at_ms: u64) -> Result<(), Status> {
        if self.error.is_some() {
            return Err(Status::FAILED);
        }
        self.bytes.clear();
        self.bytes.extend(pcm.iter().flat_map(|s| s.to_le_bytes()));
        if let Err(why) = self.append() {
            // Whole samples that found room are kept.
            let end = self.file.metadata().map_or(0, |about| about.len());
            let grown = end.saturating_sub(LENGTH).max(self.kept);
            self.kept = grown - grown % self.shape.frame();
            let status = self.failed("no more can be written", &why);
            // The head lies where there was room before.
            let _ = self.tell(0);
            return Err(status);
        }
        self.kept += self.bytes.len() as u64;
        let fifth = u64::from(self.shape.sample_rate_hz) * self.shape.frame() / 5;
        if self.kept - self.told >= fifth {
            self.tell(0).map_err(|why| self.failed("its head", &why))?;
        }
        Ok(())
    }

    fn mark(&mut self, mark: Mark, at_ms: u64, note: &str) -> Result<(), Status> {
        let Some(side) = &mut self.side else {
            return Ok(());
        };
        side.mark(mark, at_ms, note);
        side.write()
            .map_err(|why| self.failed("its side-car", &why))
    }

    fn sync(&mut self) -> Result<(), Status> {
        if self.told != self.kept {
            self.tell(0).map_err(|why| self.failed("its head", &why))?;
        }
        let synced = self.file.sync_data();
        synced.map_err(|why| self.failed("the disk", &why))
    }

    fn close(mut self) -> Result<String, Refusal> {
        if let Err(why) = self.finish() {
            self.failed("its end", &why);
        }
        let audio_ms = self.audio_ms();
        let error = self.error.clone();
        if let Some(side) = &mut self.side {
            side.close(audio_ms, error);
            if let Err(why) = side.write() {
                self.failed("its side-car", &why);
            }
        }
        let bytes = self.file.metadata().map_or(0, |about| about.len());
        let error = self.error.as_deref();
        Ok(recording_files::result(&self.path, bytes, audio_ms, error))
    }
}

plugin::export_recorder!(Wav, id = "recorder-wav", name = "WAV recorder");
