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
    let glibc = glibc(&file);
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
            "glibc",
            glibc
                .clone()
                .map_or_else(|| "any".to_owned(), |oldest| format!("{oldest} or newer")),
        ),
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
        "glibc": glibc,
        "undefined_symbols": undefined,
        "config": manifest.config,
    }));
    Ok(ExitCode::Success)
}

/// The oldest C library that has every symbol version which the file names. Source: the names `GLIBC_…` of its string
/// table (LSB 5.0, symbol versioning).
fn glibc(file: &[u8]) -> Option<String> {
    const NAME: &[u8] = b"GLIBC_";
    let named = file.windows(NAME.len()).enumerate();
    let named = named.filter(|(_, window)| *window == NAME);
    let versions = named.filter_map(|(at, _)| {
        let rest = file.get(at + NAME.len()..)?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        let text = str::from_utf8(rest.get(..end)?).ok()?;
        let numbers: Result<Vec<u32>, _> = text.split('.').map(str::parse).collect();
        numbers.ok()
    });
    let newest = versions.max()?;
    let words: Vec<String> = newest.iter().map(u32::to_string).collect();
    Some(words.join("."))
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
