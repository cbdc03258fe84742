//! The programs, and calls between them.

use crate::watch::Sample;
use anyhow::{Context, Result};
use control::snapshot::AccountState;
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::rig::{binaries, find};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::sound::Sound;
use offhook_interop::wav::{self, Wav};
use offhook_interop::{Engine, Rig, Running, Sipp, ports};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// Name and password at the PBX.
const USER: (&str, &str) = ("101", "soak");
/// The PBX's extension that sends back what it hears.
const ECHO: &str = "600";
/// How long anything may take that a person would wait for.
const PATIENCE: Duration = Duration::from_secs(10);
/// The chirp, and the silences around it: the microphone plays it again and again. Unit: ms.
const CHIRP_MS: usize = 1_000;
const SILENCES: (usize, usize) = (200, 300);
/// A call lasts so long once it is answered: one whole chirp and its way back are in it.
const TALK: Duration = Duration::from_millis(3_500);
/// The recording is on disk after so long.
const WRITTEN: Duration = Duration::from_millis(500);
/// Least likeness of the chirp that comes back.
const LIKENESS: f64 = 0.9;
/// Calls that SIPp begins a second, and how long each lasts. Unit: 1/s, ms.
const SIPP_RATE: u32 = 5;
const SIPP_TALK_MS: u32 = 1_000;
/// Header of the recording. Unit: bytes.
const HEADER: u64 = 44;

/// What was called in a time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Calls {
    /// Calls to the echo.
    pub(crate) made: u32,
    /// Of them, those whose chirp came back.
    pub(crate) heard: u32,
    /// Calls, of both kinds, that did not go as they should.
    pub(crate) failed: u32,
    /// Calls that SIPp made.
    pub(crate) by_sipp: u32,
}

/// All programs.
pub(crate) struct Phones {
    rig: Rig,
    chirp: Sound,
    recording: PathBuf,
    address: SocketAddr,
    pbx: Running,
    phone: Daemon,
    bench: Daemon,
    sipp: bool,
}

impl Phones {
    /// Starts them.
    pub(crate) fn start(rig: Rig) -> Result<Self> {
        let chirp = Sound::chirp(&rig, "chirp", CHIRP_MS)?.between(SILENCES.0, SILENCES.1)?;
        let recording = rig.file("heard.wav");
        let (address, pbx) = pbx(&rig)?;
        let settings = format!(
            "[media]\nmicrophone = \"audio-file:loop:{}\"\nspeaker = \"audio-file:{}\"\n",
            chirp.file.display(),
            recording.display()
        );
        let wish = Wish {
            answer: Answer::Ring,
            registrar: Some((address, USER.0, USER.1)),
            settings: &settings,
            ..Wish::default()
        };
        let phone = Daemon::start(&rig, "phone", &wish)?;
        let mut client = phone.client()?;
        client.wait_account(AccountState::Registered, PATIENCE)?;
        let bench = Daemon::start(&rig, "bench", &Wish::default())?;
        let sipp = find("sipp").is_some();
        if !sipp {
            println!("SIPp is not installed: only calls to the echo (cargo xtask install)");
        }
        Ok(Self {
            rig,
            chirp,
            recording,
            address,
            pbx,
            phone,
            bench,
            sipp,
        })
    }

    /// Names of the programs, in the order of their samples.
    pub(crate) fn names(&self) -> [&'static str; 3] {
        ["offhookd (phone)", "offhook-pbx", "offhookd (bench)"]
    }

    /// Looks at all programs.
    pub(crate) fn samples(&self) -> Result<Vec<Sample>> {
        let ids = [self.phone.id(), self.pbx.id(), self.bench.id()];
        ids.into_iter().map(Sample::of).collect()
    }

    /// Calls until `end`; all calls are over then, as far as they go as they should.
    pub(crate) fn call_until(&mut self, end: Instant) -> Result<Calls> {
        let mut calls = Calls::default();
        let mut sipp = match self.sipp {
            true => Some(self.crowd(end)?),
            false => None,
        };
        while Instant::now() + TALK + WRITTEN + Duration::from_secs(1) < end {
            calls.made += 1;
            match self.call() {
                Ok(true) => calls.heard += 1,
                Ok(false) => println!("a chirp did not come back"),
                Err(why) => {
                    calls.failed += 1;
                    println!("a call failed: {why:#}");
                }
            }
        }
        if let Some((sipp, count)) = &mut sipp {
            let tally = sipp.finish(PATIENCE + end.saturating_duration_since(Instant::now()))?;
            calls.by_sipp = *count;
            let bad = u64::from(*count).saturating_sub(tally.successful);
            calls.failed += u32::try_from(bad).unwrap_or(u32::MAX);
        }
        std::thread::sleep(end.saturating_duration_since(Instant::now()));
        Ok(calls)
    }

    /// SIPp calls the bench until shortly before `end`.
    fn crowd(&self, end: Instant) -> Result<(Sipp, u32)> {
        let left = end.saturating_duration_since(Instant::now()).as_secs();
        let count = SIPP_RATE * u32::try_from(left.saturating_sub(4).max(1)).unwrap_or(1);
        let values = [("talk_ms", SIPP_TALK_MS.to_string())];
        let script = Script {
            values: &values,
            calls: count,
            rate: SIPP_RATE,
            ..Script::new("caller")
        };
        let script = script.calls("100", self.bench.address());
        Ok((Sipp::start(&self.rig, "sipp", &script)?, count))
    }

    /// Calls the echo; whether the chirp came back.
    fn call(&self) -> Result<bool> {
        let from = std::fs::metadata(&self.recording).map_or(HEADER, |file| file.len());
        let mut client = self.phone.client()?;
        let call = client.dial(&format!("sip:{ECHO}@{}", self.address))?;
        client.wait_answered(call, PATIENCE)?;
        std::thread::sleep(TALK);
        client.hang_up(call)?;
        client.wait_ended(call, PATIENCE)?;
        std::thread::sleep(WRITTEN);
        let part = self.rig.file("part.wav");
        wav::write(&part, &tail(&self.recording, from.max(HEADER))?)?;
        // A silent recording is like nothing.
        let Ok(heard) = self.chirp.heard_in(&part) else {
            return Ok(false);
        };
        Ok(heard.score >= LIKENESS || heard.realigned(&self.chirp, 100).score >= LIKENESS)
    }
}

fn pbx(rig: &Rig) -> Result<(SocketAddr, Running)> {
    let folder = rig.subfolder("pbx")?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::take(1)));
    let media = ports::take(40);
    let mut command = Command::new(binaries().join("offhook-pbx"));
    command
        .args(["--listen", &address.to_string()])
        .args(["--user", &format!("{}:{}", USER.0, USER.1)])
        .args(["--rtp-ports", &format!("{media}-{}", media + 39)])
        .arg("--state")
        .arg(&folder);
    let mut running = Running::start(&mut command, &folder.join("log"))?;
    ports::wait_listening(address, "udp", &mut running)?;
    Ok((address, running))
}

/// The recording from byte `from` on: 16 kHz, as the person's device runs.
fn tail(recording: &PathBuf, from: u64) -> Result<Wav> {
    let mut file = File::open(recording).with_context(|| format!("{}", recording.display()))?;
    file.seek(SeekFrom::Start(from - from % 2))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let samples = bytes.chunks_exact(2);
    Ok(Wav {
        rate_hz: 16_000,
        samples: samples.map(|s| i16::from_le_bytes([s[0], s[1]])).collect(),
    })
}
