//! A codec that panics after two seconds of a call.

// The macro asks for a feature that only plugins have.
#![allow(unexpected_cfgs)]

use plugin::{Codec, CodecRequest, Format, Refusal, Status};

/// Its encoding name.
pub const NAME: &str = "BRITTLE";

/// Packets that it encodes before it breaks.
const ENDURES: u32 = 100;

/// One stream: the high octet of each sample.
struct Brittle(u32);

impl Codec for Brittle {
    const FORMATS: &'static [Format] = &[Format {
        name: NAME,
        ..Format::NARROWBAND
    }];

    fn open(_request: &CodecRequest<'_>) -> Result<Self, Refusal> {
        Ok(Self(0))
    }

    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, Status> {
        self.0 += 1;
        assert!(self.0 <= ENDURES, "as this test wants it");
        for (octet, sample) in payload.iter_mut().zip(pcm) {
            *octet = sample.to_be_bytes()[0];
        }
        Ok(pcm.len())
    }

    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
        for (sample, &octet) in pcm.iter_mut().zip(payload) {
            *sample = i16::from_be_bytes([octet, 0]);
        }
        Ok(payload.len())
    }
}

plugin::export_codec!(Brittle, id = "brittle", name = "A codec that breaks");
