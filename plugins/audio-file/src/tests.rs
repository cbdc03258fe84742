//! The device as a host sees it.

use super::*;
use hound::{SampleFormat, WavReader, WavSpec, WavWriter};
use plugin::{AudioInstance, EntryHandle};
use std::path::Path;
use std::time::{Duration, Instant};

fn open(request: &str) -> Result<AudioInstance, Refusal> {
    let entry = EntryHandle::built_in(&ENTRY).unwrap();
    entry.audio().unwrap().unwrap().open(request)
}

fn ramp(count: usize) -> Vec<i16> {
    (0..count).map(|n| (n % 30_000) as i16 + 1).collect()
}

fn save(path: &Path, rate: u32, pcm: &[i16]) {
    let spec = WavSpec {
        channels: 1,
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: SampleFormat::Int,
    };
    let mut wav = WavWriter::create(path, spec).unwrap();
    pcm.iter().for_each(|&s| wav.write_sample(s).unwrap());
    wav.finalize().unwrap();
}

fn load(path: &Path) -> Vec<i16> {
    WavReader::open(path)
        .unwrap()
        .into_samples()
        .map(Result::unwrap)
        .collect()
}

/// A request with paths in it.
fn request(rest: &str, read: Option<&Path>, write: Option<&Path>) -> String {
    let mut json = format!("{{\"rate_hz\":8000{rest}");
    for (key, path) in [("read", read), ("write", write)] {
        if let Some(path) = path {
            json += &format!(",\"{key}\":{}", serde_json::to_string(path).unwrap());
        }
    }
    json + "}"
}

#[test]
fn a_file_is_heard_once_and_then_ends_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("in.wav");
    let pcm = ramp(200);
    save(&file, 8000, &pcm);
    let mut device = open(&request("", Some(&file), None)).unwrap();
    let mut heard = [7; 80];
    for at in [0, 80] {
        assert!(!device.capture(&mut heard, 0).unwrap().ended);
        assert_eq!(heard, pcm[at..at + 80]);
    }
    let last = device.capture(&mut heard, 0).unwrap();
    assert_eq!((last.samples, last.ended), (40, true));
    assert_eq!(heard[..40], pcm[160..]);
    assert_eq!(heard[40..], [0; 40]);
    let counters = device.counters().unwrap();
    assert_eq!((counters.captured, counters.ended), (200, 1));
}

#[test]
fn a_file_loops_or_falls_silent_as_asked_and_may_wait() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("in.wav");
    let pcm = ramp(100);
    save(&file, 8000, &pcm);
    let mut heard = [7; 250];
    let mut device = open(&request(r#","at_end":"loop""#, Some(&file), None)).unwrap();
    assert!(!device.capture(&mut heard, 0).unwrap().ended);
    assert_eq!(heard[..100], heard[100..200]);
    assert_eq!(heard[200..], pcm[..50]);
    let rest = r#","at_end":"silence","wait_ms":10"#;
    let mut device = open(&request(rest, Some(&file), None)).unwrap();
    let captured = device.capture(&mut heard, 0).unwrap();
    assert_eq!((captured.samples, captured.ended), (250, false));
    assert_eq!((&heard[..80], &heard[180..]), (&[0; 80][..], &[0; 70][..]));
    assert_eq!(heard[80..180], pcm);
}

#[test]
fn an_empty_file_does_not_loop_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("empty.wav");
    save(&file, 8000, &[]);
    let refusal = open(&request(r#","at_end":"loop""#, Some(&file), None)).unwrap_err();
    assert!(
        refusal
            .to_string()
            .ends_with("there is nothing in it to loop"),
        "{refusal}"
    );
}

#[test]
fn a_microphone_that_was_not_asked_for_is_silent() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("in.wav");
    save(&file, 8000, &ramp(100));
    let rest = r#","direction":"playback","at_end":"loop""#;
    let mut device = open(&request(rest, Some(&file), None)).unwrap();
    let mut heard = [7; 80];
    assert!(!device.capture(&mut heard, 0).unwrap().ended);
    assert_eq!(heard, [0; 80]);
}

#[test]
fn a_file_of_another_rate_width_and_channel_count_is_converted() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("in.wav");
    let spec = WavSpec {
        channels: 2,
        sample_rate: 44100,
        bits_per_sample: 24,
        sample_format: SampleFormat::Int,
    };
    let mut wav = WavWriter::create(&file, spec).unwrap();
    for n in 0..44100 {
        let sine = (f64::from(n) * 440.0 * std::f64::consts::TAU / 44100.0).sin();
        wav.write_sample((sine * 4_000_000.0) as i32).unwrap();
        wav.write_sample(0).unwrap();
    }
    wav.finalize().unwrap();
    let mut device = open(&request("", Some(&file), None)).unwrap();
    let mut heard = vec![0; 8000];
    assert_eq!(device.capture(&mut heard, 0).unwrap().samples, 8000);
    for (n, &sample) in heard.iter().enumerate().take(7000).skip(1000) {
        let sine = (n as f64 * 440.0 * std::f64::consts::TAU / 8000.0).sin();
        let want = sine * 4_000_000.0 / 256.0 / 2.0;
        assert!((f64::from(sample) - want).abs() < 10.0, "sample {n}");
    }
}

#[test]
fn what_is_played_is_in_the_file_after_closing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.wav");
    let pcm = ramp(16_000);
    let mut device = open(&request(r#","direction":"playback""#, None, Some(&file))).unwrap();
    pcm.chunks(80)
        .for_each(|block| device.playback(block, 0).unwrap());
    drop(device);
    assert_eq!(load(&file), pcm);
    assert_eq!(WavReader::open(&file).unwrap().spec().sample_rate, 8000);
}

#[test]
fn a_crash_leaves_a_playable_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.wav");
    let mut device = open(&request("", None, Some(&file))).unwrap();
    assert_eq!(load(&file), [0; 0], "an empty file is a file");
    let pcm = ramp(4000);
    device.playback(&pcm, 0).unwrap();
    let began = Instant::now();
    // The file as it lies on the disk while the device is still open, which is what a crash leaves.
    while load(&file) != pcm {
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "the header is never flushed"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(device);
}

#[test]
fn what_has_no_room_is_counted_and_the_caller_never_waits() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("out.wav");
    let mut device = open(&request("", None, Some(&file))).unwrap();
    let block = ramp(8000 * 60);
    device.playback(&block, 0).unwrap();
    let counters = device.counters().unwrap();
    assert_eq!(counters.played, 480_000);
    drop(device);
    assert_eq!(load(&file).len() as u64, counters.played - counters.overrun);
    assert!(counters.overrun >= 8000 * 50);
}

#[test]
fn what_cannot_be_opened_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.wav");
    std::fs::write(&text, "hello").unwrap();
    let gone = folder.path().join("gone.wav");
    let deep = folder.path().join("no/such/folder.wav");
    for (request, says) in [
        (
            request("", Some(&gone), None),
            "gone.wav: there is no such file",
        ),
        (
            request("", Some(&text), None),
            "notes.wav: not a WAV file we read",
        ),
        (request("", Some(folder.path()), None), "it is no file"),
        (
            request("", None, Some(&deep)),
            "folder.wav: cannot be written: ",
        ),
        (
            request(r#","at_end":"stop""#, None, None),
            "unknown variant `stop`",
        ),
        (
            request(r#","wirte":"x""#, None, None),
            "unknown field `wirte`",
        ),
    ] {
        let refusal = open(&request).unwrap_err();
        assert!(refusal.to_string().contains(says), "{refusal}");
    }
    let missing = open(&request("", Some(&gone), None)).unwrap_err();
    assert_eq!(missing.status, Status::NOT_FOUND);
}
