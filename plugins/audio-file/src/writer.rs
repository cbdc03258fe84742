//! What is played, into a file, on a thread of its own: the media thread only fills a ring.

use hound::{SampleFormat, WavSpec, WavWriter};
use plugin::{Refusal, Status};
use rtrb::{Consumer, Producer, RingBuffer};
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Room between the media thread and the disk. Unit: s. A disk may stand still that long.
const RING_S: usize = 4;
/// How often the ring is emptied.
const PERIOD: Duration = Duration::from_millis(20);
/// How often the header is brought up to date: a crash loses no more than this.
const FLUSH: Duration = Duration::from_millis(200);

type Wav = WavWriter<BufWriter<File>>;

/// A file being written.
#[derive(Debug)]
pub(crate) struct Writer {
    ring: Option<Producer<i16>>,
    failed: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Creates the file, so that what is wrong with its name shows now. Thread: \[control\].
    pub(crate) fn create(path: &Path, rate_hz: u32) -> Result<Self, Refusal> {
        let refuse =
            |why: String| Refusal::new(Status::UNAVAILABLE, format!("{}: {why}", path.display()));
        let spec = WavSpec {
            channels: 1,
            sample_rate: rate_hz,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let mut wav = WavWriter::create(path, spec)
            .map_err(|error| refuse(format!("cannot be written: {error}")))?;
        wav.flush()
            .map_err(|error| refuse(format!("cannot be written: {error}")))?;
        let (ring, samples) = RingBuffer::new(RING_S * rate_hz as usize);
        let failed = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&failed);
        let thread = std::thread::Builder::new()
            .name("wav writer".into())
            .spawn(move || {
                if write(wav, samples).is_err() {
                    flag.store(true, Ordering::Relaxed);
                }
            })
            .map_err(|error| refuse(error.to_string()))?;
        Ok(Self {
            ring: Some(ring),
            failed,
            thread: Some(thread),
        })
    }

    /// Hands over as much as there is room for; returns how much. Wait-free. Thread: \[media\].
    pub(crate) fn push(&mut self, pcm: &[i16]) -> usize {
        let Some(ring) = &mut self.ring else {
            return 0;
        };
        let (taken, _) = ring.push_partial_slice(pcm);
        taken.len()
    }

    /// The disk refused; nothing more is written. Wait-free. Thread: \[media\].
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Relaxed)
    }
}

impl Drop for Writer {
    /// Waits until what was pushed is in the file. Thread: \[control\].
    fn drop(&mut self) {
        self.ring = None;
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has said so on its own thread.
            let _ = thread.join();
        }
    }
}

/// Runs until the ring is given up and empty. Thread: \[worker\].
fn write(mut wav: Wav, mut samples: Consumer<i16>) -> Result<(), hound::Error> {
    let mut flushed = Instant::now();
    let mut fresh = false;
    loop {
        // Asked before the ring is emptied, so that nothing pushed before the end is missed.
        let over = samples.is_abandoned();
        let ready = samples.slots();
        if let Ok(chunk) = samples.read_chunk(ready) {
            for sample in chunk {
                wav.write_sample(sample)?;
            }
        }
        fresh |= ready > 0;
        if over {
            return wav.finalize();
        }
        if fresh && flushed.elapsed() >= FLUSH {
            wav.flush()?;
            flushed = Instant::now();
            fresh = false;
        }
        std::thread::sleep(PERIOD);
    }
}
