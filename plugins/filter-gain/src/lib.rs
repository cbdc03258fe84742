//! Louder or softer, with a limiter, as a filter plugin: for microphones that are too quiet and
//! loudspeakers that are too loud.
//!
//! What it is not: it is no automatic gain. It adds no delay, and with 0 dB and sound below the limit it
//! changes no sample.

use plugin::{Filter, FilterRequest, Refusal, Status};
use serde::Deserialize;

/// [`Filter::control`]: the gain. Unit: 1/100 dB.
pub const KEY_GAIN_CENTIBELS: u32 = 1;

/// Largest change either way. Unit: dB.
const MOST_DB: f32 = 40.0;
/// How fast the limiter lets go: the reduction halves in so long. Unit: s.
const HALVES_IN_S: f32 = 0.05;

/// The filter's options, a JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Unit: dB. Range: −40 to 40.
    pub gain_db: f32,
    /// No sample goes above this. Unit: dB of full scale. Range: −40 to 0.
    pub limit_dbfs: f32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            gain_db: 0.0,
            limit_dbfs: -1.0,
        }
    }
}

impl Options {
    /// Reads the options; empty text is the defaults.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        let bad = |why: String| Refusal::new(Status::BAD_ARGUMENT, format!("options: {why}"));
        let options: Self = serde_json::from_str(text).map_err(|e| bad(e.to_string()))?;
        if !(-MOST_DB..=MOST_DB).contains(&options.gain_db) {
            let why = format!("gain_db {} is not in -40 to 40", options.gain_db);
            return Err(bad(why));
        }
        if !(-MOST_DB..=0.0).contains(&options.limit_dbfs) {
            let why = format!("limit_dbfs {} is not in -40 to 0", options.limit_dbfs);
            return Err(bad(why));
        }
        Ok(options)
    }
}

/// One stream.
#[derive(Debug)]
pub struct Gain {
    /// What the settings ask for, as a factor.
    wanted: f32,
    /// What holds now; goes to `wanted` within a block.
    gain: f32,
    /// Largest sample that goes out.
    limit: f32,
    /// What the limiter takes away now, as a factor of at most 1.
    reduction: f32,
    /// The reduction's way back to 1, each sample.
    release: f32,
}

impl Filter for Gain {
    fn open(request: &FilterRequest<'_>) -> Result<Self, Refusal> {
        let options = Options::read(request.options)?;
        if request.sample_rate_hz == 0 {
            return Err(Refusal::new(Status::BAD_ARGUMENT, "a sample rate of 0"));
        }
        let gain = factor(options.gain_db);
        Ok(Self {
            wanted: gain,
            gain,
            limit: 32_767.0 * factor(options.limit_dbfs),
            reduction: 1.0,
            release: 0.5_f32.powf(1.0 / (HALVES_IN_S * request.sample_rate_hz as f32)),
        })
    }

    fn process(
        &mut self,
        near: &[i16],
        _far: Option<&[i16]>,
        _delay_samples: u32,
        out: &mut [i16],
    ) -> Result<(), Status> {
        if near.len() != out.len() {
            return Err(Status::BAD_ARGUMENT);
        }
        let step = (self.wanted - self.gain) / near.len().max(1) as f32;
        for (to, &sample) in out.iter_mut().zip(near) {
            self.gain += step;
            let loud = f32::from(sample) * self.gain;
            self.reduction = 1.0 - (1.0 - self.reduction) * self.release;
            if loud.abs() * self.reduction > self.limit {
                self.reduction = self.limit / loud.abs();
            }
            // `as` saturates.
            *to = (loud * self.reduction).round() as i16;
        }
        self.gain = self.wanted;
        Ok(())
    }

    fn control(&mut self, key: u32, value: i64) -> Result<(), Status> {
        if key != KEY_GAIN_CENTIBELS {
            return Err(Status::UNSUPPORTED);
        }
        let db = value as f32 / 100.0;
        if !(-MOST_DB..=MOST_DB).contains(&db) {
            return Err(Status::BAD_ARGUMENT);
        }
        self.wanted = factor(db);
        Ok(())
    }

    fn reset(&mut self) {
        self.gain = self.wanted;
        self.reduction = 1.0;
    }
}

fn factor(db: f32) -> f32 {
    10_f32.powf(db / 20.0)
}

plugin::export_filter!(
    Gain,
    id = "filter-gain",
    name = "Louder or softer, with a limiter",
    permissions = [],
    config = r#"{"gain_db":{"type":"number","default":0,"min":-40,"max":40,"help":"louder or softer"},"limit_dbfs":{"type":"number","default":-1,"min":-40,"max":0,"help":"no sample goes above this"}}"#
);

#[cfg(test)]
mod tests;
