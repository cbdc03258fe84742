//! baresip: answers or calls, plays a file (module aufile) and records both directions (module sndfile).

use crate::process::Running;
use crate::rig::{Rig, find};
use crate::sound::newest;
use crate::{kamailio, ports, wav};
use anyhow::{Context, Result};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What a baresip is to be.
#[derive(Debug, Clone)]
pub struct Wish<'a> {
    /// Its user part.
    pub user: &'a str,
    /// Where it registers, and with which password; nothing for a phone without a registrar.
    pub registrar: Option<(SocketAddr, &'a str)>,
    /// Codecs it may use, in order, such as `PCMU,PCMA`.
    pub codecs: &'a str,
    /// What it says into a call: mono, at 8 or 16 kHz.
    pub plays: &'a Path,
    /// Over what it registers and calls: `udp` or `tcp`.
    pub transport: &'a str,
    /// Whether it picks up by itself.
    pub answers: bool,
}

/// A running baresip.
#[derive(Debug)]
pub struct Baresip {
    /// Where it listens, on UDP and TCP.
    pub address: SocketAddr,
    running: Running,
    folder: PathBuf,
}

/// Whom it writes to.
const CONTACT: &str = "sip:101@offhook.test";

const MODULES: &str = "/usr/lib/baresip/modules";

impl Baresip {
    /// Starts one, called `name` in the rig's folder, and waits until it is ready (and registered).
    pub fn start(rig: &Rig, name: &str, wish: &Wish<'_>) -> Result<Self> {
        let folder = rig.subfolder(name)?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, ports::take(1)));
        let media = ports::take(8);
        std::fs::write(
            folder.join("config"),
            config(address, media, wish.plays, &folder)?,
        )?;
        std::fs::write(folder.join("accounts"), account(address, wish))?;
        std::fs::write(folder.join("contacts"), format!("\"Ann\" <{CONTACT}>\n"))?;
        std::fs::write(folder.join("current_contact"), CONTACT)?;
        let mut command = Command::new(find("baresip").context("baresip is not installed")?);
        command.arg("-f").arg(&folder).env("HOME", &folder);
        let running = Running::start(&mut command, &folder.join("log"))?;
        let mut baresip = Self {
            address,
            running,
            folder,
        };
        baresip
            .running
            .wait_for("baresip is ready.", 1, Duration::from_secs(10))?;
        if wish.registrar.is_some() {
            // It prints "useragent registered successfully" with colours between.
            baresip
                .running
                .wait_for("registered successfully", 1, Duration::from_secs(10))?;
        }
        Ok(baresip)
    }

    /// Calls a URI.
    pub fn dial(&mut self, uri: &str) -> Result<()> {
        self.running.type_line(&format!("/dial {uri}"))
    }

    /// Holds the call.
    pub fn hold(&mut self) -> Result<()> {
        self.running.type_line("/hold")
    }

    /// Goes on with it.
    pub fn resume(&mut self) -> Result<()> {
        self.running.type_line("/resume")
    }

    /// Hands the other end of its call on.
    pub fn transfer(&mut self, uri: &str) -> Result<()> {
        self.running.type_line(&format!("/transfer {uri}"))
    }

    /// Presses a key in the call.
    pub fn press(&mut self, key: &str) -> Result<()> {
        self.running.type_line(key)
    }

    /// Waits until it heard a telephone-event to its end.
    pub fn wait_key(&mut self, key: char) -> Result<()> {
        let said = format!("received event: '{key}' (end=1)");
        self.running.wait_for(&said, 1, Duration::from_secs(10))
    }

    /// Ends the call.
    pub fn hang_up(&mut self) -> Result<()> {
        self.running.type_line("/hangup")
    }

    /// Waits until its `times`-th call is up.
    pub fn wait_call(&mut self, times: usize) -> Result<()> {
        self.running
            .wait_for("Call established", times, Duration::from_secs(10))
    }

    /// Waits until its `times`-th call is over.
    pub fn wait_end(&mut self, times: usize) -> Result<()> {
        self.running
            .wait_for("terminated (duration", times, Duration::from_secs(10))
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        self.running.kill();
    }

    /// Writes to 101.
    pub fn write(&mut self, text: &str) -> Result<()> {
        self.running.type_line(&format!("/message {text}"))
    }

    /// Waits until it shows a text.
    pub fn wait_message(&mut self, text: &str) -> Result<()> {
        self.running.wait_for(text, 1, Duration::from_secs(10))
    }

    /// What it heard in its last call; whole only after the call.
    pub fn heard(&self) -> Result<PathBuf> {
        newest(&self.folder, "-dec.wav")
    }

    /// What it wrote so far.
    pub fn log(&self) -> String {
        self.running.log()
    }
}

fn account(address: SocketAddr, wish: &Wish<'_>) -> String {
    let Wish {
        user,
        codecs,
        transport,
        ..
    } = wish;
    let mode = if wish.answers { "auto" } else { "manual" };
    let tail = format!("answermode={mode};audio_codecs={codecs}");
    match wish.registrar {
        None => {
            format!("<sip:{user}@{address};transport={transport}>;regint=0;{tail}\n")
        }
        Some((registrar, password)) => format!(
            "<sip:{user}@{};transport={transport}>;regint=60;outbound=\"sip:{registrar};transport={transport}\";\
             auth_user={user};auth_pass={password};{tail}\n",
            kamailio::REALM,
        ),
    }
}

fn config(address: SocketAddr, media: u16, plays: &Path, folder: &Path) -> Result<String> {
    // It takes a file at the rate of its source only.
    let rate = wav::read(plays)?.rate_hz;
    let (plays, folder) = (plays.display(), folder.display());
    let last = media + 7;
    Ok(format!(
        "poll_method epoll\n\
         sip_listen {address}\n\
         call_local_timeout 120\n\
         call_max_calls 4\n\
         net_interface 127.0.0.1\n\
         audio_source aufile,{plays}\n\
         audio_player aubridge,sink\n\
         audio_alert aubridge,alert\n\
         audio_level no\n\
         ausrc_srate {rate}\nauplay_srate {rate}\nausrc_channels 1\nauplay_channels 1\n\
         ausrc_format s16\nauplay_format s16\nauenc_format s16\naudec_format s16\n\
         audio_buffer 20-160\n\
         rtp_ports {media}-{last}\n\
         jitter_buffer_type fixed\n\
         jitter_buffer_delay 2-10\n\
         snd_path {folder}\n\
         module_path {MODULES}\n\
         opus_stereo no\nopus_sprop_stereo no\nopus_inbandfec yes\nopus_bitrate 32000\n\
         module g711.so\n\
         module g722.so\n\
         module gsm.so\n\
         module l16.so\n\
         module opus.so\n\
         module aufile.so\n\
         module aubridge.so\n\
         module sndfile.so\n\
         module stdio.so\n\
         module_tmp account.so\n\
         module_app contact.so\n\
         module_app menu.so\n"
    ))
}
