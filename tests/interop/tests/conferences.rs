//! Calls that are merged, with phones that nobody here wrote. Each test says which requirement it covers.

use control::command::{CallRef, Command};
use control::conference::Merge;
use control::{CallHandle, EventBody};
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::phone::devices;
use offhook_interop::sound::tone_dbov;
use offhook_interop::wav::{self, Wav};
use offhook_interop::{Baresip, Client, Linphone, Rig, baresip, linphone};
use std::path::{Path, PathBuf};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(15);
/// How long each state of the conversation lasts. Unit: time.
const PART: Duration = Duration::from_secs(3);
/// A tone counts as heard, and as not heard. Unit: dBov. All are said at −20.
const HEARD: f64 = -26.0;
const UNHEARD: f64 = -45.0;

/// Who is there: three phones, and ours last.
const PARTIES: [char; 4] = ['a', 'b', 'c', 'd'];

/// The tone of party `n`; none is a harmonic of another. Unit: Hz.
fn tone(n: usize) -> f64 {
    [440.0, 610.0, 790.0, 1_030.0][n]
}

/// A file with the tone of party `n`.
fn file(rig: &Rig, n: usize) -> anyhow::Result<PathBuf> {
    let step = core::f64::consts::TAU * tone(n) / 8_000.0;
    let loud = 32_767.0 * 10f64.powf(-20.0 / 20.0) * core::f64::consts::SQRT_2;
    let wave = |at: u32| (loud * (step * f64::from(at)).sin()) as i16;
    let path = rig.file(&format!("tone-{}.wav", PARTIES[n]));
    let wav = Wav {
        rate_hz: 8_000,
        samples: (0..8_000 * 60).map(wave).collect(),
    };
    wav::write(&path, &wav)?;
    Ok(path)
}

/// Whose tones a recording has, from half second to half second; a `?` where it is neither.
fn course(recording: &Path) -> anyhow::Result<Vec<String>> {
    let Wav { rate_hz, samples } = wav::read(recording)?;
    let half = rate_hz as usize / 2;
    let heard = |piece: &[i16]| {
        let letter = |n: usize| {
            let level = tone_dbov(piece, rate_hz, tone(n));
            match (level > HEARD, level < UNHEARD) {
                (true, _) => Some(PARTIES[n]),
                (_, true) => None,
                (false, false) => Some('?'),
            }
        };
        (0..PARTIES.len()).filter_map(letter).collect::<String>()
    };
    Ok(samples.chunks_exact(half).map(heard).collect())
}

/// That a recording went through these states in this order, each for a second at least, and never had `own`.
fn expect(recording: &Path, who: char, states: &[&str]) -> anyhow::Result<()> {
    let course = course(recording)?;
    println!("{who} heard {course:?}");
    let mut left = states.iter().peekable();
    for pair in course.windows(2) {
        if left
            .next_if(|state| pair.iter().all(|had| had == **state))
            .is_some()
        {
            continue;
        }
    }
    anyhow::ensure!(
        left.next().is_none(),
        "{who} heard {course:?}, not {states:?}"
    );
    let own = |had: &String| had.contains(who);
    anyhow::ensure!(!course.iter().any(own), "{who} heard itself: {course:?}");
    Ok(())
}

/// Party `n` as a baresip that answers by itself.
fn baresip(rig: &Rig, n: usize) -> anyhow::Result<Baresip> {
    let wish = baresip::Wish {
        user: "102",
        registrar: None,
        codecs: "PCMU",
        plays: &file(rig, n)?,
        transport: "udp",
        answers: true,
    };
    Baresip::start(rig, &format!("baresip-{}", PARTIES[n]), &wish)
}

/// Party `n` as a linphonec that answers by itself.
fn linphone(rig: &Rig, n: usize) -> anyhow::Result<Linphone> {
    let wish = linphone::Wish {
        user: "102",
        registrar: None,
        codecs: &["PCMU"],
        plays: &file(rig, n)?,
        transport: "udp",
        answers: true,
    };
    Linphone::start(rig, "linphonec", &wish)
}

/// Ours, the last party, and what its loudspeaker was given.
fn ours(rig: &Rig, settings: &str) -> anyhow::Result<(Daemon, PathBuf)> {
    let speaker = rig.file("speaker.wav");
    let settings = devices(&file(rig, 3)?, &speaker) + settings;
    let wish = Wish {
        answer: Answer::Ring,
        settings: &settings,
        ..Wish::default()
    };
    Ok((Daemon::start(rig, "engine", &wish)?, speaker))
}

/// Waits until `times` calls were told that they are merged, or split off.
fn told(client: &mut Client, name: &str, times: usize) -> anyhow::Result<()> {
    let seen = std::cell::Cell::new(0);
    client.wait(name, PATIENCE, |event| {
        let (EventBody::CallMerged(_) | EventBody::CallSplit(_)) = &event.body else {
            return None;
        };
        if event.body.name() == name {
            seen.set(seen.get() + 1);
        }
        (seen.get() == times).then_some(())
    })
}

/// Calls all, and speaks for a while with each.
fn call(client: &mut Client, uris: &[String]) -> anyhow::Result<Vec<CallHandle>> {
    let mut calls = Vec::new();
    for uri in uris {
        let call = client.dial(uri)?;
        client.wait_answered(call, PATIENCE)?;
        std::thread::sleep(PART);
        calls.push(call);
    }
    Ok(calls)
}

/// M-070, M-071: each hears the tones of all others and not its own; who is split off hears the person alone, who
/// is dropped is gone, and the others go on. Nobody is held: this baresip records no more after a hold.
#[test]
fn m_070_m_071_audio_of_three_who_are_merged_split_off_and_dropped() -> anyhow::Result<()> {
    let Some(rig) = Rig::new("conference", &["baresip", "linphonec"]) else {
        return Ok(());
    };
    let (a, b, c) = (baresip(&rig, 0)?, baresip(&rig, 1)?, linphone(&rig, 2)?);
    let (engine, speaker) = ours(&rig, "[calls]\none_active = false\n")?;
    let mut client = engine.client()?;
    let uris = [a.address, b.address, c.address].map(|address| format!("sip:102@{address}"));
    let calls = call(&mut client, &uris)?;
    client.ask(Command::Merge(Merge::default()))?;
    told(&mut client, "call.merged", 3)?;
    std::thread::sleep(PART);
    client.ask(Command::Split(CallRef {
        call: Some(calls[0]),
    }))?;
    told(&mut client, "call.split", 1)?;
    std::thread::sleep(PART);
    client.hang_up(calls[1])?;
    client.wait_ended(calls[1], PATIENCE)?;
    std::thread::sleep(PART);
    client.hang_up_all()?;
    client.wait_ended(calls[0], PATIENCE)?;
    client.wait_ended(calls[2], PATIENCE)?;
    drop(engine);
    expect(&a.heard()?, 'a', &["d", "bcd", "d"])?;
    expect(&b.heard()?, 'b', &["d", "acd", "cd"])?;
    expect(&c.heard(), 'c', &["d", "abd", "bd", "d"])?;
    expect(&speaker, 'd', &["a", "ab", "abc", "ac"])
}

/// M-070: a call that is on hold comes back from it by being merged.
#[test]
fn m_070_audio_of_a_held_call_that_is_merged() -> anyhow::Result<()> {
    let Some(rig) = Rig::new("conference-held", &["baresip", "linphonec"]) else {
        return Ok(());
    };
    let (a, b) = (linphone(&rig, 0)?, baresip(&rig, 1)?);
    let (engine, speaker) = ours(&rig, "")?;
    let mut client = engine.client()?;
    let uris = [a.address, b.address].map(|address| format!("sip:102@{address}"));
    let calls = call(&mut client, &uris)?;
    client.ask(Command::Merge(Merge::default()))?;
    told(&mut client, "call.merged", 2)?;
    std::thread::sleep(PART);
    client.hang_up_all()?;
    for call in calls {
        client.wait_ended(call, PATIENCE)?;
    }
    drop(engine);
    expect(&a.heard(), 'a', &["d", "", "bd"])?;
    expect(&b.heard()?, 'b', &["d", "ad"])?;
    expect(&speaker, 'd', &["a", "b", "ab"])
}
