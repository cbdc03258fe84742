//! What can be dialled, and what it does.
//!
//! A call is taken from whoever is registered here, by the address that it registered from, and from
//! whoever answers a challenge (407): phones that register are never asked twice, and those that do not
//! can call as well.

use crate::gate::{Answer, Gate};
use crate::registrar::{Shared, user_of};
use base::{Duration, Instant};
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use part_dialogs::answering::{Answering, Plan, Refusal, Step};
use ports::media::{Bursts, Impairment, Sound};
use sip_message::{HeaderName, Request, Status};
use std::path::PathBuf;

/// How long most extensions ring. Unit: time.
const RING: Duration = Duration::from_millis(200);
/// How long two extensions that were joined stay so: nobody hears them. Unit: time.
const TOGETHER: Duration = Duration::from_secs(20);
/// The address that 604 wants its sound at; nobody has it. Source: RFC 5737.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10));

/// One number and what it does.
#[derive(Debug, Clone, Copy)]
pub struct Extension {
    /// To dial it.
    pub number: &'static str,
    /// For people.
    pub name: &'static str,
    /// In a line.
    pub what: &'static str,
    does: Does,
}

#[derive(Debug, Clone, Copy)]
enum Does {
    /// Answers with this status and one header field.
    Refuse(Status, Option<(HeaderName, &'static str)>),
    /// Picks up after ringing so long.
    Answer(Duration, Says),
}

#[derive(Debug, Clone, Copy)]
enum Says {
    /// Bob's words once; then he listens.
    Greeting,
    /// What the caller says.
    Echo,
    /// 1004 Hz.
    Tone,
    /// Nothing arrives, and it waits for sound where nobody is.
    OneWay,
    /// Bob's words again and again, over a bad network.
    Over(Impairment),
    /// Bob's words, and hangs up after so long.
    Briefly(Duration, &'static str),
}

/// All of them, in order.
pub const EXTENSIONS: &[Extension] = &[
    answers(
        "102",
        "Bob",
        "rings, answers, talks, then listens",
        Duration::from_secs(1),
        Says::Greeting,
    ),
    refuses("104", "Busy", "486 Busy Here", Status::BUSY_HERE, None),
    refuses("105", "Nobody", "404 Not Found", Status::NOT_FOUND, None),
    refuses(
        "106",
        "Overloaded",
        "503 Service Unavailable, try again in 5 s",
        Status::SERVICE_UNAVAILABLE,
        Some((HeaderName::RetryAfter, "5")),
    ),
    answers("600", "Echo", "sends back what you say", RING, Says::Echo),
    answers("601", "Tone", "1004 Hz", RING, Says::Tone),
    answers(
        "604",
        "One-way",
        "you send, nothing comes back",
        RING,
        Says::OneWay,
    ),
    answers(
        "605",
        "Rough",
        "Bob over 5 % loss and 60 ms jitter",
        RING,
        Says::Over(ROUGH),
    ),
    answers(
        "606",
        "Bursts",
        "Bob over 30 % loss for 5 s each 20 s",
        RING,
        Says::Over(BURSTS),
    ),
    answers(
        "609",
        "Brief",
        "answers, then hangs up after 2 s and says why",
        RING,
        Says::Briefly(
            Duration::from_secs(2),
            "Q.850;cause=16;text=\"Normal call clearing\"",
        ),
    ),
];

const ROUGH: Impairment = Impairment {
    loss_permille: 50,
    jitter_ms: 60,
    bursts: None,
    seed: 605,
};

const BURSTS: Impairment = Impairment {
    loss_permille: 0,
    jitter_ms: 0,
    bursts: Some(Bursts {
        every_ms: 20_000,
        for_ms: 5_000,
        loss_permille: 300,
    }),
    seed: 606,
};

/// A network that brings nothing.
const DEAD: Impairment = Impairment {
    loss_permille: 1_000,
    jitter_ms: 0,
    bursts: None,
    seed: 604,
};

const fn answers(
    number: &'static str,
    name: &'static str,
    what: &'static str,
    after: Duration,
    says: Says,
) -> Extension {
    Extension {
        number,
        name,
        what,
        does: Does::Answer(after, says),
    }
}

const fn refuses(
    number: &'static str,
    name: &'static str,
    what: &'static str,
    status: Status,
    header: Option<(HeaderName, &'static str)>,
) -> Extension {
    Extension {
        number,
        name,
        what,
        does: Does::Refuse(status, header),
    }
}

/// Answers calls by the number that was dialled.
#[derive(Debug)]
pub struct Extensions {
    directory: Shared,
    gate: Gate,
    greeting: PathBuf,
    clock: fn() -> Instant,
    /// Where the PBX calls itself from, as it does when an extension is handed on to another one.
    own: Option<SocketAddr>,
}

impl Extensions {
    /// For callers that stand in `directory` or pass `gate`. `greeting` is a WAV file.
    pub fn new(directory: Shared, gate: Gate, greeting: PathBuf, clock: fn() -> Instant) -> Self {
        Self {
            directory,
            gate,
            greeting,
            clock,
            own: None,
        }
    }

    /// Calls from this address are the PBX's own: they need no proof, and last [`TOGETHER`].
    pub fn calls_itself_from(&mut self, address: SocketAddr) {
        self.own = Some(address);
    }

    fn is_own(&self, request: &Request) -> bool {
        self.own.is_some() && source(request) == self.own
    }

    /// Whether the caller registered from where the INVITE comes from.
    fn is_registered(&self, request: &Request, source: Option<SocketAddr>, now: Instant) -> bool {
        let (Ok(from), Some(source)) = (request.headers().from(), source) else {
            return false;
        };
        let user = user_of(from.uri()).and_then(|user| String::from_utf8(user).ok());
        let directory = self.directory.borrow();
        let stands = |user: String| {
            let mut bindings = directory.bindings.of(&user, now);
            bindings.any(|binding| binding.source == source)
        };
        user.is_some_and(stands)
    }

    fn sound(&self, says: Says) -> Sound {
        let greeting = |at_end: &str| {
            let request = serde_json::json!({"read": self.greeting, "at_end": at_end});
            device("audio-file", &request)
        };
        match says {
            Says::Greeting | Says::Briefly(..) => greeting("silence"),
            Says::Echo => Sound::Echo,
            Says::Tone => {
                let tone = serde_json::json!({"tone": {"hertz": [1004]}});
                device("audio-tone", &tone)
            }
            Says::OneWay => Sound::Impaired {
                sound: Box::new(Sound::Silence),
                by: DEAD,
            },
            Says::Over(by) => Sound::Impaired {
                sound: Box::new(greeting("loop")),
                by,
            },
        }
    }
}

fn device(plugin: &str, request: &serde_json::Value) -> Sound {
    Sound::Device {
        plugin: plugin.to_owned(),
        request: request.to_string(),
    }
}

fn dialled(request: &Request) -> Option<&'static Extension> {
    let user = user_of(&request.uri().ok()?)?;
    EXTENSIONS
        .iter()
        .find(|extension| extension.number.as_bytes() == user)
}

/// Where a request came from, as the transaction layer wrote it into the top Via (RFC 3581 §4).
fn source(request: &Request) -> Option<SocketAddr> {
    let via = request.headers().top_via().ok()?;
    let ip = via.received().or_else(|| via.host().ip())?;
    let port = via.rport().unwrap_or(via.port_or_default());
    Some(SocketAddr::new(ip, port))
}

impl Answering for Extensions {
    fn refuse(&mut self, request: &Request) -> Option<Refusal> {
        let now = (self.clock)();
        let source = source(request);
        if !self.is_own(request) && !self.is_registered(request, source, now) {
            let ip = source.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |source| source.ip());
            let directory = self.directory.borrow();
            match self.gate.judge(request, ip, &directory.users, now) {
                Answer::From(_) => {}
                Answer::Refused(status, headers) => return Some(Refusal { status, headers }),
            }
        }
        match dialled(request).map(|extension| extension.does) {
            Some(Does::Answer(..)) => None,
            Some(Does::Refuse(status, header)) => {
                let header = header.map(|(name, value)| (name, value.to_owned()));
                Some(Refusal {
                    status,
                    headers: header.into_iter().collect(),
                })
            }
            None => Some(Refusal {
                status: Status::NOT_FOUND,
                headers: Vec::new(),
            }),
        }
    }

    fn plan(&mut self, request: &Request) -> Plan {
        let Some(Does::Answer(after, says)) = dialled(request).map(|extension| extension.does)
        else {
            // Refused before; nobody picks up what is not there.
            return Plan::ring();
        };
        let mut plan = Plan::accept_after(after, self.sound(says));
        if self.is_own(request) {
            plan.steps.push((after + TOGETHER, Step::HangUp(None)));
        }
        match says {
            Says::OneWay => plan.pretend = Some(NOWHERE),
            Says::Briefly(talk, why) => {
                let goodbye = Step::HangUp(Some(why.to_owned()));
                plan.steps.push((after + talk, goodbye));
            }
            Says::Greeting | Says::Echo | Says::Tone | Says::Over(_) => {}
        }
        plan
    }
}

#[cfg(test)]
mod tests;
