//! One plugin file in a process of its own: started, watched, ended, started again.

mod asks;

use super::launch::launch;
use super::line::Line;
use super::link::{Caller, Link};
use super::opener::Opener;
use super::ring::Ring;
use super::stuck::{LOOK, Stuck, has_too_many_threads};
use super::words::{Answer, Ask, Begun, Media, Talk};
use super::{Incident, Incidents, Mishap, Then};
use crate::budget::Meter;
use crate::library::Held;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use plugin::{Refusal, Status};
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use rustix::thread::Timespec;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Child;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

/// A call of control: no answer so long, and the process is ended. Source: rulings, Limits.
pub(super) const CONTROL: Duration = Duration::from_millis(250);
/// Loading may read a disk.
pub(super) const START: Duration = Duration::from_secs(5);
/// How often they are counted.
const COUNT: Duration = Duration::from_secs(1);
/// How long a process whose line has ended may take to end itself. Unit: time.
const ENDING: Duration = Duration::from_millis(100);
/// So many faults in so long, and it stays away. Source: rulings, Limits.
const QUARANTINE: (usize, Duration) = (3, Duration::from_secs(60));

/// How to run it.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) id: String,
    /// The program `offhook-plugin-host`.
    pub(crate) program: PathBuf,
    /// What it runs, also when it is started again.
    pub(crate) library: Arc<Held>,
    pub(crate) begin: Ask,
    pub(crate) quarantine: bool,
    pub(crate) incidents: Arc<Incidents>,
}

/// The process, whichever runs now. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Process {
    pub(super) shared: Arc<Shared>,
    /// Started when it is needed first.
    opener: OnceLock<Opener>,
}

/// When an instance is to be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Before the call that opens it returns: it waits up to 750 ms.
    Now,
    /// As soon as its process has opened it; that call takes no time.
    Soon,
}

#[derive(Debug)]
pub(crate) struct Shared {
    plan: Plan,
    line: Mutex<State>,
    /// Its number, and whether it will never run again: for who may not wait until a call over the line ends.
    pid: AtomicU32,
    gone: AtomicBool,
    changed: Condvar,
    links: Mutex<Vec<Weak<Link>>>,
    /// Rung when the supervisor has to look at once.
    bell: OwnedFd,
    /// A [`Mishap`] that a caller saw, as its number, and above that which process it saw.
    seen: AtomicU64,
    stop: AtomicBool,
}

#[derive(Debug)]
enum State {
    /// Started, or waiting to be.
    Away,
    Up {
        line: Line,
        generation: u32,
    },
    /// It will not be started again.
    Gone,
}

impl Process {
    /// Starts it, and the thread that watches it. Thread: \[control\].
    pub(crate) fn start(plan: Plan) -> Result<(Self, Begun), Refusal> {
        let failed = |error: io::Error| {
            let why = format!("a process for it cannot be started: {error}");
            Refusal::new(Status::FAILED, why)
        };
        let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK);
        let shared = Arc::new(Shared {
            bell: bell.map_err(|e| failed(e.into()))?,
            line: Mutex::new(State::Away),
            pid: AtomicU32::new(0),
            gone: AtomicBool::new(false),
            changed: Condvar::new(),
            links: Mutex::default(),
            seen: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            plan,
        });
        let (told, first) = sync_channel(1);
        let of_thread = Arc::clone(&shared);
        std::thread::Builder::new()
            .name("plugin-watch".into())
            .stack_size(256 << 10)
            .spawn(move || of_thread.watch_over(&told))
            .map_err(failed)?;
        let begun = first
            .recv_timeout(START + CONTROL)
            .unwrap_or_else(|_| Err(Status::UNAVAILABLE.into()));
        let opener = OnceLock::new();
        Ok((Self { shared, opener }, begun?))
    }

    /// One call, for who may wait for a process that is started again or serves others: 750 ms.
    pub(crate) fn ask(&self, word: &Ask) -> Result<Answer, Refusal> {
        let (answer, _) = self.shared.ask(word, &[], CONTROL)?;
        Ok(answer)
    }

    /// One call of control while calls run: waits for the answer alone, and fails where the process is not there
    /// or answers others.
    pub(crate) fn ask_now(&self, word: &Ask) -> Result<Answer, Refusal> {
        self.shared.ask_now(word)
    }

    /// Opens a media instance, whose calls `meter` counts.
    pub(crate) fn open(
        &self,
        word: Media,
        meter: Arc<Meter>,
        when: When,
    ) -> Result<Caller, Refusal> {
        let (ring, memory) = Ring::make()
            .map_err(|error| Refusal::new(Status::FAILED, format!("no shared memory: {error}")))?;
        let link = Arc::new(Link::new(ring, memory, word));
        match when {
            When::Now => {
                self.shared.open(&link)?;
                self.shared.ring();
            }
            When::Soon => self.opener()?.want(&link, &meter),
        }
        Ok(Caller::new(link, Arc::clone(&self.shared), meter))
    }

    fn opener(&self) -> Result<&Opener, Refusal> {
        if let Some(opener) = self.opener.get() {
            return Ok(opener);
        }
        let started = Opener::start(&self.shared);
        let started = started.map_err(|e| Refusal::new(Status::FAILED, e.to_string()))?;
        Ok(self.opener.get_or_init(|| started))
    }

    /// Opens what is spoken to over lines of its own; these, and which process is at their other end.
    pub(crate) fn call(&self, word: Talk, lines: usize) -> Result<(Vec<Line>, u32), Refusal> {
        let pairs = (0..lines)
            .map(|_| Line::pair())
            .collect::<io::Result<Vec<_>>>();
        let pairs = pairs.map_err(|e| Refusal::new(Status::FAILED, e.to_string()))?;
        let (ours, theirs): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
        let fds: Vec<_> = theirs.iter().map(Line::as_fd).collect();
        let (_, generation) = self.shared.ask(&Ask::Talk(word), &fds, CONTROL)?;
        Ok((ours, generation))
    }

    /// What it was begun with.
    pub(crate) fn begun_with(&self) -> &Ask {
        &self.shared.plan.begin
    }

    /// Whether it failed too often and is not started again.
    pub(crate) fn is_shut_out(&self) -> bool {
        self.shared.is_gone()
    }

    /// The number of the process that runs now. For tests and lists.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.shared.pid()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        self.shared.ring();
    }
}

impl Shared {
    pub(super) fn ring(&self) {
        // A bell that is full has been rung.
        let _ = rustix::io::write(&self.bell, &1u64.to_ne_bytes());
    }

    pub(super) fn id(&self) -> &str {
        &self.plan.id
    }

    /// The number of the process that runs now.
    pub(super) fn pid(&self) -> Option<u32> {
        let pid = self.pid.load(Ordering::Acquire);
        (pid != 0).then_some(pid)
    }

    /// Whether it will not be started again.
    pub(super) fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// Somebody saw what must not be of the process `generation`: one that has ended by itself meanwhile is
    /// not the fault of the one after it. Neither allocates nor locks.
    pub(super) fn report(&self, generation: u32, mishap: Mishap) {
        let seen = u64::from(generation) << 32 | u64::from(mishap.number());
        self.seen.fetch_max(seen, Ordering::AcqRel);
        self.ring();
    }

    /// What was seen of the process `generation`.
    fn seen_of(&self, generation: u32) -> Option<Mishap> {
        let seen = self.seen.swap(0, Ordering::AcqRel);
        let is_its = seen >> 32 == u64::from(generation);
        Mishap::of(seen as u32).filter(|_| is_its)
    }

    fn watch_over(&self, told: &SyncSender<Result<Begun, Refusal>>) {
        let mut told = Some(told);
        let mut faults: Vec<Instant> = Vec::new();
        for generation in 1.. {
            let (mishap, child) = match launch(&self.plan) {
                Ok((mut child, line, begun)) => {
                    self.raise(line, generation, child.id());
                    if let Some(told) = told.take() {
                        // Nobody listens any more: then it is dropped, and that ends the loop.
                        let _ = told.send(Ok(begun));
                    }
                    let mishap = self.watch(&mut child, generation);
                    (mishap, Some(child))
                }
                Err(refusal) => {
                    if let Some(told) = told.take() {
                        let _ = told.send(Err(refusal));
                        return;
                    }
                    (Some(Mishap::NoStart), None)
                }
            };
            self.lower();
            if let Some(mut child) = child {
                // It may be gone already.
                let _ = child.kill();
                let _ = child.wait();
            }
            let Some(mishap) = mishap else {
                return;
            };
            let now = Instant::now();
            faults.retain(|at| now.duration_since(*at) < QUARANTINE.1);
            faults.push(now);
            let wait = super::back_off::after(mishap, faults.len());
            let shut = self.plan.quarantine && faults.len() >= QUARANTINE.0;
            let then = if shut {
                Then::ShutOut
            } else {
                Then::StartedAgain(wait)
            };
            self.plan.incidents.tell(Incident {
                plugin: self.plan.id.clone(),
                mishap,
                then,
            });
            if shut {
                self.gone.store(true, Ordering::Release);
                *lock(&self.line) = State::Gone;
                self.changed.notify_all();
                return;
            }
            if self.pause(wait) {
                return;
            }
        }
    }

    /// Waits before another start; whether it is to stop.
    fn pause(&self, wait: Duration) -> bool {
        let end = Instant::now() + wait;
        loop {
            if self.stop.load(Ordering::Acquire) {
                return true;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let _ = poll(
                &mut [PollFd::new(&self.bell, PollFlags::IN)],
                Some(&spec(left)),
            );
            self.unring();
        }
    }

    fn unring(&self) {
        let _ = rustix::io::read(&self.bell, &mut [0u8; 8]);
    }

    /// Opens again what was open, and lets callers in.
    fn raise(&self, line: Line, generation: u32, pid: u32) {
        let mut state = lock(&self.line);
        for link in self.links() {
            link.renew();
            let word = Ask::Media(link.open.clone());
            match over(&line, &word, &[link.memory.as_fd()], CONTROL) {
                Ok(Answer::Done) => link.up(generation),
                // It stays bypassed; the watch ends a process that does not answer.
                Ok(_) => {}
                Err(error) => {
                    self.report(generation, told(&error).0);
                    break;
                }
            }
        }
        self.pid.store(pid, Ordering::Release);
        *state = State::Up { line, generation };
        self.changed.notify_all();
    }

    fn lower(&self) {
        let mut state = lock(&self.line);
        self.pid.store(0, Ordering::Release);
        *state = State::Away;
        for link in self.links() {
            link.down();
        }
    }

    fn links(&self) -> Vec<Arc<Link>> {
        lock(&self.links).iter().filter_map(Weak::upgrade).collect()
    }

    /// Until something happened to it; `None` when it is no longer wanted.
    fn watch(&self, child: &mut Child, generation: u32) -> Option<Mishap> {
        let pidfd = Pid::from_raw(child.id() as i32)
            .and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        let mut stuck = Stuck::new(child.id());
        let mut counted = Instant::now();
        loop {
            let links = self.links();
            let nap = if links.is_empty() {
                Duration::from_secs(1)
            } else {
                LOOK
            };
            let began = Instant::now();
            let bell = PollFd::new(&self.bell, PollFlags::IN);
            let _ = match &pidfd {
                Some(pidfd) => poll(
                    &mut [bell, PollFd::new(pidfd, PollFlags::IN)],
                    Some(&spec(nap)),
                ),
                None => poll(&mut [bell], Some(&spec(nap.min(LOOK)))),
            };
            self.unring();
            if self.stop.load(Ordering::Acquire) {
                return None;
            }
            if let Ok(Some(status)) = child.try_wait() {
                return Some(Mishap::Crashed(status.signal()));
            }
            if let Some(seen) = self.seen_of(generation) {
                return Some(as_it_ended(child, pidfd.as_ref(), seen));
            }
            if counted.elapsed() >= COUNT {
                counted = Instant::now();
                if has_too_many_threads(child.id()) {
                    return Some(Mishap::TooMany);
                }
            }
            let in_time = began.elapsed() < nap + LOOK / 2;
            if stuck.look(&links, in_time) {
                return Some(Mishap::Hung);
            }
        }
    }
}

/// Whoever heard the line end may be earlier than the end of the process, which says by which signal.
fn as_it_ended(child: &mut Child, pidfd: Option<&OwnedFd>, seen: Mishap) -> Mishap {
    if seen != Mishap::Crashed(None) {
        return seen;
    }
    if let Some(pidfd) = pidfd {
        let _ = poll(
            &mut [PollFd::new(pidfd, PollFlags::IN)],
            Some(&spec(ENDING)),
        );
    }
    match child.try_wait() {
        Ok(Some(status)) => Mishap::Crashed(status.signal()),
        Ok(None) | Err(_) => seen,
    }
}

pub(super) fn over(
    line: &Line,
    word: &Ask,
    fds: &[BorrowedFd<'_>],
    wait: Duration,
) -> io::Result<Answer> {
    line.ask::<Answer>(word, &[], fds, wait)
        .map(|came| came.word)
}

/// What an error on a line says of the process.
pub(super) fn told(error: &io::Error) -> (Mishap, &'static str) {
    let kind = error.kind();
    if kind == io::ErrorKind::TimedOut {
        (Mishap::Hung, "it does not answer")
    } else if kind == io::ErrorKind::InvalidData || kind == io::ErrorKind::Other {
        (Mishap::Garbage, "it answers what cannot be read")
    } else {
        (Mishap::Crashed(None), "it has ended")
    }
}

fn spec(wait: Duration) -> Timespec {
    Timespec {
        tv_sec: wait.as_secs() as i64,
        tv_nsec: i64::from(wait.subsec_nanos()),
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
