//! What a call can lose and go on without: the person's device, its own, its codec.

use super::{Ground, Legs, Named, Running, State};
use crate::voice::RINGER;
use base::Hertz;
use media_thread::kit::{AudioKit, Kit};
use media_thread::order::{BusId, Given, Order};
use ports::media::Sound;
use ports::voice::Report;

impl<G: Ground> Legs<G> {
    /// Tells the person's calls, and opens the device again under its old name. While it is not there
    /// the bus asks again.
    pub(super) fn device_lost(&mut self, bus: BusId, again: bool) {
        if bus == RINGER {
            return self.ringer_lost();
        }
        let Some((plugin, request)) = &self.device else {
            return;
        };
        let opened = self.catalogue.audio(plugin);
        let opened = opened.and_then(|plugin| plugin.open_soon(request));
        let plugin = plugin.clone();
        let kit = match opened {
            Ok(device) => Kit::Audio(Box::new(AudioKit::for_bus(device))),
            Err(why) => {
                tracing::debug!(%why, "the lost device is not back yet");
                Kit::Nothing
            }
        };
        if !matches!(kit, Kit::Nothing) {
            let order = Order::SetBusDevice { bus };
            if let Err(why) = self.ground.give(0, Given { order, kit }) {
                tracing::debug!(why, "the device is tried again later");
            }
        }
        if again {
            return;
        }
        let is_person = |running: &Running| *running.config.sound.itself() == Sound::Person;
        let mut lost = Vec::new();
        for (&leg, state) in &self.legs {
            if let State::Runs(running) = state
                && is_person(running)
            {
                lost.push(leg);
            }
        }
        for leg in lost {
            let plugin = plugin.clone();
            self.tell(Report::DeviceLost { leg, plugin });
        }
    }

    /// Tells the call; the device stays as it is, for a file that is opened again begins anew.
    pub(super) fn own_device_failed(&mut self, leg: Named) {
        let Some(State::Runs(running)) = self.legs.get(&leg) else {
            return;
        };
        let plugin = match running.config.sound.itself() {
            Sound::Device { plugin, .. } => plugin.clone(),
            Sound::Person | Sound::Echo | Sound::Silence | Sound::Impaired { .. } => return,
        };
        self.tell(Report::OwnDeviceFailed { leg, plugin });
    }

    /// The codec of a leg cannot go on: the call needs another one.
    pub(super) fn codec_gone(&mut self, leg: Named) {
        let Some(State::Runs(running)) = self.legs.get(&leg) else {
            return;
        };
        let format = running.config.format.clone();
        let codec = self.catalogue.codec(&format.name, format.clock_rate);
        let plugin = codec.map_or_else(|_| String::new(), |codec| codec.plugin().to_owned());
        tracing::error!(leg = leg.0, plugin, codec = format.name, "codec is gone");
        self.tell(Report::CodecGone { leg, plugin });
    }

    /// Codecs that nobody can open, by name and clock: their plugins failed too often.
    pub(super) fn shut_out(&self) -> Vec<(String, Hertz)> {
        let codecs = self.catalogue.codecs();
        let shut_out = codecs.filter(|codec| codec.is_shut_out());
        let named = shut_out.map(|codec| {
            let format = codec.format();
            (format.name.clone(), Hertz(format.clock_rate_hz))
        });
        named.collect()
    }
}
