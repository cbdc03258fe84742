//! Versions of the file, and the way from each to the next.

use crate::Error;
use rusqlite::Connection;

/// From version n to n + 1, in order. What was released is never changed: a new version is a new entry.
const STEPS: &[&str] = &[
    // 1: calls
    "CREATE TABLE calls (
        id TEXT PRIMARY KEY NOT NULL,
        owner TEXT NOT NULL,
        kind TEXT NOT NULL,
        account TEXT,
        started INTEGER NOT NULL,
        ended INTEGER,
        folded TEXT NOT NULL,
        body TEXT NOT NULL,
        sum INTEGER NOT NULL
    );
    CREATE INDEX calls_started ON calls (started);
    CREATE INDEX calls_open ON calls (id) WHERE ended IS NULL;
    CREATE TABLE alive (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL);",
    // 2: contacts and favourites
    "CREATE TABLE contacts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        owner TEXT NOT NULL,
        kind TEXT NOT NULL,
        position INTEGER NOT NULL,
        sort TEXT NOT NULL,
        folded TEXT NOT NULL,
        body TEXT NOT NULL,
        sum INTEGER NOT NULL
    );
    CREATE TABLE profiles (
        owner TEXT PRIMARY KEY NOT NULL,
        body TEXT NOT NULL,
        sum INTEGER NOT NULL
    );",
    // 3: text messages
    "CREATE TABLE messages (
        id TEXT PRIMARY KEY NOT NULL,
        owner TEXT NOT NULL,
        account TEXT NOT NULL,
        peer TEXT NOT NULL,
        unread INTEGER NOT NULL,
        at INTEGER NOT NULL,
        body TEXT NOT NULL,
        sum INTEGER NOT NULL
    );
    CREATE INDEX messages_peer ON messages (peer, at);
    CREATE INDEX messages_at ON messages (at);",
    // 4: what people said of their accounts
    "CREATE TABLE said (
        owner TEXT PRIMARY KEY NOT NULL,
        body TEXT NOT NULL,
        sum INTEGER NOT NULL
    );",
    // 5: what is kept beside profiles that a server has too
    "CREATE TABLE ledgers (
        owner TEXT PRIMARY KEY NOT NULL,
        body TEXT NOT NULL,
        sum INTEGER NOT NULL
    );",
];

/// The version that is written.
pub(crate) fn ours() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

/// The version of a file; 0: it is new.
pub(crate) fn version(db: &Connection) -> Result<i64, Error> {
    Ok(db.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

/// Brings the file to our version, a step at a time, each whole or not at all.
///
/// Errors: the file is newer ([`Error::Newer`]), or cannot be written.
pub(crate) fn migrate(db: &mut Connection) -> Result<(), Error> {
    let found = version(db)?;
    if found > ours() {
        let ours = ours();
        return Err(Error::Newer { found, ours });
    }
    for (step, number) in STEPS.iter().zip(1_i64..) {
        if number <= found {
            continue;
        }
        let step_in = db.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        step_in.execute_batch(step)?;
        step_in.pragma_update(None, "user_version", number)?;
        step_in.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_older_version_becomes_ours_and_keeps_its_rows_m_123() {
        for old in 0..STEPS.len() {
            let mut db = Connection::open_in_memory().unwrap();
            for step in &STEPS[..old] {
                db.execute_batch(step).unwrap();
            }
            db.pragma_update(None, "user_version", old as i64).unwrap();
            if old > 0 {
                let row = "INSERT INTO calls VALUES ('a', '', 'missed', NULL, 1, 2, '', '{}', 3)";
                db.execute(row, []).unwrap();
            }
            migrate(&mut db).unwrap();
            assert_eq!(version(&db).unwrap(), ours());
            let count = |table| -> i64 {
                let sql = format!("SELECT count(*) FROM {table}");
                db.query_row(&sql, [], |row| row.get(0)).unwrap()
            };
            assert_eq!(count("calls"), i64::from(old > 0), "from {old}");
            let others = ["contacts", "profiles", "messages", "said", "ledgers"];
            assert_eq!(others.map(count), [0; 5], "from {old}");
        }
    }

    #[test]
    fn a_newer_version_is_left_alone() {
        let mut db = Connection::open_in_memory().unwrap();
        db.pragma_update(None, "user_version", ours() + 1).unwrap();
        assert!(matches!(migrate(&mut db), Err(Error::Newer { .. })));
        let tables: i64 = db
            .query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))
            .unwrap();
        assert_eq!(tables, 0);
    }
}
