//! What the running phone does: how it ends, what its control socket says, and that it follows its settings.
#![allow(clippy::unwrap_used)]

mod challenged;
#[path = "../../../../core/plugin-host/tests/common/mod.rs"]
mod common;
mod control_socket;
mod faces;
mod failover;
mod full_disk;
mod kept;
mod keys;
mod large;
mod lifecycle;
mod plugins;
mod program;
mod reload;

use plugin_host::Catalogue;
use settings::{Request, Settings};
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

/// More than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// Settings of the profile headless, without a microphone, on free ports, with these keys over it.
fn settings(keys: &[(&str, &str)]) -> Settings {
    let mut request = Request::of_profile("headless");
    request.environment.clear();
    let usual = [
        ("sip.listen", "udp:127.0.0.1:0,tcp:127.0.0.1:0"),
        ("media.microphone", "audio-null"),
        ("media.speaker", "audio-null"),
    ];
    let keys = usual.iter().chain(keys);
    request.options = keys
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned(), "test".to_owned()))
        .collect();
    settings::load(&request).unwrap().settings
}

/// A phone that runs.
async fn start(keys: &[(&str, &str)]) -> Rc<engine::Core> {
    let mut catalogue = Catalogue::new("test", "1");
    catalogue.add_built_in(&codec_g711::ENTRY).unwrap();
    start_with(keys, catalogue).await
}

/// A phone that runs with these codecs.
async fn start_with(keys: &[(&str, &str)], mut catalogue: Catalogue) -> Rc<engine::Core> {
    catalogue.add_built_in(&audio_null::ENTRY).unwrap();
    let builder = phone::build_keeping(&settings(keys), catalogue).unwrap();
    let started = tokio::time::timeout(PATIENCE, builder.start()).await;
    started.expect("starts in time").unwrap()
}

/// Runs a test to its end. What it waits for has a bound of its own and says what did not come; this one is for all.
fn run(test: impl Future<Output = ()>) {
    let bounded = async { tokio::time::timeout(6 * PATIENCE, test).await };
    actix::System::new()
        .block_on(bounded)
        .expect("ends in time");
}

/// Keys of an account that calls and does not register.
const ACCOUNT: [(&str, &str); 3] = [
    ("accounts.a.user", "1"),
    ("accounts.a.domain", "127.0.0.1"),
    ("accounts.a.register", "false"),
];

/// Calls `to`; the outcome comes as events.
fn dial(core: &engine::Core, to: &str) -> control::CallHandle {
    let dial = control::command::Dial {
        to: to.to_owned(),
        account: None,
        ring_for_s: None,
        headers: std::collections::BTreeMap::new(),
        action: None,
    };
    let (_, outcome) = core.command(control::Command::Dial(dial), None);
    let control::Reply::Call { call } = outcome.unwrap() else {
        panic!("dial is replied to with something else");
    };
    call.call
}
