//! What registrar answers and reports. Registrar owns the bindings.

use crate::link::Heard;
use crate::{Account, Address};
use control::CallHandle;
use std::sync::Arc;

/// What registrar can be told.
#[derive(Debug)]
pub enum Word {
    /// Link has something to say.
    Heard(Heard),
    /// Keeps this account registered from now on; replaces one of the same name.
    Add(Box<Account>),
    /// Removes the binding and forgets the account.
    Remove {
        /// The account's name.
        account: String,
    },
    /// Registers now, whatever the machine waits for.
    Register {
        /// The account's name.
        account: String,
    },
    /// Removes the binding; the account stays known.
    Unregister {
        /// The account's name.
        account: String,
    },
    /// A call that goes out needs the account to be registered (K-147); answered by `dialogs::Word::Registered`, once
    /// it is or cannot be. It stays so until [`Word::CallOver`].
    CallNeeds {
        /// The account's name.
        account: String,
        /// The call.
        call: CallHandle,
    },
    /// A call is over. One that needed nothing is passed over.
    CallOver {
        /// The account's name.
        account: String,
        /// The call.
        call: CallHandle,
    },
    /// Other rules about the account's calls hold from now on.
    Policy {
        /// The account's name.
        account: String,
        /// All of them.
        policy: Arc<policy::Policy>,
    },
    /// The connection to `target` is gone.
    FlowLost {
        /// Where it led.
        target: sip::Target,
    },
    /// The engine stops: removes all bindings.
    Stop,
    /// Another part was made anew.
    Restarted(Address),
}
