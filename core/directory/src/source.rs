//! One directory: what it is, and how it is asked.

use std::fmt;
use std::time::Duration;

/// Why a directory gives no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It cannot do that.
    Unsupported,
    /// It went wrong; in words.
    Failed(String),
}

/// An open directory. Thread: \[worker\]; may block.
pub trait Ask: Send {
    /// Answers a question in JSON with people in JSON, as `offhook.directory/1` has it.
    fn search(&mut self, query: &str) -> Result<String, Trouble>;
}

/// Opens a directory. Thread: \[worker\]; may block.
pub type Open = Box<dyn FnMut() -> Result<Box<dyn Ask>, String> + Send>;

/// What a directory is.
pub struct Source {
    /// Name under which its people appear.
    pub title: String,
    /// What it is, as rules name it (K-119): `dav`, `ws`; empty: nothing that they know.
    pub list: String,
    /// Name of the account that it belongs to.
    pub account: String,
    /// Whose it is: see `ports::Account::owner`.
    pub owner: String,
    /// Where it stands when several know who calls; lower is better. Range: from 2, after favourites and contacts.
    pub rank: u8,
    /// How old a copy of it may be.
    pub refresh: Duration,
    /// How long it is left alone after a first failure; twice as long after each more, up to a minute.
    pub patience: Duration,
    /// Opens it.
    pub open: Open,
}

impl Source {
    /// As a rule.
    pub const PATIENCE: Duration = Duration::from_secs(2);
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "directory {:?}", self.title)
    }
}
