//! What is dialled goes out as the account's rules say, and what was dialled behind the number follows the answer.
#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)] // A test looks for one kind of event.

use base::Duration;
use control::event::Side;
use control::{CallHandle, Code, EndCause, EventBody};
use offhook_sim::{LinkSettings, Peer, Phone, Settings, World};
use policy::open_url::{Field, OpenUrl};
use policy::{Dialling, Location, Policy, Rules, rule::Direction};
use ports::media::Sound;

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn clean(seed: u64) -> World {
    let world = World::new(seed);
    world.set_links(&LinkSettings {
        delay: ms(20),
        ..LinkSettings::CLEAN
    });
    world
}

fn desk(rules: &[&str]) -> Policy {
    Policy {
        dialling: Dialling {
            rules: Rules::read(rules.iter().copied(), Direction::Outgoing).unwrap(),
            location: Some(Location::germany("711")),
            emergency: vec!["112".to_owned()],
            ..Dialling::default()
        },
        ..Policy::default()
    }
}

/// Alice with these rules, whose every request goes to Eve.
fn alice_and_eve(seed: u64, rules: &[&str]) -> (World, Phone, Peer) {
    let mut world = clean(seed);
    let eve = Peer::new(&mut world, "eve");
    eve.on("INVITE", |script, request| {
        script.reply(request, 486, |response| response);
    });
    let mut settings = Settings::new("alice");
    settings.outbound_proxy = Some(eve.uri().parse().unwrap());
    settings.policy = desk(rules);
    let alice = world.phone(&settings);
    (world, alice, eve)
}

/// The Request-URI and the value of `X-Rule` of the call to what is dialled.
fn dialled(world: &mut World, alice: &Phone, eve: &Peer, typed: &str) -> (String, Option<String>) {
    let before = alice.count("call.ended");
    alice.dial(typed);
    assert!(
        world.run_while_not(ms(5_000), || alice.count("call.ended") > before),
        "{typed}"
    );
    let invite = eve.last("INVITE").unwrap();
    let header = invite.headers().first("X-Rule");
    let header = header.map(|value| String::from_utf8_lossy(value).into_owned());
    (invite.uri_text().to_owned(), header)
}

/// K-105, K-111, K-127, K-128, K-137; M-063: rules and location on the wire.
#[test]
fn m_198_the_request_uri_is_what_rules_made_of_the_number() {
    let (mut world, alice, eve) = alice_and_eve(
        1,
        &[
            "equals 5 => replace 500, setHeader \"X-Rule: two\"",
            "doesntStartWith 0, longerThan 8 => prepend 0420",
        ],
    );
    for (typed, user, header) in [
        ("123456789", "0420123456789", None),
        ("12345678", "12345678", None),
        ("5", "500", Some("two")),
        ("tel:+49-711-12345", "0071112345", None),
        ("+1 (212) 555-0100", "00012125550100", None),
        ("112", "112", None),
    ] {
        let expected = (format!("sip:{user}@pbx.test"), header.map(str::to_owned));
        assert_eq!(
            dialled(&mut world, &alice, &eve, typed),
            expected,
            "{typed}"
        );
    }
}

/// Code and words of the end of a call that is dialled and goes nowhere.
fn refused(world: &mut World, alice: &Phone, typed: &str) -> (Code, String) {
    alice.dial(typed);
    world.run_for(ms(200));
    let ended = alice
        .events()
        .into_iter()
        .rev()
        .find_map(|event| match event.body {
            EventBody::CallEnded(ended) => ended.error,
            _ => None,
        });
    let error = ended.unwrap();
    (error.code, error.detail)
}

/// K-132, K-135, K-136: what rules want and nobody can do is told, and nobody is called.
#[test]
fn what_rules_want_and_nobody_can_do_is_told() {
    let (mut world, alice, eve) = alice_and_eve(
        2,
        &[
            "equals 1 => dialOut mobile",
            "equals 2 => callThrough",
            "equals 3 => overrideDialAction openUrl",
        ],
    );
    for (typed, code, words) in [
        (
            "1",
            Code::UNKNOWN_ACCOUNT,
            "a rule calls through account 'mobile', which is not there",
        ),
        (
            "2",
            Code::RULES_WANT_MORE,
            "call-through is not enabled for this account",
        ),
        (
            "3",
            Code::RULES_WANT_MORE,
            "dial action openUrl: no address configured",
        ),
        (
            "4,x",
            Code::BAD_ADDRESS,
            "'4,x' is no number and no address: 'x' at place 3 is no key: allowed after the first comma are \
             0-9 * # A-D and commas",
        ),
    ] {
        assert_eq!(
            refused(&mut world, &alice, typed),
            (code, words.to_owned()),
            "{typed}"
        );
    }
    assert_eq!(eve.count("INVITE"), 0);
}

/// Alice with these rules, whose every call is taken by Bob.
fn alice_and_bob(seed: u64, change: impl FnOnce(&mut Settings)) -> (World, Phone, Phone) {
    let mut world = clean(seed);
    let settings = Settings::new("bob").answers_after(ms(100), Sound::Silence);
    let bob = world.phone(&settings);
    let mut settings = Settings::new("alice");
    settings.outbound_proxy = Some(bob.uri().parse().unwrap());
    change(&mut settings);
    let alice = world.phone(&settings);
    (world, alice, bob)
}

fn answered(world: &mut World, alice: &Phone, to: &str) -> CallHandle {
    let call = alice.dial(to);
    assert!(world.run_while_not(ms(3_000), || alice.count("call.answered") == 1));
    call
}

/// The keys that came, in order.
fn keys_of(bob: &Phone) -> String {
    let events = bob.events().into_iter();
    let digits = events.filter_map(|event| match event.body {
        EventBody::CallDtmf(told) if told.direction == Side::Remote => Some(told.digit),
        _ => None,
    });
    digits.collect()
}

/// M-062: a call, then digits after two pauses of 2 s.
#[test]
fn m_062_digits_follow_the_answer_after_their_pauses() {
    let (mut world, alice, bob) = alice_and_bob(3, |_| {});
    answered(&mut world, &alice, "1555,,1234#");
    let heard = || keys_of(&bob);
    world.run_for(ms(3_700));
    assert_eq!(heard(), "");
    world.run_for(ms(700));
    assert!(heard().starts_with('1'), "{}", heard());
    world.run_for(ms(2_000));
    assert_eq!(heard(), "1234#");
}

/// K-131: a call that a rule names is recorded from its answer on, another is not.
#[test]
fn k_131_calls_that_a_rule_names_are_recorded() {
    for (to, started) in [("77", 1), ("78", 0)] {
        let folder = tempfile::tempdir().unwrap();
        let (mut world, alice, _bob) = alice_and_bob(4, |settings| {
            settings.policy = desk(&["equals 77 => recordCall"]);
            settings.recordings = Some(folder.path().display().to_string());
        });
        let call = answered(&mut world, &alice, to);
        world.run_for(ms(1_000));
        assert_eq!(alice.count("recording.started"), started, "{to}");
        alice.hang_up(call);
        world.run_for(ms(2_000));
        assert_eq!(alice.count("recording.stopped"), started, "{to}");
    }
}

/// K-135, K-169, K-218: by way of the access number, where the number is keyed in 2 s after the answer.
#[test]
fn m_210_k_135_call_through_keys_the_number_in_at_the_access_number() {
    let (mut world, alice, bob) = alice_and_bob(6, |settings| {
        settings.policy = desk(&["startsWith 7 => callThrough"]);
        settings.policy.dialling.call_through =
            policy::action::CallThrough::read("5550,%targetNumber%#");
    });
    let call = answered(&mut world, &alice, "7-123");
    let heard = || keys_of(&bob);
    world.run_for(ms(1_800));
    assert_eq!(heard(), "");
    world.run_for(ms(400));
    assert!(heard().starts_with('7'), "{}", heard());
    world.run_for(ms(2_000));
    assert_eq!(heard(), "7123#");
    let created = alice
        .events()
        .into_iter()
        .find_map(|event| match event.body {
            EventBody::CallCreated(created) => Some(created),
            _ => None,
        });
    assert_eq!(created.unwrap().to, "sip:5550@pbx.test");
    alice.hang_up(call);
}

/// K-222: where nobody asks the person, the number is called, with a warning.
#[test]
fn m_210_k_222_options_without_anybody_to_ask_is_a_call() {
    let (mut world, alice, _bob) = alice_and_bob(7, |settings| {
        settings.policy = desk(&["equals 7 => overrideDialAction options"]);
    });
    answered(&mut world, &alice, "7");
    assert_eq!(alice.count("call.warning"), 1);
}

/// K-180, K-220: the page for the number is what the host gets, and nobody is called: by a rule, or by a person's choice.
#[test]
fn m_210_k_220_a_page_is_opened_instead_of_a_call() {
    let (world, alice, bob) = alice_and_bob(8, |settings| {
        settings.policy = desk(&["startsWith 7 => overrideDialAction openUrl"]);
        settings.policy.dialling.open_url =
            OpenUrl::read("https://crm.test/?n=%uri%", |_| Field::Unknown).ok();
    });
    alice.dial("7#1");
    assert!(world.run_while_not(ms(2_000), || alice.count("call.ended") == 1));
    let mut opened = None;
    let mut cause = None;
    for event in alice.events() {
        match event.body {
            EventBody::CallOpenUrl(told) => opened = Some(told.url),
            EventBody::CallEnded(ended) => cause = Some((ended.cause, ended.error)),
            _ => {}
        }
    }
    assert_eq!(opened.as_deref(), Some("https://crm.test/?n=7%231"));
    assert_eq!(cause, Some((EndCause::Redirected, None)));
    assert_eq!(
        (alice.count("call.sent"), bob.count("call.incoming")),
        (0, 0)
    );
}
