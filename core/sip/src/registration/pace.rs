//! How long to wait: refresh, retry, probe.

use base::{Duration, Rng};

/// Pause between two probes of a server that answers, or that is known to be gone. Unit: time.
pub const PROBE_EVERY: Duration = Duration::from_secs(4);

/// Pause between two probes while the last one is unanswered and the server is not given up yet.
/// Unit: time.
///
/// With 30 % of packets lost each way one probe fails with 0.51; twenty in a row, which is what fits
/// into the silence, with 1.4e-6.
pub const DOUBT_EVERY: Duration = Duration::from_millis(500);

/// Silence after which the server counts as lost. Unit: time. Source: M-005, 15 s less a margin.
pub const SILENCE: Duration = Duration::from_secs(14);

/// Sendings in a row that the transport must refuse before the server counts as lost.
pub const MAX_BROKEN: u32 = 2;

/// Pause after the first of them. Unit: time.
pub const AFTER_BROKEN: Duration = Duration::from_secs(1);

/// Patience with an unanswered refresh of a short binding: shorter than a transaction's, which would
/// outlast the binding. Unit: time.
pub const HURRY: Duration = Duration::from_secs(2);

/// Bindings that end sooner than this are refreshed in a hurry. Unit: time.
pub const SHORT: Duration = Duration::from_secs(64);

/// The longest Retry-After that is obeyed. Unit: time.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// The longest lifetime that is believed. Unit: time.
pub const MAX_GRANTED: Duration = Duration::from_secs(24 * 3600);

/// Waits after the first, second, … failure in a row. Unit: s.
const RETRY_S: [u64; 5] = [2, 4, 8, 16, 30];

/// Least width of the interval that a wait is drawn from. Unit: time.
///
/// Of a thousand phones that fail together no 100 ms may see more than 5 % again; ± 20 % of 2 s or
/// 4 s is too narrow for that.
const LEAST_SPREAD: Duration = Duration::from_millis(3200);

/// How long to wait after `failures` failures in a row (from 1).
///
/// Range: 2, 4, 8, 16, then 30 s, ± 20 % but at least ± 1.6 s.
pub fn retry_after(failures: u32, rng: &mut Rng) -> Duration {
    let step = usize::try_from(failures.max(1) - 1).unwrap_or(usize::MAX);
    let wait = Duration::from_secs(RETRY_S[step.min(RETRY_S.len() - 1)]);
    let spread = (wait * 2 / 5).max(LEAST_SPREAD);
    wait - spread / 2 + rng.duration_below(spread)
}

/// How long to wait when the server said how long: at least that, and up to 1 s more.
pub fn obey(retry_after: Duration, rng: &mut Rng) -> Duration {
    retry_after.min(MAX_RETRY_AFTER) + rng.duration_below(Duration::from_secs(1))
}

/// How long after its REGISTER a binding of `granted` is refreshed (M-003).
///
/// Range: from 1 s; half of what was granted.
/// Source: RFC 3261 §10.2.4 leaves it open; half survives one lost refresh.
pub fn refresh_after(granted: Duration) -> Duration {
    (granted / 2).max(Duration::from_secs(1))
}

/// How much earlier the first refresh comes, so that phones that started together drift apart.
///
/// Range: up to 1 s and up to a tenth of the wait.
pub fn first_refresh_earlier(wait: Duration, rng: &mut Rng) -> Duration {
    rng.duration_below((wait / 10).min(Duration::from_secs(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m003_retries_grow_to_30_s_and_stay_within_their_spread() {
        let mut rng = Rng::from_number(3);
        let ranges = [
            (400, 3600),
            (2400, 5600),
            (6400, 9600),
            (12_800, 19_200),
            (24_000, 36_000),
        ];
        for failures in 1..=40_u32 {
            let (least, most) = ranges[(failures.min(5) - 1) as usize];
            for _ in 0..50 {
                let wait = retry_after(failures, &mut rng).as_millis();
                assert!((least..=most).contains(&wait), "{failures}: {wait}");
            }
        }
        assert!(retry_after(u32::MAX, &mut rng) >= Duration::from_secs(24));
        assert!(retry_after(0, &mut rng) <= Duration::from_millis(3600));
    }

    #[test]
    fn the_herd_rule_holds_for_every_step_of_the_back_off() {
        let mut rng = Rng::from_number(4);
        for failures in 1..=5 {
            let mut bins = [0; 400];
            for _ in 0..1000 {
                let wait = retry_after(failures, &mut rng);
                bins[(wait.as_millis() / 100) as usize] += 1;
            }
            let most = bins.iter().max().copied();
            assert!(most <= Some(50), "{failures}: {most:?}");
        }
    }

    #[test]
    fn m003_half_of_what_was_granted() {
        for granted in [30, 60, 600] {
            let granted = Duration::from_secs(granted);
            assert_eq!(refresh_after(granted), granted / 2);
        }
        assert_eq!(refresh_after(Duration::ZERO), Duration::from_secs(1));
        let mut rng = Rng::from_number(5);
        let wait = Duration::from_secs(300);
        assert!(first_refresh_earlier(wait, &mut rng) <= Duration::from_secs(1));
    }
}
