//! Faults by kinds: what has a place in calls is struck inside a call that runs, each beside an undisturbed one.
//!
//! | file | holds |
//! | --- | --- |
//! | `work` | codec, filter, device, keys and recorder, in their places in a call |
//! | `apart` | NAT strategy and face, which no call uses yet: a thread that is not the call's asks them |
#![allow(clippy::unwrap_used)]

mod apart;
mod work;

use base::Hertz;
use mock_faulty::Fault;
use offhook_isolation::{Call, catalogue, faulty, program};
use plugin_host::Catalogue;
use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What happens to a plugin: what it is ordered, or what is done to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blow {
    Ordered(Fault),
    Killed,
}

const BLOWS: [Blow; 8] = [
    Blow::Ordered(Fault::Panic),
    Blow::Ordered(Fault::Abort),
    Blow::Ordered(Fault::Segfault),
    Blow::Ordered(Fault::Loop),
    Blow::Ordered(Fault::Sleep),
    Blow::Ordered(Fault::Garbage),
    Blow::Ordered(Fault::Memory),
    Blow::Killed,
];

/// Ticks before the blow, and after it.
const BEFORE: u64 = 40;
const AFTER: u64 = 80;
/// What the peer says: loud, and no order.
const VOICE: [u8; 160] = [0x40; 160];

fn runs() -> usize {
    let set = std::env::var("OFFHOOK_FAULT_RUNS").ok();
    set.and_then(|runs| runs.parse().ok()).unwrap_or(4)
}

impl Blow {
    /// Of the how many-th run: garbage has its ways, one after the other.
    fn in_run(self, n: usize) -> Self {
        match self {
            Self::Ordered(Fault::Garbage) => {
                Self::Ordered(Fault::GARBAGE[n % Fault::GARBAGE.len()])
            }
            Self::Ordered(_) | Self::Killed => self,
        }
    }
}

/// What a fault did to its call.
struct Seen {
    /// The longest time without sound. Unit: ms.
    gap_ms: u64,
    /// Until the plugin did its work again. Unit: ms.
    back_ms: u64,
    /// Packets that its call did not send, and that the call beside it did not send.
    lost: (u64, u64),
    /// One blow is one fault; it was counted as more.
    is_more: bool,
    /// A tick of the test itself came so late that nothing can be said of the plugin.
    is_spoiled: bool,
}

/// So late a tick spoils a run: the machine was busy with something else.
const SPOILED: Duration = Duration::from_millis(8);
/// A run that the machine spoiled is made so often.
const TRIES: usize = 5;
/// Calls beside each other.
const AT_ONCE: usize = 10;
/// Packets that a call sends in all.
const PACKETS: u64 = (BEFORE + AFTER) / 2;

/// One plugin at work in a call.
trait Work {
    /// 10 ms of it; of each 10 ms that went to the peer, whether it is sound.
    fn tick(&mut self, blow: Option<Fault>) -> Vec<bool>;

    /// Whether its last tick was the plugin's own work, and nothing in its place.
    fn works(&self) -> bool;
}

fn strike(catalogue: &Catalogue, id: &str) {
    let pid = catalogue
        .process_of(id)
        .and_then(|pid| Pid::from_raw(pid as i32));
    kill_process(pid.expect("its process runs"), Signal::KILL).unwrap();
}

/// A call by G.711, which the plugin is beside.
fn plain_call(catalogue: &Catalogue) -> Call {
    let codec = catalogue.codec("PCMU", Hertz(8000)).unwrap();
    Call::new(codec.open("", "").unwrap())
}

/// What goes to the peer: how long there has been no sound, and how many packets there were.
#[derive(Default)]
struct Flow {
    packets: u64,
    /// Unit: blocks of 10 ms.
    silent: u64,
    since_packet: u64,
}

impl Flow {
    fn tick(&mut self, blocks: &[bool]) {
        self.since_packet += 1;
        if !blocks.is_empty() {
            self.packets += 1;
            self.since_packet = 0;
        } else if self.since_packet > 1 {
            // A packet of 20 ms is overdue.
            self.silent += 1;
        }
        for is_sound in blocks {
            self.silent = if *is_sound { 0 } else { self.silent + 1 };
        }
    }
}

/// Runs one call with `work` in it, in real time, and strikes once.
fn run<W: Work>(catalogue: &Catalogue, id: &str, blow: Blow, work: &mut W) -> Seen {
    let mut beside = plain_call(catalogue);
    let (mut flow, mut gap, mut back) = (Flow::default(), 0, None);
    let mut is_spoiled = false;
    let has_memory = !["recorder", "nat", "ui"]
        .iter()
        .any(|kind| id.ends_with(kind));
    assert!(
        !has_memory || belongings().2 > 0,
        "there is memory to look for"
    );
    let began = Instant::now();
    for n in 0..BEFORE + AFTER {
        let due = began + Duration::from_millis(10) * n as u32;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        is_spoiled |= due.elapsed() > SPOILED;
        let is_blow = n == BEFORE;
        let ordered = match blow {
            Blow::Ordered(fault) if is_blow => Some(fault),
            Blow::Killed if is_blow => {
                strike(catalogue, id);
                None
            }
            Blow::Ordered(_) | Blow::Killed => None,
        };
        flow.tick(&work.tick(ordered));
        if n > BEFORE {
            gap = gap.max(flow.silent);
        }
        back = match (back, work.works()) {
            _ if n <= BEFORE => None,
            // What was on its way at the blow may still be its work.
            (_, false) => None,
            (None, true) => Some(n - BEFORE),
            (back, true) => back,
        };
        beside.tick(&VOICE);
    }
    let sent = beside.sent().len() as u64;
    let incidents = catalogue.incidents();
    assert!(
        incidents.iter().any(|incident| incident.plugin == id),
        "{blow:?} of {id} was told: {incidents:?}"
    );
    Seen {
        gap_ms: gap * 10,
        back_ms: back.unwrap_or(AFTER) * 10,
        lost: (
            PACKETS.saturating_sub(flow.packets),
            PACKETS.saturating_sub(sent),
        ),
        is_more: incidents.len() > 1,
        is_spoiled,
    }
}

fn one(kind: &str, blow: Blow, program: &Path, library: &Path) -> Seen {
    let catalogue = &catalogue(program, library);
    let id = &format!("mock-faulty-{kind}");
    match kind {
        "codec" => run(catalogue, id, blow, &mut work::codec(catalogue)),
        "filter" => run(catalogue, id, blow, &mut work::filter(catalogue, id)),
        "audio" => run(catalogue, id, blow, &mut work::device(catalogue, id)),
        "dtmf" => {
            let mut keys = work::keys(catalogue);
            let seen = run(catalogue, id, blow, &mut keys);
            assert!(keys.works(), "it listens again after {blow:?}");
            seen
        }
        "recorder" => {
            let mut recorder = work::Recorder::new(catalogue, id);
            let seen = run(catalogue, id, blow, &mut recorder);
            assert!(recorder.works(), "another one records after {blow:?}");
            seen
        }
        "nat" => apart::nat(catalogue, blow, id),
        _ => apart::face(catalogue, blow, id),
    }
}

/// One run that tells of the plugin, or the last that there was time for; and how many were counted as more than one
/// fault.
fn unspoiled(kind: &str, blow: Blow, program: &Path, library: &Path) -> (Seen, usize) {
    let mut seen = one(kind, blow, program, library);
    let mut more = usize::from(seen.is_more);
    for _ in 1..TRIES {
        if !seen.is_spoiled && !seen.is_more {
            break;
        }
        seen = one(kind, blow, program, library);
        more += usize::from(seen.is_more);
    }
    (seen, more)
}

/// Descriptors of this process, its children, and mappings of memory that it shares with them.
fn belongings() -> (usize, usize, usize) {
    let fds = std::fs::read_dir("/proc/self/fd").unwrap().count();
    let mut children = 0;
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        let list = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        children += list.split_whitespace().count();
    }
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let shared = maps.lines().filter(|line| line.contains("memfd:offhook"));
    (fds, children, shared.count())
}

/// So many of a hundred were no longer.
fn percentile(mut all: Vec<u64>, percent: usize) -> u64 {
    all.sort_unstable();
    let at = (all.len() * percent).div_ceil(100).saturating_sub(1);
    all.get(at).copied().unwrap_or(0)
}

/// All runs of one fault: what is told of them, and the 99th percentile of the gap where there is one. `more` is how
/// often one blow was more than one fault, as where the machine lets a new process wait; such a run is made again, and
/// counts if it stays so.
fn told(kind: &str, blow: Blow, all: &[Seen], more: usize) -> Option<u64> {
    let sound: Vec<&Seen> = all.iter().filter(|seen| !seen.is_spoiled).collect();
    let of = |what: fn(&Seen) -> u64| -> Vec<u64> { sound.iter().map(|seen| what(seen)).collect() };
    let (gaps, back) = (of(|seen| seen.gap_ms), of(|seen| seen.back_ms));
    let (half, most) = (percentile(gaps.clone(), 50), percentile(gaps, 99));
    let name = match blow {
        Blow::Ordered(fault) => format!("{fault:?}").to_lowercase(),
        Blow::Killed => "kill -9".to_owned(),
    };
    let lost = |of: fn(&Seen) -> u64| all.iter().map(of).sum::<u64>();
    println!(
        "| {kind} | {name} | {} | {half} / {most} | {} / {} | {} / {} | {} | {more} |",
        all.len(),
        percentile(back.clone(), 50),
        percentile(back, 99),
        lost(|seen| seen.lost.0),
        lost(|seen| seen.lost.1),
        all.len() - sound.len(),
    );
    if sound.is_empty() {
        println!("SKIPPED: {kind}, {name}: the machine was too busy in each of {TRIES} tries");
    }
    (!sound.is_empty()).then_some(most)
}

fn matrix(kind: &str, gap_ms: u64) {
    let (program, library): (PathBuf, PathBuf) = (program(), faulty(kind));
    let before = belongings();
    println!(
        "| kind | fault | calls | gap p50 / p99, ms | back p50 / p99, ms | lost here / beside | spoiled | again |"
    );
    for blow in BLOWS {
        let mut all: Vec<Seen> = Vec::new();
        let mut more = 0;
        while all.len() < runs() {
            let now = all.len()..runs().min(all.len() + AT_ONCE);
            std::thread::scope(|scope| {
                let calls: Vec<_> = now
                    .map(|n| {
                        let (program, library) = (&program, &library);
                        scope.spawn(move || unspoiled(kind, blow.in_run(n), program, library))
                    })
                    .collect();
                for call in calls {
                    let (seen, faults) = call.join().unwrap();
                    more += faults;
                    all.push(seen);
                }
            });
        }
        let worst = told(kind, blow, &all, more);
        let lost = |seen: &Seen| match kind {
            // What it does not encode is not sent, and counts as a gap.
            "codec" => seen.lost.1,
            _ => seen.lost.0 + seen.lost.1,
        };
        let lost: u64 = all.iter().map(lost).sum();
        assert_eq!(lost, 0, "packets, with {blow:?} of a {kind}");
        assert!(
            worst.is_none_or(|worst| worst <= gap_ms),
            "{kind}, {blow:?}: {worst:?} ms without sound"
        );
    }
    // The watchers end their processes within a moment.
    let end = Instant::now() + Duration::from_secs(3);
    while belongings() != before && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
    }
    let after = belongings();
    println!("{kind}: descriptors, processes, shared mappings before {before:?}, after {after:?}");
    assert_eq!(
        after, before,
        "descriptors, processes and shared memory are given back"
    );
}

#[test]
fn audio_timing_faults_of_codecs() {
    matrix("codec", 60);
}

#[test]
fn audio_timing_faults_of_filters() {
    matrix("filter", 0);
}

#[test]
fn audio_timing_faults_of_devices() {
    matrix("audio", 60);
}

#[test]
fn audio_timing_faults_of_keys() {
    matrix("dtmf", 0);
}

#[test]
fn audio_timing_faults_of_recorders() {
    matrix("recorder", 0);
}

#[test]
fn audio_timing_faults_of_nat_strategies() {
    matrix("nat", 0);
}

#[test]
fn audio_timing_faults_of_faces() {
    matrix("ui", 0);
}
