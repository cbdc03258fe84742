//! Calls that cannot be handed on, and are joined here. Each test says which requirement it covers.
#![allow(clippy::wildcard_enum_match_arm)] // A test looks for one kind of event.

use control::command::{CallRef, Command};
use control::transfer::{TransferCall, TransferMode, TransferSnapshot, TransferState, TransferWay};
use control::{CallHandle, EventBody};
use offhook_interop::engine::{Answer, Daemon, Engine as _, Wish};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::voice::Voice;
use offhook_interop::{Client, Rig, Sipp};

use anyhow::ensure;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);
fn state(told: &EventBody) -> Option<&TransferSnapshot> {
    match told {
        EventBody::TransferProgress(told)
        | EventBody::TransferDone(told)
        | EventBody::TransferFailed(told) => Some(told),
        _ => None,
    }
}

/// Waits until the transfer stands so.
fn wait_for(client: &mut Client, state_is: TransferState) -> anyhow::Result<TransferSnapshot> {
    client.wait("call.transfer.", PATIENCE, |event| {
        let told = state(&event.body)?;
        (told.state == state_is || told.is_over()).then(|| told.clone())
    })
}

/// The ways that events told, one after the other.
fn ways(client: &Client) -> Vec<TransferWay> {
    let told = client.events().iter();
    let told = told.filter_map(|event| state(&event.body)?.way);
    let mut ways: Vec<_> = told.collect();
    ways.dedup();
    ways
}

/// Calls one and then the other, and hands the first on to the second.
fn hands_on(client: &mut Client, caller: &Sipp, target: &str) -> anyhow::Result<CallHandle> {
    let call = client.dial(&format!("sip:102@{}", caller.address))?;
    client.wait_answered(call, PATIENCE)?;
    client.ask(Command::Transfer(TransferCall {
        to: Some(target.to_owned()),
        mode: TransferMode::Ask,
        ..TransferCall::default()
    }))?;
    wait_for(client, TransferState::Consulting)?;
    // A REFER may overtake the ACK of the hold, which the script does not know.
    let until = Instant::now() + PATIENCE;
    while caller.messages().matches("\nACK sip:").count() < 2 {
        ensure!(Instant::now() < until, "the hold is not acknowledged");
        std::thread::sleep(Duration::from_millis(5));
    }
    client.ask(Command::TransferComplete(CallRef::default()))?;
    Ok(call)
}

fn is_joined(replaces: &str, plain: &str) -> anyhow::Result<()> {
    let name = format!("joined-{}-{}", &replaces[..3], &plain[..3]);
    let Some(rig) = Rig::new(&name, &["sipp"]) else {
        return Ok(());
    };
    let (one, other) = (Voice::start(440.0)?, Voice::start(790.0)?);
    let values = [("media", other.port.to_string())];
    let script = Script {
        values: &values,
        ..Script::new("callee-speaks")
    };
    let mut target = Sipp::start(&rig, "target", &script)?;
    let to = format!("sip:900@{}", target.address);
    let values = [
        ("media", one.port.to_string()),
        ("replaces", replaces.to_owned()),
        ("plain", plain.to_owned()),
        ("target", to.clone()),
    ];
    let script = Script {
        values: &values,
        ..Script::new("callee-knows-no-replaces")
    };
    let mut caller = Sipp::start(&rig, "caller", &script)?;
    let wish = Wish {
        answer: Answer::Ring,
        settings: "[media]\nmicrophone = \"audio-null\"\nspeaker = \"audio-null\"\n",
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish)?;
    let mut client = engine.client()?;
    let call = hands_on(&mut client, &caller, &to)?;
    let end = wait_for(&mut client, TransferState::Completed)?;
    ensure!(end.state == TransferState::Completed, "{end:?}");
    let seen = ways(&client);
    let expected = [
        TransferWay::Replaces,
        TransferWay::Plain,
        TransferWay::Joined,
    ];
    ensure!(seen == expected, "{seen:?}");
    for way in ["way=Replaces", "way=Plain", "way=Joined"] {
        ensure!(engine.log().contains(way), "the log has no {way}");
    }
    one.wait_for(PATIENCE, &other)?;
    other.wait_for(PATIENCE, &one)?;
    let with = client.look(call)?.conference;
    ensure!(with.is_some_and(|with| !with.person), "{with:?}");
    // Who ends the one ends the other.
    client.hang_up(call)?;
    client.wait_ended(call, PATIENCE)?;
    caller.succeed(PATIENCE)?;
    target.succeed(PATIENCE).map(drop)
}

/// M-078: Replaces is refused, then REFER: this phone joins the two, and each hears the other's tone.
#[test]
fn m_078_two_who_cannot_be_handed_on_are_joined_here() {
    for replaces in ["420 Bad Extension", "501 Not Implemented"] {
        is_joined(replaces, "501 Not Implemented").unwrap();
    }
}
