//! Started plugins by kind, and how each is found again.

use crate::catalogue::Catalogue;
use crate::fence::Clock;
use crate::generations::in_place;
use crate::ready::Table;
use crate::started::{Code, Plugin};
use crate::{
    AudioHandle, CodecFormat, CodecHandle, DirectoryPlugin, DtmfMethod, Error, FilterPlugin, Kind,
    NatPlugin, Ready, RecorderPlugin, SecurityPlugin, TonePlugin, UiPlugin,
};
use base::Hertz;
use plugin::{EntryHandle, Fault};
use std::sync::Arc;

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

impl Shelves {
    /// Puts what is on `new` in the place of what plugin `id` has here; gives that.
    pub(crate) fn replace(&mut self, new: Self, id: &str) -> Self {
        Self {
            audio: in_place(&mut self.audio, new.audio, |ready| ready.plugin() == id),
            dtmf: in_place(&mut self.dtmf, new.dtmf, |ready| ready.plugin() == id),
            recorders: in_place(&mut self.recorders, new.recorders, |r| r.plugin() == id),
            filters: in_place(&mut self.filters, new.filters, |r| r.plugin() == id),
            nat: in_place(&mut self.nat, new.nat, |ready| ready.plugin() == id),
            security: in_place(&mut self.security, new.security, |r| r.plugin() == id),
            uis: in_place(&mut self.uis, new.uis, |ready| ready.plugin() == id),
            directories: in_place(&mut self.directories, new.directories, |r| r.plugin() == id),
            tones: in_place(&mut self.tones, new.tones, |ready| ready.plugin() == id),
        }
    }
}

impl Catalogue {
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

    pub(crate) fn missing(&self, what: String, have: Vec<String>) -> Error {
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
            said += &format!("; {} refused: see offhook plugin list", self.refused.len());
        }
        Error::Missing { what, have: said }
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

    /// Puts a started plugin where it is found by.
    pub(crate) fn shelve(&mut self, plugin: &Arc<Plugin>) -> Result<(), Error> {
        match &plugin.code {
            Code::Here(entry, _) => self.shelve_here(plugin, entry),
            Code::Away(process, begun) => self.shelve_away(plugin, process, &begun.formats),
        }
    }

    fn shelve_here(&mut self, plugin: &Arc<Plugin>, entry: &EntryHandle) -> Result<(), Error> {
        let (kind, clock, shelves) = (plugin.about.kind, self.clock, &mut self.shelves);
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
