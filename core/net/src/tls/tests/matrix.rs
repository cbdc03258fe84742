//! The 22 certificates: which of them prove who a server is.

use super::{names, trust, trusting};
use crate::tls::verifier::Verifier;
use crate::tls::{Refusal, trust as trusts};
use offhook_authority::{Ca, Purpose, Rsa, SanType, Shown};
use rustls::pki_types::{CertificateDer, UnixTime};

/// The domain that everybody here wants to reach.
const DOMAIN: &str = "example.test";

fn judge(ca: &Ca, shown: &CertificateDer<'_>, wanted: &[&str]) -> Result<(), Refusal> {
    Verifier::new(names(wanted), &trust(ca)).judge(shown, &[], UnixTime::now())
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().expect("ASCII"))
}

fn wrong(wanted: &str, shown: &[&str]) -> Result<(), Refusal> {
    Err(Refusal::WrongName {
        wanted: names(&[wanted]),
        shown: names(shown),
    })
}

/// What it shows, whom we want to reach, and what comes of it.
type Row = (&'static str, Shown, &'static str, Result<(), Refusal>);

/// Who a certificate is of.
fn rows_of_names() -> Vec<Row> {
    let with = Shown::with;
    let uri = Shown::uri;
    let nobody = Shown {
        common_name: DOMAIN,
        ..with(vec![])
    };
    vec![
        ("exact name", Shown::of(DOMAIN), DOMAIN, Ok(())),
        ("capitals", Shown::of("Example.TEST"), DOMAIN, Ok(())),
        (
            "sip: address",
            with(vec![uri("sip:example.test")]),
            DOMAIN,
            Ok(()),
        ),
        (
            "sip: address of another domain beside the right host",
            with(vec![uri("sip:other.test"), dns(DOMAIN)]),
            DOMAIN,
            wrong(DOMAIN, &["other.test", DOMAIN]),
        ),
        (
            "sip: address of a person counts for nothing",
            with(vec![uri("sip:alice@other.test"), dns(DOMAIN)]),
            DOMAIN,
            Ok(()),
        ),
        (
            "address of another scheme counts for nothing",
            with(vec![uri("sips:example.test"), uri("https://example.test")]),
            DOMAIN,
            wrong(DOMAIN, &[]),
        ),
        (
            "wrong host",
            Shown::of("other.test"),
            DOMAIN,
            wrong(DOMAIN, &["other.test"]),
        ),
        ("common name only", nobody, DOMAIN, Err(Refusal::NoName)),
    ]
}

/// What only looks like a name, and wildcards.
fn rows_of_shapes() -> Vec<Row> {
    vec![
        (
            "NUL in a name",
            Shown::of("example.test\0.attacker.test"),
            DOMAIN,
            wrong(DOMAIN, &[]),
        ),
        ("address", Shown::of_ip("10.0.0.1"), "10.0.0.1", Ok(())),
        (
            "another address",
            Shown::of_ip("10.0.0.2"),
            "10.0.0.1",
            wrong("10.0.0.1", &[]),
        ),
        (
            "an address that stands as a name",
            Shown::of("10.0.0.1"),
            "10.0.0.1",
            wrong("10.0.0.1", &[]),
        ),
        (
            "wildcard",
            Shown::of("*.example.test"),
            "sip.example.test",
            Ok(()),
        ),
        (
            "wildcard across two labels",
            Shown::of("*.example.test"),
            "a.sip.example.test",
            wrong("a.sip.example.test", &["*.example.test"]),
        ),
        (
            "wildcard for the domain itself",
            Shown::of("*.example.test"),
            DOMAIN,
            wrong(DOMAIN, &["*.example.test"]),
        ),
        (
            "wildcard for part of a label",
            Shown::of("s*.example.test"),
            "sip.example.test",
            wrong("sip.example.test", &[]),
        ),
    ]
}

/// M-010, reliability 4.4: names, each as RFC 5922 §7.1 reads them.
#[test]
fn m_010_a_certificate_proves_the_names_that_it_should() {
    let ca = Ca::new("names");
    let rows = rows_of_names().into_iter().chain(rows_of_shapes());
    for (what, shown, wanted, expected) in rows {
        let signed = ca.shows(&shown);
        assert_eq!(
            judge(&ca, &signed.certificate, &[wanted]),
            expected,
            "{what}"
        );
    }
}

/// M-010: everything else that makes a certificate of the right name worth nothing.
#[test]
fn m_010_a_certificate_is_refused_for_each_reason_by_name() {
    let (ca, stranger) = (Ca::new("reasons"), Ca::new("stranger"));
    let verdict = |shown: &Shown| judge(&ca, &ca.shows(shown).certificate, &[DOMAIN]);
    let lasts = |from, to| Shown {
        days: (from, to),
        ..Shown::of(DOMAIN)
    };
    assert!(
        matches!(verdict(&lasts(-30, -2)), Err(Refusal::Expired(since)) if since.as_secs() / 86_400 == 2)
    );
    let early = verdict(&lasts(2, 30)).expect_err("early");
    assert!(
        matches!(early, Refusal::NotYetValid(until) if until.as_secs().div_ceil(3600) == 48),
        "{early}"
    );
    let alone = Ca::alone(&Shown::of(DOMAIN));
    assert_eq!(
        judge(&ca, &alone.certificate, &[DOMAIN]),
        Err(Refusal::SelfSigned)
    );
    let authority_of_itself = Shown {
        is_ca: true,
        ..Shown::of(DOMAIN)
    };
    let alone = Ca::alone(&authority_of_itself);
    assert_eq!(
        judge(&ca, &alone.certificate, &[DOMAIN]),
        Err(Refusal::SelfSigned)
    );
    let foreign = stranger.shows(&Shown::of(DOMAIN));
    assert_eq!(
        judge(&ca, &foreign.certificate, &[DOMAIN]),
        Err(Refusal::UnknownAuthority)
    );
    assert_eq!(verdict(&authority_of_itself), Err(Refusal::Authority));
    let for_clients = Shown {
        purposes: vec![Purpose::ClientAuth],
        ..Shown::of(DOMAIN)
    };
    assert_eq!(verdict(&for_clients), Err(Refusal::WrongPurpose));
    let weak = ca.signs(&Shown::of(DOMAIN), &Rsa::of(1024));
    assert_eq!(judge(&ca, &weak, &[DOMAIN]), Err(Refusal::WeakKey(1024)));
    let strong = ca.signs(&Shown::of(DOMAIN), &Rsa::of(2048));
    assert_eq!(judge(&ca, &strong, &[DOMAIN]), Ok(()));
    assert_eq!(
        judge(&ca, &vec![0x30, 3].into(), &[DOMAIN]),
        Err(Refusal::Unreadable)
    );
}

/// M-010: a changed byte of a certificate is never a proof, and never a panic.
#[test]
fn m_010_a_certificate_with_a_changed_byte_proves_nothing() {
    let ca = Ca::new("changed");
    let whole = ca.shows(&Shown::of(DOMAIN)).certificate;
    let verifier = Verifier::new(names(&[DOMAIN]), &trust(&ca));
    for at in 0..whole.len() {
        let mut changed = whole.to_vec();
        changed[at] ^= 1;
        let verdict = verifier.judge(&changed.into(), &[], UnixTime::now());
        assert!(verdict.is_err(), "byte {at}");
    }
}

/// M-010: a server whose key was replaced after a leak is known by its pin, whoever vouches for the old one.
#[test]
fn m_010_only_pinned_keys_are_taken_where_keys_are_pinned() {
    let ca = Ca::new("pins");
    let (now, before) = (ca.shows(&Shown::of(DOMAIN)), ca.shows(&Shown::of(DOMAIN)));
    let pin = |signed: &CertificateDer<'_>| {
        let certificate = webpki::EndEntityCert::try_from(signed).expect("whole");
        trusts::pin_of(&certificate.subject_public_key_info())
    };
    let pins = [pin(&now.certificate)];
    let trust = trusting(&ca, &[&pins[0]]);
    let verifier = Verifier::new(names(&[DOMAIN]), &trust);
    let judge = |shown| verifier.judge(shown, &[], UnixTime::now());
    assert_eq!(judge(&now.certificate), Ok(()));
    let refused = Err(Refusal::NotPinned(pin(&before.certificate)));
    assert_eq!(judge(&before.certificate), refused);
    // A pin is no authority.
    let stranger = Ca::new("pinned stranger");
    let foreign = stranger.shows(&Shown::of(DOMAIN));
    let trust = trusting(&ca, &[&pin(&foreign.certificate)]);
    let verdict =
        Verifier::new(names(&[DOMAIN]), &trust).judge(&foreign.certificate, &[], UnixTime::now());
    assert_eq!(verdict, Err(Refusal::UnknownAuthority));
}
