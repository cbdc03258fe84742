//! What isolation costs a codec: from submit to collect, and processor time, beside a bare wake-up there and back.
#![allow(clippy::unwrap_used)]

use base::Hertz;
use offhook_isolation::{catalogue, faulty, program};
use rustix::event::{EventfdFlags, eventfd};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};
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

/// Another process that answers each ring of one bell by another bell, and does nothing else.
struct Echo {
    there: OwnedFd,
    back: OwnedFd,
    process: Child,
}

impl Echo {
    fn start() -> Self {
        let bell = || eventfd(0, EventfdFlags::CLOEXEC).unwrap();
        let (there, back) = (bell(), bell());
        let process = Command::new("cat")
            .stdin(Stdio::from(there.try_clone().unwrap()))
            .stdout(Stdio::from(back.try_clone().unwrap()))
            .spawn()
            .unwrap();
        Self {
            there,
            back,
            process,
        }
    }

    fn there_and_back(&self) -> Duration {
        let began = Instant::now();
        rustix::io::write(&self.there, &1_u64.to_ne_bytes()).unwrap();
        rustix::io::read(&self.back, &mut [0_u8; 8]).unwrap();
        began.elapsed()
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        // It waits for another ring.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Half, 99 of a hundred, and all of them were no longer.
fn figures(mut took: Vec<Duration>) -> [Duration; 3] {
    took.sort();
    [50, 99, 100].map(|percent| took[(took.len() * percent).div_ceil(100) - 1])
}

fn told([half, most, all]: [Duration; 3]) -> String {
    format!("p50 {half:?} p99 {most:?} max {all:?}")
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
    let echo = Echo::start();
    let (mut took, mut alone, mut bare) = (Vec::new(), Vec::new(), Vec::new());
    let mut misses = 0;
    let (mut pcm, mut payload) = ([0; 160], [1; 160]);
    let began = Instant::now();
    for n in 0..SECONDS * 50 {
        let due = began + Duration::from_millis(20) * n as u32;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        bare.push(echo.there_and_back());
        plugin_host::away::begin_tick();
        let submitted = Instant::now();
        assert!(streams[0].submit_decode(&payload));
        misses += u32::from(streams[0].collect_decoded(&mut pcm).is_err());
        alone.push(submitted.elapsed());
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
    let (all, alone, bare) = (figures(took), figures(alone), figures(bare));
    println!("an eventfd there and back: {}", told(bare));
    println!("submit to collect, 1 stream: {}", told(alone));
    println!("submit to collect, all of {STREAMS} streams: {}", told(all));
    println!("{misses} missed; {:.2} % of a core a stream", share * 100.0);
    // A busy machine takes single ticks away from us, but not every other one. Where a bare bell comes back at once,
    // so does a codec. Source: rulings, Limits; p99 alone: README.md.
    let is_quiet = bare[0] <= Duration::from_micros(50);
    let least = Duration::from_micros(if is_quiet { 300 } else { 2_000 });
    assert!(alone[0] <= least, "{:?} of waiting for one", alone[0]);
    let bound = Duration::from_millis(2);
    assert!(all[0] <= bound, "{:?} of waiting for all", all[0]);
    assert!(share <= 0.015, "{:.2} % of a core a stream", share * 100.0);
}
