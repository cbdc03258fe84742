//! Two people at two phones: ours with files as microphone and loudspeaker, theirs baresip or linphonec.

use offhook_interop::engine::{Answer, Daemon, Engine, Wish};
use offhook_interop::sound::{SPEECH, Sound, python};
use offhook_interop::{Baresip, Linphone, Rig, baresip, linphone};
use relay::{Jitter, LinkSettings, Loss, SipAwareRelay, SipRelaySettings};
use std::path::{Path, PathBuf};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(15);

/// Our microphone plays from the engine's start on, so that the call has to come up first. Unit: ms.
const COMES_UP: usize = 2_000;

/// Who calls whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    WeCall,
    TheyCall,
}

/// The other phone.
enum Phone {
    Baresip(Baresip),
    Linphone(Linphone),
}

impl Phone {
    fn start(
        rig: &Rig,
        program: &str,
        codec: &str,
        plays: &Path,
        answers: bool,
    ) -> anyhow::Result<Self> {
        if program == "baresip" {
            let wish = baresip::Wish {
                user: "102",
                registrar: None,
                codecs: codec,
                plays,
                transport: "udp",
                answers,
            };
            return Ok(Self::Baresip(Baresip::start(rig, program, &wish)?));
        }
        let wish = linphone::Wish {
            user: "102",
            registrar: None,
            codecs: &[codec],
            plays,
            transport: "udp",
            answers,
        };
        Ok(Self::Linphone(Linphone::start(rig, program, &wish)?))
    }

    fn uri(&self) -> String {
        match self {
            Self::Baresip(phone) => format!("sip:102@{}", phone.address),
            Self::Linphone(phone) => format!("sip:102@{}", phone.address),
        }
    }

    fn dial(&mut self, uri: &str) -> anyhow::Result<()> {
        match self {
            Self::Baresip(phone) => phone.dial(uri),
            Self::Linphone(phone) => phone.dial(uri),
        }
    }

    fn wait_end(&mut self) -> anyhow::Result<()> {
        match self {
            Self::Baresip(phone) => phone.wait_end(1),
            Self::Linphone(phone) => phone.wait_end(1),
        }
    }

    fn heard(&self) -> anyhow::Result<PathBuf> {
        match self {
            Self::Baresip(phone) => phone.heard(),
            Self::Linphone(phone) => Ok(phone.heard()),
        }
    }
}

/// Settings of a phone that hears `microphone` and writes what it is told into `loudspeaker`.
fn devices(microphone: &Path, loudspeaker: &Path) -> String {
    format!(
        "[media]\nmicrophone = \"audio-file:{}\"\nspeaker = \"audio-file:{}\"\n",
        microphone.display(),
        loudspeaker.display()
    )
}

/// A chirp each way, recorded at both ends.
fn talk(program: &str, codec: &str, way: Way) -> anyhow::Result<()> {
    let name = format!("talk-{program}-{codec}-{way:?}").to_lowercase();
    let Some(rig) = Rig::new(&name, &[program]) else {
        return Ok(());
    };
    let ours = Sound::chirp(&rig, "ours", 2_000)?.between(COMES_UP, 500)?;
    // baresip hangs up when its file ends.
    let theirs = Sound::chirp(&rig, "theirs", 2_000)?.between(1_000, 4_000)?;
    for (ear, sound, file) in call(&rig, program, codec, way, (&ours, &theirs))? {
        let heard = sound.heard_in(&file)?.realigned(sound, 100);
        println!(
            "{name}: {ear} hear {:.3} {:+.1} dB",
            heard.score, heard.gain_db
        );
        anyhow::ensure!(
            heard.score >= 0.95 && heard.gain_db.abs() <= 1.0,
            "{name}: {ear} hear {:.3} {:+.1} dB",
            heard.score,
            heard.gain_db
        );
    }
    Ok(())
}

/// Who hears, what, and where it was recorded.
type Ear<'s> = (&'static str, &'s Sound, PathBuf);

/// One call in which both ends play their sound to the end.
fn call<'s>(
    rig: &Rig,
    program: &str,
    codec: &str,
    way: Way,
    (ours, theirs): (&'s Sound, &'s Sound),
) -> anyhow::Result<[Ear<'s>; 2]> {
    let answers = way == Way::WeCall;
    let mut phone = Phone::start(rig, program, codec, &theirs.file, answers)?;
    let recording = rig.file("heard.wav");
    let wish = Wish {
        codec,
        answer: Answer::Ring,
        settings: &devices(&ours.file, &recording),
        ..Wish::default()
    };
    let mut engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    let call = match way {
        Way::WeCall => {
            let call = client.dial(&phone.uri())?;
            client.wait_answered(call, PATIENCE)?;
            call
        }
        Way::TheyCall => {
            phone.dial(&format!("sip:101@{}", engine.address()))?;
            client.accept(PATIENCE)?
        }
    };
    std::thread::sleep(Duration::from_millis(ours.play_ms()));
    client.hang_up(call)?;
    phone.wait_end()?;
    engine.stop();
    let at_theirs = phone.heard()?;
    Ok([("they", ours, at_theirs), ("we", theirs, recording)])
}

/// Speech each way, recorded at both ends.
fn speak(program: &str, codec: &str, way: Way) -> anyhow::Result<()> {
    let name = format!("speak-{program}-{codec}-{way:?}").to_lowercase();
    let Some(rig) = Rig::new(&name, &[program, SPEECH, &python()]) else {
        return Ok(());
    };
    let ours = Sound::speech(&rig, "ours")?.between(COMES_UP, 500)?;
    let theirs = Sound::speech(&rig, "theirs")?.between(1_000, 4_000)?;
    for (ear, sound, file) in call(&rig, program, codec, way, (&ours, &theirs))? {
        let heard = sound.heard_in(&file)?.realigned(sound, 500);
        let stoi = heard.stoi(&rig, ear, sound)?;
        println!("{name}: {ear} hear STOI {stoi:.3} {:+.1} dB", heard.gain_db);
        anyhow::ensure!(
            stoi >= 0.95 && heard.gain_db.abs() <= 1.0,
            "{name}: {ear} hear STOI {stoi:.3} {:+.1} dB",
            heard.gain_db
        );
    }
    Ok(())
}

#[test]
fn audio_timing_speech_by_pcma_with_baresip() {
    speak("baresip", "PCMA", Way::WeCall).unwrap();
    speak("baresip", "PCMA", Way::TheyCall).unwrap();
}

#[test]
fn audio_timing_speech_by_pcma_with_linphone() {
    speak("linphonec", "PCMA", Way::WeCall).unwrap();
    speak("linphonec", "PCMA", Way::TheyCall).unwrap();
}

#[test]
fn audio_timing_we_call_baresip() {
    talk("baresip", "PCMU", Way::WeCall).unwrap();
}

#[test]
fn audio_timing_baresip_calls_us() {
    talk("baresip", "PCMU", Way::TheyCall).unwrap();
}

#[test]
fn audio_timing_we_call_linphone() {
    talk("linphonec", "PCMU", Way::WeCall).unwrap();
}

#[test]
fn audio_timing_linphone_calls_us() {
    talk("linphonec", "PCMU", Way::TheyCall).unwrap();
}

/// How long the path is bad before the speech, so that the buffer has found its depth. Unit: ms.
const BAD: usize = 5_000;

/// Speech over a path that loses 5 % and delays by up to 40 ms is understood. M-037, in part.
#[test]
fn m_037_audio_timing_speech_survives_a_bad_path() {
    let needs = ["baresip", SPEECH, &python()];
    let Some(rig) = Rig::new("talk-bad-path", &needs) else {
        return;
    };
    let clip = Sound::speech(&rig, "clip").unwrap();
    let clip = clip.between(BAD, 2_000).unwrap();
    let quiet = Sound::chirp(&rig, "quiet", 100).unwrap();
    let recording = rig.file("heard.wav");
    let wish = Wish {
        answer: Answer::Ring,
        settings: &devices(&quiet.file, &recording),
        ..Wish::default()
    };
    let mut engine = Daemon::start(&rig, "engine", &wish).unwrap();
    let bad = LinkSettings {
        loss: Loss::Random(0.05),
        jitter: Jitter::Uniform(Duration::from_millis(40)),
        ..LinkSettings::CLEAN
    };
    let settings = SipRelaySettings {
        media: bad,
        ..SipRelaySettings::default()
    };
    // A seed of its own: which packets are lost is the same in every run.
    let relay = SipAwareRelay::start(7, None, engine.address(), settings).unwrap();
    let phone = Phone::start(&rig, "baresip", "PCMU", &clip.file, false);
    let mut phone = phone.unwrap();
    let mut client = engine.client().unwrap();
    phone
        .dial(&format!("sip:101@{}", relay.facing_a()))
        .unwrap();
    let call = client.accept(PATIENCE).unwrap();
    std::thread::sleep(Duration::from_millis(clip.play_ms() - 1_000));
    client.hang_up(call).unwrap();
    phone.wait_end().unwrap();
    engine.stop();
    let heard = clip.heard_in(&recording).unwrap().realigned(&clip, 500);
    let stoi = heard.stoi(&rig, "speech", &clip).unwrap();
    println!("STOI {stoi:.3}");
    assert!(stoi >= 0.85, "STOI {stoi:.3}");
}
