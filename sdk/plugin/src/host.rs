//! What a plugin may ask its host.

use crate::fault::prefix;
use crate::guard::forget;
use crate::{Refusal, Status, asking, text};
use core::ffi::c_void;
use core::mem::offset_of;
use plugin_abi as abi;
use std::panic::catch_unwind;

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Level {
    /// The plugin is wrong.
    Error = 1,
    /// This machine lacks something.
    Warn = 2,
    /// A person would want to know.
    Info = 3,
    /// For whoever looks closer.
    Debug = 4,
    /// The rest.
    Trace = 5,
}

/// The host, as this plugin sees it. Lives as long as the process.
#[derive(Debug, Clone, Copy)]
pub struct Host {
    raw: abi::Host,
    log: Option<abi::LogTable>,
    clock: Option<abi::ClockTable>,
    config: Option<abi::ConfigTable>,
    timers: Option<abi::TimerTable>,
    metrics: Option<abi::MetricTable>,
}

// SAFETY: the host's struct is read-only, and its service functions are of class [any].
unsafe impl Send for Host {}
// SAFETY: as above.
unsafe impl Sync for Host {}

impl Host {
    /// Reads the host's struct; `None` when it is null or shorter than its first release.
    ///
    /// # Safety
    /// `raw` must be null or point to a host struct that lives as long as the process.
    pub(crate) unsafe fn read(raw: *const abi::Host) -> Option<Self> {
        let need = offset_of!(abi::Host, service) + size_of::<usize>();
        // SAFETY: the caller vouches for `raw`; zero is a value of every field.
        let raw = unsafe { prefix(raw, need) }.ok()?;
        let need = |offset: usize| offset + size_of::<usize>();
        // SAFETY: each id goes with the struct that `plugin-abi` gives it.
        unsafe {
            Some(Self {
                raw,
                log: service(&raw, abi::LOG_ID, need(offset_of!(abi::LogTable, log))),
                clock: service(
                    &raw,
                    abi::CLOCK_ID,
                    need(offset_of!(abi::ClockTable, unix_ms)),
                ),
                config: service(
                    &raw,
                    abi::CONFIG_ID,
                    need(offset_of!(abi::ConfigTable, read)),
                ),
                timers: service(
                    &raw,
                    abi::TIMER_ID,
                    need(offset_of!(abi::TimerTable, cancel)),
                ),
                metrics: service(
                    &raw,
                    abi::METRIC_ID,
                    need(offset_of!(abi::MetricTable, set)),
                ),
            })
        }
    }

    /// Writes one line to the host's log. Thread: \[any\], never \[media\] or \[device\].
    pub fn log(&self, level: Level, line: &str) {
        if let Some(log) = self.log.and_then(|table| table.log) {
            // SAFETY: the text is lent for the call, the context is the host's own.
            unsafe { log(self.raw.context, level as i32, text::pass(line)) };
        }
    }

    /// Time since the engine's start; in simulation the simulated one. `None`: the host has no clock for
    /// plugins. Unit: ns. Thread: \[any\].
    pub fn now_ns(&self) -> Option<u64> {
        let now_ns = self.clock?.now_ns?;
        // SAFETY: the context is the host's own.
        Some(unsafe { now_ns(self.raw.context) })
    }

    /// Time of day. Unit: ms since 1970. Thread: \[any\].
    pub fn unix_ms(&self) -> Option<u64> {
        let unix_ms = self.clock?.unix_ms?;
        // SAFETY: the context is the host's own.
        Some(unsafe { unix_ms(self.raw.context) })
    }

    /// The plugin's settings: a JSON object with every option of its manifest that was given or has a
    /// default, each checked. Thread: \[control\], \[worker\].
    pub fn config(&self) -> Result<String, Refusal> {
        let Some(read) = self.config.and_then(|table| table.read) else {
            return Err(Status::UNSUPPORTED.into());
        };
        // SAFETY: the context is the host's own, the buffer is lent for the call.
        asking::told(|out, _| unsafe { read(self.raw.context, out) })
    }

    /// Calls `fired(id)` once on control, not before `delay_ns`; one that waits under this id is replaced.
    /// Fails beyond 64 that wait. Unit: ns. Thread: \[control\].
    pub fn start_timer(&self, id: u64, delay_ns: u64, fired: fn(u64)) -> Result<(), Status> {
        let start = self.timers.and_then(|table| table.start);
        let start = start.ok_or(Status::UNSUPPORTED)?;
        let user = fired as *mut c_void;
        // SAFETY: the context is the host's own; `ring` takes the function back out of the pointer.
        settled(unsafe { start(self.raw.context, id, delay_ns, Some(ring), user) })
    }

    /// Takes back a timer that waits; afterwards it is not called. Thread: \[control\].
    pub fn cancel_timer(&self, id: u64) -> Result<(), Status> {
        let cancel = self.timers.and_then(|table| table.cancel);
        let cancel = cancel.ok_or(Status::UNSUPPORTED)?;
        // SAFETY: the context is the host's own.
        settled(unsafe { cancel(self.raw.context, id) })
    }

    /// Adds to a counter that the host shows. `name`: 1 to 64 of a-z, 0-9, _; at most 64 names.
    /// Thread: \[any\], never \[media\] or \[device\].
    pub fn add(&self, name: &str, by: u64) -> Result<(), Status> {
        let add = self.metrics.and_then(|table| table.add);
        let add = add.ok_or(Status::UNSUPPORTED)?;
        // SAFETY: the context is the host's own, the name is lent for the call.
        settled(unsafe { add(self.raw.context, text::pass(name), by) })
    }

    /// Sets a gauge that the host shows. Name and Thread: as [`add`](Self::add).
    pub fn set(&self, name: &str, value: i64) -> Result<(), Status> {
        let set = self.metrics.and_then(|table| table.set);
        let set = set.ok_or(Status::UNSUPPORTED)?;
        // SAFETY: the context is the host's own, the name is lent for the call.
        settled(unsafe { set(self.raw.context, text::pass(name), value) })
    }

    /// The host program's name and version.
    pub fn name_and_version(&self) -> (&'static str, &'static str) {
        // SAFETY: the host's texts live as long as the process.
        let read = |text: abi::Text| unsafe { text::borrow(text.ptr, text.len) }.unwrap_or("");
        (read(self.raw.name), read(self.raw.version))
    }
}

/// Asks for one service's table.
///
/// # Safety
/// The host gives under `id` null, or a `T` that lives for ever and starts with its size.
unsafe fn service<T: Copy>(raw: &abi::Host, id: &str, need: usize) -> Option<T> {
    // SAFETY: the id is lent for the call, the context is the host's own.
    let table = unsafe { (raw.service?)(raw.context, text::pass(id)) };
    // SAFETY: the caller vouches for the table.
    unsafe { prefix(table.cast::<T>(), need) }.ok()
}

const fn settled(status: Status) -> Result<(), Status> {
    if status.0 < 0 { Err(status) } else { Ok(()) }
}

/// What the host calls for every timer of a Rust plugin.
unsafe extern "C" fn ring(user: *mut c_void, id: u64) {
    if user.is_null() {
        return;
    }
    // SAFETY: only `start_timer` hands out this function, with a `fn(u64)` as the pointer.
    let fired = unsafe { core::mem::transmute::<*mut c_void, fn(u64)>(user) };
    if let Err(panic) = catch_unwind(|| fired(id)) {
        forget(panic);
    }
}
