//! `offhook.clock/1`: the host's clock, simulated or not.

use super::asker;
use crate::fence::wall_clock;
use base::{Duration, Instant};
use core::ffi::c_void;
use plugin_abi as abi;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// What plugins take for the time.
#[derive(Debug, Clone, Default)]
pub enum HostClock {
    /// The machine's.
    #[default]
    Wall,
    /// What somebody says: a simulation.
    Told {
        /// Since the start. Unit: ns.
        now_ns: Arc<AtomicU64>,
        /// Time of day at the start. Unit: ms since 1970.
        epoch_ms: u64,
    },
}

impl HostClock {
    /// Since the start, never going back.
    pub fn now(&self) -> Instant {
        match self {
            Self::Wall => wall_clock(),
            Self::Told { now_ns, .. } => {
                Instant::ZERO + Duration::from_nanos(now_ns.load(Ordering::Relaxed))
            }
        }
    }

    /// Time of day. Unit: ms since 1970.
    pub fn unix_ms(&self) -> u64 {
        match self {
            Self::Wall => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |day| u64::try_from(day.as_millis()).unwrap_or(u64::MAX)),
            Self::Told { epoch_ms, .. } => epoch_ms.saturating_add(self.now().as_millis()),
        }
    }
}

pub(super) static TABLE: abi::ClockTable = abi::ClockTable {
    size: size_of::<abi::ClockTable>() as u32,
    reserved: 0,
    now_ns: Some(now_ns),
    unix_ms: Some(unix_ms),
};

unsafe extern "C" fn now_ns(context: *mut c_void) -> u64 {
    // SAFETY: the plugin hands back what it was given.
    let context = unsafe { asker(context) };
    context.map_or(0, |context| context.surroundings.clock.now().as_nanos())
}

unsafe extern "C" fn unix_ms(context: *mut c_void) -> u64 {
    // SAFETY: as above.
    let context = unsafe { asker(context) };
    context.map_or(0, |context| context.surroundings.clock.unix_ms())
}
