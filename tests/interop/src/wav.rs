//! WAV files of 16-bit mono PCM, as the peers play and write them.
//!
//! The reader forgives a header that is wrong about lengths: a phone that was stopped leaves one.

use anyhow::{Context, Result, ensure};
use std::path::Path;

/// PCM with its rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wav {
    /// Unit: Hz.
    pub rate_hz: u32,
    /// Of one channel.
    pub samples: Vec<i16>,
}

/// Reads a file.
pub fn read(path: &Path) -> Result<Wav> {
    read_channel(path, 0)
}

/// Reads one channel of a file; 0 is the left one.
pub fn read_channel(path: &Path, channel: usize) -> Result<Wav> {
    let bytes = std::fs::read(path).with_context(|| format!("{}", path.display()))?;
    parse(&bytes, channel).with_context(|| format!("{}", path.display()))
}

fn parse(bytes: &[u8], channel: usize) -> Result<Wav> {
    ensure!(
        bytes.len() >= 12 && bytes.starts_with(b"RIFF") && &bytes[8..12] == b"WAVE",
        "not a WAV file"
    );
    let mut at = 12;
    let mut format = None;
    while at + 8 <= bytes.len() {
        let len = u32::from_le_bytes(bytes[at + 4..at + 8].try_into()?) as usize;
        let end = (at + 8).saturating_add(len).min(bytes.len());
        let chunk = &bytes[at + 8..end];
        if &bytes[at..at + 4] == b"fmt " {
            ensure!(
                chunk.len() >= 16 && chunk[14..16] == [16, 0],
                "not 16-bit PCM"
            );
            let channels = usize::from(u16::from_le_bytes(chunk[2..4].try_into()?));
            format = Some((channels, u32::from_le_bytes(chunk[4..8].try_into()?)));
        } else if &bytes[at..at + 4] == b"data" {
            let (channels, rate_hz) = format.context("data stands before the format")?;
            ensure!(channel < channels, "no channel {channel}");
            let frames = chunk.chunks_exact(2 * channels);
            return Ok(Wav {
                rate_hz,
                samples: frames
                    .map(|f| i16::from_le_bytes([f[2 * channel], f[2 * channel + 1]]))
                    .collect(),
            });
        }
        at = end + len % 2;
    }
    anyhow::bail!("no data in it")
}

/// Writes a file of one channel.
pub fn write(path: &Path, wav: &Wav) -> Result<()> {
    let data: Vec<u8> = wav
        .samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    let len = u32::try_from(data.len())?;
    let mut bytes = Vec::with_capacity(44 + data.len());
    bytes.extend_from_slice(b"RIFF");
    bytes.extend_from_slice(&(36 + len).to_le_bytes());
    bytes.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend_from_slice(&wav.rate_hz.to_le_bytes());
    bytes.extend_from_slice(&(2 * wav.rate_hz).to_le_bytes());
    bytes.extend_from_slice(b"\x02\0\x10\0data");
    bytes.extend_from_slice(&len.to_le_bytes());
    bytes.extend_from_slice(&data);
    std::fs::write(path, bytes).with_context(|| format!("{}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_wrong_lengths_are_forgiven() {
        let path = std::env::temp_dir().join(format!("offhook-wav-{}.wav", std::process::id()));
        let wav = Wav {
            rate_hz: 8_000,
            samples: vec![1, -2, 3, i16::MIN],
        };
        write(&path, &wav).unwrap();
        assert_eq!(read(&path).unwrap(), wav);
        let mut bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        bytes[40..44].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(parse(&bytes, 0).unwrap(), wav);
        assert!(parse(&bytes, 1).is_err());
        assert!(parse(b"RIFF", 0).is_err());
    }
}
