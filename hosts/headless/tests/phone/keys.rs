//! A key that is changed changes what the running phone does.

use super::{ACCOUNT, PATIENCE, dial, run, start};
use control::{Code, Command};
use net::udp::UdpOptions;
use net::{FlowId, UdpFlow};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};
use tokio::net::UnixStream;

/// How many of 300 commands, given without a pause, are refused because a mailbox is full.
async fn refused(keys: &[(&str, &str)]) -> usize {
    let core = start(keys).await;
    // Mailboxes have their bound once their actors have started.
    tokio::time::sleep(Duration::from_millis(20)).await;
    let command = || Command::HangUpAll(control::command::NoFields {});
    let outcomes = (0..300).map(|_| core.command(command(), None).1);
    let refused = outcomes.filter(|outcome| {
        let why = outcome.as_ref().err();
        why.is_some_and(|why| why.code == Code::ENGINE_BUSY)
    });
    let refused = refused.count();
    core.stop("test").await;
    refused
}

#[test]
fn limits_mailbox_is_how_many_words_wait() {
    run(async {
        assert_eq!(refused(&[]).await, 0, "1024 by default");
        let small = refused(&[("limits.mailbox", "16")]).await;
        assert!((270..300).contains(&small), "{small}");
    });
}

#[test]
fn control_socket_is_where_clients_connect() {
    run(async {
        let folder = tempfile::tempdir().unwrap();
        for name in ["one.sock", "two.sock"] {
            let path = folder.path().join(name);
            let core = start(&[("control.socket", path.to_str().unwrap())]).await;
            UnixStream::connect(&path).await.unwrap();
            core.stop("test").await;
            assert!(!path.exists());
        }
    });
}

#[test]
fn sip_listen_is_where_it_is_heard() {
    run(async {
        let one = start(&[("sip.listen", "tcp:127.0.0.1:0")]).await;
        let [listen] = one.listening() else {
            panic!("{:?}", one.listening());
        };
        tokio::net::TcpStream::connect(listen.address)
            .await
            .unwrap();
        one.stop("test").await;
        let two = start(&[("sip.listen", "udp:127.0.0.1:0,udp:[::1]:0")]).await;
        for listen in two.listening() {
            let local = if listen.address.is_ipv4() {
                "127.0.0.1:0"
            } else {
                "[::1]:0"
            };
            let peer = tokio::net::UdpSocket::bind(local).await.unwrap();
            let here = peer.local_addr().unwrap();
            let options = format!(
                "OPTIONS sip:1@{} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK1\r\n\
                 From: <sip:7@{here}>;tag=1\r\nTo: <sip:1@{here}>\r\nCall-ID: 1\r\n\
                 CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
                listen.address
            );
            peer.send_to(options.as_bytes(), listen.address)
                .await
                .unwrap();
            let mut answer = [0; 2_000];
            let heard = tokio::time::timeout(PATIENCE, peer.recv(&mut answer)).await;
            assert!(answer[..heard.unwrap().unwrap()].starts_with(b"SIP/2.0 "));
        }
        two.stop("test").await;
    });
}

/// M-027: the mark of what arrives.
#[test]
fn dscp_signalling_marks_what_is_sent() {
    run(async {
        for (key, mark) in [("26", 26 << 2), ("10", 10 << 2)] {
            let options = UdpOptions {
                tell_marking: true,
                ..UdpOptions::new("127.0.0.1:0".parse().unwrap())
            };
            let mut peer = UdpFlow::bind(FlowId(1), &options).unwrap();
            let mut keys = ACCOUNT.to_vec();
            keys.push(("dscp.signalling", key));
            let core = start(&keys).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            dial(&core, &format!("sip:9@{}", peer.local_address()));
            let mut heard = Vec::new();
            let read = tokio::time::timeout(PATIENCE, peer.recv(&mut heard)).await;
            read.unwrap().unwrap();
            assert_eq!(heard[0].traffic_class, Some(mark));
            core.stop("test").await;
        }
    });
}

/// Calls the phone from `from`; gives the beginning of its answer, or nothing after half a second.
async fn rung_from(core: &engine::Core, from: &str) -> Option<String> {
    let peer = tokio::net::UdpSocket::bind(from).await.unwrap();
    let (here, phone) = (peer.local_addr().unwrap(), core.listening()[0].address);
    let invite = format!(
        "INVITE sip:1@{phone} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK{0}\r\n\
         From: <sip:7@{here}>;tag=1\r\nTo: <sip:1@{phone}>\r\nCall-ID: {0}\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:7@{here}>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n",
        here.port()
    );
    peer.send_to(invite.as_bytes(), phone).await.unwrap();
    let mut answer = [0; 2_000];
    let heard = tokio::time::timeout(Duration::from_millis(500), peer.recv(&mut answer)).await;
    let size = heard.ok()?.unwrap();
    Some(String::from_utf8_lossy(&answer[..size]).into_owned())
}

/// K-019: whoever is no server of the account gets no answer at all, and the event says who and why; the
/// setting lets everybody in.
#[cfg(target_os = "linux")]
#[test]
fn udp_from_unknown_is_whether_strangers_may_call() {
    run(async {
        let core = start(&ACCOUNT).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let events = core.events(control::event::Filter(vec!["source.*".into()]));
        assert!(
            rung_from(&core, "127.0.0.1:0")
                .await
                .unwrap()
                .starts_with("SIP/2.0 1")
        );
        for _ in 0..2 {
            assert_eq!(rung_from(&core, "127.0.0.2:0").await, None);
        }
        let told = tokio::time::timeout(PATIENCE, events.next()).await.unwrap();
        let engine::listener::Next::Event(sent) = told else {
            panic!("lagged");
        };
        let control::EventBody::SourceRefused(refused) = &sent.event.body else {
            panic!("{:?}", sent.event);
        };
        assert!(refused.source.starts_with("127.0.0.2:"), "{refused:?}");
        assert_eq!(refused.because, "udp_from_unknown");
        let again = tokio::time::timeout(Duration::from_millis(50), events.next()).await;
        assert!(again.is_err(), "told once a minute");
        core.stop("test").await;

        let mut keys = ACCOUNT.to_vec();
        keys.push(("accounts.a.udp_from_unknown", "true"));
        let core = start(&keys).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        let answer = rung_from(&core, "127.0.0.2:0").await;
        assert!(answer.unwrap().starts_with("SIP/2.0 1"));
        core.stop("test").await;
    });
}

#[test]
fn the_profile_monitor_takes_calls_from_anywhere() {
    for (profile, anywhere) in [("headless", false), ("desktop", false), ("monitor", true)] {
        let mut request = settings::Request::of_profile(profile);
        request.environment.clear();
        let account = |(key, value): &(&str, &str)| {
            ((*key).to_owned(), (*value).to_owned(), "test".to_owned())
        };
        request.options = ACCOUNT.iter().map(account).collect();
        let settings = settings::load(&request).unwrap().settings;
        assert_eq!(settings.accounts[0].udp_from_unknown, anywhere, "{profile}");
    }
}

/// The program with this settings file, until it listens or ends; gives what it logged.
fn logged(folder: &Path, settings: &str) -> String {
    let file = folder.join("settings.toml");
    std::fs::write(&file, settings).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_offhookd"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OFFHOOK_") {
            command.env_remove(name);
        }
    }
    command
        .args(["--listen", "127.0.0.1:0", "--settings"])
        .arg(&file);
    command.arg("--socket").arg(folder.join("control.sock"));
    let log = std::fs::File::create(folder.join("log")).unwrap();
    let mut running = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
    wait(&mut running);
    let ended = running.kill().and_then(|()| running.wait());
    ended.unwrap();
    std::fs::read_to_string(folder.join("log")).unwrap()
}

/// Until the first line, or the end.
fn wait(running: &mut Child) {
    let mut first = [0];
    let read = running.stdout.as_mut().unwrap().read(&mut first);
    read.unwrap();
}

#[test]
fn engine_log_is_how_much_is_logged() {
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let warned = "[plugins]\npath = [\"plugins\"]\n";
    let plugins = folder.path().join("plugins");
    std::fs::create_dir(&plugins).unwrap();
    let file = plugins.join("liboffhook_broken.so");
    std::fs::write(&file, "no library").unwrap();
    let warned = warned.replace("\"plugins\"", &format!("{plugins:?}"));
    let log = |level: &str| {
        logged(
            folder.path(),
            &format!("[engine]\nlog = \"{level}\"\n{warned}"),
        )
    };
    assert_eq!(log("error"), "");
    assert!(log("warn").contains(" WARN "));
    assert!(!log("warn").contains("DEBUG"));
    assert!(log("debug").contains("DEBUG"));
    assert!(begun.elapsed() < 2 * PATIENCE);
}

#[test]
fn plugins_path_is_where_library_files_are_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let plugins = folder.path().join("plugins");
    std::fs::create_dir(&plugins).unwrap();
    std::fs::write(plugins.join("liboffhook_broken.so"), "no library").unwrap();
    let found = logged(folder.path(), &format!("[plugins]\npath = [{plugins:?}]\n"));
    assert!(found.contains("liboffhook_broken.so"), "{found}");
    let none = logged(folder.path(), "");
    assert!(!none.contains("liboffhook_broken.so"), "{none}");
}

/// A password file that others can read is a warning; what keeps it from starting is said before it.
#[test]
fn the_error_stands_before_the_warnings() {
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "secret\n").unwrap();
    std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o644)).unwrap();
    let settings = format!(
        "[media]\ncodecs = [\"NONE\"]\n[accounts.a]\nuser = \"1\"\ndomain = \"pbx.example\"\n\
         password_file = {password:?}\n"
    );
    let said = logged(folder.path(), &settings);
    let lines: Vec<&str> = said.lines().collect();
    let warning = lines.iter().position(|line| line.contains("password"));
    let error = lines.iter().position(|line| line.contains("NONE"));
    assert!(error.is_some() && warning.is_some(), "{said}");
    assert!(error < warning, "{said}");
}
