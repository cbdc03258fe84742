//! The table `offhook.ui/1`: a face. It speaks the JSON of `sdk/control` as every client of the control socket does,
//! one object each: what it says goes to `command`, what it is told comes to `event`. The engine has greeted it
//! already: it is told `welcome` with the whole engine first, then every event in order, and the reply to whatever it
//! asks.
//!
//! Each face has a thread of its own at the engine, on which `open`, `event` and `close` are called. A face that does
//! not keep up is told `stream.lagged` for what it missed; nobody else waits for it. The words grow: what a face does
//! not know of them it passes over.

use crate::{Status, Text, TextOut};
use core::ffi::c_void;

/// Extension id. The digit after the slash changes when the layout does.
pub const UI_ID: &str = "offhook.ui/1";

/// The engine as a face sees it. Lives until `close` returns.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct UiEngine {
    /// Size of this struct as the host was built. Unit: bytes.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// First argument of `command`.
    pub context: *mut c_void,
    /// Says one object to the engine, such as `{"op":"call","id":"1","command":"hang_up"}`; the reply comes to `event`
    /// with the same id, the outcome as events that carry the reply's `command`. It never waits, and may be called from
    /// `open` on, also within `event`: `UNAVAILABLE` while 64 wait, `BAD_ARGUMENT` above 1 MiB, `LOST` once the engine
    /// has let go of the face. Thread: \[any\], never \[media\] or \[device\].
    pub command: Option<unsafe extern "C" fn(context: *mut c_void, json: Text) -> Status>,
}

/// A face.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct UiTable {
    /// Size of this struct as the plugin was built. Unit: bytes.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// Starts the face; `options` is a JSON object, or empty. It draws on threads of its own. Thread: \[worker\].
    pub open: Option<
        unsafe extern "C" fn(
            engine: *const UiEngine,
            options: Text,
            out: *mut *mut c_void,
            reason: *mut TextOut,
        ) -> Status,
    >,
    /// Takes what the engine says, in order. Should put it into a queue of its own and return. `LOST`: the face takes no
    /// more, is closed and opened again after a second; any other failure is of this one object, and more come.
    /// Thread: \[worker\]. Bound: 200 ms, or the process of an isolated one is ended; 2 s, or a person is told.
    pub event: Option<unsafe extern "C" fn(inst: *mut c_void, json: Text) -> Status>,
    /// Ends the face; none of its threads calls the engine afterwards. Thread: \[worker\]. Bound: 1 s.
    pub close: Option<unsafe extern "C" fn(inst: *mut c_void)>,
}
