//! The engine's end of one media instance in a plugin's process.

use super::process::Shared;
use super::ring::{Asker, Missed, Ring, Slot};
use super::words::Media;
use super::{Mishap, patience};
use crate::Trouble;
use crate::budget::{Meter, Way};
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering, fence};
use plugin::{Refusal, Status};
use std::os::fd::OwnedFd;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Replies missed in a row before nobody waits for the next any more. Source: rulings, Limits.
const MISSES: u32 = 3;
/// Of those that nobody waits for, every so manieth is waited for all the same: who was kept from a processor
/// for a while is heard again.
const SECOND_CHANCE: u32 = 25;

/// What the supervisor and the media thread share of an instance.
#[derive(Debug)]
pub(crate) struct Link {
    pub(super) ring: Ring,
    pub(super) memory: OwnedFd,
    /// How to open it, and to open it again.
    pub(super) open: Media,
    /// Which process serves it: counts up from 1; 0 while none does.
    live: AtomicU32,
    /// The process that opened it first; 0 until then.
    first: AtomicU32,
    /// Why it was not opened.
    refusal: OnceLock<Refusal>,
    /// Nobody calls it any more.
    abandoned: AtomicBool,
    /// Requests made.
    sent: AtomicU32,
}

impl Link {
    pub(super) fn new(ring: Ring, memory: OwnedFd, open: Media) -> Self {
        Self {
            ring,
            memory,
            open,
            live: AtomicU32::new(0),
            first: AtomicU32::new(0),
            refusal: OnceLock::new(),
            abandoned: AtomicBool::new(false),
            sent: AtomicU32::new(0),
        }
    }

    /// No process serves it.
    pub(super) fn down(&self) {
        self.live.store(0, Ordering::Release);
    }

    /// Before a process opens it.
    pub(super) fn renew(&self) {
        self.ring.renew(self.sent.load(Ordering::Acquire));
    }

    /// A process has opened it.
    pub(super) fn up(&self, generation: u32) {
        // Only the first time.
        let _ = (self.first).compare_exchange(0, generation, Ordering::AcqRel, Ordering::Relaxed);
        self.live.store(generation, Ordering::Release);
    }

    /// Whether whoever wanted it was gone before it was opened. Asked once it is.
    pub(super) fn is_abandoned(&self) -> bool {
        // Either this sees that it was abandoned, or who abandons it sees that it is open.
        fence(Ordering::SeqCst);
        self.abandoned.load(Ordering::Relaxed)
    }

    /// No process will open it.
    pub(super) fn refuse(&self, refusal: Refusal) {
        let _ = self.refusal.set(refusal);
    }

    /// Answered and made requests, to see whether it goes on; `None` while no process serves it.
    pub(super) fn progress(&self) -> Option<(u32, u32)> {
        (self.live.load(Ordering::Acquire) != 0)
            .then(|| (self.ring.answered(), self.sent.load(Ordering::Acquire)))
    }
}

/// Requests of one instance. Nothing here allocates, locks or logs.
#[derive(Debug)]
pub(crate) struct Caller {
    link: Arc<Link>,
    shared: Arc<Shared>,
    asker: Asker,
    generation: u32,
    /// By way: an encoder that answers a tick late does not excuse a decoder that never does.
    missed: Ways,
    /// The same as of the fence before it.
    meter: Arc<Meter>,
}

/// Misses inwards and outwards.
#[derive(Debug, Default)]
struct Ways([Misses; 2]);

impl Ways {
    fn of(&mut self, way: Way) -> &mut Misses {
        let [inward, outward] = &mut self.0;
        match way {
            Way::In => inward,
            Way::Out => outward,
        }
    }
}

/// Misses of one way, in a row.
#[derive(Debug, Clone, Copy, Default)]
struct Misses {
    in_row: u32,
    /// The request that was the first of them, and the latest.
    first: u32,
    latest: u32,
}

impl Misses {
    fn has(&self, number: u32) -> bool {
        self.in_row > 0 && self.latest == number
    }

    /// Whether request `number` is waited for, where `answered` were answered so far.
    fn may_wait(&self, number: u32, answered: u32) -> bool {
        // Whoever has answered all that was asked before is quick again: a stall is over.
        let is_quick = answered.wrapping_sub(number) <= u32::MAX / 2;
        let is_slow = self.in_row >= MISSES && !is_quick;
        // What was waited for once takes no time from what comes after it.
        !self.has(number) && (!is_slow || self.in_row.is_multiple_of(SECOND_CHANCE))
    }

    /// One more; a request that is asked for again was missed before.
    fn add(&mut self, number: u32) {
        if self.has(number) {
            return;
        }
        if self.in_row == 0 {
            self.first = number;
        }
        self.in_row = self.in_row.saturating_add(1);
        self.latest = number;
    }
}

impl Caller {
    pub(super) fn new(link: Arc<Link>, shared: Arc<Shared>, meter: Arc<Meter>) -> Self {
        Self {
            link,
            shared,
            asker: Asker::default(),
            generation: 0,
            missed: Ways::default(),
            meter,
        }
    }

    /// Whether the process that opened it serves it no more.
    pub(crate) fn is_bereft(&self) -> bool {
        let first = self.link.first.load(Ordering::Acquire);
        first != 0 && self.link.live.load(Ordering::Acquire) != first
    }

    /// Whether it is being opened: until then it gives nothing, and that is nobody's fault.
    pub(crate) fn is_opening(&self) -> bool {
        self.link.first.load(Ordering::Acquire) == 0 && self.refusal().is_none()
    }

    /// Why it was not opened, if so.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        self.link.refusal.get()
    }

    /// Hands a request over; its number. Fails at once while no process serves the instance.
    pub(crate) fn ask(
        &mut self,
        what: u32,
        args: [u32; 4],
        fill: impl FnOnce(Slot<'_>),
    ) -> Result<Ticket, Status> {
        let live = self.link.live.load(Ordering::Acquire);
        if live == 0 {
            return Err(match self.refusal() {
                None => Status::UNAVAILABLE,
                Some(_) => Status::LOST,
            });
        }
        if live != self.generation {
            // Another process: what the one before was asked is lost.
            self.generation = live;
            self.asker.seen = self.asker.sent;
            self.missed = Ways::default();
        }
        let number = self.asker.ask(&self.link.ring, what, args, fill);
        self.link.sent.store(self.asker.sent, Ordering::Release);
        number
            .map(|number| Ticket(number, live, super::media::way(what)))
            .ok_or(Status::UNAVAILABLE)
    }

    /// The reply as `read` makes it of status, arguments and data, waited for as long as this tick allows.
    pub(crate) fn collect<T>(
        &mut self,
        ticket: Ticket,
        read: impl FnOnce(Status, [u32; 4], Slot<'_>) -> Result<T, Status>,
    ) -> Result<T, Status> {
        let answered = self.link.ring.answered();
        let wait = self.missed.of(ticket.2).may_wait(ticket.0, answered);
        patience::spend(wait, |wait| self.within(ticket, wait, read))
    }

    /// The same without waiting.
    pub(crate) fn take<T>(
        &mut self,
        ticket: Ticket,
        read: impl FnOnce(Status, [u32; 4], Slot<'_>) -> Result<T, Status>,
    ) -> Result<T, Status> {
        self.within(ticket, Duration::ZERO, read)
    }

    fn within<T>(
        &mut self,
        Ticket(number, generation, way): Ticket,
        wait: Duration,
        read: impl FnOnce(Status, [u32; 4], Slot<'_>) -> Result<T, Status>,
    ) -> Result<T, Status> {
        if generation != self.link.live.load(Ordering::Acquire) {
            return Err(Status::LOST);
        }
        let result = match self.asker.reply(&self.link.ring, number, wait) {
            Ok(slot) => {
                self.meter.took(self.asker.took(number, Some(slot)));
                // What was missed already is not in time when it comes after all.
                if !self.missed.of(way).has(number) {
                    *self.missed.of(way) = Misses::default();
                    self.meter.in_time(way);
                }
                let status = Status(slot.what() as i32);
                if status.0 < 0 {
                    Err(status)
                } else {
                    read(status, slot.args(), slot)
                }
            }
            Err(Missed::Late) => {
                self.miss(number, way);
                return Err(Status::UNAVAILABLE);
            }
            Err(Missed::Garbage) => Err(Status::GARBAGE),
        };
        if generation != self.link.live.load(Ordering::Acquire) {
            // It ended meanwhile, and the ring was made ready for the next one, which did nothing wrong.
            return Err(Status::LOST);
        }
        match result {
            Err(Status::GARBAGE) => self.shared.report(generation, Mishap::Garbage),
            Err(Status::PANIC) => {
                self.shared.report(generation, Mishap::Panicked);
                return Err(Status::LOST);
            }
            Ok(_) | Err(_) => {}
        }
        result
    }
}

impl Caller {
    /// An answer is not there when it should be. Who answers, but too late three times in a row, is as good as
    /// bypassed, and said to be; who answers no more is the watch's to judge.
    fn miss(&mut self, number: u32, way: Way) {
        self.meter.took(self.asker.took(number, None));
        if self.missed.of(way).has(number) {
            return;
        }
        self.missed.of(way).add(number);
        self.meter.missed(way);
        let Misses { in_row, first, .. } = *self.missed.of(way);
        let answered = self.link.ring.answered().wrapping_sub(first);
        let goes_on = (1..=number.wrapping_sub(first)).contains(&answered);
        if in_row >= MISSES && goes_on && self.meter.trouble().is_none() {
            self.meter.shut(Some(Trouble::Bypassed));
        }
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.link.abandoned.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        // Where there is no room the process hangs, and closes it by ending.
        let _ = self.ask(super::media::CLOSE, [0; 4], |_| {});
        self.link.down();
    }
}

/// A request that waits for its reply: its number, the process it was made to, and which way its sound goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket(u32, u32, Way);

impl Ticket {
    /// Of the request after this one.
    pub(super) fn next(self) -> Option<Self> {
        Some(Self(self.0.wrapping_add(1), self.1, self.2))
    }

    /// Whether no request was made after it.
    pub(super) fn is_last(self, caller: &Caller) -> bool {
        self.0.wrapping_add(1) == caller.asker.sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_missed_is_not_waited_for_again() {
        let mut misses = Misses::default();
        assert!(misses.may_wait(7, 7));
        misses.add(7);
        assert!(!misses.may_wait(7, 7));
        assert!(misses.may_wait(8, 7), "the next one is");
    }

    #[test]
    fn a_stall_ends_with_the_first_that_has_caught_up() {
        let mut misses = Misses::default();
        // Across the end of the numbers.
        let numbers = (u32::MAX - 3..=u32::MAX).chain(0..40);
        let waited: Vec<bool> = numbers
            .map(|number| {
                let may = misses.may_wait(number, u32::MAX - 3);
                misses.add(number);
                may
            })
            .collect();
        assert_eq!(waited[..4], [true, true, true, false]);
        assert_eq!(
            waited[4..].iter().filter(|may| **may).count(),
            1,
            "and one in 25"
        );
        assert!(misses.may_wait(40, 40), "all before it were answered");
        assert!(!misses.may_wait(40, 39));
    }
}
