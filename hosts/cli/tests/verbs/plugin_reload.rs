//! `plugin reload`.

use crate::fake::{Step, call, run};
use control::event::PluginChange;
use control::plugin::{PluginBuilds, PluginReloaded};
use control::snapshot::{PluginSnapshot, PluginState};
use control::{Code, ErrorObject, EventBody, Reply};
use expect_test::expect;

fn reloaded(calls: u64) -> Step {
    let reloaded = PluginReloaded {
        plugin: "codec-x".into(),
        generation: 2,
        calls,
    };
    Step::On("plugin.reload", Reply::PluginReloaded { reloaded })
}

fn change(id: &str, error: Option<ErrorObject>) -> Box<PluginChange> {
    Box::new(PluginChange {
        id: id.into(),
        version: "1.1".into(),
        abi: None,
        slot: None,
        reason_code: error.as_ref().map(|error| error.code),
        fix: error.as_ref().map(|error| error.fix.clone()),
        snapshot: PluginSnapshot {
            id: id.into(),
            kind: "codec".into(),
            version: "1.1".into(),
            abi: None,
            state: PluginState::Loaded,
            trust: "isolated".into(),
            path: Some("/opt/codec-x.so".into()),
            sha256: None,
            unguarded: Vec::new(),
            builds: Some(PluginBuilds::default()),
            error,
        },
    })
}

#[test]
fn for_new_calls_it_says_which_generation_it_is() {
    let ran = run(&["plugin", "reload", "codec-x"], vec![reloaded(0)]);
    expect![[r#"
        codec-x: generation 2 for new calls
        --- exit 0
        {"op":"call","id":"r1","command":"plugin.reload","body":{"plugin":"codec-x","live":false}}
    "#]]
    .assert_eq(&(ran.told() + &ran.asked.concat()));
}

#[test]
fn in_running_calls_it_waits_for_the_end_of_the_trial() {
    let args = ["plugin", "reload", "codec-x", "/opt/codec-x.so", "--live"];
    let other = EventBody::PluginReplaced(change("codec-y", None));
    let script = vec![
        reloaded(2),
        Step::TellOf(None, other),
        Step::TellOf(None, EventBody::PluginReplaced(change("codec-x", None))),
    ];
    let ran = run(&args, script);
    expect![[r#"
        codec-x: generation 2 for new calls, on trial in 2 calls
        codec-x: kept
        --- exit 0
        {"op":"call","id":"r1","command":"plugin.reload","body":{"plugin":"codec-x","file":"/opt/codec-x.so","live":true}}
    "#]]
    .assert_eq(&(ran.told() + &ran.asked.concat()));
}

#[test]
fn a_build_that_is_rolled_back_is_an_error_with_its_reason() {
    let args = ["plugin", "reload", "codec-x", "--live"];
    let error = ErrorObject::new(Code::PLUGIN_ROLLED_BACK, "the newer build panicked");
    let body = EventBody::PluginRolledBack(change("codec-x", Some(error)));
    let script = vec![reloaded(1), Step::TellOf(Some(call().call), body)];
    expect![[r#"
        codec-x: generation 2 for new calls, on trial in 1 call
        --- stderr
        ! OH-5007 a newer build of a plugin failed in a call; the one before is back
          why   the newer build panicked
          fix   correct the build, then: offhook plugin reload ID --live
          more  offhook explain OH-5007
        --- exit 9
    "#]]
    .assert_eq(&run(&args, script).told());
    let why = "there is no plugin \"codec-x\"; there is codec-g711";
    let refused = ErrorObject::new(Code::UNKNOWN_PLUGIN, why);
    let script = vec![Step::Refuse("plugin.reload", refused)];
    expect![[r#"
        --- stderr
        ! OH-5006 there is no such plugin
          why   there is no plugin "codec-x"; there is codec-g711
          fix   see offhook plugin list for those that there are
          more  offhook explain OH-5006
        --- exit 9
    "#]]
    .assert_eq(&run(&args, script).told());
}

/// The event is of the later one's trial; the earlier one never came to an end of its own.
#[test]
fn one_that_another_reload_came_after_says_so_instead_of_kept() {
    let mut later = change("codec-x", None);
    later.snapshot.builds = Some(PluginBuilds {
        generation: 3,
        ..PluginBuilds::default()
    });
    let script = vec![
        reloaded(1),
        Step::TellOf(None, EventBody::PluginReplaced(later)),
    ];
    let told = run(&["plugin", "reload", "codec-x", "--live"], script).told();
    assert!(
        told.contains("generation 2 was superseded by another reload"),
        "{told}"
    );
    assert!(!told.contains("kept"), "{told}");
}
