//! Keeps history, contacts, favourites, text messages and what people said of their accounts on disk: one SQLite file, one thread that writes.
//!
//! What it is not: it knows no call and no clock. What a record says is the history part's; this crate keeps it,
//! finds it again, and says so when it cannot.
//!
//! A record that is told as kept outlives the process and a power cut. Nobody who gives an order waits for the
//! disk: orders lie in a bounded queue, where a newer record of a call takes the place of an older one, and stay
//! there while the disk is full, read-only or the file is locked.
//!
//! | file | holds |
//! | --- | --- |
//! | [`Store`] | the thread, its orders and questions |
//! | `queue` | orders that wait |
//! | `worker` | what the thread does |
//! | [`books`] | the open file |
//! | `schema` | versions of the file |
//! | `rescue` | a damaged file is moved aside, its rows are read one by one |
//! | `row` | a row carries a sum of itself |
//! | `calls`, `contacts`, `profiles`, `messages` | what is kept |
//! | `sayings` | what people said of their accounts |
//! | `names` | who somebody is |
//! | `renamed` | names that are known once calls are over |
//! | [`error`] | what can be wrong |

pub mod books;
mod calls;
mod contacts;
pub mod error;
mod mails;
mod messages;
mod names;
mod profiles;
mod queue;
mod renamed;
mod rescue;
mod row;
mod sayings;
mod schema;
mod watched;
mod worker;

pub use books::{Answer, Books, Reader};
pub use error::Error;
pub use queue::WAITING;

use control::{Code, Command, ErrorObject};
use ports::store::{Do, Told};
use queue::{Ask, Queue};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long an engine that ends waits for the last records to be on disk.
const GOODBYE: Duration = Duration::from_secs(2);

/// Where things are kept, and how many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Folder of the file; made if it is not there, for its user alone.
    pub folder: PathBuf,
    /// Records of calls at most: beyond it the oldest goes. Range: 1 to 1,000,000.
    pub keep: u32,
}

/// Takes what the thread tells. Thread: \[worker\]; must not block.
pub type Tell = Box<dyn Fn(Told) + Send>;

/// Takes the answer to a question. Thread: \[worker\]; must not block.
pub type Reply = Box<dyn FnOnce(Result<Answer, ErrorObject>) + Send>;

/// The thread that keeps things on disk.
#[derive(Debug)]
pub struct Store {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
    ended: Receiver<()>,
}

impl Store {
    /// Starts the thread; it opens the file by itself, and says so if it cannot.
    ///
    /// Errors: the system gives no thread.
    pub fn start(settings: Settings, tell: Tell) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let (done, ended) = sync_channel(1);
        let orders = Arc::clone(&queue);
        let thread = std::thread::Builder::new().name("store".to_owned());
        let thread = thread.spawn(move || {
            worker::work(&settings, &orders, &tell);
            // Nobody may wait for it any more.
            let _ = done.send(());
        })?;
        Ok(Self {
            queue,
            thread: Some(thread),
            ended,
        })
    }

    /// Gives an order. Never waits. Errors: the order, where names are looked for or come late and there is no room for
    /// one more; it may be given again.
    pub fn order(&self, order: Do) -> Result<(), Box<Do>> {
        self.queue.order(order)
    }

    /// Asks what `command` asks for `reader`; the answer comes through `reply`. Never waits.
    ///
    /// Bound: 256 questions wait; one more is answered with OH-6007 at once.
    pub fn ask(&self, command: Command, reader: Reader, reply: Reply) {
        let ask = Ask {
            command,
            reader,
            reply,
        };
        if let Err(refused) = self.queue.ask(ask) {
            let why = "too many questions about history and contacts wait already";
            (refused.reply)(Err(ErrorObject::new(Code::ENGINE_BUSY, why)));
        }
    }
}

impl Drop for Store {
    /// Waits until everything is written, for a bounded time: a disk that does not answer keeps no engine alive.
    fn drop(&mut self) {
        self.queue.end();
        if self.ended.recv_timeout(GOODBYE).is_ok()
            && let Some(thread) = self.thread.take()
        {
            // It has said that it is done; a panic of its was logged.
            let _ = thread.join();
        }
    }
}
