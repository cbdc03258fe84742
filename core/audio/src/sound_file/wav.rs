//! WAV: what `fmt ` says, and where `data` is.

use super::{Coding, Layout, NoSound};

const PCM: u16 = 1;
const IMA_ADPCM: u16 = 0x11;
/// The coding stands behind: the first two bytes of a GUID.
const EXTENSIBLE: u16 = 0xfffe;

pub(super) fn open(bytes: &[u8]) -> Result<(Layout, &[u8]), NoSound> {
    if bytes.get(8..12) != Some(b"WAVE") {
        return Err(NoSound::Format);
    }
    let (mut at, mut layout) = (12, None);
    loop {
        let name = bytes.get(at..at + 4).ok_or(NoSound::Damaged)?;
        let length = number(bytes, at + 4).ok_or(NoSound::Damaged)? as usize;
        let begin = at + 8;
        let end = begin.saturating_add(length);
        match name {
            b"fmt " => {
                let chunk = bytes.get(begin..end).ok_or(NoSound::Damaged)?;
                layout = Some(format(chunk)?);
            }
            b"data" => {
                let layout = layout.ok_or(NoSound::Damaged)?;
                // Writers that were stopped leave a length that is not true.
                let data = bytes.get(begin..end.min(bytes.len()));
                return Ok((layout, data.ok_or(NoSound::Damaged)?));
            }
            _ => {}
        }
        // Chunks begin at even places.
        at = end.checked_next_multiple_of(2).ok_or(NoSound::Damaged)?;
    }
}

fn format(chunk: &[u8]) -> Result<Layout, NoSound> {
    let short = |at| half(chunk, at).ok_or(NoSound::Damaged);
    let coding = match short(0)? {
        EXTENSIBLE => short(24)?,
        plain => plain,
    };
    let (block, bits) = (usize::from(short(12)?), short(14)?);
    let coding = match (coding, bits) {
        (PCM, 8) => Coding::Pcm8,
        (PCM, 16) => Coding::Pcm16 { big_endian: false },
        (IMA_ADPCM, 4) => Coding::ImaWav { block },
        _ => return Err(NoSound::Encoding),
    };
    Ok(Layout {
        rate_hz: number(chunk, 4).ok_or(NoSound::Damaged)?,
        channels: u32::from(short(2)?),
        coding,
    })
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..at + 2)?;
    Some(u16::from_le_bytes([two[0], two[1]]))
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let low = half(bytes, at)?;
    let high = half(bytes, at + 2)?;
    Some(u32::from(high) << 16 | u32::from(low))
}
