//! What a ladder shows of a world: messages as they were sent, what was done and what was told.

use crate::net::NodeId;
use base::Instant;
use bytes::Bytes;

/// One thing that a ladder may show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A message left for another node.
    Sent {
        /// When.
        at: Instant,
        /// Who sent it.
        from: NodeId,
        /// Who is to get it.
        to: NodeId,
        /// What it says.
        bytes: Bytes,
        /// When it arrives; `None`: it was lost.
        arrives: Option<Instant>,
    },
    /// The test did something.
    Done {
        /// When.
        at: Instant,
        /// Where.
        node: NodeId,
        /// What.
        text: String,
    },
    /// A person was told something.
    Told {
        /// When.
        at: Instant,
        /// Where.
        node: NodeId,
        /// What.
        text: String,
    },
}

/// Names of nodes, and entries once somebody wants them.
#[derive(Debug, Default)]
pub struct Log {
    /// Lanes in order.
    pub lanes: Vec<(NodeId, String)>,
    /// `None`: nobody looks.
    pub entries: Option<Vec<Entry>>,
}

impl Log {
    pub(crate) fn push(&mut self, entry: impl FnOnce() -> Entry) {
        if let Some(entries) = &mut self.entries {
            entries.push(entry());
        }
    }
}
