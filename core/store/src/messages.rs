//! Text messages and the conversations that they are of (M-128).

use crate::books::{Answer, Reader};
use crate::calls::places;
use crate::{Error, rescue, row};
use control::message::{
    Conversation, MessageQuery, MessageState, MessagesMarked, MessagesOf, TextMessage,
};
use control::{Code, EventBody, Reply};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params, params_from_iter};

/// Messages of one answer, where nobody says how many.
const USUAL: u32 = 100;
/// Messages of one answer at most.
const MOST: u32 = 10_000;
/// Conversations of one answer.
const CONVERSATIONS: usize = 1_000;

/// Keeps a message in the place of one with its id. What was read stays read.
pub(crate) fn put(into: &Transaction<'_>, owner: &str, message: &TextMessage) -> Result<(), Error> {
    let body = row::write(message)?;
    let mut put = into.prepare_cached(
        "INSERT INTO messages (id, owner, account, peer, unread, at, body, sum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (id) DO UPDATE SET owner = ?2, account = ?3, peer = ?4, unread = ?5, at = ?6, body = ?7,
         sum = ?8",
    )?;
    put.execute(params![
        message.id,
        owner,
        message.account.as_str(),
        key(&message.peer.uri),
        !message.read,
        i64::try_from(message.at.unix_ms()).unwrap_or(i64::MAX),
        body,
        row::sum(owner, &body),
    ])?;
    Ok(())
}

/// The oldest messages beyond `keep` go.
pub(crate) fn trim(into: &Transaction<'_>, keep: u32) -> Result<(), Error> {
    let all: i64 = into.query_row("SELECT count(*) FROM messages", [], |row| row.get(0))?;
    let beyond = all - i64::from(keep);
    if beyond > 0 {
        into.execute(
            "DELETE FROM messages WHERE id IN (SELECT id FROM messages ORDER BY at, id LIMIT ?1)",
            [beyond],
        )?;
    }
    Ok(())
}

/// Messages of ours that were on their way when an engine ended without a word: what became of them is not known.
pub(crate) fn interrupted(db: &Connection) -> Result<Vec<(String, TextMessage)>, Error> {
    // Only the newest can be open: an engine sends a few at once.
    let mut rows =
        db.prepare("SELECT owner, body, sum FROM messages ORDER BY at DESC LIMIT 200")?;
    let mut rows = rows.query([])?;
    let mut open = Vec::new();
    while let Some(found) = rows.next()? {
        let (owner, body, sum) = rescue::texts(found)?;
        let mut message: TextMessage = row::read(&owner, &body, sum)?;
        if message.state == MessageState::Sending {
            let why = "the engine ended before an answer came";
            message.state = MessageState::Failed;
            message.why = Some(control::ErrorObject::new(Code::MESSAGE_LOST, why));
            open.push((owner, message));
        }
    }
    Ok(open)
}

/// What a query asks for, newest first, with the conversations.
pub(crate) fn list(
    db: &Connection,
    query: &MessageQuery,
    reader: &Reader,
) -> Result<Answer, Error> {
    let limit = query.limit.unwrap_or(USUAL).min(MOST);
    let (peer, values) = with(query.with.as_deref())?;
    let sql = format!(
        "SELECT owner, body, sum FROM messages WHERE {peer}
         AND (?3 IS NULL OR account = ?3) AND (?4 = 0 OR unread = 1) AND owner IN ({})
         ORDER BY at DESC, id DESC LIMIT ?5",
        places(6, reader.all.len())
    );
    let account = query.account.as_ref();
    let account = account.map_or(Value::Null, |name| Value::Text(name.as_str().to_owned()));
    let mut values = values.to_vec();
    values.extend([
        account,
        Value::Integer(query.unread.into()),
        Value::Integer(limit.into()),
    ]);
    values.extend(reader.all.iter().cloned().map(Value::Text));
    let mut rows = db.prepare_cached(&sql)?;
    let mut rows = rows.query(params_from_iter(values))?;
    let mut messages = Vec::new();
    while let Some(found) = rows.next()? {
        let (owner, body, sum) = rescue::texts(found)?;
        match row::read::<TextMessage>(&owner, &body, sum) {
            Ok(message) => messages.push(message),
            Err(why) => tracing::warn!(%why, "a message is not shown"),
        }
    }
    let conversations = conversations(db, query, reader)?;
    Ok(Answer::plain(Reply::Messages {
        messages,
        conversations,
    }))
}

fn conversations(
    db: &Connection,
    query: &MessageQuery,
    reader: &Reader,
) -> Result<Vec<Conversation>, Error> {
    let (peer, values) = with(query.with.as_deref())?;
    let sql = format!(
        "SELECT peer, count(*), sum(unread), max(at) FROM messages WHERE {peer} AND owner IN ({})
         GROUP BY peer ORDER BY max(at) DESC",
        places(3, reader.all.len())
    );
    let mut values = values.to_vec();
    values.extend(reader.all.iter().cloned().map(Value::Text));
    let mut rows = db.prepare_cached(&sql)?;
    let mut rows = rows.query(params_from_iter(values))?;
    let mut all = Vec::new();
    while let Some(found) = rows.next()? {
        let with: String = found.get(0)?;
        if all.len() >= CONVERSATIONS {
            break;
        }
        if let Some(last) = last(db, &with, reader)? {
            all.push(Conversation {
                with,
                messages: found.get(1)?,
                unread: found.get(2)?,
                last,
            });
        }
    }
    Ok(all)
}

fn last(db: &Connection, peer: &str, reader: &Reader) -> Result<Option<TextMessage>, Error> {
    let sql = format!(
        "SELECT owner, body, sum FROM messages WHERE peer = ?1 AND owner IN ({})
         ORDER BY at DESC, id DESC LIMIT 1",
        places(2, reader.all.len())
    );
    let values = std::iter::once(peer).chain(reader.all.iter().map(String::as_str));
    let mut statement = db.prepare_cached(&sql)?;
    let found = statement.query_row(params_from_iter(values), |row| Ok(rescue::texts(row)));
    let Some(found) = found.optional()? else {
        return Ok(None);
    };
    let (owner, body, sum) = found?;
    row::read(&owner, &body, sum).map(Some)
}

/// Marks what they wrote as read.
pub(crate) fn read(db: &mut Connection, of: MessagesOf, reader: &Reader) -> Result<Answer, Error> {
    let marked = marked(&of)?;
    let (peer, values) = with(of.with.as_deref())?;
    let sql = format!(
        "SELECT owner, body, sum FROM messages WHERE unread = 1 AND {peer} AND owner IN ({})",
        places(3, reader.all.len())
    );
    let mut values = values.to_vec();
    values.extend(reader.all.iter().cloned().map(Value::Text));
    let write = db.transaction()?;
    let mut count = 0;
    {
        let mut unread = Vec::new();
        let mut rows = write.prepare(&sql)?;
        let mut rows = rows.query(params_from_iter(values))?;
        while let Some(found) = rows.next()? {
            unread.push(rescue::texts(found)?);
        }
        for (owner, body, sum) in unread {
            let mut message: TextMessage = row::read(&owner, &body, sum)?;
            message.read = true;
            put(&write, &owner, &message)?;
            count += 1;
        }
    }
    write.commit()?;
    let event = EventBody::MessageRead(Box::new(MessagesMarked { count, ..marked }));
    Ok(told(Reply::Marked { count }, count, event))
}

/// Takes messages away.
pub(crate) fn delete(db: &Connection, of: MessagesOf, reader: &Reader) -> Result<Answer, Error> {
    let marked = marked(&of)?;
    let (peer, values) = with(of.with.as_deref())?;
    let sql = format!(
        "DELETE FROM messages WHERE {peer} AND owner IN ({})",
        places(3, reader.all.len())
    );
    let mut values = values.to_vec();
    values.extend(reader.all.iter().cloned().map(Value::Text));
    let count = db.execute(&sql, params_from_iter(values))?;
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let event = EventBody::MessageDeleted(Box::new(MessagesMarked { count, ..marked }));
    Ok(told(Reply::Deleted { count }, count, event))
}

/// Where nothing changed, nobody is told.
fn told(reply: Reply, count: u32, event: EventBody) -> Answer {
    match count {
        0 => Answer::plain(reply),
        _ => Answer::changed(reply, event),
    }
}

fn marked(of: &MessagesOf) -> Result<MessagesMarked, Error> {
    if of.all == of.with.is_some() {
        let why = "name one conversation, or all of them";
        return Err(Error::refused(Code::USAGE, why));
    }
    let with = of.with.clone();
    Ok(MessagesMarked { with, count: 0 })
}

/// The other end as conversations know it: `user@host`, without scheme, port and parameters, in small letters.
fn key(uri: &str) -> String {
    let bare = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    let bare = bare.split([';', '?', '>']).next().unwrap_or_default();
    match bare.rsplit_once('@') {
        Some((user, host)) => {
            let host = match host.split_once(']') {
                Some((v6, _)) => v6,
                None => host.split(':').next().unwrap_or_default(),
            };
            let host = host.trim_start_matches('[');
            format!("{user}@{}", host.to_ascii_lowercase())
        }
        None => bare.to_owned(),
    }
}

/// A condition on `?1` and `?2`, and these: nobody in particular, an address, or an extension at any host.
///
/// Errors: it is too long.
fn with(with: Option<&str>) -> Result<(&'static str, [Value; 2]), Error> {
    let Some(text) = with.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(("(?1 IS NULL AND ?2 IS NULL)", [Value::Null, Value::Null]));
    };
    if text.len() > 256 {
        let why = format!("{} is no address", control::quoted(text));
        return Err(Error::refused(Code::BAD_ADDRESS, why));
    }
    let scheme = ["sip:", "sips:"].iter().any(|scheme| {
        let head = text.get(..scheme.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(scheme))
    });
    let named = match scheme {
        true => key(text),
        // Without a scheme there is no colon to look for.
        false => key(&format!("sip:{text}")),
    };
    Ok(match named.contains('@') {
        true => (
            "(peer = ?1 AND ?2 IS NULL)",
            [Value::Text(named), Value::Null],
        ),
        false => {
            let user = format!("{named}@");
            let length = i64::try_from(user.chars().count()).unwrap_or(i64::MAX);
            (
                "substr(peer, 1, ?2) = ?1",
                [Value::Text(user), Value::Integer(length)],
            )
        }
    })
}

#[cfg(test)]
pub(crate) mod tests;
