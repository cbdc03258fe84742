//! Calls that are handed on, with programs nobody here wrote. Each test says which requirement it covers.
#![allow(clippy::wildcard_enum_match_arm)] // A test looks for one kind of event.

use control::command::{CallRef, Command, Reply};
use control::history::{HistoryQuery, Mark};
use control::transfer::{TransferCall, TransferMode, TransferSnapshot, TransferState};
use control::{CallHandle, Code, EventBody};
use offhook_interop::engine::{Answer, Daemon, Engine as _, Wish};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::sound::Sound;
use offhook_interop::{Client, Phone, Rig, Sipp};

use anyhow::ensure;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// A phone for people, without devices: one that picks up by itself is a monitor, which hands nobody on.
const PHONE: Wish<'static> = Wish {
    secured: None,
    transport: "udp",
    codec: "PCMU",
    answer: Answer::Ring,
    registrar: None,
    ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
    settings: "[media]\nmicrophone = \"audio-null\"\nspeaker = \"audio-null\"\n",
};

fn to(uri: &str, mode: TransferMode) -> Command {
    Command::Transfer(TransferCall {
        to: Some(uri.to_owned()),
        mode,
        ..TransferCall::default()
    })
}

/// How the transfer ended.
fn ended(client: &mut Client) -> anyhow::Result<TransferSnapshot> {
    let name = "call.transfer.";
    client.wait(name, PATIENCE, |event| match &event.body {
        EventBody::TransferDone(told) | EventBody::TransferFailed(told) => Some((**told).clone()),
        _ => None,
    })
}

fn states(client: &Client) -> Vec<TransferState> {
    let told = client
        .events()
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::TransferProgress(told) => Some(told.state),
            _ => None,
        });
    told.collect()
}

/// A scripted callee whom we call and hand on to nobody in particular; how that ended.
fn hands_on(
    name: &str,
    script: &Script<'_>,
) -> anyhow::Result<Option<(TransferSnapshot, Vec<TransferState>)>> {
    let Some(rig) = Rig::new(name, &["sipp"]) else {
        return Ok(None);
    };
    let mut callee = Sipp::start(&rig, "callee", script)?;
    let engine = Daemon::start(&rig, "engine", &PHONE)?;
    let mut client = engine.client()?;
    let call = client.dial(&format!("sip:102@{}", callee.address))?;
    client.wait_answered(call, PATIENCE)?;
    client.ask(to("sip:900@127.0.0.1", TransferMode::Now))?;
    let end = ended(&mut client)?;
    if end.state == TransferState::Recovered {
        ensure!(!client.look(call)?.held_by_local, "still on hold");
        client.hang_up(call)?;
    }
    client.wait_ended(call, PATIENCE)?;
    callee.succeed(PATIENCE)?;
    if end.state == TransferState::Completed {
        is_marked(&mut client)?;
    }
    Ok(Some((end, states(&client))))
}

/// The history says that the call was handed on (M-121).
fn is_marked(client: &mut Client) -> anyhow::Result<()> {
    match client.ask(Command::HistoryList(HistoryQuery::default()))? {
        Reply::History { records } => {
            let marks: Vec<_> = records.iter().map(|record| &record.marks).collect();
            ensure!(marks == [&[Mark::Transferred]], "{marks:?}");
            Ok(())
        }
        other => anyhow::bail!("{other:?}"),
    }
}

#[test]
fn m_073_m_074_m_121_sipp_is_handed_on_and_reports() {
    let values = [("target", "sip:900@127.0.0.1".to_owned())];
    let script = Script {
        values: &values,
        ..Script::new("callee-sent-away")
    };
    let Some((end, states)) = hands_on("transfer-blind", &script).unwrap() else {
        return;
    };
    assert_eq!(end.state, TransferState::Completed);
    let seen = |state| states.contains(&state);
    assert!(
        seen(TransferState::Requested) && seen(TransferState::Ringing),
        "{states:?}"
    );
}

#[test]
fn m_075_m_076_sipp_comes_back_where_the_target_does_not_take_it() {
    for (status, code) in [
        (404, Code::TRANSFER_NO_TARGET),
        (403, Code::TRANSFER_BARRED),
        (486, Code::TRANSFER_NOT_TAKEN),
        (480, Code::TRANSFER_NOT_TAKEN),
    ] {
        let values = [("code", status.to_string())];
        let script = Script {
            values: &values,
            ..Script::new("callee-comes-back")
        };
        let name = format!("transfer-target-{status}");
        let Some((end, _)) = hands_on(&name, &script).unwrap() else {
            return;
        };
        let told = end.error.map(|error| error.code);
        assert_eq!((end.state, told), (TransferState::Recovered, Some(code)));
        assert_eq!(end.sip_status, Some(status));
    }
}

#[test]
fn m_075_m_076_sipp_refuses_to_be_handed_on() {
    for status in [
        "403 Forbidden",
        "405 Method Not Allowed",
        "501 Not Implemented",
        "603 Decline",
    ] {
        let values = [("status", status.to_owned())];
        let script = Script {
            values: &values,
            ..Script::new("callee-stays")
        };
        let name = format!("transfer-refused-{}", &status[..3]);
        let Some((end, _)) = hands_on(&name, &script).unwrap() else {
            return;
        };
        let told = end.error.map(|error| error.code);
        let refused = (TransferState::Recovered, Some(Code::TRANSFER_REFUSED));
        assert_eq!((end.state, told), refused, "{status}");
    }
}

/// A scripted target that rings and picks up.
fn target(rig: &Rig, calls: u32) -> anyhow::Result<Sipp> {
    let values = [("ring_ms", "500".to_owned())];
    let script = Script {
        values: &values,
        calls,
        ..Script::new("callee")
    };
    Sipp::start(rig, "target", &script)
}

/// The target's phone dies while it is asked: the caller waits on hold, and is taken back.
fn asks_who_dies() -> anyhow::Result<()> {
    let Some(rig) = Rig::new("transfer-target-dies", &["sipp"]) else {
        return Ok(());
    };
    let mut callee = Sipp::start(&rig, "callee", &Script::new("callee-waits"))?;
    let target = target(&rig, 1)?;
    let engine = Daemon::start(&rig, "engine", &PHONE)?;
    let mut client = engine.client()?;
    let call = client.dial(&format!("sip:102@{}", callee.address))?;
    client.wait_answered(call, PATIENCE)?;
    client.ask(to(
        &format!("sip:900@{}", target.address),
        TransferMode::Ask,
    ))?;
    consulting(&mut client)?;
    drop(target);
    ensure!(client.look(call)?.held_by_local, "not on hold");
    client.ask(Command::TransferCancel(CallRef::default()))?;
    let end = ended(&mut client)?;
    ensure!(end.state == TransferState::Recovered, "{end:?}");
    ensure!(!client.look(call)?.held_by_local, "still on hold");
    client.hang_up(call)?;
    client.wait_ended(call, PATIENCE)?;
    callee.succeed(PATIENCE).map(drop)
}

/// Waits until the target is spoken with.
fn consulting(client: &mut Client) -> anyhow::Result<()> {
    client.wait("call.transfer.progress", PATIENCE, |event| {
        match &event.body {
            EventBody::TransferProgress(told) => {
                (told.state == TransferState::Consulting).then_some(())
            }
            _ => None,
        }
    })
}

#[test]
fn m_080_a_target_that_dies_loses_nobody() {
    asks_who_dies().unwrap();
}

/// SIPp calls us and hands us on to another SIPp.
fn is_handed_on() -> anyhow::Result<()> {
    let Some(rig) = Rig::new("transferee-sipp", &["sipp"]) else {
        return Ok(());
    };
    let mut target = target(&rig, 1)?;
    let engine = Daemon::start(&rig, "engine", &PHONE)?;
    let mut client = engine.client()?;
    let values = [("target", format!("sip:900@{}", target.address))];
    let script = Script {
        values: &values,
        ..Script::new("caller-hands-on")
    };
    let mut caller = Sipp::start(&rig, "caller", &script.calls("100", engine.address()))?;
    client.accept(PATIENCE)?;
    let end = ended(&mut client)?;
    ensure!(end.state == TransferState::Completed, "{end:?}");
    caller.succeed(PATIENCE)?;
    ensure!(
        target
            .messages()
            .contains("Referred-By: <sip:caller@pbx.test>")
    );
    client.hang_up_all()?;
    target.succeed(PATIENCE)?;
    Ok(())
}

#[test]
fn m_083_sipp_hands_us_on() {
    is_handed_on().unwrap();
}

/// REFER outside of a call, and inside to what is no phone.
fn refuses(name: &str, (script, in_call): (Script<'_>, bool)) -> anyhow::Result<()> {
    let Some(rig) = Rig::new(name, &["sipp"]) else {
        return Ok(());
    };
    let engine = Daemon::start(&rig, "engine", &PHONE)?;
    let mut client = engine.client()?;
    let mut caller = Sipp::start(&rig, "caller", &script.calls("100", engine.address()))?;
    if in_call {
        client.accept(PATIENCE)?;
    }
    caller.succeed(PATIENCE).map(drop)
}

#[test]
fn m_083_what_we_are_not_sent_to() {
    let outside = (Script::new("stranger-refers"), false);
    refuses("refer-outside", outside).unwrap();
    for (name, target, status) in [
        ("refer-http", "<http://pbx.test/>", "403"),
        ("refer-bye", "<sip:900@127.0.0.1;method=BYE>", "403"),
        ("refer-what", "nobody knows where", "400"),
    ] {
        let values = [("target", target.to_owned()), ("status", status.to_owned())];
        let script = Script {
            values: &values,
            ..Script::new("caller-hands-on-badly")
        };
        refuses(name, (script, true)).unwrap();
    }
}

/// They call us; what happens then, with our call and a scripted target of `calls` calls.
fn with_caller(
    name: &str,
    (program, calls): (&str, u32),
    act: impl FnOnce(&mut Client, CallHandle, &mut Phone, &Sipp) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let Some(rig) = Rig::new(name, &[program, "sipp"]) else {
        return Ok(());
    };
    let mut target = target(&rig, calls)?;
    let plays = Sound::chirp(&rig, "theirs", 1_000)?.between(1_000, 40_000)?;
    let mut phone = Phone::start(&rig, program, "PCMU", &plays.file, false)?;
    let engine = Daemon::start(&rig, "engine", &PHONE)?;
    let mut client = engine.client()?;
    phone.dial(&format!("sip:101@{}", engine.address()))?;
    let call = client.accept(PATIENCE)?;
    std::thread::sleep(Duration::from_secs(1));
    act(&mut client, call, &mut phone, &target)?;
    target.succeed(PATIENCE).map(drop)
}

/// We hand them on at once: they speak with the target, our call is over.
fn is_transferee(program: &str) -> anyhow::Result<()> {
    let name = format!("transfer-{program}");
    with_caller(&name, (program, 1), |client, call, phone, target| {
        let uri = format!("sip:900@{}", target.address);
        client.ask(to(&uri, TransferMode::Now))?;
        let end = ended(client)?;
        ensure!(end.state == TransferState::Completed, "{end:?}");
        client.wait_ended(call, PATIENCE)?;
        std::thread::sleep(Duration::from_secs(1));
        phone.hang_up()
    })
}

#[test]
fn m_073_baresip_is_handed_on() {
    is_transferee("baresip").unwrap();
}

#[test]
fn m_073_linphone_is_handed_on() {
    is_transferee("linphonec").unwrap();
}

/// They hand us on: we speak with the target, their call is over.
fn is_transferor(program: &str) -> anyhow::Result<()> {
    let name = format!("transferee-{program}");
    with_caller(&name, (program, 1), |client, call, phone, target| {
        phone.transfer(&format!("sip:900@{}", target.address))?;
        let end = ended(client)?;
        ensure!(end.state == TransferState::Completed, "{end:?}");
        client.wait_ended(call, PATIENCE)?;
        client.hang_up_all()
    })
}

#[test]
fn m_083_baresip_hands_us_on() {
    is_transferor("baresip").unwrap();
}

#[test]
fn m_083_linphone_hands_us_on() {
    is_transferor("linphonec").unwrap();
}

/// We ask the target, and join linphone with it: its INVITE names the call that we had there.
#[test]
fn m_077_linphone_is_handed_on_after_a_word() {
    let all = with_caller(
        "transfer-asked",
        ("linphonec", 2),
        |client, call, phone, target| {
            let uri = format!("sip:900@{}", target.address);
            client.ask(to(&uri, TransferMode::Ask))?;
            consulting(client)?;
            client.ask(Command::TransferComplete(CallRef::default()))?;
            let end = ended(client)?;
            ensure!(end.state == TransferState::Completed, "{end:?}");
            client.wait_ended(call, PATIENCE)?;
            let messages = target.messages();
            let ids: Vec<_> = messages
                .lines()
                .filter_map(|l| l.strip_prefix("Call-ID: "))
                .collect();
            let replaces = messages
                .lines()
                .find_map(|line| line.strip_prefix("Replaces:"));
            let replaces = replaces.map(str::trim).unwrap_or_default();
            let ours = ids.first().map(|id| id.trim()).unwrap_or_default();
            ensure!(
                !ours.is_empty() && replaces.starts_with(ours),
                "{replaces} is not {ours}"
            );
            std::thread::sleep(Duration::from_secs(1));
            phone.hang_up()
        },
    );
    all.unwrap();
}
