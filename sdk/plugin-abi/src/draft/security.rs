//! The table `offhook.security/1`: agrees on keys for media; packets are protected by the host.
//!
//! A machine without IO on control: descriptions and handshake packets go in; descriptions, packets,
//! keys and a verdict come out. Source: RFC 4568, RFC 5763, RFC 6189.

use super::address::Address;
use crate::{Status, Text, TextOut};
use core::ffi::c_void;

/// Extension id. The digit after the slash changes when the layout does.
pub const SECURITY_ID: &str = "offhook.security/1";

/// [`SecurityInput::kind`]: time has passed, nothing else.
pub const SECURITY_IN_TIME: i32 = 0;
/// [`SecurityInput::kind`]: a handshake packet from `address`.
pub const SECURITY_IN_PACKET: i32 = 1;
/// [`SecurityInput::kind`]: the peer's attributes of this media, one a line.
pub const SECURITY_IN_REMOTE: i32 = 2;
/// [`SecurityInput::kind`]: a person compared the short string; `data` is `yes` or `no`.
pub const SECURITY_IN_CONFIRMED: i32 = 3;

/// [`SecurityOutput::kind`]: nothing more now.
pub const SECURITY_OUT_NOTHING: i32 = 0;
/// [`SecurityOutput::kind`]: send `data` to where media goes.
pub const SECURITY_OUT_TRANSMIT: i32 = 1;
/// [`SecurityOutput::kind`]: `data` is an attribute line for our description.
pub const SECURITY_OUT_LOCAL: i32 = 2;
/// [`SecurityOutput::kind`]: `data` is the key and salt with which `direction` is protected by `suite`.
pub const SECURITY_OUT_KEYS: i32 = 3;
/// [`SecurityOutput::kind`]: a JSON object: `method`, `suite`, `verified`, `sas`.
pub const SECURITY_OUT_VERDICT: i32 = 4;
/// [`SecurityOutput::kind`]: there will be no keys; `data` says why in words.
pub const SECURITY_OUT_FAILED: i32 = 5;
/// [`SecurityOutput::kind`]: wake it at `at_ns` at the latest.
pub const SECURITY_OUT_DEADLINE: i32 = 6;

/// What happened. Data is lent for the call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct SecurityInput {
    /// Size of this struct as the host was built. Unit: bytes.
    pub size: u32,
    /// `SECURITY_IN_…`. Unknown kinds count as time.
    pub kind: i32,
    /// Since the engine's start. Unit: ns.
    pub now_ns: u64,
    /// Where from.
    pub address: Address,
    /// First byte of what comes with it.
    pub data: *const u8,
    /// Unit: bytes.
    pub data_len: usize,
}

/// What is to be done.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct SecurityOutput {
    /// On entry the caller's size of this struct, on return what was written. Unit: bytes.
    pub size: u32,
    /// `SECURITY_OUT_…`.
    pub kind: i32,
    /// For a deadline. Unit: ns since the engine's start.
    pub at_ns: u64,
    /// For keys: protection profile. Source: RFC 5764 §4.1.2 and its registry.
    pub suite: u32,
    /// For keys: 1 what we send, 2 what we receive.
    pub direction: u32,
    /// The caller's buffer.
    pub data: *mut u8,
    /// On entry its room, on return what was written. Unit: bytes.
    pub data_len: usize,
}

/// A way to agree on keys.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct SecurityTable {
    /// Size of this struct as the plugin was built. Unit: bytes.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// Makes a machine from a JSON object: `offering`, `required`, `suites`, `options`. `seed` is 32 bytes
    /// of chance, its only source. Thread: \[control\].
    pub open: Option<
        unsafe extern "C" fn(
            request: Text,
            seed: *const u8,
            out: *mut *mut c_void,
            reason: *mut TextOut,
        ) -> Status,
    >,
    /// Takes what happened. Thread: \[control\].
    pub handle:
        Option<unsafe extern "C" fn(inst: *mut c_void, input: *const SecurityInput) -> Status>,
    /// Gives the next thing to do. `BUFFER_TOO_SMALL` with the size needed in `data_len` keeps it for
    /// another try. Thread: \[control\].
    pub poll:
        Option<unsafe extern "C" fn(inst: *mut c_void, output: *mut SecurityOutput) -> Status>,
    /// Frees what `open` made, keys wiped. Thread: \[control\].
    pub close: Option<unsafe extern "C" fn(inst: *mut c_void)>,
}
