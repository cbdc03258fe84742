use super::*;
use std::collections::HashMap;

fn refused(options: &str) -> String {
    Options::read(options).unwrap_err().reason
}

#[test]
fn options_that_cannot_be_are_refused_with_their_name() {
    for (options, why) in [
        ("{}", "url"),
        (r#"{"url":"http://a"}"#, "ldap://SERVER"),
        (r#"{"url":"ldaps://a"}"#, "TLS"),
        (r#"{"url":"ldap://a","filter":"(cn"}"#, "filter"),
        (r#"{"url":"ldap://a","numbers":"a b"}"#, "attribute"),
        (r#"{"url":"ldap://a","limit":0}"#, "limit"),
        (r#"{"url":"ldap://a","timeout_ms":1}"#, "timeout_ms"),
        (r#"{"url":"ldap://a","shoe":1}"#, "shoe"),
    ] {
        assert!(
            refused(options).contains(why),
            "{options}: {}",
            refused(options)
        );
    }
    let options = Options::read(r#"{"url":"ldap://a:1389","password":"secret"}"#).unwrap();
    assert!(!format!("{options:?}").contains("secret"));
}

#[test]
fn a_server_that_is_not_there_is_told_and_nothing_else_happens_m_106() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = gone.local_addr().unwrap();
    drop(gone);
    let options = format!(r#"{{"url":"ldap://{address}"}}"#);
    let mut directory = Ldap::open(&options).unwrap();
    let refusal = directory.search(r#"{"text":"bob"}"#).unwrap_err();
    assert!(refusal.reason.contains(&address.to_string()), "{refusal}");
    let all = directory.search(r#"{"all":true}"#).unwrap_err();
    assert_eq!(all.status, Status::UNSUPPORTED);
    assert_eq!(directory.search(r#"{"shoe":1}"#).unwrap(), "[]");
}

/// A server that takes the connection and says nothing holds nobody longer than it may.
#[test]
fn a_silent_server_is_given_up_in_time_m_106() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let options = format!(r#"{{"url":"ldap://{address}","timeout_ms":200}}"#);
    let begun = std::time::Instant::now();
    let refusal = Ldap::open(&options).unwrap().search(r#"{"text":"bob"}"#);
    let refusal = refusal.unwrap_err();
    assert!(refusal.reason.contains("within 200 ms"), "{refusal}");
    assert!(begun.elapsed() < Duration::from_secs(3));
    drop(silent);
}

#[test]
fn an_entry_is_a_person_where_it_has_a_name_and_a_number() {
    let entry = |attrs: &[(&str, &[&str])]| SearchEntry {
        dn: "cn=x".to_owned(),
        attrs: attrs
            .iter()
            .map(|(name, values)| {
                (
                    (*name).to_owned(),
                    values.iter().map(|v| (*v).to_owned()).collect(),
                )
            })
            .collect(),
        bin_attrs: HashMap::new(),
    };
    let options = Options::default();
    let person = Person::of(
        entry(&[
            ("CN", &["Ann"]),
            ("mobile", &["+49151"]),
            ("telephonenumber", &["101", " "]),
        ]),
        &options,
    );
    let person = person.unwrap();
    assert_eq!(person.numbers, ["101", "+49151"]);
    assert_eq!(person.labels, ["work", "cell"]);
    assert_eq!(Person::of(entry(&[("cn", &["Ann"])]), &options), None);
    assert_eq!(Person::of(entry(&[("mobile", &["1"])]), &options), None);
}
