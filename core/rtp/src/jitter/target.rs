//! How deep to be: what delay the network's packets need.
//!
//! Every packet has a delay: its arrival minus its timestamp. Only differences between delays mean
//! anything, so they are measured from the smallest of the last ten seconds, the base. Of the largest
//! of each quarter second, the last two dozen are kept; the second of them in size is the target. So
//! one interval in twenty-four may be worse than what is prepared for, two alike raise the target at
//! once, and whatever a bad path needed is forgotten six seconds after it became good.

use base::{Duration, Instant};

/// The target is a multiple of this. Unit: ns.
const STEP: i64 = 2_000_000;
/// The largest delay of each of these is kept.
const INTERVAL: Duration = Duration::from_millis(240);
/// So many of them, beside that of the interval that runs. A smaller window forgets spikes that come
/// every three seconds, a larger one keeps the delay of a storm for longer.
const INTERVALS: usize = 24;
/// Extremes are kept for so many windows of [`WINDOW`] each, of which the first runs: a jump of the
/// route is not taken for jitter too soon.
const WINDOWS: usize = 5;
const WINDOW: Duration = Duration::from_secs(2);

#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Smallest delay of each window; the first runs. Unit: ns.
    windows: [Option<i64>; WINDOWS],
    window_ends: Instant,
    /// Largest delay of the interval that runs. Unit: ns.
    largest: Option<i64>,
    interval_ends: Instant,
    /// Largest delays of the intervals before, as far as packets came in them; a ring. Unit: ns.
    recent: [i64; INTERVALS],
    next: usize,
    base: i64,
    /// Above the base. Unit: ns.
    target: i64,
}

impl Target {
    pub(super) const fn new() -> Self {
        Self {
            windows: [None; WINDOWS],
            window_ends: Instant::ZERO,
            largest: None,
            interval_ends: Instant::ZERO,
            recent: [i64::MIN; INTERVALS],
            next: 0,
            base: 0,
            target: STEP,
        }
    }

    /// The smallest delay of the last ten seconds; `None` before the first packet. Unit: ns.
    pub(super) fn base(&self) -> Option<i64> {
        self.windows
            .iter()
            .any(Option::is_some)
            .then_some(self.base)
    }

    /// What is needed above the base. Unit: ns.
    pub(super) const fn target(&self) -> i64 {
        self.target
    }

    /// Takes note of a packet that took `delay` ns.
    pub(super) fn observe(&mut self, delay: i64, now: Instant) {
        self.turn_windows(now);
        let lowest = self.windows[0].unwrap_or(delay);
        self.windows[0] = Some(lowest.min(delay));
        self.base = self
            .windows
            .iter()
            .flatten()
            .copied()
            .min()
            .unwrap_or(delay);
        self.turn_intervals(now);
        self.largest = Some(self.largest.map_or(delay, |l| l.max(delay)));
        self.find_target();
    }

    fn turn_windows(&mut self, now: Instant) {
        if self.windows[0].is_none() {
            self.window_ends = now + WINDOW;
            return;
        }
        let mut turns = 0;
        while now >= self.window_ends && turns < WINDOWS {
            self.windows.rotate_right(1);
            self.windows[0] = None;
            self.window_ends += WINDOW;
            turns += 1;
        }
        if now >= self.window_ends {
            self.window_ends = now + WINDOW;
        }
    }

    /// Only intervals in which packets came count: a pause says nothing of the network, unless it is
    /// longer than all that is kept.
    fn turn_intervals(&mut self, now: Instant) {
        if now.since(self.interval_ends) >= INTERVAL * INTERVALS as u32 {
            self.recent.fill(i64::MIN);
            self.largest = None;
        }
        let Some(largest) = self.largest else {
            self.interval_ends = now + INTERVAL;
            return;
        };
        if now >= self.interval_ends {
            self.recent[self.next] = largest;
            self.next = (self.next + 1) % INTERVALS;
            self.largest = None;
            self.interval_ends = now + INTERVAL;
        }
    }

    fn find_target(&mut self) {
        let mut top = [i64::MIN; 2];
        for &delay in self.recent.iter().chain(&self.largest) {
            if delay > top[0] {
                top = [delay, top[0]];
            } else if delay > top[1] {
                top[1] = delay;
            }
        }
        let needed = top[1].saturating_sub(self.base).max(0);
        self.target = needed / STEP * STEP + STEP;
    }
}
