//! What a person said of forwarding that a server has to be dialled for: it holds once the server took it (M-133).

use super::{Commands, Outcome};
use crate::coded::{Awaited, Verdict};
use crate::hub::Hub;
use base::{Duration, Instant};
use control::command::{Dial, Reply};
use control::event::CallWarning;
use control::receiving::ForwardWhen;
use control::{AccountHandle, CallHandle, Code, CommandId, ErrorObject, EventBody};
use policy::forward;
use ports::account::Whose;
use ports::{Account, events};
use std::collections::BTreeMap;

/// A server answers its own codes at once. Unit: s.
const RINGS_S: u32 = 30;

/// Where calls of one kind are to go.
pub(super) struct Wanted {
    pub(super) of: Whose,
    pub(super) when: ForwardWhen,
    /// `None`: they stay here.
    pub(super) to: Option<String>,
    /// How long nobody answers.
    pub(super) wait: Duration,
}

/// The call that a server is dialled by, and what holds once it answers.
#[derive(Default)]
pub(super) struct Coded {
    pub(super) awaited: Awaited,
    pending: Option<(CallHandle, CommandId, Wanted)>,
}

impl Commands {
    /// Has what is heard of calls by `awaited` decide about codes.
    pub(crate) fn await_codes(&mut self, awaited: Awaited) {
        self.coded.awaited = awaited;
    }

    /// Dials the server by `code`; what is `wanted` holds once it answers. It is a call of its own, which no other call
    /// is held for.
    pub(super) fn dial_code(
        &mut self,
        code: String,
        wanted: Wanted,
        (command, account): (CommandId, Option<AccountHandle>),
        hub: &Hub,
        now: Instant,
    ) -> Outcome {
        if self.coded.pending.is_some() {
            let why = "the server is being dialled already, for what was said before";
            let fix = "wait until that call is over, then say it again";
            return Err(ErrorObject::new(Code::WRONG_STATE, why).fix(fix));
        }
        if let Some(call) = hub.calls().keys().next() {
            let why = format!("the server is dialled for this, and call {call} is not over");
            let fix = "say it again after that call";
            return Err(ErrorObject::new(Code::WRONG_STATE, why)
                .call(*call)
                .fix(fix));
        }
        let dial = Dial {
            to: code,
            account,
            ring_for_s: Some(RINGS_S),
            headers: BTreeMap::new(),
            action: None,
        };
        let reply = self.place(dial, command, hub, now)?;
        if let Reply::Call { call } = &reply {
            self.coded.awaited.set(Some(call.call));
            self.coded.pending = Some((call.call, command, wanted));
        }
        Ok(Reply::Taken)
    }

    /// The server took the code, or did not.
    pub(crate) fn code_heard(&mut self, call: CallHandle, verdict: &Verdict, now: Instant) {
        let pending = self.coded.pending.take_if(|(of, ..)| *of == call);
        let Some((_, command, wanted)) = pending else {
            return;
        };
        let account: Option<AccountHandle> = wanted.of.account.parse().ok();
        let outcome = match verdict {
            Verdict::Taken => self.forwards(wanted),
            Verdict::Refused(why) => {
                let why = format!("{why}; calls go where they went before");
                Err(ErrorObject::new(Code::FORWARDING_REFUSED, why))
            }
        };
        if let Err(error) = outcome {
            let warning = Box::new(CallWarning {
                code: error.code,
                text: error.detail,
                fix: error.fix,
            });
            // Events are always taken.
            let _ = self.post(events::Word::Tell {
                at: now,
                account,
                call: Some(call),
                command: Some(command),
                body: EventBody::CallWarning(warning),
            });
        }
    }
}

/// What the account's server is dialled so that it does so itself: an address, which no rule about numbers changes. The
/// number within it is as it is dialled here. `None`: it has no code for that.
pub(super) fn code_of(account: &Account, wanted: &Wanted) -> Result<Option<String>, ErrorObject> {
    let kind = match wanted.when {
        ForwardWhen::Always => forward::Kind::Always,
        ForwardWhen::Busy => forward::Kind::Busy,
        ForwardWhen::NoAnswer => forward::Kind::NoAnswer,
    };
    let policy = &account.policy;
    let to = wanted.to.as_deref().map(|to| policy.dialling.in_form(to));
    let codes = &policy.receiving.forwarding_codes;
    let dialled = forward::dialled(codes, kind, to.as_deref(), wanted.wait)
        .map_err(|why| ErrorObject::new(Code::BAD_ADDRESS, why.to_string()))?;
    let address = |code: String| {
        let address = account.address(&code);
        address.map_or(code, |uri| uri.to_string())
    };
    Ok(dialled.map(address))
}
