//! Keys by every method, in the order of the settings, and heard by every way. M-058, M-059, K-066, K-067.
#![allow(clippy::unwrap_used)]

use base::Duration;
use control::event::{DtmfMethod, Side};
use control::{CallHandle, EventBody};
use engine::voice::{Keys, Listen};
use offhook_sim::{LinkSettings, Peer, Phone, Settings, World};
use ports::media::Sound;

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Digits that a phone was told of, each with its way.
fn told(phone: &Phone, of: Side) -> Vec<(char, DtmfMethod)> {
    let events = phone.events().into_iter();
    let digits = events.filter_map(|event| {
        let EventBody::CallDtmf(told) = event.body else {
            return None;
        };
        assert!((80..=130).contains(&told.duration_ms), "{told:?}");
        (told.direction == of).then_some((told.digit, told.method))
    });
    digits.collect()
}

fn by(keys: &str, method: DtmfMethod) -> Vec<(char, DtmfMethod)> {
    keys.chars().map(|key| (key, method)).collect()
}

fn order(methods: &[&str]) -> Keys {
    Keys {
        order: methods.iter().map(|&name| name.to_owned()).collect(),
        ..Keys::default()
    }
}

fn clean(seed: u64) -> World {
    let world = World::new(seed);
    world.set_links(&LinkSettings {
        delay: ms(20),
        ..LinkSettings::CLEAN
    });
    world
}

/// Alice calls Bob's phone, which is as `bob` says.
fn call(
    seed: u64,
    alice: Keys,
    bob: impl FnOnce(&mut Settings),
) -> (World, Phone, Phone, CallHandle) {
    let mut world = clean(seed);
    let mut settings = Settings::new("alice");
    settings.keys = alice;
    let alice = world.phone(&settings);
    let mut settings = Settings::new("bob").answers_after(ms(100), Sound::Silence);
    bob(&mut settings);
    let bob = world.phone(&settings);
    let call = alice.dial(&bob.uri());
    assert!(world.run_while_not(ms(3_000), || alice.count("call.answered") == 1));
    world.run_for(ms(500));
    (world, alice, bob, call)
}

/// Alice calls Eve, who offers no telephone-event; `allow` is what she says that she takes, `status` what
/// she makes of INFO.
fn eve(
    seed: u64,
    keys: Keys,
    allow: &'static str,
    status: u16,
) -> (World, Phone, Peer, CallHandle) {
    let mut world = clean(seed);
    let mut settings = Settings::new("alice");
    settings.keys = keys;
    let alice = world.phone(&settings);
    let eve = Peer::new(&mut world, "eve");
    eve.on("INVITE", move |script, request| {
        let sdp = script.sdp(1);
        script.reply(request, 200, |response| {
            response.header("Allow", allow).body("application/sdp", sdp)
        });
    });
    eve.on("INFO", move |script, request| {
        script.reply(request, status, |response| response)
    });
    let call = alice.dial(&eve.uri());
    assert!(world.run_while_not(ms(3_000), || alice.count("call.answered") == 1));
    world.run_for(ms(500));
    (world, alice, eve, call)
}

const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, INFO";

#[test]
fn k_066_the_first_method_that_can_be_used_is_used_alone() {
    let (world, alice, bob, call) = call(1, Keys::default(), |_| ());
    alice.press(call, "19#");
    world.run_for(ms(2_000));
    assert_eq!(told(&alice, Side::Local), by("19#", DtmfMethod::Rtp));
    assert_eq!(told(&bob, Side::Remote), by("19#", DtmfMethod::Rtp));
}

#[test]
fn m_059_without_telephone_event_keys_go_by_info() {
    let (world, alice, bob, call) = call(2, Keys::default(), |bob| bob.telephone_event = false);
    alice.press(call, "0123456789*#ABCD");
    world.run_for(ms(3_000));
    let all = by("0123456789*#ABCD", DtmfMethod::Info);
    assert_eq!(told(&alice, Side::Local), all);
    assert_eq!(told(&bob, Side::Remote), all);
}

#[test]
fn m_059_tones_are_made_and_heard() {
    let (world, alice, bob, call) = call(3, order(&["audio"]), |bob| bob.telephone_event = false);
    alice.press(call, "0123456789*#ABCD");
    world.run_for(ms(5_000));
    let all = by("0123456789*#ABCD", DtmfMethod::Inband);
    assert_eq!(told(&alice, Side::Local), all);
    assert_eq!(told(&bob, Side::Remote), all);
}

#[test]
fn k_066_order_counts_and_a_method_left_off_is_never_used() {
    let (world, alice, bob, call) = call(4, order(&["info", "rfc2833"]), |_| ());
    alice.press(call, "5");
    world.run_for(ms(1_000));
    assert_eq!(told(&bob, Side::Remote), by("5", DtmfMethod::Info));
    alice.hang_up(call);
    let (world, alice, _bob, call) =
        self::call(5, order(&["rfc2833"]), |bob| bob.telephone_event = false);
    alice.press(call, "56");
    world.run_for(ms(1_000));
    assert_eq!(told(&alice, Side::Local), []);
    assert_eq!(alice.count("call.warning"), 2);
}

#[test]
fn k_066_a_peer_whose_allow_leaves_info_out_is_not_asked() {
    let (world, alice, eve, call) = eve(6, Keys::default(), "INVITE, ACK, CANCEL, BYE", 200);
    alice.press(call, "12");
    world.run_for(ms(2_000));
    assert_eq!(eve.count("INFO"), 0);
    assert_eq!(told(&alice, Side::Local), by("12", DtmfMethod::Inband));
}

#[test]
fn k_066_info_that_is_refused_goes_by_the_next_method() {
    for status in [405, 415, 501] {
        let (world, alice, eve, call) = eve(7, Keys::default(), ALLOW, status);
        alice.press(call, "12");
        world.run_for(ms(2_000));
        alice.press(call, "3");
        world.run_for(ms(2_000));
        assert_eq!(eve.count("INFO"), 1, "{status}");
        assert_eq!(told(&alice, Side::Local), by("123", DtmfMethod::Inband));
    }
}

#[test]
fn m_059_info_says_the_key_and_how_long() {
    let (world, alice, eve, call) = eve(8, Keys::default(), ALLOW, 200);
    alice.press(call, "1*");
    world.run_for(ms(1_000));
    assert_eq!(eve.count("INFO"), 2);
    let last = eve.last("INFO").unwrap();
    assert_eq!(
        last.headers().text("Content-Type").unwrap(),
        "application/dtmf-relay"
    );
    assert_eq!(last.body().as_ref(), b"Signal=*\r\nDuration=100\r\n");
    assert_eq!(told(&alice, Side::Local), by("1*", DtmfMethod::Info));
}

/// M-194, K-067, and what is heard by two ways at once is one key.
#[test]
fn k_067_all_methods_at_once_are_one_key_to_who_hears_all() {
    let keys = Keys {
        all: true,
        ..Keys::default()
    };
    let (world, alice, bob, call) = call(9, keys, |bob| bob.keys.listen = Listen::Always);
    alice.press(call, "7");
    world.run_for(ms(1_500));
    let mut ways: Vec<_> = told(&alice, Side::Local);
    ways.sort_by_key(|(_, way)| format!("{way:?}"));
    let all = [DtmfMethod::Inband, DtmfMethod::Info, DtmfMethod::Rtp];
    assert_eq!(ways, all.map(|way| ('7', way)));
    assert_eq!(
        told(&bob, Side::Remote).len(),
        1,
        "{:?}",
        told(&bob, Side::Remote)
    );
}
