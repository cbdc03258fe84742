//! A codec's format in the catalogue, and instances of it behind their fence.

use crate::catalogue::Plugin;
use crate::fence::{Clock, Fence, Tally, Trouble, length};
use crate::{CodecFormat, Error};
use std::sync::Arc;

/// One format of one plugin.
#[derive(Debug, Clone)]
pub struct CodecHandle {
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) table: plugin::CodecHandle,
    pub(crate) format: Arc<CodecFormat>,
    pub(crate) clock: Option<Clock>,
}

impl CodecHandle {
    /// The plugin's id.
    pub fn plugin(&self) -> &str {
        &self.plugin.about.id
    }

    /// What it is in SDP's words, as data; offer/answer works from this alone.
    pub fn format(&self) -> &CodecFormat {
        &self.format
    }

    /// What we say in fmtp under `options`, a JSON object or nothing. Asked when settings are read,
    /// never while offers are made. Thread: \[control\].
    pub fn fmtp(&self, options: &str) -> Result<String, Error> {
        let said = self.table.fmtp(&self.format, options);
        said.map_err(|refusal| self.refused(refusal))
    }

    /// Makes an encoder and decoder pair. `fmtp` is what was negotiated, `options` a JSON object or
    /// nothing. Thread: \[control\].
    pub fn open(&self, fmtp: &str, options: &str) -> Result<CodecInstance, Error> {
        let request = plugin::CodecRequest {
            format: self.format.index,
            fmtp,
            options,
        };
        let opened = self.table.open(&request);
        let inner = opened.map_err(|refusal| self.refused(refusal))?;
        Ok(CodecInstance {
            inner,
            fence: Fence::new(self.clock),
            format: Arc::clone(&self.format),
            _plugin: Arc::clone(&self.plugin),
        })
    }

    fn refused(&self, refusal: plugin::Refusal) -> Error {
        Error::Open {
            plugin: self.plugin().to_owned(),
            refusal,
        }
    }
}

/// An open encoder and decoder pair. Move it to the media thread, and back to control to drop it.
///
/// No call allocates, locks or logs on this side of the boundary.
#[derive(Debug)]
pub struct CodecInstance {
    // Before the plugin: what was opened is closed before its plugin stops.
    inner: plugin::CodecInstance,
    fence: Fence,
    format: Arc<CodecFormat>,
    _plugin: Arc<Plugin>,
}

impl CodecInstance {
    /// What it was opened as.
    pub fn format(&self) -> &CodecFormat {
        &self.format
    }

    /// Its fence, to reopen it.
    pub fn fence(&mut self) -> &mut Fence {
        &mut self.fence
    }

    /// What happened so far.
    pub fn tally(&self) -> Tally {
        self.fence.tally()
    }

    /// Encodes one packet; returns its size, 0 to send nothing. Thread: \[media\].
    #[inline]
    pub fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, Trouble> {
        let (format, samples) = (&self.format, pcm.len());
        self.fence.call(
            || lasting(format, samples),
            || self.inner.encode(pcm, payload),
        )
    }

    /// Decodes one packet; returns how many samples. Thread: \[media\].
    #[inline]
    pub fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, Trouble> {
        let (format, samples) = (&self.format, pcm.len());
        self.fence.call(
            || lasting(format, samples),
            || self.inner.decode(payload, pcm),
        )
    }

    /// Nothing came: fills `pcm` with what the codec invents. Only where
    /// [`CodecFormat::conceals`]. Thread: \[media\].
    #[inline]
    pub fn conceal(&mut self, pcm: &mut [i16]) -> Result<usize, Trouble> {
        let (format, samples) = (&self.format, pcm.len());
        self.fence
            .call(|| lasting(format, samples), || self.inner.conceal(pcm))
    }

    /// Fills `pcm` with what was lost before the packet `next`, which is decoded afterwards. Only where
    /// [`CodecFormat::recovers`]. Thread: \[media\].
    #[inline]
    pub fn recover(&mut self, next: &[u8], pcm: &mut [i16]) -> Result<usize, Trouble> {
        let (format, samples) = (&self.format, pcm.len());
        self.fence.call(
            || lasting(format, samples),
            || self.inner.recover(next, pcm),
        )
    }

    /// Changes one setting, `plugin_abi::codec::KEY_…`. Thread: \[media\].
    pub fn control(&mut self, key: u32, value: i64) -> Result<(), Trouble> {
        let format = &self.format;
        self.fence
            .call(|| packet(format), || self.inner.control(key, value))
    }

    /// Forgets the past: the next packet starts a stream. Thread: \[media\].
    pub fn reset(&mut self) -> Result<(), Trouble> {
        let format = &self.format;
        self.fence.call(|| packet(format), || self.inner.reset())
    }
}

fn lasting(format: &CodecFormat, samples: usize) -> base::Duration {
    length(samples, format.sample_rate_hz, format.channels)
}

fn packet(format: &CodecFormat) -> base::Duration {
    base::Duration::from_millis(u64::from(format.packet_time_ms))
}
