//! Requests outside of any dialog: calls that come in, and what is answered for nobody.

use super::{Dialogs, Full, INBOUND, Output};
use crate::dialog::LocalTag;
use crate::flow::{Origin, Transport};
use crate::ids::{ServerId, SessionId};
use crate::session::Session;
use crate::session::fx::{Asked, Fx};
use crate::session::write::{Fields, allow, options, unsupported};
use base::Instant;
use core::net::IpAddr;
use sip_message::{HeaderName, Method, Request, ResponseBuilder, Status, Text};

/// Least that a caller over the bound is told to wait (RFC 3261 §20.33). Unit: s.
const RETRY_AFTER_S: u32 = 5;
/// How much more it may be told to wait, so that not all come back at once. Unit: s.
const RETRY_SPREAD_S: u32 = 11;

impl Dialogs {
    /// A request outside any dialog.
    pub(super) fn outside(&mut self, asked: Asked, now: Instant) {
        match asked.request.method() {
            Method::Invite => self.invite(asked, now),
            Method::Options => {
                let room = self.room(asked.origin.source.ip());
                let status = room.err().unwrap_or(Status::OK);
                let tag = LocalTag::draw(&mut self.rng).to_string();
                let response = options(&asked.request, status, &self.config).to_tag(&tag);
                let response = self.with_retry_after(response, status).build();
                self.respond(asked.id, response);
            }
            Method::Bye | Method::Prack | Method::Update | Method::Info => {
                self.answer(&asked, Status::CALL_DOES_NOT_EXIST);
            }
            Method::Ack | Method::Cancel => {}
            Method::Register
            | Method::Subscribe
            | Method::Notify
            | Method::Refer
            | Method::Message
            | Method::Publish
            | Method::Other(_) => {
                let tag = LocalTag::draw(&mut self.rng).to_string();
                let response = ResponseBuilder::to(&asked.request, Status::METHOD_NOT_ALLOWED)
                    .to_tag(&tag)
                    .field(HeaderName::Allow, allow(&self.config))
                    .build();
                self.respond(asked.id, response);
            }
        }
    }

    /// A call that comes in, within the bounds.
    fn invite(&mut self, asked: Asked, now: Instant) {
        if let Some(unknown) = unsupported(&asked.request) {
            let tag = LocalTag::draw(&mut self.rng).to_string();
            let response = ResponseBuilder::to(&asked.request, Status::BAD_EXTENSION)
                .to_tag(&tag)
                .field(HeaderName::Unsupported, unknown)
                .build();
            self.respond(asked.id, response);
            return;
        }
        if let Err(status) = self.room(asked.origin.source.ip()) {
            let tag = LocalTag::draw(&mut self.rng).to_string();
            let response = ResponseBuilder::to(&asked.request, status).to_tag(&tag);
            let response = self.with_retry_after(response, status).build();
            self.respond(asked.id, response);
            return;
        }
        let replaces = match self.replaced(&asked.request) {
            Ok(replaces) => replaces,
            Err(status) => return self.answer(&asked, status),
        };
        let contact = contact(&asked.request, &asked.origin);
        let tag = LocalTag::draw(&mut self.rng);
        let id = SessionId(INBOUND | self.state.next_inbound);
        let session = Session::called(
            asked,
            contact,
            tag,
            replaces,
            &mut Fx {
                session: id,
                now,
                config: &self.config,
                rng: &mut self.rng,
                owners: &mut self.state.owners,
                accounts: &mut self.state.accounts,
                outputs: &mut self.outputs,
            },
        );
        if let Some(session) = session {
            self.state.next_inbound += 1;
            self.insert(id, session);
        }
    }

    /// The session whose place an INVITE takes, where it says so (RFC 3891 §3).
    fn replaced(&self, request: &Request) -> Result<Option<SessionId>, Status> {
        let headers = request.headers();
        let replaces = headers.replaces().map_err(|_| Status::BAD_REQUEST)?;
        let Some(replaces) = replaces else {
            return Ok(None);
        };
        if headers.count(HeaderName::Replaces) > 1 {
            return Err(Status::BAD_REQUEST);
        }
        let found = LocalTag::read(&replaces.to_tag).and_then(|tag| self.by_tag.get(&tag));
        let session = found.and_then(|id| Some((*id, self.state.sessions.get(id)?)));
        let (id, session) = session.ok_or(Status::CALL_DOES_NOT_EXIST)?;
        session.may_be_replaced(&replaces).map(|()| Some(id))
    }

    /// Whether one more call from `source` is within the bounds; else what it is answered with.
    fn room(&self, source: IpAddr) -> Result<(), Status> {
        let limits = &self.config.limits;
        let early = self.early.get(&source).copied().unwrap_or(0);
        let flooded = limits.early_per_source.is_some_and(|max| early >= max);
        if flooded || self.len() >= limits.sessions {
            return Err(Status::SERVICE_UNAVAILABLE);
        }
        match (self.live >= limits.calls, limits.full) {
            (true, Full::Busy) => Err(Status::BUSY_HERE),
            (true, Full::Later) => Err(Status::SERVICE_UNAVAILABLE),
            (false, Full::Busy | Full::Later) => Ok(()),
        }
    }

    /// Tells those who are sent away for a while when to come back, each another time.
    fn with_retry_after(&mut self, response: ResponseBuilder, status: Status) -> ResponseBuilder {
        if status != Status::SERVICE_UNAVAILABLE {
            return response;
        }
        let wait = RETRY_AFTER_S + self.rng.number32() % RETRY_SPREAD_S;
        response.field(HeaderName::RetryAfter, wait)
    }

    /// Answers for nobody.
    pub(super) fn answer(&mut self, asked: &Asked, status: Status) {
        let tag = LocalTag::draw(&mut self.rng).to_string();
        let response = ResponseBuilder::to(&asked.request, status)
            .to_tag(&tag)
            .build();
        self.respond(asked.id, response);
    }

    pub(super) fn respond(&mut self, id: ServerId, response: sip_message::Response) {
        self.outputs.push_back(Output::Respond { id, response });
    }
}

/// Where we can be reached in a call that came to `origin.local`: the user that was called, at the
/// address that heard it. A driver that knows better says so by [`Order::Contact`](crate::session::Order::Contact).
fn contact(request: &Request, origin: &Origin) -> Text {
    let uri = request.uri().ok();
    let scheme = match &uri {
        Some(uri) if uri.scheme() == "sips" => "sips",
        Some(_) | None => "sip",
    };
    let user = uri.as_ref().and_then(|uri| uri.user());
    let (user, at) = match user {
        Some(user) => (user, "@"),
        None => ("", ""),
    };
    let local = origin.local;
    // `sips:` says TLS by itself.
    let parameter = match (origin.transport, scheme) {
        (Transport::Udp, _) | (Transport::Tls, "sips") => String::new(),
        (transport, _) => format!(";transport={}", transport.uri_name()),
    };
    Text::from(format!("<{scheme}:{user}{at}{local}{parameter}>"))
}
