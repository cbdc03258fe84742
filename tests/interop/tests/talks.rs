//! Two people at two phones: ours with files as microphone and loudspeaker, theirs baresip or linphonec.

use control::CallHandle;
use offhook_interop::engine::{Answer, Daemon, Engine, Wish};
use offhook_interop::phone::devices;
use offhook_interop::programme::{MODELLED, Verdict, WHOLE};
use offhook_interop::sound::{OTHER_SPEECH, SPEECH, Sound, python};
use offhook_interop::witness::unless_preempted;
use offhook_interop::{Client, Pair, Phone, Programme, Rig};
use relay::{Jitter, LinkSettings, Loss, SipAwareRelay, SipRelaySettings};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(15);

/// Our microphone plays from the engine's start on, so that the call has to come up first. Unit: ms.
const COMES_UP: usize = 2_000;

/// Who calls whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    WeCall,
    TheyCall,
}

/// How often a call is made at most while the machine keeps everybody waiting.
const TURNS: usize = 5;

/// Calls both ways: each end says a chirp and a sentence, and all of it arrives at the other.
fn talks(program: &str, codec: &str) -> anyhow::Result<()> {
    for way in [Way::WeCall, Way::TheyCall] {
        talks_once(program, codec, way, WHOLE, None)?;
    }
    Ok(())
}

/// One call in which both say a chirp and a sentence, by a codec that takes no coders of others beside it; `tone`
/// follows them, in Hz, where it is one of those that only a wideband codec carries.
fn talks_once(
    program: &str,
    codec: &str,
    way: Way,
    verdict: Verdict,
    tone: Option<f32>,
) -> anyhow::Result<()> {
    let name = format!("talk-{program}-{codec}-{way:?}").to_lowercase();
    let name = name.replace('/', "-");
    unless_preempted(&name, TURNS, || {
        talk(&name, (program, codec), way, verdict, tone)
    })
}

fn talk(
    name: &str,
    (program, codec): (&str, &str),
    way: Way,
    verdict: Verdict,
    tone: Option<f32>,
) -> anyhow::Result<()> {
    let Some(rig) = Rig::new(name, &[program, SPEECH, OTHER_SPEECH, &python()]) else {
        return Ok(());
    };
    let mut ours = Programme::new(&rig, "ours", SPEECH, (COMES_UP, 500))?;
    // baresip hangs up when its file ends.
    let mut theirs = Programme::new(&rig, "theirs", OTHER_SPEECH, (1_000, 4_000))?;
    if let Some(hertz) = tone {
        (ours, theirs) = (ours.then_tone(hertz)?, theirs.then_tone(hertz)?);
    }
    let mut phone = Phone::start(&rig, program, codec, &theirs.file, way == Way::WeCall)?;
    let recording = rig.file("heard.wav");
    let wish = Wish {
        // baresip names rate of sound and number of channels.
        codec: match codec {
            "G722/16000/1" => "G722",
            other => other.strip_suffix("/1").unwrap_or(other),
        },
        answer: Answer::Ring,
        settings: &devices(&ours.file, &recording),
        ..Wish::default()
    };
    let mut engine = Daemon::start(&rig, "engine", &wish)?;
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
    let at_theirs = ours.arrived(&rig, "they", &phone.heard()?, &verdict);
    let at_ours = theirs.arrived(&rig, "we", &recording, &verdict);
    for verdict in [at_theirs, at_ours] {
        println!("{name}: {}", verdict?);
    }
    Ok(())
}

#[test]
fn audio_timing_talks_with_baresip_by_pcmu() {
    talks("baresip", "PCMU").unwrap();
}

#[test]
fn audio_timing_talks_with_baresip_by_pcma() {
    talks("baresip", "PCMA").unwrap();
}

#[test]
fn audio_timing_talks_with_linphone_by_pcmu() {
    talks("linphonec", "PCMU").unwrap();
}

#[test]
fn audio_timing_talks_with_linphone_by_pcma() {
    talks("linphonec", "PCMA").unwrap();
}

/// What a codec of 8 kHz cannot carry. Unit: Hz.
const WIDE: f32 = 5_000.0;

/// M-033
#[test]
fn m_033_audio_talks_with_baresip_by_g722() {
    talks_once("baresip", "G722/16000/1", Way::WeCall, WHOLE, Some(WIDE)).unwrap();
}

/// M-033. linphone 5.1 decodes G.722 to twice the samples, and encodes half of them; baresip and the vectors of the
/// ITU have the level that is ours.
#[test]
fn m_033_audio_talks_with_linphone_by_g722() {
    let twice = Verdict {
        chirp_level_db: 6.5,
        level_db: 6.5,
        ..WHOLE
    };
    talks_once("linphonec", "G722", Way::TheyCall, twice, None).unwrap();
}

/// M-035
#[test]
fn m_035_audio_talks_with_baresip_by_gsm() {
    talks_once("baresip", "GSM", Way::TheyCall, MODELLED, None).unwrap();
}

/// M-036: no peer that Debian carries has iLBC, so both phones are ours; each mode, and one that meets the other.
#[test]
fn m_036_audio_two_of_ours_talk_by_ilbc() {
    let mode = |ms| format!("[codec.ilbc]\nmode = {ms}\n");
    for (name, modes) in [("ilbc-20", [20, 20]), ("ilbc-30", [20, 30])] {
        unless_preempted(name, TURNS, || {
            let Some(rig) = Rig::new(name, &[SPEECH, OTHER_SPEECH, &python()]) else {
                return Ok(());
            };
            let [ours, theirs] = modes.map(mode);
            let pair = Pair {
                codec: "iLBC",
                settings: [&ours, &theirs],
                verdict: MODELLED,
            };
            pair.talk(&rig, |_, _| Ok(())).map(drop)
        })
        .unwrap();
    }
}

#[test]
fn audio_talks_with_baresip_by_l16() {
    talks_once("baresip", "L16/16000/1", Way::WeCall, WHOLE, Some(WIDE)).unwrap();
}

/// How long the path is bad before the speech, so that the buffer has found its depth. Unit: ms.
const BAD: usize = 4_000;
/// How long the buffer may take to come back once the path is good: it forgets within six seconds, and
/// its depth is told every five. Unit: ms.
const CALM: u64 = 13_000;
/// As deep as it may be then. Unit: ms.
const SHALLOW: f32 = 40.0;

/// Speech over a path that loses 5 % and delays by up to 40 ms is understood; when the path is good
/// again, the buffer comes back. M-037.
#[test]
fn m_037_audio_timing_speech_survives_a_bad_path_and_the_buffer_comes_back() {
    unless_preempted("talk-bad-path", TURNS, bad_path).unwrap();
}

fn bad_path() -> anyhow::Result<()> {
    let needs = ["baresip", SPEECH, &python()];
    let Some(rig) = Rig::new("talk-bad-path", &needs) else {
        return Ok(());
    };
    let clip = Sound::speech(&rig, "clip")?.between(BAD, CALM as usize + 3_000)?;
    let quiet = Sound::chirp(&rig, "quiet", 100)?;
    let recording = rig.file("heard.wav");
    let wish = Wish {
        answer: Answer::Ring,
        settings: &devices(&quiet.file, &recording),
        ..Wish::default()
    };
    let mut engine = Daemon::start(&rig, "engine", &wish)?;
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
    let relay = SipAwareRelay::start(7, None, engine.address(), settings)?;
    let mut phone = Phone::start(&rig, "baresip", "PCMU", &clip.file, false)?;
    let mut client = engine.client()?;
    phone.dial(&format!("sip:101@{}", relay.facing_a()))?;
    let call = client.accept(PATIENCE)?;
    let spoken = Duration::from_millis(clip.play_ms() - CALM - 2_500);
    let deepest = deepest_within(&mut client, call, spoken)?;
    relay.set_media(&LinkSettings::CLEAN);
    let back = back_to(&mut client, call, SHALLOW);
    client.hang_up(call)?;
    phone.wait_end()?;
    engine.stop();
    let heard = clip.heard_in(&recording)?.realigned(&clip, 500);
    let stoi = heard.stoi(&rig, "speech", &clip)?;
    println!("STOI {stoi:.3}; buffer up to {deepest:.0} ms while the path was bad");
    anyhow::ensure!(stoi >= 0.85, "STOI {stoi:.3}");
    anyhow::ensure!(
        deepest >= SHALLOW,
        "the buffer did not grow: {deepest:.0} ms"
    );
    let (time, deep) = back?;
    println!("{deep:.0} ms deep {time:.1?} after calm");
    Ok(())
}

/// Depth of the buffer as the snapshot of the call says it, which is new every few seconds. Unit: ms.
fn depth(client: &mut Client, call: CallHandle) -> anyhow::Result<f32> {
    std::thread::sleep(Duration::from_millis(100));
    let quality = client.look(call)?.quality;
    Ok(quality.map_or(0.0, |quality| quality.jb_ms))
}

/// The greatest depth within `time`. Unit: ms.
fn deepest_within(client: &mut Client, call: CallHandle, time: Duration) -> anyhow::Result<f32> {
    let until = Instant::now() + time;
    let mut deepest: f32 = 0.0;
    while Instant::now() < until {
        deepest = deepest.max(depth(client, call)?);
    }
    Ok(deepest)
}

/// How long it takes until the buffer is less than `shallow` ms deep, and how deep it is then.
fn back_to(client: &mut Client, call: CallHandle, shallow: f32) -> anyhow::Result<(Duration, f32)> {
    let calm = Instant::now();
    loop {
        let deep = depth(client, call)?;
        if deep < shallow {
            return Ok((calm.elapsed(), deep));
        }
        anyhow::ensure!(
            calm.elapsed() < Duration::from_millis(CALM),
            "the buffer is still {deep:.0} ms deep"
        );
    }
}
