//! One dialog of a session with what it is in the middle of: offer, reliable 1xx, session timer.
//!
//! Serves early dialogs of either side and the confirmed one alike: PRACK, UPDATE, INFO and OPTIONS
//! mean the same in all of them. What INVITE and BYE mean depends on the stage, so they go back to it.

use super::fx::{Asked, Fx};
use super::ledger::{Ledger, Purpose, Sent};
use super::offer::{Gate, Ours, Theirs};
use super::order::{Content, ForkId};
use super::refresh::{Refresh, Role, TooShort, agree, name_of};
use super::write::{ALLOW, Fields, options};
use super::{Timer, read, reliable};
use crate::dialog::{Dialog, Phase};
use crate::dialogs::{Final, News};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sip_message::{HeaderName, Method, RequestBuilder, Response, ResponseBuilder, Status};

/// Whether the peer takes UPDATE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Updates {
    /// Its Allow lists it.
    Taken,
    /// It does not, or said nothing.
    Unknown,
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
                let response = options(&asked.request).build();
                fx.respond(asked.id, response);
            }
            Method::Ack | Method::Cancel => {}
            Method::Register
            | Method::Subscribe
            | Method::Notify
            | Method::Refer
            | Method::Message
            | Method::Publish
            | Method::Other(_) => {
                let response = ResponseBuilder::to(&asked.request, Status::METHOD_NOT_ALLOWED)
                    .field(HeaderName::Allow, ALLOW)
                    .build();
                fx.respond(asked.id, response);
            }
        }
        Left::Nothing
    }

    /// PRACK for one of our reliable 1xx (RFC 3262 §3).
    fn prack(&mut self, asked: Asked, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Left {
        let rack = asked.request.headers().rack().ok().flatten();
        let ours = rack.filter(|rack| {
            rack.cseq.number == self.invite_cseq && rack.cseq.method == Method::Invite
        });
        let acked = ours
            .ok_or(reliable::UnknownRAck)
            .and_then(|rack| self.given.acknowledge(rack.rseq));
        let Ok(given) = acked else {
            refuse(&asked, Status::CALL_DOES_NOT_EXIST, fx);
            return Left::Nothing;
        };
        self.given = given;
        ledger.timers.clear(Timer::Reliable);
        let description = read::description(asked.request.headers(), asked.request.body());
        let fork = self.fork;
        match (self.gate, description) {
            (Gate::Ours(Ours::Provisional), Some(description)) => {
                self.gate = self.gate.close();
                fx.tell(News::Answer {
                    fork,
                    description,
                    finality: Final::Yes,
                });
                accept(&asked, fx);
            }
            // RFC 3262 §5: the answer is missing, so is the session.
            (Gate::Ours(Ours::Provisional), None) => refuse(&asked, Status::BAD_REQUEST, fx),
            (gate, Some(description)) => match gate.hear_offer(Theirs::Prack(asked.id)) {
                Ok(gate) => {
                    self.gate = gate;
                    ledger.asked.push(asked);
                    fx.tell(News::Offer {
                        fork,
                        description: Some(description),
                    });
                }
                Err(collision) => refuse(&asked, collision.status(), fx),
            },
            (
                Gate::Fresh
                | Gate::Stable
                | Gate::Ours(Ours::Invite | Ours::Success | Ours::Update)
                | Gate::Theirs(_),
                None,
            ) => accept(&asked, fx),
        }
        Left::Acknowledged
    }

    /// UPDATE (RFC 3311 §5.2; RFC 4028 §7.4 without an offer).
    fn update(&mut self, asked: Asked, ledger: &mut Ledger, fx: &mut Fx<'_>) {
        let headers = asked.request.headers();
        if let Err(TooShort(min_se)) = agree(read::said(headers), fx.config.timer) {
            too_short(&asked, min_se, fx);
            return;
        }
        let description = read::description(headers, asked.request.body());
        let Some(description) = description else {
            self.dialog.refresh_target(headers);
            self.learn(headers);
            self.accept_update(&asked, None, ledger, fx);
            return;
        };
        match self.gate.hear_offer(Theirs::Update(asked.id)) {
            Ok(gate) => {
                self.gate = gate;
                self.dialog.refresh_target(headers);
                self.learn(headers);
                ledger.asked.push(asked);
                fx.tell(News::Offer {
                    fork: self.fork,
                    description: Some(description),
                });
            }
            Err(collision) => refuse(&asked, collision.status(), fx),
        }
    }

    fn accept_update(
        &mut self,
        asked: &Asked,
        answer: Option<&Bytes>,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) {
        let agreed = match self.dialog.phase() {
            Phase::Early => None,
            Phase::Confirmed => agree(read::said(asked.request.headers()), fx.config.timer)
                .ok()
                .flatten(),
        };
        let response = ResponseBuilder::to(&asked.request, Status::OK)
            .capabilities(&ledger.contact)
            .timer(agreed)
            .description(answer)
            .build();
        fx.respond(asked.id, response);
        if let Some(agreed) = agreed {
            let refresh = Refresh::start(Role::Uas, agreed.interval, agreed.refresher, fx.now);
            self.set_refresh(refresh, ledger);
        }
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

    /// Acknowledges the reliable 1xx heard last.
    pub(crate) fn send_prack(
        &mut self,
        answer: Option<&Bytes>,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) {
        let reliable::Client::Heard(rseq) = self.heard else {
            return;
        };
        let rack = format!("{rseq} {} INVITE", self.invite_cseq);
        let (builder, next_hop) = self.dialog.request(Method::Prack);
        let request = builder
            .field(HeaderName::RAck, rack)
            .description(answer)
            .build();
        ledger.send(Purpose::Prack(self.fork), request, next_hop, fx);
    }

    /// A 1xx with more than 100, in this dialog. Repeats of reliable ones tell nothing.
    pub(crate) fn provisional(
        &mut self,
        response: &Response,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) -> reliable::Heard {
        let headers = response.headers();
        let description = read::description(headers, response.body());
        let Some(rseq) = read::reliable(response) else {
            self.learn(headers);
            self.preview(description, fx);
            return reliable::Heard::New;
        };
        let (client, heard) = self.heard.hear(rseq);
        self.heard = client;
        match heard {
            reliable::Heard::Ignored => return heard,
            reliable::Heard::New => {}
        }
        self.learn(headers);
        self.dialog.refresh_target(headers);
        let fork = self.fork;
        match (self.gate, description) {
            (Gate::Ours(Ours::Invite), Some(description)) => {
                self.gate = self.gate.close();
                self.send_prack(None, ledger, fx);
                fx.tell(News::Answer {
                    fork,
                    description,
                    finality: Final::Yes,
                });
            }
            (Gate::Fresh, Some(description)) => {
                self.gate = Gate::Theirs(Theirs::Provisional);
                fx.tell(News::Offer {
                    fork,
                    description: Some(description),
                });
            }
            (Gate::Stable | Gate::Ours(_) | Gate::Theirs(_), Some(_)) | (_, None) => {
                self.send_prack(None, ledger, fx);
            }
        }
        heard
    }

    fn preview(&mut self, description: Option<Bytes>, fx: &mut Fx<'_>) {
        let Some(description) = description else {
            return;
        };
        if self.gate.awaits(Ours::Invite) {
            self.preview = Preview::Heard;
            fx.tell(News::Answer {
                fork: self.fork,
                description,
                finality: Final::NotYet,
            });
        }
    }

    /// Offers by UPDATE, where the gate and the peer allow it (RFC 3311 §5.1).
    pub(crate) fn offer_by_update(
        &mut self,
        offer: &Bytes,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) -> Result<(), Status> {
        match self.updates {
            Updates::Unknown => return Err(Status::METHOD_NOT_ALLOWED),
            Updates::Taken => {}
        }
        match self.gate.offer(Ours::Update) {
            Ok(gate) => self.gate = gate,
            Err(_) => return Err(Status::REQUEST_PENDING),
        }
        let (builder, next_hop) = self.dialog.request(Method::Update);
        let request = builder
            .capabilities(&ledger.contact)
            .description(Some(offer))
            .build();
        self.local = Some(offer.clone());
        ledger.send(Purpose::Offer(self.fork), request, next_hop, fx);
        Ok(())
    }

    /// The final response to our UPDATE with an offer; `None` where none will come.
    pub(crate) fn update_answered(&mut self, response: Option<&Response>, fx: &mut Fx<'_>) {
        if !self.gate.awaits(Ours::Update) {
            return;
        }
        self.gate = self.gate.close();
        let fork = self.fork;
        let success = response.filter(|response| response.status().is_success());
        let description =
            success.and_then(|found| read::description(found.headers(), found.body()));
        if let Some(found) = success {
            self.dialog.refresh_target(found.headers());
        }
        match description {
            Some(description) => fx.tell(News::Answer {
                fork,
                description,
                finality: Final::Yes,
            }),
            None => fx.tell(News::OfferRefused {
                status: response.map(Response::status),
            }),
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

    /// Sends INFO for the user (RFC 6086 §4.2, legacy usage).
    pub(crate) fn inform(
        &mut self,
        number: u64,
        content: Content,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) {
        let (builder, next_hop) = self.dialog.request(Method::Info);
        let request = builder.content(&content.kind, content.body).build();
        ledger.send(Purpose::Inform(number), request, next_hop, fx);
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

/// 422 with the shortest interval we take (RFC 4028 §9).
pub(crate) fn too_short(asked: &Asked, min_se: base::Duration, fx: &mut Fx<'_>) {
    let response = ResponseBuilder::to(&asked.request, Status::SESSION_INTERVAL_TOO_SMALL)
        .field(HeaderName::MinSE, min_se.as_secs())
        .build();
    fx.respond(asked.id, response);
}

fn inform(asked: &Asked, fx: &mut Fx<'_>) {
    accept(asked, fx);
    let headers = asked.request.headers();
    fx.tell(News::Inform(Content {
        kind: headers.content_type().unwrap_or_default(),
        body: Bytes::copy_from_slice(asked.request.body()),
    }));
}
