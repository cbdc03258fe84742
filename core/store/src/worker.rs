//! What the thread does: writes what waits, answers what is asked, and says when it cannot.

use crate::books::{self, Books};
use crate::queue::{Ask, Queue};
use crate::renamed::{Ranks, Renaming};
use crate::{Error, Settings, Tell};
use control::contacts::{DirectoryChange, StoreChange};
use control::{Code, Command, ErrorObject, EventBody};
use ports::blf::LampWish;
use ports::store::{Do, Kept, KeptMessage, Listed, Sayings, Shared, Told};
use std::collections::BTreeSet;
use std::mem;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long after a failure the next try comes.
const AGAIN: Duration = Duration::from_secs(1);
/// How long a write that failed before waits for another program: questions wait meanwhile.
const SHORT: Duration = Duration::from_millis(100);
/// How long the first write waits. Source: reliability, Storage.
const LONG: Duration = Duration::from_secs(5);

/// What is written at once, all or none.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) calls: Vec<Kept>,
    pub(crate) messages: Vec<KeptMessage>,
    pub(crate) said: Vec<Sayings>,
    pub(crate) alive: Option<control::Timestamp>,
}

impl Batch {
    fn is_empty(&self) -> bool {
        let records = self.calls.is_empty() && self.messages.is_empty();
        records && self.said.is_empty() && self.alive.is_none()
    }
}

struct Worker<'a> {
    settings: &'a Settings,
    queue: &'a Queue,
    tell: &'a Tell,
    path: PathBuf,
    books: Option<Books>,
    /// Nothing could be written lately; which error, and when to try again.
    failing: Option<(Code, Instant)>,
    lost_told: u32,
    said_told: bool,
    ranks: Ranks,
    /// What was told to be watched.
    watched: Vec<(String, LampWish)>,
    /// Whose profiles are told.
    followed: BTreeSet<String>,
}

/// Runs until the queue ends.
pub(crate) fn work(settings: &Settings, queue: &Queue, tell: &Tell) {
    let mut worker = Worker {
        settings,
        queue,
        tell,
        path: books::file_of(&settings.folder),
        books: None,
        failing: None,
        lost_told: 0,
        said_told: false,
        ranks: Ranks::default(),
        watched: Vec::new(),
        followed: BTreeSet::new(),
    };
    worker.open();
    while worker.turn() {}
}

impl Worker<'_> {
    /// One round; `false`: the last.
    fn turn(&mut self) -> bool {
        let not_before = self.failing.map(|(_, at)| at);
        let mut waiting = self.queue.wait(not_before);
        let ending = waiting.ending;
        let due = ending || not_before.is_none_or(|at| at <= Instant::now());
        let mut batch = Batch::default();
        if due {
            batch.calls = waiting.keeps.drain(..).collect();
            batch.messages = waiting.messages.drain(..).collect();
            batch.said = mem::take(&mut waiting.said);
            batch.alive = waiting.alive.take();
        }
        let names = mem::take(&mut waiting.names);
        let renamings = mem::take(&mut waiting.renamings);
        let lists = mem::take(&mut waiting.lists);
        let asks = mem::take(&mut waiting.asks);
        let shares = mem::take(&mut waiting.shares);
        let follows = mem::take(&mut waiting.follows);
        drop(waiting);
        if due {
            self.write(batch, ending);
        }
        for name in names {
            self.name(name);
        }
        for renaming in renamings {
            self.rename(renaming);
        }
        for list in lists {
            self.list(&list);
        }
        for owner in follows {
            self.tell_standing(&owner);
            self.followed.insert(owner);
        }
        for ask in asks {
            self.answer(ask);
        }
        for shared in shares {
            self.share(&shared);
        }
        !ending
    }

    fn open(&mut self) {
        match Books::open(self.settings) {
            Ok((books, told)) => {
                self.books = Some(books);
                self.tell_said();
                self.tell_book();
                for owner in self.followed.clone() {
                    self.tell_standing(&owner);
                }
                if let Some(change) = told {
                    (self.tell)(Told::Failed(Box::new(change)));
                }
            }
            Err(why) => self.fail(&why),
        }
    }

    fn give_back(&self, batch: Batch) {
        let mut waiting = self.queue.lock();
        waiting.give_back(batch.calls);
        waiting.give_back_messages(batch.messages);
        waiting.give_back_said(batch.said);
    }

    fn write(&mut self, batch: Batch, ending: bool) {
        if self.books.is_none() {
            self.open();
        }
        let Some(books) = &mut self.books else {
            return self.give_back(batch);
        };
        if batch.is_empty() && self.failing.is_none() {
            return;
        }
        let patience = if ending || self.failing.is_some() {
            SHORT
        } else {
            LONG
        };
        let written = books
            .patience(patience)
            .and_then(|()| books.write_all(&batch));
        match written {
            Ok(()) => {
                for kept in batch.calls {
                    let call = kept.record.call;
                    (self.tell)(Told::Kept { call });
                }
                for kept in batch.messages {
                    let id = kept.message.id;
                    (self.tell)(Told::KeptMessage { id });
                }
                self.mend();
            }
            Err(why) => {
                if why.is_damage() {
                    // The next try opens it anew, and saves what can be read.
                    self.books = None;
                }
                self.give_back(batch);
                self.fail(&why);
            }
        }
    }

    /// Tells once of each kind of failure, and again when records are lost.
    fn fail(&mut self, why: &Error) {
        let error = why.explain();
        let code = error.code;
        let known = self.failing.is_some_and(|(known, _)| known == code);
        self.failing = Some((code, Instant::now() + AGAIN));
        let change = self.change(Some(error));
        if !known || change.lost > self.lost_told {
            tracing::warn!(%why, waiting = change.waiting, lost = change.lost, "history cannot be written");
            self.lost_told = change.lost;
            (self.tell)(Told::Failed(Box::new(change)));
        }
    }

    fn mend(&mut self) {
        if self.failing.take().is_some() {
            tracing::info!("history is written again");
            (self.tell)(Told::Mended(Box::new(self.change(None))));
        }
    }

    fn change(&self, error: Option<ErrorObject>) -> StoreChange {
        let waiting = self.queue.lock();
        StoreChange {
            path: self.path.display().to_string(),
            error,
            waiting: u32::try_from(waiting.keeps.len() + waiting.messages.len())
                .unwrap_or(u32::MAX),
            lost: waiting.lost,
        }
    }

    fn name(&self, asked: Do) {
        let (Do::Name { of, owner, uri }, Some(books)) = (asked, &self.books) else {
            return;
        };
        match books.name(&owner, &uri) {
            Ok(Some((known, rank))) => (self.tell)(Told::Named { of, known, rank }),
            Ok(None) => {}
            Err(why) => tracing::warn!(%why, "nobody knows who calls"),
        }
    }

    fn rename(&mut self, renaming: Renaming) {
        let Some(books) = &mut self.books else { return };
        match books.rename(renaming, &mut self.ranks) {
            Ok(records) if records.is_empty() => {}
            Ok(records) => (self.tell)(Told::Renamed(records)),
            Err(why) => tracing::warn!(%why, "a name that is known late is not kept"),
        }
    }

    fn tell_book(&mut self) {
        let Some(books) = &self.books else { return };
        match books.book() {
            Ok(book) => (self.tell)(Told::Book(Arc::new(book))),
            Err(why) => tracing::warn!(%why, "rules do not know the contacts"),
        }
        self.tell_watched();
    }

    /// Once: what is said from then on, the engine knows better.
    fn tell_said(&mut self) {
        let (false, Some(books)) = (self.said_told, &self.books) else {
            return;
        };
        match books.said() {
            Ok(said) => {
                self.said_told = true;
                (self.tell)(Told::Said(said));
            }
            Err(why) => tracing::warn!(%why, "what people said before is not known"),
        }
    }

    fn tell_watched(&mut self) {
        let Some(books) = &self.books else { return };
        match books.watched() {
            Ok(watched) if watched == self.watched => {}
            Ok(watched) => {
                self.watched.clone_from(&watched);
                (self.tell)(Told::Watched(watched));
            }
            Err(why) => tracing::warn!(%why, "nobody of quick dial and favourites is watched"),
        }
    }

    /// A copy that cannot be written is not tried again: the directory is listed again soon.
    fn list(&mut self, list: &Listed) {
        let Some(books) = &mut self.books else { return };
        match books.list(list) {
            Ok(changed) => {
                (self.tell)(Told::Copied { changed });
                if changed > 0 {
                    self.tell_book();
                }
            }
            Err(why) => {
                let directory = list.title.clone();
                tracing::warn!(%why, directory, "a directory cannot be copied");
                let error = Some(why.explain());
                let change = Box::new(DirectoryChange { directory, error });
                (self.tell)(Told::Directory(change));
            }
        }
    }

    /// What cannot be written is not tried again: who shares it does so again.
    fn share(&mut self, shared: &Shared) {
        let Some(books) = &mut self.books else { return };
        match books.share(shared) {
            Ok(standing) => {
                let is_news = standing.is_news;
                (self.tell)(Told::Stands(Box::new(standing)));
                if is_news {
                    self.tell_watched();
                }
            }
            Err(why) => self.fail(&why),
        }
    }

    fn tell_standing(&self, owner: &str) {
        let Some(books) = &self.books else { return };
        match books.standing(owner) {
            Ok(standing) => (self.tell)(Told::Stands(Box::new(standing))),
            Err(why) => tracing::warn!(%why, "the server is not told of profiles"),
        }
    }

    fn answer(&mut self, ask: Ask) {
        let Ask {
            command,
            reader,
            reply,
        } = ask;
        let Some(books) = &mut self.books else {
            let why = format!("{} cannot be opened", self.path.display());
            return reply(Err(ErrorObject::new(Code::STORE_FAILED, why)));
        };
        let waiting: Vec<Kept> = self.queue.lock().keeps.iter().cloned().collect();
        let deletes = matches!(command, Command::HistoryDelete(_));
        let answer = books.carry_out(command.clone(), &reader, &waiting);
        if deletes && answer.is_ok() {
            self.forget(&command, &reader);
        }
        let is_contact = |event: &EventBody| matches!(event, EventBody::ContactsChanged(_));
        let is_favourite = |event: &EventBody| matches!(event, EventBody::FavouritesChanged(_));
        let events = answer.as_ref().map_or(&[][..], |done| &done.events);
        let (contacts, favourites) = (
            events.iter().any(is_contact),
            events.iter().any(is_favourite),
        );
        reply(answer.map_err(|why| why.explain()));
        if favourites && self.followed.contains(&reader.own) {
            self.tell_standing(&reader.own);
        }
        if contacts {
            self.tell_book();
        } else if favourites {
            self.tell_watched();
        }
    }

    /// What is deleted does not come back with what waits.
    fn forget(&self, command: &Command, reader: &crate::Reader) {
        let Command::HistoryDelete(delete) = command else {
            return;
        };
        self.queue.lock().keeps.retain(|kept| {
            let named = delete.all || delete.ids.contains(&kept.record.id);
            !(named && kept.record.ended.is_some() && reader.all.contains(&kept.owner))
        });
    }
}

#[cfg(test)]
mod tests;
