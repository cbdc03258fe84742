//! What a person keeps at their server, so that each of their phones shows it: profiles with favourites (M-112),
//! where calls are sent (M-134), who may see how they are (M-100), and the groups of their site (M-101).
//!
//! By XCAP (RFC 4825): a `resource-lists` document (RFC 4826), a `simservs` document (3GPP TS 24.604) and a `pres-rules`
//! document (RFC 5025), fetched, joined with what stands here, and put back in the place of the version that was fetched.
//! Each account that has a server has a thread of its own.
//!
//! What it is not: it opens no connection ([`Ask`] does) and keeps nothing on disk (the store does).
//!
//! | file | holds |
//! | --- | --- |
//! | [`Places`] | the threads |
//! | [`source`] | an account's place at a server, and how it is asked |
//! | [`roster`] | when profiles and favourites came and went, and how two rosters are joined |
//! | [`document`] | the document of profiles |
//! | [`diversion`] | the document of where calls are sent |
//! | [`groups`] | the document of the groups of a site |
//! | [`rights`] | the document of who may see how the person is |
//! | `address` | a favourite as an address |
//! | [`ledger`] | what is kept beside the profiles |
//! | [`order`] | in which order somebody put favourites |
//! | `xml` | a document as a tree that loses nothing |
//! | `errand` | when a document is met next, and how it goes with it |
//! | `worker` | what a thread does |
//! | `queue` | what waits for it |

mod address;
pub mod diversion;
pub mod document;
mod errand;
pub mod groups;
pub mod ledger;
pub mod order;
mod queue;
pub mod rights;
pub mod roster;
pub mod source;
#[cfg(test)]
mod tests;
mod worker;
mod xml;

pub use diversion::Diversion;
pub use document::Document;
pub use ledger::Ledger;
pub use rights::Rules;
pub use source::{Answer, Ask, Place, Source, Version};
/// Longest document. Unit: bytes.
pub use xml::BYTES;

use control::ErrorObject;
use control::receiving::Forwarding;
use policy::watch::{Group, Right, Watching};
use ports::account::Whose;
use ports::store::{Mark, Shared, Standing};
use queue::{Queue, Word};
use std::sync::Arc;

/// What the threads tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// These profiles are to stand here, if nobody changed them meanwhile; and this is to be kept beside them.
    Share(Box<Shared>),
    /// An account's calls are to be sent there, if nobody here said otherwise meanwhile.
    Forward {
        /// The account.
        of: Whose,
        /// Counts up from 1: which word was adopted is said by it.
        number: u64,
        /// What must hold for it.
        before: Box<Forwarding>,
        /// What holds then.
        after: Box<Forwarding>,
    },
    /// A person says this of who may watch an account, if nobody here said otherwise meanwhile.
    Rights {
        /// The account.
        of: Whose,
        /// As of [`Told::Forward`], apart from it.
        number: u64,
        /// What must be said of it.
        before: Vec<Right>,
        /// What is said then.
        after: Vec<Right>,
    },
    /// The groups of an account's site are these now.
    Groups {
        /// The account.
        of: Whose,
        /// All of them.
        groups: Vec<Group>,
    },
    /// An account's server judges who sees how the person is by these rules alone.
    Enforced {
        /// The account.
        of: Whose,
        /// Their checksum, see [`policy::watch::Seen::checksum`]; `None`: by others, or others too.
        rules: Option<u64>,
    },
    /// The server of an account cannot be asked, or takes nothing; `None`: it does again.
    Trouble {
        /// The account.
        of: Whose,
        /// Its server.
        server: String,
        /// With code, cause and fix.
        error: Option<Box<ErrorObject>>,
    },
}

/// Takes what the threads tell. Must not block.
pub type Tell = Arc<dyn Fn(Told) + Send + Sync>;

/// All accounts' places, each with its thread.
#[derive(Debug, Default)]
pub struct Places {
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    of: Whose,
    queue: Arc<Queue>,
}

impl Places {
    /// Starts a thread for each. Errors: the system gives none.
    pub fn start(sources: Vec<Source>, tell: &Tell) -> std::io::Result<Self> {
        let mut lines = Vec::new();
        for source in sources {
            let queue = Arc::new(Queue::default());
            lines.push(Line {
                of: source.whose(),
                queue: Arc::clone(&queue),
            });
            let tell = Arc::clone(tell);
            let thread = std::thread::Builder::new().name("xcap".to_owned());
            // It ends with its queue; one that waits for its server is not waited for.
            thread.spawn(move || worker::work(source, &queue, &tell))?;
        }
        Ok(Self { lines })
    }

    /// Whose profiles are to be told here.
    pub fn owners(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(|line| line.of.owner.as_str())
    }

    /// These profiles stand here now. Never waits.
    pub fn stands(&self, standing: &Standing) {
        for line in self.lines.iter().filter(|l| l.of.owner == standing.owner) {
            line.queue.push(Word::Stands(Box::new(standing.clone())));
        }
    }

    /// An account is registered now: its server is asked, also one that failed just before (M-002). One that is left alone
    /// is not. Never waits.
    pub fn registered(&self, account: &str) {
        let lines = self.lines.iter();
        let own = lines.filter(|line| line.of.account == account);
        own.for_each(|line| line.queue.push(Word::Again));
    }

    /// An account's calls are sent there now, unless its name is somebody else's here. Never waits.
    pub fn forwards(&self, of: &Whose, forwarding: &Forwarding, mark: Mark) {
        for line in self.lines.iter().filter(|line| line.of == *of) {
            let forwarding = Box::new(forwarding.clone());
            line.queue.push(Word::Forwards(forwarding, mark));
        }
    }

    /// These may watch an account now, unless its name is somebody else's here. Never waits.
    pub fn watching(&self, of: &Whose, watching: &Watching, mark: Mark) {
        for line in self.lines.iter().filter(|line| line.of == *of) {
            let watching = Box::new(watching.clone());
            line.queue.push(Word::Watching(watching, mark));
        }
    }

    /// An account is gone: its server is left alone until something is said of it again. Never waits.
    pub fn gone(&self, of: &Whose) {
        for line in self.lines.iter().filter(|line| line.of == *of) {
            line.queue.push(Word::Gone);
        }
    }
}

impl Drop for Places {
    fn drop(&mut self) {
        for line in &self.lines {
            line.queue.end();
        }
    }
}
