//! Loads a library. It is never unloaded: Rust code that has touched a thread-local or started a thread
//! cannot be taken out of a process safely.

use crate::{Error, Manifest};
use plugin::EntryHandle;
use std::path::Path;

/// Loads the library whose manifest was read and accepted, and checks its entry.
///
/// Its constructors run here; the plugin's own start does not.
pub fn load(path: &Path, manifest: &Manifest) -> Result<EntryHandle, Error> {
    let library = open(path).map_err(|reason| Error::Load {
        path: path.to_owned(),
        reason,
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
#[cfg(unix)]
fn open(path: &Path) -> Result<libloading::Library, String> {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
    let path = path.canonicalize().map_err(|e| e.to_string())?;
    // SAFETY: running the library's constructors is what loading a trusted plugin means; files that
    // are not trusted are not handed to this function.
    let library = unsafe { Library::open(Some(&path), RTLD_NOW | RTLD_LOCAL) };
    library.map(Into::into).map_err(|e| in_words(&e))
}

/// As the other systems do it.
#[cfg(not(unix))]
fn open(path: &Path) -> Result<libloading::Library, String> {
    // SAFETY: as on unix.
    unsafe { libloading::Library::new(path) }.map_err(|e| in_words(&e))
}

/// The loader's own words are in the source of the error.
fn in_words(error: &libloading::Error) -> String {
    use std::error::Error as _;
    error
        .source()
        .map_or_else(|| error.to_string(), ToString::to_string)
}
