//! What presence answers and reports. Presence owns what is told of the person here: to servers, and to watchers.

use crate::blf::Server;
use crate::link::Heard;
use crate::{Account, Address};
use control::presence::PresenceState;
use control::{CallSnapshot, CommandId, Timestamp};
use policy::Policy;
use serde::{Deserialize, Serialize};
use sip::presence::Doing;
use std::sync::Arc;

/// What presence can be told.
#[derive(Debug)]
pub enum Word {
    /// Link has something to say.
    Heard(Heard),
    /// Tells of this account from now on, to its server if it wants that; replaces one of the same name.
    Account(Box<Account>),
    /// The account is gone: what was published of it is removed.
    AccountGone {
        /// The account's name.
        account: String,
    },
    /// How an account stands at its server, as registrar knows it.
    Server {
        /// The account's name.
        account: String,
        /// How it stands.
        server: Server,
    },
    /// The person says how they are.
    Set {
        /// Which command asked.
        command: CommandId,
        /// Of which account.
        account: String,
        /// How.
        own: Own,
    },
    /// Its rules are other ones from now on: of those who watch.
    Policy {
        /// The account's name.
        account: String,
        /// All of its rules.
        policy: Arc<Policy>,
    },
    /// Nobody uses the computer that the phone is on, or somebody does again.
    Idle(bool),
    /// A call as it is now.
    Call(Box<CallSnapshot>),
    /// The account logs out: what was published of it is removed.
    Leave {
        /// The account's name.
        account: String,
    },
    /// The engine stops: everything is removed.
    Stop,
    /// Another part was made anew.
    Restarted(Address),
}

/// What a document says somebody does, in public words.
pub const fn state(doing: Doing) -> PresenceState {
    match doing {
        Doing::Available => PresenceState::Available,
        Doing::Busy => PresenceState::Busy,
        Doing::OnThePhone => PresenceState::OnThePhone,
        Doing::Away => PresenceState::Away,
        Doing::DoNotDisturb => PresenceState::DoNotDisturb,
        Doing::Absent => PresenceState::Absent,
        Doing::Offline => PresenceState::Offline,
    }
}

/// How the person says they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Own {
    /// What they do.
    pub state: PresenceState,
    /// In their own words, or empty.
    pub note: String,
    /// Until when; then they are available again.
    pub until: Option<Timestamp>,
}

impl Default for Own {
    fn default() -> Self {
        Self {
            state: PresenceState::Available,
            note: String::new(),
            until: None,
        }
    }
}
