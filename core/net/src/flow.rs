//! Names of sockets and connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub use sip::FlowId;

/// Gives out flow ids, counting from 1. Clones share the count, so that datagram sockets and
/// connections of one engine never meet under one id.
#[derive(Debug, Clone, Default)]
pub struct FlowIds(Arc<AtomicU64>);

impl FlowIds {
    /// Starts at 1.
    pub fn new() -> Self {
        Self::default()
    }

    /// An id that was never given out.
    pub fn next_id(&self) -> FlowId {
        FlowId(self.0.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_share_the_count() {
        let ids = FlowIds::new();
        let other = ids.clone();
        assert_eq!(
            [ids.next_id(), other.next_id(), ids.next_id()],
            [FlowId(1), FlowId(2), FlowId(3)]
        );
    }
}
