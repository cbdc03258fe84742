//! What the interface lets in, and what it passes on: by hand-written requests and a WebSocket library, before an
//! engine of the test's own.
#![allow(clippy::unwrap_used)]

use offhook_ui_api as ui_api;
use plugin_host::{Catalogue, Face};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokens::{Scope, TokenFile};
use tungstenite::{Message, WebSocket};

/// More than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the engine's thread is told.
enum Word {
    /// The face says this.
    Said(Value),
    /// The engine says this.
    Tell(String),
    End,
}

/// The face before an engine that knows one call.
struct Stage {
    folder: tempfile::TempDir,
    address: SocketAddr,
    tell: Sender<Word>,
    /// Commands that reached the engine.
    asked: Receiver<Value>,
    engine: Option<JoinHandle<()>>,
}

impl Stage {
    fn new() -> Self {
        Self::with(&json!({}))
    }

    fn with(more: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let mut options = json!({
            "listen": "127.0.0.1:0",
            "tokens": file("tokens.json"),
            "address_file": file("address"),
        });
        let all = options.as_object_mut().unwrap();
        all.extend(more.as_object().unwrap().clone());
        let mut catalogue = Catalogue::new("test", "1");
        catalogue.add_built_in(&ui_api::ENTRY).unwrap();
        let (tell, told) = channel();
        let say = tell.clone();
        let commands = Box::new(move |line: &str| {
            let _ = say.send(Word::Said(serde_json::from_str(line).unwrap()));
            Ok(())
        });
        let plugin = catalogue.ui("ui-api").unwrap();
        let face = plugin.open(&options.to_string(), commands).unwrap();
        let address = std::fs::read_to_string(file("address")).unwrap();
        let (ask, asked) = channel();
        let engine = std::thread::spawn(move || play(face, &told, &ask));
        Self {
            folder,
            address: address.trim().parse().unwrap(),
            tell,
            asked,
            engine: Some(engine),
        }
    }

    fn token(&self, name: &str, scopes: &[Scope]) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        self.token_made(name, scopes, u64::try_from(now.as_millis()).unwrap())
    }

    fn token_made(&self, name: &str, scopes: &[Scope], at_ms: u64) -> String {
        let made = self.tokens().add(name, scopes, 1, at_ms);
        made.unwrap().0.reveal().to_owned()
    }

    fn tokens(&self) -> TokenFile {
        TokenFile::at(self.folder.path().join("tokens.json"))
    }

    /// One event more.
    fn event(&self, seq: u64, name: &str) {
        let event = json!({
            "seq": seq, "ts": "2026-11-21T14:02:11.482Z", "type": name, "data": {},
        });
        self.tell.send(Word::Tell(event.to_string())).unwrap();
    }

    fn request(&self, head: &str, headers: &[&str], body: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut text = format!("{head} HTTP/1.1\r\n");
        let has_host = headers
            .iter()
            .any(|h| h.to_lowercase().starts_with("host:"));
        if !has_host {
            text += &format!("Host: {}\r\n", self.address);
        }
        for header in headers {
            text += &format!("{header}\r\n");
        }
        if !body.is_empty() {
            text += &format!("Content-Length: {}\r\n", body.len());
        }
        text += "Connection: close\r\n\r\n";
        text += body;
        // A server that has heard enough may close before all was said.
        let _ = stream.write_all(text.as_bytes());
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        Answer::read(&String::from_utf8(answer).unwrap())
    }

    fn ask(&self, head: &str, token: &str, body: &str) -> Answer {
        let bearer = format!("Authorization: Bearer {token}");
        self.request(head, &[&bearer, "Content-Type: application/json"], body)
    }

    /// Nothing was asked of the engine so far.
    fn is_untouched(&self) -> bool {
        self.asked.try_recv().is_err()
    }

    fn socket(&self) -> Socket {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let url = format!("ws://{}/v1/events", self.address);
        Socket(tungstenite::client(url, stream).unwrap().0)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.tell.send(Word::End);
        if let Some(engine) = self.engine.take()
            && engine.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the engine of the test failed");
        }
    }
}

/// The engine: greets, and replies to what it knows.
fn play(mut face: Face, told: &Receiver<Word>, ask: &Sender<Value>) {
    let call = json!({
        "call": "c7k2", "account": "a", "direction": "outgoing", "state": "dialing",
        "from": {"uri": "sip:1@a"}, "to": {"uri": "sip:2@b"},
        "created": "2026-11-21T14:02:11.482Z",
    });
    let engine = json!({
        "version": "9", "profile": "test", "state": "running", "started": "2026-11-21T14:02:11.482Z",
    });
    let welcome = json!({
        "op": "welcome", "version": 1, "engine": "9", "features": ["calls", "resume"], "seq": 41,
        "snapshot": engine,
    });
    face.event(&welcome.to_string()).unwrap();
    let mut number = 0;
    for word in told {
        let line = match word {
            Word::End => return,
            Word::Tell(line) => line,
            Word::Said(said) => {
                let _ = ask.send(said.clone());
                number += 1;
                let mut reply = json!({"op": "reply", "id": said["id"], "command": number});
                match said["command"].as_str().unwrap() {
                    "status" => reply["ok"] = json!({"kind": "status", "engine": engine}),
                    "list_calls" => reply["ok"] = json!({"kind": "calls", "calls": [call]}),
                    "dial" => reply["ok"] = json!({"kind": "call", "call": call}),
                    "hold" => {
                        reply["error"] = json!({
                            "code": "OH-6007", "title": "t", "detail": "d", "fix": "f",
                        });
                    }
                    _ => reply["ok"] = json!({"kind": "taken"}),
                }
                reply.to_string()
            }
        };
        face.event(&line).unwrap();
    }
}

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: String,
    body: Value,
}

impl Answer {
    fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok());
        Self {
            status: status.unwrap_or(0),
            headers: head.to_lowercase(),
            body: serde_json::from_str(body).unwrap_or(Value::Null),
        }
    }

    /// Refused as RFC 9457 has it, with what helps.
    fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(
            (self.status, self.body["code"].as_str()),
            (status, Some(code)),
            "{self:?}"
        );
        assert!(
            self.headers
                .contains("content-type: application/problem+json")
        );
        assert_eq!(self.body["status"], status);
        for field in ["type", "title", "detail", "fix"] {
            assert!(!self.body[field].as_str().unwrap().is_empty(), "{self:?}");
        }
    }
}

struct Socket(WebSocket<TcpStream>);

impl Socket {
    fn say(&mut self, word: &Value) {
        self.0.send(Message::text(word.to_string())).unwrap();
    }

    fn hear(&mut self) -> Value {
        loop {
            match self.0.read().unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other @ (Message::Binary(_) | Message::Close(_) | Message::Frame(_)) => {
                    panic!("{other:?}")
                }
            }
        }
    }

    /// Is shown the door, with a reason.
    fn ends_with(mut self, code: &str) {
        assert_eq!(self.hear()["error"]["code"], code);
        match self.0.read() {
            Ok(Message::Close(Some(frame))) => assert_eq!(u16::from(frame.code), 1008),
            other => panic!("{other:?}"),
        }
    }
}

const READ: &[Scope] = &[Scope::Read];
const BOTH: &[Scope] = &[Scope::Read, Scope::Call];

#[test]
fn m067_without_a_good_token_nobody_is_let_in() {
    let stage = Stage::new();
    let good = stage.token("crm", BOTH);
    let over = stage.token_made("old", BOTH, 1_000);
    let removed = stage.token("gone", BOTH);
    stage.tokens().remove("gone").unwrap();
    for bad in [
        "",
        "x",
        &over,
        &removed,
        &good[..67],
        &format!("{good}0"),
        &good.to_uppercase(),
    ] {
        stage
            .ask("GET /v1/calls", bad, "")
            .is_problem(401, "OH-6201");
        stage
            .ask("POST /v1/calls", bad, r#"{"to":"2"}"#)
            .is_problem(401, "OH-6201");
    }
    for headers in [
        &[][..],
        &["Authorization: Basic Y3JtOng="],
        &["Authorization: Bearer x", "Authorization: Bearer y"],
    ] {
        let answer = stage.request("GET /v1/calls", headers, "");
        answer.is_problem(401, "OH-6201");
        assert!(answer.headers.contains("www-authenticate: bearer"));
    }
    for path in [
        "/",
        "/v1",
        "/v1/nothing",
        "/v1/commands/dial",
        "/v1/calls?token=x",
    ] {
        let head = format!("GET {path}");
        stage.request(&head, &[], "").is_problem(401, "OH-6201");
    }
    assert!(stage.is_untouched());
    assert_eq!(stage.ask("GET /v1/calls", &good, "").status, 200);
}

#[test]
fn m067_a_name_of_somebody_else_is_not_let_in_even_with_a_token() {
    let stage = Stage::with(&json!({"allowed_hosts": "phone.example"}));
    let bearer = format!("Authorization: Bearer {}", stage.token("crm", BOTH));
    for host in [
        "evil.example",
        "localhost.evil.example",
        "",
        "127.0.0.1.evil.example:80",
        "[::2]",
    ] {
        let host = format!("Host: {host}");
        stage
            .request("GET /v1/calls", &[&host, &bearer], "")
            .is_problem(421, "OH-6202");
        let upgrade = [
            host.as_str(),
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        ];
        stage
            .request("GET /v1/events", &upgrade, "")
            .is_problem(421, "OH-6202");
    }
    let twice = ["Host: localhost", "Host: evil.example", &bearer];
    let answer = stage.request("GET /v1/calls", &twice, "");
    assert!(matches!(answer.status, 400 | 421), "{answer:?}");
    let whole = stage.request(
        "GET http://evil.example/v1/calls",
        &["Host: localhost", &bearer],
        "",
    );
    whole.is_problem(421, "OH-6202");
    for host in [
        "localhost",
        "LOCALHOST:1",
        "127.0.0.1",
        "[::1]:8470",
        "phone.example:1",
    ] {
        let host = format!("Host: {host}");
        assert_eq!(
            stage.request("GET /v1/calls", &[&host, &bearer], "").status,
            200,
            "{host}"
        );
    }
}

#[test]
fn m067_a_page_that_is_not_named_is_not_let_in_even_with_a_token() {
    let stage = Stage::with(&json!({"allowed_origins": "https://crm.example"}));
    let bearer = format!("Authorization: Bearer {}", stage.token("crm", BOTH));
    // The same as Host is no reason: so would be every page of a name that was pointed here.
    for origin in [
        "https://evil.example",
        "null",
        &format!("http://{}", stage.address),
    ] {
        let origin = format!("Origin: {origin}");
        stage
            .request("GET /v1/calls", &[&origin, &bearer], "")
            .is_problem(403, "OH-6202");
    }
    let origin = "Origin: https://crm.example";
    assert_eq!(
        stage
            .request("GET /v1/calls", &[origin, &bearer], "")
            .status,
        200
    );
}

#[test]
fn m067_a_token_does_what_its_scopes_say_and_get_does_nothing() {
    let stage = Stage::new();
    let (read, both) = (stage.token("wall", READ), stage.token("crm", BOTH));
    for (head, body) in [
        ("POST /v1/calls", r#"{"to":"2"}"#),
        ("DELETE /v1/calls/c7k2", ""),
        ("POST /v1/calls/c7k2/answer", ""),
        ("POST /v1/calls/c7k2/record", ""),
        ("POST /v1/commands/hang_up_all", ""),
    ] {
        stage.ask(head, &read, body).is_problem(403, "OH-6008");
    }
    stage
        .ask("POST /v1/commands/shutdown", &both, "")
        .is_problem(403, "OH-6008");
    for path in [
        "/v1/calls/c7k2/answer",
        "/v1/calls/c7k2/hang_up",
        "/v1/commands/dial",
        "/v1/commands/hang_up_all?to=2",
        "/v1/calls/c7k2/transfer/complete",
    ] {
        for method in ["GET", "HEAD", "PUT"] {
            let answer = stage.ask(&format!("{method} {path}"), &both, "");
            assert_eq!(answer.status, 405, "{method} {path}: {answer:?}");
        }
    }
    assert!(stage.is_untouched());
    assert_eq!(
        stage
            .ask("GET /v1/calls?method=POST&to=2", &both, "")
            .status,
        200
    );
    assert_eq!(stage.asked.recv().unwrap()["command"], "list_calls");
}

#[test]
fn m067_requests_are_commands_and_replies_are_json() {
    let stage = Stage::new();
    let token = stage.token("crm", BOTH);
    let body = r#"{"to": "600", "account": "a"}"#;
    let made = stage.ask("POST /v1/calls", &token, body);
    assert_eq!(
        (made.status, &made.body["kind"]),
        (201, &json!("call")),
        "{made:?}"
    );
    assert_eq!(made.body["command"], 1);
    assert!(made.headers.contains("location: /v1/calls/c7k2"));
    let asked = stage.asked.recv().unwrap();
    assert_eq!(
        (&asked["command"], &asked["body"]),
        (&json!("dial"), &json!({"to": "600", "account": "a"}))
    );
    let one = stage.ask("GET /v1/calls/c7k2", &token, "");
    assert_eq!(
        (one.status, &one.body["call"]["call"]),
        (200, &json!("c7k2"))
    );
    let status = stage.ask("GET /v1/status", &token, "");
    assert_eq!(
        (status.status, &status.body["engine"]["version"]),
        (200, &json!("9"))
    );
    for skip in ["list_calls", "status"] {
        assert_eq!(stage.asked.recv().unwrap()["command"], skip);
    }
}

#[test]
fn m067_what_is_asked_of_a_call_is_its_command() {
    let stage = Stage::new();
    let token = stage.token("crm", BOTH);
    let its = json!({"call": "c7k2"});
    for (head, body, command, said) in [
        ("POST /v1/calls/c7k2/answer", "", "accept", its.clone()),
        ("DELETE /v1/calls/c7k2", "", "hang_up", its.clone()),
        (
            "POST /v1/calls/c7k2/mute",
            "",
            "mute",
            json!({"call": "c7k2", "on": true}),
        ),
        (
            "POST /v1/calls/c7k2/mute",
            r#"{"on":false}"#,
            "mute",
            json!({"call": "c7k2", "on": false}),
        ),
        (
            "POST /v1/calls/c7k2/dtmf",
            r#"{"digits":"1#"}"#,
            "send_dtmf",
            json!({"call": "c7k2", "digits": "1#"}),
        ),
        (
            "POST /v1/calls/c7k2/transfer",
            r#"{"to":"7"}"#,
            "transfer",
            json!({"call": "c7k2", "to": "7", "mode": "now"}),
        ),
        (
            "POST /v1/calls/c7k2/transfer/cancel",
            "",
            "transfer.cancel",
            its.clone(),
        ),
        (
            "POST /v1/commands/hang_up_all",
            "",
            "hang_up_all",
            json!({}),
        ),
    ] {
        let answer = stage.ask(head, &token, body);
        assert_eq!(
            (answer.status, &answer.body["kind"]),
            (202, &json!("taken")),
            "{head}"
        );
        let asked = stage.asked.recv().unwrap();
        assert_eq!(
            (&asked["command"], &asked["body"]),
            (&json!(command), &said),
            "{head}"
        );
    }
    stage
        .ask("POST /v1/calls/c7k2/hold", &token, "")
        .is_problem(503, "OH-6007");
}

#[test]
fn m067_what_cannot_be_asked_is_told_why() {
    let stage = Stage::new();
    let token = stage.token("crm", BOTH);
    let long = format!(r#"{{"to":"{}"}}"#, "1".repeat(1024 * 1024));
    for (head, body, status, code) in [
        ("GET /v1/nothing", "", 404, "OH-6203"),
        ("POST /v1/calls/c7k2/dance", "", 404, "OH-6203"),
        ("POST /v1/commands/dance", "", 404, "OH-6003"),
        ("POST /v1/commands/events", "", 400, "OH-6203"),
        ("POST /v1/calls", "", 400, "OH-6002"),
        ("POST /v1/calls", "[1]", 400, "OH-6203"),
        ("POST /v1/calls", r#"{"to":1}"#, 400, "OH-6002"),
        ("POST /v1/calls", &long, 413, "OH-6203"),
        ("GET /v1/calls/zork", "", 404, "OH-4008"),
        ("GET /v1/events", "", 400, "OH-6203"),
    ] {
        let answer = stage.ask(head, &token, body);
        assert_eq!(answer.status, status, "{head}: {answer:?}");
        answer.is_problem(status, code);
    }
    let bearer = format!("Authorization: Bearer {token}");
    let form = ["Content-Type: text/plain", &bearer];
    stage
        .request("POST /v1/calls", &form, r#"{"to":"2"}"#)
        .is_problem(415, "OH-6203");
    assert!(stage.is_untouched());
}

#[test]
fn m067_a_key_is_its_tokens_own() {
    let stage = Stage::new();
    let key = |name: &str, key: &str| {
        let bearer = format!("Authorization: Bearer {}", stage.token(name, BOTH));
        let key = format!("Idempotency-Key: {key}");
        let headers = [bearer.as_str(), &key, "Content-Type: application/json"];
        let answer = stage.request("POST /v1/calls", &headers, r#"{"to":"2"}"#);
        stage.tokens().remove(name).unwrap();
        (answer.status == 201).then(|| stage.asked.recv().unwrap()["key"].clone())
    };
    let first = key("a", "one").unwrap();
    assert!(first.is_string());
    assert_eq!(key("a", "one"), Some(first.clone()));
    assert_ne!(key("a", "two"), Some(first.clone()));
    assert_ne!(key("b", "one"), Some(first));
    assert_eq!(key("a", &"x".repeat(256)), None);
}

#[test]
fn m067_a_socket_speaks_the_control_words() {
    let stage = Stage::new();
    let mut socket = stage.socket();
    let token = stage.token("crm", BOTH);
    socket.say(&json!({"op": "hello", "version": 1, "token": token, "filter": ["call.*"]}));
    let welcome = socket.hear();
    assert_eq!(
        (&welcome["op"], &welcome["seq"]),
        (&json!("welcome"), &json!(41))
    );
    assert_eq!(welcome["snapshot"]["version"], "9");
    assert_eq!(
        welcome["features"],
        json!(["calls"]),
        "nothing is resumed here"
    );
    stage.event(42, "account.changed");
    stage.event(43, "call.created");
    assert_eq!(socket.hear()["seq"], 43);
    // Two clients may use the same id.
    let mut other = stage.socket();
    let token = stage.token("wall", READ);
    other.say(&json!({"op": "hello", "version": 1, "token": token}));
    let welcome = other.hear();
    assert_eq!(
        (&welcome["seq"], welcome.get("snapshot")),
        (&json!(43), None)
    );
    for one in [&mut socket, &mut other] {
        one.say(&json!({"op": "call", "id": "r:1", "command": "list_calls"}));
    }
    for one in [&mut socket, &mut other] {
        let reply = one.hear();
        assert_eq!(
            (&reply["id"], &reply["ok"]["kind"]),
            (&json!("r:1"), &json!("calls"))
        );
    }
    other.say(&json!({"op": "call", "id": "r2", "command": "dial", "body": {"to": "2"}}));
    let refused = other.hear();
    assert_eq!(
        (&refused["id"], &refused["error"]["code"]),
        (&json!("r2"), &json!("OH-6008"))
    );
    other.say(&json!({"op": "call", "id": "r3", "command": "events", "body": {}}));
    assert_eq!(other.hear()["ok"], json!({"kind": "subscribed", "seq": 43}));
    stage.event(44, "account.changed");
    assert_eq!(other.hear()["seq"], 44);
    socket.say(&json!({"op": "call", "id": "r4", "command": "dial", "body": {"to": "2"}}));
    assert_eq!(
        socket.hear()["ok"]["kind"],
        "call",
        "the filter of one is not the other's"
    );
    for nonsense in [
        json!({"op": "call"}),
        json!([1]),
        json!({"op": "hello", "version": 1}),
    ] {
        socket.say(&nonsense);
        assert_eq!(socket.hear()["error"]["code"], "OH-6002", "{nonsense}");
    }
}

#[test]
fn m067_a_socket_without_a_good_token_is_closed() {
    let stage = Stage::new();
    for (first, code) in [
        (json!({"op": "hello", "version": 1}), "OH-6201"),
        (
            json!({"op": "hello", "version": 1, "token": "oht_x"}),
            "OH-6201",
        ),
        (
            json!({"op": "call", "id": "1", "command": "status"}),
            "OH-6203",
        ),
        (
            json!({"op": "hello", "version": 0, "token": stage.token("v", BOTH)}),
            "OH-6006",
        ),
        (
            json!({"op": "hello", "version": 1, "token": stage.token("c", &[Scope::Call]), "filter": []}),
            "OH-6008",
        ),
    ] {
        let mut socket = stage.socket();
        socket.say(&first);
        socket.ends_with(code);
    }
    let mut socket = stage.socket();
    socket.say(&json!({"op": "hello", "version": 1, "token": stage.token("crm", BOTH)}));
    assert_eq!(socket.hear()["op"], "welcome");
    stage.tokens().remove("crm").unwrap();
    socket.say(&json!({"op": "call", "id": "1", "command": "dial", "body": {"to": "2"}}));
    socket.ends_with("OH-6201");
    assert!(stage.is_untouched());
}

/// A client that reads nothing costs a queue, and is told what it missed.
#[test]
fn m067_a_slow_client_is_told_what_it_missed_and_holds_nobody_up() {
    let stage = Stage::new();
    let mut slow = stage.socket();
    let token = stage.token("crm", READ);
    slow.say(&json!({"op": "hello", "version": 1, "token": token, "filter": []}));
    assert_eq!(slow.hear()["op"], "welcome");
    // More than the system's buffers and the queue hold together.
    let padding = "x".repeat(16 * 1024);
    let last = 41 + 3_000;
    for seq in 42..=last {
        let event = json!({
            "seq": seq, "ts": "2026-11-21T14:02:11.482Z", "type": "call.zork", "data": {"p": padding},
        });
        stage.tell.send(Word::Tell(event.to_string())).unwrap();
    }
    // Others are served meanwhile.
    assert_eq!(stage.ask("GET /v1/status", &token, "").status, 200);
    let (mut next, mut missed) = (42, 0);
    while next <= last {
        let event = slow.hear();
        if event["type"] == "stream.lagged" {
            let data = &event["data"];
            assert_eq!(data["from"], next, "what was dropped is what is missing");
            assert_eq!(data["snapshot"]["version"], "9");
            let to = data["to"].as_u64().unwrap();
            missed += to + 1 - next;
            assert_eq!(data["missed"], to + 1 - next);
            next = to + 1;
        } else {
            assert_eq!(event["seq"], next);
            next += 1;
        }
    }
    assert!(missed > 0, "the client was too quick");
}

/// Each of those that are in is in the middle of a request, so that none ends by itself.
#[test]
fn m067_connections_beyond_the_limit_are_closed_and_come_back() {
    let stage = Stage::new();
    let token = stage.token("crm", BOTH);
    let begin = || {
        let mut stream = TcpStream::connect(stage.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let head = format!(
            "POST /v1/commands/hang_up_all HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        );
        // Who is closed at once may be so before all was said.
        let _ = stream.write_all(head.as_bytes());
        let mut said = [0; 12];
        let heard = stream.read_exact(&mut said);
        heard.is_ok().then_some((stream, said))
    };
    let mut held = Vec::new();
    while held.len() < 256 {
        let (stream, said) = begin().unwrap();
        assert_eq!(&said, b"HTTP/1.1 100");
        held.push(stream);
    }
    assert!(begin().is_none(), "closed, and nothing said");
    assert!(stage.is_untouched());
    let mut last = held.pop().unwrap();
    last.write_all(b"{}").unwrap();
    assert_eq!(stage.asked.recv().unwrap()["command"], "hang_up_all");
    drop((last, held));
    let until = std::time::Instant::now() + PATIENCE;
    while stage.ask("GET /v1/status", &token, "").status != 200 {
        assert!(std::time::Instant::now() < until, "nobody is let in again");
    }
}

#[test]
fn an_address_that_is_taken_or_not_ours_is_refused() {
    let stage = Stage::new();
    let mut catalogue = Catalogue::new("test", "1");
    catalogue.add_built_in(&ui_api::ENTRY).unwrap();
    let open = |listen: &str| {
        let options = json!({"listen": listen}).to_string();
        let opened = catalogue
            .ui("ui-api")
            .unwrap()
            .open(&options, Box::new(|_| Ok(())));
        opened.map(drop).unwrap_err().to_string()
    };
    let taken = open(&stage.address.to_string());
    assert!(taken.contains("cannot be listened on"), "{taken}");
    let open_to_all = open("0.0.0.0:0");
    assert!(open_to_all.contains("no TLS"), "{open_to_all}");
}

/// Closing ends the thread, all connections and the file with the address.
#[test]
fn m067_a_closed_face_leaves_nothing_behind() {
    let stage = Stage::new();
    let (file, address) = (stage.folder.path().join("address"), stage.address);
    let mut socket = stage.socket();
    socket.say(&json!({"op": "hello", "version": 1, "token": stage.token("crm", READ)}));
    assert_eq!(socket.hear()["op"], "welcome");
    stage.tell.send(Word::End).unwrap();
    // A ping may have been on its way.
    while let Ok(frame) = socket.0.read() {
        assert!(frame.is_ping(), "{frame:?}");
    }
    let until = std::time::Instant::now() + PATIENCE;
    while file.exists() || TcpStream::connect(address).is_ok() {
        assert!(std::time::Instant::now() < until, "it listens on");
        std::thread::sleep(Duration::from_millis(5));
    }
}
