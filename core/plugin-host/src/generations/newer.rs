//! The look at a newer build: what takes time of a replacement, and is done while control goes on.

use crate::admit::Passed;
use crate::catalogue::kind;
use crate::library::Library;
use crate::started::Plugin;
use crate::{Catalogue, Error, Kind, Manifest, Trust};
use std::path::{Path, PathBuf};
use std::sync::Weak;
use std::time::Duration;

/// How long the look at a file may take while calls run: whoever asked waits for it.
const LOOK: Duration = Duration::from_secs(2);

/// A newer build that is wanted in a plugin's place: all that is to be found out of it, away from control.
#[derive(Debug)]
pub struct Newer {
    pub(super) id: String,
    pub(super) kind: Kind,
    pub(super) path: PathBuf,
    /// Nothing in it yet.
    pub(super) next: Catalogue,
    /// Builds that run in processes of their own, by their hashes.
    pub(super) away: Vec<(String, Weak<Plugin>)>,
}

/// A newer build that may take a plugin's place. One with a process of its own runs already; it ends if this is
/// dropped.
#[derive(Debug)]
pub struct Looked {
    pub(super) id: String,
    /// With it, where it runs already.
    pub(super) next: Catalogue,
    /// To be started in this process.
    pub(super) passed: Option<Passed>,
}

impl Newer {
    /// Second step: everything that takes time. The file is read and looked at, in the process that `trusted`
    /// says; its error says why it is kept out. What has a process of its own is started. Bound: 2 s for the
    /// look, 5 s for the start. Thread: \[worker\].
    pub fn look(
        mut self,
        trusted: impl Fn(&Path, &Manifest) -> Result<Trust, String>,
    ) -> Result<Looked, Error> {
        let library = Library::read(&self.path)?;
        let manifest = library.manifest()?;
        if manifest.id != self.id {
            return Err(Error::OtherId {
                path: self.path,
                wanted: self.id,
                theirs: manifest.id,
            });
        }
        if kind(&manifest)? != self.kind {
            return Err(Error::WrongKind {
                plugin: manifest.id,
                kind: manifest.kind,
                reason: "the running one is of another kind",
            });
        }
        let trust = trusted(&self.path, &manifest).map_err(|reason| Error::KeptOut { reason })?;
        let gate = &mut self.next.gate;
        gate.prober = gate.prober.take().map(|prober| prober.within(LOOK));
        let passed = self.next.pass(library, manifest, trust)?;
        let passed = self.start(passed)?;
        Ok(Looked {
            id: self.id,
            next: self.next,
            passed,
        })
    }

    /// Starts what has a process of its own, unless the same build has one; gives back what is control's to start.
    fn start(&mut self, passed: Passed) -> Result<Option<Passed>, Error> {
        match passed.trust {
            Trust::Isolated => {
                let hash = passed.library.hash();
                let same = self.away.iter().find(|(theirs, _)| theirs == hash);
                let same = same.and_then(|(_, plugin)| plugin.upgrade());
                // One that was shut out stays so: the same file is started anew.
                match same.filter(|plugin| !plugin.is_shut_out()) {
                    Some(plugin) => self.next.stand(plugin)?,
                    None => self.next.begin(passed)?,
                }
                Ok(None)
            }
            Trust::InProcess | Trust::BuiltIn => Ok(Some(passed)),
        }
    }
}
