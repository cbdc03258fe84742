//! Devices that are unplugged in a call: the call goes on, and sound comes back with them.
#![allow(clippy::unwrap_used)]

use base::{Duration, Hertz};
use offhook_sim::{Phone, Settings, World};
use plugin_host::AudioRequest;
use serde_json::json;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Loudness of what bob hears in each second. Unit: mean square.
fn loudness(world: &mut World, bob: &Phone, seconds: usize) -> Vec<f64> {
    let second = |_| {
        world.run_for(ms(1_000));
        let heard = bob.take_heard();
        let sum: f64 = heard.iter().map(|&s| f64::from(s).powi(2)).sum();
        sum / heard.len().max(1) as f64
    };
    (0..seconds).map(second).collect()
}

fn call(steps: serde_json::Value) -> (World, Phone, Phone) {
    let mut world = World::new(7);
    let mut settings = Settings::new("alice");
    let request = AudioRequest::new(Hertz(16_000)).with("steps", steps);
    settings.device = Some(("audio-script".to_owned(), request));
    let (alice, bob) = (world.phone(&settings), world.phone(&Settings::new("bob")));
    alice.dial(&bob.uri());
    assert!(world.run_while_not(ms(2_000), || bob.ringing().is_some()));
    bob.accept(bob.ringing().unwrap());
    assert!(world.run_while_not(ms(2_000), || alice.count("call.answered") == 1));
    (world, alice, bob)
}

#[test]
fn an_unplugged_device_ends_no_call_and_sound_comes_back_with_it() {
    let tone = json!({ "at_ms": 0, "do": "tone", "hertz": 440 });
    let away = json!({ "at_ms": 3_000, "do": "replug", "for_ms": 3_500 });
    let (mut world, alice, bob) = call(json!([tone, away]));
    let loud = loudness(&mut world, &bob, 9);
    assert!(loud[1] > 1e5, "{loud:?}");
    assert!(loud[4] < 1.0, "silence while it is away: {loud:?}");
    assert!(loud[8] > 1e5, "back by itself: {loud:?}");
    assert_eq!(alice.count("call.warning"), 1, "told once for one loss");
    assert_eq!((alice.count("call.ended"), bob.count("call.ended")), (0, 0));
    assert_eq!(bob.count("call.warning"), 0, "the far end lost no device");
}

#[test]
fn a_device_that_never_comes_back_ends_no_call() {
    let away = json!({ "at_ms": 1_000, "do": "unplug" });
    let (world, alice, bob) = call(json!([away]));
    world.run_for(ms(20_000));
    assert_eq!(alice.count("call.warning"), 1);
    assert_eq!((alice.calls().len(), bob.calls().len()), (1, 1));
    let (sent, _) = alice.media_datagrams();
    assert!(sent > 900, "silence is sent all the while: {sent}");
}
