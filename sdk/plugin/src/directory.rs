//! Directories: people and their numbers.

use crate::face::Face;
use crate::fault::{Fault, prefix};
use crate::guard::{self, close, settle};
use crate::text::lent;
use crate::{Host, Refusal, Status, asking, text};
use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::offset_of;
use plugin_abi::{DIRECTORY_ID, DirectoryTable, Text, TextOut};

/// A directory. All calls come from worker threads, one at a time.
pub trait Directory: Send + Sized + 'static {
    /// Called once before anything else. Thread: \[control\].
    fn init(_host: Option<Host>) -> Result<(), Refusal> {
        Ok(())
    }

    /// Called when no instance is left. Thread: \[control\].
    fn deinit() {}

    /// Opens it; `options` is a JSON object. Thread: \[worker\].
    fn open(options: &str) -> Result<Self, Refusal>;

    /// Answers `{"text"}`, `{"number"}` or `{"all": true}`, each with `{"limit"}`, with a JSON array of `{"name",
    /// "numbers", "labels", "organisation", "kind", "id"}`; what is said of each stands at
    /// [`DirectoryTable::search`]. One that cannot be listed answers `all` with [`Status::UNSUPPORTED`].
    /// May block. Thread: \[worker\].
    fn search(&mut self, query: &str) -> Result<String, Refusal>;
}

/// The plugin's side of `T`.
pub(crate) struct DirectoryFace<T>(PhantomData<T>);

impl<T: Directory> Face for DirectoryFace<T> {
    const TABLE: &'static str = DIRECTORY_ID;

    fn init(host: Option<Host>) -> Result<(), Refusal> {
        T::init(host)
    }

    fn deinit() {
        T::deinit();
    }

    fn table() -> *const c_void {
        let table: &'static DirectoryTable = const {
            &DirectoryTable {
                size: size_of::<DirectoryTable>() as u32,
                reserved: 0,
                open: Some(open::<T>),
                search: Some(search::<T>),
                close: Some(close_shim::<T>),
            }
        };
        core::ptr::from_ref(table).cast()
    }
}

unsafe extern "C" fn open<T: Directory>(
    options: Text,
    out: *mut *mut c_void,
    reason: *mut TextOut,
) -> Status {
    // SAFETY: the text is lent for the call, `out` is null or writable, `reason` null or a buffer.
    unsafe {
        let opened = lent(options).and_then(|options| guard::open(out, || T::open(options)));
        settle(opened, reason)
    }
}

unsafe extern "C" fn search<T: Directory>(
    inst: *mut c_void,
    query: Text,
    out: *mut TextOut,
    reason: *mut TextOut,
) -> Status {
    let mut said = Err(Status::PANIC.into());
    // SAFETY: the text is lent for the call; a live instance of ours that nobody else uses.
    let status = unsafe {
        guard::enter::<T>(inst, |directory| {
            said = lent(query).and_then(|query| directory.search(query));
            Ok(Status::OK)
        })
    };
    // SAFETY: `out` and `reason` are null or the caller's buffers.
    match unsafe { settle(said.map(|json| text::give(out, &json)), reason) } {
        _ if status.0 < 0 => status,
        settled => settled,
    }
}

unsafe extern "C" fn close_shim<T: Directory>(inst: *mut c_void) {
    // SAFETY: an instance of ours that the caller gives up.
    unsafe { close::<T>(inst) }
}

/// A checked directory table: every function is there.
#[derive(Debug, Clone, Copy)]
pub struct DirectoryHandle {
    open: unsafe extern "C" fn(Text, *mut *mut c_void, *mut TextOut) -> Status,
    search: unsafe extern "C" fn(*mut c_void, Text, *mut TextOut, *mut TextOut) -> Status,
    close: unsafe extern "C" fn(*mut c_void),
}

impl DirectoryHandle {
    /// Checks a table: long enough, no function missing.
    ///
    /// # Safety
    /// `table` must be null or point to a directory table that keeps the rules of `plugin-abi` and lives
    /// as long as the process.
    pub unsafe fn from_table(table: *const c_void) -> Result<Self, Fault> {
        let need = offset_of!(DirectoryTable, close) + size_of::<usize>();
        // SAFETY: the caller vouches for the table; zero is a value of every field.
        let table = unsafe { prefix(table.cast::<DirectoryTable>(), need) }?;
        Ok(Self {
            open: table.open.ok_or(Fault::NullFunction("open"))?,
            search: table.search.ok_or(Fault::NullFunction("search"))?,
            close: table.close.ok_or(Fault::NullFunction("close"))?,
        })
    }

    /// Opens it; `options` is a JSON object. Thread: \[worker\].
    pub fn open(&self, options: &str) -> Result<DirectoryInstance, Refusal> {
        let options = text::pass(options);
        // SAFETY: a checked function; every pointer is valid for the call.
        let inst = asking::opened(|out, reason| unsafe { (self.open)(options, out, reason) })?;
        Ok(DirectoryInstance { inst, table: *self })
    }
}

/// An open directory.
#[derive(Debug)]
pub struct DirectoryInstance {
    inst: *mut c_void,
    table: DirectoryHandle,
}

// SAFETY: the boundary lets a host move an instance between threads, one at a time.
unsafe impl Send for DirectoryInstance {}

impl DirectoryInstance {
    /// Looks up; the plugin's JSON. Thread: \[worker\].
    pub fn search(&mut self, query: &str) -> Result<String, Refusal> {
        asking::told(|out, reason| {
            // SAFETY: a checked function, a live instance, buffers valid for the call.
            unsafe { (self.table.search)(self.inst, text::pass(query), out, reason) }
        })
    }
}

impl Drop for DirectoryInstance {
    fn drop(&mut self) {
        // SAFETY: a checked function; the instance is live and not used again.
        unsafe { (self.table.close)(self.inst) };
    }
}
