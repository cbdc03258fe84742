//! The connection with an engine: commands out; replies, events and Ctrl+C in, through one queue.
//!
//! One thread reads the socket, a second waits for Ctrl+C where a verb wants to know of it.

use crate::args::Global;
use crate::error::Error;
use crate::{out, place};
use control::event::Filter;
use control::wire::{self, Call, Hello, ReplyTo, ToClient, ToEngine, Welcome};
use control::{Code, Command, CommandId, ErrorObject, Event, Reply};
use signal_hook::consts::{SIGINT, SIGTERM};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// How long a reply may take, unless `--timeout` says otherwise.
const WAIT: Duration = Duration::from_secs(5);
/// Words read ahead; behind it the engine waits, and tells what it dropped.
const AHEAD: usize = 256;

/// What comes through the queue.
#[derive(Debug)]
enum Item {
    Word(ToClient, Vec<u8>),
    Bad(wire::Error),
    Closed(&'static str),
    Interrupt,
}

/// What a verb hears.
#[derive(Debug)]
pub(crate) enum Heard {
    /// Something happened; the line as it came.
    Event(Box<Event>, Vec<u8>),
    /// Ctrl+C.
    Interrupted,
    /// The time is over.
    Late,
}

/// A connection with an engine.
#[derive(Debug)]
pub(crate) struct Engine {
    path: PathBuf,
    stream: UnixStream,
    inbox: Receiver<Item>,
    /// Read while something else was waited for.
    backlog: VecDeque<Item>,
    welcome: Welcome,
    asked: u32,
    wait: Duration,
}

impl Engine {
    /// Connects and says hello. `events`: which are wanted; `None`: none.
    pub(crate) fn connect(global: &Global, events: Option<&[&str]>) -> Result<Self, Error> {
        let filter = events.map(|names| Filter(names.iter().map(|&name| name.into()).collect()));
        Self::hello(global, filter, None, false)
    }

    /// The same, and Ctrl+C is heard from now on instead of ending the program.
    pub(crate) fn heeding(global: &Global, events: &[&str]) -> Result<Self, Error> {
        let filter = Filter(events.iter().map(|&name| name.into()).collect());
        Self::hello(global, Some(filter), None, true)
    }

    /// The same with all that a hello can say.
    pub(crate) fn hello(
        global: &Global,
        filter: Option<Filter>,
        resume: Option<u64>,
        heeds_interrupts: bool,
    ) -> Result<Self, Error> {
        let path = place::find(global)?;
        let stream = UnixStream::connect(&path).map_err(|why| {
            if why.kind() == std::io::ErrorKind::PermissionDenied {
                let detail = format!("{}: this user may not use it", path.display());
                return Error::new(Code::NOT_PERMITTED, detail);
            }
            Error::no_engine(&path, "nothing listens there")
        })?;
        let (sender, inbox) = sync_channel(AHEAD);
        if heeds_interrupts {
            heed_interrupts(sender.clone()).map_err(|why| broken(&why))?;
        }
        let reader = stream.try_clone().map_err(|why| broken(&why))?;
        std::thread::spawn(move || read(BufReader::new(reader), &sender));
        let mut engine = Self {
            path,
            stream,
            inbox,
            backlog: VecDeque::new(),
            welcome: Welcome {
                version: 0,
                engine: String::new(),
                features: Vec::new(),
                seq: 0,
                snapshot: None,
            },
            asked: 0,
            wait: global.timeout.unwrap_or(WAIT),
        };
        engine.say(&ToEngine::Hello(Hello {
            version: wire::VERSION,
            token: None,
            resume,
            filter,
        }))?;
        engine.welcome = engine.welcomed()?;
        Ok(engine)
    }

    /// What the engine said first: its version, and how everything stands.
    pub(crate) const fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// How long an outcome may take.
    pub(crate) const fn wait(&self) -> Duration {
        self.wait
    }

    /// Replies and outcomes may take this long, whatever `--timeout` says.
    pub(crate) fn wait_at_least(&mut self, wait: Duration) {
        self.wait = self.wait.max(wait);
    }

    /// Where it is.
    pub(crate) fn path(&self) -> std::path::Display<'_> {
        self.path.display()
    }

    /// Gives a command and waits for what comes back at once.
    pub(crate) fn ask(&mut self, command: Command) -> Result<(Option<CommandId>, Reply), Error> {
        self.asked += 1;
        let id = format!("r{}", self.asked);
        let what = command.name();
        self.say(&ToEngine::Call(Call {
            id: id.clone(),
            key: None,
            command,
        }))?;
        let until = Instant::now() + self.wait;
        loop {
            match self.take(Some(until))? {
                None => {
                    let what = format!("the reply to '{what}'");
                    return Err(Error::late(Code::ENGINE_BUSY, &what, self.wait));
                }
                Some(Item::Word(ToClient::Reply(reply), _)) if is_for(&reply, &id) => {
                    let command = reply.command;
                    return Ok((command, reply.outcome()?));
                }
                Some(Item::Bad(wire::Error::BadField { what, why, id: of }))
                    if of.as_ref() == Some(&id) =>
                {
                    let detail = format!("its {what} cannot be read: {why}");
                    return Err(Error::new(Code::BAD_CONTROL_LINE, detail));
                }
                Some(Item::Bad(bad)) => out::note(&skipped(&bad)),
                Some(Item::Closed(why)) => return Err(Error::no_engine(&self.path, why)),
                Some(item @ (Item::Word(ToClient::Event(_), _) | Item::Interrupt)) => {
                    self.backlog.push_back(item);
                }
                Some(Item::Word(
                    ToClient::Welcome(_) | ToClient::Reply(_) | ToClient::Unknown(_),
                    _,
                )) => {}
            }
        }
    }

    /// The next event. `until`: no longer than this.
    pub(crate) fn next(&mut self, until: Option<Instant>) -> Result<Heard, Error> {
        loop {
            let item = match self.backlog.pop_front() {
                Some(item) => Some(item),
                None => self.take(until)?,
            };
            match item {
                None => return Ok(Heard::Late),
                Some(Item::Word(ToClient::Event(event), line)) => {
                    return Ok(Heard::Event(event, line));
                }
                Some(Item::Interrupt) => return Ok(Heard::Interrupted),
                Some(Item::Closed(why)) => return Err(Error::no_engine(&self.path, why)),
                Some(Item::Bad(bad)) => out::note(&skipped(&bad)),
                Some(Item::Word(
                    ToClient::Welcome(_) | ToClient::Reply(_) | ToClient::Unknown(_),
                    _,
                )) => {}
            }
        }
    }

    /// Waits until `seen` finds what it looks for, or the time for outcomes is over.
    pub(crate) fn outcome<T>(
        &mut self,
        (code, what): (Code, &str),
        mut seen: impl FnMut(&Event) -> Option<Result<T, Error>>,
    ) -> Result<T, Error> {
        let until = Instant::now() + self.wait;
        loop {
            match self.next(Some(until))? {
                Heard::Event(event, _) => {
                    if let Some(found) = seen(&event) {
                        return found;
                    }
                }
                Heard::Interrupted => return Err(Error::Interrupted),
                Heard::Late => return Err(Error::late(code, what, self.wait)),
            }
        }
    }

    fn say(&mut self, word: &ToEngine) -> Result<(), Error> {
        let said = self.stream.write_all(&word.write());
        said.map_err(|_| Error::no_engine(&self.path, CLOSED))
    }

    fn welcomed(&mut self) -> Result<Welcome, Error> {
        match self.take(Some(Instant::now() + self.wait))? {
            Some(Item::Word(ToClient::Welcome(welcome), _)) => {
                if (1..=wire::VERSION).contains(&welcome.version) {
                    return Ok(welcome);
                }
                let detail = format!(
                    "the engine speaks version {}, this program up to {}",
                    welcome.version,
                    wire::VERSION
                );
                Err(Error::new(Code::NO_COMMON_VERSION, detail))
            }
            Some(Item::Word(ToClient::Reply(reply), _)) => match reply.outcome() {
                Err(error) => Err(error.into()),
                Ok(_) => Err(self.no_welcome("its first line is a reply")),
            },
            Some(Item::Word(ToClient::Event(_) | ToClient::Unknown(_), _)) => {
                Err(self.no_welcome("its first line is no welcome"))
            }
            Some(Item::Bad(bad)) => Err(self.no_welcome(&bad.to_string())),
            Some(Item::Closed(why)) => Err(Error::no_engine(&self.path, why)),
            Some(Item::Interrupt) => Err(Error::Interrupted),
            None => Err(Error::no_engine(
                &self.path,
                "it took the connection, but says nothing",
            )),
        }
    }

    fn no_welcome(&self, why: &str) -> Error {
        let detail = format!("{} does not speak as an engine: {why}", self.path());
        ErrorObject::new(Code::BAD_CONTROL_LINE, detail)
            .fix("name the engine's socket with --socket, or update the older of the two programs")
            .into()
    }

    fn take(&mut self, until: Option<Instant>) -> Result<Option<Item>, Error> {
        let gone = || Error::no_engine(&self.path, CLOSED);
        let Some(until) = until else {
            return self.inbox.recv().map(Some).map_err(|_| gone());
        };
        let wait = until.saturating_duration_since(Instant::now());
        match self.inbox.recv_timeout(wait) {
            Ok(item) => Ok(Some(item)),
            Err(RecvTimeoutError::Timeout) => Ok(None),
            Err(RecvTimeoutError::Disconnected) => Err(gone()),
        }
    }
}

const CLOSED: &str = "the engine closed the connection";

fn is_for(reply: &ReplyTo, id: &str) -> bool {
    reply.id.as_deref().is_none_or(|of| of == id)
}

fn broken(why: &std::io::Error) -> Error {
    Error::new(Code::NO_ENGINE, format!("this program cannot go on: {why}"))
}

fn skipped(bad: &wire::Error) -> String {
    format!("a line of the engine is skipped: {bad}")
}

/// Puts Ctrl+C and a polite kill into the queue.
fn heed_interrupts(to: SyncSender<Item>) -> std::io::Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    std::thread::spawn(move || {
        for _ in signals.forever() {
            if to.send(Item::Interrupt).is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// Reads lines until there are no more.
fn read(mut from: impl BufRead, to: &SyncSender<Item>) {
    loop {
        let mut line = Vec::new();
        let most = wire::MAX_TOLD as u64 + 2;
        let item = match from.by_ref().take(most).read_until(b'\n', &mut line) {
            Ok(1..) if line.ends_with(b"\n") => {
                line.pop();
                match ToClient::read(&line) {
                    Ok(word) => Item::Word(word, line),
                    Err(bad) => Item::Bad(bad),
                }
            }
            Ok(0) | Err(_) => Item::Closed(CLOSED),
            Ok(_) if line.len() > wire::MAX_TOLD => Item::Closed("it sent a line that is too long"),
            Ok(_) => Item::Closed("the engine closed the connection in mid-line"),
        };
        let last = matches!(item, Item::Closed(_));
        if to.send(item).is_err() || last {
            return;
        }
    }
}
