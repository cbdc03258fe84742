//! How long to wait: refresh, retry, poll.

use super::words::{Cause, Ended};
use crate::registration::pace::{obey, retry_after};
use base::{Duration, Rng};

/// Patience with the NOTIFY that follows a 2xx: timer N. Unit: time. Source: RFC 6665 §4.1.2.4.
pub const NOTIFY: Duration = Duration::from_secs(32);

/// Patience with the answer to a poll. Unit: time.
///
/// A poll that stays unanswered makes what was told doubtful, so nobody waits for a whole transaction.
pub const POLL: Duration = Duration::from_secs(5);

/// Patience with the last NOTIFY of a subscription that we end. Unit: time.
pub const GOODBYE: Duration = Duration::from_secs(5);

/// Least pause between two questions for the full state. Unit: time.
pub const ASK: Duration = Duration::from_secs(1);

/// The longest lifetime that is believed. Unit: time.
pub const MAX_GRANTED: Duration = Duration::from_secs(24 * 3600);

/// Failures in a row to push after which the notifier is polled (M-092).
pub const MISSES: u32 = 2;

/// Polls after which the notifier is asked again whether it pushes.
pub const POLLS: u32 = 10;

/// A subscription that lived this long was no failure. Unit: time.
pub const LIVED: Duration = Duration::from_secs(30);

/// Pause after a refusal that depends on the watched phone: 404, 480. Unit: time.
const ABSENT: Duration = Duration::from_secs(60);

/// Pause after a refusal that depends on how the server is set up: 403, 489. Unit: time.
const REFUSED: Duration = Duration::from_secs(1800);

/// Pause that a notifier asks for without saying how long: probation, giveup. Unit: time.
const LATER: Duration = Duration::from_secs(30);

/// How long after its SUBSCRIBE a subscription of `granted` is refreshed.
///
/// Range: from 1 s; between a half and three quarters of what was granted, drawn anew each time, so
/// that five hundred that began together do not stay together.
/// Source: RFC 6665 §4.1.2.2 leaves it open.
pub fn refresh_after(granted: Duration, rng: &mut Rng) -> Duration {
    let half = granted / 2;
    (half + rng.duration_below(half / 2 + Duration::from_nanos(1))).max(Duration::from_secs(1))
}

/// How long to wait before the next try after `failures` in a row (from 1); `None`: trying again cannot
/// help, or must not be (RFC 6665 §4.1.3).
pub fn next_try(
    cause: &Cause,
    said: Option<Duration>,
    failures: u32,
    rng: &mut Rng,
) -> Option<Duration> {
    if let (Some(wait), false) = (said, cause.is_final()) {
        return Some(obey(wait, rng));
    }
    match cause {
        Cause::WrongPassword | Cause::Proof(_) => None,
        Cause::Refused { status, .. } => Some(match status {
            404 | 410 | 480 | 604 => rng.around(ABSENT, 20),
            403 | 405 | 406 | 415 | 489 | 501 | 603 | 606 => rng.around(REFUSED, 20),
            _ => retry_after(failures, rng),
        }),
        Cause::Ended(Ended::Rejected | Ended::NoResource | Ended::Invariant) => None,
        Cause::Ended(Ended::Probation | Ended::GiveUp) => Some(rng.around(LATER, 20)),
        // Once at once, as the notifier wants it; one that goes on ending it is left alone for longer.
        Cause::Ended(Ended::Deactivated | Ended::Timeout | Ended::Other) | Cause::Gone
            if failures <= 1 =>
        {
            Some(rng.duration_below(Duration::from_millis(500)))
        }
        Cause::Ended(Ended::Deactivated | Ended::Timeout | Ended::Other)
        | Cause::Gone
        | Cause::NoAnswer
        | Cause::Unreachable
        | Cause::NoNotify
        | Cause::Expired
        | Cause::ServerLost => Some(retry_after(failures, rng)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m089_refreshes_of_five_hundred_are_spread() {
        let mut rng = Rng::from_number(8);
        let granted = Duration::from_secs(300);
        let mut seconds = [0; 300];
        for _ in 0..500 {
            let at = refresh_after(granted, &mut rng);
            assert!(at >= granted / 2 && at <= granted * 3 / 4, "{at:?}");
            seconds[at.as_secs() as usize] += 1;
        }
        assert!(seconds.iter().max() < Some(&25), "{seconds:?}");
        assert_eq!(refresh_after(Duration::ZERO, &mut rng).as_secs(), 1);
    }

    #[test]
    fn what_the_rfc_forbids_is_not_tried_again() {
        let mut rng = Rng::from_number(9);
        let said = Some(Duration::from_secs(7));
        for end in [Ended::Rejected, Ended::NoResource, Ended::Invariant] {
            assert_eq!(next_try(&Cause::Ended(end), said, 1, &mut rng), None);
        }
        let wait = next_try(&Cause::Ended(Ended::Probation), said, 1, &mut rng);
        assert!(wait.is_some_and(|wait| (7..9).contains(&wait.as_secs())));
        let wait = next_try(&Cause::Ended(Ended::Deactivated), None, 1, &mut rng);
        assert!(wait < Some(Duration::from_secs(1)));
        let wait = next_try(&Cause::Ended(Ended::Deactivated), None, 2, &mut rng);
        assert!(wait > Some(Duration::from_secs(1)));
    }
}
