//! The program under test, and its driver for the binaries `offhookd` and `offhook`.

use crate::process::Running;
use crate::rig::{Rig, binaries};
use crate::{kamailio, ports};
use anyhow::{Context, Result};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

/// A phone under test, however it is run.
pub trait Engine {
    /// Where it takes calls.
    fn address(&self) -> SocketAddr;
    /// What it wrote so far.
    fn log(&self) -> String;
    /// Calls a URI; the outcome is looked for at the peer.
    fn dial(&mut self, uri: &str) -> Result<()>;
    /// Ends all calls.
    fn hang_up(&mut self) -> Result<()>;
}

/// What it does with a call.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Rings, and leaves it at that.
    Ring,
    /// Picks up and says nothing.
    Silent,
    /// Picks up and sends back what it decoded.
    Echo,
    /// Picks up and plays a file.
    Play(PathBuf),
    /// Picks up and records what it hears into this folder.
    Record(PathBuf),
}

impl Answer {
    fn word(&self) -> String {
        match self {
            Self::Ring => "ring".into(),
            Self::Silent => "silent".into(),
            Self::Echo => "echo".into(),
            Self::Play(file) => format!("play={}", file.display()),
            Self::Record(folder) => format!("record={}", folder.display()),
        }
    }
}

/// What an `offhookd` is to be.
#[derive(Debug, Clone)]
pub struct Wish<'a> {
    /// `udp` or `tcp`.
    pub transport: &'a str,
    /// Its one codec, such as `PCMU`.
    pub codec: &'a str,
    /// What it does with calls.
    pub answer: Answer,
    /// Where it registers, as whom, and with which password.
    pub registrar: Option<(SocketAddr, &'a str, &'a str)>,
}

impl Default for Wish<'_> {
    fn default() -> Self {
        Self {
            transport: "udp",
            codec: "PCMU",
            answer: Answer::Echo,
            registrar: None,
        }
    }
}

/// A running `offhookd`, controlled by `offhook` over its socket.
#[derive(Debug)]
pub struct Daemon {
    address: SocketAddr,
    control: PathBuf,
    running: Running,
}

impl Daemon {
    /// Starts one, called `name` in the rig's folder, and waits until it takes calls.
    pub fn start(rig: &Rig, name: &str, wish: &Wish<'_>) -> Result<Self> {
        let folder = rig.subfolder(name)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::take(1)));
        let control = folder.join("control.sock");
        let mut command = Command::new(binaries().join("offhookd"));
        command
            .current_dir(&folder)
            .env("HOME", &folder)
            .env("XDG_RUNTIME_DIR", &folder);
        command.args([
            "--listen",
            &address.to_string(),
            "--transport",
            wish.transport,
            "--codec",
            wish.codec,
        ]);
        command
            .args(["--answer", &wish.answer.word()])
            .arg("--socket")
            .arg(&control);
        if let Some((registrar, user, password)) = wish.registrar {
            let file = folder.join("password");
            std::fs::write(&file, password)?;
            let uri = format!("sip:{};transport={}", registrar, wish.transport);
            command.args([
                "--register",
                &uri,
                "--user",
                user,
                "--realm",
                kamailio::REALM,
            ]);
            command.arg("--password-file").arg(&file);
        }
        let mut running = Running::start(&mut command, &folder.join("log"))?;
        ports::wait_listening(address, wish.transport, &mut running)?;
        Ok(Self {
            address,
            control,
            running,
        })
    }

    /// Process id, for looking at its memory and CPU time.
    pub fn id(&self) -> u32 {
        self.running.id()
    }

    /// Asks it to end, and waits until it did.
    pub fn stop(&mut self) {
        self.running.stop();
    }

    /// Runs `offhook` against it and waits for the outcome.
    pub fn offhook(&self, words: &[&str]) -> Result<Output> {
        offhook(&self.control, words)
    }
}

impl Engine for Daemon {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn log(&self) -> String {
        self.running.log()
    }

    fn dial(&mut self, uri: &str) -> Result<()> {
        // `call` stays until the call is over, so it runs beside the test.
        let log = self.control.with_extension("call.log");
        let mut command = Command::new(binaries().join("offhook"));
        command
            .arg("--socket")
            .arg(&self.control)
            .args(["call", uri]);
        let mut call = Running::start(&mut command, &log)?;
        std::thread::spawn(move || call.wait(Duration::from_secs(120)));
        Ok(())
    }

    fn hang_up(&mut self) -> Result<()> {
        self.offhook(&["hangup", "--all"]).map(drop)
    }
}

/// Runs `offhook` against the engine at `socket`.
pub fn offhook(socket: &Path, words: &[&str]) -> Result<Output> {
    let mut command = Command::new(binaries().join("offhook"));
    command
        .arg("--socket")
        .arg(socket)
        .args(words)
        .env("NO_COLOR", "1");
    command.output().context("offhook does not start")
}
