//! The mix of many legs and a device: everybody hears everybody else.

use crate::filters::{FilterChain, Side};
use crate::kit::Kit;
use crate::order::{BusId, BusPlan};
use crate::replace::WentWrong;
use crate::report::Report;
use crate::reports::Reports;
use crate::tones::{Slot, Tones};
use audio::{Block, Gain, Limiter, Mixer};
use base::{Duration, Instant};
use plugin_host::{AudioInstance, FilterInstance, Status, Trouble};

/// How long after a lost device was told it is told again, if it is lost still. Unit: time.
const LOST_AGAIN: Duration = Duration::from_millis(500);

/// What is to be told of a lost device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tell {
    Nothing,
    Lost,
    StillLost,
}

/// How often a device is asked how far it is from the air. Unit: ticks.
const ASK_DELAY: u32 = 100;

/// One mix.
#[derive(Debug)]
pub(crate) struct Bus {
    pub(crate) id: BusId,
    /// The legs that hear each other.
    joined: Mixer,
    /// All legs: what the loudspeaker is given.
    all: Mixer,
    limiter: Limiter,
    device: Option<AudioInstance>,
    /// What the microphone said this tick.
    said: Block,
    /// What the loudspeaker is given.
    heard: Block,
    tones: Tones,
    pub(crate) speaker: Gain,
    pub(crate) microphone: Gain,
    /// How playing went in the last tick: a loudspeaker may be lost alone.
    played: Result<(), Trouble>,
    /// When it was noticed that the device is lost, and what is still to be told of it.
    lost: Option<(Instant, Tell)>,
    pub(crate) from_microphone: FilterChain,
    pub(crate) to_speaker: FilterChain,
    /// Whether `heard` went to the loudspeaker since the microphone was asked last.
    was_heard: bool,
    /// How much later the microphone hears what the loudspeaker is given. Unit: samples.
    delay_samples: u32,
    /// Ticks until the device is asked for it.
    ask_in: u32,
}

impl Bus {
    pub(crate) fn new(plan: &BusPlan, device: Option<AudioInstance>) -> Self {
        Self {
            id: plan.bus,
            joined: Mixer::new(plan.rate),
            all: Mixer::new(plan.rate),
            limiter: Limiter::new(),
            device,
            said: Block::silence(plan.rate),
            heard: Block::silence(plan.rate),
            tones: Tones::silent(plan.rate),
            speaker: Gain::new(),
            microphone: Gain::new(),
            played: Ok(()),
            lost: None,
            from_microphone: FilterChain::empty(),
            to_speaker: FilterChain::empty(),
            was_heard: false,
            delay_samples: 0,
            ask_in: 0,
        }
    }

    /// Starts a tick with what the microphone says, where anybody could hear it.
    pub(crate) fn begin(&mut self, now: Instant, listens: bool, reports: &mut Reports) {
        self.joined.clear();
        self.all.clear();
        self.said.clear(self.all.rate());
        if let Some(device) = &mut self.device {
            // After trouble the block is silent; the fence counts it.
            let captured = match listens {
                true => device.capture(self.said.samples_mut(), now).map(drop),
                false => Ok(()),
            };
            self.lost = lost(self.lost, captured.and(self.played), now);
            let was_heard = core::mem::take(&mut self.was_heard);
            let far = was_heard.then_some(&self.heard);
            self.from_microphone
                .process(&mut self.said, far, self.delay_samples);
            self.microphone.apply(&mut self.said);
        }
        if let Some(again) = self.tells_lost() {
            let (bus, at) = (self.id, now);
            reports.urgent(Report::DeviceLost { bus, at, again });
        }
    }

    /// Whether it is to be told that the device is lost, at once and then now and again: `Some(true)`
    /// where it was told before.
    fn tells_lost(&mut self) -> Option<bool> {
        let (_, tell) = self.lost.as_mut()?;
        match core::mem::replace(tell, Tell::Nothing) {
            Tell::Nothing => None,
            Tell::Lost => Some(false),
            Tell::StillLost => Some(true),
        }
    }

    /// Another device at the same rate; the old one is left in `kit`.
    pub(crate) fn set_device<S>(&mut self, kit: &mut Kit<S>) {
        if let Kit::Audio(new) = kit {
            core::mem::swap(&mut self.device, &mut new.device);
            self.played = Ok(());
            self.ask_in = 0;
        }
    }

    /// Another instance of one filter; the old one is left in `new`.
    pub(crate) fn set_filter(&mut self, side: Side, filter: usize, new: &mut FilterInstance) {
        let chain = match side {
            Side::Microphone => &mut self.from_microphone,
            Side::Speaker => &mut self.to_speaker,
        };
        chain.replace(filter, new);
    }

    /// Another tone for the loudspeaker, or none; the old one is left in `kit`.
    pub(crate) fn set_tone<S>(&mut self, slot: Slot, kit: &mut Kit<S>) {
        if let Kit::Tone(new) = kit {
            self.tones.set(slot, new);
        }
    }

    /// Whether a tone is to be heard.
    pub(crate) fn is_sounding(&self) -> bool {
        self.device.is_some() && self.tones.is_sounding()
    }

    /// Gains. Unit: dB.
    pub(crate) fn set_gain(&mut self, speaker_db: f32, microphone_db: f32) {
        self.speaker.set_decibels(speaker_db);
        self.microphone.set_decibels(microphone_db);
    }

    /// Whether there is a microphone, perhaps.
    pub(crate) const fn records(&self) -> bool {
        self.device.is_some()
    }

    /// What the microphone said at [`begin`](Self::begin).
    pub(crate) const fn said(&self) -> &Block {
        &self.said
    }

    /// Adds a leg's voice; a joined one is heard by those who are joined too.
    pub(crate) fn add(&mut self, voice: &Block, joined: bool) {
        if voice.rate() != self.all.rate() {
            return;
        }
        self.all.add(voice);
        if joined {
            self.joined.add(voice);
        }
    }

    /// What a joined leg with this voice is to hear: `microphone` and all others, but not itself.
    pub(crate) fn mix(
        &self,
        own: &Block,
        microphone: &Block,
        limiter: &mut Limiter,
        out: &mut Block,
    ) {
        self.joined.mix(Some(own), Some(microphone), limiter, out);
    }

    /// Ends a tick: all legs to the loudspeaker.
    pub(crate) fn end(&mut self, now: Instant) {
        if let Some(device) = &mut self.device {
            self.tones.add(&mut self.all, &mut self.heard);
            self.all.mix(None, None, &mut self.limiter, &mut self.heard);
            self.speaker.apply(&mut self.heard);
            self.to_speaker.process(&mut self.heard, None, 0);
            self.played = device.playback(self.heard.samples(), now);
            self.was_heard = true;
            self.ask_delay();
        }
    }

    /// For filters that take the loudspeaker out of what the microphone hears.
    fn ask_delay(&mut self) {
        if self.from_microphone.is_empty() {
            return;
        }
        if self.ask_in > 0 {
            self.ask_in -= 1;
            return;
        }
        self.ask_in = ASK_DELAY;
        // A device that does not know leaves what was known.
        if let Some(Ok(far)) = self.device.as_mut().map(AudioInstance::latency) {
            let ns = far.capture_ns.saturating_add(far.playback_ns);
            let samples = ns.saturating_mul(self.all.rate().per_ms() as u64) / 1_000_000;
            self.delay_samples = u32::try_from(samples).unwrap_or(u32::MAX);
        }
    }

    /// What is new to tell of filters: which side, which of them, how it failed.
    pub(crate) fn filter_trouble(&mut self) -> Option<(Side, usize, WentWrong)> {
        let of = |side| move |(at, wrong)| (side, at, wrong);
        let microphone = self.from_microphone.told().map(of(Side::Microphone));
        microphone.or_else(|| self.to_speaker.told().map(of(Side::Speaker)))
    }
}

/// What is known of a loss after one more call of the device.
fn lost(
    before: Option<(Instant, Tell)>,
    call: Result<(), Trouble>,
    now: Instant,
) -> Option<(Instant, Tell)> {
    match (call, before) {
        (Err(Trouble::Failed(Status::LOST)), Some((told, tell))) => {
            match now.since(told) >= LOST_AGAIN {
                true => Some((now, Tell::StillLost)),
                false => Some((told, tell)),
            }
        }
        (Err(Trouble::Failed(Status::LOST)), None) => Some((now, Tell::Lost)),
        (Ok(()), _) => None,
        // Other trouble says nothing of where the device is.
        (
            Err(
                Trouble::Failed(_)
                | Trouble::Poisoned
                | Trouble::Bypassed
                | Trouble::Refused
                | Trouble::SwitchedOff,
            ),
            before,
        ) => before,
    }
}
