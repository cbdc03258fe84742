//! Feeds recorder plugins from the rings that legs fill. Thread of everything here: \[worker\].
//!
//! One [`Writer`] serves all recordings. A host runs it on a thread of its own, [`WriterThread`];
//! simulation calls [`Writer::work`] in virtual time. What a plugin does to it, stall, fail or panic,
//! no call hears: rings hold 10 s, and what finds no room there becomes silence and a `gap` mark.

use audio::{Block, Rate, Resampler};
use base::{Duration, Instant};
use media_thread::tap::{Item, Tapped};
use plugin::{Mark, RecorderRequest};
use plugin_host::{RecorderPlugin, Recording as Open};
use ports::recorder::{Request, Told};
use ports::voice::LegId;
use std::collections::{BTreeMap, VecDeque};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// How often rings are emptied.
const PERIOD: Duration = Duration::from_millis(20);
/// How often a recording is made to outlive a crash. Source: reliability, Recording.
const SYNC: Duration = Duration::from_secs(1);
/// Jobs that may wait. At the limit one is refused.
const JOBS: usize = 1_024;
/// Silence put in for sound that is missing, at most; a longer gap is only marked. Unit: blocks, 60 s.
const FILLED: u32 = 6_000;
/// How long a host that ends waits for its files to be closed.
const GOODBYE: Duration = Duration::from_secs(2);
/// Files of one name at most.
const SAME_NAME: u32 = 9_999;

/// What the thread that writes is asked.
#[derive(Debug)]
pub enum Job {
    /// A recording begins.
    Open(Box<Opening>),
    /// Why the next pause is one.
    Pause {
        /// The leg.
        leg: LegId,
        /// Why.
        reason: String,
    },
    /// Something to note at this place.
    Note {
        /// The leg.
        leg: LegId,
        /// What.
        text: String,
    },
}

/// A recording that begins.
#[derive(Debug)]
pub struct Opening {
    /// As it is to be.
    pub request: Request,
    /// Writes it.
    pub plugin: RecorderPlugin,
    /// Of its file, without the dot.
    pub extension: String,
    /// What it is written at.
    pub rate: Rate,
    /// Where its sound comes from.
    pub tapped: Tapped,
}

/// A recording that runs.
#[derive(Debug)]
struct Recording {
    leg: LegId,
    open: Open,
    path: String,
    tapped: Tapped,
    channels: u8,
    rate: Rate,
    /// Blocks in it, and the number of the block that comes next.
    blocks: u64,
    next: u32,
    pauses: u32,
    reasons: BTreeMap<u32, String>,
    /// From the codec's rate to the file's: said, heard.
    resample: (Resampler, Resampler),
    pcm: Vec<i16>,
    pcm_at_ms: u64,
    sync_at: Instant,
    failed: Option<String>,
}

/// All recordings.
#[derive(Debug, Default)]
pub struct Writer {
    open: Vec<Recording>,
    told: VecDeque<Told>,
}

impl Writer {
    /// Whether there is no recording.
    pub fn is_idle(&self) -> bool {
        self.open.is_empty()
    }

    /// The next thing to tell.
    pub fn poll(&mut self) -> Option<Told> {
        self.told.pop_front()
    }

    /// Takes a job.
    pub fn take(&mut self, job: Job, now: Instant) {
        match job {
            Job::Open(opening) => match open(*opening, now) {
                Ok(recording) => {
                    self.told.push_back(Told::Started {
                        leg: recording.leg,
                        path: recording.path.clone(),
                        sample_rate_hz: recording.rate.hertz(),
                    });
                    self.open.push(recording);
                }
                Err(told) => self.told.push_back(told),
            },
            Job::Pause { leg, reason } => {
                if let Some(recording) = self.of(leg) {
                    recording.pauses += 1;
                    recording.reasons.insert(recording.pauses, reason);
                }
            }
            Job::Note { leg, text } => {
                if let Some(recording) = self.of(leg) {
                    let at_ms = recording.audio_ms();
                    recording.mark(Mark::Note, at_ms, &text);
                }
            }
        }
    }

    fn of(&mut self, leg: LegId) -> Option<&mut Recording> {
        self.open.iter_mut().find(|recording| recording.leg == leg)
    }

    /// Empties all rings into their plugins.
    pub fn work(&mut self, now: Instant) {
        let mut at = 0;
        while let Some(recording) = self.open.get_mut(at) {
            if recording.work(now, &mut self.told) {
                let recording = self.open.remove(at);
                self.told.push_back(recording.close());
            } else {
                at += 1;
            }
        }
    }
}

fn open(opening: Opening, now: Instant) -> Result<Recording, Told> {
    let Opening {
        request,
        plugin,
        extension,
        rate,
        tapped,
    } = opening;
    let base = unused(&request.path, &extension);
    let path = format!("{base}.{extension}");
    let opened = folder(&base).and_then(|()| {
        let asked = RecorderRequest {
            sample_rate_hz: rate.hertz(),
            channels: u32::from(request.channels),
            started_unix_ms: request.started_unix_ms,
            path: &base,
            metadata: &request.metadata,
            options: &request.options,
        };
        plugin
            .open(&asked)
            .map_err(|why| format!("{why}; {}", why.fix()))
    });
    let open = opened.map_err(|error| Told::Ended {
        leg: request.leg,
        path: None,
        audio_ms: 0,
        bytes: 0,
        error: Some(error),
    })?;
    open.serves(request.leg.0);
    Ok(Recording {
        leg: request.leg,
        open,
        path,
        tapped,
        channels: request.channels,
        rate,
        blocks: 0,
        next: 0,
        pauses: 0,
        reasons: BTreeMap::new(),
        resample: (Resampler::new(rate, rate), Resampler::new(rate, rate)),
        pcm: Vec::new(),
        pcm_at_ms: 0,
        sync_at: now + SYNC,
        failed: None,
    })
}

/// The first of `base`, `base-2`, … of which there is no file, so that the file's name can be told.
fn unused(base: &str, extension: &str) -> String {
    let is_free = |base: &String| !Path::new(&format!("{base}.{extension}")).exists();
    let others = (2..=SAME_NAME).map(|number| format!("{base}-{number}"));
    let mut all = core::iter::once(base.to_owned()).chain(others);
    all.find(is_free).unwrap_or_else(|| base.to_owned())
}

/// Makes the folder of a recording, for its owner alone.
fn folder(base: &str) -> Result<(), String> {
    let Some(folder) = Path::new(base).parent() else {
        return Ok(());
    };
    let made = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder);
    made.map_err(|why| format!("{}: cannot be made: {why}", folder.display()))
}

impl Recording {
    fn audio_ms(&self) -> u64 {
        self.blocks * audio::block::BLOCK_MS as u64
    }

    /// Empties the ring; whether the recording is over.
    fn work(&mut self, now: Instant, told: &mut VecDeque<Told>) -> bool {
        // Asked first: what came before the end is in the ring by then.
        let is_over = self.tapped.is_over();
        let (mut said, mut heard) = (Block::silence(self.rate), Block::silence(self.rate));
        while self.failed.is_none() {
            match self.tapped.peek() {
                // Its reason is on the way.
                Some(Item::Paused(which)) if which > self.pauses => break,
                Some(_) => {}
                None => break,
            }
            match self.tapped.take(&mut said, &mut heard) {
                Some(Item::Sound(number)) => self.sound(number, (&said, &heard), told),
                Some(Item::Paused(which)) => self.paused(which, told),
                Some(Item::Resumed(_)) => self.resumed(told),
                None => break,
            }
        }
        self.hand_over();
        if self.open.is_off() {
            // What it has stays: it is closed as at the end of a call.
            let why = "its plugin was switched off";
            self.failed.get_or_insert_with(|| why.to_owned());
        }
        if now >= self.sync_at && self.failed.is_none() {
            self.sync_at = now + SYNC;
            let synced = self.open.sync();
            self.note_failure(synced);
            told.push_back(Told::Kept {
                leg: self.leg,
                audio_ms: self.audio_ms(),
                bytes: std::fs::metadata(&self.path).map_or(0, |file| file.len()),
            });
        }
        self.failed.is_some() || (is_over && self.tapped.peek().is_none())
    }

    fn sound(&mut self, number: u32, both: (&Block, &Block), told: &mut VecDeque<Told>) {
        let missing = number.wrapping_sub(self.next);
        self.next = number.wrapping_add(1);
        if missing > 0 {
            self.gap(missing, told);
        }
        let from = both.0.rate();
        if self.resample.0.from() != from {
            // Another codec.
            let new = || Resampler::new(from, self.rate);
            self.resample = (new(), new());
        }
        let (mut said, mut heard) = (Block::silence(self.rate), Block::silence(self.rate));
        self.resample.0.process(both.0, &mut said);
        self.resample.1.process(both.1, &mut heard);
        let pairs = said.samples().iter().zip(heard.samples());
        match self.channels {
            1 => self.pcm.extend(pairs.map(|(a, b)| a.saturating_add(*b))),
            _ => self.pcm.extend(pairs.flat_map(|(a, b)| [*a, *b])),
        }
        self.blocks += 1;
    }

    /// Silence in the place of what found no room, so that everything after it stands where it belongs.
    fn gap(&mut self, missing: u32, told: &mut VecDeque<Told>) {
        let gap_ms = u64::from(missing) * audio::block::BLOCK_MS as u64;
        let at_ms = self.audio_ms();
        self.mark(Mark::Gap, at_ms, &format!("{gap_ms} ms found no room"));
        let samples = self.rate.block_samples() * usize::from(self.channels);
        for _ in 0..missing.min(FILLED) {
            self.pcm.extend(core::iter::repeat_n(0, samples));
            self.blocks += 1;
        }
        let (leg, audio_ms) = (self.leg, self.audio_ms());
        told.push_back(Told::Gap {
            leg,
            audio_ms,
            gap_ms,
        });
    }

    fn paused(&mut self, which: u32, told: &mut VecDeque<Told>) {
        // Pauses whose mark found no room have nothing to say either.
        let later = self.reasons.split_off(&(which + 1));
        let reason = self.reasons.remove(&which).unwrap_or_default();
        self.reasons = later;
        let (leg, audio_ms) = (self.leg, self.audio_ms());
        self.mark(Mark::Pause, audio_ms, &reason);
        told.push_back(Told::Paused {
            leg,
            audio_ms,
            reason,
        });
    }

    fn resumed(&mut self, told: &mut VecDeque<Told>) {
        let (leg, audio_ms) = (self.leg, self.audio_ms());
        self.mark(Mark::Resume, audio_ms, "");
        told.push_back(Told::Resumed { leg, audio_ms });
    }

    /// Marks stand behind the sound that came before them.
    fn mark(&mut self, mark: Mark, at_ms: u64, note: &str) {
        self.hand_over();
        let marked = self.open.mark(mark, at_ms, note);
        self.note_failure(marked);
    }

    fn hand_over(&mut self) {
        if self.pcm.is_empty() || self.failed.is_some() {
            return;
        }
        let written = self.open.write(&self.pcm, self.pcm_at_ms);
        self.note_failure(written);
        self.pcm.clear();
        self.pcm_at_ms = self.audio_ms();
    }

    fn note_failure(&mut self, result: Result<(), plugin::Status>) {
        if let Err(status) = result {
            let why = plugin::status_text(status).to_owned();
            self.failed.get_or_insert(why);
        }
    }

    fn close(self) -> Told {
        let leg = self.leg;
        let result = self.open.close();
        let file = result.files.into_iter().next();
        Told::Ended {
            leg,
            bytes: file.as_ref().map_or(0, |file| file.bytes),
            path: Some(file.map_or(self.path, |file| file.path)),
            audio_ms: result.audio_ms,
            // The plugin knows best what happened to it.
            error: result.error.or(self.failed),
        }
    }
}

/// A [`Writer`] on a thread of its own. Dropped it waits, for a bounded time, until its files are closed.
#[derive(Debug)]
pub struct WriterThread {
    jobs: Option<SyncSender<Job>>,
    told: Receiver<Told>,
    done: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl WriterThread {
    /// Starts it. `clock` is the engine's.
    pub fn start(clock: fn() -> Instant) -> std::io::Result<Self> {
        let (jobs, jobs_in) = sync_channel(JOBS);
        let (told_out, told) = std::sync::mpsc::channel();
        let (done_out, done) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || {
                run(&jobs_in, clock, |say| told_out.send(say).is_ok());
                // Nobody waits any more: as well.
                let _ = done_out.try_send(());
            })?;
        Ok(Self {
            jobs: Some(jobs),
            told,
            done,
            thread: Some(thread),
        })
    }

    /// Gives it a job; never waits.
    pub fn give(&self, job: Job) -> Result<(), String> {
        let given = self.jobs.as_ref().map(|jobs| jobs.try_send(job));
        match given {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) | None => Err("the thread that writes recordings does not keep up".into()),
        }
    }

    /// The next thing it has to say; never waits.
    pub fn poll(&self) -> Option<Told> {
        self.told.try_recv().ok()
    }
}

impl Drop for WriterThread {
    fn drop(&mut self) {
        self.jobs.take();
        // A plugin that hangs must not keep the engine from ending.
        if self.done.recv_timeout(GOODBYE).is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

fn run(jobs: &Receiver<Job>, clock: fn() -> Instant, mut say: impl FnMut(Told) -> bool) {
    let mut writer = Writer::default();
    let mut is_open = true;
    while is_open || !writer.is_idle() {
        let first = match writer.is_idle() {
            true => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
            false => jobs.recv_timeout(PERIOD),
        };
        match first {
            Ok(job) => writer.take(job, clock()),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                is_open = false;
                std::thread::sleep(PERIOD);
            }
        }
        while let Ok(job) = jobs.try_recv() {
            writer.take(job, clock());
        }
        writer.work(clock());
        while let Some(told) = writer.poll() {
            // When nobody listens any more the files are still to be closed.
            let _ = say(told);
        }
    }
}

#[cfg(test)]
mod tests;
