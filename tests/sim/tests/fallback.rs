//! A codec that breaks in a call: the call goes on with another one.
#![allow(clippy::unwrap_used)]

use audio::{Rate, chirp::chirp, correlate};
use base::{Duration, Rng};
use control::event::CallWarning;
use control::{Code, EventBody};
use offhook_sim::{BRITTLE, DEAF, DUMB, Phone, Settings, World};

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn with(name: &str, codecs: &[&str]) -> Settings {
    let mut settings = Settings::new(name);
    settings.codecs = codecs.iter().map(|&name| name.to_owned()).collect();
    settings
}

fn call(world: &World, alice: &Phone, bob: &Phone) {
    alice.dial(&bob.uri());
    assert!(world.run_while_not(secs(2), || bob.ringing().is_some()));
    bob.accept(bob.ringing().unwrap());
    assert!(world.run_while_not(secs(2), || alice.count("call.answered") == 1));
}

fn warnings(phone: &Phone) -> Vec<CallWarning> {
    let told = phone.events().into_iter().filter_map(|event| {
        let EventBody::CallWarning(warning) = event.body else {
            return None;
        };
        Some(*warning)
    });
    told.collect()
}

fn codec(phone: &Phone) -> String {
    let call = phone.calls().into_iter().next().unwrap();
    call.media.and_then(|media| media.codec).unwrap_or_default()
}

#[test]
fn a_call_whose_codec_breaks_goes_on_with_another_one() {
    let mut world = World::new(11);
    let alice = world.phone(&with("alice", &[BRITTLE, "PCMU", "PCMA"]));
    let bob = world.phone(&with("bob", &["PCMA", BRITTLE]));
    call(&world, &alice, &bob);
    assert_eq!(codec(&alice), BRITTLE);
    world.run_for(secs(4));
    assert_eq!((codec(&alice), codec(&bob)), ("PCMA".into(), "PCMA".into()));
    // Whoever's breaks first offers another one.
    let told = [warnings(&alice), warnings(&bob)].concat();
    assert_eq!(told[0].code, Code::PLUGIN_CRASHED);
    let text = &told[0].text;
    let wanted = "BRITTLE of the plugin brittle does not work any more; another codec is offered";
    assert_eq!(text, wanted);
    let said = chirp(&mut Rng::from_number(7), Rate::Hz16000, 1_000);
    for (from, to) in [(&alice, &bob), (&bob, &alice)] {
        to.take_heard();
        from.say(&said);
        world.run_for(secs(3));
        let found = correlate::find(&said, &to.take_heard()).unwrap();
        assert!(found.score > 0.95, "{found:?}");
    }
    assert_eq!((alice.count("call.ended"), bob.count("call.ended")), (0, 0));
    assert_eq!((alice.calls().len(), bob.calls().len()), (1, 1));
}

/// A decoder that works does not excuse an encoder that fails, nor the other way round.
#[test]
fn a_codec_that_breaks_one_way_only_is_left_too() {
    for codec_name in [DUMB, DEAF] {
        let mut world = World::new(13);
        let alice = world.phone(&with("alice", &[codec_name, "PCMU"]));
        let bob = world.phone(&with("bob", &[codec_name, "PCMU"]));
        call(&world, &alice, &bob);
        assert_eq!(codec(&alice), codec_name);
        world.run_for(secs(6));
        assert_eq!((codec(&alice), codec(&bob)), ("PCMU".into(), "PCMU".into()));
        let told = [warnings(&alice), warnings(&bob)].concat();
        let wanted = format!(
            "{codec_name} of the plugin lame does not work any more; another codec is offered"
        );
        assert!(told.iter().any(|told| told.text == wanted), "{told:?}");
        assert_eq!((alice.calls().len(), bob.calls().len()), (1, 1));
    }
}

#[test]
fn a_call_without_another_codec_goes_on_and_says_so() {
    let mut world = World::new(12);
    let alice = world.phone(&with("alice", &[BRITTLE]));
    let bob = world.phone(&with("bob", &[BRITTLE, "PCMU"]));
    call(&world, &alice, &bob);
    world.run_for(secs(5));
    let told = warnings(&alice);
    assert!(
        told[0]
            .text
            .ends_with("there is no other: nothing is heard"),
        "{}",
        told[0].text
    );
    // Bob's breaks too, and alice takes nothing else.
    let told = warnings(&bob);
    assert!(
        told.iter()
            .any(|warning| warning.code == Code::NO_CODEC_IN_COMMON),
        "{told:?}"
    );
    assert_eq!((alice.calls().len(), bob.calls().len()), (1, 1));
    world.end_all();
    world.run_for(secs(110));
    assert_eq!(world.unfinished(), Vec::<String>::new());
}
