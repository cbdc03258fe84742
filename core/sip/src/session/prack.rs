//! Reliable provisional responses in one dialog: PRACK both ways (RFC 3262).

use super::fx::{Asked, Fx};
use super::ledger::{Ledger, Purpose};
use super::leg::{Left, Leg, Preview, accept, refuse};
use super::offer::{Gate, Ours, Theirs};
use super::write::Fields;
use super::{Timer, read, reliable};
use crate::dialogs::{Final, News};
use bytes::Bytes;
use sip_message::{HeaderName, Method, Response, Status};

impl Leg {
    /// PRACK for one of our reliable 1xx (RFC 3262 §3).
    pub(crate) fn prack(&mut self, asked: Asked, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Left {
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
                    ledger.wait(asked, fx);
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
}
