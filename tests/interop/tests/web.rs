//! The interface for programs: curl and Python's websockets start, answer and end calls with SIPp and see their events;
//! whoever has no business there is not let in (M-067).

use anyhow::{Context, Result, ensure};
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::{Engine as _, Rig, Running, Sipp};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);
/// Debian's Python, which finds Debian's modules.
const PYTHON: &str = "/usr/bin/python3";
const WEBSOCKETS: &str = "/usr/lib/python3/dist-packages/websockets/__init__.py";
/// Prints every frame as a line, and sends every line as a frame.
const CLIENT: &str = r#"
import asyncio, sys, websockets

async def main():
    async with websockets.connect(sys.argv[1], max_size=None) as socket:
        async def say():
            loop = asyncio.get_running_loop()
            while line := await loop.run_in_executor(None, sys.stdin.readline):
                await socket.send(line.strip())
        saying = asyncio.create_task(say())
        try:
            async for frame in socket:
                print(frame, flush=True)
        except websockets.ConnectionClosedError:
            pass
        print("closed", socket.close_code, flush=True)

asyncio.run(main())
"#;

/// A phone that programs may ask.
struct Phone {
    daemon: Daemon,
    tokens: PathBuf,
    address: String,
}

impl Phone {
    fn start(rig: &Rig) -> Result<Self> {
        let (tokens, file) = (rig.file("tokens.json"), rig.file("address"));
        let settings = format!(
            "[control]\nfaces = [\"ui-api\"]\n[plugins.options.ui-api]\nlisten = \"127.0.0.1:0\"\n\
             tokens = {:?}\naddress_file = {file:?}\n",
            tokens
        );
        let wish = Wish {
            answer: Answer::Ring,
            settings: &settings,
            ..Wish::default()
        };
        let daemon = Daemon::start(rig, "engine", &wish)?;
        let address = until("it listens", || {
            let said = std::fs::read_to_string(&file).ok()?;
            said.ends_with('\n').then(|| said.trim().to_owned())
        })?;
        Ok(Self {
            daemon,
            tokens,
            address,
        })
    }

    fn token(&self, name: &str, more: &[&str]) -> Result<String> {
        let file = self.tokens.to_str().context("a path in UTF-8")?;
        let mut words = vec!["token", "new", name, "--file", file];
        words.extend(more);
        let (said, exit) = self.daemon.told(&words)?;
        ensure!(exit == 0, "{said}");
        let token = said.lines().next().context("a token")?;
        Ok(token.to_owned())
    }

    /// What curl says to a request: status and body.
    fn curl(&self, method: &str, path: &str, words: &[&str]) -> Result<(u16, Value)> {
        let mut curl = Command::new("curl");
        curl.args([
            "--silent",
            "--max-time",
            "30",
            "--write-out",
            "\n%{http_code}",
        ]);
        curl.args(["--request", method]).args(words);
        curl.arg(format!("http://{}{path}", self.address));
        let done = curl.output()?;
        let said = String::from_utf8_lossy(&done.stdout).into_owned();
        let (body, status) = said.rsplit_once('\n').context("curl says a status")?;
        let body = serde_json::from_str(body).unwrap_or(Value::Null);
        Ok((status.parse()?, body))
    }

    fn ask(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<(u16, Value)> {
        let bearer = format!("Authorization: Bearer {token}");
        let body = body.map(|body| body.to_string());
        let mut words = vec!["--header", &bearer];
        if let Some(body) = &body {
            words.extend(["--header", "Content-Type: application/json", "--data", body]);
        }
        self.curl(method, path, &words)
    }

    fn socket(&self, rig: &Rig, name: &str) -> Result<Socket> {
        let script = rig.file("client.py");
        std::fs::write(&script, CLIENT)?;
        let mut command = Command::new(PYTHON);
        command
            .arg(&script)
            .arg(format!("ws://{}/v1/events", self.address));
        Ok(Socket(Running::start(&mut command, &rig.file(name))?))
    }
}

/// A WebSocket of somebody else's library.
struct Socket(Running);

impl Socket {
    fn say(&mut self, word: &Value) -> Result<()> {
        self.0.type_line(&word.to_string())
    }

    fn hello(&mut self, token: &str) -> Result<()> {
        self.say(&json!({"op": "hello", "version": 1, "token": token, "filter": ["call.*"]}))
    }

    /// The first frame, also of those past, that is so.
    fn hear(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        until(what, || {
            let log = self.0.log();
            let mut frames = log
                .lines()
                .filter_map(|line| serde_json::from_str(line).ok());
            frames.find(&wanted)
        })
        .with_context(|| self.0.log())
    }

    fn event(&self, name: &str, call: &str) -> Result<Value> {
        self.hear(name, |frame| frame["type"] == name && frame["call"] == call)
    }
}

fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> Result<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return Ok(found);
        }
        ensure!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn rig(name: &str) -> Option<Rig> {
    Rig::new(name, &["sipp", "curl", PYTHON, WEBSOCKETS])
}

fn text(value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).context("a text")
}

/// M-067: a call is started and ended by HTTP, another by WebSocket, and both are seen in the events of a client that
/// only looks.
#[test]
fn m_067_programs_start_and_end_calls_and_see_their_events() {
    let Some(rig) = rig("web-starts") else { return };
    starts(&rig).unwrap();
}

fn starts(rig: &Rig) -> Result<()> {
    let phone = Phone::start(rig)?;
    let (crm, wall) = (
        phone.token("crm", &[])?,
        phone.token("wall", &["--scope", "read"])?,
    );
    let mut looks = phone.socket(rig, "wall")?;
    looks.hello(&wall)?;
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
    socket.hello(&crm)?;
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
    let phone = Phone::start(rig)?;
    let crm = phone.token("crm", &[])?;
    let mut socket = phone.socket(rig, "crm")?;
    socket.hello(&crm)?;
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
    let phone = Phone::start(rig)?;
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
        socket.hello(token)?;
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
