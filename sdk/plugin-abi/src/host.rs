//! What a plugin may ask the host, by id.
//!
//! There is no service for sockets: a NAT strategy is a machine without IO, and the host opens what it
//! asks for (`offhook.nat/1`).

use crate::{Status, Text, TextOut};
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
    pub service: Option<unsafe extern "C" fn(context: *mut c_void, id: Text) -> *const c_void>,
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
    pub log: Option<unsafe extern "C" fn(context: *mut c_void, level: i32, line: Text)>,
}

/// Id of [`ClockTable`].
pub const CLOCK_ID: &str = "offhook.clock/1";

/// The host's clock; in simulation it is the simulated one.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ClockTable {
    /// Size of this struct as the host was built. Unit: bytes.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// Since the engine's start, never going back. Unit: ns. Thread: \[any\], also \[media\].
    pub now_ns: Option<unsafe extern "C" fn(context: *mut c_void) -> u64>,
    /// Wall clock, from 1970-01-01 UTC. Unit: ms. Thread: \[any\], also \[media\].
    pub unix_ms: Option<unsafe extern "C" fn(context: *mut c_void) -> u64>,
}

/// Id of [`ConfigTable`].
pub const CONFIG_ID: &str = "offhook.config/1";

/// The plugin's own settings.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct ConfigTable {
    /// Size of this struct as the host was built. Unit: bytes.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// Writes the plugin's settings as a JSON object, every value checked against the manifest's
    /// `config`. `BUFFER_TOO_SMALL` when it was cut. Thread: \[control\], \[worker\].
    pub read: Option<unsafe extern "C" fn(context: *mut c_void, out: *mut TextOut) -> Status>,
}

/// Id of [`TimerTable`].
pub const TIMER_ID: &str = "offhook.timers/1";

/// Wakes a plugin on the control thread.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct TimerTable {
    /// Size of this struct as the host was built. Unit: bytes.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// Calls `fired(user, id)` on control, once, not before `delay_ns`; with an id that already waits,
    /// that one is replaced. `UNAVAILABLE` beyond 64 waiting ones. Unit: ns. Thread: \[control\].
    pub start: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            id: u64,
            delay_ns: u64,
            fired: Option<unsafe extern "C" fn(user: *mut c_void, id: u64)>,
            user: *mut c_void,
        ) -> Status,
    >,
    /// Takes back one that waits; afterwards it is not called. Thread: \[control\].
    pub cancel: Option<unsafe extern "C" fn(context: *mut c_void, id: u64) -> Status>,
}

/// Id of [`MetricTable`].
pub const METRIC_ID: &str = "offhook.metrics/1";

/// Numbers that the host shows beside its own.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct MetricTable {
    /// Size of this struct as the host was built. Unit: bytes.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// Adds to a counter. `name`: `[a-z0-9_]`, at most 64 bytes; the host puts the plugin's id before it.
    /// `UNAVAILABLE` beyond 64 names. Thread: \[any\], never \[media\] or \[device\].
    pub add: Option<unsafe extern "C" fn(context: *mut c_void, name: Text, by: u64) -> Status>,
    /// Sets a gauge. Thread: as `add`.
    pub set: Option<unsafe extern "C" fn(context: *mut c_void, name: Text, value: i64) -> Status>,
}
