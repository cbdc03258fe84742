//! Links between nodes, one for each direction, made when first used.

pub use relay::link::{Jitter, Link, LinkSettings, Loss, Passage};

use crate::net::NodeId;
use base::{Duration, Instant};
use std::collections::{BTreeMap, BTreeSet};

/// What a lost piece of a stream waits before it is sent again, first; doubled each time.
/// Source: RFC 6298 §2 has 1 s; systems in use have 200 ms.
const RESEND: Duration = Duration::from_millis(200);

/// Times a piece of a stream is sent before its way counts as cut.
const RESENDS: u32 = 8;

/// Which of the two uses of a link; streams must not disturb the fates of datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    Datagrams,
    Streams,
}

/// All links of a world.
#[derive(Debug)]
pub(crate) struct Links {
    seed: u64,
    usual: LinkSettings,
    special: BTreeMap<(NodeId, NodeId), LinkSettings>,
    links: BTreeMap<(NodeId, NodeId, Use), Link>,
    cut: BTreeSet<(NodeId, NodeId)>,
}

impl Links {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            seed,
            usual: LinkSettings::CLEAN,
            special: BTreeMap::new(),
            links: BTreeMap::new(),
            cut: BTreeSet::new(),
        }
    }

    /// For every direction that has no settings of its own.
    pub(crate) fn set_usual(&mut self, settings: &LinkSettings) {
        self.usual = settings.clone();
        for ((from, to, _), link) in &mut self.links {
            if !self.special.contains_key(&(*from, *to)) {
                link.set(settings.clone());
            }
        }
    }

    pub(crate) fn set(&mut self, from: NodeId, to: NodeId, settings: &LinkSettings) {
        self.special.insert((from, to), settings.clone());
        for kind in [Use::Datagrams, Use::Streams] {
            if let Some(link) = self.links.get_mut(&(from, to, kind)) {
                link.set(settings.clone());
            }
        }
    }

    pub(crate) fn set_cut(&mut self, from: NodeId, to: NodeId, is_cut: bool) {
        if is_cut {
            self.cut.insert((from, to));
        } else {
            self.cut.remove(&(from, to));
        }
    }

    pub(crate) fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.cut.contains(&(from, to))
    }

    /// When a datagram arrives: never, once or twice.
    pub(crate) fn datagram(
        &mut self,
        from: NodeId,
        to: NodeId,
        bytes: usize,
        now: Instant,
    ) -> [Option<Instant>; 2] {
        let passage = self.link(from, to, Use::Datagrams).pass(bytes, now);
        if self.is_cut(from, to) {
            return [None, None];
        }
        [passage.at, passage.again_at]
    }

    /// When a piece of a stream arrives, resends included; `None` when the way is cut.
    pub(crate) fn piece(
        &mut self,
        from: NodeId,
        to: NodeId,
        bytes: usize,
        now: Instant,
    ) -> Option<Instant> {
        if self.is_cut(from, to) {
            return None;
        }
        let link = self.link(from, to, Use::Streams);
        let mut sent = now;
        for resend in 0..RESENDS {
            if let Some(at) = link.pass(bytes, sent).at {
                return Some(at);
            }
            sent += RESEND * 2_u32.pow(resend);
        }
        None
    }

    fn link(&mut self, from: NodeId, to: NodeId, kind: Use) -> &mut Link {
        let settings = self.special.get(&(from, to)).unwrap_or(&self.usual);
        let seed = self.seed;
        self.links.entry((from, to, kind)).or_insert_with(|| {
            let way = u64::from(from.0) << 33 | u64::from(to.0) << 1 | kind as u64;
            Link::new(crate::trace::mix(seed, way), settings.clone())
        })
    }
}
