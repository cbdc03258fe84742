//! A damaged file is moved aside, whole; what can be read of it is read again, row by row.

use crate::books::at;
use crate::{Error, calls, contacts, messages, profiles, row, sayings};
use control::{Contact, HistoryRecord, Profile, TextMessage};
use ports::store::Sayings;
use rusqlite::{Connection, OpenFlags, Row, Transaction};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Files of one name that may stand aside. At the limit the last is replaced.
const ASIDE: u32 = 99;
/// Rows that are looked for one by one where the table does not lead to them.
const GAP: i64 = 10_000;

/// A table, and how a row of it is put into another file.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    put: fn(&Transaction<'_>, owner: &str, body: &str, sum: i64) -> Result<(), Error>,
}

/// All that have rows with sums.
pub(crate) const TABLES: [Table; 6] = [
    Table {
        name: "calls",
        put: |into, owner, body, sum| {
            let record: HistoryRecord = row::read(owner, body, sum)?;
            calls::put(into, owner, &record)
        },
    },
    Table {
        name: "contacts",
        put: |into, owner, body, sum| {
            let contact: Contact = row::read(owner, body, sum)?;
            contacts::put(into, owner, &contact)
        },
    },
    Table {
        name: "profiles",
        put: |into, owner, body, sum| {
            let profiles: Vec<Profile> = row::read(owner, body, sum)?;
            profiles::put(into, owner, &profiles)
        },
    },
    Table {
        name: "messages",
        put: |into, owner, body, sum| {
            let message: TextMessage = row::read(owner, body, sum)?;
            messages::put(into, owner, &message)
        },
    },
    Table {
        name: "said",
        put: |into, owner, body, sum| {
            let said = row::read(owner, body, sum)?;
            let owner = owner.to_owned();
            sayings::put(into, &Sayings { owner, said })
        },
    },
    Table {
        name: "ledgers",
        put: |into, owner, body, sum| {
            let ledger: Value = row::read(owner, body, sum)?;
            profiles::put_ledger(into, owner, &ledger)
        },
    },
];

/// Owner, body and sum of a row whose columns are these.
pub(crate) fn texts(row: &Row<'_>) -> Result<(String, String, i64), Error> {
    let text = |at| -> Result<String, Error> {
        let bytes = row.get_ref(at)?;
        let text = bytes.as_str();
        text.map(str::to_owned)
            .map_err(|why| Error::Damaged(format!("a row is no text: {why}")))
    };
    let sum = row.get_ref(2)?;
    let sum = sum
        .as_i64()
        .map_err(|why| Error::Damaged(why.to_string()))?;
    Ok((text(0)?, text(1)?, sum))
}

/// Renames the file and its journals; says how it is called now.
pub(crate) fn move_aside(path: &Path) -> Result<PathBuf, Error> {
    let named = |number: u32| PathBuf::from(format!("{}.damaged-{number}", path.display()));
    let free = (1..ASIDE).map(named).find(|name| !name.exists());
    let aside = free.unwrap_or_else(|| named(ASIDE));
    for journal in ["-wal", "-shm", ""] {
        let with = |path: &Path| PathBuf::from(format!("{}{journal}", path.display()));
        let from = with(path);
        if from.exists() {
            std::fs::rename(&from, with(&aside)).map_err(|why| at(&from, why))?;
        }
    }
    Ok(aside)
}

/// Puts every row of the file `aside` that is as it was written into `db`; says how many.
pub(crate) fn read_again(aside: &Path, db: &mut Connection) -> Result<usize, Error> {
    let Ok(old) = Connection::open_with_flags(aside, OpenFlags::SQLITE_OPEN_READ_WRITE) else {
        return Ok(0);
    };
    let into = db.transaction()?;
    let mut saved = 0;
    for table in TABLES {
        saved += rows(&old, &table, &into);
    }
    into.commit()?;
    Ok(saved)
}

/// Rows from the first on until one cannot be read, then from the last back to there, then one by one what lies
/// between: a page that cannot be read costs the rows on it and no others.
fn rows(old: &Connection, table: &Table, into: &Transaction<'_>) -> usize {
    let mut saved = 0;
    let mut save = |texts: Result<(String, String, i64), Error>| {
        let put = texts.and_then(|(owner, body, sum)| (table.put)(into, &owner, &body, sum));
        match put {
            Ok(()) => saved += 1,
            Err(why) => tracing::warn!(table = table.name, %why, "a row is lost"),
        }
    };
    let (mut last, mut first) = (0, i64::MAX);
    let whole = scan(old, table.name, "ASC", |number, texts| {
        last = number;
        save(texts);
        true
    });
    if whole.is_ok() {
        return saved;
    }
    // An index may lead into the damage as well; what it does not lead to is looked for below.
    let _ = scan(old, table.name, "DESC", |number, texts| {
        let is_new = number > last;
        if is_new {
            first = number;
            save(texts);
        }
        is_new
    });
    let sql = format!(
        "SELECT owner, body, sum FROM {} WHERE rowid = ?1",
        table.name
    );
    let Ok(mut one) = old.prepare(&sql) else {
        return saved;
    };
    for number in last.saturating_add(1)..first.min(last.saturating_add(GAP)) {
        if let Ok(found) = one.query_row([number], |row| Ok(texts(row))) {
            save(found);
        }
    }
    saved
}

/// Hands each row with its number to `each`, until that has enough. Errors: a row cannot be reached.
fn scan(
    old: &Connection,
    table: &str,
    order: &str,
    mut each: impl FnMut(i64, Result<(String, String, i64), Error>) -> bool,
) -> Result<(), Error> {
    let sql = format!("SELECT owner, body, sum, rowid FROM {table} ORDER BY rowid {order}");
    let mut rows = old.prepare(&sql)?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        if !each(row.get(3)?, texts(row)) {
            return Ok(());
        }
    }
    Ok(())
}
