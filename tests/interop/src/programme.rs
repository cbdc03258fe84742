//! What one end of a call says from beginning to end: a chirp, then a sentence.

use crate::rig::Rig;
use crate::sound::{self, Sound};
use crate::wav::{self, Wav};
use anyhow::{Result, ensure};
use audio::tone::{Pattern, Tone};
use audio::{Block, Rate, measure};
use std::path::{Path, PathBuf};

/// Length of the chirp. Unit: ms.
const CHIRP_MS: usize = 1_500;
/// Silence between chirp and sentence. Unit: ms.
const PAUSE_MS: usize = 300;
/// How long a tone that follows them is. Unit: ms.
const TONE_MS: usize = 500;
/// Its level. Unit: dBov.
const TONE_DBOV: f32 = -18.0;

/// How much of speech may be silent by a codec that models a voice: its softest sounds fade. Unit: percent.
const SILENT: f64 = 1.0;

/// What has to arrive of a programme.
#[derive(Debug, Clone, Copy)]
pub struct Verdict {
    /// Least likeness of the whole chirp, laid against the recording once. Range: 0 to 1.
    pub likeness: f64,
    /// Least intelligibility of the sentence, laid against the recording once. Range: 0 to 1.
    pub intelligible: f64,
    /// How much louder or softer than said the chirp may arrive. Unit: dB.
    pub chirp_level_db: f64,
    /// The same of the sentence.
    pub level_db: f64,
    /// Whether the sentence is found by its waves, without a gap and without a step that is not its own; if not, it is
    /// looked for where the chirp says, and next to nothing of it may be silent.
    pub keeps_waves: bool,
}

/// By a codec that keeps the waves.
pub const WHOLE: Verdict = Verdict {
    likeness: 0.95,
    intelligible: 0.95,
    chirp_level_db: 1.0,
    level_db: 1.0,
    keeps_waves: true,
};

/// By a codec that models a voice: it keeps a chirp's course and not its every wave nor its level, and another chirp
/// is not taken for it.
pub const MODELLED: Verdict = Verdict {
    likeness: 0.6,
    intelligible: 0.90,
    chirp_level_db: f64::INFINITY,
    level_db: 2.5,
    keeps_waves: false,
};

/// A chirp and a sentence in one file, with silence around them.
#[derive(Debug, Clone)]
pub struct Programme {
    /// 8 kHz.
    pub chirp: Sound,
    /// 8 kHz.
    pub speech: Sound,
    /// Silence, chirp, pause, sentence, silence.
    pub file: PathBuf,
    /// Unit: ms.
    length_ms: usize,
    /// What follows the sentence. Unit: Hz.
    tone: Option<f32>,
    /// Silence at the end. Unit: ms.
    after: usize,
}

impl Programme {
    /// File `NAME.wav` of the rig: `silences` before and after, in ms; `clip` is the sentence.
    pub fn new(rig: &Rig, name: &str, clip: &str, silences: (usize, usize)) -> Result<Self> {
        let chirp = Sound::chirp(rig, &format!("{name}-chirp"), CHIRP_MS)?;
        let speech = Sound::clip(rig, &format!("{name}-speech"), clip)?;
        let silence = |ms: usize| vec![0; ms * 8];
        let (before, after) = silences;
        let samples = [
            &silence(before),
            &chirp.samples,
            &silence(PAUSE_MS),
            &speech.samples,
            &silence(after),
        ]
        .map(Vec::as_slice)
        .concat();
        let (file, length_ms) = (rig.file(&format!("{name}.wav")), samples.len() / 8);
        let rate_hz = 8_000;
        wav::write(&file, &Wav { rate_hz, samples })?;
        Ok(Self {
            chirp,
            speech,
            file,
            length_ms,
            tone: None,
            after,
        })
    }

    /// How long the file plays. Unit: ms.
    pub fn play_ms(&self) -> u64 {
        self.length_ms as u64
    }

    /// The same at 16 kHz, with a tone between the sentence and the silence at the end. Unit: Hz.
    pub fn then_tone(self, hertz: f32) -> Result<Self> {
        let narrow = wav::read(&self.file)?.samples;
        let mut samples = sound::resampled(Rate::Hz8000, Rate::Hz16000, &narrow);
        let rest = samples.split_off(samples.len() - self.after * Rate::Hz16000.per_ms());
        let pattern = Pattern {
            hertz: [hertz, 0.0],
            level_dbov: TONE_DBOV,
            cadence_ms: [(TONE_MS as u32, PAUSE_MS as u32), (0, 0)],
            repeat: false,
        };
        let mut tone = Tone::new(Rate::Hz16000, pattern);
        let mut block = Block::silence(Rate::Hz16000);
        while !tone.is_over() {
            tone.next(&mut block);
            samples.extend_from_slice(block.samples());
        }
        samples.extend(rest);
        let (rate_hz, length_ms) = (16_000, samples.len() / Rate::Hz16000.per_ms());
        wav::write(&self.file, &Wav { rate_hz, samples })?;
        Ok(Self {
            length_ms,
            tone: Some(hertz),
            ..self
        })
    }

    /// Whether it arrived in `recording` as `verdict` asks, chirp and sentence each laid against it once, in one
    /// piece: the chirp by correlation, the sentence by STOI, without gap or click, at its level; and the tone that
    /// follows them.
    ///
    /// # Errors
    ///
    /// Says what was heard instead.
    pub fn arrived(
        &self,
        rig: &Rig,
        ear: &str,
        recording: &Path,
        verdict: &Verdict,
    ) -> Result<String> {
        let chirp = self.chirp.heard_in(recording)?;
        let speech = match verdict.keeps_waves {
            true => self.speech.heard_in(recording)?,
            false => {
                let apart = self.chirp.samples.len() + PAUSE_MS * Rate::Hz8000.per_ms();
                chirp.followed_by(&self.speech, apart)
            }
        };
        let stoi = speech.stoi(rig, ear, &self.speech)?;
        let (gaps, clicks) = (speech.gaps(&self.speech), speech.clicks(&self.speech));
        let mut text = format!(
            "{ear} hear the chirp {:.3} {:+.1} dB, the sentence STOI {stoi:.3} {:+.1} dB, \
             {} gaps, {} clicks",
            chirp.score,
            chirp.gain_db,
            speech.gain_db,
            gaps.len(),
            clicks.len()
        );
        if let Some(hertz) = self.tone {
            let long = tone_ms(recording, hertz)?;
            text = format!("{text}, {hertz} Hz for {long} ms");
            ensure!((TONE_MS - 50..=TONE_MS + 50).contains(&long), "{text}");
        }
        let is_level = chirp.gain_db.abs() <= verdict.chirp_level_db
            && speech.gain_db.abs() <= verdict.level_db;
        let is_whole = chirp.score >= verdict.likeness && stoi >= verdict.intelligible;
        let silent = measure::silent_share(&self.speech.samples, &speech.part, Rate::Hz8000);
        let is_clean = match verdict.keeps_waves {
            true => gaps.is_empty() && clicks.is_empty(),
            false => silent <= SILENT,
        };
        ensure!(
            is_whole && is_level && is_clean,
            "{text}; chirp {}; sentence {}",
            chirp.course(&self.chirp),
            speech.course(&self.speech)
        );
        Ok(text)
    }
}

/// How long a tone of [`then_tone`](Programme::then_tone) is heard at its level, within 3 dB. Unit: ms.
fn tone_ms(recording: &Path, hertz: f32) -> Result<usize> {
    let heard = wav::read(recording)?;
    let piece = heard.rate_hz as usize / 100;
    let wanted = f64::from(TONE_DBOV);
    let pieces = heard.samples.chunks_exact(piece);
    let levels = pieces.map(|piece| sound::tone_dbov(piece, heard.rate_hz, f64::from(hertz)));
    Ok(10 * levels.filter(|level| (level - wanted).abs() <= 3.0).count())
}
