//! What every kind of plugin has on its own side: a start, an end and a table.

use crate::guard::{forget, guarded, settle};
use crate::{Host, Refusal, Status, text};
use core::ffi::c_void;
use plugin_abi as abi;
use std::panic::catch_unwind;

/// One kind of plugin around the type that its author wrote.
pub(crate) trait Face {
    /// Id of its table.
    const TABLE: &'static str;

    /// Called once before anything else.
    fn init(host: Option<Host>) -> Result<(), Refusal>;

    /// Called when no instance is left.
    fn deinit();

    /// The table, constant.
    fn table() -> *const c_void;
}

pub(crate) unsafe extern "C" fn init<F: Face>(
    host: *const abi::Host,
    reason: *mut abi::TextOut,
) -> Status {
    // SAFETY: `host` is null or lives as long as the process.
    let host = unsafe { Host::read(host) };
    let started = guarded(|| F::init(host).map(|()| Status::OK));
    // SAFETY: `reason` is null or the caller's buffer.
    unsafe { settle(started, reason) }
}

pub(crate) unsafe extern "C" fn deinit<F: Face>() {
    if let Err(panic) = catch_unwind(F::deinit) {
        forget(panic);
    }
}

pub(crate) unsafe extern "C" fn table<F: Face>(id: abi::Text) -> *const c_void {
    // SAFETY: the text is lent for the call.
    match unsafe { text::borrow(id.ptr, id.len) } {
        Some(id) if id == F::TABLE => F::table(),
        Some(_) | None => core::ptr::null(),
    }
}
