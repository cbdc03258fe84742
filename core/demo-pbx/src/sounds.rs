//! What is heard of the PBX: Bob, music, and the voices of the conference. Made here because no recording is shipped.

use crate::error::Error;
use audio::Rate;
use base::Rng;
use std::path::{Path, PathBuf};

/// Rate of the file; other rates are made from it by whoever plays it.
const RATE: Rate = Rate::Hz16000;
/// Notes of the melody: frequency in Hz and length in ms.
const MELODY: [(f32, usize); 4] = [(523.25, 160), (659.25, 160), (783.99, 160), (1_046.5, 320)];
/// Before one may speak: two steps up, and the tone.
const GREETING: [(f32, usize); 3] = [(523.25, 160), (659.25, 160), (1_000.0, 500)];
/// Where no message waits: two steps down.
const NOTHING: [(f32, usize); 2] = [(392.0, 300), (261.63, 600)];
/// Largest sample of a note, of full scale. About −15 dBov.
const LOUDNESS: f32 = 8_000.0;
/// How long Bob talks. Unit: ms.
const SPEECH_MS: usize = 5_000;
/// Bob always says the same.
const VOICE: u64 = 102;

/// Notes of the music, each of [`BEAT_MS`], again and again. Unit: Hz.
const MUSIC: [f32; 16] = [
    261.63, 329.63, 392.0, 523.25, 220.0, 261.63, 329.63, 440.0, 174.61, 220.0, 261.63, 349.23,
    196.0, 246.94, 293.66, 392.0,
];
/// Unit: ms.
const BEAT_MS: usize = 300;
/// Whence each voice of the conference; each says something else for as long as it takes until it begins again.
const VOICES: [(u64, usize); 3] = [(9_001, 4_000), (9_002, 4_700), (9_003, 5_300)];

/// Files with what is heard.
#[derive(Debug, Clone)]
pub(crate) struct Sounds {
    /// What Bob says.
    pub(crate) bob: PathBuf,
    /// Says that one may speak.
    pub(crate) greeting: PathBuf,
    /// Says that no message waits.
    pub(crate) nothing: PathBuf,
    /// For whoever waits.
    pub(crate) music: PathBuf,
    /// Those of the conference.
    pub(crate) voices: [PathBuf; 3],
}

impl Sounds {
    /// Writes them to `folder`, which is made.
    pub(crate) fn write(folder: &Path) -> Result<Self, Error> {
        let place = |name: &str| folder.join(name);
        let sounds = Self {
            bob: place("bob.wav"),
            greeting: place("greeting.wav"),
            nothing: place("nothing.wav"),
            music: place("music.wav"),
            voices: ["voice1.wav", "voice2.wav", "voice3.wav"].map(place),
        };
        write(&sounds.bob, &bob())?;
        write(&sounds.greeting, &notes(&GREETING))?;
        write(&sounds.nothing, &notes(&NOTHING))?;
        write(&sounds.music, &music())?;
        for (path, (voice, ms)) in sounds.voices.iter().zip(VOICES) {
            write(path, &speech(voice, ms))?;
        }
        Ok(sounds)
    }
}

fn bob() -> Vec<i16> {
    let mut pcm = notes(&MELODY);
    pcm.resize(pcm.len() + 200 * RATE.per_ms(), 0);
    pcm.extend(speech(VOICE, SPEECH_MS));
    pcm
}

fn music() -> Vec<i16> {
    notes(&MUSIC.map(|hertz| (hertz, BEAT_MS)))
}

fn notes(all: &[(f32, usize)]) -> Vec<i16> {
    let mut pcm = Vec::new();
    for &(hertz, ms) in all {
        note(hertz, ms, &mut pcm);
    }
    pcm
}

fn speech(voice: u64, ms: usize) -> Vec<i16> {
    audio::speech::speech(&mut Rng::from_number(voice), RATE, ms)
}

/// One note that swells for 10 ms and dies away.
fn note(hertz: f32, ms: usize, pcm: &mut Vec<i16>) {
    let length = ms * RATE.per_ms();
    let swell = (10 * RATE.per_ms()) as f32;
    let per_sample = core::f32::consts::TAU * hertz / RATE.hertz() as f32;
    pcm.extend((0..length).map(|n| {
        let left = 1.0 - n as f32 / length as f32;
        let loudness = LOUDNESS * left * (n as f32 / swell).min(1.0);
        (loudness * (per_sample * n as f32).sin()) as i16
    }));
}

/// Writes the file.
fn write(path: &Path, samples: &[i16]) -> Result<(), Error> {
    let failed = |why: String| Error::Greeting {
        path: path.to_owned(),
        why,
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|why| failed(why.to_string()))?;
    }
    let format = hound::WavSpec {
        channels: 1,
        sample_rate: RATE.hertz(),
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let written = hound::WavWriter::create(path, format).and_then(|mut file| {
        for &sample in samples {
            file.write_sample(sample)?;
        }
        file.finalize()
    });
    written.map_err(|why| failed(why.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bob_is_heard_and_does_not_clip() {
        let pcm = bob();
        let melody: usize = MELODY.iter().map(|(_, ms)| ms).sum();
        assert_eq!(pcm.len(), (melody + 200 + SPEECH_MS) * RATE.per_ms());
        let loudest = |from: usize, to: usize| {
            let part = &pcm[from * RATE.per_ms()..to * RATE.per_ms()];
            part.iter().map(|s| s.unsigned_abs()).max().unwrap()
        };
        assert!((7_000..8_100).contains(&loudest(0, melody)));
        assert_eq!(loudest(melody, melody + 200), 0);
        let speech = loudest(melody + 200, melody + 200 + SPEECH_MS);
        assert!((2_000..30_000).contains(&speech), "{speech}");
    }

    #[test]
    fn music_and_voices_are_heard_and_differ() {
        let voices = VOICES.map(|(voice, ms)| speech(voice, ms));
        for pcm in voices.iter().chain([&music()]) {
            let loudest = pcm.iter().map(|s| s.unsigned_abs()).max().unwrap();
            assert!((2_000..30_000).contains(&loudest), "{loudest}");
        }
        assert!(voices[0][..16_000] != voices[1][..16_000]);
        assert!(voices[1][..16_000] != voices[2][..16_000]);
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_named() {
        let why = Sounds::write(Path::new("/proc/nowhere")).unwrap_err();
        assert!(why.to_string().contains("/proc/nowhere/bob.wav"), "{why}");
    }
}
