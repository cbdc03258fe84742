//! One trial: what is to be tried is run with some plugins left out, in folders of its own.

use super::PluginBisect;
use crate::args::Global;
use crate::error::Error;
use crate::link::Engine;
use control::command::Shutdown;
use control::{Code, ErrorObject};
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a trial may take, unless `--timeout` says otherwise. Unit: time.
const LIMIT: Duration = Duration::from_secs(60);
/// How long an engine may take to start, and to stop. Unit: time.
const START: Duration = Duration::from_secs(20);
/// How often it is looked whether a program ended. Unit: time.
const LOOK: Duration = Duration::from_millis(10);
/// Most of a line that is told. Unit: characters.
const MOST: usize = 200;
/// Most that is read of what a program complained of. Unit: bytes.
const MOST_READ: u64 = 64 << 10;
/// The engine that is started for a command.
const ENGINE: &str = "offhookd";

/// How a trial is run.
pub(super) struct Trial<'a> {
    args: &'a PluginBisect,
    profile: String,
    limit: Duration,
    /// What this user's engine remembers of plugins: each trial begins with a copy of it.
    remembered: Option<Vec<u8>>,
}

impl<'a> Trial<'a> {
    pub(super) fn new(args: &'a PluginBisect, global: &Global, profile: &str) -> Self {
        let kept = phone::state_folder(profile).map(|folder| folder.join(plugin_host::KEPT));
        Self {
            args,
            profile: profile.to_owned(),
            limit: global.timeout.unwrap_or(LIMIT),
            remembered: kept.and_then(|file| std::fs::read(file).ok()),
        }
    }

    /// Runs it with these plugins left out. `None`: it went well; else what it said.
    pub(super) fn run(&self, without: &[&str]) -> Result<Option<String>, Error> {
        let room = Room::new()?;
        match self.args.command.split_first() {
            Some((program, rest)) => self.command(&room, without, (program, rest)),
            None => self.call(&room, without),
        }
    }

    /// A folder in which an engine finds what this user's remembers, and keeps what it learns.
    pub(super) fn state(&self, room: &Room) -> Result<PathBuf, Error> {
        let state = room.0.join("state");
        let own = state.join(&self.profile);
        std::fs::create_dir_all(&own).map_err(|why| unusable(&own, &why))?;
        if let Some(kept) = &self.remembered {
            let file = own.join(plugin_host::KEPT);
            std::fs::write(&file, kept).map_err(|why| unusable(&file, &why))?;
        }
        Ok(state)
    }

    /// The demo's call, in a process of its own.
    fn call(&self, room: &Room, without: &[&str]) -> Result<Option<String>, Error> {
        let me = std::env::current_exe();
        let me = me.map_err(|why| Error::new(Code::USAGE, why.to_string()))?;
        let mut command = Command::new(me);
        command.args(["plugin", "bisect-one"]);
        // What a call leaves behind that ends in a crash goes with the room.
        command.env("TMPDIR", &room.0);
        self.plugins(&mut command, without, "--without");
        self.ends(room, &mut command)
    }

    /// A command of the person, with an engine of its own.
    fn command(
        &self,
        room: &Room,
        without: &[&str],
        (program, rest): (&OsString, &[OsString]),
    ) -> Result<Option<String>, Error> {
        let socket = room.0.join("engine.sock");
        let mut engine = Command::new(self.engine());
        engine.args(["--profile", &self.profile, "--socket"]);
        engine.arg(&socket);
        engine.env("OFFHOOK_STATE_DIR", self.state(room)?);
        self.plugins(&mut engine, without, "--without-plugin");
        let complaints = room.0.join("engine");
        let mut engine = Running(spawn(&mut engine, &complaints)?);
        if let Err(how) = engine.listens(&socket)? {
            let why = first_line(&complaints);
            return Ok(Some(format!("the engine did not start: {how}; {why}")));
        }
        let mut command = Command::new(program);
        command.args(rest).env("OFFHOOK_SOCKET", &socket);
        command.env_remove("OFFHOOK_PROFILE");
        let told = self.ends(room, &mut command)?;
        match engine.0.try_wait().map_err(|why| unusable(&socket, &why))? {
            Some(status) => Ok(Some(format!(
                "the engine ended: {}; {}",
                how(status),
                first_line(&complaints)
            ))),
            None => {
                engine.stop(&socket);
                Ok(told)
            }
        }
    }

    /// The one that was named, or the one beside this program, or one that the system finds.
    fn engine(&self) -> PathBuf {
        let beside = || {
            let me = std::env::current_exe().ok()?;
            let engine = me.parent()?.join(ENGINE);
            engine.is_file().then_some(engine)
        };
        let named = self.args.engine.clone().or_else(beside);
        named.unwrap_or_else(|| PathBuf::from(ENGINE))
    }

    fn plugins(&self, command: &mut Command, without: &[&str], option: &str) {
        if let Some(settings) = &self.args.settings {
            command.arg("--settings").arg(settings);
        }
        for folder in &self.args.plugins {
            command.arg("--plugins").arg(folder);
        }
        for id in without {
            command.args([option, id]);
        }
    }

    /// Runs a program to its end. `None`: it ended with 0.
    fn ends(&self, room: &Room, command: &mut Command) -> Result<Option<String>, Error> {
        let complaints = room.0.join("said");
        let mut child = Running(spawn(command, &complaints)?);
        let ended = child.within(self.limit);
        Ok(match ended.map_err(|why| unusable(&complaints, &why))? {
            Some(status) if status.success() => None,
            Some(status) => Some(format!("{}; {}", how(status), first_line(&complaints))),
            None => Some(format!("no end within {} s", self.limit.as_secs_f64())),
        })
    }
}

/// A folder for one trial, for this user alone; it goes with everything in it.
pub(super) struct Room(PathBuf);

impl Room {
    pub(super) fn new() -> Result<Self, Error> {
        let mut name = [0; 8];
        getrandom::fill(&mut name).map_err(|why| Error::new(Code::DEGRADED, why.to_string()))?;
        let name = format!("offhook-bisect-{:016x}", u64::from_ne_bytes(name));
        let folder = std::env::temp_dir().join(name);
        let made = std::fs::DirBuilder::new().mode(0o700).create(&folder);
        made.map_err(|why| unusable(&folder, &why))?;
        Ok(Self(folder))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // What cannot be removed is in the system's folder for such things.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A program that does not outlive its trial.
struct Running(Child);

impl Running {
    /// `None`: it goes on.
    fn within(&mut self, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
        let until = Instant::now() + limit;
        loop {
            let ended = self.0.try_wait()?;
            if ended.is_some() || Instant::now() >= until {
                return Ok(ended);
            }
            std::thread::sleep(LOOK);
        }
    }

    /// Waits until it takes commands, or says why it does not.
    fn listens(&mut self, socket: &Path) -> Result<Result<(), String>, Error> {
        let until = Instant::now() + START;
        loop {
            if UnixStream::connect(socket).is_ok() {
                return Ok(Ok(()));
            }
            let ended = self.0.try_wait();
            if let Some(status) = ended.map_err(|why| unusable(socket, &why))? {
                return Ok(Err(how(status)));
            }
            if Instant::now() >= until {
                return Ok(Err(format!("not within {} s", START.as_secs())));
            }
            std::thread::sleep(LOOK);
        }
    }

    /// In order, so that it takes leave of servers; if that does not help, at once.
    fn stop(&mut self, socket: &Path) {
        let global = Global {
            socket: Some(socket.to_owned()),
            ..Global::default()
        };
        let asked = Engine::connect(&global, None)
            .and_then(|mut engine| engine.ask(control::Command::Shutdown(Shutdown::default())));
        if asked.is_ok() {
            let _ = self.within(START);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It ended before: then this does nothing.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn spawn(command: &mut Command, complaints: &Path) -> Result<Child, Error> {
    let file = File::create(complaints).map_err(|why| unusable(complaints, &why))?;
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let child = command.stderr(file).spawn();
    child.map_err(|why| {
        let program = command.get_program().to_string_lossy().into_owned();
        let fix = "name a program that can be run; for the engine: --engine PROGRAM";
        ErrorObject::new(Code::USAGE, format!("{program}: {why}"))
            .fix(fix)
            .into()
    })
}

fn how(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit {code}"),
        (None, Some(signal)) => format!("ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}

/// What a program complained of first; the rest explains that.
fn first_line(complaints: &Path) -> String {
    let Ok(file) = File::open(complaints) else {
        return String::new();
    };
    let mut lines = BufReader::new(file.take(MOST_READ))
        .split(b'\n')
        .map_while(Result::ok);
    let line = lines.find(|line| !line.trim_ascii().is_empty());
    let line = line.unwrap_or_default();
    String::from_utf8_lossy(&line)
        .trim()
        .chars()
        .take(MOST)
        .collect()
}

fn unusable(path: &Path, why: &std::io::Error) -> Error {
    Error::new(Code::FILE_UNREADABLE, format!("{}: {why}", path.display()))
}
