//! A scripted peer, written over `sip_message` alone, so that it may do what no phone would.
//!
//! It has rules for requests that come, plans for later, and sends by itself only what reliability
//! asks for: it answers a repeated request as before, repeats its own requests until they are answered
//! and its final responses to INVITE until they are acknowledged.

mod leg;
mod receive;
mod registrar;

pub use leg::Leg;
pub use registrar::Registrar;

use crate::net::NodeId;
use crate::space::{Event, Space};
use crate::world::{Resident, World};
use base::{Duration, Instant, Rng};
use bytes::Bytes;
use sip_message::{
    Message, Method, Request, RequestBuilder, Response, ResponseBuilder, Status, Via,
};
use std::cell::{RefCell, RefMut};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;

/// RFC 3261 §17.1.1.1.
const T1: Duration = Duration::from_millis(500);
/// RFC 3261 §17.1.2.2.
const T2: Duration = Duration::from_secs(4);
/// The token of the only wake-up.
const WAKE: u64 = 0;

/// What a peer does with a request.
pub type Rule = Rc<dyn Fn(&mut Script, &Request)>;
/// What a peer does with a response.
pub type Then = Rc<dyn Fn(&mut Script, &Response)>;
type Plan = Box<dyn FnOnce(&mut Script)>;

/// What is sent again until it is answered.
struct Repeat {
    key: String,
    next: Instant,
    wait: Duration,
    until: Instant,
    to: SocketAddr,
    bytes: Bytes,
}

/// A request that came, and what it was answered with last.
struct Served {
    request: Request,
    to: SocketAddr,
    response: Option<Bytes>,
}

/// A peer as its rules see it.
pub struct Script {
    /// Where it is.
    pub address: SocketAddr,
    /// Its user part.
    pub name: String,
    /// Everything new that came, in order, repeats apart.
    pub heard: Vec<(Instant, Message)>,
    /// Whatever its rules want to keep in mind.
    pub flag: bool,
    /// Whether it acknowledges a 2xx by itself.
    pub acknowledges: bool,
    node: NodeId,
    space: Rc<RefCell<Space>>,
    rng: Rng,
    rules: BTreeMap<String, Rule>,
    served: BTreeMap<(String, String), Served>,
    repeats: Vec<Repeat>,
    plans: BTreeMap<(Instant, u64), Plan>,
    asked: BTreeMap<String, (Request, SocketAddr, Then)>,
    acks: BTreeMap<String, (Bytes, SocketAddr)>,
    own_invite: Option<Request>,
    count: u64,
}

/// A peer of a world. Clones are the same peer.
#[derive(Clone)]
pub struct Peer(Rc<RefCell<Script>>);

impl Peer {
    /// Settles a peer in the next place of `world`, listening on UDP 5060.
    pub fn new(world: &mut World, name: &str) -> Self {
        let (node, ip) = world.place(name);
        let address = SocketAddr::new(ip, 5060);
        let space = world.shared_space();
        let rng = space.borrow_mut().rng();
        let bound = space.borrow_mut().bind(node, address);
        bound.expect("a new place has its ports free");
        let script = Script {
            address,
            name: name.to_owned(),
            heard: Vec::new(),
            flag: false,
            acknowledges: true,
            node,
            space,
            rng,
            rules: BTreeMap::new(),
            served: BTreeMap::new(),
            repeats: Vec::new(),
            plans: BTreeMap::new(),
            asked: BTreeMap::new(),
            acks: BTreeMap::new(),
            own_invite: None,
            count: 0,
        };
        let peer = Rc::new(RefCell::new(script));
        world.settle(node, Rc::clone(&peer) as Rc<RefCell<dyn Resident>>);
        Self(peer)
    }

    /// What it does with requests of a method from now on.
    pub fn on(&self, method: &str, rule: impl Fn(&mut Script, &Request) + 'static) {
        let mut script = self.0.borrow_mut();
        script.rules.insert(method.to_owned(), Rc::new(rule));
    }

    /// The script itself, to send something now.
    pub fn script(&self) -> RefMut<'_, Script> {
        self.0.borrow_mut()
    }

    /// Its place in the world.
    pub fn node(&self) -> NodeId {
        self.0.borrow().node
    }

    /// A URI under which it can be called.
    pub fn uri(&self) -> String {
        let script = self.0.borrow();
        format!("sip:{}@{}", script.name, script.address.ip())
    }

    /// How often a request of this method came, repeats apart.
    pub fn count(&self, method: &str) -> usize {
        let script = self.0.borrow();
        let requests = script
            .heard
            .iter()
            .filter_map(|(_, message)| match message {
                Message::Request(request) => Some(request),
                Message::Response(_) => None,
            });
        requests.filter(|r| r.method().as_str() == method).count()
    }

    /// The newest request of this method.
    pub fn last(&self, method: &str) -> Option<Request> {
        let script = self.0.borrow();
        script.heard.iter().rev().find_map(|(_, m)| match m {
            Message::Request(request) if request.method().as_str() == method => {
                Some(request.clone())
            }
            Message::Request(_) | Message::Response(_) => None,
        })
    }
}

impl Script {
    /// The time.
    pub fn now(&self) -> Instant {
        self.space.borrow().now()
    }

    /// The INVITE that it sent last.
    pub fn own_invite(&self) -> Option<Request> {
        self.own_invite.clone()
    }

    /// Puts a line of the test's into the ladder.
    pub fn note(&self, text: &str) {
        self.space.borrow_mut().note_at(self.node, text, true);
    }

    /// Does something later.
    pub fn later(&mut self, wait: Duration, plan: impl FnOnce(&mut Self) + 'static) {
        self.count += 1;
        let at = (self.now() + wait, self.count);
        self.plans.insert(at, Box::new(plan));
        self.set_wake();
    }

    /// Its session description; `version` 1 is the first.
    pub fn sdp(&self, version: u32) -> String {
        let ip = self.address.ip();
        format!(
            "v=0\r\no={} 1 {version} IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\n\
             m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n",
            self.name
        )
    }

    /// The Contact value of its dialogs.
    pub fn contact(&self) -> String {
        format!("<sip:{}@{}>", self.name, self.address)
    }

    /// Answers a request; a To tag and a Contact are added where they belong.
    pub fn reply(
        &mut self,
        request: &Request,
        code: u16,
        edit: impl FnOnce(ResponseBuilder) -> ResponseBuilder,
    ) {
        let status = Status::new(code).expect("a status of a test is one");
        let mut response = ResponseBuilder::to(request, status);
        let has_tag = request.headers().to().is_ok_and(|to| to.tag().is_some());
        if code > 100 && !has_tag {
            response = response.to_tag(&format!("{}-tag", self.name));
        }
        if *request.method() == Method::Invite && (101..300).contains(&code) {
            response = response.header("Contact", self.contact());
            for route in request.headers().values("Record-Route") {
                response = response.header("Record-Route", String::from_utf8_lossy(route));
            }
        }
        self.respond(request, &edit(response).build());
    }

    /// 180 Ringing.
    pub fn ring(&mut self, request: &Request) {
        self.reply(request, 180, |r| r);
    }

    /// 200 OK with its description: an answer, or an offer where the INVITE had none.
    pub fn accept(&mut self, request: &Request) {
        let sdp = self.sdp(1);
        self.reply(request, 200, |r| {
            r.header("Allow", "INVITE, ACK, BYE, CANCEL, OPTIONS")
                .body("application/sdp", sdp)
        });
    }

    /// Sends exactly this response.
    pub fn respond(&mut self, request: &Request, response: &Response) {
        let key = receive::key(request);
        let Some(served) = self.served.get_mut(&key) else {
            return;
        };
        let bytes = response.bytes().clone();
        served.response = Some(bytes.clone());
        let to = served.to;
        let is_final = response.status().is_final();
        if *request.method() == Method::Invite && is_final {
            self.repeat(receive::ack_key(request), to, bytes.clone());
        }
        self.transmit(to, bytes);
    }

    /// Sends a request in a transaction of its own; `then` hears every response.
    pub fn send(
        &mut self,
        request: RequestBuilder,
        to: SocketAddr,
        then: impl Fn(&mut Self, &Response) + 'static,
    ) -> Request {
        let branch = format!("z9hG4bK{}", self.rng.token(12));
        let request = request.top_via(&self.via(&branch)).build();
        if *request.method() == Method::Invite {
            self.own_invite = Some(request.clone());
        }
        self.asked
            .insert(branch.clone(), (request.clone(), to, Rc::new(then)));
        self.repeat(branch, to, request.bytes().clone());
        self.transmit(to, request.bytes().clone());
        request
    }

    /// Sends a request once, outside of any transaction: an ACK, or something odd.
    pub fn send_once(&mut self, request: RequestBuilder, to: SocketAddr) {
        let branch = format!("z9hG4bK{}", self.rng.token(12));
        let request = request.top_via(&self.via(&branch)).build();
        self.transmit(to, request.bytes().clone());
    }

    /// A CANCEL for an INVITE of its own.
    pub fn cancel(&mut self, invite: &Request) {
        self.cancel_because(invite, "");
    }

    /// The same with a Reason header field (RFC 3326), unless it is empty.
    pub fn cancel_because(&mut self, invite: &Request, reason: &str) {
        let Ok(via) = invite.headers().top_via() else {
            return;
        };
        let branch = via.branch().unwrap_or_default().to_owned();
        let Some((_, to, _)) = self.asked.get(&branch) else {
            return;
        };
        let to = *to;
        let mut cancel = RequestBuilder::new(Method::Cancel, invite.uri_text()).top_via(&via);
        for name in ["From", "To", "Call-ID"] {
            if let Some(value) = invite.headers().text(name) {
                cancel = cancel.header(name, value);
            }
        }
        let number = invite.headers().cseq().map_or(1, |cseq| cseq.number);
        let mut cancel = cancel
            .header("CSeq", format!("{number} CANCEL"))
            .header("Max-Forwards", 70);
        if !reason.is_empty() {
            cancel = cancel.header("Reason", reason);
        }
        let cancel = cancel.build();
        let key = format!("{branch} CANCEL");
        self.asked
            .insert(key.clone(), (cancel.clone(), to, Rc::new(|_, _| {})));
        self.repeat(key, to, cancel.bytes().clone());
        self.transmit(to, cancel.bytes().clone());
    }

    fn via(&self, branch: &str) -> Via {
        let text = format!("SIP/2.0/UDP {};rport;branch={branch}", self.address);
        text.parse().expect("written by the grammar")
    }

    /// Puts bytes on the wire once.
    pub fn transmit(&self, to: SocketAddr, bytes: Bytes) {
        let sent = self
            .space
            .borrow_mut()
            .send(self.node, self.address, to, bytes);
        sent.expect("a peer's socket is open");
    }

    fn repeat(&mut self, key: String, to: SocketAddr, bytes: Bytes) {
        self.repeats.retain(|repeat| repeat.key != key);
        let now = self.now();
        self.repeats.push(Repeat {
            key,
            next: now + T1,
            wait: T1,
            until: now + T1 * 64,
            to,
            bytes,
        });
        self.set_wake();
    }

    fn stop_repeating(&mut self, key: &str) {
        self.repeats.retain(|repeat| repeat.key != key);
    }

    fn set_wake(&self) {
        let repeats = self.repeats.iter().map(|repeat| repeat.next);
        let plans = self.plans.keys().map(|(at, _)| *at);
        let at = repeats.chain(plans).min();
        self.space.borrow_mut().wake_at(self.node, WAKE, at);
    }

    fn wake(&mut self) {
        let now = self.now();
        let mut due = Vec::new();
        for repeat in &mut self.repeats {
            if repeat.next <= now {
                due.push((repeat.to, repeat.bytes.clone()));
                repeat.wait = (repeat.wait * 2).min(T2);
                repeat.next = now + repeat.wait;
            }
        }
        self.repeats.retain(|repeat| repeat.next < repeat.until);
        for (to, bytes) in due {
            self.transmit(to, bytes);
        }
        while let Some(first) = self.plans.first_entry() {
            if first.key().0 > now {
                break;
            }
            first.remove()(self);
        }
        self.set_wake();
    }
}

impl Resident for Script {
    fn happened(&mut self, what: Event) {
        match what {
            Event::Datagram { source, bytes, .. } => self.datagram(source, bytes),
            Event::Wake { .. } => self.wake(),
            Event::Stream { .. } => {}
        }
    }
}
