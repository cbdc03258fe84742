//! The plugins of this host: what the search path brings, then what is linked in.

use crate::options::Options;
use engine::voice::reload::Reloads;
use plugin_host::{Catalogue, PluginMemory, Prober, SearchPath, wall_clock};
use settings::Settings;
use std::sync::Arc;

/// Calls at once beyond which plugins are not timed: a bench counts calls, and two readings of the clock
/// for each packet are in its way.
const TIMED_CALLS: usize = 256;

/// Everything that is found, guarded as the settings say.
pub(crate) fn catalogue(options: &Options, settings: &Settings) -> Catalogue {
    let mut catalogue = Catalogue::new("offhookd", env!("CARGO_PKG_VERSION"));
    if settings.limits.calls <= TIMED_CALLS {
        catalogue = catalogue.timed_by(wall_clock);
    }
    if !options.safe_mode {
        catalogue = catalogue.with_options(phone::options(&settings.plugins));
    }
    // Files come first: one with the id of a built-in plugin takes its place.
    match options.safe_mode {
        true => tracing::warn!("no plugin file is loaded, as the command line says"),
        false => catalogue = with_files(catalogue, options, settings),
    }
    let built_in = [
        &audio_file::ENTRY,
        &audio_null::ENTRY,
        &audio_tone::ENTRY,
        &codec_g711::ENTRY,
        &recorder_wav::ENTRY,
        &recorder_ogg_opus::ENTRY,
        &codec_g722::ENTRY,
        &codec_gsm::ENTRY,
        &codec_ilbc::ENTRY,
        &codec_l16::ENTRY,
        &dtmf_inband::ENTRY,
        &dtmf_info::ENTRY,
        &dtmf_rfc4733::ENTRY,
        &filter_gain::ENTRY,
        &codec_opus::ENTRY,
    ];
    for entry in built_in {
        if let Err(why) = catalogue.add_built_in(entry) {
            tracing::debug!(%why, "built-in plugin not used");
        }
    }
    catalogue
}

/// A run without files begins all the same where the settings name plugins that come as files.
pub(crate) fn leave_out_named(options: &Options, settings: &mut Settings, found: &Catalogue) {
    if options.safe_mode || options.only_bundled {
        let is_gone = |id: &String| !found.plugins().any(|about| about.id == *id);
        let gone = phone::named(settings).into_iter().filter(is_gone);
        settings.plugins.without.extend(gone);
    }
}

fn with_files(catalogue: Catalogue, options: &Options, settings: &Settings) -> Catalogue {
    let folders = options.plugins.iter().chain(&settings.plugins.path);
    let mut path = SearchPath::new(folders.cloned());
    if options.only_bundled {
        tracing::warn!(
            "only plugin files that came with this program are loaded, as the command line says"
        );
        path = phone::only_bundled(&path);
    }
    let memory = phone::state_folder(&settings.profile).map(|folder| PluginMemory::open(&folder));
    let gate = phone::gate(&settings.plugins, prober(), memory.map(Arc::new));
    let mut catalogue = catalogue.guarded_by(gate);
    phone::add_libraries(&mut catalogue, &path, &settings.plugins);
    catalogue
}

/// How plugins are replaced while it runs, if files may be loaded at all.
pub(crate) fn reloads(options: &Options, settings: &Settings) -> Option<Reloads> {
    let loads_files = !options.safe_mode && !options.only_bundled;
    let folder = phone::state_folder(&settings.profile).filter(|_| loads_files)?;
    Some(phone::reloads(&settings.plugins, folder.join("plugins")))
}

/// This program looks at a file in a process of its own.
fn prober() -> Option<Prober> {
    let this = std::env::current_exe();
    let this = this.inspect_err(|error| tracing::warn!(%error, "plugin files are not tried first"));
    Some(Prober::new(this.ok()?, ["--probe-plugin".into()]))
}
