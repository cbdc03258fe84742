//! An audio plugin whose microphone plays what a test gives it and whose loudspeaker is recorded.

// The macro asks for a feature that only plugins have.
#![allow(unexpected_cfgs)]

use plugin::{Audio, AudioCounters, Captured, Refusal, Status};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Default)]
struct Reels {
    said: Vec<i16>,
    at: usize,
    heard: Vec<i16>,
}

static REELS: Mutex<BTreeMap<u64, Reels>> = Mutex::new(BTreeMap::new());
static NEXT: AtomicU64 = AtomicU64::new(1);

/// Recordings that are kept: one for each phone of this process that used its tape and is not dropped.
pub(crate) fn kept() -> usize {
    let all = REELS
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    all.len()
}

/// One microphone and loudspeaker. Its number never shows in anything that is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tape(pub(crate) u64);

impl Tape {
    pub(crate) fn new() -> Self {
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The microphone plays this after what it was given before.
    pub(crate) fn say(self, pcm: &[i16]) {
        with(self.0, |reels| {
            reels.said.drain(..reels.at);
            reels.at = 0;
            reels.said.extend_from_slice(pcm);
        });
    }

    /// The phone is gone, and its recording with it.
    pub(crate) fn forget(self) {
        let mut all = REELS
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        all.remove(&self.0);
    }

    /// Takes what the loudspeaker played since the last time.
    pub(crate) fn take_heard(self) -> Vec<i16> {
        with(self.0, |reels| core::mem::take(&mut reels.heard))
    }
}

fn with<T>(tape: u64, act: impl FnOnce(&mut Reels) -> T) -> T {
    let mut all = REELS
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    act(all.entry(tape).or_default())
}

/// The plugin's side of a tape.
#[derive(Debug)]
pub(crate) struct Deck(u64);

impl Audio for Deck {
    fn enumerate() -> Result<String, Refusal> {
        Ok("[]".into())
    }

    fn open(request: &str) -> Result<Self, Refusal> {
        let request: serde_json::Value =
            serde_json::from_str(request).map_err(|_| Refusal::from(Status::BAD_ARGUMENT))?;
        Ok(Self(request["tape"].as_u64().unwrap_or(0)))
    }

    fn capture(&mut self, pcm: &mut [i16], _now_ns: u64) -> Result<Captured, Status> {
        with(self.0, |reels| {
            let rest = &reels.said[reels.at..];
            let samples = rest.len().min(pcm.len());
            pcm[..samples].copy_from_slice(&rest[..samples]);
            pcm[samples..].fill(0);
            reels.at += samples;
        });
        Ok(Captured {
            samples: pcm.len(),
            ended: false,
        })
    }

    fn playback(&mut self, pcm: &[i16], _now_ns: u64) -> Result<(), Status> {
        with(self.0, |reels| reels.heard.extend_from_slice(pcm));
        Ok(())
    }

    fn counters(&self) -> AudioCounters {
        AudioCounters::default()
    }
}

plugin::export_audio!(Deck, id = "tape", name = "Tape");
