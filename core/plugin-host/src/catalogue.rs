//! What is there: plugins by kind and id, built in or loaded.

use crate::away::Incidents;
use crate::away::process::Process;
use crate::away::words::{Begun, abilities};
use crate::fence::Clock;
use crate::isolated::Isolation;
use crate::ready::Table;
use crate::{
    AudioHandle, CodecFormat, CodecHandle, DirectoryPlugin, DtmfMethod, Entry, Error, FilterPlugin,
    Kind, Manifest, NatPlugin, Ready, RecorderPlugin, SearchPath, SecurityPlugin, TonePlugin,
    Trust, UiPlugin, load, services,
};
use base::Hertz;
use plugin::{EntryHandle, Fault};
use std::path::{Path, PathBuf};
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
    /// Where it came from.
    pub origin: Origin,
    /// For an isolated one: which limits this system does not have, in words.
    pub unguarded: Vec<String>,
}

/// A started plugin. Stops when the catalogue and all instances have let go of it.
#[derive(Debug)]
pub(crate) struct Plugin {
    pub(crate) about: About,
    pub(crate) code: Code,
}

/// Where its code runs.
#[derive(Debug)]
pub(crate) enum Code {
    Here(EntryHandle),
    Away(Arc<Process>, Box<Begun>),
}

impl Plugin {
    /// What a DTMF method of another process said of itself.
    pub(crate) fn dtmf(&self) -> Option<(String, plugin::Abilities)> {
        match &self.code {
            Code::Here(_) => None,
            Code::Away(_, begun) => {
                let (name, flags) = begun.dtmf.clone()?;
                Some((name, abilities(flags)))
            }
        }
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        match &self.code {
            Code::Here(entry) => entry.deinit(),
            Code::Away(..) => {}
        }
    }
}

/// A file that did not become a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which file.
    pub path: PathBuf,
    /// Why.
    pub error: Error,
}

/// Plugins by kind; codecs stand apart, by format.
#[derive(Debug, Default)]
pub(crate) struct Shelves {
    pub(crate) audio: Vec<AudioHandle>,
    pub(crate) dtmf: Vec<DtmfMethod>,
    pub(crate) recorders: Vec<RecorderPlugin>,
    pub(crate) filters: Vec<FilterPlugin>,
    pub(crate) nat: Vec<NatPlugin>,
    pub(crate) security: Vec<SecurityPlugin>,
    pub(crate) uis: Vec<UiPlugin>,
    pub(crate) directories: Vec<DirectoryPlugin>,
    pub(crate) tones: Vec<TonePlugin>,
}

/// All plugins of one host. Order is the order in which they were added.
#[derive(Debug)]
pub struct Catalogue {
    pub(crate) host_name: &'static str,
    pub(crate) host_version: &'static str,
    pub(crate) clock: Option<Clock>,
    pub(crate) plugins: Vec<Arc<Plugin>>,
    pub(crate) codecs: Vec<CodecHandle>,
    pub(crate) shelves: Shelves,
    refused: Vec<Refused>,
    searched: SearchPath,
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
            plugins: Vec::new(),
            codecs: Vec::new(),
            shelves: Shelves::default(),
            refused: Vec::new(),
            searched: SearchPath::default(),
            isolation: Isolation::default(),
            incidents: Arc::default(),
        }
    }

    /// Times every call of what is added from now on; without, nothing is ever too late.
    #[must_use]
    pub fn timed_by(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
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
        self.start(entry, &manifest, Origin::BuiltIn)
    }

    /// Adds one library file, after reading its manifest. Thread: \[control\].
    pub fn add_file(&mut self, path: &Path) -> Result<(), Error> {
        let manifest = Manifest::read(path)?;
        self.add_read(path, &manifest)
    }

    /// Looks at every library on the path and loads those whose manifest is `wanted`. Files that cannot
    /// be used are listed by [`refused`](Self::refused) and stop nothing. Thread: \[control\].
    pub fn add_path(&mut self, path: &SearchPath, wanted: impl Fn(&Manifest) -> bool) {
        self.add_path_trusted(path, |_, manifest| {
            wanted(manifest).then_some(Trust::InProcess)
        });
    }

    /// The same, each file as far as `trusted` says; nothing of it for `None` and what is only to be built
    /// in. Thread: \[control\].
    pub fn add_path_trusted(
        &mut self,
        path: &SearchPath,
        trusted: impl Fn(&Path, &Manifest) -> Option<Trust>,
    ) {
        self.searched = path.clone();
        for path in path.libraries() {
            let added =
                Manifest::read(&path).and_then(|manifest| match trusted(&path, &manifest) {
                    Some(Trust::InProcess) => self.add_read(&path, &manifest),
                    Some(Trust::Isolated) => self.add_away(&path, &manifest),
                    Some(Trust::BuiltIn) | None => Ok(()),
                });
            if let Err(error) = added {
                tracing::warn!(code = error.code(), %error, fix = error.fix(), "plugin refused");
                self.refused.push(Refused { path, error });
            }
        }
    }

    /// Every plugin.
    pub fn plugins(&self) -> impl Iterator<Item = &About> {
        self.plugins.iter().map(|plugin| &plugin.about)
    }

    /// Files that did not become plugins, and why.
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// Every codec format, in order of preference among plugins as they were added.
    pub fn codecs(&self) -> impl Iterator<Item = &CodecHandle> {
        self.codecs.iter()
    }

    /// The formats alone, as data.
    pub fn formats(&self) -> impl Iterator<Item = &CodecFormat> {
        self.codecs.iter().map(CodecHandle::format)
    }

    /// The first codec of this name (without case) and RTP clock rate. Source: RFC 8866 §6.6.
    pub fn codec(&self, name: &str, clock_rate: Hertz) -> Result<&CodecHandle, Error> {
        let fits = |codec: &&CodecHandle| {
            let format = codec.format();
            format.name.eq_ignore_ascii_case(name) && format.clock_rate_hz == clock_rate.0
        };
        self.codecs.iter().find(fits).ok_or_else(|| {
            let have = self
                .formats()
                .map(|f| format!("{}/{}", f.name, f.clock_rate_hz));
            self.missing(format!("codec {name}/{}", clock_rate.0), have.collect())
        })
    }

    /// The audio plugin with this id.
    pub fn audio(&self, id: &str) -> Result<&AudioHandle, Error> {
        self.by_id("audio", &self.shelves.audio, id)
    }

    /// Every DTMF method.
    pub fn dtmf_methods(&self) -> &[DtmfMethod] {
        &self.shelves.dtmf
    }

    /// The DTMF method that settings call so: `rfc2833`, `info`, `audio` or its own word.
    pub fn dtmf(&self, name: &str) -> Result<&DtmfMethod, Error> {
        let found = self
            .shelves
            .dtmf
            .iter()
            .find(|method| method.name() == name);
        found.ok_or_else(|| {
            let have = self.shelves.dtmf.iter().map(DtmfMethod::name).collect();
            self.missing(format!("DTMF method {name:?}"), have)
        })
    }

    /// The recorder with this id.
    pub fn recorder(&self, id: &str) -> Result<&RecorderPlugin, Error> {
        self.by_id("recorder", &self.shelves.recorders, id)
    }

    /// The filter with this id.
    pub fn filter(&self, id: &str) -> Result<&FilterPlugin, Error> {
        self.by_id("filter", &self.shelves.filters, id)
    }

    /// The NAT strategy with this id.
    pub fn nat(&self, id: &str) -> Result<&NatPlugin, Error> {
        self.by_id("nat", &self.shelves.nat, id)
    }

    /// The way to agree on keys with this id.
    pub fn security(&self, id: &str) -> Result<&SecurityPlugin, Error> {
        self.by_id("security", &self.shelves.security, id)
    }

    /// The face with this id.
    pub fn ui(&self, id: &str) -> Result<&UiPlugin, Error> {
        self.by_id("ui", &self.shelves.uis, id)
    }

    /// The directory with this id.
    pub fn directory(&self, id: &str) -> Result<&DirectoryPlugin, Error> {
        self.by_id("directory", &self.shelves.directories, id)
    }

    /// The set of tones with this id.
    pub fn tone(&self, id: &str) -> Result<&TonePlugin, Error> {
        self.by_id("tone", &self.shelves.tones, id)
    }

    fn by_id<'a, T>(
        &self,
        kind: &str,
        shelf: &'a [Ready<T>],
        id: &str,
    ) -> Result<&'a Ready<T>, Error> {
        shelf
            .iter()
            .find(|ready| ready.plugin() == id)
            .ok_or_else(|| {
                let have = shelf.iter().map(|ready| ready.plugin().to_owned());
                self.missing(format!("{kind} plugin {id:?}"), have.collect())
            })
    }

    fn missing(&self, what: String, have: Vec<String>) -> Error {
        let mut said = if have.is_empty() {
            "none is there".to_owned()
        } else {
            format!("there is {}", have.join(", "))
        };
        if !self.searched.folders().is_empty() {
            let folders: Vec<_> = self
                .searched
                .folders()
                .iter()
                .map(|f| f.display().to_string())
                .collect();
            said += &format!("; searched {}", folders.join(", "));
        }
        if !self.refused.is_empty() {
            said += &format!("; {} files were refused", self.refused.len());
        }
        Error::Missing { what, have: said }
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

    /// Everything that can be refused without running the plugin's code is refused before it is loaded.
    fn add_read(&mut self, path: &Path, manifest: &Manifest) -> Result<(), Error> {
        self.check_new(&manifest.id)?;
        kind(manifest)?;
        let entry = load::load(path, manifest)?;
        self.start(entry, manifest, Origin::File(path.to_owned()))
    }

    fn start(
        &mut self,
        entry: EntryHandle,
        manifest: &Manifest,
        origin: Origin,
    ) -> Result<(), Error> {
        let kind = kind(manifest)?;
        let host = services::host_for(&entry.id, self.host_name, self.host_version);
        entry.init(host).map_err(|refusal| Error::InitFailed {
            plugin: entry.id.clone(),
            refusal,
        })?;
        let about = About {
            id: entry.id.clone(),
            kind,
            name: entry.name.clone(),
            version: entry.version.clone(),
            vendor: entry.vendor.clone(),
            licence: entry.licence.clone(),
            origin,
            unguarded: Vec::new(),
        };
        // From here on dropping it stops the plugin, also when a table is refused.
        let plugin = Arc::new(Plugin {
            about,
            code: Code::Here(entry.clone()),
        });
        self.shelve(kind, &plugin, &entry)?;
        self.plugins.push(plugin);
        Ok(())
    }

    fn add_codec(&mut self, plugin: &Arc<Plugin>, entry: &EntryHandle) -> Result<(), Error> {
        let bad = |fault| Error::BadTable {
            plugin: plugin.about.id.clone(),
            table: plugin_abi::CODEC_ID,
            fault,
        };
        let table = entry.codec().map_err(bad)?;
        let table = table.ok_or_else(|| no_table(plugin, "codec"))?;
        for format in table.formats().map_err(bad)? {
            self.codecs.push(CodecHandle {
                plugin: Arc::clone(plugin),
                table: Table::Here(table),
                format: Arc::new(format),
                clock: self.clock,
            });
        }
        Ok(())
    }

    fn shelve(
        &mut self,
        kind: Kind,
        plugin: &Arc<Plugin>,
        entry: &EntryHandle,
    ) -> Result<(), Error> {
        let (clock, shelves) = (self.clock, &mut self.shelves);
        match kind {
            Kind::Codec => self.add_codec(plugin, entry)?,
            Kind::Audio => shelves
                .audio
                .push(ready(plugin, clock, kind, entry.audio())?),
            Kind::Dtmf => shelves.dtmf.push(ready(plugin, clock, kind, entry.dtmf())?),
            Kind::Recorder => {
                let found = ready(plugin, clock, kind, entry.recorder())?;
                shelves.recorders.push(found);
            }
            Kind::Filter => shelves
                .filters
                .push(ready(plugin, clock, kind, entry.filter())?),
            Kind::Nat => shelves.nat.push(ready(plugin, clock, kind, entry.nat())?),
            Kind::Security => {
                let found = ready(plugin, clock, kind, entry.security())?;
                shelves.security.push(found);
            }
            Kind::Ui => shelves.uis.push(ready(plugin, clock, kind, entry.ui())?),
            Kind::Directory => {
                let found = ready(plugin, clock, kind, entry.directory())?;
                shelves.directories.push(found);
            }
            Kind::Tone => shelves
                .tones
                .push(ready(plugin, clock, kind, entry.tone())?),
        }
        Ok(())
    }
}

fn ready<T>(
    plugin: &Arc<Plugin>,
    clock: Option<Clock>,
    kind: Kind,
    table: Result<Option<T>, Fault>,
) -> Result<Ready<T>, Error> {
    let table = table.map_err(|fault| Error::BadTable {
        plugin: plugin.about.id.clone(),
        table: kind.table(),
        fault,
    })?;
    Ok(Ready {
        plugin: Arc::clone(plugin),
        table: Table::Here(table.ok_or_else(|| no_table(plugin, kind.name()))?),
        clock,
    })
}

fn no_table(plugin: &Plugin, kind: &str) -> Error {
    Error::WrongKind {
        plugin: plugin.about.id.clone(),
        kind: kind.to_owned(),
        reason: "it has no table of that kind",
    }
}

pub(crate) fn kind(manifest: &Manifest) -> Result<Kind, Error> {
    Kind::from_name(&manifest.kind).ok_or_else(|| Error::WrongKind {
        plugin: manifest.id.clone(),
        kind: manifest.kind.clone(),
        reason: "this host does not know that kind",
    })
}
