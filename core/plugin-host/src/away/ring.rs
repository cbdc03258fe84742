//! Requests and replies of one instance in shared memory: two rings of fixed slots, one writer each.
//!
//! Request `n` is answered by reply `n` in the slot of the same number; replies come in order. The asking
//! side keeps its own counts and believes nothing that it reads without checking it.
//!
//! `tests/isolation/tests/rings.rs` compiles this file over memory and threads of a model, where every order of
//! reads, writes and wake-ups is tried.

use super::os::linux::{AtomicU32, Region, monotonic_ns, sleep_while, wake};
use super::sizes::{ROOM, SLOTS};
use core::sync::atomic::Ordering;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// Words before the data of a slot.
const HEAD: usize = 8;
const SLOT: usize = HEAD + ROOM / 4;
/// Each counter on a cache line of its own.
const ASKED: usize = 0;
const ANSWERER_SLEEPS: usize = 16;
const ANSWERED: usize = 32;
const ASKER_SLEEPS: usize = 48;
const FIRST_SLOT: usize = 64;
const WORDS: usize = FIRST_SLOT + 2 * SLOTS as usize * SLOT;

/// The memory of one instance.
#[derive(Debug)]
pub(crate) struct Ring(Region);

impl Ring {
    pub(crate) fn make() -> io::Result<(Self, OwnedFd)> {
        let (region, fd) = Region::make(WORDS)?;
        // The first look at the clock asks the system where it is: here, and not on a media thread.
        let _ = monotonic_ns();
        Ok((Self(region), fd))
    }

    pub(crate) fn of(fd: &impl AsFd) -> io::Result<Self> {
        let region = Region::of(fd)?;
        if region.words().len() < WORDS {
            return Err(io::Error::other("shared memory is too short"));
        }
        Ok(Self(region))
    }

    fn word(&self, at: usize) -> &AtomicU32 {
        &self.0.words()[at]
    }

    fn slot(&self, number: u32, is_reply: bool) -> Slot<'_> {
        let place = (number % SLOTS) as usize + usize::from(is_reply) * SLOTS as usize;
        let at = FIRST_SLOT + place * SLOT;
        Slot(&self.0.words()[at..at + SLOT])
    }

    /// How many were answered, as the other side says.
    pub(crate) fn answered(&self) -> u32 {
        self.word(ANSWERED).load(Ordering::Acquire)
    }

    /// Makes the rings ready for another answerer, which begins behind what was asked so far.
    pub(crate) fn renew(&self, asked: u32) {
        for (at, value) in [(ASKED, asked), (ANSWERED, asked)] {
            self.word(at).store(value, Ordering::SeqCst);
        }
        for at in [ANSWERER_SLEEPS, ASKER_SLEEPS] {
            self.word(at).store(0, Ordering::SeqCst);
        }
    }

    /// Says that `count` is reached at `at`, and wakes who sleeps for it.
    fn publish(&self, at: usize, count: u32, sleeps: usize) {
        self.word(at).store(count, Ordering::SeqCst);
        if self.word(sleeps).swap(0, Ordering::SeqCst) != 0 {
            wake(self.word(at));
        }
    }

    /// Sleeps while the count at `at` is `count`, `wait` at most.
    fn sleep(&self, at: usize, count: u32, sleeps: usize, wait: Duration) {
        self.word(sleeps).store(1, Ordering::SeqCst);
        if self.word(at).load(Ordering::SeqCst) == count {
            sleep_while(self.word(at), count, wait);
        }
        self.word(sleeps).store(0, Ordering::SeqCst);
    }
}

/// One request or reply.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot<'a>(&'a [AtomicU32]);

impl Slot<'_> {
    fn head(&self, at: usize) -> u32 {
        self.0[at].load(Ordering::Relaxed)
    }

    fn set(&self, at: usize, value: u32) {
        self.0[at].store(value, Ordering::Relaxed);
    }

    /// What to do, or how it ended.
    pub(crate) fn what(&self) -> u32 {
        self.head(1)
    }

    /// The arguments.
    pub(crate) fn args(&self) -> [u32; 4] {
        [2, 3, 4, 5].map(|at| self.head(at))
    }

    /// When it was answered, as the other side says. Unit: ns of the system's monotonic clock.
    fn answered_ns(&self) -> u64 {
        u64::from(self.head(6)) | u64::from(self.head(7)) << 32
    }

    fn put_answered_ns(&self, ns: u64) {
        self.set(6, ns as u32);
        self.set(7, (ns >> 32) as u32);
    }

    fn put(&self, number: u32, what: u32, args: [u32; 4]) {
        self.set(0, number);
        self.set(1, what);
        for (at, arg) in args.into_iter().enumerate() {
            self.set(2 + at, arg);
        }
    }

    /// Writes samples behind the first `skip`, an even number of them; what has no room is left out.
    pub(crate) fn put_samples(&self, skip: usize, pcm: &[i16]) {
        let words = self.0.get(HEAD + skip / 2..).unwrap_or_default();
        for (word, two) in words.iter().zip(pcm.chunks(2)) {
            let high = two.get(1).map_or(0, |&s| u32::from(s as u16) << 16);
            word.store(u32::from(two[0] as u16) | high, Ordering::Relaxed);
        }
    }

    /// Reads samples behind the first `skip`, an even number.
    pub(crate) fn samples(&self, skip: usize, pcm: &mut [i16]) {
        let words = self.0.get(HEAD + skip / 2..).unwrap_or_default();
        for (word, two) in words.iter().zip(pcm.chunks_mut(2)) {
            let value = word.load(Ordering::Relaxed);
            two[0] = value as u16 as i16;
            if let Some(second) = two.get_mut(1) {
                *second = (value >> 16) as u16 as i16;
            }
        }
    }

    /// Writes bytes; what has no room is left out.
    pub(crate) fn put_bytes(&self, bytes: &[u8]) {
        for (word, four) in self.0[HEAD..].iter().zip(bytes.chunks(4)) {
            let mut whole = [0; 4];
            whole[..four.len()].copy_from_slice(four);
            word.store(u32::from_le_bytes(whole), Ordering::Relaxed);
        }
    }

    /// Reads bytes.
    pub(crate) fn bytes(&self, bytes: &mut [u8]) {
        for (word, four) in self.0[HEAD..].iter().zip(bytes.chunks_mut(4)) {
            let whole = word.load(Ordering::Relaxed).to_le_bytes();
            four.copy_from_slice(&whole[..four.len()]);
        }
    }
}

/// Why there is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missed {
    /// It may come yet.
    Late,
    /// It cannot be one: a count out of range, or a number that is not its own.
    Garbage,
}

/// The asking side's counts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asker {
    /// Requests made.
    pub(crate) sent: u32,
    /// Replies that were taken or given up.
    pub(crate) seen: u32,
    /// When the requests of the slots were made. Unit: ns of the system's monotonic clock.
    asked_ns: [u64; SLOTS as usize],
}

impl Asker {
    /// Makes a request; its number, or `None` when too many wait.
    pub(crate) fn ask(
        &mut self,
        ring: &Ring,
        what: u32,
        args: [u32; 4],
        fill: impl FnOnce(Slot<'_>),
    ) -> Option<u32> {
        if self.sent.wrapping_sub(self.seen) >= SLOTS {
            self.forget_answered(ring);
            if self.sent.wrapping_sub(self.seen) >= SLOTS {
                return None;
            }
        }
        let number = self.sent;
        let slot = ring.slot(number, false);
        slot.put(number, what, args);
        fill(slot);
        self.asked_ns[(number % SLOTS) as usize] = monotonic_ns();
        self.sent = number.wrapping_add(1);
        ring.publish(ASKED, self.sent, ANSWERER_SLEEPS);
        Some(number)
    }

    /// How long request `number` took until its answer was there, or takes by now where it has none. What
    /// the other side says of it is believed only between the asking and now. Unit: ns.
    pub(crate) fn took(&self, number: u32, reply: Option<Slot<'_>>) -> u64 {
        let (asked, now) = (self.asked_ns[(number % SLOTS) as usize], monotonic_ns());
        let answered = reply.map_or(now, |reply| reply.answered_ns());
        answered.min(now).saturating_sub(asked)
    }

    /// Gives up replies that came and that nobody asks for.
    fn forget_answered(&mut self, ring: &Ring) {
        let answered = ring.answered().wrapping_sub(self.seen);
        if answered <= self.sent.wrapping_sub(self.seen) {
            self.seen = self.seen.wrapping_add(answered);
        }
    }

    /// The reply to request `number`, if it comes within `wait`. Earlier ones that were late are there as long as
    /// their slots are not used again.
    pub(crate) fn reply<'r>(
        &mut self,
        ring: &'r Ring,
        number: u32,
        wait: Duration,
    ) -> Result<Slot<'r>, Missed> {
        // Replies come in order: where a later one was taken, this one has come.
        if number.wrapping_sub(self.seen) > u32::MAX / 2 {
            return match self.sent.wrapping_sub(number) {
                1..=SLOTS => Self::own(ring, number),
                _ => Err(Missed::Late),
            };
        }
        let open = self.sent.wrapping_sub(self.seen);
        let mut deadline = None;
        loop {
            let said = ring.answered();
            let answered = said.wrapping_sub(self.seen);
            if answered > open {
                return Err(Missed::Garbage);
            }
            if answered > number.wrapping_sub(self.seen) {
                break;
            }
            if wait.is_zero() {
                return Err(Missed::Late);
            }
            let now = Instant::now();
            let end = *deadline.get_or_insert(now + wait);
            if now >= end {
                return Err(Missed::Late);
            }
            ring.sleep(ANSWERED, said, ASKER_SLEEPS, end - now);
        }
        self.seen = number.wrapping_add(1);
        Self::own(ring, number)
    }

    fn own(ring: &Ring, number: u32) -> Result<Slot<'_>, Missed> {
        let slot = ring.slot(number, true);
        if slot.head(0) == number {
            Ok(slot)
        } else {
            Err(Missed::Garbage)
        }
    }
}

/// The answering side.
#[derive(Debug)]
pub(crate) struct Answerer {
    ring: Ring,
    next: u32,
}

impl Answerer {
    /// Begins behind what was answered.
    pub(crate) fn new(ring: Ring) -> Self {
        let next = ring.answered();
        Self { ring, next }
    }

    /// Waits for the next request and answers it: `work` reads the first slot and writes data into the
    /// second; it gives a status and arguments. `None` ends it.
    pub(crate) fn answer(
        &mut self,
        work: impl FnOnce(Slot<'_>, Slot<'_>) -> Option<(i32, [u32; 4])>,
    ) -> bool {
        while self.ring.word(ASKED).load(Ordering::Acquire) == self.next {
            let long = Duration::from_secs(3600);
            self.ring.sleep(ASKED, self.next, ANSWERER_SLEEPS, long);
        }
        let number = self.next;
        let reply = self.ring.slot(number, true);
        let Some((status, args)) = work(self.ring.slot(number, false), reply) else {
            return false;
        };
        reply.put_answered_ns(monotonic_ns());
        reply.put(number, status as u32, args);
        self.next = number.wrapping_add(1);
        self.ring.publish(ANSWERED, self.next, ASKER_SLEEPS);
        true
    }
}
