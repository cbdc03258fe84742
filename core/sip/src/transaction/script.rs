//! Script in, trace out: `at-ms what` a line; the trace lists what the machine asked for and when.

use base::{Instant, Machine};
use core::fmt::{Debug, Write};

/// Runs `script` on `machine` and returns the trace. `read` turns a word into an input; the word
/// `wait` only lets time pass.
pub(crate) fn run<M>(
    machine: &mut M,
    script: &str,
    read: impl Fn(&str) -> M::Input,
    end: impl Fn(&M) -> String,
) -> String
where
    M: Machine,
    M::Output: Debug,
{
    let mut trace = String::from("\n");
    for line in script.lines().map(str::trim).filter(|l| !l.is_empty()) {
        let (at, word) = line.split_once(' ').expect("a time and a word");
        let now = Instant::from_millis(at.parse().expect("milliseconds"));
        while let Some(due) = machine.deadline().filter(|due| *due <= now) {
            machine.handle_time(due);
            drain(machine, due, &mut trace);
        }
        if word.trim() != "wait" {
            machine.handle(read(word.trim()), now);
        }
        drain(machine, now, &mut trace);
    }
    writeln!(trace, "= {}", end(machine)).expect("writing to a string");
    trace
}

fn drain<M: Machine>(machine: &mut M, now: Instant, trace: &mut String)
where
    M::Output: Debug,
{
    while let Some(output) = machine.poll_output() {
        writeln!(trace, "{:>7} {output:?}", now.as_millis()).expect("writing to a string");
    }
}
