//! What the part that owns transfers is told: requests inside a call's dialog that are no business of its
//! session, and what became of those that it sent there.

use crate::Address;
use control::CallHandle;
use sip::ServerId;
use sip_message::{Request, Status};

/// What transfer can be told.
#[derive(Debug)]
pub enum Word {
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
    /// A request sent by `dialogs::Word::InDialog` has its final response, or will have none.
    Outcome {
        /// Under what it was sent.
        ticket: u64,
        /// The peer's status, where one came.
        status: Option<Status>,
    },
    /// Another part was made anew.
    Restarted(Address),
}
