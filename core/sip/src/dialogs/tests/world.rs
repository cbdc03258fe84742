//! A few phones on a seeded link: tables of sessions over endpoints, in virtual time.

use crate::dialogs::{Config, Dialogs, Final, Input, News, Output};
use crate::endpoint::{self, Endpoint};
use crate::flow::{FlowId, Origin, Target, Transport};
use crate::ids::SessionId;
use crate::session::{Content, Delivery, Dial, ForkId, Inside, Order, Progress};
use base::{Duration, Instant, Machine, Rng};
use bytes::Bytes;
use core::fmt::Write;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use sip_message::{HeaderName, Headers, Limits, Message, NameAddr, Status, Uri, parse_datagram};
use std::collections::BTreeMap;

/// What the link does to datagrams.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    pub(crate) delay: Duration,
    /// Added to `delay`, drawn anew for each datagram: reorders.
    pub(crate) jitter: Duration,
    /// Lost datagrams of a hundred.
    pub(crate) loss: u64,
}

/// 20 ms each way, nothing lost.
pub(crate) const CALM: Link = Link {
    delay: Duration::from_millis(20),
    jitter: Duration::ZERO,
    loss: 0,
};

/// One phone.
pub(crate) struct Phone {
    pub(crate) name: &'static str,
    pub(crate) dialogs: Dialogs,
    pub(crate) endpoint: Endpoint,
    addr: SocketAddr,
    /// Its newest session.
    pub(crate) session: Option<SessionId>,
    dialled: u64,
    /// Datagrams to lose next.
    lose: u32,
    /// Extra delay of what it sends.
    slow: Duration,
    /// What it was told, per session.
    pub(crate) told: BTreeMap<SessionId, Vec<News>>,
    /// Every datagram it sent, lost ones too.
    pub(crate) sent: Vec<Message>,
    /// Every datagram it got.
    pub(crate) got: Vec<Message>,
    /// Orders it gives itself when it is told something.
    pub(crate) habit: fn(&News, &mut Rng) -> Vec<(Duration, Order)>,
}

enum Event {
    Arrive(usize, usize, Bytes),
    Order(usize, SessionId, Order),
}

/// Phones, link and clock.
pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) phones: Vec<Phone>,
    pub(crate) rng: Rng,
    link: Link,
    events: BTreeMap<(Instant, u64), Event>,
    count: u64,
    pub(crate) trace: String,
}

impl World {
    pub(crate) fn new(names: &[&'static str], config: &Config, link: Link, seed: u64) -> Self {
        let mut rng = Rng::from_number(seed);
        let phones = names.iter().enumerate();
        let phones = phones
            .map(|(index, name)| {
                let octet = u8::try_from(index + 1).unwrap();
                let addr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, 0, 0, octet)), 5060);
                let settings = endpoint::Settings::new(endpoint::Limits::DESKTOP);
                let mut endpoint = Endpoint::new(settings, rng.split());
                let listening = endpoint::Input::Listening {
                    flow: FlowId(1),
                    transport: Transport::Udp,
                    addr,
                };
                endpoint.handle(listening, Instant::ZERO);
                Phone {
                    name,
                    dialogs: Dialogs::new(config.clone(), rng.split()),
                    endpoint,
                    addr,
                    session: None,
                    dialled: 0,
                    lose: 0,
                    slow: Duration::ZERO,
                    told: BTreeMap::new(),
                    sent: Vec::new(),
                    got: Vec::new(),
                    habit: |_, _| Vec::new(),
                }
            })
            .collect();
        Self {
            now: Instant::ZERO,
            phones,
            rng,
            link,
            events: BTreeMap::new(),
            count: 0,
            trace: String::new(),
        }
    }

    pub(crate) fn dial(&mut self, who: usize, whom: usize, offer: Option<&str>) -> SessionId {
        let phone = &mut self.phones[who];
        let id = super::super::outbound(phone.dialled);
        phone.dialled += 1;
        phone.session = Some(id);
        let (mine, theirs) = (phone.addr, self.phones[whom].addr);
        let (mine_name, their_name) = (self.phones[who].name, self.phones[whom].name);
        let target: Uri = format!("sip:{their_name}@{theirs}").parse().unwrap();
        let dial = Dial {
            to: NameAddr::new(&target),
            target,
            from: format!("<sip:{mine_name}@test>").parse().unwrap(),
            contact: format!("<sip:{mine_name}@{mine}>").parse().unwrap(),
            routes: Vec::new(),
            account: None,
            offer: offer.map(|text| Bytes::copy_from_slice(text.as_bytes())),
            headers: Vec::new(),
            no_answer_after: None,
        };
        self.give(who, Input::Dial(id, Box::new(dial)));
        id
    }

    pub(crate) fn order(&mut self, who: usize, order: Order) {
        if let Some(id) = self.phones[who].session {
            self.give(who, Input::Order(id, order));
        }
    }

    pub(crate) fn order_after(&mut self, wait: Duration, who: usize, id: SessionId, order: Order) {
        self.schedule(self.now + wait, Event::Order(who, id, order));
    }

    fn schedule(&mut self, at: Instant, event: Event) {
        self.count += 1;
        self.events.insert((at, self.count), event);
    }

    fn give(&mut self, who: usize, input: Input) {
        self.phones[who].dialogs.handle(input, self.now);
        self.settle(who);
    }

    /// Carries outputs between the machines of one phone until both are quiet.
    fn settle(&mut self, who: usize) {
        loop {
            if let Some(output) = self.phones[who].dialogs.poll_output() {
                self.carry_out(who, output);
            } else if let Some(output) = self.phones[who].endpoint.poll_output() {
                self.deliver(who, output);
            } else {
                return;
            }
        }
    }

    fn carry_out(&mut self, who: usize, output: Output) {
        let phone = &mut self.phones[who];
        let input = match output {
            Output::Send {
                id,
                request,
                route_to,
                ..
            } => endpoint::Input::Send {
                id,
                request,
                target: target(&route_to),
                flow: None,
            },
            Output::SendAck {
                request, route_to, ..
            } => endpoint::Input::SendAck {
                request,
                target: target(&route_to),
                flow: None,
            },
            Output::Cancel { id, reason, .. } => endpoint::Input::Cancel { id, reason },
            Output::Abandon { id } => endpoint::Input::Abandon { id },
            Output::Respond { id, response } => endpoint::Input::Respond { id, response },
            Output::News { session, news } => {
                let line = describe(&news);
                let name = phone.name;
                writeln!(self.trace, "{:<5} ! {name} {line}", self.now.as_millis()).unwrap();
                if matches!(news, News::Incoming(_)) {
                    phone.session = Some(session);
                }
                let habit = phone.habit;
                phone.told.entry(session).or_default().push(news.clone());
                for (wait, order) in habit(&news, &mut self.rng) {
                    self.order_after(wait, who, session, order);
                }
                return;
            }
        };
        phone.endpoint.handle(input, self.now);
    }

    fn deliver(&mut self, who: usize, output: endpoint::Output) {
        let input = match output {
            endpoint::Output::Transmit { target, bytes, .. } => {
                self.transmit(who, target.addr, bytes);
                return;
            }
            endpoint::Output::Request {
                id,
                request,
                origin,
            } => Input::Request {
                id,
                request,
                origin,
            },
            endpoint::Output::Ack { request, .. } => Input::Ack(request),
            endpoint::Output::Cancelled { id, reason } => Input::Cancelled { id, reason },
            endpoint::Output::Response { id, response, .. } => Input::Response { id, response },
            endpoint::Output::Failed { id, why } => Input::Failed { id, why },
            endpoint::Output::ServerEnded { id, .. } => Input::ServerEnded(id),
        };
        self.phones[who].dialogs.handle(input, self.now);
    }

    fn transmit(&mut self, who: usize, to: SocketAddr, bytes: Bytes) {
        let message = parse_datagram(bytes.clone(), &Limits::default()).unwrap();
        let whom = self.phones.iter().position(|phone| phone.addr == to);
        let phone = &mut self.phones[who];
        let mut lost = self.rng.below(100) < self.link.loss;
        if phone.lose > 0 {
            phone.lose -= 1;
            lost = true;
        }
        let arrow = if lost { "-X" } else { "->" };
        let to = whom.map_or("nobody", |whom| self.phones[whom].name);
        let line = show(&message);
        let name = self.phones[who].name;
        writeln!(
            self.trace,
            "{:<5} {name} {arrow} {to}: {line}",
            self.now.as_millis()
        )
        .unwrap();
        self.phones[who].sent.push(message);
        let Some(whom) = whom.filter(|_| !lost) else {
            return;
        };
        let jitter = self.rng.duration_below(self.link.jitter);
        let at = self.now + self.link.delay + jitter + self.phones[who].slow;
        self.schedule(at, Event::Arrive(who, whom, bytes));
    }

    /// The next moment at which anything happens.
    fn next(&self) -> Option<Instant> {
        let events = self.events.keys().next().map(|key| key.0);
        let machines = self
            .phones
            .iter()
            .flat_map(|phone| [phone.dialogs.deadline(), phone.endpoint.deadline()]);
        machines.flatten().chain(events).min()
    }

    /// Runs until `end`, or until nothing is left to happen.
    pub(crate) fn run_until(&mut self, end: Instant) {
        while let Some(at) = self.next().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            while let Some(entry) = self.events.first_entry() {
                if entry.key().0 > self.now {
                    break;
                }
                match entry.remove() {
                    Event::Arrive(from, to, bytes) => self.arrive(from, to, bytes),
                    Event::Order(who, id, order) => self.give(who, Input::Order(id, order)),
                }
            }
            for who in 0..self.phones.len() {
                self.phones[who].endpoint.handle_time(self.now);
                self.phones[who].dialogs.handle_time(self.now);
                self.settle(who);
            }
        }
        self.now = self.now.max(end);
    }

    fn arrive(&mut self, from: usize, to: usize, bytes: Bytes) {
        let origin = Origin {
            flow: FlowId(1),
            transport: Transport::Udp,
            source: self.phones[from].addr,
            local: self.phones[to].addr,
        };
        let message = parse_datagram(bytes, &Limits::default()).unwrap();
        self.phones[to].got.push(message.clone());
        let input = endpoint::Input::Received { message, origin };
        self.phones[to].endpoint.handle(input, self.now);
        self.settle(to);
    }

    /// Plays lines of `moment who verb argument`; who is a phone's name.
    pub(crate) fn play(&mut self, script: &str) {
        for line in script
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
        {
            let mut words = line.split_whitespace();
            let moment: u64 = words.next().unwrap().parse().unwrap();
            self.run_until(Instant::from_millis(moment));
            let Some(name) = words.next().filter(|name| *name != "end") else {
                continue;
            };
            let who = self.phones.iter().position(|phone| phone.name == name);
            let who = who.expect("a phone's name");
            let verb = words.next().unwrap_or_default();
            let argument = words.next();
            writeln!(
                self.trace,
                "{:<5} * {name} {verb}{}",
                self.now.as_millis(),
                argument.map(|text| format!(" {text}")).unwrap_or_default()
            )
            .unwrap();
            self.act(who, verb, argument);
        }
    }

    fn act(&mut self, who: usize, verb: &str, argument: Option<&str>) {
        let body = || Bytes::copy_from_slice(argument.unwrap_or_default().as_bytes());
        let number = || argument.unwrap_or_default().parse::<u16>().unwrap();
        let status = || Status::new(number()).unwrap();
        let progress = |code: u16, delivery| {
            Order::Progress(Progress {
                status: Status::new(code).unwrap(),
                description: argument.map(|text| Bytes::copy_from_slice(text.as_bytes())),
                delivery,
            })
        };
        let order = match verb {
            "dial" => {
                self.dial(who, 1 - who, argument);
                return;
            }
            "lose" => {
                self.phones[who].lose = u32::from(number());
                return;
            }
            "slow" => {
                self.phones[who].slow = Duration::from_millis(u64::from(number()));
                return;
            }
            "ring" => progress(180, Delivery::Once),
            "early" => progress(183, Delivery::Once),
            "reliable" => progress(183, Delivery::Reliable),
            "accept" => Order::Accept(argument.map(|_| body())),
            "decline" => Order::Decline(status()),
            "hangup" => Order::HangUp(None),
            "offer" => Order::Offer(body()),
            "answer" => Order::Answer(ForkId::FIRST, body()),
            "refuse" => Order::RefuseOffer(ForkId::FIRST, status()),
            "inform" => Order::Request(
                1,
                Inside::info(Content {
                    kind: "application/dtmf-relay".to_owned(),
                    body: body(),
                }),
            ),
            other => panic!("no verb {other}"),
        };
        self.order(who, order);
    }
}

fn target(uri: &Uri) -> Target {
    let sip = uri.sip().expect("a sip URI");
    let ip = sip.host().ip().expect("an address");
    Target::new(
        Transport::Udp,
        SocketAddr::new(ip, sip.port().unwrap_or(5060)),
    )
}

/// One message in a line: start, CSeq, what matters.
pub(crate) fn show(message: &Message) -> String {
    let headers = message.headers();
    let cseq = headers.cseq().unwrap();
    let mut line = match message {
        Message::Request(request) => request.method().to_string(),
        Message::Response(response) => format!("{} {}", response.status().code(), cseq.method),
    };
    extras(&mut line, headers);
    if !message.body().is_empty() {
        write!(line, " [{}]", String::from_utf8_lossy(message.body())).unwrap();
    }
    line
}

fn extras(line: &mut String, headers: &Headers) {
    for name in [
        HeaderName::RSeq,
        HeaderName::RAck,
        HeaderName::RetryAfter,
        HeaderName::MinSE,
        HeaderName::SessionExpires,
    ] {
        if let Some(value) = headers.text(name) {
            // Numbers drawn at random would make every trace its own.
            let drawn = matches!(name, HeaderName::RSeq | HeaderName::RAck);
            let value = if drawn { "" } else { value.as_str() };
            write!(line, " {name}:{value}").unwrap();
        }
    }
}

pub(crate) fn describe(news: &News) -> String {
    let text = |body: &Bytes| String::from_utf8_lossy(body).into_owned();
    match news {
        News::Incoming(call) => {
            format!("incoming {}", call.offer.as_ref().map_or("-".into(), text))
        }
        News::Progress { fork, status } => format!("progress {} {}", fork.0, status.code()),
        News::Redirected { to } => format!("redirected {to}"),
        News::Offer { fork, description } => format!(
            "offer {} {}",
            fork.0,
            description.as_ref().map_or("wanted".into(), text)
        ),
        News::Answer {
            fork,
            description,
            finality,
        } => {
            let early = match finality {
                Final::Yes => "",
                Final::NotYet => " early",
            };
            format!("answer {} {}{early}", fork.0, text(description))
        }
        News::OfferRefused { status } => {
            format!("offer refused {}", status.map_or(0, Status::code))
        }
        News::OfferWithdrawn { .. } => "offer withdrawn".to_owned(),
        News::Confirmed { fork } => format!("confirmed {}", fork.0),
        News::Request { id: None, request } => format!("info {}", text(request.body())),
        News::Request { request, .. } => format!("asked {}", request.method()),
        News::Outcome { status, .. } => format!("informed {}", status.map_or(0, Status::code)),
        News::Ended(reason) => format!(
            "ended {} {:?} {:?} {}",
            reason.cause,
            reason.by,
            reason.detail,
            reason.status.map_or(0, Status::code)
        ),
    }
}
