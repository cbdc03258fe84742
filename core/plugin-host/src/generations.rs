//! Generations: a newer build of a plugin takes the place of the running one without a restart.
//!
//! What is opened from then on is of the new generation; what was opened before keeps its own alive, and that
//! stops when the last instance goes. Its library stays loaded: code that has touched a thread-local cannot be
//! taken out of a process safely. So each build that runs in this process costs its mappings until the process
//! ends; [`Build`] says how much. The same build again maps nothing: it is known by its hash. A build in a
//! process of its own ends with that.

mod newer;

pub use newer::{Looked, Newer};

use crate::admit::Passed;
use crate::shelves::Shelves;
use crate::started::{Code, Plugin};
use crate::{Catalogue, CodecHandle, Error, Manifest, Origin, Trust};
use plugin::EntryHandle;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

/// A new generation, and the one whose place it took. That one is kept alive by this: drop it once nobody
/// wants it back.
#[derive(Debug)]
pub struct Reloaded {
    /// The new one's number. Range: 2 and up.
    pub generation: u32,
    before: Generation,
    by: Weak<Plugin>,
}

/// One build of a plugin that this engine has started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The latest generation that it was. Range: 1 and up.
    pub generation: u32,
    /// Its own version.
    pub version: String,
    /// Where it came from.
    pub origin: Origin,
    /// Its file's hash, where it is known. Lower case hexadecimal.
    pub sha256: Option<String>,
    /// Address space of this process that its library takes until the process ends; 0 for what is linked in
    /// or has a process of its own. Unit: bytes.
    pub mapped_bytes: u64,
    /// Whether what is opened now is of this build.
    pub is_current: bool,
    /// Whether it has not stopped: it is current, or something that was opened of it is still open.
    pub in_use: bool,
}

/// A started plugin and where it is found by.
#[derive(Debug)]
struct Generation {
    plugin: Arc<Plugin>,
    codecs: Vec<CodecHandle>,
    shelves: Shelves,
}

/// A build that was started.
#[derive(Debug)]
struct Started {
    build: Build,
    plugin: Weak<Plugin>,
    /// To start it again, once it has stopped; of this process only.
    entry: Option<EntryHandle>,
}

/// All builds of one plugin. Bound: one entry for each distinct file and process.
#[derive(Debug)]
struct Line {
    generation: u32,
    builds: Vec<Started>,
}

/// Plugins that were replaced, by id.
#[derive(Debug, Default)]
pub(crate) struct Generations {
    lines: BTreeMap<String, Line>,
}

impl Catalogue {
    /// Puts the library at `path` in the place of the plugin `id`, in the process that `trusted` says; its
    /// error says why it is kept out. Refused, everything stays as it was. Where calls run, the three steps of
    /// this are taken one by one: [`newer`](Self::newer), [`Newer::look`], [`take_over`](Self::take_over).
    /// Thread: \[control\].
    pub fn reload(
        &mut self,
        id: &str,
        path: &Path,
        trusted: impl Fn(&Path, &Manifest) -> Result<Trust, String>,
    ) -> Result<Reloaded, Error> {
        let newer = self.newer(id, path)?;
        self.take_over(newer.look(trusted)?)
    }

    /// First step: what is to be found out of the library at `path`. Takes no time. Thread: \[control\].
    pub fn newer(&mut self, id: &str, path: &Path) -> Result<Newer, Error> {
        let running = Arc::clone(self.running(id)?);
        let lines = &mut self.generations.lines;
        let line = lines
            .entry(id.to_owned())
            .or_insert_with(|| Line::starting_with(&running));
        let away = line.builds.iter().filter_map(Started::away).collect();
        Ok(Newer {
            id: id.to_owned(),
            kind: running.about.kind,
            path: path.to_owned(),
            next: self.empty_like(),
            away,
        })
    }

    /// Last step: puts what was looked at in the plugin's place. Code that is to run in this process is started
    /// here. Thread: \[control\].
    pub fn take_over(&mut self, looked: Looked) -> Result<Reloaded, Error> {
        let Looked { id, next, passed } = looked;
        let next = self.next(next, passed)?;
        let next = self.can_all(&id, next)?;
        Ok(self.publish(next))
    }

    /// The file that a plugin came from; `None` for one that is linked in.
    pub fn source(&self, id: &str) -> Result<Option<PathBuf>, Error> {
        Ok(match &self.running(id)?.about.origin {
            Origin::BuiltIn => None,
            Origin::File(path) | Origin::Isolated(path) => Some(path.clone()),
        })
    }

    /// Puts the generation before back, if the new one is still the current one: whether it was. What is open
    /// stays as it is. Thread: \[control\].
    pub fn roll_back(&mut self, reloaded: Reloaded) -> bool {
        let Reloaded { before, by, .. } = reloaded;
        let running = self.running(&before.plugin.about.id);
        let is_current = running.is_ok_and(|running| Arc::as_ptr(running) == Weak::as_ptr(&by));
        if is_current {
            self.publish(before);
        }
        is_current
    }

    /// Every build of a plugin that this engine has started, the first one first. Empty if there is no such
    /// plugin.
    pub fn builds(&self, id: &str) -> Vec<Build> {
        let Ok(running) = self.running(id) else {
            return Vec::new();
        };
        let Some(line) = self.generations.lines.get(id) else {
            return vec![first(running)];
        };
        let seen = line.builds.iter().map(|started| Build {
            is_current: Weak::as_ptr(&started.plugin) == Arc::as_ptr(running),
            in_use: started.plugin.strong_count() > 0,
            ..started.build.clone()
        });
        seen.collect()
    }

    fn running(&self, id: &str) -> Result<&Arc<Plugin>, Error> {
        let found = self.plugins.iter().find(|plugin| plugin.about.id == id);
        found.ok_or_else(|| {
            let have = self.plugins().map(|about| about.id.clone()).collect();
            self.missing(format!("plugin {id:?}"), have)
        })
    }

    /// The new generation, started, on shelves of its own.
    fn next(&self, mut next: Self, passed: Option<Passed>) -> Result<Generation, Error> {
        if let Some(passed) = passed {
            let known = self.generations.lines.get(&passed.manifest.id);
            let known = known.and_then(|line| line.like(&passed));
            let entry = known.and_then(|known| known.entry.clone());
            match (known.and_then(|known| known.plugin.upgrade()), entry) {
                (Some(plugin), _) => next.stand(plugin)?,
                (None, Some(entry)) => next.begin_loaded(passed, entry)?,
                (None, None) => next.begin(passed)?,
            }
        }
        let Catalogue {
            mut plugins,
            codecs,
            shelves,
            ..
        } = next;
        match plugins.pop() {
            Some(plugin) => Ok(Generation {
                plugin,
                codecs,
                shelves,
            }),
            None => Err(self.missing("plugin".into(), Vec::new())),
        }
    }

    /// One that runs already, on the shelves of this one too.
    fn stand(&mut self, plugin: Arc<Plugin>) -> Result<(), Error> {
        self.shelve(&plugin)?;
        self.plugins.push(plugin);
        Ok(())
    }

    /// Whether the new one has every format of the running one: offers name them as long as the host runs.
    fn can_all(&self, id: &str, next: Generation) -> Result<Generation, Error> {
        let running = self.codecs.iter().filter(|codec| codec.plugin() == id);
        for old in running.map(CodecHandle::format) {
            let mut new = next.codecs.iter().map(CodecHandle::format);
            if !new.any(|new| (&new.name, new.clock_rate_hz) == (&old.name, old.clock_rate_hz)) {
                return Err(Error::Lacks {
                    plugin: id.to_owned(),
                    format: format!("{}/{}", old.name, old.clock_rate_hz),
                });
            }
        }
        Ok(next)
    }

    /// The new generation stands where the old one stood, also in the order of preference.
    fn publish(&mut self, next: Generation) -> Reloaded {
        let plugin = next.plugin;
        let id = plugin.about.id.clone();
        let codecs = in_place(&mut self.codecs, next.codecs, |codec| codec.plugin() == id);
        let shelves = self.shelves.replace(next.shelves, &id);
        let at = self.plugins.iter().position(|p| p.about.id == id);
        let by = Arc::downgrade(&plugin);
        let old = match at {
            Some(at) => core::mem::replace(&mut self.plugins[at], Arc::clone(&plugin)),
            None => Arc::clone(&plugin),
        };
        let lines = &mut self.generations.lines;
        let line = lines
            .entry(id.clone())
            .or_insert_with(|| Line::starting_with(&old));
        line.generation += 1;
        line.note(&plugin);
        let generation = line.generation;
        tracing::info!(plugin = id, generation, "plugin replaced");
        let before = Generation {
            plugin: old,
            codecs,
            shelves,
        };
        Reloaded {
            generation,
            before,
            by,
        }
    }
}

impl Line {
    fn starting_with(old: &Arc<Plugin>) -> Self {
        Self {
            generation: 1,
            builds: vec![Started::new(old, 1)],
        }
    }

    /// The build of this file that runs in the same process, if there was one.
    fn like(&self, passed: &Passed) -> Option<&Started> {
        let is_away = passed.trust == Trust::Isolated;
        let mut builds = self.builds.iter();
        builds.find(|started| started.is_of(Some(passed.library.hash()), is_away))
    }

    fn note(&mut self, plugin: &Arc<Plugin>) {
        let hash = plugin.about.sha256.as_deref();
        let is_away = matches!(plugin.code, Code::Away(..));
        let known = self.builds.iter_mut().find(|started| {
            let is_same = Weak::as_ptr(&started.plugin) == Arc::as_ptr(plugin);
            is_same || started.is_of(hash, is_away)
        });
        match known {
            Some(known) => {
                known.build.generation = self.generation;
                known.plugin = Arc::downgrade(plugin);
            }
            None => self.builds.push(Started::new(plugin, self.generation)),
        }
    }
}

impl Started {
    fn new(plugin: &Arc<Plugin>, generation: u32) -> Self {
        Self {
            build: Build {
                generation,
                ..first(plugin)
            },
            plugin: Arc::downgrade(plugin),
            entry: match &plugin.code {
                Code::Here(entry, _) => Some(entry.clone()),
                Code::Away(..) => None,
            },
        }
    }

    /// Its hash, where it runs in a process of its own.
    fn away(&self) -> Option<(String, Weak<Plugin>)> {
        let is_away = matches!(self.build.origin, Origin::Isolated(_));
        let hash = self.build.sha256.clone().filter(|_| is_away)?;
        Some((hash, Weak::clone(&self.plugin)))
    }

    /// Whether it is of the file with this hash, in this process or not.
    fn is_of(&self, hash: Option<&str>, is_away: bool) -> bool {
        let runs_away = matches!(self.build.origin, Origin::Isolated(_));
        hash.is_some() && self.build.sha256.as_deref() == hash && runs_away == is_away
    }
}

fn first(plugin: &Plugin) -> Build {
    let about = &plugin.about;
    Build {
        generation: 1,
        version: about.version.clone(),
        origin: about.origin.clone(),
        sha256: about.sha256.clone(),
        mapped_bytes: plugin.mapped_bytes,
        is_current: true,
        in_use: true,
    }
}

/// Puts `new` where the first of the old ones stands, and takes the old ones away.
pub(crate) fn in_place<T>(shelf: &mut Vec<T>, new: Vec<T>, is_old: impl Fn(&T) -> bool) -> Vec<T> {
    let at = shelf.iter().position(&is_old).unwrap_or(shelf.len());
    let old = shelf.extract_if(.., |item| is_old(item)).collect();
    shelf.splice(at..at, new);
    old
}
