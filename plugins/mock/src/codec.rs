//! PCMU that does as it is told, so that a call with any peer runs through it.

use crate::orders::{Counts, Deed, Orders, Play, rubbish};
use plugin::{Codec, CodecRequest, Format, Refusal, Status};

/// What codecs of this process did.
pub static COUNTS: Counts = Counts::new();

/// A pair of one stream.
#[derive(Debug)]
pub struct Mock(Play);

impl Codec for Mock {
    const FORMATS: &'static [Format] = &[Format {
        name: "PCMU",
        payload_type: Some(0),
        ..Format::NARROWBAND
    }];

    fn fmtp(_format: usize, options: &str) -> Result<String, Refusal> {
        Orders::read(options).map(|_| String::new())
    }

    fn open(request: &CodecRequest<'_>) -> Result<Self, Refusal> {
        Ok(Self(Play::new(Orders::read(request.options)?, &COUNTS)))
    }

    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, Status> {
        let payload = payload
            .get_mut(..pcm.len())
            .ok_or(Status::BUFFER_TOO_SMALL)?;
        match self.0.call()? {
            Deed::Right => {
                for (octet, &sample) in payload.iter_mut().zip(pcm) {
                    *octet = compress(sample);
                }
            }
            Deed::Rubbish => payload.fill(0),
        }
        Ok(pcm.len())
    }

    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
        let pcm = pcm
            .get_mut(..payload.len())
            .ok_or(Status::BUFFER_TOO_SMALL)?;
        match self.0.call()? {
            Deed::Right => {
                for (sample, &octet) in pcm.iter_mut().zip(payload) {
                    *sample = expand(octet);
                }
            }
            Deed::Rubbish => rubbish(pcm),
        }
        Ok(payload.len())
    }
}

plugin::export_codec!(Mock, id = "mock-codec", name = "Mock of a codec");

/// What is added so that segments begin at powers of two. Source: ITU-T G.711 §3.2, in 16 bit.
const BIAS: i32 = 132;

/// Source: ITU-T G.711 table 2a.
pub(crate) fn compress(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let size = (i32::from(sample).abs() + BIAS).min(0x7fff);
    let segment = (size.ilog2() as i32 - 7).clamp(0, 7);
    let step = (size >> (segment + 3)) & 0xf;
    !(sign | (segment << 4) | step) as u8
}

/// Source: ITU-T G.711 table 2b.
pub(crate) fn expand(octet: u8) -> i16 {
    let code = i32::from(!octet);
    let size = (((code & 0xf) << 3) + BIAS) << ((code >> 4) & 7);
    let size = (size - BIAS) as i16;
    if code & 0x80 == 0 { size } else { -size }
}
