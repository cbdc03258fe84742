//! The thread: rings, deadlines, lateness.
//!
//! It wakes at fixed moments 10 ms apart, each reckoned from the first and never from now, so that
//! nothing drifts; in between it wakes a few times only to read what has arrived, because a packet's
//! arrival is as exact as that. Without legs it sleeps until it is given an order.

use crate::engine::{Capacity, MediaEngine};
use crate::error::Error;
use crate::order::Given;
use crate::report::{Report, Told};
use crate::sockets::MediaNet;
use base::{Duration, Instant};
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Length of a tick.
const TICK: Duration = Duration::from_millis(10);
/// So late a tick is counted as late.
const LATE: Duration = Duration::from_millis(5);
/// Ticks made up for at most, one right after the other; more are left out and counted.
const CATCH_UP: u32 = 3;
/// Reports in the ring at most. A ring is used all round, so a long one stays resident for nothing;
/// what finds no room waits in the engine, whose queue is as long as the capacity says.
const TOLD: usize = 1_024;
/// Without legs the thread looks for a stop so often.
const NAP: Duration = Duration::from_secs(1);

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
    /// Where time comes from: the engine's own clock.
    pub clock: fn() -> Instant,
    /// NTP time of [`Instant::ZERO`]. Unit: 2^-32 s.
    pub ntp_at_zero: u64,
}

/// Control's end of a media thread. Dropping it stops the thread and waits for it.
#[derive(Debug)]
pub struct MediaThread<S: Send + 'static> {
    orders: Producer<Given<S>>,
    told: Consumer<Told<S>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    capacity: usize,
}

impl<S: Send + 'static> MediaThread<S> {
    /// Starts a thread named `name` with the sockets `net`.
    pub fn start<N>(name: &str, settings: Settings, net: N) -> Result<Self, Error>
    where
        N: MediaNet<Socket = S> + Send + 'static,
    {
        let (orders, orders_in) = RingBuffer::new(settings.orders.max(1));
        let (told_out, told) = RingBuffer::new(settings.capacity.reports.clamp(16, TOLD));
        let stop = Arc::new(AtomicBool::new(false));
        let mut work = Work {
            engine: MediaEngine::new(settings.capacity, settings.ntp_at_zero),
            net,
            orders: orders_in,
            told: told_out,
            stop: Arc::clone(&stop),
            settings,
            tally: ThreadTally::default(),
        };
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || work.run())
            .map_err(Error::Thread)?;
        Ok(Self {
            orders,
            told,
            stop,
            thread: Some(thread),
            capacity: settings.orders.max(1),
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

    /// Whether the thread still runs.
    pub fn is_running(&self) -> bool {
        self.thread.as_ref().is_some_and(|t| !t.is_finished())
    }
}

impl<S: Send + 'static> Drop for MediaThread<S> {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
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
}

struct Work<S, N> {
    engine: MediaEngine<S>,
    net: N,
    orders: Consumer<Given<S>>,
    told: Producer<Told<S>>,
    stop: Arc<AtomicBool>,
    settings: Settings,
    tally: ThreadTally,
}

impl<S, N: MediaNet<Socket = S>> Work<S, N> {
    fn run(&mut self) {
        let mut deadline = (self.settings.clock)() + TICK;
        while !self.stop.load(Ordering::Relaxed) {
            if self.engine.legs() == 0 && self.orders.is_empty() {
                self.hand_over();
                std::thread::park_timeout(NAP);
                deadline = (self.settings.clock)();
                if self.orders.is_empty() {
                    continue;
                }
            }
            self.wait(deadline);
            deadline = self.make_up(deadline);
            self.one_tick(deadline);
            deadline += TICK;
        }
    }

    /// Sleeps until `deadline`, reading what arrives in between.
    fn wait(&mut self, deadline: Instant) {
        let sweeps = self.settings.sweeps.clamp(1, 10);
        for left in (0..sweeps).rev() {
            let until = deadline - TICK * left / sweeps;
            let now = (self.settings.clock)();
            if now < until {
                std::thread::sleep(until - now);
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
        }
        let ticks = (behind.as_nanos() / TICK.as_nanos()) as u32;
        if ticks <= CATCH_UP {
            return deadline;
        }
        let skipped = ticks - CATCH_UP;
        self.tally.skipped += u64::from(skipped);
        self.engine.skip(skipped);
        deadline + TICK * skipped
    }

    fn one_tick(&mut self, now: Instant) {
        let began = (self.settings.clock)();
        while self.engine.takes_orders() {
            let Ok(given) = self.orders.pop() else {
                break;
            };
            self.engine.order(given, now, &mut self.net);
        }
        self.engine.tick(now, &mut self.net);
        self.tally.ticks += 1;
        let took = (self.settings.clock)().since(began);
        self.tally.longest = self.tally.longest.max(took);
        if self.tally.ticks.is_multiple_of(100) {
            self.tell_of_thread(now);
        }
        self.hand_over();
    }

    fn tell_of_thread(&mut self, at: Instant) {
        let report = Report::Thread {
            at,
            legs: self.engine.legs() as u32,
            ticks: self.tally.ticks,
            late: self.tally.late,
            skipped: self.tally.skipped,
            longest_us: self.tally.longest.as_micros() as u32,
            lost_reports: self.engine.lost_reports(),
        };
        self.tally.longest = Duration::ZERO;
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
