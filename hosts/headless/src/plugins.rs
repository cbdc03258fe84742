//! The plugins of this host: what the search path brings, then what is linked in.

use crate::options::Options;
use engine::voice::reload::Reloads;
use phone::Files;
use plugin_host::{Catalogue, Prober};
use settings::Settings;

/// Everything that is found, guarded as the settings say.
pub(crate) fn catalogue(options: &Options, settings: &Settings) -> Catalogue {
    let files = match (options.safe_mode, options.only_bundled) {
        (true, _) => {
            tracing::warn!("no plugin file is loaded, as the command line says");
            Files::Safe(&options.plugins)
        }
        (false, true) => {
            tracing::warn!(
                "only plugin files that came with this program are loaded, as the command line says"
            );
            Files::Bundled(&options.plugins)
        }
        (false, false) => Files::In(&options.plugins),
    };
    let built_in = [
        &audio_file::ENTRY,
        &audio_null::ENTRY,
        &audio_tone::ENTRY,
        &codec_g711::ENTRY,
        &recorder_wav::ENTRY,
        &recorder_ogg_opus::ENTRY,
        &codec_g722::ENTRY,
        &codec_gsm::ENTRY,
        &directory_carddav::ENTRY,
        &directory_http::ENTRY,
        &directory_ldap::ENTRY,
        &codec_ilbc::ENTRY,
        &codec_l16::ENTRY,
        &dtmf_inband::ENTRY,
        &dtmf_info::ENTRY,
        &dtmf_rfc4733::ENTRY,
        &filter_gain::ENTRY,
        &codec_opus::ENTRY,
        &ui_api::ENTRY,
    ];
    let host = phone::Host {
        name: "offhookd",
        version: env!("CARGO_PKG_VERSION"),
        state: Some(&settings.profile),
        built_in: &built_in,
        files,
        prober: prober(),
    };
    phone::catalogue(&host, settings)
}

/// A run without files begins all the same where the settings name plugins that come as files: with what is there.
pub(crate) fn leave_out_named(options: &Options, settings: &mut Settings, found: &Catalogue) {
    if options.safe_mode || options.only_bundled {
        let is_gone = |id: &String| !found.plugins().any(|about| about.id == *id);
        let gone = phone::named(settings).into_iter().filter(is_gone);
        settings.plugins.without.extend(gone);
        phone::make_do(settings, found);
    }
}

/// How plugins are replaced while it runs, if files may be loaded at all.
pub(crate) fn reloads(options: &Options, settings: &Settings) -> Option<Reloads> {
    let loads_files = !options.safe_mode && !options.only_bundled;
    loads_files.then(|| phone::reloads(&settings.plugins))
}

/// This program looks at a file in a process of its own.
fn prober() -> Option<Prober> {
    let this = std::env::current_exe();
    let this = this.inspect_err(|error| tracing::warn!(%error, "plugin files are not tried first"));
    Some(Prober::new(this.ok()?, ["--probe-plugin".into()]))
}
