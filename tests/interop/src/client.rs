//! One connection to an engine's control socket: commands out, events kept.

use anyhow::{Context, Result, anyhow, bail};
use control::command::{CallRef, Command, Dial, NoFields, Reply};
use control::event::{CallEnded, EventBody, Filter};
use control::snapshot::{AccountSnapshot, AccountState, CallSnapshot};
use control::wire::{Call, Hello, ToClient, ToEngine};
use control::{CallHandle, Event};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long an engine may take to reply to a command. Unit: time.
const REPLY: Duration = Duration::from_secs(5);

/// A client of the control socket. Keeps all events since it came.
#[derive(Debug)]
pub struct Client {
    write: UnixStream,
    lines: Receiver<ToClient>,
    events: Vec<Event>,
    accounts: Vec<AccountSnapshot>,
    asked: u64,
}

impl Drop for Client {
    fn drop(&mut self) {
        // The thread that reads ends with the connection; an error means that it has ended.
        let _ = self.write.shutdown(Shutdown::Both);
    }
}

impl Client {
    /// Connects, waiting until the engine has made its socket.
    pub fn connect(socket: &Path) -> Result<Self> {
        let until = Instant::now() + REPLY;
        let mut write = loop {
            match UnixStream::connect(socket) {
                Ok(stream) => break stream,
                Err(why) if Instant::now() > until => {
                    return Err(why).with_context(|| format!("{}", socket.display()));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
        };
        let read = BufReader::new(write.try_clone()?);
        let (tell, lines) = channel();
        std::thread::spawn(move || {
            for line in read.split(b'\n').map_while(Result::ok) {
                let Ok(word) = ToClient::read(&line) else {
                    continue;
                };
                if tell.send(word).is_err() {
                    return;
                }
            }
        });
        let hello = Hello {
            version: control::wire::VERSION,
            token: None,
            resume: None,
            filter: Some(Filter::default()),
        };
        write.write_all(&ToEngine::Hello(hello).write())?;
        let mut client = Self {
            write,
            lines,
            events: Vec::new(),
            accounts: Vec::new(),
            asked: 0,
        };
        let word = client.hear(REPLY)?;
        let ToClient::Welcome(welcome) = word else {
            bail!("the engine says {word:?} instead of welcome");
        };
        client.accounts = welcome.snapshot.map(|all| all.accounts).unwrap_or_default();
        Ok(client)
    }

    fn hear(&self, patience: Duration) -> Result<ToClient> {
        self.lines
            .recv_timeout(patience)
            .context("the engine says nothing on its control socket")
    }

    /// Carries out a command.
    pub fn ask(&mut self, command: Command) -> Result<Reply> {
        self.asked += 1;
        let name = command.name();
        let id = self.asked.to_string();
        let call = ToEngine::Call(Call {
            id: id.clone(),
            key: None,
            command,
        });
        self.write.write_all(&call.write())?;
        loop {
            match self.hear(REPLY)? {
                ToClient::Event(event) => self.events.push(*event),
                ToClient::Reply(reply) if reply.id.as_ref() == Some(&id) => {
                    return reply.outcome().map_err(|why| anyhow!("{name}: {why}"));
                }
                ToClient::Reply(_) | ToClient::Welcome(_) | ToClient::Unknown(_) => {}
            }
        }
    }

    /// Calls a URI; returns at once.
    pub fn dial(&mut self, to: &str) -> Result<CallHandle> {
        self.dial_with(to, BTreeMap::new())
    }

    /// The same, with more headers in the INVITE.
    pub fn dial_with(&mut self, to: &str, headers: BTreeMap<String, String>) -> Result<CallHandle> {
        let dial = Dial {
            to: to.to_owned(),
            account: None,
            ring_for_s: None,
            headers,
            action: None,
        };
        let reply = self.ask(Command::Dial(dial))?;
        let Reply::Call { call } = reply else {
            bail!("dial is replied to with {reply:?}");
        };
        Ok(call.call)
    }

    /// Waits for a call that comes in, and picks up.
    pub fn accept(&mut self, patience: Duration) -> Result<CallHandle> {
        let call = self.wait("call.incoming", patience, |event| {
            let incoming = matches!(event.body, EventBody::CallIncoming(_));
            event.call.filter(|_| incoming)
        })?;
        self.ask(Command::Accept(CallRef { call: Some(call) }))?;
        self.wait_answered(call, patience)?;
        Ok(call)
    }

    /// A call as it stands now.
    pub fn look(&mut self, call: CallHandle) -> Result<CallSnapshot> {
        let reply = self.ask(Command::ListCalls(NoFields {}))?;
        let Reply::Calls { calls } = reply else {
            bail!("list_calls is replied to with {reply:?}");
        };
        let found = calls.into_iter().find(|known| known.call == call);
        found.with_context(|| format!("{call} is over"))
    }

    /// Ends a call.
    pub fn hang_up(&mut self, call: CallHandle) -> Result<()> {
        let on = CallRef { call: Some(call) };
        self.ask(Command::HangUp(on)).map(drop)
    }

    /// Ends all calls.
    pub fn hang_up_all(&mut self) -> Result<()> {
        self.ask(Command::HangUpAll(NoFields {})).map(drop)
    }

    /// Waits for the first event, also of those past, that `wanted` makes something of.
    pub fn wait<T>(
        &mut self,
        what: &str,
        patience: Duration,
        wanted: impl Fn(&Event) -> Option<T>,
    ) -> Result<T> {
        let until = Instant::now() + patience;
        let mut looked = 0;
        loop {
            if let Some(found) = self.events[looked..].iter().find_map(&wanted) {
                return Ok(found);
            }
            looked = self.events.len();
            let rest = until.saturating_duration_since(Instant::now());
            let told = || self.events.iter().map(|event| event.body.name());
            let word = self.hear(rest).with_context(|| {
                format!(
                    "no {what} within {patience:?}; {:?}",
                    told().collect::<Vec<_>>()
                )
            })?;
            if let ToClient::Event(event) = word {
                self.events.push(*event);
            }
        }
    }

    /// Waits until `call` is answered.
    pub fn wait_answered(&mut self, call: CallHandle, patience: Duration) -> Result<()> {
        self.wait("call.answered", patience, |event| {
            let answered = matches!(event.body, EventBody::CallAnswered(_));
            (answered && event.call == Some(call)).then_some(())
        })
    }

    /// Waits until `call` is over, and says how.
    pub fn wait_ended(&mut self, call: CallHandle, patience: Duration) -> Result<CallEnded> {
        self.wait("call.ended", patience, |event| {
            let EventBody::CallEnded(ended) = &event.body else {
                return None;
            };
            (event.call == Some(call)).then(|| (**ended).clone())
        })
    }

    /// Waits until an account stands at `state`, and gives it whole.
    pub fn wait_account(
        &mut self,
        state: AccountState,
        patience: Duration,
    ) -> Result<AccountSnapshot> {
        if let Some(there) = self.accounts.iter().find(|account| account.state == state) {
            return Ok(there.clone());
        }
        self.wait("account event", patience, |event| {
            let (EventBody::AccountRegistering(change)
            | EventBody::AccountRegistered(change)
            | EventBody::AccountRenewed(change)
            | EventBody::AccountChanged(change)
            | EventBody::AccountFailed(change)
            | EventBody::AccountUnregistered(change)) = &event.body
            else {
                return None;
            };
            (change.snapshot.state == state).then(|| change.snapshot.clone())
        })
    }

    /// All events since the connection was made.
    pub fn events(&self) -> &[Event] {
        &self.events
    }
}
