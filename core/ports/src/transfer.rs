//! What the part that owns transfers is told: commands, how calls stand, requests inside a call's dialog that are
//! no business of its session, and what became of those that it sent there.

use crate::Address;
use control::{CallHandle, CallSnapshot, Code, CommandId};
use sip::ServerId;
use sip_message::{Request, Status, Uri};

/// What transfer can be told.
#[derive(Debug)]
pub enum Word {
    /// Hands a call on.
    Transfer {
        /// Which command asked.
        command: CommandId,
        /// The call.
        call: CallHandle,
        /// To whom.
        to: To,
        /// That is a park slot.
        slot: bool,
    },
    /// Hands over now.
    Complete {
        /// Which command asked.
        command: CommandId,
        /// The call that is handed on.
        call: CallHandle,
    },
    /// Takes the call back.
    Cancel {
        /// Which command asked.
        command: CommandId,
        /// The call that was to be handed on.
        call: CallHandle,
    },
    /// A person says whether to go where the far end of a call sends us.
    Decide {
        /// Which command asked.
        command: CommandId,
        /// The call.
        call: CallHandle,
        /// Yes.
        go: bool,
    },
    /// A call as it is now: told when it rings, is answered, held, resumed, and over.
    Call(Box<CallSnapshot>),
    /// REFER or NOTIFY came in the dialog of a call; answered by `dialogs::Word::Respond`. Where nobody
    /// takes it, dialogs refuses it.
    Asked {
        /// The call.
        call: CallHandle,
        /// Under what it is answered.
        id: ServerId,
        /// The request.
        request: Box<Request>,
    },
    /// A request sent by `dialogs::Word::InDialog` or `Refer` has its final response, or will have none.
    Outcome {
        /// Under what it was sent.
        ticket: u64,
        /// The peer's status, where one came.
        status: Option<Status>,
    },
    /// What `dialogs::Word::Refer` names cannot be referred to: nothing was sent.
    Unusable {
        /// Under what it was to be sent.
        ticket: u64,
        /// What is wrong.
        code: Code,
        /// In words.
        why: String,
    },
    /// What became of `dialogs::Word::Join`.
    Joined {
        /// The call that was to be handed on.
        call: CallHandle,
        /// The two speak with each other.
        is_so: bool,
    },
    /// Another part was made anew.
    Restarted(Address),
}

/// To whom a call is handed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// To whom this means, at once.
    Now(String),
    /// To whom this means, who is called first: with this call, from now on.
    Ask(String, CallHandle),
    /// To the far end of this other call of ours, at once.
    With(CallHandle),
    /// Into the conference with this address, at once; answered by `dialogs::Word::Sent` (RFC 4579 §5.5). Where it
    /// does not go there, the call stays as it is.
    Conference(Uri),
}
