//! What is played into a call, and what of it arrived at the other end.

use crate::rig::{Rig, target};
use crate::wav::{self, Wav};
use anyhow::{Context, Result, ensure};
use audio::measure;
use audio::{Block, Rate, Resampler};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Silence before and after the sound, while the call comes up and ends. Unit: ms.
const LEAD_MS: usize = 1_000;

/// Recorded human speech of Debian's package pocketsphinx-testdata, 16 kHz; about three seconds.
/// `Rig::new` is asked for it by tests that judge speech.
pub const SPEECH: &str =
    "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0880.wav";
/// Another sentence of the same length, so that the two directions of a call cannot be mistaken.
pub const OTHER_SPEECH: &str =
    "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0930.wav";

/// A sound at 8 kHz, and the file that holds it between silences.
#[derive(Debug, Clone)]
pub struct Sound {
    /// The sound without the silences.
    pub samples: Vec<i16>,
    /// WAV file: silence, sound, silence.
    pub file: PathBuf,
    /// Silences before and after. Unit: ms.
    silences: (usize, usize),
}

impl Sound {
    /// A chirp that nobody else makes, `ms` long, in file `NAME.wav` of the rig.
    pub fn chirp(rig: &Rig, name: &str, ms: usize) -> Result<Self> {
        let mut rng = rig.rng();
        // Each name draws its own, so that the two directions of a call cannot be mistaken.
        let turns = name
            .bytes()
            .fold(0, |sum, byte| (sum * 31 + u64::from(byte)) % 97);
        let mut own = rng.split();
        for _ in 0..turns {
            own = rng.split();
        }
        Self::put(rig, name, audio::chirp::chirp(&mut own, Rate::Hz8000, ms))
    }

    /// The same sound between other silences, in the same file. Unit: ms.
    pub fn between(mut self, before: usize, after: usize) -> Result<Self> {
        self.silences = (before, after);
        self.write()?;
        Ok(self)
    }

    /// A clip of human speech at 8 kHz, in file `NAME.wav` of the rig.
    pub fn speech(rig: &Rig, name: &str) -> Result<Self> {
        Self::clip(rig, name, SPEECH)
    }

    /// One of the clips at 8 kHz, in file `NAME.wav` of the rig.
    pub fn clip(rig: &Rig, name: &str, clip: &str) -> Result<Self> {
        let clip = wav::read(Path::new(clip)).context("cargo xtask install brings the clip")?;
        ensure!(clip.rate_hz == 16_000, "the clip is not at 16 kHz");
        Self::put(rig, name, to_8000(Rate::Hz16000, &clip.samples))
    }

    fn put(rig: &Rig, name: &str, samples: Vec<i16>) -> Result<Self> {
        let sound = Self {
            samples,
            file: rig.file(&format!("{name}.wav")),
            silences: (LEAD_MS, LEAD_MS),
        };
        sound.write()?;
        Ok(sound)
    }

    fn write(&self) -> Result<()> {
        let silence = |ms: usize| vec![0; ms * Rate::Hz8000.per_ms()];
        let (before, after) = self.silences;
        let samples = [&silence(before), &self.samples, &silence(after)]
            .map(Vec::as_slice)
            .concat();
        let whole = Wav {
            rate_hz: 8_000,
            samples,
        };
        wav::write(&self.file, &whole)
    }

    /// How long the file plays. Unit: ms.
    pub fn play_ms(&self) -> u64 {
        let (before, after) = self.silences;
        (self.samples.len() / Rate::Hz8000.per_ms() + before + after) as u64
    }

    /// Looks for the sound in a recording.
    pub fn heard_in(&self, recording: &Path) -> Result<Heard> {
        let wav = wav::read(recording)?;
        let samples = match wav.rate_hz {
            8_000 => wav.samples,
            16_000 => to_8000(Rate::Hz16000, &wav.samples),
            48_000 => to_8000(Rate::Hz48000, &wav.samples),
            other => anyhow::bail!("{}: {other} Hz", recording.display()),
        };
        let found = audio::correlate::find(&self.samples, &samples)
            .with_context(|| format!("{}: silent", recording.display()))?;
        Ok(Heard {
            score: found.score,
            gain_db: found.gain_db,
            part: cut(&samples, found.at, self.samples.len()),
            at: found.at,
            whole: samples,
        })
    }
}

/// What of a sound arrived.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Likeness by correlation. Range: −1 to 1.
    pub score: f64,
    /// How much louder it arrived. Unit: dB.
    pub gain_db: f64,
    /// The part of the recording that stands against the sound, at 8 kHz.
    pub part: Vec<i16>,
    /// The whole recording, at 8 kHz, and where in it the part begins.
    whole: Vec<i16>,
    at: isize,
}

/// How far from its place a piece is looked for: as far as a buffer moves on the bad paths of these
/// tests. Unit: samples at 8 kHz, 80 ms.
const REACH: usize = 640;

impl Heard {
    /// The same, each `piece_ms` of the sound laid against the recording by itself: for paths that
    /// delay, on which an adaptive buffer inserts and drops a few ms. What was heard is compared at like
    /// times (as ITU-T P.862 aligns before it judges). What is missing or made up stays so.
    #[must_use]
    pub fn realigned(&self, sound: &Sound, piece_ms: usize) -> Self {
        let len = piece_ms * Rate::Hz8000.per_ms();
        let mut part = Vec::with_capacity(sound.samples.len());
        for (n, piece) in sound.samples.chunks(len).enumerate() {
            let from = self.at + (n * len) as isize - REACH as isize;
            let around = cut(&self.whole, from, piece.len() + 2 * REACH);
            let at = audio::correlate::find(piece, &around).map(|found| found.at);
            part.extend(cut(&around, at.unwrap_or(REACH as isize), piece.len()));
        }
        self.laid(sound, self.at, part)
    }

    /// What stands in the same recording `samples` after where this was found, laid against `sound`: for coders that
    /// turn the phase of a voice, so that it is found a part of its pitch beside its place. Unit: samples at 8 kHz.
    #[must_use]
    pub fn followed_by(&self, sound: &Sound, samples: usize) -> Self {
        let at = self.at + samples as isize;
        self.laid(sound, at, cut(&self.whole, at, sound.samples.len()))
    }

    fn laid(&self, sound: &Sound, at: isize, part: Vec<i16>) -> Self {
        let (both, ours, theirs) = (
            product(&sound.samples, &part),
            product(&sound.samples, &sound.samples),
            product(&part, &part),
        );
        Self {
            score: both / (ours * theirs).sqrt().max(f64::MIN_POSITIVE),
            gain_db: 10.0 * (theirs / ours).log10(),
            part,
            whole: self.whole.clone(),
            at,
        }
    }

    /// How far each 100 ms of the sound lies from its place, and how alike it is: for whoever looks
    /// into a failure.
    pub fn course(&self, sound: &Sound) -> String {
        let len = 100 * Rate::Hz8000.per_ms();
        let piece = |(n, piece): (usize, &[i16])| {
            let from = self.at + (n * len) as isize - REACH as isize;
            let around = cut(&self.whole, from, piece.len() + 2 * REACH);
            audio::correlate::find(piece, &around).map_or_else(
                || "silent".into(),
                |found| {
                    let shift = (found.at - REACH as isize) as f64 / Rate::Hz8000.per_ms() as f64;
                    format!("{shift:+.1} ms {:.2}", found.score)
                },
            )
        };
        let pieces = sound.samples.chunks(len).enumerate().map(piece);
        pieces.collect::<Vec<_>>().join(", ")
    }

    /// Short-time objective intelligibility against `sound`, by pystoi. Range: 0 to 1.
    pub fn stoi(&self, rig: &Rig, name: &str, sound: &Sound) -> Result<f64> {
        let (clean, heard) = (
            rig.file(&format!("{name}-clean.wav")),
            rig.file(&format!("{name}-heard.wav")),
        );
        wav::write(
            &clean,
            &Wav {
                rate_hz: 8_000,
                samples: sound.samples.clone(),
            },
        )?;
        wav::write(
            &heard,
            &Wav {
                rate_hz: 8_000,
                samples: self.part.clone(),
            },
        )?;
        stoi(&clean, &heard)
    }

    /// Holes in it: at least 5 ms of silence where the source is loud.
    pub fn gaps(&self, sound: &Sound) -> Vec<measure::Gap> {
        measure::gaps(&sound.samples, &self.part, Rate::Hz8000)
    }

    /// Steps that the source does not have.
    pub fn clicks(&self, sound: &Sound) -> Vec<usize> {
        measure::clicks(&sound.samples, &self.part)
    }
}

fn product(a: &[i16], b: &[i16]) -> f64 {
    let pairs = a.iter().zip(b);
    pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

/// `len` samples of `recording` from `at`; what lies outside is silence.
fn cut(recording: &[i16], at: isize, len: usize) -> Vec<i16> {
    let sample = |n: usize| {
        let index = at
            .checked_add_unsigned(n)
            .and_then(|i| usize::try_from(i).ok());
        index
            .and_then(|i| recording.get(i))
            .copied()
            .unwrap_or_default()
    };
    (0..len).map(sample).collect()
}

fn to_8000(rate: Rate, samples: &[i16]) -> Vec<i16> {
    resampled(rate, Rate::Hz8000, samples)
}

/// The same sound at another rate.
pub fn resampled(from: Rate, to: Rate, samples: &[i16]) -> Vec<i16> {
    let mut resampler = Resampler::new(from, to);
    let mut out = Block::from_samples(to, &[]);
    let mut all = Vec::with_capacity(samples.len() * to.per_ms() / from.per_ms());
    for block in samples.chunks(from.block_samples()) {
        resampler.process(&Block::from_samples(from, block), &mut out);
        all.extend_from_slice(out.samples());
    }
    all
}

/// How much of one frequency is in `samples`, by Goertzel's method. Unit: dBov of a sine (a square wave of full
/// scale is 0, a sine −3); −120 for nothing.
pub fn tone_dbov(samples: &[i16], rate_hz: u32, hertz: f64) -> f64 {
    let step = core::f64::consts::TAU * hertz / f64::from(rate_hz);
    let (mut one, mut two) = (0.0, 0.0);
    for &sample in samples {
        (one, two) = (f64::from(sample) + 2.0 * step.cos() * one - two, one);
    }
    let power = one * one + two * two - 2.0 * step.cos() * one * two;
    let amplitude = 2.0 * power.max(0.0).sqrt() / samples.len().max(1) as f64;
    (20.0 * (amplitude / f64::from(i16::MAX) / core::f64::consts::SQRT_2).log10()).max(-120.0)
}

/// The Python that `cargo xtask install` put below the build folder.
pub fn python() -> String {
    target()
        .join("python/bin/python")
        .to_string_lossy()
        .into_owned()
}

const STOI: &str = "
import sys, wave, numpy, pystoi
def read(name):
    with wave.open(name) as w:
        return numpy.frombuffer(w.readframes(w.getnframes()), '<i2') / 32768.0
print(pystoi.stoi(read(sys.argv[1]), read(sys.argv[2]), 8000, extended=False))
";

/// Scores `heard` against `clean`: two WAV files of one length, at 8 kHz.
pub fn stoi(clean: &Path, heard: &Path) -> Result<f64> {
    let done = Command::new(python())
        .args(["-c", STOI])
        .arg(clean)
        .arg(heard)
        .output();
    let done = done.context("the scorer is missing (cargo xtask install)")?;
    let text = String::from_utf8_lossy(&done.stdout);
    let error = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "the scorer failed: {error}");
    text.trim()
        .parse()
        .with_context(|| format!("the scorer said '{text}'"))
}

/// The newest file in `folder` whose name ends in `ending`.
pub fn newest(folder: &Path, ending: &str) -> Result<PathBuf> {
    let files = std::fs::read_dir(folder)?
        .flatten()
        .map(|entry| entry.path());
    let named = files.filter(|path| path.to_string_lossy().ends_with(ending));
    let newest = named.max_by_key(|path| path.metadata().and_then(|data| data.modified()).ok());
    newest.with_context(|| format!("no file …{ending} in {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(whole: Vec<i16>, sound: &Sound) -> Heard {
        let found = audio::correlate::find(&sound.samples, &whole).unwrap();
        Heard {
            score: found.score,
            gain_db: found.gain_db,
            part: cut(&whole, found.at, sound.samples.len()),
            whole,
            at: found.at,
        }
    }

    #[test]
    fn a_shift_is_forgiven_and_a_hole_or_another_sound_is_not() {
        let chirp = |seed| {
            let mut rng = base::Rng::from_number(seed);
            audio::chirp::chirp(&mut rng, Rate::Hz8000, 1_000)
        };
        let sound = Sound {
            samples: chirp(1),
            file: PathBuf::new(),
            silences: (0, 0),
        };
        let (first, second) = sound.samples.split_at(3_000);
        let shifted = [&[0; 800], first, &[0; 96], second, &[0; 800]].concat();
        let shifted = heard(shifted, &sound);
        assert!(shifted.score < 0.9, "{}", shifted.score);
        let realigned = shifted.realigned(&sound, 100);
        assert!(realigned.score > 0.95, "{}", realigned.score);
        assert!(realigned.gain_db.abs() < 1.0);

        let mut hole = sound.samples.clone();
        hole[4_000..5_600].fill(0);
        let hole = heard(hole, &sound).realigned(&sound, 100);
        assert!(hole.score < 0.92, "{}", hole.score);

        let other = heard(chirp(2), &sound).realigned(&sound, 100);
        assert!(other.score < 0.8, "{}", other.score);
    }
}
