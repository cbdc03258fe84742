use super::*;

#[test]
fn options_that_cannot_be_are_refused() {
    let refused = People::open(r#"{"url":"http://a/","shoe":1}"#).unwrap_err();
    assert!(refused.reason.contains("shoe"), "{refused}");
    assert_eq!(refused.status, Status::BAD_ARGUMENT);
}

fn named(people: Vec<Person>) -> Vec<(String, String, Contact)> {
    let all = contacts(people);
    all.map(|(id, person)| (id, person.name.clone(), person))
        .collect()
}

#[test]
fn json_of_several_kinds_is_read_m_103() {
    for body in [
        r#"[{"id":7,"name":"Ann","kind":"extension","numbers":[{"number":101,"label":"work"},"0151 1"]},
            {"name":"Sales","kind":"department","number":"500"},{"name":3},{"name":"mute"},{"numbers":["1"]}]"#,
        r#"{"contacts":[{"id":"7","displayName":"Ann","kind":"extension","phones":[{"value":"101","type":"work"},"0151 1"]},
            {"name":"Sales","kind":"department","phone":500}]}"#,
    ] {
        let people = named(json::people(body.as_bytes()).unwrap());
        assert_eq!(people.len(), 2, "{people:?}");
        let (id, name, ann) = &people[0];
        assert_eq!((id.as_str(), name.as_str()), ("7", "Ann"));
        assert_eq!(ann.kind, ContactKind::Extension);
        assert_eq!(ann.numbers, ["101", "0151 1"]);
        assert_eq!(ann.labels, ["work", ""]);
        let (id, _, sales) = &people[1];
        assert_eq!(
            (id.as_str(), sales.kind),
            ("Sales 500", ContactKind::Department)
        );
    }
    for body in ["", "7", "{}", r#"{"people":7}"#, "[", "null"] {
        assert!(json::people(body.as_bytes()).is_none(), "{body}");
    }
}

#[test]
fn phone_books_of_desk_phones_are_read_m_103() {
    let body = r#"<?xml version="1.0"?><CompanyIPPhoneDirectory><Title>All</Title>
        <DirectoryEntry><Name>Ann &amp; Bob&#33;</Name><Telephone label="Work">101</Telephone>
        <Telephone>0151 1</Telephone></DirectoryEntry>
        <group><entry id="9" kind="department"><name>Sales</name><mobile>500</mobile><company>Acme</company>
        <photo/></entry></group>
        <entry><name>mute</name></entry></CompanyIPPhoneDirectory>"#;
    let people = named(xml::people(body.as_bytes()).unwrap());
    assert_eq!(people.len(), 2, "{people:?}");
    let (id, name, ann) = &people[0];
    assert_eq!(
        (id.as_str(), name.as_str()),
        ("Ann & Bob! 101", "Ann & Bob!")
    );
    assert_eq!(ann.numbers, ["101", "0151 1"]);
    assert_eq!(ann.labels, ["work", ""]);
    let (id, _, sales) = &people[1];
    assert_eq!((id.as_str(), sales.kind), ("9", ContactKind::Department));
    assert_eq!(sales.organisation.as_deref(), Some("Acme"));
    assert_eq!(sales.labels, ["cell"]);
    let deep = "<a>".repeat(30);
    let bomb = r#"<!DOCTYPE x [<!ENTITY a "aa">]><x>&a;</x>"#;
    for body in [
        "",
        "no",
        "<x>",
        "<html><p>Log in</p></html>",
        "</x>",
        "<x>&nope;</x>",
        &deep,
        bomb,
    ] {
        assert!(xml::people(body.as_bytes()).is_none(), "{body}");
    }
}

#[test]
fn a_server_that_is_not_there_is_told() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let mut list = People::open(&format!(r#"{{"url":"http://{address}/"}}"#)).unwrap();
    let refused = list.search(r#"{"all":true}"#).unwrap_err();
    assert!(refused.reason.contains("cannot be reached"), "{refused}");
    let mut search = People::open(&format!(r#"{{"url":"http://{address}/?q=%query%"}}"#)).unwrap();
    let refused = search.search(r#"{"all":true}"#).unwrap_err();
    assert_eq!(refused.status, Status::UNSUPPORTED);
    assert!(
        search
            .search(r#"{"text":"a"}"#)
            .unwrap_err()
            .reason
            .contains("reached")
    );
}
