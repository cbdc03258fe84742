//! The store beside the parts: what it tells goes to history, what it answers to who asked.

mod hearing;

use crate::commands::{Outcome, SharedWishes, is_kept, is_slow};
use crate::error::Error;
use crate::nameless::Lately;
use crate::places::{self, Beside, News};
use crate::run::Core;
use crate::tasks::Tasks;
use crate::wiring::Wiring;
use control::contacts::ContactKind;
use control::{Code, Command, CommandId, Contact, ErrorObject, EventBody, IdempotencyKey, Reply};
use directory::{Directories, Source};
use hearing::Hearing;
use ports::book::Book;
use ports::store::{Do, Sayings};
use ports::{Address, Post, events};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use store::{Answer, Store};
use tokio::sync::{mpsc, oneshot};

/// What the store tells and nobody has heard yet. At the limit it is dropped: a call rings a little later then.
const TOLD: usize = 4_096;

/// Times that the store says what people said before, and that it cannot: the first comes once. More failures are dropped.
const SAYINGS: usize = 16;
/// How long an engine that starts waits for what people said before: it goes by the settings until then.
const SAID: Duration = Duration::from_secs(2);
/// How long directories are waited for. Unit: ms.
const WAIT: u64 = 2_000;
/// The longest that somebody may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// People that directories add to an answer.
const PEOPLE: usize = 1_000;

/// Who is asked beside the store.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub(crate) directories: Vec<Source>,
    pub(crate) places: Vec<xcap::Source>,
}

/// Starts the store and directories and connects them, where they are wanted.
pub(crate) fn connect(
    settings: Option<store::Settings>,
    sources: Sources,
    wiring: &Rc<Wiring>,
    tasks: &Tasks,
) -> Result<Option<Kept>, Error> {
    let Some(settings) = settings else {
        if !sources.directories.is_empty() || !sources.places.is_empty() {
            tracing::warn!("no history is kept: directories and servers of profiles are not asked");
        }
        return Ok(None);
    };
    let (told, mut hear) = mpsc::channel(TOLD);
    let tell = told.clone();
    let tell = Box::new(move |word| {
        let _ = tell.try_send(word);
    });
    let store = Store::start(settings, tell).map_err(Error::Store)?;
    let tell: directory::Tell = Arc::new(move |word| {
        let _ = told.try_send(word);
    });
    let directories = Directories::start(sources.directories, &tell).map_err(Error::Store)?;
    let (beside, news) = places::connect(sources.places, &store)?;
    let beside = Rc::new(beside);
    let places = Rc::clone(&beside);
    let (store, directories) = (Rc::new(store), Rc::new(directories));
    take_orders(wiring, (&store, &directories, &beside));
    let (book, wishes) = (SharedBook::default(), SharedWishes::default());
    let (say, said) = mpsc::channel(SAYINGS);
    let hearing = Hearing {
        store: Rc::clone(&store),
        beside,
        say,
        line: Rc::clone(wiring),
        book: Rc::clone(&book),
        wishes: Rc::clone(&wishes),
    };
    tasks.spawn(async move {
        while let Some(told) = hear.recv().await {
            hearing.told(told);
        }
    });
    Ok(Some(Kept {
        store,
        directories,
        places,
        book,
        wishes,
        lately: Rc::default(),
        said: Some(said),
        news: Some(news),
    }))
}

/// Orders go to the store, and those that others carry out beside it to them too.
fn take_orders(
    wiring: &Wiring,
    (store, directories, beside): (&Rc<Store>, &Rc<Directories>, &Rc<Beside>),
) {
    let (orders, books) = (Rc::clone(store), Rc::clone(directories));
    let servers = Rc::clone(beside);
    let to_store = Box::new(move |post: Post| {
        let order: Do = post.try_into()?;
        let named = if let Do::Name { of, owner, uri } = &order {
            Some((of.clone(), owner.clone(), uri.clone()))
        } else {
            None
        };
        servers.hear(&order);
        orders.order(order).map_err(|back| Post::from(*back))?;
        if let Some((of, owner, uri)) = named {
            books.name(&of, &owner, &uri);
        }
        Ok(())
    });
    wiring.connect_outside(Address::Store, to_store);
}

/// What people said before this start, if it is known within [`SAID`]; it may come behind it.
pub(crate) async fn said_before(
    store: Option<&mut Kept>,
) -> (Option<Vec<Sayings>>, Option<mpsc::Receiver<Heard>>) {
    let Some(mut said) = store.and_then(|kept| kept.said.take()) else {
        return (Some(Vec::new()), None);
    };
    let first = tokio::time::timeout(SAID, said.recv()).await;
    (first.ok().flatten().flatten(), Some(said))
}

/// What people said before; `None`: that cannot be read now.
pub(crate) type Heard = Option<Vec<Sayings>>;

/// What people said before and a slow disk says late, and what servers say.
pub(crate) fn hear_later(core: &Rc<Core>, more: Option<mpsc::Receiver<Heard>>) {
    places::hear(core);
    let Some(mut more) = more else { return };
    let late = Rc::downgrade(core);
    core.tasks.spawn(async move {
        while let (Some(said), Some(core)) = (more.recv().await, late.upgrade()) {
            if let Some(said) = said {
                core.commands.borrow_mut().said_before(said);
            }
        }
    });
}

/// Everybody who is kept, as it is now.
pub(crate) type SharedBook = Rc<RefCell<Arc<Book>>>;

/// The store, and the directories beside it.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) store: Rc<Store>,
    pub(crate) directories: Rc<Directories>,
    places: Rc<Beside>,
    pub(crate) book: SharedBook,
    pub(crate) wishes: SharedWishes,
    /// Whose names were asked for lately.
    pub(crate) lately: Rc<RefCell<Lately>>,
    /// What people said before, until somebody waits for it.
    said: Option<mpsc::Receiver<Heard>>,
    /// What servers of profiles tell, until somebody listens.
    pub(crate) news: Option<mpsc::Receiver<News>>,
}

/// What hears each event before the hub does: an account that is registered has its servers asked (M-002).
pub(crate) fn when_registered(store: Option<&Kept>) -> impl Fn(&events::Word) + use<> {
    let beside = store.map(|kept| {
        let lately = Rc::clone(&kept.lately);
        (
            Rc::clone(&kept.directories),
            Rc::clone(&kept.places),
            lately,
        )
    });
    move |word| {
        let events::Word::Tell {
            body: EventBody::AccountRegistered(change),
            ..
        } = word
        else {
            return;
        };
        if let Some((directories, places, lately)) = &beside {
            lately.borrow_mut().forget();
            let account = change.snapshot.account.as_str();
            directories.registered(account);
            places.registered(account);
        }
    }
}

/// A search that directories take part in.
struct Wanted {
    text: String,
    limit: usize,
    wait: Duration,
}

/// Whether the command is one, and how long it waits.
fn searched(command: &Command) -> Option<Wanted> {
    let Command::ContactList(query) = command else {
        return None;
    };
    let text = query.text.clone().filter(|text| !text.trim().is_empty())?;
    let general = query.kind.is_none_or(|kind| kind == ContactKind::General);
    let wait = Duration::from_millis(query.wait_ms.map_or(WAIT, u64::from)).min(LONGEST_WAIT);
    let limit = query
        .limit
        .map_or(PEOPLE, |limit| limit as usize)
        .min(PEOPLE);
    (general && !wait.is_zero()).then_some(Wanted { text, limit, wait })
}

/// Puts those behind that are not there already: the same name and one of the numbers (M-107).
fn merge(contacts: &mut Vec<Contact>, found: Vec<Contact>, limit: usize) {
    let same = |one: &Contact, other: &Contact| {
        one.name.eq_ignore_ascii_case(&other.name)
            && one
                .numbers
                .iter()
                .any(|number| other.numbers.contains(number))
    };
    for person in found {
        if contacts.len() < limit && !contacts.iter().any(|known| same(known, &person)) {
            contacts.push(person);
        }
    }
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
        let wanted = searched(&command);
        let answer = match (self.try_favourite(&command).await, wanted) {
            (Err(why), _) => Err(why),
            (Ok(_), Some(wanted)) => self.search(command, wanted).await,
            (Ok(tried), None) => {
                let answer = self.ask_store(command).await;
                if let (Err(_), Some(tried)) = (&answer, tried) {
                    self.no_favourite(tried);
                }
                answer
            }
        };
        let outcome = answer.and_then(|mut answer| match redials {
            true => self.redial(answer.reply, id),
            false => {
                self.name_records(&answer.reply);
                let commands = self.commands.borrow();
                commands.show_in_reply(&mut answer.reply, &self.hub.borrow());
                drop(commands);
                self.tell(answer.events, id);
                Ok(answer.reply)
            }
        });
        self.commands.borrow_mut().finish(asked, &outcome);
        (id, outcome)
    }

    /// What is kept here, and what directories have beside it within the time that is allowed (M-105).
    async fn search(&self, command: Command, wanted: Wanted) -> Result<Answer, ErrorObject> {
        let owners = self.commands.borrow().reader().all;
        let (tell, mut told) = mpsc::unbounded_channel();
        let mut silent = Vec::new();
        if let Some(kept) = self.store.borrow().as_ref() {
            let Wanted { text, limit, .. } = &wanted;
            kept.directories.search(&owners, text, *limit, |title| {
                silent.push(title.to_owned());
                let (tell, title) = (tell.clone(), title.to_owned());
                Box::new(move |found| {
                    // Who asked may be gone.
                    let _ = tell.send((title, found));
                })
            });
        }
        drop(tell);
        let mut answer = self.ask_store(command).await?;
        let deadline = tokio::time::Instant::now() + wanted.wait;
        let mut found = Vec::new();
        while let Ok(Some((title, people))) = tokio::time::timeout_at(deadline, told.recv()).await {
            if let Ok(people) = people {
                silent.retain(|other| *other != title);
                found.extend(people);
            }
        }
        if let Reply::Contacts {
            contacts,
            silent: missing,
        } = &mut answer.reply
        {
            merge(contacts, found, wanted.limit);
            *missing = silent;
        }
        Ok(answer)
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
        let store = self
            .store
            .borrow()
            .as_ref()
            .map(|kept| Rc::clone(&kept.store));
        let store = store.ok_or_else(gone)?;
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
        for mut body in events {
            let commands = self.commands.borrow();
            commands.show_in_event(&mut body, &self.hub.borrow());
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
