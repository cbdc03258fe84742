//! The other phone of a call, whichever program it is, and the devices of ours.

use crate::rig::Rig;
use crate::{Baresip, Linphone, baresip, linphone};
use anyhow::Result;
use std::path::{Path, PathBuf};

/// A phone that nobody here wrote, without a registrar.
#[derive(Debug)]
pub enum Phone {
    /// baresip.
    Baresip(Baresip),
    /// linphonec.
    Linphone(Linphone),
}

impl Phone {
    /// Starts `program`, which is also its folder's name in the rig, with one codec and a file to say.
    pub fn start(
        rig: &Rig,
        program: &str,
        codec: &str,
        plays: &Path,
        answers: bool,
    ) -> Result<Self> {
        if program == "baresip" {
            let wish = baresip::Wish {
                user: "102",
                registrar: None,
                codecs: codec,
                plays,
                transport: "udp",
                answers,
            };
            return Ok(Self::Baresip(Baresip::start(rig, program, &wish)?));
        }
        let wish = linphone::Wish {
            user: "102",
            registrar: None,
            codecs: &[codec],
            plays,
            transport: "udp",
            answers,
        };
        Ok(Self::Linphone(Linphone::start(rig, program, &wish)?))
    }

    /// Where it is called.
    pub fn uri(&self) -> String {
        match self {
            Self::Baresip(phone) => format!("sip:102@{}", phone.address),
            Self::Linphone(phone) => format!("sip:102@{}", phone.address),
        }
    }

    /// Calls a URI.
    pub fn dial(&mut self, uri: &str) -> Result<()> {
        match self {
            Self::Baresip(phone) => phone.dial(uri),
            Self::Linphone(phone) => phone.dial(uri),
        }
    }

    /// Holds its call.
    pub fn hold(&mut self) -> Result<()> {
        match self {
            Self::Baresip(phone) => phone.hold(),
            Self::Linphone(phone) => phone.hold(),
        }
    }

    /// Goes on with its call.
    pub fn resume(&mut self) -> Result<()> {
        match self {
            Self::Baresip(phone) => phone.resume(),
            Self::Linphone(phone) => phone.resume(),
        }
    }

    /// Hands its call on.
    pub fn transfer(&mut self, uri: &str) -> Result<()> {
        match self {
            Self::Baresip(phone) => phone.transfer(uri),
            Self::Linphone(phone) => phone.transfer(uri),
        }
    }

    /// Ends its call.
    pub fn hang_up(&mut self) -> Result<()> {
        match self {
            Self::Baresip(phone) => phone.hang_up(),
            Self::Linphone(phone) => phone.hang_up(),
        }
    }

    /// Presses a key in the call, which it sends as a telephone-event.
    pub fn press(&mut self, key: &str) -> Result<()> {
        match self {
            Self::Baresip(phone) => phone.press(key),
            Self::Linphone(phone) => phone.press(key),
        }
    }

    /// Waits until it heard a telephone-event.
    pub fn wait_key(&mut self, key: char) -> Result<()> {
        match self {
            Self::Baresip(phone) => phone.wait_key(key),
            Self::Linphone(phone) => phone.wait_key(key),
        }
    }

    /// Waits until its call is over.
    pub fn wait_end(&mut self) -> Result<()> {
        match self {
            Self::Baresip(phone) => phone.wait_end(1),
            Self::Linphone(phone) => phone.wait_end(1),
        }
    }

    /// Ends it at once: one that takes leave waits for an answer.
    pub fn kill(&mut self) {
        match self {
            Self::Baresip(phone) => phone.kill(),
            Self::Linphone(phone) => phone.kill(),
        }
    }

    /// What it heard; whole only after the call.
    pub fn heard(&self) -> Result<PathBuf> {
        match self {
            Self::Baresip(phone) => phone.heard(),
            Self::Linphone(phone) => Ok(phone.heard()),
        }
    }
}

/// Settings of a phone of ours that hears `microphone` and writes what it is told into `loudspeaker`.
pub fn devices(microphone: &Path, loudspeaker: &Path) -> String {
    format!(
        "[media]\nmicrophone = \"audio-file:{}\"\nspeaker = \"audio-file:{}\"\n",
        microphone.display(),
        loudspeaker.display()
    )
}
