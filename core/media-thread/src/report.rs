//! What control is told. Plain data.

use crate::filters::Side;
use crate::kit::Kit;
use crate::order::{BusId, LegId};
use crate::replace::{Replaced, WentWrong};
use audio::Level;
use base::Instant;
use core::net::SocketAddr;
use rtp::Quality;
use rtp::jitter::Tally;
use rtp::telephone_event::Heard;
use serde::{Deserialize, Serialize};

/// A report, or live things that are over and wait to be dropped.
#[derive(Debug)]
pub enum Told<S> {
    /// Something happened.
    Report(Report),
    /// To be dropped, or used again, on control.
    Retired(Kit<S>),
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Report {
    /// The first packet of the peer that was believed, or the first after a change of its stream.
    FirstPacket {
        /// Of which call.
        leg: LegId,
        /// When.
        at: Instant,
        /// Where it came from.
        source: SocketAddr,
    },
    /// The peer's keypad. Told at once.
    Key {
        /// Of which call.
        leg: LegId,
        /// When.
        at: Instant,
        /// What.
        heard: Heard,
    },
    /// A key of ours has sounded: its last packet is sent for the first time. Told for each, in order.
    KeySent {
        /// Of which call.
        leg: LegId,
        /// When.
        at: Instant,
        /// Which, as RFC 4733 §3.2 numbers them.
        event: u8,
        /// How long. Unit: ms.
        duration_ms: u32,
        /// On which way.
        way: Way,
    },
    /// The peer's keypad, heard in its voice; told when the key comes up.
    ToneKey {
        /// Of which call.
        leg: LegId,
        /// When.
        at: Instant,
        /// 0–9, *, #, A–D.
        key: char,
        /// How long. Unit: ms.
        duration_ms: u32,
    },
    /// A key of ours found no room behind those that wait, and will not sound.
    KeyRefused {
        /// Of which call.
        leg: LegId,
        /// When.
        at: Instant,
        /// Which, as RFC 4733 §3.2 numbers them.
        event: u8,
    },
    /// Nothing came for as long as the plan says; told once for each silence.
    NoMedia {
        /// Of which call.
        leg: LegId,
        /// When.
        at: Instant,
        /// Whether anything ever came.
        ever_heard: bool,
    },
    /// Something came after [`Report::NoMedia`].
    MediaBack {
        /// Of which call.
        leg: LegId,
        /// When.
        at: Instant,
    },
    /// The peer said goodbye in RTCP.
    Goodbye {
        /// Of which call.
        leg: LegId,
        /// When.
        at: Instant,
    },
    /// The device of a bus is lost: it is silent until [`Order::SetBusDevice`](crate::order::Order)
    /// brings another. Told again every 500 ms for as long as it is.
    DeviceLost {
        /// Which.
        bus: BusId,
        /// When.
        at: Instant,
        /// It was told before of the same loss.
        again: bool,
    },
    /// The device of a leg's own does not work any more: what it plays or writes is lost, what it
    /// records is silence. Told once of each device.
    OwnDeviceFailed {
        /// Of which call.
        leg: LegId,
        /// When.
        at: Instant,
    },
    /// The codec has done nothing right for a second, or cannot be called any more: another one is wanted.
    /// Told once of each codec.
    CodecGone {
        /// Of which call.
        leg: LegId,
        /// When.
        at: Instant,
    },
    /// Levels and counts, as often as the plan says.
    Counts {
        /// Of which call.
        leg: LegId,
        /// When.
        at: Instant,
        /// Since the leg began; levels since the last report.
        counts: Counts,
    },
    /// How the call is, each five seconds.
    Quality {
        /// Of which call.
        leg: LegId,
        /// When.
        at: Instant,
        /// What we hear of the peer, over these five seconds.
        heard: Quality,
        /// The same as an estimate of opinion, for a codec as robust as G.711. Range: 1.0 to 4.41.
        mos: f32,
        /// What the peer hears of us, if it reported. Unit: percent lost.
        peer_loss_percent: Option<f32>,
        /// The same. Unit: ms of jitter.
        peer_jitter_ms: Option<f32>,
    },
    /// The codec does not work; the call goes on with concealment and silence. Told once.
    CodecTrouble {
        /// Of which call.
        leg: LegId,
        /// When.
        at: Instant,
    },
    /// A replacement of the codec is over. Told once for each, but for one that another replaced or whose call
    /// took another codec meanwhile.
    CodecReplaced {
        /// Of which call.
        leg: LegId,
        /// When.
        at: Instant,
        /// How it ended.
        became: Replaced,
    },
    /// A filter failed: sound passes it as it is. Told once for each way of failing.
    FilterTrouble {
        /// Of which bus.
        bus: BusId,
        /// When.
        at: Instant,
        /// On which side.
        side: Side,
        /// Which of them there, from 0.
        filter: usize,
        /// How. After a panic, and when it took too long too often, it is not called again.
        wrong: WentWrong,
    },
    /// A leg or bus could not be taken: no room.
    Refused {
        /// Which call, if it is one.
        leg: Option<LegId>,
        /// When.
        at: Instant,
    },
    /// The thread's own counts, each second while it has legs.
    Thread {
        /// When.
        at: Instant,
        /// Legs it has.
        legs: u32,
        /// Ticks done.
        ticks: u64,
        /// Ticks that began more than 5 ms late.
        late: u64,
        /// Ticks left out because it was too late for them.
        skipped: u64,
        /// The longest tick of this second. Unit: µs.
        longest_us: u32,
        /// How late the latest tick of this second began, if late. Unit: µs.
        longest_stall_us: u32,
        /// Reports that found no room.
        lost_reports: u64,
    },
}

/// What the machine kept a leg waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Stalls {
    /// Ticks that began more than 5 ms late.
    pub late_ticks: u64,
    /// How late the latest of them began. Unit: µs.
    pub longest_us: u32,
}

/// On which way a key of ours went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Way {
    /// As telephone-events.
    Events,
    /// As tones in the audio.
    Tones,
}

/// Counts of one leg.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// RTP packets of the stream.
    pub received: u64,
    /// RTP packets sent.
    pub sent: u64,
    /// Packets that never came.
    pub lost: i64,
    /// Datagrams dropped: not RTP, a payload type not negotiated, a source not believed.
    pub dropped: u64,
    /// Calls of the codec that failed.
    pub codec_failures: u64,
    /// Packets that came and whose sound was made up, because the codec gave none.
    pub unheard: u64,
    /// What the jitter buffer counted.
    pub jitter_buffer: Tally,
    /// Inter-arrival jitter. Unit: µs.
    pub jitter_us: u32,
    /// How long the fastest packets wait now. Unit: µs.
    pub delay_us: u32,
    /// What our own machine kept it waiting for.
    pub stalls: Stalls,
    /// How loud the peer was at its loudest.
    pub heard: Option<Level>,
    /// How loud we were at our loudest.
    pub said: Option<Level>,
}
