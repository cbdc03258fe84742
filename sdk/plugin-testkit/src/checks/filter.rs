//! Filters.

use super::sound::{level, noise};
use crate::subject::{Held, Stop, Subject, must};
use plugin::{FilterHandle, FilterInstance, FilterRequest, Place, Status};

const RATES: [u32; 3] = [8000, 16000, 48000];

pub(crate) fn table(subject: &Subject) -> Result<FilterHandle, Stop> {
    let table = subject.started()?.filter()?;
    Ok(table.ok_or("it has no filter table".to_owned())?)
}

pub(crate) fn open(table: &FilterHandle, place: Place, rate: u32) -> Result<FilterInstance, Stop> {
    let request = FilterRequest {
        place,
        sample_rate_hz: rate,
        options: "",
    };
    let opened = table.open(&request);
    opened.map_err(|refusal| Stop::Fail(format!("open() at {rate} Hz says {refusal}")))
}

fn said(call: &str, status: Status) -> String {
    format!("{call}() says {}", plugin::status_text(status))
}

pub(crate) fn opens(subject: &Subject) -> Held {
    let table = table(subject)?;
    for rate in RATES {
        for place in [Place::Microphone, Place::Speaker] {
            let mut filter = open(&table, place, rate)?;
            let near = noise(rate as usize / 100, subject.seed, 9000);
            let mut out = vec![0; near.len()];
            for far in [None, Some(near.as_slice())] {
                filter
                    .process(&near, far, 160, &mut out)
                    .map_err(|s| said("process", s))?;
            }
        }
    }
    Ok(())
}

pub(crate) fn silence(subject: &Subject) -> Held {
    let mut filter = open(&table(subject)?, Place::Microphone, 8000)?;
    let mut out = [0; 80];
    for _ in 0..100 {
        filter
            .process(&[0; 80], None, 0, &mut out)
            .map_err(|s| said("process", s))?;
    }
    let level = level(&out);
    must!(
        level < 30.0,
        "process() makes a level of {level:.0} of silence"
    );
    Ok(())
}

/// Slow full-scale waves: where the sound is loud, its sign is the same before and after.
pub(crate) fn full_scale(subject: &Subject) -> Held {
    let table = table(subject)?;
    for rate in RATES {
        let mut filter = open(&table, Place::Speaker, rate)?;
        let block = rate as usize / 100;
        let mut turned = 0;
        let delay = filter.latency() as usize;
        let wave = |n: usize| {
            let angle = n as f64 * 200.0 * std::f64::consts::TAU / f64::from(rate);
            (angle.sin() * 32767.0) as i16
        };
        for b in 0..50 {
            let near: Vec<i16> = (0..block).map(|n| wave(b * block + n)).collect();
            let mut out = vec![0; block];
            filter
                .process(&near, None, 0, &mut out)
                .map_err(|s| said("process", s))?;
            for (n, &after) in out.iter().enumerate() {
                let before = (b * block + n).checked_sub(delay).map_or(0, wave);
                let loud = before.unsigned_abs() > 24000 && after.unsigned_abs() > 12000;
                turned += usize::from(loud && (before < 0) != (after < 0));
            }
        }
        must!(
            turned * 50 < block * 50 / 4,
            "process() turned the sign of {turned} loud samples at {rate} Hz"
        );
    }
    Ok(())
}

pub(crate) fn bounds(subject: &Subject) -> Held {
    let mut filter = open(&table(subject)?, Place::Microphone, 8000)?;
    let near = noise(80, subject.seed, 9000);
    let mut twice = [[0_i16; 80 + 2000]; 2];
    for (out, mark) in twice.iter_mut().zip([0x55AA, 0x2AA5]) {
        out.fill(mark);
        filter.reset().map_err(|s| said("reset", s))?;
        filter
            .process(&near, None, 0, &mut out[..80])
            .map_err(|s| said("process", s))?;
        must!(
            out[80..].iter().all(|&s| s == mark),
            "process() wrote beyond the block"
        );
    }
    let [one, other] = twice;
    let left = one
        .iter()
        .zip(&other)
        .take(80)
        .filter(|(a, b)| **a == 0x55AA && **b == 0x2AA5);
    let left = left.count();
    must!(
        left == 0,
        "process() left {left} of 80 samples as they were"
    );
    Ok(())
}

pub(crate) fn sizes(subject: &Subject) -> Held {
    let mut filter = open(&table(subject)?, Place::Microphone, 16000)?;
    for size in [0_usize, 1, 79, 80, 159, 161, 480, 4800] {
        let near = noise(size, subject.seed, 9000);
        let mut out = vec![0x55AA; size + 2000];
        let done = filter.process(&near, None, 0, &mut out[..size]);
        must!(
            out[size..].iter().all(|&s| s == 0x55AA),
            "process() of {size} samples wrote beyond them"
        );
        must!(
            done != Err(Status::PANIC),
            "process() of {size} samples panicked"
        );
    }
    Ok(())
}

pub(crate) fn latency(subject: &Subject) -> Held {
    let table = table(subject)?;
    for rate in RATES {
        let latency = open(&table, Place::Microphone, rate)?.latency();
        must!(
            latency <= rate / 10,
            "latency() says {latency} samples at {rate} Hz"
        );
    }
    Ok(())
}

pub(crate) fn reset(subject: &Subject) -> Held {
    let mut filter = open(&table(subject)?, Place::Microphone, 8000)?;
    let mut story = || -> Result<Vec<i16>, Stop> {
        let mut all = Vec::new();
        for n in 0..20 {
            let mut out = [0; 80];
            let near = noise(80, subject.seed + n, 20000);
            filter
                .process(&near, None, 0, &mut out)
                .map_err(|s| said("process", s))?;
            all.extend(out);
        }
        filter.reset().map_err(|s| said("reset", s))?;
        Ok(all)
    };
    must!(
        story()? == story()?,
        "after reset() the same sound gives another result"
    );
    Ok(())
}

pub(crate) fn controls(subject: &Subject) -> Held {
    let mut filter = open(&table(subject)?, Place::Microphone, 8000)?;
    must!(
        filter.control(0xFFFF_0000, 1).is_err(),
        "control() takes the unknown key 0xFFFF0000"
    );
    for key in 0..16 {
        for value in [i64::MIN, -1, 0, 1, i64::MAX] {
            let panicked = filter.control(key, value) == Err(Status::PANIC);
            must!(!panicked, "control({key}, {value}) panicked");
        }
    }
    Ok(())
}
