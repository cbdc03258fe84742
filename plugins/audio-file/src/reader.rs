//! A file into memory, at the wanted rate. Runs on control, when the device is opened.

use crate::resample::resample;
use hound::{SampleFormat, WavReader};
use plugin::{Refusal, Status};
use std::io::{BufReader, Read};
use std::path::Path;

/// Longest file. Unit: s. Two hours at 48 kHz are 690 MB.
const LONGEST_S: u32 = 7200;

/// Reads a WAV file of whatever rate, width and channels as one channel of 16 bit at `rate_hz`.
pub(crate) fn read(path: &Path, rate_hz: u32) -> Result<Vec<i16>, Refusal> {
    let refuse = |status, why: String| Refusal::new(status, format!("{}: {why}", path.display()));
    // Opening a pipe waits for whoever writes into it.
    let kind = std::fs::metadata(path).map(|found| found.is_file());
    if kind.is_ok_and(|is_file| !is_file) {
        return Err(refuse(Status::BAD_ARGUMENT, "it is no file".into()));
    }
    let file = std::fs::File::open(path).map_err(|error| {
        let missing = error.kind() == std::io::ErrorKind::NotFound;
        let status = if missing {
            Status::NOT_FOUND
        } else {
            Status::UNAVAILABLE
        };
        refuse(
            status,
            if missing {
                "there is no such file".into()
            } else {
                error.to_string()
            },
        )
    })?;
    let wav = WavReader::new(BufReader::new(file)).map_err(|error| {
        refuse(
            Status::BAD_ARGUMENT,
            format!("not a WAV file we read: {error}"),
        )
    })?;
    let spec = wav.spec();
    if spec.channels == 0 || !(1000..=384_000).contains(&spec.sample_rate) {
        let why = format!(
            "{} channels at {} Hz make no sense",
            spec.channels, spec.sample_rate
        );
        return Err(refuse(Status::BAD_ARGUMENT, why));
    }
    if wav.duration() / spec.sample_rate > LONGEST_S {
        let why = format!("longer than {LONGEST_S} s");
        return Err(refuse(Status::BAD_ARGUMENT, why));
    }
    let channels = usize::from(spec.channels);
    let samples = samples(wav)
        .map_err(|error| refuse(Status::BAD_ARGUMENT, format!("broken off: {error}")))?;
    let mono: Vec<f32> = samples
        .chunks_exact(channels)
        .map(|frame| frame.iter().sum::<f32>() / channels as f32)
        .collect();
    let wanted = resample(&mono, spec.sample_rate, rate_hz);
    Ok(wanted.into_iter().map(to_sample).collect())
}

/// All samples, full scale being 32,768.
fn samples<R: Read>(wav: WavReader<R>) -> Result<Vec<f32>, hound::Error> {
    let spec = wav.spec();
    match spec.sample_format {
        SampleFormat::Float => wav
            .into_samples::<f32>()
            .map(|s| s.map(|s| s * 32768.0))
            .collect(),
        SampleFormat::Int => {
            let scale = 32768.0 / (1_i64 << (spec.bits_per_sample - 1)) as f32;
            let samples = wav.into_samples::<i32>();
            samples.map(|s| s.map(|s| s as f32 * scale)).collect()
        }
    }
}

/// The nearest sample, saturating at full scale.
fn to_sample(value: f32) -> i16 {
    value.round() as i16
}
