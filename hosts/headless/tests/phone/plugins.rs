//! What the engine tells of plugins: which there are and why, what they cost, who failed in which call.

use super::{ACCOUNT, PATIENCE, common, dial, run, start_with};
use control::command::{NoFields, PluginRef};
use control::event::{Filter, PluginChange};
use control::plugin::PluginOff;
use control::snapshot::{PluginCost, PluginSnapshot, PluginState};
use control::{CallHandle, Code, Command, Event, EventBody, Reply};
use engine::Core;
use engine::listener::{Listener, Next};
use plugin_host::{Catalogue, Gate, PluginMemory, SearchPath, Watch, wall_clock};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

/// A phone with the codec COPY alone, and one it may call.
async fn two(ours: Catalogue, theirs: Catalogue) -> (Rc<Core>, Rc<Core>) {
    let mut keys = ACCOUNT.to_vec();
    keys.push(("media.codecs", "COPY"));
    keys.push(("accounts.a.udp_from_unknown", "true"));
    let ours = start_with(&keys, ours).await;
    keys.push(("incoming.accept", "talk"));
    (ours, start_with(&keys, theirs).await)
}

/// The next event of which `of` makes something; what came instead is told where none does.
async fn heard<T>(events: &Rc<Listener>, of: impl Fn(&Event) -> Option<T>) -> T {
    let mut seen = Vec::new();
    let found = tokio::time::timeout(PATIENCE, async {
        loop {
            match events.next().await {
                Next::Event(sent) => {
                    if let Some(found) = of(&sent.event) {
                        return found;
                    }
                    seen.push(sent.event.clone());
                }
                Next::Lagged(..) => panic!("lagged"),
            }
        }
    });
    let found = found.await;
    found.unwrap_or_else(|_| panic!("not in time; heard {seen:#?}"))
}

async fn called(ours: &Core, theirs: &Core, events: &Rc<Listener>) -> CallHandle {
    // The account comes a moment after the start.
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let call = dial(ours, &format!("sip:1@{}", theirs.listening()[0].address));
    heard(events, |event| {
        assert!(!matches!(event.body, EventBody::CallEnded(_)), "{event:?}");
        matches!(event.body, EventBody::CallAnswered(_)).then_some(())
    })
    .await;
    call
}

fn asked(core: &Core, command: Command) -> Reply {
    core.command(command, None).1.unwrap()
}

fn listed(core: &Core, id: &str) -> PluginSnapshot {
    let Reply::Plugins { plugins } = asked(core, Command::PluginList(NoFields {})) else {
        panic!("not the list");
    };
    plugins.into_iter().find(|plugin| plugin.id == id).unwrap()
}

async fn cost(core: &Core, id: &str) -> PluginCost {
    let top = core.ask(Command::PluginTop(NoFields {}), None).await;
    let Ok(Reply::PluginCosts { costs }) = top.1 else {
        panic!("not what they cost");
    };
    costs.into_iter().find(|cost| cost.id == id).unwrap()
}

fn of(plugin: &str) -> PluginRef {
    PluginRef {
        plugin: plugin.parse().unwrap(),
    }
}

fn to_be_off(plugin: &str, now: bool) -> PluginOff {
    let PluginRef { plugin } = of(plugin);
    PluginOff { plugin, now }
}

fn with_file(file: &Path) -> Catalogue {
    let mut catalogue = Catalogue::new("test", "1");
    catalogue.add_file(file).unwrap();
    catalogue
}

/// Three calls that are late one after the other: told with the call, and the plugin's number says so too.
#[test]
fn a_plugin_that_is_late_is_passed_over_and_the_call_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let slow = common::compile_c(folder.path(), "slow", &["SLOW".into()]);
    let quick = common::compile_c(folder.path(), "quick", &[]);
    run(async {
        let mut ours = Catalogue::new("test", "1").timed_by(wall_clock);
        ours.add_file(&slow).unwrap();
        let (ours, theirs) = two(ours, with_file(&quick)).await;
        let events = ours.events(Filter::default());
        let call = called(&ours, &theirs, &events).await;
        let (of_call, late) = heard(&events, |event| {
            let EventBody::PluginDeadlineMissed(late) = &event.body else {
                return None;
            };
            Some((event.call, late.clone()))
        })
        .await;
        assert_eq!(of_call, Some(call));
        assert_eq!(late.slot.as_deref(), Some("codec"));
        assert_eq!(late.reason_code, Some(Code::PLUGIN_LATE));
        assert_eq!(late.snapshot.state, PluginState::Bypassed);
        assert_eq!(listed(&ours, "codec-copy").state, PluginState::Bypassed);
        let cost = cost(&ours, "codec-copy").await;
        assert_eq!(cost.shut, 1);
        assert!(cost.misses >= 3 && cost.longest_ns >= 3_000_000, "{cost:?}");
        let its = cost.seats.iter().find(|seat| seat.call == Some(call));
        assert!(
            its.is_some_and(|its| its.misses >= 3 && its.longest_ns >= 3_000_000),
            "{cost:?}"
        );
        ours.stop("test").await;
        theirs.stop("test").await;
    });
}

/// Whoever is told that a plugin failed is told where it stood: codec, listener and recorder with the call, filters with
/// their place on the person's side.
#[test]
fn every_open_plugin_says_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::compile_c(folder.path(), "copy", &[]);
    let recordings = folder.path().join("recordings");
    run(async {
        let mut catalogue = with_file(&file);
        for entry in [
            &dtmf_inband::ENTRY,
            &filter_gain::ENTRY,
            &recorder_wav::ENTRY,
        ] {
            catalogue.add_built_in(entry).unwrap();
        }
        let watches = catalogue.watches();
        let mut keys = ACCOUNT.to_vec();
        keys.extend([
            ("media.codecs", "COPY"),
            ("dtmf.listen", "always"),
            (
                "filters.microphone",
                "filter-gain,filter-gain:{\"gain_db\":1}",
            ),
            ("filters.speaker", "filter-gain"),
            ("recording.folder", recordings.to_str().unwrap()),
        ]);
        let ours = start_with(&keys, catalogue).await;
        let theirs = [
            ("media.codecs", "COPY"),
            ("accounts.a.udp_from_unknown", "true"),
            ("incoming.accept", "echo"),
        ];
        let theirs: Vec<_> = ACCOUNT.into_iter().chain(theirs).collect();
        let theirs = start_with(&theirs, with_file(&file)).await;
        let events = ours.events(Filter::default());
        let call = called(&ours, &theirs, &events).await;
        let start = control::recording::StartRecording::default();
        asked(&ours, Command::StartRecording(start));
        heard(&events, |event| {
            matches!(event.body, EventBody::RecordingStarted(_)).then_some(())
        })
        .await;
        let seats = |id: &str| {
            let watch = watches.iter().find(|watch| watch.about().id == id).unwrap();
            let seats = watch.seats().into_iter();
            seats
                .map(|seat| (seat.leg.map(CallHandle::from_number), seat.slot))
                .collect::<Vec<_>>()
        };
        let slot = |text: &str| Some(text.to_owned());
        assert_eq!(seats("codec-copy"), [(Some(call), None)]);
        assert_eq!(seats("recorder-wav"), [(Some(call), None)]);
        assert_eq!(seats("dtmf-inband"), [(Some(call), slot("listener"))]);
        let filters = ["microphone 1", "microphone 2", "speaker 1"];
        assert_eq!(seats("filter-gain"), filters.map(|text| (None, slot(text))));
        ours.stop("test").await;
        theirs.stop("test").await;
    });
}

/// The process of an isolated codec is killed three times within a call.
#[test]
fn a_process_that_fails_is_told_with_its_call_until_it_stays_away() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::compile_c(folder.path(), "copy", &[]);
    let program = common::program();
    run(async {
        let mut catalogue = Catalogue::new("test", "1").isolated_by(program);
        catalogue.add_isolated(&file).unwrap();
        let watch = catalogue.watches().remove(0);
        let (ours, theirs) = two(catalogue, with_file(&file)).await;
        assert_eq!(listed(&ours, "codec-copy").trust, "isolated");
        let events = ours.events(Filter::default());
        let call = called(&ours, &theirs, &events).await;
        let mut pid = watch.process().unwrap();
        for fault in 1..=3 {
            kill(pid);
            let (of_call, change) = heard(&events, failed).await;
            assert_eq!(of_call, Some(call), "fault {fault}");
            assert_eq!(change.slot.as_deref(), Some("codec"));
            assert_eq!(change.reason_code, Some(Code::PLUGIN_CRASHED));
            let error = change.snapshot.error.unwrap();
            assert!(error.detail.contains("signal 9"), "{error}");
            let shut = fault == 3;
            assert_eq!(change.snapshot.state == PluginState::Quarantined, shut);
            assert_eq!(cost(&ours, "codec-copy").await.faults, fault);
            if !shut {
                pid = next(&watch, pid).await;
            }
        }
        assert_eq!(listed(&ours, "codec-copy").state, PluginState::Quarantined);
        ours.stop("test").await;
        theirs.stop("test").await;
    });
}

/// A process that answers, but never in time, makes a silent call: told, and the call goes on by its other codec.
#[test]
fn a_call_leaves_an_isolated_codec_that_is_always_late() {
    let folder = tempfile::tempdir().unwrap();
    let defines = ["SLOW_DECODE=6000000".to_owned()];
    let slow = common::compile_c(folder.path(), "slow", &defines);
    let quick = common::compile_c(folder.path(), "quick", &[]);
    let program = common::program();
    run(async {
        let mut ours = Catalogue::new("test", "1").isolated_by(program);
        ours.add_isolated(&slow).unwrap();
        ours.add_built_in(&codec_g711::ENTRY).unwrap();
        let mut theirs = with_file(&quick);
        theirs.add_built_in(&codec_g711::ENTRY).unwrap();
        let mut keys = ACCOUNT.to_vec();
        keys.push(("media.codecs", "COPY,PCMU"));
        keys.push(("accounts.a.udp_from_unknown", "true"));
        let ours = start_with(&keys, ours).await;
        keys.push(("incoming.accept", "echo"));
        let theirs = start_with(&keys, theirs).await;
        let events = ours.events(Filter::default());
        let call = called(&ours, &theirs, &events).await;
        let late = heard(&events, |event| {
            matches!(event.body, EventBody::PluginDeadlineMissed(_)).then_some(event.call)
        });
        assert_eq!(late.await, Some(call));
        let warned = heard(&events, |event| {
            matches!(event.body, EventBody::CallWarning(_)).then_some(event.call)
        });
        assert_eq!(warned.await, Some(call));
        let changed = async {
            loop {
                let Reply::Calls { calls } = asked(&ours, Command::ListCalls(NoFields {})) else {
                    panic!("not the calls");
                };
                let media = calls[0].media.as_ref();
                if media.and_then(|media| media.codec.as_deref()) == Some("PCMU") {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, changed).await.unwrap();
        ours.stop("test").await;
        theirs.stop("test").await;
    });
}

/// A person switches a codec off in a running call: it takes its next one, and has the first again in a new call. Alone: an
/// isolated codec that is late too often is left by itself.
#[test]
fn audio_timing_a_codec_that_is_switched_off_leaves_its_calls_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::compile_c(folder.path(), "copy", &[]);
    for isolated in [false, true] {
        let with = || {
            let mut catalogue = Catalogue::new("test", "1").isolated_by(common::program());
            match isolated {
                true => catalogue.add_isolated(&file).unwrap(),
                false => catalogue.add_file(&file).unwrap(),
            }
            catalogue.add_built_in(&codec_g711::ENTRY).unwrap();
            catalogue
        };
        run(async {
            let mut keys = ACCOUNT.to_vec();
            keys.push(("media.codecs", "COPY,PCMU"));
            keys.push(("accounts.a.udp_from_unknown", "true"));
            let ours = start_with(&keys, with()).await;
            keys.push(("incoming.accept", "echo"));
            let theirs = start_with(&keys, with()).await;
            let events = ours.events(Filter::default());
            let call = called(&ours, &theirs, &events).await;
            speaks(&ours, call, "COPY").await;
            let reply = asked(&ours, Command::PluginDisable(to_be_off("codec-copy", true)));
            assert_eq!(reply, Reply::Switched { calls: 1 });
            let told = heard(&events, |event| {
                matches!(event.body, EventBody::PluginDisabled(_)).then_some(event.call)
            });
            assert_eq!(told.await, Some(call));
            speaks(&ours, call, "PCMU").await;
            assert_eq!(listed(&ours, "codec-copy").state, PluginState::Disabled);
            let other = called(&ours, &theirs, &events).await;
            speaks(&ours, other, "PCMU").await;
            let reply = asked(&ours, Command::PluginEnable(of("codec-copy")));
            assert_eq!(reply, Reply::Switched { calls: 0 });
            heard(&events, |event| {
                matches!(event.body, EventBody::PluginEnabled(_)).then_some(())
            })
            .await;
            let third = called(&ours, &theirs, &events).await;
            speaks(&ours, third, "COPY").await;
            assert_eq!(listed(&ours, "codec-copy").state, PluginState::Loaded);
            ours.stop("test").await;
            theirs.stop("test").await;
        });
    }
}

/// Until the call speaks by this codec.
async fn speaks(core: &Core, call: CallHandle, codec: &str) {
    let speaks = async {
        loop {
            let Reply::Calls { calls } = asked(core, Command::ListCalls(NoFields {})) else {
                panic!("not the calls");
            };
            let one = calls.iter().find(|one| one.call == call).unwrap();
            let media = one.media.as_ref();
            if media.and_then(|media| media.codec.as_deref()) == Some(codec) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    let spoken = tokio::time::timeout(PATIENCE, speaks).await;
    spoken.unwrap_or_else(|_| panic!("{call} never speaks {codec}"));
}

/// Sound passes a filter that is switched off, and the filter again once it is on. A device is not switched off so. Alone:
/// beside others it was not done in time now and then.
#[test]
fn audio_timing_a_filter_that_is_switched_off_is_passed_by_until_it_is_on_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::example_c(folder.path(), "filter");
    for isolated in [false, true] {
        run(async {
            let mut catalogue = Catalogue::new("test", "1").isolated_by(common::program());
            match isolated {
                true => catalogue.add_isolated(&file).unwrap(),
                false => catalogue.add_file(&file).unwrap(),
            }
            catalogue.add_built_in(&codec_g711::ENTRY).unwrap();
            let mut keys = ACCOUNT.to_vec();
            keys.push(("filters.microphone", "filter-level-c"));
            keys.push(("accounts.a.udp_from_unknown", "true"));
            let core = start_with(&keys, catalogue).await;
            let mut their_keys = ACCOUNT.to_vec();
            their_keys.push(("incoming.accept", "echo"));
            their_keys.push(("accounts.a.udp_from_unknown", "true"));
            let mut theirs = Catalogue::new("test", "1");
            theirs.add_built_in(&codec_g711::ENTRY).unwrap();
            let theirs = start_with(&their_keys, theirs).await;
            let events = core.events(Filter::default());
            called(&core, &theirs, &events).await;
            let a_while = || tokio::time::sleep(std::time::Duration::from_millis(100));
            let calls = async || cost(&core, "filter-level-c").await.calls;
            let goes_on = async || {
                let before = calls().await;
                let goes_on = async {
                    while calls().await < before + 10 {
                        a_while().await;
                    }
                };
                let goes_on = tokio::time::timeout(PATIENCE, goes_on).await;
                goes_on.expect("it is called");
            };
            goes_on().await;
            let reply = asked(
                &core,
                Command::PluginDisable(to_be_off("filter-level-c", true)),
            );
            assert_eq!(reply, Reply::Switched { calls: 0 });
            a_while().await;
            let before = calls().await;
            a_while().await;
            assert_eq!(calls().await, before, "not called any more");
            asked(&core, Command::PluginEnable(of("filter-level-c")));
            goes_on().await;
            let device = Command::PluginDisable(to_be_off("audio-null", true));
            let refused = core.command(device, None).1.unwrap_err();
            assert_eq!(refused.code, Code::PLUGIN_NOT_POSSIBLE);
            core.stop("test").await;
            theirs.stop("test").await;
        });
    }
}

fn failed(event: &Event) -> Option<(Option<CallHandle>, Box<PluginChange>)> {
    if let EventBody::PluginFaulted(change) | EventBody::PluginQuarantined(change) = &event.body {
        return Some((event.call, change.clone()));
    }
    None
}

fn kill(pid: u32) {
    let mut kill = std::process::Command::new("kill");
    let ended = kill.args(["-9", &pid.to_string()]).status();
    assert!(ended.unwrap().success());
}

/// The process after `pid`.
async fn next(watch: &Watch, pid: u32) -> u32 {
    let other = async {
        loop {
            match watch.process().filter(|now| *now != pid) {
                Some(now) => break now,
                None => tokio::time::sleep(std::time::Duration::from_millis(2)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, other).await.unwrap()
}

async fn started(files: &Path, state: &Path) -> Rc<Core> {
    let gate = Gate {
        memory: Some(Arc::new(PluginMemory::open(state))),
        ..Gate::default()
    };
    let mut catalogue = Catalogue::new("test", "1").guarded_by(gate);
    catalogue.add_built_in(&codec_g711::ENTRY).unwrap();
    catalogue.add_path(&SearchPath::new([files.to_owned()]), |_| Ok(()));
    start_with(&[], catalogue).await
}

/// Every file that was looked at is told once with what became of it, and `why` tells it again with the place.
#[test]
fn what_became_of_each_file_is_told_and_a_switch_counts_from_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let files = folder.path().join("plugins");
    std::fs::create_dir(&files).unwrap();
    common::compile_c(&files, "a-good", &[]);
    common::compile_c(&files, "b-same", &[]);
    let state = folder.path().join("state");
    let started = || started(&files, &state);
    run(async {
        let core = started().await;
        let events = core.events(Filter::default());
        let loaded = heard(&events, |event| {
            let EventBody::PluginLoaded(change) = &event.body else {
                return None;
            };
            Some(change.clone())
        })
        .await;
        assert_eq!(loaded.id, "codec-copy");
        assert_eq!(loaded.abi.as_deref(), Some("1.0"));
        let refused = heard(&events, |event| {
            let EventBody::PluginRefused(change) = &event.body else {
                return None;
            };
            Some(change.clone())
        })
        .await;
        assert_eq!(refused.reason_code, Some(Code::PLUGIN_REFUSED));
        assert!(refused.fix.unwrap().contains("another id"));
        let Reply::PluginTries { tries } = asked(&core, Command::PluginWhy(of("codec-copy")))
        else {
            panic!("not why");
        };
        assert_eq!(tries.searched, [files.display().to_string()]);
        let states: Vec<_> = tries.candidates.iter().map(|one| one.state).collect();
        assert_eq!(states, [PluginState::Loaded, PluginState::Refused]);
        let nobody = core.command(Command::PluginWhy(of("codec-x")), None).1;
        assert_eq!(nobody.unwrap_err().code, Code::UNKNOWN_PLUGIN);
        let off = asked(
            &core,
            Command::PluginDisable(to_be_off("codec-copy", false)),
        );
        assert_eq!(off, Reply::NextStart);
        let linked_in = Command::PluginDisable(to_be_off("audio-null", false));
        let refused = core.command(linked_in, None).1.unwrap_err();
        assert_eq!(refused.code, Code::PLUGIN_NOT_POSSIBLE);
        assert!(refused.detail.contains("is linked in"), "{refused}");
        assert_eq!(listed(&core, "codec-copy").state, PluginState::Loaded);
        core.stop("test").await;
        drop(core);

        let core = started().await;
        let off = listed(&core, "codec-copy");
        assert_eq!(off.state, PluginState::Disabled);
        assert!(off.error.unwrap().fix.contains("plugin enable codec-copy"));
        asked(&core, Command::PluginEnable(of("codec-copy")));
        core.stop("test").await;
        drop(core);

        let core = started().await;
        assert_eq!(listed(&core, "codec-copy").state, PluginState::Loaded);
        core.stop("test").await;
    });
}
