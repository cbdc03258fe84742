//! Plugins that are replaced while a call runs, from the command to the event.

use super::{ACCOUNT, PATIENCE, common, dial, run, settings};
use control::command::NoFields;
use control::event::{Filter, PluginChange};
use control::plugin::PluginReload;
use control::snapshot::CallSnapshot;
use control::{Code, Command, EventBody, Reply};
use engine::Core;
use engine::commands::Outcome;
use engine::listener::{Listener, Next};
use plugin_host::{Catalogue, SearchPath, wall_clock};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

fn build(folder: &Path, number: u32, more: &[&str]) -> PathBuf {
    let mut defines = vec![format!("BUILD={number}")];
    defines.extend(more.iter().map(|define| (*define).to_owned()));
    common::compile_c(folder, &format!("copy-{number}"), &defines)
}

/// A phone that speaks COPY by build 0 and answers with an echo.
async fn start(folder: &Path, keys: &[(&str, &str)]) -> Rc<Core> {
    let plugins = folder.join("plugins");
    std::fs::create_dir_all(&plugins).unwrap();
    build(&plugins, 0, &[]);
    start_in(folder, keys, Catalogue::new("test", "1")).await
}

/// The same, with what lies in `folder/plugins`.
async fn start_in(folder: &Path, keys: &[(&str, &str)], mut catalogue: Catalogue) -> Rc<Core> {
    let plugins = folder.join("plugins");
    let usual = [
        ("media.codecs", "COPY"),
        ("incoming.accept", "echo"),
        ("plugins.default_trust", "in-process"),
    ];
    let keys: Vec<_> = usual.iter().chain(&ACCOUNT).chain(keys).copied().collect();
    let settings = settings(&keys);
    let path = SearchPath::new([plugins]);
    let kept_out = phone::add_libraries(&mut catalogue, &path, &settings.plugins);
    assert!(kept_out.is_empty() && catalogue.refused().is_empty());
    catalogue.add_built_in(&audio_null::ENTRY).unwrap();
    let reloads = phone::reloads(&settings.plugins);
    let builder = phone::build(&settings, catalogue).unwrap();
    builder.reloads(reloads).start().await.unwrap()
}

async fn reload(core: &Core, file: Option<&Path>, live: bool) -> (u32, u64) {
    let asked = PluginReload {
        plugin: "codec-copy".parse().unwrap(),
        file: file.map(|file| file.display().to_string()),
        live,
    };
    match core.ask(Command::PluginReload(asked), None).await.1 {
        Ok(Reply::PluginReloaded { reloaded }) => (reloaded.generation, reloaded.calls),
        other => panic!("{other:?}"),
    }
}

/// The next event that is wanted.
async fn told<T>(events: &Listener, wanted: impl Fn(&EventBody) -> Option<T>) -> T {
    let found = async {
        loop {
            if let Next::Event(sent) = events.next().await
                && let Some(found) = wanted(&sent.event.body)
            {
                return found;
            }
        }
    };
    let found = tokio::time::timeout(PATIENCE, found).await;
    found.expect("it is told in time")
}

fn answered(body: &EventBody) -> Option<()> {
    matches!(body, EventBody::CallAnswered(_)).then_some(())
}

fn replaced(body: &EventBody) -> Option<PluginChange> {
    let EventBody::PluginReplaced(change) = body else {
        return None;
    };
    Some((**change).clone())
}

fn rolled_back(body: &EventBody) -> Option<PluginChange> {
    let EventBody::PluginRolledBack(change) = body else {
        return None;
    };
    Some((**change).clone())
}

#[test]
fn a_newer_build_is_told_kept_rolled_back_and_shown() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let callee = start(folder, &[]).await;
        let caller = start(folder, &[]).await;
        let events = caller.events(Filter::default());
        tokio::time::sleep(Duration::from_millis(20)).await;
        let port = callee.listening()[0].address.port();
        dial(&caller, &format!("sip:1@127.0.0.1:{port}"));
        told(&events, answered).await;

        let newer = build(folder, 1, &[]);
        assert_eq!(reload(&caller, Some(&newer), true).await, (2, 1));
        let change = told(&events, replaced).await;
        let builds = change.snapshot.builds.clone().unwrap();
        assert_eq!(
            (builds.generation, builds.old, builds.old_in_use),
            (2, 1, 0)
        );
        assert!((4_096..=1 << 20).contains(&builds.old_mapped_bytes));
        assert_eq!(change.snapshot.path, Some(newer.display().to_string()));

        // From its second packet on it says nonsense: the file that was named last, written over.
        let faulty = build(folder, 2, &["FAIL_AFTER=1", "HOW_IT_FAILS=*len=1u<<30"]);
        std::fs::rename(&faulty, &newer).unwrap();
        assert_eq!(reload(&caller, None, true).await, (3, 1));
        let change = told(&events, rolled_back).await;
        assert_eq!(change.reason_code, Some(Code::PLUGIN_ROLLED_BACK));
        let builds = change.snapshot.builds.unwrap();
        assert_eq!((builds.generation, builds.old), (4, 2), "build 1 again");

        let none = PluginReload {
            plugin: "codec-none".parse().unwrap(),
            file: None,
            live: false,
        };
        let refused = caller.ask(Command::PluginReload(none), None).await.1;
        assert_eq!(refused.unwrap_err().code, Code::UNKNOWN_PLUGIN);
        let status = caller.command(Command::Status(NoFields {}), None).1;
        let Ok(Reply::Status { engine }) = status else {
            panic!("{status:?}");
        };
        let mut shown = engine.plugins.iter();
        let copy = shown.find(|shown| shown.id == "codec-copy").unwrap();
        assert_eq!(copy.builds.as_ref().unwrap().generation, 4);
        caller.stop("test").await;
        callee.stop("test").await;
    });
}

/// A call that goes on with the build before is watched as every other: that build becomes late two seconds later.
#[test]
fn what_an_older_build_does_in_a_running_call_is_told() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let (ours, theirs) = (folder.path().join("ours"), folder.path().join("theirs"));
        std::fs::create_dir_all(ours.join("plugins")).unwrap();
        let late = "HOW_IT_FAILS={struct timespec t={0,3000000};nanosleep(&t,0);}";
        build(&ours.join("plugins"), 0, &["FAIL_AFTER=100", late]);
        let callee = start(&theirs, &[]).await;
        let timed = Catalogue::new("test", "1").timed_by(wall_clock);
        let caller = start_in(&ours, &[], timed).await;
        let events = caller.events(Filter::default());
        tokio::time::sleep(Duration::from_millis(20)).await;
        let port = callee.listening()[0].address.port();
        let call = dial(&caller, &format!("sip:1@127.0.0.1:{port}"));
        told(&events, answered).await;
        let newer = build(folder.path(), 1, &[]);
        assert_eq!(reload(&caller, Some(&newer), false).await, (2, 0));
        let found = async {
            loop {
                if let Next::Event(sent) = events.next().await
                    && let EventBody::PluginDeadlineMissed(change) = &sent.event.body
                {
                    return (sent.event.call, change.slot.clone());
                }
            }
        };
        let told = tokio::time::timeout(PATIENCE, found).await;
        assert_eq!(told, Ok((Some(call), Some("codec".to_owned()))));
        let status = caller.command(Command::Status(NoFields {}), None).1;
        let Ok(Reply::Status { engine }) = status else {
            panic!("{status:?}");
        };
        let mut shown = engine.plugins.iter();
        let copy = shown.find(|shown| shown.id == "codec-copy").unwrap();
        assert_eq!(copy.error, None, "the newer build did nothing wrong");
        caller.stop("test").await;
        callee.stop("test").await;
    });
}

async fn reload_of(core: &Core, plugin: &str, file: Option<&Path>, live: bool) -> Outcome {
    let asked = PluginReload {
        plugin: plugin.parse().unwrap(),
        file: file.map(|file| file.display().to_string()),
        live,
    };
    core.ask(Command::PluginReload(asked), None).await.1
}

/// What is open of a plugin's current build, and how often it was called.
async fn open_of(core: &Core, plugin: &str) -> (u64, u64) {
    let asked = core.ask(Command::PluginTop(NoFields {}), None).await;
    let Ok(Reply::PluginCosts { costs }) = asked.1 else {
        panic!("not what they cost");
    };
    let cost = costs.into_iter().find(|cost| cost.id == plugin).unwrap();
    (cost.open, cost.calls)
}

/// A filter is opened with the person's bus, not with a call: the running one is replaced, at once.
#[test]
fn a_newer_build_of_a_filter_stands_in_the_persons_sound_at_once() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let plugins = folder.join("plugins");
        std::fs::create_dir_all(&plugins).unwrap();
        let file = common::example_c(&plugins, "filter");
        // What stands behind a library is nothing to the loader, and another hash.
        let mut newer = std::fs::read(&file).unwrap();
        newer.push(0);
        let built = folder.join("newer.so");
        std::fs::write(&built, newer).unwrap();
        let callee = start(folder, &[]).await;
        let keys = [("filters.microphone", "filter-level-c")];
        let caller = start(folder, &keys).await;
        let events = caller.events(Filter::default());
        tokio::time::sleep(Duration::from_millis(20)).await;
        let port = callee.listening()[0].address.port();
        dial(&caller, &format!("sip:1@127.0.0.1:{port}"));
        told(&events, answered).await;
        for live in [false, true] {
            let done = reload_of(&caller, "filter-level-c", Some(&built), live);
            done.await.unwrap();
            let (_, before) = open_of(&caller, "filter-level-c").await;
            let runs = async {
                loop {
                    let (open, calls) = open_of(&caller, "filter-level-c").await;
                    if open == 1 && calls >= before + 20 {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            let runs = tokio::time::timeout(PATIENCE, runs).await;
            runs.expect("the newer build alone is open, and is called");
        }
        let refused = reload_of(&caller, "audio-null", Some(&built), true).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.code, Code::PLUGIN_NOT_POSSIBLE);
        assert!(refused.fix.contains("leave out --live"), "{refused}");
    });
}

/// The longest that a word to the engine took until `done` was.
async fn longest_word<T>(core: &Core, done: impl Future<Output = T>) -> (T, Duration) {
    let mut longest = Duration::ZERO;
    let looks_on = async {
        loop {
            let asked = Instant::now();
            let status = core.command(Command::Status(NoFields {}), None).1;
            assert!(status.is_ok());
            tokio::time::sleep(Duration::from_millis(5)).await;
            longest = longest.max(asked.elapsed());
        }
    };
    let done = tokio::select! {
        done = done => done,
        () = looks_on => unreachable!("it never ends"),
    };
    (done, longest)
}

/// What a person feels at once. Unit: time.
const FELT: Duration = Duration::from_millis(250);

/// Control goes on while a build takes 4.5 s to start in a process of its own, and calls come and go.
#[test]
fn a_build_that_starts_slowly_holds_nobody_up() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let plugins = folder.join("plugins");
        std::fs::create_dir_all(&plugins).unwrap();
        build(&plugins, 0, &[]);
        let isolated = Catalogue::new("test", "1").isolated_by(common::program());
        let trust = [("plugins.trust.codec-copy", "isolated")];
        let core = start_in(folder, &trust, isolated).await;
        let slow = "ON_INIT={struct timespec t={4,500000000};nanosleep(&t,0);}";
        let slow = build(folder, 1, &[slow]);
        let began = Instant::now();
        let reloaded = async { (reload(&core, Some(&slow), false).await, began.elapsed()) };
        let ((reloaded, took), longest) = longest_word(&core, reloaded).await;
        assert_eq!(reloaded, (2, 0));
        assert!(took >= Duration::from_millis(4_500), "{took:?}");
        assert!(longest < FELT, "{longest:?}");
        core.stop("test").await;
    });
}

/// Eight calls whose codecs take 230 ms each to open: nobody waits for them, and all are heard in the end.
#[test]
fn codecs_that_open_slowly_hold_nobody_up() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let (ours, theirs) = (folder.join("ours"), folder.join("theirs"));
        for folder in [&ours, &theirs] {
            std::fs::create_dir_all(folder.join("plugins")).unwrap();
        }
        build(&theirs.join("plugins"), 0, &[]);
        build(&ours.join("plugins"), 0, &["SLOW_OPEN=230000000"]);
        let isolated = Catalogue::new("test", "1").isolated_by(common::program());
        let keys = [
            ("plugins.trust.codec-copy", "isolated"),
            ("calls.one_active", "false"),
        ];
        let caller = start_in(&ours, &keys, isolated).await;
        let callee = start_in(&theirs, &[], Catalogue::new("test", "1")).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let port = callee.listening()[0].address.port();
        let all_open = async {
            let events = caller.events(Filter::default());
            for _ in 0..8 {
                dial(&caller, &format!("sip:1@127.0.0.1:{port}"));
            }
            for _ in 0..8 {
                told(&events, answered).await;
            }
            loop {
                let calls = caller.command(Command::ListCalls(NoFields {}), None).1;
                let Ok(Reply::Calls { calls }) = calls else {
                    panic!("not the calls");
                };
                assert_eq!(calls.len(), 8);
                let speaks = |call: &CallSnapshot| {
                    let quality = call.quality.as_ref();
                    quality.is_some_and(|quality| quality.packets_out > 5)
                };
                if calls.iter().all(speaks) && open_of(&caller, "codec-copy").await.0 == 8 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let all_open = tokio::time::timeout(PATIENCE, all_open);
        let (all_open, longest) = longest_word(&caller, all_open).await;
        all_open.expect("all are heard in the end");
        assert!(longest < FELT, "{longest:?}");
        caller.stop("test").await;
        callee.stop("test").await;
    });
}
