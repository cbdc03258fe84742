//! What a plugin may ask its host.

use crate::fault::prefix;
use crate::text;
use core::mem::offset_of;
use plugin_abi as abi;

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
        let log = raw.service.and_then(|service| {
            // SAFETY: the id is lent for the call, the context is the host's own.
            let table = unsafe { service(raw.context, text::pass(abi::LOG_ID)) };
            let need = offset_of!(abi::LogTable, log) + size_of::<usize>();
            // SAFETY: a table is null or lives for ever and starts with its size.
            unsafe { prefix(table.cast::<abi::LogTable>(), need) }.ok()
        });
        Some(Self { raw, log })
    }

    /// Writes one line to the host's log. Thread: \[any\], never \[media\] or \[device\].
    pub fn log(&self, level: Level, line: &str) {
        if let Some(log) = self.log.and_then(|table| table.log) {
            // SAFETY: the text is lent for the call, the context is the host's own.
            unsafe { log(self.raw.context, level as i32, text::pass(line)) };
        }
    }

    /// The host program's name and version.
    pub fn name_and_version(&self) -> (&'static str, &'static str) {
        // SAFETY: the host's texts live as long as the process.
        let read = |text: abi::Text| unsafe { text::borrow(text.ptr, text.len) }.unwrap_or("");
        (read(self.raw.name), read(self.raw.version))
    }
}
