//! What may not grow, and by how much it did.

use crate::phones::Calls;
use crate::watch::Sample;

/// So many rows say something of growth. Unit: rows.
const ROWS: usize = 10;
/// Growth that is allowed in an hour, at least: allocators settle. Unit: KiB.
const MEMORY: f64 = 1_024.0;
/// The same for descriptors and threads. At rest a call that just ended may still hold its pair of sockets.
const COUNTS: f64 = 4.0;
/// The same for wake-ups at rest. Unit: 1/s.
const WAKES: f64 = 20.0;

/// What it is, how much it may grow in an hour, where it stands.
type Figure = (&'static str, f64, fn(&Sample) -> f64);

const FIGURES: [Figure; 4] = [
    ("KiB memory", MEMORY, |sample| sample.memory),
    ("descriptors", COUNTS, |sample| sample.descriptors),
    ("threads", COUNTS, |sample| sample.threads),
    ("wake-ups a second", WAKES, |sample| sample.wakes),
];

/// A minute.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// When it ended, since the begin. Unit: minutes.
    pub(crate) minute: f64,
    /// What was called in it.
    pub(crate) calls: Calls,
    /// Each program at its end, in order.
    pub(crate) samples: Vec<Sample>,
}

/// What came out.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// For the person.
    pub(crate) notes: Vec<String>,
    /// What is wrong.
    pub(crate) faults: Vec<String>,
}

/// Judges all rows.
pub(crate) fn judge(names: &[&str], rows: &[Row]) -> Found {
    let mut found = Found::default();
    let sum = |of: fn(&Calls) -> u32| rows.iter().map(|row| of(&row.calls)).sum::<u32>();
    let (made, heard, failed) = (sum(|c| c.made), sum(|c| c.heard), sum(|c| c.failed));
    found.notes.push(format!(
        "{made} calls to the echo, {heard} chirps came back; {} calls by SIPp",
        sum(|c| c.by_sipp)
    ));
    if made == 0 || heard < made {
        found
            .faults
            .push(format!("{} calls without their chirp", made - heard));
    }
    if failed > 0 {
        found.faults.push(format!("{failed} calls failed"));
    }
    if rows.len() < ROWS {
        let text = format!("too short to see growth: {} rows, of {ROWS}", rows.len());
        found.notes.push(text);
        return found;
    }
    // What is made once is made in the first third.
    let later = &rows[rows.len() / 3..];
    let hours = (later[later.len() - 1].minute - later[0].minute) / 60.0;
    for (at, name) in names.iter().enumerate() {
        for (what, allowed, of) in FIGURES {
            let points: Vec<(f64, f64)> = later
                .iter()
                .filter_map(|row| Some((row.minute / 60.0, of(row.samples.get(at)?))))
                .collect();
            let slope = slope(&points);
            let line = format!("{name}: {slope:+.1} {what} an hour");
            // Over less than an hour the bound is for the time itself: noise has no slope.
            match slope * hours.min(1.0) > allowed * hours.clamp(0.25, 1.0) {
                true => found.faults.push(line),
                false => found.notes.push(line),
            }
        }
    }
    found
}

/// Least squares. Unit: of y for each of x.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let (x, y) = points
        .iter()
        .fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
    let (x, y) = (x / n, y / n);
    let up: f64 = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum();
    let down: f64 = points.iter().map(|p| (p.0 - x).powi(2)).sum();
    if down > 0.0 { up / down } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: u32, memory: impl Fn(u32) -> f64, failed: u32) -> Vec<Row> {
        let row = |n: u32| Row {
            minute: f64::from(n) + 1.0,
            calls: Calls {
                made: 9,
                heard: 9,
                failed,
                by_sipp: 200,
            },
            samples: vec![Sample {
                memory: memory(n),
                descriptors: 20.0 + f64::from(n % 3),
                threads: 5.0,
                wakes: 100.0,
            }],
        };
        (0..count).map(row).collect()
    }

    #[test]
    fn a_leak_is_a_fault_and_noise_is_none() {
        let noisy = |n: u32| 9_000.0 + f64::from(n * 7_919 % 97);
        let faults = |rows: &[Row]| judge(&["phone"], rows).faults;
        assert!(faults(&rows(120, noisy, 0)).is_empty());
        assert!(faults(&rows(12, noisy, 0)).is_empty());
        // 40 KiB a minute, and what was made in the beginning and stays.
        assert_eq!(
            faults(&rows(120, |n| noisy(n) + f64::from(n) * 40.0, 0)).len(),
            1
        );
        assert_eq!(
            faults(&rows(30, |n| noisy(n) + f64::from(n) * 40.0, 0)).len(),
            1
        );
        assert!(faults(&rows(120, |n| noisy(n) + f64::from(n.min(20)) * 40.0, 0)).is_empty());
    }

    #[test]
    fn a_call_that_fails_or_is_silent_is_a_fault() {
        assert_eq!(judge(&["phone"], &rows(2, |_| 1.0, 1)).faults.len(), 1);
        let mut silent = rows(2, |_| 1.0, 0);
        silent[1].calls.heard -= 1;
        assert_eq!(judge(&["phone"], &silent).faults.len(), 1);
        assert_eq!(judge(&["phone"], &[]).faults.len(), 1);
    }
}
