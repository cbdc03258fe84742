//! What can be dialled, and what it does.
//!
//! A call is taken from whoever is registered here, by the address that it registered from, and from
//! whoever answers a challenge (407): phones that register are never asked twice, and those that do not
//! can call as well.

mod list;

pub(crate) use list::{Desk, VOICES};
pub use list::{EXTENSIONS, Extension};

use crate::gate::{Answer, Gate};
use crate::registrar::{Shared, user_of};
use crate::sounds::Sounds;
use base::{Duration, Instant};
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use list::{Does, Says, UNANSWERED};
use part_dialogs::answering::{Answering, Plan, Refusal, Step};
use ports::media::{Impairment, Sound};
use sip_message::{HeaderName, Request, Status};
use std::path::Path;

/// How long two extensions that were joined stay so: nobody hears them. Unit: time.
const TOGETHER: Duration = Duration::from_secs(20);
/// The address that 604 wants its sound at; nobody has it. Source: RFC 5737.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 10));

/// A network that brings nothing.
const DEAD: Impairment = Impairment {
    loss_permille: 1_000,
    jitter_ms: 0,
    bursts: None,
    seed: 604,
};

/// Answers calls by the number that was dialled.
#[derive(Debug)]
pub struct Extensions {
    directory: Shared,
    gate: Gate,
    sounds: Sounds,
    clock: fn() -> Instant,
    /// Where the PBX calls itself from, as it does when an extension is handed on to another one.
    own: Option<SocketAddr>,
}

impl Extensions {
    /// For callers that stand in `directory` or pass `gate`.
    pub(crate) fn new(
        directory: Shared,
        gate: Gate,
        sounds: Sounds,
        clock: fn() -> Instant,
    ) -> Self {
        Self {
            directory,
            gate,
            sounds,
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
        let bob = |at_end: &str| file(&self.sounds.bob, at_end);
        match says {
            Says::Greeting | Says::Briefly(..) => bob("silence"),
            Says::Holding(..) => bob("loop"),
            Says::Music => file(&self.sounds.music, "loop"),
            Says::Voice(number) => {
                let voice = self.sounds.voices.get(usize::from(number));
                voice.map_or(Sound::Silence, |voice| file(voice, "loop"))
            }
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
                sound: Box::new(bob("loop")),
                by,
            },
            // Those can be brought together with others.
            Says::Through(_) => Sound::Person,
        }
    }

    fn dialled(&self, request: &Request) -> Option<&'static Extension> {
        let user = user_of(&request.uri().ok()?)?;
        Extension::of(&user, self.is_own(request))
    }
}

fn file(path: &Path, at_end: &str) -> Sound {
    device(
        "audio-file",
        &serde_json::json!({"read": path, "at_end": at_end}),
    )
}

fn device(plugin: &str, request: &serde_json::Value) -> Sound {
    Sound::Device {
        plugin: plugin.to_owned(),
        request: request.to_string(),
    }
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
        let refused = |status, header: Option<(HeaderName, String)>| {
            let headers = header.into_iter().collect();
            Some(Refusal { status, headers })
        };
        match self.dialled(request).map(|extension| extension.does) {
            Some(Does::Answer(..) | Does::Ring) => None,
            Some(Does::Refuse(status, header)) => {
                refused(status, header.map(|(name, value)| (name, value.to_owned())))
            }
            Some(Does::Redirect(to)) => {
                let contact = elsewhere(request, to).map(|to| (HeaderName::Contact, to));
                refused(Status::MOVED_TEMPORARILY, contact)
            }
            None => refused(Status::NOT_FOUND, None),
        }
    }

    fn plan(&mut self, request: &Request) -> Plan {
        let does = self.dialled(request).map(|extension| extension.does);
        let (after, says) = match does {
            Some(Does::Answer(after, says)) => (after, says),
            // Others were refused before.
            Some(Does::Ring | Does::Refuse(..) | Does::Redirect(_)) | None => {
                let mut plan = Plan::ring();
                plan.steps.push((UNANSWERED, Step::HangUp(None)));
                return plan;
            }
        };
        let mut plan = Plan::accept_after(after, self.sound(says));
        let mut then = |wait: Duration, step| plan.steps.push((after + wait, step));
        match says {
            Says::OneWay => plan.pretend = Some(NOWHERE),
            Says::Briefly(talk, why) => then(talk, Step::HangUp(Some(why.to_owned()))),
            Says::Holding(talk, hold) => {
                then(talk, Step::Hold);
                then(talk + hold, Step::Resume);
            }
            Says::Greeting
            | Says::Music
            | Says::Echo
            | Says::Tone
            | Says::Over(_)
            | Says::Voice(_)
            | Says::Through(_) => {}
        }
        let lasts = matches!(says, Says::Voice(_) | Says::Through(_));
        if self.is_own(request) && !lasts {
            plan.steps.push((after + TOGETHER, Step::HangUp(None)));
        }
        plan
    }
}

/// Another number at the address that was called.
fn elsewhere(request: &Request, number: &str) -> Option<String> {
    let uri = request.uri().ok()?;
    let asked = uri.sip()?;
    let port = asked
        .port()
        .map_or_else(String::new, |port| format!(":{port}"));
    Some(format!("<sip:{number}@{}{port}>", asked.host()))
}

#[cfg(test)]
mod tests;
