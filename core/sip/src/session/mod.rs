//! One INVITE usage of a dialog, from offer to goodbye (RFC 3261 §13, RFC 5057).
//!
//! | file | holds |
//! | --- | --- |
//! | [`order`] | what the user of a session can want |
//! | [`end`] | how it ended, and what hanging up sends in each state |
//! | [`offer`] | who may offer now |
//! | [`refresh`] | session timer (RFC 4028) |
//! | `reliable` | provisional responses that have to arrive (RFC 3262) |
//! | `calling`, `invite` | our INVITE without a final response; forks; second tries; ACK |
//! | `cancelling` | we hung up on it: CANCEL and what crosses it |
//! | `called`, `ringing` | the peer's INVITE without a final response; what we say meanwhile |
//! | `up`, `expiry` | the confirmed dialog, and its session timer at work |
//! | `modify` | INVITE inside it, glare |
//! | `ending` | BYE and what crosses it |
//! | `leg`, `prack`, `update` | one dialog: INFO and OPTIONS, PRACK, UPDATE |
//! | `ledger` | open requests of ours, ACKs to repeat, timers |
//! | `redirect`, `success`, `read`, `write`, `fx` | one helper each |

pub mod end;
pub mod offer;
pub mod order;
pub mod refresh;

mod called;
mod calling;
mod cancelling;
mod ending;
mod expiry;
pub(crate) mod fx;
mod invite;
mod ledger;
mod leg;
mod modify;
mod prack;
pub(crate) mod read;
mod redirect;
mod reliable;
mod ringing;
mod success;
mod up;
mod update;
pub(crate) mod write;

pub use end::{By, Cause, Detail, EndReason, Goodbye};
pub use order::{AccountId, Content, Delivery, Dial, ForkId, Inside, Order, Progress};
pub use refresh::Wish;

pub(crate) use crate::transaction::timers::{GIVE_UP, T1, T2};

use crate::dialog::LocalTag;
use crate::ids::{ClientId, ServerId, SessionId};
use crate::transaction::Failure;
use base::Instant;
use called::Called;
use calling::{Calling, Heard};
use cancelling::Cancelling;
use core::net::IpAddr;
use ending::Ending;
use fx::{Asked, Fx};
use ledger::Ledger;
use leg::Leg;
use refresh::Role;
use serde::{Deserialize, Serialize};
use sip_message::{Replaces, Request, Response, Status, Text};
use up::Up;

/// Everything that can happen to a session.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    /// A request in one of its dialogs, from the peer with `tag`. Never ACK or CANCEL.
    Request { asked: Asked, tag: Option<Text> },
    /// The ACK to a 2xx of ours.
    Ack(Request),
    /// The peer cancelled its INVITE.
    Cancelled {
        id: ServerId,
        reason: Option<String>,
    },
    /// A response to a request of ours.
    Response { id: ClientId, response: Response },
    /// No final response will come.
    Failed { id: ClientId, why: Failure },
    /// A server transaction ended other than by running its course.
    ServerEnded(ServerId),
    /// The user wants something.
    Order(Order),
    /// A deadline set earlier has passed.
    Timer(Timer),
}

/// The timers of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Timer {
    /// It rang long enough.
    NoAnswer,
    /// A reliable 1xx is due for a repeat or the end.
    Reliable,
    /// A 1xx keeps proxies patient.
    KeepRinging,
    /// A 2xx is due for a repeat or the end.
    Success,
    /// A re-INVITE has its turn.
    Retry,
    /// The session timer.
    Refresh,
    /// The user has waited long enough to hear that the session ended.
    Tell,
    /// The cancelled INVITE counts as dead.
    Cancelled,
    /// A 2xx is repeated no more, so its ACK can be forgotten.
    Forget,
}

/// Where a session stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// Our INVITE is out and has no final response.
    Calling(Box<Calling>),
    /// We hung up before a final response to it.
    Cancelling(Box<Cancelling>),
    /// The peer's INVITE has no final response.
    Called(Box<Called>),
    /// The dialog is confirmed.
    Up(Box<Up>),
    /// Goodbyes are under way.
    Ending(Box<Ending>),
    /// Nothing more will happen.
    Gone,
}

/// A confirmed dialog, as a Replaces that somebody else sends names it (RFC 3891 §6.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialogName {
    /// Its Call-ID.
    pub call_id: Text,
    /// Our tag.
    pub local_tag: String,
    /// The peer's tag.
    pub remote_tag: Text,
    /// The peer's Contact.
    pub target: Text,
    /// That is the address of a conference.
    pub focus: bool,
}

fn named(leg: &Leg) -> Option<DialogName> {
    let dialog = &leg.dialog;
    Some(DialogName {
        call_id: dialog.call_id().clone(),
        local_tag: dialog.local_tag().to_string(),
        remote_tag: dialog.remote_tag()?.clone(),
        target: dialog.target().clone(),
        focus: dialog.is_focus(),
    })
}

/// How a session counts against the bounds of its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    /// A call that came in and is not answered, from that address.
    Early(IpAddr),
    /// Any other session that has not ended for its user.
    Live,
    /// It ended; only late messages keep it.
    Ended,
}

/// One INVITE usage of a dialog.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Session {
    stage: Stage,
    ledger: Ledger,
    tag: LocalTag,
    /// Where a call that came in came from.
    source: Option<IpAddr>,
}

impl Session {
    /// Dials.
    pub(crate) fn dial(dial: Dial, tag: LocalTag, fx: &mut Fx<'_>) -> Self {
        let contact = Text::from(dial.contact.to_string());
        let mut ledger = Ledger::new(contact, Role::Uac);
        ledger.account = dial.account;
        let calling = Calling::start(dial, tag, &mut ledger, fx);
        Self {
            stage: Stage::Calling(Box::new(calling)),
            ledger,
            tag,
            source: None,
        }
    }

    /// Takes an INVITE that came in; `None` where it was refused.
    pub(crate) fn called(
        invite: Asked,
        contact: Text,
        tag: LocalTag,
        replaces: Option<SessionId>,
        fx: &mut Fx<'_>,
    ) -> Option<Self> {
        let mut ledger = Ledger::new(contact, Role::Uas);
        let source = Some(invite.origin.source.ip());
        let called = Called::start(invite, tag, replaces, &mut ledger, fx)?;
        Some(Self {
            stage: Stage::Called(Box::new(called)),
            ledger,
            tag,
            source,
        })
    }

    /// Takes one input.
    pub(crate) fn handle(&mut self, input: Input, fx: &mut Fx<'_>) {
        let stage = core::mem::replace(&mut self.stage, Stage::Gone);
        let stage = match stage {
            Stage::Calling(calling) => calling.step(input, &mut self.ledger, fx),
            Stage::Cancelling(cancelling) => cancelling.step(input, &mut self.ledger, fx),
            Stage::Called(called) => called.step(input, &mut self.ledger, fx),
            Stage::Up(up) => up.step(input, &mut self.ledger, fx),
            Stage::Ending(ending) => ending.step(input, &mut self.ledger, fx),
            Stage::Gone => Stage::Gone,
        };
        self.stage = match stage {
            Stage::Ending(ending) if ending.is_over(&self.ledger) => Stage::Gone,
            stage @ (Stage::Calling(_)
            | Stage::Cancelling(_)
            | Stage::Called(_)
            | Stage::Up(_)
            | Stage::Ending(_)
            | Stage::Gone) => stage,
        };
    }

    /// Fires every timer that is due.
    pub(crate) fn handle_time(&mut self, fx: &mut Fx<'_>) {
        while let Some(timer) = self.ledger.timers.expire(fx.now) {
            self.handle(Input::Timer(timer), fx);
        }
    }

    /// When it next wants [`handle_time`](Self::handle_time).
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::Gone => None,
            Stage::Calling(_)
            | Stage::Cancelling(_)
            | Stage::Called(_)
            | Stage::Up(_)
            | Stage::Ending(_) => self.ledger.timers.next(),
        }
    }

    /// Our tag in all its dialogs.
    pub(crate) fn tag(&self) -> LocalTag {
        self.tag
    }

    /// Whether nothing can come any more.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.stage, Stage::Gone)
    }

    /// What hanging up would send now.
    pub(crate) fn goodbye(&self) -> Goodbye {
        match &self.stage {
            Stage::Calling(calling) => match calling.heard {
                Heard::Nothing => Goodbye::CancelAfterProvisional,
                Heard::Provisional => Goodbye::Cancel,
            },
            Stage::Called(_) => Goodbye::Decline,
            Stage::Up(up) => up.goodbye(),
            Stage::Cancelling(_) | Stage::Ending(_) | Stage::Gone => Goodbye::Nothing,
        }
    }

    /// Whether an INVITE may take the place of one of its dialogs; if not, what it is answered with.
    ///
    /// Source: RFC 3891 §3. Of early dialogs only those that we asked for: the others are not answered yet
    /// here, and nobody can take that from the person.
    pub(crate) fn may_be_replaced(&self, by: &Replaces) -> Result<(), Status> {
        let is_it = |leg: &Leg| {
            let dialog = &leg.dialog;
            *dialog.call_id() == by.call_id && dialog.is_with(Some(&by.from_tag))
        };
        match &self.stage {
            Stage::Up(up) if is_it(&up.leg) => match by.early_only {
                true => Err(Status::BUSY_HERE),
                false => Ok(()),
            },
            Stage::Calling(calling) if calling.forks.iter().any(is_it) => Ok(()),
            Stage::Ending(ending) if ending.leg.as_ref().is_some_and(is_it) => Err(Status::DECLINE),
            Stage::Calling(_)
            | Stage::Cancelling(_)
            | Stage::Called(_)
            | Stage::Up(_)
            | Stage::Ending(_)
            | Stage::Gone => Err(Status::CALL_DOES_NOT_EXIST),
        }
    }

    /// Its dialog, as others name it, once there is exactly one.
    pub(crate) fn name(&self) -> Option<DialogName> {
        let Stage::Up(up) = &self.stage else {
            return None;
        };
        named(&up.leg)
    }

    /// Its early dialog, as others name it, where the peer rings and there is exactly one.
    pub(crate) fn early_name(&self) -> Option<DialogName> {
        let Stage::Calling(calling) = &self.stage else {
            return None;
        };
        match calling.forks.as_slice() {
            [only] => named(only),
            _ => None,
        }
    }

    /// How it counts against the bounds of its table.
    pub(crate) fn weight(&self) -> Weight {
        match (&self.stage, self.source) {
            (Stage::Called(_), Some(source)) => Weight::Early(source),
            (Stage::Called(_), None)
            | (Stage::Calling(_) | Stage::Cancelling(_) | Stage::Up(_), _) => Weight::Live,
            (Stage::Ending(ending), _) if !ending.is_told() => Weight::Live,
            (Stage::Ending(_) | Stage::Gone, _) => Weight::Ended,
        }
    }
}
