//! Gives out call handles; shared by whoever starts calls.

use control::CallHandle;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counts calls of one engine. Clones share the count, and it outlives a part that is made anew, so
/// that no handle is ever given twice.
#[derive(Debug, Clone)]
pub struct Handles(Arc<AtomicU64>);

impl Handles {
    /// Starts at `first`; three digits long where that is below 32³.
    pub fn from(first: u64) -> Self {
        Self(Arc::new(AtomicU64::new(first)))
    }

    /// A handle that was never given out.
    pub fn next(&self) -> CallHandle {
        CallHandle::from_number(self.0.fetch_add(1, Ordering::Relaxed))
    }
}
