//! Devices in virtual time.

use super::*;
use plugin::{AudioInstance, EntryHandle};

const BLOCK_NS: u64 = 10_000_000;

fn open(steps: &str) -> Result<AudioInstance, Refusal> {
    let entry = EntryHandle::built_in(&ENTRY).unwrap();
    let request = format!(r#"{{"rate_hz":8000,"steps":[{steps}]}}"#);
    entry.audio().unwrap().unwrap().open(&request)
}

fn works(device: &mut AudioInstance, at_ms: u64) -> Result<usize, Status> {
    let mut pcm = [1; 80];
    let captured = device.capture(&mut pcm, at_ms * 1_000_000);
    let played = device.playback(&pcm, at_ms * 1_000_000);
    assert_eq!(captured.map(drop), played, "both ways are alike");
    captured.map(|captured| captured.samples)
}

/// Blocks from `from_ms` on, one each 10 ms.
fn run(device: &mut AudioInstance, blocks: u64) -> Vec<i16> {
    let mut all = Vec::new();
    for block in 0..blocks {
        let mut pcm = [0; 80];
        let captured = device.capture(&mut pcm, block * BLOCK_NS).unwrap();
        all.extend_from_slice(&pcm[..captured.samples]);
    }
    all
}

#[test]
fn what_is_unplugged_is_lost_and_works_once_it_is_opened_again() {
    let steps = r#"{"at_ms":100,"do":"replug","for_ms":50}"#;
    let mut device = open(steps).unwrap();
    assert_eq!(works(&mut device, 90), Ok(80));
    assert_eq!(works(&mut device, 100), Err(Status::LOST));
    let mut early = open(steps).unwrap();
    assert_eq!(works(&mut early, 140), Err(Status::LOST), "not there yet");
    assert_eq!(works(&mut device, 150), Err(Status::LOST), "the old one");
    let mut again = open(steps).unwrap();
    assert_eq!(works(&mut again, 150), Ok(80));
}

#[test]
fn another_rate_loses_what_is_open_and_nothing_else() {
    let steps = r#"{"at_ms":100,"do":"rate","hz":44100}"#;
    let mut device = open(steps).unwrap();
    assert_eq!(works(&mut device, 90), Ok(80));
    assert_eq!(works(&mut device, 110), Err(Status::LOST));
    assert_eq!(works(&mut open(steps).unwrap(), 120), Ok(80));
}

#[test]
fn a_hang_brings_nothing_and_the_ring_what_it_kept() {
    let mut device = open(r#"{"at_ms":100,"do":"hang","for_ms":200}"#).unwrap();
    let heard = run(&mut device, 60);
    // 20 blocks came to nothing; of the 200 ms recorded meanwhile the ring kept 100.
    assert_eq!(heard.len(), 40 * 80);
    let counters = device.counters().unwrap();
    assert_eq!(counters.underrun, 20 * 80);
    assert!(counters.overrun >= 8 * 80, "{counters:?}");
}

#[test]
fn a_slow_clock_runs_dry_and_a_fast_one_runs_over() {
    let hours = |ppm: i32| {
        let mut device = open(&format!(r#"{{"at_ms":0,"do":"drift","ppm":{ppm}}}"#)).unwrap();
        run(&mut device, 100 * 100);
        device.counters().unwrap()
    };
    let (slow, right, fast) = (hours(-1_000), hours(0), hours(5_000));
    // 100 s at −1,000 ppm lack 100 ms, less the part of a sample that waits.
    assert!((790..=801).contains(&slow.underrun), "{slow:?}");
    assert_eq!((right.underrun, right.overrun), (0, 0));
    // 500 ms too much, less what the ring holds.
    assert!((3_100..=3_300).contains(&fast.overrun), "{fast:?}");
}

#[test]
fn an_xrun_leaves_a_hole_in_the_sound_and_is_counted() {
    let tone = r#"{"at_ms":0,"do":"tone","hertz":400}"#;
    let whole = run(&mut open(tone).unwrap(), 20);
    let mut device = open(&format!(r#"{tone},{{"at_ms":95,"do":"xrun","ms":5}}"#)).unwrap();
    let holed = run(&mut device, 20);
    assert_eq!(holed[..800], whole[..800]);
    assert_eq!(holed[800..1_560], whole[840..], "40 samples are missing");
    assert_eq!(device.counters().unwrap().xruns, 1);
}

#[test]
fn tones_have_their_level_and_silence_ends_them() {
    let steps =
        r#"{"at_ms":0,"do":"tone","hertz":1000,"level_dbov":-20},{"at_ms":100,"do":"silence"}"#;
    let heard = run(&mut open(steps).unwrap(), 20);
    let sum: f64 = heard[..800].iter().map(|&s| f64::from(s).powi(2)).sum();
    let dbov = 20.0 * ((sum / 800.0).sqrt() / 32_767.0).log10();
    assert!((dbov + 20.0).abs() < 0.1, "{dbov}");
    assert!(heard[800..].iter().all(|&s| s == 0));
    assert_eq!(heard, run(&mut open(steps).unwrap(), 20), "always the same");
}

#[test]
fn what_makes_no_sense_is_refused_in_words() {
    for (steps, says) in [
        (r#"{"at_ms":1,"do":"dance"}"#, "dance"),
        (
            r#"{"at_ms":1,"do":"hang","for_ms":0}"#,
            "steps[0]: for_ms 0: 1 to",
        ),
        (
            r#"{"at_ms":1,"do":"drift","ppm":20000}"#,
            "ppm 20000: -10000 to 10000",
        ),
        (
            r#"{"at_ms":1,"do":"file","path":"/nowhere.wav"}"#,
            "/nowhere.wav",
        ),
        (r#"{"do":"plug"}"#, "at_ms"),
    ] {
        let why = open(steps).unwrap_err();
        assert!(why.to_string().contains(says), "{why}");
    }
}
