//! What a plugin exports: one constant, and the macros that write it.

mod handle;

pub use handle::EntryHandle;

use crate::guard::{forget, settle};
use crate::text::{self, lend};
use crate::{Audio, Codec, Host, Refusal, Status, audio, codec};
use core::ffi::c_void;
use plugin_abi as abi;
use std::panic::catch_unwind;

/// Who a plugin is.
#[derive(Debug, Clone, Copy)]
pub struct Identity {
    /// Unique name, such as `codec-g711`.
    pub id: &'static str,
    /// What a person reads.
    pub name: &'static str,
    /// The plugin's own version.
    pub version: &'static str,
    /// Who made it.
    pub vendor: &'static str,
    /// SPDX expression.
    pub licence: &'static str,
    /// All of this as JSON.
    pub manifest: &'static str,
}

/// A plugin as its host takes it. Only the constructors here make one, so it keeps the boundary's rules.
#[repr(transparent)]
#[derive(Debug, Clone, Copy)]
pub struct Entry(abi::Entry);

// SAFETY: everything an entry points to is constant and lives as long as the process.
unsafe impl Send for Entry {}
// SAFETY: as above.
unsafe impl Sync for Entry {}

impl Entry {
    /// The entry of a codec.
    pub const fn codec<T: Codec>(identity: Identity) -> Self {
        Self(entry(
            identity,
            init_codec::<T>,
            deinit_codec::<T>,
            table_codec::<T>,
        ))
    }

    /// The entry of an audio device.
    pub const fn audio<T: Audio>(identity: Identity) -> Self {
        Self(entry(
            identity,
            init_audio::<T>,
            deinit_audio::<T>,
            table_audio::<T>,
        ))
    }
}

type Init = unsafe extern "C" fn(*const abi::Host, *mut abi::TextOut) -> Status;
type Table = unsafe extern "C" fn(*const u8, usize) -> *const c_void;

const fn entry(
    identity: Identity,
    init: Init,
    deinit: unsafe extern "C" fn(),
    table: Table,
) -> abi::Entry {
    assert!(
        is_plain(identity.id) && is_plain(identity.name) && is_plain(identity.vendor),
        "a plugin's id, name and vendor go into JSON: no quotes, backslashes or control characters"
    );
    abi::Entry {
        size: size_of::<abi::Entry>() as u32,
        abi_major: abi::ABI_MAJOR,
        abi_minor: abi::ABI_MINOR,
        reserved: 0,
        id: lend(identity.id),
        name: lend(identity.name),
        version: lend(identity.version),
        vendor: lend(identity.vendor),
        licence: lend(identity.licence),
        manifest: lend(identity.manifest),
        init: Some(init),
        deinit: Some(deinit),
        table: Some(table),
    }
}

/// Whether `text` may stand between quotes in JSON as it is.
const fn is_plain(text: &str) -> bool {
    let mut rest = text.as_bytes();
    while let [first, others @ ..] = rest {
        if *first == b'"' || *first == b'\\' || *first < b' ' {
            return false;
        }
        rest = others;
    }
    true
}

unsafe extern "C" fn init_codec<T: Codec>(
    host: *const abi::Host,
    reason: *mut abi::TextOut,
) -> Status {
    // SAFETY: `host` is null or lives as long as the process, `reason` null or the caller's buffer.
    unsafe { start(host, reason, codec::init::<T>) }
}

unsafe extern "C" fn init_audio<T: Audio>(
    host: *const abi::Host,
    reason: *mut abi::TextOut,
) -> Status {
    // SAFETY: as in `init_codec`.
    unsafe { start(host, reason, audio::init::<T>) }
}

/// # Safety
/// `host` must be null or live as long as the process, `reason` null or the caller's buffer.
unsafe fn start(
    host: *const abi::Host,
    reason: *mut abi::TextOut,
    init: fn(Option<Host>) -> Result<Status, Refusal>,
) -> Status {
    // SAFETY: the caller vouches for both.
    unsafe { settle(init(Host::read(host)), reason) }
}

unsafe extern "C" fn deinit_codec<T: Codec>() {
    stop(T::deinit);
}

unsafe extern "C" fn deinit_audio<T: Audio>() {
    stop(T::deinit);
}

fn stop(deinit: fn()) {
    if let Err(panic) = catch_unwind(deinit) {
        forget(panic);
    }
}

unsafe extern "C" fn table_codec<T: Codec>(id: *const u8, id_len: usize) -> *const c_void {
    // SAFETY: the text is lent for the call.
    match unsafe { text::borrow(id, id_len) } {
        Some(abi::CODEC_ID) => core::ptr::from_ref(codec::table::<T>()).cast(),
        _ => core::ptr::null(),
    }
}

unsafe extern "C" fn table_audio<T: Audio>(id: *const u8, id_len: usize) -> *const c_void {
    // SAFETY: the text is lent for the call.
    match unsafe { text::borrow(id, id_len) } {
        Some(abi::AUDIO_ID) => core::ptr::from_ref(audio::table::<T>()).cast(),
        _ => core::ptr::null(),
    }
}

/// Turns text into the array a section wants.
#[doc(hidden)]
pub const fn bytes<const N: usize>(text: &str) -> [u8; N] {
    let from = text.as_bytes();
    let mut to = [0; N];
    let mut at = 0;
    while at < N {
        to[at] = from[at];
        at += 1;
    }
    to
}

/// Exports a codec: `export_codec!(Mine)`, or with its own id and name
/// `export_codec!(Mine, id = "codec-mine", name = "Mine")`. Without them the package's name is both.
///
/// Gives `ENTRY`, and under the crate's feature `library` the C symbol and the manifest section.
#[macro_export]
macro_rules! export_codec {
    ($codec:ty $(,)?) => {
        $crate::export_codec!(
            $codec,
            id = env!("CARGO_PKG_NAME"),
            name = env!("CARGO_PKG_NAME")
        );
    };
    ($codec:ty, id = $id:expr, name = $name:expr $(,)?) => {
        $crate::export_entry!("codec", "offhook.codec/1", codec::<$codec>, $id, $name);
    };
}

/// Exports an audio device, as [`export_codec!`] does a codec.
#[macro_export]
macro_rules! export_audio {
    ($audio:ty $(,)?) => {
        $crate::export_audio!(
            $audio,
            id = env!("CARGO_PKG_NAME"),
            name = env!("CARGO_PKG_NAME")
        );
    };
    ($audio:ty, id = $id:expr, name = $name:expr $(,)?) => {
        $crate::export_entry!("audio", "offhook.audio/1", audio::<$audio>, $id, $name);
    };
}

/// What [`export_codec!`] and [`export_audio!`] share.
#[doc(hidden)]
#[macro_export]
macro_rules! export_entry {
    ($kind:literal, $table:literal, $make:ident::<$type:ty>, $id:expr, $name:expr) => {
        /// This plugin, for hosts that link it in.
        pub const ENTRY: $crate::Entry = $crate::Entry::$make::<$type>($crate::Identity {
            id: $id,
            name: $name,
            version: env!("CARGO_PKG_VERSION"),
            vendor: env!("CARGO_PKG_AUTHORS"),
            licence: env!("CARGO_PKG_LICENSE"),
            manifest: OFFHOOK_MANIFEST,
        });

        /// What a host may know of this plugin without running any of it.
        const OFFHOOK_MANIFEST: &str = concat!(
            "{\"manifest\":1,\"abi\":\"1.0\",\"kind\":\"",
            $kind,
            "\",\"tables\":[\"",
            $table,
            "\"],\"id\":\"",
            $id,
            "\",\"name\":\"",
            $name,
            "\",\"version\":\"",
            env!("CARGO_PKG_VERSION"),
            "\",\"vendor\":\"",
            env!("CARGO_PKG_AUTHORS"),
            "\",\"licence\":\"",
            env!("CARGO_PKG_LICENSE"),
            "\",\"permissions\":[]}",
        );

        #[cfg(feature = "library")]
        #[unsafe(export_name = "offhook_plugin_entry")]
        static OFFHOOK_EXPORT: $crate::Entry = ENTRY;

        #[cfg(feature = "library")]
        #[used]
        #[cfg_attr(
            not(any(target_vendor = "apple", windows)),
            unsafe(link_section = ".offhook.manifest")
        )]
        #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__offhook"))]
        #[cfg_attr(windows, unsafe(link_section = ".offhook"))]
        static OFFHOOK_SECTION: [u8; OFFHOOK_MANIFEST.len()] =
            $crate::entry::bytes(OFFHOOK_MANIFEST);
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_the_manifest_is_not_plain() {
        assert!(is_plain("G.711, both laws"));
        assert!(!is_plain("a\"b") && !is_plain("a\\b") && !is_plain("a\nb"));
    }
}
