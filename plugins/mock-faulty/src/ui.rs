//! The face: answers each event with a command.

use crate::fault::obey_text;
use crate::scribble::{Scribble, into_lines};
use plugin::{Refusal, Status, Ui, UiEngine};

/// See the crate.
pub struct Faulty(UiEngine);

impl Ui for Faulty {
    fn open(engine: UiEngine, _options: &str) -> Result<Self, Refusal> {
        Ok(Self(engine))
    }

    fn event(&mut self, json: &str) -> Result<(), Status> {
        if obey_text(json) {
            into_lines(Scribble::OutOfRange);
        }
        self.0.command(&format!(r#"{{"heard":{json}}}"#))
    }
}

plugin::export_ui!(Faulty, id = "mock-faulty-ui", name = "Faulty face");
