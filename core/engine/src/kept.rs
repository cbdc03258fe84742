//! The store beside the parts: what it tells goes to history, what it answers to who asked.

use crate::commands::{Outcome, is_kept, is_slow};
use crate::error::Error;
use crate::run::Core;
use crate::tasks::Tasks;
use crate::wiring::Wiring;
use control::{Code, Command, CommandId, ErrorObject, EventBody, IdempotencyKey, Reply};
use ports::store::Told;
use ports::{Address, Post, events, history, messages};
use std::rc::Rc;
use store::{Answer, Store};
use tokio::sync::{mpsc, oneshot};

/// What the store tells and nobody has heard yet. At the limit it is dropped: a call rings a little later then.
const TOLD: usize = 4_096;

/// Starts the store and connects it, where one is wanted.
pub(crate) fn connect(
    settings: Option<store::Settings>,
    wiring: &Rc<Wiring>,
    tasks: &Tasks,
) -> Result<Option<Rc<Store>>, Error> {
    let Some(settings) = settings else {
        return Ok(None);
    };
    let (told, mut hear) = mpsc::channel(TOLD);
    let tell = Box::new(move |word| {
        let _ = told.try_send(word);
    });
    let store = Store::start(settings, tell).map_err(Error::Store)?;
    let store = Rc::new(store);
    let orders = Rc::clone(&store);
    let to_store = Box::new(move |post: Post| {
        orders.order(post.try_into()?);
        Ok(())
    });
    wiring.connect_outside(Address::Store, to_store);
    let line = Rc::clone(wiring);
    tasks.spawn(async move {
        while let Some(told) = hear.recv().await {
            // A part that has too much to do hears of the next record.
            let _ = line.carry(match told {
                Told::KeptMessage { id } => messages::Word::Kept { id }.into(),
                told @ (Told::Kept { .. }
                | Told::Named { .. }
                | Told::Failed(_)
                | Told::Mended(_)) => history::Word::Stored(told).into(),
            });
        }
    });
    Ok(Some(store))
}

impl Core {
    /// Carries out any command; those about history and contacts are answered once the disk has, and those that
    /// plugins take their time for once these have.
    pub async fn ask(&self, command: Command, key: Option<IdempotencyKey>) -> (CommandId, Outcome) {
        if is_slow(&command) {
            return self.ask_plugins(&command, key).await;
        }
        if !is_kept(&command) {
            return self.command(command, key);
        }
        let begun = self.commands.borrow_mut().begin(&command, key);
        let asked = match begun {
            Ok(asked) => asked,
            Err(done) => return done,
        };
        let id = asked.id;
        let redials = matches!(command, Command::HistoryRedial(_));
        let answer = self.ask_store(command).await;
        let outcome = answer.and_then(|answer| match redials {
            true => self.redial(answer.reply, id),
            false => {
                self.tell(answer.events, id);
                Ok(answer.reply)
            }
        });
        self.commands.borrow_mut().finish(asked, &outcome);
        (id, outcome)
    }

    async fn ask_plugins(
        &self,
        command: &Command,
        key: Option<IdempotencyKey>,
    ) -> (CommandId, Outcome) {
        let begun = self.commands.borrow_mut().begin(command, key);
        let asked = match begun {
            Ok(asked) => asked,
            Err(done) => return done,
        };
        let id = asked.id;
        let later = self.commands.borrow().slow(command);
        let outcome = later.await;
        self.commands.borrow_mut().finish(asked, &outcome);
        (id, outcome)
    }

    async fn ask_store(&self, command: Command) -> Result<Answer, ErrorObject> {
        let gone = || ErrorObject::new(Code::STORE_FAILED, "this engine keeps no history");
        let store = self.store.borrow().clone().ok_or_else(gone)?;
        let reader = self.commands.borrow().reader();
        let (answer, answered) = oneshot::channel();
        let reply = Box::new(move |found| {
            // Who asked may be gone.
            let _ = answer.send(found);
        });
        store.ask(command, reader, reply);
        drop(store);
        answered.await.unwrap_or_else(|_| Err(gone()))
    }

    fn redial(&self, found: Reply, id: CommandId) -> Outcome {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "the store answers with the record, or not at all"
        )]
        let record = match found {
            Reply::History { mut records } => records.pop(),
            _ => None,
        };
        let none = || ErrorObject::new(Code::UNKNOWN_RECORD, "there is no such record");
        let record = record.ok_or_else(none)?;
        let hub = self.hub.borrow();
        let now = self.clock.now();
        self.commands.borrow_mut().redial(record, id, &hub, now)
    }

    fn tell(&self, events: Vec<EventBody>, id: CommandId) {
        let now = self.clock.now();
        for body in events {
            let told = events::Word::Tell {
                at: now,
                account: None,
                call: None,
                command: Some(id),
                body,
            };
            self.hub.borrow_mut().take(told, now);
        }
    }
}
