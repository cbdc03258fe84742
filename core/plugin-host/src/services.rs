//! What a plugin may ask the host: to write a line into the log.

use core::ffi::c_void;
use plugin_abi as abi;

/// Longest line kept. Unit: bytes.
const LONGEST_LINE: usize = 1024;

/// Who asks.
struct Context {
    plugin: String,
}

/// The host's face for one plugin. Leaked, because a plugin may keep it as long as the process lives.
pub(crate) fn host_for(
    plugin: &str,
    name: &'static str,
    version: &'static str,
) -> &'static abi::Host {
    let context = Box::leak(Box::new(Context {
        plugin: plugin.to_owned(),
    }));
    Box::leak(Box::new(abi::Host {
        size: size_of::<abi::Host>() as u32,
        abi_major: abi::ABI_MAJOR,
        abi_minor: abi::ABI_MINOR,
        reserved: 0,
        context: core::ptr::from_mut(context).cast(),
        name: plugin::RawHostText::lend(name),
        version: plugin::RawHostText::lend(version),
        service: Some(service),
    }))
}

static LOG: abi::LogTable = abi::LogTable {
    size: size_of::<abi::LogTable>() as u32,
    reserved: 0,
    log: Some(log),
};

unsafe extern "C" fn service(_context: *mut c_void, id: abi::Text) -> *const c_void {
    // SAFETY: the plugin lends the id for the call.
    match unsafe { read(id) } {
        b if b == abi::LOG_ID.as_bytes() => core::ptr::from_ref(&LOG).cast(),
        _ => core::ptr::null(),
    }
}

unsafe extern "C" fn log(context: *mut c_void, level: i32, line: abi::Text) {
    // SAFETY: the context is null or the one `host_for` made, which is never freed.
    let Some(context) = (unsafe { context.cast::<Context>().as_ref() }) else {
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

/// # Safety
/// `text` must be readable and stay for `'a`, or null.
unsafe fn read<'a>(text: abi::Text) -> &'a [u8] {
    if text.ptr.is_null() || text.len == 0 {
        return &[];
    }
    // SAFETY: not null, and the caller vouches for `len` bytes.
    unsafe { core::slice::from_raw_parts(text.ptr, text.len) }
}
