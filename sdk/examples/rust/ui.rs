//! A face: prints each event as a line, on a thread of its own.

use plugin::{Refusal, Status, Ui, UiEngine};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

/// Events that may wait to be printed.
const WAITING: usize = 256;

/// A running face.
#[derive(Debug)]
pub struct Mine {
    /// Commands go here, as JSON: `engine.command(r#"{"command":"hang_up"}"#)`.
    _engine: UiEngine,
    lines: Option<SyncSender<String>>,
    printer: Option<JoinHandle<()>>,
}

impl Ui for Mine {
    fn open(engine: UiEngine, _options: &str) -> Result<Self, Refusal> {
        let (lines, printed) = sync_channel::<String>(WAITING);
        let printer = std::thread::Builder::new()
            .name("face".to_owned())
            .spawn(move || printed.iter().for_each(|line| eprintln!("event {line}")))
            .map_err(|why| Refusal::new(Status::UNAVAILABLE, why.to_string()))?;
        Ok(Self {
            _engine: engine,
            lines: Some(lines),
            printer: Some(printer),
        })
    }

    fn event(&mut self, json: &str) -> Result<(), Status> {
        let lines = self.lines.as_ref().ok_or(Status::LOST)?;
        match lines.try_send(json.to_owned()) {
            // What finds no room is left out: the engine must never wait for a face.
            Ok(()) | Err(TrySendError::Full(_)) => Ok(()),
            Err(TrySendError::Disconnected(_)) => Err(Status::LOST),
        }
    }
}

impl Drop for Mine {
    fn drop(&mut self) {
        self.lines = None;
        if let Some(printer) = self.printer.take() {
            // It ends when it has printed what waited.
            let _ = printer.join();
        }
    }
}

plugin::export_ui!(Mine);

#[cfg(test)]
mod tests {
    /// The face itself is opened by a host: `offhook plugin check` does that.
    #[test]
    fn its_manifest_says_what_it_is() {
        assert!(super::OFFHOOK_MANIFEST.contains(r#""kind":"ui""#));
    }
}
