//! Which library files become plugins: `plugins.allow` and `plugins.trust`.

use plugin_host::{Catalogue, Manifest, SearchPath};
use settings::{Plugins, Trust};
use std::cell::RefCell;

/// Why the settings keep a library file out. None of its code has run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unwanted {
    /// There is a list of those that may be loaded, and it is not on it.
    #[error("plugin {id} is skipped: plugins.allow names others only; add {id} to it")]
    NotAllowed {
        /// The plugin's id.
        id: String,
    },
    /// It is to run in a process of its own.
    #[error(
        "plugin {id} is refused: its trust is isolated, and a process of its own for a plugin is not there yet; \
         plugins.trust.{id} = \"in-process\" loads it into the engine's own memory, if you trust it so far"
    )]
    Isolated {
        /// The plugin's id.
        id: String,
    },
    /// It is to run only where it is linked in.
    #[error(
        "plugin {id} is refused: its trust is built-in, and this is a library file; \
         plugins.trust.{id} = \"in-process\" loads it"
    )]
    BuiltInOnly {
        /// The plugin's id.
        id: String,
    },
}

/// Whether the settings let a library file with this manifest be loaded.
pub fn library_wanted(plugins: &Plugins, manifest: &Manifest) -> Result<(), Unwanted> {
    let id = manifest.id.clone();
    if !plugins.allows(&id) {
        return Err(Unwanted::NotAllowed { id });
    }
    match plugins.trust_of(&id) {
        Trust::InProcess => Ok(()),
        Trust::Isolated => Err(Unwanted::Isolated { id }),
        Trust::BuiltIn => Err(Unwanted::BuiltInOnly { id }),
    }
}

/// Loads the library files on `path` that the settings want; gives those they keep out.
pub fn add_libraries(
    catalogue: &mut Catalogue,
    path: &SearchPath,
    plugins: &Plugins,
) -> Vec<Unwanted> {
    let kept_out = RefCell::new(Vec::new());
    catalogue.add_path(path, |manifest| {
        let wanted = library_wanted(plugins, manifest);
        wanted
            .map_err(|why| kept_out.borrow_mut().push(why))
            .is_ok()
    });
    kept_out.into_inner()
}
