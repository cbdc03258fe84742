//! People whom the server itself knows, over HTTP from a server in Python: listed, searched, gone.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one word of many"
)]

use anyhow::{Context as _, Result, ensure};
use control::contacts::{ContactKind, ContactQuery};
use control::{Command, Contact, EventBody, Reply};
use offhook_interop::directories::HttpServer;
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::{Client, Rig};
use plugin::{Directory, Refusal};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);
/// People of the system directory. Source: M-103.
const PEOPLE: usize = 500;

fn number(of: usize) -> String {
    (1_000 + of).to_string()
}

fn in_json(first: &str) -> String {
    let people = (0..PEOPLE).map(|n| {
        let name = if n == 0 {
            first.to_owned()
        } else {
            format!("Person {n:03}")
        };
        let kind = if n < 10 { "department" } else { "extension" };
        json!({"id": n, "name": name, "number": number(n), "kind": kind})
    });
    Value::Array(people.collect()).to_string()
}

fn in_xml(first: &str) -> String {
    let mut text = "<?xml version=\"1.0\"?><IPPhoneDirectory>".to_owned();
    for n in 0..PEOPLE {
        let name = if n == 0 {
            first.to_owned()
        } else {
            format!("Person {n:03}")
        };
        let number = number(n);
        let _ = write!(
            text,
            "<DirectoryEntry><Name>{name}</Name><Telephone label=\"work\">{number}</Telephone></DirectoryEntry>"
        );
    }
    text + "</IPPhoneDirectory>"
}

fn found(said: Result<String, Refusal>) -> Vec<Value> {
    let said = said.unwrap_or_else(|why| panic!("{why}"));
    serde_json::from_str(&said).expect("a list")
}

/// JSON and XML; what changes is there when it is asked again; a server that is away is told, and the copy answers.
#[test]
fn m_103_five_hundred_people_are_read_from_json_and_xml() {
    let Some(rig) = Rig::new("directory-http", &["python3"]) else {
        return;
    };
    let mut server = HttpServer::start(&rig, "server").unwrap();
    let open = |name: &str| {
        let options = json!({"url": format!("{}/{name}", server.url)});
        directory_http::People::open(&options.to_string()).unwrap()
    };
    let all = r#"{"all":true,"limit":1000}"#;
    let (mut json, mut xml) = (open("people.json"), open("people.xml"));
    for first in ["Ann", "Änne"] {
        server.put("people.json", &in_json(first)).unwrap();
        server.put("people.xml", &in_xml(first)).unwrap();
        for book in [&mut json, &mut xml] {
            let people = found(book.search(all));
            assert_eq!(people.len(), PEOPLE);
            assert_eq!(people[0]["name"], first);
            let one = found(book.search(r#"{"number":"sip:1042@pbx","limit":5}"#));
            assert_eq!(one.len(), 1, "{one:?}");
            assert_eq!(one[0]["name"], "Person 042");
        }
    }
    assert!(
        open("nothing.json")
            .search(all)
            .unwrap_err()
            .reason
            .contains("404")
    );
    server
        .put("page.html", "<html><body>no list</body></html>")
        .unwrap();
    let refused = open("page.html").search(all).unwrap_err();
    assert!(refused.reason.contains("no list of people"), "{refused}");
    server.stop();
    for book in [&mut json, &mut xml] {
        assert!(book.search(all).is_err(), "who asks for everybody is told");
        assert_eq!(found(book.search(r#"{"text":"anne"}"#)).len(), 1);
    }
}

fn contacts(client: &mut Client, text: &str) -> Result<Vec<Contact>> {
    let query = ContactQuery {
        text: (!text.is_empty()).then(|| text.to_owned()),
        wait_ms: Some(8_000),
        ..ContactQuery::default()
    };
    match client.ask(Command::ContactList(query))? {
        Reply::Contacts { contacts, .. } => Ok(contacts),
        other => anyhow::bail!("{other:?}"),
    }
}

/// Waits until so many are found.
fn wait_found(client: &mut Client, text: &str, count: usize) -> Result<Vec<Contact>> {
    let until = Instant::now() + PATIENCE;
    loop {
        let found = contacts(client, text)?;
        if found.len() == count {
            return Ok(found);
        }
        ensure!(
            Instant::now() < until,
            "{text:?} finds {} and not {count}",
            found.len()
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn looks_people_up(rig: &Rig) -> Result<()> {
    let mut server = HttpServer::start(rig, "server")?;
    server.put("system.xml", &in_xml("Ann"))?;
    let outside = json!([
        {"name": "Ann", "number": number(0)}, {"name": "Zoë Outside", "number": "030 99"},
    ]);
    server.put("people.json", &outside.to_string())?;
    let url = &server.url;
    let settings = format!(
        "[account]\nsystem_directory_url = \"{url}/system.xml\"\ndirectory_refresh_s = 1\n\
         server_book_url = \"{url}/search?q=%query%\"\n"
    );
    let wish = Wish {
        answer: Answer::Ring,
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    wait_found(&mut client, "person", PEOPLE - 1)?;
    // M-107: Ann is in both and found once; who is in the phone book alone is found, too.
    let ann = wait_found(&mut client, "ann", 1)?;
    ensure!(ann[0].source == "System", "{ann:?}");
    ensure!(ann[0].kind == ContactKind::General, "{ann:?}");
    let zoe = wait_found(&mut client, "Zoë", 1)?.into_iter().next();
    let zoe = zoe.context("Zoë")?;
    ensure!(zoe.source == "Phone book", "{zoe:?}");
    // M-103: what changes at the server is there after the next look.
    server.put("system.xml", &in_xml("Änne"))?;
    wait_found(&mut client, "anne", 1)?;
    server.stop();
    client.wait("directory event", PATIENCE, |event| match &event.body {
        EventBody::DirectoryFailed(change) => (change.directory == "System").then_some(()),
        _ => None,
    })?;
    ensure!(contacts(&mut client, "")?.len() == PEOPLE, "the last copy");
    Ok(())
}

#[test]
fn m_103_m_107_a_phone_knows_whom_its_server_lists_and_finds() {
    let Some(rig) = Rig::new("server-directories", &["python3"]) else {
        return;
    };
    looks_people_up(&rig).unwrap();
}
