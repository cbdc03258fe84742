//! Keys that `offhookd` sends: SIPp takes INFO, or says that it does not.

use control::command::{Command, SendDtmf};
use control::event::DtmfMethod;
use control::{Event, EventBody};
use offhook_interop::engine::{Daemon, Wish};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::{Rig, Sipp};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(15);

fn told(event: &Event) -> Option<(char, DtmfMethod)> {
    let EventBody::CallDtmf(told) = &event.body else {
        return None;
    };
    Some((told.digit, told.method))
}

/// Calls a callee with these methods in order, presses 42 and says how each key went.
fn press(name: &str, order: &str, allow: &str) -> anyhow::Result<Option<Vec<DtmfMethod>>> {
    let Some(rig) = Rig::new(name, &["sipp"]) else {
        return Ok(None);
    };
    let values = [("allow", allow.to_owned())];
    let script = Script {
        values: &values,
        ..Script::new("callee-keys")
    };
    let mut callee = Sipp::start(&rig, "callee", &script)?;
    let engine = {
        let settings = format!("[dtmf]\norder = {order}\n");
        let wish = Wish {
            settings: &settings,
            ..Wish::default()
        };
        Daemon::start(&rig, "engine", &wish)?
    };
    let mut client = engine.client()?;
    let call = client.dial(&format!("sip:102@{}", callee.address))?;
    client.wait_answered(call, PATIENCE)?;
    client.ask(Command::SendDtmf(SendDtmf {
        call,
        digits: "42".parse()?,
        duration_ms: Some(160),
    }))?;
    client.wait("the second key", PATIENCE, |event| {
        told(event).filter(|&(digit, _)| digit == '2')
    })?;
    let ways = client.events().iter().filter_map(told);
    let ways = ways.map(|(_, way)| way).collect();
    client.hang_up(call)?;
    client.wait_ended(call, PATIENCE)?;
    callee.succeed(PATIENCE)?;
    Ok(Some(ways))
}

/// M-059, K-066: INFO first; refused once, telephone-events.
#[test]
fn m_059_info_then_the_next_method_when_it_is_refused() {
    let allow = "INVITE, ACK, BYE, CANCEL, INFO";
    let ways = press("keys-info", r#"["info", "rfc2833", "audio"]"#, allow).unwrap();
    let expected = vec![DtmfMethod::Info, DtmfMethod::Rtp];
    assert!(ways.is_none_or(|ways| ways == expected));
}
