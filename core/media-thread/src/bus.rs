//! The mix of many legs and a device: everybody hears everybody else.

use crate::filters::{FilterChain, Side};
use crate::order::{BusId, BusPlan};
use crate::replace::WentWrong;
use audio::{Block, Gain, Mixer};
use base::Instant;
use plugin_host::AudioInstance;

/// How often a device is asked how far it is from the air. Unit: ticks.
const ASK_DELAY: u32 = 100;

/// One mix.
#[derive(Debug)]
pub(crate) struct Bus {
    pub(crate) id: BusId,
    mixer: Mixer,
    device: Option<AudioInstance>,
    /// What the microphone said this tick.
    said: Block,
    /// What the loudspeaker is given.
    heard: Block,
    pub(crate) speaker: Gain,
    pub(crate) microphone: Gain,
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
            mixer: Mixer::new(plan.rate),
            device,
            said: Block::silence(plan.rate),
            heard: Block::silence(plan.rate),
            speaker: Gain::new(),
            microphone: Gain::new(),
            from_microphone: FilterChain::empty(),
            to_speaker: FilterChain::empty(),
            was_heard: false,
            delay_samples: 0,
            ask_in: 0,
        }
    }

    /// Starts a tick with what the microphone says.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.mixer.clear();
        self.said.clear(self.mixer.rate());
        if let Some(device) = &mut self.device {
            // After trouble the block is silent; the fence counts it.
            let _ = device.capture(self.said.samples_mut(), now);
            let was_heard = core::mem::take(&mut self.was_heard);
            let far = was_heard.then_some(&self.heard);
            self.from_microphone
                .process(&mut self.said, far, self.delay_samples);
            self.microphone.apply(&mut self.said);
        }
        self.mixer.add(&self.said);
    }

    /// Whether there is a microphone, perhaps.
    pub(crate) const fn records(&self) -> bool {
        self.device.is_some()
    }

    /// What the microphone said at [`begin`](Self::begin).
    pub(crate) const fn said(&self) -> &Block {
        &self.said
    }

    /// Adds a leg's voice.
    pub(crate) fn add(&mut self, voice: &Block) {
        if voice.rate() == self.mixer.rate() {
            self.mixer.add(voice);
        }
    }

    /// What the leg with this voice is to hear.
    pub(crate) fn for_leg(&self, own: &Block, out: &mut Block) {
        self.mixer.all_but(own, out);
    }

    /// Ends a tick: all legs to the loudspeaker.
    pub(crate) fn end(&mut self, now: Instant) {
        if let Some(device) = &mut self.device {
            self.mixer.all_but(&self.said, &mut self.heard);
            self.speaker.apply(&mut self.heard);
            self.to_speaker.process(&mut self.heard, None, 0);
            let _ = device.playback(self.heard.samples(), now);
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
            let samples = ns.saturating_mul(self.mixer.rate().per_ms() as u64) / 1_000_000;
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
