//! What a plugin may ask the host: log, clock, its own settings, timers, metrics.

mod clock;
mod config;
mod log;
mod metrics;
mod timers;

pub use clock::HostClock;
pub(crate) use log::{Lines, leveled, tell};
pub use metrics::Figure;
pub use timers::Timers;

use core::ffi::c_void;
use metrics::Metrics;
use plugin_abi as abi;
use std::collections::BTreeMap;

/// What the services of one host stand on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Surroundings {
    pub(crate) clock: HostClock,
    pub(crate) timers: Timers,
    pub(crate) lines: Lines,
}

/// Who asks, and what is kept for it.
#[derive(Debug)]
pub(crate) struct Context {
    plugin: String,
    /// Its settings, a JSON object.
    config: String,
    surroundings: Surroundings,
    metrics: Metrics,
}

impl Context {
    /// Takes back every timer: the plugin has stopped.
    pub(crate) fn stop(&self) {
        self.surroundings.timers.forget(self.key());
    }

    /// The numbers that the plugin shows.
    pub(crate) fn figures(&self) -> BTreeMap<String, Figure> {
        self.metrics.read()
    }

    fn key(&self) -> usize {
        core::ptr::from_ref(self).addr()
    }
}

/// The host's face for one plugin. Leaked, because a plugin may keep it as long as the process lives.
pub(crate) fn host_for(
    plugin: &str,
    (name, version): (&'static str, &'static str),
    config: String,
    surroundings: &Surroundings,
) -> (&'static abi::Host, &'static Context) {
    let context: &'static Context = Box::leak(Box::new(Context {
        plugin: plugin.to_owned(),
        config,
        surroundings: surroundings.clone(),
        metrics: Metrics::default(),
    }));
    let host = Box::leak(Box::new(abi::Host {
        size: size_of::<abi::Host>() as u32,
        abi_major: abi::ABI_MAJOR,
        abi_minor: abi::ABI_MINOR,
        reserved: 0,
        context: core::ptr::from_ref(context).cast_mut().cast(),
        name: plugin::RawHostText::lend(name),
        version: plugin::RawHostText::lend(version),
        service: Some(service),
    }));
    (host, context)
}

unsafe extern "C" fn service(_context: *mut c_void, id: abi::Text) -> *const c_void {
    // SAFETY: the plugin lends the id for the call.
    let id = core::str::from_utf8(unsafe { read(id) }).unwrap_or_default();
    match id {
        abi::LOG_ID => core::ptr::from_ref(&log::TABLE).cast(),
        abi::CLOCK_ID => core::ptr::from_ref(&clock::TABLE).cast(),
        abi::CONFIG_ID => core::ptr::from_ref(&config::TABLE).cast(),
        abi::TIMER_ID => core::ptr::from_ref(&timers::TABLE).cast(),
        abi::METRIC_ID => core::ptr::from_ref(&metrics::TABLE).cast(),
        _ => core::ptr::null(),
    }
}

/// # Safety
/// `context` must be null or what `host_for` handed out.
unsafe fn asker(context: *mut c_void) -> Option<&'static Context> {
    // SAFETY: the caller vouches for it, and it is never freed.
    unsafe { context.cast::<Context>().as_ref() }
}

/// # Safety
/// `text` must be readable and stay for `'a`, or null.
unsafe fn read<'a>(text: abi::Text) -> &'a [u8] {
    if text.ptr.is_null() || isize::try_from(text.len).is_err() {
        return &[];
    }
    // SAFETY: not null, and the caller vouches for `len` bytes.
    unsafe { core::slice::from_raw_parts(text.ptr, text.len) }
}
