//! What people get wrong: `offhookd` says in clear words what, why and what to do, and ends with the
//! number that the index of errors gives it. Wrong passwords are in `registers.rs`.

use control::snapshot::AccountState;
use control::{Code, EventBody};
use offhook_interop::baresip::Wish as Phone;
use offhook_interop::engine::{Answer, Daemon, Engine, Wish, offhookd};
use offhook_interop::sound::Sound;
use offhook_interop::{Baresip, Rig, ports};
use relay::{LinkSettings, Loss, SipAwareRelay, SipRelaySettings};
use std::net::{TcpListener, UdpSocket};
use std::process::Stdio;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(15);

/// Starts an `offhookd` that cannot run; it says `code` and `words`, nothing but that, and ends as the
/// index says.
fn refused(rig: &Rig, options: &[&str], code: Code, words: &[&str]) {
    let mut command = offhookd();
    command
        .current_dir(rig.folder())
        .env("HOME", rig.folder())
        .env("XDG_RUNTIME_DIR", rig.folder())
        .args(["--listen", &format!("127.0.0.1:{}", ports::take(1))])
        .args(options)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("offhookd was built");
    let until = Instant::now() + Duration::from_secs(5);
    while matches!(child.try_wait(), Ok(None)) {
        if Instant::now() > until {
            child.kill().expect("it runs");
            panic!("{options:?}: it runs");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let done = child.wait_with_output().expect("its outputs are text");
    let said = String::from_utf8_lossy(&done.stderr);
    println!("{options:?}\n{said}");
    let entry = control::index::find(code).expect("the index has it");
    assert_eq!(done.status.code(), Some(i32::from(entry.exit.number())));
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], format!("! {code} {}", entry.title));
    assert!(lines[1].starts_with("  why   "), "{said}");
    // Who reads the command line knows a better fix than the index.
    let fix = match code {
        Code::USAGE => "\n  fix   ".to_owned(),
        _ => format!("\n  fix   {}\n", entry.fix),
    };
    assert!(said.contains(&fix), "{said}");
    for word in words {
        assert!(said.contains(word), "{options:?}: no {word:?} in\n{said}");
    }
    assert_eq!(String::from_utf8_lossy(&done.stdout), "");
}

fn rig(name: &str) -> Rig {
    Rig::new(name, &[]).expect("nothing is needed")
}

#[test]
fn a_port_in_use() {
    let rig = rig("mistake-port");
    let at = format!("127.0.0.1:{}", ports::take(1));
    let options = ["--listen", &at, "--answer", "echo"];
    let udp = UdpSocket::bind(&at).unwrap();
    refused(&rig, &options, Code::PORT_IN_USE, &["UDP port", "in use"]);
    drop(udp);
    let _tcp = TcpListener::bind(&at).unwrap();
    let tcp = [&options[..], &["--transport", "tcp"]].concat();
    refused(&rig, &tcp, Code::PORT_IN_USE, &["TCP port", "in use"]);
    let elsewhere = ["--listen", "192.0.2.7:5060"];
    let words = ["192.0.2.7:5060 is not an address of this machine"];
    refused(&rig, &elsewhere, Code::BAD_LISTEN_ADDRESS, &words);
}

#[test]
fn a_plugin_that_is_not_there() {
    let rig = rig("mistake-plugin");
    let codec = ["--codec", "SPEEX"];
    refused(
        &rig,
        &codec,
        Code::PLUGIN_MISSING,
        &["media.codecs", "SPEEX"],
    );
    let folder = ["--plugins", "/nonexistent"];
    let words = ["--plugins", "/nonexistent"];
    refused(&rig, &folder, Code::FILE_UNREADABLE, &words);
}

#[test]
fn broken_settings() {
    let rig = rig("mistake-settings");
    for (name, text, words) in [
        (
            "value.toml",
            "[media]\nptime_ms = 21\n",
            "value.toml:2:12: media.ptime_ms: 21 is not allowed; allowed: 10 to 200 in steps of 10",
        ),
        (
            "key.toml",
            "[media]\nptime_sm = 20\n",
            "key.toml:2:1: media.ptime_sm: there is no such key; did you mean media.ptime_ms?",
        ),
        (
            "syntax.toml",
            "[media\nptime_ms = 20\n",
            "syntax.toml:1:7: ",
        ),
    ] {
        std::fs::write(rig.file(name), text).unwrap();
        let options = ["--settings", name];
        refused(&rig, &options, Code::BROKEN_SETTINGS, &[words]);
    }
    let missing = ["--settings", "none.toml"];
    let words = ["none.toml cannot be read"];
    refused(&rig, &missing, Code::BROKEN_SETTINGS, &words);
    let ports = ["--rtp-ports", "7"];
    let words = ["--rtp-ports", "media.port_min"];
    refused(&rig, &ports, Code::BROKEN_SETTINGS, &words);
    let answer = ["--answer", "dance"];
    let words = ["allowed: ring, talk, silent, echo, play=FILE, record=FOLDER"];
    refused(&rig, &answer, Code::BROKEN_SETTINGS, &words);
}

#[test]
fn a_password_that_cannot_be_read() {
    let rig = rig("mistake-password");
    let account = ["--register", "sip:127.0.0.1", "--user", "101"];
    let file = [&account[..], &["--password-file", "/nonexistent"]].concat();
    let words = ["password_file", "/nonexistent cannot be read"];
    refused(&rig, &file, Code::BROKEN_SETTINGS, &words);
    let name = [
        &account[..],
        &["--password-env", "OFFHOOK_NOBODY_SETS_THIS"],
    ]
    .concat();
    let words = ["OFFHOOK_NOBODY_SETS_THIS is not set"];
    refused(&rig, &name, Code::BROKEN_SETTINGS, &words);
}

#[test]
fn a_sound_file_that_is_missing_or_none() {
    let rig = rig("mistake-sound");
    let missing = ["--answer", "play=missing.wav"];
    refused(&rig, &missing, Code::SOUND_FILE, &["missing.wav"]);
    std::fs::write(rig.file("text.wav"), "this is no sound").unwrap();
    let text = ["--answer", "play=text.wav"];
    refused(&rig, &text, Code::SOUND_FILE, &["text.wav"]);
    let pipe = rig.file("pipe.wav");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    let pipe = ["--answer", "play=pipe.wav"];
    refused(&rig, &pipe, Code::SOUND_FILE, &["pipe.wav: it is no file"]);
    let folder = ["--answer", "record=/proc/nowhere"];
    refused(&rig, &folder, Code::FILE_UNREADABLE, &["/proc/nowhere"]);
}

#[test]
fn a_filter_that_is_none() {
    let rig = rig("mistake-log");
    let log = ["--log", "garbage=[[["];
    refused(&rig, &log, Code::USAGE, &["option --log: 'garbage=[[['"]);
    let server = "sips:127.0.0.1;transport=udp";
    let tls = ["--register", server, "--user", "101"];
    refused(&rig, &tls, Code::TLS_UNAVAILABLE, &[server]);
}

#[test]
fn a_control_socket_that_cannot_be() {
    let rig = rig("mistake-socket");
    let away = ["--socket", "/nowhere/at/all.sock"];
    refused(&rig, &away, Code::BAD_SOCKET, &["/nowhere/at/all.sock"]);
    std::fs::write(rig.file("precious"), "precious").unwrap();
    let taken = ["--socket", "precious"];
    refused(&rig, &taken, Code::BAD_SOCKET, &["a file of another kind"]);
    let _engine = Daemon::start(&rig, "engine", &Wish::default()).unwrap();
    let second = ["--socket", "engine/control.sock"];
    refused(&rig, &second, Code::ENGINE_RUNS, &["engine/control.sock"]);
}

#[test]
fn a_server_that_nobody_knows() {
    let rig = rig("mistake-server");
    let settings = "
[accounts.away]
user = \"101\"
domain = \"nobody.invalid\"
password = \"secret-101\"
";
    let wish = Wish {
        settings,
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish).unwrap();
    let mut client = engine.client().unwrap();
    let account = client.wait_account(AccountState::Failed, PATIENCE).unwrap();
    let error = account.error.expect("a failed account says why");
    println!("{error}");
    assert_eq!(error.code, Code::UNKNOWN_HOST);
    assert_eq!(error.detail, "no name server knows 'nobody.invalid'");
    for words in [
        &["register", "away"][..],
        &["call", "600", "--account", "away"],
    ] {
        let (said, exit) = engine.told(words).unwrap();
        println!("{said}");
        assert_eq!(exit, 1);
        let lines = [
            "! OH-2002 the server's name has no address\n",
            "\n  why   no name server knows 'nobody.invalid'\n",
            "\n  fix   check the domain and registrar",
        ];
        for line in lines {
            assert!(said.contains(line), "{words:?}: no {line:?} in\n{said}");
        }
        assert!(!said.contains("INVITE"), "nobody was asked:\n{said}");
    }
    // It is tried again, and calls are taken meanwhile.
    assert!(account.next_try_s.is_some());
}

#[test]
fn audio_sound_that_never_comes() {
    let Some(rig) = Rig::new("mistake-media", &["baresip"]) else {
        return;
    };
    let wish = Wish {
        answer: Answer::Silent,
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish).unwrap();
    let settings = SipRelaySettings {
        media: LinkSettings {
            loss: Loss::Random(1.0),
            ..LinkSettings::CLEAN
        },
        ..SipRelaySettings::default()
    };
    let relay = SipAwareRelay::start(7, None, engine.address(), settings).unwrap();
    let chirp = Sound::chirp(&rig, "chirp", 8_000).unwrap();
    let phone = Phone {
        user: "102",
        registrar: None,
        codecs: "PCMU",
        plays: &chirp.file,
        transport: "udp",
        answers: false,
    };
    let mut phone = Baresip::start(&rig, "baresip", &phone).unwrap();
    let mut client = engine.client().unwrap();
    phone
        .dial(&format!("sip:100@{}", relay.facing_a()))
        .unwrap();
    phone.wait_call(1).unwrap();
    let warning = client
        .wait("call.warning", PATIENCE, |event| {
            let EventBody::CallWarning(warning) = &event.body else {
                return None;
            };
            Some(warning.clone())
        })
        .unwrap();
    println!("{} {}", warning.code, warning.text);
    assert_eq!(warning.code, Code::MEDIA_UNREACHABLE);
    assert!(warning.text.contains("127.0.0.1:") && !warning.fix.is_empty());
    phone.hang_up().unwrap();
    phone.wait_end(1).unwrap();
}
