//! The plugins of a host, found and guarded as the settings say. The same for every host.

use crate::libraries::{add_libraries, gate, options};
use plugin_host::{Catalogue, Entry, PluginMemory, Prober, SearchPath, wall_clock};
use settings::Settings;
use std::path::PathBuf;
use std::sync::Arc;

/// Calls at once beyond which plugins are not timed: a bench counts calls, and two readings of the clock
/// for each packet are in its way.
const TIMED_CALLS: usize = 256;

/// What a host says of its plugins.
#[derive(Debug)]
pub struct Host<'a> {
    /// Its name, as plugins are told.
    pub name: &'static str,
    /// Its version, likewise.
    pub version: &'static str,
    /// Its folder among those where a user's programs keep their state: what is remembered of plugins from start to
    /// start. Two engines of one folder remember for one only.
    pub state: &'a str,
    /// Plugins that are linked in. A file with the id of one takes its place.
    pub built_in: &'a [&'a Entry],
    /// Which library files are loaded.
    pub files: Files<'a>,
    /// What looks at a file in a process of its own before it is loaded into this one; without, the program
    /// `offhook-plugin-host`.
    pub prober: Option<Prober>,
}

/// Where library files are looked for.
#[derive(Debug, Clone, Copy)]
pub enum Files<'a> {
    /// In these folders, then in those of the settings.
    In(&'a [PathBuf]),
    /// Nowhere. One that a person names to the host itself is guarded all the same.
    Named,
    /// Nowhere, and no plugin is told its options: what keeps an engine from starting stays out.
    Safe,
}

/// The plugins of a host: library files that the settings want, then what is linked in. What is not used is listed by
/// [`Catalogue::refused`] and stops nothing. Thread: \[control\].
pub fn catalogue(host: &Host<'_>, settings: &Settings) -> Catalogue {
    let mut catalogue = guarded(host, settings);
    if let Files::In(folders) = host.files {
        let folders = folders.iter().chain(&settings.plugins.path);
        let path = SearchPath::new(folders.cloned());
        // The catalogue lists those that are kept out, too.
        let _kept_out = add_libraries(&mut catalogue, &path, &settings.plugins);
    } else if !settings.plugins.path.is_empty() {
        tracing::warn!("no plugin file is loaded: plugins.path is not searched");
    }
    for entry in host.built_in {
        if let Err(why) = catalogue.add_built_in(entry) {
            tracing::debug!(%why, "built-in plugin not used");
        }
    }
    catalogue
}

/// The same with nothing in it yet: for a host that adds files which a person names.
pub fn guarded(host: &Host<'_>, settings: &Settings) -> Catalogue {
    let mut catalogue = Catalogue::new(host.name, host.version);
    if settings.limits.calls <= TIMED_CALLS {
        catalogue = catalogue.timed_by(wall_clock);
    }
    let memory = match host.files {
        Files::In(_) => state_folder(host.state).map(|folder| PluginMemory::open(&folder)),
        Files::Named => None,
        Files::Safe => return catalogue,
    };
    let prober = host.prober.clone().or_else(Prober::beside);
    if prober.is_none() {
        tracing::warn!(
            "plugin files are not tried first: offhook-plugin-host is not beside the program"
        );
    }
    let gate = gate(&settings.plugins, prober, memory.map(Arc::new));
    catalogue
        .with_options(options(&settings.plugins))
        .guarded_by(gate)
}

/// Source: XDG Base Directory Specification, `$XDG_STATE_HOME`.
fn state_folder(of: &str) -> Option<PathBuf> {
    let named = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let of_user = || {
        let home = || named("HOME").map(|home| PathBuf::from(home).join(".local/state"));
        let base = named("XDG_STATE_HOME").map(PathBuf::from).or_else(home);
        base.map(|base| base.join("offhook"))
    };
    let base = named("OFFHOOK_STATE_DIR").map(PathBuf::from);
    Some(base.or_else(of_user)?.join(of))
}
