//! What a person's face shows of a call and presses in it, as a face does: by HTTP and WebSocket, with SIPp at the other
//! end of the wire.

use anyhow::{Context as _, Result, ensure};
use offhook_interop::phone::devices;
use offhook_interop::publisher::{self, CALLS};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::sound::tone_dbov;
use offhook_interop::voice::{HEARD, Voice};
use offhook_interop::wav::{self, Wav};
use offhook_interop::web::{PYTHON, WEBSOCKETS, WebPhone, WebSocket, text, until};
use offhook_interop::{Kamailio, Publisher, Rig, Sipp, kamailio};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
/// What is said at our microphone. Unit: Hz.
const OURS: f64 = 610.0;

/// A face: what it asks, and what it hears.
struct Face {
    phone: WebPhone,
    token: String,
    socket: WebSocket,
}

impl Face {
    fn open(rig: &Rig, settings: &str, events: &[&str]) -> Result<Self> {
        let phone = WebPhone::start(rig, settings)?;
        let token = phone.token(
            "face",
            &["--scope", "read", "--scope", "call", "--scope", "record"],
        )?;
        let mut socket = phone.socket(rig, "face")?;
        socket.hello(&token, events)?;
        socket.hear("welcome", |frame| frame["op"] == "welcome")?;
        Ok(Self {
            phone,
            token,
            socket,
        })
    }

    fn press(&self, method: &str, path: &str, body: Value) -> Result<Value> {
        let (status, said) = self.phone.ask(&self.token, method, path, Some(body))?;
        ensure!((200..300).contains(&status), "{path}: {status} {said}");
        Ok(said)
    }

    /// A call that is answered.
    fn calls(&self, callee: &Sipp) -> Result<String> {
        let to = format!("sip:102@{}", callee.address);
        let made = self.press("POST", "/v1/calls", json!({"to": to}))?;
        let call = text(&made["call"]["call"])?;
        self.socket.event("call.answered", &call)?;
        Ok(call)
    }

    /// A control of a call: what is pressed, and the event that follows it.
    fn control(&self, call: &str, (verb, body, event): (&str, Value, &str)) -> Result<Value> {
        self.press("POST", &format!("/v1/calls/{call}/{verb}"), body)?;
        self.socket.event(event, call)
    }
}

fn rig(name: &str, more: &[&str]) -> Option<Rig> {
    Rig::new(
        name,
        &[&["sipp", "curl", PYTHON, WEBSOCKETS], more].concat(),
    )
}

/// SIPp says whether each came over the wire, and in this order.
fn seen_on_the_wire(rig: &Rig) -> Result<()> {
    let face = Face::open(rig, "", &["call.*"])?;
    let target = "sip:900@127.0.0.1";
    let values = [("target", target.to_owned())];
    let script = Script {
        values: &values,
        ..Script::new("callee-of-controls")
    };
    let mut callee = Sipp::start(rig, "callee", &script)?;
    let call = face.calls(&callee)?;
    face.control(&call, ("hold", json!({}), "call.hold"))?;
    face.control(&call, ("resume", json!({}), "call.resumed"))?;
    let key = face.control(&call, ("dtmf", json!({"digits": "7"}), "call.dtmf"))?;
    ensure!(key["data"]["direction"] == "local", "{key}");
    let done = ("transfer", json!({"to": target}), "call.transfer.done");
    face.control(&call, done)?;
    face.socket.event("call.ended", &call)?;
    callee.succeed(PATIENCE)?;
    // Parking is the same at a slot, with a word that it is one.
    let slot = "sip:701@127.0.0.1";
    let values = [("target", slot.to_owned())];
    let script = Script {
        values: &values,
        ..Script::new("callee-sent-away")
    };
    let mut callee = Sipp::start(rig, "callee-parked", &script)?;
    let call = face.calls(&callee)?;
    let park = json!({"to": slot, "park": true});
    face.control(&call, ("transfer", park, "call.transfer.done"))?;
    callee.succeed(PATIENCE)?;
    Ok(())
}

/// M-057: hold, keypad, transfer and park, each with its event.
#[test]
fn m_057_what_is_pressed_in_a_call_is_on_the_wire() {
    let Some(rig) = rig("controls-wire", &[]) else {
        return;
    };
    seen_on_the_wire(&rig).unwrap();
}

/// A microphone that says one tone for a minute.
fn microphone(path: &Path) -> Result<()> {
    let step = core::f64::consts::TAU * OURS / 8_000.0;
    let samples = (0..8_000 * 60).map(|at| (6_000.0 * (step * f64::from(at)).sin()) as i16);
    let samples = samples.collect();
    let wav = Wav {
        rate_hz: 8_000,
        samples,
    };
    wav::write(path, &wav)
}

fn callee(rig: &Rig, (name, scenario): (&str, &str), voice: &Voice) -> Result<Sipp> {
    let values = [("media", voice.port.to_string())];
    let script = Script {
        values: &values,
        ..Script::new(scenario)
    };
    Sipp::start(rig, name, &script)
}

fn heard_in_the_sound(rig: &Rig) -> Result<()> {
    let (said, heard) = (rig.file("microphone.wav"), rig.file("loudspeaker.wav"));
    microphone(&said)?;
    let folder = rig.subfolder("recordings")?;
    let settings = format!(
        "{}[recording]\nplugin = \"recorder-wav\"\nfolder = \"{}\"\n",
        devices(&said, &heard),
        folder.display()
    );
    let face = Face::open(rig, &settings, &["call.*", "recording.*"])?;
    let (ann, bob) = (Voice::start(440.0)?, Voice::start(790.0)?);
    let mut callees = [
        callee(rig, ("ann", "callee-speaks-held"), &ann)?,
        callee(rig, ("bob", "callee-speaks"), &bob)?,
    ];
    let with_ann = face.calls(&callees[0])?;
    ann.wait_tone(OURS, true, PATIENCE)?;
    let mute = |on: bool| ("mute", json!({"on": on}), "call.mute");
    face.control(&with_ann, mute(true))?;
    ann.wait_tone(OURS, false, PATIENCE)?;
    face.control(&with_ann, mute(false))?;
    ann.wait_tone(OURS, true, PATIENCE)?;
    let record = ("record", json!({}), "recording.started");
    let started = face.control(&with_ann, record)?;
    let file = text(&started["data"]["path"])?;
    std::thread::sleep(Duration::from_secs(1));
    face.control(&with_ann, ("record/stop", json!({}), "recording.stopped"))?;
    for (channel, hertz) in [(0, OURS), (1, 440.0)] {
        let side = wav::read_channel(Path::new(&file), channel)?;
        let level = tone_dbov(&side.samples, side.rate_hz, hertz);
        ensure!(level > HEARD, "{hertz} Hz is recorded at {level:.0} dBov");
    }
    let with_bob = face.calls(&callees[1])?;
    let both = json!({"calls": [with_ann, with_bob]});
    face.press("POST", "/v1/commands/merge", both)?;
    for call in [&with_ann, &with_bob] {
        face.socket.event("call.merged", call)?;
    }
    ann.wait_for(PATIENCE, &bob)?;
    bob.wait_for(PATIENCE, &ann)?;
    for (call, callee) in [&with_ann, &with_bob].into_iter().zip(&mut callees) {
        face.press("DELETE", &format!("/v1/calls/{call}"), json!({}))?;
        face.socket.event("call.ended", call)?;
        callee.succeed(PATIENCE)?;
    }
    Ok(())
}

/// M-057: mute, record, merge and end, each with its event and with what the others hear.
#[test]
fn m_057_what_is_pressed_in_a_call_is_heard() {
    let Some(rig) = rig("controls-sound", &[]) else {
        return;
    };
    heard_in_the_sound(&rig).unwrap();
}

/// The state that the list of quick dial shows.
fn shown(face: &Face) -> Result<Value> {
    let said = face.press("POST", "/v1/commands/blf.list", json!({}))?;
    let lamps = said["lamps"].as_array().context("lamps")?;
    ensure!(lamps.len() == 1, "{said}");
    Ok(lamps[0]["state"].clone())
}

fn follows(rig: &Rig) -> Result<()> {
    let watched = kamailio::Wish {
        watched_s: Some(60),
        ..kamailio::Wish::default()
    };
    let proxy = Kamailio::start(rig, "proxy", &watched)?;
    let mut says = Publisher::new(proxy.address, kamailio::REALM)?;
    let settings = format!(
        "[accounts.watch]\nuser = \"101\"\ndomain = \"{}\"\npassword = \"secret-101\"\nregistrar = \"{}\"\nblf = [\"102\"]\n",
        kamailio::REALM,
        proxy.address
    );
    says.say("102", CALLS, &publisher::calls("102", 0, None))?;
    let face = Face::open(rig, &settings, &["blf.*"])?;
    until("the list shows the first state", || {
        (shown(&face).ok()? == "idle").then_some(())
    })?;
    for (version, said, state) in [(1, "early", "ringing"), (2, "confirmed", "busy")] {
        let calls = publisher::calls("102", version, Some((said, "103")));
        says.say("102", CALLS, &calls)?;
        face.socket.hear("blf.changed", |frame| {
            frame["type"] == "blf.changed" && frame["data"]["state"] == state
        })?;
        ensure!(shown(&face)? == state, "the list is behind: not {state}");
    }
    Ok(())
}

/// M-060: the list beside the keypad shows each entry as its server says it, in the list and by an event.
#[test]
fn m_060_quick_dial_shows_what_a_notify_says() {
    let Some(rig) = rig("controls-quick-dial", &["kamailio"]) else {
        return;
    };
    follows(&rig).unwrap();
}
