//! What a server shows, judged: by the verifier alone, and over real handshakes.

mod handshakes;
mod matrix;

use super::*;
use offhook_authority::{Ca, Shown, rsa_info};
use std::time::Duration;

/// An account that believes `ca` alone and pins nothing.
fn trust(ca: &Ca) -> Trust {
    trusting(ca, &[])
}

fn trusting(ca: &Ca, pins: &[&str]) -> Trust {
    let options = TrustOptions {
        authorities: vec![ca.file.clone()],
        pins: pins.iter().map(|pin| (*pin).to_owned()).collect(),
        own: None,
    };
    Trust::load(&options).expect("the authority's file is whole")
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn files_that_are_no_use_say_so() {
    let ca = Ca::new("files");
    let (server, other) = (
        ca.shows(&Shown::of("a.test")),
        ca.shows(&Shown::of("a.test")),
    );
    let with = |authorities: Vec<_>, pins: Vec<String>, own| TrustOptions {
        authorities,
        pins,
        own,
    };
    let trouble = |options| Trust::load(&options).expect_err("it is no use").to_string();
    let gone = ca.folder.join("gone.pem");
    assert!(trouble(with(vec![gone], vec![], None)).contains("gone.pem cannot be read"));
    let empty = ca.write("empty.pem", "nothing");
    assert!(trouble(with(vec![empty.clone()], vec![], None)).contains("has no certificate in it"));
    let (certificate, key) = server.files(&ca, "one");
    let (_, wrong) = other.files(&ca, "two");
    let own = |a: &std::path::Path, b: &std::path::Path| Some((a.to_owned(), b.to_owned()));
    let authority = || vec![ca.file.clone()];
    assert!(
        trouble(with(authority(), vec![], own(&certificate, &empty))).contains("no private key")
    );
    let mismatch = trouble(with(authority(), vec![], own(&certificate, &wrong)));
    assert!(
        mismatch.contains("cannot be used with its key"),
        "{mismatch}"
    );
    assert!(Trust::load(&with(authority(), vec![], own(&certificate, &key))).is_ok());
    for pin in ["", "sha256/", "sha1/abc", "sha256/!!!"] {
        let why = trouble(with(authority(), names(&[pin]), None));
        assert!(why.contains("is no pin"), "{why}");
    }
    let many = vec![ca.file.clone(); MOST_FILES + 1];
    assert!(trouble(with(many, vec![], None)).contains("more than"));
}

/// As many files as one account may name.
const MOST_FILES: usize = 64;

#[test]
fn without_files_the_systems_authorities_are_believed() {
    match Trust::load(&TrustOptions::default()) {
        Ok(trust) => assert!(!trust.roots.is_empty()),
        // A system may have none; that has to be told, not taken for trust.
        Err(why) => assert!(matches!(why, Distrust::NoAuthorities(_)), "{why}"),
    }
}

#[test]
fn what_nothing_can_prove_is_no_name() {
    let ca = Ca::new("nameless");
    for name in ["", "a b", "sip:a.test", "-"] {
        let client = Client::new(&names(&[name]), &trust(&ca));
        assert!(matches!(client, Err(Distrust::NoName(_))), "{name:?}");
    }
    assert!(Client::new(&[], &trust(&ca)).is_err());
}

/// The name of a domain is said to the server, not an address that stands before it.
#[test]
fn a_domain_is_said_to_the_server() {
    let ca = Ca::new("sni");
    let said = |all: &[&str]| {
        let client = Client::new(&names(all), &trust(&ca)).expect("they are names");
        client.server_name.to_str().into_owned()
    };
    assert_eq!(said(&["10.0.0.1", "PBX.test."]), "pbx.test");
    assert_eq!(said(&["[2001:db8::1]"]), "2001:db8::1");
}

#[test]
fn refusals_say_when_in_words() {
    let hours = |hours: u64| Refusal::Expired(Duration::from_secs(hours * 3600)).to_string();
    assert_eq!(hours(0), "its certificate expired less than an hour ago");
    assert_eq!(hours(1), "its certificate expired an hour ago");
    assert_eq!(hours(23), "its certificate expired 23 hours ago");
    assert_eq!(hours(24), "its certificate expired a day ago");
    assert_eq!(hours(24 * 400), "its certificate expired 400 days ago");
}

#[test]
fn length_of_keys_is_read_and_rubbish_is_none() {
    let bits = |bytes: &[u8]| strength::rsa_bits(&bytes.to_vec().into());
    for wanted in [512, 1024, 2047, 2048, 4096] {
        let whole = rsa_info(wanted);
        assert_eq!(bits(&whole), Some(wanted));
        for cut in 0..whole.len() {
            assert_eq!(bits(&whole[..cut]), None, "{wanted} cut at {cut}");
        }
    }
    assert_eq!(bits(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
}
