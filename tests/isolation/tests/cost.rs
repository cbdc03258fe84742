//! What isolation costs a codec: from submit to collect, and processor time.
#![allow(clippy::unwrap_used)]

use base::Hertz;
use offhook_isolation::{catalogue, faulty, program};
use std::time::{Duration, Instant};

/// Time on a processor of a process, all its threads. Unit: ns.
fn processor_ns(pid: u32) -> u64 {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    tasks
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|stat| stat.split_whitespace().next()?.parse::<u64>().ok())
        .sum()
}

#[test]
fn audio_timing_cost_of_an_isolated_codec() {
    const SECONDS: u64 = 4;
    const STREAMS: usize = 10;
    let catalogue = catalogue(&program(), &faulty("codec"));
    let handle = catalogue.codec("X-FAULTY", Hertz(8000)).unwrap();
    let mut streams: Vec<_> = (0..STREAMS).map(|_| handle.open("", "").unwrap()).collect();
    let pid = catalogue.process_of("mock-faulty-codec").unwrap();
    let both = || processor_ns(pid) + processor_ns(std::process::id());
    let before = both();
    let mut took = Vec::new();
    let mut misses = 0;
    let (mut pcm, mut payload) = ([0; 160], [1; 160]);
    let began = Instant::now();
    for n in 0..SECONDS * 50 {
        let due = began + Duration::from_millis(20) * n as u32;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        plugin_host::away::begin_tick();
        let submitted = Instant::now();
        for codec in &mut streams {
            assert!(codec.submit_decode(&payload));
        }
        for codec in &mut streams {
            misses += u32::from(codec.collect_decoded(&mut pcm).is_err());
        }
        took.push(submitted.elapsed());
        for codec in &mut streams {
            codec.submit_encode(&pcm, payload.len());
        }
        for codec in &mut streams {
            // One that is late is asked for no more.
            let _ = codec.collect_encoded(&mut payload);
        }
    }
    let share = (both() - before) as f64 / (SECONDS * 1_000_000_000 * STREAMS as u64) as f64;
    took.sort();
    let at = |percent: usize| took[took.len() * percent / 100];
    println!(
        "{STREAMS} streams, submit to collect of all: p50 {:?} p99 {:?} max {:?}; {misses} missed; {:.2} % of a core a stream",
        at(50),
        at(99),
        took[took.len() - 1],
        share * 100.0
    );
    // A busy machine takes single ticks away from us, but not every other one.
    assert!(
        at(50) <= Duration::from_millis(3),
        "{:?} of waiting",
        at(50)
    );
    assert!(share <= 0.015, "{:.2} % of a core a stream", share * 100.0);
}
