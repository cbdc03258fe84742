//! Plugins that are replaced while a call runs, from the command to the event.

use super::{ACCOUNT, PATIENCE, common, dial, run, settings};
use control::command::NoFields;
use control::event::{Filter, PluginChange};
use control::plugin::PluginReload;
use control::{Code, Command, EventBody, Reply};
use engine::Core;
use engine::commands::Outcome;
use engine::listener::{Listener, Next};
use plugin_host::{Catalogue, SearchPath, wall_clock};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

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

fn reload(core: &Core, file: Option<&Path>, live: bool) -> (u32, u64) {
    let asked = PluginReload {
        plugin: "codec-copy".parse().unwrap(),
        file: file.map(|file| file.display().to_string()),
        live,
    };
    match core.command(Command::PluginReload(asked), None).1 {
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
        assert_eq!(reload(&caller, Some(&newer), true), (2, 1));
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
        assert_eq!(reload(&caller, None, true), (3, 1));
        let change = told(&events, rolled_back).await;
        assert_eq!(change.reason_code, Some(Code::PLUGIN_ROLLED_BACK));
        let builds = change.snapshot.builds.unwrap();
        assert_eq!((builds.generation, builds.old), (4, 2), "build 1 again");

        let none = PluginReload {
            plugin: "codec-none".parse().unwrap(),
            file: None,
            live: false,
        };
        let refused = caller.command(Command::PluginReload(none), None).1;
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
        assert_eq!(reload(&caller, Some(&newer), false), (2, 0));
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

fn reload_of(core: &Core, plugin: &str, file: Option<&Path>, live: bool) -> Outcome {
    let asked = PluginReload {
        plugin: plugin.parse().unwrap(),
        file: file.map(|file| file.display().to_string()),
        live,
    };
    core.command(Command::PluginReload(asked), None).1
}

/// What is open of a plugin's current build, and how often it was called.
fn open_of(core: &Core, plugin: &str) -> (u64, u64) {
    let Ok(Reply::PluginCosts { costs }) = core.command(Command::PluginTop(NoFields {}), None).1
    else {
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
            reload_of(&caller, "filter-level-c", Some(&built), live).unwrap();
            let (_, before) = open_of(&caller, "filter-level-c");
            let runs = async {
                loop {
                    let (open, calls) = open_of(&caller, "filter-level-c");
                    if open == 1 && calls >= before + 20 {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            let runs = tokio::time::timeout(PATIENCE, runs).await;
            runs.expect("the newer build alone is open, and is called");
        }
        let refused = reload_of(&caller, "audio-null", Some(&built), true).unwrap_err();
        assert_eq!(refused.code, Code::WRONG_STATE);
        assert!(refused.fix.contains("leave out --live"), "{refused}");
    });
}
