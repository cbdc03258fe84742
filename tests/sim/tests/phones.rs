//! Whole phones: they call, talk, and leave nothing behind.
#![allow(clippy::unwrap_used)]

use audio::{Rate, chirp::chirp, correlate};
use base::{Duration, Rng};
use control::EventBody;
use control::event::Side;
use control::snapshot::AccountState;
use offhook_sim::{LinkSettings, Loss, Proxy, Settings, World};
use ports::media::Sound;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// 20 ms each way, nothing lost.
fn clean() -> LinkSettings {
    LinkSettings {
        delay: Duration::from_millis(20),
        ..LinkSettings::CLEAN
    }
}

#[test]
fn two_phones_call_talk_and_hang_up() {
    let mut world = World::new(1);
    world.set_links(&clean());
    let alice = world.phone(&Settings::new("alice"));
    let bob = world.phone(&Settings::new("bob"));
    let said = chirp(&mut Rng::from_number(7), Rate::Hz16000, 1_000);
    let answered = chirp(&mut Rng::from_number(8), Rate::Hz16000, 1_000);
    let call = alice.dial(&bob.uri());
    assert!(world.run_while_not(secs(2), || bob.ringing().is_some()));
    bob.accept(bob.ringing().unwrap());
    world.run_for(secs(1));
    alice.say(&said);
    bob.say(&answered);
    world.run_for(secs(3));
    let found = correlate::find(&said, &bob.take_heard()).unwrap();
    assert!(found.score > 0.95, "{found:?}");
    let found = correlate::find(&answered, &alice.take_heard()).unwrap();
    assert!(found.score > 0.95, "{found:?}");
    alice.hang_up(call);
    world.run_for(secs(70));
    for phone in [&alice, &bob] {
        assert_eq!(phone.count("call.answered"), 1);
        assert_eq!(phone.count("call.ended"), 1);
        let (sent, heard) = phone.media_datagrams();
        assert!(sent > 190 && heard > 190, "{sent} {heard}");
    }
    assert_eq!(world.unfinished(), Vec::<String>::new());
}

/// Also of a call that is over before anything was counted on the way.
#[test]
fn the_end_of_a_short_call_says_how_many_packets_came_and_went() {
    let mut world = World::new(3);
    world.set_links(&clean());
    let alice = world.phone(&Settings::new("alice"));
    let bob = world.phone(&Settings::new("bob"));
    let call = alice.dial(&bob.uri());
    assert!(world.run_while_not(secs(2), || bob.ringing().is_some()));
    bob.accept(bob.ringing().unwrap());
    world.run_for(Duration::from_millis(700));
    alice.hang_up(call);
    world.run_for(secs(2));
    for phone in [&alice, &bob] {
        let ended = phone.events().into_iter().find_map(|event| {
            let EventBody::CallEnded(ended) = event.body else {
                return None;
            };
            Some(ended)
        });
        let quality = ended.unwrap().snapshot.quality.expect("media ran");
        let (came, went) = (quality.packets_in, quality.packets_out);
        assert!(came > 20 && went > 20, "{came} came, {went} went");
    }
}

fn hash_of(seed: u64) -> (u64, u64) {
    let mut world = World::new(seed);
    world.set_links(&LinkSettings {
        loss: Loss::Random(0.1),
        ..clean()
    });
    let alice = world.phone(&Settings::new("alice"));
    let bob = Settings::new("bob").answers_after(Duration::from_millis(300), Sound::Echo);
    let bob = world.phone(&bob);
    alice.say(&chirp(&mut Rng::from_number(7), Rate::Hz16000, 1_000));
    alice.dial(&bob.uri());
    world.run_for(secs(5));
    assert!(
        alice.media_datagrams().1 > 100,
        "{:?}",
        alice.media_datagrams()
    );
    let count = world.space().trace().count();
    (world.hash(), count)
}

#[test]
fn a_seed_gives_one_trace_of_signalling_and_voice() {
    let (one, count) = hash_of(11);
    assert_eq!(hash_of(11), (one, count));
    assert_ne!(hash_of(12).0, one);
    assert!(count > 1_000, "{count}");
}

/// The PBX of two registered phones.
fn pbx(world: &mut World) -> Proxy {
    let server = Proxy::new(world, "pbx", "pbx.test");
    let users = ["alice", "bob"].map(|user| (user.to_owned(), format!("{user}'s word")));
    server.state().registrar.passwords = users.into();
    server
}

fn registered(name: &str) -> Settings {
    Settings::new(name).registered(&format!("{name}'s word"), secs(600))
}

#[test]
fn registered_phones_call_each_other_over_their_pbx() {
    let mut world = World::new(2);
    world.set_links(&clean());
    let server = pbx(&mut world);
    let alice = world.phone(&registered("alice"));
    let bob = registered("bob").answers_after(secs(1), Sound::Echo);
    let bob = world.phone(&bob);
    server.state().challenges = true;
    world.run_for(secs(1));
    assert_eq!(alice.count("account.registered"), 1);
    assert_eq!(bob.count("account.registered"), 1);
    let said = chirp(&mut Rng::from_number(9), Rate::Hz16000, 1_000);
    let call = alice.dial("bob");
    assert!(world.run_while_not(secs(5), || alice.count("call.answered") == 1));
    world.run_for(secs(1));
    alice.say(&said);
    world.run_for(secs(3));
    let found = correlate::find(&said, &alice.take_heard()).unwrap();
    assert!(found.score > 0.95, "{found:?}");
    alice.hang_up(call);
    world.run_for(secs(2));
    assert_eq!((alice.count("call.ended"), bob.count("call.ended")), (1, 1));
    world.end_all();
    world.run_for(secs(70));
    assert_eq!(world.unfinished(), Vec::<String>::new());
    assert_eq!(alice.count("account.unregistered"), 1);
}

/// An hour of two registered phones that call each other every minute.
#[test]
fn an_hour_with_sixty_calls_passes_in_seconds() {
    let mut world = World::new(3);
    world.set_links(&clean());
    pbx(&mut world);
    let alice = world.phone(&registered("alice"));
    let bob = world.phone(&registered("bob").answers_after(secs(2), Sound::Echo));
    world.run_for(secs(1));
    for minute in 1..=60_usize {
        let call = alice.dial("bob");
        world.run_for(secs(20));
        assert_eq!(alice.count("call.answered"), minute);
        alice.hang_up(call);
        world.run_for(secs(40));
        assert_eq!(bob.count("call.ended"), minute);
        alice.take_heard();
    }
    for phone in [&alice, &bob] {
        assert_eq!(phone.count("account.failed"), 0);
        let registered = phone.snapshot().accounts;
        assert_eq!(registered.len(), 1);
        assert_eq!(registered[0].state, AccountState::Registered);
    }
    world.end_all();
    world.run_for(secs(70));
    assert_eq!(world.unfinished(), Vec::<String>::new());
}

/// TCP all the way: registration, calls, and bytes cut at random places.
#[test]
fn phones_call_each_other_over_tcp() {
    let mut world = World::new(4);
    world.set_links(&clean());
    world.space_mut().cut_streams();
    let alice = world.phone(&Settings::new("alice"));
    let bob = world.phone(&Settings::new("bob").answers_after(secs(1), Sound::Echo));
    let call = alice.dial(&format!("{};transport=tcp", bob.uri()));
    world.run_for(secs(3));
    assert_eq!(alice.count("call.answered"), 1);
    alice.hang_up(call);
    world.run_for(secs(70));
    assert_eq!((alice.count("call.ended"), bob.count("call.ended")), (1, 1));
    assert_eq!(world.unfinished(), Vec::<String>::new());
}

/// Digits that a phone was told of, its own or the peer's.
fn digits(phone: &offhook_sim::Phone, of: Side) -> String {
    let events = phone.events().into_iter();
    let digits = events.filter_map(|event| {
        let EventBody::CallDtmf(told) = event.body else {
            return None;
        };
        assert!((100..=120).contains(&told.duration_ms), "{told:?}");
        (told.direction == of).then_some(told.digit)
    });
    digits.collect()
}

#[test]
fn m_058_a_digit_is_told_when_it_has_sounded() {
    let mut world = World::new(4);
    world.set_links(&clean());
    let alice = world.phone(&Settings::new("alice"));
    let bob = Settings::new("bob").answers_after(Duration::from_millis(100), Sound::Echo);
    let bob = world.phone(&bob);
    let call = alice.dial(&bob.uri());
    assert!(world.run_while_not(secs(2), || alice.count("call.answered") == 1));
    world.run_for(secs(1));
    alice.press(call, "42#");
    world.run_for(Duration::from_millis(90));
    assert_eq!(digits(&alice, Side::Local), "", "the first still sounds");
    world.run_for(Duration::from_millis(130));
    assert_eq!(digits(&alice, Side::Local), "4");
    world.run_for(secs(1));
    assert_eq!(digits(&alice, Side::Local), "42#");
    assert_eq!(digits(&bob, Side::Remote), "42#");
    // More than can wait.
    alice.press(call, &"1".repeat(40));
    world.run_for(secs(20));
    assert_eq!(
        digits(&alice, Side::Local),
        format!("42#{}", "1".repeat(32))
    );
    assert_eq!(alice.count("call.warning"), 8);
    alice.hang_up(call);
    world.run_for(secs(70));
    assert_eq!(world.unfinished(), Vec::<String>::new());
}

/// M-025: the phone has a login and a secret of its own; the person's password may change as it likes.
#[test]
fn m_025_a_phone_registers_with_a_login_of_its_own() {
    let mut world = World::new(25);
    let server = Proxy::new(&mut world, "registrar", "biloxi.test");
    let passwords = [
        ("bob".to_owned(), "was changed this morning".to_owned()),
        ("device-7".to_owned(), "sealed in the device".to_owned()),
    ];
    server.state().registrar.passwords = passwords.into();
    let lifetime = Duration::from_secs(600);
    let mut settings = Settings::new("bob").registered("sealed in the device", lifetime);
    settings.domain = "biloxi.test".to_owned();
    settings.auth_user = "device-7".to_owned();
    let bob = world.phone(&settings);
    let patience = Duration::from_secs(5);
    assert!(world.run_while_not(patience, || bob.count("account.registered") > 0));
    assert!(server.state().registrar.bindings.contains_key("bob"));
}
