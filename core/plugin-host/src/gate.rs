//! What a library file has to pass before any of its code runs.
//!
//! In this order, each only where the host set it up: not switched off; its SHA-256 is the one that the
//! settings name; and, where it is to run in the engine's process, a look at it in another one found nothing.

use crate::config::Options;
use crate::library::Library;
use crate::probe::Prober;
use crate::state::{Look, OffBy, PluginMemory};
use crate::{Error, Manifest, Trust};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

/// What is asked of library files. Empty: nothing.
#[derive(Debug, Clone, Default)]
pub struct Gate {
    /// SHA-256 by plugin id, 64 hexadecimal digits. A file of that id with another hash is refused.
    pub sha256: BTreeMap<String, String>,
    /// Files whose id has no hash are refused too.
    pub sha256_required: bool,
    /// Looks at files that were not looked at before.
    pub prober: Option<Prober>,
    /// What is remembered from start to start.
    pub memory: Option<Arc<PluginMemory>>,
}

impl Gate {
    /// Whether this file may be loaded; no code of it runs in this process.
    pub(crate) fn check(
        &self,
        library: &Library,
        manifest: &Manifest,
        options: &Options,
        trust: Trust,
    ) -> Result<(), Error> {
        let plugin = || manifest.id.clone();
        let off = self.memory.as_ref().and_then(|m| m.off(&manifest.id));
        // A plugin that ended starts of the engine cannot do so from another process.
        let off = off.filter(|by| *by == OffBy::Command || trust == Trust::InProcess);
        if let Some(by) = off {
            return Err(Error::SwitchedOff {
                plugin: plugin(),
                by,
            });
        }
        let prober = self.prober.as_ref().filter(|_| trust == Trust::InProcess);
        let (path, hash) = (library.path(), || library.hash().to_owned());
        match self.sha256.get(&manifest.id) {
            Some(wanted) if !wanted.eq_ignore_ascii_case(library.hash()) => {
                return Err(Error::Tampered {
                    plugin: plugin(),
                    path: path.to_owned(),
                    wanted: wanted.clone(),
                    hash: hash(),
                });
            }
            None if self.sha256_required => {
                return Err(Error::UnknownHash {
                    plugin: plugin(),
                    path: path.to_owned(),
                    hash: hash(),
                });
            }
            Some(_) | None => {}
        }
        if let Some(prober) = prober {
            self.look(prober, (path, manifest, options), library.hash())?;
        }
        Ok(())
    }

    fn look(
        &self,
        prober: &Prober,
        (path, manifest, options): (&Path, &Manifest, &Options),
        hash: &str,
    ) -> Result<(), Error> {
        // The same file under other options, or in another host, may start otherwise.
        let told = serde_json::to_string(options).expect("plain values always become JSON");
        let key = format!(
            "{hash} {} {}",
            env!("CARGO_PKG_VERSION"),
            sha256(told.as_bytes())
        );
        match self.memory.as_ref().and_then(|memory| memory.look(&key)) {
            Some(Look::Good) => return Ok(()),
            Some(Look::Broke(how)) => {
                return Err(Error::ProbeBroke {
                    plugin: manifest.id.clone(),
                    how: format!("{how}, at an earlier start"),
                });
            }
            None => {}
        }
        let found = prober.look(&manifest.id, path, options);
        let look = match &found {
            Ok(()) => Some(Look::Good),
            // It takes long, so it is not repeated at each start.
            Err(Error::ProbeBroke { how, .. }) => Some(Look::Broke(how.clone())),
            // What it lacks may be there the next time.
            Err(_) => None,
        };
        if let (Some(memory), Some(look)) = (&self.memory, look) {
            memory.remember(&key, look);
        }
        found
    }
}

/// SHA-256 of a file, in hexadecimal.
pub fn sha256_of(path: &Path) -> Result<String, Error> {
    let file = std::fs::read(path).map_err(|error| Error::Unreadable {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    Ok(sha256(&file))
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
