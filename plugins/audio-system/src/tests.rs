//! The media thread's half with a scripted device, and the whole where no sound card is.

use super::*;
use callback::{Listen, Shared, Speak};
use flow::{End, target};
use pace::Pace;
use plugin::EntryHandle;
use rtrb::RingBuffer;
use std::sync::Arc;

fn open(request: &str) -> Result<plugin::AudioInstance, Refusal> {
    let entry = EntryHandle::built_in(&ENTRY).unwrap();
    entry.audio().unwrap().unwrap().open(request)
}

fn tone(n: usize, rate: f64) -> f64 {
    (std::f64::consts::TAU * 500.0 * n as f64 / rate).sin() * 0.5
}

/// Largest step between neighbours; a 500 Hz tone of half scale at 8 kHz makes 6,400.
fn steepest(pcm: &[i16]) -> i32 {
    pcm.windows(2)
        .map(|w| (i32::from(w[1]) - i32::from(w[0])).abs())
        .max()
        .unwrap_or(0)
}

/// A device of 48 kHz whose crystal is off by `ppm`, read for 20 s in blocks of 10 ms.
fn microphone(ppm: f64) -> (Vec<i16>, plugin::AudioCounters) {
    let (producer, consumer) = RingBuffer::new(24_000);
    let shared = Arc::new(Shared::default());
    let mut device = Listen {
        ring: producer,
        channels: 2,
        pace: Pace::new(u32::MAX),
        shared,
    };
    let end = End {
        ring: consumer,
        device_hz: 48_000,
        period: 512,
    };
    let mut microphone = Microphone::new(end, 8000);
    let mut heard = Vec::new();
    let (mut made, mut owed) = (0, 0.0);
    for _ in 0..2000 {
        owed += 480.0 * (1.0 + ppm / 1e6);
        while owed >= 512.0 {
            owed -= 512.0;
            let period: Vec<f32> = (0..1024)
                .map(|n| tone(made + n / 2, 48_000.0) as f32)
                .collect();
            device.take(&period);
            made += 512;
        }
        let mut block = [0; 80];
        let samples = microphone.fetch(&mut block);
        heard.extend_from_slice(&block[..samples]);
    }
    let mut counters = plugin::AudioCounters::default();
    microphone.count(&mut counters);
    (heard, counters)
}

#[test]
fn a_microphone_with_a_crystal_of_its_own_is_followed_without_a_gap() {
    for ppm in [-300.0, 0.0, 300.0] {
        let (heard, counters) = microphone(ppm);
        assert_eq!((counters.underrun, counters.overrun), (0, 0), "{ppm}");
        assert!(heard.len() > 159_000, "{ppm}: {}", heard.len());
        assert!(
            steepest(&heard[800..]) < 6600,
            "{ppm}: {}",
            steepest(&heard[800..])
        );
    }
}

#[test]
fn a_loudspeaker_with_a_crystal_of_its_own_is_fed_without_a_gap() {
    for ppm in [-300.0, 0.0, 300.0] {
        let (producer, consumer) = RingBuffer::new(24_000);
        let shared = Arc::new(Shared::default());
        let mut device = Speak {
            ring: consumer,
            channels: 2,
            target: target(48_000, 512),
            running: false,
            pace: Pace::new(u32::MAX),
            shared: Arc::clone(&shared),
        };
        let end = End {
            ring: producer,
            device_hz: 48_000,
            period: 512,
        };
        let mut loudspeaker = Loudspeaker::new(end, 8000);
        let (mut heard, mut owed) = (Vec::new(), 0.0);
        for tick in 0..2000 {
            let block: Vec<i16> = (0..80)
                .map(|n| (tone(tick * 80 + n, 8000.0) * 32768.0) as i16)
                .collect();
            loudspeaker.put(&block);
            owed += 480.0 * (1.0 + ppm / 1e6);
            while owed >= 512.0 {
                owed -= 512.0;
                let mut period = [0_i16; 1024];
                device.fill(&mut period);
                heard.extend(period.iter().step_by(2));
            }
        }
        let underrun = shared.underrun.load(std::sync::atomic::Ordering::Relaxed);
        let mut counters = plugin::AudioCounters::default();
        loudspeaker.count(&mut counters);
        assert_eq!((underrun, counters.overrun), (0, 0), "{ppm}");
        // At 48 kHz the same tone makes steps of 1,072.
        assert!(
            steepest(&heard[4800..]) < 1150,
            "{ppm}: {}",
            steepest(&heard[4800..])
        );
    }
}

#[test]
fn a_media_thread_that_slept_does_not_stay_behind() {
    let (producer, consumer) = RingBuffer::new(24_000);
    let shared = Arc::new(Shared::default());
    let mut device = Listen {
        ring: producer,
        channels: 1,
        pace: Pace::new(u32::MAX),
        shared,
    };
    let end = End {
        ring: consumer,
        device_hz: 48_000,
        period: 512,
    };
    let mut microphone = Microphone::new(end, 8000);
    device.take(&vec![0.1_f32; 20_000]);
    assert_eq!(microphone.fetch(&mut [0; 80]), 80);
    assert!(
        microphone.latency_ns() < 40_000_000,
        "{}",
        microphone.latency_ns()
    );
    let mut counters = plugin::AudioCounters::default();
    microphone.count(&mut counters);
    assert!(counters.overrun > 3000);
}

/// A microphone whose media thread stood still for 200 ms and then fetches `at_once` blocks a tick:
/// samples that were dropped, and how old the rest is after `ticks`. Unit: ns.
fn after_a_stall(at_once: usize, ticks: usize) -> (u64, u64) {
    let (producer, consumer) = RingBuffer::new(24_000);
    let mut device = Listen {
        ring: producer,
        channels: 1,
        pace: Pace::new(u32::MAX),
        shared: Arc::new(Shared::default()),
    };
    let end = End {
        ring: consumer,
        device_hz: 48_000,
        period: 512,
    };
    let mut microphone = Microphone::new(end, 8000);
    device.take(&vec![0.1_f32; 1_000 + 9_600]);
    for _ in 0..ticks {
        for _ in 0..at_once {
            microphone.fetch(&mut [0; 80]);
        }
        device.take(&[0.1_f32; 480]);
    }
    let mut counters = plugin::AudioCounters::default();
    microphone.count(&mut counters);
    (counters.overrun, microphone.latency_ns())
}

#[test]
fn what_was_recorded_while_the_machine_stood_still_waits_to_be_fetched() {
    let (dropped, age) = after_a_stall(2, 20);
    assert_eq!(dropped, 0);
    assert!(age < 60_000_000, "{age}");
    // Nobody fetches it: the person would be heard late from now on.
    let (dropped, age) = after_a_stall(1, 100);
    assert!(dropped > 1_000, "{dropped}");
    assert!(age < 60_000_000, "{age}");
}

#[test]
fn requests_are_checked_in_words() {
    for (request, says) in [
        (r#"{"rate_hz":44100}"#, "use 8000, 16000 or 48000"),
        (r#"{"rate_hz":8000,"period":480}"#, "a power of two"),
        (r#"{"rate_hz":8000,"perod":512}"#, "unknown field `perod`"),
        (
            r#"{"rate_hz":8000,"device":"alsa:nobody-has-this"}"#,
            "alsa:nobody-has-this",
        ),
    ] {
        let refusal = open(request).unwrap_err();
        assert!(refusal.to_string().contains(says), "{refusal}");
    }
}

/// Runs wherever it runs: with a card the device opens and gives audio, without one it says so.
#[test]
fn the_default_device_opens_or_says_that_there_is_none() {
    match open(r#"{"rate_hz":16000}"#) {
        Ok(mut device) => {
            device.playback(&[0; 160], 0).unwrap();
            assert_eq!(device.counters().unwrap().played, 160);
        }
        Err(refusal) => {
            let words = refusal.to_string();
            assert!(
                words.contains("microphone") || words.contains("loudspeaker"),
                "{words}"
            );
        }
    }
}

/// ALSA's `null` opens everywhere and calls back as fast as it can.
#[cfg(target_os = "linux")]
#[test]
fn a_device_without_a_pace_does_not_take_the_processor() {
    let request = r#"{"rate_hz":8000,"direction":"playback","device":"alsa:null"}"#;
    let mut device = match open(request) {
        Ok(device) => device,
        Err(refusal) => {
            eprintln!("SKIPPED: no ALSA null device: {refusal}");
            return;
        }
    };
    for _ in 0..100 {
        device.playback(&[0; 80], 0).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    // A callback without a pace would have asked for hundreds of seconds of audio in this second.
    let counters = device.counters().unwrap();
    assert!(counters.underrun < 48_000 * 3, "{counters:?}");
}
