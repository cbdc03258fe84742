//! What a command needs.

use control::Command;
use core::fmt;
use core::str::FromStr;
use serde::{Deserialize, Serialize};

/// What a token lets a program do. None includes another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// See calls, accounts, lists and events.
    Read,
    /// Start, take, change and end calls, send texts, register, say how one is.
    Call,
    /// Change contacts, favourites, and what is kept of calls and texts.
    Contacts,
    /// Record calls.
    Record,
    /// Switch and replace plugins.
    Plugin,
    /// Set up and remove accounts, stop the engine.
    Admin,
}

/// The text is no scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a scope is one of read, call, contacts, record, plugin, admin")]
pub struct NoScope;

impl Scope {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Read,
        Self::Call,
        Self::Contacts,
        Self::Record,
        Self::Plugin,
        Self::Admin,
    ];

    /// What `command` needs.
    #[allow(clippy::too_many_lines)] // One line for each command.
    pub const fn of(command: &Command) -> Self {
        match command {
            Command::ListCalls(_)
            | Command::ListAccounts(_)
            | Command::Status(_)
            | Command::Ladder(_)
            | Command::ListLamps(_)
            | Command::RulesTest(_)
            | Command::PluginList(_)
            | Command::PluginWhy(_)
            | Command::PluginTop(_)
            | Command::HistoryList(_)
            | Command::ContactList(_)
            | Command::ContactExport(_)
            | Command::ProfileList(_)
            | Command::FavouriteMail(_)
            | Command::MessageList(_)
            | Command::PresenceList(_)
            | Command::WatcherList(_)
            | Command::Events(_) => Self::Read,
            Command::Dial(_)
            | Command::Accept(_)
            | Command::Decline(_)
            | Command::Silence(_)
            | Command::Quiet(_)
            | Command::Redirect(_)
            | Command::HangUp(_)
            | Command::HangUpAll(_)
            | Command::SendDtmf(_)
            | Command::Mute(_)
            | Command::Hold(_)
            | Command::Resume(_)
            | Command::Swap(_)
            | Command::Merge(_)
            | Command::Split(_)
            | Command::EndConference(_)
            | Command::RemoveParticipant(_)
            | Command::Transfer(_)
            | Command::TransferComplete(_)
            | Command::TransferCancel(_)
            | Command::TransferAllow(_)
            | Command::TransferRefuse(_)
            | Command::Register(_)
            | Command::Unregister(_)
            | Command::DoNotDisturb(_)
            | Command::Forward(_)
            | Command::AddLamp(_)
            | Command::RemoveLamp(_)
            | Command::DialLamp(_)
            | Command::PickUpLamp(_)
            | Command::DialVoicemail(_)
            | Command::HistoryRedial(_)
            | Command::MessageSend(_)
            | Command::PresenceSet(_)
            | Command::PresenceIdle(_)
            | Command::WatcherAllow(_)
            | Command::WatcherForget(_) => Self::Call,
            Command::HistoryDelete(_)
            | Command::ContactAdd(_)
            | Command::ContactChange(_)
            | Command::ContactRemove(_)
            | Command::ContactImport(_)
            | Command::ProfileAdd(_)
            | Command::ProfileUse(_)
            | Command::ProfileRemove(_)
            | Command::ProfileRename(_)
            | Command::FavouriteAdd(_)
            | Command::FavouriteRename(_)
            | Command::FavouriteMove(_)
            | Command::FavouriteRemove(_)
            | Command::MessageRead(_)
            | Command::MessageDelete(_) => Self::Contacts,
            Command::StartRecording(_)
            | Command::StopRecording(_)
            | Command::PauseRecording(_)
            | Command::ResumeRecording(_)
            | Command::NoteRecording(_) => Self::Record,
            Command::PluginEnable(_) | Command::PluginDisable(_) | Command::PluginReload(_) => {
                Self::Plugin
            }
            Command::AddAccount(_) | Command::RemoveAccount(_) | Command::Shutdown(_) => {
                Self::Admin
            }
        }
    }

    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Call => "call",
            Self::Contacts => "contacts",
            Self::Record => "record",
            Self::Plugin => "plugin",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scope {
    type Err = NoScope;

    fn from_str(text: &str) -> Result<Self, NoScope> {
        let found = Self::ALL.into_iter().find(|scope| scope.name() == text);
        found.ok_or(NoScope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use control::command::NoFields;

    #[test]
    fn m067_what_changes_something_needs_more_than_read() {
        let none = NoFields {};
        for (command, scope) in [
            (Command::Status(none), Scope::Read),
            (Command::ListCalls(none), Scope::Read),
            (Command::HangUpAll(none), Scope::Call),
            (Command::PluginTop(none), Scope::Read),
            (
                Command::Shutdown(control::command::Shutdown::default()),
                Scope::Admin,
            ),
        ] {
            assert_eq!(Scope::of(&command), scope, "{}", command.name());
        }
        for scope in Scope::ALL {
            assert_eq!(scope.name().parse(), Ok(scope));
        }
        assert_eq!("write".parse::<Scope>(), Err(NoScope));
    }
}
