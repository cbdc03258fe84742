//! What dialogs answers and reports. Dialogs owns the sessions and says what a call is.

use crate::link::Heard;
use crate::media::Ready;
use crate::{Account, Address};
use base::Duration;
use control::conference::Participant;
use control::snapshot::Party;
use control::{CallHandle, CommandId, ErrorObject, KnownName, RecordingSnapshot};
use sip::ServerId;
use sip::session::Inside;
use sip_message::{Status, Uri};
use std::sync::Arc;

/// What dialogs can be told.
#[derive(Debug)]
pub enum Word {
    /// Link has something to say.
    Heard(Heard),
    /// An account may be called from and called at; replaces one of the same name.
    Account(Box<Account>),
    /// The account is gone; its calls go on.
    AccountGone {
        /// The account's name.
        account: String,
    },
    /// Everybody who is kept, as far as rules ask for them.
    Contacts(Arc<crate::book::Book>),
    /// Other rules about the account's calls hold from now on.
    Policy {
        /// The account's name.
        account: String,
        /// All of them.
        policy: Arc<policy::Policy>,
    },
    /// Calls of the account go by this registrar from now on; those that are up stay where they are.
    Registrar {
        /// The account's name.
        account: String,
        /// `None`: by the domain.
        registrar: Option<Uri>,
    },
    /// The account of a call that asked by `registrar::Word::CallNeeds` is registered, or cannot be.
    Registered {
        /// The call.
        call: CallHandle,
        /// Why not.
        outcome: Result<(), Box<ErrorObject>>,
    },
    /// Calls somebody.
    Dial {
        /// Which command asked.
        command: CommandId,
        /// The call's handle from now on, chosen by control.
        call: CallHandle,
        /// From which account; `None` is the default one.
        account: Option<String>,
        /// As typed: an extension, a number, an address.
        to: String,
        /// How long it may ring; `None`: as the settings say.
        ring_for: Option<Duration>,
        /// More header fields of the INVITE.
        headers: Vec<(String, String)>,
        /// What is done with the number, where rules want nothing else.
        action: Option<policy::DialAction>,
    },
    /// Picks up.
    Accept {
        /// Which command asked.
        command: CommandId,
        /// The call.
        call: CallHandle,
    },
    /// Refuses.
    Decline {
        /// Which command asked.
        command: CommandId,
        /// The call.
        call: CallHandle,
        /// With what; `None` is 486 Busy Here.
        status: Option<u16>,
    },
    /// Lets it ring on without a sound here.
    Silence {
        /// Which command asked.
        command: CommandId,
        /// The call.
        call: CallHandle,
    },
    /// Sends a call that rings here elsewhere.
    Redirect {
        /// Which command asked.
        command: CommandId,
        /// The call.
        call: CallHandle,
        /// As typed: an extension, a number, an address.
        to: String,
    },
    /// Ends.
    HangUp {
        /// Which command asked.
        command: CommandId,
        /// The call.
        call: CallHandle,
    },
    /// Ends every call; the engine may be stopping.
    HangUpAll {
        /// Which command asked.
        command: CommandId,
    },
    /// Sends digits.
    Digits {
        /// Which command asked.
        command: CommandId,
        /// The call.
        call: CallHandle,
        /// 0–9, *, #, A–D.
        digits: String,
        /// How long each key is held. Unit: ms. `None`: as is usual.
        duration_ms: Option<u32>,
    },
    /// Silences our microphone, or no longer.
    Mute {
        /// Which command asked.
        command: CommandId,
        /// The call.
        call: CallHandle,
        /// Silent from now on.
        on: bool,
    },
    /// Holds the other side: no sound goes either way until [`Word::Resume`].
    Hold {
        /// Which command asked.
        command: CommandId,
        /// The call.
        call: CallHandle,
    },
    /// Goes on with a call that is held here.
    Resume {
        /// Which command asked.
        command: CommandId,
        /// The call.
        call: CallHandle,
    },
    /// Holds what is active and goes on with a call that is held here.
    Swap {
        /// Which command asked.
        command: CommandId,
        /// The call to go on with; `None`: the one that was held last.
        call: Option<CallHandle>,
    },
    /// Merges calls.
    Merge {
        /// Which command asked.
        command: CommandId,
        /// Which; empty: all that are up.
        calls: Vec<CallHandle>,
    },
    /// Takes a call out of its conversation with others.
    Split {
        /// Which command asked.
        command: CommandId,
        /// Which; `None`: all of the conference.
        call: Option<CallHandle>,
    },
    /// The person leaves the conference.
    EndConference {
        /// Which command asked.
        command: CommandId,
        /// The others go on.
        keep: bool,
    },
    /// Joins two calls with each other, without the person, because neither can be handed on to the other; answered
    /// by `transfer::Word::Joined`.
    Join {
        /// Which command asked.
        command: CommandId,
        /// The call that was to be handed on.
        call: CallHandle,
        /// The call with its target.
        with: CallHandle,
    },
    /// Sends a request in the dialog of a call; answered by [`crate::Post::outcome`], also where the call is
    /// over, or not up yet.
    InDialog {
        /// Who wants to know what becomes of it.
        from: Address,
        /// Their number for it.
        ticket: u64,
        /// The call.
        call: CallHandle,
        /// Method, more header fields, body.
        request: Inside,
    },
    /// Removes somebody from the conference of a server.
    RemoveParticipant {
        /// Which command asked.
        command: CommandId,
        /// Our call with the conference.
        call: CallHandle,
        /// Whose address.
        participant: Uri,
    },
    /// Who is in the conference that a call is with.
    Participants {
        /// The call.
        call: CallHandle,
        /// `None`: the server does not say.
        participants: Option<Vec<Participant>>,
    },
    /// A call that was to be sent into a conference (`transfer::To::Conference`) is there, or is not.
    Sent {
        /// The call.
        call: CallHandle,
        /// How it ended.
        how: Sent,
    },
    /// A request sent by `InDialog` for dialogs itself has its final response, or will have none.
    Outcome {
        /// Under what it was sent.
        ticket: u64,
        /// The peer's status, where one came.
        status: Option<Status>,
    },
    /// Sends REFER in the dialog of a call for transfer; answered by `transfer::Word::Outcome`, or by
    /// `Unusable` where nobody can be referred to so.
    Refer {
        /// Transfer's number for it.
        ticket: u64,
        /// The call.
        call: CallHandle,
        /// Where its far end is to go.
        to: ReferTo,
    },
    /// Calls whom the far end of a call sends us to.
    Follow {
        /// The call's handle from now on.
        call: CallHandle,
        /// The call in which we were sent there: it stays as it is, and gives the new one its sound.
        instead: CallHandle,
        /// A URI.
        to: String,
        /// More header fields of the INVITE.
        headers: Vec<(String, String)>,
    },
    /// A call of ours was handed on or parked: it is marked, and known again where it comes back.
    HandedOn(Box<HandedOn>),
    /// Ends a call from which the person has gone elsewhere.
    Leave {
        /// The call.
        call: CallHandle,
    },
    /// Answers a request that another part was told of. One that is gone is passed over.
    Respond {
        /// The call.
        call: CallHandle,
        /// The request.
        id: ServerId,
        /// With what.
        status: Status,
    },
    /// Media is ready for a description, or not to be had.
    Media {
        /// The call.
        call: CallHandle,
        /// What can be described, or why nothing can.
        ready: Result<Box<Ready>, String>,
    },
    /// Media noticed something that the call's snapshot shows.
    Noticed {
        /// The call.
        call: CallHandle,
        /// What.
        what: crate::media::Notice,
    },
    /// How a call's recording stands, for its snapshots.
    Recording {
        /// The call.
        call: CallHandle,
        /// `None`: there is none any more.
        recording: Option<Box<RecordingSnapshot>>,
    },
    /// A record of the call is on disk: it may ring.
    Noted {
        /// The call.
        call: CallHandle,
    },
    /// Our own lists know who the other end is.
    Named {
        /// The call.
        call: CallHandle,
        /// Who, and by which list.
        known: KnownName,
    },
    /// Another part was made anew.
    Restarted(Address),
}

/// A call that was handed on or parked from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOn {
    /// The call.
    pub call: CallHandle,
    /// Its account's name; empty: none.
    pub account: String,
    /// Its far end.
    pub who: Party,
    /// Where to, as typed, or an address.
    pub to: String,
    /// That is a park slot.
    pub slot: bool,
}

/// How it ended that a call was to be sent into a conference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// Its far end is there.
    There,
    /// It is not, and its call is here as before.
    Here,
    /// Its call is gone; nobody said whether it is there.
    Gone,
}

/// Where somebody is to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReferTo {
    /// To whom this means where it is dialled in the call's account.
    Typed(String),
    /// There, as it stands.
    Address(Uri),
    /// To the far end of this other call, whose place the new call takes (RFC 3891), where the dialog with it goes.
    Taking(CallHandle),
    /// The same, but to the address of that far end.
    TakingAt(CallHandle),
    /// To the far end of this other call of ours, which still rings: the new call takes its place.
    TakingEarly(CallHandle),
}
