//! Plugins that are replaced while a call runs, from the command to the event.

use super::{ACCOUNT, PATIENCE, common, dial, run, settings};
use control::command::NoFields;
use control::event::{Filter, PluginChange};
use control::plugin::PluginReload;
use control::{Code, Command, EventBody, Reply};
use engine::Core;
use engine::listener::{Listener, Next};
use plugin_host::{Catalogue, SearchPath};
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
    let usual = [
        ("media.codecs", "COPY"),
        ("incoming.accept", "echo"),
        ("plugins.default_trust", "in-process"),
    ];
    let keys: Vec<_> = usual.iter().chain(&ACCOUNT).chain(keys).copied().collect();
    let settings = settings(&keys);
    let mut catalogue = Catalogue::new("test", "1");
    let path = SearchPath::new([plugins]);
    let kept_out = phone::add_libraries(&mut catalogue, &path, &settings.plugins);
    assert!(kept_out.is_empty() && catalogue.refused().is_empty());
    catalogue.add_built_in(&audio_null::ENTRY).unwrap();
    let reloads = phone::reloads(&settings.plugins, folder.join("state/plugins"));
    let builder = phone::build(&settings, catalogue).unwrap();
    builder.reloads(reloads).start().await.unwrap()
}

fn reload(core: &Core, file: Option<&Path>, live: bool) -> (u32, u64) {
    let asked = PluginReload {
        plugin: "codec-copy".to_owned(),
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
        assert!(
            change
                .snapshot
                .path
                .unwrap()
                .contains("state/plugins/codec-copy-")
        );

        // From its second packet on it says nonsense: the file that was named last, written over.
        let faulty = build(folder, 2, &["FAIL_AFTER=1", "HOW_IT_FAILS=*len=1u<<30"]);
        std::fs::rename(&faulty, &newer).unwrap();
        assert_eq!(reload(&caller, None, true), (3, 1));
        let change = told(&events, rolled_back).await;
        assert_eq!(change.reason_code, Some(Code::PLUGIN_ROLLED_BACK));
        let builds = change.snapshot.builds.unwrap();
        assert_eq!((builds.generation, builds.old), (4, 2), "build 1 again");

        let none = PluginReload {
            plugin: "codec-none".to_owned(),
            ..PluginReload::default()
        };
        let refused = caller.command(Command::PluginReload(none), None).1;
        assert_eq!(refused.unwrap_err().code, Code::PLUGIN_MISSING);
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
