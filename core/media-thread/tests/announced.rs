//! The tone before the microphone opens (M-137): what is said until then reaches nobody.

#![allow(clippy::unwrap_used)]

mod world;

use audio::Rate;
use base::PayloadType;
use offhook_media_thread::*;
use world::{World, codec, device, voice_plan};

/// A call whose first 200 ms are loud at the microphone; what the person heard, and what the far end did.
fn call(desk: u64, tone_ms: u32, muted: bool) -> (Vec<i16>, Vec<i16>) {
    let mut world = World::new(desk);
    let loud: Vec<i16> = (0..1_600)
        .map(|n| if n / 2 % 2 == 0 { 10_000 } else { -10_000 })
        .collect();
    world::desk::say(desk, &loud);
    let voice = voice_plan(PayloadType::PCMU, 20);
    let mut plan = LegPlan::new(LegId(0), voice, "someone");
    plan.audio = LegAudio::Device;
    (plan.tone_ms, plan.muted) = (tone_ms, muted);
    let kit = VoiceKit::new(&voice, codec("PCMU"), Rate::Hz8000).unwrap();
    let audio = AudioKit::device(Rate::Hz8000, device(desk, Rate::Hz8000)).unwrap();
    world.add_desk(2, 0, desk + 1, Rate::Hz8000, 20);
    world.add(1, 0, &plan, kit, audio);
    world.run(1_000);
    (world::desk::heard(desk), world::desk::heard(desk + 1))
}

fn peak(pcm: &[i16]) -> u16 {
    pcm.iter()
        .map(|sample| sample.unsigned_abs())
        .max()
        .unwrap_or(0)
}

#[test]
fn m_137_the_microphone_is_closed_until_the_tone_is_over() {
    let (person, far) = call(10, 0, false);
    assert!(peak(&far) > 5_000, "without a tone all is heard");
    assert_eq!(peak(&person), 0);

    let (person, far) = call(20, 200, false);
    assert!(peak(&person[..1_600]) > 5_000, "the tone");
    assert_eq!(peak(&person[1_700..]), 0, "and no more of it");
    assert!(
        peak(&far) < 16,
        "nothing of the first 200 ms: {}",
        peak(&far)
    );

    let (_, far) = call(30, 0, true);
    assert!(peak(&far) < 16, "muted from its first block on");
}
