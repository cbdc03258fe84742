//! The PBX in one process with the test; SIPp, linphonec and a bare socket are the phones.

// A test says by a panic what is wrong.
#![allow(clippy::unwrap_used)]

mod phone;
mod running;
mod watchers;

use offhook_interop::sipp::{Sipp, Tally, Wish};
use offhook_interop::{Linphone, Rig, linphone, sound};
use phone::Phone;
use running::Running;
use sip::auth::digest::Algorithm;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

fn scenario(name: &str) -> String {
    format!("{}/tests/scenarios/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Runs one scenario of ours against `pbx`; it has to go as written.
fn sipp(
    rig: &Rig,
    pbx: &Running,
    (name, password): (&str, &str),
    to: &str,
    values: &[(&str, String)],
) -> Tally {
    let path = scenario(name);
    let wish = Wish {
        values,
        credentials: Some(("101", password)),
        ..Wish::new(&path)
    };
    let mut sipp = Sipp::start(rig, &format!("{name}-{to}"), &wish.calls(to, pbx.address)).unwrap();
    sipp.succeed(PATIENCE).unwrap()
}

/// M-001: the right password registers, with either algorithm and with the choice of both.
#[test]
fn m001_the_right_password_registers() {
    let Some(rig) = Rig::new("pbx-registers", &["sipp"]) else {
        return;
    };
    let both = [Algorithm::MD5, Algorithm::SHA_256];
    for algorithms in [&both[..1], &both[..]] {
        let pbx = Running::start(&rig, algorithms);
        let values = [("user", "101".to_owned())];
        let wish = Wish {
            values: &values,
            credentials: Some(("101", "secret")),
            ..Wish::new("register")
        };
        let mut sipp = Sipp::start(&rig, "phone", &wish.calls("101", pbx.address)).unwrap();
        let there = format!("<sip:101@{};transport=UDP>", sipp.address);
        sipp.succeed(PATIENCE).unwrap();
        assert_eq!(pbx.contacts("101"), [there], "{algorithms:?}");
    }
    for algorithms in [&both[..1], &both[1..], &both[..]] {
        let pbx = Running::start(&rig, algorithms);
        let mut phone = Phone::new(pbx.address, "secret");
        assert_eq!(phone.register(60), 200, "{algorithms:?}");
        assert_eq!(pbx.contacts("101").len(), 1);
    }
}

/// M-001: a wrong password is challenged, and a phone that does not stop is told to.
#[test]
fn m001_the_wrong_password_does_not() {
    let Some(rig) = Rig::new("pbx-refuses", &["sipp"]) else {
        return;
    };
    let pbx = Running::start(&rig, &[Algorithm::MD5]);
    sipp(&rig, &pbx, ("register-refused", "wrong"), "101", &[]);
    assert!(pbx.contacts("101").is_empty());

    let pbx = Running::start(&rig, &[Algorithm::SHA_256]);
    assert_eq!(Phone::new(pbx.address, "wrong").register(60), 401);
    assert!(pbx.contacts("101").is_empty());
}

#[test]
fn bindings_come_and_go_and_options_needs_no_password() {
    let Some(rig) = Rig::new("pbx-comes-and-goes", &["sipp"]) else {
        return;
    };
    let pbx = Running::start(&rig, &[Algorithm::MD5]);
    sipp(
        &rig,
        &pbx,
        ("register-comes-and-goes", "secret"),
        "101",
        &[],
    );
    assert!(pbx.contacts("101").is_empty());
    sipp(&rig, &pbx, ("options", "secret"), "600", &[]);
}

#[test]
fn numbers_refuse_as_they_say() {
    let Some(rig) = Rig::new("pbx-numbers", &["sipp"]) else {
        return;
    };
    let pbx = Running::start(&rig, &[Algorithm::MD5]);
    for (number, code, header) in [
        ("104", "486", "To:"),
        ("105", "404", "To:"),
        ("106", "503", "Retry-After: 5"),
        ("555", "404", "To:"),
    ] {
        let values = [("code", code.to_owned()), ("header", header.to_owned())];
        sipp(&rig, &pbx, ("caller-refused", "secret"), number, &values);
    }
}

#[test]
fn who_is_registered_calls_without_a_challenge_and_609_hangs_up() {
    let Some(rig) = Rig::new("pbx-609", &["sipp"]) else {
        return;
    };
    let pbx = Running::start(&rig, &[Algorithm::MD5]);
    sipp(
        &rig,
        &pbx,
        ("caller-registered-is-left", "secret"),
        "609",
        &[],
    );
}

#[test]
fn audio_timing_sound_comes_back_from_600_a_tone_from_601_and_nothing_from_604() {
    let Some(rig) = Rig::new("pbx-sound", &[]) else {
        return;
    };
    let pbx = Running::start(&rig, &[Algorithm::MD5, Algorithm::SHA_256]);
    let mut phone = Phone::new(pbx.address, "secret");
    let rate = audio::Rate::Hz8000;
    let said = audio::chirp::chirp(&mut rig.rng(), rate, 2_000);
    let echo = phone.call("600", &said);
    assert!(echo.sdp.contains("c=IN IP4 127.0.0.1"), "{}", echo.sdp);
    // In pieces: each shows by itself that sound came back whole.
    let found = said.chunks(4_000).filter(|piece| {
        let found = audio::correlate::find(piece, &echo.heard);
        found.is_some_and(|found| found.score > 0.95)
    });
    let found = found.count();
    assert_eq!(found, 4, "of 4 pieces that came back");
    assert!(echo.heard.len() > said.len(), "{}", echo.heard.len());

    let tone = phone.call("601", &said).heard;
    let cycles = tone.windows(2).filter(|w| w[0] < 0 && w[1] >= 0).count();
    let hertz = cycles * 8_000 / tone.len();
    assert!((995..1_010).contains(&hertz), "{hertz} Hz, not 1004");

    let silence = phone.call("604", &said);
    assert!(
        silence.sdp.contains("c=IN IP4 192.0.2.10"),
        "{}",
        silence.sdp
    );
    assert!(silence.sdp.contains("a=sendrecv") || !silence.sdp.contains("a="));
    assert!(silence.heard.is_empty());
}

#[test]
fn audio_timing_bob_speaks_on_102_and_over_a_bad_network_on_605() {
    let Some(rig) = Rig::new("pbx-bob", &[]) else {
        return;
    };
    let pbx = Running::start(&rig, &[Algorithm::MD5, Algorithm::SHA_256]);
    let mut phone = Phone::new(pbx.address, "secret");
    let silence = vec![0; 5 * 8_000];
    let began = std::time::Instant::now();
    let bob = phone.call("102", &silence);
    assert_eq!(bob.statuses, [407, 200]);
    assert!(
        began.elapsed() > Duration::from_secs(6),
        "he rings for a second"
    );
    let loud = bob.heard.iter().filter(|s| s.unsigned_abs() > 500).count();
    assert!(loud > bob.heard.len() / 10, "{loud} of {}", bob.heard.len());
    assert!(bob.numbers.windows(2).all(|w| w[1] == w[0].wrapping_add(1)));

    assert_eq!(phone.register(60), 200);
    let rough = phone.call("605", &silence);
    assert_eq!(
        rough.statuses,
        [200],
        "a registered phone is not asked again"
    );
    let came = rough.numbers.len();
    assert!(
        (225..=258).contains(&came),
        "{came} of about 265 packets came"
    );
    let overtakes = rough
        .numbers
        .windows(2)
        .filter(|w| w[1].wrapping_sub(w[0]) > 1_000)
        .count();
    assert!(overtakes > 20, "{overtakes}");
}

/// M-001: a phone that knows SHA-256 registers by it, over TCP, and hears itself at 600.
#[test]
fn audio_timing_m001_linphone_registers_by_sha_256_and_hears_itself() {
    let Some(rig) = Rig::new("pbx-linphone", &["linphonec"]) else {
        return;
    };
    let pbx = Running::start(&rig, &[Algorithm::SHA_256]);
    let said = sound::Sound::chirp(&rig, "said", 3_000).unwrap();
    let wish = linphone::Wish {
        user: "101",
        registrar: Some((pbx.address, "secret")),
        codecs: &["PCMU"],
        plays: &said.file,
        transport: "tcp",
        answers: false,
    };
    let mut linphone = Linphone::start(&rig, "linphone", &wish).unwrap();
    assert_eq!(pbx.contacts("101").len(), 1);
    let uri = format!("sip:600@{};transport=tcp", pbx.address);
    linphone.dial(&uri).unwrap();
    linphone.wait_call(1).unwrap();
    std::thread::sleep(Duration::from_millis(said.play_ms() + 1_000));
    linphone.hang_up().unwrap();
    linphone.wait_end(1).unwrap();
    let heard = said.heard_in(&linphone.heard()).unwrap();
    // How well it sounds is measured against other peers, with nothing beside; this chirp is nobody
    // else's, so that half of it at its place is proof enough that it came back.
    assert!(heard.score >= 0.6, "{}", heard.score);
    let debug = std::fs::read_to_string(rig.file("linphone/debug")).unwrap();
    assert!(debug.contains("algorithm=SHA-256, username"));
}

/// Music at 602; at 900 each of the three voices, found by its own file, and nobody else's.
#[test]
fn audio_timing_music_on_602_and_three_voices_on_900() {
    let Some(rig) = Rig::new("pbx-music", &[]) else {
        return;
    };
    let pbx = Running::start(&rig, &[Algorithm::MD5]);
    let mut phone = Phone::new(pbx.address, "secret");
    let silence = vec![0; 7 * 8_000];
    let is_in = |name: &str, heard: &[i16]| {
        let file = narrow(&rig.file(name));
        let found = audio::correlate::find(&file[4_000..16_000], heard);
        found.map_or(0.0, |found| found.score)
    };
    let heard = phone.call("602", &silence[..3 * 8_000]).heard;
    let score = is_in("sounds/music.wav", &heard);
    assert!(score > 0.9, "music, {score}");
    let heard = phone.call("900", &silence).heard;
    for voice in ["voice1", "voice2", "voice3"] {
        let score = is_in(&format!("sounds/{voice}.wav"), &heard);
        assert!(score > 0.35, "{voice}, {score}");
    }
    let nobody = is_in("sounds/bob.wav", &heard);
    assert!(nobody < 0.2, "{nobody}");
}

/// A file of 16 kHz at 8 kHz.
fn narrow(path: &std::path::Path) -> Vec<i16> {
    let file = hound::WavReader::open(path).unwrap();
    let samples: Vec<i16> = file.into_samples().map(Result::unwrap).collect();
    let (wide, narrow) = (audio::Rate::Hz16000, audio::Rate::Hz8000);
    let mut resampler = audio::Resampler::new(wide, narrow);
    let mut out = audio::Block::silence(narrow);
    let mut pcm = Vec::new();
    for block in samples.chunks_exact(wide.block_samples()) {
        resampler.process(&audio::Block::from_samples(wide, block), &mut out);
        pcm.extend_from_slice(out.samples());
    }
    pcm
}
