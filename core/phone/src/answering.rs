//! What `incoming.accept` means: ring, or pick up by itself.

use crate::Error;
use base::{Duration, Hertz};
use engine::voice;
use part_dialogs::answering::{Answering, Plan, Refusal, Step};
use plugin_host::{AudioRequest, Catalogue};
use ports::media::Sound;
use settings::{Accept, Incoming};
use sip_message::Request;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The rule of the settings.
#[derive(Debug)]
pub struct Rule {
    incoming: Incoming,
    recorded: Recorded,
}

/// Names of recordings: never one that is there already. Shared, so that it outlives a part that is
/// made anew.
#[derive(Debug, Clone, Default)]
pub struct Recorded(Arc<AtomicU64>);

impl Recorded {
    /// The first `call-N.wav` in `folder` that is not there.
    fn next(&self, folder: &Path) -> PathBuf {
        loop {
            let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
            let file = folder.join(format!("call-{number}.wav"));
            if !file.exists() {
                return file;
            }
        }
    }
}

impl Rule {
    /// As the settings say.
    pub fn new(incoming: Incoming, recorded: Recorded) -> Self {
        Self { incoming, recorded }
    }

    /// What would keep a call from its sound is told before there is one.
    pub(crate) fn check(incoming: &Incoming, catalogue: &Catalogue) -> Result<(), Error> {
        match &incoming.accept {
            Accept::Ring | Accept::Talk | Accept::Silent | Accept::Echo => Ok(()),
            Accept::Play(file) => {
                let request =
                    AudioRequest::new(Hertz(8_000)).with("read", file.display().to_string());
                let device = catalogue.audio("audio-file");
                let opened = device.and_then(|device| device.open(&request));
                opened
                    .map(drop)
                    .map_err(|why| voice::Error::from(why).into())
            }
            Accept::Record(folder) => {
                std::fs::create_dir_all(folder).map_err(|source| Error::Folder {
                    folder: folder.clone(),
                    source,
                })
            }
        }
    }

    fn sound(&mut self) -> Option<Sound> {
        match &self.incoming.accept {
            Accept::Ring => None,
            Accept::Talk => Some(Sound::Person),
            Accept::Silent => Some(Sound::Silence),
            Accept::Echo => Some(Sound::Echo),
            Accept::Play(file) => Some(file_sound("read", file)),
            Accept::Record(folder) => {
                let file = self.recorded.next(folder);
                Some(file_sound("write", &file))
            }
        }
    }
}

fn file_sound(key: &str, file: &Path) -> Sound {
    let direction = if key == "read" { "capture" } else { "playback" };
    let request = serde_json::json!({
        "direction": direction,
        key: file.display().to_string(),
    });
    Sound::Device {
        plugin: "audio-file".to_owned(),
        request: request.to_string(),
    }
}

impl Answering for Rule {
    fn refuse(&mut self, _request: &Request) -> Option<Refusal> {
        None
    }

    fn plan(&mut self, _request: &Request) -> Plan {
        match self.sound() {
            None => Plan::ring(),
            Some(sound) => {
                let after = self.incoming.accept_after;
                let steps = vec![(Duration::ZERO, Step::Ring), (after, Step::Accept)];
                Plan {
                    steps,
                    sound,
                    pretend: None,
                }
            }
        }
    }
}
