//! Who plays: plugins by kind, and the settings that go with them.

use crate::scenario::Scenario;
use plugin_host::{Catalogue, Entry};
use serde_json::{Map, Value};
use std::path::Path;

/// Kinds that a call uses, each with those that may play it: the real ones first, the mock last.
const KINDS: [(&str, &[(&str, &Entry)]); 5] = [
    (
        "codec",
        &[
            ("codec-g711", &codec_g711::ENTRY),
            ("codec-g722", &codec_g722::ENTRY),
            ("codec-gsm", &codec_gsm::ENTRY),
            ("codec-ilbc", &codec_ilbc::ENTRY),
            ("codec-l16", &codec_l16::ENTRY),
            ("codec-opus", &codec_opus::ENTRY),
            ("mock-codec", &mock::codec::ENTRY),
        ],
    ),
    (
        "audio",
        &[
            ("audio-tone", &audio_tone::ENTRY),
            ("audio-file", &audio_file::ENTRY),
            ("audio-null", &audio_null::ENTRY),
            ("audio-script", &audio_script::ENTRY),
            ("mock-audio", &mock::audio::ENTRY),
        ],
    ),
    (
        "dtmf",
        &[
            ("dtmf-rfc4733", &dtmf_rfc4733::ENTRY),
            ("dtmf-info", &dtmf_info::ENTRY),
            ("dtmf-inband", &dtmf_inband::ENTRY),
            ("mock-dtmf", &mock::dtmf::ENTRY),
        ],
    ),
    (
        "recorder",
        &[
            ("recorder-wav", &recorder_wav::ENTRY),
            ("recorder-ogg-opus", &recorder_ogg_opus::ENTRY),
            ("mock-recorder", &mock::recorder::ENTRY),
        ],
    ),
    (
        "filter",
        &[
            ("filter-gain", &filter_gain::ENTRY),
            ("mock-filter", &mock::filter::ENTRY),
        ],
    ),
];

/// Who plays where the scenario names nobody.
fn usual(kind: &str) -> &'static [&'static str] {
    match kind {
        "codec" => &["codec-g711"],
        "audio" => &["audio-tone"],
        "dtmf" => &["dtmf-rfc4733", "dtmf-info", "dtmf-inband"],
        "filter" => &[],
        _ => &["recorder-wav"],
    }
}

/// Plugins of one phone, and what its settings say of them.
#[derive(Debug)]
pub(crate) struct Cast {
    pub(crate) catalogue: Catalogue,
    pub(crate) settings: Vec<(String, String)>,
}

/// Those of the scenario.
pub(crate) fn of(scenario: &Scenario) -> Result<Cast, String> {
    let is_kind = |kind: &&String| KINDS.iter().any(|(known, _)| known == kind);
    if let Some(kind) = scenario.plugins.keys().find(|kind| !is_kind(kind)) {
        let known: Vec<_> = KINDS.iter().map(|(kind, _)| *kind).collect();
        let known = known.join(" ");
        return Err(format!(
            "no call uses a plugin of kind {kind:?}; {known} can be chosen"
        ));
    }
    let mut catalogue = guarded(scenario)?;
    let mut settings = Vec::new();
    for (kind, players) in KINDS {
        let chosen = scenario.plugins.get(kind);
        let ids = chosen.map_or_else(
            || usual(kind).iter().map(|id| (*id).to_owned()).collect(),
            |ids| ids.list(),
        );
        let mut named = Vec::new();
        for id in &ids {
            add(&mut catalogue, kind, players, id)?;
            named.push(catalogue_id(&catalogue, id));
        }
        let none = Map::new();
        let options = |id: &str| scenario.options.get(id).unwrap_or(&none);
        if kind == "filter" {
            settings.extend(chains(&named, options));
            continue;
        }
        // What stands first is told; a device and a recorder are alone.
        let id = named.first().map_or("", String::as_str);
        tell(kind, id, options(id), &catalogue, &mut settings);
    }
    let own = scenario.settings.iter();
    settings.extend(own.map(|(key, value)| (key.clone(), plain(value))));
    Ok(Cast {
        catalogue,
        settings,
    })
}

/// Nothing yet, guarded as the scenario's settings say.
fn guarded(scenario: &Scenario) -> Result<Catalogue, String> {
    let mut request = settings::Request::of_profile("demo");
    request.environment.clear();
    let own = scenario.settings.iter();
    let own = own.filter(|(key, _)| key.starts_with("plugins."));
    let own = own.map(|(key, value)| (key.clone(), plain(value), "scenario".to_owned()));
    request.options = own.collect();
    let loaded = settings::load(&request).map_err(|all| all.to_string())?;
    let host = phone::Host {
        name: "offhook-qa",
        version: env!("CARGO_PKG_VERSION"),
        state: None,
        built_in: &[],
        files: phone::Files::Named,
        prober: plugin_host::Prober::beside(),
    };
    Ok(phone::guarded(&host, &loaded.settings))
}

fn add(
    catalogue: &mut Catalogue,
    kind: &str,
    players: &[(&str, &'static Entry)],
    id: &str,
) -> Result<(), String> {
    let refused = |why: plugin_host::Error| format!("{why}; {}", why.fix());
    if is_file(id) {
        return catalogue.add_file(Path::new(id)).map_err(refused);
    }
    let Some((_, entry)) = players.iter().find(|(name, _)| *name == id) else {
        let names: Vec<_> = players.iter().map(|(name, _)| *name).collect();
        let names = names.join(" ");
        return Err(format!(
            "{id:?} plays no {kind}; {names} do, or a library file"
        ));
    };
    catalogue.add_built_in(entry).map_err(refused)
}

fn is_file(id: &str) -> bool {
    id.contains('/') || id.ends_with(".so")
}

/// A file's plugin is called as its manifest says: it was added last.
fn catalogue_id(catalogue: &Catalogue, id: &str) -> String {
    match is_file(id) {
        true => catalogue
            .plugins()
            .last()
            .map_or_else(String::new, |about| about.id.clone()),
        false => id.to_owned(),
    }
}

/// The settings by which a plugin is used, and told its options.
fn tell(
    kind: &str,
    id: &str,
    options: &Map<String, Value>,
    catalogue: &Catalogue,
    settings: &mut Vec<(String, String)>,
) {
    let json = Value::Object(options.clone()).to_string();
    let mut set = |key: &str, value: String| settings.push((key.to_owned(), value));
    match kind {
        "codec" => {
            let all = phone::codec_names(catalogue);
            set("media.codecs", all.join(","));
            for name in all.iter().filter_map(|name| name.split('/').next()) {
                for (key, value) in options {
                    set(&format!("codec.{name}.{key}"), plain(value));
                }
            }
        }
        "audio" => {
            // The file device takes a file, all others take JSON.
            let argument = match id {
                "audio-file" => options.get("read").map(plain).unwrap_or_default(),
                _ => json,
            };
            let device = format!("{id}:{argument}");
            set("media.speaker", id.to_owned());
            set("media.microphone", device.trim_end_matches(':').to_owned());
        }
        "dtmf" => {
            let names = catalogue
                .dtmf_methods()
                .iter()
                .map(|method| method.name().to_owned());
            set("dtmf.order", names.collect::<Vec<_>>().join(","));
        }
        _ => {
            set("recording.plugin", id.to_owned());
            if !options.is_empty() {
                set("recording.options", json);
            }
        }
    }
}

/// The settings by which sound of the microphone, and sound to the speaker, passes these filters.
fn chains<'a>(
    ids: &[String],
    options: impl Fn(&str) -> &'a Map<String, Value>,
) -> impl Iterator<Item = (String, String)> {
    let one = |id: &String| {
        let options = options(id);
        match options.is_empty() {
            true => id.clone(),
            false => format!("{id}:{}", Value::Object(options.clone())),
        }
    };
    let chain: Vec<_> = ids.iter().map(one).collect();
    let chain = chain.join(",");
    let sides = ["filters.microphone", "filters.speaker"];
    sides
        .map(|side| (side.to_owned(), chain.clone()))
        .into_iter()
}

/// As settings are written: text without quotes, lists parted by commas.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

/// The plugins of the far end: all real ones, whatever is swapped in the phone; and codecs of library files, which
/// nobody else could speak. A file that is another build of a codec here meets that.
pub(crate) fn of_the_pbx(scenario: &Scenario) -> Result<Catalogue, String> {
    let mut catalogue = guarded(scenario)?;
    for (_, players) in KINDS {
        for (_, entry) in players.iter().filter(|(id, _)| !id.starts_with("mock-")) {
            catalogue
                .add_built_in(entry)
                .map_err(|why| format!("{why}; {}", why.fix()))?;
        }
    }
    let codecs = scenario.plugins.get("codec").map(|ids| ids.list());
    for file in codecs.into_iter().flatten().filter(|id| is_file(id)) {
        match catalogue.add_file(Path::new(&file)) {
            Ok(()) | Err(plugin_host::Error::Duplicate { .. }) => {}
            Err(why) => return Err(format!("{why}; {}", why.fix())),
        }
    }
    Ok(catalogue)
}
