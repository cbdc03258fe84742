// The macro asks for a feature that only plugins have.
#![allow(unexpected_cfgs)]

use super::*;
use media_thread::tap::{TapSlot, tap};
use plugin::{Recorder, RecorderAbout, Refusal, Status};
use plugin_host::Catalogue;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Stalls, fails or panics on order; closes with what it was given.
struct Mock {
    does: String,
    samples: Vec<i16>,
    writes: usize,
    marks: String,
}

static STALLS: AtomicBool = AtomicBool::new(false);
static KEPT: Mutex<Vec<(String, Vec<i16>)>> = Mutex::new(Vec::new());

impl Recorder for Mock {
    const ABOUT: RecorderAbout = RecorderAbout {
        extension: "mock",
        media_type: "audio/x-mock",
        sample_rates_hz: &[8_000, 16_000],
        channels: 2,
    };

    fn open(request: &RecorderRequest<'_>) -> Result<Self, Refusal> {
        if request.options == "refuse" {
            return Err(Refusal::new(Status::UNAVAILABLE, "not today"));
        }
        Ok(Self {
            does: request.options.to_owned(),
            samples: Vec::new(),
            writes: 0,
            marks: String::new(),
        })
    }

    fn write(&mut self, pcm: &[i16], at_ms: u64) -> Result<(), Status> {
        assert_eq!(self.samples.len() as u64 / 16, at_ms);
        self.writes += 1;
        match self.does.as_str() {
            "stall" if self.writes == 1 => {
                STALLS.store(true, Ordering::SeqCst);
                std::thread::sleep(Duration::from_secs(1));
                STALLS.store(false, Ordering::SeqCst);
            }
            "fail" if self.writes == 2 => return Err(Status::FAILED),
            "panic" if self.writes == 2 => panic!("on order"),
            _ => {}
        }
        self.samples.extend_from_slice(pcm);
        Ok(())
    }

    fn mark(&mut self, mark: Mark, at_ms: u64, note: &str) -> Result<(), Status> {
        self.marks += &format!("{mark:?} {at_ms} {note};");
        Ok(())
    }

    fn close(self) -> Result<String, Refusal> {
        let audio_ms = self.samples.len() / 16;
        let kept = (self.marks, self.samples);
        KEPT.lock().unwrap().push(kept);
        Ok(format!(r#"{{"files":[],"audio_ms":{audio_ms}}}"#))
    }
}

plugin::export_recorder!(Mock, id = "mock-recorder", name = "Mock");

fn opening(leg: u64, does: &str, folder: &Path) -> (TapSlot, Job) {
    let mut catalogue = Catalogue::new("test", "1");
    catalogue.add_built_in(&ENTRY).unwrap();
    opening_of(&catalogue, leg, does, folder)
}

fn opening_of(catalogue: &Catalogue, leg: u64, does: &str, folder: &Path) -> (TapSlot, Job) {
    let (slot, tapped) = tap(Rate::Hz8000);
    let opening = Opening {
        request: Request {
            leg: LegId(leg),
            plugin: "mock-recorder".into(),
            path: folder.join("deep/call").display().to_string(),
            channels: 2,
            started_unix_ms: 0,
            metadata: "{}".into(),
            options: does.into(),
        },
        plugin: catalogue.recorder("mock-recorder").unwrap().clone(),
        extension: "mock".into(),
        rate: Rate::Hz8000,
        tapped,
    };
    (slot, Job::Open(Box::new(opening)))
}

fn block(value: i16) -> Block {
    Block::from_samples(Rate::Hz8000, &[value; 80])
}

fn all(writer: &mut Writer) -> Vec<Told> {
    core::iter::from_fn(|| writer.poll()).collect()
}

fn ended(told: &Told) -> (u64, Option<&str>) {
    match told {
        Told::Ended {
            audio_ms, error, ..
        } => (*audio_ms, error.as_deref()),
        Told::Started { .. } | Told::Kept { .. } => panic!("not over"),
        Told::Paused { .. } | Told::Resumed { .. } | Told::Gap { .. } => panic!("not over"),
    }
}

#[test]
fn what_finds_no_room_becomes_silence_and_a_mark() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::default();
    let now = Instant::from_millis(1);
    let (mut slot, job) = opening(1, "gap", folder.path());
    writer.take(job, now);
    for _ in 0..1_200 {
        slot.keep(&block(5), &block(7));
    }
    writer.work(now);
    slot.keep(&block(5), &block(7));
    writer.work(now);
    drop(slot);
    writer.work(now);
    let told = all(&mut writer);
    let gap = Told::Gap {
        leg: LegId(1),
        audio_ms: 12_000,
        gap_ms: 2_000,
    };
    assert_eq!(told[1], gap);
    assert_eq!(ended(&told[2]), (12_010, None));
    assert!(writer.is_idle());
    let kept = KEPT.lock().unwrap();
    let (_, samples) = kept
        .iter()
        .find(|kept| kept.0 == "Gap 10000 2000 ms found no room;")
        .unwrap();
    assert!(samples[..160_000].chunks(2).all(|frame| frame == [5, 7]));
    assert!(samples[160_000..192_000].iter().all(|sample| *sample == 0));
    assert_eq!(samples[192_000..], [5, 7].repeat(80));
}

#[test]
fn a_pause_waits_for_its_reason_and_a_sync_comes_each_second() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::default();
    let (mut slot, job) = opening(2, "", folder.path());
    writer.take(job, Instant::from_millis(1));
    slot.keep(&block(1), &block(2));
    slot.pause(true);
    slot.keep(&block(3), &block(3));
    slot.pause(false);
    slot.keep(&block(1), &block(2));
    writer.work(Instant::from_millis(20));
    assert_eq!(all(&mut writer).len(), 1, "only that it began");
    let (leg, reason) = (LegId(2), "card".to_owned());
    writer.take(Job::Pause { leg, reason }, Instant::from_millis(30));
    writer.work(Instant::from_millis(1_002));
    let told = all(&mut writer);
    let (audio_ms, reason) = (10, "card".to_owned());
    let paused = Told::Paused {
        leg,
        audio_ms,
        reason,
    };
    assert_eq!(told[..2], [paused, Told::Resumed { leg, audio_ms }]);
    assert!(matches!(told[2], Told::Kept { audio_ms: 20, .. }));
    drop(slot);
    writer.work(Instant::from_millis(1_010));
    assert_eq!(ended(&all(&mut writer)[0]), (20, None));
}

/// What it has is kept; nothing new begins until it is on again.
#[test]
fn a_plugin_that_is_switched_off_closes_its_recording() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::default();
    let now = Instant::from_millis(1);
    let mut catalogue = Catalogue::new("test", "1");
    catalogue.add_built_in(&ENTRY).unwrap();
    let watch = &catalogue.watches()[0];
    let (mut slot, job) = opening_of(&catalogue, 9, "off", folder.path());
    writer.take(job, now);
    slot.keep(&block(1), &block(1));
    watch.switch(true);
    slot.keep(&block(1), &block(1));
    writer.work(now);
    let told = all(&mut writer);
    assert_eq!(ended(&told[1]), (20, Some("its plugin was switched off")));
    let (_slot, job) = opening_of(&catalogue, 10, "off", folder.path());
    writer.take(job, now);
    assert!(ended(&all(&mut writer)[0]).1.unwrap().contains("enable"));
    watch.switch(false);
    let (_slot, job) = opening_of(&catalogue, 11, "off", folder.path());
    writer.take(job, now);
    assert!(matches!(all(&mut writer)[0], Told::Started { .. }));
}

#[test]
fn a_plugin_that_fails_panics_or_refuses_ends_its_recording_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::default();
    let now = Instant::from_millis(1);
    let mut slots = Vec::new();
    for (leg, does) in (1..).zip(["fail", "panic", "refuse", "good"]) {
        let (slot, job) = opening(leg, does, folder.path());
        writer.take(job, now);
        slots.push(slot);
    }
    for _ in 0..3 {
        for slot in &mut slots {
            slot.keep(&block(1), &block(1));
        }
        writer.work(now);
    }
    slots.clear();
    writer.work(now);
    let told = all(&mut writer);
    let ends = told
        .iter()
        .filter(|told| matches!(told, Told::Ended { .. }));
    let mut ends: Vec<_> = ends.map(|told| (told.leg().0, ended(told))).collect();
    ends.sort_unstable();
    assert_eq!(
        ends[0],
        (1, (10, Some(plugin::status_text(Status::FAILED))))
    );
    assert_eq!(ends[1].0, 2);
    assert!(ends[1].1.1.is_some(), "{:?}", ends[1]);
    assert!(ends[2].1.1.unwrap().contains("not today"), "{:?}", ends[2]);
    assert_eq!(ends[3], (4, (30, None)));
}

/// A stall of 1 s costs nothing: the ring takes it, whoever fills it never waits.
#[test]
fn a_plugin_that_stalls_a_second_loses_nothing_and_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let thread = WriterThread::start(|| Instant::from_millis(1)).unwrap();
    let (mut slot, job) = opening(5, "stall", folder.path());
    thread.give(job).unwrap();
    slot.keep(&block(1), &block(2));
    while !STALLS.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(1));
    }
    for _ in 0..499 {
        slot.keep(&block(1), &block(2));
    }
    assert!(
        STALLS.load(Ordering::SeqCst),
        "it stalls while the ring is filled"
    );
    drop(slot);
    let mut told = core::iter::from_fn(|| thread.told.recv_timeout(Duration::from_secs(5)).ok());
    let end = told
        .find(|told| matches!(told, Told::Ended { .. }))
        .unwrap();
    assert_eq!(ended(&end), (5_000, None));
}

#[test]
fn an_engine_that_ends_closes_its_recordings_first() {
    let folder = tempfile::tempdir().unwrap();
    let thread = WriterThread::start(|| Instant::from_millis(1)).unwrap();
    let (mut slot, job) = opening(6, "end", folder.path());
    thread.give(job).unwrap();
    for _ in 0..7 {
        slot.keep(&block(6), &block(6));
    }
    drop(slot);
    drop(thread);
    let kept = KEPT.lock().unwrap();
    assert!(kept.iter().any(|kept| kept.1 == [6; 7 * 160]));
}
