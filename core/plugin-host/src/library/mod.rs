//! A library file as it was when it was read: what is looked at, hashed and run is the same bytes, whatever becomes
//! of the file meanwhile.
//!
//! A library is run from a copy in memory that nobody can change any more. Written over, cut short or exchanged, the
//! file neither ends a process that runs its code nor puts other code under a hash that was asked for, also when the
//! process is started again.

mod os {
    pub(super) mod linux;
}

use crate::gate::sha256;
use crate::{Error, Manifest, elf};
use std::cell::OnceCell;
use std::io::Read as _;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Largest library that is looked into. Unit: bytes.
const LARGEST_FILE: u64 = 512 << 20;

/// The bytes of a library file.
#[derive(Debug)]
pub(crate) struct Library {
    path: PathBuf,
    bytes: Vec<u8>,
    hash: OnceCell<String>,
}

/// A copy of a library in memory, to be run as often as is wanted.
#[derive(Debug)]
pub(crate) struct Held(OwnedFd);

impl Library {
    /// Reads it whole, if its first bytes are those of a library.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let unreadable = |reason: String| Error::Unreadable {
            path: path.to_owned(),
            reason,
        };
        let io = |error: std::io::Error| unreadable(error.to_string());
        let mut file = os::linux::open(path).map_err(io)?;
        let length = file.metadata().map_err(io)?.len();
        let mut bytes = Vec::new();
        let mut head = (&mut file).take(elf::HEAD as u64);
        head.read_to_end(&mut bytes).map_err(io)?;
        elf::is_library(&bytes).map_err(|why| crate::manifest::not_elf(path, why))?;
        if length > LARGEST_FILE {
            return Err(unreadable(format!(
                "{length} bytes are more than any plugin has"
            )));
        }
        // It may have grown since.
        let mut rest = file.take(LARGEST_FILE);
        rest.read_to_end(&mut bytes).map_err(io)?;
        Ok(Self {
            path: path.to_owned(),
            bytes,
            hash: OnceCell::new(),
        })
    }

    /// Where it was.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Address space that it takes once it is loaded. Unit: bytes.
    pub(crate) fn loaded_bytes(&self) -> u64 {
        elf::loaded_bytes(&self.bytes)
    }

    pub(crate) fn manifest(&self) -> Result<Manifest, Error> {
        Manifest::of_library(&self.path, &self.bytes)
    }

    /// SHA-256. Lower case hexadecimal.
    pub(crate) fn hash(&self) -> &str {
        self.hash.get_or_init(|| sha256(&self.bytes))
    }

    /// A copy to run; `id` is what the system's lists of mappings show.
    pub(crate) fn hold(&self, id: &str) -> Result<Held, Error> {
        let hash = self.hash().get(..16).unwrap_or_default();
        let copy = os::linux::sealed(&format!("{id}-{hash}"), &self.bytes);
        copy.map(Held).map_err(|error| Error::Unreadable {
            path: self.path.clone(),
            reason: format!("no memory for a copy of it: {error}"),
        })
    }
}

impl Held {
    /// One that another process has made.
    pub(crate) fn of(fd: OwnedFd) -> Self {
        Self(fd)
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Where this process can load it from, as long as this lives.
    pub(crate) fn place(&self) -> PathBuf {
        os::linux::place(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn of_what_is_no_library_only_the_first_bytes_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large.so");
        // Without blocks on the disk, but as long as any file may be.
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        let refused = Library::read(&path).unwrap_err();
        assert_eq!(refused.code(), "plugin.not-a-library");
        let mut head = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        head.truncate(elf::HEAD);
        // Type: a shared library.
        head[16..18].copy_from_slice(&[3, 0]);
        std::fs::write(&path, &head).unwrap();
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(1 << 40)
            .unwrap();
        assert_eq!(
            Library::read(&path).unwrap_err().code(),
            "plugin.unreadable"
        );
    }

    #[test]
    fn a_pipe_a_device_and_a_folder_are_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.so");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
        for path in [pipe.as_path(), Path::new("/dev/zero"), folder.path()] {
            let refused = Library::read(path).unwrap_err();
            assert_eq!(refused.code(), "plugin.unreadable");
            assert!(
                refused.to_string().contains("a pipe or a device"),
                "{refused}"
            );
        }
    }

    #[test]
    fn a_copy_cannot_be_changed_and_is_what_was_read() {
        let this = std::env::current_exe().unwrap();
        let library = Library {
            bytes: std::fs::read(&this).unwrap(),
            path: this,
            hash: OnceCell::new(),
        };
        let held = library.hold("codec-x").unwrap();
        assert_eq!(std::fs::read(held.place()).unwrap(), library.bytes);
        assert!(std::fs::write(held.place(), "x").is_err());
        let writer = File::options().write(true).open(held.place()).unwrap();
        assert!(writer.set_len(0).is_err());
    }
}
