//! Resident memory before, during and after 20,000 calls.

use crate::caller::Caller;
use crate::process::Process;
use crate::sipp;
use crate::table::Table;
use std::path::Path;
use std::time::Duration;

const CALLS: u64 = 20_000;
/// Unit: calls a second.
const RATE: u64 = 2_000;
/// After this every transaction's last timer has run out. Unit: s. Source: RFC 3261 §17, 2 * 64*T1.
const REST: u64 = 64;

pub(crate) fn figures(daemon: &Path, table: &mut Table) -> Result<(), String> {
    let address = "127.0.0.1:5173";
    let ours = "--listen 127.0.0.1:5173 --transport udp --codec PCMU --answer silent \
                --socket /tmp/offhook-load.sock --log error";
    let process = Process::start(daemon, ours.split(' '))?;
    Caller::new(address)?.wait_for_server()?;
    std::thread::sleep(Duration::from_secs(1));
    let idle = process.resident();
    let counts = sipp::call(address, RATE, CALLS)?;
    std::thread::sleep(Duration::from_secs(REST));
    let (peak, after) = (process.peak(), process.resident());
    let megabytes = |kb: f64| format!("{:.1} MB", kb / 1000.0);
    table.add(
        "resident memory, bench mode, idle",
        megabytes(idle),
        "",
        "<= 14 MB",
    );
    table.add(
        format!("resident memory at the peak of {CALLS} calls"),
        megabytes(peak),
        format!("{RATE} calls/s, {} failed", counts.failed),
        "",
    );
    table.add(
        format!("resident memory {REST} s after {CALLS} calls"),
        megabytes(after),
        format!("idle {:+.0} %", (after / idle - 1.0) * 100.0),
        "idle +10 %",
    );
    Ok(())
}
