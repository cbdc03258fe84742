//! linphonec: answers or calls, plays and records files in place of a sound card.

use crate::process::Running;
use crate::rig::{Rig, find};
use crate::{kamailio, ports};
use anyhow::{Context, Result};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What a linphonec is to be.
#[derive(Debug, Clone)]
pub struct Wish<'a> {
    /// Its user part.
    pub user: &'a str,
    /// Where it registers, and with which password; nothing for a phone without a registrar.
    pub registrar: Option<(SocketAddr, &'a str)>,
    /// Codecs it may use, such as `["PCMU"]`.
    pub codecs: &'a [&'a str],
    /// What it says into a call.
    pub plays: &'a Path,
    /// Over what it registers and calls: `udp` or `tcp`.
    pub transport: &'a str,
    /// Whether it picks up by itself.
    pub answers: bool,
}

/// A running linphonec.
#[derive(Debug)]
pub struct Linphone {
    /// Where it listens.
    pub address: SocketAddr,
    running: Running,
    recording: PathBuf,
}

/// Time for an answer on its command line. Unit: time.
const PATIENCE: Duration = Duration::from_secs(15);

impl Linphone {
    /// Starts one, called `name` in the rig's folder, and waits until it is ready (and registered).
    pub fn start(rig: &Rig, name: &str, wish: &Wish<'_>) -> Result<Self> {
        let folder = rig.subfolder(name)?;
        // It keeps a database and its history there, and does not make the folders itself.
        std::fs::create_dir_all(folder.join(".local/share/linphone"))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::take(1)));
        let media = ports::take(4);
        let file = folder.join("linphonerc");
        std::fs::write(&file, config(address.port(), media, wish))?;
        let mut command = Command::new(find("linphonec").context("linphonec is not installed")?);
        command
            .arg("-c")
            .arg(&file)
            .args(["-d", "6", "-l"])
            .arg(folder.join("debug"));
        if wish.answers {
            command.arg("-a");
        }
        command.env("HOME", &folder).current_dir(&folder);
        let running = Running::start(&mut command, &folder.join("log"))?;
        let recording = folder.join("heard.wav");
        let mut linphone = Self {
            address,
            running,
            recording,
        };
        linphone.prepare(wish)?;
        Ok(linphone)
    }

    fn prepare(&mut self, wish: &Wish<'_>) -> Result<()> {
        self.running.wait_for("linphonec>", 1, PATIENCE)?;
        self.running.type_line("soundcard use files")?;
        self.running.wait_for("Using wav files", 1, PATIENCE)?;
        self.running.type_line("ipv6 disable")?;
        self.running
            .type_line(&format!("play {}", wish.plays.display()))?;
        self.running
            .type_line(&format!("record {}", self.recording.display()))?;
        self.running.type_line("codec disable all")?;
        // Its list numbers them; the numbers are those of a fresh configuration of version 5.1.
        for codec in wish.codecs {
            let number = match *codec {
                "PCMU" => 3,
                "PCMA" => 4,
                "G722" => 6,
                "G729" => 7,
                other => anyhow::bail!("no number for codec {other}"),
            };
            self.running.type_line(&format!("codec enable {number}"))?;
            self.running
                .wait_for(&format!("{number}: {codec} (8000) enabled"), 1, PATIENCE)?;
        }
        if let Some((registrar, password)) = wish.registrar {
            let Wish {
                user, transport, ..
            } = wish;
            let realm = kamailio::REALM;
            let proxy = format!("sip:{registrar};transport={transport}");
            self.running
                .type_line(&format!("register sip:{user}@{realm} {proxy} {password}"))?;
            // Its screen does not say so, its debug log does.
            let log = self.recording.with_file_name("debug");
            self.running
                .wait_in(&log, "[LinphoneRegistrationOk]", 1, PATIENCE)?;
        }
        Ok(())
    }

    /// Starts one that is registered, watches `friend`'s presence and publishes its own.
    pub fn watching(
        rig: &Rig,
        name: &str,
        (user, password): (&str, &str),
        registrar: SocketAddr,
        friend: &str,
    ) -> Result<Self> {
        let folder = rig.subfolder(name)?;
        std::fs::create_dir_all(folder.join(".local/share/linphone"))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::take(1)));
        let wish = Wish {
            user,
            registrar: None,
            codecs: &[],
            plays: Path::new(""),
            transport: "udp",
            answers: false,
        };
        let realm = kamailio::REALM;
        let file = folder.join("linphonerc");
        let config = config(address.port(), ports::take(4), &wish);
        let config = config.replace("default_proxy=-1", "default_proxy=0");
        let account = format!(
            "[proxy_0]\nreg_proxy=sip:{registrar}\nreg_route=sip:{registrar};lr\n\
             reg_identity=sip:{user}@{realm}\nreg_expires=600\nreg_sendregister=1\npublish=1\n\
             publish_expires=60\n\
             [auth_info_0]\nusername={user}\npasswd={password}\nrealm={realm}\n\
             [friend_0]\nurl=\"Friend\" <sip:{friend}@{realm}>\npol=accept\nsubscribe=1\n"
        );
        std::fs::write(&file, config + &account)?;
        let mut command = Command::new(find("linphonec").context("linphonec is not installed")?);
        command.arg("-c").arg(&file).args(["-d", "6", "-l"]);
        command.arg(folder.join("debug"));
        command.env("HOME", &folder).current_dir(&folder);
        let mut linphone = Self {
            address,
            running: Running::start(&mut command, &folder.join("log"))?,
            recording: folder.join("heard.wav"),
        };
        let log = folder.join("debug");
        let is_in = "[LinphoneRegistrationOk]";
        linphone.running.wait_in(&log, is_in, 1, PATIENCE)?;
        Ok(linphone)
    }

    /// Waits until it has said of its friend, so many times, that they are in this state: `Online`, `Busy`.
    pub fn wait_friend(&mut self, state: &str, times: usize) -> Result<()> {
        let said = format!("is {state}");
        self.running.wait_for(&said, times, PATIENCE)
    }

    /// Waits until its PUBLISH was answered.
    pub fn wait_published(&mut self) -> Result<()> {
        let log = self.recording.with_file_name("debug");
        self.running.wait_in(&log, "SIP-ETag:", 1, PATIENCE)
    }

    /// Calls a URI.
    pub fn dial(&mut self, uri: &str) -> Result<()> {
        self.running.type_line(&format!("call {uri}"))
    }

    /// Holds the call, and waits until it is held.
    pub fn hold(&mut self) -> Result<()> {
        self.running.type_line("pause")?;
        self.running.wait_for("is now paused", 1, PATIENCE)
    }

    /// Goes on with it.
    pub fn resume(&mut self) -> Result<()> {
        self.running.type_line("resume 1")
    }

    /// Hands the other end of its call on.
    pub fn transfer(&mut self, uri: &str) -> Result<()> {
        self.running.type_line(&format!("transfer {uri}"))
    }

    /// Presses a key in the call.
    pub fn press(&mut self, key: &str) -> Result<()> {
        self.running.type_line(key)
    }

    /// Waits until it heard a telephone-event.
    pub fn wait_key(&mut self, key: char) -> Result<()> {
        let said = format!("Receiving tone {key} from");
        self.running.wait_for(&said, 1, PATIENCE)
    }

    /// Writes to somebody.
    pub fn write(&mut self, uri: &str, text: &str) -> Result<()> {
        self.running.type_line(&format!("chat {uri} {text}"))
    }

    /// Waits until it shows a text.
    pub fn wait_message(&mut self, text: &str) -> Result<()> {
        self.running.wait_for(text, 1, PATIENCE)
    }

    /// Ends the call.
    pub fn hang_up(&mut self) -> Result<()> {
        self.running.type_line("terminate")
    }

    /// Waits until its `times`-th call is up.
    pub fn wait_call(&mut self, times: usize) -> Result<()> {
        self.running
            .wait_for("Media streams established", times, PATIENCE)
    }

    /// Waits until its `times`-th call is over.
    pub fn wait_end(&mut self, times: usize) -> Result<()> {
        self.running.wait_for(" ended (", times, PATIENCE)
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        self.running.kill();
    }

    /// What it heard in its last call; whole only after the call.
    pub fn heard(&self) -> PathBuf {
        self.recording.clone()
    }

    /// What it wrote so far.
    pub fn log(&self) -> String {
        self.running.log()
    }
}

fn config(port: u16, media: u16, wish: &Wish<'_>) -> String {
    let (udp, tcp) = if wish.transport == "tcp" {
        (0, port)
    } else {
        (port, 0)
    };
    let user = wish.user;
    format!(
        "[sip]\n\
         sip_port={udp}\nsip_tcp_port={tcp}\nsip_tls_port=0\n\
         contact=\"{user}\" <sip:{user}@127.0.0.1>\n\
         guess_hostname=0\n\
         register_only_when_network_is_up=0\n\
         auto_net_state_mon=0\n\
         bind_address=127.0.0.1\n\
         prefer_ipv6=0\n\
         default_proxy=-1\n\
         [rtp]\n\
         bind_address=127.0.0.1\n\
         audio_rtp_port={media}\n\
         [sound]\n\
         echocancellation=0\n\
         agc=0\n\
         [video]\n\
         enabled=0\ncapture=0\ndisplay=0\nautomatically_initiate=0\nautomatically_accept=0\n"
    )
}
