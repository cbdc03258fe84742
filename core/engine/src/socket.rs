//! The control socket: JSON lines over a Unix socket, any number of clients.

use crate::error::Error;
use crate::listener::{Listener, Next};
use crate::run::Core;
use control::command::Command;
use control::wire::{self, Call, Hello, ReplyTo, ToClient, ToEngine, Welcome};
use control::{Code, ErrorObject};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::task::spawn_local;

/// Clients at once. Source: experience.md 5.1.
const CLIENTS: usize = 256;
/// Replies that may wait for one client.
const REPLIES: usize = 64;

/// A bound control socket; its file goes when it does.
pub(crate) struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // A file that is gone already is what was wanted.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl ControlSocket {
    /// Binds `path`, for this user only. A file that a dead engine left is replaced.
    pub(crate) async fn bind(path: &Path) -> Result<Self, Error> {
        if UnixStream::connect(path).await.is_ok() {
            return Err(Error::EngineRuns(path.to_owned()));
        }
        let failed = |source| Error::ControlSocket {
            path: path.to_owned(),
            source,
        };
        if let Some(folder) = path.parent() {
            // For this user alone; a folder that is there keeps what its owner gave it.
            let made = std::fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(folder);
            made.map_err(failed)?;
        }
        match std::fs::remove_file(path) {
            Err(why) if why.kind() != std::io::ErrorKind::NotFound => return Err(failed(why)),
            Ok(()) | Err(_) => {}
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(path, private).map_err(failed)?;
        Ok(Self {
            listener,
            path: path.to_owned(),
        })
    }

    /// Serves clients until the runtime ends.
    pub(crate) async fn serve(self, core: Rc<Core>) {
        let clients = Rc::new(());
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                continue;
            };
            if Rc::strong_count(&clients) > CLIENTS {
                continue;
            }
            let (core, client) = (Rc::clone(&core), Rc::clone(&clients));
            spawn_local(async move {
                let _client = client;
                let (read, write) = stream.into_split();
                let (replies, waiting) = mpsc::channel(REPLIES);
                spawn_local(speak(Rc::clone(&core), write, waiting));
                hear(core, BufReader::new(read), replies).await;
            });
        }
    }
}

/// What the reading half hands to the writing half.
enum Say {
    Word(Box<ToClient>),
    Events(Rc<Listener>),
}

async fn hear(core: Rc<Core>, mut read: BufReader<OwnedReadHalf>, say: mpsc::Sender<Say>) {
    let mut line = Vec::new();
    loop {
        line.clear();
        let longest = wire::MAX_LINE as u64 + 1;
        match (&mut read).take(longest).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let too_long = line.len() > wire::MAX_LINE;
        for answer in answers(&core, &line) {
            if say.send(answer).await.is_err() {
                return;
            }
        }
        if too_long {
            return;
        }
    }
}

fn answers(core: &Rc<Core>, line: &[u8]) -> Vec<Say> {
    match ToEngine::read(line) {
        Ok(ToEngine::Hello(hello)) => greet(core, hello),
        Ok(ToEngine::Call(call)) => carry_out(core, call),
        Ok(ToEngine::Unknown(_)) => Vec::new(),
        Err(why) => vec![Say::Word(Box::new(ToClient::Reply(why.reply())))],
    }
}

fn greet(core: &Rc<Core>, hello: Hello) -> Vec<Say> {
    let Some(version) = wire::common_version(hello.version) else {
        let why = format!("this engine speaks version {}", wire::VERSION);
        let error = Some(ErrorObject::new(Code::NO_COMMON_VERSION, why));
        return vec![Say::Word(Box::new(ToClient::Reply(ReplyTo {
            id: None,
            command: None,
            ok: None,
            error,
        })))];
    };
    let mut hub = core.hub.borrow_mut();
    let mut said = Vec::new();
    let mut snapshot = None;
    if let Some(filter) = hello.filter {
        let listener = Listener::new(filter);
        if !hub.listen(&listener, hello.resume) || hello.resume.is_none() {
            snapshot = Some(Box::new(hub.snapshot()));
        }
        said.push(Say::Events(listener));
    }
    let welcome = Welcome {
        version,
        engine: hub.version().to_owned(),
        features: wire::FEATURES.iter().map(|&f| f.to_owned()).collect(),
        seq: hub.seq(),
        snapshot,
    };
    said.insert(0, Say::Word(Box::new(ToClient::Welcome(welcome))));
    said
}

fn carry_out(core: &Rc<Core>, Call { id, key, command }: Call) -> Vec<Say> {
    let subscribe = if let Command::Events(subscribe) = &command {
        Some(subscribe.clone())
    } else {
        None
    };
    let (command, outcome) = core.command(command, key);
    let (ok, error) = match outcome {
        Ok(reply) => (Some(reply), None),
        Err(error) => (None, Some(error)),
    };
    let reply = ReplyTo {
        id: Some(id),
        command: Some(command),
        ok,
        error,
    };
    let mut said = vec![Say::Word(Box::new(ToClient::Reply(reply)))];
    if let Some(subscribe) = subscribe {
        let listener = Listener::new(subscribe.filter);
        let mut hub = core.hub.borrow_mut();
        let known = hub.listen(&listener, subscribe.resume);
        if let Some(last) = subscribe.resume.filter(|_| !known) {
            let (to, now) = (hub.seq(), core.clock.now());
            // A number that was never given is of another run: all of this one was missed.
            let from = if last < to { last + 1 } else { 1 };
            let lagged = hub.lagged(from, to, now);
            said.push(Say::Word(Box::new(ToClient::Event(Box::new(lagged)))));
        }
        said.push(Say::Events(listener));
    }
    said
}

async fn speak(core: Rc<Core>, mut write: OwnedWriteHalf, mut say: mpsc::Receiver<Say>) {
    let mut listener: Option<Rc<Listener>> = None;
    loop {
        let line = tokio::select! {
            biased;
            said = say.recv() => match said {
                Some(Say::Word(word)) => word.write().into(),
                Some(Say::Events(new)) => {
                    listener = Some(new);
                    continue;
                }
                None => return,
            },
            next = next_event(listener.as_ref()) => match next {
                Next::Event(sent) => sent.line(),
                Next::Lagged(from, to) => {
                    let event = core.hub.borrow().lagged(from, to, core.clock.now());
                    ToClient::Event(Box::new(event)).write().into()
                }
            },
        };
        if write.write_all(&line).await.is_err() {
            return;
        }
    }
}

async fn next_event(listener: Option<&Rc<Listener>>) -> Next {
    match listener {
        Some(listener) => listener.next().await,
        None => std::future::pending().await,
    }
}
