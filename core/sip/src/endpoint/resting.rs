//! Server transactions after their last word: only repeats can still come, for 32 s.
//!
//! They stand in the states Accepted of RFC 6026 figure 7 and Completed of RFC 3261 figure 8. There are
//! as many of them as requests came in 32 s, so each keeps only what a repeat needs: no machine, no
//! timer of its own (all last equally long, so they end in the order in which they came to rest), and
//! no response that can be made again from the repeat itself.

use super::server::{Kind, Server};
use crate::flow::{FlowId, Target};
use crate::ids::ServerId;
use crate::transaction::ServerKey;
use crate::transaction::key::Secret;
use base::Instant;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sip_message::{Request, Status};
use std::collections::{BTreeMap, VecDeque};

/// What a repeat of the request gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Again {
    /// Nothing: the request is an INVITE that was accepted, and its user repeats the 2xx.
    Accepted,
    /// The response with nothing in it but what it copies from a request that says `of`.
    Made { status: Status, of: ServerKey },
    /// These bytes.
    Kept(Box<[u8]>),
}

/// One transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rest {
    pub(super) key: ServerKey,
    pub(super) merged: Option<ServerKey>,
    pub(super) target: Target,
    pub(super) flow: FlowId,
    again: Again,
}

impl Rest {
    /// What is left of `server`, whose last word was a `status`. `copied` is the response of that status
    /// that says nothing but what it copies.
    pub(super) fn of(
        server: &Server,
        status: Status,
        copied: Option<Bytes>,
        secret: &Secret,
    ) -> Self {
        let again = match (&server.kind, &server.request) {
            (Kind::Invite(_), _) => Again::Accepted,
            (Kind::Other(_), Some(request)) if copied == server.last => Again::Made {
                status,
                of: ServerKey::of_copied(secret, request),
            },
            (Kind::Other(_), _) => Again::Kept(server.last.as_deref().unwrap_or_default().into()),
        };
        Self {
            key: server.key,
            merged: server.merged,
            target: server.target,
            flow: server.flow,
            again,
        }
    }

    /// What `repeat` gets; it has been seen from where it came. A request that has the key of this one
    /// and says something else is no repeat and gets nothing.
    /// `copied` makes the response of a status that says nothing but what it copies from `repeat`.
    pub(super) fn answer(
        &self,
        repeat: &Request,
        secret: &Secret,
        copied: impl FnOnce(Status) -> Bytes,
    ) -> Option<Bytes> {
        match &self.again {
            Again::Accepted => None,
            Again::Made { status, of } => {
                (*of == ServerKey::of_copied(secret, repeat)).then(|| copied(*status))
            }
            Again::Kept(bytes) => Some(Bytes::copy_from_slice(bytes)),
        }
    }

    /// Whether its user may repeat a 2xx.
    pub(super) fn is_accepted(&self) -> bool {
        match self.again {
            Again::Accepted => true,
            Again::Made { .. } | Again::Kept(_) => false,
        }
    }
}

/// How many are looked at for one that may go.
const LOOKED_AT: usize = 64;

/// All of them. Bound: that of the endpoint's transactions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Resting {
    table: BTreeMap<u64, Box<Rest>>,
    /// When each ends, the first one first.
    ends: VecDeque<(Instant, u64)>,
}

impl Resting {
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn get(&self, number: u64) -> Option<&Rest> {
        self.table.get(&number).map(|rest| &**rest)
    }

    pub(super) fn of(&self, id: ServerId) -> Option<&Rest> {
        self.get(id.0)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, &Rest)> {
        self.table.iter().map(|(&number, rest)| (number, &**rest))
    }

    /// `until` is never earlier than that of one that came before.
    pub(super) fn insert(&mut self, number: u64, rest: Rest, until: Instant) {
        debug_assert!(self.ends.back().is_none_or(|&(last, _)| last <= until));
        self.table.insert(number, Box::new(rest));
        self.ends.push_back((until, number));
    }

    /// When the next one ends.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.ends.front().map(|&(at, _)| at)
    }

    /// Takes out the oldest request within a dialog that only waits for repeats. One that comes all the
    /// same is told from a new one by its CSeq, by whoever holds the dialog.
    pub(super) fn give_way(&mut self) -> Option<Box<Rest>> {
        let replaceable = |rest: &Rest| rest.merged.is_none() && !rest.is_accepted();
        let mut oldest = self.ends.iter().take(LOOKED_AT).enumerate();
        let (at, number) = oldest.find_map(|(at, &(_, number))| {
            let rest = self.table.get(&number)?;
            replaceable(rest).then_some((at, number))
        })?;
        self.ends.remove(at);
        self.table.remove(&number)
    }

    /// Takes out one that has ended.
    pub(super) fn expire(&mut self, now: Instant) -> Option<Box<Rest>> {
        let (_, number) = self.ends.pop_front_if(|&mut (at, _)| at <= now)?;
        if self.ends.len() < self.ends.capacity() / 8 {
            self.ends.shrink_to(self.ends.len() * 2);
        }
        self.table.remove(&number)
    }
}
