//! What stands in a recording so far, also while it is being written: WAV, or Opus in Ogg.

use audiopus::coder::Decoder;
use audiopus::packet::Packet;
use audiopus::{Channels, SampleRate};
use ogg::PacketReader;
use std::fs::File;
use std::path::Path;

/// What Opus is decoded to. Unit: Hz.
const OPUS_HERTZ: u32 = 48_000;
/// The longest packet of one channel. Source: RFC 6716 §2.1.4.
const LONGEST: usize = 5_760;

/// The far end's channel, and its rate in Hz. Left is this side, right the far end; with one channel both are in it.
pub(crate) fn far_end(file: &Path) -> Option<(Vec<i16>, u32)> {
    let is_opus = file.extension().is_some_and(|ending| ending == "opus");
    match is_opus {
        true => opus(file),
        false => wav(file),
    }
}

fn wav(file: &Path) -> Option<(Vec<i16>, u32)> {
    let mut reader = hound::WavReader::open(file).ok()?;
    let spec = reader.spec();
    let all: Vec<i16> = reader.samples().map_while(Result::ok).collect();
    let far = last_channel(&all, usize::from(spec.channels));
    Some((far.collect(), spec.sample_rate))
}

/// Up to the last whole page. Source: RFC 7845 §5: two packets of heads, then sound.
fn opus(file: &Path) -> Option<(Vec<i16>, u32)> {
    let mut packets = PacketReader::new(File::open(file).ok()?);
    let head = packets.read_packet().ok()??.data;
    let channels = usize::from(*head.get(9)?);
    let layout = match (head.starts_with(b"OpusHead"), channels) {
        (true, 1) => Channels::Mono,
        (true, 2) => Channels::Stereo,
        _ => return None,
    };
    packets.read_packet().ok()??;
    let mut decoder = Decoder::new(SampleRate::Hz48000, layout).ok()?;
    let mut pcm = vec![0; LONGEST * channels];
    let mut far = Vec::new();
    while let Ok(Some(packet)) = packets.read_packet() {
        let packet = Packet::try_from(&packet.data).ok()?;
        let room = pcm.as_mut_slice().try_into().ok()?;
        let count = decoder.decode(Some(packet), room, false).ok()?;
        far.extend(last_channel(pcm.get(..count * channels)?, channels));
    }
    Some((far, OPUS_HERTZ))
}

fn last_channel(pcm: &[i16], channels: usize) -> impl Iterator<Item = i16> {
    let frames = pcm.chunks_exact(channels.max(1));
    frames.filter_map(|frame| frame.last().copied())
}
