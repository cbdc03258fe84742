//! What only the system can do for a thread that must be on time, behind a small trait.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(test, not(target_os = "linux")))]
mod portable;

use crate::priority::{Granted, Priority};
use base::Instant;

#[cfg(target_os = "linux")]
pub(crate) use linux::Linux as Here;
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::Portable as Here;

/// The thread that asks, as the system sees it. Nothing here fails: what is refused is not granted.
pub(crate) trait Urgent {
    /// For the calling thread, whose time is told by `clock`. Makes its waking as exact as may be.
    fn new(clock: fn() -> Instant) -> Self;

    /// Asks for `wanted`; says what was granted.
    fn ask(&self, wanted: Priority) -> Granted;

    /// Becomes as every other thread again.
    fn withdraw(&self);

    /// Sleeps until the clock says `at`.
    fn sleep_until(&self, at: Instant);

    /// The thread's number, for [`lower`](Self::lower).
    fn number(&self) -> u32;

    /// Makes another thread as every other.
    fn lower(number: u32);
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Duration;
    use plugin_host::wall_clock;

    fn sleeps<U: Urgent>() {
        let thread = U::new(wall_clock);
        for length in [0, 3, 12].map(Duration::from_millis) {
            let until = wall_clock() + length;
            thread.sleep_until(until);
            assert!(wall_clock() >= until);
        }
        // What is over is not waited for.
        thread.sleep_until(Instant::ZERO);
        assert_eq!(thread.ask(Priority::Normal), Granted::Normal);
        thread.withdraw();
    }

    #[test]
    fn nobody_wakes_before_the_time() {
        sleeps::<Here>();
        sleeps::<portable::Portable>();
    }
}
