//! Faces: plugins that speak the control words as every client does.

use super::{ACCOUNT, PATIENCE, dial, run, settings, start_with};
use control::command::NoFields;
use control::event::Filter;
use control::snapshot::{CallState, PluginSnapshot};
use control::{Code, Command, EventBody, Reply};
use engine::listener::{Listener, Next};
use plugin_host::Catalogue;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

/// A face that says what its options tell it, and keeps what it hears.
#[allow(unexpected_cfgs)] // A library file has a feature that a test has not.
mod parrot {
    use plugin::{Refusal, Status, Ui, UiEngine};
    use std::sync::Mutex;

    pub(super) static HEARD: Mutex<Vec<serde_json::Value>> = Mutex::new(Vec::new());

    /// Says it once the engine has an account to call from.
    #[derive(Debug)]
    pub(super) struct Parrot {
        engine: UiEngine,
        say: Option<String>,
    }

    impl Ui for Parrot {
        fn open(engine: UiEngine, options: &str) -> Result<Self, Refusal> {
            let say = Some(options.to_owned());
            Ok(Self { engine, say })
        }

        fn event(&mut self, json: &str) -> Result<(), Status> {
            let said: serde_json::Value =
                serde_json::from_str(json).map_err(|_| Status::BAD_ARGUMENT)?;
            let accounts = said["snapshot"]["accounts"].as_array();
            if (accounts.is_some_and(|all| !all.is_empty()) || said["type"] == "account.added")
                && let Some(say) = self.say.take()
            {
                self.engine.command(&say)?;
            }
            HEARD.lock().unwrap().push(said);
            Ok(())
        }
    }

    impl Drop for Parrot {
        fn drop(&mut self) {
            HEARD.lock().unwrap().push("closed".into());
        }
    }

    plugin::export_ui!(Parrot, id = "parrot", name = "Says what it is told");
}

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::new("test", "1");
    for entry in [&codec_g711::ENTRY, &mock::ui::ENTRY, &parrot::ENTRY] {
        catalogue.add_built_in(entry).unwrap();
    }
    catalogue
}

fn with_face(face: &str) -> Vec<(&str, &str)> {
    let mut keys = ACCOUNT.to_vec();
    keys.push(("control.faces", face));
    keys
}

/// Waits until `found` says so.
async fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < end, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A call that nobody answers, in the state in which it stays.
async fn call(core: &engine::Core, peer: &UdpSocket) -> control::CallHandle {
    let ask = || {
        let (_, outcome) = core.command(Command::ListAccounts(NoFields {}), None);
        matches!(outcome, Ok(Reply::Accounts { accounts }) if !accounts.is_empty()).then_some(())
    };
    until("the account is there", ask).await;
    let call = dial(core, &format!("sip:9@{}", peer.local_addr().unwrap()));
    until("the call is there", || is_up(core, call).then_some(())).await;
    call
}

fn is_up(core: &engine::Core, call: control::CallHandle) -> bool {
    let (_, outcome) = core.command(Command::ListCalls(NoFields {}), None);
    let Reply::Calls { calls } = outcome.unwrap() else {
        panic!("list_calls is replied to with something else");
    };
    calls
        .iter()
        .any(|c| c.call == call && c.state != CallState::Ended)
}

fn plugin(core: &engine::Core, id: &str) -> PluginSnapshot {
    let (_, outcome) = core.command(Command::PluginList(NoFields {}), None);
    let Reply::Plugins { plugins } = outcome.unwrap() else {
        panic!("plugin.list is replied to with something else");
    };
    plugins.into_iter().find(|p| p.id == id).unwrap()
}

async fn next(events: &Listener) -> EventBody {
    match tokio::time::timeout(PATIENCE, events.next()).await {
        Ok(Next::Event(sent)) => sent.event.body.clone(),
        Ok(Next::Lagged(..)) => panic!("nobody is that slow here"),
        Err(_) => panic!("nothing is told"),
    }
}

/// M-067: a face is greeted with the whole engine, is told every event, and starts a call; it closes with the engine.
#[test]
fn m067_a_face_is_one_more_client_of_the_control_words() {
    run(async {
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = peer.local_addr().unwrap();
        let say = format!(
            r#"parrot:{{"op": "call", "id": "r1", "command": "dial", "body": {{"to": "sip:9@{to}"}}}}"#
        );
        let core = start_with(&with_face(&say), catalogue()).await;
        let heard = || parrot::HEARD.lock().unwrap().clone();
        let all = until("a call is told", || {
            let all = heard();
            let created = all.iter().any(|said| said["type"] == "call.created");
            created.then_some(all)
        })
        .await;
        assert_eq!(all[0]["op"], "welcome");
        assert!(all[0]["snapshot"].is_object(), "{}", all[0]);
        let reply = all.iter().find(|said| said["op"] == "reply").unwrap();
        assert_eq!(reply["id"], "r1");
        let call = &reply["ok"]["call"]["call"];
        let created = all.iter().find(|said| said["type"] == "call.created");
        let created = created.unwrap();
        assert_eq!(
            (&created["call"], &created["command"]),
            (call, &reply["command"])
        );
        let mut seqs = all.iter().filter_map(|said| said["seq"].as_u64());
        let mut last = seqs.next().unwrap();
        for seq in seqs {
            assert_eq!(seq, last + 1, "no event is missing");
            last = seq;
        }
        core.stop("test").await;
        assert_eq!(heard().last().unwrap(), "closed");
    });
}

/// A face that panics, or does not come back, is told as other plugins are, and ends no call.
#[test]
fn m067_a_face_that_panics_or_hangs_ends_no_call() {
    run(async {
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        for (orders, code) in [
            (r#"mock-ui:{"panic_at": 2}"#, Code::PLUGIN_CRASHED),
            (
                r#"mock-ui:{"stall_at": 2, "stall_ms": 60000}"#,
                Code::FACE_FAILED,
            ),
        ] {
            let told = || mock::ui::COUNTS.read().calls;
            let before = told();
            let core = start_with(&with_face(orders), catalogue()).await;
            let filter = Filter(vec!["plugin.*".to_owned()]);
            let events = core.events(filter);
            // Greeted: whatever happens from now on is its second call, or a later one.
            until("it is greeted", || (told() > before).then_some(())).await;
            let call = call(&core, &peer).await;
            let (EventBody::PluginCrashed(change) | EventBody::PluginFaulted(change)) =
                next(&events).await
            else {
                panic!("{orders}: something else is told");
            };
            assert_eq!(
                (change.id.as_str(), change.slot.as_deref()),
                ("mock-ui", Some("face"))
            );
            assert_eq!(change.reason_code, Some(code));
            assert_eq!(plugin(&core, "mock-ui").error.unwrap().code, code);
            assert!(is_up(&core, call), "{orders}");
            core.stop("test").await;
        }
    });
}

/// One that cannot be opened is told with what it says itself, and the phone goes on.
#[test]
fn m067_a_face_that_cannot_be_opened_keeps_nobody_from_phoning() {
    run(async {
        let orders = r#"mock-ui:{"refuse": true}"#;
        let core = start_with(&with_face(orders), catalogue()).await;
        let events = core.events(Filter(vec!["plugin.*".to_owned()]));
        let EventBody::PluginFaulted(change) = next(&events).await else {
            panic!("something else is told");
        };
        assert_eq!(change.reason_code, Some(Code::FACE_FAILED));
        let error = plugin(&core, "mock-ui").error.unwrap();
        assert!(error.detail.contains("refused on order"), "{error}");
        let peer = UdpSocket::bind("127.0.0.1:0").unwrap();
        call(&core, &peer).await;
        core.stop("test").await;
    });
}

/// Nobody is told nonsense by a face: the engine says what is wrong with a line, and goes on.
#[test]
fn m067_a_face_that_says_nonsense_is_told_so() {
    run(async {
        let core = start_with(&with_face("parrot:{\"op\": \"call\"}"), catalogue()).await;
        let refused = until("a reply", || {
            let heard = parrot::HEARD.lock().unwrap();
            heard.iter().find(|said| said["op"] == "reply").cloned()
        })
        .await;
        assert_eq!(refused["error"]["code"], Code::BAD_CONTROL_LINE.to_string());
        core.stop("test").await;
    });
}

#[test]
fn a_face_that_is_not_there_or_badly_told_is_an_error_of_the_settings() {
    for (face, says) in [
        ("no-such-face", "no-such-face"),
        ("mock-ui:[1]", "no JSON object"),
        ("codec-g711", "codec-g711"),
    ] {
        let refused = phone::build(&settings(&[("control.faces", face)]), catalogue());
        let Err(refused) = refused else {
            panic!("{face} is opened");
        };
        let told = refused.explain();
        assert_eq!(told.code, Code::FACE_FAILED);
        assert!(told.detail.contains(says), "{told}");
    }
}
