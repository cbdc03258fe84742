//! A phone that programs ask by HTTP and WebSocket, with curl and a WebSocket library of somebody else.

use crate::Running;
use crate::engine::{Answer, Daemon, Wish};
use crate::rig::Rig;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);
/// Debian's Python, which finds Debian's modules.
pub const PYTHON: &str = "/usr/bin/python3";
/// The library.
pub const WEBSOCKETS: &str = "/usr/lib/python3/dist-packages/websockets/__init__.py";
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
#[derive(Debug)]
pub struct WebPhone {
    /// The engine.
    pub daemon: Daemon,
    /// Its file of tokens.
    pub tokens: PathBuf,
    address: String,
}

impl WebPhone {
    /// Starts one whose calls ring, with these settings more: sections other than `control` and this face's.
    pub fn start(rig: &Rig, more: &str) -> Result<Self> {
        let (tokens, file) = (rig.file("tokens.json"), rig.file("address"));
        let settings = format!(
            "[control]\nfaces = [\"ui-api\"]\n[plugins.options.ui-api]\nlisten = \"127.0.0.1:0\"\n\
             tokens = {:?}\naddress_file = {file:?}\n{more}",
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

    /// A new token of this name; `more` is what else is said to `offhook token new`.
    pub fn token(&self, name: &str, more: &[&str]) -> Result<String> {
        let file = self.tokens.to_str().context("a path in UTF-8")?;
        let mut words = vec!["token", "new", name, "--file", file];
        words.extend(more);
        let (said, exit) = self.daemon.told(&words)?;
        ensure!(exit == 0, "{said}");
        let token = said.lines().next().context("a token")?;
        Ok(token.to_owned())
    }

    /// What curl says to a request: status and body.
    pub fn curl(&self, method: &str, path: &str, words: &[&str]) -> Result<(u16, Value)> {
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

    /// The same with a token and a body in JSON.
    pub fn ask(
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

    /// Opens a WebSocket, whose words stand in a file `name`.
    pub fn socket(&self, rig: &Rig, name: &str) -> Result<WebSocket> {
        let script = rig.file("client.py");
        std::fs::write(&script, CLIENT)?;
        let mut command = Command::new(PYTHON);
        command
            .arg(&script)
            .arg(format!("ws://{}/v1/events", self.address));
        Ok(WebSocket(Running::start(&mut command, &rig.file(name))?))
    }
}

/// A WebSocket of somebody else's library.
#[derive(Debug)]
pub struct WebSocket(pub Running);

impl WebSocket {
    /// Says it.
    pub fn say(&mut self, word: &Value) -> Result<()> {
        self.0.type_line(&word.to_string())
    }

    /// Begins, for these events.
    pub fn hello(&mut self, token: &str, events: &[&str]) -> Result<()> {
        self.say(&json!({"op": "hello", "version": 1, "token": token, "filter": events}))
    }

    /// The first frame, also of those past, that is so.
    pub fn hear(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        until(what, || {
            let log = self.0.log();
            let mut frames = log
                .lines()
                .filter_map(|line| serde_json::from_str(line).ok());
            frames.find(&wanted)
        })
        .with_context(|| self.0.log())
    }

    /// The first event of this name about this call.
    pub fn event(&self, name: &str, call: &str) -> Result<Value> {
        self.hear(name, |frame| frame["type"] == name && frame["call"] == call)
    }
}

/// Waits until it is found.
pub fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> Result<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = found() {
            return Ok(found);
        }
        ensure!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// A text in JSON.
pub fn text(value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).context("a text")
}
