//! The program as people start it.

// A test says by a panic what is wrong.
#![allow(clippy::unwrap_used)]

use offhook_interop::{Rig, Running};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::{Command, Output};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

fn command(rig: &Rig) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_offhook-pbx"));
    command.arg("--state").arg(rig.file("state"));
    command
}

fn fails(rig: &Rig, words: &[&str]) -> (Output, String) {
    let output = command(rig).args(words).output().unwrap();
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    (output, said)
}

#[test]
fn it_says_where_it_listens_answers_there_and_stops_when_asked() {
    let rig = Rig::new("pbx-host", &[]).unwrap();
    let mut command = command(&rig);
    command.args(["--listen", "127.0.0.1:0", "--user", "7:x", "--user", "8:y"]);
    let mut pbx = Running::start(&mut command, &rig.file("log")).unwrap();
    pbx.wait_for("Ctrl+C stops.", 1, PATIENCE).unwrap();
    let log = pbx.log();
    let line = log.lines().find_map(|line| line.strip_prefix("listening "));
    let address = line.unwrap().split(' ').next().unwrap();
    for wanted in [
        "users     7 8",
        "  102  Bob",
        "  604  One-way",
        "  609  Brief",
    ] {
        assert!(log.contains(wanted), "{log}");
    }

    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let here = socket.local_addr().unwrap();
    let options = format!(
        "OPTIONS sip:600@{address} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK1\r\n\
         From: <sip:7@{here}>;tag=1\r\nTo: <sip:600@{address}>\r\nCall-ID: 1\r\n\
         CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    );
    socket.send_to(options.as_bytes(), address).unwrap();
    let mut answer = [0; 2_000];
    let size = socket.recv(&mut answer).unwrap();
    assert!(answer[..size].starts_with(b"SIP/2.0 200"));
    TcpStream::connect(address).unwrap();

    assert_eq!(pbx.stop().and_then(|status| status.code()), Some(0));
}

#[test]
fn what_is_wrong_is_said_with_a_code_a_cause_and_a_fix() {
    let rig = Rig::new("pbx-host-wrong", &[]).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let (port, address) = (address.port().to_string(), address.to_string());
    let (output, said) = fails(&rig, &["--listen", &address]);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("OH-1004") && said.contains(&port), "{said}");

    for (words, about) in [
        (["--log", "sipp=debug"], "sipp"),
        (["--digest", "md4"], "md4"),
    ] {
        let (output, said) = fails(&rig, &words);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.starts_with("! OH-1001 ") && said.contains(about),
            "{said}"
        );
        assert!(said.contains("\n  fix   "), "{said}");
    }

    let users = rig.file("users");
    std::fs::write(&users, "101:a\n102\n").unwrap();
    let users = users.display().to_string();
    let (output, said) = fails(&rig, &["--users", &users]);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains(&users) && said.contains("line 2"), "{said}");

    let (output, said) = fails(&rig, &["--users", "/nowhere"]);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("OH-1003") && said.contains("/nowhere"),
        "{said}"
    );

    let (output, said) = fails(&rig, &["--listen", "0.0.0.0:0"]);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("no user is named"), "{said}");

    let (output, said) = fails(&rig, &["--listen", "192.0.2.1:5060", "--user", "1:x"]);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("OH-1008"), "{said}");

    let mut elsewhere = Command::new(env!("CARGO_BIN_EXE_offhook-pbx"));
    elsewhere.args(["--listen", "127.0.0.1:0", "--state", "/proc/nowhere"]);
    let output = elsewhere.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("/proc/nowhere/bob.wav"), "{said}");
}
