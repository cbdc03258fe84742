//! The phone rings: where, with which tone, when it stops, and when it is quiet.
#![allow(clippy::unwrap_used)]

use audio::measure::{dbov, line};
use audio::sound_file::Sound as Sounds;
use audio::{Block, CallTone, Rate};
use base::Duration;
use control::command::Quiet;
use control::message::SendMessage;
use control::{Command, EventBody, Reply};
use offhook_sim::{Peer, Phone, Settings, World};
use policy::Receiving;
use policy::ringtone::Ringtone;
use ports::media::Sound;

const RATE: Rate = Rate::Hz16000;
const OWN: &str = "periodic(sine(400ms,6000,440Hz),silence(600ms))";
const OTHER: &str = "periodic(sine(200ms,4000,900Hz),silence(300ms))";
const MESSAGE: &str = "sine(150ms,6000,1300Hz)";

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn tone(text: &str) -> CallTone {
    text.parse().unwrap()
}

/// Rings, apart or where calls are heard, with [`OWN`], and with [`OTHER`] for what `lines` name.
fn ringing(name: &str, apart: bool, lines: &[&str]) -> Settings {
    let mut settings = Settings::new(name);
    settings.rings_apart = apart;
    settings.allow_message = true;
    settings.tones.all.ringtone = Some(tone(OWN));
    settings.tones.all.message = Some(tone(MESSAGE));
    settings.tones.all.waiting = Some(tone("periodic(sine(300ms,7500,700Hz),silence(700ms))"));
    settings
        .tones
        .ringtones
        .insert(OTHER.to_owned(), tone(OTHER));
    settings.policy.receiving = Receiving {
        ringtones: lines.iter().map(|l| Ringtone::read(l).unwrap()).collect(),
        ..Receiving::default()
    };
    settings
}

/// The first `ms` of a tone.
fn render(tone: &str, ms: usize) -> Vec<i16> {
    let mut player = tone.parse::<CallTone>().unwrap().player(RATE);
    let mut out = Block::silence(RATE);
    let blocks = (0..ms / 10).flat_map(|_| {
        player.next(&mut out);
        out.samples().to_vec()
    });
    blocks.collect()
}

/// `heard`, from its first sound on, is what `tone` is, to the last bit but the limiter's.
fn is_tone(heard: &[i16], tone: &str) {
    let wanted = render(tone, 3_000);
    let first = |pcm: &[i16]| pcm.iter().position(|&s| s != 0).unwrap();
    let heard = &heard[first(heard)..];
    let wanted = &wanted[first(&wanted)..];
    let all = heard.len().min(wanted.len());
    assert!(all >= 16 * 1_500, "{} samples", heard.len());
    let apart = heard.iter().zip(wanted).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(apart.unwrap() <= 2, "{tone}: {apart:?} apart");
}

/// Tones that were told, in order: begun with `+`, ended with `-`, and where.
fn told(phone: &Phone) -> Vec<String> {
    let events = phone.events().into_iter();
    let words = events.filter_map(|event| {
        if let EventBody::ToneStarted(change) = &event.body {
            return Some(format!("+{} {}", change.tone, change.place));
        }
        let EventBody::ToneStopped(change) = &event.body else {
            return None;
        };
        Some(format!("-{} {}", change.tone, change.place))
    });
    words.collect()
}

/// Calls `phone`, with this Alert-Info.
fn call(peer: &Peer, phone: &Phone, alert: &str) {
    let mut script = peer.script();
    let mut invite = script.invitation(&phone.uri());
    if !alert.is_empty() {
        invite = invite.header("Alert-Info", alert);
    }
    let invite = invite.body("application/sdp", script.sdp(1));
    let to = core::net::SocketAddr::new(phone.ip(), 5060);
    script.send(invite, to, |_, _| ());
}

fn quiet(phone: &Phone, on: bool) {
    let reply = phone.command(Command::Quiet(Quiet { on }));
    assert!(matches!(reply, Ok(Reply::Taken)), "{reply:?}");
}

/// M-055, M-139: it rings where it is to ring and nowhere else, as the settings write it, and stops at once: when the
/// caller gives up, when it is answered, when it is silenced.
#[test]
fn m_055_m_139_it_rings_on_its_device_until_something_becomes_of_the_call() {
    for end in ["cancelled", "answered", "declined", "silenced"] {
        let mut world = World::new(11);
        let alice = world.phone(&Settings::new("alice"));
        let bob = world.phone(&ringing("bob", true, &[]));
        let call = alice.dial(&bob.uri());
        assert!(world.run_while_not(ms(2_000), || bob.ringing().is_some()));
        world.run_for(ms(2_500));
        is_tone(&bob.take_rung(), OWN);
        assert!(
            bob.take_heard().iter().all(|&s| s == 0),
            "only where it rings"
        );
        let theirs = bob.ringing().unwrap();
        match end {
            "cancelled" => alice.hang_up(call),
            "answered" => bob.accept(theirs),
            "declined" => bob.decline(theirs, None),
            _ => bob.silence(theirs),
        }
        let over = || told(&bob) == ["+ringtone ring", "-ringtone ring"];
        assert!(
            world.run_while_not(ms(1_000), over),
            "{end}: {:?}",
            told(&bob)
        );
        bob.take_rung();
        world.run_for(ms(1_500));
        let after = bob.take_rung();
        // What was cut off fades within a tick.
        let rest = after.get(2 * 160..).unwrap_or_default();
        assert!(rest.iter().all(|&s| s == 0), "{end}: it rings on");
    }
}

/// M-055: without a device of its own it rings where calls are heard.
#[test]
fn m_055_without_a_ring_device_the_speaker_rings() {
    let mut world = World::new(12);
    let alice = world.phone(&Settings::new("alice"));
    let bob = world.phone(&ringing("bob", false, &[]));
    alice.dial(&bob.uri());
    assert!(world.run_while_not(ms(2_000), || bob.ringing().is_some()));
    world.run_for(ms(2_500));
    is_tone(&bob.take_heard(), OWN);
    assert!(bob.take_rung().is_empty());
}

/// M-139: by the number that calls, and by what the call asks for; whatever is not listed has the account's.
#[test]
fn m_139_the_ringtone_follows_the_caller_and_alert_info() {
    let by_caller = format!("600, carol => {OTHER}").replace("carol", "700");
    let by_alert = format!("alert:urn:alert:source:external, alert:Bellcore-dr3 => {OTHER}");
    let by_missing = "alert:Bellcore-dr3 => wav(\"gone.wav\")".to_owned();
    for (line, user, alert, wanted) in [
        (&by_caller, "600", "", OTHER),
        (&by_caller, "601", "", OWN),
        (&by_alert, "601", "<urn:alert:source:external>", OTHER),
        (&by_alert, "601", "<urn:alert:source:internal>", OWN),
        (
            &by_alert,
            "601",
            "<http://203.0.113.9/x.wav>;info=Bellcore-dr3",
            OTHER,
        ),
        (&by_alert, "601", "Bellcore-dr3", OTHER),
        (&by_missing, "601", "Bellcore-dr3", OWN),
    ] {
        let mut world = World::new(13);
        let bob = world.phone(&ringing("bob", true, &[line]));
        let peer = Peer::new(&mut world, user);
        call(&peer, &bob, alert);
        assert!(
            world.run_while_not(ms(2_000), || bob.ringing().is_some()),
            "{alert}"
        );
        world.run_for(ms(2_500));
        is_tone(&bob.take_rung(), wanted);
    }
}

/// M-136: quiet, the caller hears that it rings, the call is there, and nothing sounds; no longer quiet, it is heard.
#[test]
fn m_136_quiet_silences_and_refuses_nothing() {
    let mut world = World::new(14);
    let alice = world.phone(&Settings::new("alice"));
    let bob = world.phone(&ringing("bob", true, &[]));
    quiet(&bob, true);
    alice.dial(&bob.uri());
    assert!(world.run_while_not(ms(2_000), || alice.count("call.ringing") == 1));
    world.run_for(ms(3_000));
    assert!(bob.take_rung().iter().all(|&s| s == 0));
    assert_eq!(told(&bob), Vec::<String>::new());
    assert_eq!(bob.count("call.incoming"), 1);
    quiet(&bob, false);
    world.run_for(ms(2_500));
    is_tone(&bob.take_rung(), OWN);
    quiet(&bob, true);
    world.run_for(ms(1_000));
    let after = bob.take_rung();
    let rest = after.get(2 * 160..).unwrap_or_default();
    assert!(rest.iter().all(|&s| s == 0));
    assert_eq!(bob.count("quiet.changed"), 3);
    bob.accept(bob.ringing().unwrap());
    assert!(world.run_while_not(ms(2_000), || alice.count("call.answered") == 1));
}

/// M-131: a text message has its own sound, once; not when the phone is quiet.
#[test]
fn m_131_a_message_is_heard_once() {
    for is_quiet in [false, true] {
        let mut world = World::new(15);
        let mut settings = Settings::new("alice");
        settings.allow_message = true;
        let alice = world.phone(&settings);
        let bob = world.phone(&ringing("bob", true, &[]));
        quiet(&bob, is_quiet);
        let send = SendMessage {
            to: Some(bob.uri()),
            text: "Lunch?".to_owned(),
            account: None,
            call: None,
        };
        alice.command(Command::MessageSend(send)).unwrap();
        assert!(world.run_while_not(ms(2_000), || bob.count("message.received") == 1));
        world.run_for(ms(1_000));
        let heard = bob.take_rung();
        if is_quiet {
            assert!(heard.iter().all(|&s| s == 0));
            assert_eq!(told(&bob), Vec::<String>::new());
            continue;
        }
        let begin = heard.iter().position(|&s| s != 0).unwrap();
        let strength = line(&heard[begin..begin + 140 * 16], RATE, 1_300.0);
        assert!((5_500.0..6_200.0).contains(&strength), "{strength}");
        assert!(dbov(heard.get(begin + 170 * 16..).unwrap_or_default()) < -90.0);
        assert_eq!(told(&bob), ["+message ring", "-message ring"]);
    }
}

/// M-056: in a call nothing rings: the other call is heard as one that waits. Once the first is over, it rings.
#[test]
fn m_056_another_call_waits_and_rings_when_the_first_is_over() {
    let mut world = World::new(16);
    let alice = world.phone(&Settings::new("alice").answers_after(ms(0), Sound::Person));
    let carol = world.phone(&Settings::new("carol"));
    let bob = world.phone(&ringing("bob", true, &[]));
    let first = bob.dial(&alice.uri());
    assert!(world.run_while_not(ms(2_000), || bob.count("call.answered") == 1));
    carol.dial(&bob.uri());
    assert!(world.run_while_not(ms(2_000), || bob.ringing().is_some()));
    world.run_for(ms(2_000));
    assert!(bob.take_rung().iter().all(|&s| s == 0));
    assert_eq!(told(&bob), ["+waiting speaker"]);
    bob.hang_up(first);
    world.run_for(ms(2_500));
    is_tone(&bob.take_rung(), OWN);
}

/// M-139, K-183: what is heard where it rings is the file, again and again with a second between.
#[test]
fn m_139_a_file_rings_as_it_is() {
    let step = core::f64::consts::TAU * 523.0 / 16_000.0;
    let pcm: Vec<i16> = (1..=8_000)
        .map(|n| (9_000.0 * (step * f64::from(n)).sin()) as i16)
        .collect();
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut file = std::io::Cursor::new(Vec::new());
    let mut wav = hound::WavWriter::new(&mut file, spec).unwrap();
    pcm.iter().for_each(|&s| wav.write_sample(s).unwrap());
    wav.finalize().unwrap();
    let sound = Sounds::read(&file.into_inner()).unwrap();
    let mut settings = ringing("bob", true, &[]);
    let tone = tone("wav(\"ring.wav\")").with_files(|_| Ok::<_, ()>(sound.clone()));
    settings.tones.all.ringtone = Some(tone.unwrap().again(1_000));
    let mut world = World::new(17);
    let alice = world.phone(&Settings::new("alice"));
    let bob = world.phone(&settings);
    alice.dial(&bob.uri());
    assert!(world.run_while_not(ms(2_000), || bob.ringing().is_some()));
    world.run_for(ms(2_500));
    let heard = bob.take_rung();
    let begin = heard.iter().position(|&s| s != 0).unwrap();
    for from in [begin, begin + 16 * 1_500] {
        let part = &heard[from..from + pcm.len()];
        let apart = part.iter().zip(&pcm).map(|(a, b)| a.abs_diff(*b)).max();
        assert!(apart.unwrap() <= 2, "{apart:?}");
    }
    assert!(
        heard[begin + 8_000..begin + 16 * 1_500]
            .iter()
            .all(|&s| s == 0)
    );
}
