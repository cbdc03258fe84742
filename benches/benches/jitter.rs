//! One packet in, one frame out: what the jitter buffer costs. Unit: time for 20 ms of sound, which
//! is one insert and two pulls' worth of a 10 ms tick.

use base::{Hertz, Instant, Rng};
use criterion::{Criterion, criterion_group, criterion_main};
use rtp::jitter::Config;
use rtp::{Arrived, JitterBuffer, Pull};
use std::hint::black_box;

fn run(c: &mut Criterion, name: &str, jitter_us: u64) {
    let mut buffer = JitterBuffer::new(Config::new(Hertz(8_000)));
    let mut rng = Rng::from_number(1);
    let payload = [0x55; 160];
    let mut n = 0_u64;
    let mut line_us = 0;
    c.bench_function(name, |b| {
        b.iter(|| {
            n += 1;
            let arrival = Instant::from_nanos(n * 20_000_000 + rng.below(jitter_us + 1) * 1_000);
            let packet = Arrived {
                sequence: n as u16,
                timestamp: (n * 160) as u32,
                payload_type: 0,
                payload: &payload,
            };
            black_box(buffer.insert(&packet, arrival));
            for tick in 1..=2 {
                let now = Instant::from_millis(n * 20 + tick * 10);
                while line_us < 10_000 {
                    match black_box(buffer.pull(now)) {
                        Pull::Frame { .. } => {
                            buffer.decoded(20_000);
                            line_us += 20_000;
                        }
                        Pull::Missing { length_us } | Pull::Lost { length_us, .. } => {
                            line_us += length_us;
                        }
                        Pull::Waiting => line_us += 10_000,
                    }
                }
                line_us -= 10_000;
            }
        });
    });
}

fn all(c: &mut Criterion) {
    run(c, "jitter/clean", 0);
    run(c, "jitter/40-ms", 40_000);
}

criterion_group!(benches, all);
criterion_main!(benches);
