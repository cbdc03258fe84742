//! A child process on the measured core: its processor time and its memory, from /proc.

use std::ffi::OsStr;
use std::fs;
use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};

/// An address that nobody listens at, for a server that is told where to listen.
pub(crate) fn free_address() -> Result<String, String> {
    let socket = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    socket
        .map(|address| address.to_string())
        .map_err(|why| why.to_string())
}

/// What `offhookd` is told to serve PCMU calls at `address`: `answer` is `silent` or `echo`.
pub(crate) fn daemon(address: &str, answer: &str) -> Vec<String> {
    let socket = std::env::temp_dir().join(format!("offhook-load-{}.sock", std::process::id()));
    let socket = socket.to_string_lossy().into_owned();
    [
        ["--listen", address],
        ["--transport", "udp"],
        ["--codec", "PCMU"],
        ["--answer", answer],
        ["--socket", &socket],
        ["--log", "error"],
    ]
    .concat()
    .into_iter()
    .map(str::to_owned)
    .collect()
}

/// Runs until dropped.
pub(crate) struct Process(Child);

impl Process {
    /// Starts `program` pinned to the measured core.
    pub(crate) fn start<A: AsRef<OsStr>>(
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Self, String> {
        Self::start_on(crate::SERVED, program, args)
    }

    /// Starts `program` pinned to `core`.
    pub(crate) fn start_on<A: AsRef<OsStr>>(
        core: usize,
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = A>,
    ) -> Result<Self, String> {
        // taskset becomes the program, so the child's id is the program's.
        let child = Command::new("taskset")
            .args(["-c", &core.to_string()])
            .arg(&program)
            .args(args)
            .env("LOAD_PASSWORD", crate::start::PASSWORD)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let name = program.as_ref().to_string_lossy();
        child.map(Self).map_err(|why| format!("{name}: {why}"))
    }

    /// Processor time so far, all threads. Unit: s.
    pub(crate) fn cpu(&self) -> f64 {
        let folder = format!("/proc/{}/task", self.0.id());
        let tasks = fs::read_dir(folder).into_iter().flatten().flatten();
        let nanos = tasks.filter_map(|task| {
            // First word: time on the processor in ns; finer than the ticks of /proc/PID/stat.
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<f64>().ok()
        });
        nanos.sum::<f64>() / 1e9
    }

    /// Resident memory. Unit: kB.
    pub(crate) fn resident(&self) -> f64 {
        self.status("VmRSS:")
    }

    /// The most that was ever resident. Unit: kB.
    pub(crate) fn peak(&self) -> f64 {
        self.status("VmHWM:")
    }

    fn status(&self, key: &str) -> f64 {
        let text = fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(key));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.unwrap_or(0.0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
