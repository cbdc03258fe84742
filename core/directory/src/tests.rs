//! With directories of this file, which do what a test orders.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one word of many"
)]

use super::*;
use control::contacts::DirectoryChange;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const WAIT: Duration = Duration::from_secs(5);

/// Answers a question after a while.
type Play = fn(&str) -> Result<String, Trouble>;

struct Scripted(Play);

impl Ask for Scripted {
    fn search(&mut self, query: &str) -> Result<String, Trouble> {
        (self.0)(query)
    }
}

fn source(title: &str, rank: u8, play: Play) -> Source {
    Source {
        title: title.to_owned(),
        list: "ws".to_owned(),
        account: "main".to_owned(),
        owner: "ann".to_owned(),
        rank,
        refresh: Duration::from_secs(60),
        patience: Source::PATIENCE,
        open: Box::new(move || Ok(Box::new(Scripted(play)))),
    }
}

fn start(sources: Vec<Source>) -> (Directories, Receiver<Told>) {
    let (tell, told) = channel();
    let tell = std::sync::Mutex::new(tell);
    let tell: Tell = Arc::new(move |word| {
        let _ = tell.lock().unwrap().send(word);
    });
    (Directories::start(sources, &tell).unwrap(), told)
}

fn call() -> NameOf {
    NameOf::Call("c7k3".parse().unwrap())
}

fn bob(query: &str) -> Result<String, Trouble> {
    if query.contains("all") {
        return Err(Trouble::Unsupported);
    }
    Ok(r#"[{"name":"Bob","numbers":["102"]},{"name":"","numbers":["1"]},{"name":"X","numbers":[]}]"#.to_owned())
}

fn slow(query: &str) -> Result<String, Trouble> {
    if !query.contains("all") {
        std::thread::sleep(Duration::from_millis(300));
    }
    bob(query)
}

fn listed(query: &str) -> Result<String, Trouble> {
    assert!(
        query.contains("all"),
        "what is copied is not asked: {query}"
    );
    Ok(r#"[{"name":"Bob","numbers":["102"],"labels":["work"],"id":"7"}]"#.to_owned())
}

fn broken(_query: &str) -> Result<String, Trouble> {
    Err(Trouble::Failed("no route".to_owned()))
}

fn panics(query: &str) -> Result<String, Trouble> {
    match query.contains("all") {
        true => Err(Trouble::Unsupported),
        false => panic!("on order"),
    }
}

fn rubbish(query: &str) -> Result<String, Trouble> {
    match query.contains("all") {
        true => Err(Trouble::Unsupported),
        false => Ok("[{".to_owned()),
    }
}

/// Asks all for `text`; what each said.
fn ask(directories: &Directories, text: &str) -> Vec<(String, Result<Vec<Contact>, String>)> {
    let (tell, told) = channel();
    directories.search(&["ann".to_owned()], text, 10, |title| {
        let (tell, title) = (tell.clone(), title.to_owned());
        Box::new(move |said| {
            let _ = tell.send((title, said));
        })
    });
    drop(tell);
    told.iter().collect()
}

#[test]
fn who_calls_is_told_whenever_it_is_known_and_nobody_waits_m_109() {
    let (directories, told) = start(vec![source("slow", 3, slow), source("quick", 4, bob)]);
    let begun = Instant::now();
    directories.name(&call(), "ann", "sip:102@pbx");
    directories.name(&call(), "somebody else", "sip:102@pbx");
    assert!(begun.elapsed() < Duration::from_millis(100));
    let named: Vec<(String, u8)> = (0..2)
        .map(|_| match told.recv_timeout(WAIT).unwrap() {
            Told::Named { known, rank, .. } => (known.source, rank),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(named, [("quick".to_owned(), 4), ("slow".to_owned(), 3)]);
    // Asked again, it is remembered.
    let begun = Instant::now();
    directories.name(&call(), "ann", "sip:102@pbx");
    for _ in 0..2 {
        assert!(matches!(told.recv_timeout(WAIT), Ok(Told::Named { .. })));
    }
    assert!(begun.elapsed() < Duration::from_millis(250));
    drop(directories);
    assert!(
        told.recv_timeout(WAIT).is_err(),
        "nobody else was asked for"
    );
}

#[test]
fn what_can_be_listed_is_copied_and_not_asked_m_108() {
    let (directories, told) = start(vec![source("book", 2, listed)]);
    let Ok(Told::Listed(list)) = told.recv_timeout(WAIT) else {
        panic!("nothing is listed");
    };
    assert_eq!((list.owner.as_str(), list.title.as_str()), ("ann", "book"));
    let bob = &list.people[0];
    assert_eq!(
        (bob.source.as_str(), bob.labels.as_slice()),
        ("book", &["work".to_owned()][..])
    );
    assert_eq!(bob.origin.as_ref().map(|of| of.id.as_str()), Some("7"));
    let said = ask(&directories, "bo");
    assert_eq!(said, [("book".to_owned(), Ok(Vec::new()))]);
}

/// Whoever is called now is asked for first, even behind many of whom somebody sees records.
#[test]
fn m_127_who_is_in_records_waits_for_who_calls() {
    let (directories, told) = start(vec![source("slow", 3, slow)]);
    let records = |n: usize| NameOf::Records(vec![n.to_string()]);
    for n in 0..5 {
        directories.name(&records(n), "ann", &format!("sip:{n}@pbx"));
    }
    std::thread::sleep(Duration::from_millis(50));
    directories.name(&call(), "ann", "sip:102@pbx");
    let named = told.iter().take(6).filter_map(|word| match word {
        Told::Named { of, .. } => Some(of),
        _ => None,
    });
    let named: Vec<NameOf> = named.collect();
    let at = named.iter().position(|of| *of == call()).unwrap();
    assert!(at <= 1, "{named:?}");
    assert_eq!(named.len(), 6);
}

/// One that failed is left alone for an hour here.
#[test]
fn m_002_who_registers_has_a_directory_asked_that_failed_just_before() {
    static IS_THERE: AtomicBool = AtomicBool::new(false);
    fn behind_a_way(query: &str) -> Result<String, Trouble> {
        match IS_THERE.load(Ordering::SeqCst) {
            true => listed(query),
            false => broken(query),
        }
    }
    let mut book = source("book", 2, behind_a_way);
    book.patience = Duration::from_secs(3600);
    let (directories, told) = start(vec![book]);
    assert!(matches!(told.recv_timeout(WAIT), Ok(Told::Directory(_))));
    IS_THERE.store(true, Ordering::SeqCst);
    directories.registered("another");
    let soon = Duration::from_millis(200);
    assert!(told.recv_timeout(soon).is_err(), "another account's");
    directories.registered("main");
    let mended = told.recv_timeout(WAIT);
    assert!(matches!(mended, Ok(Told::Directory(change)) if change.error.is_none()));
    assert!(matches!(told.recv_timeout(WAIT), Ok(Told::Listed(_))));
}

/// M-105: people of all directories, with their source; M-106: one that fails is told once, with the reason.
#[test]
fn a_search_takes_what_comes_and_names_what_does_not_m_105_m_106() {
    let (directories, told) = start(vec![
        source("good", 2, bob),
        source("broken", 3, broken),
        source("panics", 4, panics),
        source("rubbish", 5, rubbish),
    ]);
    let mut said = ask(&directories, "bo");
    said.sort_by(|one, other| one.0.cmp(&other.0));
    let [broken, good, panics, rubbish] = said.as_slice() else {
        panic!("{said:?}");
    };
    let found = good.1.as_ref().unwrap();
    assert_eq!(found.len(), 1, "who has no name or no number is left out");
    assert_eq!(
        (found[0].name.as_str(), found[0].source.as_str()),
        ("Bob", "good")
    );
    assert!(broken.1.is_err());
    assert_eq!(panics.1, Err("it panicked".to_owned()));
    assert!(
        rubbish
            .1
            .as_ref()
            .is_err_and(|why| why.contains("cannot be read"))
    );
    // Asked again at once they are left alone, and nothing more is told.
    let again = ask(&directories, "bo");
    assert!(
        again
            .iter()
            .all(|(title, said)| title == "good" || said.is_err())
    );
    drop(directories);
    let changes = told.iter().filter_map(|word| match word {
        Told::Directory(change) => Some(*change),
        _ => None,
    });
    let changes: Vec<DirectoryChange> = changes.collect();
    assert_eq!(changes.len(), 3, "{changes:?}");
    assert!(changes.iter().all(|change| change.error.is_some()));
}
