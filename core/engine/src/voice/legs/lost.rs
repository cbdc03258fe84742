//! The person's device is lost in a call, and comes back.

use super::{Ground, Legs, Named, Running, State};
use media_thread::kit::{AudioKit, Kit};
use media_thread::order::{BusId, Given, Order};
use ports::media::Sound;
use ports::voice::Report;

impl<G: Ground> Legs<G> {
    /// Tells the person's calls, and opens the device again under its old name. While it is not there
    /// the bus asks again.
    pub(super) fn device_lost(&mut self, bus: BusId, again: bool) {
        let Some((plugin, request)) = &self.device else {
            return;
        };
        let opened = self.catalogue.audio(plugin);
        let opened = opened.and_then(|plugin| plugin.open(request));
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
}
