//! A codec: X-L8, eight bits a sample, the upper half of each. Narrow, loud, and whole.

use plugin::{Codec, CodecRequest, Format, Refusal, Status};

/// What lives as long as a call does: the last sample heard, to fade out from where nothing came.
#[derive(Debug)]
pub struct Mine {
    last: i16,
}

impl Codec for Mine {
    const FORMATS: &'static [Format] = &[Format {
        name: "X-L8",
        conceals: true,
        ..Format::NARROWBAND
    }];

    fn open(_request: &CodecRequest<'_>) -> Result<Self, Refusal> {
        Ok(Self { last: 0 })
    }

    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, Status> {
        let payload = payload
            .get_mut(..pcm.len())
            .ok_or(Status::BUFFER_TOO_SMALL)?;
        for (octet, &sample) in payload.iter_mut().zip(pcm) {
            *octet = (sample >> 8) as u8;
        }
        Ok(pcm.len())
    }

    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
        let pcm = pcm
            .get_mut(..payload.len())
            .ok_or(Status::BUFFER_TOO_SMALL)?;
        for (sample, &octet) in pcm.iter_mut().zip(payload) {
            *sample = i16::from_be_bytes([octet, 0]);
            self.last = *sample;
        }
        Ok(payload.len())
    }

    fn conceal(&mut self, pcm: &mut [i16]) -> Result<usize, Status> {
        for sample in pcm.iter_mut() {
            self.last = (i32::from(self.last) * 63 / 64) as i16;
            *sample = self.last;
        }
        Ok(pcm.len())
    }

    fn reset(&mut self) {
        self.last = 0;
    }
}

plugin::export_codec!(Mine);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_comes_back() {
        let mut codec = Mine { last: 0 };
        let (mut payload, mut back) = ([0; 3], [0; 3]);
        assert_eq!(codec.encode(&[0, 30_000, -30_000], &mut payload), Ok(3));
        assert_eq!(codec.decode(&payload, &mut back), Ok(3));
        assert_eq!(back, [0, 29_952, -30_208]);
    }
}
