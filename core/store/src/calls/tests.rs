#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one word of many"
)]

use super::*;
use control::snapshot::Party;

/// A call that came in at `ms` and was missed.
pub(crate) fn record(id: &str, ms: u64) -> HistoryRecord {
    HistoryRecord {
        id: id.to_owned(),
        call: "c7k2".parse().unwrap(),
        kind: RecordKind::Missed,
        state: RecordState::Cancelled,
        account: Some("demo".parse().unwrap()),
        local: "sip:101@demo".to_owned(),
        remote: Party {
            uri: "sip:600@demo".to_owned(),
            display: Some("Jörg Müller".to_owned()),
        },
        known: None,
        started: Timestamp::from_unix_ms(ms),
        answered: None,
        ended: Some(Timestamp::from_unix_ms(ms + 1)),
        duration_ms: None,
        cause: None,
        sip_status: None,
        marks: Vec::new(),
        sip_call_id: None,
    }
}

pub(crate) fn db(records: &[HistoryRecord]) -> Connection {
    let mut db = Connection::open_in_memory().unwrap();
    crate::schema::migrate(&mut db).unwrap();
    let write = db.transaction().unwrap();
    for record in records {
        put(&write, "", record).unwrap();
    }
    write.commit().unwrap();
    db
}

fn reader() -> Reader {
    Reader {
        own: String::new(),
        all: vec![String::new()],
        mail: policy::mail::Rule::default(),
    }
}

fn found(query: HistoryQuery) -> Vec<String> {
    let mut answered = record("b", 2_000);
    answered.kind = RecordKind::Answered;
    answered.account = None;
    let mut outgoing = record("c", 3_000);
    outgoing.kind = RecordKind::Outgoing;
    outgoing.remote = Party {
        uri: "sip:+49-30-1234567@carrier.test".to_owned(),
        display: None,
    };
    outgoing.known = Some(control::KnownName {
        name: "Łódź Office".to_owned(),
        source: "contacts".to_owned(),
    });
    let all = [record("a", 1_000), answered, outgoing];
    // On disk, or still waiting for it: the answer is the same.
    let disk = find_all(&db(&all), &query, &reader(), &[]).unwrap();
    let waiting = all.map(|record| Kept {
        owner: String::new(),
        record,
    });
    let memory = find_all(&db(&[]), &query, &reader(), &waiting).unwrap();
    assert_eq!(disk, memory);
    disk.into_iter().map(|record| record.id).collect()
}

#[test]
fn records_are_filtered_and_found_m_123() {
    let query = HistoryQuery::default;
    let text = |text: &str| HistoryQuery {
        text: Some(text.to_owned()),
        ..query()
    };
    assert_eq!(found(query()), ["c", "b", "a"]);
    for (wanted, ids) in [
        ("müller", vec!["b", "a"]),
        ("JORG", vec!["b", "a"]),
        ("600@", vec!["b", "a"]),
        ("lodz", vec!["c"]),
        ("+49 30 123", vec!["c"]),
        ("30 / 1234567", vec!["c"]),
        ("nobody", vec![]),
    ] {
        assert_eq!(found(text(wanted)), ids, "{wanted}");
    }
    let kind = Some(RecordKind::Outgoing);
    assert_eq!(found(HistoryQuery { kind, ..query() }), ["c"]);
    let account = Some("demo".parse().unwrap());
    assert_eq!(found(HistoryQuery { account, ..query() }), ["c", "a"]);
    let (since, until) = (
        Some(Timestamp::from_unix_ms(2_000)),
        Some(Timestamp::from_unix_ms(3_000)),
    );
    assert_eq!(
        found(HistoryQuery {
            since,
            until,
            ..query()
        }),
        ["b"]
    );
    let limit = Some(1);
    assert_eq!(found(HistoryQuery { limit, ..query() }), ["c"]);
    let long = text(&"x".repeat(201));
    let refused = find_all(&db(&[]), &long, &reader(), &[]).unwrap_err();
    assert_eq!(refused.explain().code, Code::USAGE);
}

#[test]
fn records_go_one_by_one_or_all_and_calls_that_are_not_over_keep_theirs_m_123() {
    let mut open = record("open", 5_000);
    open.ended = None;
    let db = db(&[record("a", 1), record("b", 2), record("c", 3), open]);
    let go = |ids: &[&str], all| {
        let ids = ids.iter().map(|id| (*id).to_owned()).collect();
        delete(&db, HistoryDelete { ids, all }, &reader()).map(|answer| answer.reply)
    };
    assert_eq!(go(&["a", "b"], false).unwrap(), Reply::Deleted { count: 2 });
    assert_eq!(
        go(&["open"], false).unwrap_err().explain().code,
        Code::UNKNOWN_RECORD
    );
    assert_eq!(go(&[], false).unwrap_err().explain().code, Code::USAGE);
    assert_eq!(go(&["c"], true).unwrap_err().explain().code, Code::USAGE);
    assert_eq!(go(&[], true).unwrap(), Reply::Deleted { count: 1 });
    let left = find_all(&db, &HistoryQuery::default(), &reader(), &[]).unwrap();
    assert_eq!(left.len(), 1);
}
