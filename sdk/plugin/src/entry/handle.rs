//! The host's side of the entry.

use super::Entry;
use crate::asking;
use crate::fault::{Fault, prefix};
use crate::text;
use crate::{AudioHandle, CodecHandle, Refusal, Status};
use core::ffi::c_void;
use core::mem::offset_of;
use plugin_abi as abi;

/// A checked entry of a plugin that keeps the boundary's rules.
#[derive(Debug, Clone)]
pub struct EntryHandle {
    /// Unique name.
    pub id: String,
    /// What a person reads.
    pub name: String,
    /// The plugin's own version.
    pub version: String,
    /// Who made it.
    pub vendor: String,
    /// SPDX expression.
    pub licence: String,
    /// The JSON manifest as the running plugin has it.
    pub manifest: String,
    init: unsafe extern "C" fn(*const abi::Host, *mut abi::TextOut) -> Status,
    deinit: unsafe extern "C" fn(),
    table: unsafe extern "C" fn(abi::Text) -> *const c_void,
}

impl EntryHandle {
    /// Of a plugin that is linked in.
    pub fn built_in(entry: &Entry) -> Result<Self, Fault> {
        // SAFETY: only this crate's constructors make an `Entry`, and they keep the rules.
        unsafe { Self::read(&entry.0) }
    }

    /// Of a library: checks size, major and functions in this order.
    ///
    /// # Safety
    /// `entry` must be null or point to an entry that keeps the rules of `plugin-abi` and whose texts
    /// and tables live as long as the process.
    pub unsafe fn read(entry: *const abi::Entry) -> Result<Self, Fault> {
        // The major is looked at as soon as it can be: another major may have another size.
        let major_end = offset_of!(abi::Entry, abi_major) + size_of::<u32>();
        // SAFETY: the caller vouches for the entry; zero is a value of every field.
        let head = unsafe { prefix(entry, major_end) }?;
        if head.abi_major != abi::ABI_MAJOR {
            return Err(Fault::Major {
                theirs: head.abi_major,
                ours: abi::ABI_MAJOR,
            });
        }
        let need = offset_of!(abi::Entry, table) + size_of::<usize>();
        // SAFETY: as above.
        let entry = unsafe { prefix(entry, need) }?;
        let own = |text: abi::Text, what: &str| {
            if text.len > 65536 {
                return Err(Fault::Nonsense(format!(
                    "has a {what} of {} bytes",
                    text.len
                )));
            }
            // SAFETY: the caller vouches for the entry's texts.
            unsafe { text::borrow(text.ptr, text.len) }
                .map(str::to_owned)
                .ok_or_else(|| Fault::Nonsense(format!("has a {what} that is not text")))
        };
        Ok(Self {
            id: own(entry.id, "id")?,
            name: own(entry.name, "name")?,
            version: own(entry.version, "version")?,
            vendor: own(entry.vendor, "vendor")?,
            licence: own(entry.licence, "licence")?,
            manifest: own(entry.manifest, "manifest")?,
            init: entry.init.ok_or(Fault::NullFunction("init"))?,
            deinit: entry.deinit.ok_or(Fault::NullFunction("deinit"))?,
            table: entry.table.ok_or(Fault::NullFunction("table"))?,
        })
    }

    /// Starts the plugin. Thread: \[control\].
    pub fn init(&self, host: &'static abi::Host) -> Result<(), Refusal> {
        // SAFETY: a checked function; `host` lives for ever, the buffer for the call.
        let (status, why) = asking::reasoned(|reason| unsafe { (self.init)(host, reason) });
        if status.0 < 0 {
            return Err(Refusal::new(status, why));
        }
        Ok(())
    }

    /// Stops the plugin; nothing of it may be used afterwards, until `init`. Thread: \[control\].
    pub fn deinit(&self) {
        // SAFETY: a checked function.
        unsafe { (self.deinit)() };
    }

    /// Its codec table; `None` when it has none. Thread: \[control\].
    pub fn codec(&self) -> Result<Option<CodecHandle>, Fault> {
        let table = self.table(abi::CODEC_ID);
        if table.is_null() {
            return Ok(None);
        }
        // SAFETY: the plugin keeps the rules: this id names this table, which lives for ever.
        unsafe { CodecHandle::from_table(table) }.map(Some)
    }

    /// Its audio table; `None` when it has none. Thread: \[control\].
    pub fn audio(&self) -> Result<Option<AudioHandle>, Fault> {
        let table = self.table(abi::AUDIO_ID);
        if table.is_null() {
            return Ok(None);
        }
        // SAFETY: as in `codec`.
        unsafe { AudioHandle::from_table(table) }.map(Some)
    }

    fn table(&self, id: &str) -> *const c_void {
        // SAFETY: a checked function; the id is lent for the call.
        unsafe { (self.table)(text::pass(id)) }
    }
}
