//! Client against server, and client against hostile servers.

use super::digest::Algorithm;
use super::*;
use base::{Instant, Redacted, Rng};
use core::time::Duration;
use sip_message::{
    HeaderName, Host, Method, Request, RequestBuilder, Response, ResponseBuilder, Status, Uri,
};

fn credentials(password: &str, realm: Option<&str>) -> Option<Credentials> {
    Some(Credentials {
        user: "alice \"a\"".into(),
        password: Redacted::new(password.into()),
        realm: realm.map(str::to_owned),
    })
}

fn hop() -> Uri {
    "sip:PBX.test".parse().unwrap()
}

fn client(password: &str, realm: Option<&str>) -> Authenticator {
    let host: Host = "pbx.TEST".parse().unwrap();
    Authenticator::new(credentials(password, realm), &[host])
}

fn request(body: &str) -> Request {
    RequestBuilder::new(Method::Register, "sip:pbx.test")
        .header(HeaderName::From, "<sip:alice@pbx.test>;tag=1")
        .header(HeaderName::To, "<sip:alice@pbx.test>")
        .header(HeaderName::CallId, "1")
        .header(HeaderName::CSeq, "1 REGISTER")
        .body("text/plain", body.to_owned())
        .build()
}

fn with(request: &Request, proof: &Proof) -> Request {
    let headers = proof.headers.iter();
    headers
        .fold(request.edit(), |r, (n, v)| r.header(*n, v))
        .build()
}

fn response(status: Status, headers: &[(&str, &str)]) -> Response {
    let start = ResponseBuilder::to(&request(""), status);
    headers
        .iter()
        .fold(start, |r, (n, v)| r.header(*n, v))
        .build()
}

fn unauthorized(challenges: &[&str]) -> Response {
    let headers: Vec<_> = challenges
        .iter()
        .map(|c| ("WWW-Authenticate", *c))
        .collect();
    response(Status::UNAUTHORIZED, &headers)
}

const SECRET: &str = "Circle \\of\\ Life";

fn secret(user: &str) -> Option<Redacted<String>> {
    (user == "alice \"a\"").then(|| Redacted::new(SECRET.into()))
}

/// One round of client and server: the verdict on what the client now sends.
fn round(
    client: &mut Authenticator,
    server: &mut Verifier,
    rng: &mut Rng,
    now: Instant,
) -> (Verdict, Proof) {
    let plain = request("v=0");
    let proof = client.authorize(&plain, &hop(), rng);
    (server.verify(&with(&plain, &proof), secret, now), proof)
}

fn challenge_of(server: &mut Verifier, stale: bool, now: Instant) -> Response {
    let values = server.challenges(stale, now);
    let name = server.challenge_name();
    let start = ResponseBuilder::to(&request(""), server.challenge_status());
    values.iter().fold(start, |r, v| r.header(name, v)).build()
}

#[test]
fn m001_every_algorithm_on_both_hops_with_nonce_reuse() {
    let plain = [Algorithm::MD5, Algorithm::SHA_256, Algorithm::SHA_512_256];
    let all = plain.into_iter().flat_map(|a| [a, a.with_session()]);
    for (algorithm, asker) in all.flat_map(|a| [(a, Asker::Server), (a, Asker::Proxy)]) {
        let mut rng = Rng::from_number(9);
        let now = Instant::from_millis(5);
        let mut server = Verifier::new("pbx \"r\"", asker, &[algorithm], &mut rng);
        let mut client = client(SECRET, None);
        let (verdict, proof) = round(&mut client, &mut server, &mut rng, now);
        assert_eq!(verdict, Verdict::Missing);
        let challenge = challenge_of(&mut server, false, now);
        client
            .challenged(&challenge, &proof.used, &hop(), now)
            .unwrap();
        for _ in 0..3 {
            let (verdict, proof) = round(&mut client, &mut server, &mut rng, now);
            assert!(
                matches!(verdict, Verdict::Good { .. }),
                "{algorithm} {asker:?}"
            );
            client.accepted(&response(Status::OK, &[]), &proof.used);
        }
        let json = serde_json::to_string(&(&client, &server)).unwrap();
        let back: (Authenticator, Verifier) = serde_json::from_str(&json).unwrap();
        assert_eq!(back, (client, server));
    }
}

#[test]
fn a_replayed_proof_and_an_old_nonce_are_stale_and_a_forged_nonce_too() {
    let mut rng = Rng::from_number(1);
    let now = Instant::from_millis(5);
    let algorithms = [Algorithm::SHA_256];
    let mut server = Verifier::new("r", Asker::Server, &algorithms, &mut rng)
        .with_lifetime(Duration::from_secs(10));
    let mut client = client(SECRET, None);
    let challenge = challenge_of(&mut server, false, now);
    client.challenged(&challenge, &[], &hop(), now).unwrap();
    let plain = request("");
    let proof = client.authorize(&plain, &hop(), &mut rng);
    let proved = with(&plain, &proof);
    assert!(matches!(
        server.verify(&proved, secret, now),
        Verdict::Good { .. }
    ));
    assert_eq!(server.verify(&proved, secret, now), Verdict::Stale);
    client.accepted(&response(Status::OK, &[]), &proof.used);

    let later = now + Duration::from_secs(11);
    let (verdict, proof) = round(&mut client, &mut server, &mut rng, later);
    assert_eq!(verdict, Verdict::Stale);
    let challenge = challenge_of(&mut server, true, later);
    client
        .challenged(&challenge, &proof.used, &hop(), later)
        .unwrap();
    let (verdict, _) = round(&mut client, &mut server, &mut rng, later);
    assert!(matches!(verdict, Verdict::Good { .. }));

    let mut other = Verifier::new("r", Asker::Server, &algorithms, &mut rng);
    let (verdict, _) = round(&mut client, &mut other, &mut rng, later);
    assert_eq!(verdict, Verdict::Stale);
    // A proof for another resource is not taken.
    let proof = client.authorize(&plain, &hop(), &mut rng);
    let moved = with(&plain, &proof).edit().uri("sip:other.test").build();
    assert_eq!(server.verify(&moved, secret, later), Verdict::Wrong);
}

#[test]
fn m001_a_wrong_password_is_known_after_one_fresh_nonce() {
    let mut rng = Rng::from_number(1);
    let now = Instant::ZERO;
    let mut server = Verifier::new("r", Asker::Server, &[Algorithm::MD5], &mut rng);
    let mut client = client("guess", None);
    let challenge = challenge_of(&mut server, false, now);
    client.challenged(&challenge, &[], &hop(), now).unwrap();
    let (verdict, proof) = round(&mut client, &mut server, &mut rng, now);
    assert_eq!(verdict, Verdict::Wrong);
    let again = challenge_of(&mut server, false, now);
    let refused = client.challenged(&again, &proof.used, &hop(), now);
    assert_eq!(refused, Err(Refusal::WrongPassword));
}

#[test]
fn a_nonce_that_ran_out_without_saying_so_is_not_a_wrong_password() {
    let mut rng = Rng::from_number(1);
    let now = Instant::ZERO;
    let mut client = client(SECRET, None);
    let nonce = |n: u32| format!("Digest realm=\"r\", nonce=\"{n}\", qop=\"auth\"");
    client
        .challenged(&unauthorized(&[&nonce(1)]), &[], &hop(), now)
        .unwrap();
    let first = client.authorize(&request(""), &hop(), &mut rng);
    client.accepted(&response(Status::OK, &[]), &first.used);
    let second = client.authorize(&request(""), &hop(), &mut rng);
    client
        .challenged(&unauthorized(&[&nonce(2)]), &second.used, &hop(), now)
        .unwrap();
    let third = client.authorize(&request(""), &hop(), &mut rng);
    let refused = client.challenged(&unauthorized(&[&nonce(3)]), &third.used, &hop(), now);
    assert_eq!(refused, Err(Refusal::WrongPassword));
    // The same nonce refused twice is wrong whatever the server says of it.
    let stale = format!("{}, stale=true", nonce(2));
    let refused = client.challenged(&unauthorized(&[&stale]), &third.used, &hop(), now);
    assert_eq!(refused, Err(Refusal::WrongPassword));
}

#[test]
fn a_server_that_calls_every_nonce_stale_is_left_after_three() {
    let mut rng = Rng::from_number(1);
    let mut client = client(SECRET, None);
    let mut used = Vec::new();
    let mut tries = 0;
    let refused = loop {
        let challenge = format!("Digest realm=\"r\", nonce=\"n{tries}\", stale=true, qop=\"auth\"");
        let answer = client.challenged(&unauthorized(&[&challenge]), &used, &hop(), Instant::ZERO);
        match answer {
            Ok(()) => used = client.authorize(&request(""), &hop(), &mut rng).used,
            Err(why) => break why,
        }
        tries += 1;
    };
    assert_eq!((refused, tries), (Refusal::Loop, 3));
}

#[test]
fn of_several_challenges_the_strongest_we_can_is_answered() {
    let mut rng = Rng::from_number(1);
    let mut client = client(SECRET, None);
    let all = unauthorized(&[
        "Basic realm=\"r\"",
        "Digest realm=\"r\", nonce=\"a\", algorithm=MD5, qop=\"auth\"",
        "Digest realm=\"r\", nonce=\"b\", algorithm=SHA-256, qop=\"auth\"",
        "Digest realm=\"r\", nonce=\"c\", algorithm=SHA-1024, qop=\"auth\"",
        "Digest realm=\"r\", nonce=\"d\", algorithm=SHA-256, qop=\"auth\"",
    ]);
    client.challenged(&all, &[], &hop(), Instant::ZERO).unwrap();
    let proof = client.authorize(&request(""), &hop(), &mut rng);
    let [(HeaderName::Authorization, value)] = &proof.headers[..] else {
        panic!("one answer, not {:?}", proof.headers);
    };
    assert!(
        value.contains("nonce=\"b\"") && value.contains("algorithm=SHA-256,"),
        "{value}"
    );
    assert!(value.contains("qop=auth, nc=00000001"), "{value}");
    // The same realm cannot take that back soon.
    let weak = unauthorized(&["Digest realm=\"r\", nonce=\"e\", stale=true"]);
    let refused = client.challenged(&weak, &[], &hop(), Instant::from_millis(1));
    assert_eq!(refused, Err(Refusal::Downgrade));
    let later = Instant::ZERO + Duration::from_secs(31 * 24 * 3600);
    client.challenged(&weak, &[], &hop(), later).unwrap();
}

#[test]
fn strangers_and_foreign_realms_get_nothing() {
    let mut rng = Rng::from_number(1);
    let challenge = unauthorized(&["Digest realm=\"evil\", nonce=\"a\""]);
    let mut mine = client(SECRET, Some("pbx"));
    let refused = mine.challenged(&challenge, &[], &hop(), Instant::ZERO);
    assert_eq!(refused, Err(Refusal::ForeignRealm));
    let mut open = client(SECRET, None);
    for stranger in ["sip:evil.test", "sip:192.0.2.66", "tel:+1"] {
        let stranger: Uri = stranger.parse().unwrap();
        let refused = open.challenged(&challenge, &[], &stranger, Instant::ZERO);
        assert_eq!(refused, Err(Refusal::ForeignHop));
    }
    open.challenged(&challenge, &[], &hop(), Instant::ZERO)
        .unwrap();
    let elsewhere = "sip:evil.test".parse().unwrap();
    assert!(
        open.authorize(&request(""), &elsewhere, &mut rng)
            .headers
            .is_empty()
    );
    let mut nobody = Authenticator::new(None, &["pbx.test".parse().unwrap()]);
    let refused = nobody.challenged(&challenge, &[], &hop(), Instant::ZERO);
    assert_eq!(refused, Err(Refusal::NoCredentials));
}

#[test]
fn what_is_too_long_or_unreadable_is_no_challenge() {
    let long = "x".repeat(MAX_REALM + 1);
    let fits = "x".repeat(MAX_REALM);
    let nonce = "n".repeat(MAX_NONCE + 1);
    let bad = [
        format!("Digest realm=\"{long}\", nonce=\"a\""),
        format!("Digest realm=\"r\", nonce=\"{nonce}\""),
        format!("Digest realm=\"r\", nonce=\"a\", opaque=\"{nonce}\""),
        "Digest realm=\"r\"".into(),
        "Digest realm=\"r\", nonce=\"\"".into(),
        "Digest realm=\"r\", nonce=\"a\", qop=\"magic\"".into(),
        "Digest realm=\"r\", nonce=\"a\", algorithm=MD5-sess".into(),
        "Digest realm=\"r, nonce=a".into(),
        "Basic realm=\"r\"".into(),
    ];
    let mut client = client(SECRET, None);
    for challenge in &bad {
        let refused = client.challenged(&unauthorized(&[challenge]), &[], &hop(), Instant::ZERO);
        assert_eq!(
            refused,
            Err(Refusal::Unsupported),
            "{}",
            &challenge[..40.min(challenge.len())]
        );
    }
    let good = format!("Digest realm=\"{fits}\", nonce=\"a\"");
    client
        .challenged(&unauthorized(&[&good]), &[], &hop(), Instant::ZERO)
        .unwrap();
    let hundred: Vec<_> = (0..100)
        .map(|n| format!("Digest realm=\"{n}\", nonce=\"a\""))
        .collect();
    let hundred: Vec<_> = hundred.iter().map(String::as_str).collect();
    client
        .challenged(&unauthorized(&hundred), &[], &hop(), Instant::ZERO)
        .unwrap();
    let mut rng = Rng::from_number(1);
    assert!(
        client
            .authorize(&request(""), &hop(), &mut rng)
            .headers
            .len()
            <= 4
    );
}

#[test]
fn the_next_nonce_replaces_the_one_in_use() {
    let mut rng = Rng::from_number(1);
    let mut client = client(SECRET, None);
    let challenge =
        unauthorized(&["Digest realm=\"r\", nonce=\"a\", qop=\"auth-int\", opaque=\"o\""]);
    client
        .challenged(&challenge, &[], &hop(), Instant::ZERO)
        .unwrap();
    let proof = client.authorize(&request("x"), &hop(), &mut rng);
    assert!(
        proof.headers[0].1.contains("qop=auth-int"),
        "{:?}",
        proof.headers
    );
    assert!(
        proof.headers[0].1.ends_with("opaque=\"o\""),
        "{:?}",
        proof.headers
    );
    let ok = response(
        Status::OK,
        &[("Authentication-Info", "nextnonce=\"b\", qop=auth-int")],
    );
    client.accepted(&ok, &proof.used);
    let proof = client.authorize(&request("x"), &hop(), &mut rng);
    assert!(proof.headers[0].1.contains("nonce=\"b\""));
    assert!(proof.headers[0].1.contains("nc=00000001"));
}

#[test]
fn m001_credentials_do_not_reach_a_log() {
    let shown = format!("{:?}", client("hunter2", None));
    assert!(!shown.contains("hunter2"), "{shown}");
}
