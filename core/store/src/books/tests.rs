#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one word of many"
)]

use super::*;
use crate::calls::tests::record;
use control::contacts::{Contact, ContactQuery};
use control::history::{HistoryQuery, HistoryRecord, RecordState};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use tempfile::TempDir;

fn settings(folder: &TempDir) -> Settings {
    Settings {
        folder: folder.path().join("kept"),
        keep: 1_000,
    }
}

fn open(folder: &TempDir) -> Books {
    let (books, told) = Books::open(&settings(folder)).unwrap();
    assert_eq!(told, None);
    books
}

fn kept(record: HistoryRecord) -> Kept {
    Kept {
        owner: String::new(),
        record,
    }
}

fn reader() -> Reader {
    Reader {
        own: String::new(),
        all: vec![String::new()],
        mail: policy::mail::Rule::default(),
    }
}

fn fill(books: &mut Books, count: u64) {
    let rows: Vec<Kept> = (0..count)
        .map(|at| kept(record(&format!("id{at:04}"), 1_000 * at)))
        .collect();
    books.write(&rows, None).unwrap();
}

fn listed(books: &mut Books) -> Vec<HistoryRecord> {
    let query = HistoryQuery {
        limit: Some(10_000),
        ..HistoryQuery::default()
    };
    let answer = books.carry_out(Command::HistoryList(query), &reader(), &[]);
    match answer.unwrap().reply {
        Reply::History { records } => records,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_kept_is_there_after_a_restart_for_its_user_alone_m_123() {
    let folder = TempDir::new().unwrap();
    let mut books = open(&folder);
    fill(&mut books, 3);
    for entry in std::fs::read_dir(folder.path().join("kept")).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.path());
    }
    let mode = std::fs::metadata(folder.path().join("kept"))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o700);
    drop(books);
    let ids: Vec<String> = listed(&mut open(&folder))
        .into_iter()
        .map(|r| r.id)
        .collect();
    assert_eq!(ids, ["id0002", "id0001", "id0000"]);
}

#[test]
fn one_engine_keeps_a_folder_and_the_next_is_told() {
    let folder = TempDir::new().unwrap();
    let first = open(&folder);
    assert!(matches!(
        Books::open(&settings(&folder)),
        Err(Error::InUse { .. })
    ));
    drop(first);
    open(&folder);
}

#[test]
fn calls_of_an_engine_that_ended_without_a_word_are_interrupted_m_123() {
    let folder = TempDir::new().unwrap();
    let mut books = open(&folder);
    let mut rings = record("rings", 10_000);
    (rings.ended, rings.state) = (None, RecordState::Open);
    let mut talks = rings.clone();
    talks.id = "talks".to_owned();
    talks.answered = Some(Timestamp::from_unix_ms(12_000));
    books.write(&[kept(rings), kept(talks)], None).unwrap();
    books
        .write(&[], Some(Timestamp::from_unix_ms(19_500)))
        .unwrap();
    drop(books);
    let mut books = open(&folder);
    for record in listed(&mut books) {
        assert_eq!(record.state, RecordState::Interrupted);
        assert_eq!(record.ended, Some(Timestamp::from_unix_ms(19_500)));
        let length = (record.id == "talks").then_some(7_500);
        assert_eq!(record.duration_ms, length, "{}", record.id);
    }
}

#[test]
fn the_oldest_goes_beyond_the_limit_and_open_calls_stay_m_123() {
    let folder = TempDir::new().unwrap();
    let keep = Settings {
        keep: 5,
        ..settings(&folder)
    };
    let (mut books, _) = Books::open(&keep).unwrap();
    let mut open = record("open", 0);
    open.ended = None;
    books.write(&[kept(open)], None).unwrap();
    fill(&mut books, 8);
    let ids: Vec<String> = listed(&mut books).into_iter().map(|r| r.id).collect();
    assert_eq!(ids, ["id0007", "id0006", "id0005", "id0004", "open"]);
}

#[test]
fn a_newer_file_is_read_and_never_written() {
    let folder = TempDir::new().unwrap();
    let mut books = open(&folder);
    fill(&mut books, 2);
    books.db.pragma_update(None, "user_version", 99).unwrap();
    drop(books);
    let before = std::fs::read(folder.path().join("kept").join(FILE)).unwrap();
    let (mut books, told) = Books::open(&settings(&folder)).unwrap();
    assert_eq!(told.unwrap().error.unwrap().code, Code::STORE_NEWER);
    assert_eq!(listed(&mut books).len(), 2);
    for refused in [
        books.said().unwrap_err(),
        books.standing("ann").unwrap_err(),
    ] {
        assert_eq!(
            refused.explain().code,
            Code::STORE_NEWER,
            "it is not nothing"
        );
    }
    let refused = books.write(&[kept(record("new", 5))], None).unwrap_err();
    assert_eq!(refused.explain().code, Code::STORE_NEWER);
    let add = Command::ContactAdd(Box::default());
    let refused = books.carry_out(add, &reader(), &[]).unwrap_err();
    assert_eq!(refused.explain().code, Code::STORE_NEWER);
    drop(books);
    let after = std::fs::read(folder.path().join("kept").join(FILE)).unwrap();
    assert_eq!(before, after);
}

/// Bytes anywhere in the file: none of them may cost more than the rows they hit, and none goes unseen.
#[test]
fn a_damaged_file_is_moved_aside_and_its_rows_are_read_again_m_123() {
    let whole = TempDir::new().unwrap();
    let mut books = open(&whole);
    fill(&mut books, 300);
    drop(books);
    let bytes = std::fs::read(whole.path().join("kept").join(FILE)).unwrap();
    let pages = bytes.len() / 4096;
    assert!(pages > 20, "{pages} pages");
    let mut rng = base::Rng::from_seed([7; 32]);
    let mut least = 300;
    for round in 0..40 {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("kept").join(FILE);
        std::fs::create_dir(folder.path().join("kept")).unwrap();
        std::fs::write(&path, &bytes).unwrap();
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(&path)
            .unwrap();
        let at = rng.below(bytes.len() as u64);
        let mut byte = [0];
        file.seek(SeekFrom::Start(at)).unwrap();
        file.read_exact(&mut byte).unwrap();
        file.seek(SeekFrom::Start(at)).unwrap();
        file.write_all(&[byte[0] ^ (1 << rng.below(8))]).unwrap();
        drop(file);
        let (mut books, told) = Books::open(&settings(&folder)).unwrap();
        let listed = listed(&mut books);
        for record in &listed {
            let number: u64 = record.id[2..].parse().unwrap();
            assert_eq!(
                *record,
                self::record(&record.id, 1_000 * number),
                "round {round} at {at}"
            );
        }
        if listed.len() < 300 {
            let error = told.as_ref().and_then(|told| told.error.as_ref());
            let error = error.unwrap_or_else(|| panic!("round {round} at {at}: nothing is told"));
            assert_eq!(error.code, Code::STORE_DAMAGED);
            let aside = folder.path().join("kept").join(format!("{FILE}.damaged-1"));
            assert!(aside.exists());
        }
        // The first page, the root of a table: what hangs below it may be gone. Elsewhere a page holds a dozen.
        if at >= 4096 * 8 {
            least = least.min(listed.len());
        }
        // It is written again as if nothing had been.
        books
            .write(&[kept(record("new", 5_000_000))], None)
            .unwrap();
    }
    assert!(least >= 250, "{least} of 300 rows");
}

#[test]
fn what_is_no_database_is_moved_aside() {
    let folder = TempDir::new().unwrap();
    std::fs::create_dir(folder.path().join("kept")).unwrap();
    let path = folder.path().join("kept").join(FILE);
    std::fs::write(&path, vec![b'x'; 20_000]).unwrap();
    let (mut books, told) = Books::open(&settings(&folder)).unwrap();
    assert_eq!(told.unwrap().error.unwrap().code, Code::STORE_DAMAGED);
    fill(&mut books, 1);
    assert_eq!(listed(&mut books).len(), 1);
}

#[test]
fn ten_thousand_records_open_and_are_searched_in_time_m_123() {
    let folder = TempDir::new().unwrap();
    let many = Settings {
        keep: 10_000,
        ..settings(&folder)
    };
    let (mut books, _) = Books::open(&many).unwrap();
    fill(&mut books, 10_000);
    drop(books);
    let begun = std::time::Instant::now();
    let (mut books, _) = Books::open(&many).unwrap();
    let opened = begun.elapsed();
    let query = HistoryQuery {
        text: Some("muller".to_owned()),
        limit: Some(5),
        since: Some(Timestamp::from_unix_ms(9_998_000)),
        ..HistoryQuery::default()
    };
    let answer = books
        .carry_out(Command::HistoryList(query), &reader(), &[])
        .unwrap();
    let Reply::History { records } = answer.reply else {
        panic!("{answer:?}")
    };
    assert_eq!(records.len(), 2);
    eprintln!("10,000 records: opened and checked in {opened:?}");
    assert!(opened < Duration::from_secs(1), "{opened:?}");
}

/// Records, contacts and favourites that `who` sees.
fn sizes(ask: &mut dyn FnMut(Command, &Reader) -> Reply, who: &Reader) -> (usize, usize, usize) {
    let Reply::History { records } = ask(Command::HistoryList(HistoryQuery::default()), who) else {
        panic!("no history")
    };
    let Reply::Contacts { contacts, .. } = ask(Command::ContactList(ContactQuery::default()), who)
    else {
        panic!("no contacts")
    };
    let profiles = Command::ProfileList(control::command::NoFields {});
    let Reply::Profiles { profiles } = ask(profiles, who) else {
        panic!("no profiles")
    };
    (records.len(), contacts.len(), profiles[0].favourites.len())
}

#[test]
fn another_user_sees_nothing_m_022_m_023() {
    let folder = TempDir::new().unwrap();
    let mut books = open(&folder);
    let who = |owner: &str| Reader {
        own: owner.to_owned(),
        all: vec![owner.to_owned(), String::new()],
        mail: policy::mail::Rule::default(),
    };
    let (alice, bob) = (who("alice sip:1001@pbx"), who("bob sip:1001@pbx"));
    let owner = alice.own.clone();
    books
        .write(
            &[Kept {
                owner,
                record: record("a", 1),
            }],
            None,
        )
        .unwrap();
    let contact = Contact {
        name: "Carol".to_owned(),
        numbers: vec!["600".to_owned()],
        ..Contact::default()
    };
    let mut ask =
        |command: Command, who: &Reader| books.carry_out(command, who, &[]).unwrap().reply;
    ask(Command::ContactAdd(Box::new(contact)), &alice);
    let favourite = control::contacts::FavouriteOf {
        profile: None,
        favourite: control::Favourite {
            name: Some("Carol".to_owned()),
            number: None,
            ..control::Favourite::default()
        },
    };
    ask(Command::FavouriteAdd(favourite), &alice);
    assert_eq!(sizes(&mut ask, &alice), (1, 1, 1));
    assert_eq!(sizes(&mut ask, &bob), (0, 0, 0));
    assert_eq!(books.name(&bob.own, "sip:600@pbx").unwrap(), None);
    let (known, _) = books.name(&alice.own, "sip:600@pbx").unwrap().unwrap();
    assert_eq!(
        (known.name.as_str(), known.source.as_str()),
        ("Carol", "favourites")
    );
    let delete = control::history::HistoryDelete {
        ids: vec!["a".to_owned()],
        all: false,
    };
    let refused = books
        .carry_out(Command::HistoryDelete(delete), &bob, &[])
        .unwrap_err();
    assert_eq!(refused.explain().code, Code::UNKNOWN_RECORD);
}
