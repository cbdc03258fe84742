//! SIPp as one scripted peer, or as many.

use crate::process::Running;
use crate::rig::{Rig, find};
use crate::{ports, script};
use anyhow::{Context, Result, ensure};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Over what a peer speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Datagrams.
    Udp,
    /// One connection for all calls.
    Tcp,
}

impl Transport {
    /// Its name, as URIs and the system write it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
        }
    }
}

/// What a SIPp is to do.
#[derive(Debug, Clone)]
pub struct Wish<'a> {
    /// Name of a file in `scenarios/`, without its ending.
    pub scenario: &'a str,
    /// What fills in its marks.
    pub values: &'a [(&'a str, String)],
    /// Whom it calls; nothing for a callee.
    pub to: Option<(&'a str, SocketAddr)>,
    /// Name and password against a challenge.
    pub credentials: Option<(&'a str, &'a str)>,
    /// Over what.
    pub transport: Transport,
    /// How many calls, and then it ends.
    pub calls: u32,
    /// How many calls begin each second.
    pub rate: u32,
}

impl<'a> Wish<'a> {
    /// One call of `scenario` over UDP, as callee.
    pub fn new(scenario: &'a str) -> Self {
        Self {
            scenario,
            values: &[],
            to: None,
            credentials: None,
            transport: Transport::Udp,
            calls: 1,
            rate: 10,
        }
    }

    /// As caller of `user` at `address`.
    #[must_use]
    pub fn calls(self, user: &'a str, address: SocketAddr) -> Self {
        Self {
            to: Some((user, address)),
            ..self
        }
    }
}

/// A running SIPp.
#[derive(Debug)]
pub struct Sipp {
    /// Where it listens.
    pub address: SocketAddr,
    running: Running,
    folder: PathBuf,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Calls that went as the scenario says.
    pub successful: u64,
    /// Calls that did not.
    pub failed: u64,
    /// Messages sent again because no answer came.
    pub resent: u64,
}

impl Sipp {
    /// Starts one, called `name` in the rig's folder.
    pub fn start(rig: &Rig, name: &str, wish: &Wish<'_>) -> Result<Self> {
        let folder = rig.subfolder(name)?;
        let source = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("scenarios")
            .join(format!("{}.scn", wish.scenario));
        let text =
            std::fs::read_to_string(&source).with_context(|| format!("{}", source.display()))?;
        let filled = script::fill(&text, wish.values)?;
        let xml = script::translate(&filled).with_context(|| format!("{}", source.display()))?;
        std::fs::write(folder.join("scenario.xml"), xml)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::take(1)));
        let media = ports::take(4);
        let mut command = Command::new(find("sipp").context("sipp is not installed")?);
        command.current_dir(&folder);
        if let Some((user, to)) = wish.to {
            command.arg(to.to_string()).args(["-s", user]);
        }
        if let Some((user, password)) = wish.credentials {
            command.args(["-au", user, "-ap", password]);
        }
        command.args(["-sf", "scenario.xml", "-i", "127.0.0.1", "-mi", "127.0.0.1"]);
        command.args([
            "-p",
            &address.port().to_string(),
            "-mp",
            &media.to_string(),
            "-rtp_echo",
        ]);
        command.args(["-m", &wish.calls.to_string(), "-r", &wish.rate.to_string()]);
        command.args([
            "-t",
            if wish.transport == Transport::Udp {
                "u1"
            } else {
                "t1"
            },
        ]);
        command.args([
            "-trace_msg",
            "-message_file",
            "messages",
            "-trace_err",
            "-error_file",
            "errors",
        ]);
        command.args(["-trace_stat", "-stf", "stat.csv", "-fd", "1"]);
        // No terminal: it draws no screen. Lingering dialogs would hold it back for 32 s.
        command.args(["-nostdin", "-deadcall_wait", "0", "-max_retrans", "6"]);
        let running = Running::start(&mut command, &folder.join("log"))?;
        let mut sipp = Self {
            address,
            running,
            folder,
        };
        if wish.to.is_none() {
            // SIPp says nothing when it is ready.
            ports::wait_listening(address, wish.transport.word(), &mut sipp.running)?;
        }
        Ok(sipp)
    }

    /// Waits until all calls are over and went as the scenario says.
    pub fn succeed(&mut self, patience: Duration) -> Result<Tally> {
        let status = self.running.wait(patience).with_context(|| self.errors())?;
        let tally = self.tally()?;
        ensure!(
            status.success() && tally.failed == 0,
            "sipp ended with {status}, {tally:?}:\n{}",
            self.errors()
        );
        Ok(tally)
    }

    /// Waits until all calls are over, however they went.
    pub fn finish(&mut self, patience: Duration) -> Result<Tally> {
        self.running.wait(patience)?;
        self.tally()
    }

    /// All messages it sent and heard, as text.
    pub fn messages(&self) -> String {
        let bytes = std::fs::read(self.folder.join("messages")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Waits until one of them holds `text`.
    pub fn wait_message(&self, text: &str, patience: Duration) -> Result<()> {
        let until = Instant::now() + patience;
        while !self.messages().contains(text) {
            ensure!(Instant::now() < until, "no {text:?}: {}", self.messages());
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    fn errors(&self) -> String {
        std::fs::read_to_string(self.folder.join("errors")).unwrap_or_default()
    }

    /// The last line of SIPp's own statistics.
    fn tally(&self) -> Result<Tally> {
        let text = std::fs::read_to_string(self.folder.join("stat.csv"))
            .context("sipp left no statistics")?;
        let mut lines = text.lines();
        let names: Vec<&str> = lines.next().unwrap_or_default().split(';').collect();
        let last: Vec<&str> = lines
            .next_back()
            .context("sipp's statistics are empty")?
            .split(';')
            .collect();
        let value = |name: &str| -> Result<u64> {
            let at = names
                .iter()
                .position(|found| *found == name)
                .with_context(|| format!("no column {name}"))?;
            last.get(at)
                .and_then(|text| text.parse().ok())
                .with_context(|| format!("{name} is no number"))
        };
        Ok(Tally {
            successful: value("SuccessfulCall(C)")?,
            failed: value("FailedCall(C)")?,
            resent: value("Retransmissions(C)")?,
        })
    }
}
