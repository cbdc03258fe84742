//! `watchers`.

use clap::{Args as Group, Subcommand, ValueEnum};
use control::{AccountHandle, Sees};

/// `watchers`.
#[derive(Debug, Group)]
pub(crate) struct Watchers {
    /// What to do; without it: list
    #[command(subcommand)]
    pub(crate) what: Option<WatchersVerb>,
}

/// What to do with those who watch.
#[derive(Debug, Subcommand)]
pub(crate) enum WatchersVerb {
    /// Show who watches you here, and who may
    List,
    /// Let somebody see how you are, or your calls
    Allow(OneRight),
    /// Refuse it to somebody
    Refuse(OneRight),
    /// Forget what you said of somebody: the settings count again
    Forget(OneRight),
}

/// To see what, and who.
#[derive(Debug, Group)]
pub(crate) struct OneRight {
    /// What they see
    #[arg(value_enum)]
    pub(crate) sees: What,
    /// user ADDRESS, group NAME, domain DOMAIN, or anybody
    #[arg(required = true, num_args = 1..=2, value_name = "WHOM")]
    pub(crate) whom: Vec<String>,
    /// Of this account
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<AccountHandle>,
}

/// What somebody sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    /// How you are.
    Presence,
    /// Your calls.
    Dialog,
}

impl From<What> for Sees {
    fn from(what: What) -> Self {
        match what {
            What::Presence => Self::Presence,
            What::Dialog => Self::Dialog,
        }
    }
}
