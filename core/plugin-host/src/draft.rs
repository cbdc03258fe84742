//! Kinds that are asked in words, opened: drafts, directories and faces.

use crate::away::media::AwayTone;
use crate::away::process::When;
use crate::away::talk::{self, Talk};
use crate::away::words::{self, Answer, Ask, Media};
use crate::fence::{Fence, Trouble};
use crate::ready::{Table, nonsense};
use crate::started::Plugin;
use crate::{Error, Ready};
use base::Duration;
use plugin::draft::{nat, security, tone};
use plugin::{
    Captured, Commands, DirectoryHandle, DirectoryInstance, Refusal, Status, UiHandle, UiInstance,
};
use std::sync::Arc;

/// A NAT strategy.
pub type NatPlugin = Ready<nat::NatHandle>;
/// A way to agree on keys.
pub type SecurityPlugin = Ready<security::SecurityHandle>;
/// A face.
pub type UiPlugin = Ready<UiHandle>;
/// A directory.
pub type DirectoryPlugin = Ready<DirectoryHandle>;
/// A set of tones.
pub type TonePlugin = Ready<tone::ToneHandle>;

/// What was opened, here or in a process of its own. Once that process is gone every call fails with
/// [`Status::LOST`]; another may be opened.
#[derive(Debug)]
pub struct Opened<T> {
    // Before the plugin: what was opened is closed before its plugin stops.
    inner: Inner<T>,
    plugin: Arc<Plugin>,
}

#[derive(Debug)]
enum Inner<T> {
    Here(T),
    Away(Talk),
}

impl<T> Opened<T> {
    /// The plugin's id.
    pub fn plugin(&self) -> &str {
        &self.plugin.about.id
    }
}

impl<T> Ready<T> {
    fn opened<I>(
        &self,
        here: impl FnOnce(&T) -> Result<I, Refusal>,
        away: impl FnOnce() -> words::Talk,
    ) -> Result<Opened<I>, Error> {
        self.plugin.before_use()?;
        let inner = match &self.table {
            Table::Here(table) => here(table).map(Inner::Here),
            Table::Away(process) => Talk::open(process, away()).map(Inner::Away),
        };
        Ok(Opened {
            inner: inner.map_err(|refusal| self.refused(refusal))?,
            plugin: Arc::clone(&self.plugin),
        })
    }
}

/// A NAT machine that runs.
pub type Nat = Opened<nat::NatInstance>;

impl NatPlugin {
    /// Makes a machine from a JSON object. Thread: \[control\].
    pub fn open(&self, request: &str, seed: u64) -> Result<Nat, Error> {
        self.opened(
            |table| table.open(request, seed),
            || words::Talk::Nat {
                request: request.to_owned(),
                seed,
            },
        )
    }
}

impl Nat {
    /// Tells it what happened. Thread: \[control\].
    pub fn handle(&mut self, input: nat::NatInput<'_>, now_ns: u64) -> Result<(), Status> {
        match &mut self.inner {
            Inner::Here(nat) => nat.handle(input, now_ns),
            Inner::Away(talk) => talk.nat_input(input, now_ns),
        }
    }

    /// The next thing to do. Thread: \[control\].
    pub fn poll(&mut self) -> Result<Option<nat::NatOutput>, Status> {
        match &mut self.inner {
            Inner::Here(nat) => nat.poll(),
            Inner::Away(talk) => talk.nat_poll(),
        }
    }
}

/// A keying machine that runs.
pub type Security = Opened<security::SecurityInstance>;

impl SecurityPlugin {
    /// Makes a machine from a JSON object. Thread: \[control\].
    pub fn open(&self, request: &str, seed: &[u8; 32]) -> Result<Security, Error> {
        self.opened(
            |table| table.open(request, seed),
            || words::Talk::Security {
                request: request.to_owned(),
                seed: *seed,
            },
        )
    }
}

impl Security {
    /// Tells it what happened. Thread: \[control\].
    pub fn handle(
        &mut self,
        input: security::SecurityInput<'_>,
        now_ns: u64,
    ) -> Result<(), Status> {
        match &mut self.inner {
            Inner::Here(security) => security.handle(input, now_ns),
            Inner::Away(talk) => talk.security_input(input, now_ns),
        }
    }

    /// The next thing to do. Thread: \[control\].
    pub fn poll(&mut self) -> Result<Option<security::SecurityOutput>, Status> {
        match &mut self.inner {
            Inner::Here(security) => security.poll(),
            Inner::Away(talk) => talk.security_poll(),
        }
    }
}

/// A face that runs. Thread of every call: the face's own, \[worker\].
#[derive(Debug)]
pub struct Face {
    // Before the plugin: what was opened is closed before its plugin stops.
    inner: Inner<UiInstance>,
    /// Nobody waits for its calls, so they are not timed; it says that a face stands here, and keeps out one that
    /// panicked.
    fence: Fence,
    plugin: Arc<Plugin>,
}

impl UiPlugin {
    /// Starts the face; its commands go to `commands`, from any thread. Thread: \[worker\].
    pub fn open(&self, options: &str, commands: Commands) -> Result<Face, Error> {
        self.plugin.before_use()?;
        let inner = match &self.table {
            Table::Here(table) => table.open(options, commands).map(Inner::Here),
            Table::Away(process) => talk::ui(process, options, commands).map(Inner::Away),
        };
        let inner = inner.map_err(|refusal| self.refused(refusal))?;
        let fence = self.plugin.fence(None);
        fence.stands("face".to_owned());
        Ok(Face {
            inner,
            fence,
            plugin: Arc::clone(&self.plugin),
        })
    }
}

impl Face {
    /// The plugin's id.
    pub fn plugin(&self) -> &str {
        &self.plugin.about.id
    }

    /// Tells it one line. After [`Status::PANIC`], [`Status::LOST`] and [`Status::GARBAGE`] it takes no more. Thread:
    /// \[worker\].
    pub fn event(&mut self, json: &str) -> Result<(), Status> {
        let inner = &mut self.inner;
        let told = self.fence.call(
            || Duration::ZERO,
            || match inner {
                Inner::Here(face) => face.event(json),
                Inner::Away(talk) => talk.event(json),
            },
        );
        told.map_err(|trouble| match trouble {
            Trouble::Failed(status) => status,
            Trouble::Poisoned => Status::PANIC,
            Trouble::Bypassed | Trouble::Refused | Trouble::SwitchedOff => Status::LOST,
        })
    }
}

/// An open directory.
pub type Directory = Opened<DirectoryInstance>;

impl DirectoryPlugin {
    /// Opens it. Thread: \[worker\].
    pub fn open(&self, options: &str) -> Result<Directory, Error> {
        self.opened(
            |table| table.open(options),
            || words::Talk::Directory {
                options: options.to_owned(),
            },
        )
    }
}

impl Directory {
    /// Looks up; the plugin's JSON. Thread: \[worker\].
    pub fn search(&mut self, query: &str) -> Result<String, Refusal> {
        match &mut self.inner {
            Inner::Here(directory) => directory.search(query),
            Inner::Away(talk) => talk.search(query),
        }
    }
}

impl TonePlugin {
    /// The names it knows, a JSON array. Thread: \[control\].
    pub fn names(&self) -> Result<String, Error> {
        let said = match &self.table {
            Table::Here(table) => table.names(),
            Table::Away(process) => match process.ask(&Ask::ToneNames) {
                Ok(Answer::Text(said)) => Ok(said),
                Ok(_) => Err(nonsense()),
                Err(refusal) => Err(refusal),
            },
        };
        said.map_err(|refusal| self.refused(refusal))
    }

    /// Prepares a tone. Thread: \[control\].
    pub fn open(&self, name: &str, sample_rate_hz: u32, options: &str) -> Result<Tone, Error> {
        self.plugin.before_use()?;
        let fence = self.plugin.fence(self.table.timing(self.clock));
        let opened = match &self.table {
            Table::Here(table) => table.open(name, sample_rate_hz, options).map(Played::Here),
            Table::Away(process) => process
                .open(
                    Media::Tone {
                        name: name.to_owned(),
                        sample_rate_hz,
                        options: options.to_owned(),
                    },
                    fence.meter(),
                    When::Now,
                )
                .map(|caller| Played::Away(AwayTone::new(caller))),
        };
        let inner = opened.map_err(|refusal| self.refused(refusal))?;
        Ok(Tone {
            inner,
            fence,
            _plugin: Arc::clone(&self.plugin),
        })
    }
}

/// Where the tone is.
#[derive(Debug)]
enum Played {
    Here(tone::ToneInstance),
    Away(AwayTone),
}

/// A tone that plays. Move it to the media thread, and back to control to drop it.
#[derive(Debug)]
pub struct Tone {
    // Before the plugin: what was opened is closed before its plugin stops.
    inner: Played,
    fence: Fence,
    _plugin: Arc<Plugin>,
}

impl Tone {
    /// Fills `pcm`; after trouble it is silence. Thread: \[media\].
    pub fn read(&mut self, pcm: &mut [i16]) -> Result<Captured, Trouble> {
        const BLOCK: Duration = Duration::from_millis(10);
        let result = self.fence.call(
            || BLOCK,
            || match &mut self.inner {
                Played::Here(tone) => tone.read(pcm),
                Played::Away(tone) => tone.read(pcm),
            },
        );
        if result.is_err() {
            pcm.fill(0);
        }
        result
    }
}
