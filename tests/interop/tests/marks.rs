//! Marks of what `offhookd` sends (RFC 2474), as the system's own list of sockets (`ss`) tells them. M-027.

use offhook_interop::engine::{Answer, Daemon, Engine, Wish};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::{Rig, Sipp};
use std::process::Command;
use std::time::Duration;

/// Ports and marks of the UDP sockets of a process. Unit of marks: the whole octet, DSCP times four.
fn marks(process: u32) -> anyhow::Result<Vec<(u16, String)>> {
    let done = Command::new("ss").args(["-uanpH", "--tos"]).output()?;
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let owner = format!("pid={process},");
    let ours = text.lines().filter(|line| line.contains(&owner));
    let read = |line: &str| {
        let local = line.split_whitespace().nth(3)?;
        let port = local.rsplit_once(':')?.1.parse().ok()?;
        let mark = line.split_once("tos:")?.1;
        let mark = mark.split_whitespace().next()?.to_owned();
        Some((port, mark))
    };
    Ok(ours.filter_map(read).collect())
}

/// One call to an `offhookd`; its socket for SIP has the mark `sip`, and one at least `voice`.
fn marked(name: &str, settings: &str, sip: &str, voice: &str) -> anyhow::Result<()> {
    let Some(rig) = Rig::new(name, &["sipp", "ss"]) else {
        return Ok(());
    };
    let wish = Wish {
        answer: Answer::Echo,
        settings,
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish)?;
    let talk = [("talk_ms", "1000".into())];
    let caller = Script {
        values: &talk,
        ..Script::new("caller")
    };
    let caller = caller.calls("100", engine.address());
    let mut caller = Sipp::start(&rig, "caller", &caller)?;
    std::thread::sleep(Duration::from_millis(500));
    let found = marks(engine.id())?;
    println!("{name}: {found:?}");
    let port = engine.address().port();
    let of_sip = found.iter().find(|(at, _)| *at == port);
    assert_eq!(of_sip.map(|(_, mark)| mark.as_str()), Some(sip));
    let of_voice = found
        .iter()
        .filter(|(at, mark)| *at != port && mark == voice);
    assert!(of_voice.count() >= 1, "{found:?}");
    caller.succeed(Duration::from_secs(10))?;
    Ok(())
}

#[test]
fn m_027_sip_and_voice_are_marked() {
    marked("marks-default", "", "0x68", "0xb8").unwrap();
    let other = "[dscp]\nvoice = 40\nsignalling = 24\n";
    marked("marks-other", other, "0x60", "0xa0").unwrap();
}
