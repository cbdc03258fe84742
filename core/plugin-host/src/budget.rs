//! What plugins cost: a meter for each open instance, read from control while the media thread goes on.
//!
//! A meter has one writer, the thread that calls the instance, and any number of readers. So it counts by
//! plain loads and stores of relaxed atomics: no lock, no locked instruction, nothing to wait for. Every
//! call is timed, none is sampled: that is why deadline misses are exact. Only lengths are rounded, up to
//! the end of a bucket a quarter of an octave wide.

use crate::Trouble;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Everything below is one bucket. Unit: bits of ns, so 64 ns.
const FIRST_BITS: u32 = 6;
/// Buckets: four an octave, from 64 ns to 4 s.
const BUCKETS: usize = 1 + 26 * 4;

/// What happened at one fence. Each counts up only, but for `misses_in_row`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls that entered the plugin.
    pub calls: u64,
    /// Calls that it answered with a failure.
    pub failures: u64,
    /// Calls that took longer than they may. Only counted with a clock.
    pub misses: u64,
    /// Misses without a call in time between, of the way that has more.
    pub misses_in_row: u32,
    /// The longest call. Unit: ns. Only with a clock.
    pub longest_ns: u64,
}

/// Which way sound goes in a call. Misses are in a row when they are so one way: an encoder that is always late
/// is not excused by a decoder that never is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Towards the person, and all that goes no way.
    In,
    /// From the person.
    Out,
}

/// Counts of one instance.
#[derive(Debug)]
pub struct Meter {
    leg: AtomicU64,
    /// Where its sound passes, in words. Only control reads and writes it.
    slot: OnceLock<String>,
    calls: AtomicU64,
    failures: AtomicU64,
    misses: AtomicU64,
    misses_in_row: [AtomicU32; 2],
    longest_ns: AtomicU64,
    shut: AtomicU8,
    told: AtomicBool,
    /// Written by control alone.
    off: AtomicBool,
    /// Why it was not opened.
    why: OnceLock<String>,
    buckets: [AtomicU32; BUCKETS],
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            leg: AtomicU64::new(NO_LEG),
            slot: OnceLock::new(),
            calls: AtomicU64::default(),
            failures: AtomicU64::default(),
            misses: AtomicU64::default(),
            misses_in_row: Default::default(),
            longest_ns: AtomicU64::default(),
            shut: AtomicU8::default(),
            told: AtomicBool::default(),
            off: AtomicBool::default(),
            why: OnceLock::new(),
            buckets: [const { AtomicU32::new(0) }; BUCKETS],
        }
    }
}

/// Of an instance that serves no call.
const NO_LEG: u64 = u64::MAX;

impl Meter {
    /// Says which leg the instance serves.
    pub fn serves(&self, leg: u64) {
        self.leg.store(leg, Relaxed);
    }

    /// Says where the instance stands, in words such as `microphone 1`; the first time counts. Thread:
    /// \[control\].
    pub fn stands(&self, slot: String) {
        let _ = self.slot.set(slot);
    }

    /// Says why it was not opened.
    pub(crate) fn refused(&self, why: String) {
        let _ = self.why.set(why);
    }

    /// Whether a person has switched its plugin off.
    #[inline(always)]
    pub(crate) fn is_off(&self) -> bool {
        self.off.load(Relaxed)
    }

    fn seat(&self) -> Seat {
        let leg = self.leg.load(Relaxed);
        Seat {
            leg: (leg != NO_LEG).then_some(leg),
            slot: self.slot.get().cloned(),
        }
    }

    /// What was counted.
    pub fn tally(&self) -> Tally {
        Tally {
            calls: self.calls.load(Relaxed),
            failures: self.failures.load(Relaxed),
            misses: self.misses.load(Relaxed),
            misses_in_row: self.in_row(Way::In).max(self.in_row(Way::Out)),
            longest_ns: self.longest_ns.load(Relaxed),
        }
    }

    #[inline(always)]
    pub(crate) fn called(&self) {
        bump(&self.calls);
    }

    pub(crate) fn failed(&self) {
        bump(&self.failures);
    }

    pub(crate) fn in_time(&self, way: Way) {
        self.row(way).store(0, Relaxed);
    }

    /// Counts a miss; how many there were in a row this way.
    pub(crate) fn missed(&self, way: Way) -> u32 {
        bump(&self.misses);
        let in_row = self.in_row(way).wrapping_add(1);
        self.row(way).store(in_row, Relaxed);
        in_row
    }

    fn in_row(&self, way: Way) -> u32 {
        self.row(way).load(Relaxed)
    }

    fn row(&self, way: Way) -> &AtomicU32 {
        let [inward, outward] = &self.misses_in_row;
        match way {
            Way::In => inward,
            Way::Out => outward,
        }
    }

    #[inline]
    pub(crate) fn took(&self, ns: u64) {
        if ns > self.longest_ns.load(Relaxed) {
            self.longest_ns.store(ns, Relaxed);
        }
        if let Some(bucket) = self.buckets.get(bucket(ns)) {
            bucket.store(bucket.load(Relaxed).wrapping_add(1), Relaxed);
        }
    }

    pub(crate) fn shut(&self, trouble: Option<Trouble>) {
        let code = match trouble {
            None | Some(Trouble::Failed(_) | Trouble::SwitchedOff) => 0,
            Some(Trouble::Bypassed) => 1,
            Some(Trouble::Poisoned) => 2,
            Some(Trouble::Refused) => 3,
        };
        self.told.store(false, Relaxed);
        self.shut.store(code, Relaxed);
    }

    pub(crate) fn trouble(&self) -> Option<Trouble> {
        match self.shut.load(Relaxed) {
            1 => Some(Trouble::Bypassed),
            2 => Some(Trouble::Poisoned),
            3 => Some(Trouble::Refused),
            _ => None,
        }
    }
}

/// One writer: no locked instruction is needed.
#[inline(always)]
fn bump(count: &AtomicU64) {
    count.store(count.load(Relaxed).wrapping_add(1), Relaxed);
}

/// Four buckets an octave.
#[inline]
const fn bucket(ns: u64) -> usize {
    let bits = u64::BITS - ns.leading_zeros();
    if bits <= FIRST_BITS {
        return 0;
    }
    let quarter = (ns >> (bits - 3)) & 3;
    let at = ((bits - FIRST_BITS - 1) as usize) * 4 + quarter as usize + 1;
    if at < BUCKETS { at } else { BUCKETS - 1 }
}

/// The longest call that a bucket counts. Unit: ns.
const fn top(bucket: usize) -> u64 {
    if bucket == 0 {
        return (1 << FIRST_BITS) - 1;
    }
    let (octave, quarter) = ((bucket - 1) / 4, (bucket - 1) % 4);
    let quarters = (4 + quarter as u64 + 1) << (octave as u32 + FIRST_BITS - 2);
    quarters - 1
}

/// What a plugin cost so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// All its instances together, also those that are closed. `misses_in_row` is the worst.
    pub tally: Tally,
    /// Half of the calls were no longer. Unit: ns.
    pub p50_ns: u64,
    /// Of a hundred calls 99 were no longer. Unit: ns.
    pub p99_ns: u64,
    /// Instances that are open.
    pub open: usize,
    /// Instances that were bypassed or panicked, also those that are closed.
    pub shut: u64,
}

/// Where an instance stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seat {
    /// The leg it serves.
    pub leg: Option<u64>,
    /// Where its sound passes, in words such as `microphone 1`, where that was said.
    pub slot: Option<String>,
}

/// An instance that is no longer entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShutOut {
    /// Where it stood.
    pub seat: Seat,
    /// Why.
    pub trouble: Trouble,
    /// In words, where it was not opened.
    pub why: Option<String>,
    /// What it did until then.
    pub tally: Tally,
}

/// Sums of several meters.
#[derive(Debug, Clone)]
struct Sums {
    tally: Tally,
    shut: u64,
    buckets: [u64; BUCKETS],
}

impl Default for Sums {
    fn default() -> Self {
        Self {
            tally: Tally::default(),
            shut: 0,
            buckets: [0; BUCKETS],
        }
    }
}

impl Sums {
    fn add(&mut self, meter: &Meter) {
        let (sum, one) = (&mut self.tally, meter.tally());
        sum.calls += one.calls;
        sum.failures += one.failures;
        sum.misses += one.misses;
        sum.misses_in_row = sum.misses_in_row.max(one.misses_in_row);
        sum.longest_ns = sum.longest_ns.max(one.longest_ns);
        self.shut += u64::from(meter.trouble().is_some());
        for (sum, one) in self.buckets.iter_mut().zip(&meter.buckets) {
            *sum += u64::from(one.load(Relaxed));
        }
    }

    fn cost(&self, open: usize) -> Cost {
        Cost {
            tally: self.tally,
            p50_ns: self.percentile(50),
            p99_ns: self.percentile(99),
            open,
            shut: self.shut,
        }
    }

    /// The longest of the shortest `share` of a hundred calls.
    fn percentile(&self, share: u64) -> u64 {
        let all: u64 = self.buckets.iter().sum();
        let wanted = (all * share).div_ceil(100);
        let mut seen = 0;
        let reached = self.buckets.iter().position(|count| {
            seen += count;
            wanted > 0 && seen >= wanted
        });
        reached.map_or(0, |at| top(at).min(self.tally.longest_ns))
    }
}

#[derive(Debug, Default)]
struct Meters {
    open: Vec<Arc<Meter>>,
    closed: Sums,
    /// Instances to come are off as well.
    off: bool,
}

/// The meters of one plugin.
#[derive(Debug, Default)]
pub struct Budget(Mutex<Meters>);

impl Budget {
    /// A meter for one more instance.
    pub(crate) fn meter(&self) -> Arc<Meter> {
        let mut meters = self.meters();
        if meters.open.len() == meters.open.capacity() {
            // Only then, so that an instance among thousands costs no look at all of them.
            meters.put_away();
        }
        let meter = Arc::new(Meter::default());
        meter.off.store(meters.off, Relaxed);
        meters.open.push(Arc::clone(&meter));
        meter
    }

    /// Keeps every instance from being entered, also those to come, until it is called off. Thread:
    /// \[control\].
    pub(crate) fn switch(&self, off: bool) {
        let mut meters = self.meters();
        meters.off = off;
        for meter in &meters.open {
            meter.off.store(off, Relaxed);
        }
    }

    /// Whether they are kept from it.
    pub(crate) fn is_off(&self) -> bool {
        self.meters().off
    }

    /// What the plugin cost so far. Thread: \[control\]; no media thread waits for it.
    pub fn cost(&self) -> Cost {
        let mut meters = self.meters();
        meters.put_away();
        let mut sums = meters.closed.clone();
        for meter in &meters.open {
            sums.add(meter);
        }
        sums.cost(meters.open.len())
    }

    /// The same of open instances alone, by where they stand. Thread: \[control\].
    pub fn costs_by_seat(&self) -> Vec<(Seat, Cost)> {
        let mut meters = self.meters();
        meters.put_away();
        let mut seats: BTreeMap<Seat, (Sums, usize)> = BTreeMap::new();
        for meter in &meters.open {
            let (sums, open) = seats.entry(meter.seat()).or_default();
            sums.add(meter);
            *open += 1;
        }
        let costs = seats.into_iter();
        costs
            .map(|(seat, (sums, open))| (seat, sums.cost(open)))
            .collect()
    }

    /// Where open instances stand, each place once. Thread: \[control\].
    pub fn seats(&self) -> Vec<Seat> {
        let mut meters = self.meters();
        meters.put_away();
        let mut seats: Vec<Seat> = meters.open.iter().map(|meter| meter.seat()).collect();
        seats.sort_unstable();
        seats.dedup();
        seats
    }

    /// Instances that were shut out since this was asked last, each once. Thread: \[control\].
    pub fn newly_shut(&self) -> Vec<ShutOut> {
        let mut meters = self.meters();
        meters.put_away();
        let fresh = meters.open.iter().filter_map(|meter| {
            let trouble = meter.trouble()?;
            (!meter.told.swap(true, Relaxed)).then(|| ShutOut {
                seat: meter.seat(),
                trouble,
                why: meter.why.get().cloned(),
                tally: meter.tally(),
            })
        });
        fresh.collect()
    }

    fn meters(&self) -> MutexGuard<'_, Meters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Meters {
    /// Adds up what was closed. What was shut out and not told yet stays until it is.
    fn put_away(&mut self) {
        let closed = &mut self.closed;
        self.open.retain(|meter| {
            let untold = meter.trouble().is_some() && !meter.told.load(Relaxed);
            let stays = Arc::strong_count(meter) > 1 || untold;
            if !stays {
                closed.add(meter);
            }
            stays
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_lies_in_its_bucket_and_none_is_rounded_by_more_than_a_quarter() {
        let mut last = 0;
        for ns in (0..4096).chain((12..32).flat_map(|bits| {
            let base = 1u64 << bits;
            [
                base - 1,
                base,
                base + base / 3,
                base + base / 2,
                base + base / 4 * 3,
            ]
        })) {
            let at = bucket(ns);
            assert!(ns <= top(at), "{ns} in {at}");
            assert!(at == 0 || ns > top(at - 1), "{ns} in {at}");
            assert!(at == 0 || top(at) <= ns + ns / 4, "{ns}: {}", top(at));
            last = last.max(at);
        }
        assert_eq!(last, BUCKETS - 1);
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn percentiles_come_from_all_instances_and_outlive_them() {
        let budget = Budget::default();
        let (one, two) = (budget.meter(), budget.meter());
        for ns in 1..=99 {
            one.called();
            one.took(ns * 1000);
        }
        two.called();
        two.took(5_000_000);
        let cost = budget.cost();
        assert_eq!((cost.tally.calls, cost.open), (100, 2));
        assert!((50_000..=62_500).contains(&cost.p50_ns), "{cost:?}");
        assert!((99_000..=123_750).contains(&cost.p99_ns), "{cost:?}");
        assert_eq!(cost.tally.longest_ns, 5_000_000);
        drop((one, two));
        assert_eq!(budget.cost(), Cost { open: 0, ..cost });
    }

    #[test]
    fn each_call_has_its_own_figures_while_it_lasts() {
        let budget = Budget::default();
        let meters: Vec<_> = [Some(7), Some(7), Some(8), None]
            .into_iter()
            .map(|leg| {
                let meter = budget.meter();
                if let Some(leg) = leg {
                    meter.serves(leg);
                }
                meter
            })
            .collect();
        for (meter, us) in meters.iter().zip([10, 30, 500, 1]) {
            meter.called();
            meter.took(us * 1_000);
        }
        let of = |leg: Option<u64>| {
            let all = budget.costs_by_seat().into_iter();
            let mut its = all
                .filter(|(seat, _)| seat.leg == leg)
                .map(|(_, cost)| cost);
            (its.next(), its.next())
        };
        let (seven, another) = of(Some(7));
        let seven = seven.unwrap();
        assert_eq!((seven.open, seven.tally.calls, another), (2, 2, None));
        assert_eq!(seven.tally.longest_ns, 30_000);
        assert!((10_000..=12_500).contains(&seven.p50_ns), "{seven:?}");
        assert_eq!(of(Some(8)).0.unwrap().p99_ns, 500_000);
        assert_eq!(of(None).0.unwrap().tally.calls, 1);
        drop(meters);
        assert_eq!(budget.costs_by_seat(), []);
        assert_eq!(budget.cost().tally.calls, 4);
    }

    #[test]
    fn what_is_shut_out_is_told_once_also_after_it_was_closed() {
        let budget = Budget::default();
        let meter = budget.meter();
        meter.serves(7);
        meter.stands("microphone 1".to_owned());
        assert_eq!(budget.newly_shut(), []);
        meter.shut(Some(Trouble::Bypassed));
        drop(meter);
        assert_eq!(budget.cost().shut, 1);
        let told = budget.newly_shut();
        let seat = Seat {
            leg: Some(7),
            slot: Some("microphone 1".to_owned()),
        };
        assert_eq!((told.len(), &told[0].seat), (1, &seat));
        assert_eq!(told[0].trouble, Trouble::Bypassed);
        assert_eq!((budget.newly_shut(), budget.cost().shut), (Vec::new(), 1));
    }
}
