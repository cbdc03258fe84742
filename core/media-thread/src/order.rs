//! What control may ask for. Plain data, so that it can be written down or sent to a process.

use crate::filters::Side;
use crate::kit::Kit;
use crate::tones::Slot;
use audio::Rate;
use base::{Hertz, PayloadType};
use core::net::SocketAddr;
use rtp::latch::Rule;
use rtp::telephone_event::Press;
use serde::{Deserialize, Serialize};

/// One call's audio. Given by control, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LegId(pub u64);

/// A mix of legs and perhaps a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BusId(pub u32);

/// An order with the live things it needs.
#[derive(Debug)]
pub struct Given<S> {
    /// What to do.
    pub order: Order,
    /// What to do it with.
    pub kit: Kit<S>,
}

impl<S> From<Order> for Given<S> {
    fn from(order: Order) -> Self {
        Self {
            order,
            kit: Kit::Nothing,
        }
    }
}

/// What to do. Orders for a leg or bus that is not there do nothing; their kit comes back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Order {
    /// A call begins. Kit: [`Kit::Leg`].
    AddLeg {
        /// Its number.
        leg: LegId,
    },
    /// A call ends: goodbye is said, and the kit comes back.
    RemoveLeg {
        /// Its number.
        leg: LegId,
    },
    /// Offer and answer agreed on other addresses.
    SetRemote {
        /// Its number.
        leg: LegId,
        /// Where the peer is.
        remote: Remote,
    },
    /// Hold, resume.
    SetDirection {
        /// Its number.
        leg: LegId,
        /// Which ways sound flows.
        direction: Direction,
    },
    /// Offer and answer agreed on another codec. Kit: [`Kit::Voice`]; the old one comes back.
    SetVoice {
        /// Its number.
        leg: LegId,
        /// Payload types of the new codec.
        voice: VoicePlan,
    },
    /// Another instance of its codec, such as of a newer build, takes the place of the running one between
    /// two packets. Kit: [`Kit::Codec`](crate::Kit::Codec); the replaced one comes back after the watch, the
    /// new one if it failed. [`Report::CodecReplaced`](crate::Report::CodecReplaced) says which.
    ReplaceCodec {
        /// Its number.
        leg: LegId,
        /// How long the new one is watched. Unit: ms.
        watch_ms: u32,
    },
    /// Where its sound comes from and goes to. Kit: [`Kit::Audio`], which also brings the
    /// resamplers; the old one comes back. Without a kit the leg keeps its device and resamplers,
    /// which is enough for echo, silence, and back.
    SetAudio {
        /// Its number.
        leg: LegId,
        /// Bus, echo, device or nothing.
        audio: LegAudio,
    },
    /// Silence our voice, or let it through; packets go on (M-039). On a bus that is its device's: what the
    /// others say goes on.
    Mute {
        /// Its number.
        leg: LegId,
        /// Whether it is silent.
        muted: bool,
    },
    /// Louder or softer. Unit: dB. Range: −60 to +24.
    SetGain {
        /// Its number.
        leg: LegId,
        /// For what the person hears.
        heard_db: f32,
        /// For what the person says.
        said_db: f32,
    },
    /// Both ways go to a recorder from now on, or no longer. Kit: [`Kit::Tap`]; what was there comes
    /// back, and with its end the recording ends.
    SetTap {
        /// Its number.
        leg: LegId,
    },
    /// Nothing goes to the recorder, or everything again.
    PauseTap {
        /// Its number.
        leg: LegId,
        /// Whether nothing does.
        paused: bool,
    },
    /// Press a key of the keypad, as telephone-event.
    Dial {
        /// Its number.
        leg: LegId,
        /// Which key, and how.
        press: Press,
    },
    /// Press a key of the keypad, as tones in place of the microphone.
    Sound {
        /// Its number.
        leg: LegId,
        /// Which key, and how.
        chord: Chord,
    },
    /// Hear keys in what the peer says. Kit: [`Kit::Ears`]; the old one comes back. Without a kit it
    /// no longer listens.
    Listen {
        /// Its number.
        leg: LegId,
    },
    /// Forget the keys that wait.
    StopDialing {
        /// Its number.
        leg: LegId,
    },
    /// A bus begins. Kit: [`Kit::Bus`].
    AddBus {
        /// Its number.
        bus: BusId,
    },
    /// A bus ends; its legs are silent until told otherwise. Its kit comes back.
    RemoveBus {
        /// Its number.
        bus: BusId,
    },
    /// Volume of a bus' device. Unit: dB. Range: −60 to +24.
    SetBusGain {
        /// Its number.
        bus: BusId,
        /// Of the loudspeaker.
        speaker_db: f32,
        /// Of the microphone.
        microphone_db: f32,
    },
    /// A bus gets another device of the same rate, as after one was lost. Kit: [`Kit::Audio`].
    SetBusDevice {
        /// Its number.
        bus: BusId,
    },
    /// Another instance of one of a bus' filters, such as of a newer build, at the rate of the bus. Kit:
    /// [`Kit::Filter`]; the old one comes back, and the new one where there is no such filter.
    SetBusFilter {
        /// Its number.
        bus: BusId,
        /// Where the filter stands.
        side: Side,
        /// Which one it is there, the first one is 0.
        filter: usize,
    },
    /// Another tone for the loudspeaker of a bus, from its beginning, or silence. No leg hears it. Kit:
    /// [`Kit::Tone`]; the old one comes back.
    SetBusTone {
        /// Its number.
        bus: BusId,
        /// Which of its tones.
        slot: Slot,
    },
    /// Silence the microphone of a bus.
    MuteBus {
        /// Its number.
        bus: BusId,
        /// Whether it is silent.
        muted: bool,
    },
}

/// A key as tones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chord {
    /// Its event code, to name it in reports. Source: RFC 4733 §3.2.
    pub event: u8,
    /// How long. Unit: ms. Range: up to 60,000.
    pub ms: u32,
    /// The frequencies. Unit: 1/100 Hz.
    pub centihertz: [u32; 2],
    /// The level of each; a sine of full scale is 0. Unit: 1/100 dB. Range: negative.
    pub centibels: [i32; 2],
}

/// Where the peer is and whom to believe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remote {
    /// Where RTP goes, from SDP.
    pub rtp: SocketAddr,
    /// Where RTCP goes; the same address when they share one.
    pub rtcp: SocketAddr,
    /// Whether another source may be learnt.
    pub rule: Rule,
}

/// Which ways sound flows. RTCP flows in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Direction {
    /// We send.
    pub send: bool,
    /// We play what comes.
    pub receive: bool,
}

impl Direction {
    /// Both ways.
    pub const BOTH: Self = Self {
        send: true,
        receive: true,
    };
}

/// Telephone-events as negotiated (RFC 4733).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Events {
    /// What the peer understands.
    pub send: PayloadType,
    /// What we said we understand.
    pub receive: PayloadType,
}

/// A codec as negotiated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoicePlan {
    /// In our packets.
    pub send: PayloadType,
    /// In the peer's.
    pub receive: PayloadType,
    /// Of timestamps; G.722 samples twice as often.
    pub clock_rate: Hertz,
    /// Of our packets. Range: 10 to 120 in steps of 10. Unit: ms.
    pub packet_ms: u32,
    /// Absent when not negotiated: keys are then refused.
    pub events: Option<Events>,
}

/// Where a leg's sound comes from and goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LegAudio {
    /// Nothing is said, what comes is decoded and dropped.
    Silence,
    /// What comes goes back, through jitter buffer, decoder and encoder.
    Echo,
    /// A device of its own, in the kit.
    Device,
    /// Everybody on the bus hears everybody else: a leg that sends and receives, and the bus' device.
    Bus(BusId),
    /// The device of the bus alone, whoever else is on it.
    Apart(BusId),
}

impl LegAudio {
    /// The bus that it is on.
    pub const fn bus(self) -> Option<BusId> {
        match self {
            Self::Bus(bus) | Self::Apart(bus) => Some(bus),
            Self::Silence | Self::Echo | Self::Device => None,
        }
    }
}

/// A leg as it begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LegPlan {
    /// Its number.
    pub leg: LegId,
    /// Its codec.
    pub voice: VoicePlan,
    /// Where the peer is; unknown until its SDP came.
    pub remote: Option<Remote>,
    /// Which ways sound flows.
    pub direction: Direction,
    /// Where it comes from.
    pub audio: LegAudio,
    /// Our name in RTCP (RFC 7022). Range: 1 to 255 bytes.
    pub cname: String,
    /// How often counts are reported; 0 for never. Unit: ms.
    pub counts_every_ms: u32,
    /// Silence of the peer that is reported; 0 for never. Unit: ms.
    pub no_media_after_ms: u32,
    /// Our voice is silent at first, as after [`Order::Mute`].
    pub muted: bool,
    /// A tone that the person hears before the microphone opens; 0 for none. Unit: ms.
    pub tone_ms: u32,
}

impl LegPlan {
    /// Both ways, silent, counts each 100 ms, no media told after 5 s.
    pub fn new(leg: LegId, voice: VoicePlan, cname: &str) -> Self {
        Self {
            leg,
            voice,
            remote: None,
            direction: Direction::BOTH,
            audio: LegAudio::Silence,
            cname: cname.to_owned(),
            counts_every_ms: 100,
            no_media_after_ms: 5_000,
            muted: false,
            tone_ms: 0,
        }
    }
}

/// A bus as it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusPlan {
    /// Its number.
    pub bus: BusId,
    /// What it mixes at; that of its device, if it has one.
    pub rate: Rate,
}
