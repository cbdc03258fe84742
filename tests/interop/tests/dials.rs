//! Calls that `offhookd` makes, told to over its control socket: SIPp answers in every way there is.

use control::event::CallEnded;
use control::snapshot::CallState;
use control::{CallHandle, Code, EndCause};
use offhook_interop::engine::{Daemon, Wish};
use offhook_interop::sipp::{Transport, Wish as Script};
use offhook_interop::{Client, Rig, Sipp};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(15);

fn value(name: &'static str, text: &str) -> (&'static str, String) {
    (name, text.into())
}

/// How a caller behaves between dialling and the end of the call.
type Conduct = fn(&mut Client, CallHandle) -> anyhow::Result<()>;

/// Waits for the end that the far end makes.
fn waits(_: &mut Client, _: CallHandle) -> anyhow::Result<()> {
    Ok(())
}

/// Talks for a while after the answer, then hangs up.
fn talks(client: &mut Client, call: CallHandle) -> anyhow::Result<()> {
    client.wait_answered(call, PATIENCE)?;
    std::thread::sleep(Duration::from_millis(700));
    client.hang_up(call)
}

/// Lets it ring, then gives up.
fn gives_up(client: &mut Client, call: CallHandle) -> anyhow::Result<()> {
    client.wait("call.ringing", PATIENCE, |event| {
        (event.body.name() == "call.ringing").then_some(())
    })?;
    client.hang_up(call)
}

/// Calls a scripted callee and says how the call ended. The script has to go well.
fn dial(name: &str, script: &Script<'_>, conduct: Conduct) -> anyhow::Result<Option<CallEnded>> {
    let Some(rig) = Rig::new(name, &["sipp"]) else {
        return Ok(None);
    };
    let mut callee = Sipp::start(&rig, "callee", script)?;
    let transport = script.transport.word();
    let wish = Wish {
        transport,
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish)?;
    let mut client = engine.client()?;
    let call = client.dial(&format!("sip:102@{};transport={transport}", callee.address))?;
    conduct(&mut client, call)?;
    let ended = client.wait_ended(call, PATIENCE)?;
    callee.succeed(PATIENCE)?;
    println!(
        "{name}: {:?} {:?}, {:?}",
        ended.by, ended.cause, ended.sip_status
    );
    anyhow::ensure!(ended.snapshot.state == CallState::Ended, "{ended:?}");
    Ok(Some(ended))
}

/// The same; also ended for `cause`, under `code` of the error index.
fn ends(
    name: &str,
    script: &Script<'_>,
    conduct: Conduct,
    cause: EndCause,
    code: Option<Code>,
) -> anyhow::Result<()> {
    let Some(ended) = dial(name, script, conduct)? else {
        return Ok(());
    };
    let told = ended.error.as_ref().map(|error| error.code);
    anyhow::ensure!((ended.cause, told) == (cause, code), "{name}: {ended:?}");
    let asked = script
        .values
        .iter()
        .any(|(_, text)| text == "Retry-After: 5");
    let wait = ended.snapshot.end.and_then(|end| end.retry_after_s);
    anyhow::ensure!(
        wait == asked.then_some(5),
        "{name}: free again in {wait:?} s"
    );
    Ok(())
}

#[test]
fn calls_over_udp_and_tcp() {
    let ring = [value("ring_ms", "200")];
    let udp = Script {
        values: &ring,
        ..Script::new("callee")
    };
    let tcp = Script {
        transport: Transport::Tcp,
        ..udp.clone()
    };
    ends("dial-udp", &udp, talks, EndCause::Normal, None).unwrap();
    ends("dial-tcp", &tcp, talks, EndCause::Normal, None).unwrap();
}

#[test]
fn refusals_are_told_by_cause() {
    let busy = "Warning: 399 peer \"busy\"";
    let later = "Retry-After: 5";
    for (name, status, header, cause, code) in [
        ("busy", "486 Busy Here", busy, EndCause::Busy, Code::BUSY),
        (
            "unavailable",
            "503 Service Unavailable",
            later,
            EndCause::Failed,
            Code::SERVER_FAILED,
        ),
        (
            "declined",
            "603 Decline",
            later,
            EndCause::Declined,
            Code::DECLINED,
        ),
        (
            "unknown",
            "404 Not Found",
            later,
            EndCause::Failed,
            Code::UNKNOWN_NUMBER,
        ),
    ] {
        let values = [value("status", status), value("header", header)];
        let script = Script {
            values: &values,
            ..Script::new("callee-refuses")
        };
        ends(&format!("dial-{name}"), &script, waits, cause, Some(code)).unwrap();
    }
}

#[test]
fn a_moved_callee_is_followed() {
    let Some(rig) = Rig::new("dial-moved", &["sipp"]) else {
        return;
    };
    let ring = [value("ring_ms", "100")];
    let there = Script {
        values: &ring,
        ..Script::new("callee")
    };
    let mut there = Sipp::start(&rig, "there", &there).unwrap();
    let values = [value("elsewhere", &format!("sip:103@{}", there.address))];
    let here = Script {
        values: &values,
        ..Script::new("callee-moved")
    };
    let mut here = Sipp::start(&rig, "here", &here).unwrap();
    let engine = Daemon::start(&rig, "engine", &Wish::default()).unwrap();
    let mut client = engine.client().unwrap();
    let call = client.dial(&format!("sip:102@{}", here.address)).unwrap();
    talks(&mut client, call).unwrap();
    client.wait_ended(call, PATIENCE).unwrap();
    here.succeed(PATIENCE).unwrap();
    there.succeed(PATIENCE).unwrap();
}

#[test]
fn no_answer_is_cancelled() {
    let script = Script::new("callee-never-answers");
    let ended = dial("dial-no-answer", &script, gives_up).unwrap();
    assert!(ended.is_none_or(|ended| ended.cause == EndCause::Cancelled));
}

#[test]
fn who_rings_too_long_is_given_up() {
    let Some(rig) = Rig::new("dial-rings", &["sipp"]) else {
        return;
    };
    let script = Script::new("callee-never-answers");
    let mut callee = Sipp::start(&rig, "callee", &script).unwrap();
    let wish = Wish {
        settings: "[sip]\nring_for_s = 2\n",
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish).unwrap();
    let mut client = engine.client().unwrap();
    let call = client.dial(&format!("sip:102@{}", callee.address)).unwrap();
    let ended = client.wait_ended(call, PATIENCE).unwrap();
    callee.succeed(PATIENCE).unwrap();
    assert_eq!(ended.cause, EndCause::NoAnswer, "{ended:?}");
    assert_eq!(ended.error.map(|error| error.code), Some(Code::NO_ANSWER));
}

#[test]
fn an_answer_that_crosses_cancel_is_acknowledged_and_hung_up() {
    let script = Script::new("callee-answers-after-cancel");
    dial("dial-late-answer", &script, gives_up).unwrap();
}

#[test]
fn a_second_challenge_ends_the_call() {
    let values = [value("realm", "offhook.test")];
    let script = Script {
        values: &values,
        ..Script::new("callee-challenges-forever")
    };
    let code = Some(Code::WRONG_PASSWORD);
    ends("dial-challenges", &script, waits, EndCause::Failed, code).unwrap();
}

#[test]
fn forked_answers_leave_one_call() {
    let script = Script::new("callee-forks");
    ends("dial-forked", &script, talks, EndCause::Normal, None).unwrap();
}

#[test]
fn reliable_ringing_hold_and_update_by_the_callee() {
    for name in ["callee-reliable", "callee-reoffers", "callee-updates"] {
        let script = Script::new(name);
        ends(
            &format!("dial-{name}"),
            &script,
            talks,
            EndCause::Normal,
            None,
        )
        .unwrap();
    }
}

#[test]
fn the_callee_hangs_up() {
    let values = [value("talk_ms", "500")];
    let script = Script {
        values: &values,
        ..Script::new("callee-hangs-up")
    };
    ends("dial-left", &script, waits, EndCause::Normal, None).unwrap();
}

#[test]
fn m_009_a_large_request_goes_over_tcp() {
    let Some(rig) = Rig::new("dial-large", &["sipp"]) else {
        return;
    };
    let ring = [value("ring_ms", "100")];
    let script = Script {
        values: &ring,
        transport: Transport::Tcp,
        ..Script::new("callee")
    };
    let mut callee = Sipp::start(&rig, "callee", &script).unwrap();
    let engine = Daemon::start(&rig, "engine", &Wish::default()).unwrap();
    let mut client = engine.client().unwrap();
    // The URI names no transport, and the engine listens on UDP.
    let headers = [("X-Notes".to_owned(), "1".repeat(700))].into();
    let call = client
        .dial_with(&format!("sip:102@{}", callee.address), headers)
        .unwrap();
    talks(&mut client, call).unwrap();
    client.wait_ended(call, PATIENCE).unwrap();
    callee.succeed(PATIENCE).unwrap();
}

/// M-133: whoever sends their calls elsewhere has the server dialled by its code, with the number in it as it is dialled
/// here and past their own rules, and hears what it says. What holds is what the server takes.
fn codes(rig: &Rig) -> anyhow::Result<()> {
    let values = [value("ring_ms", "100")];
    let script = Script {
        values: &values,
        ..Script::new("callee")
    };
    let mut server = Sipp::start(rig, "server", &script)?;
    let settings = format!(
        "[account]\nregistrar = \"{}\"\ncountry_code = \"49\"\narea_code = \"711\"\ntrunk_access = \"0\"\n\
         rewriting = [\"startsWith * => prepend 9\"]\n\
         forwarding_codes = [\"no_answer on *61*%target%*%seconds%#\"]\n",
        server.address
    );
    let wish = Wish {
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    let forward = ["forward", "no-answer", "+49711600", "--after", "20"];
    let (said, exit) = engine.told(&forward)?;
    anyhow::ensure!(exit == 0 && said.contains("600"), "{exit}: {said}");
    server.wait_message("INVITE sip:*61*00711600*20%23@", PATIENCE)?;
    let call = client.wait("call.answered", PATIENCE, |event| {
        event.call.filter(|_| event.body.name() == "call.answered")
    })?;
    client.hang_up(call)?;
    client.wait_ended(call, PATIENCE)?;
    server.succeed(PATIENCE).map(drop)
}

#[test]
fn m_133_a_server_is_dialled_so_that_it_sends_calls_elsewhere() {
    let Some(rig) = Rig::new("dials-codes", &["sipp"]) else {
        return;
    };
    codes(&rig).unwrap();
}

/// M-133: what the server refuses does not hold, and the person is told what it said.
fn refused_codes(rig: &Rig) -> anyhow::Result<()> {
    let values = [
        value("status", "403 Forbidden"),
        value("header", "Subject: no"),
    ];
    let script = Script {
        values: &values,
        ..Script::new("callee-refuses")
    };
    let mut server = Sipp::start(rig, "server", &script)?;
    let settings = format!(
        "[account]\nregistrar = \"{}\"\nforwarding_codes = [\"always on *21*%target%#\"]\n",
        server.address
    );
    let wish = Wish {
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(rig, "engine", &wish)?;
    let (said, exit) = engine.told(&["forward", "always", "600"])?;
    let why = said.contains("OH-4024") && said.contains("403 Forbidden");
    anyhow::ensure!(exit != 0 && why, "{exit}: {said}");
    server.succeed(PATIENCE)?;
    let (said, _) = engine.told(&["accounts", "--json"])?;
    anyhow::ensure!(!said.contains("\"always\""), "{said}");
    Ok(())
}

#[test]
fn m_133_what_the_server_refuses_does_not_hold() {
    let Some(rig) = Rig::new("dials-codes-refused", &["sipp"]) else {
        return;
    };
    refused_codes(&rig).unwrap();
}
