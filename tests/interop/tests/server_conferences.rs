//! The conference of a server (RFC 4579), played by SIPp, with phones that nobody here wrote sent into it. Each test
//! says which requirement it covers.
#![allow(clippy::wildcard_enum_match_arm)] // A test looks for one kind of event.

use anyhow::ensure;
use control::command::Command;
use control::conference::{EndConference, Merge, ParticipantState, RemoveParticipant};
use control::transfer::{TransferSnapshot, TransferState};
use control::{CallHandle, CallSnapshot, Code, EventBody};
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::phone::devices;
use offhook_interop::sipp::Wish as Script;
use offhook_interop::wav::{self, Wav};
use offhook_interop::{Baresip, Client, Linphone, Rig, Sipp, baresip, linphone};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
/// No conference may take longer to answer.
const QUIET: Duration = Duration::from_secs(1);

/// Nobody is to be asked there.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9);

/// Half a minute of a tone.
fn tone(rig: &Rig) -> anyhow::Result<PathBuf> {
    let wave = |at: u32| (3_000.0 * (0.345 * f64::from(at)).sin()) as i16;
    let path = rig.file("tone.wav");
    let samples = (0..8_000 * 30).map(wave).collect();
    wav::write(
        &path,
        &Wav {
            rate_hz: 8_000,
            samples,
        },
    )?;
    Ok(path)
}

/// Ours, whose account has a conference at `factory`; its domain is where the conference is, and whoever tells of
/// it stands for the domain's server.
fn ours(
    rig: &Rig,
    factory: SocketAddr,
    room: SocketAddr,
    notifier: SocketAddr,
) -> anyhow::Result<Daemon> {
    let account = format!(
        "[accounts.a]\nuser = \"101\"\ndomain = \"{room}\"\nregistrar = \"{notifier}\"\nregister = false\n\
         udp_from_unknown = true\nconference = \"sip:conf@{factory}\"\n"
    );
    let settings = devices(&tone(rig)?, &rig.file("speaker.wav")) + &account;
    let wish = Wish {
        answer: Answer::Ring,
        settings: &settings,
        ..Wish::default()
    };
    Daemon::start(rig, "engine", &wish)
}

fn call(client: &mut Client, address: SocketAddr) -> anyhow::Result<CallHandle> {
    let call = client.dial(&format!("sip:102@{address}"))?;
    client.wait_answered(call, PATIENCE)?;
    std::thread::sleep(QUIET);
    Ok(call)
}

/// The next that the server says of who is there.
fn who(client: &mut Client, wanted: &str) -> anyhow::Result<CallSnapshot> {
    client.wait(wanted, PATIENCE, |event| {
        let EventBody::CallParticipants(told) = &event.body else {
            return None;
        };
        let known = told.snapshot.server_conference.as_ref()?;
        let known = known.participants.as_deref().unwrap_or_default();
        let letter = |one: &control::conference::Participant| {
            let user = one.uri.split([':', '@']).nth(1).unwrap_or_default();
            match (one.you, one.state) {
                (true, _) => format!("({user})"),
                (_, ParticipantState::Joining) => format!("{user}?"),
                _ => user.to_owned(),
            }
        };
        let all: Vec<String> = known.iter().map(letter).collect();
        (all.join(" ") == wanted).then(|| told.snapshot.clone())
    })
}

/// How the way of a call into the conference ended.
fn way(client: &mut Client, call: CallHandle) -> anyhow::Result<TransferSnapshot> {
    client.wait("call.transfer", PATIENCE, |event| match &event.body {
        EventBody::TransferDone(told) | EventBody::TransferFailed(told) => {
            (told.call == call).then(|| (**told).clone())
        }
        _ => None,
    })
}

/// M-070, M-071: baresip and linphonec go into the conference when asked, their calls with us end, who is there is
/// shown, one is removed by REFER with method=BYE, and the person leaves the others there.
#[test]
#[allow(clippy::too_many_lines)] // One story, told in order.
fn m_070_m_071_baresip_and_linphone_are_sent_into_a_conference() -> anyhow::Result<()> {
    let Some(rig) = Rig::new("server-conference", &["sipp", "baresip", "linphonec"]) else {
        return Ok(());
    };
    let mut room = Sipp::start(
        &rig,
        "room",
        &Script {
            calls: 2,
            ..Script::new("callee-of-many")
        },
    )?;
    let conference = format!("sip:conf-7@{}", room.address);
    let values = [
        ("conference", conference.clone()),
        ("domain", room.address.to_string()),
    ];
    let script = |scenario| Script {
        values: &values,
        ..Script::new(scenario)
    };
    let mut factory = Sipp::start(&rig, "factory", &script("conference-factory"))?;
    let mut notifier = Sipp::start(&rig, "notifier", &script("conference-notifier"))?;
    let plays = tone(&rig)?;
    let wish = baresip::Wish {
        user: "102",
        registrar: None,
        codecs: "PCMU",
        plays: &plays,
        transport: "udp",
        answers: true,
    };
    let mut bob = Baresip::start(&rig, "baresip", &wish)?;
    let wish = linphone::Wish {
        user: "102",
        registrar: None,
        codecs: &["PCMU"],
        plays: &plays,
        transport: "udp",
        answers: true,
    };
    let mut carol = Linphone::start(&rig, "linphonec", &wish)?;
    let engine = ours(&rig, factory.address, room.address, notifier.address)?;
    let mut client = engine.client()?;
    let calls = [
        call(&mut client, bob.address)?,
        call(&mut client, carol.address)?,
    ];
    client.ask(Command::Merge(Merge::default()))?;
    let joined = who(&mut client, "(101) 102 103")?;
    ensure!(
        joined
            .server_conference
            .is_some_and(|with| with.uri == conference)
    );
    for call in calls {
        let way = way(&mut client, call)?;
        ensure!(way.state == TransferState::Completed, "{way:?}");
    }
    for call in calls {
        client.wait_ended(call, PATIENCE)?;
    }
    let participant = "102".to_owned();
    let call = Some(joined.call);
    client.ask(Command::RemoveParticipant(RemoveParticipant {
        call,
        participant,
    }))?;
    who(&mut client, "(101) 103")?;
    client.ask(Command::EndConference(EndConference { keep: true }))?;
    client.wait_ended(joined.call, PATIENCE)?;
    factory.succeed(PATIENCE)?;
    notifier.succeed(PATIENCE)?;
    bob.hang_up()?;
    carol.hang_up()?;
    room.succeed(PATIENCE)?;
    Ok(())
}

/// M-070: a conference that refuses, and phones that refuse to go there (405) or are not let in (486): the calls go on
/// here, merged, and the person is told why.
#[test]
fn m_070_what_the_server_refuses_is_merged_here() -> anyhow::Result<()> {
    let refusals = [("403", "403 Forbidden"), ("503", "503 Service Unavailable")];
    for (name, status) in refusals {
        let Some(rig) = Rig::new(&format!("server-conference-{name}"), &["sipp"]) else {
            return Ok(());
        };
        let values = [
            ("status", status.to_owned()),
            ("header", "X-Why: none".to_owned()),
        ];
        let refuses = Script {
            values: &values,
            ..Script::new("callee-refuses")
        };
        let mut factory = Sipp::start(&rig, "factory", &refuses)?;
        let a = Sipp::start(&rig, "a", &Script::new("callee-waits"))?;
        let b = Sipp::start(&rig, "b", &Script::new("callee-waits"))?;
        let engine = ours(&rig, factory.address, NOWHERE, NOWHERE)?;
        merged_here(&engine, [a, b])?;
        factory.succeed(PATIENCE)?;
    }
    let Some(rig) = Rig::new("server-conference-nobody", &["sipp"]) else {
        return Ok(());
    };
    let room = "sip:conf-7@127.0.0.1:9".to_owned();
    let values = [
        ("conference", room),
        ("status", "405 Method Not Allowed".to_owned()),
        ("code", "486".to_owned()),
    ];
    let script = |scenario| Script {
        values: &values,
        ..Script::new(scenario)
    };
    let mut factory = Sipp::start(&rig, "factory", &script("conference-of-nobody"))?;
    let a = Sipp::start(&rig, "a", &script("callee-stays"))?;
    let b = Sipp::start(&rig, "b", &script("callee-comes-back"))?;
    let engine = ours(&rig, factory.address, NOWHERE, NOWHERE)?;
    merged_here(&engine, [a, b])?;
    factory.succeed(PATIENCE)?;
    Ok(())
}

/// Both are called and merged: here, with a warning, and then hung up.
fn merged_here(engine: &Daemon, phones: [Sipp; 2]) -> anyhow::Result<()> {
    let mut client = engine.client()?;
    let mut calls = Vec::new();
    for phone in &phones {
        calls.push(call(&mut client, phone.address)?);
    }
    client.ask(Command::Merge(Merge::default()))?;
    let code = client.wait("call.warning", PATIENCE, |event| match &event.body {
        EventBody::CallWarning(told) if told.code != Code::MEDIA_UNREACHABLE => Some(told.code),
        _ => None,
    })?;
    ensure!(code == Code::NO_CONFERENCE, "{code}");
    for &call in &calls {
        client.wait("call.merged", PATIENCE, |event| match &event.body {
            EventBody::CallMerged(told) => (told.snapshot.call == call).then_some(()),
            _ => None,
        })?;
    }
    std::thread::sleep(QUIET);
    for &call in &calls {
        let known = client.look(call)?;
        ensure!(
            known.conference.is_some() && !known.held_by_local,
            "{known:?}"
        );
    }
    client.hang_up_all()?;
    for call in calls {
        client.wait_ended(call, PATIENCE)?;
    }
    Ok(())
}
