//! DTMF methods: the trait an author implements, and the handle a host uses.

mod handle;
mod shims;
mod step;

pub use handle::{DtmfAbout, DtmfHandle, DtmfInstance};
pub(crate) use shims::DtmfFace;
pub use step::{DtmfHeard, DtmfStep, Tones};

use crate::{Host, Refusal, Status};

/// A way to send keys, and to hear them.
///
/// Sending needs no instance: a key in, a plan out. An instance is a listener in one call's audio.
pub trait Dtmf: Send + Sized + 'static {
    /// As settings spell it: `rfc2833`, `info`, `audio` or its own word.
    const NAME: &'static str;
    /// What it can do.
    const ABILITIES: Abilities;

    /// Called once before anything else. Thread: \[control\].
    fn init(_host: Option<Host>) -> Result<(), Refusal> {
        Ok(())
    }

    /// Called when no instance is left. Thread: \[control\].
    fn deinit() {}

    /// What to send for one key. [`Status::UNSUPPORTED`] when it cannot be used in this call.
    /// Thread: \[control\].
    fn plan(request: &DtmfRequest<'_>) -> Result<Vec<DtmfStep>, Refusal>;

    /// Reads a key from an INFO request; `None` when it is none of this method's. Thread: \[control\].
    fn hear_info(_content_type: &str, _body: &str) -> Option<DtmfHeard> {
        None
    }

    /// Makes a listener. Thread: \[control\].
    fn open(_request: &DtmfListen<'_>) -> Result<Self, Refusal> {
        Err(Status::UNSUPPORTED.into())
    }

    /// Looks at 10 ms of what the peer says; `heard` takes what was found. Thread: \[media\].
    /// Bound: 0.5 ms.
    fn listen(&mut self, _pcm: &[i16], _heard: &mut Found<'_>) -> Result<(), Status> {
        Err(Status::UNSUPPORTED)
    }

    /// Forgets the past. Thread: \[media\].
    fn reset(&mut self) {}
}

/// What a method can do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Abilities {
    /// Plans may hold [`DtmfStep::Event`].
    pub sends_events: bool,
    /// Plans may hold [`DtmfStep::Info`].
    pub sends_info: bool,
    /// Plans may hold [`DtmfStep::Tone`].
    pub sends_tones: bool,
    /// Has [`Dtmf::open`] and [`Dtmf::listen`].
    pub hears_tones: bool,
    /// Has [`Dtmf::hear_info`].
    pub hears_info: bool,
}

/// One key and the call it is pressed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DtmfRequest<'a> {
    /// `0`–`9`, `*`, `#`, `A`–`D`, or `!` for hook flash.
    pub key: char,
    /// How long it is held. Unit: ms.
    pub duration_ms: u32,
    /// The peer did not exclude INFO by its Allow header.
    pub peer_takes_info: bool,
    /// RTP clock of the codec in use. Unit: per second.
    pub codec_clock_hz: u32,
    /// Clock of the negotiated telephone-event. Unit: per second.
    pub event_clock_hz: Option<u32>,
    /// JSON object as the manifest's `config` describes it; empty for the defaults.
    pub options: &'a str,
}

/// What a listener is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DtmfListen<'a> {
    /// Range: 8000, 16000, 48000.
    pub sample_rate_hz: u32,
    /// As [`DtmfRequest::options`].
    pub options: &'a str,
}

/// Room for what a listener found in one block.
#[derive(Debug)]
pub struct Found<'a> {
    room: &'a mut [plugin_abi::DtmfHeard],
    count: usize,
}

impl Found<'_> {
    /// Puts one more; what has no room is lost.
    pub fn push(&mut self, heard: DtmfHeard) {
        if let Some(place) = self.room.get_mut(self.count) {
            *place = heard.raw();
            self.count += 1;
        }
    }
}
