//! What is remembered of plugins from start to start: who is switched off, who was being started or first used
//! when an earlier start ended uncleanly, and which files were looked at.
//!
//! Two files in the state folder: `plugins.json`, and `plugins-at-risk`, which is there only while library
//! code runs that has not proved itself. Each is written beside and renamed. A folder that cannot be
//! written is told once and costs the memory, not the start.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Unclean starts that name a plugin, one after the other, before it is switched off.
const UNCLEAN: u32 = 2;
/// Files whose look is remembered; the memory starts anew beyond.
const LOOKS: usize = 512;
/// Name of the file in which it is remembered who is off, and what looks gave.
pub const KEPT: &str = "plugins.json";
const AT_RISK: &str = "plugins-at-risk";

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

/// The memory of one engine; one profile, one folder.
#[derive(Debug)]
pub struct PluginMemory {
    folder: PathBuf,
    inner: Mutex<Inner>,
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
        let left = std::fs::read_to_string(folder.join(AT_RISK)).unwrap_or_default();
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
            inner: Mutex::new(Inner {
                kept,
                ..Inner::default()
            }),
        };
        if !named.is_empty() {
            tracing::warn!(plugins = ?named, "the last start ended while these were being started or first used");
            let mut inner = memory.inner();
            memory.write(&mut inner);
            memory.mark(&mut inner);
        }
        memory
    }

    /// Who switched it off.
    pub fn off(&self, id: &str) -> Option<OffBy> {
        self.inner().kept.off.get(id).copied()
    }

    /// Switches it off from the next start on. `false`: it was.
    pub fn switch_off(&self, id: &str) -> bool {
        let mut inner = self.inner();
        let fresh = inner
            .kept
            .off
            .insert(id.to_owned(), OffBy::Command)
            .is_none();
        self.write(&mut inner);
        fresh
    }

    /// Switches it on from the next start on, and forgets what was held against it. `false`: it was on.
    pub fn switch_on(&self, id: &str) -> bool {
        let mut inner = self.inner();
        let was_off = inner.kept.off.remove(id).is_some();
        inner.kept.unclean.remove(id);
        inner.kept.looks.retain(|_, look| *look == Look::Good);
        self.write(&mut inner);
        was_off
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
            self.write(&mut inner);
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
        self.write(&mut inner);
    }

    fn mark(&self, inner: &mut Inner) {
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

    fn write(&self, inner: &mut Inner) {
        let json = serde_json::to_vec_pretty(&inner.kept).expect("plain values always become JSON");
        let done = replace(&self.folder.join(KEPT), &json);
        self.complain(inner, done);
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
        assert!(memory.switch_on("codec-x"));
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
        assert!(PluginMemory::open(folder.path()).switch_off("a"));
        assert_eq!(
            PluginMemory::open(folder.path()).off("a"),
            Some(OffBy::Command)
        );
        let memory = PluginMemory::open(&folder.path().join(KEPT).join("below a file"));
        memory.at_risk("a");
        assert!(memory.switch_off("a"));
    }
}
