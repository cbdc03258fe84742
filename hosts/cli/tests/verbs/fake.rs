//! An engine that follows a script, and the program talking to it.

use control::snapshot::{
    AccountSnapshot, AccountState, CallDirection, CallSnapshot, CallState, EngineSnapshot,
    EngineState, MediaSnapshot, MediaState, Party, Quality,
};
use control::wire::{self, ReplyTo, ToClient, ToEngine, Welcome};
use control::{CallHandle, CommandId, ErrorObject, Event, EventBody, Reply, Timestamp};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

/// One thing the engine does.
pub(crate) enum Step {
    /// Reads a command, which must have this name, and replies.
    On(&'static str, Reply),
    /// Reads a command and refuses it.
    Refuse(&'static str, ErrorObject),
    /// Reads a command and says nothing.
    Ignore(&'static str),
    /// Says that something happened, at ms after the call began.
    Tell(u64, EventBody),
    /// Says what came of the command that was read last.
    Outcome(EventBody),
    /// Says that something happened to another call or account.
    TellOf(Option<CallHandle>, EventBody),
    /// Sends these bytes as they are.
    Raw(Vec<u8>),
    /// Sends a signal to the program by its number.
    Interrupt,
    /// Closes the connection.
    Close,
}

/// What the engine says first.
#[expect(clippy::large_enum_variant, reason = "one of a test")]
pub(crate) enum Hello {
    /// A welcome with how everything stands.
    Welcome(EngineSnapshot),
    /// Another version of the words.
    Version(u32),
    /// Something else.
    Raw(&'static str),
    /// Nothing.
    Silence,
    /// It closes at once.
    Close,
}

/// What the program did.
pub(crate) struct Ran {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) exit: Option<i32>,
    /// Lines that the engine got, but for the hello.
    pub(crate) asked: Vec<String>,
}

impl Ran {
    /// Everything, for a golden text.
    pub(crate) fn told(&self) -> String {
        let mut text = self.out.clone();
        if !self.err.is_empty() {
            text.push_str("--- stderr\n");
            text.push_str(&self.err);
        }
        text.push_str(&format!("--- exit {}\n", self.exit.unwrap()));
        text
    }
}

pub(crate) const CALL: &str = "c7k2";
const START_MS: u64 = 1_795_269_731_000;

pub(crate) fn handle() -> CallHandle {
    CALL.parse().unwrap()
}

pub(crate) fn at(ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(START_MS + ms)
}

pub(crate) fn call() -> CallSnapshot {
    let from = Party {
        uri: "sip:101@demo".into(),
        display: None,
    };
    let to = Party {
        uri: "sip:600@demo".into(),
        display: Some("Echo".into()),
    };
    let account = "demo".parse().unwrap();
    let direction = CallDirection::Outgoing;
    CallSnapshot::begun(handle(), Some(account), direction, (from, to), at(0))
}

/// The same call, answered.
pub(crate) fn answered() -> CallSnapshot {
    CallSnapshot {
        state: CallState::Answered,
        answered: Some(at(210)),
        media: Some(MediaSnapshot {
            state: MediaState::Flowing,
            codec: Some("PCMU".into()),
            clock: Some(8000),
            ptime: Some(20),
            security: "none".into(),
            local: Some("127.0.0.1:40012".into()),
            remote: Some("127.0.0.1:41000".into()),
        }),
        ..call()
    }
}

/// Its figures.
pub(crate) fn figures(packets_in: u64) -> Quality {
    Quality {
        mos: Some(4.4),
        jitter_ms: 0.3,
        rtt_ms: Some(0.4),
        packets_in,
        packets_out: 250,
        ..Quality::default()
    }
}

pub(crate) fn account() -> AccountSnapshot {
    AccountSnapshot {
        account: "demo".parse().unwrap(),
        aor: "sip:101@demo".into(),
        state: AccountState::Registered,
        is_default: true,
        transport: Some("udp".into()),
        server: Some("127.0.0.1:35060".into()),
        server_name: Some("demo".into()),
        on_standby: false,
        contact: Some("127.0.0.1:5062".into()),
        until: None,
        expires_s: Some(300),
        rtt_ms: Some(8),
        since: None,
        next_try_s: None,
        do_not_disturb: false,
        forwarding: control::receiving::Forwarding::default(),
        cause: None,
        error: None,
    }
}

pub(crate) fn engine() -> EngineSnapshot {
    EngineSnapshot {
        version: "0.1.0".into(),
        profile: "demo".into(),
        state: EngineState::Running,
        started: at(0),
        listening: vec!["udp:127.0.0.1:5060".into()],
        accounts: vec![account()],
        calls: Vec::new(),
        plugins: Vec::new(),
        lamps: Vec::new(),
        mailboxes: Vec::new(),
        media_priority: None,
        transfers: Vec::new(),
        troubles: Vec::new(),
    }
}

/// Runs the program with `args` against an engine that follows `script`.
pub(crate) fn run(args: &[&str], script: Vec<Step>) -> Ran {
    run_with(args, Hello::Welcome(engine()), script, &[], None)
}

pub(crate) fn run_with(
    args: &[&str],
    hello: Hello,
    script: Vec<Step>,
    environment: &[(&str, &str)],
    typed: Option<&str>,
) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("engine.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let mut program = offhook(folder.path().to_path_buf());
    program
        .args(args)
        .arg("--socket")
        .arg(&path)
        .envs(environment.iter().copied());
    program.stdin(if typed.is_some() {
        Stdio::piped()
    } else {
        Stdio::null()
    });
    let mut child = program
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    if let Some(typed) = typed {
        child
            .stdin
            .take()
            .unwrap()
            .write_all(typed.as_bytes())
            .unwrap();
    }
    let pid = child.id();
    let engine = std::thread::spawn(move || follow(&listener, hello, script, pid));
    let output = child.wait_with_output().unwrap();
    ran(output, Some(engine), &path.display().to_string())
}

/// Runs the program where no engine is.
pub(crate) fn run_alone(args: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let output = offhook(folder.path().to_path_buf())
        .args(args)
        .output()
        .unwrap();
    ran(output, None, &folder.path().display().to_string())
}

/// The program in an environment of nothing but a runtime folder and UTF-8.
pub(crate) fn offhook(runtime: PathBuf) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_offhook"));
    program
        .env_clear()
        .env("XDG_RUNTIME_DIR", runtime)
        .env("LANG", "C.UTF-8");
    program
}

fn ran(output: Output, engine: Option<JoinHandle<Vec<String>>>, path: &str) -> Ran {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(path, "SOCKET");
    Ran {
        out: text(output.stdout),
        err: text(output.stderr),
        exit: output.status.code(),
        asked: engine
            .map(|engine| engine.join().unwrap())
            .unwrap_or_default(),
    }
}

fn follow(listener: &UnixListener, hello: Hello, script: Vec<Step>, pid: u32) -> Vec<String> {
    let (mut stream, _) = listener.accept().unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    assert!(
        matches!(ToEngine::read(line.as_bytes()), Ok(ToEngine::Hello(_))),
        "{line}"
    );
    greet(&mut stream, hello);
    let mut asked = Vec::new();
    let mut seq = 41;
    for step in script {
        match step {
            Step::On(name, reply) => {
                let id = read(&mut lines, name, &mut asked);
                say(&mut stream, &answer(id, asked.len(), Some(reply), None));
            }
            Step::Refuse(name, error) => {
                let id = read(&mut lines, name, &mut asked);
                say(&mut stream, &answer(id, asked.len(), None, Some(error)));
            }
            Step::Ignore(name) => drop(read(&mut lines, name, &mut asked)),
            Step::Tell(ms, body) => {
                seq += 1;
                say(&mut stream, &event(seq, ms, Some(handle()), body));
            }
            Step::Outcome(body) => {
                seq += 1;
                let command = Some(CommandId(asked.len() as u64));
                let told = Event {
                    command,
                    ..event_of(seq, 10, Some(handle()), body)
                };
                say(&mut stream, &ToClient::Event(Box::new(told)));
            }
            Step::TellOf(call, body) => {
                seq += 1;
                say(&mut stream, &event(seq, 0, call, body));
            }
            // The program may be gone already: then nobody minds.
            Step::Raw(bytes) => drop(stream.write_all(&bytes)),
            Step::Interrupt => {
                let killed = Command::new("sh")
                    .args(["-c", &format!("kill -INT {pid}")])
                    .status();
                assert!(killed.unwrap().success());
            }
            Step::Close => return asked,
        }
    }
    // Open until the program goes.
    let mut rest = String::new();
    while lines.read_line(&mut rest).is_ok_and(|length| length > 0) {}
    assert_eq!(rest, "", "asked for more than the script knows");
    asked
}

fn greet(stream: &mut UnixStream, hello: Hello) {
    let welcome = |version, snapshot| {
        ToClient::Welcome(Welcome {
            version,
            engine: "0.1.0".into(),
            features: Vec::new(),
            seq: 41,
            snapshot,
        })
    };
    match hello {
        Hello::Welcome(snapshot) => say(stream, &welcome(wire::VERSION, Some(Box::new(snapshot)))),
        Hello::Version(version) => say(stream, &welcome(version, None)),
        Hello::Raw(text) => drop(stream.write_all(text.as_bytes())),
        Hello::Silence => {}
        Hello::Close => stream.shutdown(std::net::Shutdown::Both).unwrap(),
    }
}

fn read(lines: &mut BufReader<UnixStream>, name: &str, asked: &mut Vec<String>) -> String {
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    let Ok(ToEngine::Call(call)) = ToEngine::read(line.as_bytes()) else {
        panic!("instead of {name}: {line}");
    };
    assert_eq!(call.command.name(), name);
    asked.push(line);
    call.id
}

fn answer(id: String, number: usize, ok: Option<Reply>, error: Option<ErrorObject>) -> ToClient {
    ToClient::Reply(ReplyTo {
        id: Some(id),
        command: Some(CommandId(number as u64)),
        ok,
        error,
    })
}

fn event(seq: u64, ms: u64, call: Option<CallHandle>, body: EventBody) -> ToClient {
    ToClient::Event(Box::new(event_of(seq, ms, call, body)))
}

fn event_of(seq: u64, ms: u64, call: Option<CallHandle>, body: EventBody) -> Event {
    Event {
        seq,
        ts: at(ms),
        account: None,
        call,
        command: None,
        body,
    }
}

fn say(stream: &mut UnixStream, word: &ToClient) {
    // The program may be gone already: then nobody minds.
    drop(stream.write_all(&word.write()));
}
