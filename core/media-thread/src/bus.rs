//! The mix of many legs and a device: everybody hears everybody else.

use crate::order::{BusId, BusPlan};
use audio::{Block, Gain, Mixer};
use base::Instant;
use plugin_host::AudioInstance;

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
        }
    }

    /// Starts a tick with what the microphone says.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.mixer.clear();
        self.said.clear(self.mixer.rate());
        if let Some(device) = &mut self.device {
            // After trouble the block is silent; the fence counts it.
            let _ = device.capture(self.said.samples_mut(), now);
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
            let _ = device.playback(self.heard.samples(), now);
        }
    }
}
