//! Records of calls.

use crate::books::{Answer, Reader};
use crate::{Error, rescue, row};
use control::history::{
    HistoryChanged, HistoryDelete, HistoryQuery, HistoryRecord, HistoryRef, RecordKind, RecordState,
};
use control::{Code, EventBody, Reply, Timestamp};
use people::fold;
use ports::store::Kept;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params, params_from_iter};

/// Records of one answer, where nobody says how many.
const USUAL: u32 = 100;
/// Records of one answer at most.
const MOST: u32 = 100_000;
/// Length of what is looked for. Unit: bytes.
const TEXT: usize = 200;
/// Records that are deleted by their ids at once.
const IDS: usize = 1_000;

/// Keeps a record in the place of one with its id.
pub(crate) fn put(
    into: &Transaction<'_>,
    owner: &str,
    record: &HistoryRecord,
) -> Result<(), Error> {
    let body = row::write(record)?;
    let mut put = into.prepare_cached(
        "INSERT INTO calls (id, owner, kind, account, started, ended, folded, body, sum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (id) DO UPDATE SET owner = ?2, kind = ?3, account = ?4, started = ?5, ended = ?6,
         folded = ?7, body = ?8, sum = ?9",
    )?;
    put.execute(params![
        record.id,
        owner,
        record.kind.word(),
        record.account.as_ref().map(|account| account.as_str()),
        number(record.started),
        record.ended.map(number),
        folded(record),
        body,
        row::sum(owner, &body),
    ])?;
    Ok(())
}

/// Notes that calls go on.
pub(crate) fn put_alive(into: &Transaction<'_>, at: Timestamp) -> Result<(), Error> {
    let sql = "INSERT INTO alive (id, at) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET at = ?1";
    into.prepare_cached(sql)?.execute([number(at)])?;
    Ok(())
}

/// The oldest records beyond `keep` go; calls that are not over keep theirs.
pub(crate) fn trim(into: &Transaction<'_>, keep: u32) -> Result<(), Error> {
    let all: i64 = into.query_row("SELECT count(*) FROM calls", [], |row| row.get(0))?;
    let beyond = all - i64::from(keep);
    if beyond > 0 {
        into.execute(
            "DELETE FROM calls WHERE id IN
             (SELECT id FROM calls WHERE ended IS NOT NULL ORDER BY started, id LIMIT ?1)",
            [beyond],
        )?;
    }
    Ok(())
}

/// Records that are open although nobody keeps them any more, closed.
pub(crate) fn interrupted(db: &Connection) -> Result<Vec<Kept>, Error> {
    let alive = db.query_row("SELECT at FROM alive", [], |row| row.get(0));
    let alive = alive
        .optional()?
        .map(|at: i64| Timestamp::from_unix_ms(at.unsigned_abs()));
    let mut open = db.prepare("SELECT owner, body, sum FROM calls WHERE ended IS NULL")?;
    let mut open = open.query([])?;
    let mut closed = Vec::new();
    while let Some(found) = open.next()? {
        let (owner, body, sum) = rescue::texts(found)?;
        let mut record: HistoryRecord = row::read(&owner, &body, sum)?;
        let begun = record.answered.unwrap_or(record.started);
        let ended = alive.map_or(begun, |alive| alive.max(begun));
        record.ended = Some(ended);
        record.duration_ms = record.answered.map(|at| ended.ms_since(at));
        record.state = RecordState::Interrupted;
        closed.push(Kept { owner, record });
    }
    Ok(closed)
}

/// What a query asks for, newest first.
pub(crate) fn list(
    db: &Connection,
    query: &HistoryQuery,
    reader: &Reader,
    waiting: &[Kept],
) -> Result<Answer, Error> {
    let records = find_all(db, query, reader, waiting)?;
    Ok(Answer::plain(Reply::History { records }))
}

fn find_all(
    db: &Connection,
    query: &HistoryQuery,
    reader: &Reader,
    waiting: &[Kept],
) -> Result<Vec<HistoryRecord>, Error> {
    let limit = query.limit.unwrap_or(USUAL).min(MOST);
    let needle = needle(query.text.as_deref())?;
    let sql = format!(
        "SELECT owner, body, sum FROM calls WHERE owner IN ({})
         AND (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR account = ?2)
         AND (?3 IS NULL OR started >= ?3) AND (?4 IS NULL OR started < ?4)
         AND (?5 IS NULL OR instr(folded, ?5))
         ORDER BY started DESC, id DESC LIMIT ?6",
        places(7, reader.all.len())
    );
    let text = |text: Option<&str>| text.map_or(Value::Null, |text| Value::Text(text.to_owned()));
    let moment = |at: Option<Timestamp>| at.map_or(Value::Null, |at| Value::Integer(number(at)));
    let mut values = vec![
        text(query.kind.map(RecordKind::word)),
        text(query.account.as_ref().map(|account| account.as_str())),
        moment(query.since),
        moment(query.until),
        text(needle.as_deref()),
        Value::Integer(limit.into()),
    ];
    values.extend(reader.all.iter().cloned().map(Value::Text));
    let mut rows = db.prepare_cached(&sql)?;
    let mut rows = rows.query(params_from_iter(values))?;
    let mut records = Vec::new();
    while let Some(found) = rows.next()? {
        let (owner, body, sum) = rescue::texts(found)?;
        match row::read::<HistoryRecord>(&owner, &body, sum) {
            Ok(record) => records.push(record),
            Err(why) => tracing::warn!(%why, "a record is not shown"),
        }
    }
    lay_over(&mut records, query, reader, needle.as_deref(), waiting);
    records.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(records)
}

/// Records that wait for the disk are as good as those on it.
fn lay_over(
    records: &mut Vec<HistoryRecord>,
    query: &HistoryQuery,
    reader: &Reader,
    needle: Option<&str>,
    waiting: &[Kept],
) {
    if waiting.is_empty() {
        return;
    }
    records.retain(|record| !waiting.iter().any(|kept| kept.record.id == record.id));
    let fits = |kept: &&Kept| {
        let record = &kept.record;
        reader.all.contains(&kept.owner)
            && query.kind.is_none_or(|kind| record.kind == kind)
            && (query.account.is_none() || record.account == query.account)
            && query.since.is_none_or(|since| record.started >= since)
            && query.until.is_none_or(|until| record.started < until)
            && needle.is_none_or(|needle| folded(record).contains(needle))
    };
    records.extend(waiting.iter().filter(fits).map(|kept| kept.record.clone()));
    records.sort_by(|a, b| (b.started, &b.id).cmp(&(a.started, &a.id)));
}

/// Takes records away.
pub(crate) fn delete(
    db: &Connection,
    delete: HistoryDelete,
    reader: &Reader,
) -> Result<Answer, Error> {
    let HistoryDelete { ids, all } = delete;
    if all != ids.is_empty() || ids.len() > IDS {
        let why = format!("name 1 to {IDS} records, or all of them");
        return Err(Error::refused(Code::USAGE, why));
    }
    let named = match all {
        true => String::new(),
        false => format!("AND id IN ({})", places(reader.all.len() + 1, ids.len())),
    };
    let sql = format!(
        "DELETE FROM calls WHERE ended IS NOT NULL AND owner IN ({}) {named}",
        places(1, reader.all.len())
    );
    let count = db.execute(&sql, params_from_iter(reader.all.iter().chain(&ids)))?;
    if count == 0 && !all {
        let why = "no record of a call that is over has this id";
        return Err(Error::refused(Code::UNKNOWN_RECORD, why));
    }
    let changed = HistoryChanged {
        record: None,
        deleted: ids,
        cleared: all,
    };
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    Ok(Answer::changed(
        Reply::Deleted { count },
        EventBody::HistoryChanged(Box::new(changed)),
    ))
}

/// One record: the one named, or the newest of a call that we made.
pub(crate) fn find(
    db: &Connection,
    of: &HistoryRef,
    reader: &Reader,
    waiting: &[Kept],
) -> Result<Answer, Error> {
    let waits =
        |kept: &&Kept| reader.all.contains(&kept.owner) && Some(&kept.record.id) == of.id.as_ref();
    let found = match &of.id {
        None => {
            let newest = HistoryQuery {
                kind: Some(RecordKind::Outgoing),
                limit: Some(1),
                ..HistoryQuery::default()
            };
            find_all(db, &newest, reader, waiting)?.pop()
        }
        Some(id) => match waiting.iter().find(waits) {
            Some(kept) => Some(kept.record.clone()),
            None => by_id(db, id, reader)?,
        },
    };
    let record = found.ok_or_else(|| {
        let why = match &of.id {
            Some(id) => format!("no record has the id {}", control::quoted(id)),
            None => "there is no record of a call that we made".to_owned(),
        };
        Error::refused(Code::UNKNOWN_RECORD, why)
    })?;
    let records = vec![record];
    Ok(Answer::plain(Reply::History { records }))
}

fn by_id(db: &Connection, id: &String, reader: &Reader) -> Result<Option<HistoryRecord>, Error> {
    let sql = format!(
        "SELECT owner, body, sum FROM calls WHERE id = ?1 AND owner IN ({})",
        places(2, reader.all.len())
    );
    let values = params_from_iter(std::iter::once(id).chain(&reader.all));
    let found = db
        .query_row(&sql, values, |row| Ok(rescue::texts(row)))
        .optional()?;
    let Some(found) = found else { return Ok(None) };
    let (owner, body, sum) = found?;
    row::read(&owner, &body, sum).map(Some)
}

/// What is looked for, folded. Errors: it is too long.
pub(crate) fn needle(text: Option<&str>) -> Result<Option<String>, Error> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if text.len() > TEXT {
        let why = format!(
            "a text of {} bytes: up to {TEXT} are looked for",
            text.len()
        );
        return Err(Error::refused(Code::USAGE, why));
    }
    let digits = fold::digits(text);
    Ok(Some(match digits.is_empty() {
        true => fold::fold(text),
        false => digits,
    }))
}

/// `?3, ?4`: so many places from `first` on.
pub(crate) fn places(first: usize, count: usize) -> String {
    let places: Vec<String> = (first..first + count).map(|at| format!("?{at}")).collect();
    places.join(", ")
}

/// What can be found: names, address, number.
fn folded(record: &HistoryRecord) -> String {
    let mut text = fold::fold(&record.remote.uri);
    let names = [
        &record.remote.display,
        &record.known.as_ref().map(|known| known.name.clone()),
    ];
    for name in names.into_iter().flatten() {
        text.push('\n');
        text += &fold::fold(name);
    }
    text.push('\n');
    text + &fold::digits(fold::user_of(&record.remote.uri))
}

fn number(at: Timestamp) -> i64 {
    i64::try_from(at.unix_ms()).unwrap_or(i64::MAX)
}

#[cfg(test)]
pub(crate) mod tests;
