//! What one end of a call says from beginning to end: a chirp, then a sentence.

use crate::rig::Rig;
use crate::sound::Sound;
use crate::wav::{self, Wav};
use anyhow::{Result, ensure};
use std::path::{Path, PathBuf};

/// Length of the chirp. Unit: ms.
const CHIRP_MS: usize = 1_500;
/// Silence between chirp and sentence. Unit: ms.
const PAUSE_MS: usize = 300;
/// How much louder or softer than said it may arrive. Unit: dB.
const LEVEL_DB: f64 = 1.0;
/// Least likeness of the whole chirp, laid against the recording once.
const LIKENESS: f64 = 0.95;
/// Least intelligibility of the sentence, laid against the recording once.
const INTELLIGIBLE: f64 = 0.95;

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
        })
    }

    /// How long the file plays. Unit: ms.
    pub fn play_ms(&self) -> u64 {
        self.length_ms as u64
    }

    /// Whether all of it arrived in `recording`, each of the two laid against it once, in one piece:
    /// the chirp by correlation, the sentence by STOI, without gap or click, at its level.
    ///
    /// # Errors
    ///
    /// Says what was heard instead.
    pub fn arrived_whole(&self, rig: &Rig, ear: &str, recording: &Path) -> Result<String> {
        let chirp = self.chirp.heard_in(recording)?;
        let speech = self.speech.heard_in(recording)?;
        let stoi = speech.stoi(rig, ear, &self.speech)?;
        let (gaps, clicks) = (speech.gaps(&self.speech), speech.clicks(&self.speech));
        let text = format!(
            "{ear} hear the chirp {:.3} {:+.1} dB, the sentence STOI {stoi:.3} {:+.1} dB, \
             {} gaps, {} clicks",
            chirp.score,
            chirp.gain_db,
            speech.gain_db,
            gaps.len(),
            clicks.len()
        );
        let is_level = chirp.gain_db.abs() <= LEVEL_DB && speech.gain_db.abs() <= LEVEL_DB;
        let is_whole = chirp.score >= LIKENESS && stoi >= INTELLIGIBLE;
        ensure!(
            is_whole && is_level && gaps.is_empty() && clicks.is_empty(),
            "{text}; chirp {}; sentence {}",
            chirp.course(&self.chirp),
            speech.course(&self.speech)
        );
        Ok(text)
    }
}
