//! Faces: plugins of the kind ui, each one more client of the control words.
//!
//! A face has a thread of its own, which opens it and tells it every line of the engine; what it says goes through a
//! bounded queue. At the engine's end of the stream serves what serves the control socket. So a face that is slow,
//! hangs or dies holds nobody up: it misses events, and is told which.

use crate::run::Core;
use crate::socket;
use base::Duration;
use control::event::Filter;
use control::snapshot::PluginState;
use control::wire::{self, Hello, ToEngine};
use control::{Code, ErrorObject};
use plugin::{Commands, Status};
use plugin_host::{Error, UiPlugin};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use tokio::sync::mpsc;

/// Lines of a face that may wait for the engine.
const SAID: usize = 64;
/// Words of all faces' threads that may wait for control.
const ASKED: usize = 64;
/// Pause before a face whose process ended is opened again. Unit: time.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Times in a row that a face is opened in vain, before it stays away.
const TRIES: u32 = 5;
/// A face that does not come back from one event for so long is told. Unit: time.
const HANGS_AFTER: Duration = Duration::from_secs(2);
/// How often that is looked at. Unit: time.
const LOOK: Duration = Duration::from_secs(1);
/// How long an engine that stops waits for its faces to close. Unit: time.
const GOODBYE: Duration = Duration::from_secs(1);

/// A face that is to be opened.
#[derive(Debug, Clone)]
pub struct Face {
    /// Its plugin.
    pub plugin: UiPlugin,
    /// What it is told: a JSON object, or empty.
    pub options: String,
}

/// What a face's thread asks of control.
enum Asked {
    /// Serve the engine's end of its stream.
    Serve(UnixStream),
    /// Tell that it failed.
    Failed(String, Box<ErrorObject>),
}

/// The running faces of one engine. Once it is dropped none is opened again.
#[derive(Default)]
pub(crate) struct Faces {
    running: Vec<(JoinHandle<()>, SyncSender<()>)>,
}

impl Faces {
    /// Opens each on a thread of its own. One that cannot be opened is told, and keeps nobody waiting.
    pub(crate) fn open(faces: Vec<Face>, core: &Rc<Core>) -> Self {
        if faces.is_empty() {
            return Self::default();
        }
        let (ask, asked) = mpsc::channel(ASKED);
        core.tasks.spawn(serve(Rc::clone(core), asked));
        let mut running = Vec::new();
        for face in faces {
            let id = face.plugin.plugin().to_owned();
            let (end, ended) = sync_channel(1);
            let busy = Arc::new(Busy::new());
            let (ask, its) = (ask.clone(), Arc::clone(&busy));
            let thread = std::thread::Builder::new().name("face".to_owned());
            match thread.spawn(move || run(&face, &ask, &ended, &its)) {
                Ok(thread) => {
                    core.tasks.spawn(watch(Rc::clone(core), id, busy));
                    running.push((thread, end));
                }
                Err(why) => core.face_failed(&id, failed(&format!("no thread for it: {why}"))),
            }
        }
        Self { running }
    }

    /// Waits a bounded time until all have closed; their streams have ended already.
    pub(crate) async fn end(mut self) {
        let threads: Vec<_> = self.running.drain(..).map(|(thread, _)| thread).collect();
        let until = std::time::Instant::now() + GOODBYE;
        let runs = |threads: &[JoinHandle<()>]| threads.iter().any(|thread| !thread.is_finished());
        while runs(&threads) && std::time::Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if runs(&threads) {
            tracing::warn!("a face does not close; its thread is left behind");
        }
    }
}

/// Since when a face is within one event.
struct Busy {
    begun: std::time::Instant,
    /// Unit: ms after `begun`. 0: it is not.
    since: AtomicU64,
}

impl Busy {
    fn new() -> Self {
        Self {
            begun: std::time::Instant::now(),
            since: AtomicU64::new(0),
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX) + 1
    }

    fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        self.since.store(self.now_ms(), Ordering::Relaxed);
        let done = work();
        self.since.store(0, Ordering::Relaxed);
        done
    }

    /// The event that it is in, by when that began, where it takes too long.
    fn hangs(&self) -> Option<u64> {
        let since = self.since.load(Ordering::Relaxed);
        let allowed = u64::try_from(HANGS_AFTER.as_millis()).unwrap_or(u64::MAX);
        (since > 0 && self.now_ms().saturating_sub(since) >= allowed).then_some(since)
    }
}

/// What faces ask, until the engine ends.
async fn serve(core: Rc<Core>, mut asked: mpsc::Receiver<Asked>) {
    while let Some(asked) = asked.recv().await {
        match asked {
            Asked::Serve(stream) => {
                let stream = stream
                    .set_nonblocking(true)
                    .and_then(|()| tokio::net::UnixStream::from_std(stream));
                match stream {
                    Ok(stream) => core.tasks.spawn(socket::converse(Rc::clone(&core), stream)),
                    // The face sees its stream end, and is opened again.
                    Err(why) => tracing::warn!(%why, "a face cannot be served"),
                }
            }
            Asked::Failed(id, why) => core.face_failed(&id, *why),
        }
    }
}

/// Tells once of each event that a face does not come back from.
async fn watch(core: Rc<Core>, id: String, busy: Arc<Busy>) {
    let mut told = None;
    loop {
        tokio::time::sleep(LOOK).await;
        let hangs = busy.hangs();
        if hangs.is_some() && hangs != told {
            let why = format!(
                "it has not come back from one event for {} s; it misses others meanwhile, and is told which",
                HANGS_AFTER.as_secs()
            );
            core.face_failed(&id, ErrorObject::new(Code::FACE_FAILED, why));
        }
        told = hangs.or(told);
    }
}

/// Opens the face, again where its process ended, until the engine does.
fn run(face: &Face, ask: &mpsc::Sender<Asked>, ended: &Receiver<()>, busy: &Busy) {
    let id = face.plugin.plugin();
    let tell = |why: ErrorObject| {
        // An engine that ends wants to know nothing more.
        let _ = ask.blocking_send(Asked::Failed(id.to_owned(), Box::new(why)));
    };
    let mut in_vain = 0;
    loop {
        match converse(face, ask, busy) {
            Ok(End::Engine) => return,
            // Whoever watches plugins tells of it.
            Ok(End::Panicked) => return,
            Ok(End::Lost) => in_vain = 0,
            Err(why) if in_vain + 1 < TRIES && may_come_back(&why) => in_vain += 1,
            Err(why) => return tell(failed(&why.to_string())),
        }
        match ended.recv_timeout(AGAIN_AFTER) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Only a process that is being started again may be there in a moment; what a face says of itself stays true.
fn may_come_back(why: &Error) -> bool {
    matches!(why, Error::Open { refusal, .. } if refusal.status == Status::LOST)
}

fn failed(why: &str) -> ErrorObject {
    ErrorObject::new(Code::FACE_FAILED, why)
}

/// How a face came to its end.
enum End {
    /// The engine ended, or let go of it.
    Engine,
    /// It panicked, and is not entered again.
    Panicked,
    /// Its process is gone, or it said that it takes no more.
    Lost,
}

/// Opens the face and tells it whatever the engine says, until one of both ends.
fn converse(face: &Face, ask: &mpsc::Sender<Asked>, busy: &Busy) -> Result<End, Error> {
    let Ok((mut ours, engines)) = UnixStream::pair() else {
        return Ok(End::Lost);
    };
    let hello = ToEngine::Hello(Hello {
        version: wire::VERSION,
        token: None,
        resume: None,
        filter: Some(Filter::default()),
    });
    let spoken = ours.try_clone();
    let (true, Ok(spoken)) = (ours.write_all(&hello.write()).is_ok(), spoken) else {
        return Ok(End::Lost);
    };
    let (say, said) = sync_channel(SAID);
    let writer = std::thread::Builder::new().name("face".to_owned());
    let writer = writer.spawn(move || write(spoken, &said));
    let mut opened = busy.during(|| face.plugin.open(&face.options, commands(say)))?;
    let served = ask.blocking_send(Asked::Serve(engines)).is_ok();
    let mut end = End::Engine;
    let mut lines = BufReader::new(ours);
    let mut line = String::new();
    while served && matches!(lines.read_line(&mut line), Ok(1..)) {
        match busy.during(|| opened.event(line.trim_end_matches('\n'))) {
            Err(Status::PANIC) => end = End::Panicked,
            Err(Status::LOST | Status::GARBAGE) => end = End::Lost,
            // One that it could not use; more come.
            Ok(()) | Err(_) => {
                line.clear();
                continue;
            }
        }
        break;
    }
    // The engine sees its end; what waits to be said is not waited for.
    let _ = lines.get_ref().shutdown(std::net::Shutdown::Both);
    busy.during(|| drop(opened));
    if let Ok(writer) = writer {
        // It ends with the face's side of the queue.
        let _ = writer.join();
    }
    Ok(end)
}

/// Takes what a face says, from any of its threads; never waits.
fn commands(say: SyncSender<String>) -> Commands {
    Box::new(move |json: &str| {
        if json.len() > wire::MAX_LINE {
            return Err(Status::BAD_ARGUMENT);
        }
        // Within JSON a line end is white space; between lines it parts them.
        let line = json.replace(['\n', '\r'], " ") + "\n";
        say.try_send(line).map_err(|why| match why {
            TrySendError::Full(_) => Status::UNAVAILABLE,
            TrySendError::Disconnected(_) => Status::LOST,
        })
    })
}

fn write(mut stream: UnixStream, said: &Receiver<String>) {
    for line in said {
        if stream.write_all(line.as_bytes()).is_err() {
            return;
        }
    }
}

impl Core {
    /// A face cannot be opened, or does not come back: its snapshot says so, and it is told.
    fn face_failed(&self, id: &str, why: ErrorObject) {
        tracing::warn!(plugin = id, code = %why.code, why = why.detail, "a face failed");
        let commands = self.commands.borrow();
        let mut plugins = commands.plugins.borrow_mut();
        plugins.failed(id, "face", PluginState::Loaded, why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m067_what_a_face_says_is_bounded() {
        let (say, said) = sync_channel(SAID);
        let commands = commands(say);
        for _ in 0..SAID {
            assert_eq!(commands("{\n}"), Ok(()));
        }
        assert_eq!(commands("{}"), Err(Status::UNAVAILABLE));
        assert_eq!(
            said.recv().as_deref(),
            Ok("{ }\n"),
            "one object is one line"
        );
        assert_eq!(commands("{}"), Ok(()));
        let long = " ".repeat(wire::MAX_LINE + 1);
        assert_eq!(commands(&long), Err(Status::BAD_ARGUMENT));
        drop(said);
        assert_eq!(commands("{}"), Err(Status::LOST));
    }

    #[test]
    fn m067_a_face_hangs_once_it_is_too_long_within_one_event() {
        let busy = Busy::new();
        assert_eq!(busy.hangs(), None);
        busy.during(|| assert_eq!(busy.hangs(), None));
        let long_ago = std::time::Instant::now() - 2 * HANGS_AFTER;
        let busy = Busy {
            begun: long_ago,
            since: AtomicU64::new(1),
        };
        assert_eq!(busy.hangs(), Some(1));
        busy.during(|| assert_eq!(busy.hangs(), None));
        assert_eq!(busy.hangs(), None);
    }
}
