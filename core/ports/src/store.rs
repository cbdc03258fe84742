//! What the thread that keeps history and contacts on disk is asked, and what it tells. Plain data.

use crate::Said;
use crate::account::Whose;
use crate::blf::LampWish;
use crate::book::Book;
use control::contacts::{DirectoryChange, Profile, StoreChange};
use control::history::{HistoryRecord, KnownName};
use control::receiving::Forwarding;
use control::{CallHandle, Contact, TextMessage, Timestamp};
use policy::watch::Watching;
use std::sync::Arc;

/// What is asked. None of it waits for the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Do {
    /// Keeps this record, in the place of one with its id; answered by [`Told::Kept`].
    Keep(Box<Kept>),
    /// Keeps this text message, in the place of one with its id; answered by [`Told::KeptMessage`].
    KeepMessage(Box<KeptMessage>),
    /// Keeps what a person said, in the place of what they said before.
    Say(Box<Sayings>),
    /// Notes that calls go on: where the engine ends without a word, they ended then.
    Alive(Timestamp),
    /// Asks who somebody is; answered by [`Told::Named`] where a list knows.
    Name {
        /// What is to bear the name.
        of: NameOf,
        /// Whose lists.
        owner: String,
        /// Their address.
        uri: String,
    },
    /// Keeps a name in records that have none, or one of a list that is worse; answered by [`Told::Renamed`].
    Rename {
        /// Their ids.
        records: Vec<String>,
        /// Who it is, and by which list.
        known: KnownName,
        /// See [`Told::Named`].
        rank: u8,
    },
    /// Keeps these in the place of what this directory listed before; answered by [`Told::Copied`].
    List(Box<Listed>),
    /// Tells the profiles of an owner, now and whenever they are different: [`Told::Stands`].
    Follow {
        /// See [`Account::owner`](crate::Account::owner).
        owner: String,
    },
    /// An account's calls are sent there now: for its server, where that wants to know; nothing is kept.
    Forwards {
        /// The account.
        of: Whose,
        /// Where to.
        forwarding: Box<Forwarding>,
        /// What its server has to know beside.
        mark: Mark,
    },
    /// These may watch an account now: for its server, as above.
    Watching {
        /// The account.
        of: Whose,
        /// Who may.
        watching: Box<Watching>,
        /// What its server has to know beside.
        mark: Mark,
    },
    /// An account is gone: its servers are left alone until one speaks of it again.
    Gone {
        /// The account.
        of: Whose,
    },
    /// Has these profiles stand, if nobody changed them meanwhile; answered by [`Told::Stands`] with what stands then.
    Share(Box<Shared>),
}

/// What stands beside a word to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// The number of the server's last word that was adopted here; 0: none.
    pub adopted: u64,
    /// What the person said before this start is known; if not, what they do not say now is not taken back.
    pub remembered: bool,
}

/// What a name is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameOf {
    /// A call, now.
    Call(CallHandle),
    /// Records of calls that are over, by their ids.
    Records(Vec<String>),
}

/// Profiles as the server's and those here came together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// Whose: see [`Account::owner`](crate::Account::owner).
    pub owner: String,
    /// Those that must stand for it.
    pub before: Vec<Profile>,
    /// Those that stand then.
    pub profiles: Vec<Profile>,
    /// What is to be kept beside them, for who wrote it.
    pub ledger: String,
}

/// The profiles of an owner as they stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Whose: see [`Account::owner`](crate::Account::owner).
    pub owner: String,
    /// All of them.
    pub profiles: Vec<Profile>,
    /// What is kept beside them. `None`: nothing yet.
    pub ledger: Option<String>,
    /// They came from the server just now: nobody here was told yet.
    pub is_news: bool,
}

/// Everybody whom a directory lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Whose it is: see [`Account::owner`](crate::Account::owner).
    pub owner: String,
    /// Its title, by which it is told from others of this owner.
    pub title: String,
    /// All of them; their `origin` says where they come from.
    pub people: Vec<Contact>,
}

/// A record, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Whose: see [`Account::owner`](crate::Account::owner). Empty: of no account.
    pub owner: String,
    /// The record.
    pub record: HistoryRecord,
}

/// What a person said, and who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sayings {
    /// Who: see [`Account::owner`](crate::Account::owner).
    pub owner: String,
    /// What; nothing: what was kept is forgotten.
    pub said: Said,
}

/// A text message, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptMessage {
    /// Whose: see [`Account::owner`](crate::Account::owner).
    pub owner: String,
    /// The message.
    pub message: TextMessage,
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The record is on disk, for good.
    Kept {
        /// The call of which.
        call: CallHandle,
    },
    /// The text message is on disk, for good.
    KeptMessage {
        /// Its id.
        id: String,
    },
    /// What each person said before: told once, when the file was opened.
    Said(Vec<Sayings>),
    /// A list knows who somebody is.
    Named {
        /// What is to bear the name.
        of: NameOf,
        /// Who, and by which list.
        known: KnownName,
        /// Where that list stands among all that may know; lower is better (M-109).
        rank: u8,
    },
    /// Records of calls that were over before a list knew whose they are, as they are now (M-127).
    Renamed(Vec<HistoryRecord>),
    /// A directory lists somebody else than before.
    Listed(Box<Listed>),
    /// Everybody who is kept, for rules: told when the file was opened, and whenever a contact is different.
    Book(Arc<Book>),
    /// Whose state is to be shown, of quick dial and favourites, each with whose list it is in: told when the file was
    /// opened, and whenever it is different (M-095, M-110).
    Watched(Vec<(String, LampWish)>),
    /// The profiles of somebody who is followed.
    Stands(Box<Standing>),
    /// So many contacts are different after a directory was copied.
    Copied {
        /// New, changed and gone.
        changed: u32,
    },
    /// A directory cannot be asked, or answers again.
    Directory(Box<DirectoryChange>),
    /// Nothing can be written, or not all that was is there; records wait in memory.
    Failed(Box<StoreChange>),
    /// Everything is written again.
    Mended(Box<StoreChange>),
}
