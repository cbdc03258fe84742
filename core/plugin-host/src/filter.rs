//! A filter, and its instances behind their fence.

use crate::catalogue::Plugin;
use crate::fence::{Fence, Tally, Trouble};
use crate::{Error, Ready};
use base::Duration;
use plugin::FilterRequest;
use std::sync::Arc;

/// A filter.
pub type FilterPlugin = Ready<plugin::FilterHandle>;

/// What a filter turns at a time.
const BLOCK: Duration = Duration::from_millis(10);

impl FilterPlugin {
    /// Makes an instance. Thread: \[control\].
    pub fn open(&self, request: &FilterRequest<'_>) -> Result<FilterInstance, Error> {
        let opened = self.table.open(request);
        Ok(FilterInstance {
            inner: opened.map_err(|refusal| self.refused(refusal))?,
            fence: Fence::new(self.clock),
            plugin: Arc::clone(&self.plugin),
        })
    }
}

/// An open filter. Move it to the media thread, and back to control to drop it.
///
/// No call allocates, locks or logs on this side of the boundary.
#[derive(Debug)]
pub struct FilterInstance {
    // Before the plugin: what was opened is closed before its plugin stops.
    inner: plugin::FilterInstance,
    fence: Fence,
    plugin: Arc<Plugin>,
}

impl FilterInstance {
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

    /// Turns `near` into `out`; after trouble `out` is `near` as it is. `far` is what went to the
    /// loudspeaker, `delay_samples` ago at the microphone. All are one block. Thread: \[media\].
    #[inline]
    pub fn process(
        &mut self,
        near: &[i16],
        far: Option<&[i16]>,
        delay_samples: u32,
        out: &mut [i16],
    ) -> Result<(), Trouble> {
        let result = self.fence.call(
            || BLOCK,
            || self.inner.process(near, far, delay_samples, out),
        );
        if result.is_err() && out.len() == near.len() {
            out.copy_from_slice(near);
        }
        result
    }

    /// How much later the sound comes out; 0 once it is shut out. Unit: samples. Thread: \[media\].
    pub fn latency(&mut self) -> u32 {
        self.fence
            .call(|| BLOCK, || Ok(self.inner.latency()))
            .unwrap_or(0)
    }
}
