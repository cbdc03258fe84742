//! A PBX and a phone that is registered there, in one system with the test.

use control::command::{Command, Dial};
use control::event::Filter;
use core::net::SocketAddr;
use engine::Core;
use engine::listener::{Listener, Next};
use offhook_demo_pbx::{Pbx, Settings, Users, start};
use offhook_interop::Rig;
use plugin_host::Catalogue;
use std::rc::Rc;
use std::time::Duration;

/// How long something may take. Carol's lamp goes round in half a minute.
const PATIENCE: Duration = Duration::from_secs(40);

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::new("pbx test", "0.1.0");
    for entry in [
        &codec_g711::ENTRY,
        &audio_file::ENTRY,
        &audio_tone::ENTRY,
        &dtmf_rfc4733::ENTRY,
    ] {
        catalogue.add_built_in(entry).unwrap();
    }
    catalogue
}

pub(crate) async fn pbx(rig: &Rig) -> Pbx {
    let mut seed = [0; 32];
    rig.rng().fill(&mut seed);
    let users = Users::none().and("101", "secret");
    let settings = Settings::new(users, rig.file("sounds"), seed);
    start(settings, catalogue()).await.unwrap()
}

/// A phone of user 101, as a host makes one from a settings file.
async fn phone(rig: &Rig, pbx: SocketAddr, account: &str) -> Rc<Core> {
    let (file, password) = (rig.file("phone.toml"), rig.file("password"));
    let said = rig.file("sounds/bob.wav");
    std::fs::write(&password, "secret").unwrap();
    let text = format!(
        "[media]\nmicrophone = \"audio-file:{}\"\nspeaker = \"audio-file:{}\"\n\
         [accounts.demo]\nuser = \"101\"\ndomain = \"{pbx}\"\npassword_file = \"{}\"\n\
         allow_message = true\n{account}",
        said.display(),
        rig.file("heard.wav").display(),
        password.display()
    );
    std::fs::write(&file, text).unwrap();
    let request = settings::Request {
        profile: "demo".to_owned(),
        file: Some(file),
        ..settings::Request::default()
    };
    let loaded = settings::load(&request).unwrap();
    let builder = phone::build(&loaded.settings, catalogue()).unwrap();
    builder.start().await.unwrap()
}

/// Events up to the one that holds all of `wanted`; its line.
pub(crate) async fn until(events: &Rc<Listener>, wanted: &[&str]) -> String {
    let mut seen = String::new();
    let found = tokio::time::timeout(PATIENCE, async {
        loop {
            let line = match events.next().await {
                Next::Event(event) => String::from_utf8(event.line().to_vec()).unwrap(),
                Next::Lagged(..) => panic!("events were lost"),
            };
            seen.push_str(&line);
            if wanted.iter().all(|part| line.contains(part)) {
                return line;
            }
        }
    });
    let found = found.await;
    found.unwrap_or_else(|_| panic!("no {wanted:?} among\n{seen}"))
}

/// A PBX, a phone that is registered there, and what that tells from now on.
pub(crate) async fn registered(rig: &Rig) -> (Pbx, Rc<Core>, Rc<Listener>) {
    registered_with(rig, "").await
}

/// The same, with these lines in the settings of its account.
pub(crate) async fn registered_with(rig: &Rig, account: &str) -> (Pbx, Rc<Core>, Rc<Listener>) {
    let pbx = pbx(rig).await;
    let phone = phone(rig, pbx.address(), account).await;
    let events = phone.events(Filter::default());
    if pbx.contacts("101").is_empty() {
        until(&events, &["\"account.registered\""]).await;
    }
    (pbx, phone, events)
}

pub(crate) fn dial(phone: &Core, number: &str) {
    let command = Command::Dial(Dial {
        to: number.to_owned(),
        account: None,
        ring_for_s: None,
        headers: Default::default(),
        action: None,
    });
    phone.command(command, None).1.unwrap();
}

pub(crate) fn hang_up(phone: &Core) {
    let all = Command::HangUpAll(Default::default());
    phone.command(all, None).1.unwrap();
}

/// Every call of the PBX ends.
pub(crate) async fn nobody_is_left(pbx: &Pbx) {
    let mut left = Vec::new();
    let none = async {
        loop {
            let reply = pbx
                .core()
                .command(Command::ListCalls(Default::default()), None);
            let control::Reply::Calls { calls } = reply.1.unwrap() else {
                panic!("not the calls");
            };
            if calls.is_empty() {
                return;
            }
            left = calls;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let none = tokio::time::timeout(PATIENCE, none).await;
    assert!(none.is_ok(), "every call of the PBX ends: {left:#?}");
}

pub(crate) fn samples(rig: &Rig, name: &str) -> Vec<i16> {
    let mut file = hound::WavReader::open(rig.file(name)).unwrap();
    assert_eq!(file.spec().sample_rate, 16_000);
    file.samples().map(Result::unwrap).collect()
}
