//! What strangers send: bodies, reasons, questions and floods, and what a phone makes of them.
#![allow(clippy::unwrap_used)]

use base::Duration;
use control::event::CallEnded;
use control::{Code, EndCause, EndedBy, EventBody};
use offhook_sim::{Leg, Peer, Phone, Settings, World};
use sip_message::{Method, Request, RequestBuilder, Response};
use std::cell::RefCell;
use std::rc::Rc;

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Statuses and responses that a request of Eve's was given.
#[derive(Clone, Default)]
struct Heard(Rc<RefCell<Vec<Response>>>);

impl Heard {
    fn codes(&self) -> Vec<u16> {
        let all = self.0.borrow();
        all.iter()
            .map(|response| response.status().code())
            .collect()
    }

    fn text(&self, name: &str) -> String {
        let all = self.0.borrow();
        let last = all.last().unwrap();
        last.headers()
            .text(name)
            .map_or_else(String::new, |text| text.to_string())
    }
}

/// Bob's phone, and Eve, who writes what she likes.
fn bob_and_eve(seed: u64, settings: &Settings) -> (World, Phone, Peer) {
    let mut world = World::new(seed);
    let bob = world.phone(settings);
    let eve = Peer::new(&mut world, "eve");
    (world, bob, eve)
}

/// A request of Eve's outside of any dialog; each has a Call-ID of its own.
fn request(eve: &Peer, method: Method, bob: &Phone, number: usize) -> RequestBuilder {
    let script = eve.script();
    let name = method.as_str().to_owned();
    RequestBuilder::new(method, bob.uri())
        .header("Max-Forwards", 70)
        .header(
            "From",
            format!("<sip:eve@{}>;tag=e{number}", script.address),
        )
        .header("To", format!("<{}>", bob.uri()))
        .header("Call-ID", format!("{name}-{number}"))
        .header("CSeq", format!("1 {name}"))
        .header("Contact", script.contact())
}

fn send(eve: &Peer, bob: &Phone, request: RequestBuilder) -> (Request, Heard) {
    let heard = Heard::default();
    let to = std::net::SocketAddr::new(bob.ip(), 5060);
    let store = heard.clone();
    let keep = move |_: &mut offhook_sim::Script, response: &Response| {
        store.0.borrow_mut().push(response.clone());
    };
    let sent = eve.script().send(request, to, keep);
    (sent, heard)
}

fn sdp(eve: &Peer) -> String {
    eve.script().sdp(1)
}

fn ended(phone: &Phone) -> Box<CallEnded> {
    let events = phone.events().into_iter();
    let mut ends = events.filter_map(|event| {
        let EventBody::CallEnded(told) = event.body else {
            return None;
        };
        Some(told)
    });
    ends.next_back().unwrap()
}

/// A call that finds no room for its sound rings nobody; the caller is told to come again.
#[test]
fn a_call_without_media_is_refused_before_it_rings() {
    /// Calls that the simulated phone has media for, and that one caller may let ring at once.
    const LEGS: usize = 32;
    const RINGING: usize = 8;
    let mut settings = Settings::new("bob");
    settings.sessions.limits.calls = 2 * LEGS;
    let mut world = World::new(3);
    let bob = world.phone(&settings);
    let callers: Vec<Peer> = (0..=LEGS / RINGING)
        .map(|_| Peer::new(&mut world, "eve"))
        .collect();
    let mut all = Vec::new();
    for number in 0..=LEGS {
        let eve = &callers[number / RINGING];
        let invite = request(eve, Method::Invite, &bob, number).body("application/sdp", sdp(eve));
        all.push(send(eve, &bob, invite).1);
        world.run_for(ms(100));
    }
    let last = all.pop().unwrap();
    for (number, heard) in all.iter().enumerate() {
        assert_eq!(heard.codes(), [180], "call {number}");
    }
    assert_eq!(last.codes(), [503]);
    let after: u32 = last.text("Retry-After").parse().unwrap();
    assert!(after <= 10, "{after}");
    let end = ended(&bob);
    let error = end.error.unwrap();
    assert_eq!(end.by, EndedBy::Engine);
    assert_eq!(error.code, Code::NO_MEDIA_PORT);
    assert_eq!(error.detail, "32 calls have media already");
}

/// M-031: a call that could never be answered rings nobody.
#[test]
fn an_offer_that_cannot_be_used_is_refused_before_it_rings() {
    let (world, bob, eve) = bob_and_eve(1, &Settings::new("bob"));
    let good = sdp(&eve);
    let cases = [
        (
            good.replace("AVP 0", "AVP 18").replace("0 PCMU", "18 G729"),
            488,
            "305",
        ),
        (good.replace("RTP/AVP", "RTP/SAVP"), 488, "302"),
        (good.replace("m=audio", "m=video"), 488, "304"),
        (good.replace("m=audio 40000", "m=audio 0"), 488, "304"),
        (
            good.replace("c=IN IP4 10.0.0.2", "c=IN IP4 224.1.1.1"),
            488,
            "301",
        ),
        (
            good.replace("c=IN IP4 10.0.0.2", "c=IN IP6 2001:db8::1"),
            488,
            "301",
        ),
        ("this is no description".to_owned(), 400, "399"),
        (good.replace("v=0", "v=zero"), 400, "399"),
        (
            good.clone() + &"m=audio 9 RTP/AVP 0\r\n".repeat(20),
            413,
            "399",
        ),
    ];
    for (number, (body, status, warning)) in cases.into_iter().enumerate() {
        let invite = request(&eve, Method::Invite, &bob, number).body("application/sdp", body);
        let (_, heard) = send(&eve, &bob, invite);
        world.run_for(ms(500));
        assert_eq!(heard.codes(), [status], "case {number}");
        assert!(
            heard.text("Warning").starts_with(warning),
            "{}",
            heard.text("Warning")
        );
    }
    assert_eq!(
        (bob.count("call.created"), bob.count("call.incoming")),
        (0, 0)
    );
    // Without an offer there is nothing to refuse, and a good one rings.
    let (_, offerless) = send(&eve, &bob, request(&eve, Method::Invite, &bob, 90));
    let invite = request(&eve, Method::Invite, &bob, 91).body("application/sdp", good);
    let (_, heard) = send(&eve, &bob, invite);
    world.run_for(ms(100));
    assert_eq!((offerless.codes(), heard.codes()), (vec![180], vec![180]));
    assert_eq!(bob.count("call.incoming"), 2);
    world.end_all();
    world.run_for(ms(70_000));
    assert_eq!(world.unfinished(), Vec::<String>::new());
}

/// What an INVITE of Eve's is edited to.
type Edit = fn(RequestBuilder) -> RequestBuilder;

/// A body, what else is said, and the status and header field that are to come.
type Case<'a> = (&'a str, String, Edit, u16, &'a str, &'a str);

/// Sends an INVITE for each case; one that may ring is told by 180.
fn judged(seed: u64, cases: impl Fn(&str) -> Vec<Case<'static>>) -> usize {
    let (world, bob, eve) = bob_and_eve(seed, &Settings::new("bob"));
    let good = sdp(&eve);
    for (number, (kind, body, edit, status, name, value)) in cases(&good).into_iter().enumerate() {
        let invite = edit(request(&eve, Method::Invite, &bob, number)).body(kind, body);
        let (_, heard) = send(&eve, &bob, invite);
        world.run_for(ms(500));
        assert_eq!(heard.codes(), [status], "case {number}");
        assert_eq!(heard.text(name), value, "case {number}");
    }
    bob.count("call.incoming")
}

const ACCEPT: &str = "application/sdp, multipart/mixed, multipart/alternative";

/// RFC 3261 §8.2.2.3, §8.2.3: what an INVITE may carry and ask for.
#[test]
fn bodies_and_extensions_that_are_not_known_are_refused_with_what_would_be_fine() {
    let plain: Edit = |r| r;
    let zipped: Edit = |r| r.header("Content-Encoding", "gzip");
    let requires: Edit = |r| r.header("Require", "100rel, sec-agree");
    let (sdp, relay) = ("application/sdp", "application/dtmf-relay");
    let rang = judged(2, |good| {
        let (good, text) = (|| good.to_owned(), "hello".to_owned());
        vec![
            ("text/plain", text.clone(), plain, 415, "Accept", ACCEPT),
            (relay, text, plain, 415, "Accept", ACCEPT),
            (sdp, good(), zipped, 415, "Accept-Encoding", "identity"),
            (sdp, good(), requires, 420, "Unsupported", "sec-agree"),
        ]
    });
    assert_eq!(rang, 0);
}

/// RFC 5621 §8: parts that must be understood, parts that need not be, and no parts at all.
#[test]
fn parts_that_are_not_known_or_broken_are_refused() {
    let plain: Edit = |r| r;
    let mixed = "multipart/mixed;boundary=b";
    let rang = judged(9, |good| {
        let sdp = format!("c: application/sdp\r\n\r\n{good}");
        let parts = |first: &str| format!("--b\r\n{first}\r\n--b\r\n{sdp}\r\n--b--");
        let unknown = parts("Content-Type: application/x-new\r\n\r\nhello");
        let optional = "Content-Disposition: render;handling=optional\r\nc: x/y\r\n\r\nhello";
        let broken = parts("c: text/plain\r\nhello");
        vec![
            (mixed, unknown, plain, 415, "Accept", ACCEPT),
            (mixed, broken, plain, 400, "Accept", ""),
            ("multipart/mixed", good.to_owned(), plain, 400, "Accept", ""),
            (mixed, parts(optional), plain, 180, "Accept", ""),
        ]
    });
    assert_eq!(rang, 1);
}

/// RFC 5621 §7: offer and answer pass between other parts, and a call comes of it.
#[test]
fn an_offer_among_other_parts_makes_a_call() {
    let (world, bob, eve) = bob_and_eve(3, &Settings::new("bob"));
    let good = sdp(&eve);
    let worse = good.replace("40000", "50000");
    let sip = |sdp: &str| format!("Content-Type: application/sdp\r\n\r\n{sdp}");
    let inner = format!(
        "Content-Type: multipart/alternative;boundary=\"a b\"\r\n\r\n--a b\r\n{}\r\n--a b\r\n{}\r\n--a b--",
        sip(&worse),
        sip(&good)
    );
    let isup =
        "Content-Type: application/ISUP\r\nContent-Disposition: signal;handling=optional\r\n\r\nx";
    let body = format!("--b\r\n{isup}\r\n--b\r\n{inner}\r\n--b--\r\n");
    let invite = request(&eve, Method::Invite, &bob, 1).body("multipart/mixed;boundary=b", body);
    let (sent, heard) = send(&eve, &bob, invite);
    world.run_for(ms(100));
    bob.accept(bob.ringing().unwrap());
    world.run_for(ms(200));
    assert_eq!(heard.codes(), [180, 200]);
    assert_eq!(bob.count("call.answered"), 1);
    let media = bob.calls()[0].media.clone().unwrap();
    assert_eq!(media.codec.as_deref(), Some("PCMU"));
    assert_eq!(media.remote.unwrap(), "10.0.0.2:40000");
    let response = heard.0.borrow().last().unwrap().clone();
    let mut leg = Leg::calling(&sent, &response);
    let bye = leg
        .request(Method::Bye)
        .header("Reason", "Q.850 ;cause=38;text=\"Network, out of order\"");
    eve.script().send(bye, leg.to, |_, _| {});
    world.run_for(ms(200));
    // RFC 3326: what the peer said of the end is told in full.
    let told = ended(&bob);
    assert_eq!(
        (told.q850_cause, told.cause),
        (Some(38), control::EndCause::Normal)
    );
    assert_eq!(told.reason_text.as_deref(), Some("Network, out of order"));
    assert_eq!(told.snapshot.end.unwrap().q850_cause, Some(38));
}

/// M-120, RFC 3326: a call that another phone took is no missed call.
#[test]
fn a_cancel_says_why() {
    let elsewhere = "SIP;cause=200;text=\"Call completed elsewhere\"";
    for (reason, cause) in [
        ("", control::EndCause::Cancelled),
        (elsewhere, control::EndCause::AnsweredElsewhere),
        ("Q.850;cause=26", control::EndCause::AnsweredElsewhere),
        ("Q.850;cause=16", control::EndCause::Cancelled),
        ("SIP;cause=600", control::EndCause::Declined),
    ] {
        let (world, bob, eve) = bob_and_eve(4, &Settings::new("bob"));
        let (sent, heard) = send(&eve, &bob, request(&eve, Method::Invite, &bob, 1));
        world.run_for(ms(100));
        eve.script().cancel_because(&sent, reason);
        world.run_for(ms(500));
        assert_eq!(heard.codes(), [180, 487]);
        let told = ended(&bob);
        assert_eq!(told.cause, cause, "{reason}");
        assert_eq!(told.reason_header.unwrap_or_default(), reason);
    }
}

/// RFC 3326: an INVITE that rang out is cancelled with the reason.
#[test]
fn our_cancel_says_that_nobody_answered() {
    let (world, bob, eve) = bob_and_eve(5, &Settings::new("bob"));
    eve.on("INVITE", |script, invite| script.ring(invite));
    let call = control::CallHandle::from_number(2_048);
    let to = eve.uri();
    bob.post(ports::dialogs::Word::Dial {
        command: control::CommandId(1),
        call,
        account: None,
        to,
        ring_for: Some(Duration::from_secs(3)),
        headers: Vec::new(),
        action: None,
    });
    world.run_for(ms(4_000));
    let cancel = eve.last("CANCEL").unwrap();
    let reason = cancel.headers().reasons();
    assert_eq!(
        (reason[0].protocol(), reason[0].cause()),
        ("Q.850", Some(19))
    );
}

/// RFC 3261 §11.2: OPTIONS is answered as an INVITE would be.
#[test]
fn options_say_what_a_call_would_get() {
    let mut settings = Settings::new("bob");
    settings.sessions.limits.calls = 1;
    let (world, bob, eve) = bob_and_eve(6, &settings);
    let ask = |number| {
        let (_, heard) = send(&eve, &bob, request(&eve, Method::Options, &bob, number));
        world.run_for(ms(200));
        assert_eq!(
            heard.text("Allow"),
            "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY"
        );
        assert_eq!(heard.text("Supported"), "100rel, replaces, timer");
        assert_eq!(heard.text("Allow-Events"), "");
        heard.codes()
    };
    assert_eq!(ask(1), [200]);
    let (sent, _) = send(&eve, &bob, request(&eve, Method::Invite, &bob, 2));
    world.run_for(ms(100));
    assert_eq!(ask(3), [486]);
    eve.script().cancel(&sent);
    world.run_for(ms(500));
    assert_eq!(ask(4), [200]);
}

/// Phones keep calls that are up through a flood, bounded, and are as before when it ends.
#[test]
fn a_flood_of_calls_and_questions_hurts_no_call_that_is_up() {
    let mut world = World::new(7);
    let alice = world.phone(&Settings::new("alice"));
    let bob = Settings::new("bob").answers_after(ms(100), ports::media::Sound::Echo);
    let bob = world.phone(&bob);
    let eve = Peer::new(&mut world, "eve");
    let call = alice.dial(&bob.uri());
    world.run_for(ms(1_000));
    assert_eq!(alice.count("call.answered"), 1);
    let to = std::net::SocketAddr::new(bob.ip(), 5060);
    for round in 0..40 {
        for n in 0..150 {
            let method = if n % 2 == 0 {
                Method::Options
            } else {
                Method::Invite
            };
            let flood = request(&eve, method, &bob, round * 1_000 + n);
            eve.script().send_once(flood, to);
        }
        world.run_for(ms(50));
        let open: usize = bob.unfinished().iter().map(|(_, count)| count).sum();
        // 2,000 transactions and what hangs on them.
        assert!(open < 5_000, "{:?}", bob.unfinished());
    }
    let (before, _) = alice.media_datagrams();
    world.run_for(ms(1_000));
    assert!(alice.media_datagrams().0 > before + 45);
    assert!(bob.calls().iter().any(|call| call.answered.is_some()));
    alice.hang_up(call);
    world.run_for(ms(300));
    assert_eq!(alice.count("call.ended"), 1);
    assert_eq!(ended(&alice).cause, control::EndCause::Normal);
    // 64·T1 later nothing of it is left, and calls come in as before.
    world.run_for(ms(300_000));
    assert_eq!(bob.unfinished(), []);
    alice.dial(&bob.uri());
    world.run_for(ms(1_000));
    assert_eq!(alice.count("call.answered"), 2);
}

/// `sips:` is never called in the clear, and what cannot be dialled is told in a line.
#[test]
fn what_cannot_be_dialled_is_told_with_its_code() {
    let mut world = World::new(8);
    let mut settings = Settings::new("alice");
    let direct = world.phone(&settings);
    let proxy = Peer::new(&mut world, "proxy");
    settings.outbound_proxy = Some(proxy.uri().parse().unwrap());
    let behind = world.phone(&settings);
    let (failed, unavailable) = (control::Code::TLS_FAILED, control::Code::TLS_UNAVAILABLE);
    for (phone, code) in [(&direct, failed), (&behind, unavailable)] {
        phone.dial("sips:bob@10.0.0.9");
        world.run_for(ms(500));
        let error = ended(phone).error.unwrap();
        assert_eq!(error.code, code, "{error}");
    }
    assert_eq!(proxy.count("INVITE"), 0);
    direct.dial(&format!("sip:{}", "a b".repeat(25_000)));
    world.run_for(ms(500));
    let told = ended(&direct);
    assert_eq!(
        told.error.as_ref().unwrap().code,
        control::Code::BAD_ADDRESS
    );
    assert!(told.error.unwrap().to_string().len() < 500);
    assert!(told.snapshot.to.uri.len() < 500);
}

/// RFC 3261 §13.3.1: an invitation that has expired rings no longer.
#[test]
fn an_invite_rings_no_longer_than_its_expires_says() {
    let (world, bob, eve) = bob_and_eve(5, &Settings::new("bob"));
    let invite = request(&eve, Method::Invite, &bob, 1)
        .header("Expires", 3)
        .body("application/sdp", sdp(&eve));
    let (_, heard) = send(&eve, &bob, invite);
    world.run_for(ms(2_900));
    assert_eq!(heard.codes(), [180]);
    world.run_for(ms(200));
    assert_eq!(heard.codes(), [180, 487]);
    assert_eq!(ended(&bob).cause, EndCause::NoAnswer);
}

/// An answer that leads to no sound: the call ends, and it was not its person who ended it.
#[test]
fn an_answer_without_sound_is_told_as_what_it_is() {
    type Answer = fn(&str) -> Option<String>;
    let cases: [(&str, Answer); 4] = [
        ("no SDP", |_| None),
        ("the answer cannot be used", |sdp| {
            Some(sdp.replace("m=audio 40000", "m=audio 0"))
        }),
        ("the answer cannot be used", |sdp| {
            Some(sdp.replace("AVP 0", "AVP 18").replace("0 PCMU", "18 G729"))
        }),
        ("the answer cannot be used", |_| Some("junk".to_owned())),
    ];
    for (seed, (why, answer)) in cases.into_iter().enumerate() {
        let mut world = World::new(seed as u64);
        let alice = world.phone(&Settings::new("alice"));
        let bob = Peer::new(&mut world, "bob");
        bob.on("INVITE", move |script, invite| {
            let body = answer(&script.sdp(1));
            script.reply(invite, 200, |response| match body {
                Some(body) => response.body("application/sdp", body),
                None => response,
            });
        });
        bob.on("BYE", |script, bye| {
            script.reply(bye, 200, |response| response);
        });
        alice.dial(&format!("sip:bob@{}", bob.script().address));
        world.run_for(ms(3_000));
        let end = ended(&alice);
        assert_eq!(
            (end.by, end.cause),
            (EndedBy::Engine, EndCause::Failed),
            "{end:?}"
        );
        let error = end.error.unwrap();
        assert_eq!(error.code, Code::NO_CODEC_IN_COMMON);
        assert!(error.detail.contains(why), "{error}");
    }
}

/// Each event names the command that it is an outcome of, and what others did names none.
#[test]
fn events_name_their_command_and_no_other() {
    let mut world = World::new(9);
    let (alice, bob) = (
        world.phone(&Settings::new("alice")),
        world.phone(&Settings::new("bob")),
    );
    let ours = alice.dial(&bob.uri());
    assert!(world.run_while_not(ms(2_000), || bob.ringing().is_some()));
    let theirs = bob.ringing().unwrap();
    bob.accept(theirs);
    world.run_for(ms(500));
    bob.press(theirs, "12");
    world.run_for(ms(200));
    bob.press(theirs, "3");
    world.run_for(ms(2_000));
    alice.hang_up(ours);
    world.run_for(ms(500));
    let commands = |phone: &Phone| -> Vec<(String, Option<u64>)> {
        let wanted = ["call.ringing", "call.answered", "call.dtmf", "call.ended"];
        let events = phone.events().into_iter();
        let named = events.map(|event| {
            let command = event.command.map(|command| command.0);
            (event.body.name().to_owned(), command)
        });
        named
            .filter(|(name, _)| wanted.contains(&name.as_str()))
            .collect()
    };
    let told = commands(&alice);
    let dial = told[0].1;
    assert!(dial.is_some());
    assert_eq!(told[1], ("call.answered".into(), dial));
    for heard in &told[2..5] {
        assert_eq!(heard, &("call.dtmf".into(), None), "bob pressed it");
    }
    assert!(told[5].1.is_some() && told[5].1 != dial, "{told:?}");
    let told = commands(&bob);
    let (accept, first, second) = (told[0].1, told[1].1, told[3].1);
    assert_eq!(told[0].0, "call.answered");
    assert!(
        accept.is_some() && first.is_some() && first == told[2].1,
        "{told:?}"
    );
    assert!(
        second.is_some() && second != first && first != accept,
        "{told:?}"
    );
    assert_eq!(told[4], ("call.ended".into(), None), "alice hung up");
}

/// A challenge that we do not speak is not a wrong password: the password was never shown.
#[test]
fn a_challenge_that_is_not_answered_is_told_as_what_it_is() {
    let mut world = World::new(10);
    let server = Peer::new(&mut world, "registrar");
    server.on("REGISTER", |script, register| {
        script.reply(register, 401, |response| {
            response.header("WWW-Authenticate", "Basic realm=\"pbx.test\"")
        });
    });
    let mut settings = Settings::new("bob").registered("zanzibar", Duration::from_secs(600));
    settings.domain = server.script().address.ip().to_string();
    let bob = world.phone(&settings);
    world.run_for(ms(2_000));
    let failed = bob.events().into_iter().find_map(|event| {
        let EventBody::AccountFailed(told) = event.body else {
            return None;
        };
        told.error
    });
    let error = failed.unwrap();
    assert_eq!(error.code, Code::NO_PROOF);
    assert!(
        error.detail.ends_with("a way that is not understood here"),
        "{error}"
    );
}
