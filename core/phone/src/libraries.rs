//! Which library files become plugins: `plugins.allow` and `plugins.trust`.

use plugin_host::{Catalogue, Manifest, SearchPath, TrustRule};
use settings::{Plugins, Trust};
use std::cell::RefCell;
use std::path::Path;

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

/// How far the settings trust a library file with this manifest, or why they keep it out. Files in the
/// `bundled` folder came with the host.
pub fn library_trust(
    plugins: &Plugins,
    bundled: &TrustRule,
    path: &Path,
    manifest: &Manifest,
) -> Result<plugin_host::Trust, Unwanted> {
    let id = manifest.id.clone();
    if !plugins.allows(&id) {
        return Err(Unwanted::NotAllowed { id });
    }
    // What is isolated by default only says that nobody chose.
    let by_default = (plugins.default_trust != Trust::Isolated).then_some(plugins.default_trust);
    let chosen = plugins.trust.get(&id).copied().or(by_default);
    let chosen = chosen.map(|trust| match trust {
        Trust::BuiltIn => plugin_host::Trust::BuiltIn,
        Trust::InProcess => plugin_host::Trust::InProcess,
        Trust::Isolated => plugin_host::Trust::Isolated,
    });
    match bundled.of(path, manifest, chosen) {
        plugin_host::Trust::BuiltIn => Err(Unwanted::BuiltInOnly { id }),
        trust @ (plugin_host::Trust::InProcess | plugin_host::Trust::Isolated) => Ok(trust),
    }
}

/// Loads the library files on `path` that the settings want, here or in processes of their own; gives those
/// they keep out.
pub fn add_libraries(
    catalogue: &mut Catalogue,
    path: &SearchPath,
    plugins: &Plugins,
) -> Vec<Unwanted> {
    let kept_out = RefCell::new(Vec::new());
    let running = std::env::current_exe().ok();
    let bundled = TrustRule {
        bundled: running.and_then(|file| Some(file.parent()?.join("plugins"))),
    };
    catalogue.add_path_trusted(path, |path, manifest| {
        let trust = library_trust(plugins, &bundled, path, manifest);
        trust.map_err(|why| kept_out.borrow_mut().push(why)).ok()
    });
    kept_out.into_inner()
}
