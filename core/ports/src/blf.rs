//! What blf answers and reports. Blf owns the subscriptions: lamps, park slots, mailboxes.

use crate::link::Heard;
use crate::{Account, Address};
use base::Duration;
use control::{CallHandle, CommandId};
use sip_message::Uri;

/// What blf can be told.
#[derive(Debug)]
pub enum Word {
    /// Link has something to say.
    Heard(Heard),
    /// Watches what this account watches from now on; replaces one of the same name.
    Account(Box<Account>),
    /// The account is gone, and its lamps with it.
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
    /// Watches one more extension.
    Add {
        /// Which command asked.
        command: CommandId,
        /// From which account.
        account: String,
        /// Whom.
        lamp: LampWish,
    },
    /// Whom contacts and favourites are to show, each with whose they are (see [`Account::owner`]): all of them, in
    /// the place of those before.
    Kept(Vec<(String, LampWish)>),
    /// Watches an extension no longer.
    Remove {
        /// Which command asked.
        command: CommandId,
        /// Of which account.
        account: String,
        /// Whom, as the lamp's snapshot names it.
        target: String,
    },
    /// Watches who is in a conference; told by `dialogs::Word::Participants` until [`Word::LeaveConference`].
    Conference {
        /// From which account.
        account: String,
        /// The call that is with it.
        call: CallHandle,
        /// Its address.
        uri: Uri,
    },
    /// The call with a conference is over.
    LeaveConference {
        /// The call.
        call: CallHandle,
    },
    /// The engine stops: ends all subscriptions.
    Stop,
    /// Another part was made anew.
    Restarted(Address),
}

/// How an account stands at its server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Server {
    /// It is registered, and reached at this contact.
    Up(Uri),
    /// It is not, or no longer.
    Lost,
}

/// What an account watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watches {
    /// Extensions and park slots, in the order in which they are shown (K-198).
    pub lamps: Vec<LampWish>,
    /// Lifetime to ask for (K-014).
    pub expires: Duration,
    /// Pause between two polls where the server does not push (M-092).
    pub poll_every: Duration,
    /// What is asked of extensions first.
    pub event: Watched,
    /// The list at the server that tells of many of them at once (RFC 4662): an address, or a user part at the account's
    /// domain.
    pub list: Option<String>,
    /// The mailbox is watched too (K-025).
    pub mailbox: bool,
    /// Whom voicemail is listened to at (K-024); empty: nobody.
    pub voicemail_number: String,
}

impl Default for Watches {
    fn default() -> Self {
        Self {
            lamps: Vec::new(),
            expires: Duration::from_secs(300),
            poll_every: Duration::from_secs(30),
            event: Watched::Calls,
            list: None,
            mailbox: false,
            voicemail_number: String::new(),
        }
    }
}

/// What is asked of extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// Their calls, or their presence where the server does not know calls.
    Calls,
    /// Their presence.
    Presence,
    /// Their bindings.
    Bindings,
}

/// One extension to watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LampWish {
    /// An extension, `user@domain` or a URI (K-199).
    pub target: String,
    /// What it is called; empty: what the target says.
    pub label: String,
    /// It is a park slot.
    pub slot: bool,
}
