//! The library under test, as far as a check wants it.

use core::ffi::c_void;
use plugin::EntryHandle;
use plugin_abi as abi;
use plugin_host::Manifest;
use std::path::{Path, PathBuf};

/// Why a check did not pass.
#[derive(Debug)]
pub(crate) enum Stop {
    /// What is wrong.
    Fail(String),
    /// Why it cannot be asked here.
    Skip(String),
}

impl From<String> for Stop {
    fn from(why: String) -> Self {
        Self::Fail(why)
    }
}

impl From<plugin::Refusal> for Stop {
    fn from(refusal: plugin::Refusal) -> Self {
        Self::Fail(refusal.to_string())
    }
}

impl From<plugin::Fault> for Stop {
    fn from(fault: plugin::Fault) -> Self {
        Self::Fail(fault.to_string())
    }
}

pub(crate) type Held = Result<(), Stop>;

/// Fails with words unless `holds`.
macro_rules! must {
    ($holds:expr, $($words:tt)+) => {{
        let holds: bool = $holds;
        if !holds {
            return Err($crate::subject::Stop::Fail(format!($($words)+)));
        }
    }};
}
pub(crate) use must;

pub(crate) fn skip<T>(why: &str) -> Result<T, Stop> {
    Err(Stop::Skip(why.to_owned()))
}

/// One library file.
#[derive(Debug)]
pub(crate) struct Subject {
    pub(crate) path: PathBuf,
    pub(crate) seed: u64,
}

impl Subject {
    pub(crate) fn new(path: &Path, seed: u64) -> Self {
        Self {
            path: path.to_owned(),
            seed,
        }
    }

    /// Read from the bytes of the file; none of its code runs.
    pub(crate) fn manifest(&self) -> Result<Manifest, Stop> {
        Manifest::read(&self.path).map_err(|error| Stop::Fail(error.to_string()))
    }

    /// Loaded by the rules of the host.
    pub(crate) fn entry(&self) -> Result<EntryHandle, Stop> {
        let manifest = self.manifest()?;
        plugin_host::load::load(&self.path, &manifest).map_err(|e| Stop::Fail(e.to_string()))
    }

    /// Loaded and started by a host that offers no services: a plugin does without.
    pub(crate) fn started(&self) -> Result<EntryHandle, Stop> {
        let entry = self.entry()?;
        entry.init(host())?;
        Ok(entry)
    }

    /// The entry itself.
    pub(crate) fn raw(&self) -> Result<&'static abi::Entry, Stop> {
        // Loads it the usual way first, so that everything in it has been checked.
        self.entry()?;
        let path = self
            .path
            .canonicalize()
            .map_err(|error| error.to_string())?;
        // SAFETY: the same file was loaded just now and is never unloaded; its constructors have run.
        let library = unsafe { libloading::Library::new(&path) }.map_err(|e| e.to_string())?;
        let library: &'static libloading::Library = Box::leak(Box::new(library));
        // SAFETY: `entry` has found and checked the constant behind this name.
        let entry = unsafe { library.get::<*const abi::Entry>(abi::ENTRY_SYMBOL) };
        let entry = *entry.map_err(|error| error.to_string())?;
        // SAFETY: as above; the library is never unloaded.
        unsafe { entry.as_ref() }.ok_or_else(|| Stop::Fail("its entry is null".to_owned()))
    }

    /// What the entry says to one table id.
    pub(crate) fn table(&self, id: &str) -> Result<*const c_void, Stop> {
        let table = self
            .raw()?
            .table
            .ok_or("it has no function table".to_owned())?;
        let id = abi::Text {
            ptr: id.as_ptr(),
            len: id.len(),
        };
        // SAFETY: a function of a checked entry; the id is lent for the call.
        Ok(unsafe { table(id) })
    }
}

unsafe extern "C" fn no_service(_context: *mut c_void, _id: abi::Text) -> *const c_void {
    core::ptr::null()
}

/// A host without services, as old as the boundary.
pub(crate) fn host() -> &'static abi::Host {
    let text = |words: &'static str| abi::Text {
        ptr: words.as_ptr(),
        len: words.len(),
    };
    Box::leak(Box::new(abi::Host {
        size: size_of::<abi::Host>() as u32,
        abi_major: abi::ABI_MAJOR,
        abi_minor: abi::ABI_MINOR,
        reserved: 0,
        context: core::ptr::null_mut(),
        name: text("offhook-plugin-check"),
        version: text(env!("CARGO_PKG_VERSION")),
        service: Some(no_service),
    }))
}

/// Chance from a seed: xorshift64*.
#[derive(Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed ^ 0x9E37_79B9_7F4A_7C15)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }

    /// Text that is or nearly is what a plugin might read.
    pub(crate) fn text(&mut self, like: &str) -> String {
        let mut bytes = like.as_bytes().to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            match self.below(3) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, b" \"{}[]:,;=09az\\"[self.below(15)]),
                _ => bytes.extend_from_within(..at),
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
