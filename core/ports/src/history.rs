//! What history answers and reports. History keeps a record of every call, and knows who calls.

use crate::{Account, Address, store};
use control::history::Mark;
use control::{CallHandle, CallSnapshot};

/// What history can be told.
#[derive(Debug)]
pub enum Word {
    /// A call as it is now: told when it began, was answered, was recorded, and ended. Told again, it changes nothing.
    Call(Box<CallSnapshot>),
    /// Something of a call that its snapshot does not show.
    Marked {
        /// The call.
        call: CallHandle,
        /// What.
        mark: Mark,
    },
    /// An account whose person calls are kept for; replaces one of the same name.
    Account(Box<Account>),
    /// The account is gone.
    AccountGone {
        /// The account's name.
        account: String,
    },
    /// Who keeps records on disk has something to say.
    Stored(store::Told),
    /// Another part was made anew.
    Restarted(Address),
}
