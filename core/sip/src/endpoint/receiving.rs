//! Requests in, responses out.

use super::resting::Rest;
use super::route::way_back;
use super::server::{Kind, Server, Step};
use super::{Endpoint, Output, Which, Whose};
use crate::flow::Origin;
use crate::ids::ServerId;
use crate::session::read::reason;
use crate::transaction::key::Secret;
use crate::transaction::{InviteServer, Link, RequestServer, ServerKey};
use base::Instant;
use bytes::Bytes;
use core::net::IpAddr;
use sip_message::{
    HeaderName, Limits, Message, Method, Request, Response, ResponseBuilder, Status, Via,
    check_request, parse_datagram,
};

/// What made a transaction move, as far as carrying out its wishes needs it.
enum Cause<'a> {
    /// A repeat of the request, or time.
    Nothing,
    Ack(Request, Origin),
    Response(&'a Response),
}

impl Endpoint {
    pub(super) fn received_request(&mut self, request: Request, origin: Origin, now: Instant) {
        let Ok(via) = request.headers().top_via() else {
            if *request.method() != Method::Ack {
                self.passes_check(&request, &origin);
            }
            return;
        };
        if *request.method() == Method::Ack {
            return self.received_ack(request, &via, origin, now);
        }
        if *request.method() == Method::Cancel {
            return self.received_cancel(&request, &via, &origin);
        }
        let method = request.method().as_str();
        let Some(key) = ServerKey::of(self.secret.reveal(), &request, &via, method) else {
            self.passes_check(&request, &origin);
            return;
        };
        if let Some(&number) = self.server_of.get(&key) {
            if let Some(rest) = self.resting.get(number) {
                let seen = request.seen_from(origin.source);
                let again = rest.answer(&seen, self.secret.reveal(), |status| {
                    self.copied(&seen, status)
                });
                return again.map_or((), |bytes| self.transmit_for(number, bytes));
            }
            return self.with_server(number, Cause::Nothing, |server| server.repeat(now));
        }
        if self.passes_check(&request, &origin) {
            self.open(request, &via, key, origin, now);
        }
    }

    /// A valid request that is no repeat.
    fn open(&mut self, request: Request, via: &Via, key: ServerKey, origin: Origin, now: Instant) {
        let merged = merged_key(self.secret.reveal(), &request);
        if let Some(key) = &merged
            && self.merged.contains_key(key)
        {
            return self.refuse(&request, Status::LOOP_DETECTED, &origin);
        }
        let is_invite = *request.method() == Method::Invite;
        let whose = match (&merged, is_invite) {
            (None, _) => Whose::Dialog,
            (Some(_), true) => Whose::NewCall,
            (Some(_), false) => Whose::Stranger,
        };
        if whose == Whose::Dialog && (self.is_full() || self.is_taken(whose)) {
            self.make_room();
        }
        if self.is_full()
            || self.is_taken(whose)
            || (whose == Whose::NewCall && self.has_too_many_early(origin.source.ip()))
        {
            return self.overloaded(&request, &origin);
        }
        let link = Link::from(origin.transport);
        let kind = if is_invite {
            Kind::Invite(InviteServer::new(link, now))
        } else {
            Kind::Other(RequestServer::new(link, now))
        };
        let request = request.seen_from(origin.source);
        let server = Server {
            kind,
            key,
            merged,
            target: way_back(Some(via), &origin),
            flow: origin.flow,
            source: origin.source.ip(),
            request: Some(request.clone()),
            last: None,
            cancelled: false,
        };
        let number = self.next_server;
        self.next_server += 1;
        self.index_server(number, &server);
        self.servers.insert(number, Box::new(server));
        self.emit(Output::Request {
            id: ServerId(number),
            request,
            origin,
        });
    }

    /// A burst of notifications leaves more answered requests than there is room for: the oldest goes.
    fn make_room(&mut self) {
        if let Some(rest) = self.resting.give_way() {
            self.close(rest.key, rest.merged);
        }
    }

    pub(super) fn index_server(&mut self, number: u64, server: &Server) {
        self.index(number, server.key, server.merged);
        if let Some(source) = server.early_source() {
            *self.early.entry(source).or_default() += 1;
        }
        self.timers.set(Which::Server(number), server.deadline());
    }

    pub(super) fn index(&mut self, number: u64, key: ServerKey, merged: Option<ServerKey>) {
        self.server_of.insert(key, number);
        self.merged.extend(merged.map(|merged| (merged, ())));
    }

    fn has_too_many_early(&self, source: IpAddr) -> bool {
        let early = self.early.get(&source).copied().unwrap_or(0);
        let most = self.settings.limits.early_per_source;
        most.is_some_and(|most| early >= most)
    }

    /// RFC 3261 §17.2.3: an ACK belongs to the INVITE it has the branch of; for a 2xx to none.
    fn received_ack(&mut self, ack: Request, via: &Via, origin: Origin, now: Instant) {
        let key = ServerKey::of(self.secret.reveal(), &ack, via, Method::Invite.as_str());
        if let Some(&number) = key.and_then(|key| self.server_of.get(&key)) {
            if self.resting.get(number).is_some() {
                let request = ack;
                return self.emit(Output::Ack { request, origin });
            }
            let cause = Cause::Ack(ack, origin);
            return self.with_server(number, cause, |server| server.acknowledged(now));
        }
        if check_request(&ack, &self.settings.capabilities).is_err() {
            return;
        }
        let to_tag = ack.headers().to().ok();
        let to_tag = to_tag.as_ref().and_then(|to| to.tag()).unwrap_or_default();
        if to_tag.is_empty() || self.acknowledges_stateless(&ack, to_tag) {
            tracing::debug!("stray ACK dropped");
            return;
        }
        self.emit(Output::Ack {
            request: ack,
            origin,
        });
    }

    /// RFC 3261 §9.2.
    fn received_cancel(&mut self, cancel: &Request, via: &Via, origin: &Origin) {
        if !self.passes_check(cancel, origin) {
            return;
        }
        let key = ServerKey::of(self.secret.reveal(), cancel, via, Method::Invite.as_str());
        let number = key.and_then(|key| self.server_of.get(&key).copied());
        let Some(number) = number else {
            return self.refuse(cancel, Status::CALL_DOES_NOT_EXIST, origin);
        };
        // One that rests has nobody left to tell.
        let (mut told, mut tag) = (true, None);
        if let Some(server) = self.servers.get_mut(&number) {
            told = server.early_source().is_none() || server.cancelled;
            server.cancelled = true;
            tag = server.last.as_ref().and_then(to_tag_of);
        }
        let seen = cancel.seen_from(origin.source);
        let mut response = ResponseBuilder::to(&seen, Status::OK);
        if let Some(tag) = tag {
            response = response.to_tag(&tag);
        }
        self.answer(cancel, response, origin);
        if !told {
            let reason = reason(cancel.headers());
            let id = ServerId(number);
            self.emit(Output::Cancelled { id, reason });
        }
    }

    pub(super) fn respond(&mut self, id: ServerId, response: &Response, now: Instant) {
        if let Some(rest) = self.resting.of(id) {
            if rest.is_accepted() && response.status().is_success() {
                self.transmit_for(id.0, self.named(response));
            }
            return;
        }
        let cause = Cause::Response(response);
        let status = response.status();
        self.with_server(id.0, cause, |server| server.respond(status, now));
    }

    pub(super) fn server_time(&mut self, number: u64, now: Instant) {
        self.with_server(number, Cause::Nothing, |server| server.time(now));
    }

    /// Lets something happen to a transaction and carries out what it asks for.
    fn with_server(&mut self, number: u64, cause: Cause<'_>, happen: impl FnOnce(&mut Server)) {
        let Some(mut server) = self.servers.remove(&number) else {
            return;
        };
        let early = server.early_source();
        happen(&mut server);
        while let Some(step) = server.next() {
            self.perform(number, &mut server, step, &cause);
        }
        if !server.may_resend() {
            server.last = None;
        }
        if let Some(source) = early
            && server.early_source().is_none()
        {
            self.no_longer_early(source);
        }
        if let (Some(until), Cause::Response(response)) = (server.rests_until(), &cause) {
            let status = response.status();
            let copied = server.request.as_ref().map(|r| self.copied(r, status));
            let rest = Rest::of(&server, status, copied, self.secret.reveal());
            self.timers.set(Which::Server(number), None);
            return self.resting.insert(number, rest, until);
        }
        self.timers.set(Which::Server(number), server.deadline());
        if server.is_over() {
            self.close(server.key, server.merged);
        } else {
            self.servers.insert(number, server);
        }
    }

    fn perform(&mut self, number: u64, server: &mut Server, step: Step, cause: &Cause<'_>) {
        match step {
            Step::Trying => {
                if let Some(request) = &server.request {
                    let trying = ResponseBuilder::to(request, Status::TRYING);
                    server.last = Some(self.signed(trying).build().bytes().clone());
                    self.transmit_last(server);
                }
            }
            Step::Send => {
                if let Cause::Response(response) = cause {
                    if let Kind::Invite(_) = server.kind {
                        server.request = None;
                    }
                    server.last = Some(self.named(response));
                    self.transmit_last(server);
                }
            }
            Step::Resend => self.transmit_last(server),
            Step::PassAck => {
                if let Cause::Ack(request, origin) = cause {
                    let (request, origin) = (request.clone(), *origin);
                    self.emit(Output::Ack { request, origin });
                }
            }
            Step::Cut(why) => self.emit(Output::ServerEnded {
                id: ServerId(number),
                why,
            }),
        }
    }

    /// The response to `request` that says nothing but what it copies, and our name.
    fn copied(&self, request: &Request, status: Status) -> Bytes {
        let response = self.signed(ResponseBuilder::to(request, status));
        response.build().bytes().clone()
    }

    /// A user's response, with our name where it says none.
    fn named(&self, response: &Response) -> Bytes {
        let is_named = response.headers().count(HeaderName::Server) > 0;
        match self.settings.name.is_empty() || is_named {
            true => response.bytes().clone(),
            false => self.signed(response.edit()).build().bytes().clone(),
        }
    }

    fn transmit_last(&mut self, server: &Server) {
        let Some(bytes) = &server.last else {
            debug_assert!(false, "resent what was forgotten");
            return;
        };
        self.emit(Output::Transmit {
            target: server.target,
            flow: Some(server.flow),
            bytes: bytes.clone(),
        });
    }

    /// Sends `bytes` where the answer to a resting request went.
    fn transmit_for(&mut self, number: u64, bytes: Bytes) {
        if let Some(rest) = self.resting.get(number) {
            let (target, flow) = (rest.target, Some(rest.flow));
            self.emit(Output::Transmit {
                target,
                flow,
                bytes,
            });
        }
    }

    fn no_longer_early(&mut self, source: IpAddr) {
        if let Some(count) = self.early.get_mut(&source) {
            *count -= 1;
            if *count == 0 {
                self.early.remove(&source);
            }
        }
    }

    pub(super) fn close(&mut self, key: ServerKey, merged: Option<ServerKey>) {
        self.server_of.remove(&key);
        super::shrink(&mut self.server_of);
        if let Some(merged) = &merged {
            self.merged.remove(merged);
            super::shrink(&mut self.merged);
        }
    }
}

/// What all copies of a request outside any dialog have in common (RFC 3261 §8.2.2.2).
fn merged_key(secret: &Secret, request: &Request) -> Option<ServerKey> {
    let headers = request.headers();
    if headers.to().ok()?.tag().is_some() {
        return None;
    }
    let from = headers.from().ok()?;
    let cseq = headers.cseq().ok()?;
    Some(ServerKey::of_merged(
        secret,
        from.tag().unwrap_or_default().as_bytes(),
        headers.first(HeaderName::CallId)?,
        cseq.number,
        request.method().as_str(),
    ))
}

/// The To tag of a response we sent.
fn to_tag_of(bytes: &Bytes) -> Option<String> {
    let Ok(Message::Response(response)) = parse_datagram(bytes.clone(), &Limits::DEFAULT) else {
        return None;
    };
    response.headers().to().ok()?.tag().map(str::to_owned)
}
