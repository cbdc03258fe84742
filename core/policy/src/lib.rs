//! What becomes of a number that is dialled and of a call that comes in: pure rules.
//!
//! What it is not: it has no IO, no clock and no call. Numbers, settings, the time and the state of the phone
//! go in; one decision comes out, with its reason. It knows no SIP session: whoever asks carries the decision out.
//!
//! | file | holds |
//! | --- | --- |
//! | [`dialling`] | [`Dialling`]: what a dialled number or address becomes, and why |
//! | [`action`] | [`DialAction`]: what is done with a number, and what that needs |
//! | [`incoming`] | [`Receiving`]: what becomes of a call that comes in, and why |
//! | [`rule`] | [`Rules`]: conditions and actions, as they are written |
//! | [`rewrite`] | rules applied to a number |
//! | [`locate`] | [`Location`]: numbers in the form in which they can be dialled here |
//! | [`dial_string`] | [`DialString`]: a number with pauses and digits for after the answer |
//! | [`number`] | numbers without the marks of people, and which are the same |
//! | [`disturb`] | [`DoNotDisturb`]: by hand, by schedule, with exceptions |
//! | [`clock`] | weekdays and times of day, computed from what the caller says it is |
//! | [`forward`] | [`Forwarding`], and calls that would go in circles |
//! | [`answer`] | [`AutoAnswer`]: picked up by itself, by wish of ours or of the caller |
//! | [`ringtone`] | which tone a call rings with |
//! | [`identity`] | whom a call is from, of all who say so |
//! | [`mail`] | mail addresses of who is listed, and links to them |
//! | [`mode`] | how calls are to arrive, and when an account registers therefore |
//! | [`link`] | [`Link`]: a `tel:`, `sip:`, `sips:` or `callto:` URI that somebody clicked |
//! | [`watch`] | [`Watching`]: who may see how the person is, and their calls |
//! | [`returned`] | calls that were handed on or parked from here, and come back |
//! | [`header`] | header fields that others may add, and those that only the phone writes |

pub mod action;
pub mod answer;
pub mod clock;
pub mod dial_string;
pub mod dialling;
pub mod disturb;
pub mod forward;
pub mod header;
pub mod identity;
pub mod incoming;
pub mod link;
pub mod locate;
pub mod mail;
pub mod mode;
pub mod number;
pub mod open_url;
pub mod returned;
pub mod rewrite;
pub mod ringtone;
pub mod rule;
pub mod watch;

pub use action::DialAction;
pub use answer::AutoAnswer;
pub use clock::Moment;
pub use dial_string::DialString;
pub use dialling::{Dialled, Dialling};
pub use disturb::DoNotDisturb;
pub use forward::Forwarding;
pub use identity::{Identity, IdentityOrder};
pub use incoming::{Arrival, Decided, Decision, Receiving};
pub use link::Link;
pub use locate::Location;
pub use mode::Registers;
pub use rewrite::{Contact, Network, Surroundings};
pub use rule::{Direction, Rules};
pub use watch::Watching;

/// All rules of one account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// For what it dials.
    pub dialling: Dialling,
    /// For what comes in.
    pub receiving: Receiving,
    /// Header fields of its requests.
    pub headers: Vec<header::Extra>,
    /// How mail addresses are made.
    pub mail: mail::Rule,
    /// When it registers, if it does at all.
    pub registers: Registers,
    /// For those who watch it.
    pub watching: Watching,
}
