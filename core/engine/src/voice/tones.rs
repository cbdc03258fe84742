//! Tones for the person: from plain words to players on the person's bus, or where the phone rings.

use super::legs::{Ground, Legs};
use super::{PERSON, RINGER};
use audio::{CallTone, Rate};
use media_thread::kit::{AudioKit, Kit};
use media_thread::order::{BusId, Given as Gift, Order};
use media_thread::tones::{Slot, ToneKit};
use plugin_host::AudioRequest;
use ports::voice::Place;

/// What the media thread has of tones.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// Kits that it has not given back.
    kits: usize,
    /// What sounds, as far as control knows: that of the speaker, that of the ring.
    sounding: [Option<CallTone>; 2],
}

impl Given {
    /// Whether nothing sounds, as far as control knows, and nothing is to come back. A tone that ends by itself sounds
    /// until it is replaced: its part does so.
    pub(super) fn is_idle(&self) -> bool {
        self.kits == 0 && self.sounding.iter().all(Option::is_none)
    }

    pub(super) fn came_back(&mut self) {
        self.kits = self.kits.saturating_sub(1);
    }
}

/// The device on which the phone rings, where that is another one than the person's.
pub(super) struct Ringer {
    /// What its bus mixes at.
    rate: Rate,
    /// What it was opened with.
    device: (String, AudioRequest),
    /// It is not there: the phone rings on the person's meanwhile.
    is_lost: bool,
}

impl Ringer {
    pub(super) const fn new(rate: Rate, device: (String, AudioRequest)) -> Self {
        let is_lost = false;
        Self {
            rate,
            device,
            is_lost,
        }
    }
}

impl<G: Ground> Legs<G> {
    /// Plays a tone in the place of the one before, or nothing.
    pub(super) fn tone(&mut self, place: Place, tone: Option<CallTone>) {
        let (bus, slot, rate) = match place {
            Place::Speaker => (PERSON, Slot::Signal, self.person),
            Place::Ring => self.rings_on(),
        };
        let at = usize::from(place == Place::Ring);
        if self.play((bus, slot), tone.as_ref(), rate)
            && let Some(sounding) = self.tones.sounding.get_mut(at)
        {
            *sounding = tone;
        }
    }

    /// Where the phone rings now.
    fn rings_on(&self) -> (BusId, Slot, Rate) {
        match self.ringer.as_ref().filter(|ringer| !ringer.is_lost) {
            Some(ringer) => (RINGER, Slot::Alert, ringer.rate),
            None => (PERSON, Slot::Alert, self.person),
        }
    }

    /// Whether the media thread took it.
    fn play(&mut self, (bus, slot): (BusId, Slot), tone: Option<&CallTone>, rate: Rate) -> bool {
        let player = tone.map(|tone| tone.player(rate));
        let given = Gift {
            order: Order::SetBusTone { bus, slot },
            kit: Kit::Tone(Box::new(ToneKit::new(player))),
        };
        let done = self.ground.give(0, given);
        match &done {
            Ok(()) => self.tones.kits += 1,
            Err(why) => tracing::warn!(why, "a tone is not played"),
        }
        done.is_ok()
    }

    /// Opens the ringing device again. While it is not there the phone rings on the person's, and its bus asks again.
    pub(super) fn ringer_lost(&mut self) {
        let Some(ringer) = &self.ringer else {
            return;
        };
        let before = self.rings_on();
        let (plugin, request) = &ringer.device;
        let opened = self.catalogue.audio(plugin);
        let opened = opened.and_then(|plugin| plugin.open_soon(request));
        let is_lost = match opened {
            Ok(device) => {
                let order = Order::SetBusDevice { bus: RINGER };
                let kit = Kit::Audio(Box::new(AudioKit::for_bus(device)));
                self.ground.give(0, Gift { order, kit }).is_err()
            }
            Err(why) => {
                tracing::debug!(%why, "the lost ringing device is not back yet");
                true
            }
        };
        if let Some(ringer) = &mut self.ringer {
            if is_lost && !ringer.is_lost {
                tracing::warn!(
                    plugin = ringer.device.0,
                    "the ringing device is lost; rings on the speaker"
                );
            }
            ringer.is_lost = is_lost;
        }
        let now = self.rings_on();
        let [_, ringing] = &self.tones.sounding;
        if now.0 != before.0
            && let Some(tone) = ringing.clone()
        {
            self.play((before.0, before.1), None, before.2);
            self.play((now.0, now.1), Some(&tone), now.2);
        }
    }

    /// Silence everywhere.
    pub(super) fn hush(&mut self) {
        for (at, place) in [Place::Speaker, Place::Ring].into_iter().enumerate() {
            if matches!(self.tones.sounding.get(at), Some(Some(_))) {
                self.tone(place, None);
            }
        }
    }
}
