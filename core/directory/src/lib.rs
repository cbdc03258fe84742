//! Asks directories, each on a thread of its own: a slow or dead one holds no call and no search.
//!
//! What it is not: it speaks no protocol (plugins do) and keeps nothing on disk (the store does).
//!
//! A directory that can be listed is copied into the contacts, again and again; one that cannot is asked when
//! somebody searches or calls. After a failure it is left alone for a while that doubles, and that is told once.
//!
//! | file | holds |
//! | --- | --- |
//! | [`Directories`] | all of them |
//! | [`source`] | one: what it is, and how it is asked |
//! | `queue` | what waits for its thread |
//! | `worker` | what the thread does |
//! | `answer` | what a plugin says, as people |
//! | `known` | who called lately |

mod answer;
mod known;
mod queue;
pub mod source;
#[cfg(test)]
mod tests;
mod worker;

pub use source::{Ask, Source, Trouble};

use control::Contact;
use ports::store::{NameOf, Told};
use queue::{Job, Queue};
use std::sync::Arc;

/// Takes what the threads tell: [`Told::Named`], [`Told::Listed`], [`Told::Directory`]. Must not block.
pub type Tell = Arc<dyn Fn(Told) + Send + Sync>;

/// Takes an answer: people, or why there are none. Must not block.
pub type Reply = Box<dyn FnOnce(Result<Vec<Contact>, String>) + Send>;

/// Directories, each with its thread.
#[derive(Debug, Default)]
pub struct Directories {
    lines: Vec<Line>,
}

#[derive(Debug)]
struct Line {
    title: String,
    account: String,
    owner: String,
    queue: Arc<Queue>,
}

impl Directories {
    /// Starts a thread for each. Errors: the system gives none.
    pub fn start(sources: Vec<Source>, tell: &Tell) -> std::io::Result<Self> {
        let mut lines = Vec::new();
        for source in sources {
            let queue = Arc::new(Queue::default());
            lines.push(Line {
                title: source.title.clone(),
                account: source.account.clone(),
                owner: source.owner.clone(),
                queue: Arc::clone(&queue),
            });
            let tell = Arc::clone(tell);
            let thread = std::thread::Builder::new().name("directory".to_owned());
            // It ends with its queue; one that hangs in a plugin is not waited for.
            thread.spawn(move || worker::work(source, &queue, &tell))?;
        }
        Ok(Self { lines })
    }

    /// Has those of `owner` look for who `uri` is; told as [`Told::Named`], whenever one knows. Never waits.
    pub fn name(&self, of: &NameOf, owner: &str, uri: &str) {
        for line in self.lines.iter().filter(|line| line.owner == owner) {
            line.queue.push(Job::Name {
                of: of.clone(),
                uri: uri.to_owned(),
            });
        }
    }

    /// An account is registered now: its directories are asked, also those that failed just before (M-002). Never waits.
    pub fn registered(&self, account: &str) {
        let lines = self.lines.iter();
        let own = lines.filter(|line| line.account == account);
        own.for_each(|line| line.queue.again());
    }

    /// Has those of one of `owners` look for `text`; each answers through what `reply` makes for its title. Never
    /// waits; a directory that is copied into the contacts has nothing to add, and answers at once.
    pub fn search(
        &self,
        owners: &[String],
        text: &str,
        limit: usize,
        mut reply: impl FnMut(&str) -> Reply,
    ) {
        for line in self
            .lines
            .iter()
            .filter(|line| owners.contains(&line.owner))
        {
            line.queue.push(Job::Search {
                text: text.to_owned(),
                limit,
                reply: reply(&line.title),
            });
        }
    }
}

impl Drop for Directories {
    fn drop(&mut self) {
        for line in &self.lines {
            line.queue.end();
        }
    }
}
