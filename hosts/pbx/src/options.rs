//! The command line.

use clap::{Parser, ValueEnum};
use control::{Code, ErrorObject};
use demo_pbx::{Settings, Users};
use sip::auth::digest::Algorithm;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Name and password of the only user, where none is named.
const USUAL: (&str, &str) = ("101", "demo");

/// A small PBX for demos and first tests: phones register, and numbers answer by themselves.
#[derive(Debug, Parser)]
#[command(name = "offhook-pbx", version)]
pub(crate) struct Options {
    /// Address and port to listen on by UDP and TCP; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:35060")]
    listen: SocketAddr,
    /// File of users, one NAME:PASSWORD a line.
    #[arg(long, value_name = "FILE")]
    users: Option<PathBuf>,
    /// One user more; others on this computer can read it. Without any user, and on this computer
    /// alone, it is 101:demo.
    #[arg(long, value_name = "NAME:PASSWORD")]
    user: Vec<String>,
    /// Realm of its challenges.
    #[arg(long, default_value = "demo")]
    realm: String,
    /// Digest algorithm to ask for; may be given several times.
    #[arg(long, value_name = "NAME", default_values = ["md5", "sha-256"])]
    digest: Vec<Digest>,
    /// Shortest lifetime of a binding. Unit: seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    min_expires: u32,
    /// Ports for sound.
    #[arg(long, value_name = "FIRST-LAST", default_value = "41000-41999", value_parser = ports)]
    rtp_ports: (u16, u16),
    /// Folder for the sounds it makes.
    #[arg(long, value_name = "FOLDER")]
    state: Option<PathBuf>,
    /// What to log on stderr: error, warn, info, debug, or a filter such as sip=debug,
    /// which leaves the rest at warn.
    #[arg(long)]
    pub(crate) log: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Digest {
    Md5,
    #[value(name = "sha-256")]
    Sha256,
    #[value(name = "sha-512-256")]
    Sha512,
}

impl Options {
    /// What the PBX is told.
    pub(crate) fn settings(&self) -> Result<Settings, ErrorObject> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed)
            .map_err(|why| ErrorObject::new(Code::NO_NETWORK, format!("no random bytes: {why}")))?;
        let folder = self.state.clone().unwrap_or_else(state_folder);
        let mut settings = Settings::new(self.users()?, folder, seed);
        settings.listen = self.listen;
        settings.realm.clone_from(&self.realm);
        settings.lifetimes.min_s = self.min_expires.min(settings.lifetimes.max_s);
        settings.media_ports = self.rtp_ports;
        let algorithm = |digest: &Digest| match digest {
            Digest::Md5 => Algorithm::MD5,
            Digest::Sha256 => Algorithm::SHA_256,
            Digest::Sha512 => Algorithm::SHA_512_256,
        };
        settings.algorithms = self.digest.iter().map(algorithm).collect();
        Ok(settings)
    }

    fn users(&self) -> Result<Users, ErrorObject> {
        let mut users = Users::none();
        if let Some(path) = &self.users {
            let text = std::fs::read_to_string(path).map_err(|why| {
                ErrorObject::new(Code::FILE_UNREADABLE, format!("{}: {why}", path.display()))
            })?;
            let read = Users::parse(&text).map_err(|why| {
                let mut said = why.explain();
                said.detail = format!("{}: {}", path.display(), said.detail);
                said
            })?;
            users = users.with(read);
        }
        let named = Users::parse(&self.user.join("\n")).map_err(|why| {
            let mut said = why.explain();
            said.detail = format!("--user: {}", said.detail);
            said
        })?;
        users = users.with(named);
        match (users.is_empty(), self.listen.ip().is_loopback()) {
            (false, _) => Ok(users),
            (true, true) => Ok(users.and(USUAL.0, USUAL.1)),
            (true, false) => {
                let why = "others can reach this address, and no user is named";
                let fix = "name users by --users FILE, or listen on 127.0.0.1";
                Err(ErrorObject::new(Code::USAGE, why).fix(fix))
            }
        }
    }
}

/// `FIRST-LAST`.
fn ports(text: &str) -> Result<(u16, u16), String> {
    let parts = text.split_once('-');
    let parts = parts.and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
    let in_order = parts.filter(|(first, last): &(u16, u16)| *first > 0 && first < last);
    in_order.ok_or_else(|| "ports are written 41000-41999".to_owned())
}

/// Source: XDG Base Directory Specification, `$XDG_STATE_HOME`.
fn state_folder() -> PathBuf {
    let named = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let home = || named("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let base = named("XDG_STATE_HOME").map(PathBuf::from).or_else(home);
    base.unwrap_or_else(std::env::temp_dir)
        .join("offhook/demo-pbx")
}
