//! Faults by kinds, each in a call of its own beside an undisturbed one.
#![allow(clippy::unwrap_used)]

use base::{Hertz, Instant as At};
use mock_faulty::{Fault, order, order_in_samples, order_in_text};
use offhook_isolation::{Call, catalogue, faulty, program};
use plugin::draft::nat::NatInput;
use plugin_host::{
    AudioRequest, Catalogue, DtmfListen, FilterRequest, Place, RecorderRequest, Status,
};
use rustix::process::{Pid, Signal, kill_process};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
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
    /// The longest time without sound of the plugin's. Unit: ms.
    gap_ms: u64,
    /// Until the plugin did its work again. Unit: ms.
    back_ms: u64,
    /// Packets that the call beside it did not send.
    lost: u64,
    /// A tick of the test itself came so late that nothing can be said of the plugin.
    is_spoiled: bool,
}

/// So late a tick spoils a run: the machine was busy with something else.
const SPOILED: Duration = Duration::from_millis(8);
/// A run that the machine spoiled is made so often.
const TRIES: usize = 5;
/// Calls beside each other.
const AT_ONCE: usize = 10;

/// One plugin at work in a call.
trait Work {
    /// How often sound comes of it. Unit: ticks.
    const EVERY: u64 = 1;

    /// 10 ms of it; whether sound came.
    fn tick(&mut self, blow: Option<Fault>) -> bool;

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
    Call::new(codec.open("", "").unwrap(), None)
}

/// Runs one call with `work` in it, in real time, and strikes once.
fn run<W: Work>(catalogue: &Catalogue, id: &str, blow: Blow, mut work: W) -> Seen {
    let mut beside = plain_call(catalogue);
    let (mut gap, mut sounded, mut back) = (0, 0, None);
    let mut is_spoiled = false;
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
        if work.tick(ordered) {
            sounded = n;
        }
        if n > BEFORE {
            gap = gap.max((n - sounded).saturating_sub(W::EVERY - 1));
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
    assert!(beside.is_up());
    let sent = beside.sent().len() as u64;
    let incidents = catalogue.incidents();
    assert!(
        incidents.iter().any(|incident| incident.plugin == id),
        "{blow:?} of {id} was told: {incidents:?}"
    );
    // One blow is one fault: with a second one, on a machine that gives it no processor, the process is
    // started again later, and the run says nothing of the first.
    is_spoiled |= incidents.len() > 1;
    Seen {
        gap_ms: gap * 10,
        back_ms: back.unwrap_or(AFTER) * 10,
        lost: ((BEFORE + AFTER) / 2).saturating_sub(sent),
        is_spoiled,
    }
}

struct CodecWork {
    call: Call,
    works: bool,
}

impl Work for CodecWork {
    // Packets of 20 ms.
    const EVERY: u64 = 2;

    fn tick(&mut self, blow: Option<Fault>) -> bool {
        let mut payload = VOICE;
        if let Some(fault) = blow {
            payload[..5].copy_from_slice(&order(fault));
        }
        self.call.tick(&payload);
        assert!(self.call.is_up());
        let sent = self.call.sent();
        let voiced = |payload: &[u8]| payload.iter().any(|&b| b > 0x10 && b < 0x70);
        if !sent.is_empty() {
            // What is put in the place of a lost packet is never just what the peer says.
            self.works = sent.iter().all(|(_, _, payload)| *payload == VOICE);
        }
        sent.iter().any(|(_, _, payload)| voiced(payload))
    }

    fn works(&self) -> bool {
        self.works
    }
}

struct FilterWork {
    filter: plugin_host::FilterInstance,
    works: bool,
}

impl Work for FilterWork {
    fn tick(&mut self, blow: Option<Fault>) -> bool {
        let mut near = [8_000; 80];
        if let Some(fault) = blow {
            order_in_samples(fault, &mut near);
        }
        let mut out = [0; 80];
        // A failure is a bypass: the sound goes on.
        self.works = self.filter.process(&near, None, 0, &mut out).is_ok();
        out[79] != 0
    }

    fn works(&self) -> bool {
        self.works
    }
}

struct AudioWork {
    device: plugin_host::AudioInstance,
    works: bool,
}

impl Work for AudioWork {
    fn tick(&mut self, blow: Option<Fault>) -> bool {
        let mut pcm = [0; 80];
        if let Some(fault) = blow {
            order_in_samples(fault, &mut pcm);
        }
        let _ = self.device.playback(&pcm, At::ZERO);
        let captured = self.device.capture(&mut pcm, At::ZERO);
        self.works = captured.is_ok_and(|captured| captured.samples == 80);
        self.works
    }

    fn works(&self) -> bool {
        self.works
    }
}

/// A plugin that is not in the way of any sound; what it is given says whether it works.
struct BesideWork<F: FnMut(Option<Fault>) -> bool> {
    say: F,
    works: bool,
}

impl<F: FnMut(Option<Fault>) -> bool> Work for BesideWork<F> {
    fn tick(&mut self, blow: Option<Fault>) -> bool {
        self.works = (self.say)(blow);
        true
    }

    fn works(&self) -> bool {
        self.works
    }
}

fn beside<F: FnMut(Option<Fault>) -> bool>(say: F) -> BesideWork<F> {
    BesideWork { say, works: false }
}

fn dtmf(catalogue: &Catalogue, blow: Blow, id: &str) -> Seen {
    let method = catalogue.dtmf("faulty").unwrap();
    let listen = DtmfListen {
        sample_rate_hz: 8000,
        options: "",
    };
    let mut listener = method.open(&listen).unwrap();
    let mut last = Err(plugin_host::Trouble::Poisoned);
    let work = beside(|blow| {
        let mut pcm = [0; 80];
        if let Some(fault) = blow {
            order_in_samples(fault, &mut pcm);
        }
        last = listener.listen(&pcm, |_| {});
        last.is_ok()
    });
    let seen = run(catalogue, id, blow, work);
    assert_eq!(last, Ok(()), "it listens again after {blow:?}");
    seen
}

/// A word to an instance of control, from a thread that is not the call's.
fn control<I>(
    catalogue: &Catalogue,
    blow: Blow,
    id: &str,
    open: impl Fn() -> Option<I> + Sync,
    say: impl Fn(&mut I, Option<Fault>) -> bool + Sync,
) -> Seen {
    let (tell, told) = std::sync::mpsc::channel::<Option<Fault>>();
    let (open, say) = (&open, &say);
    let does = &AtomicBool::new(false);
    let worker = move || {
        let mut inst = open();
        while let Ok(blow) = told.recv() {
            if inst.is_none() {
                inst = open();
            }
            let works = inst.as_mut().is_some_and(|inst| say(inst, blow));
            if !works {
                inst = None;
            }
            does.store(works, Ordering::Relaxed);
        }
    };
    std::thread::scope(|scope| {
        let worker = scope.spawn(worker);
        let work = beside(move |blow| {
            // Of the tick before: what has not answered by now does not work now.
            let works = does.swap(false, Ordering::Relaxed);
            tell.send(blow).unwrap();
            works
        });
        let seen = run(catalogue, id, blow, work);
        worker.join().unwrap();
        assert!(
            does.load(Ordering::Relaxed),
            "another one works after {blow:?}"
        );
        seen
    })
}

fn recorder(catalogue: &Catalogue, blow: Blow, id: &str) -> Seen {
    control(
        catalogue,
        blow,
        id,
        || {
            let recorder = catalogue.recorder(id).unwrap();
            let request = RecorderRequest {
                sample_rate_hz: 8000,
                channels: 1,
                started_unix_ms: 0,
                path: "/nowhere",
                metadata: "{}",
                options: "",
            };
            recorder.open(&request).ok()
        },
        |recording, blow| {
            let mut pcm = [100; 80];
            if let Some(fault) = blow {
                order_in_samples(fault, &mut pcm);
            }
            recording.write(&pcm, 0).is_ok()
        },
    )
}

fn nat(catalogue: &Catalogue, blow: Blow, id: &str) -> Seen {
    control(
        catalogue,
        blow,
        id,
        || catalogue.nat(id).unwrap().open("{}", 1).ok(),
        |nat, blow| {
            let data = blow.map_or([0; 5], order);
            let packet = NatInput::Packet {
                flow: 1,
                from: "192.0.2.1:1".parse().unwrap(),
                data: &data,
            };
            nat.handle(packet, 0).is_ok() && nat.poll().is_ok()
        },
    )
}

fn face(catalogue: &Catalogue, blow: Blow, id: &str) -> Seen {
    control(
        catalogue,
        blow,
        id,
        || {
            catalogue
                .ui(id)
                .unwrap()
                .open("{}", Box::new(|_| Ok(())))
                .ok()
        },
        |face, blow| {
            let event = blow.map_or("1".to_owned(), order_in_text);
            face.event(&event) != Err(Status::LOST)
        },
    )
}

fn one(kind: &str, blow: Blow, program: &Path, library: &Path) -> Seen {
    let catalogue = &catalogue(program, library);
    let id = format!("mock-faulty-{kind}");
    match kind {
        "codec" => {
            let codec = catalogue.codec("X-FAULTY", Hertz(8000)).unwrap();
            let call = Call::new(codec.open("", "").unwrap(), None);
            run(catalogue, &id, blow, CodecWork { call, works: false })
        }
        "filter" => {
            let request = FilterRequest {
                place: Place::Microphone,
                sample_rate_hz: 8000,
                options: "",
            };
            let filter = catalogue.filter(&id).unwrap().open(&request).unwrap();
            let works = false;
            run(catalogue, &id, blow, FilterWork { filter, works })
        }
        "audio" => {
            let request = AudioRequest::new(Hertz(8000));
            let device = catalogue.audio(&id).unwrap().open(&request).unwrap();
            let works = false;
            run(catalogue, &id, blow, AudioWork { device, works })
        }
        "dtmf" => dtmf(catalogue, blow, &id),
        "recorder" => recorder(catalogue, blow, &id),
        "nat" => nat(catalogue, blow, &id),
        _ => face(catalogue, blow, &id),
    }
}

/// One run that tells of the plugin, or the last that there was time for.
fn unspoiled(kind: &str, blow: Blow, program: &Path, library: &Path) -> Seen {
    let mut seen = one(kind, blow, program, library);
    for _ in 1..TRIES {
        if !seen.is_spoiled {
            break;
        }
        seen = one(kind, blow, program, library);
    }
    seen
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

/// All runs of one fault: what is told of them, and the 99th percentile of the gap.
fn told(kind: &str, blow: Blow, all: &[Seen]) -> u64 {
    let sound: Vec<&Seen> = all.iter().filter(|seen| !seen.is_spoiled).collect();
    let of = |what: fn(&Seen) -> u64| -> Vec<u64> { sound.iter().map(|seen| what(seen)).collect() };
    let (gaps, back) = (of(|seen| seen.gap_ms), of(|seen| seen.back_ms));
    let (half, most) = (percentile(gaps.clone(), 50), percentile(gaps, 99));
    let name = match blow {
        Blow::Ordered(fault) => format!("{fault:?}").to_lowercase(),
        Blow::Killed => "kill -9".to_owned(),
    };
    println!(
        "| {kind} | {name} | {} | {half} / {most} | {} / {} | {} | {} |",
        all.len(),
        percentile(back.clone(), 50),
        percentile(back, 99),
        all.iter().map(|seen| seen.lost).sum::<u64>(),
        all.len() - sound.len(),
    );
    most
}

fn matrix(kind: &str, gap_ms: u64) {
    let (program, library): (PathBuf, PathBuf) = (program(), faulty(kind));
    let before = belongings();
    println!(
        "| kind | fault | calls | gap p50 / p99, ms | back p50 / p99, ms | lost beside | spoiled |"
    );
    for blow in BLOWS {
        let mut all: Vec<Seen> = Vec::new();
        while all.len() < runs() {
            let now = all.len()..runs().min(all.len() + AT_ONCE);
            std::thread::scope(|scope| {
                let calls: Vec<_> = now
                    .map(|n| {
                        let (program, library) = (&program, &library);
                        scope.spawn(move || unspoiled(kind, blow.in_run(n), program, library))
                    })
                    .collect();
                all.extend(calls.into_iter().map(|call| call.join().unwrap()));
            });
        }
        let worst = told(kind, blow, &all);
        let lost: u64 = all.iter().map(|seen| seen.lost).sum();
        assert_eq!(lost, 0, "calls beside a {kind} with {blow:?}");
        assert!(
            worst <= gap_ms,
            "{kind}, {blow:?}: {worst} ms without sound"
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
