//! Calls with baresip that are recorded: what is in the file, also of an engine that was killed.

#![allow(clippy::unwrap_used)]

use control::command::Command;
use control::event::EventBody;
use control::recording::{RecordingChange, StartRecording};
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::phone::devices;
use offhook_interop::programme::WHOLE;
use offhook_interop::sound::{OTHER_SPEECH, SPEECH, python};
use offhook_interop::wav;
use offhook_interop::witness::unless_preempted;
use offhook_interop::{Client, Phone, Programme, Rig};
use std::path::{Path, PathBuf};
use std::process::Command as Program;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);
/// Our microphone plays from the engine's start on, so that the call has to come up first. Unit: ms.
const COMES_UP: usize = 1_500;
const TURNS: usize = 4;

/// A recorded call that runs.
struct Call {
    rig: Rig,
    ours: Programme,
    theirs: Programme,
    phone: Phone,
    engine: Daemon,
    client: Client,
    call: control::CallHandle,
    /// Where the file is.
    path: PathBuf,
    began: Instant,
}

impl Call {
    /// Begins one in which both say a chirp and a sentence; nothing where a program is missing.
    fn begin(name: &str, plugin: &str, programs: &[&str]) -> anyhow::Result<Option<Self>> {
        let python = python();
        let needs = [programs, &["baresip", SPEECH, OTHER_SPEECH, &python]].concat();
        let Some(rig) = Rig::new(name, &needs) else {
            return Ok(None);
        };
        let ours = Programme::new(&rig, "ours", SPEECH, (COMES_UP, 500))?;
        let theirs = Programme::new(&rig, "theirs", OTHER_SPEECH, (500, 4_000))?;
        let phone = Phone::start(&rig, "baresip", "PCMU", &theirs.file, true)?;
        let settings = format!(
            "{}[recording]\nplugin = \"{plugin}\"\nfolder = \"{}\"\n",
            devices(&ours.file, &rig.file("loudspeaker.wav")),
            rig.subfolder("recordings")?.display()
        );
        let wish = Wish {
            answer: Answer::Ring,
            settings: &settings,
            ..Wish::default()
        };
        let engine = Daemon::start(&rig, "engine", &wish)?;
        let mut client = engine.client()?;
        let call = client.dial(&phone.uri())?;
        client.wait_answered(call, PATIENCE)?;
        client.ask(Command::StartRecording(StartRecording {
            call: Some(call),
            ..StartRecording::default()
        }))?;
        let started = client.wait("recording.started", PATIENCE, |event| {
            let EventBody::RecordingStarted(change) = &event.body else {
                return None;
            };
            Some((**change).clone())
        })?;
        Ok(Some(Self {
            rig,
            ours,
            theirs,
            phone,
            engine,
            client,
            call,
            path: started.recording.path.into(),
            began: Instant::now(),
        }))
    }

    /// Sleeps until `ms` after the recording began.
    fn until(&self, ms: u64) {
        let due = Duration::from_millis(ms);
        std::thread::sleep(due.saturating_sub(self.began.elapsed()));
    }

    /// Left is what we said, right what they did: all of it, or the chirp alone. How long the file is, in ms.
    fn both_sides(&self, recording: &Path, is_whole: bool) -> anyhow::Result<usize> {
        let sides = [(&self.ours, "left"), (&self.theirs, "right")];
        let mut ms = 0;
        for (channel, (programme, name)) in sides.into_iter().enumerate() {
            let side = wav::read_channel(recording, channel)?;
            ms = side.samples.len() * 1_000 / side.rate_hz as usize;
            let file = self.rig.file(&format!("{name}.wav"));
            wav::write(&file, &side)?;
            let text = match is_whole {
                true => programme.arrived(&self.rig, name, &file, &WHOLE)?,
                false => {
                    let chirp = programme.chirp.heard_in(&file)?;
                    anyhow::ensure!(chirp.score >= WHOLE.likeness, "{name}: {:.3}", chirp.score);
                    format!("{name}: the chirp {:.3}", chirp.score)
                }
            };
            println!("{text}");
        }
        Ok(ms)
    }
}

fn stopped(client: &mut Client) -> anyhow::Result<RecordingChange> {
    client.wait("recording.stopped", PATIENCE, |event| {
        let EventBody::RecordingStopped(change) = &event.body else {
            return None;
        };
        Some((**change).clone())
    })
}

fn recorded() -> anyhow::Result<()> {
    let Some(mut call) = Call::begin("recording-wav", "recorder-wav", &[])? else {
        return Ok(());
    };
    call.until(call.ours.play_ms());
    call.client
        .ask(Command::StopRecording(control::command::CallRef {
            call: Some(call.call),
        }))?;
    let stopped = stopped(&mut call.client)?.recording;
    let lasted = call.began.elapsed().as_millis() as usize;
    call.client.hang_up(call.call)?;
    call.phone.wait_end()?;
    call.engine.stop();
    let ms = call.both_sides(&call.path, true)?;
    println!(
        "{ms} ms in the file, {} told, {lasted} passed",
        stopped.audio_ms
    );
    anyhow::ensure!(ms.abs_diff(lasted) <= 100, "{ms} ms in the file");
    anyhow::ensure!(
        stopped.audio_ms == ms as u64 && stopped.gap_ms == 0,
        "{stopped:?}"
    );
    Ok(())
}

/// M-155, M-156: both directions, as long as it was recorded, one channel for each side.
#[test]
fn m_155_m_156_audio_a_call_with_baresip_is_recorded() {
    unless_preempted("recording-wav", TURNS, recorded).unwrap();
}

/// What a killed engine's file may lack: what the recorders promise (a head or a page each 200 ms), and how long
/// sound is on its way to them. Unit: ms.
const LOST: usize = 200 + 60;

fn killed(plugin: &str) -> anyhow::Result<()> {
    let name = format!("recording-killed-{plugin}");
    let Some(mut call) = Call::begin(&name, plugin, &["opusdec"])? else {
        return Ok(());
    };
    // Both have sung, and speak.
    call.until(3_600);
    let lasted = call.began.elapsed().as_millis() as usize;
    call.engine.kill();
    call.phone.kill();
    let mut whole = call.path.clone();
    if plugin == "recorder-ogg-opus" {
        whole = call.rig.file("decoded.wav");
        let done = Program::new("opusdec")
            .args(["--quiet", "--rate", "16000"])
            .args([&call.path, &whole])
            .output()?;
        let said = String::from_utf8_lossy(&done.stderr);
        anyhow::ensure!(done.status.success(), "opusdec: {said}");
    } else {
        // Python's reader takes no head that says more or less than there is.
        let read = "import sys, wave; w = wave.open(sys.argv[1]); n = w.getnframes(); \
                    sys.exit(len(w.readframes(n)) != n * 2 * w.getnchannels())";
        let done = Program::new(python())
            .args(["-c", read])
            .arg(&whole)
            .status()?;
        anyhow::ensure!(done.success(), "the head is wrong");
    }
    let ms = call.both_sides(&whole, false)?;
    println!("{name}: {ms} ms in the file, killed after {lasted}");
    anyhow::ensure!(ms + LOST >= lasted, "{ms} of {lasted} ms");
    Ok(())
}

/// M-155: an engine that is killed in the middle of a call leaves a file that can be read.
#[test]
fn m_155_audio_a_killed_engine_leaves_a_wav_file() {
    let name = "recording-killed-wav";
    unless_preempted(name, TURNS, || killed("recorder-wav")).unwrap();
}

/// M-156
#[test]
fn m_156_audio_a_killed_engine_leaves_an_ogg_file() {
    let name = "recording-killed-ogg";
    unless_preempted(name, TURNS, || killed("recorder-ogg-opus")).unwrap();
}
