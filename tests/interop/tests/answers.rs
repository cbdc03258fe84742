//! `offhookd` answers: SIPp, baresip and linphonec call it. Each test says which requirement it covers.

use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::sipp::{Transport, Wish as Script};
use offhook_interop::sound::Sound;
use offhook_interop::witness::unless_preempted;
use offhook_interop::{Baresip, Engine, Rig, Sipp, baresip};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

/// SIPp calls an `offhookd` that does `answer`; the call goes as the scenario says.
fn called(name: &str, answer: Answer, script: Script<'_>) -> anyhow::Result<()> {
    called_with(name, answer, "", script)
}

/// The same with more settings.
fn called_with(
    name: &str,
    answer: Answer,
    settings: &str,
    script: Script<'_>,
) -> anyhow::Result<()> {
    let Some(rig) = Rig::new(name, &["sipp"]) else {
        return Ok(());
    };
    let transport = script.transport.word();
    let wish = Wish {
        transport,
        answer,
        settings,
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish)?;
    let mut caller = Sipp::start(&rig, "caller", &script.calls("100", engine.address()))?;
    caller.succeed(PATIENCE)?;
    Ok(())
}

fn value(name: &'static str, text: &str) -> (&'static str, String) {
    (name, text.into())
}

#[test]
fn answers_over_udp_and_tcp() {
    let talk = [value("talk_ms", "300")];
    let udp = Script {
        values: &talk,
        ..Script::new("caller")
    };
    let tcp = Script {
        transport: Transport::Tcp,
        ..udp.clone()
    };
    called("answers-udp", Answer::Silent, udp).unwrap();
    called("answers-tcp", Answer::Silent, tcp).unwrap();
}

#[test]
fn is_cancelled_while_ringing() {
    let ring = [value("ring_ms", "200")];
    called(
        "is-cancelled",
        Answer::Ring,
        Script {
            values: &ring,
            ..Script::new("caller-cancels")
        },
    )
    .unwrap();
}

#[test]
fn makes_the_offer_when_the_caller_leaves_it() {
    let talk = [value("talk_ms", "200")];
    called(
        "late-offer",
        Answer::Silent,
        Script {
            values: &talk,
            ..Script::new("caller-late-offer")
        },
    )
    .unwrap();
}

#[test]
fn is_held_and_updated() {
    called("is-held", Answer::Silent, Script::new("caller-holds")).unwrap();
    called("is-updated", Answer::Silent, Script::new("caller-updates")).unwrap();
}

#[test]
fn rings_reliably() {
    // It rings long enough for PRACK and its answer to pass before the 200, as SIPp wants them.
    let rings = "[incoming]\naccept_after_ms = 300";
    let script = Script::new("caller-reliable");
    called_with("rings-reliably", Answer::Silent, rings, script).unwrap();
}

#[test]
fn keeps_session_timers() {
    let interval = [value("interval_s", "120")];
    let good = Script {
        values: &interval,
        ..Script::new("caller-session-timer")
    };
    called("session-timer", Answer::Silent, good).unwrap();
    called(
        "session-timer-short",
        Answer::Silent,
        Script::new("caller-session-timer-too-short"),
    )
    .unwrap();
}

#[test]
fn answers_options() {
    called("options", Answer::Silent, Script::new("options")).unwrap();
    let tcp = Script {
        transport: Transport::Tcp,
        ..Script::new("options")
    };
    called("options-tcp", Answer::Silent, tcp).unwrap();
}

#[test]
fn takes_many_calls() {
    let talk = [value("talk_ms", "200")];
    let many = Script {
        values: &talk,
        calls: 200,
        rate: 100,
        ..Script::new("caller")
    };
    called("many", Answer::Silent, many).unwrap();
}

/// baresip speaks a chirp into the echo and finds it in what comes back.
fn echoed_to_baresip(name: &str, codec: &str) -> anyhow::Result<()> {
    let Some(rig) = Rig::new(name, &["baresip"]) else {
        return Ok(());
    };
    let wish = Wish {
        codec,
        answer: Answer::Echo,
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish)?;
    let chirp = Sound::chirp(&rig, "chirp", 2_000)?;
    let phone = baresip::Wish {
        user: "102",
        registrar: None,
        codecs: codec,
        plays: &chirp.file,
        transport: "udp",
        answers: false,
    };
    let mut phone = Baresip::start(&rig, "baresip", &phone)?;
    phone.dial(&format!("sip:100@{}", engine.address()))?;
    phone.wait_call(1)?;
    std::thread::sleep(Duration::from_millis(chirp.play_ms() + 500));
    phone.hang_up()?;
    phone.wait_end(1)?;
    // In one piece: nothing was inserted, dropped or lost on the way there and back.
    let heard = chirp.heard_in(&phone.heard()?)?;
    println!("{name}: {:.3} {:+.1} dB", heard.score, heard.gain_db);
    anyhow::ensure!(
        heard.score >= 0.95 && heard.gain_db.abs() <= 1.0,
        "{:.3} {:+.1} dB; {}",
        heard.score,
        heard.gain_db,
        heard.course(&chirp)
    );
    Ok(())
}

#[test]
fn audio_timing_echoed_to_baresip() {
    for codec in ["PCMU", "PCMA"] {
        let name = format!("echo-baresip-{codec}").to_lowercase();
        unless_preempted(&name, 3, || echoed_to_baresip(&name, codec)).unwrap();
    }
}

#[test]
fn audio_timing_speech_played_into_a_call_arrives_whole() {
    let Some(rig) = Rig::new(
        "speech",
        &[
            "baresip",
            offhook_interop::sound::SPEECH,
            &offhook_interop::sound::python(),
        ],
    ) else {
        return;
    };
    let clip = Sound::speech(&rig, "clip").unwrap();
    let wish = Wish {
        answer: Answer::Play(clip.file.clone()),
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish).unwrap();
    let phone = baresip::Wish {
        user: "102",
        registrar: None,
        codecs: "PCMU",
        plays: &clip.file,
        transport: "udp",
        answers: false,
    };
    let mut phone = Baresip::start(&rig, "baresip", &phone).unwrap();
    phone
        .dial(&format!("sip:100@{}", engine.address()))
        .unwrap();
    phone.wait_call(1).unwrap();
    std::thread::sleep(Duration::from_millis(clip.play_ms() + 500));
    phone.hang_up().unwrap();
    phone.wait_end(1).unwrap();
    let heard = clip.heard_in(&phone.heard().unwrap()).unwrap();
    let stoi = heard.stoi(&rig, "speech", &clip).unwrap();
    println!("speech: STOI {stoi:.3}, {:+.1} dB", heard.gain_db);
    assert!(stoi >= 0.95 && heard.gain_db.abs() <= 1.0);
    assert_eq!((heard.gaps(&clip), heard.clicks(&clip)), (vec![], vec![]));
}
