//! What is there: plugins by kind and id, built in or loaded.

use crate::fence::Clock;
use crate::{
    AudioHandle, CodecFormat, CodecHandle, Entry, Error, Manifest, SearchPath, load, services,
};
use base::Hertz;
use plugin::EntryHandle;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a plugin is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Table `offhook.codec/1`.
    Codec,
    /// Table `offhook.audio/1`.
    Audio,
}

impl Kind {
    /// As manifests spell them.
    pub const NAMES: [&str; 2] = ["codec", "audio"];

    /// `None` when this host does not know it.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "codec" => Some(Self::Codec),
            "audio" => Some(Self::Audio),
            _ => None,
        }
    }
}

/// Where a plugin came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Linked into the host.
    BuiltIn,
    /// A library file.
    File(PathBuf),
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
}

/// A started plugin. Stops when the catalogue and all instances have let go of it.
#[derive(Debug)]
pub(crate) struct Plugin {
    pub(crate) about: About,
    entry: EntryHandle,
}

impl Drop for Plugin {
    fn drop(&mut self) {
        self.entry.deinit();
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

/// All plugins of one host. Order is the order in which they were added.
#[derive(Debug)]
pub struct Catalogue {
    host_name: &'static str,
    host_version: &'static str,
    clock: Option<Clock>,
    plugins: Vec<Arc<Plugin>>,
    codecs: Vec<CodecHandle>,
    audio: Vec<AudioHandle>,
    refused: Vec<Refused>,
    searched: SearchPath,
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
            audio: Vec::new(),
            refused: Vec::new(),
            searched: SearchPath::default(),
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
        self.searched = path.clone();
        for path in path.libraries() {
            let added = match Manifest::read(&path) {
                Ok(manifest) if wanted(&manifest) => self.add_read(&path, &manifest),
                Ok(_) => Ok(()),
                Err(error) => Err(error),
            };
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
        self.audio
            .iter()
            .find(|audio| audio.plugin() == id)
            .ok_or_else(|| {
                let have = self.audio.iter().map(|audio| audio.plugin().to_owned());
                self.missing(format!("audio plugin {id:?}"), have.collect())
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

    fn check_new(&self, id: &str) -> Result<(), Error> {
        match self.plugins().find(|about| about.id == id) {
            None => Ok(()),
            Some(first) => Err(Error::Duplicate {
                plugin: id.to_owned(),
                first: match &first.origin {
                    Origin::BuiltIn => "a built-in plugin".into(),
                    Origin::File(path) => path.display().to_string(),
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
        };
        // From here on dropping it stops the plugin, also when a table is refused.
        let plugin = Arc::new(Plugin { about, entry });
        match kind {
            Kind::Codec => self.add_codec(&plugin)?,
            Kind::Audio => self.add_audio(&plugin)?,
        }
        self.plugins.push(plugin);
        Ok(())
    }

    fn add_codec(&mut self, plugin: &Arc<Plugin>) -> Result<(), Error> {
        let bad = |fault| Error::BadTable {
            plugin: plugin.about.id.clone(),
            table: plugin_abi::CODEC_ID,
            fault,
        };
        let table = plugin.entry.codec().map_err(bad)?;
        let table = table.ok_or_else(|| no_table(plugin, "codec"))?;
        for format in table.formats().map_err(bad)? {
            self.codecs.push(CodecHandle {
                plugin: Arc::clone(plugin),
                table,
                format: Arc::new(format),
                clock: self.clock,
            });
        }
        Ok(())
    }

    fn add_audio(&mut self, plugin: &Arc<Plugin>) -> Result<(), Error> {
        let table = plugin.entry.audio().map_err(|fault| Error::BadTable {
            plugin: plugin.about.id.clone(),
            table: plugin_abi::AUDIO_ID,
            fault,
        })?;
        self.audio.push(AudioHandle {
            plugin: Arc::clone(plugin),
            table: table.ok_or_else(|| no_table(plugin, "audio"))?,
            clock: self.clock,
        });
        Ok(())
    }
}

fn no_table(plugin: &Plugin, kind: &str) -> Error {
    Error::WrongKind {
        plugin: plugin.about.id.clone(),
        kind: kind.to_owned(),
        reason: "it has no table of that kind",
    }
}

fn kind(manifest: &Manifest) -> Result<Kind, Error> {
    Kind::from_name(&manifest.kind).ok_or_else(|| Error::WrongKind {
        plugin: manifest.id.clone(),
        kind: manifest.kind.clone(),
        reason: "this host does not know that kind",
    })
}
