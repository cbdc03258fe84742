//! Poisoned and over-budget plugins: every call is counted, and what panicked or is too slow is not
//! called again.
//!
//! It reads no clock of its own: a catalogue that was given one times each call, one without does not.
//! It neither allocates nor locks nor logs; control reads the [`Meter`].

use crate::Status;
use crate::budget::{Meter, Tally, Way};
use base::{Duration, Instant};
use std::sync::{Arc, OnceLock};

/// Where the time of a call comes from.
pub type Clock = fn() -> Instant;

/// A real clock, counted from its first use. Costs 25 to 50 ns a reading, two readings a call.
pub fn wall_clock() -> Instant {
    static START: OnceLock<std::time::Instant> = OnceLock::new();
    let start = START.get_or_init(std::time::Instant::now);
    Instant::ZERO + start.elapsed()
}

/// Part of the audio's own length that a call may take: 1 ms for 20 ms. Source: rulings, Limits.
const SHARE: u32 = 20;

/// Misses in a row before a plugin is bypassed. Source: rulings, Limits.
const MISSES: u32 = 3;

/// Why a call gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The plugin said so.
    Failed(Status),
    /// It panicked in this call or earlier; it is never entered again.
    Poisoned,
    /// It was too slow too often; it is not entered until [`Fence::reopen`].
    Bypassed,
    /// Its process did not open it.
    Refused,
    /// A person switched it off; it is not entered until it is on again.
    SwitchedOff,
}

/// How a call gets through. One look at it decides, because it stands in every packet's way.
#[derive(Debug, Clone, Copy)]
enum Gate {
    Open,
    Timed(Clock),
    Shut(Trouble),
}

impl Gate {
    fn new(clock: Option<Clock>) -> Self {
        clock.map_or(Self::Open, Self::Timed)
    }
}

/// Stands before one instance.
#[derive(Debug)]
pub struct Fence {
    gate: Gate,
    clock: Option<Clock>,
    meter: Arc<Meter>,
}

impl Fence {
    /// Open, with nothing counted.
    pub fn new(clock: Option<Clock>) -> Self {
        Self::metered(clock, Arc::default())
    }

    /// Open, and counts with `meter`, which nobody else writes.
    pub(crate) fn metered(clock: Option<Clock>, meter: Arc<Meter>) -> Self {
        Self {
            gate: Gate::new(clock),
            clock,
            meter,
        }
    }

    /// What happened so far.
    pub fn tally(&self) -> Tally {
        self.meter.tally()
    }

    /// What counts here, for who counts beside it on the same thread.
    pub(crate) fn meter(&self) -> Arc<Meter> {
        Arc::clone(&self.meter)
    }

    /// Says which leg the instance serves.
    pub fn serves(&self, leg: u64) {
        self.meter.serves(leg);
    }

    /// Says where the instance stands, in words such as `microphone 1`. Thread: \[control\].
    pub fn stands(&self, slot: String) {
        self.meter.stands(slot);
    }

    /// Why nothing gets through, if so.
    pub fn shut(&self) -> Option<Trouble> {
        if self.meter.is_off() {
            return Some(Trouble::SwitchedOff);
        }
        match self.gate {
            Gate::Open | Gate::Timed(_) => None,
            Gate::Shut(trouble) => Some(trouble),
        }
    }

    /// Gives a bypassed plugin another chance. One that panicked stays out.
    pub fn reopen(&mut self) {
        match self.gate {
            Gate::Shut(Trouble::Bypassed) => {
                self.gate = Gate::new(self.clock);
                self.meter.shut(None);
                self.meter.in_time(Way::In);
                self.meter.in_time(Way::Out);
            }
            Gate::Shut(
                Trouble::Poisoned | Trouble::Failed(_) | Trouble::Refused | Trouble::SwitchedOff,
            )
            | Gate::Open
            | Gate::Timed(_) => {}
        }
    }

    /// Runs `body`, which works on `audio()` of sound; that is only asked for with a clock.
    #[inline]
    pub fn call<T>(
        &mut self,
        audio: impl FnOnce() -> Duration,
        body: impl FnOnce() -> Result<T, Status>,
    ) -> Result<T, Trouble> {
        self.call_way(Way::In, audio, body)
    }

    /// The same for sound that goes this way.
    #[inline]
    pub(crate) fn call_way<T>(
        &mut self,
        way: Way,
        audio: impl FnOnce() -> Duration,
        body: impl FnOnce() -> Result<T, Status>,
    ) -> Result<T, Trouble> {
        if self.meter.is_off() {
            return Err(Trouble::SwitchedOff);
        }
        let result = match self.gate {
            Gate::Open => {
                self.meter.called();
                body()
            }
            Gate::Timed(clock) => self.timed((clock, way), audio, body),
            Gate::Shut(trouble) => return Err(trouble),
        };
        match result {
            Ok(done) => Ok(done),
            Err(status) => Err(self.failed(status)),
        }
    }

    /// Apart from [`call`](Self::call), so that what is not timed pays nothing for it.
    #[inline(never)]
    fn timed<T>(
        &mut self,
        (clock, way): (Clock, Way),
        audio: impl FnOnce() -> Duration,
        body: impl FnOnce() -> Result<T, Status>,
    ) -> Result<T, Status> {
        self.meter.called();
        let start = clock();
        let result = body();
        self.measure(clock().since(start), audio() / SHARE, way);
        result
    }

    fn measure(&mut self, took: Duration, allowed: Duration, way: Way) {
        self.meter
            .took(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
        if took <= allowed {
            return self.meter.in_time(way);
        }
        if self.meter.missed(way) >= MISSES {
            self.shut_for(Trouble::Bypassed);
        }
    }

    /// What is behind it was never there; who found out has written it down.
    pub(crate) fn refuse(&mut self) -> Trouble {
        self.gate = Gate::Shut(Trouble::Refused);
        Trouble::Refused
    }

    fn shut_for(&mut self, trouble: Trouble) {
        self.gate = Gate::Shut(trouble);
        self.meter.shut(Some(trouble));
    }

    #[cold]
    fn failed(&mut self, status: Status) -> Trouble {
        self.meter.failed();
        if status == Status::PANIC {
            self.shut_for(Trouble::Poisoned);
            return Trouble::Poisoned;
        }
        Trouble::Failed(status)
    }
}

/// How long `samples` of all channels last.
pub(crate) fn length(samples: usize, rate_hz: u32, channels: u8) -> Duration {
    let per_second = u64::from(rate_hz) * u64::from(channels);
    Duration::from_nanos(samples as u64 * 1_000_000_000 / per_second.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    thread_local! {
        static NOW_US: Cell<u64> = const { Cell::new(0) };
    }

    fn script() -> Instant {
        NOW_US.with(|now| Instant::ZERO + Duration::from_micros(now.get()))
    }

    fn call(fence: &mut Fence, took_us: u64) -> Result<(), Trouble> {
        fence.call(
            || Duration::from_millis(20),
            || {
                NOW_US.with(|now| now.set(now.get() + took_us));
                Ok(())
            },
        )
    }

    #[test]
    fn three_misses_in_a_row_bypass_and_are_counted_exactly() {
        let mut fence = Fence::new(Some(script));
        for took_us in [1001, 1001, 1000, 1001, 1001] {
            assert_eq!(call(&mut fence, took_us), Ok(()));
        }
        assert_eq!((fence.tally().misses, fence.tally().misses_in_row), (4, 2));
        assert_eq!(
            call(&mut fence, 5000),
            Ok(()),
            "the late result itself is used"
        );
        assert_eq!(call(&mut fence, 1), Err(Trouble::Bypassed));
        let tally = fence.tally();
        assert_eq!(
            (tally.calls, tally.misses, tally.longest_ns),
            (6, 5, 5_000_000)
        );
        fence.reopen();
        assert_eq!(call(&mut fence, 1), Ok(()));
    }

    #[test]
    fn a_quick_way_does_not_excuse_the_other() {
        let mut fence = Fence::new(Some(script));
        let mut out = |took_us: u64| {
            fence.call_way(
                Way::Out,
                || Duration::from_millis(20),
                || {
                    NOW_US.with(|now| now.set(now.get() + took_us));
                    Ok(())
                },
            )
        };
        assert_eq!((out(1001), out(1001)), (Ok(()), Ok(())));
        assert_eq!(call(&mut fence, 1), Ok(()));
        assert_eq!(fence.tally().misses_in_row, 2);
        let mut late = |way| {
            let body = || {
                NOW_US.with(|now| now.set(now.get() + 1001));
                Ok(())
            };
            fence.call_way(way, || Duration::from_millis(20), body)
        };
        assert_eq!(late(Way::In), Ok(()));
        assert_eq!(late(Way::Out), Ok(()));
        assert_eq!(late(Way::In), Err(Trouble::Bypassed));
    }

    #[test]
    fn without_a_clock_nothing_is_late() {
        let mut fence = Fence::new(None);
        for _ in 0..5 {
            assert_eq!(call(&mut fence, 9000), Ok(()));
        }
        assert_eq!(fence.tally().misses, 0);
    }

    #[test]
    fn a_panic_shuts_for_good_and_a_failure_does_not() {
        let mut fence = Fence::new(None);
        let failed = fence.call(|| Duration::ZERO, || Err::<(), _>(Status::BAD_PAYLOAD));
        assert_eq!(failed, Err(Trouble::Failed(Status::BAD_PAYLOAD)));
        let failed = fence.call(|| Duration::ZERO, || Err::<(), _>(Status::PANIC));
        assert_eq!(failed, Err(Trouble::Poisoned));
        fence.reopen();
        assert_eq!(call(&mut fence, 0), Err(Trouble::Poisoned));
        assert_eq!((fence.tally().calls, fence.tally().failures), (2, 2));
    }
}
