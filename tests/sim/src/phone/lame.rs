//! Codecs that break one way only: one can no longer be sent with, the other no longer be heard.

// The macro asks for a feature that only plugins have.
#![allow(unexpected_cfgs)]

use plugin::{Codec, CodecRequest, Format, Refusal, Status};

/// Its encoder fails from the third second on.
pub const DUMB: &str = "DUMB";
/// Its decoder does.
pub const DEAF: &str = "DEAF";

/// Frames of 20 ms that both work.
const ENDURES: u32 = 100;

/// One stream: the high octet of each sample.
struct Lame {
    is_deaf: bool,
    encoded: u32,
    decoded: u32,
}

impl Codec for Lame {
    const FORMATS: &'static [Format] = &[
        Format {
            name: DUMB,
            ..Format::NARROWBAND
        },
        Format {
            name: DEAF,
            ..Format::NARROWBAND
        },
    ];

    fn open(request: &CodecRequest<'_>) -> Result<Self, Refusal> {
        Ok(Self {
            is_deaf: Self::FORMATS[request.format].name == DEAF,
            encoded: 0,
            decoded: 0,
        })
    }

    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, Status> {
        self.encoded += 1;
        if !self.is_deaf && self.encoded > ENDURES {
            return Err(Status::FAILED);
        }
        for (octet, sample) in payload.iter_mut().zip(pcm) {
            *octet = sample.to_be_bytes()[0];
        }
        Ok(pcm.len())
    }

    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
        self.decoded += 1;
        if self.is_deaf && self.decoded > ENDURES {
            return Err(Status::FAILED);
        }
        for (sample, &octet) in pcm.iter_mut().zip(payload) {
            *sample = i16::from_be_bytes([octet, 0]);
        }
        Ok(payload.len())
    }
}

plugin::export_codec!(Lame, id = "lame", name = "A codec that breaks one way");
