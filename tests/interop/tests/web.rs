//! The interface for programs: curl and Python's websockets start, answer and end calls with SIPp and see their events;
//! whoever has no business there is not let in (M-067).

use anyhow::{Context, Result, ensure};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::web::{PYTHON, WEBSOCKETS, WebPhone, text, until};
use offhook_interop::{Engine as _, Rig, Sipp};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
/// What its clients want to hear of.
const CALLS: &[&str] = &["call.*"];

fn rig(name: &str) -> Option<Rig> {
    Rig::new(name, &["sipp", "curl", PYTHON, WEBSOCKETS])
}

/// M-067: a call is started and ended by HTTP, another by WebSocket, and both are seen in the events of a client that
/// only looks.
#[test]
fn m_067_programs_start_and_end_calls_and_see_their_events() {
    let Some(rig) = rig("web-starts") else { return };
    starts(&rig).unwrap();
}

fn starts(rig: &Rig) -> Result<()> {
    let phone = WebPhone::start(rig, "")?;
    let (crm, wall) = (
        phone.token("crm", &[])?,
        phone.token("wall", &["--scope", "read"])?,
    );
    let mut looks = phone.socket(rig, "wall")?;
    looks.hello(&wall, CALLS)?;
    let welcome = looks.hear("welcome", |frame| frame["op"] == "welcome")?;
    ensure!(welcome["snapshot"]["state"] == "running", "{welcome}");
    let values = [("ring_ms", "100".to_owned())];
    let script = Script {
        values: &values,
        ..Script::new("callee")
    };
    // By HTTP.
    let mut callee = Sipp::start(rig, "callee-http", &script)?;
    let to = format!("sip:102@{}", callee.address);
    let (status, made) = phone.ask(&crm, "POST", "/v1/calls", Some(json!({"to": to})))?;
    ensure!(status == 201, "{status} {made}");
    let call = text(&made["call"]["call"])?;
    let answered = looks.event("call.answered", &call)?;
    ensure!(
        answered["command"] == made["command"],
        "{answered} of {made}"
    );
    let path = format!("/v1/calls/{call}");
    let (status, now) = phone.ask(&wall, "GET", &path, None)?;
    ensure!(
        status == 200 && now["call"]["state"] == "answered",
        "{status} {now}"
    );
    let (status, said) = phone.ask(&crm, "DELETE", &path, None)?;
    ensure!(status == 202, "{status} {said}");
    looks.event("call.ended", &call)?;
    callee.succeed(PATIENCE)?;
    let (status, gone) = phone.ask(&wall, "GET", &path, None)?;
    ensure!(
        status == 404 && gone["code"] == "OH-4008",
        "{status} {gone}"
    );
    // By WebSocket.
    let mut callee = Sipp::start(rig, "callee-ws", &script)?;
    let mut socket = phone.socket(rig, "crm")?;
    socket.hello(&crm, CALLS)?;
    socket.hear("welcome", |frame| frame["op"] == "welcome")?;
    let to = format!("sip:102@{}", callee.address);
    socket.say(&json!({"op": "call", "id": "r1", "command": "dial", "body": {"to": to}}))?;
    let reply = socket.hear("a reply", |frame| frame["id"] == "r1")?;
    let call = text(&reply["ok"]["call"]["call"])?;
    socket.event("call.answered", &call)?;
    looks.event("call.answered", &call)?;
    let end = json!({"op": "call", "id": "r2", "command": "hang_up", "body": {"call": call}});
    looks.say(&end)?;
    let refused = looks.hear("a reply", |frame| frame["id"] == "r2")?;
    ensure!(refused["error"]["code"] == "OH-6008", "{refused}");
    socket.say(&end)?;
    socket.event("call.ended", &call)?;
    callee.succeed(PATIENCE)?;
    Ok(())
}

/// M-067: a call that comes in is seen by WebSocket and answered by HTTP.
#[test]
fn m_067_a_program_answers_a_call() {
    let Some(rig) = rig("web-answers") else {
        return;
    };
    answers(&rig).unwrap();
}

fn answers(rig: &Rig) -> Result<()> {
    let phone = WebPhone::start(rig, "")?;
    let crm = phone.token("crm", &[])?;
    let mut socket = phone.socket(rig, "crm")?;
    socket.hello(&crm, CALLS)?;
    socket.hear("welcome", |frame| frame["op"] == "welcome")?;
    let values = [("talk_ms", "200".to_owned())];
    let script = Script {
        values: &values,
        ..Script::new("caller")
    };
    let mut caller = Sipp::start(rig, "caller", &script.calls("101", phone.daemon.address()))?;
    let incoming = socket.hear("call.incoming", |frame| frame["type"] == "call.incoming")?;
    let call = text(&incoming["call"])?;
    let (status, said) = phone.ask(&crm, "POST", &format!("/v1/calls/{call}/answer"), None)?;
    ensure!(status == 202, "{status} {said}");
    socket.event("call.answered", &call)?;
    socket.event("call.ended", &call)?;
    caller.succeed(PATIENCE).map(drop)
}

/// M-067: no token, a wrong one, one whose time is over, one that is too narrow; a page of somebody else, by name and by
/// origin; a GET that tries to act. None of them reaches the phone.
#[test]
fn m_067_whoever_has_no_business_there_is_refused() {
    let Some(rig) = rig("web-refuses") else {
        return;
    };
    refuses(&rig).unwrap();
}

fn refuses(rig: &Rig) -> Result<()> {
    let phone = WebPhone::start(rig, "")?;
    let crm = phone.token("crm", &[])?;
    let wall = phone.token("wall", &["--scope", "read"])?;
    let over = phone.token("over", &["--days", "1"])?;
    expire(&phone.tokens, "over")?;
    let bearer = |token: &str| format!("Authorization: Bearer {token}");
    let (good, bad, late, narrow) = (bearer(&crm), bearer("oht_x"), bearer(&over), bearer(&wall));
    let json = "Content-Type: application/json";
    let dial = r#"{"to": "sip:102@127.0.0.1:9"}"#;
    for (headers, status, code) in [
        (&[][..], 401, "OH-6201"),
        (&[bad.as_str()], 401, "OH-6201"),
        (&[late.as_str()], 401, "OH-6201"),
        (&[narrow.as_str()], 403, "OH-6008"),
        (&[good.as_str(), "Host: evil.example"], 421, "OH-6202"),
        (
            &[good.as_str(), "Origin: https://evil.example"],
            403,
            "OH-6202",
        ),
    ] {
        let mut words = vec!["--header", json, "--data", dial];
        words.extend(headers.iter().flat_map(|header| ["--header", *header]));
        let (came, said) = phone.curl("POST", "/v1/calls", &words)?;
        ensure!(
            (came, said["code"].as_str()) == (status, Some(code)),
            "{headers:?}: {came} {said}"
        );
        ensure!(
            said["fix"].is_string() && said["detail"].is_string(),
            "{said}"
        );
    }
    for path in [
        "/v1/commands/dial?to=102",
        "/v1/calls/c222/answer",
        "/v1/commands/shutdown",
    ] {
        let (came, said) = phone.curl("GET", path, &["--header", &good])?;
        ensure!(came == 405, "{path}: {came} {said}");
    }
    for (name, token) in [("ws-bad", "oht_x"), ("ws-over", &over)] {
        let mut socket = phone.socket(rig, name)?;
        socket.hello(token, CALLS)?;
        let refused = socket.hear("a reply", |frame| frame["op"] == "reply")?;
        ensure!(refused["error"]["code"] == "OH-6201", "{refused}");
        until("closed", || {
            socket.0.log().contains("closed 1008").then_some(())
        })?;
    }
    let (status, calls) = phone.ask(&wall, "GET", "/v1/calls", None)?;
    ensure!(
        status == 200 && calls["calls"] == json!([]),
        "{status} {calls}"
    );
    let (said, exit) = phone.daemon.told(&["status"])?;
    ensure!(exit == 0, "{said}");
    Ok(())
}

/// Its time was over long ago.
fn expire(file: &Path, name: &str) -> Result<()> {
    let mut all: Value = serde_json::from_str(&std::fs::read_to_string(file)?)?;
    let tokens = all["tokens"].as_array_mut().context("tokens")?;
    let token = tokens.iter_mut().find(|token| token["name"] == name);
    token.context("the token")?["expires_unix_ms"] = 1.into();
    std::fs::write(file, all.to_string())?;
    Ok(())
}
