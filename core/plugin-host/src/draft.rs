//! Kinds that are not promised yet, opened.

use crate::fence::{Fence, Trouble};
use crate::{Error, Held, Ready};
use base::Duration;
use plugin::Captured;
use plugin::draft::{directory, nat, security, tone, ui};

/// A NAT strategy.
pub type NatPlugin = Ready<nat::NatHandle>;
/// A way to agree on keys.
pub type SecurityPlugin = Ready<security::SecurityHandle>;
/// A face.
pub type UiPlugin = Ready<ui::UiHandle>;
/// A directory.
pub type DirectoryPlugin = Ready<directory::DirectoryHandle>;
/// A set of tones.
pub type TonePlugin = Ready<tone::ToneHandle>;

impl NatPlugin {
    /// Makes a machine from a JSON object. Thread: \[control\].
    pub fn open(&self, request: &str, seed: u64) -> Result<Held<nat::NatInstance>, Error> {
        self.held(self.table.open(request, seed))
    }
}

impl SecurityPlugin {
    /// Makes a machine from a JSON object. Thread: \[control\].
    pub fn open(
        &self,
        request: &str,
        seed: &[u8; 32],
    ) -> Result<Held<security::SecurityInstance>, Error> {
        self.held(self.table.open(request, seed))
    }
}

impl UiPlugin {
    /// Starts the face; its commands go to `commands`, from any thread. Thread: \[control\].
    pub fn open(
        &self,
        options: &str,
        commands: ui::Commands,
    ) -> Result<Held<ui::UiInstance>, Error> {
        self.held(self.table.open(options, commands))
    }
}

impl DirectoryPlugin {
    /// Opens it. Thread: \[worker\].
    pub fn open(&self, options: &str) -> Result<Held<directory::DirectoryInstance>, Error> {
        self.held(self.table.open(options))
    }
}

impl TonePlugin {
    /// The names it knows, a JSON array. Thread: \[control\].
    pub fn names(&self) -> Result<String, Error> {
        self.table.names().map_err(|refusal| self.refused(refusal))
    }

    /// Prepares a tone. Thread: \[control\].
    pub fn open(&self, name: &str, sample_rate_hz: u32, options: &str) -> Result<Tone, Error> {
        Ok(Tone {
            inner: self.held(self.table.open(name, sample_rate_hz, options))?,
            fence: Fence::new(self.clock),
        })
    }
}

/// A tone that plays. Move it to the media thread, and back to control to drop it.
#[derive(Debug)]
pub struct Tone {
    inner: Held<tone::ToneInstance>,
    fence: Fence,
}

impl Tone {
    /// Fills `pcm`; after trouble it is silence. Thread: \[media\].
    pub fn read(&mut self, pcm: &mut [i16]) -> Result<Captured, Trouble> {
        const BLOCK: Duration = Duration::from_millis(10);
        let result = self.fence.call(|| BLOCK, || self.inner.read(pcm));
        if result.is_err() {
            pcm.fill(0);
        }
        result
    }
}
