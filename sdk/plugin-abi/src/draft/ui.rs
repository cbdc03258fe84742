//! The table `offhook.ui/1`: a face. Commands and events are the JSON of `sdk/control`, one object each.

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
    /// Gives the engine one command. The outcome comes as an event with the same id. `UNAVAILABLE` when
    /// the engine's mailbox is full. Thread: \[any\], never \[media\] or \[device\].
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
    /// Starts the face; `options` is a JSON object. It draws on threads of its own. Thread: \[control\].
    pub open: Option<
        unsafe extern "C" fn(
            engine: *const UiEngine,
            options: Text,
            out: *mut *mut c_void,
            reason: *mut TextOut,
        ) -> Status,
    >,
    /// Takes one event, or `lagged`, in order. Must put it into a queue of its own and return.
    /// Thread: \[control\]. Bound: 200 ms.
    pub event: Option<unsafe extern "C" fn(inst: *mut c_void, json: Text) -> Status>,
    /// Ends the face; none of its threads calls the engine afterwards. Thread: \[control\].
    pub close: Option<unsafe extern "C" fn(inst: *mut c_void)>,
}
