//! A stateless proxy with a registrar (RFC 3261 §16.11), written over `sip_message` alone.
//!
//! It adds and takes Via, records its route, answers what it must (404, 407, 483), and says 100 so
//! that callers stop repeating. It forks nothing and remembers nothing but bindings.

use crate::net::NodeId;
use crate::peer::Registrar;
use crate::space::{Event, Space};
use crate::world::{Resident, World};
use bytes::Bytes;
use sip_message::{
    Host, Limits, Message, Method, NameAddr, Request, RequestBuilder, Response, ResponseBuilder,
    Status, Uri, Via,
};
use std::cell::{RefCell, RefMut};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;

/// One proxy as its world sees it.
pub struct State {
    /// Where it is.
    pub address: SocketAddr,
    /// The domain whose users it knows.
    pub domain: String,
    /// Other names of its own.
    pub aliases: Vec<String>,
    /// Next hop for other domains, by name; everything goes there where the name is empty.
    pub others: BTreeMap<String, SocketAddr>,
    /// Who is where, and who may call.
    pub registrar: Registrar,
    /// Asks callers for their password (407).
    pub challenges: bool,
    /// Hears and says nothing.
    pub is_dead: bool,
    node: NodeId,
    space: Rc<RefCell<Space>>,
}

/// A proxy of a world. Clones are the same proxy.
#[derive(Clone)]
pub struct Proxy(Rc<RefCell<State>>);

impl Proxy {
    /// Settles a proxy for `domain` in the next place of `world`, and tells the name server.
    pub fn new(world: &mut World, name: &str, domain: &str) -> Self {
        let (node, ip) = world.place(name);
        world.names().address(domain, ip);
        let address = SocketAddr::new(ip, 5060);
        let space = world.shared_space();
        let bound = space.borrow_mut().bind(node, address);
        bound.expect("a new place has its ports free");
        let state = Rc::new(RefCell::new(State {
            address,
            domain: domain.to_owned(),
            aliases: Vec::new(),
            others: BTreeMap::new(),
            registrar: Registrar::new(domain, 3_600, &[]),
            challenges: false,
            is_dead: false,
            node,
            space,
        }));
        world.settle(node, Rc::clone(&state) as Rc<RefCell<dyn Resident>>);
        Self(state)
    }

    /// To change it.
    pub fn state(&self) -> RefMut<'_, State> {
        self.0.borrow_mut()
    }

    /// Sends calls for `user` to `contact`.
    pub fn knows(&self, user: &str, contact: &str) {
        let contact = contact.to_owned();
        let mut state = self.0.borrow_mut();
        let bound = state.registrar.bindings.entry(user.to_owned());
        bound.or_default().push((contact, 3_600));
    }
}

impl Resident for State {
    fn happened(&mut self, what: Event) {
        let Event::Datagram { source, bytes, .. } = what else {
            return;
        };
        if self.is_dead || !bytes.first().is_some_and(u8::is_ascii_alphabetic) {
            return;
        }
        match sip_message::parse_datagram(bytes, &Limits::default()) {
            Ok(Message::Request(request)) => self.request(&request.seen_from(source), source),
            Ok(Message::Response(response)) => self.response(&response),
            Err(_) => {}
        }
    }
}

impl State {
    fn request(&mut self, request: &Request, source: SocketAddr) {
        let method = request.method();
        if *method == Method::Register {
            let response = self.registrar.answer(request);
            return self.transmit(source, response.bytes().clone());
        }
        if *method == Method::Options && request.uri().is_ok_and(|uri| self.is_for_us(&uri)) {
            return self.refuse(request, source, Status::OK, |r| r);
        }
        let is_new = request.headers().to().is_ok_and(|to| to.tag().is_none());
        let needs_no_proof = matches!(method, Method::Ack | Method::Cancel);
        if self.challenges && is_new && !needs_no_proof && !self.proves(request) {
            let challenge = self.registrar.challenge(request);
            let status = Status::PROXY_AUTHENTICATION_REQUIRED;
            return self.refuse(request, source, status, |r| {
                r.header("Proxy-Authenticate", challenge)
            });
        }
        let is_own = |to: NameAddr| to.tag() == Some(self.domain.as_str());
        if *method == Method::Ack && request.headers().to().is_ok_and(is_own) {
            // For a response of its own.
            return;
        }
        match self.next(request) {
            Some((to, target)) => {
                if *method == Method::Invite {
                    let trying = ResponseBuilder::to(request, Status::TRYING).build();
                    self.transmit(source, trying.bytes().clone());
                }
                self.forward(request, &target, to, is_new);
            }
            // An ACK for a response of its own ends here.
            None if *method == Method::Ack => {}
            None => self.refuse(request, source, Status::NOT_FOUND, |r| r),
        }
    }

    fn proves(&self, request: &Request) -> bool {
        self.registrar.proves(request, "Proxy-Authorization")
    }

    fn refuse(
        &self,
        request: &Request,
        source: SocketAddr,
        status: Status,
        edit: impl FnOnce(ResponseBuilder) -> ResponseBuilder,
    ) {
        let response = edit(ResponseBuilder::to(request, status).to_tag(&self.domain));
        self.transmit(source, response.build().bytes().clone());
    }

    /// Where a request goes, and its Request-URI there.
    fn next(&self, request: &Request) -> Option<(SocketAddr, String)> {
        let routes = request.headers().routes().ok()?;
        let others = routes.iter().map(|route| route.uri().clone());
        let mut others = others.filter(|uri| !self.is_own(uri));
        let target = request.uri_text().to_owned();
        if let Some(route) = others.next() {
            return Some((self.reach(&route)?, target));
        }
        let uri = request.uri().ok()?;
        if !self.is_own(&uri) {
            return Some((self.reach(&uri)?, target));
        }
        let bound = self.registrar.bindings.get(uri.user()?)?;
        let (contact, _) = bound.last()?;
        let uri: Uri = contact.parse().ok()?;
        Some((self.reach(&uri)?, contact.clone()))
    }

    fn is_for_us(&self, uri: &Uri) -> bool {
        uri.user().is_none() && self.is_own(uri)
    }

    fn is_own(&self, uri: &Uri) -> bool {
        let Some(sip) = uri.sip() else { return false };
        match sip.host().ip() {
            Some(ip) => ip == self.address.ip() && sip.port().unwrap_or(5060) == 5060,
            None => {
                let name = sip.host().to_string();
                name == self.domain || self.aliases.contains(&name)
            }
        }
    }

    fn reach(&self, uri: &Uri) -> Option<SocketAddr> {
        let sip = uri.sip()?;
        if let Some(ip) = sip.host().ip() {
            return Some(SocketAddr::new(ip, sip.port().unwrap_or(5060)));
        }
        let named = self.others.get(&sip.host().to_string());
        named.or_else(|| self.others.get("")).copied()
    }

    fn forward(&self, request: &Request, target: &str, to: SocketAddr, is_new: bool) {
        let headers = request.headers();
        let Ok(Some(hops)) = headers.max_forwards() else {
            return;
        };
        let Some(hops) = hops.checked_sub(1) else {
            return;
        };
        let branch = headers.top_via().ok();
        let branch = branch.and_then(|via| via.branch().map(str::to_owned));
        let via = self.via(&branch.unwrap_or_default());
        let mut onward = request.edit().uri(target).replace("Max-Forwards", hops);
        onward = self.without_own_route(request, onward);
        onward = onward.prepend("Via", via);
        if is_new && *request.method() == Method::Invite {
            let own = format!("<sip:{};lr>", self.address);
            onward = onward.prepend("Record-Route", own);
        }
        self.transmit(to, onward.build().bytes().clone());
    }

    fn without_own_route(&self, request: &Request, mut onward: RequestBuilder) -> RequestBuilder {
        let routes = request.headers().routes().unwrap_or_default();
        onward = onward.remove("Route");
        let others = routes.iter().filter(|route| !self.is_own(route.uri()));
        for route in others.map(NameAddr::to_string) {
            onward = onward.header("Route", route);
        }
        onward
    }

    /// The branch follows from the one before, so that ACK and CANCEL meet their INVITE.
    fn via(&self, before: &str) -> Via {
        let number = before.bytes().fold(7_u64, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(u64::from(byte))
        });
        let branch = format!("z9hG4bKp{number:x}");
        let host = Host::from(self.address.ip());
        Via::new(&sip_message::Transport::Udp, &host, Some(5060), &branch)
    }

    fn response(&self, response: &Response) {
        let Ok(vias) = response.headers().vias() else {
            return;
        };
        let Some(next) = vias.get(1) else { return };
        let ip = next.received().or_else(|| next.host().ip());
        let port = next.rport().unwrap_or_else(|| next.port_or_default());
        let mut onward = response.edit().remove("Via");
        for via in vias[1..].iter().rev() {
            onward = onward.prepend("Via", via);
        }
        if let Some(ip) = ip {
            self.transmit(SocketAddr::new(ip, port), onward.build().bytes().clone());
        }
    }

    fn transmit(&self, to: SocketAddr, bytes: Bytes) {
        let sent = self
            .space
            .borrow_mut()
            .send(self.node, self.address, to, bytes);
        sent.expect("a proxy's socket is open");
    }
}
