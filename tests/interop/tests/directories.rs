//! People are looked up at slapd and Radicale: by the plugins themselves, and by a phone that is called.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one word of many"
)]

use anyhow::{Context as _, Result, ensure};
use control::contacts::ContactQuery;
use control::history::HistoryQuery;
use control::{Command, Contact, EventBody, HistoryRecord, KnownName, Reply};
use offhook_interop::directories::{BASE, READER, Radicale, Slapd};
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::{Client, Engine, Rig};
use plugin::{Directory, Refusal};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(15);

fn people(of: usize) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = (0..of)
        .map(|n| (format!("Person {n:04}"), format!("+49 30 77{n:05}")))
        .collect();
    all.push(("Jürgen Müller".to_owned(), "+49 (711) 123-4567".to_owned()));
    all
}

fn found(said: Result<String, Refusal>) -> Vec<Value> {
    let said = said.unwrap_or_else(|why| panic!("{why}"));
    serde_json::from_str(&said).expect("a list")
}

/// Names, in the order of the alphabet.
fn names(said: Result<String, Refusal>) -> Vec<String> {
    let all = found(said).into_iter();
    let mut names: Vec<String> = all
        .filter_map(|p| Some(p["name"].as_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

/// A thousand entries: parts of names and numbers, umlauts, the limit, a wrong password; StartTLS waits for TLS.
#[test]
fn m_106_a_phone_book_is_searched_over_ldap() {
    let Some(rig) = Rig::new("directory-ldap", &["slapd", "slapadd"]) else {
        return;
    };
    let slapd = Slapd::start(&rig, "slapd", &people(1_000)).unwrap();
    let options = |password: &str| {
        let url = format!("ldap://{}", slapd.address);
        json!({"url": url, "base": BASE, "user": READER.0, "password": password, "limit": 20})
    };
    let mut book = directory_ldap::Ldap::open(&options(READER.1).to_string()).unwrap();
    let mut ask = |question: Value| book.search(&question.to_string());
    for (text, name) in [
        ("person 0042", "Person 0042"),
        ("0999", "Person 0999"),
        ("muller", "Jürgen Müller"),
        ("MÜLLER", "Jürgen Müller"),
        ("gen m", "Jürgen Müller"),
    ] {
        assert_eq!(
            names(ask(json!({"text": text, "limit": 5}))),
            [name],
            "{text}"
        );
    }
    assert_eq!(
        found(ask(json!({"text": "person"}))).len(),
        20,
        "its own limit"
    );
    assert_eq!(found(ask(json!({"text": "person", "limit": 3}))).len(), 3);
    assert_eq!(names(ask(json!({"text": "nobody at all"}))), [""; 0]);
    assert_eq!(
        names(ask(json!({"text": "*)(uid=*"}))),
        [""; 0],
        "nobody breaks out"
    );
    for number in ["07111234567", "sip:+497111234567@pbx", "00497111234567"] {
        let called = ask(json!({"number": number, "limit": 5}));
        assert_eq!(names(called), ["Jürgen Müller"], "{number}");
    }
    let begun = Instant::now();
    let _ = ask(json!({"text": "person 0500", "limit": 5}));
    println!("a search in 1,001 entries: {:?}", begun.elapsed());
    let mut wrong = directory_ldap::Ldap::open(&options("wrong").to_string()).unwrap();
    let refused = wrong.search(r#"{"text":"person"}"#).unwrap_err();
    assert!(
        refused.reason.contains("does not take the password"),
        "{refused}"
    );
    assert!(!refused.reason.contains("wrong\""), "{refused}");
}

/// K-203, K-204, K-206: from the principal to the cards; what changed, came and went; a wrong password and a wrong place.
#[test]
fn m_108_an_address_book_is_copied_from_radicale() {
    let Some(rig) = Rig::new("directory-carddav", &["radicale"]) else {
        return;
    };
    let radicale = Radicale::start(&rig, "radicale", "ann", "secret").unwrap();
    radicale
        .put(
            "bob",
            "Bob",
            "TEL;TYPE=WORK:+49 30 1234567\r\nTEL;TYPE=CELL:0151 7654321",
        )
        .unwrap();
    radicale.put("carol", "Carol Müller", "TEL:103").unwrap();
    radicale
        .put("mute", "Nobody to call", "EMAIL:a@b.test")
        .unwrap();
    let open = |url: &str, password: &str| {
        let options = json!({"url": url, "user": "ann", "password": password});
        directory_carddav::CardDav::open(&options.to_string()).unwrap()
    };
    let mut book = open(&radicale.url, "secret");
    let all = || json!({"all": true, "limit": 100}).to_string();
    let people = found(book.search(&all()));
    assert_eq!(people.len(), 2, "{people:?}");
    let bob = people.iter().find(|p| p["name"] == "Bob").unwrap();
    assert_eq!(bob["numbers"], json!(["+49 30 1234567", "0151 7654321"]));
    assert_eq!(bob["labels"], json!(["work", "cell"]));
    assert_eq!(names(book.search(r#"{"text":"muller"}"#)), ["Carol Müller"]);
    radicale
        .put("bob", "Bob Brown", "TEL;TYPE=WORK:+49 30 1234567")
        .unwrap();
    radicale.put("dan", "Dan", "TEL:104").unwrap();
    radicale.remove("carol").unwrap();
    assert_eq!(names(book.search(&all())), ["Bob Brown", "Dan"]);
    let refused = open(&radicale.url, "wrong").search(&all()).unwrap_err();
    assert!(
        refused.reason.contains("does not take the password"),
        "{refused}"
    );
    let nowhere = radicale.url.replace("/ann/", "/ann/nothing/");
    assert!(open(&nowhere, "secret").search(&all()).is_err());
    drop(radicale);
    assert!(
        book.search(&all()).is_err(),
        "who asks for everybody is told"
    );
    assert_eq!(
        names(book.search(r#"{"text":"bob"}"#)),
        ["Bob Brown"],
        "the last copy"
    );
}

/// Passes everything on, the first bytes to the server 2 s late.
fn slow(to: SocketAddr) -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        while let Ok((here, _)) = listener.accept() {
            std::thread::sleep(Duration::from_secs(2));
            if pass_on(&here, to).is_err() {
                return;
            }
        }
    });
    Ok(address)
}

/// Passes everything on once it is opened; before that whoever comes is sent away.
fn gate(to: SocketAddr) -> Result<(SocketAddr, Arc<AtomicBool>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let open = Arc::new(AtomicBool::new(false));
    let is_open = Arc::clone(&open);
    std::thread::spawn(move || {
        while let Ok((here, _)) = listener.accept() {
            if is_open.load(Ordering::SeqCst) && pass_on(&here, to).is_err() {
                return;
            }
        }
    });
    Ok((address, open))
}

fn pass_on(here: &TcpStream, to: SocketAddr) -> std::io::Result<()> {
    let there = TcpStream::connect(to)?;
    let ways = [
        (here.try_clone()?, there.try_clone()?),
        (there, here.try_clone()?),
    ];
    for (mut from, mut to) in ways {
        std::thread::spawn(move || std::io::copy(&mut from, &mut to));
    }
    Ok(())
}

fn contacts(client: &mut Client, text: &str) -> Result<Vec<Contact>> {
    let query = ContactQuery {
        text: Some(text.to_owned()),
        wait_ms: Some(8_000),
        ..ContactQuery::default()
    };
    match client.ask(Command::ContactList(query))? {
        Reply::Contacts { contacts, silent } => {
            ensure!(silent.is_empty(), "{silent:?} said nothing");
            Ok(contacts)
        }
        other => anyhow::bail!("{other:?}"),
    }
}

/// Waits until Radicale's people are among the contacts.
fn wait_copied(client: &mut Client) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        let all = Command::ContactList(ContactQuery::default());
        if matches!(client.ask(all)?, Reply::Contacts { contacts, .. } if !contacts.is_empty()) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    anyhow::bail!("nobody was copied")
}

fn named(client: &mut Client) -> Result<KnownName> {
    client.wait("call.named", PATIENCE, |event| match &event.body {
        EventBody::CallNamed(named) => Some(named.known.clone()),
        _ => None,
    })
}

fn looks_people_up(rig: &Rig) -> Result<()> {
    let slapd = Slapd::start(rig, "slapd", &people(20))?;
    let radicale = Radicale::start(rig, "radicale", "ann", "secret")?;
    radicale.put("bob", "Bob Dav", "TEL;TYPE=WORK:+49 30 1234567")?;
    let settings = format!(
        "[account]\ncarddav_title = \"Office\"\ncarddav_principal_url = \"{}\"\ncarddav_refresh_s = 2\n\
         carddav_user = \"ann\"\ncarddav_password = \"secret\"\nldap_title = \"Phone book\"\nldap_url = \"ldap://{}\"\n\
         ldap_base = \"{BASE}\"\nldap_user = \"{}\"\nldap_password = \"{}\"\n\
         rewriting = [\"contactIsFromSource dav, contactLabelMatches work => prepend 9\"]\n",
        radicale.url,
        slow(slapd.address)?,
        READER.0,
        READER.1
    );
    let wish = Wish {
        answer: Answer::Ring,
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    wait_copied(&mut client)?;
    let bob = contacts(&mut client, "dav")?
        .into_iter()
        .next()
        .context("Bob")?;
    ensure!(
        (bob.source.as_str(), bob.label(0)) == ("Office", Some("work")),
        "{bob:?}"
    );
    // What is not copied is asked, slow as it is.
    let muller = contacts(&mut client, "muller")?
        .into_iter()
        .next()
        .context("Müller")?;
    ensure!(muller.source == "Phone book", "{muller:?}");
    rules(&mut client)?;
    ensure!(!engine.log().contains("secret"), "a password is in the log");
    Ok(())
}

/// K-119 to K-122: the rule fires for Radicale's contact at its labelled number, and for nobody else.
fn rules(client: &mut Client) -> Result<()> {
    for (number, becomes) in [
        ("0049301234567", "90049301234567"),
        ("0049301234568", "0049301234568"),
    ] {
        let test = control::rules::RulesTest {
            account: None,
            number: number.to_owned(),
            incoming: false,
        };
        match client.ask(Command::RulesTest(test))? {
            Reply::Rules { tested } => ensure!(tested.becomes == becomes, "{tested:?}"),
            other => anyhow::bail!("{other:?}"),
        }
    }
    Ok(())
}

#[test]
fn m_105_m_108_k_119_k_202_a_phone_knows_the_people_of_its_directories() {
    let Some(rig) = Rig::new("directories", &["slapd", "slapadd", "radicale"]) else {
        return;
    };
    looks_people_up(&rig).unwrap();
}

/// The phone rings before slapd says a word; the name comes later, into the call and the history.
fn hears_late(rig: &Rig) -> Result<()> {
    let mut all = people(3);
    all.push(("Front desk".to_owned(), "101".to_owned()));
    let slapd = Slapd::start(rig, "slapd", &all)?;
    let settings = format!(
        "[account]\nldap_title = \"Phone book\"\nldap_url = \"ldap://{}\"\nldap_base = \"{BASE}\"\n\
         ldap_user = \"{}\"\nldap_password = \"{}\"\n",
        slow(slapd.address)?,
        READER.0,
        READER.1
    );
    let rings = |settings| Wish {
        answer: Answer::Ring,
        settings,
        ..Wish::default()
    };
    let engine = Daemon::start(rig, "engine", &rings(&settings))?;
    let mut client = engine.client()?;
    let mut caller = Daemon::start(rig, "caller", &rings(""))?;
    let begun = Instant::now();
    caller.dial(&format!("sip:101@{}", engine.address()))?;
    client.wait("call.incoming", PATIENCE, |event| {
        matches!(event.body, EventBody::CallIncoming(_)).then_some(())
    })?;
    let rang = begun.elapsed();
    let known = named(&mut client)?;
    let late = begun.elapsed();
    println!("rang after {rang:?}, named after {late:?}");
    ensure!(
        rang < Duration::from_millis(1_500),
        "it rang after {rang:?}"
    );
    ensure!(
        late > Duration::from_millis(1_500),
        "it was named after {late:?}"
    );
    ensure!(
        (known.name.as_str(), known.source.as_str()) == ("Front desk", "Phone book"),
        "{known:?}"
    );
    caller.hang_up()?;
    let kept = client.ask(Command::HistoryList(HistoryQuery::default()))?;
    let Reply::History { records } = kept else {
        anyhow::bail!("{kept:?}");
    };
    ensure!(records[0].known.as_ref() == Some(&known), "{records:?}");
    Ok(())
}

fn history(client: &mut Client) -> Result<Vec<HistoryRecord>> {
    match client.ask(Command::HistoryList(HistoryQuery::default()))? {
        Reply::History { records } => Ok(records),
        other => anyhow::bail!("{other:?}"),
    }
}

/// A call comes with a number alone while slapd cannot be reached; whoever looks later sees whose it was.
fn named_afterwards(rig: &Rig) -> Result<()> {
    let mut all = people(3);
    all.push(("Front desk".to_owned(), "101".to_owned()));
    let slapd = Slapd::start(rig, "slapd", &all)?;
    let (gate, open) = gate(slapd.address)?;
    let settings = format!(
        "[account]\nldap_title = \"Phone book\"\nldap_url = \"ldap://{gate}\"\nldap_base = \"{BASE}\"\n\
         ldap_user = \"{}\"\nldap_password = \"{}\"\n",
        READER.0, READER.1
    );
    let wish = Wish {
        answer: Answer::Ring,
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    let rings = Wish {
        answer: Answer::Ring,
        ..Wish::default()
    };
    let mut caller = Daemon::start(rig, "caller", &rings)?;
    caller.dial(&format!("sip:101@{}", engine.address()))?;
    client.wait("call.incoming", PATIENCE, |event| {
        matches!(event.body, EventBody::CallIncoming(_)).then_some(())
    })?;
    client.wait("directory.failed", PATIENCE, |event| {
        matches!(event.body, EventBody::DirectoryFailed(_)).then_some(())
    })?;
    caller.hang_up()?;
    open.store(true, Ordering::SeqCst);
    // It is left alone for 2 s after its failure.
    std::thread::sleep(Duration::from_millis(2_500));
    let nameless = history(&mut client)?;
    ensure!(nameless[0].known.is_none(), "{nameless:?}");
    let known = client.wait("history.changed", PATIENCE, |event| match &event.body {
        EventBody::HistoryChanged(change) => change.record.as_ref()?.known.clone(),
        _ => None,
    })?;
    ensure!(
        (known.name.as_str(), known.source.as_str()) == ("Front desk", "Phone book"),
        "{known:?}"
    );
    let named = history(&mut client)?;
    ensure!(named[0].known == Some(known), "{named:?}");
    Ok(())
}

#[test]
fn m_127_whoever_looks_later_sees_whose_number_it_was() {
    let Some(rig) = Rig::new("directory-later", &["slapd", "slapadd"]) else {
        return;
    };
    named_afterwards(&rig).unwrap();
}

#[test]
fn m_109_a_slow_directory_names_the_caller_while_it_rings() {
    let Some(rig) = Rig::new("directory-slow", &["slapd", "slapadd"]) else {
        return;
    };
    hears_late(&rig).unwrap();
}
