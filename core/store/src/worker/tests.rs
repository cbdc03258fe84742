#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one word of many"
)]

use super::*;
use crate::calls::tests::record;
use crate::{Reader, Store};
use control::Reply;
use control::history::{HistoryQuery, HistoryRecord};
use std::sync::mpsc::{Receiver, channel};

fn start(settings: &Settings) -> (Store, Receiver<Told>) {
    let (told, hear) = channel();
    let tell = Box::new(move |word| drop(told.send(word)));
    (Store::start(settings.clone(), tell).unwrap(), hear)
}

fn keep(store: &Store, id: &str, at: u64) {
    let kept = Kept {
        owner: String::new(),
        record: record(id, at),
    };
    store.order(Do::Keep(Box::new(kept))).unwrap();
}

fn listed(store: &Store) -> Vec<HistoryRecord> {
    let (sender, answer) = channel();
    let reply = Box::new(move |found| drop(sender.send(found)));
    let reader = Reader {
        own: String::new(),
        all: vec![String::new()],
        mail: policy::mail::Rule::default(),
    };
    store.ask(Command::HistoryList(HistoryQuery::default()), reader, reply);
    let answer = answer.recv_timeout(Duration::from_secs(20)).unwrap();
    match answer.unwrap().reply {
        Reply::History { records } => records,
        other => panic!("{other:?}"),
    }
}

/// What is told, but for whom rules know.
fn hear(told: &Receiver<Told>) -> Told {
    loop {
        match told.recv_timeout(Duration::from_secs(20)).unwrap() {
            Told::Book(_) | Told::Watched(_) | Told::Said(_) => {}
            other => return other,
        }
    }
}

#[test]
fn a_file_that_somebody_locks_costs_no_record_m_123() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        folder: folder.path().to_owned(),
        keep: 100,
    };
    let (store, told) = start(&settings);
    keep(&store, "before", 1);
    assert!(matches!(hear(&told), Told::Kept { .. }));
    let other = rusqlite::Connection::open(books::file_of(folder.path())).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begun = Instant::now();
    keep(&store, "during", 2);
    let Told::Failed(change) = hear(&told) else {
        panic!("it is told that nothing can be written")
    };
    assert!(
        begun.elapsed() >= Duration::from_secs(4),
        "it waited: {:?}",
        begun.elapsed()
    );
    assert_eq!(change.error.unwrap().code, Code::STORE_FAILED);
    // What waits is shown as if it were on disk.
    let ids: Vec<String> = listed(&store).into_iter().map(|record| record.id).collect();
    assert_eq!(ids, ["during", "before"]);
    other.execute_batch("ROLLBACK").unwrap();
    let freed = Instant::now();
    assert!(matches!(hear(&told), Told::Kept { .. }));
    assert!(matches!(hear(&told), Told::Mended(_)));
    assert!(
        freed.elapsed() < Duration::from_secs(3),
        "{:?}",
        freed.elapsed()
    );
    drop(store);
    let (store, _) = start(&settings);
    assert_eq!(listed(&store).len(), 2);
}

#[test]
fn what_waits_is_written_before_the_thread_ends() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        folder: folder.path().to_owned(),
        keep: 1_000,
    };
    let (store, _) = start(&settings);
    for number in 0..500 {
        keep(&store, &format!("{number}"), number);
    }
    drop(store);
    let (mut books, _) = Books::open(&settings).unwrap();
    let query = HistoryQuery {
        limit: Some(1_000),
        ..HistoryQuery::default()
    };
    let reader = Reader {
        own: String::new(),
        all: vec![String::new()],
        mail: policy::mail::Rule::default(),
    };
    let answer = books
        .carry_out(Command::HistoryList(query), &reader, &[])
        .unwrap();
    let Reply::History { records } = answer.reply else {
        panic!("{answer:?}")
    };
    assert_eq!(records.len(), 500);
}

/// A text message is told as kept once it is on disk, and is there after a restart.
#[test]
fn m128_a_message_that_is_told_as_kept_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings {
        folder: folder.path().to_owned(),
        keep: 10,
    };
    let (store, hear) = start(&settings);
    let message =
        crate::messages::tests::message("m", "sip:102@demo", 1, control::MessageState::Received);
    let kept = KeptMessage {
        owner: String::new(),
        message: message.clone(),
    };
    store.order(Do::KeepMessage(Box::new(kept))).unwrap();
    // Whoever is kept is told first: nobody.
    let mut told = core::iter::from_fn(|| hear.recv_timeout(Duration::from_secs(10)).ok());
    let kept = told.find(|told| !matches!(told, Told::Book(_) | Told::Said(_)));
    let id = String::from("m");
    assert_eq!(kept, Some(Told::KeptMessage { id }));
    drop(store);
    let (store, _hear) = start(&settings);
    let (sender, answer) = channel();
    let reply = Box::new(move |found| drop(sender.send(found)));
    let reader = Reader {
        own: String::new(),
        all: vec![String::new()],
        mail: policy::mail::Rule::default(),
    };
    let query = control::message::MessageQuery::default();
    store.ask(Command::MessageList(query), reader, reply);
    let answer = answer.recv_timeout(Duration::from_secs(10)).unwrap();
    let Reply::Messages { messages, .. } = answer.unwrap().reply else {
        panic!("messages are listed");
    };
    assert_eq!(messages, [message]);
}
