//! G.711, both laws, as a plugin: PCMU and PCMA, any packet time that is a multiple of 10 ms.
//!
//! What it is not: it invents nothing for lost packets; whoever plays the audio conceals. Silence is
//! coded like everything else.
//!
//! | file | holds |
//! | --- | --- |
//! | [`law`] | one sample to one octet and back, by table |

pub mod law;

use plugin::{Codec, CodecRequest, Format, Refusal, Status};

/// Which law. Stands in the order of [`Codec::FORMATS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum G711 {
    /// µ-law, PCMU. Source: RFC 3551 §4.5.14.
    Mu,
    /// A-law, PCMA. Source: RFC 3551 §4.5.14.
    A,
}

impl Codec for G711 {
    const FORMATS: &'static [Format] = &[
        Format {
            name: "PCMU",
            payload_type: Some(0),
            ..Format::NARROWBAND
        },
        Format {
            name: "PCMA",
            payload_type: Some(8),
            ..Format::NARROWBAND
        },
    ];

    fn open(request: &CodecRequest<'_>) -> Result<Self, Refusal> {
        match request.format {
            0 => Ok(Self::Mu),
            1 => Ok(Self::A),
            _ => Err(Status::NOT_FOUND.into()),
        }
    }

    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, Status> {
        let octets = payload
            .get_mut(..pcm.len())
            .ok_or(Status::BUFFER_TOO_SMALL)?;
        match self {
            Self::Mu => law::mu_compress(pcm, octets),
            Self::A => law::a_compress(pcm, octets),
        }
        Ok(pcm.len())
    }

    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
        let samples = pcm
            .get_mut(..payload.len())
            .ok_or(Status::BUFFER_TOO_SMALL)?;
        match self {
            Self::Mu => law::mu_expand(payload, samples),
            Self::A => law::a_expand(payload, samples),
        }
        Ok(payload.len())
    }
}

plugin::export_codec!(G711, id = "codec-g711", name = "G.711, both laws");
