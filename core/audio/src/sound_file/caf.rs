//! CAF: what `desc` says, and where `data` is. All numbers are big-endian.

use super::{Coding, Layout, NoSound};

/// In the flags of `lpcm`: samples are floats; samples are little-endian.
const FLOAT: u32 = 1;
const LITTLE: u32 = 2;
/// Behind the length of `data`: how often it was edited. Unit: bytes.
const EDITS: usize = 4;

pub(super) fn open(bytes: &[u8]) -> Result<(Layout, &[u8]), NoSound> {
    // Behind the name come version and flags.
    let (mut at, mut layout) = (8, None);
    loop {
        let name = bytes.get(at..at + 4).ok_or(NoSound::Damaged)?;
        let begin = at + 12;
        let length = bytes.get(at + 4..begin).ok_or(NoSound::Damaged)?;
        let length = i64::from_be_bytes(length.try_into().map_err(|_| NoSound::Damaged)?);
        // −1 in the last chunk: until the file ends.
        let end = match usize::try_from(length) {
            Ok(length) => begin.saturating_add(length),
            Err(_) if name == b"data" => bytes.len(),
            Err(_) => return Err(NoSound::Damaged),
        };
        match name {
            b"desc" => {
                let chunk = bytes.get(begin..end).ok_or(NoSound::Damaged)?;
                layout = Some(description(chunk)?);
            }
            b"data" => {
                let layout = layout.ok_or(NoSound::Damaged)?;
                let data = bytes.get(begin + EDITS..end.min(bytes.len()));
                return Ok((layout, data.ok_or(NoSound::Damaged)?));
            }
            _ => {}
        }
        at = end;
    }
}

fn description(chunk: &[u8]) -> Result<Layout, NoSound> {
    let word = |at: usize| {
        let four = chunk.get(at..at + 4)?;
        Some(u32::from_be_bytes([four[0], four[1], four[2], four[3]]))
    };
    let rate = chunk.get(..8).and_then(|eight| eight.try_into().ok());
    let rate_hz = f64::from_be_bytes(rate.ok_or(NoSound::Damaged)?) as u32;
    let coding = chunk.get(8..12).ok_or(NoSound::Damaged)?;
    let flags = word(12).ok_or(NoSound::Damaged)?;
    let channels = word(24).ok_or(NoSound::Damaged)?;
    let bits = word(28).ok_or(NoSound::Damaged)?;
    let coding = match (coding, bits) {
        (b"lpcm", 16) if flags & FLOAT == 0 => Coding::Pcm16 {
            big_endian: flags & LITTLE == 0,
        },
        (b"ima4", _) => Coding::ImaQt,
        _ => return Err(NoSound::Encoding),
    };
    Ok(Layout {
        rate_hz,
        channels,
        coding,
    })
}
