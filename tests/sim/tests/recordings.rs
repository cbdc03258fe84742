//! Calls that are recorded: what stands in the file, and that nothing about it disturbs the call.
#![allow(clippy::unwrap_used)]

use audio::{Block, Rate, Resampler, chirp::chirp, correlate};
use base::{Duration, Instant, Rng};
use control::command::{CallRef, Command};
use control::recording::{NoteRecording, PauseRecording, RecordingChange, StartRecording};
use control::{CallHandle, Code, EventBody, RecordingState};
use offhook_sim::{LinkSettings, Phone, Settings, World};
use ports::Address;
use std::path::Path;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn sound(seed: u64) -> Vec<i16> {
    chirp(&mut Rng::from_number(seed), Rate::Hz16000, 1_000)
}

/// Two people in a call, the first of whom records into `folder`.
fn call(world: &mut World, folder: Option<&Path>) -> (Phone, Phone, CallHandle) {
    world.set_links(&LinkSettings {
        delay: ms(20),
        ..LinkSettings::CLEAN
    });
    let mut settings = Settings::new("alice");
    settings.recordings = folder.map(|folder| folder.display().to_string());
    let alice = world.phone(&settings);
    let bob = world.phone(&Settings::new("bob"));
    let call = alice.dial(&bob.uri());
    assert!(world.run_while_not(ms(2_000), || bob.ringing().is_some()));
    bob.accept(bob.ringing().unwrap());
    world.run_for(ms(1_000));
    (alice, bob, call)
}

fn start(phone: &Phone, path: &str) {
    let start = StartRecording {
        path: Some(path.to_owned()),
        ..StartRecording::default()
    };
    phone.command(Command::StartRecording(start)).unwrap();
}

fn pause(phone: &Phone, reason: &str) {
    let reason = Some(reason.to_owned());
    let pause = PauseRecording { call: None, reason };
    phone.command(Command::PauseRecording(pause)).unwrap();
}

fn stop(phone: &Phone) {
    phone
        .command(Command::StopRecording(CallRef::default()))
        .unwrap();
}

/// The last event about a recording that has this name.
#[allow(clippy::wildcard_enum_match_arm)]
fn told(phone: &Phone, name: &str) -> RecordingChange {
    let events = phone.events().into_iter().rev();
    let change = events
        .filter(|event| event.body.name() == name)
        .find_map(|event| match event.body {
            EventBody::RecordingStarted(change)
            | EventBody::RecordingPaused(change)
            | EventBody::RecordingResumed(change)
            | EventBody::RecordingStopped(change)
            | EventBody::RecordingFailed(change) => Some(*change),
            _ => None,
        });
    change.unwrap_or_else(|| panic!("no {name}"))
}

/// One side of a file at 16 kHz.
fn side(path: &str, which: usize) -> Vec<i16> {
    let reader = hound::WavReader::open(path).unwrap();
    let rate = Rate::from_hertz(reader.spec().sample_rate).unwrap();
    assert_eq!(reader.spec().channels, 2);
    let all: Vec<i16> = reader.into_samples().map(Result::unwrap).collect();
    let one: Vec<i16> = all.chunks(2).map(|frame| frame[which]).collect();
    let mut wide = Resampler::new(rate, Rate::Hz16000);
    let mut out = Block::silence(Rate::Hz16000);
    let blocks = one.chunks(rate.block_samples()).flat_map(|pcm| {
        wide.process(&Block::from_samples(rate, pcm), &mut out);
        out.samples().to_vec()
    });
    blocks.collect()
}

fn score(sound: &[i16], heard: &[i16]) -> f32 {
    correlate::find(sound, heard).map_or(0.0, |found| found.score as f32)
}

fn now(world: &World) -> Instant {
    world.space().now()
}

/// A phone at the near side, one at the far: what each says stands on its own side of the file, what was
/// said in the pause nowhere, and the file is as long as the time that was recorded.
#[test]
#[allow(clippy::too_many_lines)] // One story, told in order.
fn each_side_stands_where_it_belongs_and_a_pause_leaves_nothing() {
    for seed in 0..4 {
        let folder = tempfile::tempdir().unwrap();
        let mut world = World::new(seed);
        let (alice, bob, call) = self::call(&mut world, Some(folder.path()));
        let said = [1, 2, 3, 4, 5].map(|n| sound(100 * seed + n));
        let [first, answer, secret, after, last] = &said;
        start(&alice, "2026/first");
        let began = now(&world);
        world.run_for(ms(200));
        alice.say(first);
        bob.say(answer);
        world.run_for(ms(1_700));
        pause(&alice, "card number");
        let paused = now(&world);
        alice.say(secret);
        bob.say(secret);
        world.run_for(ms(1_500));
        alice
            .command(Command::ResumeRecording(CallRef::default()))
            .unwrap();
        let resumed = now(&world);
        let text = "asks for a refund".to_owned();
        let note = NoteRecording {
            call: Some(call),
            text,
        };
        alice.command(Command::NoteRecording(note)).unwrap();
        alice.say(last);
        bob.say(after);
        world.run_for(ms(1_730));
        stop(&alice);
        let recorded = paused.since(began) + now(&world).since(resumed);
        world.run_for(ms(500));

        let stopped = told(&alice, "recording.stopped");
        let recording = &stopped.recording;
        assert_eq!(
            (stopped.reason.as_deref(), recording.gap_ms),
            (Some("asked to"), 0)
        );
        let path = folder.path().join("2026/first.wav").display().to_string();
        assert_eq!(recording.path, path);
        assert_eq!(recording.bytes, std::fs::metadata(&path).unwrap().len());
        let expected = recorded.as_millis() as u64;
        let off = recording.audio_ms.abs_diff(expected);
        assert!(off <= 20, "{} ms of {expected} ms", recording.audio_ms);
        let (left, right) = (side(&path, 0), side(&path, 1));
        assert_eq!(left.len() as u64, recording.audio_ms * 16);
        for (what, where_it_is, elsewhere) in [
            (first, &left, &right),
            (last, &left, &right),
            (answer, &right, &left),
            (after, &right, &left),
        ] {
            let (here, there) = (score(what, where_it_is), score(what, elsewhere));
            assert!(here >= 0.95 && there < 0.3, "seed {seed}: {here} {there}");
        }
        let (left, right) = (score(secret, &left), score(secret, &right));
        assert!(left < 0.3 && right < 0.3, "seed {seed}: {left} {right}");
        assert!(
            score(secret, &bob.take_heard()) >= 0.95,
            "the call hears it"
        );

        let names = ["started", "paused", "resumed", "stopped"];
        for name in names {
            assert_eq!(alice.count(&format!("recording.{name}")), 1, "{name}");
        }
        let side = std::fs::read(folder.path().join("2026/first.json")).unwrap();
        let side: serde_json::Value = serde_json::from_slice(&side).unwrap();
        assert_eq!(side["call"]["remote"], bob.uri());
        let marks = side["marks"].as_array().unwrap();
        let kinds: Vec<_> = marks
            .iter()
            .map(|mark| mark["kind"].as_str().unwrap())
            .collect();
        assert!(
            kinds.starts_with(&["pause"]) && kinds.contains(&"resume"),
            "{kinds:?}"
        );
        assert!(kinds.contains(&"note"), "{kinds:?}");
        assert_eq!(marks[0]["note"], "card number");
    }
}

#[test]
fn a_recording_ends_with_its_call_and_the_calls_snapshot_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(9);
    let (alice, _bob, call) = self::call(&mut world, Some(folder.path()));
    alice
        .command(Command::StartRecording(StartRecording::default()))
        .unwrap();
    world.run_for(ms(2_500));
    let shown = alice.calls().remove(0).recording.unwrap();
    assert_eq!(shown.state, RecordingState::Recording);
    let again = alice.command(Command::StartRecording(StartRecording::default()));
    assert_eq!(again.unwrap_err().code, Code::WRONG_STATE);
    pause(&alice, "");
    world.run_for(ms(100));
    let shown = alice.calls().remove(0).recording.unwrap();
    assert_eq!(shown.state, RecordingState::Paused);
    // Quality is told meanwhile, with the whole call.
    world.run_for(ms(5_000));
    assert!(alice.calls().remove(0).recording.is_some());
    alice.hang_up(call);
    world.run_for(ms(70_000));
    let stopped = told(&alice, "recording.stopped");
    assert_eq!(stopped.reason.as_deref(), Some("the call is over"));
    assert!(
        stopped.recording.audio_ms.abs_diff(2_500) <= 20,
        "{stopped:?}"
    );
    let name = Path::new(&stopped.recording.path).file_name().unwrap();
    let name = name.to_str().unwrap();
    assert!(
        name.starts_with("20260101-0000") && name.ends_with("-bob.wav"),
        "{name}"
    );
    assert_eq!(world.unfinished(), Vec::<String>::new());
}

#[test]
fn what_cannot_be_recorded_is_told_and_the_call_goes_on() {
    let mut world = World::new(10);
    let (alice, bob, call) = self::call(&mut world, Some(Path::new("/proc/nowhere")));
    start(&alice, "first");
    world.run_for(ms(200));
    let failed = told(&alice, "recording.failed");
    let error = failed.error.unwrap();
    assert_eq!(error.code, Code::RECORDING_FAILED);
    assert!(error.detail.contains("/proc/nowhere"), "{}", error.detail);
    assert!(alice.calls().remove(0).recording.is_none());
    let out = StartRecording {
        path: Some("../../etc/x".into()),
        ..StartRecording::default()
    };
    let refused = alice.command(Command::StartRecording(out)).unwrap_err();
    assert_eq!(refused.code, Code::USAGE);
    let nobody = StartRecording {
        plugin: Some("recorder-x".into()),
        ..StartRecording::default()
    };
    alice.command(Command::StartRecording(nobody)).unwrap();
    world.run_for(ms(200));
    let error = told(&alice, "recording.failed").error.unwrap();
    assert!(error.detail.contains("recorder-x"), "{}", error.detail);
    let said = sound(1);
    alice.say(&said);
    world.run_for(ms(2_000));
    assert!(score(&said, &bob.take_heard()) >= 0.95);
    alice.hang_up(call);
    world.run_for(ms(70_000));
    assert_eq!(world.unfinished(), Vec::<String>::new());
}

#[test]
fn a_recorder_part_that_panics_closes_its_files_and_the_call_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::new(11);
    let (alice, bob, call) = self::call(&mut world, Some(folder.path()));
    start(&alice, "first");
    let said = sound(1);
    alice.say(&said);
    world.run_for(ms(1_500));
    alice.poison(Address::Recorder);
    world.run_for(ms(500));
    let path = folder.path().join("first.wav").display().to_string();
    assert!(score(&said, &side(&path, 0)) >= 0.95);
    assert!(score(&said, &bob.take_heard()) >= 0.95);
    // The part that took its place records again, beside the first.
    start(&alice, "first");
    world.run_for(ms(1_000));
    stop(&alice);
    world.run_for(ms(200));
    let second = told(&alice, "recording.stopped").recording;
    assert!(second.path.ends_with("first-2.wav"), "{}", second.path);
    assert!(second.audio_ms.abs_diff(1_000) <= 20, "{}", second.audio_ms);
    alice.hang_up(call);
    world.run_for(ms(70_000));
    assert_eq!(world.unfinished(), Vec::<String>::new());
}
