//! A leg's own device, and whether it still works.

use audio::Block;
use base::Instant;
use plugin_host::{AudioInstance, Status, Trouble};

/// A device that belongs to one leg alone, such as a file.
#[derive(Debug, Default)]
pub(crate) struct OwnDevice {
    device: Option<AudioInstance>,
    failure: Failure,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Failure {
    #[default]
    None,
    Untold,
    Told,
}

impl OwnDevice {
    pub(crate) const fn new(device: Option<AudioInstance>) -> Self {
        let failure = Failure::None;
        Self { device, failure }
    }

    /// Another device, with a good name again; the old one is left in its place.
    pub(crate) const fn swap(&mut self, device: &mut Option<AudioInstance>) {
        core::mem::swap(&mut self.device, device);
        self.failure = Failure::None;
    }

    pub(crate) fn into_inner(self) -> Option<AudioInstance> {
        self.device
    }

    /// Plays a block; what fails is not heard.
    pub(crate) fn play(&mut self, block: &Block, at: Instant) {
        if let Some(device) = &mut self.device {
            let played = device.playback(block.samples(), at);
            self.judge(played);
        }
    }

    /// Records into a silent block; what fails is silence. Whether there is a device.
    pub(crate) fn record(&mut self, block: &mut Block, now: Instant) -> bool {
        let Some(device) = &mut self.device else {
            return false;
        };
        let recorded = device.capture(block.samples_mut(), now).map(drop);
        self.judge(recorded);
        true
    }

    /// What fails for once is concealed, and the fence counts it; what is gone is to be told.
    fn judge(&mut self, done: Result<(), Trouble>) {
        let gone = match done {
            Ok(()) => false,
            Err(Trouble::Failed(status)) => matches!(status, Status::LOST | Status::FAILED),
            Err(
                Trouble::Poisoned | Trouble::Bypassed | Trouble::Refused | Trouble::SwitchedOff,
            ) => true,
        };
        if gone && self.failure == Failure::None {
            self.failure = Failure::Untold;
        }
    }

    /// Whether it is to be told, once, that the device does not work any more.
    pub(crate) fn tells_failure(&mut self) -> bool {
        let tells = self.failure == Failure::Untold;
        if tells {
            self.failure = Failure::Told;
        }
        tells
    }
}
