//! The rule alone.

use super::*;
use crate::bindings::{Bindings, Lifetimes, Wish};
use crate::gate::Gate;
use crate::mailboxes::Mailboxes;
use crate::registrar::Directory;
use crate::users::Users;
use base::{Redacted, Rng};
use core::net::SocketAddr;
use sip::auth::digest::Algorithm;
use sip::auth::{Asker, Authenticator, Credentials};
use sip_message::{Contacts, Host, Method, RequestBuilder, ResponseBuilder};
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

fn noon() -> Instant {
    Instant::from_millis(5_000)
}

/// Where the registered phone is.
const PHONE: ([u8; 4], u16) = ([10, 0, 0, 1], 5070);

/// Extensions of a PBX at which 101 is registered.
fn extensions() -> Extensions {
    let mut bindings = Bindings::new(Lifetimes::default());
    let contact = "<sip:101@10.0.0.1:5070>".parse().unwrap();
    let wish = Wish {
        contacts: Contacts::List(vec![contact]),
        expires_s: None,
        call_id: "one".to_owned(),
        cseq: 1,
        source: SocketAddr::from(PHONE),
    };
    bindings.change("101", &wish, noon()).unwrap();
    let users = Users::none().and("101", "secret").and("102", "other");
    let mail = Mailboxes::new(PathBuf::from("/mail"));
    let directory = Rc::new(RefCell::new(Directory {
        users,
        bindings,
        mail,
    }));
    let mut rng = Rng::from_number(1);
    let gate = Gate::new("demo", Asker::Proxy, &[Algorithm::MD5], &mut rng);
    let place = PathBuf::from;
    let sounds = Sounds {
        bob: place("/bob.wav"),
        greeting: place("/greeting.wav"),
        nothing: place("/nothing.wav"),
        music: place("/music.wav"),
        voices: ["/1.wav", "/2.wav", "/3.wav"].map(place),
    };
    let door = Door::new(Rc::clone(&directory), gate);
    Extensions::new(directory, door, sounds, noon)
}

/// An INVITE to `number`, as the transaction layer hands it on.
fn invite(number: &str, from: &str, source: ([u8; 4], u16)) -> Request {
    let source = SocketAddr::from(source);
    RequestBuilder::new(Method::Invite, format!("sip:{number}@pbx.test"))
        .header(
            HeaderName::Via,
            "SIP/2.0/UDP 10.0.0.1:5070;rport;branch=z9hG4bK1",
        )
        .header(HeaderName::From, format!("<sip:{from}@pbx.test>;tag=1"))
        .header(HeaderName::To, format!("<sip:{number}@pbx.test>"))
        .header(HeaderName::CallId, "1")
        .header(HeaderName::CSeq, "1 INVITE")
        .build()
        .seen_from(source)
}

fn refusal(extensions: &mut Extensions, request: &Request) -> Option<u16> {
    extensions
        .refuse(request)
        .map(|refusal| refusal.status.code())
}

#[test]
fn a_registered_phone_is_not_challenged_and_others_are() {
    let mut extensions = extensions();
    let (own, other_port, other_host) = (PHONE, ([10, 0, 0, 1], 5071), ([10, 0, 0, 2], 5070));
    assert_eq!(refusal(&mut extensions, &invite("600", "101", own)), None);
    assert_eq!(
        refusal(&mut extensions, &invite("600", "101", other_port)),
        Some(407)
    );
    assert_eq!(
        refusal(&mut extensions, &invite("600", "101", other_host)),
        Some(407)
    );
    // Registered is 101, not whoever else is behind that address.
    assert_eq!(
        refusal(&mut extensions, &invite("600", "102", own)),
        Some(407)
    );
    assert_eq!(
        refusal(&mut extensions, &invite("555", "101", own)),
        Some(404)
    );
    assert_eq!(
        refusal(&mut extensions, &invite("101", "101", own)),
        Some(404)
    );
}

#[test]
fn a_proof_stands_in_for_a_binding() {
    let mut extensions = extensions();
    let hop = "sip:pbx.test".parse().unwrap();
    let host: Host = "pbx.test".parse().unwrap();
    let credentials = Credentials {
        user: "102".to_owned(),
        password: Redacted::new("other".to_owned()),
        realm: None,
    };
    let mut phone = Authenticator::new(Some(credentials), &[host]);
    let plain = invite("104", "102", ([10, 0, 0, 7], 5060));
    let refused = extensions.refuse(&plain).unwrap();
    let response = ResponseBuilder::to(&plain, refused.status);
    let response = refused
        .headers
        .iter()
        .fold(response, |r, (name, value)| r.header(*name, value))
        .build();
    phone.challenged(&response, &[], &hop, noon()).unwrap();
    let proof = phone.authorize(&plain, &hop, &mut Rng::from_number(2));
    let proved = proof
        .headers
        .iter()
        .fold(plain.edit(), |r, (name, value)| r.header(*name, value))
        .build();
    assert_eq!(refusal(&mut extensions, &proved), Some(486));
    assert_eq!(
        refusal(&mut extensions, &proved),
        Some(407),
        "a proof is good once"
    );
}

#[test]
fn each_number_does_what_its_line_says() {
    let mut extensions = extensions();
    for extension in EXTENSIONS {
        let request = invite(extension.number, "101", PHONE);
        let refused = refusal(&mut extensions, &request);
        let said = extension.what.split(' ').next().unwrap().parse().ok();
        match said {
            Some(1004) | None => assert_eq!(refused, None, "{}", extension.number),
            Some(status) => assert_eq!(refused, Some(status), "{}", extension.number),
        }
    }
    let wait = extensions.refuse(&invite("106", "101", PHONE)).unwrap();
    assert_eq!(wait.headers, [(HeaderName::RetryAfter, "5".to_owned())]);
    let plan = |number: &str| {
        let mut extensions = self::extensions();
        extensions.plan(&invite(number, "101", PHONE))
    };
    let second = Duration::from_secs(1);
    assert!(plan("102").steps.contains(&(second, Step::Accept)));
    assert_eq!(plan("600").sound, Sound::Echo);
    assert_eq!(plan("604").pretend, Some(NOWHERE));
    let brief = plan("609").steps;
    let (accepted, ended) = (brief[1].0, brief[2].0);
    assert_eq!(ended - accepted, 2 * second);
    assert!(matches!(&brief[2].1, Step::HangUp(Some(why)) if why.contains("cause=16")));
    let rings = plan("103").steps;
    assert_eq!(
        rings,
        [
            (Duration::ZERO, Step::Ring),
            (UNANSWERED, Step::HangUp(None))
        ]
    );
    let moved = extensions.refuse(&invite("107", "101", PHONE)).unwrap();
    let there = (HeaderName::Contact, "<sip:102@pbx.test>".to_owned());
    assert_eq!(moved.headers, [there]);
    let held = plan("610").steps;
    assert_eq!((&held[2].1, &held[3].1), (&Step::Hold, &Step::Resume));
    assert!(
        matches!(plan("602").sound, Sound::Device { request, .. } if request.contains("music"))
    );
    for number in ["603", "701", "702", "703", "900"] {
        assert_eq!(
            plan(number).sound,
            Sound::Person,
            "{number}: others can hear it"
        );
    }
    let loss = |number: &str| match plan(number).sound {
        Sound::Impaired { by, .. } => by.bursts.map_or(by.loss_permille, |b| b.loss_permille),
        Sound::Person | Sound::Echo | Sound::Silence | Sound::Device { .. } => 0,
    };
    assert_eq!(["604", "605", "606"].map(loss), [1_000, 50, 300]);
}

#[test]
fn numbers_are_in_order_and_none_stands_twice() {
    let sorted = EXTENSIONS
        .windows(2)
        .all(|pair| pair[0].number < pair[1].number);
    assert!(sorted);
}

#[test]
fn calls_of_the_pbx_itself_need_no_proof_and_end() {
    let mut extensions = extensions();
    let here = ([10, 0, 0, 2], 5060);
    let request = invite("600", "pbx", here);
    assert_eq!(refusal(&mut extensions, &request), Some(407));
    extensions.door.knows_itself_at(SocketAddr::from(here));
    assert_eq!(refusal(&mut extensions, &request), None);
    let goodbye = |plan: Plan| {
        plan.steps
            .last()
            .is_some_and(|(_, step)| *step == Step::HangUp(None))
    };
    assert!(goodbye(extensions.plan(&request)));
    assert!(!goodbye(extensions.plan(&invite("600", "101", PHONE))));
    // Voices and slots are there for as long as they are wanted, and the voices for nobody else.
    assert!(!goodbye(extensions.plan(&invite("9001", "pbx", here))));
    assert!(!goodbye(extensions.plan(&invite("701", "pbx", here))));
    assert_eq!(
        refusal(&mut extensions, &invite("9001", "101", PHONE)),
        Some(404)
    );
    // Nobody else gets in so, and nobody is called who is not there.
    let stranger = invite("600", "pbx", ([10, 0, 0, 2], 5061));
    assert_eq!(refusal(&mut extensions, &stranger), Some(407));
    assert_eq!(
        refusal(&mut extensions, &invite("105", "pbx", here)),
        Some(404)
    );
}

/// M-061: a mailbox is opened by its user alone, one call at a time; what was left is played.
#[test]
fn m_061_a_mailbox_is_its_users_alone() {
    let mut extensions = extensions();
    let plays = |plan: Plan| match plan.sound {
        Sound::Device { request, .. } => request,
        Sound::Person | Sound::Echo | Sound::Silence | Sound::Impaired { .. } => panic!(),
    };
    let ask = |number| invite(number, "101", PHONE);
    assert_eq!(refusal(&mut extensions, &ask("*97")), None);
    let nothing = plays(extensions.plan(&ask("*97")));
    assert!(
        nothing.contains("/nothing.wav") && !nothing.contains("write"),
        "{nothing}"
    );
    assert_eq!(
        refusal(&mut extensions, &ask("*98")),
        Some(486),
        "still there"
    );
    let mail = |extensions: &Extensions, answered| {
        extensions.directory.borrow_mut().mail.left("1", answered);
    };
    mail(&extensions, true);
    assert_eq!(refusal(&mut extensions, &ask("*98")), None);
    let plan = extensions.plan(&ask("*98"));
    assert_eq!(
        plan.steps.last().unwrap().1,
        Step::HangUp(None),
        "in the end"
    );
    let leaves = plays(plan);
    assert!(leaves.contains("/greeting.wav"), "{leaves}");
    assert!(
        leaves.contains("\"write\":\"/mail/message-313031-0.wav\""),
        "{leaves}"
    );
    mail(&extensions, true);
    let heard = plays(extensions.plan(&ask("*97")));
    assert!(
        heard.contains("\"read\":\"/mail/message-313031-0.wav\""),
        "{heard}"
    );
    // Whoever proves to be somebody else than they say, or is nobody, opens none.
    let here = ([10, 0, 0, 2], 5060);
    extensions.door.knows_itself_at(SocketAddr::from(here));
    assert_eq!(
        refusal(&mut extensions, &invite("*97", "101", here)),
        Some(403)
    );
}
