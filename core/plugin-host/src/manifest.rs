//! What a plugin says of itself, read from the file's bytes before any of its code runs.

use crate::config::Schema;
use crate::elf::{self, NotElf};
use crate::{Error, Kind};
use plugin_abi::{ABI_MAJOR, ENTRY_SYMBOL, MANIFEST_SECTION};
use serde::Deserialize;
use std::path::Path;

/// Largest library that is looked into. Unit: bytes.
const LARGEST_FILE: u64 = 512 << 20;
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
    /// Unique name.
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

/// The bytes of a library file.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>, Error> {
    let unreadable = |reason: String| Error::Unreadable {
        path: path.to_owned(),
        reason,
    };
    let length = std::fs::metadata(path)
        .map_err(|e| unreadable(e.to_string()))?
        .len();
    if length > LARGEST_FILE {
        return Err(unreadable(format!(
            "{length} bytes are more than any plugin has"
        )));
    }
    std::fs::read(path).map_err(|e| unreadable(e.to_string()))
}

impl Manifest {
    /// Reads and checks the manifest of a library file: a plugin for this machine and this boundary
    /// that exports its entry. Nothing is loaded and nothing of it runs.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::of_library(path, &read_file(path)?)
    }

    /// As [`read`](Self::read), of a file's bytes; `path` is for the words of an error.
    pub fn of_library(path: &Path, file: &[u8]) -> Result<Self, Error> {
        let path = path.to_owned();
        let shown = match elf::look(file, MANIFEST_SECTION, ENTRY_SYMBOL) {
            Ok(shown) => shown,
            Err(NotElf::Class) => {
                return Err(Error::WrongArchitecture {
                    path,
                    theirs: "another word size or byte order".into(),
                    ours: std::env::consts::ARCH,
                });
            }
            Err(why) => {
                let reason = match why {
                    NotElf::Magic => "no ELF file",
                    NotElf::Type => "an ELF file, but no shared library",
                    NotElf::Short | NotElf::Class => "cut short",
                };
                return Err(Error::NotALibrary { path, reason });
            }
        };
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
        let fits = (1..=LONGEST_ID).contains(&manifest.id.len());
        if !fits || !manifest.id.bytes().all(is_id) {
            return Err(format!(
                "id {:?} is not 1 to {LONGEST_ID} letters, digits, - . _",
                manifest.id
            ));
        }
        manifest.schema()?;
        manifest.check_tables()?;
        Ok(manifest)
    }

    /// Its options; the error says what is wrong with them.
    pub fn schema(&self) -> Result<Schema, String> {
        Schema::parse(&self.config)
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

fn is_id(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}
