//! What a mock is told, and what it counted.

use plugin::{Refusal, Status};
use serde::Deserialize;
use std::sync::atomic::{AtomicU64, Ordering};

/// What goes wrong, and when. Calls of one instance are counted from 1. Without orders all goes well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Orders {
    /// This call fails.
    pub fail_at: Option<u64>,
    /// Every so manieth call fails. Range: 1 and up.
    pub fail_every: Option<u64>,
    /// A call that stalls takes so long. Unit: ms. Range: 1 to 60,000.
    pub stall_ms: Option<u64>,
    /// Only this call stalls; without it every one does.
    pub stall_at: Option<u64>,
    /// Every so manieth call gives rubbish of the right form. Range: 1 and up.
    pub corrupt_every: Option<u64>,
    /// This call panics.
    pub panic_at: Option<u64>,
    /// This call ends the process.
    pub abort_at: Option<u64>,
    /// Nothing can be opened.
    pub refuse: bool,
}

/// What all instances of a kind did in this process. Each counts up only.
#[derive(Debug, Default)]
pub struct Counts {
    opened: AtomicU64,
    calls: AtomicU64,
    failed: AtomicU64,
    stalled: AtomicU64,
    corrupted: AtomicU64,
}

/// [`Counts`] at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// Instances.
    pub opened: u64,
    /// Calls that entered.
    pub calls: u64,
    /// Calls that failed on order, without those that panicked.
    pub failed: u64,
    /// Calls that stalled on order.
    pub stalled: u64,
    /// Calls that gave rubbish on order.
    pub corrupted: u64,
}

impl Counts {
    pub(crate) const fn new() -> Self {
        Self {
            opened: AtomicU64::new(0),
            calls: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            stalled: AtomicU64::new(0),
            corrupted: AtomicU64::new(0),
        }
    }

    /// What was counted so far. Thread: \[any\].
    pub fn read(&self) -> Counted {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counted {
            opened: read(&self.opened),
            calls: read(&self.calls),
            failed: read(&self.failed),
            stalled: read(&self.stalled),
            corrupted: read(&self.corrupted),
        }
    }
}

impl Counted {
    /// As JSON, for kinds that answer in text.
    pub(crate) fn json(self) -> serde_json::Value {
        serde_json::json!({
            "opened": self.opened,
            "calls": self.calls,
            "failed": self.failed,
            "stalled": self.stalled,
            "corrupted": self.corrupted,
        })
    }
}

impl Orders {
    /// From the options of an instance: a JSON object, or nothing.
    pub(crate) fn read(options: &str) -> Result<Self, Refusal> {
        if options.trim().is_empty() {
            return Ok(Self::default());
        }
        let read = serde_json::from_str::<Self>(options);
        read.map_err(|why| bad(format!("options: {why}")))?.check()
    }

    /// From one key of a request: a JSON object in which it may be missing.
    pub(crate) fn within(request: &str, key: &str) -> Result<Self, Refusal> {
        let request: serde_json::Value =
            serde_json::from_str(request).map_err(|why| bad(format!("request: {why}")))?;
        match request.get(key) {
            None | Some(serde_json::Value::Null) => Ok(Self::default()),
            Some(orders) => Self::read(&orders.to_string()),
        }
    }

    fn check(self) -> Result<Self, Refusal> {
        if self.refuse {
            return Err(Refusal::new(Status::UNAVAILABLE, "refused on order"));
        }
        if self.fail_every == Some(0) || self.corrupt_every == Some(0) {
            return Err(bad("fail_every, corrupt_every: 1 and up".to_owned()));
        }
        if self.stall_ms.is_some_and(|ms| !(1..=60_000).contains(&ms)) {
            return Err(bad("stall_ms: 1 to 60000".to_owned()));
        }
        Ok(self)
    }
}

/// One instance's way through its orders.
#[derive(Debug)]
pub(crate) struct Play {
    orders: Orders,
    calls: u64,
    counts: &'static Counts,
}

/// How a call that does not fail goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    Right,
    Rubbish,
}

impl Play {
    pub(crate) fn new(orders: Orders, counts: &'static Counts) -> Self {
        counts.opened.fetch_add(1, Ordering::Relaxed);
        Self {
            orders,
            calls: 0,
            counts,
        }
    }

    /// Begins a call: counts it, and does what was ordered for it.
    pub(crate) fn call(&mut self) -> Result<Deed, Status> {
        self.calls += 1;
        let Self {
            orders,
            calls,
            counts,
        } = self;
        let calls = *calls;
        counts.calls.fetch_add(1, Ordering::Relaxed);
        if orders.abort_at == Some(calls) {
            std::process::abort();
        }
        if orders.panic_at == Some(calls) {
            panic!("on order, in call {calls}");
        }
        if let Some(ms) = orders.stall_ms
            && orders.stall_at.is_none_or(|at| at == calls)
        {
            counts.stalled.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(std::time::Duration::from_millis(ms));
        }
        let is_due = |every: Option<u64>| every.is_some_and(|every| calls.is_multiple_of(every));
        if orders.fail_at == Some(calls) || is_due(orders.fail_every) {
            counts.failed.fetch_add(1, Ordering::Relaxed);
            return Err(Status::FAILED);
        }
        if is_due(orders.corrupt_every) {
            counts.corrupted.fetch_add(1, Ordering::Relaxed);
            return Ok(Deed::Rubbish);
        }
        Ok(Deed::Right)
    }
}

/// Rubbish of the right form: always the same, and like no sound.
pub(crate) fn rubbish(pcm: &mut [i16]) {
    for (at, sample) in pcm.iter_mut().enumerate() {
        *sample = if at % 3 == 0 { i16::MAX } else { i16::MIN };
    }
}

fn bad(why: String) -> Refusal {
    Refusal::new(Status::BAD_ARGUMENT, why)
}
