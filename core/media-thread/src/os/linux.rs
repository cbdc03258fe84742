//! Linux: round-robin before all usual threads where that is permitted, else a smaller nice value;
//! no timer slack; absolute deadlines.

use super::Urgent;
use crate::priority::{Granted, Priority};
use base::Instant;
use core::num::NonZeroU64;
use net::Schedule;
use rustix::process::{Resource, getrlimit, setpriority_process};
use rustix::thread::{
    ClockId, Timespec, clock_nanosleep_absolute, gettid, set_current_timer_slack,
};
use rustix::time::clock_gettime;

/// Among real-time threads we are the least urgent but for their own spare ones: a sound server or
/// a driver goes first. Range: 1 to 99.
const LEVEL: u8 = 5;
/// What desktops give to sound. Range: −20 to 19.
const NICE: i32 = -11;
/// How often two clocks are compared; the comparison that took the shortest counts.
const COMPARED: usize = 8;

pub(crate) struct Linux {
    /// CLOCK_MONOTONIC at the clock's zero. Unit: ns.
    zero: u64,
}

fn monotonic() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

impl Urgent for Linux {
    fn new(clock: fn() -> Instant) -> Self {
        // The usual 50 µs are for those who can wait. What cannot be set stays as it was.
        let _ = set_current_timer_slack(NonZeroU64::new(1));
        let compare = |_| {
            let before = monotonic();
            let now = clock().as_nanos();
            let after = monotonic();
            (
                after - before,
                (before + (after - before) / 2).wrapping_sub(now),
            )
        };
        let best = (0..COMPARED).map(compare).min_by_key(|one| one.0);
        Self {
            zero: best.map_or(0, |one| one.1),
        }
    }

    fn ask(&self, wanted: Priority) -> Granted {
        let (realtime, high) = match wanted {
            Priority::Auto | Priority::Realtime => (true, true),
            Priority::High => (false, true),
            Priority::Normal => (false, false),
        };
        // Who may not have this level may be allowed a lower one.
        let allowed = getrlimit(Resource::Rtprio).current.unwrap_or(u64::MAX);
        let level = u8::try_from(allowed).map_or(LEVEL, |most| most.clamp(1, LEVEL));
        let granted = |level| net::schedule(None, Schedule::RoundRobin(level)).is_ok();
        if realtime && (granted(LEVEL) || granted(level)) {
            return Granted::Realtime;
        }
        if high && setpriority_process(None, NICE).is_ok() {
            return Granted::High;
        }
        Granted::Normal
    }

    fn withdraw(&self) {
        // Becoming less urgent is always permitted.
        let _ = net::schedule(None, Schedule::Usual);
    }

    fn sleep_until(&self, at: Instant) {
        let nanos = self.zero.wrapping_add(at.as_nanos());
        let until = Timespec {
            tv_sec: (nanos / 1_000_000_000) as i64,
            tv_nsec: (nanos % 1_000_000_000) as i64,
        };
        // A signal to the process wakes whoever sleeps; every other failure is about the arguments.
        while clock_nanosleep_absolute(ClockId::Monotonic, &until) == Err(rustix::io::Errno::INTR) {
        }
    }

    fn number(&self) -> u32 {
        gettid().as_raw_nonzero().get().unsigned_abs()
    }

    fn lower(number: u32) {
        // A thread that is gone needs none.
        let _ = net::schedule(Some(number), Schedule::Usual);
    }
}
