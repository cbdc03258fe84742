//! The part alone, in virtual time.

use super::*;
use crate::bindings::Lifetimes;
use base::{Duration, Redacted};
use core::net::SocketAddr;
use sip::auth::digest::Algorithm;
use sip::auth::{Asker, Authenticator, Credentials};
use sip::{FlowId, Transport};
use sip_message::{Host, RequestBuilder};

/// A registrar and a phone that proves who it is, in a world without sockets.
struct World {
    part: PbxRegistrar,
    phone: Authenticator,
    rng: Rng,
    now: Instant,
    cseq: u32,
}

impl World {
    fn new(user: &str, password: &str) -> Self {
        let mut rng = Rng::from_number(5);
        let bindings = Bindings::new(Lifetimes::default());
        let users = Users::none().and("101", "secret").and("102", "other");
        let mail = Mailboxes::default();
        let directory = Rc::new(RefCell::new(Directory {
            users,
            bindings,
            mail,
        }));
        let gate = Gate::new("demo", Asker::Server, &[Algorithm::SHA_256], &mut rng);
        let credentials = Credentials {
            user: user.to_owned(),
            password: Redacted::new(password.to_owned()),
            realm: None,
        };
        let hop: Host = "pbx.test".parse().unwrap();
        Self {
            part: PbxRegistrar::new(directory, gate, rng.split()),
            phone: Authenticator::new(Some(credentials), &[hop]),
            rng,
            now: Instant::from_millis(1_000),
            cseq: 0,
        }
    }

    /// A REGISTER for `aor` with these header fields.
    fn request(&mut self, aor: &str, headers: &[(&str, &str)]) -> Request {
        self.cseq += 1;
        let start = RequestBuilder::new(Method::Register, "sip:pbx.test")
            .header(HeaderName::Via, "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1")
            .header(HeaderName::From, format!("<sip:{aor}@pbx.test>;tag=1"))
            .header(HeaderName::To, format!("<sip:{aor}@pbx.test>"))
            .header(HeaderName::CallId, "one")
            .header(HeaderName::CSeq, format!("{} REGISTER", self.cseq));
        let with = |r: RequestBuilder, (name, value): &(&str, &str)| r.header(*name, value);
        headers.iter().fold(start, with).build()
    }

    /// What the registrar says to one request.
    fn ask(&mut self, request: Request) -> Response {
        let source = SocketAddr::from(([10, 0, 0, 1], 5060));
        let origin = Origin {
            flow: FlowId(1),
            transport: Transport::Udp,
            source,
            local: SocketAddr::from(([10, 0, 0, 9], 5060)),
        };
        let word = Word::Heard(Heard::Request {
            id: ServerId(9),
            request,
            origin,
            trusted: false,
        });
        let mut out = Outbox::new();
        self.part.handle(word, self.now, &mut out);
        match out.take() {
            Some(Post::Link(link::Word::Respond { id, response })) => {
                assert_eq!(id, ServerId(9));
                // Those who watch are told of what was taken, and of nothing else.
                match out.take() {
                    None => assert!(!response.status().is_success()),
                    Some(Post::Presence(presence::Word::Server { account, server })) => {
                        assert!(response.status().is_success());
                        let is_there = response
                            .headers()
                            .contacts()
                            .is_ok_and(|all| all.first().is_some());
                        assert_eq!(
                            (account.as_str(), server != Server::Lost),
                            ("101", is_there)
                        );
                    }
                    Some(other) => panic!("{other:?}"),
                }
                assert!(out.is_empty());
                response
            }
            other => panic!("{other:?} is no answer"),
        }
    }

    /// Sends a REGISTER as a phone does, proving who it is when asked.
    fn register(&mut self, aor: &str, headers: &[(&str, &str)]) -> Response {
        let hop: Uri = "sip:pbx.test".parse().unwrap();
        loop {
            let request = self.request(aor, headers);
            let proof = self.phone.authorize(&request, &hop, &mut self.rng);
            let proved = proof
                .headers
                .iter()
                .fold(request.edit(), |r, (name, value)| r.header(*name, value))
                .build();
            let response = self.ask(proved);
            let challenged = response.status() == Status::UNAUTHORIZED
                && self
                    .phone
                    .challenged(&response, &proof.used, &hop, self.now)
                    .is_ok();
            if !challenged {
                return response;
            }
        }
    }

    fn later(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        if self.part.deadline().is_some_and(|at| at <= self.now) {
            self.part.handle_time(self.now, &mut Outbox::new());
        }
    }
}

fn contacts(response: &Response) -> Vec<String> {
    assert_eq!(response.status(), Status::OK);
    let contacts = response.headers().contacts().unwrap();
    contacts.list().iter().map(ToString::to_string).collect()
}

const HERE: (&str, &str) = ("Contact", "<sip:101@10.0.0.1>");
const THERE: (&str, &str) = (
    "Contact",
    "<sip:101@10.0.0.2;transport=tcp>;q=0.5;expires=30",
);

/// M-001, M-003: contacts are told with the time they have left, and end when it is over.
#[test]
fn m001_contacts_stand_until_their_time_is_over() {
    let mut world = World::new("101", "secret");
    let told = world.register("101", &[HERE, THERE, ("Expires", "60")]);
    let there = "<sip:101@10.0.0.2;transport=tcp>;q=0.5;expires=30";
    assert_eq!(contacts(&told), ["<sip:101@10.0.0.1>;expires=60", there]);

    world.later(10);
    let asked = world.register("101", &[]);
    let there = "<sip:101@10.0.0.2;transport=tcp>;q=0.5;expires=20";
    assert_eq!(contacts(&asked), ["<sip:101@10.0.0.1>;expires=50", there]);

    world.later(20);
    assert_eq!(contacts(&world.register("101", &[])).len(), 1);
    // The same contact, written otherwise, takes the old one's place.
    let again = ("Contact", "<sip:101@10.0.0.1>;expires=100");
    let told = world.register("101", &[again]);
    assert_eq!(contacts(&told), ["<sip:101@10.0.0.1>;expires=100"]);
    world.later(101);
    assert!(contacts(&world.register("101", &[])).is_empty());
    assert_eq!(world.part.deadline(), None);
}

#[test]
fn lifetimes_are_usual_cut_or_too_brief() {
    let mut world = World::new("101", "secret");
    let told = world.register("101", &[HERE]);
    assert_eq!(contacts(&told), ["<sip:101@10.0.0.1>;expires=3600"]);
    let told = world.register("101", &[HERE, ("Expires", "99999999")]);
    assert_eq!(contacts(&told), ["<sip:101@10.0.0.1>;expires=3600"]);
    // All of it or nothing: the second contact is not taken either.
    let other = ("Contact", "<sip:101@10.0.0.3>;expires=60");
    let brief = ("Contact", "<sip:101@10.0.0.4>;expires=9");
    let refused = world.register("101", &[other, brief]);
    assert_eq!(refused.status(), Status::INTERVAL_TOO_BRIEF);
    assert_eq!(refused.headers().min_expires().unwrap(), Some(10));
    assert_eq!(contacts(&world.register("101", &[])).len(), 1);
}

/// M-021: one contact goes by itself, all of them by `*`.
#[test]
fn m021_contacts_are_removed_one_by_one_and_all_at_once() {
    let mut world = World::new("101", "secret");
    world.register("101", &[HERE, THERE]);
    let gone = ("Contact", "<sip:101@10.0.0.1>;expires=0");
    assert_eq!(contacts(&world.register("101", &[gone])).len(), 1);
    let all = ("Contact", "*");
    for bad in [&[all][..], &[all, ("Expires", "60")]] {
        let refused = world.register("101", bad);
        assert_eq!(refused.status(), Status::BAD_REQUEST);
    }
    let mixed = [all, HERE, ("Expires", "0")];
    assert_eq!(world.register("101", &mixed).status(), Status::BAD_REQUEST);
    assert_eq!(contacts(&world.register("101", &[])).len(), 1);
    assert!(contacts(&world.register("101", &[all, ("Expires", "0")])).is_empty());
}

#[test]
fn what_was_overtaken_changes_nothing() {
    let mut world = World::new("101", "secret");
    world.register("101", &[HERE]);
    world.cseq = 0;
    let late = world.register("101", &[("Contact", "<sip:101@10.0.0.1>;expires=0")]);
    assert_eq!(late.status(), Status::SERVER_INTERNAL_ERROR);
    world.cseq = 0;
    let late = world.register("101", &[("Contact", "*"), ("Expires", "0")]);
    assert_eq!(late.status(), Status::SERVER_INTERNAL_ERROR);
    world.cseq = 9;
    assert_eq!(contacts(&world.register("101", &[])).len(), 1);
}

#[test]
fn the_ninth_contact_takes_the_place_of_the_one_that_ends_first() {
    let mut world = World::new("101", "secret");
    for port in 1..=9 {
        let value = format!("<sip:101@10.0.0.1:{port}>;expires={}", 100 + port);
        world.register("101", &[("Contact", &value)]);
    }
    let left = contacts(&world.register("101", &[]));
    assert_eq!(left.len(), 8);
    assert!(!left.iter().any(|contact| contact.contains(":1>")));
}

#[test]
fn everybody_speaks_for_themselves_only() {
    let mut world = World::new("101", "secret");
    for other in ["102", "999"] {
        assert_eq!(world.register(other, &[HERE]).status(), Status::FORBIDDEN);
    }
    let own = world.register("%3101", &[HERE]);
    assert_eq!(own.status(), Status::OK, "an escaped user part is the same");
}

/// M-001: wrong passwords and unknown users are told apart by nothing, and loops are ended.
#[test]
fn m001_a_wrong_password_is_challenged_and_then_forbidden() {
    for (user, password) in [("101", "wrong"), ("999", "secret")] {
        let mut world = World::new(user, password);
        for round in 0..4 {
            // A phone without a memory: it takes every challenge for the first one.
            world.phone.forget();
            let status = world.register(user, &[HERE]).status();
            let wanted = if round < 3 { 401 } else { 403 };
            assert_eq!(status.code(), wanted, "{user} {round}");
        }
        // Later it is challenged again, and the right password is taken at any time.
        world.later(31);
        world.phone.forget();
        assert_eq!(world.register(user, &[HERE]).status().code(), 401);
    }
}

#[test]
fn the_right_password_counts_even_then() {
    let mut world = World::new("101", "wrong");
    for _ in 0..6 {
        world.phone.forget();
        world.register("101", &[HERE]);
    }
    let right = World::new("101", "secret").phone;
    world.phone = right;
    assert_eq!(world.register("101", &[HERE]).status(), Status::OK);
}

#[test]
fn a_nonce_that_is_used_up_is_told_to_be_stale() {
    let mut world = World::new("101", "secret");
    world.register("101", &[HERE]);
    world.later(301);
    let hop: Uri = "sip:pbx.test".parse().unwrap();
    let request = world.request("101", &[HERE]);
    let proof = world.phone.authorize(&request, &hop, &mut world.rng);
    let headers = proof.headers.iter();
    let proved = headers
        .fold(request.edit(), |r, (name, value)| r.header(*name, value))
        .build();
    let response = world.ask(proved);
    assert_eq!(response.status(), Status::UNAUTHORIZED);
    assert!(response.headers().challenges()[0].is_stale());
    assert_eq!(world.register("101", &[HERE]).status(), Status::OK);
}

#[test]
fn a_digest_for_the_server_alone_is_taken_and_one_for_elsewhere_is_not() {
    let mut world = World::new("101", "secret");
    let hop: Uri = "sip:pbx.test".parse().unwrap();
    for (asked, proved_for, wanted) in [
        ("sip:101@pbx.test", "sip:pbx.test", 200),
        ("sip:101@pbx.test", "sip:102@pbx.test", 401),
        ("sip:101@pbx.test", "sip:elsewhere.test", 401),
    ] {
        world.register("101", &[]);
        let plain = world.request("101", &[]).edit().uri(proved_for).build();
        let proof = world.phone.authorize(&plain, &hop, &mut world.rng);
        let headers = proof.headers.iter();
        let proved = headers
            .fold(plain.edit(), |r, (name, value)| r.header(*name, value))
            .uri(asked)
            .build();
        let status = world.ask(proved).status().code();
        assert_eq!(status, wanted, "{asked} {proved_for}");
    }
}
