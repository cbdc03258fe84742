//! One client transaction: its machine and the bytes it may still need.

use crate::flow::{FlowId, Target};
use crate::ids::ClientId;
use crate::transaction::{
    Failure, InviteClient, Link, RequestClient, invite_client, request_client,
};
use base::{Instant, Machine};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sip_message::{Method, Request, Status};

/// The state machine of one client transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    Invite(InviteClient),
    Other(RequestClient),
}

/// One client transaction and the bytes it may still need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Client {
    /// Nobody, for a CANCEL: its outcome shows in the INVITE's.
    pub(super) user: Option<ClientId>,
    pub(super) kind: Kind,
    pub(super) method: Method,
    pub(super) branch: String,
    pub(super) target: Target,
    pub(super) flow: Option<FlowId>,
    /// Where the request would have gone but for its size.
    pub(super) smaller: Option<(Target, Option<FlowId>)>,
    /// The request with our Via, while it may be resent, acknowledged or cancelled.
    pub(super) sent: Option<Request>,
    /// The ACK for a 3xx-6xx, while it may be resent.
    pub(super) ack: Option<Bytes>,
    /// The CANCEL's own transaction.
    pub(super) cancel: Option<u64>,
    /// Reason header field of the CANCEL (RFC 3326).
    pub(super) reason: Option<String>,
}

impl Client {
    pub(super) fn deadline(&self) -> Option<Instant> {
        match &self.kind {
            Kind::Invite(machine) => machine.deadline(),
            Kind::Other(machine) => machine.deadline(),
        }
    }

    /// Whether a final response may still come.
    pub(super) fn is_waiting(&self) -> bool {
        match &self.kind {
            Kind::Invite(machine) => match machine.state() {
                invite_client::State::Calling { .. }
                | invite_client::State::CancelHeld { .. }
                | invite_client::State::Proceeding
                | invite_client::State::Cancelling => true,
                invite_client::State::Accepted
                | invite_client::State::Completed
                | invite_client::State::Terminated => false,
            },
            Kind::Other(machine) => match machine.state() {
                request_client::State::Trying { .. } | request_client::State::Proceeding => true,
                request_client::State::Completed | request_client::State::Terminated => false,
            },
        }
    }

    /// Whether nothing at all was heard yet.
    pub(super) fn is_unheard(&self) -> bool {
        match &self.kind {
            Kind::Invite(machine) => match machine.state() {
                invite_client::State::Calling { .. } | invite_client::State::CancelHeld { .. } => {
                    true
                }
                invite_client::State::Proceeding
                | invite_client::State::Cancelling
                | invite_client::State::Accepted
                | invite_client::State::Completed
                | invite_client::State::Terminated => false,
            },
            Kind::Other(machine) => match machine.state() {
                request_client::State::Trying { .. } => true,
                request_client::State::Proceeding
                | request_client::State::Completed
                | request_client::State::Terminated => false,
            },
        }
    }

    pub(super) fn is_over(&self) -> bool {
        match &self.kind {
            Kind::Invite(machine) => machine.state() == invite_client::State::Terminated,
            Kind::Other(machine) => machine.state() == request_client::State::Terminated,
        }
    }

    pub(super) fn heard(&mut self, status: Status, now: Instant) {
        let code = status.code();
        match &mut self.kind {
            Kind::Invite(machine) => {
                let input = match code {
                    100..=199 => invite_client::Input::Provisional(code),
                    200..=299 => invite_client::Input::Success(code),
                    _ => invite_client::Input::Failure(code),
                };
                machine.handle(input, now);
            }
            Kind::Other(machine) => {
                let input = match code {
                    100..=199 => request_client::Input::Provisional(code),
                    _ => request_client::Input::Final(code),
                };
                machine.handle(input, now);
            }
        }
    }

    pub(super) fn time(&mut self, now: Instant) {
        match &mut self.kind {
            Kind::Invite(machine) => machine.handle_time(now),
            Kind::Other(machine) => machine.handle_time(now),
        }
    }

    pub(super) fn broke(&mut self, now: Instant) {
        match &mut self.kind {
            Kind::Invite(machine) => machine.handle(invite_client::Input::TransportFailed, now),
            Kind::Other(machine) => machine.handle(request_client::Input::TransportFailed, now),
        }
    }

    pub(super) fn cancel(&mut self, now: Instant) {
        match &mut self.kind {
            Kind::Invite(machine) => machine.handle(invite_client::Input::Cancel, now),
            // RFC 3261 §9.1: nothing but INVITE is cancelled.
            Kind::Other(_) => {}
        }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        match &self.kind {
            Kind::Invite(machine) => {
                matches!(machine.state(), invite_client::State::CancelHeld { .. })
            }
            Kind::Other(_) => false,
        }
    }

    pub(super) fn next(&mut self) -> Option<Step> {
        match &mut self.kind {
            Kind::Invite(machine) => machine.poll_output().map(|output| match output {
                invite_client::Output::ResendInvite => Step::Resend,
                invite_client::Output::SendAck => Step::Ack,
                invite_client::Output::SendCancel => Step::Cancel,
                invite_client::Output::Respond(_) => Step::Respond,
                invite_client::Output::Fail(why) => Step::Fail(why),
            }),
            Kind::Other(machine) => machine.poll_output().map(|output| match output {
                request_client::Output::Resend => Step::Resend,
                request_client::Output::Respond(_) => Step::Respond,
                request_client::Output::Fail(why) => Step::Fail(why),
            }),
        }
    }

    /// Drops what can no longer be needed.
    pub(super) fn forget(&mut self) {
        if !self.is_waiting() {
            self.sent = None;
            self.smaller = None;
        }
    }
}

/// What either kind of transaction asks for.
pub(super) enum Step {
    Resend,
    Ack,
    Cancel,
    Respond,
    Fail(Failure),
}

pub(super) fn kind(method: &Method, link: Link, now: Instant) -> Kind {
    if *method == Method::Invite {
        Kind::Invite(InviteClient::new(link, now))
    } else {
        Kind::Other(RequestClient::new(link, now))
    }
}
