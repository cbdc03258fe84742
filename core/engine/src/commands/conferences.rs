//! Commands about calls that are merged.

use super::pick::{is_answered, pick};
use crate::hub::Hub;
use control::command::CallRef;
use control::conference::{EndConference, Merge, Participant, RemoveParticipant};
use control::snapshot::CallSnapshot;
use control::{Code, CommandId, ErrorObject};
use ports::dialogs::Word;

/// The calls that are named must be there; one alone needs another one.
pub(super) fn merge(merge: Merge, command: CommandId, hub: &Hub) -> Result<Word, ErrorObject> {
    let Merge { mut calls } = merge;
    calls.sort_unstable();
    calls.dedup();
    for &call in &calls {
        pick(CallRef { call: Some(call) }, hub, is_answered)?;
    }
    let answered = hub.calls().values().filter(|call| is_answered(call));
    if answered.count() < 2 {
        let why = "there are no two calls that are answered";
        return Err(ErrorObject::new(Code::WRONG_STATE, why)
            .fix("call somebody else too, then merge the calls"));
    }
    Ok(Word::Merge { command, calls })
}

pub(super) fn split(on: CallRef, command: CommandId, hub: &Hub) -> Result<Word, ErrorObject> {
    if let Some(call) = on.call {
        pick(on, hub, is_answered)?;
        if !hub.calls().get(&call).is_some_and(is_merged) {
            let why = format!("call {call} is merged with no other");
            return Err(ErrorObject::new(Code::WRONG_STATE, why).call(call));
        }
    } else {
        there_is_one(hub)?;
    }
    let in_question = hub.calls().values().filter(|one| is_merged(one));
    let mut in_question = in_question.filter(|one| on.call.is_none_or(|call| call == one.call));
    if in_question.clone().count() > 0 && in_question.all(|one| is_at_server(one, hub)) {
        let why = "the calls are merged at the server: none of them is here to be split off";
        return Err(ErrorObject::new(Code::WRONG_STATE, why)
            .fix("remove them (offhook conference remove), then call them"));
    }
    let call = on.call;
    Ok(Word::Split { command, call })
}

pub(super) fn end(end: EndConference, command: CommandId, hub: &Hub) -> Result<Word, ErrorObject> {
    there_is_one(hub)?;
    let keep = end.keep;
    Ok(Word::EndConference { command, keep })
}

/// Somebody is to leave the conference of a server: whose address is meant, as the server lists it.
pub(super) fn remove(
    remove: RemoveParticipant,
    command: CommandId,
    hub: &Hub,
) -> Result<Word, ErrorObject> {
    let RemoveParticipant { call, participant } = remove;
    let is_with_one = |call: &CallSnapshot| is_answered(call) && call.server_conference.is_some();
    let call = pick(CallRef { call }, hub, is_with_one)?;
    let known = hub.calls().get(&call);
    let known = known.and_then(|call| call.server_conference.as_ref());
    let known = known.and_then(|with| with.participants.as_deref());
    let nobody = |why: String| ErrorObject::new(Code::NOT_REMOVED, why).call(call);
    let named = participant.trim();
    let address = match known {
        None => named.to_owned(),
        Some(known) => {
            let whole = known
                .iter()
                .filter(|one| one.uri.eq_ignore_ascii_case(named));
            let part = known.iter().filter(|one| user(&one.uri) == Some(named));
            let mut meant: Vec<&Participant> = whole.collect();
            if meant.is_empty() {
                meant = part.collect();
            }
            match meant.as_slice() {
                [one] if one.you => {
                    let why = "that is you".to_owned();
                    return Err(nobody(why).fix("leave: offhook conference end --keep"));
                }
                [one] => one.uri.clone(),
                [] => {
                    let named = control::quoted(named);
                    return Err(nobody(format!("{named} is nobody in the conference")));
                }
                [..] => {
                    let named = control::quoted(named);
                    return Err(nobody(format!("{named} means several")));
                }
            }
        }
    };
    let participant = address.parse().map_err(|_| {
        let named = control::quoted(&address);
        nobody(format!("{named} is no address"))
            .fix("name a SIP address, such as sip:102@pbx.example")
    })?;
    Ok(Word::RemoveParticipant {
        command,
        call,
        participant,
    })
}

/// The user part of an address.
fn user(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once(':')?;
    rest.split_once('@').map(|(user, _)| user)
}

fn there_is_one(hub: &Hub) -> Result<(), ErrorObject> {
    let with_us = |call: &CallSnapshot| call.conference.is_some_and(|one| one.person);
    match hub.calls().values().any(with_us) {
        true => Ok(()),
        false => {
            let why = "no calls are merged with you";
            Err(ErrorObject::new(Code::WRONG_STATE, why).fix("offhook merge"))
        }
    }
}

/// Merged at a server alone, and with no other call here.
fn is_at_server(call: &CallSnapshot, hub: &Hub) -> bool {
    let mut others = hub.calls().values().filter(|other| other.call != call.call);
    let with_it = |other: &CallSnapshot| {
        other.conference.map(|one| one.id) == call.conference.map(|one| one.id)
    };
    call.server_conference.is_some() && !others.any(with_it)
}

fn is_merged(call: &CallSnapshot) -> bool {
    call.conference.is_some()
}
