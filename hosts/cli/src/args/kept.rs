//! What may be typed about history, contacts and favourites.

use clap::{Args as Group, Subcommand};
use control::AccountHandle;
use std::path::PathBuf;

/// `history`.
#[derive(Debug, Subcommand)]
pub(crate) enum History {
    /// List the newest records; so does `history` alone
    List(HistoryList),
    /// Find records by a part of name, number or address
    Search {
        /// Case and accents do not matter
        text: String,
    },
    /// Delete records
    Delete {
        /// Their ids
        #[arg(
            value_name = "ID",
            required_unless_present = "all",
            conflicts_with = "all"
        )]
        ids: Vec<String>,
        /// All of them
        #[arg(long)]
        all: bool,
    },
    /// Write all records into a file
    Export(Export),
    /// Call again whom a record is about, from the same account
    Redial {
        /// Its id; without one the newest call that was made here
        #[arg(value_name = "ID")]
        id: Option<String>,
    },
}

impl Default for History {
    fn default() -> Self {
        Self::List(HistoryList::default())
    }
}

/// `history list`.
#[derive(Debug, Default, Group)]
pub(crate) struct HistoryList {
    /// Only missed, answered, outgoing or answered_elsewhere
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<String>,
    /// Only of this account
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<AccountHandle>,
    /// So many at most; without it 100
    #[arg(long, value_name = "COUNT")]
    pub(crate) limit: Option<u32>,
}

/// `history export`.
#[derive(Debug, Group)]
pub(crate) struct Export {
    /// A new file; without it standard output
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// As JSON instead of CSV
    #[arg(long)]
    pub(crate) as_json: bool,
}

/// `contact`.
#[derive(Debug, Subcommand)]
pub(crate) enum Contact {
    /// List contacts
    List {
        /// Only extension, department, general, quick_dial or personal
        #[arg(long, value_name = "KIND")]
        kind: Option<String>,
    },
    /// Find contacts by a part of name, number or address
    Search {
        /// Case and accents do not matter
        text: String,
    },
    /// Keep somebody
    Add(ContactFields),
    /// Change what is typed of a contact, and leave the rest
    Change {
        /// The contact's id
        id: String,
        /// What to change.
        #[command(flatten)]
        fields: ContactFields,
    },
    /// Delete a contact
    Remove {
        /// Its id
        id: String,
    },
    /// Keep what a vCard file has
    Import {
        /// The file
        file: PathBuf,
        /// What they become: extension, department, general, quick_dial or personal
        #[arg(long, value_name = "KIND")]
        kind: Option<String>,
    },
    /// Write all contacts into a vCard file
    Export {
        /// A new file; without it standard output
        file: Option<PathBuf>,
    },
}

/// What is known of a contact.
#[derive(Debug, Group)]
pub(crate) struct ContactFields {
    /// Name
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Number or address; may be given several times, best first
    #[arg(long)]
    pub(crate) number: Vec<String>,
    /// extension, department, general, quick_dial or personal
    #[arg(long)]
    pub(crate) kind: Option<String>,
    /// Where they work
    #[arg(long)]
    pub(crate) organisation: Option<String>,
    /// Mail address, or what stands before the @
    #[arg(long)]
    pub(crate) mail: Option<String>,
    /// Where it stands among those of the quick dial
    #[arg(long)]
    pub(crate) position: Option<u32>,
    /// Whether its state is to be shown: true or false
    #[arg(long)]
    pub(crate) watch: Option<bool>,
}

/// `favourite`.
#[derive(Debug, Subcommand)]
pub(crate) enum Favourite {
    /// List all profiles with their favourites
    List,
    /// Add a favourite, by name or by number
    Add(OneFavourite),
    /// Take a favourite away
    Remove(OneFavourite),
    /// Say who a favourite is from now on, in its place
    Rename(FavouriteRename),
    /// Put a favourite elsewhere in its profile, or into another one
    Move(FavouriteMove),
    /// Print the link that begins a mail to a favourite
    Mail(FavouriteMail),
    /// Make, use or take away a profile
    #[command(subcommand)]
    Profile(ProfileVerb),
}

/// One favourite.
#[derive(Debug, Group)]
pub(crate) struct OneFavourite {
    /// By the name of a contact
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// By a number or an address
    #[arg(long)]
    pub(crate) number: Option<String>,
    /// Of this profile; without it the one in use
    #[arg(long)]
    pub(crate) profile: Option<String>,
}

/// `favourite rename`.
#[derive(Debug, Group)]
pub(crate) struct FavouriteRename {
    #[command(flatten)]
    pub(crate) one: OneFavourite,
    /// From now on it is by the name of this contact
    #[arg(long, value_name = "NAME")]
    pub(crate) to_name: Option<String>,
    /// From now on it is by this number or address
    #[arg(long, value_name = "NUMBER")]
    pub(crate) to_number: Option<String>,
}

/// `favourite move`.
#[derive(Debug, Group)]
pub(crate) struct FavouriteMove {
    #[command(flatten)]
    pub(crate) one: OneFavourite,
    /// The profile that it goes to; without it, it stays in its own
    #[arg(long, value_name = "PROFILE")]
    pub(crate) to_profile: Option<String>,
    /// Its place there, from 1; without it the last one
    #[arg(long)]
    pub(crate) place: Option<u32>,
}

/// `favourite mail`.
#[derive(Debug, Group)]
pub(crate) struct FavouriteMail {
    #[command(flatten)]
    pub(crate) one: OneFavourite,
    /// Begin the mail, with the program that the desktop has for that
    #[arg(long)]
    pub(crate) open: bool,
}

/// `favourite profile`.
#[derive(Debug, Subcommand)]
pub(crate) enum ProfileVerb {
    /// Make a profile; there are up to four
    Add {
        /// Its name
        name: String,
    },
    /// Use a profile from now on
    Use {
        /// Its name
        name: String,
    },
    /// Take a profile away with its favourites
    Remove {
        /// Its name
        name: String,
    },
    /// Give a profile another name
    Rename {
        /// Its name
        name: String,
        /// Its name from now on
        to: String,
    },
}
