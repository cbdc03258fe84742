//! Resident memory before, during and after 20,000 calls.

use crate::caller::Caller;
use crate::process::{Process, daemon, free_address};
use crate::sipp;
use crate::table::{Figure, Goal, Table};
use std::path::Path;
use std::time::Duration;

const CALLS: u64 = 20_000;
/// Unit: calls a second.
const RATE: u64 = 2_000;
/// After this every transaction's last timer has run out. Unit: s. Source: RFC 3261 §17, 2 * 64*T1.
const REST: u64 = 64;

/// Most that may be left of a peak. Unit: percent of idle.
const LEFT: f64 = 10.0;

pub(crate) fn figures(program: &Path, table: &mut Table) -> Result<(), String> {
    let address = free_address()?;
    let process = Process::start(program, daemon(&address, "silent"))?;
    Caller::new(&address)?.wait_for_server()?;
    std::thread::sleep(Duration::from_secs(1));
    let idle = process.resident();
    let counts = sipp::call(&address, RATE, CALLS)?;
    let peak = process.peak();
    std::thread::sleep(Duration::from_secs(REST));
    let after = process.resident();
    let megabytes = |what: String, kb: f64| Figure::new(what, kb / 1000.0, "MB");
    table.add(
        megabytes("resident memory in bench mode, idle".to_owned(), idle).goal(Goal::AtMost(14.0)),
    );
    let each = (peak - idle) * 1000.0 / counts.good.max(1) as f64;
    table.add(
        megabytes(format!("the same at the peak of {CALLS} calls"), peak)
            .beside("idle", idle / 1000.0)
            .note(format!(
                "{RATE} calls/s, {} failed, {each:.0} bytes a call",
                counts.failed
            )),
    );
    table.add(
        megabytes(format!("the same {REST} s after {CALLS} calls"), after)
            .goal(Goal::AtMost(idle / 1000.0 * (1.0 + LEFT / 100.0)))
            .beside("idle", idle / 1000.0),
    );
    Ok(())
}
