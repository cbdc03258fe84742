//! The open file: what is written into it, and what is asked of it. Thread: \[worker\], or the test's.

use crate::renamed::{Ranks, Renaming};
use crate::worker::Batch;
use crate::{
    Error, Settings, calls, contacts, mails, messages, names, profiles, renamed, rescue, row,
    sayings, schema, watched,
};
use control::contacts::StoreChange;
use control::history::KnownName;
use control::{Code, Command, EventBody, HistoryRecord, Reply, Timestamp};
use ports::blf::LampWish;
use ports::book::Book;
use ports::store::{Kept, KeptMessage, Listed, Sayings, Shared, Standing};
use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Name of the file.
const FILE: &str = "offhook.sqlite";
/// Name of the file whose lock says that an engine keeps the folder.
const LOCK: &str = "offhook.lock";
/// How long a write waits for another program that holds the file. Source: reliability, Storage.
const BUSY: Duration = Duration::from_secs(5);

/// Whose things are shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reader {
    /// Under whom new things are kept: the default account's owner.
    pub own: String,
    /// Whose things are seen: of every account that is there, and of none.
    pub all: Vec<String>,
    /// How mail addresses are made: by the default account's rule.
    pub mail: policy::mail::Rule,
}

/// What a command came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// For who asked.
    pub reply: Reply,
    /// For everybody.
    pub events: Vec<EventBody>,
}

impl Answer {
    /// An answer that changed nothing.
    pub(crate) const fn plain(reply: Reply) -> Self {
        Self {
            reply,
            events: Vec::new(),
        }
    }

    pub(crate) fn changed(reply: Reply, event: EventBody) -> Self {
        Self {
            reply,
            events: vec![event],
        }
    }
}

/// What is kept, open.
#[derive(Debug)]
pub struct Books {
    db: Connection,
    keep: u32,
    /// Version of the file where that is newer than ours: nothing is written then.
    newer: Option<i64>,
    /// Says that this folder is ours, as long as we live.
    _lock: Option<File>,
}

impl Books {
    /// Opens what is kept, or begins it. A file that is damaged is moved aside, and what can be read of it is kept:
    /// that is told beside. Calls that were open when the last engine ended without a word are closed.
    ///
    /// Errors: the folder cannot be made or written, another engine keeps it.
    pub fn open(settings: &Settings) -> Result<(Self, Option<StoreChange>), Error> {
        let folder = &settings.folder;
        let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|why| at(folder, why))?;
        let lock = lock(&folder.join(LOCK))?;
        let path = folder.join(FILE);
        let mut told = None;
        let opened = connect(&path).and_then(|(db, newer)| {
            check(&db)?;
            Ok((db, newer))
        });
        let (db, newer) = match opened {
            Ok(opened) => opened,
            Err(why) if why.is_damage() => {
                let aside = rescue::move_aside(&path)?;
                let (mut db, newer) = connect(&path)?;
                let saved = rescue::read_again(&aside, &mut db)?;
                let beside = aside.display();
                let why =
                    format!("{why}; {saved} rows were read again, the damaged file is {beside}");
                tracing::warn!(%why, "history and contacts were damaged");
                told = Some(change(&path, Error::Damaged(why)));
                (db, newer)
            }
            Err(why) => return Err(why),
        };
        if let Some(found) = newer {
            let ours = schema::ours();
            told = Some(change(&path, Error::Newer { found, ours }));
        }
        let mut books = Self {
            db,
            keep: settings.keep,
            newer,
            _lock: Some(lock),
        };
        books.close_interrupted()?;
        Ok((books, told))
    }

    /// What is kept only as long as this lives: for simulation.
    pub fn in_memory(keep: u32) -> Result<Self, Error> {
        let mut db = Connection::open_in_memory()?;
        schema::migrate(&mut db)?;
        Ok(Self {
            db,
            keep,
            newer: None,
            _lock: None,
        })
    }

    /// Writes records of calls; see `write_all`.
    pub fn write(&mut self, kept: &[Kept], alive: Option<Timestamp>) -> Result<(), Error> {
        let calls = kept.to_vec();
        self.write_all(&Batch {
            calls,
            alive,
            ..Batch::default()
        })
    }

    /// Writes records, all or none; once it returns, they outlive the process and a power cut.
    pub(crate) fn write_all(&mut self, batch: &Batch) -> Result<(), Error> {
        self.may_write()?;
        // That calls go on need not outlive a power cut: a second of a call's length is at stake.
        let lightly = batch.calls.is_empty() && batch.messages.is_empty() && batch.said.is_empty();
        if lightly {
            self.db.pragma_update(None, "synchronous", "NORMAL")?;
        }
        let written = self.write_now(batch);
        if lightly {
            self.db.pragma_update(None, "synchronous", "FULL")?;
        }
        written
    }

    fn write_now(&mut self, batch: &Batch) -> Result<(), Error> {
        let write = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        for one in &batch.calls {
            calls::put(&write, &one.owner, &one.record)?;
        }
        for one in &batch.messages {
            messages::put(&write, &one.owner, &one.message)?;
        }
        for one in &batch.said {
            sayings::put(&write, one)?;
        }
        if let Some(at) = batch.alive {
            calls::put_alive(&write, at)?;
        }
        if !batch.calls.is_empty() {
            calls::trim(&write, self.keep)?;
        }
        if !batch.messages.is_empty() {
            messages::trim(&write, self.keep)?;
        }
        write.commit()?;
        Ok(())
    }

    /// Keeps what people said.
    pub fn say(&mut self, said: &[Sayings]) -> Result<(), Error> {
        let said = said.to_vec();
        self.write_all(&Batch {
            said,
            ..Batch::default()
        })
    }

    /// What everybody said. Errors: also of a newer file, which may have it otherwise: nobody must take it for nothing.
    pub fn said(&self) -> Result<Vec<Sayings>, Error> {
        self.may_write()?;
        sayings::all(&self.db)
    }

    /// Keeps what a directory lists in the place of what it listed before; how many contacts are different now.
    pub fn list(&mut self, list: &Listed) -> Result<u32, Error> {
        self.may_write()?;
        contacts::list_of_directory(&mut self.db, list)
    }

    /// Has profiles stand as a server and this phone came together, if nobody changed them meanwhile; what stands then.
    pub fn share(&mut self, shared: &Shared) -> Result<Standing, Error> {
        self.may_write()?;
        profiles::share(&mut self.db, shared)
    }

    /// The profiles of `owner` as they stand, for who brings them together with a server's. Errors: also of a newer file,
    /// which cannot keep what comes of it.
    pub fn standing(&self, owner: &str) -> Result<Standing, Error> {
        self.may_write()?;
        profiles::standing(&self.db, owner)
    }

    /// Whom quick dial and the favourites of profiles in use are to show, each with whose they are.
    pub fn watched(&self) -> Result<Vec<(String, LampWish)>, Error> {
        watched::all(&self.db)
    }

    /// Everybody who is kept, as rules ask for them.
    pub fn book(&self) -> Result<Book, Error> {
        contacts::book(&self.db)
    }

    /// Who `uri` is by the lists of `owner`, and where that list stands: favourites 0, contacts 1, copied ones 2.
    pub fn name(&self, owner: &str, uri: &str) -> Result<Option<(KnownName, u8)>, Error> {
        names::of(&self.db, owner, uri)
    }

    /// Names records of calls that are over; those that are different now.
    pub(crate) fn rename(
        &mut self,
        renaming: Renaming,
        ranks: &mut Ranks,
    ) -> Result<Vec<HistoryRecord>, Error> {
        self.may_write()?;
        renamed::rename(&mut self.db, renaming, ranks)
    }

    /// Carries out a command about what is kept. `waiting`: records that could not be written yet.
    ///
    /// Errors: with code, cause and fix for who asked.
    pub fn carry_out(
        &mut self,
        command: Command,
        reader: &Reader,
        waiting: &[Kept],
    ) -> Result<Answer, Error> {
        if writes(&command) {
            self.may_write()?;
        }
        let db = &mut self.db;
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "the engine hands over those about what is kept"
        )]
        match command {
            Command::HistoryList(query) => calls::list(db, &query, reader, waiting),
            Command::HistoryDelete(delete) => calls::delete(db, delete, reader),
            Command::HistoryRedial(of) => calls::find(db, &of, reader, waiting),
            Command::ContactList(query) => contacts::list(db, &query, reader),
            Command::ContactAdd(contact) => contacts::add(db, *contact, reader),
            Command::ContactChange(contact) => contacts::change(db, *contact, reader),
            Command::ContactRemove(of) => contacts::remove(db, &of.id, reader),
            Command::ContactImport(import) => contacts::import(db, &import, reader),
            Command::ContactExport(query) => contacts::export(db, &query, reader),
            Command::MessageList(query) => messages::list(db, &query, reader),
            Command::MessageRead(of) => messages::read(db, of, reader),
            Command::MessageDelete(of) => messages::delete(db, of, reader),
            Command::ProfileList(_)
            | Command::ProfileAdd(_)
            | Command::ProfileUse(_)
            | Command::ProfileRemove(_)
            | Command::ProfileRename(_)
            | Command::FavouriteAdd(_)
            | Command::FavouriteRename(_)
            | Command::FavouriteMove(_)
            | Command::FavouriteRemove(_) => profiles::carry_out(db, command, reader),
            Command::FavouriteMail(of) => mails::of(db, of, reader),
            _ => Err(Error::refused(
                Code::UNKNOWN_COMMAND,
                "it is not about what is kept",
            )),
        }
    }

    /// How long a write waits for another program that holds the file.
    pub(crate) fn patience(&self, wait: Duration) -> Result<(), Error> {
        Ok(self.db.busy_timeout(wait)?)
    }

    /// What an engine that ended without a word left open ended when it last said that it lived.
    fn close_interrupted(&mut self) -> Result<(), Error> {
        if self.newer.is_some() {
            return Ok(());
        }
        let calls = calls::interrupted(&self.db)?;
        let open = messages::interrupted(&self.db)?.into_iter();
        let messages: Vec<_> = open
            .map(|(owner, message)| KeptMessage { owner, message })
            .collect();
        if calls.is_empty() && messages.is_empty() {
            return Ok(());
        }
        tracing::info!(
            calls = calls.len(),
            messages = messages.len(),
            "of an engine that ended without a word"
        );
        self.write_all(&Batch {
            calls,
            messages,
            ..Batch::default()
        })
    }

    fn may_write(&self) -> Result<(), Error> {
        let ours = schema::ours();
        match self.newer {
            Some(found) => Err(Error::Newer { found, ours }),
            None => Ok(()),
        }
    }
}

/// The file of a folder.
pub(crate) fn file_of(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// Whatever is no question changes something.
fn writes(command: &Command) -> bool {
    !matches!(
        command,
        Command::HistoryList(_)
            | Command::HistoryRedial(_)
            | Command::ContactList(_)
            | Command::ContactExport(_)
            | Command::ProfileList(_)
            | Command::FavouriteMail(_)
            | Command::MessageList(_)
    )
}

pub(crate) fn change(path: &Path, error: Error) -> StoreChange {
    StoreChange {
        path: path.display().to_string(),
        error: Some(error.explain()),
        waiting: 0,
        lost: 0,
    }
}

pub(crate) fn at(path: &Path, why: io::Error) -> Error {
    let path = path.to_owned();
    Error::Io { path, why }
}

/// For its user alone: histories and contacts are nobody else's business.
fn private(path: &Path) -> io::Result<File> {
    let mut open = OpenOptions::new();
    let file = open.read(true).write(true).create(true).truncate(false);
    let file = file.mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

fn lock(path: &Path) -> Result<File, Error> {
    let file = private(path).map_err(|why| at(path, why))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let path = path.to_owned();
            Err(Error::InUse { path })
        }
        Err(TryLockError::Error(why)) => Err(at(path, why)),
    }
}

/// Opens the file and brings it to our version. Beside: its version where that is newer.
fn connect(path: &Path) -> Result<(Connection, Option<i64>), Error> {
    private(path).map_err(|why| at(path, why))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY)?;
    let found = schema::version(&db)?;
    if found > schema::ours() {
        db.pragma_update(None, "query_only", true)?;
        return Ok((db, Some(found)));
    }
    // A journal that answers with another word than this one is no journal that survives us.
    db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "secure_delete", true)?;
    schema::migrate(&mut db)?;
    Ok((db, None))
}

/// Whether the file is what it was: its pages and indexes by SQLite's own check, its rows by their sums.
fn check(db: &Connection) -> Result<(), Error> {
    let said: String = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if said != "ok" {
        return Err(Error::Damaged(said));
    }
    for table in rescue::TABLES {
        let sql = format!("SELECT owner, body, sum FROM {}", table.name);
        let mut rows = db.prepare(&sql)?;
        let mut rows = rows.query([])?;
        while let Some(found) = rows.next()? {
            let (owner, body, sum) = rescue::texts(found)?;
            row::read::<serde_json::Value>(&owner, &body, sum)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
