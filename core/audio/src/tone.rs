//! Tones of one or two frequencies with a cadence: keypad digits, ring-back, busy.

use crate::block::{Block, Rate};
use crate::to_sample;
use core::f32::consts::TAU;
use serde::{Deserialize, Serialize};

/// How long each edge of a tone is softened. Unit: ms.
const EDGE_MS: usize = 3;

/// What a tone sounds like. Plain data, so that a country's tones can be settings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pattern {
    /// The frequencies, sounded together; 0 for none. Unit: Hz.
    pub hertz: [f32; 2],
    /// Level of each frequency. Unit: dBov. Range: −60 to −3.
    pub level_dbov: f32,
    /// How long it sounds, and how long it then is silent; the second pair may be (0, 0). Unit: ms.
    pub cadence_ms: [(u32, u32); 2],
    /// Whether the cadence starts again when it is over.
    pub repeat: bool,
}

impl Pattern {
    /// The far end rings: 425 Hz, one second of five (most of Europe; ITU-T E.180 §2).
    pub const RINGBACK_EU: Self = Self::cadenced([425.0, 0.0], [(1_000, 4_000), (0, 0)]);
    /// The far end rings: 440 + 480 Hz, two seconds of six (North America).
    pub const RINGBACK_US: Self = Self::cadenced([440.0, 480.0], [(2_000, 4_000), (0, 0)]);
    /// The far end rings: 400 + 450 Hz, twice in three seconds (United Kingdom).
    pub const RINGBACK_UK: Self = Self::cadenced([400.0, 450.0], [(400, 200), (400, 2_000)]);
    /// Busy: 425 Hz, half a second on, half a second off.
    pub const BUSY_EU: Self = Self::cadenced([425.0, 0.0], [(500, 500), (0, 0)]);
    /// Busy: 480 + 620 Hz, half a second on, half a second off.
    pub const BUSY_US: Self = Self::cadenced([480.0, 620.0], [(500, 500), (0, 0)]);

    const fn cadenced(hertz: [f32; 2], cadence_ms: [(u32, u32); 2]) -> Self {
        Self {
            hertz,
            level_dbov: -19.0,
            cadence_ms,
            repeat: true,
        }
    }

    /// A keypad digit (`0`–`9`, `*`, `#`, `A`–`D`), once. Source: ITU-T Q.23.
    pub fn digit(digit: char, on_ms: u32, off_ms: u32) -> Option<Self> {
        const KEYS: &str = "123A456B789C*0#D";
        const ROWS: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
        const COLUMNS: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
        let at = KEYS.find(digit.to_ascii_uppercase())?;
        Some(Self {
            hertz: [ROWS[at / 4], COLUMNS[at % 4]],
            level_dbov: -12.0,
            cadence_ms: [(on_ms, off_ms), (0, 0)],
            repeat: false,
        })
    }
}

/// A pattern being played.
#[derive(Debug, Clone)]
pub struct Tone {
    pattern: Pattern,
    rate: Rate,
    /// Of each frequency. Unit: radians.
    phase: [f32; 2],
    /// Samples since the cadence began.
    at: usize,
    over: bool,
}

impl Tone {
    /// Starts `pattern` at its beginning.
    pub const fn new(rate: Rate, pattern: Pattern) -> Self {
        Self {
            pattern,
            rate,
            phase: [0.0; 2],
            at: 0,
            over: false,
        }
    }

    /// Whether a pattern that does not repeat has been played to its end.
    pub const fn is_over(&self) -> bool {
        self.over
    }

    /// Makes `out` the next 10 ms of the tone; silence once it is over.
    pub fn next(&mut self, out: &mut Block) {
        out.clear(self.rate);
        let level = self.pattern.level_dbov.clamp(-60.0, -3.0);
        let amplitude = 32_767.0 * core::f32::consts::SQRT_2 * 10f32.powf(level / 20.0);
        for sample in out.samples_mut() {
            let envelope = self.envelope();
            let mut value = 0.0;
            for (phase, hertz) in self.phase.iter_mut().zip(self.pattern.hertz) {
                value += phase.sin();
                *phase = (*phase + TAU * hertz / self.rate.hertz() as f32) % TAU;
            }
            *sample = to_sample(value * amplitude * envelope);
        }
    }

    /// How much of the tone sounds now, 0 to 1; moves on by one sample.
    fn envelope(&mut self) -> f32 {
        if self.over {
            return 0.0;
        }
        let per_ms = self.rate.per_ms();
        let mut start = 0;
        let mut factor = 0.0;
        for (on, off) in self.pattern.cadence_ms {
            let (on, off) = (on as usize * per_ms, off as usize * per_ms);
            if (start..start + on).contains(&self.at) {
                let into = self.at - start;
                let edge = (into + 1).min(on - into) as f32 / (EDGE_MS * per_ms) as f32;
                factor = edge.min(1.0);
            }
            start += on + off;
        }
        self.at += 1;
        if self.at >= start {
            self.at = 0;
            self.over = !self.pattern.repeat;
        }
        factor
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Level;

    fn power(pcm: &[i16], rate: Rate, hertz: f32) -> f32 {
        let step = TAU * hertz / rate.hertz() as f32;
        let (re, im) = pcm
            .iter()
            .enumerate()
            .fold((0.0, 0.0), |(re, im), (n, &s)| {
                let angle = step * n as f32;
                (
                    re + f32::from(s) * angle.cos(),
                    im + f32::from(s) * angle.sin(),
                )
            });
        (re * re + im * im).sqrt() / pcm.len() as f32
    }

    fn play(tone: &mut Tone, blocks: usize) -> Vec<i16> {
        let mut out = Block::silence(Rate::Hz8000);
        (0..blocks)
            .flat_map(|_| {
                tone.next(&mut out);
                out.samples().to_vec()
            })
            .collect()
    }

    #[test]
    fn every_digit_has_its_two_frequencies_and_ends() {
        for digit in "0123456789*#ABCD".chars() {
            let pattern = Pattern::digit(digit, 100, 50).unwrap();
            let mut tone = Tone::new(Rate::Hz8000, pattern);
            let pcm = play(&mut tone, 10);
            for hertz in [
                697.0, 770.0, 852.0, 941.0, 1_209.0, 1_336.0, 1_477.0, 1_633.0,
            ] {
                let present = power(&pcm, Rate::Hz8000, hertz) > 1_500.0;
                assert_eq!(
                    present,
                    pattern.hertz.contains(&hertz),
                    "{digit} at {hertz}"
                );
            }
            assert!(!tone.is_over());
            play(&mut tone, 5);
            assert!(tone.is_over());
            assert!(play(&mut tone, 1).iter().all(|&s| s == 0));
        }
        assert_eq!(Pattern::digit('x', 100, 50), None);
    }

    #[test]
    fn busy_repeats_its_cadence_without_clicks() {
        let mut tone = Tone::new(Rate::Hz8000, Pattern::BUSY_EU);
        let pcm = play(&mut tone, 300);
        for (n, second) in pcm.chunks(8_000).enumerate() {
            let on = Level::of(&Block::from_samples(Rate::Hz8000, &second[1_600..]));
            let off = Level::of(&Block::from_samples(Rate::Hz8000, &second[4_400..]));
            assert_eq!(off, Level::SILENCE, "second {n}");
            assert_eq!(on.below_overload, 19, "second {n}");
        }
        let largest = pcm.windows(2).map(|p| (p[1] - p[0]).abs()).max();
        assert!(largest < Some(2_500), "{largest:?}");
    }
}
