//! The device as a host sees it.

use super::*;
use audio::Rate;
use plugin::{AudioInstance, EntryHandle};

fn open(request: &str) -> Result<AudioInstance, Refusal> {
    let entry = EntryHandle::built_in(&ENTRY).unwrap();
    entry.audio().unwrap().unwrap().open(request)
}

/// Everything up to the end, in blocks of 10 ms and of odd sizes.
fn all(request: &str, block: usize) -> Vec<i16> {
    let mut device = open(request).unwrap();
    let mut pcm = Vec::new();
    loop {
        let mut out = vec![77; block];
        let captured = device.capture(&mut out, 0).unwrap();
        assert!(
            out[captured.samples..].iter().all(|&s| s == 0),
            "the rest is silence"
        );
        pcm.extend_from_slice(&out[..captured.samples]);
        if captured.ended {
            assert_eq!(device.counters().unwrap().ended, 1);
            return pcm;
        }
    }
}

/// Energy at one frequency. Source: Goertzel.
fn energy(pcm: &[i16], hertz: f64, rate: f64) -> f64 {
    let step = 2.0 * (std::f64::consts::TAU * hertz / rate).cos();
    let (mut a, mut b) = (0.0, 0.0);
    for &sample in pcm {
        (a, b) = (f64::from(sample) + step * a - b, a);
    }
    (a * a + b * b - step * a * b) / (pcm.len() as f64).powi(2)
}

#[test]
fn digits_sound_one_after_the_other_and_end() {
    let request = r#"{"rate_hz":8000,"digits":"5#","on_ms":80,"off_ms":40}"#;
    let pcm = all(request, 80);
    assert_eq!(pcm.len(), 2 * 120 * 8);
    assert_eq!(pcm, all(request, 33), "whatever the size of a block");
    let five = &pcm[80..560];
    for (near, far) in [(770.0, 697.0), (1336.0, 1477.0)] {
        assert!(energy(five, near, 8000.0) > 50.0 * energy(five, far, 8000.0));
    }
    assert!(
        pcm[82 * 8..119 * 8].iter().all(|&s| s == 0),
        "silent between digits"
    );
}

#[test]
fn a_chirp_is_the_seed_s_own() {
    let request =
        r#"{"rate_hz":16000,"chirp_seed":42,"chirp_ms":500,"wait_ms":20,"direction":"both"}"#;
    let pcm = all(request, 160);
    let want = audio::chirp::chirp(&mut base::Rng::from_number(42), Rate::Hz16000, 500);
    assert_eq!(pcm[..320], [0; 320]);
    assert_eq!(pcm[320..], want);
}

#[test]
fn a_plain_tone_goes_on_and_a_repeated_chirp_starts_again() {
    let mut device = open(r#"{"rate_hz":8000,"tone":{"hertz":[440]}}"#).unwrap();
    let mut second = vec![0; 8000];
    for _ in 0..100 {
        assert!(!device.capture(&mut second, 0).unwrap().ended);
    }
    assert!(energy(&second, 440.0, 8000.0) > 100.0 * energy(&second, 500.0, 8000.0));
    let mut device =
        open(r#"{"rate_hz":8000,"chirp_seed":1,"chirp_ms":100,"repeat":true}"#).unwrap();
    let mut twice = vec![0; 1600];
    assert!(!device.capture(&mut twice, 0).unwrap().ended);
    assert_eq!(twice[..800], twice[800..]);
}

#[test]
fn what_cannot_be_made_is_refused_in_words() {
    for (request, says) in [
        (r#"{"rate_hz":8000,"digits":"1x"}"#, "'x' is on no keypad"),
        (
            r#"{"rate_hz":8000,"digits":"1","chirp_seed":1}"#,
            "not several",
        ),
        (r#"{"rate_hz":8000,"tone":"engaged"}"#, "use ringback-eu"),
        (r#"{"rate_hz":8000,"tone":{"hertz":[9000]}}"#, "50 to 3800"),
        (r#"{"rate_hz":11025}"#, "use 8000, 16000 or 48000"),
        (r#"{"rate_hz":8000,"digit":"1"}"#, "unknown field `digit`"),
    ] {
        let refusal = open(request).unwrap_err();
        assert!(refusal.to_string().contains(says), "{refusal}");
    }
}
