//! Any number of phones, one registrar, and a link that loses what the seed says.

use super::super::{Account, Binding, Input, Output, Status};
use crate::auth::{Asker, Verdict, Verifier, digest::Algorithm};
use crate::endpoint::{self, Broken, Endpoint, Limits, Settings};
use crate::flow::{FlowId, Origin, Target, Transport};
use crate::ids::{ClientId, ServerId};
use base::{Instant, Machine, Redacted, Rng, Timers};
use bytes::Bytes;
use core::fmt::Write;
use core::net::SocketAddr;
use core::time::Duration;
use expect_test::Expect;
use sip_message::{
    Capabilities, HeaderName, Limits as Read, Method, Request, ResponseBuilder, Status as Code,
    parse_datagram,
};
use std::collections::BTreeMap;

const FLOW: FlowId = FlowId(1);
const ONE_WAY: Duration = Duration::from_millis(10);

/// How the registrar behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mode {
    /// As it should.
    Up,
    /// Packets to it vanish.
    Silent,
    /// Packets to it are refused at once.
    Refused,
    /// Everybody who is not at this URI, or comes through it as a proxy, is sent there with this status.
    Moved(u16, &'static str),
    /// OPTIONS as it should, REGISTER with this status and these headers.
    Says(u16, Vec<(&'static str, String)>),
}

pub(super) struct Phone {
    pub(super) binding: Binding,
    pub(super) endpoint: Endpoint,
    /// How often it was told that the binding goes on.
    pub(super) renewals: u32,
    addr: SocketAddr,
}

pub(super) struct World {
    pub(super) now: Instant,
    pub(super) phones: Vec<Phone>,
    timers: Timers<usize>,
    server: Endpoint,
    pub(super) verifier: Option<Verifier>,
    pub(super) mode: Mode,
    /// What the registrar grants. Unit: s.
    pub(super) grants: u32,
    /// Packets lost each way. Unit: %.
    pub(super) loss: u64,
    /// Where a router makes everything seem to come from.
    pub(super) router: Option<SocketAddr>,
    link: BTreeMap<(Instant, u64), (Bytes, SocketAddr, SocketAddr)>,
    packets: u64,
    rng: Rng,
    /// When each REGISTER reached the registrar for the first time.
    pub(super) registers: Vec<(Instant, Request)>,
    /// What phone 0 was told, and what it put on the wire that is REGISTER.
    pub(super) trace: String,
    pub(super) told: Vec<(usize, Instant, Status)>,
    pub(super) keep_alives: u32,
}

pub(super) fn registrar() -> SocketAddr {
    ([192, 0, 2, 1], 5060).into()
}

pub(super) fn account(number: usize) -> Account {
    let contact = format!("sip:101@{}", phone_addr(number));
    Account::new(
        "<sip:101@pbx.test>".parse().expect("a name-addr"),
        "sip:pbx.test".parse().expect("a URI"),
        contact.parse().expect("a URI"),
    )
}

fn phone_addr(number: usize) -> SocketAddr {
    let low = u8::try_from(number % 250).expect("below 250") + 1;
    let high = u8::try_from(number / 250).expect("few phones");
    ([10, 0, high, low], 5060).into()
}

fn number_of(addr: SocketAddr) -> Option<usize> {
    match addr {
        SocketAddr::V4(v4) => {
            let [_, _, high, low] = v4.ip().octets();
            Some(usize::from(high) * 250 + usize::from(low).checked_sub(1)?)
        }
        SocketAddr::V6(_) => None,
    }
}

fn open(endpoint: &mut Endpoint, addr: SocketAddr) {
    let input = endpoint::Input::Listening {
        flow: FLOW,
        transport: Transport::Udp,
        addr,
    };
    endpoint.handle(input, Instant::ZERO);
}

impl World {
    pub(super) fn new(phones: Vec<Account>, seed: u64) -> Self {
        let mut rng = Rng::from_number(seed);
        let mut settings = Settings::new(Limits::MONITOR);
        settings.capabilities = Capabilities::default();
        settings.capabilities.methods.push(Method::Register);
        let mut server = Endpoint::new(settings, rng.split());
        open(&mut server, registrar());
        let phone = |(number, account): (usize, Account)| {
            let first = ClientId::new(1, (number as u64) << 28);
            let mut endpoint = Endpoint::new(Settings::new(Limits::DESKTOP), rng.split());
            open(&mut endpoint, phone_addr(number));
            Phone {
                binding: Binding::new(account, first, rng.split()),
                endpoint,
                renewals: 0,
                addr: phone_addr(number),
            }
        };
        let phones = phones.into_iter().enumerate().map(phone).collect();
        Self {
            now: Instant::ZERO,
            phones,
            timers: Timers::new(),
            server,
            verifier: None,
            mode: Mode::Up,
            grants: 600,
            loss: 0,
            router: None,
            link: BTreeMap::new(),
            packets: 0,
            rng,
            registers: Vec::new(),
            trace: String::from("\n"),
            told: Vec::new(),
            keep_alives: 0,
        }
    }

    /// One phone.
    pub(super) fn one(change: impl FnOnce(&mut Account)) -> Self {
        let mut account = account(0);
        change(&mut account);
        Self::new(vec![account], 7)
    }

    pub(super) fn with_password(mut self, algorithms: &[Algorithm]) -> Self {
        let verifier = Verifier::new("pbx.test", Asker::Server, algorithms, &mut self.rng);
        self.verifier = Some(verifier);
        self
    }

    pub(super) fn feed(&mut self, phone: usize, input: Input) {
        let now = self.now;
        self.phones[phone].binding.handle(input, now);
        self.drain(phone);
    }

    fn drain(&mut self, phone: usize) {
        loop {
            let one = &mut self.phones[phone];
            if let Some(output) = one.binding.poll_output() {
                self.carry_out(phone, output);
            } else if let Some(output) = one.endpoint.poll_output() {
                self.endpoint_says(phone, output);
            } else {
                let deadlines = [one.binding.deadline(), one.endpoint.deadline()];
                let next = deadlines.into_iter().flatten().min();
                self.timers.set(phone, next);
                return;
            }
        }
    }

    fn say(&mut self, line: &str) {
        let now = self.now.as_millis();
        writeln!(self.trace, "{now:>7} {line}").expect("writing to a string");
    }

    fn carry_out(&mut self, phone: usize, output: Output) {
        let target = Target::new(Transport::Udp, registrar());
        let flow = Some(FLOW);
        let now = self.now;
        let input = match output {
            Output::Send { id, request, .. } => {
                self.say_request(phone, &request, "");
                endpoint::Input::Send {
                    id,
                    request,
                    target,
                    flow,
                }
            }
            Output::SendOnce { id, request, .. } => {
                self.say_request(phone, &request, " once");
                endpoint::Input::SendOnce {
                    id,
                    request,
                    target,
                    flow,
                }
            }
            Output::Abandon { id } => endpoint::Input::Abandon { id },
            Output::KeepAlive(_) => {
                self.keep_alives += 1;
                return;
            }
            Output::Renewed => {
                self.phones[phone].renewals += 1;
                return;
            }
            Output::Told(status) => {
                if phone == 0 {
                    self.say(&format!("! {}", short(&status)));
                }
                self.told.push((phone, now, status));
                return;
            }
        };
        self.phones[phone].endpoint.handle(input, now);
    }

    fn say_request(&mut self, phone: usize, request: &Request, how: &str) {
        if phone == 0 && *request.method() == Method::Register {
            let headers = request.headers();
            let cseq = headers.cseq().expect("ours").number;
            let contacts = headers.contacts().expect("ours");
            let contacts: Vec<_> = contacts.list().iter().map(ToString::to_string).collect();
            let first = self.first_cseq();
            let proof = headers.first(HeaderName::Authorization).is_some();
            let proof = if proof { " with proof" } else { "" };
            self.say(&format!(
                "REGISTER {}{how}{proof} {}",
                cseq - first,
                contacts.join(" ")
            ));
        }
    }

    fn first_cseq(&self) -> u32 {
        let first = self.registers.first();
        first.map_or_else(
            || self.phones[0].binding.memory().cseq - 1,
            |(_, r)| r.headers().cseq().expect("ours").number - 1,
        )
    }

    fn endpoint_says(&mut self, phone: usize, output: endpoint::Output) {
        let now = self.now;
        let one = &mut self.phones[phone];
        match output {
            endpoint::Output::Transmit { target, bytes, .. } => {
                if self.mode == Mode::Refused {
                    let broken = endpoint::Input::Broken(Broken::Target(target));
                    one.endpoint.handle(broken, now);
                    return;
                }
                let from = one.addr;
                self.put(bytes, from, target.addr);
            }
            endpoint::Output::Response {
                id,
                response,
                origin,
            } => one.binding.handle(
                Input::Response {
                    id,
                    response,
                    origin,
                },
                now,
            ),
            endpoint::Output::Failed { id, why } => {
                one.binding.handle(Input::Failed { id, why }, now);
            }
            endpoint::Output::Request { .. }
            | endpoint::Output::Ack { .. }
            | endpoint::Output::Cancelled { .. }
            | endpoint::Output::ServerEnded { .. } => panic!("nobody calls"),
        }
    }

    fn put(&mut self, bytes: Bytes, from: SocketAddr, to: SocketAddr) {
        if self.rng.below(100) < self.loss || self.mode == Mode::Silent {
            return;
        }
        self.packets += 1;
        let at = self.now + ONE_WAY;
        self.link.insert((at, self.packets), (bytes, from, to));
    }

    fn arrive(&mut self, bytes: Bytes, from: SocketAddr, to: SocketAddr) {
        let message = parse_datagram(bytes, &Read::DEFAULT).expect("what we send");
        let origin = |source, local| Origin {
            flow: FLOW,
            transport: Transport::Udp,
            source,
            local,
        };
        let now = self.now;
        if to == registrar() {
            let source = self.router.unwrap_or(from);
            let origin = origin(source, to);
            let input = endpoint::Input::Received { message, origin };
            self.server.handle(input, now);
            self.drain_server();
            return;
        }
        let behind = self.router.is_some_and(|router| router == to);
        let phone = if behind { Some(0) } else { number_of(to) };
        let phone = phone.filter(|phone| *phone < self.phones.len());
        if let Some(phone) = phone {
            let origin = origin(from, to);
            let input = endpoint::Input::Received { message, origin };
            self.phones[phone].endpoint.handle(input, now);
            self.drain(phone);
        }
    }

    fn drain_server(&mut self) {
        while let Some(output) = self.server.poll_output() {
            match output {
                endpoint::Output::Transmit { target, bytes, .. } => {
                    self.put(bytes, registrar(), target.addr);
                }
                endpoint::Output::Request { id, request, .. } => self.serve(id, &request),
                endpoint::Output::ServerEnded { .. } => {}
                endpoint::Output::Ack { .. }
                | endpoint::Output::Cancelled { .. }
                | endpoint::Output::Response { .. }
                | endpoint::Output::Failed { .. } => panic!("a registrar is not called"),
            }
        }
    }

    fn serve(&mut self, id: ServerId, request: &Request) {
        let response = if *request.method() == Method::Register {
            self.registers.push((self.now, request.clone()));
            self.registrar_says(request)
        } else {
            ResponseBuilder::to(request, Code::OK)
        };
        let response = response.to_tag("pbx").build();
        let input = endpoint::Input::Respond { id, response };
        self.server.handle(input, self.now);
    }

    fn registrar_says(&mut self, request: &Request) -> ResponseBuilder {
        if let Mode::Says(status, headers) = &self.mode {
            let status = Code::new(*status).expect("a status");
            let response = ResponseBuilder::to(request, status);
            let add = |r: ResponseBuilder, (n, v): &(&'static str, String)| r.header(*n, v);
            return headers.iter().fold(response, add);
        }
        if let Mode::Moved(status, to) = self.mode {
            let route = request.headers().text(HeaderName::Route);
            let is_there = request.uri_text() == to || route.is_some_and(|r| r.contains(to));
            if !is_there {
                let status = Code::new(status).expect("a status");
                let contact = format!("<{to}>");
                return ResponseBuilder::to(request, status).header(HeaderName::Contact, contact);
            }
        }
        if let Some(verifier) = &mut self.verifier {
            let secret = |user: &str| (user == "101").then(|| Redacted::new("secret".to_owned()));
            let verdict = verifier.verify(request, secret, self.now);
            if !matches!(verdict, Verdict::Good { .. }) {
                let name = verifier.challenge_name();
                let stale = verdict == Verdict::Stale;
                let values = verifier.challenges(stale, self.now);
                let response = ResponseBuilder::to(request, verifier.challenge_status());
                return values.iter().fold(response, |r, v| r.header(name, v));
            }
        }
        let mut response = ResponseBuilder::to(request, Code::OK);
        for contact in request.headers().contacts().expect("ours").list() {
            if contact.expires() != Some(0) {
                let granted = contact.with_param("expires", &self.grants.to_string());
                response = response.header(HeaderName::Contact, granted);
            }
        }
        response
    }

    /// Lets time pass up to `ms`.
    pub(super) fn wait(&mut self, ms: u64) {
        let until = Instant::from_millis(ms);
        loop {
            let next = self.next_event();
            let Some(at) = next.filter(|at| *at <= until) else {
                break;
            };
            self.now = self.now.max(at);
            self.turn();
        }
        self.now = until;
    }

    fn next_event(&self) -> Option<Instant> {
        let timers = [self.timers.next(), self.server.deadline()];
        let timers = timers.into_iter().flatten();
        let packets = self.link.first_key_value().map(|((at, _), _)| *at);
        timers.chain(packets).min()
    }

    fn turn(&mut self) {
        let now = self.now;
        while let Some(entry) = self.link.first_entry().filter(|e| e.key().0 <= now) {
            let (bytes, from, to) = entry.remove();
            self.arrive(bytes, from, to);
        }
        while let Some(phone) = self.timers.expire(now) {
            self.phones[phone].binding.handle_time(now);
            self.phones[phone].endpoint.handle_time(now);
            self.drain(phone);
        }
        self.server.handle_time(now);
        self.drain_server();
    }

    /// Compares what phone 0 did so far.
    pub(super) fn check(&mut self, expected: Expect) {
        let trace = core::mem::replace(&mut self.trace, String::from("\n"));
        let status = short(self.phones[0].binding.status());
        expected.assert_eq(&format!("{trace}= {status}\n"));
    }

    /// Writes phone 0's state out and goes on with what is read back.
    pub(super) fn move_house(&mut self) {
        let memory = self.phones[0].binding.memory().clone();
        let json = serde_json::to_string(&memory).expect("plain data");
        let back: super::super::Memory = serde_json::from_str(&json).expect("its own output");
        assert_eq!(back, memory);
        self.phones[0].binding = Binding::restore(back, Rng::from_number(11));
        self.drain(0);
    }
}

fn short(status: &Status) -> String {
    match status {
        Status::Registered { granted, .. } => format!("Registered({} s)", granted.as_secs()),
        Status::Failed(cause) => format!("Failed({cause:?})"),
        Status::Unregistered | Status::Registering | Status::Unregistering => {
            format!("{status:?}")
        }
    }
}
