//! Arguments of verbs about calls that are merged.

use clap::{Args as Group, Subcommand};
use control::CallHandle;

/// `merge`.
#[derive(Debug, Group)]
pub(crate) struct Merge {
    /// The calls; without any, all that are answered; one alone is merged with the active one
    #[arg(value_name = "ID")]
    pub(crate) calls: Vec<CallHandle>,
}

/// `conference`.
#[derive(Debug, Subcommand)]
pub(crate) enum Conference {
    /// Leave the conference: its calls end
    End {
        /// The others go on speaking with each other
        #[arg(long)]
        keep: bool,
    },
}
