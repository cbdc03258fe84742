#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one word of many"
)]

use super::*;
use control::contacts::StoreChange;
use control::history::RecordKind;
use control::snapshot::{CallDirection, CallState, Party};
use control::{EndCause, EndReason, EndedBy, RecordingSnapshot, RecordingState};

const EPOCH: u64 = 1_795_269_731_000;

/// A part, what it was told last, and what it wants done.
struct Phone {
    part: History,
    now: Instant,
}

impl Phone {
    fn new() -> Self {
        Self {
            part: History::new(Timestamp::from_unix_ms(EPOCH)),
            now: Instant::ZERO,
        }
    }

    fn told(&mut self, word: impl Into<Word>) -> Vec<Post> {
        let mut out = Outbox::new();
        self.part.handle(word.into(), self.now, &mut out);
        drain(&mut out)
    }

    /// Tells a call; the record that goes to the store.
    fn call(&mut self, call: &CallSnapshot) -> Option<HistoryRecord> {
        let posts = self.told(Word::Call(Box::new(call.clone())));
        kept_in(&posts).pop().map(|kept| kept.record)
    }
}

fn drain(out: &mut Outbox) -> Vec<Post> {
    std::iter::from_fn(|| out.take()).collect()
}

fn kept_in(posts: &[Post]) -> Vec<Kept> {
    let kept = posts.iter().filter_map(|post| match post {
        Post::Store(Do::Keep(kept)) => Some((**kept).clone()),
        _ => None,
    });
    kept.collect()
}

fn noted_in(posts: &[Post]) -> usize {
    let noted = |post: &&Post| matches!(post, Post::Dialogs(dialogs::Word::Noted { .. }));
    posts.iter().filter(noted).count()
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(EPOCH + ms)
}

fn call(direction: CallDirection) -> CallSnapshot {
    let party = |uri: &str, display: Option<&str>| Party {
        uri: uri.to_owned(),
        display: display.map(str::to_owned),
    };
    CallSnapshot {
        call: "c7k2".parse().unwrap(),
        account: Some("demo".parse().unwrap()),
        direction,
        state: CallState::Ringing,
        from: party("sip:a@pbx", Some("A")),
        to: party("sip:b@pbx", None),
        created: at(0),
        answered: None,
        ended: None,
        silenced: false,
        muted: false,
        held_by_local: false,
        conference: None,
        server_conference: None,
        held_by_remote: false,
        media: None,
        quality: None,
        recording: None,
        end: None,
        sip_call_id: Some("x@y".to_owned()),
        known: None,
        returned: None,
    }
}

fn ended(mut call: CallSnapshot, by: EndedBy, cause: EndCause) -> CallSnapshot {
    call.state = CallState::Ended;
    call.ended = Some(at(9_000));
    call.end = Some(EndReason {
        cause,
        sip_status: Some(487),
        ..EndReason::normal(by)
    });
    call
}

fn answered(mut call: CallSnapshot) -> CallSnapshot {
    call.state = CallState::Answered;
    call.answered = Some(at(4_000));
    call
}

#[test]
fn kinds_and_states_are_those_of_the_call_m_120_m_121() {
    use CallDirection::{Incoming, Outgoing};
    let missed = ended(call(Incoming), EndedBy::Remote, EndCause::Cancelled);
    let elsewhere = ended(call(Incoming), EndedBy::Remote, EndCause::AnsweredElsewhere);
    let rejected = ended(call(Incoming), EndedBy::Local, EndCause::Declined);
    let sent_on = ended(call(Incoming), EndedBy::Local, EndCause::Redirected);
    let taken = ended(answered(call(Incoming)), EndedBy::Remote, EndCause::Normal);
    let made = ended(answered(call(Outgoing)), EndedBy::Local, EndCause::Normal);
    let given_up = ended(call(Outgoing), EndedBy::Local, EndCause::Cancelled);
    use RecordKind as Kind;
    use RecordState::{Cancelled, Completed};
    let (gone, talked, no) = (Cancelled, Completed, &[][..]);
    for (call, kind, state, length, marks) in [
        (missed, Kind::Missed, gone, None, no),
        (elsewhere, Kind::AnsweredElsewhere, gone, None, no),
        (rejected, Kind::Missed, gone, None, &[Mark::Rejected][..]),
        (sent_on, Kind::Missed, gone, None, no),
        (taken, Kind::Answered, talked, Some(5_000), no),
        (made, Kind::Outgoing, talked, Some(5_000), no),
        (given_up, Kind::Outgoing, gone, None, no),
    ] {
        let mut phone = Phone::new();
        let begun = phone.call(&self::call(call.direction)).unwrap();
        assert_eq!(begun.state, RecordState::Open);
        let record = phone.call(&call).unwrap();
        assert_eq!(record.id, begun.id);
        assert_eq!(
            (record.kind, record.state, record.duration_ms),
            (kind, state, length)
        );
        assert_eq!(record.marks, marks);
        assert_eq!(
            (record.ended, record.sip_status),
            (Some(at(9_000)), Some(487))
        );
        let (local, remote) = match call.direction {
            Incoming => ("sip:b@pbx", "sip:a@pbx"),
            Outgoing => ("sip:a@pbx", "sip:b@pbx"),
        };
        assert_eq!(
            (record.local.as_str(), record.remote.uri.as_str()),
            (local, remote)
        );
        assert_eq!(phone.part.unfinished(), 0);
    }
}

#[test]
fn recorded_and_forwarded_are_marked_also_after_the_end_m_121() {
    let mut phone = Phone::new();
    let mut talk = answered(call(CallDirection::Incoming));
    talk.recording = Some(Box::new(RecordingSnapshot {
        state: RecordingState::Recording,
        plugin: String::new(),
        path: String::new(),
        channels: 2,
        sample_rate_hz: 16_000,
        started: at(0),
        audio_ms: 0,
        bytes: 0,
        gap_ms: 0,
    }));
    assert_eq!(phone.call(&talk).unwrap().marks, [Mark::Recorded]);
    talk.recording = None;
    let over = ended(talk, EndedBy::Remote, EndCause::Normal);
    assert_eq!(phone.call(&over).unwrap().marks, [Mark::Recorded]);
    let (call, mark) = (over.call, Mark::Forwarded);
    let kept = kept_in(&phone.told(Word::Marked { call, mark }))
        .pop()
        .unwrap();
    assert_eq!(kept.record.marks, [Mark::Forwarded, Mark::Recorded]);
    let again = phone.told(Word::Marked { call, mark });
    assert!(again.is_empty(), "{again:?}");
}

#[test]
fn the_call_rings_once_its_record_is_on_disk_or_cannot_be_m_123() {
    let mut phone = Phone::new();
    let ringing = call(CallDirection::Incoming);
    let handle = ringing.call;
    let posts = phone.told(Word::Call(Box::new(ringing.clone())));
    assert!(
        matches!(posts.first(), Some(Post::Store(Do::Keep(_)))),
        "{posts:?}"
    );
    assert_eq!(noted_in(&posts), 0);
    let kept = Word::Stored(Told::Kept { call: handle });
    assert_eq!(noted_in(&phone.told(kept)), 1);
    assert_eq!(
        noted_in(&phone.told(Word::Stored(Told::Kept { call: handle }))),
        0
    );
    // Nothing can be written: nobody waits any more.
    let mut other = ringing.clone();
    other.call = "c7k3".parse().unwrap();
    assert_eq!(
        noted_in(&phone.told(Word::Call(Box::new(other.clone())))),
        0
    );
    let failed = || {
        Word::Stored(Told::Failed(Box::new(StoreChange {
            path: String::new(),
            error: None,
            waiting: 1,
            lost: 0,
        })))
    };
    assert_eq!(noted_in(&phone.told(failed())), 1);
    other.call = "c7k4".parse().unwrap();
    assert_eq!(noted_in(&phone.told(Word::Call(Box::new(other)))), 1);
}

#[test]
fn a_name_that_is_known_late_comes_into_call_and_history_m_109() {
    let mut phone = Phone::new();
    let ringing = call(CallDirection::Incoming);
    let posts = phone.told(Word::Call(Box::new(ringing.clone())));
    let asked = posts.iter().find_map(|post| match post {
        Post::Store(Do::Name { uri, .. }) => Some(uri.as_str()),
        _ => None,
    });
    assert_eq!(asked, Some("sip:a@pbx"));
    phone.call(&ended(
        ringing.clone(),
        EndedBy::Remote,
        EndCause::Cancelled,
    ));
    let known = KnownName {
        name: "Alice".to_owned(),
        source: "contacts".to_owned(),
    };
    let call = ringing.call;
    let named = || {
        Word::Stored(Told::Named {
            of: NameOf::Call(call),
            known: known.clone(),
            rank: 1,
        })
    };
    let posts = phone.told(named());
    let record = kept_in(&posts).pop().unwrap().record;
    assert_eq!(
        (record.known, record.kind),
        (Some(known.clone()), RecordKind::Missed)
    );
    assert!(
        posts
            .iter()
            .any(|post| matches!(post, Post::Dialogs(dialogs::Word::Named { .. })))
    );
    assert!(phone.told(named()).is_empty(), "told once");
}

/// A mark that comes behind the name keeps it.
#[test]
fn m_127_a_name_that_is_known_after_the_call_stays() {
    let mut phone = Phone::new();
    let over = ended(
        call(CallDirection::Incoming),
        EndedBy::Remote,
        EndCause::Cancelled,
    );
    let kept = kept_in(&phone.told(Word::Call(Box::new(over.clone()))));
    let mut record = kept.into_iter().next_back().unwrap().record;
    assert_eq!(record.known, None);
    record.known = Some(KnownName {
        name: "Alice".to_owned(),
        source: "LDAP".to_owned(),
    });
    let posts = phone.told(Word::Stored(Told::Renamed(vec![record.clone()])));
    assert!(kept_in(&posts).is_empty(), "it is on disk");
    let told = posts.iter().any(|post| {
        matches!(post, Post::Event(events::Word::Tell { body: EventBody::HistoryChanged(told), .. })
            if told.record.as_ref() == Some(&record))
    });
    assert!(told, "{posts:?}");
    let call = over.call;
    let mark = Mark::Recorded;
    let kept = kept_in(&phone.told(Word::Marked { call, mark }));
    assert_eq!(kept[0].record.known, record.known);
}

/// Favourites, contacts, then directories in their order: whoever answers first, the best one stays.
#[test]
fn the_best_list_is_right_whichever_answers_first_m_109() {
    let mut phone = Phone::new();
    let ringing = call(CallDirection::Incoming);
    phone.call(&ringing);
    let mut shown = None;
    for (source, rank, expected) in [
        ("ldap", 3, "ldap"),
        ("server", 4, "ldap"),
        ("carddav", 2, "carddav"),
        ("favourites", 0, "favourites"),
        ("contacts", 1, "favourites"),
    ] {
        let known = KnownName {
            name: format!("by {source}"),
            source: source.to_owned(),
        };
        let of = NameOf::Call(ringing.call);
        let posts = phone.told(Word::Stored(Told::Named { of, known, rank }));
        if let Some(kept) = kept_in(&posts).pop() {
            shown = kept.record.known.map(|known| known.source);
        }
        assert_eq!(shown.as_deref(), Some(expected), "after {source}");
    }
}

#[test]
fn while_calls_go_on_it_is_noted_every_second_that_they_do_m_123() {
    let mut phone = Phone::new();
    assert_eq!(phone.part.deadline(), None);
    phone.call(&call(CallDirection::Outgoing));
    let due = phone.part.deadline().unwrap();
    assert_eq!(due, phone.now + ALIVE);
    let mut out = Outbox::new();
    phone.part.handle_time(due, &mut out);
    let posts = drain(&mut out);
    assert!(
        matches!(posts[..], [Post::Store(Do::Alive(told))] if told == at(1_000)),
        "{posts:?}"
    );
    phone.call(&ended(
        call(CallDirection::Outgoing),
        EndedBy::Local,
        EndCause::Cancelled,
    ));
    assert_eq!(phone.part.deadline(), None);
}

#[test]
fn calls_that_dialogs_lost_are_interrupted() {
    let mut phone = Phone::new();
    phone.call(&answered(call(CallDirection::Incoming)));
    phone.now = Instant::ZERO + Duration::from_secs(7);
    let posts = phone.told(Word::Restarted(Address::Dialogs));
    let record = kept_in(&posts).pop().unwrap().record;
    assert_eq!(
        (record.state, record.duration_ms),
        (RecordState::Interrupted, Some(3_000))
    );
    assert_eq!(phone.part.unfinished(), 0);
}

#[test]
fn a_call_that_is_told_again_changes_nothing() {
    let mut phone = Phone::new();
    let over = ended(
        call(CallDirection::Incoming),
        EndedBy::Remote,
        EndCause::Cancelled,
    );
    assert!(phone.call(&call(CallDirection::Incoming)).is_some());
    assert!(
        phone
            .told(Word::Call(Box::new(call(CallDirection::Incoming))))
            .is_empty()
    );
    assert!(phone.call(&over).is_some());
    assert!(phone.told(Word::Call(Box::new(over))).is_empty());
}
