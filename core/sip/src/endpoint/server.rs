//! One server transaction: its machine and the bytes it may still need.

use crate::flow::{FlowId, Target};
use crate::transaction::{
    Cut, InviteServer, RequestServer, ServerKey, invite_server, request_server,
};
use base::{Instant, Machine};
use bytes::Bytes;
use core::net::IpAddr;
use serde::{Deserialize, Serialize};
use sip_message::{Request, Status};

/// The state machine of one server transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    Invite(InviteServer),
    Other(RequestServer),
}

/// One server transaction and the bytes it may still need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Server {
    pub(super) kind: Kind,
    pub(super) key: ServerKey,
    pub(super) merged: Option<ServerKey>,
    pub(super) target: Target,
    pub(super) flow: FlowId,
    pub(super) source: IpAddr,
    /// The request, until an INVITE's first and any other request's last response was sent.
    pub(super) request: Option<Request>,
    /// The last response, while it may be resent.
    pub(super) last: Option<Bytes>,
    /// Whether the user was told of a CANCEL.
    pub(super) cancelled: bool,
}

impl Server {
    pub(super) fn deadline(&self) -> Option<Instant> {
        match &self.kind {
            Kind::Invite(machine) => machine.deadline(),
            Kind::Other(machine) => machine.deadline(),
        }
    }

    /// Whose INVITE it is, while it has no final response.
    pub(super) fn early_source(&self) -> Option<IpAddr> {
        match &self.kind {
            Kind::Invite(machine) => match machine.state() {
                invite_server::State::Silent | invite_server::State::Proceeding => {
                    Some(self.source)
                }
                invite_server::State::Accepted
                | invite_server::State::Completed { .. }
                | invite_server::State::Confirmed
                | invite_server::State::Terminated => None,
            },
            Kind::Other(_) => None,
        }
    }

    /// Whether the last response may have to be sent again.
    pub(super) fn may_resend(&self) -> bool {
        match &self.kind {
            Kind::Invite(machine) => match machine.state() {
                invite_server::State::Silent
                | invite_server::State::Proceeding
                | invite_server::State::Completed { .. } => true,
                invite_server::State::Accepted
                | invite_server::State::Confirmed
                | invite_server::State::Terminated => false,
            },
            Kind::Other(machine) => match machine.state() {
                request_server::State::Trying
                | request_server::State::Proceeding
                | request_server::State::Completed => true,
                request_server::State::Terminated => false,
            },
        }
    }

    /// Until when only repeats can come, if only repeats can come and each may get the same.
    pub(super) fn rests_until(&self) -> Option<Instant> {
        let rests = match &self.kind {
            Kind::Invite(machine) => match machine.state() {
                invite_server::State::Accepted => true,
                invite_server::State::Silent
                | invite_server::State::Proceeding
                | invite_server::State::Completed { .. }
                | invite_server::State::Confirmed
                | invite_server::State::Terminated => false,
            },
            Kind::Other(machine) => match machine.state() {
                request_server::State::Completed => true,
                request_server::State::Trying
                | request_server::State::Proceeding
                | request_server::State::Terminated => false,
            },
        };
        self.deadline().filter(|_| rests)
    }

    pub(super) fn is_over(&self) -> bool {
        match &self.kind {
            Kind::Invite(machine) => machine.state() == invite_server::State::Terminated,
            Kind::Other(machine) => machine.state() == request_server::State::Terminated,
        }
    }

    pub(super) fn repeat(&mut self, now: Instant) {
        match &mut self.kind {
            Kind::Invite(machine) => machine.handle(invite_server::Input::Repeat, now),
            Kind::Other(machine) => machine.handle(request_server::Input::Repeat, now),
        }
    }

    pub(super) fn acknowledged(&mut self, now: Instant) {
        match &mut self.kind {
            Kind::Invite(machine) => machine.handle(invite_server::Input::Ack, now),
            Kind::Other(_) => debug_assert!(false, "keys of ACKs are keys of INVITEs"),
        }
    }

    pub(super) fn respond(&mut self, status: Status, now: Instant) {
        let code = status.code();
        match &mut self.kind {
            Kind::Invite(machine) => {
                let input = match code {
                    100..=199 => invite_server::Input::Provisional(code),
                    200..=299 => invite_server::Input::Success(code),
                    _ => invite_server::Input::Failure(code),
                };
                machine.handle(input, now);
            }
            Kind::Other(machine) => {
                let input = match code {
                    100..=199 => request_server::Input::Provisional(code),
                    _ => request_server::Input::Final(code),
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

    pub(super) fn next(&mut self) -> Option<Step> {
        match &mut self.kind {
            Kind::Invite(machine) => machine.poll_output().map(|output| match output {
                invite_server::Output::SendTrying => Step::Trying,
                invite_server::Output::Send(_) => Step::Send,
                invite_server::Output::Resend => Step::Resend,
                invite_server::Output::PassAck => Step::PassAck,
                invite_server::Output::Cut(why) => Step::Cut(why),
            }),
            Kind::Other(machine) => machine.poll_output().map(|output| match output {
                request_server::Output::SendTrying => Step::Trying,
                request_server::Output::Send(_) => Step::Send,
                request_server::Output::Resend => Step::Resend,
                request_server::Output::Cut(why) => Step::Cut(why),
            }),
        }
    }
}

/// What either kind of transaction asks for.
pub(super) enum Step {
    Trying,
    Send,
    Resend,
    PassAck,
    Cut(Cut),
}
