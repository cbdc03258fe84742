//! The endpoint as a whole: messages in, what it asks for out. Times are milliseconds.

mod clients;
mod fuzz;
mod servers;

use super::*;
use core::fmt::Write;
use core::time::Duration;
use expect_test::Expect;
use sip_message::{
    HeaderName, Limits as Read, Method, RequestBuilder, ResponseBuilder, Status, parse_datagram,
};

pub(super) const UDP: FlowId = FlowId(1);
pub(super) const TCP: FlowId = FlowId(2);

pub(super) fn peer() -> SocketAddr {
    ([192, 0, 2, 9], 5060).into()
}

pub(super) fn origin(transport: Transport) -> Origin {
    Origin {
        flow: if transport == Transport::Udp {
            UDP
        } else {
            TCP
        },
        transport,
        source: peer(),
        local: ([192, 0, 2, 1], 5060).into(),
    }
}

/// An endpoint, and a trace of what it asked for.
pub(super) struct World {
    pub(super) endpoint: Endpoint,
    pub(super) now: Instant,
    pub(super) trace: String,
    /// Everything that was transmitted.
    pub(super) sent: Vec<Message>,
    /// Ids of requests handed up.
    pub(super) requests: Vec<ServerId>,
    pub(super) ups: Vec<Request>,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(Settings::new(Limits::DESKTOP))
    }

    pub(super) fn with(settings: Settings) -> Self {
        let mut world = Self {
            endpoint: Endpoint::new(settings, Rng::from_number(1)),
            now: Instant::ZERO,
            trace: String::from("\n"),
            sent: Vec::new(),
            requests: Vec::new(),
            ups: Vec::new(),
        };
        for (flow, transport) in [(UDP, Transport::Udp), (TCP, Transport::Tcp)] {
            let addr = ([192, 0, 2, 1], 5060).into();
            world.feed(Input::Listening {
                flow,
                transport,
                addr,
            });
        }
        world
    }

    pub(super) fn feed(&mut self, input: Input) {
        self.endpoint.handle(input, self.now);
        self.drain();
    }

    /// Lets time pass up to `ms`, firing timers when they are due.
    pub(super) fn wait(&mut self, ms: u64) {
        let until = Instant::from_millis(ms);
        while let Some(due) = self.endpoint.deadline().filter(|due| *due <= until) {
            self.now = due;
            self.endpoint.handle_time(due);
            self.drain();
        }
        self.now = until;
    }

    /// Writes the state out and goes on with what is read back.
    pub(super) fn move_house(&mut self) {
        let saved = self.endpoint.save();
        let json = serde_json::to_string(&saved).expect("plain data");
        let back: Saved = serde_json::from_str(&json).expect("its own output");
        assert_eq!(back, saved);
        let settings = self.endpoint.settings.clone();
        self.endpoint = Endpoint::restore(back, settings, Rng::from_number(2));
        assert_eq!(self.endpoint.save(), saved);
    }

    fn drain(&mut self) {
        while let Some(output) = self.endpoint.poll_output() {
            let line = self.read(output);
            let now = self.now.as_millis();
            writeln!(self.trace, "{now:>6} {line}").expect("writing to a string");
        }
    }

    fn read(&mut self, output: Output) -> String {
        match output {
            Output::Transmit {
                target,
                flow,
                bytes,
            } => {
                let message = parse_datagram(bytes, &Read::DEFAULT).expect("what we send");
                let what = name(&message);
                self.sent.push(message);
                let flow = flow.map_or(String::from("any flow"), |flow| format!("{flow:?}"));
                format!("transmit {what} to {target} on {flow}")
            }
            Output::Request { id, request, .. } => {
                self.requests.push(id);
                let line = format!("request {}", request.method());
                self.ups.push(request);
                line
            }
            Output::Ack { .. } => String::from("ack"),
            Output::Cancelled { .. } => String::from("cancelled"),
            Output::Response { id, response, .. } => {
                format!("response {} for {id:?}", response.status().code())
            }
            Output::Failed { id, why } => format!("{id:?} failed: {why:?}"),
            Output::ServerEnded { why, .. } => format!("server ended: {why:?}"),
        }
    }

    pub(super) fn hear(&mut self, message: impl Into<Message>) {
        self.hear_on(message, Transport::Udp);
    }

    pub(super) fn hear_on(&mut self, message: impl Into<Message>, transport: Transport) {
        self.feed(Input::Received {
            message: message.into(),
            origin: origin(transport),
        });
    }

    pub(super) fn send(&mut self, id: u64, request: Request, transport: Transport) {
        self.feed(Input::Send {
            id: ClientId(id),
            request,
            target: Target::new(transport, peer()),
            flow: None,
        });
    }

    /// Answers the request handed up as number `place`.
    pub(super) fn respond(&mut self, place: usize, status: Status) {
        let response = ResponseBuilder::to(&self.ups[place], status);
        let response = match status {
            Status::TRYING => response.build(),
            _ => response.to_tag("ours").build(),
        };
        let id = self.requests[place];
        self.feed(Input::Respond { id, response });
    }

    /// The peer answers the last request that was sent.
    pub(super) fn answer(&mut self, status: Status) {
        let sent = self.last_request();
        let response = ResponseBuilder::to(&sent, status).to_tag("theirs").build();
        self.hear(response);
    }

    pub(super) fn last_request(&self) -> Request {
        let mut all = self.sent.iter().rev();
        all.find_map(|message| match message {
            Message::Request(request) => Some(request.clone()),
            Message::Response(_) => None,
        })
        .expect("a request was sent")
    }

    /// Compares what happened so far, and how many transactions are left.
    pub(super) fn check(&mut self, expected: Expect) {
        let trace = self.take();
        expected.assert_eq(&format!("{trace}= {} left\n", self.endpoint.len()));
    }

    pub(super) fn take(&mut self) -> String {
        core::mem::replace(&mut self.trace, String::from("\n"))
    }
}

fn name(message: &Message) -> String {
    match message {
        Message::Request(request) => request.method().to_string(),
        Message::Response(response) => {
            // A refusal repeats what it refuses, readable or not.
            let cseq = response.headers().cseq();
            let method = cseq.map_or(String::from("?"), |cseq| cseq.method.to_string());
            format!("{} {method}", response.status().code())
        }
    }
}

/// A request of ours, without Via.
pub(super) fn ours(method: Method) -> Request {
    let cseq = format!("1 {method}");
    RequestBuilder::new(method, "sip:bob@b.example")
        .header(HeaderName::From, "<sip:alice@a.example>;tag=ours")
        .header(HeaderName::To, "<sip:bob@b.example>")
        .header(HeaderName::CallId, "out-1")
        .header(HeaderName::CSeq, cseq)
        .header(HeaderName::MaxForwards, 70)
        .header(HeaderName::Contact, "<sip:alice@192.0.2.1>")
        .header(HeaderName::Route, "<sip:proxy.example;lr>")
        .build()
}

/// A request of the peer's.
pub(super) fn theirs(method: Method, branch: &str, to_tag: &str) -> Request {
    theirs_via(
        method,
        &format!("SIP/2.0/UDP 10.0.0.7:5090;rport;branch={branch}"),
        to_tag,
    )
}

pub(super) fn theirs_via(method: Method, via: &str, to_tag: &str) -> Request {
    let to_tag = if to_tag.is_empty() {
        String::new()
    } else {
        format!(";tag={to_tag}")
    };
    let of = method.clone();
    RequestBuilder::new(method, "sip:alice@192.0.2.1")
        .header(HeaderName::Via, via)
        .header(HeaderName::From, "<sip:bob@b.example>;tag=theirs")
        .header(HeaderName::To, format!("<sip:alice@a.example>{to_tag}"))
        .header(HeaderName::CallId, "in-1")
        .header(HeaderName::CSeq, format!("7 {of}"))
        .header(HeaderName::MaxForwards, 70)
        .header(HeaderName::Contact, "<sip:bob@10.0.0.7:5090>")
        .build()
}

pub(super) const LONG: Duration = Duration::from_secs(64);
