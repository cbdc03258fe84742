//! `message`.

use clap::{Args as Group, Subcommand};
use control::{AccountHandle, CallHandle};

/// What to do with text messages.
#[derive(Debug, Subcommand)]
pub(crate) enum Message {
    /// Send a text, and wait until it is there
    Send(SendMessage),
    /// Show what was written, the newest last; without WITH the conversations
    List(ListMessages),
    /// Mark what they wrote as read
    Read(MessagesOf),
    /// Take messages away
    Delete(MessagesOf),
}

/// `message send`.
#[derive(Debug, Group)]
pub(crate) struct SendMessage {
    /// An extension, user@domain or an address; with --call only the text
    #[arg(value_name = "TO", required = true)]
    pub(crate) to: String,
    /// What to say
    pub(crate) text: Option<String>,
    /// Send from this account
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<AccountHandle>,
    /// Send to the far end of this call, in it
    #[arg(long, value_name = "ID")]
    pub(crate) call: Option<CallHandle>,
}

/// `message list`.
#[derive(Debug, Group)]
pub(crate) struct ListMessages {
    /// With whom: an extension or an address
    pub(crate) with: Option<String>,
    /// Only what they wrote and nobody read
    #[arg(long)]
    pub(crate) unread: bool,
    /// So many at most
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u32>,
    /// Of this account
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<AccountHandle>,
}

/// Which messages.
#[derive(Debug, Group)]
pub(crate) struct MessagesOf {
    /// With whom: an extension or an address
    pub(crate) with: Option<String>,
    /// Those with everybody
    #[arg(long, conflicts_with = "with")]
    pub(crate) all: bool,
}
