//! The program under test, and its driver for the binary `offhookd`.

use crate::client::Client;
use crate::process::Running;
use crate::rig::{Rig, binaries};
use crate::{kamailio, ports};
use anyhow::Result;
use std::fs::Permissions;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

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
    /// `udp` or `tcp`: how it listens, and how it reaches its registrar.
    pub transport: &'a str,
    /// `tls` or `tls+sip`, where it reaches its registrar so (K-011).
    pub secured: Option<&'a str>,
    /// Its one codec, such as `PCMU`; empty: as `settings` say.
    pub codec: &'a str,
    /// What it does with calls.
    pub answer: Answer,
    /// Where it registers, as whom, and with which password. `None`: it has an account that does not.
    pub registrar: Option<(SocketAddr, &'a str, &'a str)>,
    /// Where it listens: a loopback address of either version.
    pub ip: IpAddr,
    /// More settings, as a settings file has them.
    pub settings: &'a str,
}

impl Default for Wish<'_> {
    fn default() -> Self {
        Self {
            transport: "udp",
            secured: None,
            codec: "PCMU",
            answer: Answer::Echo,
            registrar: None,
            ip: Ipv4Addr::LOCALHOST.into(),
            settings: "",
        }
    }
}

/// The account of a phone that does not register: with a password, for those who ask at each call.
const ACCOUNT: &str = "
[accounts.main]
user = \"101\"
domain = \"offhook.test\"
password = \"secret-101\"
register = false
udp_from_unknown = true
";

/// A running `offhookd`.
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
        let address = SocketAddr::new(wish.ip, ports::take(1));
        let control = folder.join("control.sock");
        let settings = folder.join("settings.toml");
        let account = wish.registrar.map_or(ACCOUNT, |_| "");
        write_private(&settings, &format!("{}\n{account}", wish.settings))?;
        let mut command = offhookd();
        command
            .current_dir(&folder)
            .env("HOME", &folder)
            .env("XDG_RUNTIME_DIR", &folder);
        command.args(["--listen", &address.to_string()]);
        command.args(["--transport", wish.transport]);
        if !wish.codec.is_empty() {
            command.args(["--codec", wish.codec]);
        }
        command.args(["--answer", &wish.answer.word()]);
        command.arg("--settings").arg(&settings);
        command.arg("--socket").arg(&control);
        if let Some((registrar, user, password)) = wish.registrar {
            let file = folder.join("password");
            write_private(&file, password)?;
            let uri = match wish.secured {
                Some("tls") => format!("sips:{registrar}"),
                Some(_) => format!("sip:{registrar};transport=tls"),
                None => format!("sip:{registrar};transport={}", wish.transport),
            };
            command.args(["--register", &uri, "--user", user]);
            command.args(["--domain", kamailio::REALM]);
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

    /// A connection to its control socket.
    pub fn client(&self) -> Result<Client> {
        Client::connect(&self.control)
    }

    /// What `offhook` prints when it is told `words` about this engine, and the number it ends with.
    pub fn told(&self, words: &[&str]) -> Result<(String, i32)> {
        let mut command = program("offhook");
        command.args(words).arg("--socket").arg(&self.control);
        let done = command.env("NO_COLOR", "1").output()?;
        let mut said = String::from_utf8_lossy(&done.stdout).into_owned();
        said.push_str(&String::from_utf8_lossy(&done.stderr));
        Ok((said, done.status.code().unwrap_or(-1)))
    }

    /// Process id, for looking at its memory and CPU time.
    pub fn id(&self) -> u32 {
        self.running.id()
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(&mut self) {
        self.running.kill();
    }

    /// Asks it to end, and waits until it did.
    pub fn stop(&mut self) {
        self.running.stop();
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
        self.client()?.dial(uri).map(drop)
    }

    fn hang_up(&mut self) -> Result<()> {
        self.client()?.hang_up_all()
    }
}

/// Writes what nobody else may read.
fn write_private(file: &Path, text: &str) -> Result<()> {
    std::fs::write(file, text)?;
    std::fs::set_permissions(file, Permissions::from_mode(0o600))?;
    Ok(())
}

/// `offhookd` without the variables that only the test run means: they would be settings.
pub fn offhookd() -> Command {
    program("offhookd")
}

/// One of our programs, without these variables.
pub fn program(name: &str) -> Command {
    let mut command = Command::new(binaries().join(name));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OFFHOOK_") {
            command.env_remove(name);
        }
    }
    command
}
