//! What the person says and hears passes the filters that are set.
#![allow(clippy::unwrap_used)]

use audio::{Rate, chirp::chirp, correlate};
use base::{Duration, Rng};
use engine::voice::Filters;
use offhook_sim::{LinkSettings, Settings, World};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[test]
fn a_softer_microphone_and_a_louder_speaker_are_heard_as_such() {
    let mut world = World::new(1);
    world.set_links(&LinkSettings {
        delay: ms(20),
        ..LinkSettings::CLEAN
    });
    let gain = |db: i32| vec![("filter-gain".to_owned(), format!(r#"{{"gain_db":{db}}}"#))];
    let mut settings = Settings::new("alice");
    settings.filters = Filters {
        microphone: gain(-9),
        speaker: gain(-3),
    };
    let alice = world.phone(&settings);
    let bob = world.phone(&Settings::new("bob"));
    alice.dial(&bob.uri());
    assert!(world.run_while_not(ms(2_000), || bob.ringing().is_some()));
    bob.accept(bob.ringing().unwrap());
    world.run_for(ms(1_000));
    let said = [1, 2].map(|seed| chirp(&mut Rng::from_number(seed), Rate::Hz16000, 1_000));
    alice.say(&said[0]);
    bob.say(&said[1]);
    world.run_for(ms(2_000));
    for (sound, phone, db) in [(&said[0], &bob, -9.0), (&said[1], &alice, -3.0)] {
        let found = correlate::find(sound, &phone.take_heard()).unwrap();
        assert!(
            found.score >= 0.95 && (found.gain_db - db).abs() <= 1.0,
            "{found:?}"
        );
    }
}
