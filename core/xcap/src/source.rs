//! One account's place at a server: what it is, and how it is asked.

use control::ErrorObject;
use ports::account::Whose;
use std::fmt;
use std::time::Duration;

/// Documents of a person, and one of everybody. Source: RFC 4825 §6.2, RFC 4826 §3.4, 3GPP TS 24.623 §5.3, RFC 5025 §9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Profiles with their favourites.
    Profiles,
    /// Where calls are sent.
    Diversion,
    /// Who may see how the person is.
    Rights,
    /// The groups of their site.
    Groups,
}

impl Place {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Profiles, Self::Diversion, Self::Groups, Self::Rights];

    /// Behind the root: application, user, document. Source: RFC 4825 §6.
    pub fn path(self, user: &str) -> String {
        match self {
            Self::Profiles => format!("resource-lists/users/{user}/index"),
            Self::Diversion => format!("simservs.ngn.etsi.org/users/{user}/simservs.xml"),
            Self::Rights => format!("pres-rules/users/{user}/index"),
            Self::Groups => "resource-lists/global/index".to_owned(),
        }
    }

    /// Its media type.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Profiles | Self::Groups => "application/resource-lists+xml",
            Self::Diversion => "application/vnd.etsi.simservs+xml",
            Self::Rights => "application/auth-policy+xml",
        }
    }
}

/// Which version of a document is to be replaced. Source: RFC 4825 §7.11.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Version {
    /// None: there must be no document.
    New,
    /// This one: its entity tag, with its quotes.
    Tag(String),
    /// Any: the server gives no tags.
    Any,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The entity tag, with its quotes.
    pub tag: Option<String>,
    /// The document, or why not.
    pub body: Vec<u8>,
}

/// An open way to a server. Thread: \[worker\]; may block. Errors: there is no answer, with cause and fix.
pub trait Ask: Send {
    /// Fetches a document.
    fn get(&mut self, place: Place) -> Result<Answer, ErrorObject>;
    /// Puts a document in the place of a version of it.
    fn put(&mut self, place: Place, of: &Version, body: &str) -> Result<Answer, ErrorObject>;
}

/// Opens the way. Thread: \[worker\]; may block. Errors: with cause and fix.
pub type Open = Box<dyn FnMut() -> Result<Box<dyn Ask>, ErrorObject> + Send>;

/// One account's place.
pub struct Source {
    /// The account.
    pub account: String,
    /// Whose it is: see `ports::Account::owner`.
    pub owner: String,
    /// The account's domain, in which numbers are.
    pub domain: String,
    /// The account's own address.
    pub own: String,
    /// The server's address, for people.
    pub server: String,
    /// Whether the server knows where calls are sent, too.
    pub forwarding: bool,
    /// Whether the server judges who may see how the person is.
    pub rights: bool,
    /// Whether the server knows the groups of the site.
    pub groups: bool,
    /// How often the server is asked whether something changed.
    pub refresh: Duration,
    /// How long the server is left alone after a first failure; twice as long after each more, up to a minute.
    pub patience: Duration,
    /// Opens the way.
    pub open: Open,
}

impl Source {
    /// As a rule.
    pub const PATIENCE: Duration = Duration::from_secs(2);

    /// Whose place it is.
    pub fn whose(&self) -> Whose {
        Whose {
            account: self.account.clone(),
            owner: self.owner.clone(),
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lists of {:?} at {:?}", self.account, self.server)
    }
}
