//! What the person hears of how a call stands, while SIPp answers. Each test says which requirement it covers.

use anyhow::{Result, ensure};
use control::event::Side;
use control::{CallHandle, Code, EndCause, Event, EventBody};
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::sound::tone_dbov;
use offhook_interop::voice::{HEARD, Voice};
use offhook_interop::wav::{self, Wav};
use offhook_interop::{Client, Rig, Sipp};
use std::path::PathBuf;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
/// Each tone has a frequency of its own; busy and failed are the two of nobody who answers.
const TONES: &str = "
[account]
trying_tone = \"periodic(sine(100ms,8000,500Hz),silence(100ms))\"
ringing_tone = \"periodic(sine(100ms,8000,700Hz),silence(100ms))\"
end_call_tone = \"sine(500ms,8000,900Hz)\"
busy_tone = \"periodic(sine(100ms,8000,1100Hz),silence(100ms))\"
failed_tone = \"periodic(sine(100ms,8000,1300Hz),silence(100ms))\"
call_waiting_tone = \"periodic(sine(100ms,8000,1700Hz),silence(100ms))\"
udp_from_unknown = true
";
/// Trying, ringing, end, busy, failed, waiting.
const HERTZ: [f64; 6] = [500.0, 700.0, 900.0, 1_100.0, 1_300.0, 1_700.0];

/// A phone whose loudspeaker is a file.
struct Listening {
    rig: Rig,
    engine: Daemon,
    client: Client,
    file: PathBuf,
}

impl Listening {
    fn start(name: &str) -> Result<Option<Self>> {
        let Some(rig) = Rig::new(name, &["sipp"]) else {
            return Ok(None);
        };
        let file = rig.folder().join("heard.wav");
        let settings = format!(
            "{TONES}[media]\nmicrophone = \"audio-file\"\nspeaker = \"audio-file:{}\"\n",
            file.display()
        );
        let wish = Wish {
            answer: Answer::Ring,
            settings: &settings,
            ..Wish::default()
        };
        let engine = Daemon::start(&rig, "engine", &wish)?;
        let client = engine.client()?;
        Ok(Some(Self {
            rig,
            engine,
            client,
            file,
        }))
    }

    fn calls(&mut self, script: &Script<'_>) -> Result<(Sipp, CallHandle)> {
        let callee = Sipp::start(&self.rig, "callee", script)?;
        let call = self.client.dial(&format!("sip:102@{}", callee.address))?;
        Ok((callee, call))
    }

    fn wait_for(&mut self, tone: &str) -> Result<()> {
        let begins = |event: &Event| {
            let EventBody::ToneStarted(told) = &event.body else {
                return None;
            };
            (told.tone == tone).then_some(())
        };
        self.client.wait("tone.started", PATIENCE, begins)
    }

    /// Names of tones that began, in order, and of states that the call came to.
    fn told(&self) -> (Vec<String>, Vec<&'static str>) {
        let (mut tones, mut states) = (Vec::new(), Vec::new());
        for event in self.client.events() {
            if let EventBody::ToneStarted(told) = &event.body {
                tones.push(told.tone.clone());
            }
            let name = event.body.name();
            let passes = [
                "call.ringing",
                "call.progress",
                "call.answered",
                "call.ended",
            ];
            states.extend(passes.into_iter().find(|&known| known == name));
        }
        (tones, states)
    }

    /// Ends the engine, so that the file is whole, and says in how many of its twentieths of a second each tone is.
    fn heard(self) -> Result<[usize; 6]> {
        self.heard_of(usize::MAX)
    }

    /// The same of the last `parts` of them.
    fn heard_of(mut self, parts: usize) -> Result<[usize; 6]> {
        self.engine.stop();
        let Wav { rate_hz, samples } = wav::read(&self.file)?;
        let last = parts
            .saturating_mul(rate_hz as usize / 20)
            .min(samples.len());
        let samples = &samples[samples.len() - last..];
        let parts = samples.chunks_exact(rate_hz as usize / 20);
        Ok(HERTZ.map(|hertz| {
            let loud = |part: &&[i16]| tone_dbov(part, rate_hz, hertz) > HEARD;
            parts.clone().filter(loud).count()
        }))
    }
}

fn value(name: &'static str, text: &str) -> (&'static str, String) {
    (name, text.into())
}

/// SIPp takes its time, rings, and answers `status`: trying, ringing and then `last` are told and heard.
fn refused(status: &str, cause: EndCause, last: &str) -> Result<()> {
    let Some(mut phone) = Listening::start(&format!("tones-{}", &status[..3]))? else {
        return Ok(());
    };
    let values = [
        value("status", status),
        value("trying_ms", "500"),
        value("ringing_ms", "500"),
    ];
    let script = Script {
        values: &values,
        ..Script::new("callee-rings")
    };
    let (mut callee, call) = phone.calls(&script)?;
    let ended = phone.client.wait_ended(call, PATIENCE)?;
    ensure!(ended.cause == cause, "{status}: {:?}", ended.cause);
    let code: u16 = status[..3].parse()?;
    ensure!(ended.sip_status == Some(code), "{:?}", ended.sip_status);
    phone.wait_for(last)?;
    std::thread::sleep(Duration::from_millis(600));
    callee.succeed(PATIENCE)?;
    let (tones, states) = phone.told();
    ensure!(tones == ["trying", "ringing", last], "{status}: {tones:?}");
    ensure!(states == ["call.ringing", "call.ended"], "{states:?}");
    let [trying, ringing, end, busy, failed, waiting] = phone.heard()?;
    let (sounds, not) = match last {
        "busy" => (busy, failed),
        _ => (failed, busy),
    };
    for (what, parts) in [("trying", trying), ("ringing", ringing), (last, sounds)] {
        ensure!(parts >= 2, "{status}: {parts} parts of {what}");
    }
    ensure!((end, not, waiting) == (0, 0, 0), "{status}");
    Ok(())
}

/// M-054, K-189, K-190, K-192: what each answer leads to, told and heard.
#[test]
fn m_054_each_answer_is_heard() {
    for (status, cause, last) in [
        ("403 Forbidden", EndCause::Failed, "failed"),
        ("404 Not Found", EndCause::Failed, "failed"),
        ("480 Temporarily Unavailable", EndCause::NoAnswer, "failed"),
        ("486 Busy Here", EndCause::Busy, "busy"),
        ("487 Request Terminated", EndCause::Cancelled, "failed"),
        ("503 Service Unavailable", EndCause::Failed, "failed"),
        ("603 Decline", EndCause::Declined, "busy"),
    ] {
        refused(status, cause, last).unwrap();
    }
}

/// M-054: what SIPp says before anybody picks up is heard, and no tone of ours beside it (RFC 3960 §3.1).
#[test]
fn m_054_early_media_is_heard_instead_of_ringing() {
    let Some(mut phone) = Listening::start("tones-early").unwrap() else {
        return;
    };
    let voice = Voice::start(900.0).unwrap();
    let values = [("media", voice.port.to_string())];
    let script = Script {
        values: &values,
        ..Script::new("callee-early")
    };
    let (mut callee, call) = phone.calls(&script).unwrap();
    let ended = phone.client.wait_ended(call, PATIENCE).unwrap();
    assert_eq!(
        (ended.cause, ended.sip_status),
        (EndCause::NoAnswer, Some(480))
    );
    phone.wait_for("failed").unwrap();
    std::thread::sleep(Duration::from_millis(600));
    callee.succeed(PATIENCE).unwrap();
    let (tones, states) = phone.told();
    assert_eq!(states, ["call.progress", "call.ended"]);
    assert!(!tones.iter().any(|tone| tone == "ringing"), "{tones:?}");
    let [_, ringing, early, busy, failed, _] = phone.heard().unwrap();
    assert!(
        (20..=32).contains(&early),
        "{early} parts of a second and a half"
    );
    assert_eq!((ringing, busy), (0, 0));
    assert!(failed >= 2, "{failed} parts");
}

/// M-054: nobody says anything at all: trying is heard for as long as the transaction lasts (RFC 3261, timer B), then
/// that it failed, and why.
#[test]
fn m_054_silence_is_told_when_the_transaction_ends() {
    let Some(mut phone) = Listening::start("tones-silence").unwrap() else {
        return;
    };
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = format!("sip:102@{}", silent.local_addr().unwrap());
    let call = phone.client.dial(&to).unwrap();
    phone.wait_for("trying").unwrap();
    let ended = phone.client.wait_ended(call, 2 * PATIENCE).unwrap();
    let code = ended.error.map(|error| error.code);
    assert_eq!(
        (ended.cause, code),
        (EndCause::Failed, Some(Code::SERVER_SILENT))
    );
    phone.wait_for("failed").unwrap();
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(phone.told().0, ["trying", "failed"]);
    let [trying, ringing, _, busy, failed, _] = phone.heard().unwrap();
    assert!(
        trying >= 150,
        "{trying} parts of half a minute, half of it pauses"
    );
    assert_eq!((ringing, busy), (0, 0));
    assert!(failed >= 2, "{failed} parts");
}

/// K-191: who hung up hears nothing, the other one the tone of the end.
#[test]
fn k_191_the_far_end_hangs_up() {
    let Some(mut phone) = Listening::start("tones-end").unwrap() else {
        return;
    };
    let values = [value("talk_ms", "300")];
    let script = Script {
        values: &values,
        ..Script::new("callee-hangs-up")
    };
    let (mut callee, call) = phone.calls(&script).unwrap();
    phone.client.wait_ended(call, PATIENCE).unwrap();
    phone.wait_for("end").unwrap();
    std::thread::sleep(Duration::from_millis(700));
    callee.succeed(PATIENCE).unwrap();
    let [.., end, busy, failed, waiting] = phone.heard().unwrap();
    assert!((5..=11).contains(&end), "{end} parts");
    assert_eq!((busy, failed, waiting), (0, 0, 0));
}

/// K-193, M-056: SIPp calls while the person talks: the tone of a call that waits.
#[test]
fn k_193_another_call_waits() {
    let Some(mut phone) = Listening::start("tones-waiting").unwrap() else {
        return;
    };
    let rings = [value("ring_ms", "100")];
    let script = Script {
        values: &rings,
        ..Script::new("callee")
    };
    let (mut callee, call) = phone.calls(&script).unwrap();
    phone.client.wait_answered(call, PATIENCE).unwrap();
    let values = [value("ring_ms", "800")];
    let script = Script {
        values: &values,
        ..Script::new("caller-cancels")
    };
    let address = offhook_interop::Engine::address(&phone.engine);
    let script = script.calls("101", address);
    let mut caller = Sipp::start(&phone.rig, "caller", &script).unwrap();
    phone.wait_for("waiting").unwrap();
    caller.succeed(PATIENCE).unwrap();
    phone.client.hang_up(call).unwrap();
    callee.succeed(PATIENCE).unwrap();
    let [.., waiting] = phone.heard().unwrap();
    assert!(waiting >= 3, "{waiting} parts");
}

/// SIPp speaks and makes the call `direction`: in how many of the last twenty twentieths of a second
/// its tone of 900 Hz is heard.
fn held(direction: &str, answered: &str) -> Result<Option<usize>> {
    let Some(mut phone) = Listening::start(&format!("held-{direction}"))? else {
        return Ok(None);
    };
    let voice = Voice::start(900.0)?;
    let values = [
        value("direction", direction),
        value("answered", answered),
        ("media", voice.port.to_string()),
    ];
    let script = Script {
        values: &values,
        ..Script::new("callee-holds")
    };
    let (mut callee, call) = phone.calls(&script)?;
    let by_remote = |event: &Event| {
        let EventBody::CallHold(told) = &event.body else {
            return None;
        };
        (told.by == Side::Remote).then_some(())
    };
    phone.client.wait("call.hold", PATIENCE, by_remote)?;
    ensure!(phone.client.look(call)?.held_by_remote, "the state says so");
    std::thread::sleep(Duration::from_secs(2));
    phone.client.hang_up(call)?;
    callee.succeed(PATIENCE)?;
    let [_, _, music, ..] = phone.heard_of(20)?;
    Ok(Some(music))
}

/// M-069: who is held by somebody who goes on sending hears the music; where nothing flows, nothing.
#[test]
fn m_069_the_music_of_whoever_holds_is_heard() {
    let Some(music) = held("sendonly", "recvonly").unwrap() else {
        return;
    };
    assert!(music >= 15, "{music} of 20 parts");
    let silence = held("inactive", "inactive").unwrap().unwrap();
    assert_eq!(silence, 0, "of 20 parts");
}
