//! The phone rings on a device of its own while SIPp calls and writes. Each test says which requirement it covers.
#![allow(clippy::wildcard_enum_match_arm)] // A test looks for one kind of event.

use anyhow::{Result, ensure};
use control::command::{CallRef, Command, Decline, Quiet, Redirect, Reply};
use control::history::{HistoryQuery, RecordKind};
use control::{EventBody, Timestamp};
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::sound::tone_dbov;
use offhook_interop::wav::{self, Wav};
use offhook_interop::{Client, Rig, Sipp};
use std::path::PathBuf;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
/// A ringtone of 1000 Hz, one of 1400 Hz for who is on a list, and 1900 Hz for messages.
const TONES: &str = "
[account]
ringtone = \"periodic(sine(200ms,8000,1000Hz),silence(200ms))\"
ringtones = [\"alert:urn:alert:source:external => periodic(sine(200ms,8000,1400Hz),silence(200ms))\"]
message_tone = \"sine(300ms,8000,1900Hz)\"
allow_message = true
";
/// A tone counts as heard in 100 ms. Unit: dBov; played at about −15.
const HEARD: f64 = -25.0;

/// A phone that rings into a file.
struct Ringing {
    rig: Rig,
    engine: Daemon,
    client: Client,
    file: PathBuf,
}

impl Ringing {
    fn start(name: &str) -> Result<Option<Self>> {
        Self::with(name, TONES)
    }

    fn with(name: &str, tones: &str) -> Result<Option<Self>> {
        Rig::new(name, &["sipp"])
            .map(|rig| Self::on(rig, tones))
            .transpose()
    }

    fn on(rig: Rig, tones: &str) -> Result<Self> {
        let file = rig.folder().join("ring.wav");
        let kept = rig.folder().join("kept");
        let settings = format!(
            "{tones}[media]\nmicrophone = \"audio-null\"\nspeaker = \"audio-null\"\nringer = \"audio-file:{}\"\n\
             [history]\nfolder = {kept:?}\n",
            file.display()
        );
        let wish = Wish {
            answer: Answer::Ring,
            settings: &settings,
            ..Wish::default()
        };
        let engine = Daemon::start(&rig, "engine", &wish)?;
        let client = engine.client()?;
        Ok(Self {
            rig,
            engine,
            client,
            file,
        })
    }

    /// SIPp does as `scenario` says, and the phone does `act` once it has rung for a second.
    fn is_called(&mut self, script: &Script<'_>, act: Option<Command>) -> Result<()> {
        let address = offhook_interop::Engine::address(&self.engine);
        let script = script.clone().calls("101", address);
        let mut caller = Sipp::start(&self.rig, "caller", &script)?;
        if let Some(act) = act {
            self.wait("tone.started")?;
            std::thread::sleep(Duration::from_secs(1));
            self.client.ask(act)?;
        }
        caller.succeed(PATIENCE).map(drop)
    }

    /// When that was told.
    fn wait(&mut self, name: &str) -> Result<Timestamp> {
        self.client.wait(name, PATIENCE, |event| {
            (event.body.name() == name).then_some(event.ts)
        })
    }

    /// Ends the engine, so that the file is whole, and says in how many of its tenths of a second each tone is.
    fn heard(mut self, hertz: [f64; 3]) -> Result<[usize; 3]> {
        self.engine.stop();
        let Wav { rate_hz, samples } = wav::read(&self.file)?;
        let tenths = samples.chunks_exact(rate_hz as usize / 10);
        Ok(hertz.map(|hertz| {
            let loud = |tenth: &&[i16]| tone_dbov(tenth, rate_hz, hertz) > HEARD;
            tenths.clone().filter(loud).count()
        }))
    }
}

const ALL: [f64; 3] = [1_000.0, 1_400.0, 1_900.0];

/// It rang with the first tone for about a second, half of which is silence, and stopped when the call did.
fn rings(name: &str, script: &Script<'_>, act: Option<Command>) -> Result<()> {
    let Some(mut phone) = Ringing::start(name)? else {
        return Ok(());
    };
    phone.is_called(script, act)?;
    let stopped = phone.wait("tone.stopped")?;
    let over = |event: &control::Event| {
        let is_over = matches!(
            event.body,
            EventBody::CallEnded(_) | EventBody::CallAnswered(_)
        );
        is_over.then_some(event.ts)
    };
    let ended = phone.client.wait("call.", PATIENCE, over)?;
    let apart = stopped.unix_ms().abs_diff(ended.unix_ms());
    ensure!(apart <= 50, "it rang on for {apart} ms");
    let [ours, other, message] = phone.heard(ALL)?;
    ensure!((4..=40).contains(&ours), "{ours} tenths of its ringtone");
    ensure!(
        (other, message) == (0, 0),
        "{other} and {message} tenths of others"
    );
    Ok(())
}

fn value(name: &'static str, text: &str) -> (&'static str, String) {
    (name, text.into())
}

fn script<'a>(scenario: &'a str, values: &'a [(&'a str, String)]) -> Script<'a> {
    Script {
        values,
        ..Script::new(scenario)
    }
}

/// M-055: SIPp calls and hears 180, and 200, 486 or 302, or gives up with CANCEL and hears 487: it rings on its device
/// and stops at once.
#[test]
fn m_055_the_ring_device_rings_until_something_becomes_of_the_call() {
    let call = CallRef::default();
    let gives_up = [value("ring_ms", "1500")];
    rings("ring-cancel", &script("caller-cancels", &gives_up), None).unwrap();
    let talks = [value("talk_ms", "600")];
    let accept = Command::Accept(call);
    rings("ring-answer", &script("caller", &talks), Some(accept)).unwrap();
    let busy = [value("code", "486")];
    let decline = Command::Decline(Decline {
        call: None,
        status: Some(486),
    });
    rings(
        "ring-decline",
        &script("caller-refused", &busy),
        Some(decline),
    )
    .unwrap();
    let moved = [value("code", "302")];
    let redirect = Command::Redirect(Redirect {
        call: None,
        to: "sip:200@192.0.2.9".to_owned(),
    });
    rings(
        "ring-redirect",
        &script("caller-refused", &moved),
        Some(redirect),
    )
    .unwrap();
}

/// M-136: told to be quiet, it says 180, makes no sound, and the history has the call.
#[test]
fn m_136_a_quiet_phone_rings_unheard() {
    let Some(mut phone) = Ringing::start("ring-quiet").unwrap() else {
        return;
    };
    phone
        .client
        .ask(Command::Quiet(Quiet { on: true }))
        .unwrap();
    let gives_up = [value("ring_ms", "1000")];
    phone
        .is_called(&script("caller-cancels", &gives_up), None)
        .unwrap();
    phone.wait("call.ended").unwrap();
    let kept = Command::HistoryList(HistoryQuery::default());
    let Reply::History { records } = phone.client.ask(kept).unwrap() else {
        panic!("no history");
    };
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].kind, RecordKind::Missed);
    assert_eq!(phone.heard(ALL).unwrap(), [0; 3]);
}

/// M-131: SIPp writes, and the ring device plays the tone for messages; none when the phone is quiet.
#[test]
fn m_131_a_message_sounds_on_the_ring_device() {
    for quiet in [false, true] {
        let name = if quiet {
            "message-quiet"
        } else {
            "message-heard"
        };
        let Some(mut phone) = Ringing::start(name).unwrap() else {
            return;
        };
        phone
            .client
            .ask(Command::Quiet(Quiet { on: quiet }))
            .unwrap();
        let text = [
            value("kind", "text/plain"),
            value("text", "Lunch?"),
            value("answer", "200"),
            value("check", "hasnt Reason"),
        ];
        phone.is_called(&script("writes", &text), None).unwrap();
        phone.wait("message.received").unwrap();
        if !quiet {
            phone.wait("tone.stopped").unwrap();
        }
        let [ring, other, message] = phone.heard(ALL).unwrap();
        assert_eq!((ring, other), (0, 0));
        let expected = if quiet { 0..=0 } else { 2..=4 };
        assert!(expected.contains(&message), "{message} tenths");
    }
}

/// M-139, K-183: a file of the user's rings; one that is not there is the usual tone, and the log says so.
#[test]
fn m_139_a_file_rings_or_else_the_usual_tone() {
    for (name, file, expected) in [
        ("ring-file", "ring.wav", [false, true]),
        ("ring-no-file", "gone.wav", [true, false]),
    ] {
        let tones = format!("[account]\nringtone = 'wav(\"{file}\")'\n");
        let Some(rig) = Rig::new(name, &["sipp"]) else {
            return;
        };
        // The user's data folder is below the engine's home.
        let sounds = rig.folder().join("engine/.local/share/offhook/sounds");
        std::fs::create_dir_all(&sounds).unwrap();
        let step = std::f64::consts::TAU * 1_400.0 / 8_000.0;
        let samples = (0..4_000).map(|n| (8_000.0 * (step * f64::from(n)).sin()) as i16);
        let wav = Wav {
            rate_hz: 8_000,
            samples: samples.collect(),
        };
        wav::write(&sounds.join("ring.wav"), &wav).unwrap();
        let mut phone = Ringing::on(rig, &tones).unwrap();
        let gives_up = [value("ring_ms", "1500")];
        phone
            .is_called(&script("caller-cancels", &gives_up), None)
            .unwrap();
        phone.wait("tone.stopped").unwrap();
        let log = offhook_interop::Engine::log(&phone.engine);
        assert_eq!(log.contains("wav 'gone.wav' is not valid"), expected[0]);
        let [usual, own, _] = phone.heard([440.0, 1_400.0, 1_900.0]).unwrap();
        assert_eq!([usual >= 4, own >= 4], expected, "{usual} and {own} tenths");
    }
}
