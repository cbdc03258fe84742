//! A filter, and its instances behind their fence.

use crate::away::media::AwayFilter;
use crate::away::process::When;
use crate::away::words::Media;
use crate::budget::Tally;
use crate::fence::{Fence, Trouble};
use crate::ready::Table;
use crate::started::Plugin;
use crate::{Error, Ready};
use base::Duration;
use plugin::{FilterRequest, Place};
use std::sync::Arc;

/// A filter.
pub type FilterPlugin = Ready<plugin::FilterHandle>;

/// What a filter turns at a time.
const BLOCK: Duration = Duration::from_millis(10);

impl FilterPlugin {
    /// Makes an instance. One of another process is waited for, up to 750 ms. Thread: \[control\].
    pub fn open(&self, request: &FilterRequest<'_>) -> Result<FilterInstance, Error> {
        self.made(request, When::Now)
    }

    /// The same without waiting: what is still [`is_opening`](FilterInstance::is_opening) is not to be used yet.
    /// Bound: 5.75 s. Thread: \[control\].
    pub fn open_soon(&self, request: &FilterRequest<'_>) -> Result<FilterInstance, Error> {
        self.made(request, When::Soon)
    }

    fn made(&self, request: &FilterRequest<'_>, when: When) -> Result<FilterInstance, Error> {
        let rate = request.sample_rate_hz;
        self.plugin.before_use()?;
        let fence = self.plugin.fence(self.table.timing(self.clock));
        let opened = match &self.table {
            Table::Here(table) => table.open(request).map(Inner::Here),
            Table::Away(process) => process
                .open(
                    Media::Filter {
                        is_speaker: request.place == Place::Speaker,
                        sample_rate_hz: rate,
                        options: request.options.to_owned(),
                    },
                    fence.meter(),
                    when,
                )
                .map(|caller| Inner::Away(Box::new(AwayFilter::new(caller, rate)))),
        };
        let inner = opened.map_err(|refusal| self.refused(refusal))?;
        Ok(FilterInstance {
            inner,
            fence,
            plugin: Arc::clone(&self.plugin),
        })
    }
}

/// Where the filter is.
#[derive(Debug)]
enum Inner {
    Here(plugin::FilterInstance),
    Away(Box<AwayFilter>),
}

/// An open filter. Move it to the media thread, and back to control to drop it.
///
/// No call allocates, locks or logs on this side of the boundary.
#[derive(Debug)]
pub struct FilterInstance {
    // Before the plugin: what was opened is closed before its plugin stops.
    inner: Inner,
    fence: Fence,
    plugin: Arc<Plugin>,
}

impl FilterInstance {
    /// The plugin's id.
    pub fn plugin(&self) -> &str {
        &self.plugin.about.id
    }

    /// Whether its process is still opening it.
    pub fn is_opening(&self) -> bool {
        match &self.inner {
            Inner::Here(_) => false,
            Inner::Away(filter) => filter.is_opening(),
        }
    }

    /// Why its process did not open it, if so.
    pub fn refusal(&self) -> Option<Error> {
        let refusal = match &self.inner {
            Inner::Here(_) => None,
            Inner::Away(filter) => filter.refusal(),
        }?;
        Some(Error::Open {
            plugin: self.plugin.about.id.clone(),
            refusal: refusal.clone(),
        })
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
    /// loudspeaker, `delay_samples` ago at the microphone. All are one block. A filter of another process gives
    /// out the block before, also after trouble, unless it is switched off. Thread: \[media\].
    #[inline]
    pub fn process(
        &mut self,
        near: &[i16],
        far: Option<&[i16]>,
        delay_samples: u32,
        out: &mut [i16],
    ) -> Result<(), Trouble> {
        let inner = match &mut self.inner {
            Inner::Here(filter) => filter,
            Inner::Away(filter) => {
                let body = || filter.process(near, far, delay_samples, out);
                let result = self.fence.call(|| BLOCK, body);
                if result == Err(Trouble::SwitchedOff) {
                    filter.pass(near, out);
                }
                return result;
            }
        };
        let result = self
            .fence
            .call(|| BLOCK, || inner.process(near, far, delay_samples, out));
        if result.is_err() && out.len() == near.len() {
            out.copy_from_slice(near);
        }
        result
    }

    /// How much later the sound comes out; 0 once it is shut out here. Unit: samples. Thread: \[media\].
    pub fn latency(&mut self) -> u32 {
        match &mut self.inner {
            Inner::Here(filter) => self
                .fence
                .call(|| BLOCK, || Ok(filter.latency()))
                .unwrap_or(0),
            Inner::Away(filter) => filter.latency(),
        }
    }
}
