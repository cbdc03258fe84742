//! The steps of a case, one after the other.

use crate::ears::Heard;
use crate::scenario::{Ask, Event, Level, Mock, Step, Tone, Wait};
use crate::stage::Stage;
use control::command::{CallRef, Command, Dial, SendDtmf};
use control::recording::StartRecording;
use control::{CallHandle, Reply};
use engine::listener::Next;
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::Instant;

/// How much of the sound is looked at. Unit: ms.
const LISTEN_MS: u64 = 300;
/// How often a recording is looked at anew. Unit: time.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A case under way.
pub(crate) struct Play<'a> {
    stage: &'a Stage,
    seen: Vec<Value>,
    /// Events before it were waited for already.
    next: usize,
    call: Option<CallHandle>,
    recording: Option<PathBuf>,
}

impl<'a> Play<'a> {
    pub(crate) fn new(stage: &'a Stage) -> Self {
        Self {
            stage,
            seen: Vec::new(),
            next: 0,
            call: None,
            recording: None,
        }
    }

    /// Does one step; why it failed.
    pub(crate) async fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Dial(to) => self.dial(to),
            Step::Ask(ask) => self.ask(ask).await,
            Step::Wait(wait) => self.wait(wait).await.map(drop),
            Step::Digits(digits) => {
                let digits = digits.parse().map_err(|why| format!("{digits:?}: {why}"))?;
                let call = self.call;
                let send = SendDtmf {
                    call,
                    digits,
                    duration_ms: None,
                };
                self.command(Command::SendDtmf(send)).map(drop)
            }
            Step::Pause(ms) => {
                tokio::time::sleep(Duration::from_millis(*ms)).await;
                Ok(())
            }
            Step::Record(_) => self.record().await,
            Step::HangUp(_) => self
                .command(Command::HangUp(CallRef { call: self.call }))
                .map(drop),
            Step::Event(event) => self.count(event).await,
            Step::Tone(tone) => self.tone(*tone).await,
            Step::Level(level) => self.level(*level).await,
            Step::Mock(mock) => counted(mock),
        }
    }

    fn command(&self, command: Command) -> Result<Reply, String> {
        let name = command.name();
        let (_, reply) = self.stage.phone.command(command, None);
        reply.map_err(|why| format!("{name} was refused: {} {}", why.code, why.detail))
    }

    /// Any command of the control words, and what its reply has to hold.
    async fn ask(&self, ask: &Ask) -> Result<(), String> {
        let name = &ask.command;
        let read = Command::from_value(name, Value::Object(ask.with.clone()));
        let command = read.ok_or_else(|| format!("there is no command '{name}'"))?;
        let command = command.map_err(|why| format!("{name}: {why}"))?;
        let (_, reply) = self.stage.phone.ask(command, None).await;
        let reply =
            reply.map_err(|why| format!("{name} was refused: {} {}", why.code, why.detail))?;
        let reply = serde_json::to_value(&reply).map_err(|why| format!("{name}: {why}"))?;
        match within(&reply, &Value::Object(ask.reply.clone())) {
            true => Ok(()),
            false => Err(format!("{name} is replied to with {reply}")),
        }
    }

    fn dial(&mut self, to: &str) -> Result<(), String> {
        let dial = Dial {
            to: to.to_owned(),
            account: None,
            ring_for_s: None,
            headers: Default::default(),
            action: None,
        };
        if let Reply::Call { call } = self.command(Command::Dial(dial))? {
            self.call = Some(call.call);
        }
        Ok(())
    }

    async fn record(&mut self) -> Result<(), String> {
        let start = StartRecording {
            call: self.call,
            plugin: None,
            path: None,
            channels: Some(2),
        };
        self.command(Command::StartRecording(start))?;
        let wait = Wait {
            event: "recording.started".to_owned(),
            fields: Map::new(),
            within_ms: 5_000,
        };
        let started = self.wait(&wait).await?;
        let path = started["data"]["path"].as_str().unwrap_or_default();
        self.recording = Some(path.into());
        Ok(())
    }

    /// The next event that fits; it and those before it are not waited for again.
    async fn wait(&mut self, wait: &Wait) -> Result<Value, String> {
        let end = Instant::now() + Duration::from_millis(wait.within_ms);
        loop {
            while let Some(event) = self.seen.get(self.next) {
                self.next += 1;
                if fits(event, &wait.event, &wait.fields) {
                    return Ok(event.clone());
                }
            }
            match tokio::time::timeout_at(end, self.stage.events.next()).await {
                Ok(next) => self.take(next),
                Err(_) => {
                    let (name, ms) = (&wait.event, wait.within_ms);
                    let last: Vec<_> = self
                        .seen
                        .iter()
                        .rev()
                        .take(5)
                        .map(|e| e["type"].to_string())
                        .collect();
                    let mut seen = self.seen.iter().rev();
                    let ended = seen.find(|event| event["type"] == "call.ended");
                    let why = ended.map(|event| {
                        let (cause, status) =
                            (&event["data"]["cause"], &event["data"]["sip_status"]);
                        format!("; the call ended by {cause}, status {status}")
                    });
                    return Err(format!(
                        "{name} did not come within {ms} ms; the last were {}{}",
                        last.join(" "),
                        why.unwrap_or_default()
                    ));
                }
            }
        }
    }

    fn take(&mut self, next: Next) {
        if let Next::Event(sent) = next
            && let Ok(event) = serde_json::to_value(&sent.event)
        {
            self.seen.push(event);
        }
    }

    /// Counts what is there by now.
    async fn count(&mut self, want: &Event) -> Result<(), String> {
        while let Ok(next) = tokio::time::timeout(Duration::ZERO, self.stage.events.next()).await {
            self.take(next);
        }
        let count = self
            .seen
            .iter()
            .filter(|event| fits(event, &want.name, &want.fields))
            .count();
        let least = want.at_least.unwrap_or(usize::from(want.at_most.is_none()));
        let most = want.at_most.unwrap_or(usize::MAX);
        match (least..=most).contains(&count) {
            true => Ok(()),
            false => Err(format!("{} was told {count} times", want.name)),
        }
    }

    /// Looks at what was heard last, until it is as wanted: `look` says why not.
    async fn listen(
        &self,
        within_ms: u64,
        look: impl Fn(&Heard) -> Result<(), String>,
    ) -> Result<(), String> {
        let file = self.recording.as_ref();
        let file = file.ok_or("nothing listens: put { record = true } before it")?;
        let end = Instant::now() + Duration::from_millis(within_ms);
        loop {
            let unheard = || format!("{} holds nothing that can be listened to", file.display());
            let looked =
                Heard::last(file, LISTEN_MS).map_or_else(|| Err(unheard()), |heard| look(&heard));
            if looked.is_ok() || Instant::now() >= end {
                return looked;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn tone(&self, want: Tone) -> Result<(), String> {
        let look = |heard: &Heard| {
            let share = heard.share_at(want.hertz);
            match share >= want.share {
                true => Ok(()),
                false => Err(format!(
                    "{} Hz hold {share:.2} of what is heard, wanted {}",
                    want.hertz, want.share
                )),
            }
        };
        self.listen(want.within_ms, look).await
    }

    async fn level(&self, want: Level) -> Result<(), String> {
        let look = |heard: &Heard| {
            let is = heard.dbov();
            let loud = want.above_dbov.is_none_or(|least| is > least);
            match loud && want.below_dbov.is_none_or(|most| is < most) {
                true => Ok(()),
                false => Err(format!("what is heard is at {is:.1} dBov")),
            }
        };
        self.listen(want.within_ms, look).await
    }
}

/// Whether an event has this name, and in its data everything that is wanted.
fn fits(event: &Value, name: &str, fields: &Map<String, Value>) -> bool {
    event["type"] == name
        && fields
            .iter()
            .all(|(key, want)| within(&event["data"][key], want))
}

/// Whether `is` holds all that `want` names.
fn within(is: &Value, want: &Value) -> bool {
    match want {
        Value::Object(fields) => fields.iter().all(|(key, want)| within(&is[key], want)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            is == want
        }
    }
}

fn counted(want: &Mock) -> Result<(), String> {
    let counts = match want.kind.as_str() {
        "codec" => mock::codec::COUNTS.read(),
        "audio" => mock::audio::COUNTS.read(),
        "dtmf" => mock::dtmf::COUNTS.read(),
        "recorder" => mock::recorder::COUNTS.read(),
        "filter" => mock::filter::COUNTS.read(),
        other => return Err(format!("there is no mock of kind {other:?} here")),
    };
    match counts.calls >= want.calls && counts.failed >= want.failed {
        true => Ok(()),
        false => Err(format!(
            "the mock has counted {} calls, {} failed",
            counts.calls, counts.failed
        )),
    }
}
