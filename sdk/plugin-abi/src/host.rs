//! What a plugin may ask the host, by id.

use crate::Text;
use core::ffi::c_void;

/// What the host hands to [`Entry::init`](crate::Entry::init), one for each plugin.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Host {
    /// Size of this struct as the host was built. Unit: bytes.
    pub size: u32,
    /// The host's [`ABI_MAJOR`](crate::ABI_MAJOR).
    pub abi_major: u32,
    /// The host's [`ABI_MINOR`](crate::ABI_MINOR).
    pub abi_minor: u32,
    /// 0.
    pub reserved: u32,
    /// First argument of every service function; tells the host which plugin asks.
    pub context: *mut c_void,
    /// The host program's name.
    pub name: Text,
    /// The host program's version.
    pub version: Text,
    /// The service's table with this id, or null: a plugin does without. Thread: \[control\].
    pub service: Option<
        unsafe extern "C" fn(context: *mut c_void, id: *const u8, id_len: usize) -> *const c_void,
    >,
}

/// Id of [`LogTable`].
pub const LOG_ID: &str = "offhook.log/1";

/// The host's log.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct LogTable {
    /// Size of this struct as the host was built. Unit: bytes.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// Writes one line. `level`: 1 error, 2 warn, 3 info, 4 debug, 5 trace; others count as trace.
    /// Bound: the host keeps the first 1,024 bytes. Thread: \[any\], never \[media\] or \[device\].
    pub log: Option<
        unsafe extern "C" fn(context: *mut c_void, level: i32, text: *const u8, text_len: usize),
    >,
}
