//! The receiver against ITU-T Q.24, and against voices. M-059.

#![allow(clippy::unwrap_used, reason = "a test")]

use audio::{Rate, speech::speech};
use base::Rng;
use core::f32::consts::TAU;
use offhook_dtmf_inband::detector::Detector;
use offhook_dtmf_inband::keys::frequencies;

const KEYS: &str = "0123456789*#ABCD";
/// Level of a sine of full scale.
const FULL_SCALE_DBM0: f32 = 314.0 / 100.0;

/// A key as it comes from a line.
#[derive(Clone, Copy)]
struct Line {
    low_dbm0: f32,
    high_dbm0: f32,
    /// Both frequencies off by this factor.
    off: f32,
    on_ms: usize,
    off_ms: usize,
}

const GOOD: Line = Line {
    low_dbm0: -9.0,
    high_dbm0: -7.0,
    off: 1.0,
    on_ms: 40,
    off_ms: 40,
};

fn amplitude(dbm0: f32) -> f32 {
    32_767.0 * 10f32.powf((dbm0 - FULL_SCALE_DBM0) / 20.0)
}

fn sound(key: char, line: Line) -> Vec<f32> {
    let hertz = frequencies(key).unwrap().map(|hz| hz as f32 * line.off);
    let amplitudes = [line.low_dbm0, line.high_dbm0].map(amplitude);
    let on = (0..line.on_ms * 8).map(|n| {
        let at = n as f32 / 8_000.0;
        (TAU * hertz[0] * at).sin() * amplitudes[0] + (TAU * hertz[1] * at).sin() * amplitudes[1]
    });
    on.chain(core::iter::repeat_n(0.0, line.off_ms * 8))
        .collect()
}

/// All keys one after the other, each beginning elsewhere in a block.
fn all(line: Line, lead: usize) -> Vec<f32> {
    let mut pcm = vec![0.0; lead];
    pcm.extend(KEYS.chars().flat_map(|key| sound(key, line)));
    pcm.extend([0.0; 1_600]);
    pcm
}

fn add_noise(pcm: &mut [f32], rms: f32, seed: u64) {
    let mut rng = Rng::from_number(seed);
    for sample in pcm {
        let sum: f32 = (0..12).map(|_| rng.below(65_536) as f32 / 65_536.0).sum();
        *sample += (sum - 6.0) * rms;
    }
}

/// What is heard: the keys that went down, and how long each was held. Unit: ms.
fn hear(pcm: &[f32]) -> (String, Vec<u32>) {
    let (mut keys, mut held) = (String::new(), Vec::new());
    let mut detector = Detector::new();
    for block in pcm.chunks_exact(80) {
        let block: Vec<i16> = block.iter().map(|&s| s.round() as i16).collect();
        detector.hear(&block, |key, ms| match ms {
            None => keys.push(key),
            Some(ms) => held.push(ms),
        });
    }
    (keys, held)
}

#[test]
fn every_key_at_every_level_40_ms_on_40_ms_off() {
    for dbm0 in [-25.0, -20.0, -15.0, -10.0, -6.0, -3.0] {
        for lead in [0, 13, 27, 41, 60, 79] {
            let line = Line {
                low_dbm0: dbm0,
                high_dbm0: dbm0,
                ..GOOD
            };
            let (keys, held) = hear(&all(line, lead));
            assert_eq!(keys, KEYS, "{dbm0} dBm0, {lead} samples later");
            assert_eq!(held.len(), KEYS.len());
            assert!(held.iter().all(|ms| (30..=55).contains(ms)), "{held:?}");
        }
    }
}

#[test]
fn frequencies_1_5_percent_off_are_keys_and_3_5_percent_off_are_none() {
    for (percent, expected) in [
        (-1.5, KEYS),
        (1.5, KEYS),
        (-3.5, ""),
        (3.5, ""),
        (-4.5, ""),
        (4.5, ""),
    ] {
        for lead in [0, 29, 55] {
            let off = 1.0 + percent / 100.0;
            let line = Line {
                off,
                on_ms: 60,
                ..GOOD
            };
            assert_eq!(hear(&all(line, lead)).0, expected, "{percent} %, {lead}");
        }
    }
}

#[test]
fn twist_within_limits_is_heard_and_beyond_is_not() {
    for (low, high, expected) in [
        (-10.0, -6.0, KEYS),
        (-6.0, -14.0, KEYS),
        (-14.0, -6.0, ""),
        (-6.0, -18.0, ""),
    ] {
        let line = Line {
            low_dbm0: low,
            high_dbm0: high,
            ..GOOD
        };
        assert_eq!(hear(&all(line, 33)).0, expected, "{low} and {high}");
    }
    let soft = Line {
        low_dbm0: -33.0,
        high_dbm0: -33.0,
        ..GOOD
    };
    assert_eq!(hear(&all(soft, 0)).0, "");
}

#[test]
fn noise_15_db_below_neither_hides_nor_adds_a_key() {
    let line = Line {
        on_ms: 50,
        off_ms: 50,
        ..GOOD
    };
    let power = [line.low_dbm0, line.high_dbm0].map(|db| amplitude(db).powi(2) / 2.0);
    let rms = ((power[0] + power[1]) / 10f32.powf(1.5)).sqrt();
    for seed in 0..20 {
        let mut pcm = all(line, seed as usize * 4);
        add_noise(&mut pcm, rms, seed);
        assert_eq!(hear(&pcm).0, KEYS, "seed {seed}");
    }
    let mut noise = vec![0.0; 8_000 * 30];
    add_noise(&mut noise, 3_000.0, 99);
    assert_eq!(hear(&noise).0, "");
}

#[test]
fn a_lost_packet_of_20_ms_does_not_make_two_of_one() {
    for key in KEYS.chars() {
        for hole in (25..=60).step_by(5) {
            let line = Line {
                on_ms: 120,
                off_ms: 100,
                ..GOOD
            };
            let mut pcm = sound(key, line);
            pcm[hole * 8..(hole + 20) * 8].fill(0.0);
            let (keys, held) = hear(&pcm);
            assert_eq!(keys, key.to_string(), "{hole} ms");
            // What came before a hole at its very start was too short to be a key.
            assert!((60..=140).contains(&held[0]), "{held:?}");
        }
    }
}

#[test]
fn the_same_key_twice_is_two_keys_and_a_glitch_is_none() {
    for lead in 0..80 {
        let mut pcm = vec![0.0; lead];
        pcm.extend(sound('5', GOOD));
        pcm.extend(sound('5', GOOD));
        let glitch = Line { on_ms: 20, ..GOOD };
        pcm.extend(sound('7', glitch));
        pcm.extend([0.0; 800]);
        assert_eq!(hear(&pcm).0, "55", "{lead}");
    }
}

#[test]
fn one_key_right_after_another_is_heard() {
    let line = Line {
        on_ms: 80,
        off_ms: 0,
        ..GOOD
    };
    let mut pcm = sound('1', line);
    pcm.extend(sound('2', line));
    pcm.extend([0.0; 800]);
    let (keys, held) = hear(&pcm);
    assert_eq!((keys.as_str(), held.len()), ("12", 2));
}

/// Talk-off: two minutes of each of eight voices, and the same with a key in the middle.
#[test]
fn voices_are_no_keys() {
    for seed in 0..8 {
        let voice = speech(&mut Rng::from_number(seed), Rate::Hz8000, 120_000);
        let voice: Vec<f32> = voice.into_iter().map(f32::from).collect();
        assert_eq!(hear(&voice).0, "", "seed {seed}");
        let louder: Vec<f32> = voice.iter().map(|s| s * 2.5).collect();
        assert_eq!(hear(&louder).0, "", "seed {seed}, louder");
    }
}

/// A voice has harmonics where a key has none.
#[test]
fn tones_with_second_harmonics_are_no_keys() {
    for key in KEYS.chars() {
        let line = Line { on_ms: 100, ..GOOD };
        let mut pcm = sound(key, line);
        let high = frequencies(key).unwrap()[1] as f32;
        for (n, sample) in pcm.iter_mut().take(800).enumerate() {
            let second = (TAU * 2.0 * high * n as f32 / 8_000.0).sin();
            *sample += second * amplitude(line.high_dbm0 - 9.0);
        }
        assert_eq!(hear(&pcm).0, "", "{key}");
    }
}
