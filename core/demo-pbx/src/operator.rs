//! What the PBX does with calls that concern each other: park slots, the conference; and keys that are told back.
//!
//! It is a listener as every program can be one: it hears the engine's events and gives commands.

use crate::extensions::{Desk, Extension, VOICES};
use crate::registrar::user_of;
use control::command::{CallRef, Command, Dial, Reply};
use control::conference::{EndConference, InConference, Merge};
use control::event::{CallDtmf, DtmfMethod, Filter, Side};
use control::message::SendMessage;
use control::snapshot::{CallDirection, CallSnapshot};
use control::{CallHandle, CommandId, Event, EventBody};
use core::net::SocketAddr;
use engine::Core;
use engine::listener::Next;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// What it listens for.
const HEARD: [&str; 5] = [
    "call.answered",
    "call.dtmf",
    "call.ended",
    "call.merged",
    "call.warning",
];

/// What it wants to happen.
#[derive(Debug, PartialEq)]
enum Wish {
    /// This, whatever comes of it: what a call has no more is no longer wanted.
    Do(Command),
    /// Two calls, and whoever is with them already, in one conversation.
    Join([CallHandle; 2]),
    /// A call to `number`, for the conference of `call`.
    Bring {
        number: &'static str,
        call: CallHandle,
    },
}

/// Who is where.
#[derive(Debug, Default)]
struct Operator {
    /// Calls that came and are up, and what they wanted.
    came: BTreeMap<CallHandle, &'static Extension>,
    /// Who waits in a slot, by its number.
    slots: BTreeMap<&'static str, CallHandle>,
    /// Our calls to voices, and whose conference each is for.
    voices: BTreeMap<CallHandle, CallHandle>,
    /// Calls that are joined: one pair at a time, because they meet in the PBX's own conference, which it leaves at
    /// once. The pair, and the command.
    joins: Option<([CallHandle; 2], Option<CommandId>)>,
    /// Pairs that are next.
    next: VecDeque<[CallHandle; 2]>,
}

impl Operator {
    fn hears(&mut self, event: &Event) -> Vec<Wish> {
        let Some(call) = event.call else {
            return Vec::new();
        };
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "it asks for five kinds of events and for no others"
        )]
        match &event.body {
            EventBody::CallAnswered(answered) => match answered.snapshot.direction {
                CallDirection::Incoming => self.answered(call, &answered.snapshot),
                CallDirection::Outgoing => self.brought(call),
            },
            EventBody::CallDtmf(key) => self.pressed(call, key),
            EventBody::CallEnded(_) => self.ended(call),
            EventBody::CallMerged(merged) => self.met(call, merged.snapshot.conference),
            EventBody::CallWarning(_) if event.command.is_some_and(|id| self.is_joining_by(id)) => {
                self.join_next()
            }
            _ => Vec::new(),
        }
    }

    fn answered(&mut self, call: CallHandle, snapshot: &CallSnapshot) -> Vec<Wish> {
        let number = snapshot.to.uri.parse().ok().as_ref().and_then(user_of);
        let Some(wanted) = number.and_then(|number| Extension::of(&number, true)) else {
            return Vec::new();
        };
        self.came.insert(call, wanted);
        match wanted.desk() {
            None | Some(Desk::Keys) => Vec::new(),
            Some(Desk::Slot) => match self.slots.remove(wanted.number) {
                Some(waits) => self.join([call, waits]),
                None => {
                    self.slots.insert(wanted.number, call);
                    vec![Wish::Do(Command::Hold(CallRef { call: Some(call) }))]
                }
            },
            Some(Desk::Conference) => {
                let bring = |voice: &Extension| Wish::Bring {
                    number: voice.number,
                    call,
                };
                VOICES.iter().map(bring).collect()
            }
        }
    }

    /// A call that it wished for is under way.
    fn calls(&mut self, voice: CallHandle, call: CallHandle) {
        self.voices.insert(voice, call);
    }

    fn brought(&mut self, voice: CallHandle) -> Vec<Wish> {
        let call = self.voices.get(&voice).copied();
        call.map_or_else(Vec::new, |call| self.join([call, voice]))
    }

    fn join(&mut self, pair: [CallHandle; 2]) -> Vec<Wish> {
        self.next.push_back(pair);
        if self.joins.is_some() {
            return Vec::new();
        }
        self.join_next()
    }

    fn join_next(&mut self) -> Vec<Wish> {
        self.joins = self.next.pop_front().map(|pair| (pair, None));
        let join = self.joins.map(|(pair, _)| Wish::Join(pair));
        join.into_iter().collect()
    }

    /// The engine took the command that joins.
    const fn is_joining(&mut self, by: CommandId) {
        if let Some((_, command)) = &mut self.joins {
            *command = Some(by);
        }
    }

    fn is_joining_by(&self, command: CommandId) -> bool {
        self.joins.is_some_and(|(_, by)| by == Some(command))
    }

    /// A call is in a conversation now.
    fn met(&mut self, call: CallHandle, conference: Option<InConference>) -> Vec<Wish> {
        // Each of both is told; one of them counts.
        if self.joins.is_none_or(|(pair, _)| pair[0] != call) {
            return Vec::new();
        }
        match conference {
            Some(with) if with.person => {
                let leave = EndConference { keep: true };
                vec![Wish::Do(Command::EndConference(leave))]
            }
            Some(_) | None => self.join_next(),
        }
    }

    fn pressed(&self, call: CallHandle, key: &CallDtmf) -> Vec<Wish> {
        let desk = self.came.get(&call).and_then(|wanted| wanted.desk());
        if desk != Some(Desk::Keys) || key.direction != Side::Remote {
            return Vec::new();
        }
        let how = match key.method {
            DtmfMethod::Rtp => "RTP event",
            DtmfMethod::Info => "SIP INFO",
            DtmfMethod::Inband => "tones in the sound",
            DtmfMethod::Unknown => "a way unknown here",
        };
        let text = format!("you pressed {}, by {how}", key.digit);
        vec![Wish::Do(Command::MessageSend(SendMessage {
            to: None,
            text,
            account: None,
            call: Some(call),
        }))]
    }

    fn ended(&mut self, call: CallHandle) -> Vec<Wish> {
        self.came.remove(&call);
        self.slots.retain(|_, waits| *waits != call);
        // A conference goes on without one of its voices.
        let is_voice = self.voices.remove(&call).is_some();
        // Whoever was to be joined with it is with nobody.
        let dropped = self.next.iter().filter(|pair| pair.contains(&call));
        let left = dropped.flatten().copied();
        let left = left.filter(|&one| one != call && !is_voice);
        let left: Vec<CallHandle> = left.collect();
        self.next.retain(|pair| !pair.contains(&call));
        let hang_up = |call| Wish::Do(Command::HangUp(CallRef { call: Some(call) }));
        // Voices of a conference that nobody listens to any more.
        let voices = self.voices.iter().filter(|(_, of)| **of == call);
        let mut wishes: Vec<Wish> = voices.map(|(&voice, _)| hang_up(voice)).collect();
        // A voice that waits to be brought in is hung up as one.
        let others = left
            .into_iter()
            .filter(|one| !self.voices.contains_key(one));
        wishes.extend(others.map(hang_up));
        if let Some((pair, _)) = self.joins.filter(|(pair, _)| pair.contains(&call)) {
            let left = pair.into_iter().filter(|&one| one != call && !is_voice);
            wishes.extend(left.map(hang_up));
            wishes.extend(self.join_next());
        }
        wishes
    }
}

/// Works until it is dropped.
pub(crate) async fn work(core: Rc<Core>, address: SocketAddr) {
    let events = core.events(Filter(HEARD.map(str::to_owned).to_vec()));
    let mut operator = Operator::default();
    loop {
        let heard = match events.next().await {
            Next::Event(heard) => heard,
            Next::Lagged(from, to) => {
                tracing::warn!(from, to, "the operator was too slow");
                continue;
            }
        };
        for wish in operator.hears(&heard.event) {
            follow(&core, address, &mut operator, wish);
        }
    }
}

fn follow(core: &Core, address: SocketAddr, operator: &mut Operator, wish: Wish) {
    match wish {
        Wish::Do(command) => {
            carry_out(core, command);
        }
        Wish::Join(calls) => {
            let calls = calls.to_vec();
            match carry_out(core, Command::Merge(Merge { calls })) {
                Some((id, _)) => operator.is_joining(id),
                None => {
                    for next in operator.join_next() {
                        follow(core, address, operator, next);
                    }
                }
            }
        }
        Wish::Bring { number, call } => {
            let dial = Command::Dial(Dial {
                to: format!("sip:{number}@{address}"),
                account: None,
                action: None,
                ring_for_s: None,
                headers: BTreeMap::new(),
            });
            if let Some((_, Reply::Call { call: voice })) = carry_out(core, dial) {
                operator.calls(voice.call, call);
            }
        }
    }
}

fn carry_out(core: &Core, command: Command) -> Option<(CommandId, Reply)> {
    let name = command.name();
    match core.command(command, None) {
        (id, Ok(reply)) => Some((id, reply)),
        (_, Err(why)) => {
            tracing::debug!(name, %why, "the operator's command was refused");
            None
        }
    }
}

#[cfg(test)]
mod tests;
