//! What people said of their accounts, and what stands before the settings: one row each.

use crate::{Error, rescue, row};
use ports::Said;
use ports::store::Sayings;
use rusqlite::{Connection, Transaction, params};

/// People whose word is kept; beyond it who said something first is forgotten. Source: ours; a workplace has some dozens.
const PEOPLE: u32 = 1_000;

/// Keeps what one said, also where that is nothing any more: whose row is lost must not look like who took it all back.
pub(crate) fn put(into: &Transaction<'_>, of: &Sayings) -> Result<(), Error> {
    let body = row::write(&of.said)?;
    let sql = "INSERT INTO said (owner, body, sum) VALUES (?1, ?2, ?3)
               ON CONFLICT (owner) DO UPDATE SET body = ?2, sum = ?3";
    let sum = row::sum(&of.owner, &body);
    into.prepare_cached(sql)?
        .execute(params![of.owner, body, sum])?;
    let sql = "DELETE FROM said WHERE rowid NOT IN
               (SELECT rowid FROM said ORDER BY rowid DESC LIMIT ?1)";
    into.prepare_cached(sql)?.execute([PEOPLE])?;
    Ok(())
}

/// What everybody said.
pub(crate) fn all(db: &Connection) -> Result<Vec<Sayings>, Error> {
    let mut rows = db.prepare_cached("SELECT owner, body, sum FROM said ORDER BY owner")?;
    let mut rows = rows.query([])?;
    let mut found = Vec::new();
    while let Some(next) = rows.next()? {
        let (owner, body, sum) = rescue::texts(next)?;
        let said: Said = row::read(&owner, &body, sum)?;
        found.push(Sayings { owner, said });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Books, Settings};
    use control::PresenceState;
    use ports::presence::Own;

    fn sayings(owner: &str, on: bool) -> Sayings {
        let said = Said {
            presence: Some(Own {
                state: PresenceState::Away,
                note: String::from("at lunch"),
                until: None,
            }),
            do_not_disturb: on.then_some(true),
            forwarding: Some(control::receiving::Forwarding {
                no_answer: Some(String::from("600")),
                after_s: Some(15),
                ..Default::default()
            }),
            watchers: vec![String::from("dialog refuse anybody")],
        };
        let owner = owner.to_owned();
        Sayings { owner, said }
    }

    fn nothing(owner: &str) -> Sayings {
        let said = Said::default();
        let owner = owner.to_owned();
        Sayings { owner, said }
    }

    #[test]
    fn m_097_m_102_m_133_m_135_what_people_said_is_there_after_a_restart_for_each() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings {
            folder: folder.path().to_owned(),
            keep: 10,
        };
        let open = || Books::open(&settings).unwrap().0;
        let mut books = open();
        assert_eq!(books.said().unwrap(), []);
        let (ann, bob) = (sayings("ann", true), sayings("bob", false));
        let before = sayings("ann", false);
        books.say(&[before, bob.clone(), ann.clone()]).unwrap();
        drop(books);
        let mut books = open();
        assert_eq!(books.said().unwrap(), [ann.clone(), bob]);
        books.say(&[nothing("bob")]).unwrap();
        drop(books);
        assert_eq!(open().said().unwrap(), [ann, nothing("bob")]);
    }

    #[test]
    fn a_word_of_everybody_is_kept_and_of_nobody_more() {
        let mut books = Books::in_memory(10).unwrap();
        let all: Vec<Sayings> = (0..=PEOPLE)
            .map(|n| sayings(&format!("{n:05}"), true))
            .collect();
        books.say(&all).unwrap();
        let kept = books.said().unwrap();
        assert_eq!(kept.len(), PEOPLE as usize);
        assert_eq!(kept[0].owner, "00001");
    }
}
