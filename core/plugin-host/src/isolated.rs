//! Plugins of a process of their own, in the catalogue.

use crate::away;
use crate::away::process::{Plan, Process};
use crate::away::words::{Ask, Format};
use crate::catalogue::{About, Catalogue, Code, Origin, Plugin, kind};
use crate::ready::Table;
use crate::{CodecHandle, Error, Incident, Kind, Manifest, Ready};
use plugin::Fault;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How plugins of a process of their own are run.
#[derive(Debug, Clone)]
pub(crate) struct Isolation {
    /// The program that serves them; beside the running one without.
    pub(crate) program: Option<PathBuf>,
    pub(crate) quarantine: bool,
}

impl Default for Isolation {
    fn default() -> Self {
        Self {
            program: None,
            quarantine: true,
        }
    }
}

impl Catalogue {
    /// The program that serves isolated plugins, where it is not beside the running one.
    #[must_use]
    pub fn isolated_by(mut self, program: PathBuf) -> Self {
        self.isolation.program = Some(program);
        self
    }

    /// Starts isolated plugins again however often they fail.
    #[must_use]
    pub fn without_quarantine(mut self) -> Self {
        self.isolation.quarantine = false;
        self
    }

    /// What isolated plugins did since this was asked last. Thread: \[control\].
    pub fn incidents(&self) -> Vec<Incident> {
        self.incidents.take()
    }

    /// The number of the process that an isolated plugin runs in now.
    pub fn process_of(&self, id: &str) -> Option<u32> {
        let plugin = self.plugins.iter().find(|plugin| plugin.about.id == id)?;
        match &plugin.code {
            Code::Here(_) => None,
            Code::Away(process, _) => process.pid(),
        }
    }

    /// Adds one library file in a process of its own: none of its code runs in this one.
    /// Thread: \[control\].
    pub fn add_isolated(&mut self, path: &Path) -> Result<(), Error> {
        let manifest = Manifest::read(path)?;
        self.add_away(path, &manifest)
    }

    pub(crate) fn add_away(&mut self, path: &Path, manifest: &Manifest) -> Result<(), Error> {
        self.check_new(&manifest.id)?;
        let kind = kind(manifest)?;
        let refused = |refusal| Error::InitFailed {
            plugin: manifest.id.clone(),
            refusal,
        };
        let program = self.isolation.program.clone().or_else(away::program);
        let program = program.ok_or_else(|| Error::NoIsolation {
            plugin: manifest.id.clone(),
        })?;
        let whole = path.canonicalize().map_err(|error| Error::Unreadable {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        let (process, begun) = Process::start(Plan {
            id: manifest.id.clone(),
            program,
            begin: Ask::Begin {
                path: whole,
                kind: manifest.kind.clone(),
                permissions: manifest.permissions.clone(),
                host: (self.host_name.to_owned(), self.host_version.to_owned()),
            },
            quarantine: self.isolation.quarantine,
            incidents: Arc::clone(&self.incidents),
        })
        .map_err(refused)?;
        if !begun.open.is_empty() {
            let open = begun.open.join("; ");
            tracing::warn!(
                plugin = manifest.id,
                open,
                "isolated with less than all limits"
            );
        }
        let about = About {
            id: manifest.id.clone(),
            kind,
            name: begun.name.clone(),
            version: begun.version.clone(),
            vendor: begun.vendor.clone(),
            licence: begun.licence.clone(),
            origin: Origin::Isolated(path.to_owned()),
            unguarded: begun.open.clone(),
        };
        let formats = begun.formats.clone();
        let process = Arc::new(process);
        let plugin = Arc::new(Plugin {
            about,
            code: Code::Away(Arc::clone(&process), Box::new(begun)),
        });
        self.shelve_away(kind, &plugin, &process, formats)?;
        self.plugins.push(plugin);
        Ok(())
    }

    fn shelve_away(
        &mut self,
        kind: Kind,
        plugin: &Arc<Plugin>,
        process: &Arc<Process>,
        formats: Vec<Format>,
    ) -> Result<(), Error> {
        let shelves = &mut self.shelves;
        match kind {
            Kind::Codec => {
                for (index, format) in formats.into_iter().enumerate() {
                    let format = format.read(index).ok_or_else(|| Error::BadTable {
                        plugin: plugin.about.id.clone(),
                        table: plugin_abi::CODEC_ID,
                        fault: Fault::Nonsense(format!("describes format {index} out of range")),
                    })?;
                    self.codecs.push(CodecHandle {
                        plugin: Arc::clone(plugin),
                        table: Table::Away(Arc::clone(process)),
                        format: Arc::new(format),
                        clock: self.clock,
                    });
                }
            }
            Kind::Audio => shelves.audio.push(apart(plugin, process)),
            Kind::Dtmf => shelves.dtmf.push(apart(plugin, process)),
            Kind::Recorder => shelves.recorders.push(apart(plugin, process)),
            Kind::Filter => shelves.filters.push(apart(plugin, process)),
            Kind::Nat => shelves.nat.push(apart(plugin, process)),
            Kind::Security => shelves.security.push(apart(plugin, process)),
            Kind::Ui => shelves.uis.push(apart(plugin, process)),
            Kind::Directory => shelves.directories.push(apart(plugin, process)),
            Kind::Tone => shelves.tones.push(apart(plugin, process)),
        }
        Ok(())
    }
}

/// A plugin of another process; its replies are timed by the ring, not by the fence.
fn apart<T>(plugin: &Arc<Plugin>, process: &Arc<Process>) -> Ready<T> {
    Ready {
        plugin: Arc::clone(plugin),
        table: Table::Away(Arc::clone(process)),
        clock: None,
    }
}
