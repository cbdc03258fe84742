//! Sound files for tones: WAV and CAF, PCM of 16 bits (WAV also of 8) or IMA4 ADPCM, 8 or 16 kHz, mixed to mono.
//!
//! Read whole from memory, on control. Sources: Multimedia Programming Interface and Data Specifications 1.0 (RIFF,
//! 1991), Multimedia Data Standards Update (IMA ADPCM in WAV, 1994), Apple Core Audio Format Specification 1.0.

mod caf;
mod ima;
#[cfg(test)]
mod tests;
mod wav;

use crate::block::Rate;
use crate::resample::Resampler;
use crate::{Block, to_sample};
use std::sync::Arc;

/// What a file may be, for errors.
pub const ALLOWED: &str = "existing WAV or CAF file, PCM or IMA4, 8 or 16 kHz";
/// The longest sound. Unit: s.
const LONGEST_S: usize = 120;

/// Why bytes are no sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSound {
    /// Neither format.
    #[error("it is neither WAV nor CAF")]
    Format,
    /// A chunk that has to be there is missing or cut off.
    #[error("it is cut off or damaged")]
    Damaged,
    /// Another way to write samples.
    #[error("its samples are written in a way that is not read")]
    Encoding,
    /// Another rate.
    #[error("{0} Hz is not read")]
    Rate(u32),
    /// No channel, or more than two.
    #[error("{0} channels are not read")]
    Channels(u32),
    /// There is nothing in it.
    #[error("there is no sound in it")]
    Empty,
    /// More than fits.
    #[error("it is longer than {LONGEST_S} s")]
    TooLong,
}

/// One channel of sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sound {
    rate: Rate,
    samples: Arc<[i16]>,
}

/// How the samples of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Layout {
    rate_hz: u32,
    channels: u32,
    coding: Coding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    /// One byte a sample, 128 being silence.
    Pcm8,
    /// Two bytes a sample.
    Pcm16 { big_endian: bool },
    /// Blocks of a WAV file; each so many bytes.
    ImaWav { block: usize },
    /// Packets of a CAF file; each 34 bytes a channel.
    ImaQt,
}

impl Sound {
    /// Reads a file.
    pub fn read(bytes: &[u8]) -> Result<Self, NoSound> {
        let (layout, data) = match bytes.get(..4) {
            Some(b"RIFF") => wav::open(bytes)?,
            Some(b"caff") => caf::open(bytes)?,
            Some(_) | None => return Err(NoSound::Format),
        };
        let rate = match layout.rate_hz {
            8_000 => Rate::Hz8000,
            16_000 => Rate::Hz16000,
            other => return Err(NoSound::Rate(other)),
        };
        let channels = match layout.channels {
            1 => 1,
            2 => 2,
            other => return Err(NoSound::Channels(other)),
        };
        let most = LONGEST_S * rate.hertz() as usize * channels;
        // No coding takes less than half a byte a sample.
        if data.len() > most * 2 {
            return Err(NoSound::TooLong);
        }
        let samples = decode(layout.coding, channels, data);
        match samples.len() {
            0 => Err(NoSound::Empty),
            count if count > most => Err(NoSound::TooLong),
            _ => Ok(Self {
                rate,
                samples: mono(&samples, channels),
            }),
        }
    }

    /// How long it is. Unit: ms.
    pub fn ms(&self) -> u32 {
        (self.samples.len() / self.rate.per_ms()) as u32
    }

    /// Samples a second, as the file has them.
    pub const fn rate(&self) -> Rate {
        self.rate
    }

    /// Its samples at another rate, or as they are. Takes a while: on control.
    pub fn at(&self, rate: Rate) -> Arc<[i16]> {
        if rate == self.rate {
            return Arc::clone(&self.samples);
        }
        let mut resampler = Resampler::new(self.rate, rate);
        let (mut block, mut out) = (Block::silence(self.rate), Block::silence(rate));
        let mut all = Vec::new();
        for part in self.samples.chunks(self.rate.block_samples()) {
            block.clear(self.rate);
            block.samples_mut()[..part.len()].copy_from_slice(part);
            resampler.process(&block, &mut out);
            all.extend_from_slice(out.samples());
        }
        all.into()
    }
}

/// All samples, channel beside channel.
fn decode(coding: Coding, channels: usize, data: &[u8]) -> Vec<i16> {
    let pairs = |read: fn([u8; 2]) -> i16| {
        let pairs = data.chunks_exact(2);
        pairs.map(|pair| read([pair[0], pair[1]])).collect()
    };
    match coding {
        Coding::Pcm8 => {
            let wide = |&byte: &u8| (i16::from(byte) - 128) << 8;
            data.iter().map(wide).collect()
        }
        Coding::Pcm16 { big_endian: true } => pairs(i16::from_be_bytes),
        Coding::Pcm16 { big_endian: false } => pairs(i16::from_le_bytes),
        Coding::ImaWav { block } => ima::wav_blocks(data, block, channels),
        Coding::ImaQt => ima::qt_packets(data, channels),
    }
}

fn mono(samples: &[i16], channels: usize) -> Arc<[i16]> {
    match channels {
        1 => samples.into(),
        _ => {
            let pairs = samples.chunks_exact(2);
            let mean = |pair: &[i16]| to_sample((f32::from(pair[0]) + f32::from(pair[1])) / 2.0);
            pairs.map(mean).collect()
        }
    }
}
