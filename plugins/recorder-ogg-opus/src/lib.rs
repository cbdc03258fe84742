//! Recordings as Ogg Opus files: one or two channels, from sound at 8, 16 or 48 kHz.
//!
//! | file | holds |
//! | --- | --- |
//! | [`OggOpus`] | one recording |
//! | `pages` | Ogg around Opus packets |

mod pages;
#[cfg(test)]
mod tests;

use audiopus::coder::Encoder;
use audiopus::{Application, Bitrate, Channels, SampleRate};
use pages::{Head, Pages};
use plugin::{Mark, Recorder, RecorderAbout, RecorderRequest, Refusal, Status};
use recording_files::{Side, give_up, reserve};
use serde::Deserialize;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;

/// Granules count samples at this rate, whatever was encoded (RFC 7845 §4). Unit: Hz.
const GRANULES_HZ: u64 = 48_000;
/// Packets of 20 ms in a second.
const PACKETS_A_SECOND: u32 = 50;
/// The largest packet of 20 ms and two channels. Source: RFC 6716 §3.4.
const LARGEST: usize = 2 * 1_275;

/// What the request's options may say.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Options {
    /// Of all channels together. Unit: bit/s.
    bit_rate: Option<u32>,
    /// Whether marks and what is known of the call stand in a JSON file beside it.
    side_car: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bit_rate: None,
            side_car: true,
        }
    }
}

impl Options {
    fn of(text: &str, channels: u32) -> Result<(i32, bool), String> {
        let options = match text {
            "" => Self::default(),
            text => serde_json::from_str(text).map_err(|why| why.to_string())?,
        };
        let usual = if channels == 2 { 40_000 } else { 24_000 };
        let bit_rate = options.bit_rate.unwrap_or(usual);
        match i32::try_from(bit_rate) {
            Ok(rate @ 6_000..=256_000) => Ok((rate, options.side_car)),
            Ok(_) | Err(_) => Err(format!("bit_rate: {bit_rate} is not in 6000 to 256000")),
        }
    }
}

/// One recording.
#[derive(Debug)]
pub struct OggOpus {
    file: File,
    path: PathBuf,
    encoder: Encoder,
    pages: Pages,
    channels: usize,
    sample_rate_hz: u32,
    /// What the encoder is behind. Unit: samples at 48 kHz.
    pre_skip: u64,
    /// Sound that waits to fill a packet.
    waiting: Vec<i16>,
    packet: Box<[u8]>,
    /// Sound that came. Unit: samples of each channel.
    came: u64,
    /// Sound in packets. Unit: samples of each channel.
    encoded: u64,
    /// Whole pages in the file. Unit: bytes.
    kept: u64,
    side: Option<Side>,
    error: Option<String>,
}

impl OggOpus {
    fn audio_ms(&self) -> u64 {
        self.came * 1_000 / u64::from(self.sample_rate_hz)
    }

    /// Samples of all channels in a packet.
    fn frame(&self) -> usize {
        (self.sample_rate_hz / PACKETS_A_SECOND) as usize * self.channels
    }

    fn failed(&mut self, what: &str, error: &dyn core::fmt::Display) -> Status {
        let why = format!("{}: {what}: {error}", self.path.display());
        self.error.get_or_insert(why);
        Status::FAILED
    }

    fn granules(&self, samples: u64) -> u64 {
        samples * GRANULES_HZ / u64::from(self.sample_rate_hz)
    }

    /// Encodes the packets that are full.
    fn encode(&mut self) -> Result<(), Status> {
        let frame = self.frame();
        while self.waiting.len() >= frame {
            self.encode_one(false)?;
        }
        Ok(())
    }

    fn encode_one(&mut self, is_last: bool) -> Result<(), Status> {
        let frame = self.frame();
        let size = self
            .encoder
            .encode(&self.waiting[..frame], &mut self.packet);
        let size = size.map_err(|why| self.failed("libopus", &why))?;
        self.waiting.drain(..frame);
        self.encoded += (frame / self.channels) as u64;
        // The last page tells how much of its last packet is sound (RFC 7845 §4.4).
        let granule = match is_last {
            true => self.granules(self.came) + self.pre_skip,
            false => self.granules(self.encoded),
        };
        let packet = self.packet[..size].to_vec();
        let added = self.pages.add(packet, granule, is_last);
        added.map_err(|why| self.failed("its pages", &why))
    }

    /// Writes whole pages into the file.
    fn append(&mut self) -> Result<(), Status> {
        let pages = self.pages.take();
        if pages.is_empty() {
            return Ok(());
        }
        match self.file.write_all(&pages) {
            Ok(()) => {
                self.kept += pages.len() as u64;
                Ok(())
            }
            Err(why) => {
                let status = self.failed("no more can be written", &why);
                // Half a page is none; what could not be cut off is passed over by players.
                let _ = self.file.set_len(self.kept);
                Err(status)
            }
        }
    }

    /// What waits, filled up with silence until all that came has left the encoder.
    fn finish(&mut self) -> Result<(), Status> {
        let frame = self.frame();
        let wanted = self.granules(self.came) + self.pre_skip;
        loop {
            if self.waiting.len() < frame {
                self.waiting.resize(frame, 0);
            }
            let after = self.encoded + (frame / self.channels) as u64;
            let is_last = self.granules(after) >= wanted;
            self.encode_one(is_last)?;
            if is_last {
                return self.append();
            }
        }
    }
}

fn encoder(request: &RecorderRequest<'_>, bit_rate: i32) -> Result<Encoder, String> {
    let rate = match request.sample_rate_hz {
        8_000 => SampleRate::Hz8000,
        16_000 => SampleRate::Hz16000,
        48_000 => SampleRate::Hz48000,
        other => return Err(format!("{other} Hz: 8000, 16000 or 48000 is written")),
    };
    let channels = match request.channels {
        2 => Channels::Stereo,
        _ => Channels::Mono,
    };
    let made = Encoder::new(rate, channels, Application::Audio).and_then(|mut encoder| {
        encoder.set_bitrate(Bitrate::BitsPerSecond(bit_rate))?;
        Ok(encoder)
    });
    made.map_err(|why| format!("libopus: {why}"))
}

impl Recorder for OggOpus {
    const ABOUT: RecorderAbout = RecorderAbout {
        extension: "opus",
        media_type: "audio/ogg; codecs=opus",
        sample_rates_hz: &[16_000, 48_000, 8_000],
        channels: 2,
    };

    fn open(request: &RecorderRequest<'_>) -> Result<Self, Refusal> {
        let bad = |why: String| Refusal::new(Status::BAD_ARGUMENT, why);
        let (bit_rate, side_car) = Options::of(request.options, request.channels)
            .map_err(|why| bad(format!("options: {why}")))?;
        let encoder = encoder(request, bit_rate).map_err(bad)?;
        let behind = encoder.lookahead();
        let behind = behind.map_err(|why| bad(format!("libopus: {why}")))?;
        let pre_skip = u64::from(behind) * GRANULES_HZ / u64::from(request.sample_rate_hz);
        let head = Head {
            channels: request.channels as u8,
            pre_skip: pre_skip as u16,
            sample_rate_hz: request.sample_rate_hz,
        };
        // The stream's number only has to differ from others in the same file.
        let pages = Pages::new(request.started_unix_ms as u32, head, audiopus::version());
        let side = side_car.then(|| Side::new(request)).transpose()?;
        let (file, path) = reserve(request.path, Self::ABOUT.extension, side_car)?;
        let side = side.map(|side| side.of(&path));
        let begun = side.as_ref().map_or(Ok(()), Side::write);
        let pages = match begun.and(pages) {
            Ok(pages) => pages,
            Err(why) => return Err(give_up(&path, &why)),
        };
        let mut recording = Self {
            file,
            path,
            encoder,
            pages,
            channels: request.channels as usize,
            sample_rate_hz: request.sample_rate_hz,
            pre_skip,
            waiting: Vec::new(),
            packet: vec![0; LARGEST].into(),
            came: 0,
            encoded: 0,
            kept: 0,
            side,
            error: None,
        };
        match recording.append() {
            Ok(()) => Ok(recording),
            Err(_) => {
                let why = recording.error.unwrap_or_default();
                Err(give_up(&recording.path, &io::Error::other(why)))
            }
        }
    }

    fn write(&mut self, pcm: &[i16], _at_ms: u64) -> Result<(), Status> {
        if self.error.is_some() {
            return Err(Status::FAILED);
        }
        self.waiting.extend_from_slice(pcm);
        let before = self.came;
        self.came += (pcm.len() / self.channels) as u64;
        let done = self.encode().and_then(|()| self.append());
        if done.is_err() {
            self.came = before;
        }
        done
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
        let synced = self.file.sync_data();
        synced.map_err(|why| self.failed("the disk", &why))
    }

    fn close(mut self) -> Result<String, Refusal> {
        if self.error.is_none() {
            // What fails is told in the result.
            let _ = self.finish();
        }
        if let Err(why) = self.file.sync_data() {
            self.failed("the disk", &why);
        }
        let audio_ms = self.audio_ms();
        let error = self.error.clone();
        if let Some(side) = &mut self.side {
            side.close(audio_ms, error);
            if let Err(why) = side.write() {
                self.failed("its side-car", &why);
            }
        }
        let error = self.error.as_deref();
        Ok(recording_files::result(
            &self.path, self.kept, audio_ms, error,
        ))
    }
}

plugin::export_recorder!(
    OggOpus,
    id = "recorder-ogg-opus",
    name = "Ogg Opus recorder"
);
