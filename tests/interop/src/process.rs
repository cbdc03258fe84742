//! A program that runs beside the test and is stopped when it goes out of scope.

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a program may take to end after it was asked to. Unit: time.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often a log or a program is looked at. Unit: time.
const GLANCE: Duration = Duration::from_millis(10);

/// A running program; both its outputs go to one log file.
#[derive(Debug)]
pub struct Running {
    name: String,
    child: Child,
    input: Option<ChildStdin>,
    log: PathBuf,
}

impl Running {
    /// Starts `command`, with its outputs in `log`.
    pub fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut file = File::create(log).with_context(|| format!("{}", log.display()))?;
        let words: Vec<_> = command
            .get_args()
            .map(|arg| arg.to_string_lossy())
            .collect();
        writeln!(file, "$ {name} {}", words.join(" "))?;
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let input = child.stdin.take();
        Ok(Self {
            name,
            child,
            input,
            log: log.into(),
        })
    }

    /// Types a line into the program.
    pub fn type_line(&mut self, line: &str) -> Result<()> {
        let input = self
            .input
            .as_mut()
            .context("the program's input is closed")?;
        writeln!(input, "{line}")
            .and_then(|()| input.flush())
            .with_context(|| format!("{} has ended", self.name))
    }

    /// What the program wrote so far.
    pub fn log(&self) -> String {
        read(&self.log)
    }

    /// Process id, for looking at its memory and CPU time.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the program wrote `text` at least `times` times.
    pub fn wait_for(&mut self, text: &str, times: usize, patience: Duration) -> Result<()> {
        let log = self.log.clone();
        self.wait_in(&log, text, times, patience)
    }

    /// Waits until `text` stands at least `times` times in a file that the program writes.
    pub fn wait_in(
        &mut self,
        file: &Path,
        text: &str,
        times: usize,
        patience: Duration,
    ) -> Result<()> {
        let until = Instant::now() + patience;
        let there = || read(file).matches(text).count() >= times;
        while !there() {
            if let Some(status) = self.child.try_wait()? {
                // It may have written it in the meantime.
                ensure!(
                    there(),
                    "{} ended with {status} before '{text}':\n{}",
                    self.name,
                    self.tail()
                );
                break;
            }
            ensure!(
                Instant::now() < until,
                "{}: no '{text}' within {patience:?}:\n{}",
                self.name,
                self.tail()
            );
            std::thread::sleep(GLANCE);
        }
        Ok(())
    }

    /// Waits until the program ends by itself.
    pub fn wait(&mut self, patience: Duration) -> Result<ExitStatus> {
        let until = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > until {
                bail!(
                    "{} still runs after {patience:?}:\n{}",
                    self.name,
                    self.tail()
                );
            }
            std::thread::sleep(GLANCE);
        }
    }

    /// Whether the program still runs.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Asks the program to end, waits, and ends it if it does not.
    pub fn stop(&mut self) -> Option<ExitStatus> {
        self.input = None;
        self.signal(Signal::TERM);
        if let Ok(status) = self.wait(PATIENCE) {
            return Some(status);
        }
        self.kill()
    }

    /// Ends the program and the processes that it made at once, as a power cut would.
    pub fn kill(&mut self) -> Option<ExitStatus> {
        let workers = children(self.child.id());
        // An error means that it has ended already.
        let _ = self.child.kill();
        for worker in workers {
            let _ = kill_process(worker, Signal::KILL);
        }
        self.child.wait().ok()
    }

    fn signal(&mut self, signal: Signal) {
        let Ok(None) = self.child.try_wait() else {
            return;
        };
        if let Some(id) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // It may end in this very moment; then there is nothing left to do.
            let _ = kill_process(id, signal);
        }
    }

    /// The last lines of the log.
    fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let from = lines.len().saturating_sub(30);
        format!("… {}\n{}", self.log.display(), lines[from..].join("\n"))
    }
}

/// The processes that a process made and that still run.
fn children(id: u32) -> Vec<Pid> {
    let ids = read(Path::new(&format!("/proc/{id}/task/{id}/children")));
    let ids = ids.split_whitespace().filter_map(|id| id.parse().ok());
    ids.filter_map(Pid::from_raw).collect()
}

fn read(file: &Path) -> String {
    let bytes = std::fs::read(file).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, name: &str) -> Running {
        let log =
            std::env::temp_dir().join(format!("offhook-process-{name}-{}.log", std::process::id()));
        Running::start(Command::new("sh").args(["-c", script]), &log).unwrap()
    }

    #[test]
    fn a_program_is_heard_and_spoken_to() {
        let mut cat = shell("echo ready; read a; echo got $a; exit 3", "talk");
        cat.wait_for("ready", 1, PATIENCE).unwrap();
        cat.type_line("hello").unwrap();
        cat.wait_for("got hello", 1, PATIENCE).unwrap();
        assert_eq!(cat.wait(PATIENCE).unwrap().code(), Some(3));
        assert!(cat.wait_for("never", 1, PATIENCE).is_err());
    }

    #[test]
    fn what_a_program_made_goes_with_it() {
        let mut parent = shell("sleep 1000 & echo made $!; wait", "workers");
        // Its command line stands in the log too.
        parent.wait_for("made", 2, PATIENCE).unwrap();
        let made = children(parent.id());
        assert_eq!(made.len(), 1);
        parent.kill();
        let stat = format!("/proc/{}/stat", made[0].as_raw_nonzero());
        let until = Instant::now() + PATIENCE;
        // Gone, or a zombie until whoever inherited it has looked.
        while !matches!(read(Path::new(&stat)).split(' ').nth(2), None | Some("Z")) {
            assert!(Instant::now() < until, "it still runs");
            std::thread::sleep(GLANCE);
        }
    }

    #[test]
    fn a_program_is_gone_after_drop() {
        let sleep = shell("exec sleep 60", "drop");
        let id = sleep.id();
        drop(sleep);
        assert!(!Path::new(&format!("/proc/{id}")).exists());
    }
}
