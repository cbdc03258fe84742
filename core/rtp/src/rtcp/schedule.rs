//! When to send the next report.
//!
//! Source: RFC 3550 §6.3 for a session of two. There the bandwidth rule never binds (5 % of even
//! 8 kbit/s allows a report every 3 s), so the minimum of 5 s does, spread from half to one and a
//! half of it and divided by e − 3/2 to make up for reconsideration.

use base::{Duration, Instant, Rng};
use serde::{Deserialize, Serialize};

/// Minimum interval (RFC 3550 §6.2); the first report waits half of it.
const MINIMUM: Duration = Duration::from_secs(5);
/// e − 3/2 (RFC 3550 §6.3.1), in thousandths.
const COMPENSATION: u32 = 1_218;

/// The moment of the next report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    next: Instant,
}

impl Schedule {
    /// Starts with the first report one to three seconds after `now`.
    pub fn new(now: Instant, rng: &mut Rng) -> Self {
        Self {
            next: now + interval(MINIMUM / 2, rng),
        }
    }

    /// When the next report is due.
    pub const fn deadline(&self) -> Instant {
        self.next
    }

    /// Whether a report is due; if so, the next one is scheduled. Missed ones are not made up.
    pub fn is_due(&mut self, now: Instant, rng: &mut Rng) -> bool {
        if now < self.next {
            return false;
        }
        self.next = now + interval(MINIMUM, rng);
        true
    }
}

fn interval(minimum: Duration, rng: &mut Rng) -> Duration {
    let spread = minimum / 2 + rng.duration_below(minimum);
    spread * 1_000 / COMPENSATION
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_come_about_every_four_seconds_and_never_together() {
        let mut rng = Rng::from_number(2);
        let mut schedule = Schedule::new(Instant::ZERO, &mut rng);
        let first = schedule.deadline().as_millis();
        assert!((1_026..=3_079).contains(&first), "{first}");
        let mut last = schedule.deadline();
        let mut total = Duration::ZERO;
        for _ in 0..1_000 {
            assert!(!schedule.is_due(last - Duration::from_nanos(1), &mut rng));
            assert!(schedule.is_due(last, &mut rng));
            let wait = schedule.deadline() - last;
            assert!((2_052..=6_158).contains(&wait.as_millis()), "{wait:?}");
            total += wait;
            last = schedule.deadline();
        }
        assert!((3_950..=4_260).contains(&(total.as_millis() / 1_000)));
        let text = serde_json::to_string(&schedule).unwrap();
        assert_eq!(
            serde_json::from_str::<Schedule>(&text).unwrap().deadline(),
            last
        );
    }
}
