//! Everything under `plugins`.

use super::Values;
use crate::keys;
use crate::settings::{PluginOption, Plugins, Trust};
use crate::value::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

pub(super) fn plugins(values: &Values) -> Option<Plugins> {
    let mut trust = BTreeMap::new();
    let mut sha256 = BTreeMap::new();
    let mut options: BTreeMap<String, BTreeMap<String, PluginOption>> = BTreeMap::new();
    for (key, (value, origin)) in &values.0 {
        if let (Some(id), Value::Text(word)) = (key.strip_prefix("plugins.trust."), value) {
            trust.insert(id.to_owned(), trust_of(word));
        }
        if let (Some(id), Value::Text(hash)) = (key.strip_prefix("plugins.sha256."), value) {
            sha256.insert(id.to_owned(), hash.clone());
        }
        if let (Some((id, name)), Value::Plugin(value)) = (keys::option_of(key), value) {
            let option = PluginOption {
                value: value.clone(),
                origin: origin.clone(),
            };
            let of_plugin = options.entry(id.to_owned()).or_default();
            of_plugin.insert(name.to_owned(), option);
        }
    }
    Some(Plugins {
        path: values
            .list("plugins.path")?
            .iter()
            .map(PathBuf::from)
            .collect(),
        allow: values.list("plugins.allow")?.to_vec(),
        without: values.list("plugins.without")?.to_vec(),
        drafts: values.switch("plugins.drafts")?,
        default_trust: trust_of(values.text("plugins.default_trust")?),
        trust,
        sha256,
        sha256_required: values.switch("plugins.sha256_required")?,
        options,
    })
}

fn trust_of(word: &str) -> Trust {
    match word {
        "built-in" => Trust::BuiltIn,
        "in-process" => Trust::InProcess,
        _ => Trust::Isolated,
    }
}
