//! The plugins of a host, found and guarded as the settings say. The same for every host.

use crate::libraries::{add_libraries, gate, list_libraries, only_bundled, options, state_folder};
use crate::recordings_folder;
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
    /// start; without, nothing is.
    pub state: Option<&'a str>,
    /// Plugins that are linked in. A file with the id of one takes its place.
    pub built_in: &'a [&'a Entry],
    /// Which library files are loaded.
    pub files: Files<'a>,
    /// What looks at a file in a process of its own before it is loaded into this one, such as [`Prober::beside`].
    pub prober: Option<Prober>,
}

/// Where library files are looked for.
#[derive(Debug, Clone, Copy)]
pub enum Files<'a> {
    /// In these folders, then in those of the settings.
    In(&'a [PathBuf]),
    /// In those of the same folders that came with the program.
    Bundled(&'a [PathBuf]),
    /// Nowhere. One that a person names to the host itself is guarded all the same.
    Named,
    /// In the same folders, to list them and load none; and no plugin is told its options: what keeps an engine from
    /// starting stays out.
    Safe(&'a [PathBuf]),
}

/// The plugins of a host: library files that the settings want, then what is linked in. What is not used is listed by
/// [`Catalogue::refused`] and stops nothing. Thread: \[control\].
pub fn catalogue(host: &Host<'_>, settings: &Settings) -> Catalogue {
    let mut catalogue = guarded(host, settings);
    let search = |folders: &[PathBuf]| {
        SearchPath::new(folders.iter().chain(&settings.plugins.path).cloned())
    };
    let path = match host.files {
        Files::In(folders) => Some(search(folders)),
        Files::Bundled(folders) => Some(only_bundled(&search(folders))),
        Files::Safe(folders) => Some(search(folders)),
        Files::Named => None,
    };
    match path {
        Some(path) if matches!(host.files, Files::Safe(_)) => {
            list_libraries(&mut catalogue, &path);
        }
        Some(path) => {
            // The catalogue lists those that are kept out, too.
            let _kept_out = add_libraries(&mut catalogue, &path, &settings.plugins);
        }
        None if settings.plugins.path.is_empty() => {}
        None => tracing::warn!("no plugin file is loaded: plugins.path is not searched"),
    }
    for entry in host.built_in {
        let Err(why) = catalogue.add_built_in(entry) else {
            continue;
        };
        tracing::debug!(%why, "built-in plugin not used");
        if let plugin_host::Error::Duplicate { plugin, first } = why {
            let lacks = lacking(entry, &catalogue).join(" ");
            if !lacks.is_empty() {
                tracing::warn!(
                    plugin,
                    file = first,
                    lacks,
                    "a file in the place of a built-in plugin lacks codecs that this has"
                );
            }
        }
    }
    catalogue
}

/// Codecs of a plugin that is linked in which nobody in the catalogue brings.
fn lacking(entry: &Entry, catalogue: &Catalogue) -> Vec<String> {
    let mut alone = Catalogue::new("alone", env!("CARGO_PKG_VERSION"));
    // One that cannot be looked at lacks nothing that could be told.
    let _ = alone.add_built_in(entry);
    let is_there = |name: &str, rate: u32| {
        let mut all = catalogue.formats();
        all.any(|format| format.name.eq_ignore_ascii_case(name) && format.clock_rate_hz == rate)
    };
    let missing = alone
        .formats()
        .filter(|format| !is_there(&format.name, format.clock_rate_hz));
    missing
        .map(|format| format!("{}/{}", format.name, format.clock_rate_hz))
        .collect()
}

/// The same with nothing in it yet: for a host that adds files which a person names.
pub fn guarded(host: &Host<'_>, settings: &Settings) -> Catalogue {
    let mut catalogue = Catalogue::new(host.name, host.version)
        .recordings_in(recordings_folder(&settings.recording));
    if settings.limits.calls <= TIMED_CALLS {
        catalogue = catalogue.timed_by(wall_clock);
    }
    if host.prober.is_none() {
        tracing::debug!("plugin files are not tried first");
    }
    let memory = host.state.and_then(state_folder);
    let memory = memory.map(|folder: PathBuf| Arc::new(PluginMemory::open(&folder)));
    let gate = gate(&settings.plugins, host.prober.clone(), memory);
    let catalogue = catalogue.guarded_by(gate);
    match host.files {
        Files::Safe(_) => catalogue,
        Files::In(_) | Files::Bundled(_) | Files::Named => {
            catalogue.with_options(options(&settings.plugins))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_in_the_place_of_a_built_in_codec_lacks_is_named() {
        let mut catalogue = Catalogue::new("test", "1");
        let g711 = &codec_g711::ENTRY;
        assert_eq!(lacking(g711, &catalogue), ["PCMU/8000", "PCMA/8000"]);
        catalogue.add_built_in(g711).unwrap();
        assert_eq!(lacking(g711, &catalogue), [""; 0]);
    }
}
