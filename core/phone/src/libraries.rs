//! Which library files become plugins, and what the settings tell plugins: everything under `plugins`.

use engine::voice::reload::Reloads;
use plugin_host::config::Options;
use plugin_host::{Catalogue, Gate, Kind, Manifest, PluginMemory, Prober, SearchPath, TrustRule};
use settings::{
    Complaint, Complaints, Device, Media, Origin, PluginOption, PluginValue, Plugins, Settings,
    Severity, Trust,
};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
    /// It is on the list of those that are left out.
    #[error("plugin {id} is skipped: plugins.without leaves it out; take {id} off that list")]
    LeftOut {
        /// The plugin's id.
        id: String,
    },
    /// Its kind is a draft.
    #[error(
        "plugin {id} is skipped: the boundary of its kind, {kind}, is a draft; plugins.drafts = true loads it all the same"
    )]
    Draft {
        /// The plugin's id.
        id: String,
        /// Its kind.
        kind: String,
    },
    /// The host loads no files in this run.
    #[error("plugin {id} is not loaded: the engine was started so that it loads no files")]
    SafeMode {
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
    if plugins.leaves_out(&id) {
        return Err(Unwanted::LeftOut { id });
    }
    if !plugins.allows(&id) {
        return Err(Unwanted::NotAllowed { id });
    }
    if !plugins.drafts && Kind::from_name(&manifest.kind).is_some_and(Kind::is_draft) {
        let kind = manifest.kind.clone();
        return Err(Unwanted::Draft { id, kind });
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
    let bundled = bundled();
    catalogue.add_path_trusted(path, |path, manifest| {
        library_trust(plugins, &bundled, path, manifest).map_err(|why| {
            let reason = why.to_string();
            kept_out.borrow_mut().push(why);
            reason
        })
    });
    kept_out.into_inner()
}

/// Looks at the library files on `path` and loads none, so that people see which there are and can switch them off.
pub fn list_libraries(catalogue: &mut Catalogue, path: &SearchPath) {
    catalogue.add_path_trusted(path, |_, manifest| {
        let id = manifest.id.clone();
        Err(Unwanted::SafeMode { id }.to_string())
    });
}

/// Codecs and a recorder for a run with few plugins: where the settings name those that are not there, what is there
/// takes their place. Each is told in the log.
pub fn make_do(settings: &mut Settings, catalogue: &Catalogue) {
    let codecs = &mut settings.media.codecs;
    if engine::voice::capabilities(catalogue, codecs).is_empty() {
        let all = codec_names(catalogue);
        tracing::warn!(named = ?codecs, instead = ?all, "no codec that the settings name is there");
        *codecs = all;
    }
    let recorder = &mut settings.recording.plugin;
    if catalogue.recorder(recorder).is_err() {
        let mut plugins = catalogue.plugins();
        if let Some(instead) = plugins.find(|about| about.kind == Kind::Recorder) {
            tracing::warn!(
                named = recorder,
                instead = instead.id,
                "the recorder that the settings name is not there"
            );
            recorder.clone_from(&instead.id);
        }
    }
}

/// Every codec that is there, as `media.codecs` names it: with its clock rate where its name has several.
pub fn codec_names(catalogue: &Catalogue) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for format in catalogue.formats() {
        let same = |name: &str| name.eq_ignore_ascii_case(&format.name);
        let mut others = catalogue.formats().filter(|other| same(&other.name));
        let has_several = others.any(|other| other.clock_rate_hz != format.clock_rate_hz);
        let name = match has_several {
            true => format!("{}/{}", format.name, format.clock_rate_hz),
            false => format.name.clone(),
        };
        if !names.iter().any(|known| known.eq_ignore_ascii_case(&name)) {
            names.push(name);
        }
    }
    names
}

/// How plugins may be replaced while the engine runs: by files that the settings want.
pub fn reloads(plugins: &Plugins) -> Reloads {
    let (plugins, bundled) = (plugins.clone(), bundled());
    let trusted = move |path: &Path, manifest: &Manifest| {
        library_trust(&plugins, &bundled, path, manifest).map_err(|why| why.to_string())
    };
    Reloads {
        trusted: Arc::new(trusted),
    }
}

/// Files that came with this program.
fn bundled() -> TrustRule {
    let running = std::env::current_exe().ok();
    TrustRule {
        bundled: running.and_then(|file| Some(file.parent()?.join("plugins"))),
    }
}

/// The search path of a run in which only files that came with this program may be loaded: of `path` the folder
/// "plugins" beside the program, if it is there.
pub fn only_bundled(path: &SearchPath) -> SearchPath {
    let bundled = bundled();
    let folders = path.folders().iter();
    SearchPath::new(folders.filter(|folder| bundled.is_folder(folder)).cloned())
}

/// The settings for a run with `catalogue`: what names a plugin that `plugins.without` leaves out, and that is not
/// linked in either, is left out too. A filter is passed by, and `audio-null` stands in a device's place.
pub(crate) fn without(settings: &Settings, catalogue: &Catalogue) -> Settings {
    let mut settings = settings.clone();
    let plugins = settings.plugins.clone();
    let is_gone =
        |id: &str| plugins.leaves_out(id) && !catalogue.plugins().any(|about| about.id == id);
    for side in [
        &mut settings.filters.microphone,
        &mut settings.filters.speaker,
    ] {
        side.retain(|filter| !is_gone(&filter.plugin));
    }
    settings.faces.retain(|face| !is_gone(&face.plugin));
    let Media {
        microphone,
        speaker,
        ringer,
        ..
    } = &mut settings.media;
    *ringer = ringer.take().filter(|ringer| !is_gone(&ringer.plugin));
    if is_gone(&microphone.plugin) || is_gone(&speaker.plugin) {
        for device in [microphone, speaker] {
            *device = Device {
                plugin: "audio-null".to_owned(),
                argument: String::new(),
            };
        }
    }
    settings
}

/// The ids of plugins that settings name as filters, devices and faces.
pub fn named(settings: &Settings) -> Vec<String> {
    let Media {
        microphone,
        speaker,
        ringer,
        ..
    } = &settings.media;
    let filters = &settings.filters;
    let filters = filters.microphone.iter().chain(&filters.speaker);
    let all = filters
        .chain([microphone, speaker])
        .chain(ringer)
        .chain(&settings.faces);
    all.map(|named| named.plugin.clone()).collect()
}

/// Where this profile keeps what it remembers: `$OFFHOOK_STATE_DIR/PROFILE`, or else in the user's state folder.
/// Source: XDG Base Directory Specification, `$XDG_STATE_HOME`.
pub fn state_folder(profile: &str) -> Option<PathBuf> {
    let named = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let of_user = || {
        let home = || named("HOME").map(|home| PathBuf::from(home).join(".local/state"));
        let base = named("XDG_STATE_HOME").map(PathBuf::from).or_else(home);
        base.map(|base| base.join("offhook"))
    };
    let base = named("OFFHOOK_STATE_DIR").map(PathBuf::from);
    Some(base.or_else(of_user)?.join(profile))
}

/// What the settings ask of library files before they are loaded: `plugins.sha256`. `prober` looks at files
/// that were not looked at before; `memory` is what earlier starts left.
pub fn gate(plugins: &Plugins, prober: Option<Prober>, memory: Option<Arc<PluginMemory>>) -> Gate {
    Gate {
        sha256: plugins.sha256.clone(),
        sha256_required: plugins.sha256_required,
        prober,
        memory,
    }
}

/// `[plugins.options.ID]` as plugins take it, by id.
pub fn options(plugins: &Plugins) -> BTreeMap<String, Options> {
    let of_plugin = |options: &BTreeMap<String, PluginOption>| {
        let values = options.iter();
        values
            .map(|(name, option)| (name.clone(), json(&option.value)))
            .collect()
    };
    let all = plugins.options.iter();
    all.map(|(id, options)| (id.clone(), of_plugin(options)))
        .collect()
}

fn json(value: &PluginValue) -> serde_json::Value {
    match value {
        PluginValue::Switch(on) => (*on).into(),
        PluginValue::Whole(number) => (*number).into(),
        // It was finite when it was read.
        PluginValue::Fraction(number) => number.parse::<f64>().unwrap_or_default().into(),
        PluginValue::Text(text) => text.as_str().into(),
    }
}

/// What is wrong with options of plugins, in the words of every complaint about settings. A file with wrong options
/// is left out, and its complaints are warnings: who made it may have renamed them.
pub(crate) fn complaints(plugins: &Plugins, catalogue: &Catalogue) -> Complaints {
    let of_built_in = catalogue.mistakes().iter();
    let of_built_in = of_built_in.map(|(id, mistake)| (Severity::Error, id, mistake));
    let of_files = catalogue.refused().iter().filter_map(|refused| {
        let plugin_host::Error::Options { plugin, mistakes } = &refused.error else {
            return None;
        };
        let all = mistakes.iter();
        Some(all.map(move |mistake| (Severity::Warning, plugin, mistake)))
    });
    let of_files = of_files.flatten();
    let all = of_built_in.chain(of_files).map(|(severity, id, mistake)| {
        let written = plugins.options.get(id);
        let written = written.and_then(|options| options.get(&mistake.option));
        Complaint {
            severity,
            origin: written.map_or(Origin::Default, |option| option.origin.clone()),
            key: format!("plugins.options.{id}.{}", mistake.option),
            what: mistake.what.clone(),
            allowed: mistake.allowed.clone(),
        }
    });
    Complaints(all.collect())
}
