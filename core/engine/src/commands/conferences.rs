//! Commands about calls that are merged.

use super::pick::{is_answered, pick};
use crate::hub::Hub;
use control::command::CallRef;
use control::conference::{EndConference, Merge};
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
    let call = on.call;
    Ok(Word::Split { command, call })
}

pub(super) fn end(end: EndConference, command: CommandId, hub: &Hub) -> Result<Word, ErrorObject> {
    there_is_one(hub)?;
    let keep = end.keep;
    Ok(Word::EndConference { command, keep })
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

fn is_merged(call: &CallSnapshot) -> bool {
    call.conference.is_some()
}
