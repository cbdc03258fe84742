use super::*;
use control::ErrorObject;
use control::snapshot::Party;

pub(crate) fn message(id: &str, uri: &str, at: u64, state: MessageState) -> TextMessage {
    TextMessage {
        id: id.to_owned(),
        account: "demo".parse().unwrap(),
        peer: Party {
            uri: uri.to_owned(),
            display: None,
        },
        text: format!("text {id}"),
        state,
        at: control::Timestamp::from_unix_ms(at),
        read: state != MessageState::Received,
        call: None,
        why: None,
    }
}

fn db(all: &[(&str, TextMessage)]) -> Connection {
    let mut db = Connection::open_in_memory().unwrap();
    crate::schema::migrate(&mut db).unwrap();
    let write = db.transaction().unwrap();
    for (owner, message) in all {
        put(&write, owner, message).unwrap();
    }
    write.commit().unwrap();
    db
}

fn reader() -> Reader {
    Reader {
        own: "me".to_owned(),
        all: vec!["me".to_owned()],
        mail: policy::mail::Rule::default(),
    }
}

fn three() -> Connection {
    use MessageState::{Delivered, Received};
    db(&[
        ("me", message("a", "sip:102@PBX.test:5060;x=y", 1, Received)),
        ("me", message("b", "sip:102@pbx.test", 2, Delivered)),
        ("me", message("c", "sip:102@pbx.test", 3, Received)),
        ("me", message("d", "sips:1020@pbx.test", 4, Received)),
        ("other", message("e", "sip:102@pbx.test", 5, Received)),
    ])
}

fn listed(db: &Connection, query: &MessageQuery) -> (String, Vec<(String, u32, u32)>) {
    let Reply::Messages {
        messages,
        conversations,
    } = list(db, query, &reader()).unwrap().reply
    else {
        panic!("messages are listed");
    };
    let ids = messages.iter().map(|message| message.id.as_str());
    let of = |c: Conversation| (c.with, c.messages, c.unread);
    (ids.collect(), conversations.into_iter().map(of).collect())
}

fn asked(with: &str) -> MessageQuery {
    MessageQuery {
        with: Some(with.to_owned()),
        ..MessageQuery::default()
    }
}

#[test]
fn m128_conversations_have_their_messages_and_what_is_unread() {
    let db = three();
    let (ids, all) = listed(&db, &MessageQuery::default());
    assert_eq!(ids, "dcba", "newest first, and nothing of another user's");
    let of = |with: &str, all, unread| (with.to_owned(), all, unread);
    let expected = [of("1020@pbx.test", 1, 1), of("102@pbx.test", 3, 2)];
    assert_eq!(all, expected);
    for with in [
        "102",
        "102@pbx.test",
        "SIP:102@PBX.TEST",
        "sip:102@pbx.test;a=b",
    ] {
        assert_eq!(listed(&db, &asked(with)).0, "cba", "{with}");
    }
    assert_eq!(listed(&db, &asked("10_")).0, "");
    let unread = MessageQuery {
        unread: true,
        limit: Some(2),
        ..MessageQuery::default()
    };
    assert_eq!(listed(&db, &unread).0, "dc");
    assert!(list(&db, &asked(&"1".repeat(300)), &reader()).is_err());
}

#[test]
fn m128_what_is_read_is_told_once_and_what_is_deleted_is_gone() {
    let mut db = three();
    let of = |with: Option<&str>| MessagesOf {
        with: with.map(str::to_owned),
        all: with.is_none(),
    };
    let first = read(&mut db, of(Some("102")), &reader()).unwrap();
    assert_eq!(first.reply, Reply::Marked { count: 2 });
    assert_eq!(first.events.len(), 1);
    let second = read(&mut db, of(Some("102")), &reader()).unwrap();
    assert_eq!(second, Answer::plain(Reply::Marked { count: 0 }));
    let (_, all) = listed(&db, &MessageQuery::default());
    assert_eq!((all[0].2, all[1].2), (1, 0));
    let gone = delete(&db, of(Some("102@pbx.test")), &reader()).unwrap();
    assert_eq!(gone.reply, Reply::Deleted { count: 3 });
    let gone = delete(&db, of(None), &reader()).unwrap();
    assert_eq!(gone.reply, Reply::Deleted { count: 1 });
    let left: i64 = db
        .query_row("SELECT count(*) FROM messages", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 1, "another user's stays");
    assert!(delete(&db, MessagesOf::default(), &reader()).is_err());
}

#[test]
fn m128_the_oldest_go_and_what_was_under_way_has_failed() {
    use MessageState::{Failed, Sending};
    let mut db = db(&[
        ("me", message("a", "sip:1@x", 1, Failed)),
        ("me", message("b", "sip:1@x", 2, Sending)),
        ("me", message("c", "sip:1@x", 3, MessageState::Delivered)),
    ]);
    let open = interrupted(&db).unwrap();
    let (owner, message) = &open[0];
    assert_eq!(
        (open.len(), owner.as_str(), message.id.as_str()),
        (1, "me", "b")
    );
    let code = message.why.as_ref().map(|why: &ErrorObject| why.code);
    assert_eq!((message.state, code), (Failed, Some(Code::MESSAGE_LOST)));
    let write = db.transaction().unwrap();
    trim(&write, 2).unwrap();
    write.commit().unwrap();
    assert_eq!(listed(&db, &MessageQuery::default()).0, "cb");
}
