//! The main loop of a plugin's process.

use super::line::Line;
use super::ring::{Answerer, Ring};
use super::words::{Answer, Ask, Begun, Format, Media, Step, Talk, flags};
use super::{sandbox, serve_media, serve_talk};
use crate::config::Options;
use crate::library::Held;
use crate::services::{Context, Lines, Surroundings};
use crate::{Kind, Manifest, load, services};
use plugin::{
    CodecRequest, DtmfListen, DtmfRequest, EntryHandle, FilterRequest, Place, RecorderRequest,
    Refusal, Status,
};
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::thread::Timespec;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A stack for a codec's arrays.
const STACK: usize = 1 << 20;
/// Until the next word.
const LONG: Duration = Duration::from_secs(u32::MAX as u64);
/// To put an answer into a socket.
pub(super) const SOON: Duration = Duration::from_secs(2);

/// The plugin of this process.
struct Served {
    entry: EntryHandle,
    services: &'static Context,
}

/// Timers of the plugin, which run out while nobody asks anything.
struct Timing {
    surroundings: Surroundings,
    /// Rung when one was started, maybe by the thread of an instance.
    bell: Arc<OwnedFd>,
}

impl Timing {
    fn new() -> io::Result<Self> {
        let bell = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let surroundings = Surroundings {
            lines: Lines::StandardError,
            ..Surroundings::default()
        };
        let rung = Arc::clone(&bell);
        surroundings.timers.when_started(move || {
            // A bell that is full has been rung.
            let _ = rustix::io::write(&*rung, &1u64.to_ne_bytes());
        });
        Ok(Self { surroundings, bell })
    }

    /// Fires what is due until the engine says something.
    fn until_asked(&self, line: &Line) -> io::Result<()> {
        let Surroundings { clock, timers, .. } = &self.surroundings;
        loop {
            timers.fire(clock.now());
            let due = timers.deadline();
            let left = due.map(|due| Timespec {
                tv_sec: 0,
                // Looked at once a second at least.
                tv_nsec: due.since(clock.now()).as_nanos().min(999_999_999) as i64,
            });
            let line = line.as_fd();
            let mut fds = [
                PollFd::new(&line, PollFlags::IN),
                PollFd::new(&*self.bell, PollFlags::IN),
            ];
            match poll(&mut fds, left.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let [asked, rung] = fds.map(|fd| !fd.revents().is_empty());
            if rung {
                let _ = rustix::io::read(&*self.bell, &mut [0u8; 8]);
            }
            if asked {
                return Ok(());
            }
        }
    }
}

/// With this and the engine's process number the program `offhook-plugin-host` serves.
pub const FOR: &str = "--for";

/// Serves one plugin to the engine at the other end of standard input, until it hangs up. `engine` is the number of
/// its process: with that this one ends.
pub fn serve(engine: u32) -> io::Result<()> {
    let line = Line::of(io::stdin().as_fd().try_clone_to_owned()?);
    sandbox::at_start(&line, engine)?;
    // After it: that closes whatever is open.
    let clock = Timing::new()?;
    let mut loaded: Option<Served> = None;
    loop {
        clock.until_asked(&line)?;
        let came = match line.receive::<Ask>(LONG) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            came => came?,
        };
        let answer = match (came.word, &loaded) {
            (
                Ask::Begin {
                    path,
                    kind,
                    permissions,
                    host,
                    options,
                },
                None,
            ) => {
                let open = sandbox::shut_in(&permissions);
                let held = came.fds.into_iter().next().map(Held::of);
                let begun = held
                    .ok_or(Status::BAD_ARGUMENT.into())
                    .and_then(|held| begin((held, &path), &kind, (host, options, &clock), open));
                match begun {
                    Ok((plugin, begun)) => {
                        loaded = Some(plugin);
                        Answer::Begun(Box::new(begun))
                    }
                    Err(refusal) => Answer::refused(refusal),
                }
            }
            (Ask::Figures, Some(served)) => Answer::Figures(served.services.figures()),
            (word, Some(served)) => {
                answer(&served.entry, word, came.fds).unwrap_or_else(Answer::refused)
            }
            (_, None) => Answer::refused(Status::BAD_ARGUMENT.into()),
        };
        line.answer(came.number, &answer, &[], SOON)?;
    }
}

fn begin(
    (held, path): (Held, &Path),
    kind: &str,
    (host, options, clock): ((String, String), Options, &Timing),
    open: Vec<String>,
) -> Result<(Served, Begun), Refusal> {
    let refused = |error: crate::Error| Refusal::new(Status::FAILED, error.to_string());
    let library = std::fs::read(held.place());
    let library = library.map_err(|error| Refusal::new(Status::FAILED, error.to_string()))?;
    let manifest = Manifest::of_library(path, &library).map_err(refused)?;
    drop(library);
    // As long as the process: what is loaded stays.
    let held: &'static Held = Box::leak(Box::new(held));
    let entry = load::load_held(held, path, &manifest).map_err(refused)?;
    // As long as the process, as the boundary promises.
    let [name, version] = [host.0, host.1].map(|text| &*text.leak());
    let config = serde_json::to_string(&options).expect("plain values always become JSON");
    let (host, services) =
        services::host_for(&entry.id, (name, version), config, &clock.surroundings);
    entry.init(host)?;
    let nonsense = |fault: plugin::Fault| Refusal::new(Status::GARBAGE, fault.to_string());
    let kind = Kind::from_name(kind).ok_or(Status::UNSUPPORTED)?;
    let mut begun = Begun {
        name: entry.name.clone(),
        version: entry.version.clone(),
        vendor: entry.vendor.clone(),
        licence: entry.licence.clone(),
        formats: Vec::new(),
        dtmf: None,
        recorder: None,
        open,
    };
    let is_there = match kind {
        Kind::Codec => match entry.codec().map_err(nonsense)? {
            Some(codec) => {
                let formats = codec.formats().map_err(nonsense)?;
                begun.formats = formats.iter().map(Format::of).collect();
                true
            }
            None => false,
        },
        Kind::Dtmf => {
            let dtmf = entry.dtmf().map_err(nonsense)?;
            let about = dtmf
                .map(|dtmf| dtmf.about())
                .transpose()
                .map_err(nonsense)?;
            begun.dtmf = about.map(|about| (about.name, flags(about.abilities)));
            begun.dtmf.is_some()
        }
        Kind::Audio => entry.audio().map_err(nonsense)?.is_some(),
        Kind::Recorder => {
            let recorder = entry.recorder().map_err(nonsense)?;
            begun.recorder = recorder.map(|recorder| recorder.about()).transpose()?;
            begun.recorder.is_some()
        }
        Kind::Filter => entry.filter().map_err(nonsense)?.is_some(),
        Kind::Nat => entry.nat().map_err(nonsense)?.is_some(),
        Kind::Security => entry.security().map_err(nonsense)?.is_some(),
        Kind::Ui => entry.ui().map_err(nonsense)?.is_some(),
        Kind::Directory => entry.directory().map_err(nonsense)?.is_some(),
        Kind::Tone => entry.tone().map_err(nonsense)?.is_some(),
    };
    if !is_there {
        let why = format!("it has no table of the kind {}", kind.name());
        return Err(Refusal::new(Status::UNSUPPORTED, why));
    }
    Ok((Served { entry, services }, begun))
}

/// The table, or that there is none.
fn of<T>(table: Result<Option<T>, plugin::Fault>) -> Result<T, Refusal> {
    table
        .map_err(|fault| Refusal::new(Status::GARBAGE, fault.to_string()))?
        .ok_or_else(|| Status::UNSUPPORTED.into())
}

fn answer(entry: &EntryHandle, word: Ask, fds: Vec<OwnedFd>) -> Result<Answer, Refusal> {
    match word {
        Ask::Fmtp { index, options } => {
            let codec = of(entry.codec())?;
            let formats = codec
                .formats()
                .map_err(|fault| Refusal::new(Status::GARBAGE, fault.to_string()))?;
            let format = formats.get(index).ok_or(Status::NOT_FOUND)?;
            codec.fmtp(format, &options).map(Answer::Text)
        }
        Ask::Devices => of(entry.audio())?.enumerate().map(Answer::Text),
        Ask::ToneNames => of(entry.tone())?.names().map(Answer::Text),
        Ask::Plan {
            key,
            duration_ms,
            peer_takes_info,
            codec_clock_hz,
            event_clock_hz,
            options,
        } => {
            let plan = of(entry.dtmf())?.plan(&DtmfRequest {
                key,
                duration_ms,
                peer_takes_info,
                codec_clock_hz,
                event_clock_hz,
                options: &options,
            })?;
            Ok(Answer::Steps(plan.into_iter().map(Step::of).collect()))
        }
        Ask::HearInfo { content_type, body } => {
            let heard = of(entry.dtmf())?.hear_info(&content_type, &body);
            Ok(Answer::Heard(
                heard.map(|h| (h.key, h.released, h.duration_ms)),
            ))
        }
        Ask::Media(word) => media(entry, word, fds),
        Ask::Talk(word) => talk(entry, word, fds),
        Ask::Begin { .. } | Ask::Figures => Err(Status::BAD_ARGUMENT.into()),
    }
}

fn failed(error: io::Error) -> Refusal {
    Refusal::new(Status::FAILED, error.to_string())
}

fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> Result<Answer, Refusal> {
    let thread = std::thread::Builder::new().name(name.to_owned());
    let spawned = thread.stack_size(STACK).spawn(body);
    spawned.map(|_| Answer::Done).map_err(failed)
}

fn media(entry: &EntryHandle, word: Media, fds: Vec<OwnedFd>) -> Result<Answer, Refusal> {
    let memory = fds.into_iter().next().ok_or(Status::BAD_ARGUMENT)?;
    let rings = Answerer::new(Ring::of(&memory).map_err(failed)?);
    match word {
        Media::Codec {
            index,
            fmtp,
            options,
        } => {
            let codec = of(entry.codec())?.open(&CodecRequest {
                format: index,
                fmtp: &fmtp,
                options: &options,
            })?;
            spawn("codec", move || serve_media::codec(codec, rings))
        }
        Media::Filter {
            is_speaker,
            sample_rate_hz,
            options,
        } => {
            let place = if is_speaker {
                Place::Speaker
            } else {
                Place::Microphone
            };
            let filter = of(entry.filter())?.open(&FilterRequest {
                place,
                sample_rate_hz,
                options: &options,
            })?;
            spawn("filter", move || serve_media::filter(filter, rings))
        }
        Media::Audio { request } => {
            let device = of(entry.audio())?.open(&request)?;
            spawn("audio", move || serve_media::audio(device, rings))
        }
        Media::Listener {
            sample_rate_hz,
            options,
        } => {
            let listener = of(entry.dtmf())?.open(&DtmfListen {
                sample_rate_hz,
                options: &options,
            })?;
            spawn("dtmf", move || serve_media::listener(listener, rings))
        }
        Media::Tone {
            name,
            sample_rate_hz,
            options,
        } => {
            let tone = of(entry.tone())?.open(&name, sample_rate_hz, &options)?;
            spawn("tone", move || serve_media::tone(tone, rings))
        }
    }
}

fn talk(entry: &EntryHandle, word: Talk, fds: Vec<OwnedFd>) -> Result<Answer, Refusal> {
    let mut lines = fds.into_iter().map(Line::of);
    let line = lines.next().ok_or(Status::BAD_ARGUMENT)?;
    match word {
        Talk::Recorder {
            sample_rate_hz,
            channels,
            started_unix_ms,
            path,
            metadata,
            options,
        } => {
            let recording = of(entry.recorder())?.open(&RecorderRequest {
                sample_rate_hz,
                channels,
                started_unix_ms,
                path: &path,
                metadata: &metadata,
                options: &options,
            })?;
            spawn("recorder", move || serve_talk::recording(recording, &line))
        }
        Talk::Nat { request, seed } => {
            let nat = of(entry.nat())?.open(&request, seed)?;
            spawn("nat", move || serve_talk::nat(nat, &line))
        }
        Talk::Security { request, seed } => {
            let security = of(entry.security())?.open(&request, &seed)?;
            spawn("security", move || serve_talk::security(security, &line))
        }
        Talk::Ui { options } => {
            let commands = lines.next().ok_or(Status::BAD_ARGUMENT)?;
            let ui = of(entry.ui())?.open(&options, serve_talk::commands(commands))?;
            spawn("ui", move || serve_talk::ui(ui, &line))
        }
        Talk::Directory { options } => {
            let directory = of(entry.directory())?.open(&options)?;
            spawn("directory", move || serve_talk::directory(directory, &line))
        }
    }
}
