//! Running SIPp and reading its counts.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What one run of SIPp's own caller (`-sn uac`) came to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counts {
    pub(crate) good: u64,
    pub(crate) failed: u64,
    pub(crate) resent: u64,
    /// From the first call to the end of the last one. Unit: s.
    pub(crate) seconds: f64,
}

impl Counts {
    /// Less than one call in a thousand failed, and the rate was really driven.
    pub(crate) fn held(&self, rate: u64) -> bool {
        self.failed * 1000 < self.good && self.per_second() >= 0.93 * rate as f64
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.good as f64 / self.seconds.max(0.001)
    }
}

/// Makes `calls` calls to `address`, `rate` a second.
pub(crate) fn call(address: &str, rate: u64, calls: u64) -> Result<Counts, String> {
    let file = std::env::temp_dir().join(format!("offhook-load-{}.csv", std::process::id()));
    let began = Instant::now();
    let status = Command::new("sipp")
        .args([address, "-sn", "uac", "-nostdin", "-i", "127.0.0.1"])
        .args(["-r", &rate.to_string(), "-m", &calls.to_string()])
        .args(["-l", "30000", "-buff_size", "4000000", "-timeout", "30"])
        .args(["-recv_timeout", "5000", "-timer_resol", "1"])
        .args(["-trace_stat", "-fd", "1", "-stf"])
        .arg(&file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let wall = began.elapsed();
    status.map_err(|why| format!("sipp: {why} (Debian: sip-tester)"))?;
    read(&file, wall)
}

fn read(file: &PathBuf, wall: Duration) -> Result<Counts, String> {
    let text = std::fs::read_to_string(file).map_err(|why| format!("sipp wrote nothing: {why}"))?;
    // The next run must not read this one's.
    let _ = std::fs::remove_file(file);
    let names = text.lines().next().unwrap_or_default();
    let last = text.lines().last().unwrap_or_default();
    let number = |name: &str| {
        let column = names.split(';').position(|n| n == name);
        let value = column.and_then(|c| last.split(';').nth(c));
        value.and_then(|v| v.parse().ok()).unwrap_or(0)
    };
    Ok(Counts {
        good: number("SuccessfulCall(C)"),
        failed: number("FailedCall(C)"),
        resent: number("Retransmissions(C)"),
        seconds: wall.as_secs_f64(),
    })
}
