//! A face that looks at nothing.

use crate::orders::{Counts, Deed, Orders, Play};
use plugin::{Refusal, Status, Ui, UiEngine};

/// What faces of this process did.
pub static COUNTS: Counts = Counts::new();

/// A face. Each event is a call.
#[derive(Debug)]
pub struct Mock {
    play: Play,
    engine: UiEngine,
}

impl Ui for Mock {
    fn open(engine: UiEngine, options: &str) -> Result<Self, Refusal> {
        let play = Play::new(Orders::read(options)?, &COUNTS);
        Ok(Self { play, engine })
    }

    fn event(&mut self, _json: &str) -> Result<(), Status> {
        match self.play.call()? {
            Deed::Right => Ok(()),
            // Nothing is worse for an engine than a face that talks nonsense.
            Deed::Rubbish => self.engine.command("{\"command\":"),
        }
    }
}

plugin::export_ui!(Mock, id = "mock-ui", name = "Mock of a face");
