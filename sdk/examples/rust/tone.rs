//! A set of tones: ringing and busy, both at 425 Hz.

use plugin::draft::tone::Tone;
use plugin::{Captured, Refusal, Status};
use std::f32::consts::TAU;

/// Source: ITU-T E.180. Unit: Hz.
const HERTZ: f32 = 425.0;

/// A tone that plays.
#[derive(Debug)]
pub struct Mine {
    /// How long it sounds, and how long it is silent. Unit: samples.
    on: u64,
    off: u64,
    step: f32,
    at: u64,
}

impl Tone for Mine {
    fn names() -> Result<String, Refusal> {
        Ok(r#"["ringing","busy"]"#.to_owned())
    }

    fn open(name: &str, sample_rate_hz: u32, _options: &str) -> Result<Self, Refusal> {
        let (on_ms, off_ms) = match name {
            "ringing" => (1_000, 4_000),
            "busy" => (500, 500),
            _ => {
                return Err(Refusal::new(
                    Status::NOT_FOUND,
                    "there are ringing and busy",
                ));
            }
        };
        if sample_rate_hz == 0 {
            return Err(Refusal::new(Status::BAD_ARGUMENT, "a sample rate of 0"));
        }
        let samples = |ms: u64| ms * u64::from(sample_rate_hz) / 1_000;
        Ok(Self {
            on: samples(on_ms),
            off: samples(off_ms),
            step: TAU * HERTZ / sample_rate_hz as f32,
            at: 0,
        })
    }

    fn read(&mut self, pcm: &mut [i16]) -> Result<Captured, Status> {
        for sample in pcm.iter_mut() {
            let sounds = self.at < self.on;
            *sample = if sounds {
                ((self.at as f32 * self.step).sin() * 3_000.0) as i16
            } else {
                0
            };
            self.at = (self.at + 1) % (self.on + self.off).max(1);
        }
        Ok(Captured {
            samples: pcm.len(),
            ended: false,
        })
    }
}

plugin::export_tone!(Mine);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_is_on_and_off_for_half_a_second() {
        let mut tone = Mine::open("busy", 8_000, "").unwrap();
        let mut second = vec![0; 8_000];
        tone.read(&mut second).unwrap();
        assert!(second[..4_000].iter().any(|&s| s > 2_000));
        assert!(second[4_000..].iter().all(|&s| s == 0));
    }
}
