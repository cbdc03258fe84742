//! Panics that a world catches are kept, not printed: a swarm makes many on purpose.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    /// `Some` while panics of this thread are caught; what the last one said.
    static CAUGHT: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// Runs `work`; a panic becomes its text, with its place.
///
/// # Errors
///
/// What the panic said.
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let is_caught = CAUGHT.with_borrow_mut(|caught| {
                let text = caught.as_mut()?;
                *text = info.to_string();
                Some(())
            });
            if is_caught.is_none() {
                before(info);
            }
        }));
    });
    CAUGHT.set(Some(String::new()));
    let done = catch_unwind(AssertUnwindSafe(work));
    let text = CAUGHT.take().unwrap_or_default();
    done.map_err(|_| text)
}
