//! The one line to the engine, shared by all: whatever is asked goes out under a name of its own, and what is said
//! goes to whom it is for.

use crate::client::Client;
use control::wire::{Call, ReplyTo, ToClient, ToEngine, Welcome};
use control::{Command, IdempotencyKey, Reply, Timestamp};
use plugin::{Status, UiEngine};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::oneshot;

/// Says a line to the engine.
type Say = Box<dyn Fn(&str) -> Result<(), Status> + Send + Sync>;

/// Whose id it is: `r7` of a request, `w7` asks for a socket how the engine stands, `c7:ID` a socket's own.
const REQUEST: char = 'r';
const STANDS: char = 'w';
const SOCKET: char = 'c';

#[derive(Default)]
struct State {
    /// The last number given to a request or socket.
    last: u64,
    /// Sequence number of the last event.
    seq: u64,
    /// What the engine said first.
    welcome: Option<Welcome>,
    requests: BTreeMap<u64, oneshot::Sender<ReplyTo>>,
    sockets: BTreeMap<u64, Arc<Client>>,
}

/// The line.
pub(crate) struct Board {
    say: Say,
    state: Mutex<State>,
}

#[derive(Deserialize)]
struct Peek<'a> {
    #[serde(borrow)]
    op: Option<std::borrow::Cow<'a, str>>,
    seq: Option<u64>,
    #[serde(borrow, rename = "type")]
    name: Option<std::borrow::Cow<'a, str>>,
}

impl Board {
    pub(crate) fn new(engine: UiEngine) -> Self {
        Self::over(Box::new(move |line| engine.command(line)))
    }

    pub(crate) fn over(say: Say) -> Self {
        Self {
            say,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The engine says this.
    pub(crate) fn heard(&self, json: &str) -> Result<(), Status> {
        let peek: Peek<'_> = serde_json::from_str(json).map_err(|_| Status::BAD_ARGUMENT)?;
        let mut state = self.state();
        let Some(op) = peek.op else {
            if let (Some(seq), Some(name)) = (peek.seq, peek.name) {
                state.seq = seq;
                let line: Arc<str> = json.into();
                for socket in state.sockets.values() {
                    socket.offer(seq, &name, &line);
                }
            }
            return Ok(());
        };
        if !matches!(op.as_ref(), "welcome" | "reply") {
            return Ok(());
        }
        match ToClient::read(json.as_bytes()).map_err(|_| Status::BAD_ARGUMENT)? {
            ToClient::Welcome(welcome) => {
                state.seq = welcome.seq;
                let snapshot = None;
                state.welcome = Some(Welcome {
                    snapshot,
                    ..welcome
                });
            }
            ToClient::Reply(reply) => replied(&mut state, reply),
            ToClient::Event(_) | ToClient::Unknown(_) => {}
        }
        Ok(())
    }

    /// Asks for a request; the reply comes by what is given back.
    pub(crate) fn ask(
        &self,
        command: Command,
        key: Option<IdempotencyKey>,
    ) -> Result<Asked<'_>, Status> {
        let (tell, told) = oneshot::channel();
        let number = {
            let mut state = self.state();
            state.last += 1;
            let number = state.last;
            state.requests.insert(number, tell);
            number
        };
        let asked = Asked {
            board: self,
            number,
            told,
        };
        let id = format!("{REQUEST}{number}");
        self.send(id, key, command)?;
        Ok(asked)
    }

    /// A socket more.
    pub(crate) fn join(&self) -> Seat<'_> {
        let mut state = self.state();
        state.last += 1;
        let number = state.last;
        let client = Arc::new(Client::default());
        state.sockets.insert(number, Arc::clone(&client));
        Seat {
            board: self,
            number,
            client,
        }
    }

    fn send(
        &self,
        id: String,
        key: Option<IdempotencyKey>,
        command: Command,
    ) -> Result<(), Status> {
        let line = ToEngine::Call(Call { id, key, command }).write();
        (self.say)(&String::from_utf8_lossy(&line))
    }
}

/// A request that waits for its reply; dropped, it waits no more.
pub(crate) struct Asked<'a> {
    board: &'a Board,
    number: u64,
    told: oneshot::Receiver<ReplyTo>,
}

impl Asked<'_> {
    /// The reply; `None`: the engine is gone.
    pub(crate) async fn reply(&mut self) -> Option<ReplyTo> {
        (&mut self.told).await.ok()
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.board.state().requests.remove(&self.number);
    }
}

/// A socket's place at the line; dropped, nobody speaks to it any more.
pub(crate) struct Seat<'a> {
    board: &'a Board,
    number: u64,
    pub(crate) client: Arc<Client>,
}

impl Seat<'_> {
    /// Passes a socket's command on under a name of its own.
    pub(crate) fn call(
        &self,
        id: &str,
        key: Option<IdempotencyKey>,
        command: Command,
    ) -> Result<(), Status> {
        let id = format!("{SOCKET}{}:{id}", self.number);
        self.board.send(id, key, command)
    }

    /// Asks how the engine stands; [`Client::stands`] is told.
    pub(crate) fn ask_how_it_stands(&self) -> Result<(), Status> {
        let id = format!("{STANDS}{}", self.number);
        let status = Command::Status(control::command::NoFields {});
        self.board.send(id, None, status)
    }

    /// Wants these events from now on; the number of the last one before.
    pub(crate) fn listen(&self, filter: control::event::Filter) -> u64 {
        // While the line is held no event passes.
        let state = self.board.state();
        self.client.listen(filter);
        state.seq
    }

    /// A welcome to a client that wants no events.
    pub(crate) fn welcome(&self) -> Welcome {
        welcome(&self.board.state())
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        self.board.state().sockets.remove(&self.number);
    }
}

fn welcome(state: &State) -> Welcome {
    let known = state.welcome.clone();
    let mut welcome = known.unwrap_or_else(|| Welcome {
        version: control::wire::VERSION,
        engine: String::new(),
        features: Vec::new(),
        seq: 0,
        snapshot: None,
    });
    welcome.seq = state.seq;
    // Whoever comes back begins anew.
    welcome.features.retain(|feature| feature != "resume");
    welcome
}

/// To whom a reply is for; nobody, if they left meanwhile.
fn replied(state: &mut State, reply: ReplyTo) {
    let Some(id) = reply.id.clone() else { return };
    let mut rest = id.chars();
    let of = rest.next();
    let (number, theirs) = rest.as_str().split_once(':').unwrap_or((rest.as_str(), ""));
    let Ok(number) = number.parse::<u64>() else {
        return;
    };
    if of == Some(REQUEST) {
        if let Some(waits) = state.requests.remove(&number) {
            // Who asked may just have gone.
            let _ = waits.send(reply);
        }
        return;
    }
    let Some(client) = state.sockets.get(&number) else {
        return;
    };
    if of == Some(SOCKET) {
        let id = Some(theirs.to_owned());
        client.reply(&ToClient::Reply(ReplyTo { id, ..reply }));
    } else if of == Some(STANDS) {
        let Some(Reply::Status { engine }) = reply.ok else {
            return client.ask_again();
        };
        let mut welcome = welcome(state);
        welcome.snapshot = Some(engine);
        client.stands(welcome, now());
    }
}

/// Time of day.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let ms = since.map_or(0, |since| since.as_millis());
    Timestamp::from_unix_ms(u64::try_from(ms).unwrap_or(u64::MAX))
}
