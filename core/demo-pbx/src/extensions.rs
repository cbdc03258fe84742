//! What can be dialled, and what it does.
//!
//! Whose calls are taken is the [`Door`]'s.

mod list;

pub(crate) use list::{Desk, MAILBOX, VOICES};
pub use list::{EXTENSIONS, Extension};

use crate::door::{Door, from};
use crate::mailboxes::{LONGEST, Visit};
use crate::registrar::{Shared, user_of};
use crate::sounds::Sounds;
use base::{Duration, Instant};
use core::net::{IpAddr, Ipv4Addr};
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
    door: Door,
    sounds: Sounds,
    clock: fn() -> Instant,
}

impl Extensions {
    /// For callers that `door` lets in; whose mailboxes stand in `directory`. The PBX's own calls need no proof, and last
    /// [`TOGETHER`].
    pub(crate) const fn new(
        directory: Shared,
        door: Door,
        sounds: Sounds,
        clock: fn() -> Instant,
    ) -> Self {
        Self {
            directory,
            door,
            sounds,
            clock,
        }
    }

    fn sound(&self, says: Says, request: &Request) -> Sound {
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
            Says::Mailbox(visit) => self.at_mailbox(request, visit),
            // Those can be brought together with others.
            Says::Through(_) => Sound::Person,
        }
    }

    /// A message is written while the greeting is played and afterwards, or played if there is one.
    fn at_mailbox(&self, request: &Request, visit: Visit) -> Sound {
        let user = from(request).unwrap_or_default();
        let now = (self.clock)();
        let call_id = request.headers().call_id();
        let call_id = call_id.map(|text| text.to_string()).unwrap_or_default();
        let mail = &mut self.directory.borrow_mut().mail;
        let message = mail.visit((&user, &call_id), visit, now);
        match visit {
            Visit::Leave => {
                let greeting = &self.sounds.greeting;
                let request =
                    serde_json::json!({"read": greeting, "at_end": "silence", "write": message});
                device("audio-file", &request)
            }
            Visit::Listen => file(message.as_ref().unwrap_or(&self.sounds.nothing), "silence"),
        }
    }

    fn dialled(&self, request: &Request) -> Option<&'static Extension> {
        let user = user_of(&request.uri().ok()?)?;
        Extension::of(&user, self.door.is_own(request))
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

impl Answering for Extensions {
    fn refuse(&mut self, request: &Request) -> Option<Refusal> {
        let now = (self.clock)();
        let guest = match self.door.judge(request, now) {
            Ok(guest) => guest,
            Err(refusal) => return Some(refusal),
        };
        let refused = |status, header: Option<(HeaderName, String)>| {
            let headers = header.into_iter().collect();
            Some(Refusal { status, headers })
        };
        match self.dialled(request).map(|extension| extension.does) {
            Some(Does::Answer(_, Says::Mailbox(_))) => match guest.speaks_for(request) {
                None => refused(Status::FORBIDDEN, None),
                Some(user) if self.directory.borrow().mail.is_visited(user, now) => {
                    refused(Status::BUSY_HERE, None)
                }
                Some(_) => None,
            },
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
        let mut plan = Plan::accept_after(after, self.sound(says, request));
        let mut then = |wait: Duration, step| plan.steps.push((after + wait, step));
        match says {
            Says::OneWay => plan.pretend = Some(NOWHERE),
            Says::Briefly(talk, why) => then(talk, Step::HangUp(Some(why.to_owned()))),
            Says::Holding(talk, hold) => {
                then(talk, Step::Hold);
                then(talk + hold, Step::Resume);
            }
            Says::Mailbox(_) => then(LONGEST, Step::HangUp(None)),
            Says::Greeting
            | Says::Music
            | Says::Echo
            | Says::Tone
            | Says::Over(_)
            | Says::Voice(_)
            | Says::Through(_) => {}
        }
        let lasts = matches!(says, Says::Voice(_) | Says::Through(_));
        if self.door.is_own(request) && !lasts {
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
