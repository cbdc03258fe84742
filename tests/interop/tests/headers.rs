//! Header fields that an account adds to its requests: SIPp looks at one request of every method.

use control::Command;
use control::message::SendMessage;
use control::snapshot::AccountState;
use offhook_interop::engine::{Daemon, Wish};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::{Rig, Sipp};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

const SETTINGS: &str = r#"
[accounts.main]
outbound_proxy = "PEER"
allow_message = true
keepalive = "options"
keepalive_s = 5
blf = ["201"]
blf_event = "presence"
headers = ['* X-Site: 7, "of; two"', "INVITE X-Customer: Value 42", "SUBSCRIBE X-Note: watching"]
"#;

/// M-196, K-086 to K-090: REGISTER, SUBSCRIBE, OPTIONS, MESSAGE, INVITE, ACK and BYE carry what is for them, byte by
/// byte, and nothing else.
#[test]
fn m_196_each_method_carries_its_own_header_fields_at_sipp() {
    let Some(rig) = Rig::new("headers", &["sipp"]) else {
        return;
    };
    // REGISTER, SUBSCRIBE, OPTIONS, MESSAGE, and a call.
    let script = Script {
        calls: 5,
        ..Script::new("all-methods")
    };
    let mut peer = Sipp::start(&rig, "peer", &script).unwrap();
    let settings = SETTINGS.replace("PEER", &peer.address.to_string());
    let wish = Wish {
        registrar: Some((peer.address, "101", "secret-101")),
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish).unwrap();
    let mut client = engine.client().unwrap();
    let registered = AccountState::Registered;
    client.wait_account(registered, PATIENCE).unwrap();
    let message = Command::MessageSend(SendMessage {
        to: Some("102".to_owned()),
        text: "hello".to_owned(),
        account: None,
        call: None,
    });
    client.ask(message).unwrap();
    let call = client.dial("102").unwrap();
    client.wait_answered(call, PATIENCE).unwrap();
    client.hang_up(call).unwrap();
    client.wait_ended(call, PATIENCE).unwrap();
    peer.succeed(PATIENCE).unwrap();
    let seen = peer.messages();
    for method in [
        "REGISTER",
        "SUBSCRIBE",
        "OPTIONS",
        "MESSAGE",
        "INVITE",
        "ACK",
        "BYE",
    ] {
        assert!(seen.contains(&format!("\n{method} sip:")), "no {method}");
    }
}
