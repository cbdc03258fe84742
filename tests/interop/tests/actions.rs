//! Dial actions: what is done with a number, by a rule or by a person.

use control::command::{Dial, DialAction};
use control::{CallHandle, Command, Reply};
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::phone::devices;
use offhook_interop::sound::Sound;
use offhook_interop::{Client, Phone, Rig};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);

fn dial(client: &mut Client, to: &str, action: Option<DialAction>) -> anyhow::Result<CallHandle> {
    let dial = Dial {
        to: to.to_owned(),
        account: None,
        ring_for_s: None,
        headers: BTreeMap::new(),
        action,
    };
    let Reply::Call { call } = client.ask(Command::Dial(dial))? else {
        anyhow::bail!("{to} is no call");
    };
    Ok(call.call)
}

/// A phone of ours whose every request goes to `phone`, with these lines in its account.
fn engine(rig: &Rig, phone: &Phone, lines: &str) -> anyhow::Result<Daemon> {
    let Phone::Baresip(baresip) = phone else {
        anyhow::bail!("it is baresip");
    };
    let quiet = Sound::chirp(rig, "quiet", 100)?;
    let devices = devices(&quiet.file, &rig.file("loudspeaker.wav"));
    let settings = format!(
        "{devices}[account]\noutbound_proxy = \"{}\"\n{lines}",
        baresip.address
    );
    let wish = Wish {
        answer: Answer::Ring,
        settings: &settings,
        ..Wish::default()
    };
    Daemon::start(rig, "engine", &wish)
}

/// Calls `to` by way of baresip, which is the access number, and waits for `keys`, which have none twice.
fn through(
    client: &mut Client,
    phone: &mut Phone,
    (to, action): (&str, Option<DialAction>),
    keys: &str,
) -> anyhow::Result<()> {
    let call = dial(client, to, action)?;
    client.wait_answered(call, PATIENCE)?;
    let answered = Instant::now();
    let called = client.look(call)?.to.uri;
    anyhow::ensure!(called.starts_with("sip:102@"), "{called}");
    let mut paused = None;
    for key in keys.chars() {
        phone.wait_key(key)?;
        paused.get_or_insert_with(|| answered.elapsed());
    }
    // The key itself takes a moment, and so does whoever waits for it.
    let (least, most) = (Duration::from_millis(1_900), Duration::from_secs(6));
    let paused = paused.unwrap_or_default();
    anyhow::ensure!((least..most).contains(&paused), "paused for {paused:?}");
    client.hang_up(call)?;
    client.wait_ended(call, PATIENCE).map(drop)
}

/// K-135, K-168, K-169, K-218, K-225: the access number is called, and after a pause of 2 s the number is keyed in
/// without its marks: for a number that a rule names, and for one that the person wants to call so.
#[test]
fn m_210_k_135_call_through_reaches_baresip_by_rule_and_by_person() {
    let Some(rig) = Rig::new("actions-through", &["baresip"]) else {
        return;
    };
    let quiet = Sound::chirp(&rig, "their-quiet", 100).unwrap();
    let quiet = quiet.between(200, 20_000).unwrap();
    let mut phone = Phone::start(&rig, "baresip", "PCMU", &quiet.file, true).unwrap();
    let lines = "cth_enabled = true\ncth_dial_string = \"102,%targetNumber%#\"\n\
                 rewriting = [\"startsWith 9 => overrideDialAction callThrough\"]\n";
    let engine = engine(&rig, &phone, lines).unwrap();
    let mut client = engine.client().unwrap();
    let person = ("(1) 47", Some(DialAction::CallThrough));
    through(&mut client, &mut phone, person, "147#").unwrap();
    through(&mut client, &mut phone, ("9-8", None), "98").unwrap();
    let (said, exit) = engine.told(&["rules", "test", "98"]).unwrap();
    assert_eq!(exit, 0);
    for words in ["a call to 102", "dial action callThrough"] {
        assert!(said.contains(words), "no {words:?} in\n{said}");
    }
}

/// K-136, K-216 to K-221: what cannot be done is told with its reason, and nobody is called; a voice call is a call.
#[test]
fn m_210_k_136_actions_that_cannot_be_done_say_why() {
    let Some(rig) = Rig::new("actions-refused", &["baresip"]) else {
        return;
    };
    let quiet = Sound::chirp(&rig, "their-quiet", 100).unwrap();
    let quiet = quiet.between(200, 20_000).unwrap();
    let phone = Phone::start(&rig, "baresip", "PCMU", &quiet.file, true).unwrap();
    let lines = "rewriting = [\"equals 5 => overrideDialAction openUrl\"]\n";
    let engine = engine(&rig, &phone, lines).unwrap();
    for (number, action, words) in [
        ("102", "videoCall", "this phone has no video"),
        (
            "102",
            "callThrough",
            "call-through is not enabled for this account",
        ),
        (
            "102",
            "webCallback",
            "web callback is not enabled for this account",
        ),
        ("102", "gsmCall", "this host cannot place cellular calls"),
        (
            "5",
            "autoCall",
            "dial action openUrl: no address configured",
        ),
        ("102", "fly", "autoCall, voiceCall, videoCall, callThrough"),
    ] {
        let (said, exit) = engine.told(&["call", number, "--action", action]).unwrap();
        assert!(exit != 0 && said.contains(words), "{action}: {exit} {said}");
    }
    let mut client = engine.client().unwrap();
    let call = dial(&mut client, "102", Some(DialAction::VoiceCall)).unwrap();
    client.wait_answered(call, PATIENCE).unwrap();
    client.hang_up(call).unwrap();
    client.wait_ended(call, PATIENCE).unwrap();
}
