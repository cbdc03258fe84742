//! What rules and settings of an account make of calls that come in, with whole phones.
#![allow(clippy::unwrap_used)]

use audio::{Rate, chirp::chirp, correlate};
use base::{Duration, Rng};
use control::receiving::{DoNotDisturb as Quiet, Forward, ForwardWhen};
use control::{AccountSnapshot, Code, Command, EventBody};
use offhook_sim::{Peer, Phone, Settings, World};
use policy::answer::{AutoAnswer, Callers};
use policy::disturb::Entry;
use policy::{DoNotDisturb, Forwarding, Policy, Receiving, Rules};
use sip_message::{Method, RequestBuilder};
use std::cell::RefCell;
use std::rc::Rc;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn receiving(receiving: Receiving) -> Policy {
    Policy {
        receiving,
        ..Policy::default()
    }
}

/// Alice, who calls, Bob with these rules, and Carol, who picks up.
fn three(seed: u64, policy: Policy) -> (World, Phone, Phone, Phone) {
    let mut world = World::new(seed);
    let alice = world.phone(&Settings::new("alice"));
    let mut bob = Settings::new("bob");
    bob.policy = policy;
    let bob = world.phone(&bob);
    let carol = Settings::new("carol").answers_after(secs(1), ports::media::Sound::Person);
    let carol = world.phone(&carol);
    (world, alice, bob, carol)
}

/// Where Carol will be in a world of [`three`].
fn carol_of(seed: u64) -> String {
    let (_, _, _, carol) = three(seed, Policy::default());
    carol.uri()
}

/// Status of each call of this phone that ended.
fn ends(phone: &Phone) -> Vec<Option<u16>> {
    let events = phone.events().into_iter();
    events
        .filter_map(|event| {
            let EventBody::CallEnded(told) = event.body else {
                return None;
            };
            Some(told.sip_status)
        })
        .collect()
}

fn warnings(phone: &Phone) -> Vec<Code> {
    let events = phone.events().into_iter();
    events
        .filter_map(|event| {
            let EventBody::CallWarning(told) = event.body else {
                return None;
            };
            Some(told.code)
        })
        .collect()
}

/// M-197, K-091, K-093 to K-098: by hand and by the clock, the caller hears busy and nothing rings.
#[test]
fn m_135_who_is_not_to_be_disturbed_is_not() {
    let by_hand = DoNotDisturb {
        on: true,
        ..DoNotDisturb::default()
    };
    let by_clock = DoNotDisturb {
        gmt_offset_min: Some(0),
        schedule: vec![Entry::read("daily 00:00-23:59").unwrap()],
        ..DoNotDisturb::default()
    };
    for (seed, do_not_disturb) in [(1, by_hand), (2, by_clock)] {
        let quiet = receiving(Receiving {
            do_not_disturb,
            ..Receiving::default()
        });
        let (world, alice, bob, _) = three(seed, quiet);
        alice.dial(&bob.uri());
        assert!(world.run_while_not(secs(2), || alice.count("call.ended") == 1));
        assert_eq!(ends(&alice), [Some(486)]);
        assert_eq!((bob.count("call.created"), bob.count("call.ended")), (1, 1));
        assert_eq!(bob.count("call.incoming"), 0, "nothing rings");
        assert_eq!(alice.count("call.ringing"), 0);
        assert!(bob.calls().is_empty());
    }
}

/// M-205, K-176, K-177: all calls, at once; and those that nobody answers, after 15 s.
#[test]
fn m_133_calls_are_sent_to_carol_at_once_or_after_15_s() {
    let seed = 3;
    let carol = carol_of(seed);
    let always = Forwarding {
        always: Some(carol.clone()),
        ..Forwarding::default()
    };
    let unanswered = Forwarding {
        no_answer: Some((secs(15), carol)),
        ..Forwarding::default()
    };
    for (forwarding, rings, after) in [(always, 0, 0), (unanswered, 1, 15)] {
        let sends = receiving(Receiving {
            forwarding,
            ..Receiving::default()
        });
        let (world, alice, bob, carol) = three(seed, sends);
        alice.dial(&bob.uri());
        let began = world.now();
        assert!(world.run_while_not(secs(40), || carol.ringing().is_some()));
        let waited = world.now().since(began).as_secs_f64();
        assert!((waited - f64::from(after)).abs() < 0.5, "{waited}");
        assert!(world.run_while_not(secs(3), || alice.count("call.answered") == 1));
        assert_eq!(bob.count("call.incoming"), rings);
        assert_eq!(ends(&bob), [Some(302)]);
    }
}

/// M-205, K-178, K-104: while Bob talks, others are sent on, refused or let through.
#[test]
fn m_133_calls_beside_another_are_sent_on_refused_or_wait() {
    let seed = 4;
    let busy = Forwarding {
        busy: Some(carol_of(seed)),
        ..Forwarding::default()
    };
    let sent_on = Receiving {
        forwarding: busy,
        ..Receiving::default()
    };
    let refused = Receiving {
        call_waiting: false,
        ..Receiving::default()
    };
    for (receives, rings, end) in [
        (sent_on, 1, Some(302)),
        (refused, 1, Some(486)),
        (Receiving::default(), 2, None),
    ] {
        let (mut world, alice, bob, _) = three(seed, receiving(receives));
        let dave = world.phone(&Settings::new("dave"));
        alice.dial(&bob.uri());
        assert!(world.run_while_not(secs(2), || bob.ringing().is_some()));
        bob.accept(bob.ringing().unwrap());
        world.run_for(secs(2));
        dave.dial(&bob.uri());
        world.run_for(secs(5));
        assert_eq!(bob.count("call.incoming"), rings, "{end:?}");
        assert_eq!(ends(&bob), end.map(Some).into_iter().collect::<Vec<_>>());
        assert_eq!(alice.count("call.ended"), 0, "the first call goes on");
    }
}

/// K-138, K-139: rules about the caller decide first.
#[test]
fn rules_about_the_caller_refuse_and_send_on_k_138_k_139() {
    let seed = 5;
    let carol = carol_of(seed);
    let forward = format!("equals alice => forwardCall {carol}");
    for (rule, end) in [("equals alice => rejectCall", 486), (forward.as_str(), 302)] {
        let rules = Rules::read([rule], policy::Direction::Incoming).unwrap();
        let (mut world, alice, bob, _) = three(
            seed,
            receiving(Receiving {
                rules,
                ..Receiving::default()
            }),
        );
        let dave = world.phone(&Settings::new("dave"));
        alice.dial(&bob.uri());
        world.run_for(secs(3));
        assert_eq!(ends(&bob), [Some(end)], "{rule}");
        dave.dial(&bob.uri());
        world.run_for(secs(3));
        assert_eq!(bob.count("call.incoming"), 1, "of Dave nothing is said");
    }
}

#[test]
fn forwarding_to_whoever_calls_is_left_out_and_said() {
    let back = Forwarding {
        always: Some("sip:alice@pbx.test".into()),
        ..Forwarding::default()
    };
    let (world, alice, bob, _) = three(
        6,
        receiving(Receiving {
            forwarding: back,
            ..Receiving::default()
        }),
    );
    alice.dial(&bob.uri());
    assert!(world.run_while_not(secs(2), || bob.ringing().is_some()));
    assert_eq!(warnings(&bob), [Code::FORWARDED_IN_A_CIRCLE]);
}

fn by_itself(after: u64, muted: bool) -> Policy {
    receiving(Receiving {
        auto_answer: AutoAnswer {
            own: Some(secs(after)),
            muted,
            ..AutoAnswer::default()
        },
        ..Receiving::default()
    })
}

/// K-195, K-196: after 3 s, with a tone for the person; muted where the settings say so.
#[test]
fn m_137_calls_are_picked_up_by_themselves_with_a_tone_first() {
    for (seed, muted) in [(7, false), (8, true)] {
        let (world, alice, bob, _) = three(seed, by_itself(3, muted));
        alice.dial(&bob.uri());
        let began = world.now();
        assert!(world.run_while_not(secs(10), || alice.count("call.answered") == 1));
        let waited = world.now().since(began).as_secs_f64();
        assert!((2.9..3.5).contains(&waited), "{waited}");
        bob.take_heard();
        world.run_for(secs(1));
        let heard = bob.take_heard();
        let loudest = heard.iter().map(|sample| sample.unsigned_abs()).max();
        assert!(loudest > Some(4_000), "{loudest:?}");
        let said = chirp(&mut Rng::from_number(seed), Rate::Hz16000, 1_000);
        alice.take_heard();
        bob.say(&said);
        world.run_for(secs(3));
        let found = correlate::find(&said, &alice.take_heard());
        let heard = found.is_some_and(|found| found.score > 0.95);
        assert_eq!(heard, !muted);
        assert_eq!(bob.calls()[0].muted, muted);
    }
}

#[test]
fn m_137_nothing_is_picked_up_beside_another_call() {
    let (mut world, alice, bob, _) = three(9, by_itself(5, false));
    let dave = world.phone(&Settings::new("dave"));
    alice.dial(&bob.uri());
    world.run_for(secs(2));
    // Dave comes while Alice rings: neither is picked up.
    dave.dial(&bob.uri());
    world.run_for(secs(10));
    assert_eq!(bob.count("call.incoming"), 2);
    assert_eq!(
        (alice.count("call.answered"), dave.count("call.answered")),
        (0, 0)
    );
}

/// An INVITE of `from` by way of Eve, with these header fields; whom Bob saw calling, and what Eve was answered.
fn by_eve(
    seed: u64,
    domain_is_hers: bool,
    policy: Policy,
    fields: &[(&str, &str)],
) -> (String, Vec<u16>) {
    let mut world = World::new(seed);
    let eve = Peer::new(&mut world, "eve");
    let mut bob = Settings::new("bob");
    bob.policy = policy;
    if domain_is_hers {
        bob.domain = eve.script().address.ip().to_string();
    }
    let bob = world.phone(&bob);
    world.run_for(secs(1));
    let script = eve.script();
    let mut invite = RequestBuilder::new(Method::Invite, bob.uri())
        .header("Max-Forwards", 70)
        .header("From", "\"Eve\" <sip:eve@elsewhere.test>;tag=e1")
        .header("To", format!("<{}>", bob.uri()))
        .header("Call-ID", "by-eve")
        .header("CSeq", "1 INVITE")
        .header("Contact", script.contact());
    for (name, value) in fields {
        invite = invite.header(*name, *value);
    }
    let invite = invite.body("application/sdp", script.sdp(1));
    drop(script);
    let heard = Rc::new(RefCell::new(Vec::new()));
    let store = Rc::clone(&heard);
    let to = std::net::SocketAddr::new(bob.ip(), 5060);
    eve.script().send(invite, to, move |_, response| {
        store.borrow_mut().push(response.status().code());
    });
    world.run_for(secs(4));
    let from = bob.calls().first().map(|call| call.from.uri.clone());
    let heard = heard.borrow().clone();
    (from.unwrap_or_default(), heard)
}

/// K-197: the wish of a caller counts when a server of the account passes it on, and the caller is listed.
#[test]
fn m_137_callers_are_answered_at_their_wish_if_a_server_of_ours_says_so() {
    let asked = |callers| {
        receiving(Receiving {
            auto_answer: AutoAnswer {
                asked: true,
                callers,
                ..AutoAnswer::default()
            },
            ..Receiving::default()
        })
    };
    let wish = [("Call-Info", "<sip:pbx.test>;answer-after=1")];
    let answered = |trusted, callers| {
        let (_, heard) = by_eve(10, trusted, asked(callers), &wish);
        heard.contains(&200)
    };
    let eve = || Callers::read(&["eve".to_owned()]).unwrap_or_default();
    assert!(answered(true, Callers::All));
    assert!(!answered(false, Callers::All), "anybody could ask");
    assert!(!answered(true, eve()), "a name is no number");
    assert!(!answered(true, Callers::default()), "nobody is listed");
}

/// M-199, K-148: what a server of the account asserts names the caller; what a stranger asserts does not.
#[test]
fn k_148_the_caller_is_who_a_trusted_server_says() {
    let asserted = [("P-Asserted-Identity", "\"Desk\" <sip:555@pbx.test>")];
    let (trusted, _) = by_eve(11, true, Policy::default(), &asserted);
    assert_eq!(trusted, "sip:555@pbx.test");
    let (stranger, _) = by_eve(12, false, Policy::default(), &asserted);
    assert_eq!(stranger, "sip:eve@elsewhere.test");
}

/// Proxies that forward to each other end with the phone that is last.
#[test]
fn a_call_that_was_sent_on_before_is_not_sent_back() {
    let to = Forwarding {
        always: Some("sip:first@elsewhere.test".into()),
        ..Forwarding::default()
    };
    let policy = receiving(Receiving {
        forwarding: to,
        ..Receiving::default()
    });
    let by = [(
        "Diversion",
        "<sip:first@elsewhere.test>;reason=unconditional",
    )];
    let (from, heard) = by_eve(13, false, policy, &by);
    assert_eq!(from, "sip:eve@elsewhere.test");
    assert!(heard.contains(&180) && !heard.contains(&302), "{heard:?}");
}

/// How the account of a phone was told to be last.
fn changed(phone: &Phone) -> AccountSnapshot {
    let events = phone.events().into_iter().rev();
    let mut changes = events.filter_map(|event| {
        let EventBody::AccountChanged(told) = event.body else {
            return None;
        };
        Some(told.snapshot.clone())
    });
    changes.next().expect("the change was told")
}

/// Switched while the engine runs: all who look see the same, and the next call meets it.
#[test]
fn m_135_do_not_disturb_is_switched_by_a_command() {
    let (world, alice, bob, _) = three(14, Policy::default());
    for (on, rings) in [(true, 0), (false, 1)] {
        let asked = Quiet { account: None, on };
        bob.command(Command::DoNotDisturb(asked)).unwrap();
        world.run_for(secs(1));
        assert_eq!(changed(&bob).do_not_disturb, on);
        alice.dial(&bob.uri());
        world.run_for(secs(3));
        assert_eq!(bob.count("call.incoming"), rings);
    }
}

#[test]
fn m_133_forwarding_is_switched_by_a_command() {
    let seed = 15;
    let carol = carol_of(seed);
    let (world, alice, bob, carol_rings) = three(seed, Policy::default());
    let forward = |when, to: Option<&str>, after_s| {
        let to = to.map(str::to_owned);
        bob.command(Command::Forward(Forward {
            account: None,
            when,
            to,
            after_s,
        }))
    };
    forward(ForwardWhen::NoAnswer, Some(&carol), Some(4)).unwrap();
    world.run_for(secs(1));
    let told = changed(&bob).forwarding;
    assert_eq!((told.no_answer, told.after_s), (Some(carol), Some(4)));
    alice.dial(&bob.uri());
    assert!(world.run_while_not(secs(6), || carol_rings.ringing().is_some()));
    forward(ForwardWhen::NoAnswer, None, None).unwrap();
    world.run_for(secs(1));
    assert!(changed(&bob).forwarding.is_off());
    for (to, code) in [
        ("bob", Code::FORWARDED_IN_A_CIRCLE),
        ("nobody <there>", Code::BAD_ADDRESS),
    ] {
        let refused = forward(ForwardWhen::Always, Some(to), None).unwrap_err();
        assert_eq!(refused.code, code, "{to}");
    }
}
