//! Tones that tell the person how calls stand, heard on the loudspeaker and nowhere else.
#![allow(clippy::unwrap_used)]

use audio::call_tone::CallTones;
use audio::measure::{dbov, line};
use audio::{Block, CallTone, Rate};
use base::Duration;
use control::EventBody;
use offhook_sim::{Peer, Phone, Settings, World};
use ports::media::Sound;

const RATE: Rate = Rate::Hz16000;

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn tone(text: &str) -> Option<CallTone> {
    Some(text.parse().unwrap())
}

/// The tones of the documents.
fn tones() -> CallTones {
    CallTones {
        trying: tone("periodic(sine(50ms,500,440Hz),silence(40ms))"),
        ringing: tone("periodic(sine(2000ms,2500,440Hz),silence(4000ms))"),
        end_call: tone(
            "periodic(sine(300ms,1000,400Hz),silence(400ms),sine(300ms,1000,400Hz),silence(400ms),\
             sine(300ms,1000,400Hz),silence(700000ms))",
        ),
        busy: tone("periodic(sine(500ms,2000,400Hz),silence(500ms))"),
        failed: tone("periodic(sine(250ms,2000,400Hz),silence(250ms))"),
        waiting: tone("periodic(silence(1000ms),sine(300ms,7500,440Hz),silence(9000ms))"),
        ringtone: None,
        message: None,
    }
}

fn with_tones(name: &str) -> Settings {
    let mut settings = Settings::new(name);
    settings.tones.all = tones();
    settings.tones.keypad = true;
    settings
}

/// The first `ms` of a tone.
fn render(tone: Option<&CallTone>, ms: usize) -> Vec<i16> {
    let mut player = tone.unwrap().player(RATE);
    let mut out = Block::silence(RATE);
    let blocks = (0..ms / 10).flat_map(|_| {
        player.next(&mut out);
        out.samples().to_vec()
    });
    blocks.collect()
}

/// Tones that were told, in order: begun with `+`, ended with `-`.
fn told(phone: &Phone) -> Vec<String> {
    let events = phone.events().into_iter();
    let words = events.filter_map(|event| {
        if let EventBody::ToneStarted(change) = &event.body {
            return Some(format!("+{}", change.tone));
        }
        let EventBody::ToneStopped(change) = &event.body else {
            return None;
        };
        Some(format!("-{}", change.tone))
    });
    words.collect()
}

/// `heard` is `wanted` but for a tick at its beginning and its end.
fn is_like(what: &str, heard: &[i16], wanted: &[i16]) {
    let tick = 10 * RATE.per_ms();
    assert!(
        heard.len().abs_diff(wanted.len()) <= 3 * tick,
        "{what}: {} instead of {} samples",
        heard.len(),
        wanted.len()
    );
    let apart = |shift: usize| {
        let pairs = heard.iter().zip(&wanted[shift * tick..]);
        let all = heard.len().min(wanted.len()) - shift * tick;
        // The end of the tone before fades into its beginning.
        let kept = pairs.take(all - 2 * tick).skip(2 * tick);
        kept.map(|(&a, &b)| a.abs_diff(b)).max().unwrap()
    };
    let least = (0..=2).map(apart).min().unwrap();
    assert!(least <= 2, "{what}: {least} apart");
}

/// A world with a phone and a peer that answers an INVITE by `plan`.
fn calling(
    seed: u64,
    plan: impl Fn(&mut offhook_sim::Script, &sip_message::Request) + 'static,
) -> (World, Phone, Peer) {
    let mut world = World::new(seed);
    let alice = world.phone(&with_tones("alice"));
    let peer = Peer::new(&mut world, "bob");
    peer.on("INVITE", plan);
    alice.dial(&peer.uri());
    (world, alice, peer)
}

/// K-189, K-190, K-192: what is heard is what the settings say, one tone after the other.
#[test]
fn k_190_trying_then_ringing_then_busy_sound_as_written() {
    let (world, alice, _peer) = calling(1, |bob, invite| {
        let invite = invite.clone();
        bob.later(ms(2_000), move |bob| {
            bob.ring(&invite);
            bob.later(ms(7_000), move |bob| bob.reply(&invite, 486, |r| r));
        });
    });
    let wait = |name: &str| assert!(world.run_while_not(ms(20_000), || alice.count(name) == 1));
    wait("call.ringing");
    world.run_for(ms(10));
    let want = tones();
    is_like(
        "trying",
        &alice.take_heard(),
        &render(want.trying.as_ref(), 2_000),
    );
    wait("call.ended");
    let heard = alice.take_heard();
    is_like("ringing", &heard, &render(want.ringing.as_ref(), 7_000));
    world.run_for(ms(40_000));
    let heard = alice.take_heard();
    is_like("busy", &heard, &render(want.busy.as_ref(), 8_000));
    let words = [
        "+trying", "-trying", "+ringing", "-ringing", "+busy", "-busy",
    ];
    assert_eq!(told(&alice), words);
    assert!(world.unfinished().is_empty());
}

/// M-054: state, tone and reason of each answer.
#[test]
fn m_054_each_refusal_has_its_tone() {
    for (status, wanted) in [
        (403, "failed"),
        (404, "failed"),
        (480, "failed"),
        (486, "busy"),
        (487, "failed"),
        (503, "failed"),
        (600, "busy"),
        (603, "busy"),
    ] {
        let (world, alice, _peer) = calling(u64::from(status), move |bob, invite| {
            bob.reply(invite, status, |r| r);
        });
        assert!(world.run_while_not(ms(40_000), || alice.count("call.ended") == 1));
        let ended = alice.events().into_iter().find_map(|event| {
            let EventBody::CallEnded(told) = event.body else {
                return None;
            };
            told.sip_status
        });
        assert_eq!(ended, Some(status));
        alice.take_heard();
        world.run_for(ms(4_000));
        let heard = alice.take_heard();
        let told = told(&alice);
        assert_eq!(
            told.last().unwrap(),
            &format!("+{wanted}"),
            "{status}: {told:?}"
        );
        assert!(line(&heard[..16_000], RATE, 400.0) > 800.0, "{status}");
        let loud = heard
            .chunks(160)
            .filter(|block| dbov(block) > -40.0)
            .count();
        assert!(
            (180..=230).contains(&loud),
            "{status}: half of 4 s, not {loud} blocks"
        );
        world.run_for(ms(10_000));
        assert!(
            alice.take_heard().len() < 16_000 * 6,
            "{status}: it ends by itself"
        );
    }
}

/// K-191: the far end hangs up: three beeps. Whoever hangs up here hears nothing.
#[test]
fn k_191_the_end_of_a_call_is_told_to_who_did_not_end_it() {
    let mut world = World::new(3);
    let alice = world.phone(&with_tones("alice"));
    let bob = world.phone(&with_tones("bob"));
    let call = alice.dial(&bob.uri());
    assert!(world.run_while_not(ms(2_000), || bob.ringing().is_some()));
    bob.accept(bob.ringing().unwrap());
    assert!(world.run_while_not(ms(2_000), || alice.count("call.answered") == 1));
    world.run_for(ms(500));
    alice.take_heard();
    bob.take_heard();
    alice.hang_up(call);
    world.run_for(ms(4_000));
    let heard = bob.take_heard();
    let beeps = [(0, 300), (700, 1_000), (1_400, 1_700)];
    let begin = heard.iter().position(|&s| s.abs() > 50).unwrap();
    for (from, to) in beeps {
        let beep = &heard[begin + from * 16..begin + to * 16 - 320];
        let strength = line(beep, RATE, 400.0);
        assert!(
            (950.0..1_050.0).contains(&strength),
            "{from} ms: {strength}"
        );
    }
    assert!(dbov(&heard[begin + 1_750 * 16..]) < -90.0);
    assert_eq!(told(&bob).last().unwrap(), "+end");
    assert!(dbov(&alice.take_heard()) < -90.0);
    assert!(!told(&alice).contains(&"+end".to_owned()));
}

/// K-193, M-056: another call waits, which is heard in the call that is up, by this side alone.
#[test]
fn m_056_a_waiting_call_is_heard_by_the_person_alone() {
    let mut world = World::new(4);
    let alice = world.phone(&with_tones("alice"));
    let bob = world.phone(&Settings::new("bob").answers_after(ms(0), Sound::Person));
    let carol = world.phone(&Settings::new("carol"));
    alice.dial(&bob.uri());
    assert!(world.run_while_not(ms(2_000), || alice.count("call.answered") == 1));
    world.run_for(ms(1_000));
    alice.take_heard();
    bob.take_heard();
    let waits = carol.dial(&alice.uri());
    assert!(world.run_while_not(ms(2_000), || told(&alice).last().unwrap() == "+waiting"));
    alice.take_heard();
    world.run_for(ms(3_000));
    let heard = alice.take_heard();
    let strength = line(&heard[16 * 1_050..16 * 1_250], RATE, 440.0);
    assert!((7_000.0..8_000.0).contains(&strength), "{strength}");
    assert!(dbov(&heard[..16 * 950]) < -90.0);
    assert!(dbov(&bob.take_heard()) < -90.0, "the far end hears no tone");
    carol.hang_up(waits);
    assert!(world.run_while_not(ms(2_000), || told(&alice).last().unwrap() == "-waiting"));
    world.run_for(ms(1_000));
    assert_eq!(alice.calls().len(), 1);
}

/// M-046: keys sound here and go out as telephone-events, not as sound; switched off, they do not sound.
#[test]
fn m_046_keys_are_heard_here_and_the_voice_that_is_sent_is_the_same() {
    for on in [true, false] {
        let mut world = World::new(5);
        let mut settings = with_tones("alice");
        settings.tones.keypad = on;
        let alice = world.phone(&settings);
        let bob = world.phone(&Settings::new("bob").answers_after(ms(0), Sound::Person));
        let call = alice.dial(&bob.uri());
        assert!(world.run_while_not(ms(2_000), || alice.count("call.answered") == 1));
        world.run_for(ms(1_000));
        alice.take_heard();
        bob.take_heard();
        alice.press(call, "1#");
        world.run_for(ms(3_000));
        let heard = alice.take_heard();
        assert!(dbov(&bob.take_heard()) < -90.0, "no tone goes out");
        assert_eq!(bob.count("call.dtmf"), 2);
        if !on {
            assert!(dbov(&heard) < -90.0);
            continue;
        }
        let begin = heard.iter().position(|&s| s.abs() > 50).unwrap();
        for (key, hertz) in [(0, [697.0, 1_209.0]), (150, [941.0, 1_477.0])] {
            let from = begin + key * 16;
            let sound = &heard[from..from + 90 * 16];
            assert!(
                hertz
                    .iter()
                    .all(|&hertz| line(sound, RATE, hertz) > 2_000.0)
            );
            assert!(line(sound, RATE, 770.0) < 400.0);
        }
        assert!(dbov(&heard[begin + 320 * 16..]) < -90.0);
    }
}
