//! G.722 at 64 kbit/s as a plugin: wideband, any packet time that is a multiple of 10 ms.
//!
//! What it is not: it neither sends nor takes the 56 and 48 kbit/s modes, which RTP does not have
//! (RFC 3551 §4.5.2), and it invents nothing for lost packets: whoever plays the audio conceals.
//!
//! | file | holds |
//! | --- | --- |
//! | [`filter`] | the filter bank between 16 kHz and two bands |
//! | [`band`] | predictor and scale of one band |
//! | [`quantise`] | codes of both bands |

mod band;
mod filter;
mod quantise;

use band::Band;
use filter::Filter;
use plugin::{Codec, CodecRequest, Format, Refusal, Status};
use quantise::{high_code, high_sample, low_code, low_learn, low_sample};

/// Encoder and decoder of one stream.
#[derive(Debug, Clone)]
pub struct G722 {
    encoder: Encoder,
    decoder: Decoder,
}

impl Codec for G722 {
    /// The RTP clock is 8000 for a reason of history; the samples are 16,000 a second. Source: RFC 3551
    /// §4.5.2.
    const FORMATS: &'static [Format] = &[Format {
        name: "G722",
        sample_rate_hz: 16_000,
        payload_type: Some(9),
        ..Format::NARROWBAND
    }];

    fn open(request: &CodecRequest<'_>) -> Result<Self, Refusal> {
        match request.format {
            0 => Ok(Self {
                encoder: Encoder::NEW,
                decoder: Decoder::NEW,
            }),
            _ => Err(Status::NOT_FOUND.into()),
        }
    }

    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, Status> {
        let (pairs, []) = pcm.as_chunks::<2>() else {
            return Err(Status::BAD_ARGUMENT);
        };
        let octets = payload
            .get_mut(..pairs.len())
            .ok_or(Status::BUFFER_TOO_SMALL)?;
        for (octet, &pair) in octets.iter_mut().zip(pairs) {
            *octet = self.encoder.encode(pair);
        }
        Ok(pairs.len())
    }

    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
        let samples = pcm
            .get_mut(..payload.len() * 2)
            .ok_or(Status::BUFFER_TOO_SMALL)?;
        for (pair, &octet) in samples.as_chunks_mut::<2>().0.iter_mut().zip(payload) {
            *pair = self.decoder.decode(octet);
        }
        Ok(samples.len())
    }

    fn reset(&mut self) {
        self.decoder = Decoder::NEW;
    }
}

/// Both bands on their way to the line.
#[derive(Debug, Clone)]
struct Encoder {
    filter: Filter,
    low: Band,
    high: Band,
}

impl Encoder {
    const NEW: Self = Self {
        filter: Filter::SILENT,
        low: Band::LOW,
        high: Band::HIGH,
    };

    /// Two samples to one octet: bits 0 to 5 are the lower band's, 6 and 7 the upper's.
    #[inline]
    fn encode(&mut self, [first, second]: [i16; 2]) -> u8 {
        let (low, high) = self.filter.split(first, second);
        let low = low_code(&self.low, low);
        let high = high_code(&self.high, high);
        low_learn(&mut self.low, low);
        high_sample(&mut self.high, high);
        high << 6 | low
    }
}

/// Both bands on their way from the line.
#[derive(Debug, Clone)]
struct Decoder {
    filter: Filter,
    low: Band,
    high: Band,
}

impl Decoder {
    const NEW: Self = Self {
        filter: Filter::SILENT,
        low: Band::LOW,
        high: Band::HIGH,
    };

    /// One octet to two samples.
    #[inline]
    fn decode(&mut self, octet: u8) -> [i16; 2] {
        let low = low_sample(&mut self.low, octet & 63);
        let high = high_sample(&mut self.high, octet >> 6);
        let (first, second) = self.filter.join(low, high);
        [first, second]
    }
}

plugin::export_codec!(G722, id = "codec-g722", name = "G.722, wideband");
