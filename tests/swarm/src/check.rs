//! What may never be.

use crate::plan::{Feature, Plan};
use crate::stage::Stage;
use control::event::EventBody;
use control::snapshot::{CallDirection, CallState};
use control::{CallHandle, EndCause, EndedBy, Event};
use sim::{Phone, flow};
use std::collections::BTreeMap;

/// Something that may never be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// In one word, by which two complaints are the same fault while a plan is shortened.
    pub kind: &'static str,
    /// In full.
    pub text: String,
}

impl Complaint {
    pub(crate) fn new(kind: &'static str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { kind, text }
    }
}

/// Sockets that every phone has open: UDP for signalling.
const LISTENING: usize = 1;

/// Everything that is wrong with a world that has run out.
pub(crate) fn all(stage: &Stage<'_>) -> Vec<Complaint> {
    let mut found = Vec::new();
    for left in stage.world.unfinished() {
        found.push(Complaint::new("unfinished", left));
    }
    for (phone, dialled) in stage.phones.iter().zip(&stage.dialled) {
        one_phone(stage, phone, *dialled, &mut found);
    }
    panics(stage, &mut found);
    if let Some(at) = stage.world.space_mut().next_at() {
        let text = format!("something is due at {} ms, for ever", at.as_millis());
        found.push(Complaint::new("timer", text));
    }
    messages(stage, &mut found);
    found
}

fn one_phone(stage: &Stage<'_>, phone: &Phone, dialled: usize, found: &mut Vec<Complaint>) {
    let uri = phone.uri();
    let bound = stage.world.space().bound(phone.node());
    if bound != LISTENING {
        found.push(Complaint::new(
            "port",
            format!("{uri} has {bound} ports open"),
        ));
    }
    let events = phone.events();
    for complaint in self::events(&events) {
        found.push(Complaint::new(
            complaint.kind,
            format!("{uri}: {}", complaint.text),
        ));
    }
    let is_ours = |event: &&Event| {
        let EventBody::CallCreated(told) = &event.body else {
            return false;
        };
        told.snapshot.direction == CallDirection::Outgoing
    };
    let told = events.iter().filter(is_ours).count();
    // A part that panics loses the word it had in hand.
    if told != dialled && !stage.plan.has(Feature::Panics) {
        let text = format!("{uri} dialled {dialled} times and was told of {told} calls");
        found.push(Complaint::new("dial", text));
    }
}

/// Parts panic where the plan says so, and nowhere else.
fn panics(stage: &Stage<'_>, found: &mut Vec<Complaint>) {
    let all = stage.phones.iter().flat_map(Phone::panics);
    let (asked, own): (Vec<_>, Vec<_>) = all.partition(|why| why.contains("poisoned by the test"));
    for why in own {
        found.push(Complaint::new("part panic", why));
    }
    if asked.len() > stage.poisons {
        let text = format!("{} panics of {}", asked.len(), stage.poisons);
        found.push(Complaint::new("part panic", text));
    }
}

fn messages(stage: &Stage<'_>, found: &mut Vec<Complaint>) {
    for text in flow::broken(&stage.world.space(), &stage.world.phone_nodes()) {
        // Who sleeps, panics or loses its connection may owe an ACK.
        let excuses = [Feature::Panics, Feature::Sleep, Feature::Tcp];
        let is_owed = text.starts_with("no ACK");
        if !(is_owed && excuses.iter().any(|f| stage.plan.has(*f))) {
            let kind = if is_owed { "ack" } else { "cseq" };
            found.push(Complaint::new(kind, text));
        }
    }
}

/// What is wrong with what one phone was told.
#[allow(clippy::wildcard_enum_match_arm)] // Of the many events, four begin and end calls.
pub fn events(events: &[Event]) -> Vec<Complaint> {
    let mut found = Vec::new();
    let mut calls: BTreeMap<CallHandle, CallState> = BTreeMap::new();
    let mut last = None;
    for (event, seq) in events.iter().zip(1_u64..) {
        if event.seq != seq {
            let text = format!("event {} where {seq} should be", event.seq);
            found.push(Complaint::new("hole", text));
            break;
        }
        if last.is_some_and(|last| event.ts < last) {
            found.push(Complaint::new(
                "time",
                format!("event {seq} is earlier than the one before"),
            ));
        }
        last = Some(event.ts);
        let Some(call) = event.call else { continue };
        let name = event.body.name();
        let before = calls.get(&call).copied();
        let wrong = match (&event.body, before) {
            (EventBody::CallCreated(_), None) => None,
            (EventBody::CallCreated(_), Some(_)) => Some("is created twice"),
            (_, None) => Some("is told of before it is created"),
            (_, Some(CallState::Ended)) => Some("is told of after its end"),
            (EventBody::CallAnswered(_), Some(CallState::Answered)) => Some("is answered twice"),
            (EventBody::CallRinging(_) | EventBody::CallIncoming(_), Some(CallState::Answered)) => {
                Some("rings after its answer")
            }
            (EventBody::CallEnded(told), Some(_)) => {
                let is_named = told.cause != EndCause::Unknown && told.by != EndedBy::Unknown;
                let is_over = told.snapshot.state == CallState::Ended;
                match (is_named, is_over && told.snapshot.end.is_some()) {
                    (true, true) => None,
                    (false, _) => Some("ends without a name for it"),
                    (true, false) => Some("ends, and its snapshot does not say so"),
                }
            }
            _ => None,
        };
        if let Some(wrong) = wrong {
            let text = format!("call {} {wrong} ({name}, event {seq})", call.number());
            found.push(Complaint::new("call", text));
        }
        let state = match &event.body {
            EventBody::CallAnswered(_) => CallState::Answered,
            EventBody::CallEnded(_) => CallState::Ended,
            _ => before.unwrap_or(CallState::Dialing),
        };
        calls.insert(call, state);
    }
    for (call, state) in calls {
        if state != CallState::Ended {
            let text = format!("call {} never ends", call.number());
            found.push(Complaint::new("call", text));
        }
    }
    found
}

/// Whether a plan shows a complaint of this kind.
pub fn shows(plan: &Plan, kind: &str) -> bool {
    let outcome = crate::play(plan, crate::stage::Keep::Nothing);
    outcome.complaints.iter().any(|c| c.kind == kind)
}
