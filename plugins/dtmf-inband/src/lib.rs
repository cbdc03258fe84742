//! Keys as tones in the audio, sent and heard, as a plugin. Settings call it `audio`.
//!
//! What it is not: it makes no sound; a plan says which tones, the media thread plays them. Codecs that
//! model a voice (GSM, G.729) spoil tones; whoever carries out the plan knows the codec.
//!
//! | file | holds |
//! | --- | --- |
//! | [`options`] | what can be set |
//! | [`keys`] | keys and their two frequencies |
//! | [`detector`] | from 10 ms blocks to keys that go down and come up |
//! | `window` | what one window of audio holds: frequencies, levels, purity |
//!
//! Source: ITU-T Q.23 (tones), ITU-T Q.24 (receivers); account key K-066.

pub mod detector;
pub mod keys;
pub mod options;
mod window;

use audio::{Block, Rate, Resampler};
use detector::Detector;
use options::Options;
use plugin::{
    Abilities, Dtmf, DtmfHeard, DtmfListen, DtmfRequest, DtmfStep, Found, Refusal, Status, Tones,
};

/// Shortest sound that every receiver must recognise. Unit: ms. Source: ITU-T Q.24 table A-1.
const SHORTEST_MS: u32 = 40;
/// Longest sound of one key. Unit: ms.
const LONGEST_MS: u32 = 60_000;
/// Level of a sine of full scale. Unit: 1/100 dBm0. Source: ITU-T G.711 §6 (A-law, 3.14 dBm0).
pub(crate) const FULL_SCALE_CENTIBELS: i32 = 314;

/// A listener in one call's audio.
#[derive(Debug)]
pub struct Inband {
    narrow: Resampler,
    wide: Block,
    block: Block,
    detector: Detector,
}

impl Dtmf for Inband {
    const NAME: &'static str = "audio";
    const ABILITIES: Abilities = Abilities {
        sends_events: false,
        sends_info: false,
        sends_tones: true,
        hears_tones: true,
        hears_info: false,
    };

    fn plan(request: &DtmfRequest<'_>) -> Result<Vec<DtmfStep>, Refusal> {
        let options = Options::read(request.options)?;
        if request.key == '!' {
            let why = "hook flash has no tone";
            return Err(Refusal::new(Status::UNSUPPORTED, why));
        }
        let [low, high] = keys::frequencies(request.key)
            .ok_or_else(|| Refusal::new(Status::BAD_ARGUMENT, "not on a keypad"))?;
        Ok(vec![DtmfStep::Tone {
            at_ms: 0,
            duration_ms: request.duration_ms.clamp(SHORTEST_MS, LONGEST_MS),
            tones: Tones {
                low_centihertz: low * 100,
                high_centihertz: high * 100,
                low_centibels: options.low_centibels() - FULL_SCALE_CENTIBELS,
                high_centibels: options.high_centibels() - FULL_SCALE_CENTIBELS,
            },
        }])
    }

    fn open(request: &DtmfListen<'_>) -> Result<Self, Refusal> {
        Options::read(request.options)?;
        let rate = Rate::from_hertz(request.sample_rate_hz).ok_or_else(|| {
            let why = format!("{} Hz; 8000, 16000 or 48000", request.sample_rate_hz);
            Refusal::new(Status::UNSUPPORTED, why)
        })?;
        Ok(Self {
            narrow: Resampler::new(rate, Rate::Hz8000),
            wide: Block::silence(rate),
            block: Block::silence(Rate::Hz8000),
            detector: Detector::new(),
        })
    }

    fn listen(&mut self, pcm: &[i16], heard: &mut Found<'_>) -> Result<(), Status> {
        if pcm.len() != self.wide.samples().len() {
            return Err(Status::BAD_ARGUMENT);
        }
        self.wide.samples_mut().copy_from_slice(pcm);
        self.narrow.process(&self.wide, &mut self.block);
        self.detector.hear(self.block.samples(), |key, held| {
            heard.push(DtmfHeard {
                key,
                released: held.is_some(),
                duration_ms: held.unwrap_or(0),
            });
        });
        Ok(())
    }

    fn reset(&mut self) {
        self.detector.reset();
    }
}

plugin::export_dtmf!(
    Inband,
    id = "dtmf-inband",
    name = "Keys as tones in the audio",
    permissions = [],
    config = r#"{"level_dbm0":{"type":"number","default":-7,"min":-25,"max":-3,"help":"level of the higher tone"},"twist_db":{"type":"number","default":2,"min":-4,"max":4,"help":"how much softer the lower tone is"}}"#
);
