//! A newer build of a codec takes its place while people speak by it.
#![allow(clippy::unwrap_used)]
#![cfg(target_os = "linux")]

use audio::{Rate, chirp::chirp, correlate};
use base::{Duration, Rng};
use control::EventBody;
use engine::voice::reload::{Became, News, Refused, Reloads};
use media_thread::WentWrong;
use offhook_sim::{LinkSettings, Phone, Settings, World};
use plugin_host::Trust;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Compiles the codec in C of plugin-host's tests, whose payload is the samples.
fn build(folder: &Path, number: u32, defines: &[&str]) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = folder.join(format!("copy-{number}.so"));
    let status = Command::new("cc")
        .args(["-std=gnu11", "-shared", "-fPIC", "-O1", "-I"])
        .arg(root.join("sdk/include"))
        .arg(format!("-DBUILD={number}"))
        .args(defines.iter().map(|define| format!("-D{define}")))
        .arg("-o")
        .arg(&file)
        .arg(root.join("core/plugin-host/tests/common/plugin.c"))
        .status();
    assert!(status.unwrap().success());
    file
}

const CODEC: &str = "codec-copy";

/// Everybody speaks COPY, build 0; the first of them may replace it.
fn phones(world: &mut World, folder: &Path, names: &[&str]) -> Vec<Phone> {
    world.set_links(&LinkSettings {
        delay: ms(20),
        ..LinkSettings::CLEAN
    });
    let first = build(folder, 0, &[]);
    let phone = |name: &&str| {
        let mut settings = Settings::new(name);
        settings.one_active = false;
        settings.codecs = vec!["COPY".to_owned()];
        settings.libraries = vec![first.clone()];
        settings.reloads = Some(Reloads {
            trusted: Arc::new(|_, _| Ok(Trust::InProcess)),
        });
        world.phone(&settings)
    };
    names.iter().map(phone).collect()
}

fn call(world: &World, from: &Phone, to: &Phone) {
    let answered = from.count("call.answered");
    from.dial(&to.uri());
    assert!(world.run_while_not(ms(2_000), || to.ringing().is_some()));
    to.accept(to.ringing().unwrap());
    let is_up = || from.count("call.answered") == answered + 1;
    assert!(world.run_while_not(ms(2_000), is_up));
    world.run_for(ms(500));
}

fn is_whole(what: &str, sound: &[i16], phone: &Phone) {
    let found = correlate::find(sound, &phone.take_heard()).unwrap();
    let is_whole = found.score >= 0.95 && found.gain_db.abs() <= 1.0;
    assert!(is_whole, "{what}: {found:?}");
}

/// Generation of each build, and which one is current.
fn generations(phone: &Phone) -> Vec<(u32, bool)> {
    let builds = phone.builds(CODEC);
    builds
        .iter()
        .map(|b| (b.generation, b.is_current))
        .collect()
}

fn news(became: Became) -> Vec<News> {
    let plugin = CODEC.to_owned();
    vec![News { plugin, became }]
}

/// Nothing was lost on the way, as both sides count.
#[allow(clippy::wildcard_enum_match_arm)]
fn nothing_lost(phone: &Phone) {
    let qualities = phone
        .events()
        .into_iter()
        .filter_map(|event| match event.body {
            EventBody::CallQuality(quality) => Some(quality),
            _ => None,
        });
    let figures = qualities.map(|told| (told.quality.loss_pct, told.quality.concealed_pct));
    let figures: Vec<_> = figures.collect();
    let is_whole = figures.iter().all(|figures| *figures == (0.0, 0.0));
    assert!(is_whole && !figures.is_empty(), "{figures:?}");
}

#[test]
fn a_newer_build_takes_the_place_in_a_call_and_for_the_next_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(1);
    let all = phones(&mut world, folder.path(), &["alice", "bob"]);
    let (alice, bob) = (&all[0], &all[1]);
    call(&world, alice, bob);
    let said = [1, 2].map(|seed| chirp(&mut Rng::from_number(seed), Rate::Hz16000, 3_000));
    alice.say(&said[0]);
    bob.say(&said[1]);
    world.run_for(ms(1_000));
    let newer = build(folder.path(), 1, &[]);
    assert_eq!(alice.reload(CODEC, &newer, true).unwrap(), (2, 1));
    assert_eq!(generations(alice), [(1, false), (2, true)]);
    assert!(alice.builds(CODEC)[0].in_use, "until its second is over");
    world.run_for(ms(900));
    assert_eq!(alice.plugin_news(), []);
    world.run_for(ms(200));
    assert_eq!(alice.plugin_news(), news(Became::Kept { calls: 1 }));
    assert!(!alice.builds(CODEC)[0].in_use);
    world.run_for(ms(4_000));
    is_whole("bob", &said[0], bob);
    is_whole("alice", &said[1], alice);
    nothing_lost(bob);

    // Not live: the call goes on with the build it has.
    assert_eq!(
        alice
            .reload(CODEC, &build(folder.path(), 2, &[]), false)
            .unwrap(),
        (3, 0)
    );
    let in_use: Vec<_> = alice.builds(CODEC).iter().map(|b| b.in_use).collect();
    assert_eq!(in_use, [false, true, true]);
    for call in alice.calls() {
        alice.hang_up(call.call);
    }
    world.run_for(ms(1_000));
    let in_use: Vec<_> = alice.builds(CODEC).iter().map(|b| b.in_use).collect();
    assert_eq!(in_use, [false, false, true]);
    assert_eq!(alice.plugin_news(), news(Became::Kept { calls: 0 }));
    // The same again, from the file that was named last.
    assert_eq!(alice.reload(CODEC, &newer, false).unwrap().0, 4);
    assert_eq!(generations(alice), [(1, false), (4, true), (3, false)]);
}

#[test]
fn a_build_that_fails_in_one_call_leaves_all_calls_and_new_ones_with_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(2);
    let all = phones(&mut world, folder.path(), &["alice", "bob", "carol"]);
    let [alice, bob, carol] = [0, 1, 2].map(|n| &all[n]);
    call(&world, alice, bob);
    call(&world, alice, carol);
    let said = chirp(&mut Rng::from_number(5), Rate::Hz16000, 3_000);
    alice.say(&said);
    world.run_for(ms(1_000));
    // Only the instance that encodes first fails, and only after a while.
    let how =
        "HOW_IT_FAILS={ static void *one; if (!one) one = inst; if (inst == one) return -1; }";
    let faulty = build(folder.path(), 1, &["FAIL_AFTER=20", how]);
    assert_eq!(alice.reload(CODEC, &faulty, true).unwrap(), (2, 2));
    world.run_for(ms(500));
    let told = alice.plugin_news();
    let rolled_back = |news: &News| match news.became {
        Became::RolledBack { wrong, .. } => Some(wrong),
        Became::Kept { .. } => None,
    };
    assert_eq!(told.len(), 1);
    assert_eq!(rolled_back(&told[0]), Some(WentWrong::Failed));
    assert_eq!(generations(alice), [(3, true), (2, false)]);
    world.run_for(ms(4_500));
    assert_eq!(alice.plugin_news(), []);
    let builds = alice.builds(CODEC);
    assert!(builds[0].in_use && !builds[1].in_use, "no call has it");
    is_whole("bob", &said, bob);
    is_whole("carol", &said, carol);
    nothing_lost(bob);
    nothing_lost(carol);
}

#[test]
fn what_cannot_be_replaced_is_refused_and_nothing_changes() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(3);
    let all = phones(&mut world, folder.path(), &["alice"]);
    let refused = |id: &str, path: &Path| all[0].reload(id, path, true).unwrap_err();
    let file = build(folder.path(), 1, &[]);
    assert!(matches!(
        refused("recorder-wav", &file),
        Refused::NotLive { .. }
    ));
    assert!(matches!(refused("codec-none", &file), Refused::Plugin(_)));
    assert!(matches!(
        refused(CODEC, Path::new("/nowhere.so")),
        Refused::Plugin(_)
    ));
    assert_eq!(generations(&all[0]), [(1, true)]);
}
