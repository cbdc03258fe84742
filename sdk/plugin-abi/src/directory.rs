//! The table `offhook.directory/1`: people and their numbers, looked up.

use crate::{Status, Text, TextOut};
use core::ffi::c_void;

/// Extension id. The digit after the slash changes when the layout does.
pub const DIRECTORY_ID: &str = "offhook.directory/1";

/// A directory.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct DirectoryTable {
    /// Size of this struct as the plugin was built. Unit: bytes.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// Opens the directory; `options` is a JSON object. Thread: \[worker\].
    pub open: Option<
        unsafe extern "C" fn(options: Text, out: *mut *mut c_void, reason: *mut TextOut) -> Status,
    >,
    /// Looks up people: whose name, organisation or number has `{"text"}` within it, who has `{"number"}`, or all
    /// with `{"all": true}`; at most `{"limit"}`. Writes a JSON array of `{"name", "numbers", "labels",
    /// "organisation", "id"}`: numbers best first, labels (`work`, `mobile`) in the order of the numbers, `id` unique
    /// and lasting; what is not known is left out, but never name and numbers. What a host or a plugin does not
    /// know of a question or an answer it passes over; a question of which it knows nothing is answered `[]`, all by
    /// a directory that cannot be listed with `UNSUPPORTED`. May block for as long as the options allow: a host waits
    /// on a worker, and takes up to 2 s from a plugin in a process of its own. `BUFFER_TOO_SMALL` when it was cut.
    /// Thread: \[worker\].
    pub search: Option<
        unsafe extern "C" fn(
            inst: *mut c_void,
            query: Text,
            out: *mut TextOut,
            reason: *mut TextOut,
        ) -> Status,
    >,
    /// Closes it. Thread: \[worker\].
    pub close: Option<unsafe extern "C" fn(inst: *mut c_void)>,
}
