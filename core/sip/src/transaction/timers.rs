//! T1, T2, T4 and what RFC 3261 makes of them (§17.1.1.1, table 4 in §A).

use core::time::Duration;

/// Estimate of a round trip. Unit: time. Source: RFC 3261 §17.1.1.1.
pub const T1: Duration = Duration::from_millis(500);

/// Longest pause between two sendings of a non-INVITE request or an INVITE response.
///
/// Unit: time. Source: RFC 3261 §17.1.2.1.
pub const T2: Duration = Duration::from_secs(4);

/// Longest time a message stays in the network. Unit: time. Source: RFC 3261 §17.1.2.1.
pub const T4: Duration = Duration::from_secs(5);

/// How long one side tries before it gives up: timers B, F, H, J, L and M.
///
/// Unit: time. Source: RFC 3261 §17.1.1.2, §17.1.2.2, §17.2; RFC 6026 §7.
pub const GIVE_UP: Duration = Duration::from_secs(32);

/// How long a repeated 3xx-6xx to an INVITE is acknowledged: timer D on lossy links.
///
/// Unit: time. Range: at least 32 s. Source: RFC 3261 §17.1.1.2.
pub const REPEATED_FAILURE: Duration = Duration::from_secs(32);

/// Silence of our user after which an INVITE is answered with 100 Trying.
///
/// Unit: time. Source: RFC 3261 §17.2.1.
pub const TRYING_AFTER: Duration = Duration::from_millis(200);

/// Silence of our user after which a non-INVITE request is answered with 100 Trying on a lossy link:
/// by then the peer's timer E has grown to T2 and a 100 no longer slows anything down.
///
/// Unit: time. Source: RFC 4320 §4.1.
pub const REQUEST_TRYING_AFTER: Duration = Duration::from_millis(3500);

/// The next wait of a timer that doubles up to T2.
pub(crate) fn doubled(wait: Duration) -> Duration {
    (wait * 2).min(T2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_follows_from_t1() {
        assert_eq!(GIVE_UP, 64 * T1);
        assert_eq!(REPEATED_FAILURE, 64 * T1);
        assert_eq!(REQUEST_TRYING_AFTER, T1 + 2 * T1 + 4 * T1);
        assert_eq!(doubled(T1), 2 * T1);
        assert_eq!(doubled(3 * T1 + T2 / 2), T2);
    }
}
