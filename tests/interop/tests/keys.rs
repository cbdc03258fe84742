//! Keys by all three ways, each heard by a program that nobody here wrote, and each of theirs heard by us.

#![allow(clippy::unwrap_used)]

use audio::tone::{Pattern, Tone};
use audio::{Block, Rate};
use control::CallHandle;
use control::command::{Command, SendDtmf};
use control::event::{DtmfMethod, EventBody, Side};
use offhook_interop::engine::{Answer, Daemon, Engine, Wish};
use offhook_interop::phone::devices;
use offhook_interop::sipp::Wish as Script;
use offhook_interop::sound::{Sound, tone_dbov};
use offhook_interop::wav::{self, Wav};
use offhook_interop::{Client, Phone, Rig, Sipp};
use std::path::Path;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);

/// A phone of ours whose microphone hears next to nothing.
fn engine(rig: &Rig, codec: &str, settings: &str) -> anyhow::Result<Daemon> {
    let quiet = Sound::chirp(rig, "quiet", 100)?;
    let devices = devices(&quiet.file, &rig.file("loudspeaker.wav"));
    let wish = Wish {
        codec,
        answer: Answer::Ring,
        settings: &format!("{devices}{settings}"),
        ..Wish::default()
    };
    Daemon::start(rig, "engine", &wish)
}

fn press(client: &mut Client, call: CallHandle, keys: &str) -> anyhow::Result<()> {
    let send = SendDtmf {
        call: Some(call),
        digits: keys.parse()?,
        duration_ms: Some(120),
    };
    client.ask(Command::SendDtmf(send))?;
    told(client, keys, Side::Local).map(drop)
}

/// Waits until each of `keys`, which has none twice, is told; by which ways, and that there were no others.
fn told(client: &mut Client, keys: &str, side: Side) -> anyhow::Result<Vec<DtmfMethod>> {
    let told = |event: &EventBody| {
        let EventBody::CallDtmf(dtmf) = event else {
            return None;
        };
        (dtmf.direction == side).then_some((dtmf.digit, dtmf.method))
    };
    for key in keys.chars() {
        client.wait("call.dtmf", PATIENCE, |event| {
            told(&event.body).filter(|(digit, _)| *digit == key)
        })?;
    }
    let all: Vec<_> = client
        .events()
        .iter()
        .filter_map(|event| told(&event.body))
        .collect();
    let digits: String = all.iter().map(|(digit, _)| digit).collect();
    anyhow::ensure!(digits == keys, "{digits} instead of {keys}");
    Ok(all.into_iter().map(|(_, method)| method).collect())
}

/// Each side sends keys as telephone-events and hears those of the other.
fn events(program: &str) -> anyhow::Result<()> {
    let Some(rig) = Rig::new(&format!("keys-rfc4733-{program}"), &[program]) else {
        return Ok(());
    };
    let talk = Sound::chirp(&rig, "talk", 100)?.between(200, 15_000)?;
    let mut phone = Phone::start(&rig, program, "PCMU", &talk.file, true)?;
    let engine = engine(&rig, "PCMU", "")?;
    let mut client = engine.client()?;
    let call = client.dial(&phone.uri())?;
    client.wait_answered(call, PATIENCE)?;
    press(&mut client, call, "159#")?;
    for key in "159#".chars() {
        phone.wait_key(key)?;
    }
    for key in ["4", "2", "*"] {
        phone.press(key)?;
        std::thread::sleep(Duration::from_millis(500));
    }
    let ways = told(&mut client, "42*", Side::Remote)?;
    assert_eq!(ways, [DtmfMethod::Rtp; 3]);
    client.hang_up(call)?;
    phone.wait_end()
}

/// M-058
#[test]
fn m_058_keys_as_telephone_events_with_baresip() {
    events("baresip").unwrap();
}

/// M-058
#[test]
fn m_058_keys_as_telephone_events_with_linphone() {
    events("linphonec").unwrap();
}

/// Digits behind a number, pressed once it is answered, after two pauses of 2 s each.
fn behind_a_number() -> anyhow::Result<()> {
    let Some(rig) = Rig::new("keys-behind-number", &["baresip"]) else {
        return Ok(());
    };
    let quiet = Sound::chirp(&rig, "their-quiet", 100)?.between(200, 20_000)?;
    let mut phone = Phone::start(&rig, "baresip", "PCMU", &quiet.file, true)?;
    let Phone::Baresip(baresip) = &phone else {
        anyhow::bail!("it is baresip");
    };
    let proxy = format!("[account]\noutbound_proxy = \"{}\"\n", baresip.address);
    let engine = engine(&rig, "PCMU", &proxy)?;
    let mut client = engine.client()?;
    let call = client.dial("102,,1234#")?;
    client.wait_answered(call, PATIENCE)?;
    let answered = Instant::now();
    phone.wait_key('1')?;
    let paused = answered.elapsed();
    for key in "234#".chars() {
        phone.wait_key(key)?;
    }
    // The key itself takes a moment, and so does whoever waits for it.
    let (least, most) = (Duration::from_millis(3_900), Duration::from_secs(8));
    anyhow::ensure!((least..most).contains(&paused), "paused for {paused:?}");
    let to = client.look(call)?.to.uri;
    anyhow::ensure!(to.starts_with("sip:102@"), "{to}");
    let ways = told(&mut client, "1234#", Side::Local)?;
    anyhow::ensure!(ways == [DtmfMethod::Rtp; 5], "{ways:?}");
    client.hang_up(call)?;
    phone.wait_end()
}

/// M-062
#[test]
fn m_062_digits_behind_a_number_reach_baresip_after_two_pauses() {
    behind_a_number().unwrap();
}

/// M-059: a peer that has no telephone-event gets INFO, and says that it heard it.
fn by_info(name: &str, body: &str, seen: [&str; 2]) -> anyhow::Result<()> {
    let Some(rig) = Rig::new(name, &["sipp"]) else {
        return Ok(());
    };
    let values = [
        ("body", body.into()),
        ("first", seen[0].into()),
        ("second", seen[1].into()),
    ];
    let script = Script {
        values: &values,
        ..Script::new("callee-hears-keys")
    };
    let mut callee = Sipp::start(&rig, "callee", &script)?;
    let engine = engine(&rig, "PCMU", &format!("[dtmf]\ninfo_body = \"{body}\"\n"))?;
    let mut client = engine.client()?;
    let call = client.dial(&format!("sip:102@{}", callee.address))?;
    client.wait_answered(call, PATIENCE)?;
    press(&mut client, call, "7*")?;
    // The second may be on its way.
    std::thread::sleep(Duration::from_millis(300));
    client.hang_up(call)?;
    callee.succeed(PATIENCE)?;
    assert_eq!(told(&mut client, "7*", Side::Local)?, [DtmfMethod::Info; 2]);
    Ok(())
}

/// M-059
#[test]
fn m_059_keys_by_info_to_a_peer_without_telephone_event() {
    let relay = ["Signal=7[[:space:]]+Duration=120", "Signal=\\*"];
    by_info("keys-info-relay", "dtmf-relay", relay).unwrap();
    by_info(
        "keys-info-plain",
        "dtmf",
        ["7[[:space:]]*$", "\\*[[:space:]]*$"],
    )
    .unwrap();
}

/// M-059
#[test]
fn m_059_keys_by_info_of_a_peer_are_heard_and_answered() {
    let Some(rig) = Rig::new("keys-info-heard", &["sipp"]) else {
        return;
    };
    let engine = engine(&rig, "PCMU", "").unwrap();
    let mut client = engine.client().unwrap();
    let script = Script::new("caller-sends-keys").calls("101", engine.address());
    let mut caller = Sipp::start(&rig, "caller", &script).unwrap();
    client.accept(PATIENCE).unwrap();
    let ways = told(&mut client, "5#", Side::Remote).unwrap();
    assert_eq!(ways, [DtmfMethod::Info; 2]);
    caller.succeed(PATIENCE).unwrap();
}

/// Keys as tones in a file, 120 ms each and 120 ms apart, after a second and a half of silence.
fn tones(file: &Path, keys: &str) -> anyhow::Result<()> {
    let mut samples = vec![0; 12_000];
    let mut block = Block::silence(Rate::Hz8000);
    for key in keys.chars() {
        let pattern = Pattern::digit(key, 120, 120).unwrap();
        let mut tone = Tone::new(Rate::Hz8000, pattern);
        while !tone.is_over() {
            tone.next(&mut block);
            samples.extend_from_slice(block.samples());
        }
    }
    samples.extend([0; 64_000]);
    let rate_hz = 8_000;
    wav::write(file, &Wav { rate_hz, samples })
}

/// The keys in a recording, by the two strongest of the eight frequencies in each 20 ms (ITU-T Q.23); a key is
/// heard that shows in four in a row.
fn keys_in(recording: &Path) -> anyhow::Result<String> {
    const ROWS: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
    const COLUMNS: [f64; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
    let wav = wav::read(recording)?;
    let strongest = |piece: &[i16], tones: [f64; 4]| {
        let levels = tones.map(|hertz| tone_dbov(piece, wav.rate_hz, hertz));
        let best = (0..4).max_by(|&a, &b| levels[a].total_cmp(&levels[b]));
        best.filter(|&best| levels[best] > -30.0)
    };
    let key = |piece: &[i16]| {
        let at = 4 * strongest(piece, ROWS)? + strongest(piece, COLUMNS)?;
        "123A456B789C*0#D".chars().nth(at)
    };
    let pieces = wav.samples.chunks_exact(wav.rate_hz as usize / 50);
    let pieces: Vec<Option<char>> = pieces.map(key).collect();
    let runs = pieces.chunk_by(|a, b| a == b);
    Ok(runs
        .filter(|run| run.len() >= 4)
        .filter_map(|run| run[0])
        .collect())
}

/// M-059: both sides send keys as tones at once.
#[test]
fn m_059_audio_keys_as_tones_with_baresip() {
    let Some(rig) = Rig::new("keys-inband", &["baresip"]) else {
        return;
    };
    let file = rig.file("tones.wav");
    tones(&file, "42*D").unwrap();
    let mut phone = Phone::start(&rig, "baresip", "PCMA", &file, true).unwrap();
    let settings = "[dtmf]\norder = [\"audio\"]\nlisten = \"always\"\n";
    let engine = engine(&rig, "PCMA", settings).unwrap();
    let mut client = engine.client().unwrap();
    let call = client.dial(&phone.uri()).unwrap();
    client.wait_answered(call, PATIENCE).unwrap();
    press(&mut client, call, "159#0").unwrap();
    let ways = told(&mut client, "42*D", Side::Remote).unwrap();
    assert_eq!(ways, [DtmfMethod::Inband; 4]);
    let ours = told(&mut client, "159#0", Side::Local).unwrap();
    assert_eq!(ours, [DtmfMethod::Inband; 5]);
    client.hang_up(call).unwrap();
    phone.wait_end().unwrap();
    assert_eq!(keys_in(&phone.heard().unwrap()).unwrap(), "159#0");
}
