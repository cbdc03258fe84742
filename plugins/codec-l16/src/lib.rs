//! L16, linear PCM in network byte order, as a plugin: 8, 16 and 48 kHz, one channel.
//!
//! What it is not: no stereo, and not the static payload types 10 and 11, whose 44,100 samples a second
//! are no rate of this engine. Its packet times are those that fit one Ethernet packet.

use plugin::{Codec, CodecRequest, Format, PacketTimes, Refusal, Status};

/// Encoder and decoder of one stream; there is nothing to remember.
#[derive(Debug, Clone, Copy)]
pub struct L16;

/// Most octets of one packet, so that it needs no fragments. Unit: bytes.
const MOST: u32 = 1400;

impl Codec for L16 {
    const FORMATS: &'static [Format] = &[format(48_000), format(16_000), format(8000)];

    fn open(request: &CodecRequest<'_>) -> Result<Self, Refusal> {
        match Self::FORMATS.get(request.format) {
            Some(_) => Ok(Self),
            None => Err(Status::NOT_FOUND.into()),
        }
    }

    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, Status> {
        let size = pcm.len() * 2;
        let octets = payload.get_mut(..size).ok_or(Status::BUFFER_TOO_SMALL)?;
        for (pair, sample) in octets.as_chunks_mut().0.iter_mut().zip(pcm) {
            *pair = sample.to_be_bytes();
        }
        Ok(size)
    }

    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
        let (pairs, []) = payload.as_chunks::<2>() else {
            return Err(Status::BAD_PAYLOAD);
        };
        let samples = pcm.get_mut(..pairs.len()).ok_or(Status::BUFFER_TOO_SMALL)?;
        for (sample, &pair) in samples.iter_mut().zip(pairs) {
            *sample = i16::from_be_bytes(pair);
        }
        Ok(pairs.len())
    }
}

/// L16 at a rate. Source: RFC 3551 §4.5.11.
const fn format(rate_hz: u32) -> Format {
    let block = rate_hz / 100 * 2;
    let blocks = MOST / block;
    Format {
        name: "L16",
        clock_rate_hz: rate_hz,
        sample_rate_hz: rate_hz,
        packet_times: PacketTimes::multiples_of(10, blocks * 10),
        packet_time_ms: if blocks > 1 { 20 } else { 10 },
        max_payload: blocks * block,
        ..Format::NARROWBAND
    }
}

plugin::export_codec!(L16, id = "codec-l16", name = "L16, linear PCM");
