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
    set.and_then(|runs| runs.parse().ok()).unwrap_or(3)
}

/// What a fault did to its call.
struct Seen {
    /// Sound that did not come. Unit: ms.
    gap_ms: u64,
    /// Packets that the call did not send.
    lost: u64,
    /// A tick of the test itself came so late that nothing can be said of the plugin.
    is_spoiled: bool,
}

/// So late a tick spoils a run: the machine was busy with something else.
const SPOILED: Duration = Duration::from_millis(8);
/// A run that the machine spoiled is made so often.
const TRIES: usize = 5;

/// One plugin at work in a call.
trait Work {
    /// 10 ms of it; whether its own sound came.
    fn tick(&mut self, blow: Option<Fault>) -> bool;
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
fn run(catalogue: &Catalogue, id: &str, blow: Blow, mut work: impl Work) -> Seen {
    let mut beside = plain_call(catalogue);
    let mut silent = 0;
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
        let came = work.tick(ordered);
        // The order itself is no sound.
        silent += u64::from(n > BEFORE && !came);
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
        gap_ms: silent * 10,
        lost: ((BEFORE + AFTER) / 2).saturating_sub(sent),
        is_spoiled,
    }
}

struct CodecWork(Call);

impl Work for CodecWork {
    fn tick(&mut self, blow: Option<Fault>) -> bool {
        let mut payload = VOICE;
        if let Some(fault) = blow {
            payload[..5].copy_from_slice(&order(fault));
            // An order on an odd tick would wait for the next packet.
            self.0.hear(&payload);
        } else {
            self.0.tick(&payload);
        }
        assert!(self.0.is_up());
        let sent = self.0.sent();
        // A packet time may fall between two ticks; its sound is what matters.
        sent.is_empty()
            || sent
                .iter()
                .any(|(_, _, payload)| payload.iter().any(|&b| b > 0x10 && b < 0x70))
    }
}

struct FilterWork {
    filter: plugin_host::FilterInstance,
}

impl Work for FilterWork {
    fn tick(&mut self, blow: Option<Fault>) -> bool {
        let mut near = [8_000; 80];
        if let Some(fault) = blow {
            order_in_samples(fault, &mut near);
        }
        let mut out = [0; 80];
        // A failure is a bypass: the sound goes on.
        let _ = self.filter.process(&near, None, 0, &mut out);
        out[79] != 0
    }
}

struct AudioWork {
    device: plugin_host::AudioInstance,
}

impl Work for AudioWork {
    fn tick(&mut self, blow: Option<Fault>) -> bool {
        let mut pcm = [0; 80];
        if let Some(fault) = blow {
            order_in_samples(fault, &mut pcm);
        }
        let _ = self.device.playback(&pcm, At::ZERO);
        let captured = self.device.capture(&mut pcm, At::ZERO);
        captured.is_ok_and(|captured| captured.samples == 80)
    }
}

/// A plugin that is not in the way of any sound: whether it serves again is asked at the end.
struct BesideWork<F: FnMut(Option<Fault>)>(F);

impl<F: FnMut(Option<Fault>)> Work for BesideWork<F> {
    fn tick(&mut self, blow: Option<Fault>) -> bool {
        (self.0)(blow);
        true
    }
}

fn dtmf(catalogue: &Catalogue, blow: Blow, id: &str) -> Seen {
    let method = catalogue.dtmf("faulty").unwrap();
    let listen = DtmfListen {
        sample_rate_hz: 8000,
        options: "",
    };
    let mut listener = method.open(&listen).unwrap();
    let mut last = Err(plugin_host::Trouble::Poisoned);
    let seen = run(
        catalogue,
        id,
        blow,
        BesideWork(|blow| {
            let mut pcm = [0; 80];
            if let Some(fault) = blow {
                order_in_samples(fault, &mut pcm);
            }
            last = listener.listen(&pcm, |_| {});
        }),
    );
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
    let worker = move || {
        let mut inst = open();
        let mut works = true;
        while let Ok(blow) = told.recv() {
            if inst.is_none() {
                inst = open();
            }
            works = inst.as_mut().is_some_and(|inst| say(inst, blow));
            if !works {
                inst = None;
            }
        }
        works
    };
    std::thread::scope(|scope| {
        let worker = scope.spawn(worker);
        let work = BesideWork(move |blow| tell.send(blow).unwrap());
        let seen = run(catalogue, id, blow, work);
        let works = worker.join().unwrap();
        assert!(works, "another one works after {blow:?}");
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
            run(catalogue, &id, blow, CodecWork(call))
        }
        "filter" => {
            let request = FilterRequest {
                place: Place::Microphone,
                sample_rate_hz: 8000,
                options: "",
            };
            let filter = catalogue.filter(&id).unwrap().open(&request).unwrap();
            run(catalogue, &id, blow, FilterWork { filter })
        }
        "audio" => {
            let request = AudioRequest::new(Hertz(8000));
            let device = catalogue.audio(&id).unwrap().open(&request).unwrap();
            run(catalogue, &id, blow, AudioWork { device })
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

/// Descriptors of this process, its children, and its threads that watch.
fn belongings() -> (usize, usize) {
    let fds = std::fs::read_dir("/proc/self/fd").unwrap().count();
    let mut children = 0;
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        let list = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        children += list.split_whitespace().count();
    }
    (fds, children)
}

fn matrix(kind: &str, gap_ms: u64) {
    let (program, library): (PathBuf, PathBuf) = (program(), faulty(kind));
    let before = belongings();
    for blow in BLOWS {
        let mut all: Vec<Seen> = Vec::new();
        let mut left = runs();
        while left > 0 {
            let now = left.min(10);
            left -= now;
            std::thread::scope(|scope| {
                let calls: Vec<_> = (0..now)
                    .map(|_| scope.spawn(|| unspoiled(kind, blow, &program, &library)))
                    .collect();
                all.extend(calls.into_iter().map(|call| call.join().unwrap()));
            });
        }
        let of_plugin = all.iter().filter(|seen| !seen.is_spoiled);
        let worst = of_plugin.clone().map(|seen| seen.gap_ms).max().unwrap_or(0);
        let spoiled = all.len() - of_plugin.count();
        let lost: u64 = all.iter().map(|seen| seen.lost).sum();
        println!(
            "{kind:9} {blow:?}: {} calls, longest gap {worst} ms, {lost} frames lost beside, {spoiled} spoiled",
            all.len()
        );
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
    assert_eq!(
        belongings(),
        before,
        "descriptors and processes are given back"
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
