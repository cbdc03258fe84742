//! What the far end said, from a recording that is still being written.

use crate::recorded;
use std::f64::consts::TAU;
use std::path::Path;

/// The end of a recording: what was heard last.
#[derive(Debug)]
pub(crate) struct Heard {
    pcm: Vec<i16>,
    hertz: f64,
}

impl Heard {
    /// The last `ms` of the far end; `None` while there is less than that.
    pub(crate) fn last(file: &Path, ms: u64) -> Option<Self> {
        let (far, hertz) = recorded::far_end(file)?;
        let want = usize::try_from(u64::from(hertz) * ms / 1_000).ok()?;
        let from = far.len().checked_sub(want)?;
        Some(Self {
            pcm: far.get(from..)?.to_vec(),
            hertz: f64::from(hertz),
        })
    }

    /// Unit: dBov; −127 for silence.
    pub(crate) fn dbov(&self) -> f64 {
        audio::measure::dbov(&self.pcm)
    }

    /// How much of the energy lies at `hertz`. Range: 0 to 1.
    pub(crate) fn share_at(&self, hertz: f64) -> f64 {
        let (mut re, mut im, mut energy) = (0.0, 0.0, 0.0);
        for (n, &sample) in self.pcm.iter().enumerate() {
            let (sample, angle) = (f64::from(sample), TAU * hertz * n as f64 / self.hertz);
            re += sample * angle.cos();
            im += sample * angle.sin();
            energy += sample * sample;
        }
        if energy == 0.0 {
            return 0.0;
        }
        2.0 * (re * re + im * im) / (self.pcm.len() as f64 * energy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_where_it_is_and_nowhere_else() {
        let wave = |n: usize| (8_000.0 * (TAU * 440.0 * n as f64 / 8_000.0).sin()) as i16;
        let heard = Heard {
            pcm: (0..2_400).map(wave).collect(),
            hertz: 8_000.0,
        };
        assert!(heard.share_at(440.0) > 0.99);
        assert!(heard.share_at(470.0) < 0.01);
        assert!((heard.dbov() + 15.3).abs() < 0.2, "{}", heard.dbov());
        let silent = Heard {
            pcm: vec![0; 80],
            hertz: 8_000.0,
        };
        assert_eq!((silent.share_at(440.0), silent.dbov()), (0.0, -127.0));
    }
}
