//! What happens to a call that comes in before a person does anything.

use base::Duration;
use core::net::IpAddr;
use policy::answer::PickUp;
use ports::media::Sound;
use sip_message::{HeaderName, Request, Status, Uri};

/// Decides about calls that come in. A phone rings; a bench or a PBX answers by itself.
pub trait Answering {
    /// Refuses a request outside of dialogs before any session is made: status and header fields.
    fn refuse(&mut self, request: &Request) -> Option<Refusal>;

    /// What is done with a call that came in.
    fn plan(&mut self, request: &Request) -> Plan;
}

/// A refusal with its header fields.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// 300 to 699.
    pub status: Status,
    /// Such as Retry-After or a challenge.
    pub headers: Vec<(HeaderName, String)>,
}

/// Steps of one call, by the time since it came in.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// In order of time.
    pub steps: Vec<(Duration, Step)>,
    /// Where the call's sound comes from and goes to.
    pub sound: Sound,
    /// The address to name in the session description instead of ours, to show what happens.
    pub pretend: Option<IpAddr>,
}

/// One thing that is done by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Waits no longer for its account to be registered.
    Unregistered,
    /// 180 Ringing.
    Ring,
    /// Picks up.
    Accept,
    /// Picks up for a person who did nothing: with a tone before the microphone opens.
    PickUp(PickUp),
    /// Sends the call elsewhere, if nobody picked it up.
    Forward(Uri),
    /// Presses keys: 0–9, *, #, A–D.
    Keys(String),
    /// Holds the other side (`sendonly`).
    Hold,
    /// Goes on with it.
    Resume,
    /// Hangs up, with a Reason header field.
    HangUp(Option<String>),
}

impl Plan {
    /// Rings until somebody does something.
    pub fn ring() -> Self {
        Self {
            steps: vec![(Duration::ZERO, Step::Ring)],
            ..Self::default()
        }
    }

    /// Rings, then picks up after `wait`.
    pub fn accept_after(wait: Duration, sound: Sound) -> Self {
        let steps = vec![(Duration::ZERO, Step::Ring), (wait, Step::Accept)];
        Self {
            steps,
            sound,
            pretend: None,
        }
    }
}

/// A phone: every call rings until its person does something.
#[derive(Debug, Default)]
pub struct Person;

impl Answering for Person {
    fn refuse(&mut self, _request: &Request) -> Option<Refusal> {
        None
    }

    fn plan(&mut self, _request: &Request) -> Plan {
        Plan::ring()
    }
}
