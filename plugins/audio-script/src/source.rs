//! What the microphone hears.

use core::f64::consts::TAU;

/// Full scale. Source: ITU-T G.100.1 (dBov: a square wave of it is 0, a sine −3).
const FULL: f64 = 32_767.0;

/// A sound, and how far it is. Nothing of it allocates once it is made.
#[derive(Debug)]
pub(crate) enum Sound {
    Silence,
    Tone {
        /// Of one sample. Unit: radians.
        step: f64,
        peak: f64,
        at: u64,
    },
    File {
        pcm: Vec<i16>,
        at: usize,
    },
}

impl Sound {
    pub(crate) fn tone(hertz: f64, level_dbov: f64, rate_hz: u32) -> Self {
        Self::Tone {
            step: TAU * hertz / f64::from(rate_hz),
            peak: FULL * 10_f64.powf((level_dbov + 3.01) / 20.0),
            at: 0,
        }
    }

    pub(crate) fn file(path: &str, rate_hz: u32) -> Result<Self, String> {
        let unreadable = |why: hound::Error| format!("path {path}: {why}");
        let mut reader = hound::WavReader::open(path).map_err(unreadable)?;
        let spec = reader.spec();
        let is_pcm = spec.sample_format == hound::SampleFormat::Int && spec.bits_per_sample == 16;
        if !is_pcm || spec.channels != 1 || spec.sample_rate != rate_hz {
            return Err(format!(
                "path {path}: has {} channels of {} bits at {} Hz; use one of 16 bits at {rate_hz} Hz",
                spec.channels, spec.bits_per_sample, spec.sample_rate
            ));
        }
        let pcm = reader.samples().collect::<Result<_, _>>();
        Ok(Self::File {
            pcm: pcm.map_err(unreadable)?,
            at: 0,
        })
    }

    /// Fills all of it.
    pub(crate) fn fill(&mut self, out: &mut [i16]) {
        match self {
            Self::Silence => out.fill(0),
            Self::Tone { step, peak, at } => {
                for sample in out {
                    *sample = (*peak * (*step * *at as f64).sin()).round() as i16;
                    *at += 1;
                }
            }
            Self::File { pcm, at } => {
                let ready = &pcm[*at..];
                let count = ready.len().min(out.len());
                out[..count].copy_from_slice(&ready[..count]);
                out[count..].fill(0);
                *at += count;
            }
        }
    }

    /// Leaves so much out.
    pub(crate) fn skip(&mut self, samples: u64) {
        match self {
            Self::Silence => {}
            Self::Tone { at, .. } => *at += samples,
            Self::File { pcm, at } => {
                let samples = usize::try_from(samples).unwrap_or(usize::MAX);
                *at = at.saturating_add(samples).min(pcm.len());
            }
        }
    }
}
