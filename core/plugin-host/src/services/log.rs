//! `offhook.log/1`: lines of plugins in the host's log.

use super::{asker, read};
use core::ffi::c_void;
use plugin_abi as abi;

/// Longest line kept. Unit: bytes.
const LONGEST_LINE: usize = 1024;

pub(super) static TABLE: abi::LogTable = abi::LogTable {
    size: size_of::<abi::LogTable>() as u32,
    reserved: 0,
    log: Some(log),
};

unsafe extern "C" fn log(context: *mut c_void, level: i32, line: abi::Text) {
    // SAFETY: the plugin hands back what it was given.
    let Some(context) = (unsafe { asker(context) }) else {
        return;
    };
    // SAFETY: the plugin lends the line for the call.
    let line = unsafe { read(line) };
    let line = line.get(..LONGEST_LINE).unwrap_or(line);
    let line = String::from_utf8_lossy(line);
    let plugin = context.plugin.as_str();
    match level {
        1 => tracing::error!(target: "plugin", plugin, "{line}"),
        2 => tracing::warn!(target: "plugin", plugin, "{line}"),
        3 => tracing::info!(target: "plugin", plugin, "{line}"),
        4 => tracing::debug!(target: "plugin", plugin, "{line}"),
        _ => tracing::trace!(target: "plugin", plugin, "{line}"),
    }
}
