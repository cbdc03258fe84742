//! One dialog of a session with what it is in the middle of: offer, reliable 1xx, session timer.
//!
//! Serves early dialogs of either side and the confirmed one alike: PRACK, UPDATE, INFO and OPTIONS
//! mean the same in all of them. What INVITE and BYE mean depends on the stage, so they go back to it.

use super::fx::{Asked, Fx};
use super::ledger::{Ledger, Purpose, Sent};
use super::offer::{Gate, Theirs};
use super::order::{ForkId, Inside};
use super::refresh::{Refresh, name_of};
use super::write::{ALLOW, Fields, options};
use super::{Timer, read, reliable};
use crate::dialog::{Dialog, Phase};
use crate::dialogs::News;
use crate::ids::ServerId;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sip_message::{HeaderName, Method, RequestBuilder, Response, ResponseBuilder, Status};

/// Requests of the peer's that wait for our user. Past it: 500, to be tried again.
const MOST_ASKED: usize = 8;

/// Whether the peer takes UPDATE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Updates {
    /// Its Allow lists it.
    Taken,
    /// It does not, or said nothing.
    Unknown,
}

/// Whether the peer takes INFO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Informs {
    /// Its Allow lists it, or it said nothing.
    Perhaps,
    /// Its Allow leaves it out.
    Excluded,
}

/// Whether an answer came in a 1xx that was not reliable. It binds nobody, but shows what the 2xx
/// will say (RFC 3261 §13.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Preview {
    /// Nothing of the sort.
    Nothing,
    /// It came.
    Heard,
}

/// One dialog of a session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Leg {
    pub(crate) fork: ForkId,
    pub(crate) dialog: Dialog,
    pub(crate) gate: Gate,
    /// CSeq of the INVITE that made it; PRACKs name it.
    pub(crate) invite_cseq: u32,
    /// The peer's reliable 1xx.
    pub(crate) heard: reliable::Client,
    /// Our reliable 1xx.
    pub(crate) given: reliable::Server,
    pub(crate) updates: Updates,
    pub(crate) informs: Informs,
    pub(crate) preview: Preview,
    pub(crate) refresh: Refresh,
    /// Our last description, for refreshes by re-INVITE.
    pub(crate) local: Option<Bytes>,
}

/// What a request in the dialog is left for the stage to do.
#[derive(Debug)]
pub(crate) enum Left {
    /// Nothing.
    Nothing,
    /// A re-INVITE, in order.
    Invite(Asked),
    /// A BYE.
    Bye(Asked),
    /// A PRACK that acknowledged our 1xx; it is answered already where it can be.
    Acknowledged,
}

impl Leg {
    /// A dialog in which nothing happened yet.
    pub(crate) fn new(fork: ForkId, dialog: Dialog, gate: Gate, invite_cseq: u32) -> Self {
        Self {
            fork,
            dialog,
            gate,
            invite_cseq,
            heard: reliable::Client::Fresh,
            given: reliable::Server::Idle { next: 1 },
            updates: Updates::Unknown,
            informs: Informs::Perhaps,
            preview: Preview::Nothing,
            refresh: Refresh::Off,
            local: None,
        }
    }

    /// A message of the peer's may say what it takes.
    pub(crate) fn learn(&mut self, headers: &sip_message::Headers) {
        if headers.count(HeaderName::Allow) > 0 {
            self.updates = if read::allows(headers, &Method::Update) {
                Updates::Taken
            } else {
                Updates::Unknown
            };
            self.informs = if read::allows(headers, &Method::Info) {
                Informs::Perhaps
            } else {
                Informs::Excluded
            };
        }
    }

    /// Sets the session timer, and the ledger's timer with it.
    pub(crate) fn set_refresh(&mut self, refresh: Refresh, ledger: &mut Ledger) {
        self.refresh = refresh;
        match refresh.deadline() {
            Some(at) => ledger.timers.set(Timer::Refresh, at),
            None => ledger.timers.clear(Timer::Refresh),
        }
    }

    /// A request in the dialog, with its CSeq checked first (RFC 3261 §12.2.2).
    pub(crate) fn request(&mut self, asked: Asked, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Left {
        let Ok(cseq) = asked.request.headers().cseq() else {
            refuse(&asked, Status::BAD_REQUEST, fx);
            return Left::Nothing;
        };
        if self.dialog.hear(cseq.number).is_err() {
            refuse(&asked, Status::SERVER_INTERNAL_ERROR, fx);
            return Left::Nothing;
        }
        match asked.request.method() {
            Method::Invite => return Left::Invite(asked),
            Method::Bye => return Left::Bye(asked),
            Method::Prack => return self.prack(asked, ledger, fx),
            Method::Update => self.update(asked, ledger, fx),
            Method::Info => inform(&asked, fx),
            Method::Options => {
                let response = options(&asked.request, Status::OK).build();
                fx.respond(asked.id, response);
            }
            Method::Ack | Method::Cancel => {}
            Method::Register
            | Method::Subscribe
            | Method::Notify
            | Method::Refer
            | Method::Message
            | Method::Publish
            | Method::Other(_) => self.hand_over(asked, ledger, fx),
        }
        Left::Nothing
    }

    /// The user answers an offer that came in PRACK, UPDATE or a reliable 1xx. What came in an INVITE
    /// or a 2xx is the stage's to answer.
    pub(crate) fn answer(&mut self, answer: &Bytes, ledger: &mut Ledger, fx: &mut Fx<'_>) {
        match self.gate {
            Gate::Theirs(Theirs::Prack(id)) => {
                if let Some(asked) = ledger.take_asked(id, fx) {
                    let response = ResponseBuilder::to(&asked.request, Status::OK)
                        .description(Some(answer))
                        .build();
                    fx.respond(asked.id, response);
                }
            }
            Gate::Theirs(Theirs::Update(id)) => {
                if let Some(asked) = ledger.take_asked(id, fx) {
                    self.accept_update(&asked, Some(answer), ledger, fx);
                }
            }
            Gate::Theirs(Theirs::Provisional) => self.send_prack(Some(answer), ledger, fx),
            Gate::Theirs(Theirs::Invite | Theirs::Success)
            | Gate::Fresh
            | Gate::Stable
            | Gate::Ours(_) => return,
        }
        self.gate = self.gate.close();
        self.local = Some(answer.clone());
    }

    /// The user refuses an offer that came in PRACK or UPDATE. One in a 1xx can only be answered.
    pub(crate) fn refuse(&mut self, status: Status, ledger: &mut Ledger, fx: &mut Fx<'_>) {
        match self.gate {
            Gate::Theirs(Theirs::Prack(id) | Theirs::Update(id)) => {
                if let Some(asked) = ledger.take_asked(id, fx) {
                    refuse(&asked, status, fx);
                }
                self.gate = self.gate.close();
            }
            Gate::Theirs(Theirs::Invite | Theirs::Success | Theirs::Provisional)
            | Gate::Fresh
            | Gate::Stable
            | Gate::Ours(_) => {}
        }
    }

    /// The final response to a request of ours in the dialog: `None` where a challenge was answered
    /// and it goes on, else the request it settles.
    pub(crate) fn settle(
        &mut self,
        sent: Sent,
        response: &Response,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) -> Option<Sent> {
        if !matches!(response.status().code(), 401 | 407) {
            fx.proved(ledger.account, &sent, response);
            return Some(sent);
        }
        let cseq = self.dialog.next_cseq();
        ledger.prove(sent, response, cseq, fx).err()
    }

    /// The peer's PRACK or UPDATE died before our user answered its offer: the gate opens again.
    pub(crate) fn lapse(&mut self, id: ServerId, ledger: &mut Ledger, fx: &mut Fx<'_>) {
        let lapsed = match self.gate {
            Gate::Theirs(Theirs::Prack(open) | Theirs::Update(open)) => open == id,
            Gate::Theirs(Theirs::Invite | Theirs::Success | Theirs::Provisional)
            | Gate::Fresh
            | Gate::Stable
            | Gate::Ours(_) => false,
        };
        // Whatever it was, our user cannot answer it any more.
        ledger.take_asked(id, fx);
        if lapsed {
            self.gate = self.gate.close();
            let fork = self.fork;
            fx.tell(News::OfferWithdrawn { fork });
        }
    }

    /// Says BYE.
    pub(crate) fn bye(&mut self, reason: Option<&str>, ledger: &mut Ledger, fx: &mut Fx<'_>) {
        let (mut builder, next_hop) = self.dialog.request(Method::Bye);
        if let Some(reason) = reason {
            builder = builder.field(HeaderName::Reason, reason);
        }
        ledger.send(Purpose::Bye, builder.build(), next_hop, fx);
    }

    /// Asks for the session timer as it is agreed, in a re-INVITE or UPDATE (RFC 4028 §7.4).
    pub(crate) fn ask_timer(&self, builder: RequestBuilder) -> RequestBuilder {
        let Some((interval, refresher)) = self.refresh.asks() else {
            return builder;
        };
        let value = format!("{};refresher={}", interval.as_secs(), name_of(refresher));
        builder.field(HeaderName::SessionExpires, value)
    }

    /// Sends a request for the user. A peer whose Allow leaves INFO out is not asked for it: the answer
    /// is what it would say. REFER and NOTIFY say where we are (RFC 3515 §2.2, RFC 6665 §8.1.1).
    pub(crate) fn ask(
        &mut self,
        number: u64,
        inside: Inside,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) {
        let method = inside.method.parse::<Method>();
        let is_info = method == Ok(Method::Info);
        let (Ok(method), false) = (method, is_info && self.informs == Informs::Excluded) else {
            let status = Some(Status::METHOD_NOT_ALLOWED);
            return fx.tell(News::Outcome { number, status });
        };
        let (mut builder, next_hop) = self.dialog.request(method);
        if !is_info {
            builder = builder.field(HeaderName::Contact, &ledger.contact);
        }
        for (name, value) in &inside.headers {
            builder = builder.header(name.as_str(), value);
        }
        if let Some(content) = inside.content {
            builder = builder.content(&content.kind, content.body);
        }
        ledger.send(Purpose::User(number), builder.build(), next_hop, fx);
    }

    /// A request that is the user's to answer.
    fn hand_over(&self, asked: Asked, ledger: &mut Ledger, fx: &mut Fx<'_>) {
        let takes = fx.config.handed_over.iter();
        let is_taken = takes
            .clone()
            .any(|name| *name == asked.request.method().as_str());
        if !is_taken || self.dialog.phase() == Phase::Early {
            let response = ResponseBuilder::to(&asked.request, Status::METHOD_NOT_ALLOWED)
                .field(HeaderName::Allow, ALLOW)
                .build();
            return fx.respond(asked.id, response);
        }
        if ledger.asked.len() >= MOST_ASKED {
            return refuse(&asked, Status::SERVER_INTERNAL_ERROR, fx);
        }
        fx.tell(News::Request {
            id: Some(asked.id),
            request: Box::new(asked.request.clone()),
        });
        ledger.wait(asked, fx);
    }
}

/// 200 with nothing in it.
pub(crate) fn accept(asked: &Asked, fx: &mut Fx<'_>) {
    let response = ResponseBuilder::to(&asked.request, Status::OK).build();
    fx.respond(asked.id, response);
}

/// A refusal with nothing in it but, for 500, when to try again (RFC 3261 §14.2: 0 to 10 s).
pub(crate) fn refuse(asked: &Asked, status: Status, fx: &mut Fx<'_>) {
    let mut builder = ResponseBuilder::to(&asked.request, status);
    if status == Status::SERVER_INTERNAL_ERROR {
        builder = builder.field(HeaderName::RetryAfter, fx.rng.below(11));
    }
    fx.respond(asked.id, builder.build());
}

/// The user's answer to a request that it was told of.
pub(crate) fn respond(id: ServerId, status: Status, ledger: &mut Ledger, fx: &mut Fx<'_>) {
    if let Some(asked) = ledger.take_asked(id, fx) {
        refuse(&asked, status, fx);
    }
}

/// 422 with the shortest interval we take (RFC 4028 §9).
pub(crate) fn too_short(asked: &Asked, min_se: base::Duration, fx: &mut Fx<'_>) {
    let response = ResponseBuilder::to(&asked.request, Status::SESSION_INTERVAL_TOO_SMALL)
        .field(HeaderName::MinSE, min_se.as_secs())
        .build();
    fx.respond(asked.id, response);
}

fn inform(asked: &Asked, fx: &mut Fx<'_>) {
    accept(asked, fx);
    fx.tell(News::Request {
        id: None,
        request: Box::new(asked.request.clone()),
    });
}
