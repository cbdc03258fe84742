//! A DTMF method, and its listeners behind their fence.

use crate::catalogue::Plugin;
use crate::fence::{Fence, Tally, Trouble};
use crate::{Error, Ready};
use base::Duration;
use plugin::{DtmfHeard, DtmfListen, DtmfRequest, DtmfStep, Status};
use std::sync::Arc;

/// A DTMF method.
pub type DtmfMethod = Ready<plugin::DtmfHandle>;

/// What a listener hears at a time.
const BLOCK: Duration = Duration::from_millis(10);

impl DtmfMethod {
    /// What it says of itself; it was asked when it was started. Thread: \[control\].
    pub fn abilities(&self) -> plugin::Abilities {
        self.table
            .about()
            .map(|about| about.abilities)
            .unwrap_or_default()
    }

    /// As settings spell it. Thread: \[control\].
    pub fn name(&self) -> String {
        self.table
            .about()
            .map(|about| about.name)
            .unwrap_or_default()
    }

    /// What to send for one key; `None` when it cannot be used in this call. Thread: \[control\].
    pub fn plan(&self, request: &DtmfRequest<'_>) -> Result<Option<Vec<DtmfStep>>, Error> {
        match self.table.plan(request) {
            Ok(plan) => Ok(Some(plan)),
            Err(refusal) if refusal.status == Status::UNSUPPORTED => Ok(None),
            Err(refusal) => Err(self.refused(refusal)),
        }
    }

    /// Reads a key from an INFO request. Thread: \[control\].
    pub fn hear_info(&self, content_type: &str, body: &str) -> Option<DtmfHeard> {
        self.table.hear_info(content_type, body)
    }

    /// Makes a listener. Thread: \[control\].
    pub fn open(&self, request: &DtmfListen<'_>) -> Result<DtmfListener, Error> {
        let opened = self.table.open(request);
        Ok(DtmfListener {
            inner: opened.map_err(|refusal| self.refused(refusal))?,
            fence: Fence::new(self.clock),
            plugin: Arc::clone(&self.plugin),
        })
    }
}

/// An open listener. Move it to the media thread, and back to control to drop it.
///
/// No call allocates, locks or logs on this side of the boundary.
#[derive(Debug)]
pub struct DtmfListener {
    // Before the plugin: what was opened is closed before its plugin stops.
    inner: plugin::DtmfInstance,
    fence: Fence,
    plugin: Arc<Plugin>,
}

impl DtmfListener {
    /// The plugin's id.
    pub fn plugin(&self) -> &str {
        &self.plugin.about.id
    }

    /// Its fence, to reopen it.
    pub fn fence(&mut self) -> &mut Fence {
        &mut self.fence
    }

    /// What happened so far at the fence.
    pub fn tally(&self) -> Tally {
        self.fence.tally()
    }

    /// Looks at 10 ms of audio; `heard` takes each key that was found. Thread: \[media\].
    pub fn listen(&mut self, pcm: &[i16], heard: impl FnMut(DtmfHeard)) -> Result<(), Trouble> {
        self.fence.call(|| BLOCK, || self.inner.listen(pcm, heard))
    }
}
