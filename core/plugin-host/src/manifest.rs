//! What a plugin says of itself, read from the file's bytes before any of its code runs.

use crate::config::Schema;
use crate::elf::{self, NotElf};
use crate::library::Library;
use crate::{Error, Kind};
use plugin_abi::{ABI_MAJOR, ENTRY_SYMBOL, MANIFEST_SECTION};
use serde::Deserialize;
use std::path::Path;

/// Longest name, version, vendor, licence, permission. Unit: bytes.
const LONGEST_WORDS: usize = 256;
/// What a plugin may ask for at most.
const MOST_PERMISSIONS: usize = 32;
/// The one word of `trust`.
pub(crate) const ISOLATED: &str = "isolated";
/// Largest manifest. Unit: bytes.
const LARGEST_MANIFEST: usize = 64 << 10;

/// Longest id: what settings and commands take. Unit: bytes.
const LONGEST_ID: usize = 64;

/// A plugin's own words. Fields that this host does not know are skipped.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Manifest {
    /// Version of this form: 1.
    pub manifest: u32,
    /// Boundary it was built for, `MAJOR.MINOR`.
    pub abi: String,
    /// Kind, such as `codec`.
    pub kind: String,
    /// Unique name: 1 to 64 letters, digits, `-`, `.` and `_`, behind a letter or digit.
    pub id: String,
    /// What a person reads.
    pub name: String,
    /// The plugin's own version.
    pub version: String,
    /// Ids of the tables it has.
    #[serde(default)]
    pub tables: Vec<String>,
    /// Who made it.
    #[serde(default)]
    pub vendor: String,
    /// SPDX expression.
    #[serde(default)]
    pub licence: String,
    /// What it wants from the sandbox.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// Its options: name to type, default, range, help. A JSON object.
    #[serde(default)]
    pub config: serde_json::Value,
    /// `isolated` when it must not run in the engine's process.
    #[serde(default)]
    pub trust: String,
}

/// Why a file cannot be looked into.
pub(crate) fn not_elf(path: &Path, why: NotElf) -> Error {
    let path = path.to_owned();
    let reason = match why {
        NotElf::Class => {
            return Error::WrongArchitecture {
                path,
                theirs: "another word size or byte order".into(),
                ours: std::env::consts::ARCH,
            };
        }
        NotElf::Magic => "no ELF file",
        NotElf::Type => "an ELF file, but no shared library",
        NotElf::Short => "cut short",
    };
    Error::NotALibrary { path, reason }
}

impl Manifest {
    /// Reads and checks the manifest of a library file: a plugin for this machine and this boundary
    /// that exports its entry. Nothing is loaded and nothing of it runs.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Library::read(path)?.manifest()
    }

    /// As [`read`](Self::read), of a file's bytes; `path` is for the words of an error.
    pub fn of_library(path: &Path, file: &[u8]) -> Result<Self, Error> {
        let path = path.to_owned();
        let shown = elf::look(file, MANIFEST_SECTION, ENTRY_SYMBOL);
        let shown = shown.map_err(|why| not_elf(&path, why))?;
        if elf::machine_name(shown.machine) != std::env::consts::ARCH {
            return Err(Error::WrongArchitecture {
                path,
                theirs: elf::machine_name(shown.machine),
                ours: std::env::consts::ARCH,
            });
        }
        let Some(section) = shown.section.and_then(|range| file.get(range)) else {
            return Err(Error::NoManifest { path });
        };
        let manifest = Self::parse(section).map_err(|reason| Error::BadManifest {
            path: path.clone(),
            reason,
        })?;
        manifest.check_boundary().map_err(|fault| match fault {
            Some(error) => error,
            None => Error::BadManifest {
                path: path.clone(),
                reason: format!("abi {:?} is not MAJOR.MINOR", manifest.abi),
            },
        })?;
        if !shown.symbol {
            return Err(Error::NoEntry { path });
        }
        Ok(manifest)
    }

    /// From its JSON; the error says what is wrong.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        if json.len() > LARGEST_MANIFEST {
            return Err(format!("{} bytes, at most {LARGEST_MANIFEST}", json.len()));
        }
        let end = json
            .iter()
            .rposition(|&b| b != 0)
            .map_or(0, |last| last + 1);
        let json = json.get(..end).unwrap_or_default();
        let manifest: Self = serde_json::from_slice(json).map_err(|e| e.to_string())?;
        if manifest.manifest != 1 {
            return Err(format!("form {}, this host reads 1", manifest.manifest));
        }
        check_id(&manifest.id)?;
        manifest.check_words()?;
        manifest.schema()?;
        manifest.check_tables()?;
        Ok(manifest)
    }

    /// Its options; the error says what is wrong with them.
    pub fn schema(&self) -> Result<Schema, String> {
        Schema::parse(&self.config)
    }

    fn check_words(&self) -> Result<(), String> {
        for (what, text) in [
            ("name", &self.name),
            ("version", &self.version),
            ("vendor", &self.vendor),
            ("licence", &self.licence),
        ] {
            check_words(what, text)?;
        }
        if self.permissions.len() > MOST_PERMISSIONS {
            let count = self.permissions.len();
            return Err(format!("{count} permissions, at most {MOST_PERMISSIONS}"));
        }
        for permission in &self.permissions {
            check_words("permission", permission)?;
        }
        match self.trust.as_str() {
            "" | ISOLATED => Ok(()),
            other => Err(format!(
                "trust {other:?} is not known: {ISOLATED:?}, or leave it out"
            )),
        }
    }

    /// A manifest that names tables names each once, and that of its kind.
    fn check_tables(&self) -> Result<(), String> {
        for (index, table) in self.tables.iter().enumerate() {
            if self.tables.iter().skip(index + 1).any(|t| t == table) {
                return Err(format!("names the table {table} twice"));
            }
        }
        match Kind::from_name(&self.kind) {
            Some(kind)
                if !self.tables.is_empty() && !self.tables.iter().any(|t| t == kind.table()) =>
            {
                Err(format!(
                    "names no table {}, which its kind needs",
                    kind.table()
                ))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// `Err(None)` when the number cannot be read.
    fn check_boundary(&self) -> Result<(), Option<Error>> {
        let (major, minor) = self.abi.split_once('.').ok_or(None)?;
        let theirs: u32 = major.parse().map_err(|_| None)?;
        minor.parse::<u32>().map_err(|_| None)?;
        if theirs == ABI_MAJOR {
            return Ok(());
        }
        let fault = plugin::Fault::Major {
            theirs,
            ours: ABI_MAJOR,
        };
        Err(Some(Error::entry(self.id.clone(), fault)))
    }
}

/// Ids stand in settings, commands and names of files: letters, digits, - . _ behind a letter or digit.
fn check_id(id: &str) -> Result<(), String> {
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if id.len() > LONGEST_ID {
        let length = id.len();
        return Err(format!("an id of {length} letters, at most {LONGEST_ID}"));
    }
    if !id.bytes().all(is_id) {
        return Err(format!("id {id:?} has more than letters, digits, - . _"));
    }
    match id.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        true => Ok(()),
        false => Err(format!("id {id:?} does not begin with a letter or digit")),
    }
}

/// What people are shown of a plugin, by its manifest or by its code.
pub(crate) fn check_words(what: &str, text: &str) -> Result<(), String> {
    if text.len() > LONGEST_WORDS {
        let length = text.len();
        return Err(format!("{what} of {length} bytes, at most {LONGEST_WORDS}"));
    }
    match text.chars().any(char::is_control) {
        true => Err(format!("{what} {text:?} has control characters")),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(field: &str, value: &str) -> Result<Manifest, String> {
        let mut manifest = serde_json::json!({
            "manifest": 1, "abi": "1.0", "kind": "codec", "id": "codec-x", "name": "X", "version": "1",
        });
        manifest[field] = value.into();
        Manifest::parse(manifest.to_string().as_bytes())
    }

    #[test]
    fn values_that_no_manifest_should_have_are_refused_by_name() {
        let (long, words) = ("x".repeat(65), "x".repeat(257));
        for (field, value, why) in [
            ("id", "", "begin"),
            ("id", ".", "begin"),
            ("id", "..", "begin"),
            ("id", "--help", "begin"),
            ("id", "a/b", "more than letters"),
            ("id", "\u{e9}", "more than letters"),
            ("id", long.as_str(), "at most 64"),
            ("trust", "Isolated", "is not known"),
            ("trust", "in-process", "is not known"),
            ("name", "\u{1b}[2J", "control"),
            ("version", "1\n2", "control"),
            ("vendor", words.as_str(), "at most 256"),
            ("licence", "\u{0}", "control"),
        ] {
            let refused = parsed(field, value).unwrap_err();
            assert!(refused.contains(why), "{field} {value:?}: {refused}");
        }
        for (field, value) in [
            ("id", "9.b_c-d"),
            ("id", &long[1..]),
            ("trust", "isolated"),
            ("trust", ""),
            ("name", "\u{c4}rger \u{1f4de}"),
            ("vendor", &words[1..]),
        ] {
            assert!(parsed(field, value).is_ok(), "{field} {value:?}");
        }
        let many = vec!["net"; MOST_PERMISSIONS + 1];
        let json = serde_json::json!({
            "manifest": 1, "abi": "1.0", "kind": "codec", "id": "x", "name": "x", "version": "1",
            "permissions": many,
        });
        let refused = Manifest::parse(json.to_string().as_bytes()).unwrap_err();
        assert!(refused.contains("33 permissions"), "{refused}");
    }
}
