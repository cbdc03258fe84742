//! A codec's format in the catalogue, and instances of it behind their fence.

use crate::away::media::AwayCodec;
use crate::away::process::When;
use crate::away::words::{Answer, Ask, Media};
use crate::budget::{Tally, Way};
use crate::fence::{Clock, Fence, Trouble, length};
use crate::ready::{Table, nonsense};
use crate::started::Plugin;
use crate::{CodecFormat, Error};
use core::cell::Cell;
use plugin::Status;
use std::sync::Arc;

/// One format of one plugin.
#[derive(Debug, Clone)]
pub struct CodecHandle {
    pub(crate) plugin: Arc<Plugin>,
    pub(crate) table: Table<plugin::CodecHandle>,
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

    /// Whether its plugin ran in a process of its own and failed too often, or was switched off: nothing of it
    /// can be opened.
    /// Thread: \[control\].
    pub fn is_shut_out(&self) -> bool {
        match &self.table {
            Table::Here(_) => self.plugin.is_off(),
            Table::Away(process) => process.is_shut_out() || self.plugin.is_off(),
        }
    }

    /// What we say in fmtp under `options`, a JSON object or nothing. Asked when settings are read,
    /// never while offers are made. Thread: \[control\].
    pub fn fmtp(&self, options: &str) -> Result<String, Error> {
        let said = match &self.table {
            Table::Here(table) => table.fmtp(&self.format, options),
            Table::Away(process) => {
                let (index, options) = (self.format.index, options.to_owned());
                match process.ask(&Ask::Fmtp { index, options }) {
                    Ok(Answer::Text(fmtp)) => Ok(fmtp),
                    Ok(_) => Err(nonsense()),
                    Err(refusal) => Err(refusal),
                }
            }
        };
        said.map_err(|refusal| self.refused(refusal))
    }

    /// Makes an encoder and decoder pair. `fmtp` is what was negotiated, `options` a JSON object or
    /// nothing. One of another process is waited for, up to 750 ms. Thread: \[control\].
    pub fn open(&self, fmtp: &str, options: &str) -> Result<CodecInstance, Error> {
        self.made(fmtp, options, When::Now)
    }

    /// The same without waiting: one of another process gives nothing until it is open, which nobody counts. If it
    /// is refused, its fence says so. Bound: 5.75 s. Thread: \[control\].
    pub fn open_soon(&self, fmtp: &str, options: &str) -> Result<CodecInstance, Error> {
        self.made(fmtp, options, When::Soon)
    }

    fn made(&self, fmtp: &str, options: &str, when: When) -> Result<CodecInstance, Error> {
        let request = plugin::CodecRequest {
            format: self.format.index,
            fmtp,
            options,
        };
        self.plugin.before_use()?;
        let fence = self.plugin.fence(self.table.timing(self.clock));
        let opened = match &self.table {
            Table::Here(table) => table.open(&request).map(Inner::Here),
            Table::Away(process) => process
                .open(
                    Media::Codec {
                        index: request.format,
                        fmtp: fmtp.to_owned(),
                        options: options.to_owned(),
                    },
                    fence.meter(),
                    when,
                )
                .map(|caller| Inner::Away(AwayCodec::new(caller))),
        };
        let inner = opened.map_err(|refusal| self.refused(refusal))?;
        Ok(CodecInstance {
            inner,
            fence,
            format: Arc::clone(&self.format),
            plugin: Arc::clone(&self.plugin),
        })
    }

    fn refused(&self, refusal: plugin::Refusal) -> Error {
        Error::Open {
            plugin: self.plugin().to_owned(),
            refusal,
        }
    }
}

/// Where the codec is.
#[derive(Debug)]
enum Inner {
    Here(plugin::CodecInstance),
    Away(AwayCodec),
}

/// An open encoder and decoder pair. Move it to the media thread, and back to control to drop it.
///
/// No call allocates, locks or logs on this side of the boundary.
#[derive(Debug)]
pub struct CodecInstance {
    // Before the plugin: what was opened is closed before its plugin stops.
    inner: Inner,
    fence: Fence,
    format: Arc<CodecFormat>,
    plugin: Arc<Plugin>,
}

impl CodecInstance {
    /// What it was opened as.
    pub fn format(&self) -> &CodecFormat {
        &self.format
    }

    /// Whether it runs in a process of its own.
    pub fn is_away(&self) -> bool {
        matches!(self.inner, Inner::Away(_))
    }

    /// Whether the process that it was opened in has ended, also when another serves it by now. Thread:
    /// \[media\].
    pub fn is_bereft(&self) -> bool {
        match &self.inner {
            Inner::Here(_) => false,
            Inner::Away(codec) => codec.is_bereft(),
        }
    }

    /// Whether its process is still opening it.
    pub fn is_opening(&self) -> bool {
        match &self.inner {
            Inner::Here(_) => false,
            Inner::Away(codec) => codec.is_opening(),
        }
    }

    /// Why its process did not open it, if so.
    pub fn refusal(&self) -> Option<Error> {
        let refusal = match &self.inner {
            Inner::Here(_) => None,
            Inner::Away(codec) => codec.refusal(),
        }?;
        Some(Error::Open {
            plugin: self.plugin.about.id.clone(),
            refusal: refusal.clone(),
        })
    }

    /// Whether it may be entered; before it is open there is nothing to count.
    #[inline]
    fn is_open(&mut self) -> Result<(), Trouble> {
        let Inner::Away(codec) = &self.inner else {
            return Ok(());
        };
        if codec.is_opening() {
            return Err(Trouble::Failed(Status::UNAVAILABLE));
        }
        match codec.refusal() {
            None => Ok(()),
            Some(_) => Err(self.fence.refuse()),
        }
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
        self.is_open()?;
        let (format, samples) = (&self.format, pcm.len());
        self.fence.call_way(
            Way::Out,
            || lasting(format, samples),
            || match &mut self.inner {
                Inner::Here(codec) => codec.encode(pcm, payload),
                Inner::Away(codec) => {
                    codec.encode(pcm, payload.len())?;
                    codec.encoded(payload)
                }
            },
        )
    }

    /// Decodes one packet; returns how many samples. It may take its share of these: how long a packet is,
    /// nobody knows before. One that gives none is measured by the packet time declared. Thread: \[media\].
    #[inline]
    pub fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, Trouble> {
        self.is_open()?;
        let (format, room) = (&self.format, pcm.len());
        let decoded = Cell::new(0);
        self.fence.call(
            || match decoded.get().min(room) {
                0 => packet(format),
                samples => lasting(format, samples),
            },
            || {
                let samples = match &mut self.inner {
                    Inner::Here(codec) => codec.decode(payload, pcm),
                    Inner::Away(codec) => codec.decode(payload).and_then(|()| codec.decoded(pcm)),
                }?;
                decoded.set(samples);
                Ok(samples)
            },
        )
    }

    /// First pass of a tick: hands a packet to a codec of another process, which works on it meanwhile.
    /// `false` when the codec is here, or cannot take it: then [`decode`](Self::decode) it. Thread: \[media\].
    #[inline]
    pub fn submit_decode(&mut self, payload: &[u8]) -> bool {
        match &mut self.inner {
            Inner::Here(_) => false,
            Inner::Away(codec) => codec.decode(payload).is_ok(),
        }
    }

    /// The same, a packet behind `samples` that were lost.
    pub fn submit_recover(&mut self, next: &[u8], samples: usize) -> bool {
        match &mut self.inner {
            Inner::Here(_) => false,
            Inner::Away(codec) => codec.submit_recover(next, samples).is_ok(),
        }
    }

    /// The sound of the packet that [`submit_decode`](Self::submit_decode) took. Thread: \[media\].
    pub fn collect_decoded(&mut self, pcm: &mut [i16]) -> Result<usize, Trouble> {
        self.is_open()?;
        self.fence.call(
            || base::Duration::ZERO,
            || match &mut self.inner {
                Inner::Here(_) => Err(Status::UNAVAILABLE),
                Inner::Away(codec) => codec.decoded(pcm),
            },
        )
    }

    /// As [`submit_decode`](Self::submit_decode), a frame to encode into at most `room` bytes.
    #[inline]
    pub fn submit_encode(&mut self, pcm: &[i16], room: usize) -> bool {
        match &mut self.inner {
            Inner::Here(_) => false,
            Inner::Away(codec) => codec.encode(pcm, room).is_ok(),
        }
    }

    /// The packet of the frame that [`submit_encode`](Self::submit_encode) took; `None` when it is late and
    /// may be asked for again. Thread: \[media\].
    pub fn collect_encoded(&mut self, payload: &mut [u8]) -> Result<Option<usize>, Trouble> {
        self.is_open()?;
        let Inner::Away(codec) = &mut self.inner else {
            return Err(Trouble::Failed(Status::UNAVAILABLE));
        };
        let mut is_late = false;
        let result = self.fence.call(
            || base::Duration::ZERO,
            || match codec.encoded(payload) {
                Err(Status::UNAVAILABLE) => {
                    is_late = true;
                    Ok(0)
                }
                result => result,
            },
        );
        result.map(|size| (!is_late).then_some(size))
    }

    /// Nothing came: fills `pcm` with what the codec invents. Only where
    /// [`CodecFormat::conceals`]. Thread: \[media\].
    #[inline]
    pub fn conceal(&mut self, pcm: &mut [i16]) -> Result<usize, Trouble> {
        self.is_open()?;
        let (format, samples) = (&self.format, pcm.len());
        self.fence.call(
            || lasting(format, samples),
            || match &mut self.inner {
                Inner::Here(codec) => codec.conceal(pcm),
                Inner::Away(codec) => codec.conceal(pcm),
            },
        )
    }

    /// Fills `pcm` with what was lost before the packet `next`, which is decoded afterwards. Only where
    /// [`CodecFormat::recovers`]. Thread: \[media\].
    #[inline]
    pub fn recover(&mut self, next: &[u8], pcm: &mut [i16]) -> Result<usize, Trouble> {
        self.is_open()?;
        let (format, samples) = (&self.format, pcm.len());
        self.fence.call(
            || lasting(format, samples),
            || match &mut self.inner {
                Inner::Here(codec) => codec.recover(next, pcm),
                Inner::Away(codec) => codec.recover(next, pcm),
            },
        )
    }

    /// Changes one setting, `plugin_abi::codec::KEY_…`. Thread: \[media\].
    pub fn control(&mut self, key: u32, value: i64) -> Result<(), Trouble> {
        self.is_open()?;
        let format = &self.format;
        self.fence.call(
            || packet(format),
            || match &mut self.inner {
                Inner::Here(codec) => codec.control(key, value),
                Inner::Away(codec) => codec.control(key, value),
            },
        )
    }

    /// The far end begins another stream: decoding forgets the past, encoding goes on. Thread: \[media\].
    pub fn reset(&mut self) -> Result<(), Trouble> {
        self.is_open()?;
        let format = &self.format;
        self.fence.call(
            || packet(format),
            || match &mut self.inner {
                Inner::Here(codec) => codec.reset(),
                Inner::Away(codec) => codec.reset(),
            },
        )
    }
}

fn lasting(format: &CodecFormat, samples: usize) -> base::Duration {
    length(samples, format.sample_rate_hz, format.channels)
}

fn packet(format: &CodecFormat) -> base::Duration {
    base::Duration::from_millis(u64::from(format.packet_time_ms))
}
