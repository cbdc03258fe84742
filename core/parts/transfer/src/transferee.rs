//! Calls in which the far end hands us on.

use crate::transferor::finish;
use crate::{Entry, Side, Transfers, respond, tell};
use base::{Instant, Machine};
use bytes::Bytes;
use control::snapshot::{CallSnapshot, CallState};
use control::transfer::{TransferKind, TransferRole, TransferSnapshot, TransferState};
use control::{CallHandle, CommandId};
use ports::{Address, Outbox, dialogs};
use sip::ServerId;
use sip::session::{Content, Inside};
use sip::transfer::transferee::{Input, Output, Policy};
use sip::transfer::{Report, Target, Transferee, Unfit, fragment};
use sip_message::{Request, Status};

/// How long the subscription that REFER made lasts; it is over earlier. Unit: s.
const LASTS: u32 = 300;

impl Transfers {
    /// REFER came.
    pub(crate) fn referred(
        &mut self,
        call: CallHandle,
        id: ServerId,
        refer: &Request,
        now: Instant,
        out: &mut Outbox,
    ) {
        if self.entries.contains_key(&call) {
            // Ours is under way, or another of theirs.
            return respond(call, id, Status::REQUEST_PENDING, out);
        }
        let target = match Target::of(refer) {
            Ok(target) => target,
            Err(why) => {
                let status = match why {
                    Unfit::Malformed => Status::BAD_REQUEST,
                    // 416 would end the call with it (RFC 5057 §5.1).
                    Unfit::Scheme | Unfit::Method => Status::FORBIDDEN,
                };
                respond(call, id, status, out);
                return tell::forbidden(call, why, now, out);
            }
        };
        let kind = match target.replaces {
            Some(_) => TransferKind::Attended,
            None => TransferKind::Blind,
        };
        let state = match self.settings.policy {
            Policy::Ask => TransferState::Consulting,
            Policy::Allow | Policy::Refuse => TransferState::Requested,
        };
        let snapshot = TransferSnapshot {
            call,
            role: TransferRole::Transferee,
            kind,
            state,
            target: target.uri.to_string(),
            with: None,
            way: None,
            sip_status: None,
            error: None,
        };
        let machine = Transferee::start(self.settings.policy, now);
        let entry = Entry {
            side: Side::In(machine, id, Box::new(target)),
            command: None,
            snapshot,
            ticket: 0,
            told: false,
            slot: false,
            sent: false,
            conference: None,
        };
        self.entries.insert(call, entry);
        self.tell_requested(call, now, out);
        self.settle(call, now, out);
    }

    /// A person says whether to go.
    pub(crate) fn decide(
        &mut self,
        command: CommandId,
        call: CallHandle,
        go: bool,
        now: Instant,
        out: &mut Outbox,
    ) {
        let asked = self.entries.get_mut(&call).is_some_and(|entry| {
            let Side::In(machine, ..) = &mut entry.side else {
                return false;
            };
            let asked = machine.is_asking();
            if asked {
                entry.command = Some(command);
                machine.handle(if go { Input::Allow } else { Input::Refuse }, now);
            }
            asked
        });
        match asked {
            true => self.settle(call, now, out),
            false => tell::refused(command, call, "nobody hands this call on", now, out),
        }
    }

    pub(crate) fn settle_transferee(&mut self, call: CallHandle, now: Instant, out: &mut Outbox) {
        loop {
            let Some(entry) = self.entries.get_mut(&call) else {
                return;
            };
            let Side::In(machine, id, target) = &mut entry.side else {
                return;
            };
            let Some(output) = machine.poll_output() else {
                return;
            };
            match output {
                Output::Respond(status) => respond(call, *id, status, out),
                // It was told with the request.
                Output::Ask => {}
                Output::Report(report) => {
                    let shown = report.status.filter(|status| !status.is_final());
                    entry.snapshot.sip_status = report.status.map(|status| status.code());
                    if shown.is_some() && entry.snapshot.with.is_some() {
                        entry.snapshot.state = TransferState::Ringing;
                        tell::progress(entry, now, out);
                    }
                    let ticket = self.ticket(call);
                    out.post(dialogs::Word::InDialog {
                        from: Address::Transfer,
                        ticket,
                        call,
                        request: notify(report),
                    });
                }
                Output::Call => {
                    let (to, headers) = invitation(target);
                    let with = self.handles.next();
                    entry.snapshot.with = Some(with);
                    entry.snapshot.state = TransferState::Trying;
                    tell::progress(entry, now, out);
                    out.post(dialogs::Word::Follow {
                        call: with,
                        instead: call,
                        to,
                        headers,
                    });
                }
                Output::Leave => out.post(dialogs::Word::Leave { call }),
                Output::Over(outcome) => {
                    finish(&mut entry.snapshot, outcome);
                    tell::over(entry, outcome, now, out);
                }
            }
        }
    }
}

/// Whom to call, and what the INVITE says beside.
fn invitation(target: &Target) -> (String, Vec<(String, String)>) {
    let mut headers = Vec::new();
    if let Some(replaces) = &target.replaces {
        headers.push(("Replaces".to_owned(), replaces.to_string()));
        headers.push(("Require".to_owned(), "replaces".to_owned()));
    }
    if let Some(by) = &target.referred_by {
        headers.push(("Referred-By".to_owned(), by.to_string()));
    }
    (target.uri.to_string(), headers)
}

/// NOTIFY with a report (RFC 3515 §2.4.4, §2.4.5).
fn notify(report: Report) -> Inside {
    let state = match report.last {
        true => "terminated;reason=noresource".to_owned(),
        false => format!("active;expires={LASTS}"),
    };
    let body = report.status.map(fragment::write).unwrap_or_default();
    Inside {
        method: "NOTIFY".to_owned(),
        headers: vec![
            ("Event".to_owned(), "refer".to_owned()),
            ("Subscription-State".to_owned(), state),
        ],
        content: Some(Content {
            kind: format!("{};version=2.0", fragment::KIND),
            body: Bytes::from(body),
        }),
    }
}

/// What the call that we placed means for the transfer.
pub(crate) fn of_target(call: &CallSnapshot) -> Option<Input> {
    match call.state {
        CallState::Ringing => Some(Input::Progress(Status::RINGING)),
        CallState::Progress => Some(Input::Progress(Status::SESSION_PROGRESS)),
        CallState::Answered => Some(Input::Answered),
        CallState::Ended => {
            let status = call.end.as_ref().and_then(|end| end.sip_status);
            let status = status.and_then(Status::new).filter(|s| s.code() >= 300);
            // It ended without a word from there.
            Some(Input::Failed(status.unwrap_or(Status::SERVICE_UNAVAILABLE)))
        }
        CallState::Dialing | CallState::Ending | CallState::Unknown => None,
    }
}
