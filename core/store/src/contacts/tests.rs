#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one word of many"
)]

use super::*;

fn db() -> Connection {
    let mut db = Connection::open_in_memory().unwrap();
    crate::schema::migrate(&mut db).unwrap();
    db
}

fn reader() -> Reader {
    Reader {
        own: String::new(),
        all: vec![String::new()],
        mail: policy::mail::Rule::default(),
    }
}

fn contact(name: &str, kind: ContactKind, numbers: &[&str]) -> Contact {
    Contact {
        name: name.to_owned(),
        kind,
        numbers: numbers.iter().map(|number| (*number).to_owned()).collect(),
        ..Contact::default()
    }
}

fn added(db: &mut Connection, contact: Contact) -> Contact {
    match add(db, contact, &reader()).unwrap().reply {
        Reply::Contact { contact } => *contact,
        other => panic!("{other:?}"),
    }
}

fn names(db: &Connection, kind: Option<ContactKind>, text: Option<&str>) -> Vec<String> {
    let query = ContactQuery {
        kind,
        text: text.map(str::to_owned),
        ..ContactQuery::default()
    };
    let found = find_all(db, &query, &reader()).unwrap();
    assert!(
        found.iter().all(|contact| contact.source == "local"),
        "M-105: the source is shown"
    );
    found.into_iter().map(|contact| contact.name).collect()
}

#[test]
fn contacts_are_browsed_by_kind_m_104() {
    let mut db = db();
    let kinds = [
        ContactKind::Extension,
        ContactKind::Department,
        ContactKind::General,
        ContactKind::QuickDial,
        ContactKind::Personal,
    ];
    for kind in kinds {
        for number in ["b", "a"] {
            added(
                &mut db,
                contact(&format!("{} {number}", kind.word()), kind, &["1"]),
            );
        }
    }
    for kind in kinds {
        let word = kind.word();
        let both = ["a", "b"].map(|number| format!("{word} {number}"));
        assert_eq!(names(&db, Some(kind), None), both);
    }
    assert_eq!(names(&db, None, None).len(), 10);
}

#[test]
fn five_thousand_contacts_are_searched_in_time_m_105() {
    let mut db = db();
    let write = db.transaction().unwrap();
    for number in 0..5_000 {
        let mut one = contact(
            &format!("Person {number:04} von Mittelhausen"),
            ContactKind::Personal,
            &[
                &format!("+49 30 77{number:04}"),
                &format!("sip:p{number:04}@pbx.test"),
            ],
        );
        one.source = LOCAL.to_owned();
        one.id = next_id(&write).unwrap();
        put(&write, "", &one).unwrap();
    }
    let mut one = contact("Jörg Müller", ContactKind::Extension, &["101"]);
    one.source = LOCAL.to_owned();
    one.id = next_id(&write).unwrap();
    put(&write, "", &one).unwrap();
    write.commit().unwrap();
    let mut longest = std::time::Duration::ZERO;
    for (text, count) in [
        ("muller", 1),
        ("JÖRG", 1),
        ("rg mü", 1),
        ("101", 16),
        ("person 4321", 1),
        ("4999 von", 1),
        ("hausen", 5_000),
        ("49 (30) 77-0042", 1),
        ("p0042@PBX", 1),
        ("nobody at all", 0),
    ] {
        let begun = std::time::Instant::now();
        let found = names(&db, None, Some(text));
        longest = longest.max(begun.elapsed());
        assert_eq!(found.len(), count, "{text}");
        assert_eq!(found, names(&db, None, Some(text)), "the same again");
    }
    eprintln!("5,001 contacts: longest search {longest:?}");
    assert!(
        longest < std::time::Duration::from_millis(100),
        "{longest:?}"
    );
}

#[test]
fn quick_dial_is_made_changed_ordered_and_deleted_m_095() {
    let mut db = db();
    let mut first = added(&mut db, contact("First", ContactKind::QuickDial, &["101"]));
    let mut second = contact("Second", ContactKind::QuickDial, &["sip:bob@pbx.test"]);
    (second.watch, second.position) = (true, 1);
    let second = added(&mut db, second);
    assert_eq!(names(&db, None, None), ["First", "Second"]);
    (first.name, first.position) = ("Last".to_owned(), 2);
    change(&mut db, first.clone(), &reader()).unwrap();
    assert_eq!(names(&db, None, None), ["Second", "Last"]);
    let query = ContactQuery::default();
    assert_eq!(
        find_all(&db, &query, &reader()).unwrap(),
        [second.clone(), first]
    );
    remove(&mut db, &second.id, &reader()).unwrap();
    assert_eq!(names(&db, None, None), ["Last"]);
    let refused = remove(&mut db, &second.id, &reader())
        .unwrap_err()
        .explain();
    assert_eq!(refused.code, Code::UNKNOWN_RECORD);
}

/// Whoever says so is watched, quick dial first; not who says nothing, and nobody of a directory.
#[test]
fn m_098_contacts_that_say_so_are_watched() {
    let mut db = db();
    let watched = |name: &str, kind, numbers: &[&str]| Contact {
        watch: true,
        ..contact(name, kind, numbers)
    };
    added(
        &mut db,
        watched("Bob", ContactKind::Personal, &["102", "0711102"]),
    );
    added(&mut db, watched("Ann", ContactKind::Extension, &["101"]));
    added(
        &mut db,
        contact("\"watch\":true", ContactKind::Personal, &["105"]),
    );
    added(&mut db, watched("Zoe", ContactKind::QuickDial, &["103"]));
    let list = Listed {
        owner: String::new(),
        title: "Works".to_owned(),
        people: vec![Contact {
            origin: Some(control::contacts::Origin::default()),
            ..watched("Carol", ContactKind::General, &["104"])
        }],
    };
    assert_eq!(list_of_directory(&mut db, &list).unwrap(), 1);
    let all = crate::watched::all(&db).unwrap();
    let all: Vec<(&str, &str)> = all
        .iter()
        .map(|(_, wish)| (wish.label.as_str(), wish.target.as_str()))
        .collect();
    assert_eq!(all, [("Zoe", "103"), ("Ann", "101"), ("Bob", "102")]);
}

/// What is shown beside a contact is the engine's to say, and is kept nowhere.
#[test]
fn m_098_what_a_client_says_of_a_lamp_is_not_kept() {
    let mut db = db();
    let claimed = Contact {
        shows: Some(control::lamp::Shows::NoPresence),
        ..contact("Ann", ContactKind::Personal, &["101"])
    };
    assert_eq!(added(&mut db, claimed).shows, None);
}

#[test]
fn what_is_no_contact_is_refused() {
    let long = "x".repeat(201);
    for (name, numbers) in [
        ("", vec!["1"]),
        (" ", vec!["1"]),
        (&long, vec!["1"]),
        ("a\nb", vec!["1"]),
        ("a", vec![]),
        ("a", vec![""]),
        ("a", vec!["1"; 17]),
        ("a", vec!["1\u{0}"]),
    ] {
        let bad = contact(name, ContactKind::Personal, &numbers);
        let refused = add(&mut db(), bad, &reader()).unwrap_err().explain();
        assert_eq!(refused.code, Code::USAGE, "{name:?} {numbers:?}");
    }
}

const CARDS: &str = "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg;;Dr.;\r\n\
TEL;WORK;VOICE:+49 30 1234567\r\nEND:VCARD\r\n\
BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Bob\\, the Builder\r\nORG:Works;Yard\r\nTEL;TYPE=cell:0171/23 45\r\nIMPP:sip:bob@pbx.test\r\n\
IMPP:xmpp:bob@chat.test\r\nEND:VCARD\r\n\
BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Nobody\r\nEND:VCARD\r\n\
BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Carol\r\nTEL;VALUE=uri:tel:+1-555-0100;ext=7\r\nEND:VCARD\r\n\
this is no vCard\r\n\
BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Cut";

fn imported(db: &mut Connection, vcards: &str) -> Imported {
    let asked = ContactImport {
        vcards: vcards.to_owned(),
        kind: ContactKind::General,
    };
    match import(db, &asked, &reader()).unwrap().reply {
        Reply::Imported { imported } => imported,
        other => panic!("{other:?}"),
    }
}

#[test]
fn vcards_of_every_version_are_read_and_the_rest_is_named() {
    let mut db = db();
    let done = imported(&mut db, CARDS);
    assert_eq!((done.added, done.known), (3, 0), "{done:?}");
    let skipped: Vec<u32> = done.skipped.iter().map(|skipped| skipped.number).collect();
    assert_eq!(skipped, [3, 5, 6], "{done:?}");
    let all = find_all(&db, &ContactQuery::default(), &reader()).unwrap();
    let shown: Vec<(&str, Option<&str>, Vec<&str>)> = all
        .iter()
        .map(|c| {
            (
                c.name.as_str(),
                c.organisation.as_deref(),
                c.numbers.iter().map(String::as_str).collect(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            (
                "Bob, the Builder",
                Some("Works, Yard"),
                vec!["0171/23 45", "sip:bob@pbx.test"]
            ),
            ("Carol", None, vec!["+1-555-0100;ext=7"]),
            ("Dr. Jörg Müller", None, vec!["+49 30 1234567"]),
        ]
    );
    let again = imported(&mut db, CARDS);
    assert_eq!((again.added, again.known), (0, 3));
}

#[test]
fn what_is_exported_is_the_same_when_it_is_imported() {
    let mut db = db();
    let mut odd = contact(
        "Ünï; \\ \"x\", :y",
        ContactKind::QuickDial,
        &["*97", "bob@pbx.test", "sip:a@b;x=1"],
    );
    (odd.watch, odd.position, odd.organisation) = (true, 3, Some("A; B, C".to_owned()));
    added(&mut db, odd);
    added(
        &mut db,
        contact(&"long ".repeat(39), ContactKind::Department, &["600"]),
    );
    let Reply::Vcards { vcards } = export(&db, &ContactQuery::default(), &reader())
        .unwrap()
        .reply
    else {
        panic!("no vCards")
    };
    let before = find_all(&db, &ContactQuery::default(), &reader()).unwrap();
    let mut other = self::db();
    assert_eq!(imported(&mut other, &vcards).added, 2);
    let mut after = find_all(&other, &ContactQuery::default(), &reader()).unwrap();
    for (after, before) in after.iter_mut().zip(&before) {
        after.id.clone_from(&before.id);
        // An address without scheme gets one in a vCard.
        for number in &mut after.numbers {
            if number == "sip:bob@pbx.test" {
                *number = "bob@pbx.test".to_owned();
            }
        }
    }
    assert_eq!(after, before);
}

#[test]
fn who_calls_is_known_by_number_and_address_favourites_first_m_109() {
    let mut db = db();
    added(
        &mut db,
        contact("Reception", ContactKind::General, &["030 1234567"]),
    );
    added(
        &mut db,
        contact("Jörg", ContactKind::Personal, &["+49 30 1234567"]),
    );
    added(
        &mut db,
        contact("Bob", ContactKind::Personal, &["sip:bob@pbx.test"]),
    );
    let name = |db: &Connection, uri: &str| {
        let known = crate::names::of(db, "", uri)
            .unwrap()
            .map(|(known, _)| known);
        known.map(|known| (known.name, known.source))
    };
    let pair = |name: &str, source: &str| Some((name.to_owned(), source.to_owned()));
    assert_eq!(
        name(&db, "sip:+49301234567@carrier"),
        pair("Reception", "contacts")
    );
    assert_eq!(
        name(&db, "sip:bob@pbx.test:5062;transport=tcp"),
        pair("Bob", "contacts")
    );
    assert_eq!(name(&db, "sip:bob@other.test"), None);
    assert_eq!(name(&db, "sip:anonymous@anonymous.invalid"), None);
    assert_eq!(name(&db, ""), None);
    let favourite = control::Command::FavouriteAdd(control::contacts::FavouriteOf {
        profile: None,
        favourite: control::Favourite {
            name: Some("JORG".to_owned()),
            number: None,
            ..control::Favourite::default()
        },
    });
    crate::profiles::carry_out(&mut db, favourite, &reader()).unwrap();
    assert_eq!(
        name(&db, "sip:+49301234567@carrier"),
        pair("Jörg", "favourites")
    );
}

fn listed(people: &[(&str, &str, &str)]) -> Listed {
    let person = |(id, name, number): &(&str, &str, &str)| Contact {
        kind: ContactKind::General,
        name: (*name).to_owned(),
        numbers: vec![(*number).to_owned()],
        labels: vec!["work".to_owned()],
        source: "Office".to_owned(),
        origin: Some(control::contacts::Origin {
            list: "dav".to_owned(),
            id: (*id).to_owned(),
        }),
        ..Contact::default()
    };
    Listed {
        owner: "ann".to_owned(),
        title: "Office".to_owned(),
        people: people.iter().map(person).collect(),
    }
}

/// Cards before the server's own list, whichever was copied first.
#[test]
fn a_caller_of_several_lists_has_the_name_of_the_better_one_m_109() {
    let mut books = crate::Books::in_memory(10).unwrap();
    let mut of_server = listed(&[("1", "Extension 101", "101"), ("2", "Extension 102", "102")]);
    of_server.title = "System".to_owned();
    for person in &mut of_server.people {
        person.source = "System".to_owned();
        person.origin.as_mut().unwrap().list = "ws".to_owned();
    }
    books.list(&of_server).unwrap();
    books.list(&listed(&[("7", "Ann", "101")])).unwrap();
    let name = |uri: &str| {
        let (known, rank) = books.name("ann", uri).unwrap().unwrap();
        (known.name, rank)
    };
    assert_eq!(name("sip:101@pbx"), ("Ann".to_owned(), 2));
    // Whoever is asked and answers in time is believed before the server's list.
    assert_eq!(name("sip:102@pbx"), ("Extension 102".to_owned(), 100));
}

/// M-108: changed, added and deleted cards; whoever stays keeps their id, and nobody changes them here. K-119 to
/// K-122: rules know whose number it is, from which list, and what for.
#[test]
fn a_directory_is_copied_and_rules_know_its_people_m_108() {
    let mut books = crate::Books::in_memory(10).unwrap();
    let ann = Reader {
        own: "ann".to_owned(),
        all: vec!["ann".to_owned()],
        mail: policy::mail::Rule::default(),
    };
    let three = listed(&[
        ("1", "Bob", "+49301"),
        ("2", "Carol", "102"),
        ("3", "Dan", "103"),
    ]);
    assert_eq!(books.list(&three).unwrap(), 3);
    assert_eq!(books.list(&three).unwrap(), 0, "the same again");
    let all = |books: &mut crate::Books| {
        let ask = control::Command::ContactList(ContactQuery::default());
        match books.carry_out(ask, &ann, &[]).unwrap().reply {
            Reply::Contacts { contacts, .. } => contacts,
            other => panic!("{other:?}"),
        }
    };
    let before = all(&mut books);
    let two = listed(&[("1", "Bob Brown", "+49301"), ("2", "Carol", "102")]);
    assert_eq!(books.list(&two).unwrap(), 2);
    let after = all(&mut books);
    assert_eq!(after.len(), 2);
    assert_eq!(
        (&after[0].id, after[0].name.as_str()),
        (&before[0].id, "Bob Brown")
    );
    assert_eq!(after[0].source, "Office");
    let remove = control::Command::ContactRemove(control::contacts::ContactRef {
        id: after[0].id.clone(),
    });
    let refused = books.carry_out(remove, &ann, &[]).unwrap_err().explain();
    assert_eq!(refused.code, Code::DIRECTORY_HAS_IT);
    let quick = Contact {
        kind: ContactKind::QuickDial,
        name: "Door".to_owned(),
        numbers: vec!["900".to_owned()],
        ..Contact::default()
    };
    let add = control::Command::ContactAdd(Box::new(quick));
    books.carry_out(add, &ann, &[]).unwrap();
    let book = books.book().unwrap();
    let of = |number: &str| book.contacts(number, None, |owner| owner == "ann");
    let bob = of("0049301");
    let known: Vec<&str> = bob.iter().map(|c| c.identifier.as_str()).collect();
    assert_eq!(known, [after[0].id.as_str(), "1"]);
    assert_eq!(
        (bob[0].source, bob[0].label.as_deref()),
        (Source::Dav, Some("work"))
    );
    assert_eq!(of("900")[0].source, Source::QuickDial);
    assert_eq!(of("103"), [], "who left the directory is nobody");
    assert_eq!(book.contacts("900", None, |owner| owner == "eve"), []);
}
