//! `presence`.

use clap::{Args as Group, Subcommand, ValueEnum};
use control::{AccountHandle, PresenceState};
use std::time::Duration;

/// `presence`.
#[derive(Debug, Group)]
pub(crate) struct Presence {
    /// What to do; without it: list
    #[command(subcommand)]
    pub(crate) what: Option<PresenceVerb>,
}

/// What to do with own presence.
#[derive(Debug, Subcommand)]
pub(crate) enum PresenceVerb {
    /// Show how you are, and whether the server has it
    List,
    /// Say how you are
    Set(SetPresence),
    /// Say whether anybody uses this computer: away while nobody does
    Idle {
        /// Nobody does
        #[arg(value_enum)]
        switch: super::Switch,
    },
}

/// `presence set`.
#[derive(Debug, Group)]
pub(crate) struct SetPresence {
    /// How
    #[arg(value_enum)]
    pub(crate) state: State,
    /// In your own words
    #[arg(long)]
    pub(crate) note: Option<String>,
    /// For so long; then you are available again
    #[arg(long = "for", value_name = "TIME", value_parser = super::length, allow_hyphen_values = true)]
    pub(crate) time: Option<Duration>,
    /// Of this account
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<AccountHandle>,
}

/// How somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum State {
    /// Can be called.
    Available,
    /// Is busy.
    Busy,
    /// Is not at the phone.
    Away,
    /// Does not want to be called.
    Dnd,
    /// Is gone.
    Absent,
}

impl From<State> for PresenceState {
    fn from(state: State) -> Self {
        match state {
            State::Available => Self::Available,
            State::Busy => Self::Busy,
            State::Away => Self::Away,
            State::Dnd => Self::DoNotDisturb,
            State::Absent => Self::Absent,
        }
    }
}
