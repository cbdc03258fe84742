//! UPDATE in one dialog, both ways (RFC 3311).

use super::fx::{Asked, Fx};
use super::ledger::{Ledger, Purpose};
use super::leg::{Leg, Updates, refuse, too_short};
use super::offer::{Ours, Theirs};
use super::read;
use super::refresh::{Refresh, Role, TooShort, agree};
use super::write::Fields;
use crate::dialog::Phase;
use crate::dialogs::{Final, News};
use bytes::Bytes;
use sip_message::{Method, Response, ResponseBuilder, Status};

impl Leg {
    /// UPDATE (RFC 3311 §5.2; RFC 4028 §7.4 without an offer).
    pub(crate) fn update(&mut self, asked: Asked, ledger: &mut Ledger, fx: &mut Fx<'_>) {
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
                ledger.wait(asked, fx);
                fx.tell(News::Offer {
                    fork: self.fork,
                    description: Some(description),
                });
            }
            Err(collision) => refuse(&asked, collision.status(), fx),
        }
    }

    /// Accepts an UPDATE, with our answer where it offered.
    pub(crate) fn accept_update(
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
            .capabilities(&ledger.contact, fx.config)
            .timer(agreed)
            .description(answer)
            .build();
        fx.respond(asked.id, response);
        if let Some(agreed) = agreed {
            let refresh = Refresh::start(Role::Uas, agreed.interval, agreed.refresher, fx.now);
            self.set_refresh(refresh, ledger);
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
            .capabilities(&ledger.contact, fx.config)
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
}
