//! `plugin inspect`: a library file, read and not run.

use super::Context;
use crate::error::Error;
use control::{Code, ErrorObject, ExitCode};
use plugin_host::gate::sha256_of;
use plugin_host::{Manifest, elf};
use serde_json::json;
use std::path::Path;

pub(crate) fn run(context: &mut Context, path: &Path) -> Result<ExitCode, Error> {
    let refused = |why: plugin_host::Error| {
        let error = ErrorObject::new(Code::PLUGIN_REFUSED, why.to_string()).fix(why.fix());
        Error::from(error)
    };
    let manifest = Manifest::read(path).map_err(refused)?;
    let sha256 = sha256_of(path).map_err(refused)?;
    let file = std::fs::read(path).map_err(|error| {
        let why = format!("{}: {error}", path.display());
        Error::new(Code::FILE_UNREADABLE, why)
    })?;
    let undefined = elf::undefined(&file);
    for (what, value) in [
        ("id", manifest.id.clone()),
        ("kind", manifest.kind.clone()),
        ("name", manifest.name.clone()),
        ("version", manifest.version.clone()),
        ("vendor", manifest.vendor.clone()),
        ("licence", manifest.licence.clone()),
        ("abi", manifest.abi.clone()),
        ("tables", manifest.tables.join(" ")),
        ("wants", manifest.permissions.join(" ")),
        ("trust", manifest.trust.clone()),
        ("size", format!("{} bytes", file.len())),
        ("sha256", sha256.clone()),
        (
            "needs",
            format!("{} symbols: {}", undefined.len(), undefined.join(" ")),
        ),
    ] {
        context.out.line(&format!("{what:<8}  {value}"));
    }
    for (name, says) in options(&manifest) {
        context.out.line(&format!("option    {name}: {says}"));
    }
    context.out.object(&json!({
        "id": manifest.id,
        "kind": manifest.kind,
        "name": manifest.name,
        "version": manifest.version,
        "vendor": manifest.vendor,
        "licence": manifest.licence,
        "abi": manifest.abi,
        "tables": manifest.tables,
        "permissions": manifest.permissions,
        "trust": manifest.trust,
        "size_bytes": file.len(),
        "sha256": sha256,
        "undefined_symbols": undefined,
        "config": manifest.config,
    }));
    Ok(ExitCode::Success)
}

/// Each option, and what it takes in words.
fn options(manifest: &Manifest) -> Vec<(String, String)> {
    // It was checked when the manifest was read.
    let schema = manifest.schema().unwrap_or_default();
    let rules = schema.rules().map(|(name, rule)| {
        let default = rule.default.as_ref();
        let default = default.map_or(String::new(), |value| format!("; default: {value}"));
        (
            name.to_owned(),
            format!("{}{default}; {}", rule.takes, rule.help),
        )
    });
    rules.collect()
}
