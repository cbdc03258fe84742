//! Calls answered a second on one core, beside SIPp as the called side and a bare echo.

use crate::caller::Caller;
use crate::process::Process;
use crate::sipp::{self, Counts};
use crate::table::{Table, quantile};
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

/// Rates tried, one after the other until one is not held. Unit: calls a second.
const LADDER: [u64; 9] = [
    1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 8_000, 10_000, 12_000,
];
/// How long each rate is driven. Unit: s.
const SECONDS: u64 = 3;
/// The rate at which a server mostly waits. Unit: calls a second.
const CALM: u64 = 200;
/// Calls made one after the other to time the answer.
const SINGLE: usize = 500;

/// What one server did.
struct Result {
    held: u64,
    /// Processor time at the highest rate held. Unit: s for 1,000 calls.
    busy: f64,
    /// The same at the calm rate.
    calm: f64,
    /// From INVITE to 200. Unit: ms.
    single: Vec<f64>,
    /// At the end of the ladder. Unit: MB.
    peak: f64,
    resent: u64,
}

pub(crate) fn figures(daemon: &Path, table: &mut Table) -> std::result::Result<(), String> {
    let this = std::env::current_exe().map_err(|why| why.to_string())?;
    let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
    let ours = "--listen 127.0.0.1:5170 --transport udp --codec PCMU --answer silent \
                --socket /tmp/offhook-load.sock --log error";
    let mut ours = server(daemon, words(ours), "127.0.0.1:5170")?;
    let sipp = "-sn uas -nostdin -i 127.0.0.1 -p 5171 -buff_size 4000000";
    let mut sipp = server(Path::new("sipp"), words(sipp), "127.0.0.1:5171")?;
    let mut floor = server(&this, words("floor calls 127.0.0.1:5172"), "127.0.0.1:5172")?;
    let beside = |a: String, b: String| format!("SIPp {a}, bare echo {b}");
    table.add(
        "calls/s held on one core, media prepared",
        ours.held.to_string(),
        beside(sipp.held.to_string(), floor.held.to_string()),
        ">= 5000",
    );
    let seconds = |value: f64| format!("{value:.3} s");
    table.add(
        "processor time for 1,000 calls at that rate",
        seconds(ours.busy),
        beside(seconds(sipp.busy), seconds(floor.busy)),
        "<= 0.15 s",
    );
    table.add(
        format!("processor time for 1,000 calls at {CALM} a second"),
        seconds(ours.calm),
        beside(seconds(sipp.calm), seconds(floor.calm)),
        "<= 0.45 s",
    );
    for (name, part, goal) in [("p50", 0.5, "<= 0.45 ms"), ("p99", 0.99, "")] {
        let at = |result: &mut Result| format!("{:.2} ms", quantile(&mut result.single, part));
        let value = at(&mut ours);
        let others = beside(at(&mut sipp), at(&mut floor));
        table.add(
            format!("INVITE to 200, single calls, {name}"),
            value,
            others,
            goal,
        );
    }
    let megabytes = |value: f64| format!("{value:.0} MB");
    table.add(
        "resident memory at the end of the ladder",
        megabytes(ours.peak),
        beside(megabytes(sipp.peak), megabytes(floor.peak)),
        "final goal <= 100 MB",
    );
    table.add(
        "requests sent again at the rates held",
        ours.resent.to_string(),
        beside(sipp.resent.to_string(), floor.resent.to_string()),
        "",
    );
    Ok(())
}

fn server(
    program: &Path,
    args: Vec<OsString>,
    address: &str,
) -> std::result::Result<Result, String> {
    let process = Process::start(program, &args)?;
    let mut caller = Caller::new(address)?;
    std::thread::sleep(Duration::from_millis(300));
    let mut single = Vec::new();
    for _ in 0..SINGLE {
        let call = caller.call(40_000)?;
        single.push(call.took.as_secs_f64() * 1000.0);
        caller.hang_up(&call)?;
        std::thread::sleep(Duration::from_millis(2));
    }
    let (calm, _) = drive(&process, address, CALM)?;
    let mut result = Result {
        held: 0,
        busy: f64::NAN,
        calm,
        single,
        peak: 0.0,
        resent: 0,
    };
    for rate in LADDER {
        let (busy, counts) = drive(&process, address, rate)?;
        eprintln!("    {rate} a second: {counts:?}, {busy:.3} s for 1,000");
        if !counts.held(rate) {
            break;
        }
        (result.held, result.busy) = (rate, busy);
        result.resent += counts.resent;
    }
    result.peak = process.peak() / 1000.0;
    Ok(result)
}

/// Processor time for 1,000 calls at `rate`, and what became of them.
fn drive(
    process: &Process,
    address: &str,
    rate: u64,
) -> std::result::Result<(f64, Counts), String> {
    let before = process.cpu();
    let counts = sipp::call(address, rate, rate * SECONDS)?;
    let used = process.cpu() - before;
    Ok((used * 1000.0 / counts.good.max(1) as f64, counts))
}
