//! The rings of `core/plugin-host` over memory and threads of loom: every order of reads, writes, sleeps and
//! wake-ups that the memory model of Rust allows, also those this machine never shows.
//!
//! It is the same file, compiled over another `os::linux` and other sizes. The sleep here never ends by itself: a
//! wake-up that could be lost is a deadlock, which loom finds.
#![allow(clippy::unwrap_used)]

use loom::thread;
use ring::{Answerer, Asker, Missed, Ring};
use std::time::Duration;

// What the model does not use is used by the engine.
#[allow(dead_code, unreachable_pub)]
#[path = "../../../core/plugin-host/src/away/ring.rs"]
mod ring;

/// Small enough that all orders can be tried.
mod sizes {
    pub(crate) const SLOTS: u32 = 2;
    pub(crate) const ROOM: usize = 4;
}

mod os {
    pub(crate) mod linux {
        use core::sync::atomic::Ordering;
        use loom::sync::atomic::{self, fence};
        use loom::sync::{Arc, Condvar, Mutex};
        use std::cell::RefCell;
        use std::io;
        use std::os::fd::{AsFd, OwnedFd};
        use std::time::Duration;

        /// The kernel's queue of those who sleep by a word.
        #[derive(Debug)]
        struct Queue(Mutex<()>, Condvar);

        #[derive(Debug)]
        pub(crate) struct AtomicU32 {
            word: atomic::AtomicU32,
            queue: Arc<Queue>,
        }

        /// Loom takes `SeqCst` for `AcqRel`, but has the fences.
        fn between_fences<T>(order: Ordering, body: impl FnOnce() -> T) -> T {
            let fence = || {
                if order == Ordering::SeqCst {
                    fence(Ordering::SeqCst);
                }
            };
            fence();
            let result = body();
            fence();
            result
        }

        impl AtomicU32 {
            pub(crate) fn load(&self, order: Ordering) -> u32 {
                between_fences(order, || self.word.load(order))
            }

            pub(crate) fn store(&self, value: u32, order: Ordering) {
                between_fences(order, || self.word.store(value, order));
            }

            pub(crate) fn swap(&self, value: u32, order: Ordering) -> u32 {
                between_fences(order, || self.word.swap(value, order))
            }
        }

        #[derive(Debug, Clone)]
        pub(crate) struct Region(Arc<Vec<AtomicU32>>);

        thread_local! {
            /// What was made and not yet taken by the other side.
            static MADE: RefCell<Option<Region>> = const { RefCell::new(None) };
        }

        impl Region {
            pub(crate) fn make(words: usize) -> io::Result<(Self, OwnedFd)> {
                // One queue for what is asked, one for what is answered.
                let queue = || Arc::new(Queue(Mutex::new(()), Condvar::new()));
                let queues = [queue(), queue()];
                let word = |at| AtomicU32 {
                    word: atomic::AtomicU32::new(0),
                    queue: Arc::clone(&queues[at / 32 % 2]),
                };
                let region = Self(Arc::new((0..words).map(word).collect()));
                MADE.set(Some(region.clone()));
                Ok((region, std::fs::File::open("/dev/null")?.into()))
            }

            pub(crate) fn of(_: &impl AsFd) -> io::Result<Self> {
                let made = MADE.take();
                made.ok_or_else(|| io::Error::other("nothing was made"))
            }

            pub(crate) fn words(&self) -> &[AtomicU32] {
                &self.0
            }
        }

        /// As futex(2): looking at the word and lying down are one.
        pub(crate) fn sleep_while(word: &AtomicU32, value: u32, _: Duration) {
            let Queue(lock, woken) = &*word.queue;
            let held = lock.lock().unwrap();
            if word.load(Ordering::SeqCst) == value {
                drop(woken.wait(held).unwrap());
            }
        }

        pub(crate) fn wake(word: &AtomicU32) {
            let Queue(lock, woken) = &*word.queue;
            let _held = lock.lock().unwrap();
            woken.notify_one();
        }

        pub(crate) fn monotonic_ns() -> u64 {
            0
        }
    }
}

/// Longer than any test.
const LONG: Duration = Duration::from_secs(3600);

/// Runs `asks` beside an answerer that answers `requests`, in every order.
fn in_every_order(requests: u32, asks: fn(&Ring, &mut Asker)) {
    let mut model = loom::model::Builder::new();
    // Twice is enough for all faults but contrived ones; without a bound it takes hours.
    model.preemption_bound = Some(2);
    model.check(move || {
        let (ring, memory) = Ring::make().unwrap();
        let mut answerer = Answerer::new(Ring::of(&memory).unwrap());
        let answers = thread::spawn(move || {
            for _ in 0..requests {
                answerer.answer(|asked, reply| {
                    let [first, ..] = asked.args();
                    let mut pcm = [0; 2];
                    asked.samples(0, &mut pcm);
                    reply.put_samples(0, &pcm.map(|sample| sample + 1));
                    Some((0, [first + 1, 0, 0, 0]))
                });
            }
        });
        asks(&ring, &mut Asker::default());
        answers.join().unwrap();
    });
}

fn ask(ring: &Ring, asker: &mut Asker, n: u32) -> Option<u32> {
    let args = [10 * n, 0, 0, 0];
    asker.ask(ring, 1, args, |slot| slot.put_samples(0, &[n as i16; 2]))
}

/// Takes the reply to the `n`-th request, whose number is the same.
fn take(ring: &Ring, asker: &mut Asker, n: u32, wait: Duration) -> Result<(), Missed> {
    let slot = asker.reply(ring, n, wait)?;
    let mut pcm = [0; 2];
    slot.samples(0, &mut pcm);
    assert_eq!((slot.args()[0], pcm), (10 * n + 1, [n as i16 + 1; 2]));
    Ok(())
}

#[test]
fn one_after_the_other_each_reply_is_that_of_its_request_and_nobody_sleeps_for_ever() {
    in_every_order(3, |ring, asker| {
        for n in 0..3 {
            assert_eq!(ask(ring, asker, n), Some(n));
            assert_eq!(take(ring, asker, n, LONG), Ok(()));
        }
    });
}

#[test]
fn two_at_once_each_reply_is_that_of_its_request() {
    in_every_order(2, |ring, asker| {
        assert_eq!(ask(ring, asker, 0), Some(0));
        assert_eq!(ask(ring, asker, 1), Some(1));
        assert_eq!(take(ring, asker, 0, LONG), Ok(()));
        assert_eq!(take(ring, asker, 1, LONG), Ok(()));
    });
}

#[test]
fn a_reply_that_was_late_is_never_taken_for_the_next() {
    in_every_order(2, |ring, asker| {
        assert_eq!(ask(ring, asker, 0), Some(0));
        match take(ring, asker, 0, Duration::ZERO) {
            Ok(()) | Err(Missed::Late) => {}
            Err(Missed::Garbage) => panic!("nothing was written that cannot be"),
        }
        assert_eq!(ask(ring, asker, 1), Some(1));
        assert_eq!(take(ring, asker, 1, LONG), Ok(()));
    });
}

#[test]
fn a_reply_that_was_late_is_there_behind_a_later_one_until_its_slot_is_used_again() {
    in_every_order(3, |ring, asker| {
        assert_eq!(ask(ring, asker, 0), Some(0));
        assert_eq!(ask(ring, asker, 1), Some(1));
        assert_eq!(take(ring, asker, 1, LONG), Ok(()));
        assert_eq!(take(ring, asker, 0, Duration::ZERO), Ok(()));
        assert_eq!(ask(ring, asker, 2), Some(2));
        assert_eq!(take(ring, asker, 0, Duration::ZERO), Err(Missed::Late));
        assert_eq!(take(ring, asker, 2, LONG), Ok(()));
    });
}
