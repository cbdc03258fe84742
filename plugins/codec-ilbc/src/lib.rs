//! iLBC as a plugin: 20 and 30 ms frames, with its enhancer and its own concealment.
//!
//! What it is not: fixed point. It follows the floats of RFC 3951 appendix A, so that what it decodes differs
//! from a fixed-point decoder in the last bits.
//!
//! | file | holds |
//! | --- | --- |
//! | [`mode`] | what differs between 20 and 30 ms |
//! | [`frame`] | a frame's parameters and their bits |
//! | [`encoder`], [`decoder`] | sound to frames and back |
//! | [`lpc`], [`lsf`] | prediction filters, and the frequencies they are sent as |
//! | [`state`] | the start state, coded sample by sample |
//! | [`residual`] | the order in which the rest is coded |
//! | [`codebook`], [`search`], [`gain`] | how it is coded |
//! | [`enhancer`] | what makes the decoded residual smoother |
//! | [`conceal`] | what stands in for lost frames |
//! | [`filter`], [`tables`] | filters, and the numbers of the RFC |

mod codebook;
mod conceal;
mod decoder;
mod encoder;
mod enhancer;
mod filter;
mod frame;
mod gain;
mod lpc;
mod lsf;
mod mode;
mod options;
mod residual;
mod search;
mod state;
mod tables;

use decoder::Decoder;
use encoder::Encoder;
use mode::Mode;
use plugin::{Codec, CodecRequest, FmtpRule, Format, PacketTimes, Refusal, RuleKind, Status};

/// Encoder and decoder of one stream.
#[derive(Debug, Clone)]
pub struct Ilbc {
    mode: Mode,
    encoder: Encoder,
    decoder: Decoder,
}

impl Codec for Ilbc {
    /// The larger mode of both sides counts, 30 where a side says none. Source: RFC 3952 §4.2.
    const FORMATS: &'static [Format] = &[Format {
        name: "iLBC",
        packet_times: PacketTimes::of(&[20, 30, 40, 60, 80, 90, 100, 120, 140, 150, 160, 180, 200]),
        max_payload: 380,
        conceals: true,
        fmtp: "mode=20",
        rules: &[FmtpRule::new("mode", "30", RuleKind::Max)],
        ..Format::NARROWBAND
    }];

    fn fmtp(_format: usize, options: &str) -> Result<String, Refusal> {
        Ok(options::fmtp(options::read(options)?))
    }

    fn open(request: &CodecRequest<'_>) -> Result<Self, Refusal> {
        options::read(request.options)?;
        let mode = options::agreed(request.fmtp)?;
        Ok(Self::new(mode))
    }

    fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, Status> {
        let (samples, octets) = (self.mode.samples(), self.mode.octets());
        if !pcm.len().is_multiple_of(samples) {
            return Err(Status::BAD_ARGUMENT);
        }
        let size = pcm.len() / samples * octets;
        let payload = payload.get_mut(..size).ok_or(Status::BUFFER_TOO_SMALL)?;
        for (pcm, octets) in pcm.chunks(samples).zip(payload.chunks_mut(octets)) {
            self.encoder.encode(pcm, octets);
        }
        Ok(size)
    }

    /// Frames of the other mode are understood by their size: peers have been seen to disagree.
    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
        let fits = |mode: &Mode| payload.len().is_multiple_of(mode.octets());
        let modes = [self.mode, Mode::Ms20, Mode::Ms30];
        let mode = modes.into_iter().find(fits).ok_or(Status::BAD_PAYLOAD)?;
        let count = payload.len() / mode.octets() * mode.samples();
        let pcm = pcm.get_mut(..count).ok_or(Status::BUFFER_TOO_SMALL)?;
        if self.decoder.mode() != mode && count > 0 {
            self.decoder = Decoder::new(mode);
        }
        let frames = payload.chunks(mode.octets());
        for (octets, pcm) in frames.zip(pcm.chunks_mut(mode.samples())) {
            self.decoder.decode(octets, pcm);
        }
        Ok(count)
    }

    /// Whole frames only; less than one cannot be concealed.
    fn conceal(&mut self, pcm: &mut [i16]) -> Result<usize, Status> {
        let samples = self.decoder.mode().samples();
        let mut count = 0;
        for pcm in pcm.chunks_exact_mut(samples) {
            self.decoder.conceal(pcm);
            count += samples;
        }
        match count {
            0 => Err(Status::BAD_ARGUMENT),
            count => Ok(count),
        }
    }

    fn reset(&mut self) {
        self.decoder = Decoder::new(self.mode);
    }
}

impl Ilbc {
    const fn new(mode: Mode) -> Self {
        Self {
            mode,
            encoder: Encoder::new(mode),
            decoder: Decoder::new(mode),
        }
    }
}

plugin::export_codec!(
    Ilbc,
    id = "codec-ilbc",
    name = "iLBC",
    config = r#"{"mode":{"type":"integer","default":20,"min":20,"max":30,"help":"length of the frames we ask for: 20 or 30 ms"}}"#,
);
