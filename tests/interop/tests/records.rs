//! What the history says of a scripted series of calls with SIPp: kinds, fields, restart, redial, names.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one word of many"
)]

use anyhow::{Context as _, Result, ensure};
use control::command::Decline;
use control::contacts::{Contact, ContactKind};
use control::history::{HistoryQuery, HistoryRecord, HistoryRef, Mark, RecordKind, RecordState};
use control::{Command, EndCause, EventBody, Reply};
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::{Client, Engine, Rig, Sipp};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(15);

fn value(name: &'static str, text: &str) -> (&'static str, String) {
    (name, text.into())
}

fn phone(rig: &Rig, settings: &str) -> Result<(Daemon, Client)> {
    let wish = Wish {
        answer: Answer::Ring,
        settings,
        ..Wish::default()
    };
    let engine = Daemon::start(rig, "engine", &wish)?;
    let client = engine.client()?;
    Ok((engine, client))
}

fn records(client: &mut Client) -> Result<Vec<HistoryRecord>> {
    match client.ask(Command::HistoryList(HistoryQuery::default()))? {
        Reply::History { records } => Ok(records),
        other => anyhow::bail!("{other:?}"),
    }
}

/// SIPp calls as `script` says, and the person at the phone does `conduct` meanwhile.
fn is_called(
    rig: &Rig,
    engine: &Daemon,
    script: Script<'_>,
    conduct: impl FnOnce() -> Result<()>,
) -> Result<()> {
    let name = script.scenario.to_owned();
    let mut caller = Sipp::start(rig, &name, &script.calls("101", engine.address()))?;
    conduct()?;
    caller.succeed(PATIENCE)?;
    Ok(())
}

/// Calls a SIPp that does as `script` says; the call is over once this returns.
fn calls(rig: &Rig, client: &mut Client, script: &Script<'_>, hangs_up: bool) -> Result<String> {
    let mut callee = Sipp::start(rig, script.scenario, script)?;
    let to = format!("sip:102@{}", callee.address);
    let call = client.dial(&to)?;
    if hangs_up {
        client.wait_answered(call, PATIENCE)?;
        std::thread::sleep(Duration::from_millis(300));
        client.hang_up(call)?;
    }
    client.wait_ended(call, PATIENCE)?;
    callee.succeed(PATIENCE)?;
    Ok(to)
}

fn series(rig: &Rig, engine: &Daemon, client: &mut Client) -> Result<[String; 2]> {
    let ring = [value("ring_ms", "200")];
    let talk = [value("talk_ms", "400")];
    let refused = [value("code", "486")];
    let gives_up = Script {
        values: &ring,
        ..Script::new("caller-cancels")
    };
    is_called(rig, engine, gives_up, || Ok(()))?;
    let elsewhere = Script::new("caller-taken-elsewhere");
    is_called(rig, engine, elsewhere, || Ok(()))?;
    let talks = Script {
        values: &talk,
        ..Script::new("caller")
    };
    let mut person = engine.client()?;
    is_called(rig, engine, talks, || person.accept(PATIENCE).map(drop))?;
    let rejected = Script {
        values: &refused,
        ..Script::new("caller-refused")
    };
    let mut person = engine.client()?;
    is_called(rig, engine, rejected, || {
        let call = person.wait("call.ringing", PATIENCE, |event| {
            let rings = event.body.name() == "call.ringing" || event.body.name() == "call.incoming";
            event.call.filter(|_| rings)
        })?;
        let (call, status) = (Some(call), Some(486));
        person
            .ask(Command::Decline(Decline { call, status }))
            .map(drop)
    })?;
    let picks_up = Script {
        values: &ring,
        ..Script::new("callee")
    };
    let answered = calls(rig, client, &picks_up, true)?;
    let busy = [
        value("status", "486 Busy Here"),
        value("header", "Retry-After: 5"),
    ];
    let is_busy = Script {
        values: &busy,
        ..Script::new("callee-refuses")
    };
    let refused = calls(rig, client, &is_busy, false)?;
    Ok([answered, refused])
}

/// Kind, state, whether there is a length, cause, status, marks.
type Shape = (
    RecordKind,
    RecordState,
    bool,
    Option<EndCause>,
    Option<u16>,
    Vec<Mark>,
);

fn shape(record: &HistoryRecord) -> Shape {
    (
        record.kind,
        record.state,
        record.duration_ms.is_some(),
        record.cause,
        record.sip_status,
        record.marks.clone(),
    )
}

fn expected() -> Vec<(RecordKind, RecordState, bool, Vec<Mark>)> {
    use RecordKind::{Answered, AnsweredElsewhere, Missed, Outgoing};
    use RecordState::{Cancelled, Completed};
    vec![
        (Outgoing, Cancelled, false, vec![]),
        (Outgoing, Completed, true, vec![]),
        (Missed, Cancelled, false, vec![Mark::Rejected]),
        (Answered, Completed, true, vec![]),
        (AnsweredElsewhere, Cancelled, false, vec![]),
        (Missed, Cancelled, false, vec![]),
    ]
}

fn check(records: &[HistoryRecord], [answered, refused]: &[String; 2]) -> Result<()> {
    let shapes: Vec<Shape> = records.iter().map(shape).collect();
    let short: Vec<_> = shapes
        .iter()
        .cloned()
        .map(|s| (s.0, s.1, s.2, s.5))
        .collect();
    ensure!(short == expected(), "{shapes:#?}");
    ensure!(
        shapes[0].4 == Some(486) && shapes[0].3 == Some(EndCause::Busy),
        "{shapes:#?}"
    );
    ensure!(
        shapes[4].3 == Some(EndCause::AnsweredElsewhere),
        "{shapes:#?}"
    );
    for record in records {
        ensure!(
            record
                .account
                .as_ref()
                .is_some_and(|name| name.as_str() == "main"),
            "{record:?}"
        );
        ensure!(
            record.sip_call_id.is_some() && record.ended >= Some(record.started),
            "{record:?}"
        );
        ensure!(record.local.contains("101@"), "{record:?}");
    }
    ensure!(
        records[0].remote.uri == *refused && records[1].remote.uri == *answered,
        "{records:#?}"
    );
    let talked = records[3].duration_ms.unwrap_or(0);
    ensure!(
        (350..5_000).contains(&talked),
        "400 ms were talked, {talked} are told"
    );
    ensure!(
        records
            .windows(2)
            .all(|two| two[0].started >= two[1].started),
        "newest first"
    );
    Ok(())
}

fn keeps(rig: &Rig) -> Result<()> {
    let folder = rig.subfolder("history")?;
    let settings = format!("[history]\nfolder = {:?}\n", folder.display().to_string());
    let (mut engine, mut client) = phone(rig, &settings)?;
    let called = series(rig, &engine, &mut client)?;
    let before = records(&mut client)?;
    check(&before, &called)?;
    // A restart keeps all of it (M-123).
    engine.stop();
    drop((engine, client));
    let (engine, mut client) = phone(rig, &settings)?;
    ensure!(
        records(&mut client)? == before,
        "a restart changed the history"
    );
    redials(&mut client, &before[1])?;
    names(rig, &engine, &mut client, &before[5])?;
    let said = engine.told(&["history", "--json"])?;
    ensure!(
        said.1 == 0 && said.0.contains("answered_elsewhere"),
        "{said:?}"
    );
    Ok(())
}

/// The record of an answered call is called again (M-122); nobody listens at its address any more.
fn redials(client: &mut Client, record: &HistoryRecord) -> Result<()> {
    let id = Some(record.id.clone());
    let Reply::Call { call } = client.ask(Command::HistoryRedial(HistoryRef { id }))? else {
        anyhow::bail!("redial is replied to with something else");
    };
    ensure!(
        call.to.uri == record.remote.uri && call.account == record.account,
        "{call:?}"
    );
    let sent = client.wait("call.sent", PATIENCE, |event| match &event.body {
        EventBody::CallSent(sent) if event.call == Some(call.call) => Some(sent.address.clone()),
        _ => None,
    })?;
    ensure!(record.remote.uri.ends_with(&sent), "{sent} {record:?}");
    // The system may have said already that nobody listens there: then the call is over.
    let _ = client.hang_up(call.call);
    client.wait_ended(call.call, PATIENCE)?;
    Ok(())
}

/// Who calls is known by the contacts, in the call and in the history (M-109).
fn names(rig: &Rig, engine: &Daemon, client: &mut Client, of: &HistoryRecord) -> Result<()> {
    let contact = Contact {
        name: "Jörg Müller".to_owned(),
        kind: ContactKind::Extension,
        numbers: vec![
            of.remote
                .uri
                .split(';')
                .next()
                .unwrap_or_default()
                .to_owned(),
        ],
        ..Contact::default()
    };
    client.ask(Command::ContactAdd(Box::new(contact)))?;
    let ring = [value("ring_ms", "300")];
    let gives_up = Script {
        values: &ring,
        ..Script::new("caller-cancels")
    };
    is_called(rig, engine, gives_up, || Ok(()))?;
    let named = client.wait("call.named", PATIENCE, |event| match &event.body {
        EventBody::CallNamed(named) => Some(named.known.clone()),
        _ => None,
    })?;
    ensure!(
        (named.name.as_str(), named.source.as_str()) == ("Jörg Müller", "contacts"),
        "{named:?}"
    );
    let newest = records(client)?.into_iter().next().context("a record")?;
    ensure!(newest.known == Some(named), "{newest:?}");
    Ok(())
}

#[test]
fn a_series_of_calls_is_in_the_history_as_it_was_m_120_m_121_m_122() {
    let Some(rig) = Rig::new("records", &["sipp"]) else {
        return;
    };
    keeps(&rig).unwrap();
}
