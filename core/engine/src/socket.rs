//! The control socket: JSON lines over a Unix socket, any number of clients.

use crate::commands::is_slow;
use crate::error::Error;
use crate::listener::{Listener, Next};
use crate::run::Core;
use base::Duration;
use control::command::Command;
use control::wire::{self, Call, Hello, ReplyTo, ToClient, ToEngine, Welcome};
use control::{Code, ErrorObject};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Clients at once. Source: experience.md 5.1.
const CLIENTS: usize = 256;
/// Clients over that number that are told so at once; more are let go without a word.
const REFUSED: usize = 32;
/// How long such a client may take to ask. Unit: time.
const REFUSED_FOR: Duration = Duration::from_secs(1);
/// Replies that may wait for one client.
const REPLIES: usize = 64;

/// Pause after a client could not be let in. Unit: time.
const BREATHER: Duration = Duration::from_millis(100);

/// A bound control socket; its file goes when it does.
pub(crate) struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
    /// Device and number of the file that was made, so that no other one is ever taken away.
    made: Option<(u64, u64)>,
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        if self.made.is_some() && identity(&self.path) == self.made {
            // A file that is gone already is what was wanted.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Device and number of the socket at `path`; `None` where there is none, or something else.
fn identity(path: &Path) -> Option<(u64, u64)> {
    let found = std::fs::symlink_metadata(path).ok()?;
    found
        .file_type()
        .is_socket()
        .then(|| (found.dev(), found.ino()))
}

/// Makes the way free for a new socket: only what a dead engine left is removed.
fn clear(path: &Path) -> std::io::Result<()> {
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path),
        Ok(_) => Err(std::io::Error::new(
            std::io::ErrorKind::AlreadyExists,
            "there is a file of another kind at this path; it was left as it is",
        )),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(why) => Err(why),
    }
}

/// Makes the usual folder of control sockets, for this user alone. A folder of somebody's own choice
/// has to be there.
fn make_folder(path: &Path) -> std::io::Result<()> {
    let usual = control::socket_folder();
    if path.parent() != Some(usual.as_path()) || usual.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(usual)
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
        make_folder(path).map_err(failed)?;
        clear(path).map_err(failed)?;
        let listener = UnixListener::bind(path).map_err(failed)?;
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(path, private).map_err(failed)?;
        Ok(Self {
            listener,
            path: path.to_owned(),
            made: identity(path),
        })
    }

    /// Serves clients until the engine ends.
    pub(crate) async fn serve(self, core: Rc<Core>) {
        let (clients, refused) = (Rc::new(()), Rc::new(()));
        loop {
            let Ok((stream, _)) = self.listener.accept().await else {
                // No descriptors left: asking again at once would only burn the processor.
                tokio::time::sleep(BREATHER).await;
                continue;
            };
            if Rc::strong_count(&clients) > CLIENTS {
                if Rc::strong_count(&refused) <= REFUSED {
                    let refused = Rc::clone(&refused);
                    core.tasks.spawn(async move {
                        let _refused = refused;
                        // Whoever asks nothing is told nothing.
                        let _ = timeout(REFUSED_FOR, refuse(stream)).await;
                    });
                }
                continue;
            }
            let (tasks, client) = (Rc::clone(&core.tasks), Rc::clone(&clients));
            let core = Rc::clone(&core);
            tasks.spawn(async move {
                let _client = client;
                converse(core, stream).await;
            });
        }
    }
}

/// Serves one client until it ends.
pub(crate) async fn converse(core: Rc<Core>, stream: UnixStream) {
    let (read, write) = stream.into_split();
    let (replies, waiting) = mpsc::channel(REPLIES);
    // Both halves end together; what was said before is still written.
    let hear = hear(Rc::clone(&core), BufReader::new(read), replies);
    tokio::join!(hear, speak(core, write, waiting));
}

/// Tells a client over the limit, once it has asked, why it is not served.
async fn refuse(stream: UnixStream) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let longest = wire::MAX_LINE as u64 + 1;
    let mut line = Vec::new();
    BufReader::new(read.take(longest))
        .read_until(b'\n', &mut line)
        .await?;
    let id = match ToEngine::read(&line) {
        Ok(ToEngine::Call(call)) => Some(call.id),
        Ok(ToEngine::Hello(_) | ToEngine::Unknown(_)) | Err(_) => None,
    };
    let why = format!("{CLIENTS} clients are connected already");
    let reply = ReplyTo {
        id,
        command: None,
        ok: None,
        error: Some(ErrorObject::new(Code::ENGINE_BUSY, why)),
    };
    write.write_all(&ToClient::Reply(reply).write()).await
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
        let too_long = line.len() > wire::MAX_LINE && line.last() != Some(&b'\n');
        for answer in answers(&core, &line, &say).await {
            if say.send(answer).await.is_err() {
                return;
            }
        }
        // Whoever writes a line to its end before it reads shall still be told, and go on.
        if too_long && skip_line(&mut read).await.is_err() {
            return;
        }
    }
}

/// Reads to the end of a line without keeping it.
async fn skip_line(read: &mut BufReader<OwnedReadHalf>) -> std::io::Result<()> {
    loop {
        let bytes = read.fill_buf().await?;
        if bytes.is_empty() {
            return Ok(());
        }
        let end = bytes.iter().position(|&byte| byte == b'\n');
        let used = end.map_or(bytes.len(), |at| at + 1);
        read.consume(used);
        if end.is_some() {
            return Ok(());
        }
    }
}

async fn answers(core: &Rc<Core>, line: &[u8], say: &mpsc::Sender<Say>) -> Vec<Say> {
    match ToEngine::read(line) {
        Ok(ToEngine::Hello(hello)) => greet(core, hello),
        Ok(ToEngine::Call(call)) if is_slow(&call.command) => {
            // The client is heard and told of other things meanwhile.
            let (its, say) = (Rc::clone(core), say.clone());
            core.tasks.spawn(async move {
                for answer in carry_out(&its, call).await {
                    // Nobody is there any more: then nobody is told.
                    let _ = say.send(answer).await;
                }
            });
            Vec::new()
        }
        Ok(ToEngine::Call(call)) => carry_out(core, call).await,
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

async fn carry_out(core: &Rc<Core>, Call { id, key, command }: Call) -> Vec<Say> {
    let subscribe = if let Command::Events(subscribe) = &command {
        Some(subscribe.clone())
    } else {
        None
    };
    let (command, outcome) = core.ask(command, key).await;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn bind(path: &Path) -> Result<ControlSocket, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build();
        let runtime = runtime.expect("a runtime for the test");
        runtime.block_on(ControlSocket::bind(path))
    }

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("offhook-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for the test");
        folder
    }

    #[test]
    fn a_file_that_is_no_socket_is_left_as_it_is() {
        let folder = folder("no-socket");
        let path = folder.join("precious");
        std::fs::write(&path, "precious").unwrap();
        assert!(bind(&path).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_a_dead_engine_left_is_replaced_and_our_own_goes_with_us() {
        let folder = folder("dead");
        let path = folder.join("engine.sock");
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "a socket file outlives its listener");
        drop(bind(&path).unwrap());
        assert!(!path.exists());
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_that_took_our_place_is_not_ours_to_remove() {
        let folder = folder("taken");
        let path = folder.join("engine.sock");
        let socket = bind(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "somebody else's").unwrap();
        drop(socket);
        assert!(path.exists());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
