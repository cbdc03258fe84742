//! Plugins in a process of their own: one process a file, many instances in it.
//!
//! Media instances (codec, filter, audio, DTMF listener, tone) speak through rings in shared memory; nothing on
//! the engine's side allocates, locks, or waits longer than this tick still allows. All else speaks over
//! sockets and waits 250 ms at most. Whatever the process does, its calls go on without it.
//!
//! | file | holds |
//! | --- | --- |
//! | `ring`, `sizes` | requests and replies in shared memory |
//! | `line` | messages over a socket |
//! | `words`, `machines` | what is said over it |
//! | `process`, `launch` | start, watch, end, start again |
//! | `link` | the engine's end of a media instance |
//! | `media` | media kinds as the engine calls them |
//! | `talk` | the other kinds as the engine calls them |
//! | `opener` | opens media instances while control goes on |
//! | `back_off` | how long a process that failed stays away |
//! | `patience` | the 2 ms of a tick |
//! | `said` | what it writes on standard error |
//! | `serve` | the process' own main loop |
//! | `serve_media`, `serve_talk` | its instances |
//! | `sandbox` | what the process takes away from itself |
//! | `os/linux` | mapped memory, sleep and wake-up |

mod back_off;
mod launch;
mod line;
mod link;
mod machines;
pub(crate) mod media;
mod opener;
mod os {
    pub(crate) mod linux;
}
mod patience;
pub(crate) mod process;
mod ring;
mod said;
mod sandbox;
mod serve;
mod serve_media;
mod serve_talk;
mod sizes;
mod stuck;
pub(crate) mod talk;
pub(crate) mod words;

pub use patience::begin_tick;
pub use sandbox::unknown_permissions;
pub use serve::{FOR, serve};

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What a plugin's process did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// It ended by itself; the signal, if it was one.
    Crashed(Option<i32>),
    /// It did not answer.
    Hung,
    /// It answered what cannot be.
    Garbage,
    /// It panicked in a call.
    Panicked,
    /// It could not be started again.
    NoStart,
    /// It started more threads than any plugin needs.
    TooMany,
}

impl Mishap {
    fn number(self) -> u32 {
        match self {
            Self::Crashed(_) => 1,
            Self::Hung => 2,
            Self::Garbage => 3,
            Self::Panicked => 4,
            Self::NoStart => 5,
            Self::TooMany => 6,
        }
    }

    fn of(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Crashed(None),
            2 => Self::Hung,
            3 => Self::Garbage,
            4 => Self::Panicked,
            5 => Self::NoStart,
            6 => Self::TooMany,
            _ => return None,
        })
    }
}

/// What is done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Started again after so long, every media instance anew.
    StartedAgain(Duration),
    /// Not started again: three faults in a minute.
    ShutOut,
}

/// A mishap of an isolated plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incident {
    /// The plugin's id.
    pub plugin: String,
    /// What happened.
    pub mishap: Mishap,
    /// What is done.
    pub then: Then,
}

/// Incidents that nobody has fetched yet. Bound: 64; the oldest goes.
#[derive(Debug, Default)]
pub struct Incidents(Mutex<VecDeque<Incident>>);

impl Incidents {
    fn tell(&self, incident: Incident) {
        let Incident {
            plugin,
            mishap,
            then,
        } = &incident;
        tracing::warn!(plugin, ?mishap, ?then, "isolated plugin failed");
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() == 64 {
            waiting.pop_front();
        }
        waiting.push_back(incident);
    }

    /// What happened since this was asked last. Thread: any.
    pub fn take(&self) -> Vec<Incident> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.drain(..).collect()
    }
}

/// The program that serves isolated plugins: beside the running one, or in the folder above it.
pub(crate) fn program() -> Option<PathBuf> {
    let name = format!("offhook-plugin-host{}", std::env::consts::EXE_SUFFIX);
    let running = std::env::current_exe().ok()?;
    running
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(&name))
        .find(|file| file.is_file())
}
