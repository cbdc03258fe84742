//! The program as people start it: what it refuses to do, and what it says when nobody asks.

use super::PATIENCE;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Instant;

fn offhookd(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_offhookd"));
    command
        .args(["--listen", "127.0.0.1:0", "--only-bundled"])
        .arg("--socket")
        .arg(folder.join("socket"))
        .args(words)
        .env("OFFHOOK_STATE_DIR", folder.join("state"))
        .env_remove("OFFHOOK_LOG_FILTER")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A program that ends by itself: its exit code and what it said on standard error.
fn refused(words: &[&str]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().unwrap();
    let ended = offhookd(folder.path(), words).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.stdout.is_empty(), "{words:?}: it listened");
    (ended.status.code(), said)
}

struct Running(Child);

impl Running {
    /// Reads the log until a line has all of `wanted`.
    fn logs(&mut self, wanted: &[&str]) -> String {
        let (lines, read) = mpsc::channel();
        let err = self.0.stderr.take().unwrap();
        std::thread::spawn(move || {
            let all = BufReader::new(err).lines().map_while(Result::ok);
            all.for_each(|line| drop(lines.send(line)));
        });
        let until = Instant::now() + PATIENCE;
        let mut log = String::new();
        while let Ok(line) = read.recv_timeout(until.saturating_duration_since(Instant::now())) {
            log.push_str(&line);
            log.push('\n');
            if wanted.iter().all(|word| line.contains(word)) {
                return log;
            }
        }
        panic!("no line with {wanted:?} in:\n{log}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A registrar that answers everything with `status`.
fn registrar(status: &'static str) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        let mut bytes = [0; 8_000];
        while let Ok((size, from)) = socket.recv_from(&mut bytes) {
            let request = String::from_utf8_lossy(&bytes[..size]).into_owned();
            let names = ["Via:", "From:", "To:", "Call-ID:", "CSeq:", "Contact:"];
            let is_copied = |line: &&str| names.iter().any(|name| line.starts_with(name));
            let copied: Vec<&str> = request.lines().filter(is_copied).collect();
            let tagged = |line: &str| match line.starts_with("To:") {
                true => format!("{line};tag=9"),
                false => line.to_owned(),
            };
            let copied: Vec<String> = copied.into_iter().map(tagged).collect();
            let copied = copied.join("\r\n");
            let answer = format!("SIP/2.0 {status}\r\n{copied}\r\nContent-Length: 0\r\n\r\n");
            let _ = socket.send_to(answer.as_bytes(), from);
        }
    });
    address
}

/// M-013: what asks for TLS, or for what nothing here speaks, is not reached in the clear instead.
#[test]
fn m013_an_address_that_cannot_be_used_as_written_is_refused() {
    for (words, exit, said) in [
        (
            ["--register", "sips:127.0.0.1;transport=udp"],
            1,
            "! OH-2008",
        ),
        (
            ["--register", "sip:127.0.0.1;transport=wss"],
            2,
            "! OH-1001",
        ),
        (
            ["--register", "sip:127.0.0.1;transport=zork"],
            2,
            "! OH-1001",
        ),
        (["--register", "tel:123"], 2, "! OH-1001"),
    ] {
        let (code, log) = refused(&[words[0], words[1], "--user", "101"]);
        assert_eq!(code, Some(exit), "{log}");
        assert!(log.starts_with(said), "{log}");
        assert!(
            log.contains("\n  why   ") && log.contains("\n  fix   "),
            "{log}"
        );
    }
}

/// What was typed wrong has a code, a cause and a fix, and ends with 2.
#[test]
fn what_is_typed_wrong_has_a_code_a_cause_and_a_fix() {
    for (words, about) in [
        (&["--user", "a"][..], "--register"),
        (&["--transport", "tls"], "udp, tcp"),
        (&["--log", "sipp=debug"], "sipp"),
        (&["--log", "sip=debgu"], "debgu"),
    ] {
        let (code, log) = refused(words);
        assert_eq!(code, Some(2), "{log}");
        assert!(
            log.starts_with("! OH-1001 ") && log.contains(about),
            "{log}"
        );
        assert!(
            log.contains("\n  why   ") && log.contains("\n  fix   "),
            "{log}"
        );
    }
}

/// Nobody has to ask what became of --register. The log has no password and, of messages, no address of a person.
#[test]
fn what_becomes_of_an_account_is_logged() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "hunter2\n").unwrap();
    let secret = secret.display().to_string();
    let start = |server: &str, log: &str| {
        let server = format!("sip:jane.roe@{server}");
        let words = [
            "--register",
            &server,
            "--password-file",
            &secret,
            "--log",
            log,
        ];
        Running(offhookd(folder.path(), &words).spawn().unwrap())
    };
    let log = start(&registrar("403 Forbidden"), "warn").logs(&["account.failed"]);
    let line = log.lines().last().unwrap();
    for word in ["WARN", "main", "OH-2005", "fix=", "403"] {
        assert!(line.contains(word), "{word}: {line}");
    }
    assert!(!log.contains("jane.roe"), "{log}");
    let address = registrar("200 OK");
    let log = start(&address, "info,sip=debug").logs(&["account.registered"]);
    assert!(log.lines().last().unwrap().contains("INFO"), "{log}");
    for (sent, what) in [("sent=true", "REGISTER"), ("sent=false", "200")] {
        let is_it = |line: &&str| {
            line.contains("sip::message") && line.contains(sent) && line.contains(what)
        };
        let line = log.lines().find(is_it);
        let line = line.unwrap_or_else(|| panic!("{sent} {what}:\n{log}"));
        assert!(
            line.contains(&address) && !line.contains("jane.roe"),
            "{line}"
        );
    }
    assert!(!log.contains("hunter2"), "{log}");
}

/// An account that names its proxy sends there and not to its server; the user of --user is stronger than one in
/// the address.
#[test]
fn m013_the_outbound_proxy_of_the_command_line_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let proxy = UdpSocket::bind("127.0.0.1:0").unwrap();
    proxy.set_read_timeout(Some(PATIENCE)).unwrap();
    let at = format!("sip:{}", proxy.local_addr().unwrap());
    let words = [
        "--register",
        "sip:jane.roe@192.0.2.1",
        "--user",
        "101",
        "--outbound-proxy",
        &at,
    ];
    let _phone = Running(offhookd(folder.path(), &words).spawn().unwrap());
    let mut bytes = [0; 8_000];
    let size = proxy.recv(&mut bytes).unwrap();
    let request = String::from_utf8_lossy(&bytes[..size]).into_owned();
    assert!(request.starts_with("REGISTER sip:192.0.2.1"), "{request}");
    assert!(request.contains("\r\nTo: <sip:101@192.0.2.1>"), "{request}");
}

/// A phone goes on where nobody reads what it says, and where the disk under it is full.
#[test]
fn a_phone_that_nobody_reads_goes_on() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let (read, write) = std::io::pipe().unwrap();
    drop(read);
    for (name, out) in [
        ("full", Stdio::from(full.unwrap())),
        ("closed", Stdio::from(write)),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let child = offhookd(folder.path(), &[]).stdout(out).spawn();
        let mut phone = Running(child.unwrap());
        let until = Instant::now() + PATIENCE;
        while std::os::unix::net::UnixStream::connect(&socket).is_err() {
            assert!(Instant::now() < until, "{name}: no control socket");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        // It has told where it listens, or tried to, soon after the socket is there.
        std::thread::sleep(std::time::Duration::from_millis(200));
        assert!(phone.0.try_wait().unwrap().is_none(), "{name}: it ended");
        let id = phone.0.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        let mut log = String::new();
        phone
            .0
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        assert!(phone.0.wait().unwrap().success(), "{name}: {log}");
        assert!(!log.contains("panicked"), "{name}: {log}");
        assert_eq!(log.contains("standard output"), name == "full", "{log}");
    }
}
