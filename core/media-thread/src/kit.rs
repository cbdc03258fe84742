//! The live things that travel beside orders: made on control, used on the media thread, and given
//! back to control to be dropped.

use crate::codec_slot::CodecSlot;
use crate::error::Error;
use crate::filters::FilterChain;
use crate::keys::Ears;
use crate::leg::Leg;
use crate::order::{BusPlan, LegPlan, VoicePlan};
use crate::replace::CodecKit;
use crate::tap::TapSlot;
use crate::tones::ToneKit;
use audio::{Playout, Rate, Resampler};
use base::Rng;
use plugin_host::{AudioInstance, CodecInstance, FilterInstance};
use rtp::JitterBuffer;
use rtp::jitter::Config;

/// What a jitter buffer may be told to wait at most. Unit: ms.
const LONGEST_DELAY_MS: u32 = 1_000;

/// Live things, boxed so that a ring moves a pointer.
#[derive(Debug)]
pub enum Kit<S> {
    /// The order needs none.
    Nothing,
    /// A whole leg.
    Leg(Box<LegKit<S>>),
    /// Another codec for a leg.
    Voice(Box<VoiceKit>),
    /// Another instance of a leg's codec.
    Codec(Box<CodecKit>),
    /// Another source and sink for a leg.
    Audio(Box<AudioKit>),
    /// A bus.
    Bus(Box<BusKit>),
    /// What hears keys in a leg.
    Ears(Box<Ears>),
    /// A tap for a leg, or none.
    Tap(Box<TapSlot>),
    /// Another instance of a bus' filter.
    Filter(Box<FilterInstance>),
    /// A tone for a bus, or silence.
    Tone(Box<ToneKit>),
}

/// A leg, ready to run.
#[derive(Debug)]
pub struct LegKit<S> {
    pub(crate) leg: Leg,
    /// For RTP, until the engine takes it.
    pub(crate) rtp: Option<S>,
    /// For RTCP; absent when it shares the RTP socket.
    pub(crate) rtcp: Option<S>,
}

impl<S> LegKit<S> {
    /// Prepares a leg. Thread: \[control\].
    pub fn new(
        plan: &LegPlan,
        voice: VoiceKit,
        audio: AudioKit,
        rtp: S,
        rtcp: Option<S>,
        rng: &mut Rng,
    ) -> Self {
        Self {
            leg: Leg::new(plan, voice, audio, rng),
            rtp: Some(rtp),
            rtcp,
        }
    }

    /// The sockets, once the leg is over or if it was refused.
    pub fn into_sockets(self) -> (Option<S>, Option<S>) {
        (self.rtp, self.rtcp)
    }

    /// The devices and codec, once the leg is over.
    pub fn into_kits(self) -> (VoiceKit, AudioKit) {
        self.leg.into_kits()
    }
}

/// A codec with everything that depends on its rate.
#[derive(Debug)]
pub struct VoiceKit {
    pub(crate) codec: CodecSlot,
    pub(crate) jitter: JitterBuffer,
    pub(crate) line: Playout,
    /// What the first pass took from the jitter buffer.
    pub(crate) ahead: Option<crate::inbound::Ahead>,
    /// Our samples on their way into a packet.
    pub(crate) frame: Box<[i16]>,
    pub(crate) filled: usize,
    pub(crate) clock_rate_hz: u32,
    pub(crate) resample: Resample,
}

impl VoiceKit {
    /// Prepares a codec whose other side (device or bus) runs at `audio_rate`. Thread: \[control\].
    pub fn new(plan: &VoicePlan, codec: CodecInstance, audio_rate: Rate) -> Result<Self, Error> {
        let longest_delay_ms = Config::new(plan.clock_rate).longest_delay_ms;
        Self::within(longest_delay_ms, plan, codec, audio_rate)
    }

    /// The same with a jitter buffer that never delays by more than `longest_delay_ms` on purpose.
    /// Unit: ms. Range: up to 1000. Thread: \[control\].
    pub fn within(
        longest_delay_ms: u32,
        plan: &VoicePlan,
        codec: CodecInstance,
        audio_rate: Rate,
    ) -> Result<Self, Error> {
        let hertz = codec.format().sample_rate_hz;
        let rate = Rate::from_hertz(hertz).ok_or(Error::Rate {
            what: "the codec",
            hertz,
        })?;
        let channels = codec.format().channels;
        if channels != 1 {
            return Err(Error::Channels(channels));
        }
        if !plan.packet_ms.is_multiple_of(10) || !(10..=120).contains(&plan.packet_ms) {
            return Err(Error::PacketTime(plan.packet_ms));
        }
        let usual = Config::new(plan.clock_rate);
        // A buffer stops waiting when three quarters are full, and a peer may send 10 ms at a time.
        let room = longest_delay_ms.min(LONGEST_DELAY_MS) as usize * 4 / 3 / 10 + 1;
        let config = Config {
            packet_ms: plan.packet_ms,
            longest_delay_ms: longest_delay_ms.min(LONGEST_DELAY_MS),
            packets: usual.packets.max(room),
            pieces: usual.pieces.max(room),
            covers_loss: codec.format().recovers,
            goes_silent: codec.format().goes_silent,
            ..usual
        };
        Ok(Self {
            codec: CodecSlot::new(codec, rate),
            jitter: JitterBuffer::new(config),
            line: Playout::new(rate),
            ahead: None,
            frame: vec![0; rate.per_ms() * plan.packet_ms as usize].into(),
            filled: 0,
            clock_rate_hz: plan.clock_rate.0.max(1),
            resample: Resample::new(rate, audio_rate),
        })
    }

    /// The rate of the codec's samples.
    pub fn rate(&self) -> Rate {
        self.codec.rate()
    }
}

/// Between the codec's rate and that of device or bus.
#[derive(Debug)]
pub(crate) struct Resample {
    /// From codec to device.
    pub(crate) out: Resampler,
    /// From device to codec.
    pub(crate) back: Resampler,
}

impl Resample {
    pub(crate) fn new(codec: Rate, audio: Rate) -> Self {
        Self {
            out: Resampler::new(codec, audio),
            back: Resampler::new(audio, codec),
        }
    }
}

/// Source and sink of a leg: perhaps a device, and resamplers to its rate or the bus'.
#[derive(Debug)]
pub struct AudioKit {
    pub(crate) device: Option<AudioInstance>,
    /// To be swapped into the voice; `None` once there, or if the rate stays.
    pub(crate) resample: Option<Resample>,
}

impl AudioKit {
    /// For echo and silence.
    pub fn none() -> Self {
        Self {
            device: None,
            resample: None,
        }
    }

    /// A device of the leg's own. Thread: \[control\].
    pub fn device(codec_rate: Rate, device: AudioInstance) -> Result<Self, Error> {
        let rate = device_rate(&device)?;
        Ok(Self {
            device: Some(device),
            resample: Some(Resample::new(codec_rate, rate)),
        })
    }

    /// Another device for a bus that mixes at its rate. Thread: \[control\].
    pub fn for_bus(device: AudioInstance) -> Self {
        Self {
            device: Some(device),
            resample: None,
        }
    }

    /// A bus that mixes at `bus_rate`. Thread: \[control\].
    pub fn bus(codec_rate: Rate, bus_rate: Rate) -> Self {
        Self {
            device: None,
            resample: Some(Resample::new(codec_rate, bus_rate)),
        }
    }
}

/// The rate of a device, if it can be mixed.
pub fn device_rate(device: &AudioInstance) -> Result<Rate, Error> {
    let hertz = device.rate().0;
    Rate::from_hertz(hertz).ok_or(Error::Rate {
        what: "the device",
        hertz,
    })
}

/// A bus, ready to run.
#[derive(Debug)]
pub struct BusKit {
    pub(crate) bus: crate::bus::Bus,
}

impl BusKit {
    /// Prepares a bus; its device must run at the plan's rate. Thread: \[control\].
    pub fn new(plan: &BusPlan, device: Option<AudioInstance>) -> Result<Self, Error> {
        if let Some(device) = &device
            && device_rate(device)? != plan.rate
        {
            return Err(Error::Rate {
                what: "the device of a bus",
                hertz: device.rate().0,
            });
        }
        Ok(Self {
            bus: crate::bus::Bus::new(plan, device),
        })
    }

    /// Sound from the microphone and to the loudspeaker passes these. Thread: \[control\].
    #[must_use]
    pub fn with_filters(mut self, microphone: FilterChain, speaker: FilterChain) -> Self {
        self.bus.from_microphone = microphone;
        self.bus.to_speaker = speaker;
        self
    }
}
