//! Names that lists know once calls are over: of numbers that came without a name (M-127).

use crate::{Error, calls, rescue, row};
use control::{HistoryRecord, KnownName};
use rusqlite::{Connection, OptionalExtension as _};
use std::collections::VecDeque;

/// Records whose name's rank is remembered. Of older ones the first name stays.
const REMEMBERED: usize = 256;

/// Whose records they are, as some list says.
#[derive(Debug)]
pub(crate) struct Renaming {
    pub(crate) records: Vec<String>,
    pub(crate) known: KnownName,
    pub(crate) rank: u8,
}

/// Where the lists stand that gave records their names lately.
#[derive(Debug, Default)]
pub(crate) struct Ranks(VecDeque<(String, u8)>);

impl Ranks {
    /// Whether a name of this rank is better than the one that the record was given.
    fn improves(&self, id: &str, rank: u8) -> bool {
        let mut given = self.0.iter().filter(|(of, _)| of == id);
        given.next_back().is_some_and(|(_, given)| rank < *given)
    }

    fn remember(&mut self, id: String, rank: u8) {
        if self.0.len() >= REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((id, rank));
    }
}

/// Writes the name into those that have none, or one of a worse list; those that are different now. Calls that are not
/// over have their names from the history part.
pub(crate) fn rename(
    db: &mut Connection,
    renaming: Renaming,
    ranks: &mut Ranks,
) -> Result<Vec<HistoryRecord>, Error> {
    let Renaming {
        records,
        known,
        rank,
    } = renaming;
    let write = db.transaction()?;
    let mut renamed = Vec::new();
    for id in records {
        let sql = "SELECT owner, body, sum FROM calls WHERE id = ?1 AND ended IS NOT NULL";
        let found = write
            .query_row(sql, [&id], |row| Ok(rescue::texts(row)))
            .optional()?;
        let Some(found) = found else { continue };
        let read = found.and_then(|(owner, body, sum)| {
            let record: HistoryRecord = row::read(&owner, &body, sum)?;
            Ok((owner, record))
        });
        // The others are as they were written.
        let (owner, mut record) = match read {
            Ok(read) => read,
            Err(why) => {
                tracing::warn!(id, %why, "a record keeps no name that is known late");
                continue;
            }
        };
        if record.known.as_ref() == Some(&known)
            || (record.known.is_some() && !ranks.improves(&id, rank))
        {
            continue;
        }
        record.known = Some(known.clone());
        calls::put(&write, &owner, &record)?;
        renamed.push(record);
    }
    write.commit()?;
    for record in &renamed {
        ranks.remember(record.id.clone(), rank);
    }
    Ok(renamed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::tests::{db, record};

    fn named(db: &mut Connection, ranks: &mut Ranks, (id, name, rank): (&str, &str, u8)) -> usize {
        let renaming = Renaming {
            records: vec![id.to_owned(), "nobody's".to_owned()],
            known: KnownName {
                name: name.to_owned(),
                source: "LDAP".to_owned(),
            },
            rank,
        };
        rename(db, renaming, ranks).unwrap().len()
    }

    /// The best list is right, whichever answers first; a name that the call had stays.
    #[test]
    fn m_127_a_record_without_a_name_gets_one_later() {
        let mut had = record("b", 2_000);
        had.known = Some(KnownName {
            name: "Ann".to_owned(),
            source: "contacts".to_owned(),
        });
        let mut running = record("c", 3_000);
        running.ended = None;
        let mut db = db(&[record("a", 1_000), had, running]);
        let mut ranks = Ranks::default();
        for (id, name, rank, renamed) in [
            ("a", "Bob of LDAP", 4, 1),
            ("a", "Bob of a worse one", 5, 0),
            ("a", "Bob", 3, 1),
            ("a", "Bob", 2, 0),
            ("b", "Somebody else", 0, 0),
            ("c", "Carol", 0, 0),
        ] {
            assert_eq!(
                named(&mut db, &mut ranks, (id, name, rank)),
                renamed,
                "{name}"
            );
        }
        // Found by it, and with a sum that is right.
        let folded: String = db
            .query_row("SELECT folded FROM calls WHERE id = 'a'", [], |row| {
                row.get(0)
            })
            .unwrap();
        assert!(folded.contains("bob"), "{folded}");
        assert_eq!(
            named(&mut db, &mut Ranks::default(), ("a", "Another", 0)),
            0
        );
    }

    /// One row that a disk changed does not keep the others from their names.
    #[test]
    fn m_127_a_damaged_record_is_passed_over() {
        let mut db = db(&[record("a", 1_000), record("b", 2_000)]);
        db.execute("UPDATE calls SET sum = sum + 1 WHERE id = 'a'", [])
            .unwrap();
        let renaming = Renaming {
            records: vec!["a".to_owned(), "b".to_owned()],
            known: KnownName {
                name: "Bob".to_owned(),
                source: "LDAP".to_owned(),
            },
            rank: 1,
        };
        let renamed = rename(&mut db, renaming, &mut Ranks::default()).unwrap();
        let ids: Vec<&str> = renamed.iter().map(|record| record.id.as_str()).collect();
        assert_eq!(ids, ["b"]);
    }
}
