//! The history under what a machine does to it: an engine that is killed at any moment, a disk without room.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one word of many"
)]

use super::control_socket::Client;
use super::run;
use control::history::{HistoryQuery, RecordState};
use control::wire::{Call, ToClient, ToEngine};
use control::{Command as Asked, EventBody, HistoryRecord, Reply};
use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use store::{Books, Reader};

/// Rings at once, is answered after 15 ms.
const SETTINGS: &str = "
[accounts.main]
user = \"101\"
domain = \"offhook.test\"
password = \"x\"
register = false
udp_from_unknown = true
[incoming]
accept = \"silent\"
accept_after_ms = 15
";

struct Engine {
    process: Child,
    address: SocketAddr,
}

impl Engine {
    /// Starts it; no file of it may be longer than `blocks` of 512 bytes.
    fn start(folder: &Path, blocks: Option<u32>) -> Self {
        let settings = folder.join("settings.toml");
        let kept = folder.join("kept").display().to_string();
        std::fs::write(
            &settings,
            format!("{SETTINGS}[history]\nfolder = {kept:?}\n"),
        )
        .unwrap();
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&settings, private).unwrap();
        let limit = blocks.map_or(String::new(), |blocks| format!("ulimit -S -f {blocks}; "));
        let mut command = Command::new("sh");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("OFFHOOK_") {
                command.env_remove(name);
            }
        }
        command.args(["-c", &format!("{limit}exec \"$0\" \"$@\"")]);
        command.arg(env!("CARGO_BIN_EXE_offhookd"));
        command.args([
            "--listen",
            "127.0.0.1:0",
            "--safe-mode",
            "--profile",
            "headless",
        ]);
        command.arg("--socket").arg(folder.join("socket"));
        command.arg("--settings").arg(&settings);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().unwrap();
        let mut first = String::new();
        let out = process.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut first).unwrap();
        let address = first.trim().rsplit(' ').next().unwrap().parse().unwrap();
        Self { process, address }
    }

    /// SIGKILL: no word, no goodbye.
    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // One that is gone already needs no killing.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Somebody who calls, one call after the other.
struct Caller {
    socket: UdpSocket,
    to: SocketAddr,
    from: SocketAddr,
}

impl Caller {
    fn new(to: SocketAddr) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let wait = Some(Duration::from_millis(2));
        socket.set_read_timeout(wait).unwrap();
        let from = socket.local_addr().unwrap();
        Self { socket, to, from }
    }

    fn invite(&self, id: &str) {
        let from = self.from;
        let sdp = format!(
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio {} RTP/AVP 0\r\n",
            from.port()
        );
        let invite = format!(
            "INVITE sip:101@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{id}\r\nMax-Forwards: 70\r\n\
             From: <sip:600@{from}>;tag={id}\r\nTo: <sip:101@offhook.test>\r\nCall-ID: {id}\r\nCSeq: 1 INVITE\r\n\
             Contact: <sip:600@{from}>\r\nContent-Type: application/sdp\r\nContent-Length: {length}\r\n\r\n{sdp}",
            to = self.to,
            length = sdp.len(),
        );
        // An engine that is dead hears nothing.
        let _ = self.socket.send_to(invite.as_bytes(), self.to);
    }

    /// Call-IDs of the responses with one of these beginnings that are there within `wait`. A final one is
    /// acknowledged, and the call ended.
    fn hear(&self, wait: Duration, rang: &mut BTreeSet<String>) {
        let until = Instant::now() + wait;
        let mut bytes = [0; 4_000];
        while Instant::now() < until {
            let Ok((size, _)) = self.socket.recv_from(&mut bytes) else {
                continue;
            };
            let text = String::from_utf8_lossy(&bytes[..size]).into_owned();
            let header = |name: &str| {
                let line = text.lines().find(|line| line.starts_with(name))?;
                Some(line.split_once(": ")?.1.to_owned())
            };
            let (Some(id), Some(to)) = (header("Call-ID"), header("To")) else {
                continue;
            };
            if text.starts_with("SIP/2.0 180") || text.starts_with("SIP/2.0 200") {
                rang.insert(id.clone());
            }
            let is_answer = header("CSeq").is_some_and(|cseq| cseq.ends_with("INVITE"));
            if text.starts_with("SIP/2.0 200") && is_answer {
                self.within(&id, &to, "ACK", 1);
                self.within(&id, &to, "BYE", 2);
            }
        }
    }

    fn within(&self, id: &str, to: &str, method: &str, number: u32) {
        let (from, engine) = (self.from, self.to);
        let request = format!(
            "{method} sip:101@{engine} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{id}{number}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:600@{from}>;tag={id}\r\nTo: {to}\r\nCall-ID: {id}\r\n\
             CSeq: {number} {method}\r\nContent-Length: 0\r\n\r\n"
        );
        let _ = self.socket.send_to(request.as_bytes(), engine);
    }
}

/// Kills the engine `count` times at random moments during calls. No call that rang is lost, no row is damaged or
/// left open, the file opens within a second.
fn kills(count: u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut rng = base::Rng::from_seed([11; 32]);
    let mut rang = BTreeSet::new();
    let mut longest = Duration::ZERO;
    for round in 0..count {
        let mut engine = Engine::start(folder.path(), None);
        let caller = Caller::new(engine.address);
        let end = Instant::now() + Duration::from_millis(rng.below(160));
        let mut number = 0;
        while Instant::now() < end {
            caller.invite(&format!("r{round}n{number}"));
            number += 1;
            caller.hear(Duration::from_millis(rng.below(12)), &mut rang);
        }
        engine.kill();
        caller.hear(Duration::from_millis(2), &mut rang);
        let begun = Instant::now();
        let records = opened(&folder.path().join("kept"));
        longest = longest.max(begun.elapsed());
        let kept: BTreeSet<String> = records
            .iter()
            .filter_map(|r| r.sip_call_id.clone())
            .collect();
        let lost: Vec<&String> = rang.difference(&kept).collect();
        assert!(
            lost.is_empty(),
            "round {round}: {lost:?} rang and are not in the history"
        );
        let open = records
            .iter()
            .filter(|record| record.state == RecordState::Open);
        assert_eq!(open.count(), 0, "round {round}");
    }
    eprintln!(
        "{count} kills, {} calls rang, longest opening {longest:?}",
        rang.len()
    );
    assert!(
        rang.len() > 2 * usize::try_from(count).unwrap_or(usize::MAX) / 2,
        "calls rang: {}",
        rang.len()
    );
    assert!(longest < Duration::from_secs(1), "{longest:?}");
}

/// All that is kept; a file that is damaged is told by `Books::open`.
fn opened(folder: &Path) -> Vec<HistoryRecord> {
    let settings = store::Settings {
        folder: folder.to_owned(),
        keep: 100_000,
    };
    let (mut books, told) = Books::open(&settings).unwrap();
    assert_eq!(told, None);
    let reader = Reader {
        own: String::new(),
        all: vec![String::new(), "101 sip:101@offhook.test".to_owned()],
        ..Reader::default()
    };
    let query = HistoryQuery {
        limit: Some(100_000),
        ..HistoryQuery::default()
    };
    match books
        .carry_out(Asked::HistoryList(query), &reader, &[])
        .unwrap()
        .reply
    {
        Reply::History { records } => records,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_engine_that_is_killed_at_any_moment_loses_no_record_m_123() {
    let asked = std::env::var("OFFHOOK_KILLS").ok();
    kills(asked.map_or(25, |times| times.parse().unwrap()));
}

/// Records wait in memory while the disk is full, are shown all the same, and are written when there is room.
#[test]
fn a_full_disk_costs_no_record_m_123() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        let engine = Engine::start(folder.path(), Some(200));
        let mut client = Client::new(&folder.path().join("socket"), Some(0)).await;
        let caller = Caller::new(engine.address);
        let mut rang = BTreeSet::new();
        for number in 0..60 {
            caller.invite(&format!("n{number}"));
            caller.hear(Duration::from_millis(25), &mut rang);
        }
        caller.hear(Duration::from_millis(300), &mut rang);
        assert_eq!(rang.len(), 60, "every call rang, disk or no disk");
        assert!(told(&mut client, "store.failed").await);
        assert_eq!(listed(&mut client).await.len(), 60);
        let more = rustix::process::Rlimit {
            current: None,
            maximum: None,
        };
        let pid = rustix::process::Pid::from_child(&engine.process);
        rustix::process::prlimit(Some(pid), rustix::process::Resource::Fsize, more).unwrap();
        assert!(told(&mut client, "store.mended").await);
        drop(engine);
        assert_eq!(opened(&folder.path().join("kept")).len(), 60);
    });
}

/// Whether an event of this name comes.
async fn told(client: &mut Client, name: &str) -> bool {
    while let Some(word) = client.hear().await {
        if let ToClient::Event(event) = word
            && event.body.name() == name
        {
            if let EventBody::StoreFailed(change) = &event.body {
                assert!(change.error.is_some(), "{change:?}");
            }
            return true;
        }
    }
    false
}

async fn listed(client: &mut Client) -> Vec<HistoryRecord> {
    let call = Call {
        id: "list".to_owned(),
        key: None,
        command: Asked::HistoryList(HistoryQuery::default()),
    };
    client.say(&ToEngine::Call(call)).await;
    while let Some(word) = client.hear().await {
        if let ToClient::Reply(reply) = word {
            match reply.outcome().unwrap() {
                Reply::History { records } => return records,
                other => panic!("{other:?}"),
            }
        }
    }
    panic!("no reply");
}
