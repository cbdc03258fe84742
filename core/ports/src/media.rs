//! What media answers and reports. Media owns the legs; samples never pass here.

use crate::{Address, voice};
use control::event::DtmfMethod;
use control::{AccountHandle, CallHandle, CommandId};
use core::net::IpAddr;
use sdp::{Agreed, LocalMedia};
use serde::{Deserialize, Serialize};

/// What media can be told.
#[derive(Debug)]
pub enum Word {
    /// Opens ports and says what can be offered; answered by `dialogs::Word::Media`.
    Prepare {
        /// The call.
        call: CallHandle,
        /// Whose call it is: accounts may want codecs otherwise.
        account: Option<AccountHandle>,
        /// Our address as the peer's side sees it.
        local: IpAddr,
        /// Where the call's sound comes from and goes to.
        sound: Sound,
    },
    /// Offer and answer agree: voice flows from now on, or changes.
    Apply {
        /// The call.
        call: CallHandle,
        /// The audio stream as agreed.
        agreed: Box<Agreed>,
    },
    /// The call is over, or never was.
    Release {
        /// The call.
        call: CallHandle,
    },
    /// Sends digits by the methods of the settings.
    Digits {
        /// The call.
        call: CallHandle,
        /// 0–9, *, #, A–D.
        digits: String,
        /// How long each key is held. Unit: ms. `None`: as is usual.
        duration_ms: Option<u32>,
        /// The peer has not refused INFO.
        info: bool,
    },
    /// INFO came from the peer: perhaps a digit.
    Info {
        /// The call.
        call: CallHandle,
        /// Media type of the body.
        kind: String,
        /// The body.
        body: String,
    },
    /// Silences our microphone, or no longer.
    Mute {
        /// The call.
        call: CallHandle,
        /// Silent from now on.
        on: bool,
    },
    /// Once the leg runs the person hears a tone, and the microphone opens after it. Does nothing in a leg that
    /// runs already.
    Announce {
        /// The call.
        call: CallHandle,
        /// How long the tone is. Unit: ms.
        ms: u32,
    },
    /// Holds the leg, whatever was agreed, or no longer: nothing of it is heard, and it is sent what the
    /// settings say.
    Hold {
        /// The call.
        call: CallHandle,
        /// Held from now on.
        on: bool,
    },
    /// Who hears whom, from now on.
    Join {
        /// The call.
        call: CallHandle,
        /// With whom.
        room: Room,
    },
    /// Something that the person is told by a sound.
    News(News),
    /// The voice side has something to say.
    Voice(voice::Report),
    /// Another part was made anew.
    Restarted(Address),
}

/// What the person is told by sounds.
#[derive(Debug)]
pub enum News {
    /// How a call with the person's sound stands, for the tones that tell of it.
    Stands {
        /// The call.
        call: CallHandle,
        /// Whose call it is: accounts have tones of their own.
        account: Option<AccountHandle>,
        /// How.
        standing: Standing,
    },
    /// The tone with which a call that comes in rings, as the settings write it, where it is not that of its account.
    /// Told before it stands.
    Ringtone {
        /// The call.
        call: CallHandle,
        /// The tone.
        tone: String,
    },
    /// A text message came.
    Wrote {
        /// Whose message it is: accounts have tones of their own.
        account: AccountHandle,
    },
    /// Nothing that others do is to be heard of here, or everything again: calls ring unheard (M-136).
    Quiet {
        /// Who wanted it.
        command: CommandId,
        /// Quiet from now on.
        on: bool,
    },
}

/// How a call stands, as far as it can be heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// We call, and nobody rings yet.
    Trying,
    /// The far end rings.
    Ringing,
    /// Somebody calls, and this phone rings.
    Incoming,
    /// It is up.
    Up,
    /// It is over, or goes on unheard: nothing tells of it.
    Hushed,
    /// It is over: the far end hung up, or the call was lost.
    HungUp,
    /// It is over: the far end is busy, or refused.
    Busy,
    /// It is over: the call got nowhere.
    Failed,
}

/// Whom a call with the person's sound is with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Room {
    /// The person alone.
    #[default]
    Alone,
    /// The person and all others in the conference.
    Conference,
    /// All others with this number, and not the person.
    Bridge(u64),
}

/// Where a call's sound comes from and goes to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Sound {
    /// The person: the engine's microphone and loudspeaker, shared by all calls.
    #[default]
    Person,
    /// What was heard goes back through decoder, jitter buffer and encoder.
    Echo,
    /// Nothing is said, nothing is kept.
    Silence,
    /// A device of the call's own: plugin id and its request, JSON as the plugin documents it.
    Device {
        /// Plugin id, as `audio-file`.
        plugin: String,
        /// The request.
        request: String,
    },
    /// Another sound, whose packets meet a bad network on both ways: to show what happens then.
    Impaired {
        /// What is said and heard.
        sound: Box<Sound>,
        /// What the network does.
        by: Impairment,
    },
}

impl Sound {
    /// What is said and heard, whatever the network does to it.
    pub fn itself(&self) -> &Self {
        match self {
            Self::Impaired { sound, .. } => sound.itself(),
            Self::Person | Self::Echo | Self::Silence | Self::Device { .. } => self,
        }
    }
}

/// What a bad network does to the packets of one leg, RTP and RTCP, each way by itself.
///
/// Which packets are lost and how late the others are depends on the seed and their order alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Impairment {
    /// Packets that never arrive. Unit: per mille. Range: 0 to 1000.
    pub loss_permille: u16,
    /// How much later than others a packet can be; one may overtake another. Unit: ms.
    pub jitter_ms: u16,
    /// Times at which more is lost.
    pub bursts: Option<Bursts>,
    /// Whence the packets that are hit.
    pub seed: u64,
}

/// Times at which a network loses more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bursts {
    /// From the end of one to the end of the next; the first ends so long after the leg began.
    /// Unit: ms. Range: 1 and up.
    pub every_ms: u32,
    /// How long each lasts. Unit: ms.
    pub for_ms: u32,
    /// Packets lost meanwhile. Unit: per mille. Range: 0 to 1000.
    pub loss_permille: u16,
}

/// What a prepared leg can do.
#[derive(Debug, Clone)]
pub struct Ready {
    /// For the session description.
    pub local: LocalMedia,
}

/// What media noticed on a leg.
#[derive(Debug, Clone, PartialEq)]
pub enum Notice {
    /// The first packet came.
    Flowing,
    /// Nothing came for so long that the person should know. Unit: milliseconds.
    Silent {
        /// Since the leg was agreed, or since the last packet.
        for_ms: u64,
    },
    /// The peer pressed a key.
    Digit {
        /// 0–9, *, #, A–D.
        digit: char,
        /// How long. Unit: milliseconds.
        duration_ms: u32,
        /// How it was heard.
        method: DtmfMethod,
    },
    /// A digit of ours has sounded. Told for each, in order.
    DigitSent {
        /// 0–9, *, #, A–D.
        digit: char,
        /// How long. Unit: milliseconds.
        duration_ms: u32,
        /// How it was sent.
        method: DtmfMethod,
    },
    /// Something is wrong with a digit of ours.
    DigitRefused(DigitTrouble),
    /// A digit of ours is to go in an INFO request.
    Inform(Inform),
    /// The person's device is gone; the leg goes on, silent, and sound comes back with the device.
    DeviceLost {
        /// Plugin of the device.
        plugin: String,
    },
    /// The device of the leg's own does not work any more; the leg goes on without its sound.
    OwnDeviceFailed {
        /// Plugin of the device.
        plugin: String,
    },
    /// The leg's codec cannot go on: the leg is silent until it gets another.
    CodecGone {
        /// Plugin of the codec.
        plugin: String,
    },
    /// Counts and quality so far.
    Quality(Box<Quality>),
    /// The leg is gone; its last counts, if it ever ran.
    Stopped(Option<Box<Quality>>),
    /// The leg cannot go on.
    Broken {
        /// Why, for the person.
        why: String,
    },
}

/// What is wrong with a digit of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigitTrouble {
    /// It found no room behind those that wait, and will not sound.
    Full,
    /// No method of the settings can send it in this call.
    NoMethod,
    /// It goes as tones through a codec that models a voice, because nothing else is left.
    Spoilt,
}

/// A digit of ours in an INFO request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inform {
    /// 0–9, *, #, A–D.
    pub digit: char,
    /// How long. Unit: milliseconds.
    pub duration_ms: u32,
    /// Media type of the body.
    pub kind: String,
    /// The body.
    pub body: String,
    /// Where the peer refuses it, another method is to be used.
    pub falls_back: bool,
}

/// What a leg has counted since it was agreed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Quality {
    /// RTP packets sent.
    pub packets_out: u64,
    /// RTP packets that came and fitted.
    pub packets_in: u64,
    /// Packets that never came, of those expected. Unit: per cent.
    pub loss_pct: f32,
    /// Interarrival jitter (RFC 3550 §6.4.1). Unit: milliseconds.
    pub jitter_ms: f32,
    /// Round trip by RTCP; zero where unknown. Unit: milliseconds.
    pub rtt_ms: f32,
    /// Depth of the jitter buffer. Unit: milliseconds.
    pub buffer_ms: f32,
    /// Packets whose sound was made up, of those expected: they never came, came too late, or the codec gave
    /// nothing for them. Unit: per cent.
    pub concealed_pct: f32,
    /// Estimated listening quality (ITU-T G.107). Range: 1 to 4.5.
    pub mos: f32,
    /// Level of what we send. Unit: dBov.
    pub level_out_dbov: f32,
    /// Level of what we hear. Unit: dBov.
    pub level_in_dbov: f32,
    /// Ticks of the media thread that began more than 5 ms late: our own machine stood still.
    pub late_ticks: u64,
    /// How late the latest of them began. Unit: milliseconds.
    pub longest_stall_ms: f32,
}
