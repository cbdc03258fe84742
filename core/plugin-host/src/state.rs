//! What is remembered of plugins from start to start: who is switched off, who was being started or first used
//! when an earlier start ended uncleanly, and which files were looked at.
//!
//! Two files in the state folder: `plugins.json`, and `plugins-at-risk`, which is there only while library
//! code runs that has not proved itself. Each is written beside and renamed. A folder that cannot be
//! written is told once and costs the memory, not the start.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Unclean starts that name a plugin, one after the other, before it is switched off.
const UNCLEAN: u32 = 2;
/// Files whose look is remembered; the memory starts anew beyond.
const LOOKS: usize = 512;
/// Name of the file in which it is remembered who is off, and what looks gave.
pub const KEPT: &str = "plugins.json";
const AT_RISK: &str = "plugins-at-risk";
const LOCK: &str = "plugins.lock";

/// Who switched a plugin off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OffBy {
    /// A person.
    Command,
    /// Two starts that ended uncleanly while it was being started or first used.
    UncleanStarts,
}

/// What a look at a file gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Look {
    /// It loads and starts.
    Good,
    /// The process that looked died or hung: how.
    Broke(String),
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    off: BTreeMap<String, OffBy>,
    unclean: BTreeMap<String, u32>,
    looks: BTreeMap<String, Look>,
}

#[derive(Debug, Default)]
struct Inner {
    kept: Kept,
    at_risk: BTreeSet<String>,
    /// Told that the folder cannot be written.
    told: bool,
}

/// The memory of one engine; one profile, one folder. A second engine of the same folder reads it and changes nothing.
#[derive(Debug)]
pub struct PluginMemory {
    folder: PathBuf,
    /// Locked as long as it is open. None where no file can be made; then nothing can be remembered anyhow.
    _lock: Option<File>,
    in_use: Option<NotKept>,
    inner: Mutex<Inner>,
}

/// Why nothing new is remembered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotKept {
    /// Another engine has this memory.
    #[error("what is remembered of plugins in {} belongs to another engine that runs, process {process}", folder.display())]
    InUse {
        /// Where it is.
        folder: PathBuf,
        /// The number of its process, as it wrote it.
        process: String,
    },
    /// It cannot be written. What was asked for holds as long as this engine runs.
    #[error("{} cannot be written: {why}", folder.display())]
    Unwritable {
        /// Where it is.
        folder: PathBuf,
        /// What the system says.
        why: String,
    },
}

impl PluginMemory {
    /// Reads the folder. A start that left plugins at risk is counted against each of them, and what it left
    /// is taken away.
    pub fn open(folder: &Path) -> Self {
        let read = std::fs::read(folder.join(KEPT)).ok();
        let kept = read.map(|json| serde_json::from_slice::<Kept>(&json));
        let mut kept = match kept {
            None => Kept::default(),
            Some(Ok(kept)) => kept,
            Some(Err(error)) => {
                tracing::warn!(%error, folder = %folder.display(), "what was remembered of plugins is lost");
                Kept::default()
            }
        };
        let (lock, in_use) = match locked(folder) {
            Ok(lock) => (lock, None),
            Err(in_use) => {
                tracing::warn!(%in_use, "nothing new is remembered of plugins");
                (None, Some(in_use))
            }
        };
        // Of an engine that runs it says nothing yet.
        let left = match in_use {
            Some(_) => String::new(),
            None => std::fs::read_to_string(folder.join(AT_RISK)).unwrap_or_default(),
        };
        let named: BTreeSet<&str> = left.lines().filter(|line| !line.is_empty()).collect();
        for id in &named {
            let count = kept.unclean.entry((*id).to_owned()).or_default();
            *count += 1;
            if *count >= UNCLEAN {
                kept.off
                    .entry((*id).to_owned())
                    .or_insert(OffBy::UncleanStarts);
            }
        }
        let memory = Self {
            folder: folder.to_owned(),
            _lock: lock,
            in_use,
            inner: Mutex::new(Inner {
                kept,
                ..Inner::default()
            }),
        };
        if !named.is_empty() {
            tracing::warn!(plugins = ?named, "the last start ended while these were being started or first used");
            let mut inner = memory.inner();
            // Complained of in the log.
            let _ = memory.write(&mut inner);
            memory.mark(&mut inner);
        }
        memory
    }

    /// Who switched it off.
    pub fn off(&self, id: &str) -> Option<OffBy> {
        self.inner().kept.off.get(id).copied()
    }

    /// Switches it off from the next start on. `false`: it was.
    pub fn switch_off(&self, id: &str) -> Result<bool, NotKept> {
        self.is_ours()?;
        let mut inner = self.inner();
        let fresh = inner
            .kept
            .off
            .insert(id.to_owned(), OffBy::Command)
            .is_none();
        self.write(&mut inner)?;
        Ok(fresh)
    }

    /// Switches it on from the next start on, and forgets what was held against it. `false`: it was on.
    pub fn switch_on(&self, id: &str) -> Result<bool, NotKept> {
        self.is_ours()?;
        let mut inner = self.inner();
        let was_off = inner.kept.off.remove(id).is_some();
        inner.kept.unclean.remove(id);
        inner.kept.looks.retain(|_, look| *look == Look::Good);
        self.write(&mut inner)?;
        Ok(was_off)
    }

    fn is_ours(&self) -> Result<(), NotKept> {
        self.in_use.clone().map_or(Ok(()), Err)
    }

    /// Code of this plugin runs now and has not proved itself.
    pub(crate) fn at_risk(&self, id: &str) {
        let mut inner = self.inner();
        if inner.at_risk.insert(id.to_owned()) {
            self.mark(&mut inner);
        }
    }

    /// It came through; a count against it stays until it is [`proven`](Self::proven).
    pub(crate) fn came_through(&self, id: &str) {
        let mut inner = self.inner();
        if inner.at_risk.remove(id) {
            self.mark(&mut inner);
        }
    }

    /// It was used and went well.
    pub(crate) fn proven(&self, id: &str) {
        self.came_through(id);
        let mut inner = self.inner();
        if inner.kept.unclean.remove(id).is_some() {
            // Complained of in the log.
            let _ = self.write(&mut inner);
        }
    }

    /// What an earlier look gave.
    pub(crate) fn look(&self, key: &str) -> Option<Look> {
        self.inner().kept.looks.get(key).cloned()
    }

    pub(crate) fn remember(&self, key: &str, look: Look) {
        let mut inner = self.inner();
        if inner.kept.looks.len() >= LOOKS {
            inner.kept.looks.clear();
        }
        inner.kept.looks.insert(key.to_owned(), look);
        // Complained of in the log.
        let _ = self.write(&mut inner);
    }

    fn mark(&self, inner: &mut Inner) {
        if self.in_use.is_some() {
            return;
        }
        let path = self.folder.join(AT_RISK);
        let done = match inner.at_risk.is_empty() {
            true => match std::fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
                Ok(()) | Err(_) => Ok(()),
            },
            false => {
                let names: Vec<&str> = inner.at_risk.iter().map(String::as_str).collect();
                replace(&path, names.join("\n").as_bytes())
            }
        };
        self.complain(inner, done);
    }

    fn write(&self, inner: &mut Inner) -> Result<(), NotKept> {
        self.is_ours()?;
        let json = serde_json::to_vec_pretty(&inner.kept).expect("plain values always become JSON");
        let done = replace(&self.folder.join(KEPT), &json);
        let failed = done.as_ref().err().map(|why| NotKept::Unwritable {
            folder: self.folder.clone(),
            why: why.to_string(),
        });
        self.complain(inner, done);
        failed.map_or(Ok(()), Err)
    }

    fn complain(&self, inner: &mut Inner, done: std::io::Result<()>) {
        if let Err(error) = done
            && !std::mem::replace(&mut inner.told, true)
        {
            tracing::warn!(%error, folder = %self.folder.display(), "nothing can be remembered of plugins");
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The engine ends in order: nobody is at risk any more.
impl Drop for PluginMemory {
    fn drop(&mut self) {
        let mut inner = self.inner();
        if !inner.at_risk.is_empty() {
            inner.at_risk.clear();
            self.mark(&mut inner);
        }
    }
}

/// The lock of this folder, if one can be made. The system takes it back when the process ends, however that is.
fn locked(folder: &Path) -> Result<Option<File>, NotKept> {
    let path = folder.join(LOCK);
    let make = || {
        std::fs::create_dir_all(folder)?;
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        options.open(&path)
    };
    let Ok(mut file) = make() else {
        return Ok(None);
    };
    match file.try_lock() {
        Ok(()) => {
            // Only for people; who has the lock is known by the lock.
            let _ = file.set_len(0);
            let _ = write!(file, "{}", std::process::id());
            Ok(Some(file))
        }
        Err(TryLockError::WouldBlock) => Err(NotKept::InUse {
            folder: folder.to_owned(),
            process: std::fs::read_to_string(&path).unwrap_or_default(),
        }),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}

fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension("new");
    std::fs::write(&beside, bytes)?;
    std::fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A start that ends as if the process had been killed, after `during`.
    fn killed(folder: &Path, during: impl FnOnce(&PluginMemory)) {
        let memory = PluginMemory::open(folder);
        during(&memory);
        // With the process its lock would go.
        std::fs::remove_file(folder.join(LOCK)).unwrap();
        std::mem::forget(memory);
    }

    #[test]
    fn two_unclean_starts_in_a_row_switch_a_plugin_off_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        killed(folder.path(), |memory| {
            memory.at_risk("good");
            memory.came_through("good");
            memory.at_risk("codec-x");
        });
        killed(folder.path(), |memory| {
            assert_eq!(memory.off("codec-x"), None, "once is no proof");
            memory.at_risk("codec-x");
        });
        let memory = PluginMemory::open(folder.path());
        assert_eq!(memory.off("codec-x"), Some(OffBy::UncleanStarts));
        assert_eq!(memory.off("good"), None);
        assert_eq!(memory.switch_on("codec-x"), Ok(true));
        drop(memory);
        killed(folder.path(), |memory| memory.at_risk("codec-x"));
        let memory = PluginMemory::open(folder.path());
        assert_eq!(memory.off("codec-x"), None, "counted anew");
    }

    #[test]
    fn what_proved_itself_in_between_and_what_ended_in_order_is_not_counted() {
        let folder = tempfile::tempdir().unwrap();
        killed(folder.path(), |memory| memory.at_risk("codec-x"));
        killed(folder.path(), |memory| {
            memory.at_risk("codec-x");
            memory.proven("codec-x");
            memory.at_risk("codec-x");
        });
        let memory = PluginMemory::open(folder.path());
        assert_eq!(memory.off("codec-x"), None);
        memory.at_risk("codec-x");
        drop(memory);
        assert_eq!(PluginMemory::open(folder.path()).off("codec-x"), None);
    }

    #[test]
    fn a_broken_memory_and_a_folder_that_cannot_be_written_cost_no_start() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(KEPT), "{").unwrap();
        assert_eq!(PluginMemory::open(folder.path()).switch_off("a"), Ok(true));
        assert_eq!(
            PluginMemory::open(folder.path()).off("a"),
            Some(OffBy::Command)
        );
        let memory = PluginMemory::open(&folder.path().join(KEPT).join("below a file"));
        memory.at_risk("a");
        let refused = memory.switch_off("a").unwrap_err();
        assert!(matches!(refused, NotKept::Unwritable { .. }), "{refused}");
        assert_eq!(
            memory.off("a"),
            Some(OffBy::Command),
            "as long as this engine runs"
        );
    }

    #[test]
    fn of_two_engines_of_one_folder_the_second_changes_nothing_and_says_who_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = PluginMemory::open(folder.path());
        assert_eq!(first.switch_off("a"), Ok(true));
        first.at_risk("b");
        let second = PluginMemory::open(folder.path());
        assert_eq!(second.off("a"), Some(OffBy::Command), "it is off for both");
        let refused = second.switch_off("b").unwrap_err();
        let NotKept::InUse { process, .. } = refused else {
            panic!("{refused}");
        };
        assert_eq!(process, std::process::id().to_string());
        assert!(second.switch_on("a").is_err());
        second.at_risk("c");
        second.remember("x", Look::Good);
        drop(second);
        let at_risk = std::fs::read_to_string(folder.path().join(AT_RISK)).unwrap();
        assert_eq!(
            at_risk, "b",
            "the second one's start and end are not the first one's"
        );
        drop(first);
        let next = PluginMemory::open(folder.path());
        assert_eq!((next.off("a"), next.off("b")), (Some(OffBy::Command), None));
        assert_eq!((next.look("x"), next.switch_on("a")), (None, Ok(true)));
    }
}
