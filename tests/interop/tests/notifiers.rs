//! `offhookd` watches an extension at notifiers that SIPp plays: the odd answers.

use anyhow::{Context, Result, ensure};
use control::command::{Command, NoFields, Reply};
use control::event::EventBody;
use control::{Code, LampSnapshot, LampState};
use offhook_interop::engine::{Daemon, Engine, Wish};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::{Client, Rig, Sipp};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);
/// No call.
const IDLE: &str = "<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"0\" \
                    state=\"full\" entity=\"sip:201@x\"/>";
/// A call that comes in.
const RINGS: &str = "<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"0\" \
                     state=\"full\" entity=\"sip:201@x\"><dialog id=\"1\" direction=\"recipient\">\
                     <state>early</state></dialog></dialog-info>";

/// An account that does not register and watches 201 at `notifier`.
fn settings(notifier: SocketAddr, more: &str) -> String {
    format!(
        "[accounts.watch]\nuser = \"101\"\ndomain = \"offhook.test\"\nregister = false\n\
         outbound_proxy = \"{notifier}\"\nblf = [\"201\"]\nsubscription_expires_s = 60\n{more}\n"
    )
}

fn lamp(client: &mut Client) -> Result<LampSnapshot> {
    let reply = client.ask(Command::ListLamps(NoFields {}))?;
    let Reply::Lamps { lamps, .. } = reply else {
        anyhow::bail!("list_lamps is replied to with {reply:?}");
    };
    lamps.into_iter().next().context("there is no lamp")
}

fn wait_lamp(
    client: &mut Client,
    what: &str,
    wanted: impl Fn(&LampSnapshot) -> bool,
) -> Result<LampSnapshot> {
    let until = Instant::now() + PATIENCE;
    loop {
        let lamp = lamp(client)?;
        if wanted(&lamp) {
            return Ok(lamp);
        }
        ensure!(Instant::now() < until, "not {what}: {lamp:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn why(lamp: &LampSnapshot) -> Option<Code> {
    lamp.why.as_ref().map(|why| why.code)
}

/// An engine beside a notifier that follows `script`.
fn beside(rig: &Rig, script: &Script<'_>, more: &str) -> Result<(Sipp, Daemon, Client)> {
    let notifier = Sipp::start(rig, "notifier", script)?;
    let settings = settings(notifier.address, more);
    let wish = Wish {
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(rig, "engine", &wish)?;
    let client = engine.client()?;
    Ok((notifier, engine, client))
}

fn values(state: &str, document: &str) -> [(&'static str, String); 5] {
    [
        ("event", "dialog".into()),
        ("granted_s", "60".into()),
        ("kind", "application/dialog-info+xml".into()),
        ("state", state.into()),
        ("document", document.into()),
    ]
}

/// A subscription that the notifier ends for `reason`: what is shown, and how often it is asked for within
/// a few seconds. RFC 6665 §4.1.3.
fn ended(reason: &str, code: Code, light: LampState, asks: u32) -> Result<()> {
    let name = format!(
        "notifier-ends-{}",
        reason.split(';').next().unwrap_or_default()
    );
    let Some(rig) = Rig::new(&name, &["sipp"]) else {
        return Ok(());
    };
    let values = values(&format!("terminated;reason={reason}"), "");
    let script = Script {
        values: &values,
        calls: 2,
        ..Script::new("notifier-ends")
    };
    let (mut notifier, _engine, mut client) = beside(&rig, &script, "")?;
    wait_lamp(&mut client, reason, |lamp| {
        lamp.state == light && why(lamp) == Some(code)
    })?;
    match asks {
        1 => {
            std::thread::sleep(Duration::from_secs(4));
            let asked = notifier.messages().matches("\nSUBSCRIBE sip:").count();
            ensure!(asked == 1, "{reason}: asked {asked} times");
        }
        _ => drop(notifier.succeed(PATIENCE)?),
    }
    Ok(())
}

#[test]
fn m089_m090_a_subscription_that_is_ended_is_unknown_and_asked_for_again_where_that_may_help() {
    let unknown = LampState::Unknown;
    ended("deactivated", Code::LAMP_LOST, unknown, 2).unwrap();
    ended("timeout", Code::LAMP_LOST, unknown, 2).unwrap();
    ended("probation;retry-after=1", Code::LAMP_LOST, unknown, 2).unwrap();
    ended("giveup;retry-after=1", Code::LAMP_LOST, unknown, 2).unwrap();
    ended("rejected", Code::LAMP_REFUSED, unknown, 1).unwrap();
    ended("noresource", Code::LAMP_ABSENT, LampState::Unregistered, 1).unwrap();
    ended("invariant", Code::LAMP_LOST, unknown, 1).unwrap();
}

/// What a refusal of SUBSCRIBE shows.
fn refused(status: &str, header: &str, code: Code, light: LampState) -> Result<()> {
    let name = format!(
        "notifier-refuses-{}",
        status.split(' ').next().unwrap_or_default()
    );
    let Some(rig) = Rig::new(&name, &["sipp"]) else {
        return Ok(());
    };
    let values = [
        ("event", "dialog".into()),
        ("status", status.into()),
        ("header", header.into()),
    ];
    let script = Script {
        values: &values,
        ..Script::new("notifier-refuses")
    };
    let (mut notifier, engine, mut client) = beside(&rig, &script, "")?;
    let lamp = wait_lamp(&mut client, status, |lamp| why(lamp) == Some(code))?;
    ensure!(lamp.state == light, "{lamp:?}");
    let (said, _) = engine.told(&["blf"])?;
    println!("{said}");
    let told = match light == LampState::Unregistered {
        true => "is not registered",
        false => status.split(' ').next().unwrap_or_default(),
    };
    ensure!(said.contains(told), "no {told} in\n{said}");
    notifier.succeed(PATIENCE).map(drop)
}

#[test]
fn m090_m096_a_refusal_is_told_with_its_status() {
    let absent = LampState::Unregistered;
    let allow = "Allow: INVITE";
    refused("404 Not Found", allow, Code::LAMP_ABSENT, absent).unwrap();
    refused(
        "480 Temporarily Unavailable",
        allow,
        Code::LAMP_ABSENT,
        absent,
    )
    .unwrap();
    refused(
        "403 Forbidden",
        allow,
        Code::LAMP_REFUSED,
        LampState::Unknown,
    )
    .unwrap();
    refused(
        "503 Service Unavailable",
        "Retry-After: 30",
        Code::LAMP_LOST,
        LampState::Unknown,
    )
    .unwrap();
}

/// 489 to calls and to presence: both were asked for, and why is told. M-096.
#[test]
fn m090_m096_where_no_calls_are_known_presence_is_asked_for() {
    let Some(rig) = Rig::new("notifier-489", &["sipp"]) else {
        return;
    };
    let values = [
        ("event", "(dialog|presence)".into()),
        ("status", "489 Bad Event".into()),
        ("header", "Allow-Events: talk".into()),
    ];
    let script = Script {
        values: &values,
        calls: 2,
        ..Script::new("notifier-refuses")
    };
    let (mut notifier, _engine, mut client) = beside(&rig, &script, "").unwrap();
    let refused = |lamp: &LampSnapshot| why(lamp) == Some(Code::LAMP_REFUSED);
    notifier.succeed(PATIENCE).unwrap();
    let lamp = wait_lamp(&mut client, "refused", refused).unwrap();
    let why = lamp.why.unwrap();
    assert!(
        why.detail.contains("presence is disabled at the PBX"),
        "{why}"
    );
    let events: Vec<bool> = notifier
        .messages()
        .lines()
        .filter_map(|line| line.strip_prefix("Event: "))
        .map(|event| event.trim() == "presence")
        .collect();
    assert_eq!(events, [false, true]);
}

#[test]
fn m089_a_lifetime_that_is_too_brief_is_asked_for_longer() {
    let Some(rig) = Rig::new("notifier-too-brief", &["sipp"]) else {
        return;
    };
    let script = Script::new("notifier-too-brief");
    let (mut notifier, _engine, mut client) = beside(&rig, &script, "").unwrap();
    notifier.succeed(PATIENCE).unwrap();
    wait_lamp(&mut client, "idle", |lamp| lamp.state == LampState::Idle).unwrap();
}

/// Changes are shown with direction and name; a hole makes the lamp unknown, and everything is asked for
/// within a second: M-089, M-090, M-091.
#[test]
fn m089_m091_a_gap_is_unknown_until_the_full_state_is_there() {
    let Some(rig) = Rig::new("notifier-gap", &["sipp"]) else {
        return;
    };
    let values = [("patience_ms", "1500".into())];
    let script = Script {
        values: &values,
        ..Script::new("notifier-with-a-gap")
    };
    let (mut notifier, _engine, mut client) = beside(&rig, &script, "").unwrap();
    notifier.succeed(PATIENCE).unwrap();
    wait_lamp(&mut client, "held", |lamp| lamp.state == LampState::Held).unwrap();
    let states = client.events().iter().filter_map(|event| {
        let EventBody::BlfChanged(change) = &event.body else {
            return None;
        };
        let lamp = &change.snapshot;
        let peer = lamp.peer.as_ref().and_then(|peer| peer.display.clone());
        Some((lamp.state, peer, why(lamp)))
    });
    let states: Vec<_> = states
        .skip_while(|(state, ..)| *state != LampState::Idle)
        .collect();
    let carol = Some("Carol".to_owned());
    let expected = [
        (LampState::Idle, None, None),
        (LampState::Ringing, carol.clone(), None),
        (LampState::Unknown, None, Some(Code::LAMP_GAP)),
        (LampState::Held, carol, None),
    ];
    assert_eq!(states, expected);
}

/// A notifier that says how things stand and keeps no subscription is asked again and again: M-092.
#[test]
fn m092_a_notifier_that_does_not_push_is_polled() {
    let Some(rig) = Rig::new("notifier-polled", &["sipp"]) else {
        return;
    };
    let values = values("terminated;reason=timeout", RINGS);
    let script = Script {
        values: &values,
        calls: 3,
        ..Script::new("notifier")
    };
    let (mut notifier, _engine, mut client) = beside(&rig, &script, "blf_poll_s = 5").unwrap();
    notifier.succeed(PATIENCE).unwrap();
    let rings = |lamp: &LampSnapshot| lamp.state == LampState::Ringing && lamp.polled;
    wait_lamp(&mut client, "ringing, polled", rings).unwrap();
    let messages = notifier.messages();
    let lifetimes = messages.split("\nSUBSCRIBE sip:").skip(1).map(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("Expires: "));
        line.map(|said| said.trim().to_owned())
    });
    let lifetimes: Vec<_> = lifetimes.flatten().collect();
    assert_eq!(lifetimes, ["60", "0", "0"]);
}

/// A NOTIFY that nobody asked for gets 481, whatever it is about; what is no document makes the lamp
/// unknown and nothing else. RFC 6665 §4.1.3.
#[test]
fn m089_a_notify_without_subscription_gets_481() {
    let Some(rig) = Rig::new("notifier-of-nobody", &["sipp"]) else {
        return;
    };
    let engine = Daemon::start(&rig, "engine", &Wish::default()).unwrap();
    for event in ["dialog", "presence", "message-summary", "reg"] {
        let values = [("event", event.into())];
        let script = Script {
            values: &values,
            ..Script::new("notifier-of-nobody").calls("101", engine.address())
        };
        let mut notifier = Sipp::start(&rig, event, &script).unwrap();
        notifier.succeed(PATIENCE).unwrap();
    }
}

/// Documents that are none, or that attack: the lamp is unknown with the reason, and the next document
/// counts again.
#[test]
fn m090_what_is_no_document_makes_the_lamp_unknown() {
    let bomb = format!("{}{}", "<a>".repeat(200), "</a>".repeat(200));
    let outside = "<!DOCTYPE dialog-info SYSTEM \"file:///etc/passwd\"><dialog-info/>";
    for (n, document) in [
        "<dialog-info version=\"1\"",
        bomb.as_str(),
        outside,
        "no XML",
    ]
    .iter()
    .enumerate()
    {
        let Some(rig) = Rig::new(&format!("notifier-bad-{n}"), &["sipp"]) else {
            return;
        };
        let values = values("active;expires=60", document);
        let script = Script {
            values: &values,
            ..Script::new("notifier")
        };
        let (mut notifier, _engine, mut client) = beside(&rig, &script, "").unwrap();
        notifier.succeed(PATIENCE).unwrap();
        let gap = |lamp: &LampSnapshot| why(lamp) == Some(Code::LAMP_GAP);
        let lamp = wait_lamp(&mut client, "unreadable", gap).unwrap();
        assert_eq!(lamp.state, LampState::Unknown);
        println!("{}", lamp.why.unwrap());
    }
    let Some(rig) = Rig::new("notifier-good", &["sipp"]) else {
        return;
    };
    let values = values("active;expires=60", IDLE);
    let script = Script {
        values: &values,
        ..Script::new("notifier")
    };
    let (_notifier, _engine, mut client) = beside(&rig, &script, "").unwrap();
    wait_lamp(&mut client, "idle", |lamp| lamp.state == LampState::Idle).unwrap();
}
