//! How long a media thread may still wait for isolated plugins in this tick: 2 ms for all of them.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// Source: rulings, Limits.
const A_TICK: Duration = Duration::from_millis(2);

thread_local! {
    static LEFT: Cell<Option<Duration>> = const { Cell::new(None) };
}

/// A tick begins: this thread may wait 2 ms again. A thread that never says so may wait so long at each
/// call. Thread: \[media\].
pub fn begin_tick() {
    LEFT.set(Some(A_TICK));
}

/// Runs `wait` with what is left, and takes off what it took.
pub(super) fn spend<T>(may_wait: bool, wait: impl FnOnce(Duration) -> T) -> T {
    let left = LEFT.get();
    let allowed = left.unwrap_or(A_TICK);
    if !may_wait || allowed.is_zero() {
        return wait(Duration::ZERO);
    }
    let began = Instant::now();
    let result = wait(allowed);
    if let Some(left) = left {
        LEFT.set(Some(left.saturating_sub(began.elapsed())));
    }
    result
}
