//! The host's side of the entry.

use super::Entry;
use crate::asking;
use crate::directory::DirectoryHandle;
use crate::draft::nat::NatHandle;
use crate::draft::security::SecurityHandle;
use crate::draft::tone::ToneHandle;
use crate::fault::{Fault, prefix};
use crate::text;
use crate::ui::UiHandle;
use crate::{AudioHandle, CodecHandle, DtmfHandle, FilterHandle, RecorderHandle, Refusal, Status};
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
        // SAFETY: see `checked`.
        self.checked(abi::CODEC_ID, |table| unsafe {
            CodecHandle::from_table(table)
        })
    }

    /// Its audio table; `None` when it has none. Thread: \[control\].
    pub fn audio(&self) -> Result<Option<AudioHandle>, Fault> {
        // SAFETY: see `checked`.
        self.checked(abi::AUDIO_ID, |table| unsafe {
            AudioHandle::from_table(table)
        })
    }

    /// Its DTMF table; `None` when it has none. Thread: \[control\].
    pub fn dtmf(&self) -> Result<Option<DtmfHandle>, Fault> {
        // SAFETY: see `checked`.
        self.checked(abi::DTMF_ID, |table| unsafe {
            DtmfHandle::from_table(table)
        })
    }

    /// Its recorder table; `None` when it has none. Thread: \[control\].
    pub fn recorder(&self) -> Result<Option<RecorderHandle>, Fault> {
        // SAFETY: see `checked`.
        self.checked(abi::RECORDER_ID, |table| unsafe {
            RecorderHandle::from_table(table)
        })
    }

    /// Its filter table; `None` when it has none. Thread: \[control\].
    pub fn filter(&self) -> Result<Option<FilterHandle>, Fault> {
        // SAFETY: see `checked`.
        self.checked(abi::FILTER_ID, |table| unsafe {
            FilterHandle::from_table(table)
        })
    }

    /// Its NAT table; `None` when it has none. Thread: \[control\].
    pub fn nat(&self) -> Result<Option<NatHandle>, Fault> {
        // SAFETY: see `checked`.
        self.checked(abi::NAT_ID, |table| unsafe { NatHandle::from_table(table) })
    }

    /// Its security table; `None` when it has none. Thread: \[control\].
    pub fn security(&self) -> Result<Option<SecurityHandle>, Fault> {
        // SAFETY: see `checked`.
        self.checked(abi::SECURITY_ID, |table| unsafe {
            SecurityHandle::from_table(table)
        })
    }

    /// Its UI table; `None` when it has none. Thread: \[control\].
    pub fn ui(&self) -> Result<Option<UiHandle>, Fault> {
        // SAFETY: see `checked`.
        self.checked(abi::UI_ID, |table| unsafe { UiHandle::from_table(table) })
    }

    /// Its directory table; `None` when it has none. Thread: \[control\].
    pub fn directory(&self) -> Result<Option<DirectoryHandle>, Fault> {
        // SAFETY: see `checked`.
        self.checked(abi::DIRECTORY_ID, |table| unsafe {
            DirectoryHandle::from_table(table)
        })
    }

    /// Its tone table; `None` when it has none. Thread: \[control\].
    pub fn tone(&self) -> Result<Option<ToneHandle>, Fault> {
        // SAFETY: see `checked`.
        self.checked(abi::TONE_ID, |table| unsafe {
            ToneHandle::from_table(table)
        })
    }

    /// The plugin keeps the rules: an id names its table, which lives for ever.
    fn checked<T>(
        &self,
        id: &str,
        check: impl FnOnce(*const c_void) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let table = self.table(id);
        if table.is_null() {
            return Ok(None);
        }
        check(table).map(Some)
    }

    fn table(&self, id: &str) -> *const c_void {
        // SAFETY: a checked function; the id is lent for the call.
        unsafe { (self.table)(text::pass(id)) }
    }
}
