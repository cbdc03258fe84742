//! `offhook.log/1`: lines of plugins in the host's log.

use super::{asker, read};
use core::ffi::c_void;
use plugin_abi as abi;
use std::io::Write as _;

/// Longest line kept. Unit: bytes.
const LONGEST_LINE: usize = 1024;

/// Where the lines of a host's plugins go.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Lines {
    /// Into the log of this process.
    #[default]
    Log,
    /// To standard error, with its level: the engine listens there. Source: sd-daemon(3), `SD_ERR` and the like.
    StandardError,
}

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
    match context.surroundings.lines {
        Lines::Log => tell(&context.plugin, level, &line),
        Lines::StandardError => {
            let whole = format!("<{}>{}\n", severity(level), line.replace('\n', " "));
            // Nobody may listen any more; then nobody misses it.
            let _ = std::io::stderr().write_all(whole.as_bytes());
        }
    }
}

/// A line of a plugin, at a level of the boundary.
pub(crate) fn tell(plugin: &str, level: i32, line: &str) {
    match level {
        1 => tracing::error!(target: "plugin", plugin, "{line}"),
        2 => tracing::warn!(target: "plugin", plugin, "{line}"),
        3 => tracing::info!(target: "plugin", plugin, "{line}"),
        4 => tracing::debug!(target: "plugin", plugin, "{line}"),
        _ => tracing::trace!(target: "plugin", plugin, "{line}"),
    }
}

/// What a log of the system calls a level of the boundary; it has nothing below debug but a number of its own.
const fn severity(level: i32) -> u8 {
    match level {
        1 => 3,
        2 => 4,
        3 => 6,
        4 => 7,
        _ => 8,
    }
}

/// The level, and the line behind it; `None`: it came by no service.
pub(crate) fn leveled(line: &str) -> Option<(i32, &str)> {
    let (number, line) = line.strip_prefix('<')?.split_once('>')?;
    let level = (1..=5).find(|level| severity(*level).to_string() == number)?;
    Some((level, line))
}
