//! The one exported symbol.

use crate::{Host, Status, Text, TextOut};
use core::ffi::c_void;

/// Name of the constant every library exports: one [`Entry`]. Nothing else is looked up by name.
pub const ENTRY_SYMBOL: &str = "offhook_plugin_entry";

/// Section of an ELF library that holds the JSON manifest, readable without running any of its code.
pub const MANIFEST_SECTION: &str = ".offhook.manifest";

/// What a library exports under [`ENTRY_SYMBOL`]. Read-only and valid as long as the process lives.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Size of this struct as the plugin was built. Unit: bytes.
    pub size: u32,
    /// [`ABI_MAJOR`](crate::ABI_MAJOR) of the plugin's build. Loaded only when equal to the host's.
    pub abi_major: u32,
    /// [`ABI_MINOR`](crate::ABI_MINOR) of the plugin's build. For people.
    pub abi_minor: u32,
    /// 0.
    pub reserved: u32,
    /// Unique name, such as `codec-g711` or `org.example.codec-lpc`. The same as in the manifest.
    pub id: Text,
    /// What a person reads.
    pub name: Text,
    /// The plugin's own version.
    pub version: Text,
    /// Who made it. May be empty.
    pub vendor: Text,
    /// SPDX expression. May be empty.
    pub licence: Text,
    /// The JSON manifest, the same bytes as in [`MANIFEST_SECTION`].
    pub manifest: Text,
    /// Called once before anything else; a failure refuses the plugin and `reason` says why. `host`
    /// stays valid as long as the process lives. Called again only after `deinit`, or by a second
    /// host in the same process, each call paired with one `deinit`. Thread: \[control\].
    pub init: Option<unsafe extern "C" fn(host: *const Host, reason: *mut TextOut) -> Status>,
    /// Called when no instance is left. The library stays loaded. Thread: \[control\].
    pub deinit: Option<unsafe extern "C" fn()>,
    /// The table with this id, or null. The table is read-only and valid as long as the process
    /// lives. Thread: \[control\].
    pub table: Option<unsafe extern "C" fn(id: Text) -> *const c_void>,
}
