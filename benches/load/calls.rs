//! Calls answered a second on one core, beside SIPp as the called side and a bare echo.

use crate::caller::Caller;
use crate::process::{Process, daemon, free_address};
use crate::sipp::{self, Counts};
use crate::table::{Figure, Goal, Table, quantile};
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

pub(crate) fn figures(program: &Path, table: &mut Table) -> std::result::Result<(), String> {
    let this = std::env::current_exe().map_err(|why| why.to_string())?;
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let address = free_address()?;
    let ours = server(program, daemon(&address, "silent"), &address)?;
    let address = free_address()?;
    let (ip, port) = address.split_once(':').ok_or("no address")?;
    let sipp = format!("-sn uas -nostdin -i {ip} -p {port} -buff_size 4000000");
    let sipp = server(Path::new("sipp"), words(&sipp), &address)?;
    let address = free_address()?;
    let floor = server(&this, words(&format!("floor calls {address}")), &address)?;

    let mut add = |what: String, unit, goal, of: &dyn Fn(&Result) -> f64| {
        let figure = Figure::new(what, of(&ours), unit).goal(goal);
        table.add(
            figure
                .beside("SIPp", of(&sipp))
                .beside("bare echo", of(&floor)),
        );
    };
    let held = "calls/s held on one core, media prepared".to_owned();
    add(held, "", Goal::AtLeast(5000.0), &|r| r.held as f64);
    let busy = "processor time for 1,000 calls at that rate".to_owned();
    add(busy, "s", Goal::AtMost(0.15), &|r| r.busy);
    let calm = format!("processor time for 1,000 calls at {CALM} a second");
    add(calm, "s", Goal::AtMost(0.45), &|r| r.calm);
    for (name, part, goal) in [("p50", 0.5, Goal::AtMost(0.45)), ("p99", 0.99, Goal::Open)] {
        let what = format!("INVITE to 200, single calls, {name}");
        add(what, "ms", goal, &|r| quantile(&mut r.single.clone(), part));
    }
    let peak = "resident memory at the end of the ladder".to_owned();
    add(peak, "MB", Goal::AtMost(100.0), &|r| r.peak);
    let resent = "requests sent again at the rates held".to_owned();
    add(resent, "", Goal::Open, &|r| r.resent as f64);
    Ok(())
}

fn server(program: &Path, args: Vec<String>, address: &str) -> std::result::Result<Result, String> {
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
