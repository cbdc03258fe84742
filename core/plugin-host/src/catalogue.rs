//! What is there: plugins by kind and id, built in or loaded.

use crate::away::Incidents;
use crate::config::{Mistake, Options};
use crate::fence::Clock;
use crate::gate::Gate;
use crate::generations::Generations;
use crate::isolated::Isolation;
use crate::library::Library;
use crate::services::{self, HostClock, Surroundings, Timers};
use crate::shelves::Shelves;
use crate::started::{Code, Plugin, Watch};
use crate::{CodecHandle, Entry, Error, Kind, Manifest, PluginMemory, SearchPath};
use plugin::EntryHandle;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Where a plugin came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Linked into the host.
    BuiltIn,
    /// A library file.
    File(PathBuf),
    /// A library file in a process of its own.
    Isolated(PathBuf),
}

/// Who a plugin is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Unique name.
    pub id: String,
    /// What it is for.
    pub kind: Kind,
    /// What a person reads.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// Who made it.
    pub vendor: String,
    /// SPDX expression.
    pub licence: String,
    /// Boundary it was built for, `MAJOR.MINOR`.
    pub abi: String,
    /// Where it came from.
    pub origin: Origin,
    /// The hash of the library that runs, in hexadecimal; none for what is linked in.
    pub sha256: Option<String>,
    /// For an isolated one: which limits this system does not have, in words.
    pub unguarded: Vec<String>,
}

/// A file that did not become a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which file.
    pub path: PathBuf,
    /// What it says it is, where it could be read.
    pub id: Option<String>,
    /// Why.
    pub error: Error,
}

/// All plugins of one host. Order is the order in which they were added.
#[derive(Debug)]
pub struct Catalogue {
    pub(crate) host_name: &'static str,
    pub(crate) host_version: &'static str,
    pub(crate) clock: Option<Clock>,
    pub(crate) gate: Gate,
    pub(crate) options: BTreeMap<String, Options>,
    mistakes: Vec<(String, Mistake)>,
    surroundings: Surroundings,
    pub(crate) plugins: Vec<Arc<Plugin>>,
    pub(crate) codecs: Vec<CodecHandle>,
    pub(crate) shelves: Shelves,
    pub(crate) generations: Generations,
    pub(crate) refused: Vec<Refused>,
    pub(crate) searched: SearchPath,
    pub(crate) isolation: Isolation,
    pub(crate) incidents: Arc<Incidents>,
}

impl Catalogue {
    /// Empty. Name and version are told to plugins.
    pub fn new(host_name: &'static str, host_version: &'static str) -> Self {
        Self {
            host_name,
            host_version,
            clock: None,
            gate: Gate::default(),
            options: BTreeMap::new(),
            mistakes: Vec::new(),
            surroundings: Surroundings::default(),
            plugins: Vec::new(),
            codecs: Vec::new(),
            shelves: Shelves::default(),
            generations: Generations::default(),
            refused: Vec::new(),
            searched: SearchPath::default(),
            isolation: Isolation::default(),
            incidents: Arc::default(),
        }
    }

    /// Nothing in it, for the same host, under the same settings.
    pub(crate) fn empty_like(&self) -> Self {
        Self {
            clock: self.clock,
            gate: self.gate.clone(),
            options: self.options.clone(),
            surroundings: self.surroundings.clone(),
            isolation: self.isolation.clone(),
            incidents: Arc::clone(&self.incidents),
            ..Self::new(self.host_name, self.host_version)
        }
    }

    /// Times every call of what is added from now on; without, nothing is ever too late.
    #[must_use]
    pub fn timed_by(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Library files added from now on pass this first.
    #[must_use]
    pub fn guarded_by(mut self, gate: Gate) -> Self {
        self.gate = gate;
        self
    }

    /// What the settings say for the options of plugins that are added from now on, by id.
    #[must_use]
    pub fn with_options(mut self, options: BTreeMap<String, Options>) -> Self {
        self.options = options;
        self
    }

    /// What plugins that are added from now on take for the time.
    #[must_use]
    pub fn with_clock(mut self, clock: HostClock) -> Self {
        self.surroundings.clock = clock;
        self
    }

    /// Adds a plugin that is linked in. Thread: \[control\].
    pub fn add_built_in(&mut self, entry: &Entry) -> Result<(), Error> {
        let entry = EntryHandle::built_in(entry)
            .map_err(|fault| Error::entry("a built-in plugin".into(), fault))?;
        let manifest =
            Manifest::parse(entry.manifest.as_bytes()).map_err(|reason| Error::BadManifest {
                path: PathBuf::from(&entry.id),
                reason,
            })?;
        self.check_new(&manifest.id)?;
        let options = self.options_of(&manifest).inspect_err(|error| {
            if let Error::Options { plugin, mistakes } = error {
                let told = mistakes.iter().map(|m| (plugin.clone(), m.clone()));
                self.mistakes.extend(told);
            }
        })?;
        self.start(entry, &manifest, None, &options)
    }

    /// Every plugin.
    pub fn plugins(&self) -> impl Iterator<Item = &About> {
        self.plugins.iter().map(|plugin| &plugin.about)
    }

    /// What the settings have wrong among the options of plugins that are linked in: plugin, and what. A file whose
    /// options are wrong is [`refused`](Self::refused).
    pub fn mistakes(&self) -> &[(String, Mistake)] {
        &self.mistakes
    }

    /// Where library files were looked for.
    pub fn searched(&self) -> &SearchPath {
        &self.searched
    }

    /// What each plugin costs and which numbers it shows: to be kept by whoever tells people of it, on any
    /// thread.
    pub fn watches(&self) -> Vec<Watch> {
        self.plugins.iter().map(Watch::over).collect()
    }

    /// What is remembered of plugins from start to start, where the host set it up.
    pub fn memory(&self) -> Option<Arc<PluginMemory>> {
        self.gate.memory.clone()
    }

    /// What plugins take for the time.
    pub fn host_clock(&self) -> HostClock {
        self.surroundings.clock.clone()
    }

    /// The timers of all plugins; somebody must [`fire`](Timers::fire) them.
    pub fn timers(&self) -> Timers {
        self.surroundings.timers.clone()
    }

    /// Files that did not become plugins, and why.
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    pub(crate) fn check_new(&self, id: &str) -> Result<(), Error> {
        match self.plugins().find(|about| about.id == id) {
            None => Ok(()),
            Some(first) => Err(Error::Duplicate {
                plugin: id.to_owned(),
                first: match &first.origin {
                    Origin::BuiltIn => "a built-in plugin".into(),
                    Origin::File(path) | Origin::Isolated(path) => path.display().to_string(),
                },
            }),
        }
    }

    pub(crate) fn options_of(&self, manifest: &Manifest) -> Result<Options, Error> {
        let bad = |reason| Error::BadManifest {
            path: PathBuf::from(&manifest.id),
            reason,
        };
        let schema = manifest.schema().map_err(bad)?;
        let given = self.options.get(&manifest.id).cloned().unwrap_or_default();
        let plugin = manifest.id.clone();
        let filled = schema.fill(&given);
        filled.map_err(|mistakes| Error::Options { plugin, mistakes })
    }

    /// Starts a plugin whose code is in this process, linked in or loaded from a library.
    pub(crate) fn start(
        &mut self,
        entry: EntryHandle,
        manifest: &Manifest,
        library: Option<&Library>,
        options: &Options,
    ) -> Result<(), Error> {
        let kind = kind(manifest)?;
        let config = serde_json::to_string(options).expect("plain values always become JSON");
        let this = (self.host_name, self.host_version);
        let (host, services) = services::host_for(&entry.id, this, config, &self.surroundings);
        entry.init(host).map_err(|refusal| {
            services.stop();
            Error::InitFailed {
                plugin: entry.id.clone(),
                refusal,
            }
        })?;
        let about = About {
            id: entry.id.clone(),
            kind,
            name: entry.name.clone(),
            version: entry.version.clone(),
            vendor: entry.vendor.clone(),
            licence: entry.licence.clone(),
            abi: manifest.abi.clone(),
            origin: library.map_or(Origin::BuiltIn, |file| Origin::File(file.path().to_owned())),
            sha256: library.map(|file| file.hash().to_owned()),
            unguarded: Vec::new(),
        };
        let mapped_bytes = library.map_or(0, Library::loaded_bytes);
        // From here on dropping it stops the plugin, also when a table is refused.
        let plugin = Plugin::new(about, Code::Here(entry, services)).mapping(mapped_bytes);
        let memory = self.gate.memory.clone().filter(|_| library.is_some());
        self.put(match memory {
            Some(memory) => plugin.on_probation(memory, self.surroundings.clock.clone()),
            None => plugin,
        })
    }

    /// Puts a started plugin on its shelf and into the list.
    pub(crate) fn put(&mut self, plugin: Plugin) -> Result<(), Error> {
        let plugin = Arc::new(plugin);
        self.shelve(&plugin)?;
        self.plugins.push(plugin);
        Ok(())
    }
}

pub(crate) fn kind(manifest: &Manifest) -> Result<Kind, Error> {
    Kind::from_name(&manifest.kind).ok_or_else(|| Error::WrongKind {
        plugin: manifest.id.clone(),
        kind: manifest.kind.clone(),
        reason: "this host does not know that kind",
    })
}
