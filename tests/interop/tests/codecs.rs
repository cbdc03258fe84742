//! Codecs that plugins bring: what their options put on the wire, and calls with phones that have the same
//! codec from elsewhere.

#![allow(clippy::unwrap_used)]

use offhook_interop::engine::{Answer, Daemon, Engine, Wish};
use offhook_interop::phone::devices;
use offhook_interop::rig::binaries;
use offhook_interop::sipp::Wish as Script;
use offhook_interop::sound::{Heard, SPEECH, Sound, python};
use offhook_interop::{Baresip, Linphone, Rig, Sipp, baresip, linphone};
use std::path::PathBuf;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(15);

/// Our microphone plays from the engine's start on, so that the call has to come up first. Unit: ms.
const COMES_UP: usize = 2_000;

/// An offer under `settings` holds both lines, as regular expressions.
fn offers(name: &str, codec: &str, settings: &str, lines: [&str; 2]) -> anyhow::Result<()> {
    let Some(rig) = Rig::new(name, &["sipp"]) else {
        return Ok(());
    };
    let values = [("line", lines[0].into()), ("other", lines[1].into())];
    let script = Script {
        values: &values,
        ..Script::new("callee-wants-offer")
    };
    let mut callee = Sipp::start(&rig, "callee", &script)?;
    let wish = Wish {
        codec,
        answer: Answer::Ring,
        settings,
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish)?;
    let mut client = engine.client()?;
    let call = client.dial(&format!("sip:102@{}", callee.address))?;
    client.wait_ended(call, PATIENCE)?;
    callee.succeed(PATIENCE).map(drop)
}

/// K-035, K-043 (the cellular twins are the same options, set while the network is cellular): what class a
/// phone is set to stands in its offer.
#[test]
fn opus_says_its_class() {
    let rtpmap = "a=rtpmap:103 opus/48000/2";
    let tail = ";stereo=0;sprop-stereo=0;useinbandfec=1;usedtx=1";
    for (class, rate, bits) in [
        ("nb", 8_000, 15_500),
        ("wb", 16_000, 24_000),
        ("fb", 48_000, 64_000),
    ] {
        let fmtp = format!(
            "a=fmtp:103 maxplaybackrate={rate};sprop-maxcapturerate={rate};maxaveragebitrate={bits}{tail}"
        );
        let settings = format!("[codec.opus]\nclass = \"{class}\"\n");
        let name = format!("opus-class-{class}");
        offers(&name, "opus", &settings, [rtpmap, &fmtp]).unwrap();
    }
}

/// K-036, K-038 to K-041: an account's own options stand over those for all.
#[test]
fn opus_says_the_single_options_of_an_account() {
    let settings = "
        [codec.opus]
        class = \"nb\"
        [accounts.main.codec.opus]
        class = \"\"
        bandwidth = \"fb\"
        bitrate = -1
        fec = 1
        vbr = 0
        ";
    let fmtp = "a=fmtp:103 maxplaybackrate=48000;sprop-maxcapturerate=48000;maxaveragebitrate=510000;\
                stereo=0;sprop-stereo=0;useinbandfec=1;cbr=1";
    let lines = [fmtp, "a=rtpmap:103 opus/48000/2"];
    offers("opus-account", "opus", settings, lines).unwrap();
}

/// M-036: what we say of iLBC's mode, in an offer.
#[test]
fn m_036_ilbc_offers_its_mode() {
    let line = "a=rtpmap:[0-9]+ iLBC/8000";
    for mode in [20, 30] {
        let settings = format!("[codec.ilbc]\nmode = {mode}\n");
        let fmtp = format!("a=fmtp:[0-9]+ mode={mode}");
        let name = format!("ilbc-offers-{mode}");
        offers(&name, "iLBC", &settings, [line, &fmtp]).unwrap();
    }
}

/// M-036: in an answer the larger mode of both sides holds, and a side that says none means 30 (RFC 3952 §4.2).
#[test]
fn m_036_ilbc_answers_with_the_larger_mode() {
    for (theirs, ours, agreed) in [
        (":mode=20", 20, 20),
        (":mode=30", 20, 30),
        (":mode=20", 30, 30),
        ("", 20, 30),
    ] {
        let name = format!(
            "ilbc-answers-{}-{ours}",
            theirs.trim_start_matches(":mode=")
        );
        let Some(rig) = Rig::new(&name, &["sipp"]) else {
            return;
        };
        let settings = format!("[codec.ilbc]\nmode = {ours}\n");
        let wish = Wish {
            codec: "iLBC",
            answer: Answer::Silent,
            settings: &settings,
            ..Wish::default()
        };
        let engine = Daemon::start(&rig, "engine", &wish).unwrap();
        let values = [
            ("codec", format!("97:iLBC/8000{theirs}")),
            ("line", "m=audio [1-9][0-9]* RTP/AVP 97".into()),
            ("other", format!("a=fmtp:97 mode={agreed}")),
        ];
        let script = Script {
            values: &values,
            ..Script::new("caller-names-codec")
        };
        let script = script.calls("101", engine.address());
        let mut caller = Sipp::start(&rig, "caller", &script).unwrap();
        caller.succeed(PATIENCE).unwrap();
    }
}

/// What one of two people said, and where it was recorded.
struct Ear<'s> {
    name: &'static str,
    sound: &'s Sound,
    recording: PathBuf,
}

impl Ear<'_> {
    fn heard(&self) -> anyhow::Result<Heard> {
        Ok(self
            .sound
            .heard_in(&self.recording)?
            .realigned(self.sound, 500))
    }

    /// Laid against the recording once: the coder keeps a chirp's course and not its every wave, and
    /// another chirp is not taken for it.
    fn knows_the_chirp(&self, least: f64) -> anyhow::Result<()> {
        let heard = self.sound.heard_in(&self.recording)?;
        println!(
            "{} hear the chirp {:.3} {:+.1} dB",
            self.name, heard.score, heard.gain_db
        );
        anyhow::ensure!(
            heard.score >= least,
            "{} hear {:.3}",
            self.name,
            heard.score
        );
        Ok(())
    }

    fn understands(&self, rig: &Rig, least: f64) -> anyhow::Result<()> {
        let heard = self.heard()?;
        let stoi = heard.stoi(rig, self.name, self.sound)?;
        println!("{} hear STOI {stoi:.3} {:+.1} dB", self.name, heard.gain_db);
        anyhow::ensure!(stoi >= least, "{} hear STOI {stoi:.3}", self.name);
        anyhow::ensure!(
            heard.gain_db.abs() <= 2.5,
            "{} hear {:+.1} dB",
            self.name,
            heard.gain_db
        );
        Ok(())
    }
}

fn opus(
    name: &str,
    we_call: bool,
    ours: &Sound,
    theirs: &Sound,
    rig: &Rig,
) -> anyhow::Result<[PathBuf; 2]> {
    let wish = baresip::Wish {
        user: "102",
        registrar: None,
        codecs: "opus",
        plays: &theirs.file,
        transport: "udp",
        answers: we_call,
    };
    let mut phone = Baresip::start(rig, name, &wish)?;
    let recording = rig.file("heard.wav");
    let wish = Wish {
        codec: "opus",
        answer: Answer::Ring,
        settings: &devices(&ours.file, &recording),
        ..Wish::default()
    };
    let mut engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    let call = if we_call {
        let call = client.dial(&format!("sip:102@{}", phone.address))?;
        client.wait_answered(call, PATIENCE)?;
        call
    } else {
        phone.dial(&format!("sip:101@{}", engine.address()))?;
        client.accept(PATIENCE)?
    };
    std::thread::sleep(Duration::from_millis(ours.play_ms()));
    client.hang_up(call)?;
    phone.wait_end(1)?;
    engine.stop();
    Ok([phone.heard()?, recording])
}

/// M-034: a call each way with baresip; we say speech and hear a chirp, then the other way round.
#[test]
fn audio_timing_opus_with_baresip() {
    let needs = ["baresip", SPEECH, &python()];
    for we_call in [true, false] {
        let name = if we_call {
            "opus-we-call"
        } else {
            "opus-they-call"
        };
        let Some(rig) = Rig::new(name, &needs) else {
            return;
        };
        let speech = Sound::speech(&rig, "speech").unwrap();
        let chirp = Sound::chirp(&rig, "chirp", 2_000).unwrap();
        let (ours, theirs) = if we_call {
            (speech, chirp)
        } else {
            (chirp, speech)
        };
        let ours = ours.between(COMES_UP, 6_000).unwrap();
        // baresip hangs up when its file ends.
        let theirs = theirs.between(1_000, 9_000).unwrap();
        let [at_theirs, at_ours] = opus("baresip", we_call, &ours, &theirs, &rig).unwrap();
        let they = Ear {
            name: "they",
            sound: &ours,
            recording: at_theirs,
        };
        let we = Ear {
            name: "we",
            sound: &theirs,
            recording: at_ours,
        };
        let (speaks, sings) = if we_call { (they, we) } else { (we, they) };
        speaks.understands(&rig, 0.92).unwrap();
        sings.knows_the_chirp(0.6).unwrap();
    }
}

/// Where the library files of plugins are.
fn libraries() -> PathBuf {
    let folder = std::env::var_os("OFFHOOK_PLUGIN_DIR");
    folder.map_or_else(|| binaries().join("plugins"), PathBuf::from)
}

/// One call by G.729 in which we say `ours` to the end; what we heard.
fn g729(phone: &mut Linphone, we_call: bool, ours: &Sound, rig: &Rig) -> anyhow::Result<PathBuf> {
    let recording = rig.file("heard.wav");
    let settings = format!(
        "{}[plugins]\npath = [\"{}\"]\nallow = [\"codec-g729\"]\ntrust.codec-g729 = \"in-process\"\n",
        devices(&ours.file, &recording),
        libraries().display()
    );
    let wish = Wish {
        codec: "G729",
        answer: Answer::Ring,
        settings: &settings,
        ..Wish::default()
    };
    let mut engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    let call = if we_call {
        let call = client.dial(&format!("sip:102@{}", phone.address))?;
        client.wait_answered(call, PATIENCE)?;
        call
    } else {
        phone.dial(&format!("sip:101@{}", engine.address()))?;
        client.accept(PATIENCE)?
    };
    std::thread::sleep(Duration::from_millis(ours.play_ms()));
    client.hang_up(call)?;
    phone.wait_end(1)?;
    engine.stop();
    Ok(recording)
}

/// M-036: a call each way with linphonec, which has G.729 from the same library.
#[test]
fn audio_timing_speech_by_g729_with_linphone() {
    let library = libraries().join("liboffhook_codec_g729.so");
    let needs = [
        "linphonec",
        SPEECH,
        &python(),
        &library.display().to_string(),
    ];
    for we_call in [true, false] {
        let name = if we_call {
            "g729-we-call"
        } else {
            "g729-they-call"
        };
        let Some(rig) = Rig::new(name, &needs) else {
            return;
        };
        let ours = Sound::speech(&rig, "ours").unwrap();
        let ours = ours.between(COMES_UP, 500).unwrap();
        let theirs = Sound::speech(&rig, "theirs").unwrap();
        let theirs = theirs.between(1_000, 4_000).unwrap();
        let wish = linphone::Wish {
            user: "102",
            registrar: None,
            codecs: &["G729"],
            plays: &theirs.file,
            transport: "udp",
            answers: we_call,
        };
        let mut phone = Linphone::start(&rig, "linphonec", &wish).unwrap();
        let recording = g729(&mut phone, we_call, &ours, &rig).unwrap();
        for (name, sound, recording) in [("they", &ours, phone.heard()), ("we", &theirs, recording)]
        {
            let ear = Ear {
                name,
                sound,
                recording,
            };
            ear.understands(&rig, 0.85).unwrap();
        }
    }
}
