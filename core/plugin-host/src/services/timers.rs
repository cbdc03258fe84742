//! `offhook.timers/1`: wakes plugins on the control thread. Whoever runs that thread asks for the
//! [`deadline`](Timers::deadline) and calls [`fire`](Timers::fire).

use super::asker;
use base::{Duration, Instant};
use core::ffi::c_void;
use core::fmt;
use plugin_abi::{self as abi, Status};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Timers of one plugin that may wait.
const WAITING: usize = 64;

type Fired = unsafe extern "C" fn(user: *mut c_void, id: u64);
type Wake = Box<dyn Fn() + Send>;

/// What a plugin wants to be handed back.
#[derive(Clone, Copy)]
struct User(*mut c_void);

// SAFETY: it is only handed back to the plugin, on the control thread it came from.
unsafe impl Send for User {}

struct Waiting {
    owner: usize,
    id: u64,
    due: Instant,
    fired: Fired,
    user: User,
}

#[derive(Default)]
struct All {
    waiting: Vec<Waiting>,
    wake: Option<Wake>,
}

/// The timers of all plugins of one host.
#[derive(Clone, Default)]
pub struct Timers(Arc<Mutex<All>>);

impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} timers", self.all().waiting.len())
    }
}

impl Timers {
    /// When the next one is due.
    pub fn deadline(&self) -> Option<Instant> {
        self.all().waiting.iter().map(|timer| timer.due).min()
    }

    /// Calls `wake` whenever a plugin starts a timer, so that whoever sleeps until the deadline looks again.
    pub fn when_started(&self, wake: impl Fn() + Send + 'static) {
        self.all().wake = Some(Box::new(wake));
    }

    /// Calls what is due, the earliest first. What is started meanwhile waits for the next time.
    /// Thread: \[control\].
    pub fn fire(&self, now: Instant) {
        let due = |timer: &Waiting| timer.due <= now;
        let most = self.all().waiting.iter().filter(|t| due(t)).count();
        for _ in 0..most {
            let next = {
                let mut all = self.all();
                let first = all.waiting.iter().enumerate().filter(|(_, t)| due(t));
                let first = first.min_by_key(|(_, t)| t.due).map(|(index, _)| index);
                first.map(|index| all.waiting.remove(index))
            };
            let Some(timer) = next else { return };
            // Not locked now: it may start and cancel others.
            // SAFETY: the plugin gave function and pointer for just this, and it has not stopped, or
            // `forget` had taken the timer away.
            unsafe { (timer.fired)(timer.user.0, timer.id) };
        }
    }

    pub(super) fn forget(&self, owner: usize) {
        self.all().waiting.retain(|timer| timer.owner != owner);
    }

    fn start(&self, timer: Waiting) -> Status {
        let mut all = self.all();
        let same = |other: &Waiting| other.owner == timer.owner && other.id == timer.id;
        all.waiting.retain(|other| !same(other));
        let waiting = all.waiting.iter().filter(|t| t.owner == timer.owner);
        if waiting.count() >= WAITING {
            return Status::UNAVAILABLE;
        }
        all.waiting.push(timer);
        if let Some(wake) = &all.wake {
            wake();
        }
        Status::OK
    }

    fn cancel(&self, owner: usize, id: u64) -> Status {
        let mut all = self.all();
        let before = all.waiting.len();
        all.waiting.retain(|t| t.owner != owner || t.id != id);
        match all.waiting.len() < before {
            true => Status::OK,
            false => Status::NOT_FOUND,
        }
    }

    fn all(&self) -> MutexGuard<'_, All> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) static TABLE: abi::TimerTable = abi::TimerTable {
    size: size_of::<abi::TimerTable>() as u32,
    reserved: 0,
    start: Some(start),
    cancel: Some(cancel),
};

unsafe extern "C" fn start(
    context: *mut c_void,
    id: u64,
    delay_ns: u64,
    fired: Option<Fired>,
    user: *mut c_void,
) -> Status {
    // SAFETY: the plugin hands back what it was given.
    let (Some(context), Some(fired)) = (unsafe { asker(context) }, fired) else {
        return Status::BAD_ARGUMENT;
    };
    let surroundings = &context.surroundings;
    surroundings.timers.start(Waiting {
        owner: context.key(),
        id,
        due: surroundings.clock.now() + Duration::from_nanos(delay_ns),
        fired,
        user: User(user),
    })
}

unsafe extern "C" fn cancel(context: *mut c_void, id: u64) -> Status {
    // SAFETY: as above.
    let Some(context) = (unsafe { asker(context) }) else {
        return Status::BAD_ARGUMENT;
    };
    context.surroundings.timers.cancel(context.key(), id)
}
