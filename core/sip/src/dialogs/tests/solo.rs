//! One table of sessions and a peer made of script lines: what two well-behaved phones never do.
//!
//! The table is written down and taken up again after each line, so every script also proves that
//! nothing it needs is missing from the state.

use super::world::{describe, show};
use crate::dialogs::{Config, Dialogs, Input, Output, State, outbound};
use crate::flow::{FlowId, Origin, Transport};
use crate::ids::{ClientId, ServerId, SessionId};
use crate::session::{AccountId, Delivery, Dial, ForkId, Inside, Order, Progress};
use crate::transaction::Failure;
use base::{Instant, Machine, Rng};
use bytes::Bytes;
use core::fmt::Write;
use sip_message::{
    HeaderName, Message, Method, NameAddr, Request, RequestBuilder, Response, ResponseBuilder,
    Status, Uri,
};
use std::collections::BTreeMap;

/// The table, its last requests, and the trace.
pub(super) struct Solo {
    config: Config,
    restarts: u64,
    pub(super) table: Dialogs,
    now: Instant,
    session: SessionId,
    /// Our newest request of each method, with its id.
    sent: BTreeMap<Method, (ClientId, Request)>,
    /// The newest To of a response of ours: has our tag.
    local: Option<NameAddr>,
    servers: u64,
    trace: String,
    account: Option<AccountId>,
    tags: Tags,
    /// Our newest response.
    said: Option<Response>,
    /// RSeq of our newest reliable 1xx; `last` in a script.
    rseq: String,
}

/// Whether requests go into the dialog that exists.
enum Tags {
    Kept,
    Forgotten,
}

/// `key=value` words of a script line.
struct Args<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Args<'a> {
    fn read(words: impl Iterator<Item = &'a str>) -> Self {
        Self(words.filter_map(|word| word.split_once('=')).collect())
    }

    fn body(&self) -> Option<Bytes> {
        let text = self.0.get("sdp")?;
        Some(Bytes::copy_from_slice(text.as_bytes()))
    }

    fn headers(&self) -> impl Iterator<Item = (&'a str, String)> {
        let plain = self.0.iter();
        let names = plain.filter(|(key, _)| !matches!(**key, "sdp" | "tag" | "cseq"));
        names.map(|(key, value)| (*key, value.replace('_', " ")))
    }
}

impl Solo {
    pub(super) fn new(config: Config) -> Self {
        Self {
            table: Dialogs::new(config.clone(), Rng::from_number(5)),
            config,
            restarts: 0,
            now: Instant::ZERO,
            session: outbound(0),
            sent: BTreeMap::new(),
            local: None,
            servers: 0,
            trace: String::new(),
            account: None,
            tags: Tags::Kept,
            said: None,
            rseq: String::new(),
        }
    }

    /// Every request is one outside dialogs.
    pub(super) fn forget_tags(&mut self) {
        self.tags = Tags::Forgotten;
    }

    pub(super) fn account(&mut self, account: crate::auth::Authenticator) {
        self.account = Some(AccountId(1));
        self.give(Input::Account(AccountId(1), Some(account)));
    }

    /// Asks for OPTIONS outside any dialog.
    pub(super) fn options(&mut self) -> Response {
        self.request("OPTIONS", &Args::read("cseq=1".split_whitespace()));
        self.said.clone().expect("an answer")
    }

    pub(super) fn run(mut self, script: &str) -> String {
        for line in script
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty())
        {
            let mut words = line.split_whitespace();
            let moment: u64 = words.next().unwrap().parse().unwrap();
            self.wait(Instant::from_millis(moment));
            let verb = words.next().unwrap();
            let rest: Vec<&str> = words.collect();
            writeln!(self.trace, "{moment:<5} {verb} {}", rest.join(" ")).unwrap();
            self.act(verb, &rest);
            self.restart();
        }
        self.trace
    }

    /// Writes the table down and takes it up again, as a new process would (rulings 8).
    fn restart(&mut self) {
        let state = serde_json::to_string(self.table.state()).unwrap();
        let again: State = serde_json::from_str(&state).unwrap();
        assert_eq!(serde_json::to_string(&again).unwrap(), state);
        self.restarts += 1;
        let rng = Rng::from_number(5 + self.restarts);
        let (live, deadline) = (self.table.live(), self.table.deadline());
        self.table = Dialogs::restore(again, self.config.clone(), rng);
        assert_eq!((self.table.live(), self.table.deadline()), (live, deadline));
    }

    fn wait(&mut self, until: Instant) {
        while let Some(at) = self.table.deadline().filter(|at| *at <= until) {
            self.now = at;
            self.table.handle_time(at);
            self.drain();
        }
        self.now = until;
    }

    fn give(&mut self, input: Input) {
        self.table.handle(input, self.now);
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(output) = self.table.poll_output() {
            let line = match output {
                Output::Send {
                    id,
                    request,
                    route_to,
                    ..
                } => {
                    let line = format!("sends {}", wire(&request));
                    let line = format!("{line} via {route_to}");
                    self.sent.insert(request.method().clone(), (id, request));
                    line
                }
                Output::SendAck { request, .. } => format!("sends {}", wire(&request)),
                Output::Cancel { .. } => "cancels".to_owned(),
                Output::Abandon { .. } => "abandons".to_owned(),
                Output::Respond { response, .. } => {
                    self.said = Some(response.clone());
                    if let Some(rseq) = response.headers().text(HeaderName::RSeq) {
                        self.rseq = rseq.as_str().to_owned();
                    }
                    if response.status().code() < 300 {
                        self.local = match self.tags {
                            Tags::Kept => response.headers().to().ok(),
                            Tags::Forgotten => None,
                        };
                    }
                    format!("says {}", show(&Message::Response(response)))
                }
                Output::News { session, news } => {
                    self.session = session;
                    format!("! {}", describe(&news))
                }
            };
            writeln!(self.trace, "{:<5}   {line}", self.now.as_millis()).unwrap();
        }
    }

    fn act(&mut self, verb: &str, rest: &[&str]) {
        let args = Args::read(rest.iter().copied());
        let first = rest.first().copied().unwrap_or_default();
        let body = Bytes::copy_from_slice(first.as_bytes());
        let code = || Status::new(first.parse().unwrap()).unwrap();
        let order = match verb {
            "dial" => return self.dial(first),
            "hears" => return self.respond(rest, &args),
            "fails" => {
                let id = self.sent[&first.parse::<Method>().unwrap()].0;
                let why = Failure::TimedOut;
                return self.give(Input::Failed { id, why });
            }
            "asked" => return self.request(first, &args),
            "cancelled" => {
                let reason = Some(rest.join(" ")).filter(|text| !text.is_empty());
                let id = ServerId(1);
                return self.give(Input::Cancelled { id, reason });
            }
            "lapsed" => {
                let id = ServerId(first.parse().unwrap());
                return self.give(Input::ServerEnded(id));
            }
            "wait" => return,
            "ring" => Order::Progress(Progress::RINGING),
            "early" => Order::Progress(Progress {
                status: Status::SESSION_PROGRESS,
                description: Some(body),
                delivery: Delivery::Once,
            }),
            "reliable" => Order::Progress(Progress {
                status: Status::SESSION_PROGRESS,
                description: Some(body).filter(|body| !body.is_empty()),
                delivery: Delivery::Reliable,
            }),
            "accept" => Order::Accept(Some(body).filter(|body| !body.is_empty())),
            "decline" => Order::Decline(code()),
            "offer" => Order::Offer(body),
            "answer" => {
                let fork = rest.get(1).map_or(0, |fork| fork.parse().unwrap());
                Order::Answer(ForkId(fork), body)
            }
            "hangup" => Order::HangUp(None),
            "refer" => {
                let headers = vec![("Refer-To".to_owned(), format!("<{first}>"))];
                let method = "REFER".to_owned();
                let content = None;
                let inside = Inside {
                    method,
                    headers,
                    content,
                };
                Order::Request(5, inside)
            }
            "respond" => {
                let status = rest[1].parse().ok().and_then(Status::new);
                Order::Respond(ServerId(first.parse().unwrap()), status.unwrap())
            }
            other => panic!("no verb {other}"),
        };
        self.give(Input::Order(self.session, order));
    }

    fn dial(&mut self, offer: &str) {
        let target: Uri = "sip:bob@b.test".parse().unwrap();
        let dial = Dial {
            to: NameAddr::new(&target),
            target,
            from: "<sip:alice@a.test>".parse().unwrap(),
            contact: "<sip:alice@10.0.0.1>".parse().unwrap(),
            routes: Vec::new(),
            account: self.account,
            offer: Some(offer)
                .filter(|text| !text.is_empty())
                .map(|text| Bytes::copy_from_slice(text.as_bytes())),
            headers: Vec::new(),
            no_answer_after: Some(base::Duration::from_secs(60)),
        };
        self.give(Input::Dial(outbound(0), Box::new(dial)));
    }

    /// `hears CODE METHOD tag=… sdp=… Header=value`: a response to our newest request of METHOD.
    fn respond(&mut self, rest: &[&str], args: &Args<'_>) {
        let status = Status::new(rest[0].parse().unwrap()).unwrap();
        let (id, request) = self.sent[&rest[1].parse::<Method>().unwrap()].clone();
        let mut builder = ResponseBuilder::to(&request, status);
        if let Some(tag) = args.0.get("tag") {
            builder = builder
                .to_tag(tag)
                .header(HeaderName::Contact, format!("<sip:{tag}@10.0.0.9>"));
        }
        for (name, value) in args.headers() {
            builder = builder.replace(name, value);
        }
        if let Some(body) = args.body() {
            builder = builder.body("application/sdp", body);
        }
        let response = builder.build();
        self.give(Input::Response { id, response });
    }

    /// `asked METHOD tag=… cseq=… sdp=… Header=value`: a request of the peer's with that tag.
    fn request(&mut self, method: &str, args: &Args<'_>) {
        let tag = args.0.get("tag").copied().unwrap_or("peer");
        let method: Method = method.parse().unwrap();
        let to = self.our_side();
        let call_id = self
            .sent
            .get(&Method::Invite)
            .map_or("call".to_owned(), |sent| {
                sent.1.headers().call_id().unwrap().as_str().to_owned()
            });
        let cseq = args.0.get("cseq").copied().unwrap_or("1");
        let mut builder = RequestBuilder::new(method.clone(), "sip:alice@10.0.0.1")
            .header(HeaderName::MaxForwards, 70)
            .header(HeaderName::From, format!("<sip:bob@b.test>;tag={tag}"))
            .header(HeaderName::To, to)
            .header(HeaderName::CallId, call_id)
            .header(HeaderName::CSeq, format!("{cseq} {method}"))
            .header(HeaderName::Contact, "<sip:bob@10.0.0.2>");
        for (name, value) in args.headers() {
            builder = builder.header(name, value.replace("last", &self.rseq));
        }
        if let Some(body) = args.body() {
            builder = builder.body("application/sdp", body);
        }
        let request = builder.build();
        if method == Method::Ack {
            return self.give(Input::Ack(request));
        }
        self.servers += 1;
        self.give(Input::Request {
            id: ServerId(self.servers),
            request,
            origin: Origin {
                flow: FlowId(1),
                transport: Transport::Udp,
                source: "10.0.0.2:5060".parse().unwrap(),
                local: "10.0.0.1:5060".parse().unwrap(),
            },
        });
    }

    /// Our side of the dialog as To: with our tag, once there is one.
    fn our_side(&self) -> String {
        let ours = self
            .sent
            .get(&Method::Invite)
            .map(|sent| sent.1.headers().from().unwrap().to_string());
        match (&self.local, ours) {
            (_, Some(from)) => from,
            (Some(to), None) if to.tag().is_some() => to.to_string(),
            (Some(_) | None, None) => "<sip:alice@a.test>".to_owned(),
        }
    }
}

fn wire(request: &Request) -> String {
    let headers = request.headers();
    let mut line = show(&Message::Request(request.clone()));
    if let Some(tag) = headers.to().unwrap().tag() {
        write!(line, " to {tag}").unwrap();
    }
    for name in [HeaderName::Route, HeaderName::ProxyAuthorization] {
        if headers.count(name) > 0 {
            write!(line, " with {name}").unwrap();
        }
    }
    line
}
