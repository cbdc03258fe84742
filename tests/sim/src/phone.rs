//! One whole phone: every part, supervised and wired as in a host, in virtual time.
//!
//! What is not the host's: the executor (one queue whose order is the seed's where it is free), the
//! sockets, and that voice is ticked by the world. Parts, wiring, supervision, commands, events,
//! legs and the media engine are the same code.

pub mod brittle;
mod deck;
mod fragile;
pub mod lame;
mod mail;
mod parts;
mod run;
mod settings;
mod sockets;
mod tape;

pub use settings::{Rule, Settings};

use crate::net::NodeId;
use control::command::Command;
use control::snapshot::{CallSnapshot, EngineSnapshot};
use control::{CallHandle, Event};
use engine::voice::reload::{News, Refused};
use plugin_host::Build;
use ports::{Address, Post, dialogs};
pub(crate) use run::Running;
use std::cell::RefCell;
use std::net::IpAddr;
use std::path::Path;
use std::rc::Rc;

/// Time of day at [`base::Instant::ZERO`]: 2026-01-01 00:00. Unit: ms since 1970.
pub const EPOCH: u64 = 1_767_225_600_000;

/// Phones of this process that heard or said something and are not dropped: 0 once every world is gone.
pub fn alive() -> usize {
    tape::kept()
}

/// One phone of a world. Clones are the same phone.
#[derive(Clone)]
pub struct Phone(pub(crate) Rc<RefCell<Running>>);

impl Phone {
    /// Its place in the world.
    pub fn node(&self) -> NodeId {
        self.0.borrow().node
    }

    /// Its address.
    pub fn ip(&self) -> IpAddr {
        self.0.borrow().ip
    }

    /// A URI under which it can be called without any server.
    pub fn uri(&self) -> String {
        let running = self.0.borrow();
        format!("sip:{}@{}", running.name, running.ip)
    }

    /// Calls somebody, as typed.
    pub fn dial(&self, to: &str) -> CallHandle {
        let mut running = self.0.borrow_mut();
        let call = running.handles.next();
        let to = to.to_owned();
        running.note(&format!("dial {to}"));
        running.word(|command| {
            Post::from(dialogs::Word::Dial {
                command,
                call,
                account: None,
                to,
                ring_for: None,
                headers: Vec::new(),
                action: None,
            })
        });
        call
    }

    /// Picks up.
    pub fn accept(&self, call: CallHandle) {
        self.order("accept", |command| {
            dialogs::Word::Accept { command, call }.into()
        });
    }

    /// Refuses with `status`; 486 where nothing is said.
    pub fn decline(&self, call: CallHandle, status: Option<u16>) {
        self.order("decline", |command| {
            dialogs::Word::Decline {
                command,
                call,
                status,
            }
            .into()
        });
    }

    /// Lets a call ring on unheard.
    pub fn silence(&self, call: CallHandle) {
        self.order("silence", |command| {
            dialogs::Word::Silence { command, call }.into()
        });
    }

    /// Sends a call elsewhere.
    pub fn redirect(&self, call: CallHandle, to: &str) {
        let to = to.to_owned();
        self.order("redirect", |command| {
            dialogs::Word::Redirect { command, call, to }.into()
        });
    }

    /// Ends a call.
    pub fn hang_up(&self, call: CallHandle) {
        self.order("hang up", |command| {
            dialogs::Word::HangUp { command, call }.into()
        });
    }

    /// Presses keys.
    pub fn press(&self, call: CallHandle, digits: &str) {
        let digits = digits.to_owned();
        self.order("press keys", |command| {
            dialogs::Word::Digits {
                command,
                call,
                digits,
                duration_ms: None,
            }
            .into()
        });
    }

    /// Silences the microphone, or no longer.
    pub fn mute(&self, call: CallHandle, on: bool) {
        self.order("mute", |command| {
            dialogs::Word::Mute { command, call, on }.into()
        });
    }

    /// Holds a call.
    pub fn hold(&self, call: CallHandle) {
        self.order("hold", |command| {
            dialogs::Word::Hold { command, call }.into()
        });
    }

    /// Goes on with a held call.
    pub fn resume(&self, call: CallHandle) {
        self.order("resume", |command| {
            dialogs::Word::Resume { command, call }.into()
        });
    }

    /// Holds what is active and goes on with the call that was held last.
    pub fn swap(&self) {
        self.order("swap", |command| {
            dialogs::Word::Swap {
                command,
                call: None,
            }
            .into()
        });
    }

    /// Merges all calls that are up.
    pub fn merge(&self) {
        self.order("merge", |command| {
            let calls = Vec::new();
            dialogs::Word::Merge { command, calls }.into()
        });
    }

    /// Takes a call out of the conference; without one, all.
    pub fn split(&self, call: Option<CallHandle>) {
        self.order("split", |command| {
            dialogs::Word::Split { command, call }.into()
        });
    }

    /// Carries out any command, as the control socket would.
    pub fn command(&self, command: Command) -> engine::commands::Outcome {
        self.0.borrow_mut().command(command)
    }

    /// Puts a line of the test's into trace and ladder.
    pub fn note(&self, text: &str) {
        self.0.borrow_mut().note(text);
    }

    /// Hands any word to its part, as if another part had said it.
    pub fn post(&self, post: impl Into<Post>) {
        let post = post.into();
        self.0.borrow_mut().word(|_| post);
    }

    fn order(&self, note: &str, word: impl FnOnce(control::CommandId) -> Post) {
        let mut running = self.0.borrow_mut();
        running.note(note);
        running.word(word);
    }

    /// Every event so far.
    pub fn events(&self) -> Vec<Event> {
        self.0.borrow().events.clone()
    }

    /// How often an event of this name was told, as `call.ended`.
    pub fn count(&self, name: &str) -> usize {
        let running = self.0.borrow();
        let named = running.events.iter().filter(|e| e.body.name() == name);
        named.count()
    }

    /// Calls that are not over.
    pub fn calls(&self) -> Vec<CallSnapshot> {
        self.0.borrow().hub.calls().values().cloned().collect()
    }

    /// The call that rings here, if one does.
    pub fn ringing(&self) -> Option<CallHandle> {
        use control::snapshot::{CallDirection, CallState};
        let calls = self.calls();
        let rings = |c: &&CallSnapshot| {
            c.direction == CallDirection::Incoming
                && matches!(c.state, CallState::Ringing | CallState::Progress)
        };
        calls.iter().find(rings).map(|call| call.call)
    }

    /// The whole engine, as `status` shows it.
    pub fn snapshot(&self) -> EngineSnapshot {
        self.0.borrow().hub.snapshot()
    }

    /// The microphone plays this; 16 kHz.
    pub fn say(&self, pcm: &[i16]) {
        self.0.borrow().tape.say(pcm);
    }

    /// Takes what the loudspeaker played since the last time; 16 kHz.
    pub fn take_heard(&self) -> Vec<i16> {
        self.0.borrow().tape.take_heard()
    }

    /// Takes what was heard where it rings since the last time, if that is a place of its own; 16 kHz.
    pub fn take_rung(&self) -> Vec<i16> {
        self.0.borrow().ring.take_heard()
    }

    /// Puts a library in a plugin's place. The number of its generation, and calls that have it on trial.
    pub fn reload(&self, id: &str, path: &Path, live: bool) -> Result<(u32, usize), Refused> {
        self.0.borrow_mut().legs.reload(id, Some(path), live)
    }

    /// What became of replaced plugins since this was asked last.
    pub fn plugin_news(&self) -> Vec<News> {
        self.0.borrow_mut().legs.news()
    }

    /// Every build of a plugin that was started.
    pub fn builds(&self, id: &str) -> Vec<Build> {
        self.0.borrow().legs.builds(id)
    }

    /// Datagrams sent and heard on media ports.
    pub fn media_datagrams(&self) -> (u64, u64) {
        self.0.borrow_mut().legs.ground().datagrams()
    }

    /// The next word that `part` handles makes it panic.
    pub fn poison(&self, part: Address) {
        let mut running = self.0.borrow_mut();
        if let Some(probe) = running.probes.get(&part) {
            probe.poisoned.set(true);
        }
        // A word that changes nothing brings it about.
        if let Some(post) = Post::restarted(part, Address::Voice) {
            running.word(|_| post);
        }
    }

    /// What parts said as they panicked, in order; `poisoned by the test` where a test wanted it.
    pub fn panics(&self) -> Vec<String> {
        self.0.borrow().panics.clone()
    }

    /// What is not over, by part, with media's legs and sockets; empty when nothing is left.
    pub fn unfinished(&self) -> Vec<(String, usize)> {
        self.0.borrow_mut().unfinished()
    }
}
