//! Numbers events, keeps whole snapshots, and hands both to whoever listens.

mod about;

use crate::ladders::Ladders;
use crate::lamps::Lamps;
use crate::listener::{Listener, Sent};
use about::{account_of, call_of, call_within, recording_of, transfer_of};
use base::Instant;
use control::event::{CallEnded, EngineChange, StreamLagged};
use control::recording::RecordingState;
use control::snapshot::{
    AccountSnapshot, CallDirection, CallSnapshot, CallState, EngineSnapshot, EngineState,
    PluginSnapshot,
};
use control::{
    AccountHandle, CallHandle, Code, EndCause, EndReason, EndedBy, ErrorObject, Event, EventBody,
    PresenceSnapshot, Timestamp, TransferSnapshot, WatcherSnapshot,
};
use ports::Address;
use ports::events::Word;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// Events kept for a listener that comes back. Unit: events. Source: ours; experience.md asks for
/// a ring, memory for a small one.
const RECENT: usize = 2_000;
/// Troubles shown in the engine's snapshot.
const TROUBLES: usize = 16;

/// What the engine says of itself.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Version of the engine.
    pub version: String,
    /// Profile it runs.
    pub profile: String,
    /// Time of day at [`Instant::ZERO`].
    pub epoch: Timestamp,
    /// Keep events and ladders; off where calls come by the thousand.
    pub remember: bool,
}

/// Says how urgent the media threads are at the moment.
pub type MediaPriority = Box<dyn Fn() -> String>;

/// The one place where events get their number.
pub struct Hub {
    identity: Identity,
    state: EngineState,
    seq: u64,
    listening: Vec<String>,
    calls: BTreeMap<CallHandle, CallSnapshot>,
    accounts: BTreeMap<String, AccountSnapshot>,
    transfers: BTreeMap<CallHandle, TransferSnapshot>,
    lamps: Lamps,
    presences: BTreeMap<String, PresenceSnapshot>,
    watchers: BTreeMap<(AccountHandle, u64), WatcherSnapshot>,
    plugins: Vec<PluginSnapshot>,
    media_priority: Option<MediaPriority>,
    troubles: VecDeque<ErrorObject>,
    recent: VecDeque<Rc<Sent>>,
    listeners: Vec<Rc<Listener>>,
    ladders: Ladders,
}

impl Hub {
    /// Nothing happened yet.
    pub fn new(identity: Identity) -> Self {
        Self {
            identity,
            state: EngineState::Running,
            seq: 0,
            listening: Vec::new(),
            calls: BTreeMap::new(),
            accounts: BTreeMap::new(),
            transfers: BTreeMap::new(),
            lamps: Lamps::default(),
            presences: BTreeMap::new(),
            watchers: BTreeMap::new(),
            plugins: Vec::new(),
            media_priority: None,
            troubles: VecDeque::new(),
            recent: VecDeque::new(),
            listeners: Vec::new(),
            ladders: Ladders::default(),
        }
    }

    /// The whole engine.
    pub fn snapshot(&self) -> EngineSnapshot {
        EngineSnapshot {
            version: self.identity.version.clone(),
            profile: self.identity.profile.clone(),
            state: self.state,
            started: self.identity.epoch,
            listening: self.listening.clone(),
            accounts: self.accounts.values().cloned().collect(),
            calls: self.calls.values().cloned().collect(),
            transfers: self.transfers.values().cloned().collect(),
            lamps: self.lamps.lamps(),
            mailboxes: self.lamps.mailboxes(),
            plugins: self.plugins.clone(),
            media_priority: self.media_priority.as_ref().map(|ask| ask()),
            troubles: self.troubles.iter().cloned().collect(),
        }
    }

    /// Calls that are not over.
    pub fn calls(&self) -> &BTreeMap<CallHandle, CallSnapshot> {
        &self.calls
    }

    /// All accounts.
    pub fn accounts(&self) -> &BTreeMap<String, AccountSnapshot> {
        &self.accounts
    }

    /// Transfers that are not over.
    pub fn transfers(&self) -> &BTreeMap<CallHandle, TransferSnapshot> {
        &self.transfers
    }

    /// Lamps and mailboxes.
    pub fn lamps(&self) -> &Lamps {
        &self.lamps
    }

    /// Own presence, by account.
    pub fn presences(&self) -> &BTreeMap<String, PresenceSnapshot> {
        &self.presences
    }

    /// Who watches the person here, by account and number.
    pub fn watchers(&self) -> &BTreeMap<(AccountHandle, u64), WatcherSnapshot> {
        &self.watchers
    }

    /// Number of the last event.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Version of the engine.
    pub fn version(&self) -> &str {
        &self.identity.version
    }

    /// The messages of a call.
    pub fn ladders(&self) -> &Ladders {
        &self.ladders
    }

    /// `at` as time of day.
    pub fn time(&self, at: Instant) -> Timestamp {
        Timestamp::from_unix_ms(self.identity.epoch.unix_ms() + at.as_millis())
    }

    /// Shows how urgent the media threads are.
    pub fn show_media_priority(&mut self, ask: MediaPriority) {
        self.media_priority = Some(ask);
    }

    /// Shows where the engine listens and which plugins it has.
    pub fn introduce(&mut self, listening: Vec<String>, plugins: Vec<PluginSnapshot>) {
        self.listening = listening;
        self.plugins = plugins;
    }

    /// Shows how the plugins stand now.
    pub fn show(&mut self, plugins: Vec<PluginSnapshot>) {
        self.plugins = plugins;
    }

    /// Says that the engine runs, or stops.
    pub fn engine(&mut self, state: EngineState, reason: Option<String>, now: Instant) {
        self.state = state;
        let last = self.troubles.back();
        let error = last.filter(|_| state == EngineState::Degraded);
        let change = Box::new(EngineChange {
            version: self.identity.version.clone(),
            reason,
            error: error.cloned(),
            snapshot: self.snapshot(),
        });
        self.number(match state {
            EngineState::Running => tell(now, EventBody::EngineStarted(change)),
            EngineState::Stopping => tell(now, EventBody::EngineStopping(change)),
            EngineState::Degraded | EngineState::Unknown => {
                tell(now, EventBody::EngineDegraded(change))
            }
        });
    }

    /// Takes one word of a part.
    pub fn take(&mut self, word: Word, now: Instant) {
        match word {
            Word::Message {
                at,
                sent,
                peer,
                bytes,
            } => self.ladders.message(at, sent, peer, bytes),
            Word::Panicked { who, why, down } => {
                if who == Address::Dialogs {
                    self.lose_calls(&why, now);
                }
                if who == Address::Presence {
                    // Who watched is told that their subscription is not known, and asks again.
                    self.watchers.clear();
                }
                if who == Address::Transfer {
                    self.transfers.clear();
                }
                if who == Address::Blf {
                    let lost = self.lamps.lost(&why, self.time(now)).into_iter();
                    lost.for_each(|lost| self.number(tell(now, lost)));
                }
                if who == Address::Recorder {
                    // Its recordings end with it, and nobody else says so.
                    let calls = self.calls.values_mut();
                    calls.for_each(|call| call.recording = None);
                }
                let what = if down { "stays down" } else { "was made anew" };
                let detail = format!("the part {who:?} panicked and {what}: {why}");
                let trouble = ErrorObject::new(Code::DEGRADED, detail);
                if self.troubles.len() >= TROUBLES {
                    self.troubles.pop_front();
                }
                self.troubles.push_back(trouble);
                let state = if down {
                    EngineState::Degraded
                } else {
                    self.state
                };
                self.state = state;
                self.engine_trouble(now);
            }
            tell @ Word::Tell { .. } => self.number(tell),
        }
    }

    /// Dialogs panicked: nobody owns the calls any more, so nobody else says that they ended.
    fn lose_calls(&mut self, why: &str, now: Instant) {
        let lost: Vec<CallSnapshot> = self.calls.values().cloned().collect();
        for mut snapshot in lost {
            let call = snapshot.call;
            let end = EndReason {
                cause: EndCause::Failed,
                code: Some(Code::CALL_LOST),
                ..EndReason::normal(EndedBy::Engine)
            };
            let ended = self.time(now);
            snapshot.state = CallState::Ended;
            snapshot.ended = Some(ended);
            snapshot.end = Some(end.clone());
            let why = format!("the part that owned the call panicked: {why}");
            let told = CallEnded {
                by: end.by,
                cause: end.cause,
                sip_status: None,
                reason_header: None,
                q850_cause: None,
                reason_text: None,
                duration_ms: snapshot.answered.map_or(0, |at| ended.ms_since(at)),
                mos_avg: None,
                codec: snapshot.media.as_ref().and_then(|m| m.codec.clone()),
                error: Some(ErrorObject::new(Code::CALL_LOST, why).call(call)),
                snapshot,
            };
            self.number(Word::Tell {
                at: now,
                account: told.snapshot.account.clone(),
                call: Some(call),
                command: None,
                body: EventBody::CallEnded(Box::new(told)),
            });
        }
    }

    fn engine_trouble(&mut self, now: Instant) {
        let change = Box::new(EngineChange {
            version: self.identity.version.clone(),
            reason: None,
            error: self.troubles.back().cloned(),
            snapshot: self.snapshot(),
        });
        self.number(tell(now, EventBody::EngineDegraded(change)));
    }

    fn number(&mut self, word: Word) {
        let Word::Tell {
            at,
            account,
            call,
            command,
            body,
        } = word
        else {
            return;
        };
        self.seq += 1;
        crate::said::log(self.seq, account.as_ref(), call, &body);
        self.listeners
            .retain(|listener| Rc::strong_count(listener) > 1);
        if !self.identity.remember && self.listeners.is_empty() {
            return self.keep(call, body);
        }
        self.remember(call, &body);
        let event = Event {
            seq: self.seq,
            ts: self.time(at),
            account,
            call,
            command,
            body,
        };
        let sent = Rc::new(Sent::new(event));
        for listener in &self.listeners {
            listener.offer(&sent);
        }
        if self.identity.remember {
            if self.recent.len() >= RECENT {
                self.recent.pop_front();
            }
            self.recent.push_back(sent);
        }
    }

    /// What is left of an event that nobody will read: the call as it is now, moved and not copied.
    fn keep(&mut self, call: Option<CallHandle>, body: EventBody) {
        match (call, call_within(body)) {
            (Some(call), Ok(snapshot)) if snapshot.state == CallState::Ended => {
                self.calls.remove(&call);
            }
            (Some(call), Ok(snapshot)) => {
                self.calls.insert(call, snapshot);
            }
            (None, Ok(_)) => {}
            (call, Err(body)) => self.remember(call, &body),
        }
    }

    fn remember(&mut self, call: Option<CallHandle>, body: &EventBody) {
        self.lamps.remember(body);
        if let EventBody::PresenceChanged(presence) = body {
            let name = presence.account.as_str().to_owned();
            self.presences.insert(name, (**presence).clone());
        }
        if let EventBody::WatcherChanged(watcher) = body {
            let key = (watcher.account.clone(), watcher.id);
            match watcher.ended {
                Some(_) => self.watchers.remove(&key),
                None => self.watchers.insert(key, (**watcher).clone()),
            };
        }
        if let Some(snapshot) = account_of(body) {
            let name = snapshot.account.as_str().to_owned();
            if matches!(body, EventBody::AccountRemoved(_)) {
                self.accounts.remove(&name);
                self.presences.remove(&name);
            } else {
                self.accounts.insert(name, snapshot.clone());
            }
        }
        let Some(call) = call else { return };
        if let Some(change) = recording_of(body)
            && let Some(known) = self.calls.get_mut(&call)
        {
            let over = matches!(
                change.recording.state,
                RecordingState::Stopped | RecordingState::Failed
            );
            known.recording = (!over).then(|| Box::new(change.recording.clone()));
        }
        if let Some(transfer) = transfer_of(body) {
            match transfer.is_over() {
                true => self.transfers.remove(&call),
                false => self.transfers.insert(call, transfer.clone()),
            };
        }
        match (body, call_of(body)) {
            (EventBody::CallEnded(_), Some(snapshot)) => {
                self.calls.remove(&call);
                self.name_ladder(snapshot);
            }
            (_, Some(snapshot)) => {
                self.name_ladder(snapshot);
                self.calls.insert(call, snapshot.clone());
            }
            (_, None) => {}
        }
    }

    /// The ladder of a call names the account that it belongs to; without one, who the call says we are.
    fn name_ladder(&mut self, call: &CallSnapshot) {
        let account = call.account.as_ref().map(|name| name.as_str());
        let account = account.and_then(|name| self.accounts.get(name));
        let party = match call.direction {
            CallDirection::Incoming => &call.to.uri,
            CallDirection::Outgoing => &call.from.uri,
        };
        let local = account.map_or(party, |account| &account.aor);
        let call_id = call.sip_call_id.as_deref();
        self.ladders.name(call.call, call_id, local);
    }

    /// Starts telling `listener` of events: from now on, or from after `resume` if that is still
    /// known. `false`: it is not, the listener needs a whole snapshot.
    pub fn listen(&mut self, listener: &Rc<Listener>, resume: Option<u64>) -> bool {
        let first = self
            .recent
            .front()
            .map_or(self.seq + 1, |sent| sent.event.seq);
        let known = resume.is_none_or(|seq| seq + 1 >= first && seq <= self.seq);
        if let Some(resume) = resume.filter(|_| known) {
            for sent in self.recent.iter().filter(|sent| sent.event.seq > resume) {
                listener.offer(sent);
            }
        }
        self.listeners.push(Rc::clone(listener));
        known
    }

    /// What a listener that fell behind is told.
    pub fn lagged(&self, from: u64, to: u64, now: Instant) -> Event {
        let missed = to.saturating_sub(from) + 1;
        let body = StreamLagged {
            from,
            to,
            missed,
            snapshot: self.snapshot(),
        };
        Event {
            seq: to,
            ts: self.time(now),
            account: None,
            call: None,
            command: None,
            body: EventBody::StreamLagged(Box::new(body)),
        }
    }
}

fn tell(at: Instant, body: EventBody) -> Word {
    Word::Tell {
        at,
        account: None,
        call: None,
        command: None,
        body,
    }
}
