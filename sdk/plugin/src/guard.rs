//! No panic crosses the boundary, and what panicked once is not entered again.
//!
//! A panic that leaves an `extern "C"` function ends the process, and only the plugin's own side can
//! catch it: so every shim goes through here.

use crate::{Refusal, Status, text};
use core::any::Any;
use core::ffi::c_void;
use plugin_abi::TextOut;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// An instance and whether it may still be entered.
pub(crate) struct Slot<T> {
    poisoned: bool,
    value: T,
}

/// Runs `body`; a panic becomes [`Status::PANIC`] and its message the reason.
pub(crate) fn guarded<T>(body: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| {
        let reason = format!("panicked: {}", message(panic.as_ref()));
        forget(panic);
        Err(Refusal::new(Status::PANIC, reason))
    })
}

/// Ends a control shim: writes the reason and returns the status.
///
/// # Safety
/// As [`text::write`].
pub(crate) unsafe fn settle(result: Result<Status, Refusal>, reason: *mut TextOut) -> Status {
    let (status, why) = match result {
        Ok(status) => (status, String::new()),
        Err(refusal) => (refusal.status, refusal.reason),
    };
    // SAFETY: the caller vouches for `reason`.
    unsafe { text::write(reason, &why) };
    status
}

/// Makes an instance with `make` and hands it out through `out`.
///
/// # Safety
/// `out` must be null or writable.
pub(crate) unsafe fn open<T>(
    out: *mut *mut c_void,
    make: impl FnOnce() -> Result<T, Refusal>,
) -> Result<Status, Refusal> {
    if out.is_null() {
        return Err(Refusal::new(
            Status::BAD_ARGUMENT,
            "no place for the instance",
        ));
    }
    guarded(|| {
        let slot = Box::new(Slot {
            poisoned: false,
            value: make()?,
        });
        // SAFETY: `out` is not null and the caller vouches for its being writable.
        unsafe { out.write(Box::into_raw(slot).cast()) };
        Ok(Status::OK)
    })
}

/// Enters the instance. Neither allocates nor locks unless `body` panics.
///
/// # Safety
/// `inst` must be null or come from [`open`] with the same `T`, not be closed, and not be entered by
/// another thread during the call.
#[inline(always)]
pub(crate) unsafe fn enter<T>(
    inst: *mut c_void,
    body: impl FnOnce(&mut T) -> Result<Status, Status>,
) -> Status {
    // SAFETY: the caller vouches for `inst` being null or a live `Slot<T>` that nobody else uses.
    let Some(slot) = (unsafe { inst.cast::<Slot<T>>().as_mut() }) else {
        return Status::BAD_ARGUMENT;
    };
    if slot.poisoned {
        return Status::PANIC;
    }
    match catch_unwind(AssertUnwindSafe(|| body(&mut slot.value))) {
        Ok(Ok(status) | Err(status)) => status,
        Err(panic) => {
            slot.poisoned = true;
            forget(panic);
            Status::PANIC
        }
    }
}

/// Frees the instance. A panic on the way is swallowed: there is nobody left to tell.
///
/// # Safety
/// As [`enter`], and `inst` is not used afterwards.
pub(crate) unsafe fn close<T>(inst: *mut c_void) {
    if inst.is_null() {
        return;
    }
    // SAFETY: `open` made it by `Box::into_raw`, and the caller gives it up.
    let slot = unsafe { Box::from_raw(inst.cast::<Slot<T>>()) };
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(slot))) {
        forget(panic);
    }
}

/// Drops what a panic carried; if that panics too, it is leaked.
#[cold]
pub(crate) fn forget(panic: Box<dyn Any + Send>) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
        core::mem::forget(again);
    }
}

/// What a panic said, where it said it in text.
fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without words")
}
