//! `token`.

use clap::{Args as Group, Subcommand};
use std::path::PathBuf;
use tokens::Scope;

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Make a token, and print it: it is shown this once
    New(NewToken),
    /// List who has a token, for what and until when
    List(OfFile),
    /// Take a token away: it is good for nothing from now on
    Remove {
        /// Whose it is
        name: String,
        #[command(flatten)]
        of: OfFile,
    },
}

/// `token new`.
#[derive(Debug, Group)]
pub(crate) struct NewToken {
    /// Whose it is to be, such as the name of the program: letters, digits, - _ .
    pub(crate) name: String,
    /// What it lets do: read, call, contacts, record, plugin, admin; may be given several times. Without: read and call
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<Scope>,
    /// For how many days
    #[arg(long, value_name = "N", default_value_t = 90)]
    pub(crate) days: u32,
    #[command(flatten)]
    pub(crate) of: OfFile,
}

/// Which list.
#[derive(Debug, Group)]
pub(crate) struct OfFile {
    /// File of tokens; without it the one of this user
    #[arg(long, value_name = "PATH")]
    pub(crate) file: Option<PathBuf>,
}
