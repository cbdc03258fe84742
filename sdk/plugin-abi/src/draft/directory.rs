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
    /// Looks up `{"text"}` or `{"number"}`, at most `limit`; writes a JSON array of `{"name", "numbers",
    /// "organisation", "id"}`. `BUFFER_TOO_SMALL` when it was cut. Thread: \[worker\].
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
