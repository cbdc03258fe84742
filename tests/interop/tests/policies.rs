//! What rules of an account make of calls that come in: SIPp calls and sees.

use anyhow::{Result, ensure};
use control::history::{HistoryQuery, Mark};
use control::snapshot::AccountState;
use control::{Command, Reply};
use offhook_interop::baresip::{self, Baresip};
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::sound::Sound;
use offhook_interop::{Engine, Kamailio, Rig, Sipp, kamailio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// SIPp calls an `offhookd` with these settings of its account and is refused with `code`; how long it took.
fn refused(name: &str, settings: &str, code: u16) -> anyhow::Result<Duration> {
    let Some(rig) = Rig::new(name, &["sipp"]) else {
        return Ok(Duration::ZERO);
    };
    let wish = Wish {
        answer: Answer::Ring,
        settings,
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish)?;
    let values = [("code", code.to_string())];
    let script = Script {
        values: &values,
        ..Script::new("caller-refused")
    };
    let began = Instant::now();
    let mut caller = Sipp::start(&rig, "caller", &script.calls("101", engine.address()))?;
    caller.succeed(PATIENCE)?;
    Ok(began.elapsed())
}

/// M-135, K-091, K-093
#[test]
fn m_135_a_caller_hears_busy_by_hand_and_by_the_clock() {
    for (name, setting) in [
        ("dnd-by-hand", "do_not_disturb = true"),
        (
            "dnd-by-clock",
            "do_not_disturb_schedule = [\"daily 00:00-23:59\"]",
        ),
    ] {
        refused(name, &format!("[account]\n{setting}\n"), 486).unwrap();
    }
}

/// M-133, K-176, K-177
#[test]
fn m_133_a_caller_is_sent_on_at_once_or_when_nobody_answers() {
    let always =
        "[account]\nforwarding_enabled = true\nforwarding_number = \"sip:200@192.0.2.9\"\n";
    refused("forward-always", always, 302).unwrap();
    let later = "[account]\nforwarding_no_answer_number = \"200\"\nforwarding_no_answer_s = 2\n";
    let took = refused("forward-later", later, 302).unwrap();
    if !took.is_zero() {
        assert!(took >= Duration::from_secs(2), "{took:?}");
    }
}

fn sent_on(rig: &Rig) -> Result<()> {
    let follows = kamailio::Wish {
        follows_redirects: true,
        ..kamailio::Wish::default()
    };
    let proxy = Kamailio::start(rig, "proxy", &follows)?;
    let quiet = Sound::chirp(rig, "quiet", 100)?;
    let wish = baresip::Wish {
        user: "102",
        registrar: Some((proxy.address, "secret-102")),
        codecs: "PCMU",
        plays: &quiet.file,
        transport: "udp",
        answers: true,
    };
    let mut bob = Baresip::start(rig, "baresip", &wish)?;
    let phone = |name, user, password, settings| {
        let wish = Wish {
            answer: Answer::Ring,
            registrar: Some((proxy.address, user, password)),
            settings,
            ..Wish::default()
        };
        let engine = Daemon::start(rig, name, &wish)?;
        let mut client = engine.client()?;
        client.wait_account(AccountState::Registered, PATIENCE)?;
        anyhow::Ok((engine, client))
    };
    let forwards = "[account]\nforwarding_enabled = true\nforwarding_number = \"102\"\n";
    let (_engine, mut client) = phone("engine", "101", "secret-101", forwards)?;
    let (_caller, mut caller) = phone("caller", "103", "secret-103", "")?;
    let call = caller.dial("101")?;
    caller.wait_answered(call, PATIENCE)?;
    bob.wait_call(1)?;
    caller.hang_up(call)?;
    let Reply::History { records } = client.ask(Command::HistoryList(HistoryQuery::default()))?
    else {
        anyhow::bail!("no history");
    };
    let marks: Vec<_> = records
        .iter()
        .map(|record| record.marks.as_slice())
        .collect();
    ensure!(marks == [&[Mark::SentOn]], "{records:?}");
    Ok(())
}

/// M-205, K-176, K-177: Kamailio follows our 302 to baresip.
#[test]
fn m_133_m_205_kamailio_calls_whom_the_302_names() {
    let Some(rig) = Rig::new("forward-followed", &["kamailio", "baresip"]) else {
        return;
    };
    sent_on(&rig).unwrap();
}

/// M-137, K-195, K-196: nobody touches the phone, and SIPp talks.
#[test]
fn m_137_a_call_is_picked_up_by_itself() {
    let Some(rig) = Rig::new("auto-answer", &["sipp"]) else {
        return;
    };
    let wish = Wish {
        answer: Answer::Ring,
        settings: "[account]\nauto_answer = true\nauto_answer_s = 1\n",
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish).unwrap();
    let values = [("talk_ms", "300".to_owned())];
    let script = Script {
        values: &values,
        ..Script::new("caller")
    };
    let script = script.calls("101", engine.address());
    let mut caller = Sipp::start(&rig, "caller", &script).unwrap();
    caller.succeed(PATIENCE).unwrap();
}
