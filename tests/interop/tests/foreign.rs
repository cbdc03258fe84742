//! Plugins as a vendor has them: C sources compiled from the header alone, put on the search path of a real engine,
//! and the file of a codec whose process dies in a call.

#![allow(clippy::unwrap_used)]

use anyhow::{Context, ensure};
use control::command::Command;
use control::recording::StartRecording;
use control::{CallHandle, EventBody};
use offhook_interop::engine::{Answer, Daemon, Wish, program};
use offhook_interop::phone::devices;
use offhook_interop::programme::{MODELLED, WHOLE};
use offhook_interop::rig::binaries;
use offhook_interop::sound::{OTHER_SPEECH, SPEECH, Sound, python};
use offhook_interop::wav::{self, Wav};
use offhook_interop::witness::{EXCUSE_APART, unless_late};
use offhook_interop::{Client, Linphone, Pair, Programme, Rig, linphone};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);
const TURNS: usize = 4;

/// Compiles `NAME.c` of the examples in `folder`, with nothing of the tree but the header.
fn compile(folder: &Path, name: &str) -> anyhow::Result<PathBuf> {
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk");
    let text = std::fs::read_to_string(sdk.join(format!("examples/c/{name}.c")))?;
    std::fs::write(folder.join(format!("{name}.c")), text)?;
    std::fs::copy(
        sdk.join("include/offhook_plugin.h"),
        folder.join("offhook_plugin.h"),
    )?;
    let file = format!("lib{name}_c.so");
    let done = std::process::Command::new("cc")
        .args(["-std=c99", "-O2", "-fPIC", "-shared", "-Wall", "-Wextra"])
        .args(["-Werror", "-I.", "-o", &file, &format!("{name}.c")])
        .current_dir(folder)
        .output()?;
    let said = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "cc: {said}");
    Ok(folder.join(file))
}

/// `offhook plugin check` finds nothing wrong with a file.
fn check(file: &Path) -> anyhow::Result<()> {
    let mut command = program("offhook");
    command.args(["plugin", "check"]).arg(file);
    let done = command.env("NO_COLOR", "1").output()?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let error = String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "{said}{error}");
    Ok(())
}

/// One channel of bare samples of 16 bit, two channels.
fn channel(file: &Path, rate_hz: u32, channel: usize) -> anyhow::Result<Wav> {
    let bytes = std::fs::read(file)?;
    let frames = bytes.chunks_exact(4);
    let sample = |f: &[u8]| i16::from_le_bytes([f[2 * channel], f[2 * channel + 1]]);
    Ok(Wav {
        rate_hz,
        samples: frames.map(sample).collect(),
    })
}

fn c_plugins_in_a_call() -> anyhow::Result<()> {
    let needs = ["cc", SPEECH, OTHER_SPEECH, &python()];
    let Some(rig) = Rig::new("foreign-c", &needs) else {
        return Ok(());
    };
    let (vendor, recordings) = (rig.subfolder("vendor")?, rig.subfolder("recordings")?);
    for name in ["codec", "recorder"] {
        check(&compile(&vendor, name)?)?;
    }
    let settings = format!(
        "[plugins]\npath = [\"{}\"]\n[recording]\nfolder = \"{}\"\n",
        vendor.display(),
        recordings.display()
    );
    let pair = Pair {
        codec: "X-L8",
        settings: [&settings, &settings],
        verdict: WHOLE,
    };
    let mut made = None;
    let [ours, theirs] = pair.talk(&rig, |client, call| {
        let listed = client.ask(Command::PluginList(control::command::NoFields {}))?;
        let listed = format!("{listed:?}");
        for id in ["codec-l8-c", "recorder-raw-c"] {
            let at = listed.find(id).with_context(|| format!("no {id}"))?;
            let isolated = listed[at..].find("isolated").is_some_and(|n| n < 400);
            ensure!(isolated, "{id}: {}", &listed[at..]);
        }
        client.ask(Command::StartRecording(StartRecording {
            call: Some(call),
            plugin: Some("recorder-raw-c".into()),
            ..StartRecording::default()
        }))?;
        made = Some(client.wait("recording.started", PATIENCE, |event| {
            let EventBody::RecordingStarted(change) = &event.body else {
                return None;
            };
            Some(change.recording.clone())
        })?);
        Ok(())
    })?;
    let made = made.context("nothing was recorded")?;
    for (n, (programme, name)) in [(ours, "left"), (theirs, "right")].into_iter().enumerate() {
        let file = rig.file(&format!("{name}.wav"));
        wav::write(
            &file,
            &channel(Path::new(&made.path), made.sample_rate_hz, n)?,
        )?;
        let text = programme.arrived(&rig, name, &file, &WHOLE)?;
        println!("the C recorder, {name}: {text}");
    }
    Ok(())
}

/// A codec and a recorder that a C compiler made of one file each, checked, isolated as such files are, in a call.
#[test]
fn audio_timing_a_codec_and_a_recorder_in_c_carry_a_call() {
    unless_late(EXCUSE_APART, "foreign-c", TURNS, c_plugins_in_a_call).unwrap();
}

/// Where the library files of plugins are.
fn libraries() -> PathBuf {
    let folder = std::env::var_os("OFFHOOK_PLUGIN_DIR");
    folder.map_or_else(|| binaries().join("plugins"), PathBuf::from)
}

/// The processes that `parent` started and that serve plugins.
fn served_by(parent: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{parent}/task"));
    let lists = tasks.into_iter().flatten().flatten();
    let lists = lists.map(|task| std::fs::read_to_string(task.path().join("children")));
    let children: Vec<u32> = lists
        .flatten()
        .flat_map(|list| {
            let pids: Vec<u32> = list.split_whitespace().flat_map(str::parse).collect();
            pids
        })
        .collect();
    let serves = |pid: &u32| {
        let words = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&words).contains("offhook-plugin-host")
    };
    children.into_iter().filter(serves).collect()
}

/// Kills the plugin's process `times` times, each time when there is one again.
fn kill(parent: u32, times: usize) -> anyhow::Result<()> {
    let mut killed = Vec::new();
    let until = Instant::now() + PATIENCE;
    while killed.len() < times {
        ensure!(Instant::now() < until, "killed {killed:?} only");
        let living = served_by(parent);
        if let Some(&pid) = living.iter().find(|pid| !killed.contains(*pid)) {
            // It is to serve the call before it dies.
            std::thread::sleep(Duration::from_millis(200));
            let gone = i32::try_from(pid)
                .ok()
                .and_then(rustix::process::Pid::from_raw);
            let gone = gone.context("a process id is positive")?;
            rustix::process::kill_process(gone, rustix::process::Signal::KILL)?;
            killed.push(pid);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// The events name the plugin and what is done about it, and the call goes on by PCMA.
fn fell_back(client: &mut Client, call: CallHandle) -> anyhow::Result<()> {
    for name in ["plugin.faulted", "plugin.quarantined"] {
        let id = client.wait(name, PATIENCE, |event| {
            let (EventBody::PluginFaulted(change) | EventBody::PluginQuarantined(change)) =
                &event.body
            else {
                return None;
            };
            let is_it = event.body.name() == name && event.call == Some(call);
            is_it.then(|| change.id.clone())
        })?;
        ensure!(id == "codec-g722", "{name} of {id}");
    }
    let warned = client.wait("call.warning", PATIENCE, |event| {
        let EventBody::CallWarning(warning) = &event.body else {
            return None;
        };
        Some(warning.text.clone())
    })?;
    let wanted = "G722 of the plugin codec-g722 does not work any more; another codec is offered";
    ensure!(warned == wanted, "{warned}");
    client.wait("call.media", PATIENCE, |event| {
        let EventBody::CallMedia(media) = &event.body else {
            return None;
        };
        (media.codec.as_deref() == Some("PCMA")).then_some(())
    })
}

fn falls_back() -> anyhow::Result<()> {
    let file = libraries().join("liboffhook_codec_g722.so");
    // baresip 1.0 records no more once the codec of a call has changed.
    let file = file.display().to_string();
    let needs = ["linphonec", SPEECH, &python(), &file];
    let Some(rig) = Rig::new("foreign-falls-back", &needs) else {
        return Ok(());
    };
    // Each speaks after the other codec is agreed on.
    let ours = Programme::new(&rig, "ours", SPEECH, (4_500, 500))?;
    // It begins anew with the other codec.
    let theirs = Sound::chirp(&rig, "theirs", 1_500)?.between(2_500, 6_000)?;
    let wish = linphone::Wish {
        user: "102",
        registrar: None,
        codecs: &["G722", "PCMA"],
        plays: &theirs.file,
        transport: "udp",
        answers: true,
    };
    let mut phone = Linphone::start(&rig, "linphonec", &wish)?;
    let heard = rig.file("heard.wav");
    let settings = format!(
        "{}codecs = [\"G722\", \"PCMA\"]\n[plugins]\npath = [\"{}\"]\nallow = [\"codec-g722\"]\n\
         trust.codec-g722 = \"isolated\"\n",
        devices(&ours.file, &heard),
        libraries().display()
    );
    let wish = Wish {
        codec: "",
        answer: Answer::Ring,
        settings: &settings,
        ..Wish::default()
    };
    let mut engine = Daemon::start(&rig, "engine", &wish)?;
    let began = Instant::now();
    let mut client = engine.client()?;
    let call = client.dial(&format!("sip:102@{}", phone.address))?;
    client.wait_answered(call, PATIENCE)?;
    let codec = client.look(call)?.media.and_then(|media| media.codec);
    ensure!(codec.as_deref() == Some("G722"), "{codec:?}");
    kill(engine.id(), 3)?;
    fell_back(&mut client, call)?;
    println!("by PCMA {:.1?} after the start", began.elapsed());
    let rest = Duration::from_millis(ours.play_ms()).saturating_sub(began.elapsed());
    std::thread::sleep(rest);
    client.hang_up(call)?;
    phone.wait_end(1)?;
    engine.stop();
    println!("{}", ours.arrived(&rig, "they", &phone.heard(), &MODELLED)?);
    let chirp = theirs.heard_in(&heard)?;
    println!("we hear the chirp {:.3}", chirp.score);
    ensure!(chirp.score >= 0.95, "we hear {:.3}", chirp.score);
    Ok(())
}

/// A codec whose process is killed until it stays away: the call goes on by another one, and the events name it.
#[test]
fn m_031_audio_a_codec_that_dies_is_replaced_by_another_one() {
    unless_late(EXCUSE_APART, "foreign-falls-back", TURNS, falls_back).unwrap();
}
