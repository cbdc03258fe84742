//! One word with its receiver: what parts put into their outbox.

use crate::{
    blf, dialogs, events, history, link, media, messages, network, presence, recorder, registrar,
    store, transfer, voice,
};
use sip_message::Status;

/// Everybody who can receive a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Address {
    /// The part that owns transactions and flows.
    Link = 1,
    /// The part that owns bindings.
    Registrar = 2,
    /// The part that owns sessions.
    Dialogs = 3,
    /// The part that owns legs.
    Media = 4,
    /// The signalling sockets.
    Network = 5,
    /// The media threads and their sockets.
    Voice = 6,
    /// Whoever listens to the engine: UIs, logs.
    Events = 7,
    /// The part that owns recordings.
    Recorder = 8,
    /// The part that keeps a record of every call.
    History = 9,
    /// The thread that keeps history and contacts on disk.
    Store = 10,
    /// The part that owns subscriptions.
    Blf = 11,
    /// The part that owns transfers.
    Transfer = 12,
    /// The part that owns text messages.
    Messages = 13,
    /// The part that tells how the person is.
    Presence = 14,
}

impl Address {
    /// The part that chose a client id, by the number in its top byte.
    pub const fn of_client(id: sip::ClientId) -> Option<Self> {
        match id.part() {
            2 => Some(Self::Registrar),
            3 => Some(Self::Dialogs),
            11 => Some(Self::Blf),
            13 => Some(Self::Messages),
            14 => Some(Self::Presence),
            _ => None,
        }
    }
}

/// One word on its way.
#[derive(Debug)]
pub enum Post {
    /// For link.
    Link(link::Word),
    /// For registrar.
    Registrar(registrar::Word),
    /// For dialogs.
    Dialogs(dialogs::Word),
    /// For media.
    Media(media::Word),
    /// For recorder.
    Recorder(recorder::Word),
    /// For blf.
    Blf(blf::Word),
    /// For history.
    History(history::Word),
    /// For the thread that keeps things on disk.
    Store(store::Do),
    /// For messages.
    Messages(messages::Word),
    /// For presence.
    Presence(presence::Word),
    /// For transfer.
    Transfer(transfer::Word),
    /// For the signalling sockets.
    Network(network::Do),
    /// For the media threads.
    Voice(voice::Do),
    /// For whoever listens.
    Event(events::Word),
}

impl Post {
    /// Who is to receive it.
    pub const fn to(&self) -> Address {
        match self {
            Self::Link(_) => Address::Link,
            Self::Registrar(_) => Address::Registrar,
            Self::Dialogs(_) => Address::Dialogs,
            Self::Media(_) => Address::Media,
            Self::Recorder(_) => Address::Recorder,
            Self::Blf(_) => Address::Blf,
            Self::History(_) => Address::History,
            Self::Store(_) => Address::Store,
            Self::Messages(_) => Address::Messages,
            Self::Presence(_) => Address::Presence,
            Self::Transfer(_) => Address::Transfer,
            Self::Network(_) => Address::Network,
            Self::Voice(_) => Address::Voice,
            Self::Event(_) => Address::Events,
        }
    }

    /// What link heard, for the part `to`; `None` where nobody of that name wants to hear.
    pub fn heard(to: Address, heard: link::Heard) -> Option<Self> {
        match to {
            Address::Registrar => Some(registrar::Word::Heard(heard).into()),
            Address::Dialogs => Some(dialogs::Word::Heard(heard).into()),
            Address::Blf => Some(blf::Word::Heard(heard).into()),
            Address::Messages => Some(messages::Word::Heard(heard).into()),
            Address::Presence => Some(presence::Word::Heard(heard).into()),
            Address::Link
            | Address::Media
            | Address::Recorder
            | Address::History
            | Address::Store
            | Address::Transfer
            | Address::Network
            | Address::Voice
            | Address::Events => None,
        }
    }

    /// What became of the request that the part `to` sent in a dialog; `None` where it sends none.
    pub fn outcome(to: Address, ticket: u64, status: Option<Status>) -> Option<Self> {
        match to {
            Address::Transfer => Some(transfer::Word::Outcome { ticket, status }.into()),
            Address::Messages => Some(messages::Word::Outcome { ticket, status }.into()),
            Address::Dialogs => Some(dialogs::Word::Outcome { ticket, status }.into()),
            Address::Link
            | Address::Registrar
            | Address::Media
            | Address::Recorder
            | Address::Blf
            | Address::Presence
            | Address::History
            | Address::Store
            | Address::Network
            | Address::Voice
            | Address::Events => None,
        }
    }

    /// Tells the part `to` that the part `who` was made anew.
    pub fn restarted(to: Address, who: Address) -> Option<Self> {
        match to {
            Address::Link => Some(link::Word::Restarted(who).into()),
            Address::Registrar => Some(registrar::Word::Restarted(who).into()),
            Address::Dialogs => Some(dialogs::Word::Restarted(who).into()),
            Address::Media => Some(media::Word::Restarted(who).into()),
            Address::Recorder => Some(recorder::Word::Restarted(who).into()),
            Address::Blf => Some(blf::Word::Restarted(who).into()),
            Address::History => Some(history::Word::Restarted(who).into()),
            Address::Messages => Some(messages::Word::Restarted(who).into()),
            Address::Presence => Some(presence::Word::Restarted(who).into()),
            Address::Transfer => Some(transfer::Word::Restarted(who).into()),
            Address::Store | Address::Network | Address::Voice | Address::Events => None,
        }
    }

    /// Tells whoever listens that a part panicked.
    pub fn panicked(who: Address, why: String, down: bool) -> Self {
        events::Word::Panicked { who, why, down }.into()
    }
}

macro_rules! carries {
    ($($variant:ident($word:ty)),* $(,)?) => {$(
        impl From<$word> for Post {
            fn from(word: $word) -> Self {
                Self::$variant(word)
            }
        }
        impl TryFrom<Post> for $word {
            type Error = Post;
            fn try_from(post: Post) -> Result<Self, Post> {
                if let Post::$variant(word) = post { Ok(word) } else { Err(post) }
            }
        }
    )*};
}

carries!(
    Link(link::Word),
    Registrar(registrar::Word),
    Dialogs(dialogs::Word),
    Media(media::Word),
    Recorder(recorder::Word),
    Blf(blf::Word),
    History(history::Word),
    Store(store::Do),
    Messages(messages::Word),
    Presence(presence::Word),
    Transfer(transfer::Word),
    Network(network::Do),
    Voice(voice::Do),
    Event(events::Word),
);

impl From<media::News> for Post {
    fn from(news: media::News) -> Self {
        Self::Media(media::Word::News(news))
    }
}
