//! Loads a library. It is never unloaded: Rust code that has touched a thread-local or started a thread
//! cannot be taken out of a process safely.

use crate::library::{Held, Library};
use crate::manifest::check_words;
use crate::{Error, Manifest};
use plugin::EntryHandle;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Libraries that this process has loaded, by their hash. Each stays: the system's loader knows a library by the
/// place it was loaded from, which is its descriptor.
static LOADED: Mutex<BTreeMap<String, &'static Held>> = Mutex::new(BTreeMap::new());

/// Loads the library whose manifest was read and accepted, and checks its entry.
///
/// Its constructors run here; the plugin's own start does not. It is run from a copy in memory; the same bytes again
/// are the same library.
pub fn load(path: &Path, manifest: &Manifest) -> Result<EntryHandle, Error> {
    load_library(&Library::read(path)?, manifest)
}

pub(crate) fn load_library(library: &Library, manifest: &Manifest) -> Result<EntryHandle, Error> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let known = loaded.get(library.hash()).copied();
    let held = match known {
        Some(held) => held,
        None => &*Box::leak(Box::new(library.hold(&manifest.id)?)),
    };
    let entry = load_held(held, library.path(), manifest)?;
    loaded.insert(library.hash().to_owned(), held);
    Ok(entry)
}

/// The same of a copy, which the caller keeps as long as this process runs; `path` is for the words of an error.
pub(crate) fn load_held(
    held: &Held,
    path: &Path,
    manifest: &Manifest,
) -> Result<EntryHandle, Error> {
    let place = held.place();
    let library = open(&place).map_err(|reason| Error::Load {
        path: path.to_owned(),
        // Where the copy is says nothing to anybody.
        reason: match reason.strip_prefix(&format!("{}: ", place.display())) {
            Some(reason) => reason.to_owned(),
            None => reason,
        },
    })?;
    // Leaked on purpose, so that everything taken from it lives as long as the process.
    let library: &'static libloading::Library = Box::leak(Box::new(library));
    // SAFETY: the symbol, if it is there, is the constant that `plugin-abi` describes: the manifest's
    // boundary number says so, and size and major inside it are checked before anything else.
    let symbol = unsafe { library.get::<*const plugin_abi::Entry>(plugin_abi::ENTRY_SYMBOL) };
    let Ok(symbol) = symbol else {
        return Err(Error::NoEntry {
            path: path.to_owned(),
        });
    };
    // SAFETY: as above; the library is never unloaded, so the entry lives as long as the process.
    let entry = unsafe { EntryHandle::read(*symbol) }
        .map_err(|fault| Error::entry(manifest.id.clone(), fault))?;
    for (what, text) in [
        ("name", &entry.name),
        ("version", &entry.version),
        ("vendor", &entry.vendor),
        ("licence", &entry.licence),
    ] {
        check_words(what, text).map_err(|reason| Error::BadManifest {
            path: path.to_owned(),
            reason: format!("{reason}, in its entry"),
        })?;
    }
    if entry.id != manifest.id {
        return Err(Error::TwoIds {
            path: path.to_owned(),
            manifest: manifest.id.clone(),
            entry: entry.id,
        });
    }
    Ok(entry)
}

/// All symbols are resolved now, so that a missing one shows here and not in a call.
fn open(place: &Path) -> Result<libloading::Library, String> {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
    // SAFETY: running the library's constructors is what loading a trusted plugin means; files that
    // are not trusted are not handed to this function.
    let library = unsafe { Library::open(Some(place), RTLD_NOW | RTLD_LOCAL) };
    library.map(Into::into).map_err(|e| in_words(&e))
}

/// The loader's own words are in the source of the error.
fn in_words(error: &libloading::Error) -> String {
    use std::error::Error as _;
    error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string)
}
