//! What messages answers and reports. Messages owns the text messages that go out and come in.

use crate::link::Heard;
use crate::{Account, Address};
use control::{CallHandle, CommandId};
use sip::ServerId;
use sip_message::{Request, Status};

/// What messages can be told.
#[derive(Debug)]
pub enum Word {
    /// Link has something to say.
    Heard(Heard),
    /// An account may write and be written to; replaces one of the same name.
    Account(Box<Account>),
    /// The account is gone; what is under way goes on.
    AccountGone {
        /// The account's name.
        account: String,
    },
    /// Sends a text.
    Send {
        /// Which command asked.
        command: CommandId,
        /// Its id, chosen by control, unique for all time.
        id: String,
        /// From which account.
        account: String,
        /// As typed: an extension or an address.
        to: To,
        /// What it says.
        text: String,
    },
    /// A MESSAGE came in the dialog of a call; answered by `dialogs::Word::Respond`.
    Asked {
        /// The call.
        call: CallHandle,
        /// Under what it is answered.
        id: ServerId,
        /// The request.
        request: Box<Request>,
    },
    /// What became of a MESSAGE of ours in the dialog of a call.
    Outcome {
        /// Under what it was sent.
        ticket: u64,
        /// The peer's status, where one came.
        status: Option<Status>,
    },
    /// A message is on disk.
    Kept {
        /// Its id.
        id: String,
    },
    /// Another part was made anew.
    Restarted(Address),
}

/// To whom a text goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// To whom this means in the account.
    Typed(String),
    /// To the far end of a call, in its dialog; the text is what it is called.
    InCall(CallHandle, String),
}
