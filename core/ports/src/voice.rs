//! What media asks of the media threads and their sockets, and what they report.
//!
//! Plain data without pointers (rulings 8), so that the media thread can become a process. Codecs
//! and devices are named; whoever runs the threads opens them.

use crate::media::{DigitTrouble, Inform, Quality, Room, Sound};
use crate::recorder;
use audio::CallTone;
use base::Hertz;
use control::event::DtmfMethod;
use core::net::{IpAddr, SocketAddr};
use sdp::{Direction, NegotiatedFormat, TelephoneEvent};
use serde::{Deserialize, Serialize};

/// One call's audio. The number of its call, so never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LegId(pub u64);

/// What the media threads can be told.
#[derive(Debug, Clone)]
pub enum Do {
    /// Opens a socket pair for a leg; answered by [`Report::Ports`].
    OpenPorts {
        /// The leg.
        leg: LegId,
        /// Our address on the peer's side.
        local: IpAddr,
    },
    /// Starts the leg, or changes it: answered by [`Report::Failed`] where that is not possible.
    Run(Box<LegConfig>),
    /// Sends digits by telephone-event, one after the other; each is answered by
    /// [`Report::DigitSent`] or [`Report::DigitRefused`].
    Digits {
        /// The leg.
        leg: LegId,
        /// 0–9, *, #, A–D.
        digits: String,
        /// How long each key is held. Unit: ms. `None`: as is usual.
        duration_ms: Option<u32>,
        /// The peer has not refused INFO.
        info: bool,
    },
    /// INFO came from the peer; answered by [`Report::Digit`] where it is one.
    HearInfo {
        /// The leg.
        leg: LegId,
        /// Media type of the body.
        kind: String,
        /// The body.
        body: String,
    },
    /// Silences our microphone, or no longer.
    Mute {
        /// The leg.
        leg: LegId,
        /// Silent from now on.
        on: bool,
    },
    /// Plays a tone for the person, from its beginning and until it is over, in the place of the one before; `None`:
    /// silence. No leg hears it.
    Tone {
        /// Where.
        place: Place,
        /// What.
        tone: Option<CallTone>,
    },
    /// Something about the recording of a leg.
    Record(recorder::Do),
    /// Stops every leg: who gave them is no more. Answered for each as by [`Do::Stop`].
    StopAll,
    /// Stops the leg and closes its sockets; always answered by [`Report::Stopped`].
    Stop {
        /// The leg.
        leg: LegId,
    },
}

/// Where a tone for the person sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The loudspeaker of calls.
    Speaker,
    /// Where the phone rings.
    Ring,
}

/// All a leg is to do.
#[derive(Debug, Clone, PartialEq)]
pub struct LegConfig {
    /// The leg.
    pub leg: LegId,
    /// Where RTP goes; `None` while the peer named no address.
    pub remote_rtp: Option<SocketAddr>,
    /// Where RTCP goes.
    pub remote_rtcp: Option<SocketAddr>,
    /// RTP and RTCP share one port (RFC 5761).
    pub rtcp_mux: bool,
    /// What is sent, and first expected.
    pub format: NegotiatedFormat,
    /// What its codec is told beside fmtp: a JSON object as its plugin documents it, or empty.
    pub options: String,
    /// What else the peer may send.
    pub others: Vec<NegotiatedFormat>,
    /// Digits as RTP packets.
    pub telephone_event: Option<TelephoneEvent>,
    /// Audio in one packet of ours. Unit: ms.
    pub ptime_ms: u16,
    /// Which way audio flows, seen from us.
    pub direction: Direction,
    /// Where it comes from and goes to.
    pub sound: Sound,
    /// Whom it is with, where it is with the person.
    pub room: Room,
    /// How it begins; without effect in a leg that runs.
    pub opening: Opening,
}

/// How a leg begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Opening {
    /// The person hears a tone for so long before the microphone opens; 0: none. Unit: ms.
    pub tone_ms: u32,
    /// The microphone stays silent until it is told otherwise.
    pub muted: bool,
}

/// What the media threads report.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    /// The socket pair of a leg, or why there is none.
    Ports {
        /// The leg.
        leg: LegId,
        /// RTP and RTCP port.
        ports: Result<(u16, u16), String>,
        /// Codecs of plugins that failed too often, by name and clock: nobody can use them now.
        shut_out: Vec<(String, Hertz)>,
    },
    /// The leg cannot run as asked; it runs as before, or not at all.
    Failed {
        /// The leg.
        leg: LegId,
        /// Why, for the person.
        why: String,
    },
    /// The first packet came from the peer.
    Flowing {
        /// The leg.
        leg: LegId,
    },
    /// Nothing comes from the peer although it should.
    Silent {
        /// The leg.
        leg: LegId,
        /// For how long. Unit: ms.
        for_ms: u64,
    },
    /// The peer pressed a key.
    Digit {
        /// The leg.
        leg: LegId,
        /// 0–9, *, #, A–D.
        digit: char,
        /// How long. Unit: ms.
        duration_ms: u32,
        /// How it was heard.
        method: DtmfMethod,
    },
    /// A digit of ours has sounded. Told for each, in order.
    DigitSent {
        /// The leg.
        leg: LegId,
        /// 0–9, *, #, A–D.
        digit: char,
        /// How long. Unit: ms.
        duration_ms: u32,
        /// How it was sent.
        method: DtmfMethod,
    },
    /// Something is wrong with a digit of ours.
    DigitRefused {
        /// The leg.
        leg: LegId,
        /// What.
        what: DigitTrouble,
    },
    /// A digit of ours is to go in an INFO request.
    Inform {
        /// The leg.
        leg: LegId,
        /// What it says.
        inform: Inform,
    },
    /// The person's device is gone; the leg goes on, silent, and sound comes back with the device.
    DeviceLost {
        /// The leg.
        leg: LegId,
        /// Plugin of the device.
        plugin: String,
    },
    /// The device of the leg's own does not work any more; the leg goes on without its sound.
    OwnDeviceFailed {
        /// The leg.
        leg: LegId,
        /// Plugin of the device.
        plugin: String,
    },
    /// The leg's codec cannot go on: the leg is silent until it gets another.
    CodecGone {
        /// The leg.
        leg: LegId,
        /// Plugin of the codec.
        plugin: String,
    },
    /// Counts and quality so far.
    Quality {
        /// The leg.
        leg: LegId,
        /// Since the leg ran.
        quality: Quality,
    },
    /// The leg is gone; these are its last counts.
    Stopped {
        /// The leg.
        leg: LegId,
        /// Since the leg ran; `None` where it never did.
        quality: Option<Quality>,
    },
}
