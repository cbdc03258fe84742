//! How calls end: session first, then media's last word, then the event that closes it.

use crate::Dialogs;
use crate::call::Stage;
use crate::causes::Causes;
use crate::stands;
use base::{Instant, Machine};
use control::event::CallEnded;
use control::snapshot::{CallDirection, CallState};
use control::{CallHandle, Code, CommandId, EndCause, EndReason, EndedBy, ErrorObject, EventBody};
use ports::media::{self, Quality};
use ports::{Address, Outbox, registrar};
use sip::dialogs::Input;
use sip::session::{By, Cause, Detail, EndReason as SessionEnd, Order};
use sip_message::{Reason, Status};

impl Dialogs {
    pub(crate) fn hang_up_all(&mut self, command: CommandId, now: Instant, out: &mut Outbox) {
        let all: Vec<CallHandle> = self.calls.keys().copied().collect();
        for call in all {
            self.hang_up(call, command, now, out);
        }
    }

    pub(crate) fn hang_up(
        &mut self,
        handle: CallHandle,
        command: CommandId,
        now: Instant,
        out: &mut Outbox,
    ) {
        let ends = |causes: &mut Causes| causes.ends = Some(command);
        let Some(session) = self.commanded(handle, ends) else {
            return;
        };
        let begun = self
            .calls
            .get(&handle)
            .map(|call| matches!(call.stage, Stage::Live));
        match begun {
            Some(true) => self.order(session, Order::HangUp(None), now),
            // No INVITE went out yet: nobody has to be told.
            _ => self.over(handle, EndReason::normal(EndedBy::Local), now, out),
        }
    }

    /// Ends a call before it has a session.
    pub(crate) fn fail(
        &mut self,
        handle: CallHandle,
        code: Code,
        why: String,
        now: Instant,
        out: &mut Outbox,
    ) {
        let reason = EndReason {
            cause: EndCause::Failed,
            code: Some(code),
            ..EndReason::normal(EndedBy::Engine)
        };
        if let Some(call) = self.calls.get_mut(&handle) {
            call.why = Some(why);
        }
        self.over(handle, reason, now, out);
    }

    /// Media cannot go on: the call ends, with words for the person; a caller who was not answered yet
    /// is told `status`.
    pub(crate) fn no_media(
        &mut self,
        handle: CallHandle,
        status: Status,
        why: &str,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        call.why = Some(why.to_owned());
        call.code = Some(Code::NO_MEDIA_PORT);
        let session = call.session;
        match call.stage {
            Stage::Live => {
                let order = match call.accepted {
                    Some(_) => Order::HangUp(Some("SIP;cause=500;text=\"no media\"".into())),
                    None => Order::Decline(status),
                };
                self.order(session, order, now);
            }
            Stage::Registering(_) | Stage::Routing(_) | Stage::Preparing(_) => {
                self.fail(handle, Code::NO_MEDIA_PORT, why.to_owned(), now, out);
            }
            Stage::Ended(_) => {}
        }
    }

    pub(crate) fn session_ended(
        &mut self,
        handle: CallHandle,
        end: &SessionEnd,
        now: Instant,
        out: &mut Outbox,
    ) {
        let mut reason = reason(end);
        if let Some(call) = self.calls.get_mut(&handle) {
            if let Some(code) = call.code {
                reason.by = EndedBy::Engine;
                reason.cause = EndCause::Failed;
                reason.code = Some(code);
            }
            if call.why.is_none() {
                call.why = why(end, self.unsent.as_deref());
            }
        }
        self.over(handle, reason, now, out);
    }

    /// The session is over: media says its last word before the call is closed.
    pub(crate) fn over(
        &mut self,
        handle: CallHandle,
        reason: EndReason,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        self.by_session.remove(&call.session);
        for (from, ticket) in call.inside.all() {
            crate::inside::tell(from, ticket, None, out);
        }
        self.steps.set(handle, None);
        call.snapshot.state = CallState::Ending;
        call.ended = Some(now);
        let knows_media = match call.stage {
            Stage::Registering(_) | Stage::Routing(_) => false,
            Stage::Preparing(_) | Stage::Live => call.sound_asked,
            Stage::Ended(_) => return,
        };
        let standing = stands::at_the_end(call, &reason);
        call.stage = Stage::Ended(reason);
        self.needs_no_more(handle, out);
        self.stands(handle, standing, out);
        self.leave_room(handle, now, out);
        self.focus_over(handle, now, out);
        match knows_media {
            true => out.post(media::Word::Release { call: handle }),
            false => self.released(handle, None, now, out),
        }
    }

    /// An account that is registered for calls alone needs it no more for this one.
    fn needs_no_more(&self, handle: CallHandle, out: &mut Outbox) {
        let account = self
            .calls
            .get(&handle)
            .and_then(|call| call.snapshot.account.as_ref());
        let account = account.and_then(|name| self.accounts.get(name.as_str()));
        if let Some((_, account)) = account.filter(|(_, account)| account.registers_for_calls()) {
            out.post(registrar::Word::CallOver {
                account: account.name.clone(),
                call: handle,
            });
        }
    }

    /// Media is gone: the call is closed.
    pub(crate) fn released(
        &mut self,
        handle: CallHandle,
        last: Option<&Quality>,
        now: Instant,
        out: &mut Outbox,
    ) {
        if !self
            .calls
            .get(&handle)
            .is_some_and(|call| matches!(call.stage, Stage::Ended(_)))
        {
            return;
        }
        if let Some(quality) = last {
            self.note_quality(handle, quality);
        }
        let ended_at = self
            .calls
            .get(&handle)
            .and_then(|call| call.ended)
            .unwrap_or(now);
        let ended = self.time(ended_at);
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let Stage::Ended(reason) = &call.stage else {
            return;
        };
        let reason = reason.clone();
        call.snapshot.state = CallState::Ended;
        call.snapshot.ended = Some(ended);
        call.snapshot.end = Some(reason.clone());
        let error = reason.code.map(|code| {
            let error = ErrorObject::new(code, call.why.clone().unwrap_or_default()).call(handle);
            match reason.sip_status {
                Some(status) => error.sip_status(status),
                None => error,
            }
        });
        let told = CallEnded {
            by: reason.by,
            cause: reason.cause,
            sip_status: reason.sip_status,
            reason_header: reason.reason_header,
            q850_cause: reason.q850_cause,
            reason_text: reason.reason_text,
            duration_ms: u64::try_from(call.duration(ended_at).as_millis()).unwrap_or(u64::MAX),
            mos_avg: call.mos_mean(),
            codec: call
                .agreed
                .as_ref()
                .map(|agreed| agreed.format.name.clone()),
            error,
            snapshot: call.snapshot.clone(),
        };
        self.tell(handle, EventBody::CallEnded(Box::new(told)), now, out);
        self.calls.remove(&handle);
    }

    /// Another part was made anew: what it owned of our calls is gone.
    pub(crate) fn restarted(&mut self, who: Address, now: Instant, out: &mut Outbox) {
        match who {
            Address::Link => self.link_lost(now, out),
            Address::Media => self.media_lost(now, out),
            Address::Recorder => {
                for call in self.calls.values_mut() {
                    call.snapshot.recording = None;
                }
            }
            Address::History => self.history_lost(now, out),
            Address::Transfer => {
                self.transfer_lost(out);
                self.ways_lost(now, out);
            }
            Address::Blf => self.watches_lost(out),
            Address::Registrar => self.registrar_lost(out),
            Address::Dialogs
            | Address::Messages
            | Address::Presence
            | Address::Store
            | Address::Network
            | Address::Voice
            | Address::Events => {}
        }
    }

    /// The transactions are gone: no response will come, none of ours arrives any more.
    fn link_lost(&mut self, now: Instant, out: &mut Outbox) {
        let (clients, servers) = self.sessions.open();
        for id in clients {
            let why = sip::transaction::Failure::Transport;
            self.sessions.handle(Input::Failed { id, why }, now);
        }
        for id in servers {
            self.sessions.handle(Input::ServerEnded(id), now);
        }
        let asked = |call: &&crate::call::Call| matches!(call.stage, Stage::Routing(_));
        let all: Vec<CallHandle> = self
            .calls
            .values()
            .filter(asked)
            .map(|c| c.handle)
            .collect();
        for handle in all {
            self.route(handle, out);
        }
    }

    /// Calls that go on still need their account registered.
    fn registrar_lost(&self, out: &mut Outbox) {
        let up = self
            .calls
            .values()
            .filter(|call| !matches!(call.stage, Stage::Ended(_)));
        for call in up.filter(|call| call.snapshot.direction == CallDirection::Outgoing) {
            let account = call.snapshot.account.as_ref();
            let account = account.and_then(|name| self.accounts.get(name.as_str()));
            if let Some((_, account)) = account.filter(|(_, account)| account.registers_for_calls())
            {
                out.post(registrar::Word::CallNeeds {
                    account: account.name.clone(),
                    call: call.handle,
                });
            }
        }
    }

    fn media_lost(&mut self, now: Instant, out: &mut Outbox) {
        let all: Vec<CallHandle> = self.calls.keys().copied().collect();
        for handle in all {
            let call = self.calls.get(&handle);
            match call.map(|call| matches!(call.stage, Stage::Ended(_))) {
                Some(true) => self.released(handle, None, now, out),
                Some(false) => {
                    let why = "the media part was restarted";
                    self.no_media(handle, Status::SERVER_INTERNAL_ERROR, why, now, out);
                }
                None => {}
            }
        }
    }
}

/// What stood behind the end, for people. The status of a failure is ours and was said by nobody
/// (RFC 3261 §8.1.3.1): what failed stands there instead, from `unsent` where the network knows it.
fn why(end: &SessionEnd, unsent: Option<&str>) -> Option<String> {
    if end.detail == Detail::NoDescription {
        return Some("the other side accepted without saying where sound goes (no SDP)".to_owned());
    }
    let status = end.status?;
    let said = format!("{} {}", status.code(), status.reason_phrase());
    let network = |otherwise: &str| unsent.unwrap_or(otherwise).to_owned();
    Some(match (end.by, end.detail) {
        (By::Local | By::Remote, Detail::Credentials) => format!(
            "it asks for a password ({said}), and is no server of the account, or the password is wrong"
        ),
        (By::Local, Detail::Transport) => network("nothing could be sent"),
        (By::Local, Detail::TimedOut) => network("no answer came"),
        (By::Remote, _) => format!("the other side said {said}"),
        (
            By::Local,
            Detail::Plain
            | Detail::NoDescription
            | Detail::NoAck
            | Detail::NoPrack
            | Detail::Expired
            | Detail::DialogLost
            | Detail::Redirected
            | Detail::Full,
        ) => format!("we said {said}"),
    })
}

/// The end of a session in the words of events.
fn reason(end: &SessionEnd) -> EndReason {
    let status = end.status.map(|status| status.code());
    let mut reason = match status.filter(|s| *s >= 300 && end.by == By::Remote) {
        Some(status) => EndReason::from_status(status),
        None => EndReason::normal(EndedBy::Local),
    };
    reason.by = match (end.by, end.detail) {
        (By::Local, Detail::Plain) => EndedBy::Local,
        // Nobody wished it.
        (
            By::Local,
            Detail::NoDescription
            | Detail::TimedOut
            | Detail::Transport
            | Detail::NoAck
            | Detail::NoPrack
            | Detail::Expired
            | Detail::DialogLost
            | Detail::Credentials
            | Detail::Redirected
            | Detail::Full,
        ) => EndedBy::Engine,
        (By::Remote, _) => EndedBy::Remote,
    };
    reason.cause = match end.cause {
        Cause::Normal => EndCause::Normal,
        Cause::Busy => EndCause::Busy,
        Cause::NoAnswer => EndCause::NoAnswer,
        Cause::Declined => EndCause::Declined,
        Cause::Cancelled => EndCause::Cancelled,
        Cause::AnsweredElsewhere => EndCause::AnsweredElsewhere,
        Cause::Redirected => EndCause::Redirected,
        Cause::Failed => EndCause::Failed,
    };
    // What stands for a response that never came was said by nobody (RFC 3261 §8.1.3.1).
    reason.sip_status = status.filter(|_| {
        end.by == By::Remote || !matches!(end.detail, Detail::TimedOut | Detail::Transport)
    });
    reason.reason_header.clone_from(&end.reason);
    reason.retry_after_s = end
        .retry_after
        .filter(|_| end.by == By::Remote)
        .and_then(|wait| u32::try_from(wait.as_secs()).ok());
    let said = Reason::list(end.reason.as_deref().unwrap_or_default());
    let mut numbered = said.iter();
    let q850 = numbered.find(|r| r.protocol().eq_ignore_ascii_case("Q.850"));
    reason.q850_cause = q850.and_then(Reason::cause);
    let text = said.iter().find_map(Reason::text);
    reason.reason_text = text.map(|text| text.into_owned());
    reason.code = match end.detail {
        Detail::Plain => reason.code.or(code_of(end.cause)),
        Detail::NoDescription => Some(Code::NO_CODEC_IN_COMMON),
        Detail::TimedOut => Some(Code::SERVER_SILENT),
        Detail::Transport => Some(Code::SERVER_REFUSES_CONNECTION),
        Detail::NoAck | Detail::NoPrack | Detail::Expired | Detail::DialogLost => {
            Some(Code::CALL_LOST)
        }
        Detail::Credentials => Some(Code::WRONG_PASSWORD),
        Detail::Redirected => Some(Code::REJECTED),
        Detail::Full => Some(Code::TOO_MANY_CALLS),
    };
    reason
}

const fn code_of(cause: Cause) -> Option<Code> {
    match cause {
        Cause::Normal | Cause::AnsweredElsewhere | Cause::Redirected => None,
        Cause::Busy => Some(Code::BUSY),
        Cause::NoAnswer => Some(Code::NO_ANSWER),
        Cause::Declined => Some(Code::DECLINED),
        Cause::Cancelled => Some(Code::CANCELLED),
        Cause::Failed => Some(Code::REJECTED),
    }
}
