//! Plugins of a process of their own, in the catalogue.

use crate::admit::Passed;
use crate::away;
use crate::away::process::{Plan, Process};
use crate::away::words::{Ask, Format};
use crate::catalogue::{About, Catalogue, Origin};
use crate::manifest::check_words;
use crate::reach;
use crate::ready::Table;
use crate::started::{Code, Plugin};
use crate::{CodecHandle, Error, Incident, Incidents, Kind, Manifest, Ready};
use plugin::Fault;
use std::path::PathBuf;
use std::sync::Arc;

/// How plugins of a process of their own are run.
#[derive(Debug, Clone)]
pub(crate) struct Isolation {
    /// The program that serves them; beside the running one without.
    pub(crate) program: Option<PathBuf>,
    pub(crate) quarantine: bool,
    /// What the permission `folder:recordings` opens.
    pub(crate) recordings: Option<PathBuf>,
}

impl Default for Isolation {
    fn default() -> Self {
        Self {
            program: None,
            quarantine: true,
            recordings: None,
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

    /// Where recordings go: the permission `folder:recordings` opens this folder to plugins that are added from now
    /// on. It is made if it is not there.
    #[must_use]
    pub fn recordings_in(mut self, folder: Option<PathBuf>) -> Self {
        self.isolation.recordings = folder;
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

    /// The same, for whoever keeps it while others use the catalogue.
    pub fn incident_list(&self) -> Arc<Incidents> {
        Arc::clone(&self.incidents)
    }

    /// The number of the process that an isolated plugin runs in now.
    pub fn process_of(&self, id: &str) -> Option<u32> {
        let plugin = self.plugins.iter().find(|plugin| plugin.about.id == id)?;
        match &plugin.code {
            Code::Here(..) => None,
            Code::Away(process, _) => process.pid(),
        }
    }

    /// Starts a process for a file that has passed.
    pub(crate) fn start_away(&mut self, passed: Passed) -> Result<(), Error> {
        let Passed {
            library, manifest, ..
        } = passed;
        let refused = |refusal| Error::InitFailed {
            plugin: manifest.id.clone(),
            refusal,
        };
        let program = self.isolation.program.clone().or_else(away::program);
        let program = program.ok_or_else(|| Error::NoIsolation {
            plugin: manifest.id.clone(),
        })?;
        let held = library.hold(&manifest.id)?;
        let path = library.path().to_owned();
        let (process, begun) = Process::start(Plan {
            id: manifest.id.clone(),
            program,
            library: Arc::new(held),
            begin: Ask::Begin {
                path: path.clone(),
                kind: manifest.kind.clone(),
                permissions: self.permissions_of(&manifest),
                host: (self.host_name.to_owned(), self.host_version.to_owned()),
                options: passed.options,
            },
            quarantine: self.isolation.quarantine,
            incidents: Arc::clone(&self.incidents),
        })
        .map_err(refused)?;
        // The process is not believed.
        for text in [&begun.name, &begun.version, &begun.vendor, &begun.licence] {
            check_words("what it calls itself", text).map_err(|reason| Error::BadManifest {
                path: path.clone(),
                reason,
            })?;
        }
        if !begun.open.is_empty() {
            let open = begun.open.join("; ");
            tracing::warn!(
                plugin = manifest.id,
                open,
                "isolated with less than all limits"
            );
        }
        let about = About {
            id: manifest.id,
            kind: passed.kind,
            name: begun.name.clone(),
            version: begun.version.clone(),
            vendor: begun.vendor.clone(),
            licence: begun.licence.clone(),
            abi: manifest.abi,
            origin: Origin::Isolated(path),
            sha256: Some(library.hash().to_owned()),
            unguarded: begun.open.clone(),
        };
        self.put(Plugin::new(
            about,
            Code::Away(Arc::new(process), Box::new(begun)),
        ))
    }

    /// Its permissions as this host fills them in; what is lacking is told.
    fn permissions_of(&self, manifest: &Manifest) -> Vec<String> {
        let recordings = self.isolation.recordings.as_deref();
        let (permissions, lacking) = reach::filled_in(&manifest.permissions, recordings);
        for lacking in lacking {
            tracing::warn!(
                plugin = manifest.id,
                lacking,
                "isolated without a permission"
            );
        }
        // Its maker asked for them, and nobody here was asked.
        if !permissions.is_empty() {
            let given = permissions.join(" ");
            tracing::info!(plugin = manifest.id, given, "isolated with permissions");
        }
        permissions
    }

    pub(crate) fn shelve_away(
        &mut self,
        plugin: &Arc<Plugin>,
        process: &Arc<Process>,
        formats: &[Format],
    ) -> Result<(), Error> {
        let (kind, shelves) = (plugin.about.kind, &mut self.shelves);
        match kind {
            Kind::Codec => {
                for (index, format) in formats.iter().cloned().enumerate() {
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
