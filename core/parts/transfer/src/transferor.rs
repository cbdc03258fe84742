//! Calls that we hand on.

use crate::{Entry, Side, Transfers, tell};
use base::{Instant, Machine};
use control::snapshot::{CallDirection, CallSnapshot, CallState, Party};
use control::transfer::{TransferKind, TransferRole, TransferSnapshot, TransferState, TransferWay};
use control::{CallHandle, Code, CommandId, EndedBy, ErrorObject};
use ports::dialogs::{HandedOn, ReferTo};
use ports::transfer::To;
use ports::{Outbox, dialogs};
use sip::transfer::transferor::{Begin, Input, Output, Step, Way};
use sip::transfer::{Outcome, Report, Transferor, Why, fragment};
use sip_message::{HeaderName, Request, Status, Uri};

impl Transfers {
    /// A person hands a call on.
    pub(crate) fn begin(
        &mut self,
        (command, call): (CommandId, CallHandle),
        (to, slot): (To, bool),
        now: Instant,
        out: &mut Outbox,
    ) {
        if let Some(why) = self.unfit(call, &to) {
            if let To::Conference(_) = to {
                let how = dialogs::Sent::Here;
                out.post(dialogs::Word::Sent { call, how });
            }
            return tell::refused(command, call, why, now, out);
        }
        let Some(caller) = self.calls.get(&call) else {
            return;
        };
        let (kind, typed, with) = self.meant(&to);
        let is_there = matches!(to, To::With(_));
        let conference = conference_of(&to);
        let begin = Begin {
            asks: with.is_some(),
            answered: is_there,
            // To ask somebody is to put the caller on hold; nobody wants it to stay there.
            held: caller.held_by_local && with.is_none(),
            // Whoever comes back from a conference does not take the person out of it.
            stays: conference.is_some(),
            early: self.settings.early_replaces,
        };
        let account = caller.account.as_ref().map(|name| name.as_str().to_owned());
        let machine = Transferor::start(begin, now);
        let snapshot = TransferSnapshot {
            call,
            role: TransferRole::Transferor,
            kind,
            state: TransferState::Holding,
            target: typed.clone(),
            with,
            way: None,
            sip_status: None,
            error: None,
        };
        let entry = Entry {
            side: Side::Out(machine, typed.clone()),
            command: Some(command),
            snapshot,
            ticket: 0,
            told: false,
            slot,
            sent: false,
            conference,
        };
        self.entries.insert(call, entry);
        self.tell_requested(call, now, out);
        self.settle(call, now, out);
        if let To::Ask(to, second) = to {
            out.post(dialogs::Word::Dial {
                command,
                call: second,
                account,
                to,
                ring_for: None,
                headers: Vec::new(),
                action: None,
            });
        }
        if is_there {
            self.complete_at_once(call, now, out);
        }
    }

    /// How a call is handed on so, to whom as people read it, and with which call of ours.
    fn meant(&self, to: &To) -> (TransferKind, String, Option<CallHandle>) {
        match to {
            To::Now(to) => (TransferKind::Blind, to.clone(), None),
            To::Conference(uri) => (TransferKind::Blind, uri.to_string(), None),
            To::Ask(to, with) => (TransferKind::Attended, to.clone(), Some(*with)),
            To::With(with) => {
                let other = self.calls.get(with).map(far_end).unwrap_or_default();
                (TransferKind::Attended, other, Some(*with))
            }
        }
    }

    /// The person has spoken with the target already.
    fn complete_at_once(&mut self, call: CallHandle, now: Instant, out: &mut Outbox) {
        let entry = self.entries.get_mut(&call);
        if let Some(Side::Out(machine, _)) = entry.map(|entry| &mut entry.side) {
            machine.handle(Input::Complete, now);
            self.settle(call, now, out);
        }
    }

    /// Why a call cannot be handed on so.
    fn unfit(&self, call: CallHandle, to: &To) -> Option<&'static str> {
        let is_up = |call: &CallHandle| {
            let known = self.calls.get(call);
            known.is_some_and(|known| known.state == CallState::Answered)
        };
        if !is_up(&call) {
            return Some("only a call that is answered can be handed on");
        }
        if self.entries.contains_key(&call) {
            return Some("the call is being handed on already");
        }
        match to {
            To::With(with) if *with == call => Some("a call cannot be handed on to itself"),
            To::With(with) if !is_up(with) => Some("the other call is not answered"),
            To::With(with) if self.entries.contains_key(with) => {
                Some("the other call is being handed on itself")
            }
            To::With(_) | To::Now(_) | To::Ask(..) | To::Conference(_) => None,
        }
    }

    /// The person hands over.
    pub(crate) fn complete(
        &mut self,
        command: CommandId,
        call: CallHandle,
        now: Instant,
        out: &mut Outbox,
    ) {
        self.steer(command, call, Input::Complete, now, out);
    }

    /// The person takes the caller back.
    pub(crate) fn cancel(
        &mut self,
        command: CommandId,
        call: CallHandle,
        now: Instant,
        out: &mut Outbox,
    ) {
        self.steer(command, call, Input::Cancel, now, out);
    }

    fn steer(
        &mut self,
        command: CommandId,
        call: CallHandle,
        input: Input,
        now: Instant,
        out: &mut Outbox,
    ) {
        let state = match self.entries.get_mut(&call) {
            Some(entry) => match &mut entry.side {
                Side::Out(machine, _) if machine.is_open() => {
                    entry.command = Some(command);
                    let state = entry.snapshot.state;
                    if input == Input::Complete && state == TransferState::Asking {
                        entry.snapshot.kind = TransferKind::SemiAttended;
                    }
                    machine.handle(input, now);
                    Some(())
                }
                Side::Out(..) | Side::In(..) => None,
            },
            None => None,
        };
        match state {
            Some(()) => self.settle(call, now, out),
            None => {
                let why = "nobody is being asked before this call is handed on";
                tell::refused(command, call, why, now, out);
            }
        }
    }

    /// NOTIFY came; what it is answered with.
    pub(crate) fn reported(&mut self, call: CallHandle, notify: &Request, now: Instant) -> Status {
        let headers = notify.headers();
        let event = headers.text(HeaderName::Event);
        let event = event.as_deref().unwrap_or_default();
        let package = event.split(';').next().unwrap_or_default().trim();
        let machine = match self.entries.get_mut(&call).map(|entry| &mut entry.side) {
            Some(Side::Out(machine, _)) if package.eq_ignore_ascii_case("refer") => machine,
            Some(Side::Out(..) | Side::In(..)) | None => return Status::CALL_DOES_NOT_EXIST,
        };
        let state = headers.text(HeaderName::SubscriptionState);
        let state = state.as_deref().unwrap_or_default().trim_start();
        let ended = state.get(..10).unwrap_or_default();
        let report = Report {
            status: fragment::read(notify.body()),
            last: ended.eq_ignore_ascii_case("terminated"),
        };
        machine.handle(Input::Reported(report), now);
        Status::OK
    }

    /// There is no such target: nothing was sent.
    pub(crate) fn unusable(
        &mut self,
        ticket: u64,
        code: Code,
        why: &str,
        now: Instant,
        out: &mut Outbox,
    ) {
        let call = self.tickets.get(&ticket).copied();
        let entry = call.and_then(|call| self.entries.get_mut(&call));
        if let Some(entry) = entry {
            entry.snapshot.error = Some(ErrorObject::new(code, why));
        }
        self.outcome(ticket, None, now, out);
    }

    /// Dialogs says whether it joined the two calls.
    pub(crate) fn joined(&mut self, call: CallHandle, is_so: bool, now: Instant, out: &mut Outbox) {
        let entry = self.entries.get_mut(&call);
        if let Some(Side::Out(machine, _)) = entry.map(|entry| &mut entry.side) {
            machine.handle(Input::Joined(is_so), now);
            self.settle(call, now, out);
        }
    }

    pub(crate) fn settle_transferor(&mut self, call: CallHandle, now: Instant, out: &mut Outbox) {
        loop {
            let Some(entry) = self.entries.get_mut(&call) else {
                return;
            };
            let Side::Out(machine, to) = &mut entry.side else {
                return;
            };
            let Some(output) = machine.poll_output() else {
                return;
            };
            let (command, with, to) = (entry.command, entry.snapshot.with, to.clone());
            let Some(command) = command else { return };
            match output {
                Output::Hold => out.post(dialogs::Word::Hold { command, call }),
                Output::Resume => out.post(dialogs::Word::Resume { command, call }),
                Output::DropCaller => out.post(dialogs::Word::HangUp { command, call }),
                Output::DropTarget => {
                    if let Some(call) = with {
                        out.post(dialogs::Word::HangUp { command, call });
                    }
                }
                Output::Refer(way) => {
                    let to = match &entry.conference {
                        Some(uri) => ReferTo::Address(uri.clone()),
                        None => refer_to(way, with, to),
                    };
                    go_by(&mut entry.snapshot, way_of(way));
                    entry.sent = true;
                    let ticket = self.ticket(call);
                    out.post(dialogs::Word::Refer { ticket, call, to });
                }
                Output::Join => {
                    go_by(&mut entry.snapshot, TransferWay::Joined);
                    match with {
                        Some(with) => out.post(dialogs::Word::Join {
                            command,
                            call,
                            with,
                        }),
                        None => machine.handle(Input::Joined(false), now),
                    }
                }
                Output::Tell(step) => {
                    show(&mut entry.snapshot, step);
                    tell::progress(entry, now, out);
                }
                Output::Over(outcome) => {
                    self.ended(call, outcome, now, out);
                }
            }
        }
    }

    /// It is over: the person is told, and dialogs.
    fn ended(&mut self, call: CallHandle, outcome: Outcome, now: Instant, out: &mut Outbox) {
        let Some(entry) = self.entries.get_mut(&call) else {
            return;
        };
        finish(&mut entry.snapshot, outcome);
        tell::over(entry, outcome, now, out);
        if entry.conference.is_some() {
            let how = sent(outcome, entry.sent);
            return out.post(dialogs::Word::Sent { call, how });
        }
        let away = match outcome {
            Outcome::Completed => true,
            // It went, and nobody said how it ended.
            Outcome::Lost(_) => entry.sent,
            Outcome::Recovered(_) | Outcome::Joined => false,
        };
        let (to, slot) = (entry.snapshot.target.clone(), entry.slot);
        if let Some(gone) = self.calls.get(&call).filter(|_| away) {
            out.post(handed_on(gone, to, slot));
        }
    }
}

/// The conference that a call is to go into.
fn conference_of(to: &To) -> Option<Uri> {
    match to {
        To::Conference(uri) => Some(uri.clone()),
        To::Now(_) | To::Ask(..) | To::With(_) => None,
    }
}

/// What became of a call that was to go into a conference. One that ended before REFER was `out` went nowhere.
const fn sent(outcome: Outcome, out: bool) -> dialogs::Sent {
    match outcome {
        Outcome::Completed | Outcome::Joined => dialogs::Sent::There,
        Outcome::Lost(_) if out => dialogs::Sent::Gone,
        Outcome::Recovered(_) | Outcome::Lost(_) => dialogs::Sent::Here,
    }
}

/// Where whoever is handed on is to go.
fn refer_to(way: Way, with: Option<CallHandle>, to: String) -> ReferTo {
    match (way, with) {
        (Way::Replaces, Some(with)) => ReferTo::Taking(with),
        (Way::ByAddress, Some(with)) => ReferTo::TakingAt(with),
        (Way::Early, Some(with)) => ReferTo::TakingEarly(with),
        (Way::Replaces | Way::ByAddress | Way::Early, None) | (Way::Plain | Way::Beside, _) => {
            ReferTo::Typed(to)
        }
    }
}

/// Another way is tried now: shown, and logged.
fn go_by(snapshot: &mut TransferSnapshot, way: TransferWay) {
    let before = snapshot.way.replace(way);
    tracing::info!(call = %snapshot.call, ?way, ?before, "a call is handed on");
}

/// A way, for people.
const fn way_of(way: Way) -> TransferWay {
    match way {
        Way::Plain | Way::Beside => TransferWay::Plain,
        Way::Replaces | Way::ByAddress | Way::Early => TransferWay::Replaces,
    }
}

/// What dialogs is told of a call that was handed on.
fn handed_on(call: &CallSnapshot, to: String, slot: bool) -> dialogs::Word {
    let account = call.account.as_ref();
    dialogs::Word::HandedOn(Box::new(HandedOn {
        call: call.call,
        account: account.map_or_else(String::new, |name| name.as_str().to_owned()),
        who: far_party(call).clone(),
        to,
        slot,
    }))
}

/// The far end of a call.
pub(crate) fn far_end(call: &CallSnapshot) -> String {
    far_party(call).uri.clone()
}

const fn far_party(call: &CallSnapshot) -> &Party {
    match call.direction {
        CallDirection::Incoming => &call.from,
        CallDirection::Outgoing => &call.to,
    }
}

/// What our call with the target means for the transfer.
pub(crate) fn of_target(call: &CallSnapshot) -> Option<Input> {
    match call.state {
        CallState::Answered => Some(Input::TargetAnswered),
        CallState::Ended => {
            let end = call.end.as_ref();
            let hung_up = call.answered.is_some()
                && end.is_some_and(|end| end.by == EndedBy::Remote && end.code.is_none());
            let status = end.and_then(|end| end.sip_status).and_then(Status::new);
            let status = status.unwrap_or(Status::TEMPORARILY_UNAVAILABLE);
            Some(Input::TargetGone((!hung_up).then_some(status)))
        }
        CallState::Dialing
        | CallState::Ringing
        | CallState::Progress
        | CallState::Ending
        | CallState::Unknown => None,
    }
}

/// Shows how far it is.
fn show(snapshot: &mut TransferSnapshot, step: Step) {
    let (state, status) = match step {
        Step::Asking => (TransferState::Asking, None),
        Step::Consulting => (TransferState::Consulting, None),
        Step::Asked => (TransferState::Requested, None),
        Step::Going(status) => {
            let rings = status.is_some_and(|status| matches!(status.code(), 180 | 183));
            let state = match rings || snapshot.state == TransferState::Ringing {
                true => TransferState::Ringing,
                false => TransferState::Trying,
            };
            (state, status)
        }
        Step::Returning(why) => (TransferState::Returning, tell::status_of(why)),
    };
    snapshot.state = state;
    snapshot.sip_status = status.map(|status| status.code());
}

/// Shows how it ended.
pub(crate) fn finish(snapshot: &mut TransferSnapshot, outcome: Outcome) {
    let (state, why) = match outcome {
        Outcome::Completed | Outcome::Joined => (TransferState::Completed, None),
        Outcome::Recovered(why) => (TransferState::Recovered, Some(why)),
        Outcome::Lost(why) => (TransferState::Lost, Some(why)),
    };
    snapshot.state = state;
    if let Some(why) = why {
        snapshot.sip_status = tell::status_of(why).map(|status| status.code());
        let known = snapshot.error.take();
        let is_ours = matches!(why, Why::Unanswered);
        snapshot.error = known.filter(|_| is_ours).or_else(|| tell::error(why));
    }
}
