//! The one way by which a library file becomes a plugin, wherever its code is to run.
//!
//! 1. Its manifest is read from its bytes, and its kind is known.
//! 2. The host says how far it trusts the file, or keeps it out.
//! 3. It is not switched off, its hash is the one that is wanted, its options are allowed.
//! 4. A file that is to run here and is not known is looked at in another process.
//! 5. Only now its code runs: here, or in its own process.

use crate::config::Options;
use crate::library::Library;
use crate::{Catalogue, Error, Kind, Manifest, Refused, SearchPath, Trust, load};
use plugin::EntryHandle;
use std::path::{Path, PathBuf};

/// A file that may be started: [`Catalogue::pass`] made sure of it, and nothing else makes one.
#[derive(Debug)]
pub(crate) struct Passed {
    pub(crate) library: Library,
    pub(crate) manifest: Manifest,
    pub(crate) kind: Kind,
    pub(crate) options: Options,
    pub(crate) trust: Trust,
}

impl Catalogue {
    /// Adds one library file to this process. Thread: \[control\].
    pub fn add_file(&mut self, path: &Path) -> Result<(), Error> {
        self.add_one(path, Trust::InProcess)
    }

    /// Adds one library file in a process of its own: none of its code runs in this one.
    /// Thread: \[control\].
    pub fn add_isolated(&mut self, path: &Path) -> Result<(), Error> {
        self.add_one(path, Trust::Isolated)
    }

    /// As [`add_file`](Self::add_file), with these options instead of the settings'.
    pub(crate) fn add_file_with(&mut self, path: &Path, options: Options) -> Result<(), Error> {
        let library = Library::read(path)?;
        let manifest = library.manifest()?;
        self.options.insert(manifest.id.clone(), options);
        self.admit(library, manifest, Trust::InProcess)
    }

    fn add_one(&mut self, path: &Path, trust: Trust) -> Result<(), Error> {
        let library = Library::read(path)?;
        let manifest = library.manifest()?;
        self.admit(library, manifest, trust)
    }

    /// Looks at every library on the path and adds those whose manifest is `wanted` to this process; the
    /// error of `wanted` says why not. Files that are not used are listed by
    /// [`refused`](Self::refused) and stop nothing. Thread: \[control\].
    pub fn add_path(
        &mut self,
        path: &SearchPath,
        wanted: impl Fn(&Manifest) -> Result<(), String>,
    ) {
        self.add_path_trusted(path, |_, manifest| {
            wanted(manifest).map(|()| Trust::InProcess)
        });
    }

    /// The same, each file as far as `trusted` says. What is only to be built in is refused.
    pub fn add_path_trusted(
        &mut self,
        path: &SearchPath,
        trusted: impl Fn(&Path, &Manifest) -> Result<Trust, String>,
    ) {
        self.searched = path.clone();
        let (files, unreadable) = path.libraries();
        for (path, reason) in unreadable {
            let error = Error::Unreadable {
                path: path.clone(),
                reason,
            };
            self.refuse(path, None, error);
        }
        for path in files {
            let read = Library::read(&path).and_then(|library| Ok((library.manifest()?, library)));
            let (id, added) = match read {
                Ok((manifest, library)) => {
                    let id = manifest.id.clone();
                    let trust = trusted(&path, &manifest);
                    let trust = trust.map_err(|reason| Error::KeptOut { reason });
                    let added = trust.and_then(|trust| self.admit(library, manifest, trust));
                    (Some(id), added)
                }
                Err(error) => (error.plugin().map(str::to_owned), Err(error)),
            };
            if let Err(error) = added {
                self.refuse(path, id, error);
            }
        }
    }

    fn refuse(&mut self, path: PathBuf, id: Option<String>, error: Error) {
        tracing::warn!(code = error.code(), %error, fix = error.fix(), "plugin refused");
        self.refused.push(Refused { path, id, error });
    }

    fn admit(&mut self, library: Library, manifest: Manifest, trust: Trust) -> Result<(), Error> {
        self.check_new(&manifest.id)?;
        let passed = self.pass(library, manifest, trust)?;
        self.begin(passed)
    }

    /// Everything that can be refused without running the plugin's code in this process. Whoever starts a
    /// file, also in the place of another, needs what this gives.
    pub(crate) fn pass(
        &mut self,
        library: Library,
        manifest: Manifest,
        trust: Trust,
    ) -> Result<Passed, Error> {
        let kind = crate::catalogue::kind(&manifest)?;
        let options = self.options_of(&manifest)?;
        self.gate.check(&library, &manifest, &options, trust)?;
        Ok(Passed {
            library,
            manifest,
            kind,
            options,
            trust,
        })
    }

    /// Starts what has passed. Who is at risk is written down before code of it runs here, so that a start
    /// that ends with it is held against it.
    pub(crate) fn begin(&mut self, passed: Passed) -> Result<(), Error> {
        match passed.trust {
            Trust::Isolated => self.start_away(passed),
            Trust::InProcess => {
                let entry = |passed: &Passed| load::load_library(&passed.library, &passed.manifest);
                self.begin_here(passed, entry)
            }
            Trust::BuiltIn => Err(Error::KeptOut {
                reason: format!(
                    "plugin {} may only be linked in, and this is a library file",
                    passed.manifest.id
                ),
            }),
        }
    }

    /// The same, of a library that is loaded already.
    pub(crate) fn begin_loaded(&mut self, passed: Passed, entry: EntryHandle) -> Result<(), Error> {
        self.begin_here(passed, |_| Ok(entry))
    }

    fn begin_here(
        &mut self,
        passed: Passed,
        load: impl FnOnce(&Passed) -> Result<EntryHandle, Error>,
    ) -> Result<(), Error> {
        let memory = self.gate.memory.clone();
        let id = passed.manifest.id.clone();
        if let Some(memory) = &memory {
            memory.at_risk(&id);
        }
        let started = load(&passed).and_then(|entry| {
            self.start(
                entry,
                &passed.manifest,
                Some(&passed.library),
                &passed.options,
            )
        });
        if let Some(memory) = &memory {
            memory.came_through(&id);
        }
        started
    }
}
