//! What rules have done with calls that go out: baresip is recorded, or called through another server.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one word of many"
)]

use anyhow::{Result, ensure};
use control::EventBody;
use offhook_interop::baresip::{self, Baresip};
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::phone::devices;
use offhook_interop::sound::Sound;
use offhook_interop::{Kamailio, Rig, kamailio, wav};
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(15);
/// So much of the chirp has to be in a recording.
const LIKENESS: f64 = 0.9;

fn recorded(rig: &Rig) -> Result<()> {
    let chirp = Sound::chirp(rig, "theirs", 1_000)?.between(500, 20_000)?;
    let quiet = Sound::chirp(rig, "ours", 100)?;
    let wish = baresip::Wish {
        user: "102",
        registrar: None,
        codecs: "PCMU",
        plays: &chirp.file,
        transport: "udp",
        answers: true,
    };
    let mut bob = Baresip::start(rig, "baresip", &wish)?;
    let folder = rig.subfolder("recordings")?;
    let settings = format!(
        "{}[recording]\nplugin = \"recorder-wav\"\nfolder = \"{}\"\n[account]\noutbound_proxy = \"{}\"\n\
         rewriting = [\"equals 77 => replace 102, recordCall\", \"equals 78 => replace 102\"]\n",
        devices(&quiet.file, &rig.file("loudspeaker.wav")),
        folder.display(),
        bob.address
    );
    let wish = Wish {
        answer: Answer::Ring,
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    for (number, times) in [("78", 1), ("77", 2)] {
        let call = client.dial(number)?;
        client.wait_answered(call, PATIENCE)?;
        bob.wait_call(times)?;
        std::thread::sleep(Duration::from_secs(3));
        client.hang_up(call)?;
        client.wait_ended(call, PATIENCE)?;
        bob.wait_end(times)?;
        let events = client.events().iter();
        let started = events.filter(|event| matches!(event.body, EventBody::RecordingStarted(_)));
        let started: Vec<_> = started.map(|event| event.call).collect();
        let expected = if number == "77" {
            vec![Some(call)]
        } else {
            vec![]
        };
        ensure!(started == expected, "{number}: {started:?}");
    }
    let path = client.wait("recording.stopped", PATIENCE, |event| match &event.body {
        EventBody::RecordingStopped(change) => Some(change.recording.path.clone()),
        _ => None,
    })?;
    let side = wav::read_channel(Path::new(&path), 1)?;
    let file = rig.file("their-side.wav");
    wav::write(&file, &side)?;
    let heard = chirp.heard_in(&file)?;
    ensure!(heard.score > LIKENESS, "{:.3}", heard.score);
    Ok(())
}

/// K-131: the number of the rule is recorded, another of the same phone is not.
#[test]
fn m_198_k_131_whom_a_rule_names_is_recorded() {
    let Some(rig) = Rig::new("rule-records", &["baresip"]) else {
        return;
    };
    recorded(&rig).unwrap();
}

fn through_the_other(rig: &Rig) -> Result<()> {
    let server = |name: &str, user: (&'static str, &'static str)| {
        let wish = kamailio::Wish {
            users: vec![user, ("112", "secret-112")],
            ..kamailio::Wish::default()
        };
        Kamailio::start(rig, name, &wish)
    };
    let home = server("home", ("101", "secret-101"))?;
    let mobile = server("mobile", ("103", "secret-103"))?;
    let quiet = Sound::chirp(rig, "quiet", 100)?;
    let emergency = baresip::Wish {
        user: "112",
        registrar: Some((mobile.address, "secret-112")),
        codecs: "PCMU",
        plays: &quiet.file,
        transport: "udp",
        answers: true,
    };
    let mut emergency = Baresip::start(rig, "baresip", &emergency)?;
    let settings = format!(
        "{}[accounts.mobile]\nuser = \"103\"\ndomain = \"{}\"\npassword = \"secret-103\"\nregistrar = \"{}\"\n\
         [accounts.main]\nrewriting = [\"equals 112 => dialOut mobile\"]\n[engine]\ndefault_account = \"main\"\n",
        devices(&quiet.file, &rig.file("loudspeaker.wav")),
        kamailio::REALM,
        mobile.address
    );
    let wish = Wish {
        answer: Answer::Ring,
        registrar: Some((home.address, "101", "secret-101")),
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    mobile.wait_bindings("103", 1, PATIENCE)?;
    home.wait_bindings("101", 1, PATIENCE)?;
    let call = client.dial("112")?;
    client.wait_answered(call, PATIENCE)?;
    emergency.wait_call(1)?;
    let account = client.look(call)?.account;
    let account = account.as_ref().map(|account| account.as_str());
    ensure!(account == Some("mobile"), "{account:?}");
    ensure!(
        emergency
            .log()
            .contains(&format!("103@{}", kamailio::REALM)),
        "{}",
        emergency.log()
    );
    client.hang_up(call)?;
    client.wait_ended(call, PATIENCE).map(drop)
}

/// K-132: 112 is called through the second of two servers, as the person of the second account.
#[test]
fn m_198_k_132_a_number_leaves_through_the_account_that_a_rule_names() {
    let Some(rig) = Rig::new("rule-other-account", &["kamailio", "baresip"]) else {
        return;
    };
    through_the_other(&rig).unwrap();
}
