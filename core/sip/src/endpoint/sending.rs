//! Requests out, responses in.

use super::client::{Client, Step, kind};
use super::{Endpoint, Output, Which};
use crate::flow::{FlowId, Origin, Target, Transport};
use crate::ids::ClientId;
use crate::transaction::key::{SECRET_LETTERS, client_branch, client_number};
use crate::transaction::{Failure, Link};
use base::Instant;
use bytes::Bytes;
use sip_message::{
    HeaderName, Method, NameAddr, Request, RequestBuilder, Response, check_response,
};

impl Endpoint {
    pub(super) fn send(
        &mut self,
        id: ClientId,
        request: &Request,
        target: Target,
        flow: Option<FlowId>,
        now: Instant,
    ) {
        self.send_on(id, request, target, flow, target.transport.into(), now);
    }

    /// Sends over a link that is taken to be as good as `link`.
    pub(super) fn send_on(
        &mut self,
        id: ClientId,
        request: &Request,
        target: Target,
        flow: Option<FlowId>,
        link: Link,
        now: Instant,
    ) {
        let why = Failure::Transport;
        if self.is_full() || self.client_of.contains_key(&id) {
            debug_assert!(self.is_full(), "{id:?} is in use");
            return self.emit(Output::Failed { id, why });
        }
        let number = self.next_client;
        let branch = client_branch(number, &self.rng.token(SECRET_LETTERS));
        let flow = flow.or_else(|| self.socket_for(target));
        let Some(sent) = self.with_via(request, target, flow, &branch) else {
            return self.emit(Output::Failed { id, why });
        };
        self.next_client += 1;
        let mut client = Client {
            user: Some(id),
            kind: kind(request.method(), link, now),
            method: request.method().clone(),
            branch,
            target,
            flow,
            smaller: None,
            sent: Some(sent),
            ack: None,
            cancel: None,
            reason: None,
        };
        self.leave_udp_if_large(&mut client, request, now);
        self.client_of.insert(id, number);
        self.start(number, client);
    }

    /// RFC 3261 §18.1.1: what might not fit one packet goes over TCP.
    fn leave_udp_if_large(&self, client: &mut Client, request: &Request, now: Instant) {
        let Some(largest) = self.settings.largest_datagram else {
            return;
        };
        let size = client.sent.as_ref().map_or(0, |sent| sent.bytes().len());
        if client.target.transport != Transport::Udp || size <= largest {
            return;
        }
        let target = Target::new(Transport::Tcp, client.target.addr);
        if let Some(sent) = self.with_via(request, target, None, &client.branch) {
            client.smaller = Some((client.target, client.flow));
            client.kind = kind(request.method(), Link::Reliable, now);
            client.sent = Some(sent);
            client.target = target;
            client.flow = None;
        }
    }

    /// First sending.
    fn start(&mut self, number: u64, client: Client) {
        self.waiting.insert((client.target, number));
        self.timers.set(Which::Client(number), client.deadline());
        self.transmit(&client, client.sent.as_ref().map(Request::bytes));
        self.clients.insert(number, Box::new(client));
    }

    fn transmit(&mut self, client: &Client, bytes: Option<&Bytes>) {
        let Some(bytes) = bytes else {
            debug_assert!(false, "resent what was forgotten");
            return;
        };
        let output = Output::Transmit {
            target: client.target,
            flow: client.flow,
            bytes: bytes.clone(),
        };
        self.outputs.push_back(output);
    }

    pub(super) fn send_ack(&mut self, request: &Request, target: Target, flow: Option<FlowId>) {
        let branch = client_branch(self.next_client, &self.rng.token(SECRET_LETTERS));
        self.next_client += 1;
        let flow = flow.or_else(|| self.socket_for(target));
        let Some(sent) = self.with_via(request, target, flow, &branch) else {
            return;
        };
        self.emit(Output::Transmit {
            target,
            flow,
            bytes: sent.bytes().clone(),
        });
    }

    pub(super) fn cancel(&mut self, id: ClientId, reason: Option<String>, now: Instant) {
        let Some(&number) = self.client_of.get(&id) else {
            return;
        };
        self.with_client(number, None, now, |client| {
            client.reason = reason;
            client.cancel(now);
        });
    }

    pub(super) fn abandon(&mut self, id: ClientId) {
        if let Some(number) = self.client_of.remove(&id)
            && let Some(client) = self.clients.remove(&number)
        {
            self.waiting.remove(&(client.target, number));
            self.timers.set(Which::Client(number), None);
        }
    }

    pub(super) fn received_response(&mut self, response: Response, origin: Origin, now: Instant) {
        let Some(number) = self.asked(&response) else {
            tracing::debug!(?response, "stray response dropped");
            return;
        };
        let status = response.status();
        self.with_client(number, Some((response, origin)), now, |client| {
            client.heard(status, now);
        });
    }

    /// The transaction a response belongs to. Source: RFC 3261 §17.1.3.
    fn asked(&self, response: &Response) -> Option<u64> {
        check_response(response).ok()?;
        let via = response.headers().top_via().ok()?;
        let branch = via.branch()?;
        let (number, _) = client_number(branch)?;
        let client = self.clients.get(&number)?;
        if client.branch != branch {
            return None;
        }
        let method = response.headers().cseq().ok()?.method;
        if client.method == method {
            return Some(number);
        }
        // A CANCEL has the INVITE's branch.
        client.cancel.filter(|_| method == Method::Cancel)
    }

    pub(super) fn client_time(&mut self, number: u64, now: Instant) {
        self.with_client(number, None, now, |client| client.time(now));
    }

    /// Lets something happen to a transaction and carries out what it asks for.
    fn with_client(
        &mut self,
        number: u64,
        heard: Option<(Response, Origin)>,
        now: Instant,
        happen: impl FnOnce(&mut Client),
    ) {
        let Some(mut client) = self.clients.remove(&number) else {
            return;
        };
        let target = client.target;
        happen(&mut client);
        while let Some(step) = client.next() {
            self.carry_out(&mut client, step, heard.as_ref(), now);
        }
        client.forget();
        if !client.is_waiting() {
            self.waiting.remove(&(target, number));
        }
        self.timers.set(Which::Client(number), client.deadline());
        if client.is_over() {
            if let Some(user) = client.user {
                self.client_of.remove(&user);
                super::shrink(&mut self.client_of);
            }
        } else {
            self.clients.insert(number, client);
        }
    }

    fn carry_out(
        &mut self,
        client: &mut Client,
        step: Step,
        heard: Option<&(Response, Origin)>,
        now: Instant,
    ) {
        match step {
            Step::Resend => self.transmit(client, client.sent.as_ref().map(Request::bytes)),
            Step::Ack => {
                if client.ack.is_none()
                    && let (Some(sent), Some((response, _))) = (&client.sent, heard)
                {
                    let to = response.headers().to().ok();
                    // Source: RFC 3261 §17.1.1.3.
                    let ack = self.like(sent, Method::Ack, to).build();
                    client.ack = Some(ack.bytes().clone());
                }
                self.transmit(client, client.ack.as_ref());
            }
            Step::Cancel => self.send_cancel(client, now),
            Step::Respond => {
                if let (Some(id), Some((response, origin))) = (client.user, heard.cloned()) {
                    self.emit(Output::Response {
                        id,
                        response,
                        origin,
                    });
                }
            }
            Step::Fail(why) => {
                if let Some(id) = client.user {
                    self.emit(Output::Failed { id, why });
                }
            }
        }
    }

    /// Starts the CANCEL's own transaction, on the INVITE's branch (RFC 3261 §9.1).
    fn send_cancel(&mut self, client: &mut Client, now: Instant) {
        let Some(invite) = &client.sent else {
            return;
        };
        let mut request = self.like(invite, Method::Cancel, invite.headers().to().ok());
        if let Some(reason) = client.reason.take() {
            request = request.header(HeaderName::Reason, reason);
        }
        let number = self.next_client;
        self.next_client += 1;
        client.cancel = Some(number);
        let cancel = Client {
            user: None,
            kind: kind(&Method::Cancel, client.target.transport.into(), now),
            method: Method::Cancel,
            branch: client.branch.clone(),
            target: client.target,
            flow: client.flow,
            smaller: None,
            sent: Some(request.build()),
            ack: None,
            cancel: None,
            reason: None,
        };
        self.start(number, cancel);
    }

    pub(super) fn flow_broke(&mut self, flow: FlowId, now: Instant) {
        let unheard: Vec<u64> = self
            .waiting
            .iter()
            .filter(|(_, number)| {
                let client = self.clients.get(number);
                client.is_some_and(|c| c.flow == Some(flow) && c.is_unheard())
            })
            .map(|(_, number)| *number)
            .collect();
        for number in unheard {
            self.with_client(number, None, now, |client| client.broke(now));
        }
    }

    pub(super) fn target_broke(&mut self, target: Target, now: Instant) {
        let all = (target, 0)..=(target, u64::MAX);
        let hit: Vec<u64> = self.waiting.range(all).map(|(_, number)| *number).collect();
        for number in hit {
            if !self.back_to_udp(number, now) {
                self.with_client(number, None, now, |client| client.broke(now));
            }
        }
    }

    /// RFC 3261 §18.1.1: where TCP is refused, the large request goes over UDP after all.
    fn back_to_udp(&mut self, number: u64, now: Instant) -> bool {
        let Some(mut client) = self.clients.remove(&number) else {
            return false;
        };
        let way = client.smaller.filter(|_| client.is_unheard());
        let again = way.and_then(|(target, flow)| {
            let via = self.via(target, flow, &client.branch)?;
            let sent = client.sent.as_ref()?;
            Some((target, flow, sent.edit().top_via(&via).build()))
        });
        let Some((target, flow, again)) = again else {
            self.clients.insert(number, client);
            return false;
        };
        self.waiting.remove(&(client.target, number));
        let cancelled = client.is_cancelled();
        client.kind = kind(again.method(), target.transport.into(), now);
        client.target = target;
        client.flow = flow;
        client.smaller = None;
        client.sent = Some(again);
        self.start(number, *client);
        if cancelled {
            self.with_client(number, None, now, |client| client.cancel(now));
        }
        true
    }
}

impl Endpoint {
    /// A request on the way and in the transaction of `invite`: ACK or CANCEL.
    fn like(&self, invite: &Request, method: Method, to: Option<NameAddr>) -> RequestBuilder {
        let headers = invite.headers();
        let number = headers.cseq().map_or(0, |cseq| cseq.number);
        let mut request = RequestBuilder::new(method.clone(), invite.uri_text());
        if let Ok(via) = headers.top_via() {
            request = request.header(HeaderName::Via, via);
        }
        for route in headers.routes().unwrap_or_default() {
            request = request.header(HeaderName::Route, route);
        }
        if let Ok(from) = headers.from() {
            request = request.header(HeaderName::From, from);
        }
        if let Some(to) = to {
            request = request.header(HeaderName::To, to);
        }
        if let Ok(call_id) = headers.call_id() {
            request = request.header(HeaderName::CallId, call_id);
        }
        let request = request
            .header(HeaderName::CSeq, format_args!("{number} {method}"))
            .header(HeaderName::MaxForwards, 70);
        self.presented(request)
    }
}
