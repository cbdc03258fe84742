//! The table `offhook.nat/1`: finds a path through address translators, without IO.
//!
//! The host owns sockets, TLS and name resolution. The plugin is a machine: inputs with a time go in,
//! outputs are polled until there is none. It runs on control; the media thread gets the chosen path
//! only. Source: RFC 8445, RFC 8489, RFC 8656.

use super::address::Address;
use crate::{Status, Text, TextOut};
use core::ffi::c_void;

/// Extension id. The digit after the slash changes when the layout does.
pub const NAT_ID: &str = "offhook.nat/1";

/// [`NatInput::kind`]: time has passed, nothing else.
pub const NAT_IN_TIME: i32 = 0;
/// [`NatInput::kind`]: `data` arrived on `flow` from `address`.
pub const NAT_IN_PACKET: i32 = 1;
/// [`NatInput::kind`]: the flow asked for is open; `address` is its local end.
pub const NAT_IN_OPENED: i32 = 2;
/// [`NatInput::kind`]: the flow failed or was closed; `data` says why in words.
pub const NAT_IN_CLOSED: i32 = 3;
/// [`NatInput::kind`]: the peer's description; `data` is a JSON object.
pub const NAT_IN_REMOTE: i32 = 4;
/// [`NatInput::kind`]: the interfaces there are now; `data` is a JSON array.
pub const NAT_IN_INTERFACES: i32 = 5;
/// [`NatInput::kind`]: begin anew with fresh credentials. Source: RFC 8445 §9.
pub const NAT_IN_RESTART: i32 = 6;

/// [`NatOutput::kind`]: nothing more now.
pub const NAT_OUT_NOTHING: i32 = 0;
/// [`NatOutput::kind`]: open `flow` from `local` to `remote` over `transport`.
pub const NAT_OUT_OPEN: i32 = 1;
/// [`NatOutput::kind`]: send `data` on `flow` to `remote`.
pub const NAT_OUT_TRANSMIT: i32 = 2;
/// [`NatOutput::kind`]: `data` is a line for the description, such as a candidate attribute.
pub const NAT_OUT_CANDIDATE: i32 = 3;
/// [`NatOutput::kind`]: media goes on `flow` to `remote`, each packet after the bytes of `data`.
pub const NAT_OUT_CHOSEN: i32 = 4;
/// [`NatOutput::kind`]: there is no path; `data` says why in words.
pub const NAT_OUT_FAILED: i32 = 5;
/// [`NatOutput::kind`]: wake it at `at_ns` at the latest.
pub const NAT_OUT_DEADLINE: i32 = 6;
/// [`NatOutput::kind`]: every candidate was told.
pub const NAT_OUT_GATHERED: i32 = 7;

/// [`NatOutput::transport`].
pub const NAT_TRANSPORT_UDP: u32 = 1;
/// [`NatOutput::transport`].
pub const NAT_TRANSPORT_TCP: u32 = 2;
/// [`NatOutput::transport`].
pub const NAT_TRANSPORT_TLS: u32 = 3;

/// What happened. Data is lent for the call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct NatInput {
    /// Size of this struct as the host was built. Unit: bytes.
    pub size: u32,
    /// `NAT_IN_…`. Unknown kinds count as time.
    pub kind: i32,
    /// Since the engine's start. Unit: ns.
    pub now_ns: u64,
    /// Which flow; numbers are the plugin's own.
    pub flow: u32,
    /// RTP is 1, RTCP 2. Source: RFC 8445 §4.
    pub component: u32,
    /// Where from, or what was bound.
    pub address: Address,
    /// First byte of what comes with it.
    pub data: *const u8,
    /// Unit: bytes.
    pub data_len: usize,
}

/// What is to be done.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct NatOutput {
    /// On entry the caller's size of this struct, on return what was written. Unit: bytes.
    pub size: u32,
    /// `NAT_OUT_…`.
    pub kind: i32,
    /// For a deadline. Unit: ns since the engine's start.
    pub at_ns: u64,
    /// Which flow; numbers are the plugin's own.
    pub flow: u32,
    /// RTP is 1, RTCP 2.
    pub component: u32,
    /// `NAT_TRANSPORT_…`.
    pub transport: u32,
    /// 0.
    pub reserved: u32,
    /// Where from.
    pub local: Address,
    /// Where to.
    pub remote: Address,
    /// The caller's buffer.
    pub data: *mut u8,
    /// On entry its room, on return what was written. Unit: bytes.
    pub data_len: usize,
}

/// A NAT strategy.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct NatTable {
    /// Size of this struct as the plugin was built. Unit: bytes.
    pub size: u32,
    /// 0.
    pub reserved: u32,
    /// Makes a machine from a JSON object: `controlling`, `components`, `interfaces`, `servers`
    /// (resolved), `options`. `seed` is its only source of chance. Thread: \[control\].
    pub open: Option<
        unsafe extern "C" fn(
            request: Text,
            seed: u64,
            out: *mut *mut c_void,
            reason: *mut TextOut,
        ) -> Status,
    >,
    /// Takes what happened. Thread: \[control\].
    pub handle: Option<unsafe extern "C" fn(inst: *mut c_void, input: *const NatInput) -> Status>,
    /// Gives the next thing to do. `BUFFER_TOO_SMALL` with the size needed in `data_len` keeps it for
    /// another try. Thread: \[control\].
    pub poll: Option<unsafe extern "C" fn(inst: *mut c_void, output: *mut NatOutput) -> Status>,
    /// Frees what `open` made. Thread: \[control\].
    pub close: Option<unsafe extern "C" fn(inst: *mut c_void)>,
}
