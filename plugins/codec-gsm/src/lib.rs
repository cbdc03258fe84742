//! GSM full rate (GSM 06.10) as a plugin: 13 kbit/s, packets of any multiple of 20 ms.
//!
//! What it is not: half rate, enhanced full rate (other codecs), or the phone network's handling of
//! silence (GSM 06.12, 06.31) and lost frames (06.11): whoever plays the audio conceals.
//!
//! | file | holds |
//! | --- | --- |
//! | [`frame`] | a frame's parameters and its 33 octets |
//! | [`analysis`] | signal to short-term residual |
//! | [`ratios`] | log area ratios and their codes |
//! | [`pitch`] | long-term prediction |
//! | [`pulses`] | what is left, as pulses |
//! | [`synthesis`] | residual to signal |
//! | [`word`] | arithmetic |

mod analysis;
mod frame;
mod pitch;
mod pulses;
mod ratios;
mod synthesis;
mod word;

use analysis::{Analysis, SAMPLES};
use frame::{Frame, OCTETS};
use pitch::{LONGEST, Past, heard_lag};
use plugin::{Codec, CodecRequest, Format, PacketTimes, Refusal, Status};
use pulses::QUARTER;
use synthesis::Synthesis;

/// Encoder and decoder of one stream.
#[derive(Debug, Clone)]
pub struct Gsm {
    encoder: Encoder,
    decoder: Decoder,
}

impl Codec for Gsm {
    const FORMATS: &'static [Format] = &[Format {
        name: "GSM",
        payload_type: Some(3),
        packet_times: PacketTimes::multiples_of(20, 200),
        max_payload: 330,
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
        let (signals, []) = pcm.as_chunks::<SAMPLES>() else {
            return Err(Status::BAD_ARGUMENT);
        };
        let size = signals.len() * OCTETS;
        let octets = payload.get_mut(..size).ok_or(Status::BUFFER_TOO_SMALL)?;
        for (signal, octets) in signals.iter().zip(octets.as_chunks_mut().0) {
            self.encoder.encode(signal).pack(octets);
        }
        Ok(size)
    }

    fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
        let (frames, []) = payload.as_chunks::<OCTETS>() else {
            return Err(Status::BAD_PAYLOAD);
        };
        let count = frames.len() * SAMPLES;
        let signals = pcm.get_mut(..count).ok_or(Status::BUFFER_TOO_SMALL)?;
        for (octets, signal) in frames.iter().zip(signals.as_chunks_mut().0) {
            let frame = Frame::unpack(octets).ok_or(Status::BAD_PAYLOAD)?;
            self.decoder.decode(&frame, signal);
        }
        Ok(count)
    }

    fn reset(&mut self) {
        self.decoder = Decoder::NEW;
    }
}

#[derive(Debug, Clone)]
struct Encoder {
    analysis: Analysis,
    past: Past,
}

impl Encoder {
    const NEW: Self = Self {
        analysis: Analysis::NEW,
        past: Past::SILENT,
    };

    fn encode(&mut self, signal: &[i16; SAMPLES]) -> Frame {
        let mut residual = *signal;
        let mut frame = Frame {
            ratios: self.analysis.run(&mut residual),
            ..Frame::default()
        };
        let quarters = residual.as_chunks::<QUARTER>().0;
        for (part, quarter) in frame.parts.iter_mut().zip(quarters) {
            let (lag, gain) = self.past.search(quarter);
            (part.lag, part.gain) = (lag as u8, gain);
            let predicted = self.past.predict(lag, gain);
            let mut rest = *quarter;
            for (rest, &predicted) in rest.iter_mut().zip(&predicted) {
                *rest = rest.saturating_sub(predicted);
            }
            pulses::code(&rest, part);
            let mut rebuilt = pulses::decode(part);
            for (rebuilt, &predicted) in rebuilt.iter_mut().zip(&predicted) {
                *rebuilt = rebuilt.saturating_add(predicted);
            }
            self.past.push(&rebuilt);
        }
        frame
    }
}

#[derive(Debug, Clone)]
struct Decoder {
    past: Past,
    last_lag: usize,
    synthesis: Synthesis,
}

impl Decoder {
    const NEW: Self = Self {
        past: Past::SILENT,
        last_lag: 40,
        synthesis: Synthesis::NEW,
    };

    fn decode(&mut self, frame: &Frame, signal: &mut [i16; SAMPLES]) {
        let quarters = signal.as_chunks_mut::<QUARTER>().0;
        for (part, quarter) in frame.parts.iter().zip(quarters) {
            self.last_lag = heard_lag(part.lag, self.last_lag).min(LONGEST);
            let predicted = self.past.predict(self.last_lag, part.gain);
            *quarter = pulses::decode(part);
            for (sample, &predicted) in quarter.iter_mut().zip(&predicted) {
                *sample = sample.saturating_add(predicted);
            }
            self.past.push(quarter);
        }
        self.synthesis.run(&frame.ratios, signal);
    }
}

plugin::export_codec!(Gsm, id = "codec-gsm", name = "GSM full rate");
