//! The thread: rings, deadlines, lateness.
//!
//! It wakes at fixed moments 10 ms apart, each reckoned from the first and never from now, so that
//! nothing drifts; in between it wakes a few times only to read what has arrived, because where the
//! system does not say when a packet came, its arrival is as exact as that. Without legs and tones it sleeps until it is given an order.
//!
//! It asks the system to go before other threads, and gives that back when it works so much that the rest
//! of the machine would starve: by itself where it still gets to it, and by [`MediaThread::guard`] on
//! control where it does not.

use crate::engine::{Capacity, MediaEngine};
use crate::error::Error;
use crate::kit::Kit;
use crate::order::{Given, LegId, Order};
use crate::os::{Here, Urgent};
use crate::priority::{Granted, Guard, Priority};
use crate::report::{Report, Told};
use crate::sockets::MediaNet;
use base::{Duration, Instant};
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;

/// Length of a tick.
const TICK: Duration = Duration::from_millis(10);
/// So late a tick is counted as late.
const LATE: Duration = Duration::from_millis(5);
/// Ticks done in full although they are late, one right after the other. What is more is left out
/// and counted: its sound was to be heard when it is over now. What a device recorded meanwhile is
/// sent all the same, see [`MediaEngine::skip`].
const CATCH_UP: u32 = 3;
/// Reports in the ring at most. A ring is used all round, so a long one stays resident for nothing;
/// what finds no room waits in the engine, whose queue is as long as the capacity says.
const TOLD: usize = 1_024;
/// Without legs and tones the thread looks for a stop so often.
const NAP: Duration = Duration::from_secs(1);
/// A real-time thread that has not come round for so long hangs.
const HANGS: Duration = Duration::from_secs(3);

/// How a thread runs.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Room for legs, buses and reports.
    pub capacity: Capacity,
    /// Orders that may wait.
    pub orders: usize,
    /// How often a tick reads what has arrived. Range: 1 to 10. More makes arrival times finer and
    /// the delay shorter, at about 4 µs each.
    pub sweeps: u32,
    /// How urgent the thread is to be.
    pub priority: Priority,
    /// Where time comes from: the engine's own clock, which runs as the system's monotonic one.
    pub clock: fn() -> Instant,
    /// NTP time of [`Instant::ZERO`]. Unit: 2^-32 s.
    pub ntp_at_zero: u64,
}

/// Control's end of a media thread. Dropping it stops the thread and waits for it.
#[derive(Debug)]
pub struct MediaThread<S: Send + 'static> {
    orders: Producer<Given<S>>,
    told: Consumer<Told<S>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    capacity: usize,
    /// How often the thread had come round when that was last more than before, and when that was.
    seen: (u64, Instant),
}

/// What both ends look at. None of it waits for the other.
#[derive(Debug)]
struct Shared {
    stop: AtomicBool,
    /// See [`Granted::number`].
    granted: AtomicU8,
    /// As the system knows the thread.
    number: AtomicU32,
    /// Times that the thread came round.
    rounds: AtomicU64,
}

impl Shared {
    fn granted(&self) -> Granted {
        Granted::of_number(self.granted.load(Ordering::Relaxed))
    }
}

/// Tells how urgent a media thread is.
#[derive(Debug, Clone)]
pub struct Looker(Arc<Shared>);

impl Looker {
    /// As of now.
    pub fn granted(&self) -> Granted {
        self.0.granted()
    }
}

/// A ring that was full once and is empty: the system gives a page when it is first written to, and a media
/// thread does not wait for one in a call.
fn resident<T>(room: usize, value: impl Fn() -> T) -> (Producer<T>, Consumer<T>) {
    let (mut into, mut out) = RingBuffer::new(room);
    while into.push(value()).is_ok() {}
    while out.pop().is_ok() {}
    (into, out)
}

impl<S: Send + 'static> MediaThread<S> {
    /// Starts a thread named `name` with the sockets `net`.
    pub fn start<N>(name: &str, settings: Settings, net: N) -> Result<Self, Error>
    where
        N: MediaNet<Socket = S> + Send + 'static,
    {
        let blank = || Given::from(Order::RemoveLeg { leg: LegId(0) });
        let (orders, orders_in) = resident(settings.orders.max(1), blank);
        let room = settings.capacity.reports.clamp(16, TOLD);
        let (told_out, told) = resident(room, || Told::Retired(Kit::Nothing));
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            granted: AtomicU8::new(Granted::Normal.number()),
            number: AtomicU32::new(0),
            rounds: AtomicU64::new(0),
        });
        let mut work = Work {
            engine: MediaEngine::new(settings.capacity, settings.ntp_at_zero),
            net,
            orders: orders_in,
            told: told_out,
            shared: Arc::clone(&shared),
            settings,
            guard: Guard::new(Instant::ZERO),
            tally: ThreadTally::default(),
        };
        let (ready, granted) = std::sync::mpsc::sync_channel(1);
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || work.run(&ready))
            .map_err(Error::Thread)?;
        // So that whoever asks is told what was granted. A thread that ends at once says nothing.
        let _ = granted.recv();
        Ok(Self {
            orders,
            told,
            shared,
            thread: Some(thread),
            capacity: settings.orders.max(1),
            seen: (0, Instant::ZERO),
        })
    }

    /// Gives an order; it is carried out at the next tick. Never waits.
    ///
    /// A full ring gives it back, boxed with the error.
    pub fn order(&mut self, given: Given<S>) -> Result<(), Box<(Given<S>, Error)>> {
        match self.orders.push(given) {
            Ok(()) => {
                if let Some(thread) = &self.thread {
                    thread.thread().unpark();
                }
                Ok(())
            }
            Err(rtrb::PushError::Full(given)) => Err(Box::new((given, Error::Full(self.capacity)))),
        }
    }

    /// The next report, or what is over. Never waits.
    pub fn poll_told(&mut self) -> Option<Told<S>> {
        self.told.pop().ok()
    }

    /// How urgent the thread is.
    pub fn granted(&self) -> Granted {
        self.shared.granted()
    }

    /// Tells how urgent the thread is, also after this end was given away.
    pub fn looker(&self) -> Looker {
        Looker(Arc::clone(&self.shared))
    }

    /// Looks whether a real-time thread hangs, and makes it as every other if so: then the rest of the
    /// machine goes on, and so does the thread if it ever comes back. True when that has happened.
    /// Cheap; to be called now and then, some times a second. Thread: \[control\].
    pub fn guard(&mut self, now: Instant) -> bool {
        let rounds = self.shared.rounds.load(Ordering::Relaxed);
        if rounds != self.seen.0 || self.granted() != Granted::Realtime {
            self.seen = (rounds, now);
            return false;
        }
        if now.since(self.seen.1) < HANGS {
            return false;
        }
        let number = self.shared.number.load(Ordering::Relaxed);
        Here::lower(number);
        let withdrawn = Granted::Withdrawn.number();
        self.shared.granted.store(withdrawn, Ordering::Relaxed);
        true
    }

    /// Whether the thread still runs.
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|t| !t.is_finished())
    }
}

impl<S: Send + 'static> Drop for MediaThread<S> {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A thread that panicked has nothing more to say; the panic was printed.
            let _ = thread.join();
        }
    }
}

#[derive(Debug, Default, Clone, Copy)]
struct ThreadTally {
    ticks: u64,
    late: u64,
    skipped: u64,
    longest: Duration,
    stall: Duration,
}

struct Work<S, N> {
    engine: MediaEngine<S>,
    net: N,
    orders: Consumer<Given<S>>,
    told: Producer<Told<S>>,
    shared: Arc<Shared>,
    settings: Settings,
    guard: Guard,
    tally: ThreadTally,
}

impl<S, N: MediaNet<Socket = S>> Work<S, N> {
    fn run(&mut self, ready: &SyncSender<()>) {
        let system = Here::new(self.settings.clock);
        let number = system.number();
        self.shared.number.store(number, Ordering::Relaxed);
        self.grant(system.ask(self.settings.priority));
        // Nobody waits any more where starting was given up.
        let _ = ready.send(());
        let mut deadline = (self.settings.clock)() + TICK;
        while !self.shared.stop.load(Ordering::Relaxed) {
            self.shared.rounds.fetch_add(1, Ordering::Relaxed);
            if !self.engine.is_busy() && self.orders.is_empty() {
                self.hand_over();
                std::thread::park_timeout(NAP);
                deadline = (self.settings.clock)();
                self.guard = Guard::new(deadline);
                if self.orders.is_empty() {
                    continue;
                }
            }
            self.wait(&system, deadline);
            deadline = self.make_up(deadline);
            if self.one_tick(deadline) && self.shared.granted() == Granted::Realtime {
                system.withdraw();
                self.grant(Granted::Withdrawn);
            }
            deadline += TICK;
        }
    }

    fn grant(&self, granted: Granted) {
        let number = granted.number();
        self.shared.granted.store(number, Ordering::Relaxed);
    }

    /// Sleeps until `deadline`, reading what arrives in between.
    fn wait(&mut self, system: &Here, deadline: Instant) {
        let sweeps = self.settings.sweeps.clamp(1, 10);
        for left in (0..sweeps).rev() {
            let until = deadline - TICK * left / sweeps;
            let now = (self.settings.clock)();
            if now < until {
                system.sleep_until(until);
                if left > 0 {
                    self.engine.sweep((self.settings.clock)(), &mut self.net);
                }
            }
        }
    }

    /// The deadline to go on with: the given one, or a later one if too much time was lost.
    fn make_up(&mut self, deadline: Instant) -> Instant {
        let behind = (self.settings.clock)().since(deadline);
        if behind >= LATE {
            self.tally.late += 1;
            self.tally.stall = self.tally.stall.max(behind);
            self.engine.late(behind);
        }
        let skipped = beyond_catching_up(behind);
        if skipped > 0 {
            self.tally.skipped += u64::from(skipped);
            self.engine.skip(skipped);
        } else if behind < LATE {
            self.engine.make_up(deadline, &mut self.net);
        }
        deadline + TICK * skipped
    }

    /// True when the thread works so much that no other would get to work beside it.
    fn one_tick(&mut self, now: Instant) -> bool {
        let began = (self.settings.clock)();
        while self.engine.takes_orders() {
            let Ok(given) = self.orders.pop() else {
                break;
            };
            self.engine.order(given, now, &mut self.net);
        }
        // Arrivals are counted from the clock, not from when the tick was due: it may be late.
        self.engine.sweep((self.settings.clock)(), &mut self.net);
        self.engine.turn(now, &mut self.net);
        self.tally.ticks += 1;
        let ended = (self.settings.clock)();
        let took = ended.since(began);
        self.tally.longest = self.tally.longest.max(took);
        if self.tally.ticks.is_multiple_of(100) {
            self.tell_of_thread(now);
        }
        self.hand_over();
        self.guard.worked(took, ended)
    }

    fn tell_of_thread(&mut self, at: Instant) {
        let report = Report::Thread {
            at,
            legs: self.engine.legs() as u32,
            ticks: self.tally.ticks,
            late: self.tally.late,
            skipped: self.tally.skipped,
            longest_us: self.tally.longest.as_micros() as u32,
            longest_stall_us: self.tally.stall.as_micros() as u32,
            lost_reports: self.engine.lost_reports(),
        };
        self.tally.longest = Duration::ZERO;
        self.tally.stall = Duration::ZERO;
        self.engine.tell(report);
    }

    /// Moves reports to the ring, as far as there is room; the rest waits in the engine.
    fn hand_over(&mut self) {
        while !self.told.is_full() {
            let Some(told) = self.engine.poll_told() else {
                break;
            };
            // The ring has room: this end is the only one that fills it.
            let _ = self.told.push(told);
        }
    }
}

/// Ticks to leave out by a thread that is `behind`.
fn beyond_catching_up(behind: Duration) -> u32 {
    let ticks = behind.as_nanos() / TICK.as_nanos();
    u32::try_from(ticks)
        .unwrap_or(u32::MAX)
        .saturating_sub(CATCH_UP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_much_is_left_out_as_cannot_be_made_up_at_once() {
        let cases = [
            (0, 0),
            (9, 0),
            (30, 0),
            (39, 0),
            (40, 1),
            (200, 17),
            (60_000, 5_997),
        ];
        for (ms, left_out) in cases {
            let behind = Duration::from_millis(ms);
            assert_eq!(beyond_catching_up(behind), left_out, "{ms} ms");
        }
    }
}
