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
    /// Leave the conference: its calls end, and whoever is in it at a server is removed
    End {
        /// The others go on speaking with each other
        #[arg(long)]
        keep: bool,
    },
    /// Remove somebody from the conference at a server
    Remove {
        /// Whose address, as the list has it, or its user part
        #[arg(value_name = "WHO")]
        who: String,
        /// Which call with a conference, where there are several
        #[arg(long, value_name = "ID")]
        call: Option<CallHandle>,
    },
}
