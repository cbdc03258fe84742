//! Whether the machine kept everybody waiting while a call was judged.
//!
//! Phones that nobody here wrote play and record by their own timers. When other programs hold the
//! cores, their sound has holes that no engine could mend. A witness sleeps beside the call and sees
//! how late it is woken: only what it saw excuses a call that is made again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often a witness wants to be woken. Unit: time.
const NAP: Duration = Duration::from_millis(2);

/// So late is an excuse: on a clean path a buffer is as shallow as two milliseconds, and moves when a
/// packet, or whoever plays, is later than it holds. A quiet machine stays below one. Unit: time.
pub const EXCUSE: Duration = Duration::from_millis(2);

/// The same for a codec in a process of its own: it has 2 ms of a tick to wake up, code and answer, so that half of
/// them lost is an excuse. Unit: time. Source: rulings, Limits.
pub const EXCUSE_APART: Duration = Duration::from_millis(1);

/// One sleeping thread per core.
#[derive(Debug)]
pub struct Witness {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Duration>>,
}

impl Witness {
    /// Watches from now on.
    pub fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let watch = |_| {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || watch(&stop))
        };
        let threads = (0..cores).map(watch).collect();
        Self { stop, threads }
    }

    /// Ends the watch: the latest that one of the threads was woken.
    pub fn worst(self) -> Duration {
        self.stop.store(true, Ordering::Relaxed);
        let late = self.threads.into_iter().map(JoinHandle::join);
        // A thread that panicked saw nothing: it excuses nothing.
        late.flatten().max().unwrap_or_default()
    }
}

fn watch(stop: &AtomicBool) -> Duration {
    let mut worst = Duration::ZERO;
    while !stop.load(Ordering::Relaxed) {
        let due = Instant::now() + NAP;
        std::thread::sleep(NAP);
        worst = worst.max(due.elapsed());
    }
    worst
}

/// Makes `call` until it is good, at most `times` times, and again only when the witness saw the
/// machine late by [`EXCUSE`] or more. Says what it saw each time.
///
/// # Errors
///
/// Those of the last call.
pub fn unless_preempted<T>(
    name: &str,
    times: usize,
    call: impl FnMut() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    unless_late(EXCUSE, name, times, call)
}

/// The same where the machine being late by `excuse` or more is one.
///
/// # Errors
///
/// Those of the last call.
pub fn unless_late<T>(
    excuse: Duration,
    name: &str,
    times: usize,
    mut call: impl FnMut() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    for turn in 1.. {
        let witness = Witness::start();
        let done = call();
        let late = witness.worst();
        println!("{name}: the machine was late by {late:.1?} at most");
        match done {
            Err(why) if turn < times && late >= excuse => {
                println!("{name}: made again, woken {late:.1?} late: {why:#}");
            }
            Ok(_) | Err(_) => return done,
        }
    }
    unreachable!("the last turn returns")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_witness_saw_is_an_excuse() {
        let mut calls = 0;
        let done = unless_preempted("never", 1, || -> anyhow::Result<()> {
            calls += 1;
            anyhow::bail!("a hole")
        });
        assert!(done.is_err());
        assert_eq!(calls, 1);
        let done = unless_preempted("good", 3, || Ok(7));
        assert_eq!(done.unwrap(), 7);
    }
}
