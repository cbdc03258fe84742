//! What a part leaves behind when it is made anew: the peers' requests that it never answered, and
//! requests of its own whose responses nobody wants.

use crate::Link;
use base::{Instant, Machine};
use ports::Address;
use sip::ServerId;
use sip::endpoint::Input;
use sip_message::{Method, Request, Response, ResponseBuilder, Status};
use std::collections::BTreeMap;

/// Requests without a final response. Bound: that of the endpoint's transactions.
#[derive(Default)]
pub struct Unanswered {
    table: BTreeMap<ServerId, (Address, Request)>,
}

impl Unanswered {
    /// Requests that wait for a part.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether every request was answered.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// A part was asked.
    pub fn asked(&mut self, id: ServerId, who: Address, request: &Request) {
        self.table.insert(id, (who, request.clone()));
    }

    /// A part answers.
    pub fn answered(&mut self, id: ServerId, response: &Response) {
        if response.status().is_final() {
            self.ended(id);
        }
    }

    /// The transaction is over.
    pub fn ended(&mut self, id: ServerId) {
        self.table.remove(&id);
    }

    /// Takes what `who` was asked and did not answer.
    fn take(&mut self, who: Address) -> Vec<(ServerId, Request)> {
        let left = self.table.extract_if(.., |_, (part, _)| *part == who);
        left.map(|(id, (_, request))| (id, request)).collect()
    }
}

impl Link {
    /// The part `who` was made anew: callers must not wait for it, and nobody must ring for it.
    pub(crate) fn orphaned(&mut self, who: Address, now: Instant) {
        self.routes.orphaned(who);
        self.locals.orphaned(who);
        for (id, request) in self.unanswered.take(who) {
            let tag = self.rng.token(10);
            let status = Status::SERVER_INTERNAL_ERROR;
            let response = ResponseBuilder::to(&request, status).to_tag(&tag).build();
            self.endpoint.handle(Input::Respond { id, response }, now);
        }
        for (id, method) in self.sending.of(who) {
            if method == Method::Invite {
                self.endpoint
                    .handle(Input::Cancel { id, reason: None }, now);
            } else {
                self.endpoint.handle(Input::Abandon { id }, now);
                self.sending.give_up(id);
            }
        }
    }
}
