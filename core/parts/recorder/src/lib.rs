//! The recorder part: which calls are recorded, into which file, and how each recording stands.
//!
//! What it is not: it touches no sample, no file and no plugin. A recording ends with its leg, whatever
//! becomes of this part; one that is made anew ends those that belong to nobody.

#[cfg(test)]
mod tests;

use base::Instant;
use control::event::CallWarning;
use control::recording::{RecordingChange, RecordingSnapshot, RecordingState};
use control::{AccountHandle, CallHandle, Code, CommandId, ErrorObject, EventBody, Timestamp};
use ports::recorder::{Ask, Do, Request, Told, Word};
use ports::voice::{self, LegId};
use ports::{Outbox, Part, Post, dialogs, events};
use std::collections::BTreeMap;

/// Letters of the far end's number in a file's name.
const NUMBER: usize = 40;

/// What the part is told when it is made.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Plugin that writes where nobody names another.
    pub plugin: String,
    /// Folder of all recordings; `None`: none is known, and every recording fails with that.
    pub folder: Option<String>,
    /// 1 or 2, where nobody says otherwise.
    pub channels: u8,
    /// JSON object for the plugin; empty for its defaults.
    pub options: String,
    /// Time of day at [`Instant::ZERO`].
    pub epoch: Timestamp,
}

struct Entry {
    snapshot: RecordingSnapshot,
    account: Option<AccountHandle>,
    /// The command that asked for what happens next.
    command: Option<CommandId>,
}

/// The recorder part.
pub struct Recorder {
    settings: Settings,
    recordings: BTreeMap<CallHandle, Entry>,
}

const fn leg_of(call: CallHandle) -> LegId {
    LegId(call.number())
}

const fn call_of(leg: LegId) -> CallHandle {
    CallHandle::from_number(leg.0)
}

fn order(order: Do, out: &mut Outbox) {
    out.post(voice::Do::Record(order));
}

impl Recorder {
    /// A part without recordings.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            recordings: BTreeMap::new(),
        }
    }

    /// Recordings that are not over.
    pub fn unfinished(&self) -> usize {
        self.recordings.len()
    }

    fn time(&self, now: Instant) -> Timestamp {
        Timestamp::from_unix_ms(self.settings.epoch.unix_ms() + now.as_millis())
    }

    fn start(
        &mut self,
        call: CallHandle,
        command: Option<CommandId>,
        ask: Ask,
        now: Instant,
        out: &mut Outbox,
    ) {
        if self.recordings.contains_key(&call) {
            return warn(call, command, "the call is recorded already", now, out);
        }
        let started = self.time(now);
        let entry = Entry {
            snapshot: RecordingSnapshot {
                state: RecordingState::Starting,
                plugin: ask.plugin.clone().unwrap_or(self.settings.plugin.clone()),
                path: String::new(),
                channels: ask.channels.unwrap_or(self.settings.channels),
                sample_rate_hz: 0,
                started,
                audio_ms: 0,
                bytes: 0,
                gap_ms: 0,
            },
            account: ask.account.clone(),
            command,
        };
        let Some(folder) = &self.settings.folder else {
            self.recordings.insert(call, entry);
            let why = "no folder for recordings is known: set recording.folder";
            return self.ended(call, why.to_owned(), now, out);
        };
        let name = ask.name.clone();
        let name = name.unwrap_or_else(|| file_name(call, started, &ask.remote));
        let request = Request {
            leg: leg_of(call),
            plugin: entry.snapshot.plugin.clone(),
            path: format!("{}/{name}", folder.trim_end_matches('/')),
            channels: entry.snapshot.channels,
            started_unix_ms: started.unix_ms(),
            metadata: metadata(call, &ask),
            options: self.settings.options.clone(),
        };
        self.recordings.insert(call, entry);
        order(Do::Start(Box::new(request)), out);
    }

    /// The recording of a call for a command, if it stands so.
    fn commanded(
        &mut self,
        call: CallHandle,
        command: CommandId,
        fits: impl Fn(RecordingState) -> bool,
        now: Instant,
        out: &mut Outbox,
    ) -> Option<&mut Entry> {
        match self.recordings.get_mut(&call) {
            Some(entry) if fits(entry.snapshot.state) => {
                entry.command = Some(command);
                Some(entry)
            }
            Some(entry) => {
                let why = format!("its recording is {:?}", entry.snapshot.state).to_lowercase();
                warn(call, Some(command), &why, now, out);
                None
            }
            None => {
                warn(call, Some(command), "the call is not recorded", now, out);
                None
            }
        }
    }

    fn told(&mut self, told: Told, now: Instant, out: &mut Outbox) {
        let call = call_of(told.leg());
        let Some(entry) = self.recordings.get_mut(&call) else {
            return;
        };
        let snapshot = &mut entry.snapshot;
        match told {
            Told::Started {
                path,
                sample_rate_hz,
                ..
            } => {
                (snapshot.path, snapshot.sample_rate_hz) = (path, sample_rate_hz);
                if snapshot.state == RecordingState::Starting {
                    snapshot.state = RecordingState::Recording;
                }
                self.tell(call, EventBody::RecordingStarted, None, now, out);
            }
            Told::Kept {
                audio_ms, bytes, ..
            } => {
                (snapshot.audio_ms, snapshot.bytes) = (audio_ms, bytes);
                self.show(call, out);
            }
            Told::Paused {
                audio_ms, reason, ..
            } => {
                snapshot.audio_ms = audio_ms;
                if snapshot.state == RecordingState::Recording {
                    snapshot.state = RecordingState::Paused;
                }
                let reason = Some(reason).filter(|reason| !reason.is_empty());
                self.tell(call, EventBody::RecordingPaused, reason, now, out);
            }
            Told::Resumed { audio_ms, .. } => {
                snapshot.audio_ms = audio_ms;
                if snapshot.state == RecordingState::Paused {
                    snapshot.state = RecordingState::Recording;
                }
                self.tell(call, EventBody::RecordingResumed, None, now, out);
            }
            Told::Gap {
                audio_ms, gap_ms, ..
            } => {
                snapshot.audio_ms = audio_ms;
                snapshot.gap_ms += gap_ms;
                self.tell(call, EventBody::RecordingGap, None, now, out);
            }
            Told::Ended {
                path,
                audio_ms,
                bytes,
                error,
                ..
            } => {
                (snapshot.audio_ms, snapshot.bytes) = (audio_ms, bytes);
                snapshot.path = path.unwrap_or_default();
                self.over(call, error, now, out);
            }
        }
    }

    fn over(&mut self, call: CallHandle, error: Option<String>, now: Instant, out: &mut Outbox) {
        match error {
            Some(why) => self.ended(call, why, now, out),
            None => self.stopped(call, now, out),
        }
    }

    fn stopped(&mut self, call: CallHandle, now: Instant, out: &mut Outbox) {
        if let Some(entry) = self.recordings.get_mut(&call) {
            let asked = entry.snapshot.state == RecordingState::Stopping;
            let why = if asked {
                "asked to"
            } else {
                "the call is over"
            };
            entry.snapshot.state = RecordingState::Stopped;
            self.tell(
                call,
                EventBody::RecordingStopped,
                Some(why.to_owned()),
                now,
                out,
            );
            self.forget(call, out);
        }
    }

    /// It failed; the leg's tap, where there still is one, is taken away.
    fn ended(&mut self, call: CallHandle, why: String, now: Instant, out: &mut Outbox) {
        if let Some(entry) = self.recordings.get_mut(&call) {
            entry.snapshot.state = RecordingState::Failed;
            let error = ErrorObject::new(Code::RECORDING_FAILED, why).call(call);
            let change = RecordingChange {
                recording: entry.snapshot.clone(),
                reason: None,
                error: Some(error),
            };
            let word = events::Word::Tell {
                at: now,
                account: entry.account.clone(),
                call: Some(call),
                command: entry.command,
                body: EventBody::RecordingFailed(Box::new(change)),
            };
            out.post(word);
            order(Do::Stop { leg: leg_of(call) }, out);
            self.forget(call, out);
        }
    }

    fn forget(&mut self, call: CallHandle, out: &mut Outbox) {
        self.recordings.remove(&call);
        self.show(call, out);
    }

    fn tell(
        &self,
        call: CallHandle,
        event: impl Fn(Box<RecordingChange>) -> EventBody,
        reason: Option<String>,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(entry) = self.recordings.get(&call) else {
            return;
        };
        let change = RecordingChange {
            recording: entry.snapshot.clone(),
            reason,
            error: None,
        };
        out.post(events::Word::Tell {
            at: now,
            account: entry.account.clone(),
            call: Some(call),
            command: entry.command,
            body: event(Box::new(change)),
        });
        self.show(call, out);
    }

    /// The call's own snapshots show it.
    fn show(&self, call: CallHandle, out: &mut Outbox) {
        let entry = self.recordings.get(&call);
        let recording = entry.map(|entry| Box::new(entry.snapshot.clone()));
        out.post(dialogs::Word::Recording { call, recording });
    }
}

fn warn(call: CallHandle, command: Option<CommandId>, why: &str, at: Instant, out: &mut Outbox) {
    let error = ErrorObject::new(Code::WRONG_STATE, why);
    let (code, text, fix) = (error.code, error.detail, error.fix);
    out.post(events::Word::Tell {
        at,
        account: None,
        call: Some(call),
        command,
        body: EventBody::CallWarning(Box::new(CallWarning { code, text, fix })),
    });
}

/// `20261122-140211-c7k2-600`: letters that are safe in every file system, whatever the far end says it is.
fn file_name(call: CallHandle, at: Timestamp, remote: &str) -> String {
    let digits: String = at
        .to_string()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    let (day, rest) = digits.split_at(digits.len().min(8));
    let time = rest.get(..6).unwrap_or(rest);
    let user = remote.split_once(':').map_or(remote, |(_, rest)| rest);
    let user = user.split('@').next().unwrap_or_default();
    let safe = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let user: String = user.chars().take(NUMBER).map(safe).collect();
    format!("{day}-{time}-{call}-{user}")
}

fn metadata(call: CallHandle, ask: &Ask) -> String {
    let account = ask.account.as_ref().map(|account| account.as_str());
    serde_json::json!({
        "call": call.to_string(),
        "account": account,
        "local": ask.local,
        "remote": ask.remote,
        "direction": ask.direction,
    })
    .to_string()
}

impl Part for Recorder {
    type Word = Word;

    fn started(&mut self, _now: Instant, out: &mut Outbox) {
        // Recordings of a part that panicked belong to nobody; at first there are none.
        order(Do::StopAll, out);
    }

    fn handle(&mut self, word: Word, now: Instant, out: &mut Outbox) {
        match word {
            Word::Start { command, call, ask } => self.start(call, command, *ask, now, out),
            Word::Stop { command, call } => {
                let runs = |state| state != RecordingState::Stopping;
                if let Some(entry) = self.commanded(call, command, runs, now, out) {
                    entry.snapshot.state = RecordingState::Stopping;
                    order(Do::Stop { leg: leg_of(call) }, out);
                    self.show(call, out);
                }
            }
            Word::Pause {
                command,
                call,
                reason,
            } => {
                let runs = |state| state == RecordingState::Recording;
                if self.commanded(call, command, runs, now, out).is_some() {
                    let leg = leg_of(call);
                    order(Do::Pause { leg, reason }, out);
                }
            }
            Word::Resume { command, call } => {
                let waits = |state| state == RecordingState::Paused;
                if self.commanded(call, command, waits, now, out).is_some() {
                    order(Do::Resume { leg: leg_of(call) }, out);
                }
            }
            Word::Note { call, text } => {
                let leg = leg_of(call);
                order(Do::Note { leg, text }, out);
            }
            Word::Told(told) => self.told(told, now, out),
            // A call that is lost takes its leg along, and the leg its recording.
            Word::Restarted(_) => {}
        }
    }

    fn handle_time(&mut self, _now: Instant, _out: &mut Outbox) {}

    fn deadline(&self) -> Option<Instant> {
        None
    }

    fn undelivered(&mut self, post: Post, now: Instant, out: &mut Outbox) {
        match post {
            Post::Voice(voice::Do::Record(Do::Start(request))) => {
                let why = "the media threads do not answer".to_owned();
                self.ended(call_of(request.leg), why, now, out);
            }
            // Snapshots are told again with the next change; without media threads there is nothing to end.
            Post::Voice(_) | Post::Dialogs(_) | Post::Event(_) => {}
            Post::Link(_) | Post::Registrar(_) | Post::Media(_) => {}
            Post::Recorder(_) | Post::History(_) | Post::Store(_) | Post::Transfer(_) => {}
            Post::Blf(_) | Post::Messages(_) | Post::Presence(_) | Post::Network(_) => {}
        }
    }
}
