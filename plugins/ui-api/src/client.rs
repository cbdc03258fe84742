//! One WebSocket's queue: bounded, and honest about what it lost.

use control::event::{Filter, StreamLagged};
use control::wire::{ToClient, Welcome};
use control::{EngineSnapshot, Event, EventBody, Timestamp};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Events that may wait for one client. Source: experience.md 5.1.
pub(crate) const QUEUE: usize = 1_024;
/// Commands of one client that may wait for their replies.
pub(crate) const IN_FLIGHT: usize = 64;
/// Words that are no events and may wait before no more is read of the client: all its replies, and as many refusals.
const WORDS: usize = 2 * IN_FLIGHT;

/// What a client gets next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// This text.
    Say(Arc<str>),
    /// Nothing, before the engine has said how it stands: it is to be asked.
    Ask,
}

#[derive(Debug)]
enum Item {
    Event(u64, Arc<str>),
    Other(Arc<str>),
    /// A reply: one command fewer is on its way.
    Reply(Arc<str>),
}

impl State {
    fn push(&mut self, word: Item) {
        self.words += 1;
        self.queue.push_back(word);
    }
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Item>,
    events: usize,
    words: usize,
    in_flight: usize,
    filter: Option<Filter>,
    /// A filter that counts from the welcome on.
    greeted_with: Option<Filter>,
    lost: Option<(u64, u64)>,
    asked: bool,
}

/// A queue between the engine's line and one socket.
#[derive(Debug, Default)]
pub(crate) struct Client {
    state: Mutex<State>,
    more: Notify,
}

impl Client {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wants these events from now on.
    pub(crate) fn listen(&self, filter: Filter) {
        self.state().filter = Some(filter);
    }

    /// Wants these once it is welcomed.
    pub(crate) fn listen_when_welcomed(&self, filter: Filter) {
        self.state().greeted_with = Some(filter);
    }

    /// Puts an event in line, or counts it as lost.
    pub(crate) fn offer(&self, seq: u64, name: &str, line: &Arc<str>) {
        let mut state = self.state();
        if !state.filter.as_ref().is_some_and(|f| f.wants(name)) {
            return;
        }
        if state.events >= QUEUE {
            let oldest = state
                .queue
                .iter()
                .position(|i| matches!(i, Item::Event(..)));
            if let Some(Item::Event(first, _)) = oldest.and_then(|at| state.queue.remove(at)) {
                state.events -= 1;
                let from = state.lost.map_or(first, |(from, _)| from);
                state.lost = Some((from, first));
            }
        }
        state.events += 1;
        state.queue.push_back(Item::Event(seq, Arc::clone(line)));
        drop(state);
        self.more.notify_one();
    }

    /// Puts anything else in line.
    pub(crate) fn say(&self, word: &ToClient) {
        self.state().push(Item::Other(text(word)));
        self.more.notify_one();
    }

    /// Whether more may be read of the client: what it is to be told does not pile up.
    pub(crate) fn has_room(&self) -> bool {
        self.state().words < WORDS
    }

    /// One command more is on its way; `false`: too many are.
    pub(crate) fn begin(&self) -> bool {
        let mut state = self.state();
        let room = state.in_flight < IN_FLIGHT;
        state.in_flight += usize::from(room);
        room
    }

    /// A command of [`begin`](Self::begin) is replied to.
    pub(crate) fn reply(&self, word: &ToClient) {
        self.state().push(Item::Reply(text(word)));
        self.more.notify_one();
    }

    /// How the engine stands, as was asked for: the welcome, or what the client missed.
    pub(crate) fn stands(&self, welcome: Welcome, now: Timestamp) {
        let mut state = self.state();
        if let Some(filter) = state.greeted_with.take() {
            state.filter = Some(filter);
            let said = text(&ToClient::Welcome(welcome));
            state.push(Item::Other(said));
        } else if let Some(snapshot) = welcome.snapshot {
            state.asked = false;
            let Some((from, to)) = state.lost.take() else {
                return;
            };
            let said = lagged((from, to), *snapshot, now);
            state.words += 1;
            state.queue.push_front(Item::Other(text(&said)));
        }
        drop(state);
        self.more.notify_one();
    }

    /// The engine could not be asked after all.
    pub(crate) fn ask_again(&self) {
        self.state().asked = false;
        self.more.notify_one();
    }

    /// Waits for what to say next. Dropping the future loses nothing.
    pub(crate) async fn next(&self) -> Next {
        loop {
            if let Some(next) = self.take() {
                return next;
            }
            self.more.notified().await;
        }
    }

    fn take(&self) -> Option<Next> {
        let mut state = self.state();
        let at = match state.lost {
            None => 0,
            // Events wait until it was told what is missing before them.
            Some(_) => match state
                .queue
                .iter()
                .position(|i| !matches!(i, Item::Event(..)))
            {
                Some(at) => at,
                None if state.asked => return None,
                None => {
                    state.asked = true;
                    return Some(Next::Ask);
                }
            },
        };
        Some(Next::Say(match state.queue.remove(at)? {
            Item::Event(_, line) => {
                state.events -= 1;
                line
            }
            Item::Other(line) => {
                state.words -= 1;
                line
            }
            Item::Reply(line) => {
                state.words -= 1;
                state.in_flight -= 1;
                line
            }
        }))
    }
}

/// What came in between, as the engine itself says it.
fn lagged((from, to): (u64, u64), snapshot: EngineSnapshot, now: Timestamp) -> ToClient {
    ToClient::Event(Box::new(Event {
        seq: to,
        ts: now,
        account: None,
        call: None,
        command: None,
        body: EventBody::StreamLagged(Box::new(StreamLagged {
            from,
            to,
            missed: to.saturating_sub(from) + 1,
            snapshot,
        })),
    }))
}

/// A word as one frame: its line without the end.
pub(crate) fn text(word: &ToClient) -> Arc<str> {
    let line = word.write();
    let line = line.strip_suffix(b"\n").unwrap_or(&line);
    String::from_utf8_lossy(line).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever asks on and on and reads nothing is not read on.
    #[test]
    fn m067_words_that_wait_for_a_client_are_bounded() {
        let client = Client::default();
        let word = ToClient::Unknown("zork".to_owned());
        for _ in 0..WORDS {
            assert!(client.has_room());
            client.say(&word);
        }
        assert!(!client.has_room());
        assert!(matches!(client.take(), Some(Next::Say(_))));
        assert!(client.has_room());
        // All that may be in flight finds room beside.
        for _ in 0..IN_FLIGHT {
            assert!(client.begin());
        }
        assert!(!client.begin());
        client.reply(&word);
        while client.take().is_some() {}
        assert!(client.begin(), "one was replied to");
    }
}
