//! The program at a door: registers, answers by itself, and opens to who knows the key.
#![allow(clippy::unwrap_used)]

use control::command::{CallRef, Command, Dial, SendDtmf};
use control::event::Filter;
use control::{CallHandle, EventBody};
use engine::listener::Next;
use plugin_host::Catalogue;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

/// More than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

struct Intercom(Child, BufReader<std::process::ChildStdout>);

impl Drop for Intercom {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn intercom(folder: &Path, open_ms: u32, more: &[String]) -> Intercom {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_offhook-intercom"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OFFHOOK_") {
            command.env_remove(name);
        }
    }
    for set in [
        "sip.listen=udp:127.0.0.1:0",
        "media.microphone=audio-null",
        "media.speaker=audio-null",
    ] {
        command.args(["--set", set]);
    }
    let relay = folder.join("relay");
    command.env("OFFHOOK_DOOR_KEY", "17#");
    command.args(["--door-open-ms", &open_ms.to_string()]);
    command.arg("--door-relay").arg(relay).args(more);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap());
    Intercom(child, lines)
}

fn line(of: &mut Intercom) -> String {
    let mut line = String::new();
    of.1.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

fn plugins() -> Catalogue {
    let mut catalogue = Catalogue::new("test", "1");
    for entry in [
        &codec_g711::ENTRY,
        &dtmf_rfc4733::ENTRY,
        &audio_null::ENTRY,
        &audio_file::ENTRY,
        &audio_tone::ENTRY,
    ] {
        catalogue.add_built_in(entry).unwrap();
    }
    catalogue
}

async fn caller() -> std::rc::Rc<engine::Core> {
    let mut request = settings::Request::of_profile("headless");
    request.environment.clear();
    let keys = [
        ("sip.listen", "udp:127.0.0.1:0"),
        ("accounts.a.user", "1"),
        ("accounts.a.domain", "127.0.0.1"),
        ("accounts.a.register", "false"),
    ];
    request.options = keys
        .map(|(k, v)| (k.into(), v.into(), "test".into()))
        .into();
    let settings = settings::load(&request).unwrap().settings;
    let builder = phone::build(&settings, plugins()).unwrap();
    builder.start().await.unwrap()
}

async fn dial(core: &engine::Core, to: String) -> CallHandle {
    let dial = Dial {
        to,
        account: None,
        ring_for_s: None,
        headers: Default::default(),
        action: None,
    };
    // The account is there a moment after the engine.
    loop {
        let reply = core.command(Command::Dial(dial.clone()), None).1;
        if let Ok(control::Reply::Call { call }) = reply {
            return call.call;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Calls the door and presses the key; the caller, its call, and the door that said that it is open.
async fn opened(mut door: Intercom) -> (std::rc::Rc<engine::Core>, CallHandle, Intercom) {
    let listening = line(&mut door);
    let address = listening.rsplit(' ').next().unwrap().to_owned();
    let core = caller().await;
    let events = core.events(Filter(vec!["call.*".into()]));
    let call = dial(&core, format!("sip:door@{address}")).await;
    loop {
        let Next::Event(sent) = events.next().await else {
            continue;
        };
        let body = &sent.event.body;
        assert!(!matches!(body, EventBody::CallEnded(_)), "{body:?}");
        if matches!(body, EventBody::CallAnswered(_)) {
            break;
        }
    }
    let digits = "0017#".parse().unwrap();
    let send = SendDtmf {
        call: Some(call),
        digits,
        duration_ms: None,
    };
    core.command(Command::SendDtmf(send), None).1.unwrap();
    let waited = tokio::task::spawn_blocking(move || {
        assert_eq!(line(&mut door), "door open");
        door
    });
    (core, call, waited.await.unwrap())
}

#[test]
fn a_door_that_is_open_is_shut_when_the_program_is_stopped() {
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::INT] {
        let folder = tempfile::tempdir().unwrap();
        let relay = folder.path().join("relay");
        let door = intercom(folder.path(), 60_000, &[]);
        let test = async {
            let (core, _, mut door) = opened(door).await;
            assert_eq!(std::fs::read_to_string(&relay).unwrap(), "1");
            let pid = rustix::process::Pid::from_child(&door.0);
            rustix::process::kill_process(pid, signal).unwrap();
            let ended = tokio::task::spawn_blocking(move || door.0.wait());
            assert!(ended.await.unwrap().unwrap().success());
            assert_eq!(std::fs::read_to_string(&relay).unwrap(), "0");
            core.stop("test").await;
        };
        let bounded = async { tokio::time::timeout(PATIENCE, test).await };
        let done = actix::System::new().block_on(bounded);
        done.expect("ends in time");
    }
}

#[test]
fn a_door_whose_relay_cannot_be_written_is_no_door() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_offhook-intercom"));
    let words = ["--door-key", "1", "--door-relay", "/proc/none/relay"];
    let ended = command.args(words).output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success());
    assert!(
        said.contains("/proc/none/relay") && said.contains("\n  fix   "),
        "{said}"
    );
}

#[test]
fn it_answers_by_itself_and_opens_to_who_knows_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let relay = folder.path().join("relay");
    let door = intercom(folder.path(), 300, &[]);
    let test = async {
        let (core, call, mut door) = opened(door).await;
        assert_eq!(std::fs::read_to_string(&relay).unwrap(), "1");
        tokio::task::spawn_blocking(move || {
            assert_eq!(line(&mut door), "door shut");
        })
        .await
        .unwrap();
        core.command(Command::HangUp(CallRef { call: Some(call) }), None)
            .1
            .unwrap();
        core.stop("test").await;
        assert_eq!(std::fs::read_to_string(&relay).unwrap(), "0");
    };
    let bounded = async { tokio::time::timeout(PATIENCE, test).await };
    actix::System::new()
        .block_on(bounded)
        .expect("ends in time");
}

#[test]
fn it_registers_with_a_pbx() {
    let folder = tempfile::tempdir().unwrap();
    let test = async {
        let users = demo_pbx::Users::none().and("101", "secret");
        let settings = demo_pbx::Settings::new(users, folder.path().to_owned(), [7; 32]);
        let pbx = demo_pbx::start(settings, plugins()).await.unwrap();
        let account = [
            format!("accounts.door.domain={}", pbx.address()),
            "accounts.door.user=101".to_owned(),
            "accounts.door.password=secret".to_owned(),
        ];
        let more: Vec<String> = account
            .into_iter()
            .flat_map(|set| ["--set".into(), set])
            .collect();
        let _door = intercom(folder.path(), 300, &more);
        while pbx.contacts("101").is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        pbx.stop().await;
    };
    let bounded = async { tokio::time::timeout(PATIENCE, test).await };
    actix::System::new()
        .block_on(bounded)
        .expect("ends in time");
}

#[test]
fn what_is_wrong_is_said_before_it_runs() {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_offhook-intercom"));
    let said = command
        .args(["--set", "media.codecs=NONE"])
        .output()
        .unwrap();
    assert!(!said.status.success());
    let said = String::from_utf8(said.stderr).unwrap();
    assert!(said.contains("NONE"), "{said}");
}

#[test]
fn what_is_typed_wrong_has_a_code_a_cause_and_a_fix() {
    for words in [["--log", "sipp=debug"], ["--door-open-ms", "soon"]] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_offhook-intercom"));
        let ended = command.args(words).output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{said}");
        assert!(said.starts_with("! OH-1001 "), "{said}");
        assert!(
            said.contains("\n  why   ") && said.contains("\n  fix   "),
            "{said}"
        );
    }
}

/// A door keeps nothing of who rang: what is not named is not compiled in.
#[test]
fn no_code_of_the_history_is_in_the_program() {
    let program = std::fs::read(env!("CARGO_BIN_EXE_offhook-intercom")).unwrap();
    let holds = |name: &str| program.windows(name.len()).any(|at| at == name.as_bytes());
    // As names of functions begin; names of files that hold nothing of it stay.
    assert!(holds("20offhook_part_dialogs"), "they can be found");
    assert!(!holds("20offhook_part_history"));
}
