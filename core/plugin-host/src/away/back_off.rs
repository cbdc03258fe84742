//! How long a process that failed stays away.

use super::Mishap;
use std::time::Duration;

/// Waits before it is started again after faults in a row. Two are within what a call may hear of one: the third
/// shuts it out, unless that is switched off.
const BACK_OFF: [Duration; 5] = [
    Duration::ZERO,
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
];

/// The wait after the how many-th fault within a minute, from 1.
pub(super) fn after(mishap: Mishap, faults: usize) -> Duration {
    match mishap {
        // What cannot start now will not start at once either.
        Mishap::NoStart => BACK_OFF[BACK_OFF.len() - 2],
        Mishap::Crashed(_)
        | Mishap::Hung
        | Mishap::Garbage
        | Mishap::Panicked
        | Mishap::TooMany => BACK_OFF[faults.saturating_sub(1).min(BACK_OFF.len() - 1)],
    }
}
