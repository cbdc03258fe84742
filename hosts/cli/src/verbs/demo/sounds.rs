//! What is said and what was heard, as WAV files.

use crate::error::Error;
use audio::{Rate, chirp::chirp, correlate, speech::speech};
use base::Rng;
use control::Code;
use std::path::{Path, PathBuf};

/// Rate of the files: that of G.711, so that nothing is converted.
const RATE: Rate = Rate::Hz8000;
/// Length of the chirp that proves a call. Unit: ms.
const CHIRP_MS: usize = 1_000;
/// Length of one piece of it that is looked for. Unit: ms.
const PIECE_MS: usize = 200;
/// Length of what is said otherwise. Unit: ms.
const HELLO_MS: usize = 4_000;

/// Two files in one folder.
#[derive(Debug)]
pub(super) struct Sounds {
    pub(super) said: PathBuf,
    pub(super) heard: PathBuf,
    chirp: Vec<i16>,
}

/// What came back of the chirp.
#[derive(Debug, Clone, Copy)]
pub(super) struct Echo {
    /// From saying to hearing. Unit: ms.
    pub(super) delay_ms: f64,
    /// How alike the worst piece but one is. Range: 0 to 1.
    pub(super) score: f64,
}

impl Sounds {
    /// Writes what will be said: a chirp nobody could know, or something like speech.
    pub(super) fn write(folder: &Path, check: bool, rng: &mut Rng) -> Result<Self, Error> {
        let chirp = chirp(rng, RATE, CHIRP_MS);
        let (name, pcm) = match check {
            true => ("chirp.wav", chirp.clone()),
            false => ("hello.wav", speech(rng, RATE, HELLO_MS)),
        };
        let said = folder.join(name);
        let failed =
            |why: hound::Error| Error::new(Code::SOUND_FILE, format!("{}: {why}", said.display()));
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: RATE.hertz(),
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&said, spec).map_err(failed)?;
        for sample in pcm {
            writer.write_sample(sample).map_err(failed)?;
        }
        writer.finalize().map_err(failed)?;
        Ok(Self {
            said,
            heard: folder.join("heard.wav"),
            chirp,
        })
    }

    /// The device that says the one and hears into the other, as `audio-file` wants to be asked.
    pub(super) fn request(&self) -> String {
        serde_json::json!({
            "read": self.said.display().to_string(),
            "write": self.heard.display().to_string(),
            "at_end": "silence",
        })
        .to_string()
    }

    /// Looks for the chirp in what was heard, piece by piece: a jitter buffer that grows while the
    /// chirp passes shifts what follows, and that is no loss. `None` where nothing like it is.
    pub(super) fn echo(&self) -> Option<Echo> {
        let mut reader = hound::WavReader::open(&self.heard).ok()?;
        let heard: Vec<i16> = reader.samples().collect::<Result<_, _>>().ok()?;
        let piece = PIECE_MS * RATE.per_ms();
        let pieces = self.chirp.chunks_exact(piece).enumerate();
        let mut found: Vec<Echo> = pieces
            .filter_map(|(number, pcm)| {
                let found = correlate::find(pcm, &heard)?;
                let late = found.at as f64 - (number * piece) as f64;
                let delay_ms = late * 1000.0 / f64::from(RATE.hertz());
                Some(Echo {
                    delay_ms,
                    score: found.score,
                })
            })
            .collect();
        // All pieces but one have to be there: that one may hold the shift.
        found.sort_by(|a, b| a.score.total_cmp(&b.score));
        let score = found.get(1)?.score;
        found.sort_by(|a, b| a.delay_ms.total_cmp(&b.delay_ms));
        let delay_ms = found.get(found.len() / 2)?.delay_ms;
        Some(Echo { delay_ms, score })
    }
}
