//! Lays defaults, profile, site file, environment and options over each other, strongest last.

mod address;
mod build;
mod calls;
mod choices;
mod directories;
mod mode;
mod options;
mod plugins;
mod rules;
mod secrets;
#[cfg(test)]
mod tests;
mod tls;
mod xcap;

use crate::complaint::{Complaint, Complaints, Origin};
use crate::keys::{self, KEYS};
use crate::layer::{self, Entry, Text, complain_about_value};
use crate::value::{Kind, Raw, Value};
use crate::{SecretSource, Settings, os};
use os::Files as _;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const DEFAULTS: &str = include_str!("../../../../config/defaults.toml");

/// The profiles that every build carries, by name.
const PROFILES: [(&str, &str); 5] = [
    (
        "demo",
        include_str!("../../../../config/profiles/demo.toml"),
    ),
    (
        "desktop",
        include_str!("../../../../config/profiles/desktop.toml"),
    ),
    (
        "headless",
        include_str!("../../../../config/profiles/headless.toml"),
    ),
    (
        "intercom",
        include_str!("../../../../config/profiles/intercom.toml"),
    ),
    (
        "monitor",
        include_str!("../../../../config/profiles/monitor.toml"),
    ),
];

/// Variables of ours that are no settings.
const NOT_SETTINGS: [&str; 5] = [
    "OFFHOOK_PROFILE",
    "OFFHOOK_SETTINGS",
    "OFFHOOK_SOCKET",
    "OFFHOOK_STATE_DIR",
    "OFFHOOK_TOKEN",
];

/// What to load.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Name of the profile.
    pub profile: String,
    /// The site file; none is fine.
    pub file: Option<PathBuf>,
    /// Environment variables; those that do not begin with `OFFHOOK_` are only looked up for passwords.
    pub environment: BTreeMap<String, String>,
    /// Options of the command line that stand for settings: key, value, option as it was typed.
    pub options: Vec<(String, String, String)>,
}

impl Request {
    /// A profile with this process's environment.
    pub fn of_profile(profile: &str) -> Self {
        Self {
            profile: profile.to_owned(),
            environment: std::env::vars_os()
                .filter_map(|(name, value)| {
                    Some((name.into_string().ok()?, value.into_string().ok()?))
                })
                .collect(),
            ..Self::default()
        }
    }
}

/// Settings, who set each, and what is odd but usable.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The settings.
    pub settings: Settings,
    /// What the person should know.
    pub warnings: Vec<Complaint>,
    values: Values,
}

impl Loaded {
    /// All values by key: key, value as TOML (secrets as stars), who set it.
    pub fn values(&self) -> impl Iterator<Item = (&str, String, &Origin)> {
        self.values.0.iter().map(|(key, (value, origin))| {
            let secret =
                keys::kind_of(key) == Some(Kind::Secret) && *value != Value::Text(String::new());
            let shown = if secret {
                "***".to_owned()
            } else {
                value.to_string()
            };
            (key.as_str(), shown, origin)
        })
    }

    /// Who set `key`.
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.values.0.get(key).map(|(_, origin)| origin)
    }
}

/// Values by full key, each with who set it.
#[derive(Clone, Default)]
struct Values(BTreeMap<String, (Value, Origin)>);

/// Keys only: values may be secret.
impl core::fmt::Debug for Values {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Reads the site file, if one is named, and makes settings of all layers.
///
/// Fails with every complaint at once. A password that cannot be read is one of them.
pub fn load(request: &Request) -> Result<Loaded, Complaints> {
    let mut complaints = Complaints::default();
    let mut site = None;
    if let Some(path) = &request.file {
        match std::fs::read_to_string(path) {
            Ok(text) => site = Some((path.display().to_string(), text)),
            Err(error) => {
                let origin = Origin::Option("--settings".to_owned());
                let what = format!("{} cannot be read: {error}", path.display());
                complaints.error(&origin, "", what, "");
            }
        }
    }
    let site = site
        .as_ref()
        .map(|(path, text)| (path.as_str(), text.as_str()));
    let (settings, values) = read(request, site, &mut complaints);
    if let Some(settings) = &settings {
        check_secrets(request, settings, &values, &mut complaints);
    }
    complaints.sort();
    match settings {
        Some(settings) if !complaints.has_errors() => Ok(Loaded {
            settings,
            warnings: complaints.0,
            values,
        }),
        Some(_) | None => Err(complaints),
    }
}

/// Makes settings of all layers without touching a file.
fn read(
    request: &Request,
    site: Option<(&str, &str)>,
    complaints: &mut Complaints,
) -> (Option<Settings>, Values) {
    let mut values = Values::default();
    let mut lay = |entries: Vec<Entry>| {
        for entry in entries {
            values.0.insert(entry.key, (entry.value, entry.origin));
        }
    };
    lay(layer::read(&Text::Defaults(DEFAULTS), complaints));
    match PROFILES.iter().find(|(name, _)| *name == request.profile) {
        Some((name, text)) => lay(layer::read(&Text::Profile(name, text), complaints)),
        None => {
            let names: Vec<&str> = PROFILES.iter().map(|(name, _)| *name).collect();
            let what = format!("there is no profile {:?}", request.profile);
            let allowed = format!("allowed: {}", names.join(", "));
            complaints.error(&Origin::Option("--profile".to_owned()), "", what, allowed);
        }
    }
    if let Some((path, text)) = site {
        lay(layer::read(&Text::File(path, text), complaints));
    }
    for (name, value) in &request.environment {
        read_variable(name, value, &mut values, complaints);
    }
    for (key, value, option) in &request.options {
        let origin = Origin::Option(option.clone());
        set_text(key, value, origin, &mut values, complaints);
    }
    let settings = build::settings(&request.profile, &values, complaints);
    (settings, values)
}

fn set_text(
    key: &str,
    text: &str,
    origin: Origin,
    values: &mut Values,
    complaints: &mut Complaints,
) {
    let Some(kind) = keys::kind_of(key) else {
        let hint = keys::nearest(key).map(|near| format!("did you mean {near}?"));
        return complaints.error(
            &origin,
            key,
            "there is no such key",
            hint.unwrap_or_default(),
        );
    };
    let raw = kind.read_text(text);
    if let Raw::List(lines) = &raw {
        let wrong = kind.wrong_lines(lines);
        for (_, what, allowed) in &wrong {
            complaints.error(&origin, key, what.as_str(), allowed.as_str());
        }
        if !wrong.is_empty() {
            return;
        }
    }
    match kind.check(&raw) {
        Some(value) => {
            values.0.insert(key.to_owned(), (value, origin));
        }
        None => complain_about_value(complaints, &origin, key, kind, &raw),
    }
}

/// `OFFHOOK_MEDIA_PTIME_MS` is `media.ptime_ms`; `OFFHOOK_ACCOUNTS_OFFICE_USER` is
/// `accounts.office.user`, where the id is that of a known account, or else in lower case.
fn read_variable(name: &str, value: &str, values: &mut Values, complaints: &mut Complaints) {
    let Some(rest) = name.strip_prefix("OFFHOOK_") else {
        return;
    };
    if NOT_SETTINGS.contains(&name) {
        return;
    }
    let origin = Origin::Environment(name.to_owned());
    let key = KEYS
        .iter()
        .find(|key| variable_name(key.name) == rest)
        .map(|key| key.name.to_owned())
        .or_else(|| account_key(rest, values))
        .or_else(|| codec_key(rest));
    match key {
        Some(key) => set_text(&key, value, origin, values, complaints),
        None => {
            let near = keys::nearest(&rest.to_ascii_lowercase().replacen('_', ".", 1));
            let hint = near.map(|near| format!("did you mean OFFHOOK_{}?", variable_name(&near)));
            complaints.warn(&origin, "", "names no setting", hint.unwrap_or_default());
        }
    }
}

fn variable_name(key: &str) -> String {
    let upper = key.chars().map(|c| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_uppercase()
        } else {
            '_'
        }
    });
    upper.collect()
}

fn account_key(rest: &str, values: &Values) -> Option<String> {
    let rest = rest.strip_prefix("ACCOUNTS_")?;
    let names = KEYS
        .iter()
        .filter_map(|key| key.name.strip_prefix("account."));
    // The longest: PASSWORD_FILE before FILE of an account that would be called X_PASSWORD.
    let (id, name) = names
        .filter_map(|name| {
            let id = rest.strip_suffix(&variable_name(name))?.strip_suffix('_')?;
            (!id.is_empty()).then_some((id, name))
        })
        .max_by_key(|(_, name)| name.len())?;
    let known = build::account_ids(values).into_iter();
    let id = known
        .into_iter()
        .find(|known| variable_name(known) == id)
        .unwrap_or_else(|| id.to_ascii_lowercase());
    Some(format!("accounts.{id}.{name}"))
}

/// `OFFHOOK_CODEC_OPUS_CLASS` is `codec.opus.class`.
fn codec_key(rest: &str) -> Option<String> {
    let (name, option) = rest.strip_prefix("CODEC_")?.split_once('_')?;
    let key = format!("codec.{name}.{option}").to_ascii_lowercase();
    keys::of_codec(&key).is_some().then_some(key)
}

/// Complains about passwords that cannot be read, and warns of those that others can read.
fn check_secrets(
    request: &Request,
    settings: &Settings,
    values: &Values,
    complaints: &mut Complaints,
) {
    for account in &settings.accounts {
        let (key, origin) = secrets::secret_origin(&account.id, values);
        if let Err(error) = account
            .password
            .read(|name| request.environment.get(name).cloned())
        {
            complaints.error(&origin, &key, error.to_string(), "");
            continue;
        }
        let file: Option<&Path> = match (&account.password, &origin) {
            (SecretSource::File(path), _) => Some(path),
            (SecretSource::Inline(_), Origin::File { path, .. }) => Some(Path::new(path)),
            (SecretSource::Inline(_) | SecretSource::None | SecretSource::Environment(_), _) => {
                None
            }
        };
        if let Some(path) = file.filter(|path| os::files().others_may_read(path) == Some(true)) {
            let what = format!("others can read the password in {}", path.display());
            let fix = format!("make it yours alone: chmod 600 {}", path.display());
            complaints.warn(&origin, &key, what, fix);
        }
    }
}
