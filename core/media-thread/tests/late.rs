//! A codec that decodes too slowly in a call: real library, virtual time, real clock at its fence.
#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    unexpected_cfgs,
    unreachable_pub
)]
#![cfg(target_os = "linux")]

mod world;

use audio::Rate;
use base::{Hertz, PayloadType};
use offhook_media_thread::*;
use plugin_host::{Catalogue, wall_clock};
use std::path::Path;
use std::process::Command;
use world::{World, desk, voice_plan};

/// 4 ms a packet: 20 ms of sound may take 1 ms, and the longest packet there is 6 ms.
#[test]
fn a_decoder_is_late_by_the_sound_it_gave_not_by_the_room_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("slow.so");
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let status = Command::new("cc")
        .args([
            "-std=gnu11",
            "-shared",
            "-fPIC",
            "-DSLOW_DECODE=4000000",
            "-I",
        ])
        .arg(here.join("../../sdk/include"))
        .arg("-o")
        .arg(&file)
        .arg(here.join("../plugin-host/tests/common/plugin.c"))
        .status();
    assert!(status.unwrap().success());
    let mut catalogue = Catalogue::new("test", "1").timed_by(wall_clock);
    catalogue.add_file(&file).unwrap();
    let mut world = World::new(7);
    desk::say(9_100, &[1_000; 16_000]);
    for side in [1, 2] {
        let voice = voice_plan(PayloadType::PCMU, 20);
        let mut plan = LegPlan::new(LegId(0), voice, "someone");
        plan.audio = LegAudio::Device;
        let codec = catalogue.codec("COPY", Hertz(8_000)).unwrap();
        let codec = codec.open("", "").unwrap();
        let kit = VoiceKit::new(&voice, codec, Rate::Hz8000).unwrap();
        let device = world::device(9_099 + side as u64, Rate::Hz8000);
        let audio = AudioKit::device(Rate::Hz8000, device).unwrap();
        world.add(side, 0, &plan, kit, audio);
    }
    world.run(500);
    let gone = |report: &Report| matches!(report, Report::CodecGone { .. });
    for side in [&world.a, &world.b] {
        assert_eq!(side.reports.iter().filter(|report| gone(report)).count(), 1);
    }
    let watch = catalogue.watches().remove(0);
    let told = watch.newly_shut();
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|shut| shut.tally.misses >= 3), "{told:?}");
}
