//! From a next hop to a target: lookups under way, and what waits for each.

use base::{BoundedMap, Instant, Machine, Rng};
use ports::network;
use ports::{Address, Outbox};
use sip::resolve::{Destination, Input, Lookup, Means, NoTarget, Output, QueryId, Reply};
use sip::{ClientId, PeerId, Target};
use sip_message::Request;
use std::collections::BTreeMap;

/// Lookups under way at once. Source: ours; as many as transactions may wait on a desktop.
const LOOKUPS: usize = 2_000;

/// What is done once a next hop is known.
#[derive(Debug)]
pub enum Purpose {
    /// Send a request in a transaction.
    Send {
        /// Its id.
        id: ClientId,
        /// Without Via.
        request: Request,
        /// Never resent.
        once: bool,
    },
    /// Send the ACK of a 2xx.
    Ack {
        /// The ACK, without Via.
        request: Request,
    },
    /// Say how requests would travel.
    Route {
        /// Who asked.
        from: Address,
        /// The asker's ticket.
        ticket: u64,
    },
    /// Learn the servers of an account.
    Servers {
        /// Its name.
        account: String,
    },
    /// Keep the flow open.
    KeepAlive {
        /// What to send.
        kind: ports::link::KeepAlive,
    },
}

impl Purpose {
    /// The request that is to be sent.
    pub fn request(&self) -> Option<&Request> {
        match self {
            Self::Send { request, .. } | Self::Ack { request } => Some(request),
            Self::Route { .. } | Self::Servers { .. } | Self::KeepAlive { .. } => None,
        }
    }

    /// The part that wants it.
    fn asker(&self) -> Option<Address> {
        match self {
            Self::Send { id, .. } => Address::of_client(*id),
            Self::Ack { .. } => Some(Address::Dialogs),
            Self::Route { from, .. } => Some(*from),
            Self::KeepAlive { .. } => Some(Address::Registrar),
            // Link's own.
            Self::Servers { .. } => None,
        }
    }
}

/// A lookup that ended.
#[derive(Debug)]
pub struct Found {
    /// What waited.
    pub purpose: Purpose,
    /// Name or address that was looked up, for the person.
    pub name: String,
    /// Where to go, best first.
    pub targets: Result<Vec<Target>, NoTarget>,
}

struct Pending {
    lookup: Lookup,
    purpose: Purpose,
    /// Who has to be there.
    peer: PeerId,
    name: String,
}

/// Lookups under way. A question to the network carries `lookup << 32 | query` as its ticket.
pub struct Routes {
    pending: BoundedMap<u32, Pending>,
    next: u32,
    rng: Rng,
}

impl Routes {
    /// No lookup under way. Tickets begin anywhere, so that an answer to a link that panicked finds
    /// nobody in the one that was made anew.
    pub fn new(mut rng: Rng) -> Self {
        Self {
            pending: BoundedMap::new(LOOKUPS),
            next: rng.number32(),
            rng,
        }
    }

    /// Lookups under way.
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// Whether none is under way.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Starts a lookup; ends it at once where nothing has to be asked.
    pub fn start(
        &mut self,
        purpose: Purpose,
        (destination, peer, name): (Destination, PeerId, String),
        means: &Means,
        now: Instant,
        out: &mut Outbox,
    ) -> Option<Found> {
        let lookup = Lookup::new(destination, means.clone(), self.rng.split(), now);
        self.next = self.next.wrapping_add(1);
        let key = self.next;
        let pending = Pending {
            lookup,
            purpose,
            peer,
            name,
        };
        match self.pending.insert(key, pending) {
            Ok(_) => self.advance(key, out),
            Err(full) => Some(Found {
                purpose: full.0.purpose,
                name: full.0.name,
                targets: Err(NoTarget::NameServer),
            }),
        }
    }

    /// A name server answered.
    pub fn answer(
        &mut self,
        ticket: u64,
        reply: Reply,
        now: Instant,
        out: &mut Outbox,
    ) -> Option<Found> {
        let (key, query) = ((ticket >> 32) as u32, QueryId(ticket as u32));
        let pending = self.pending.get_mut(&key)?;
        pending.lookup.handle(Input::Answer { query, reply }, now);
        self.advance(key, out)
    }

    /// Whether the servers of an account are being looked up.
    pub fn looks_for_servers(&self, of: &str) -> bool {
        let looks = |pending: &Pending| matches!(&pending.purpose, Purpose::Servers { account } if account == of);
        self.pending.iter().any(|(_, pending)| looks(pending))
    }

    /// Forgets what the part `who` waits for: it was made anew, and neither its requests nor answers to
    /// its questions are anybody's.
    pub fn orphaned(&mut self, who: Address) {
        let its = |pending: &Pending| pending.purpose.asker() == Some(who);
        let keys = self.pending.iter().filter(|(_, p)| its(p));
        let keys: Vec<u32> = keys.map(|(key, _)| *key).collect();
        for key in keys {
            self.pending.remove(&key);
        }
    }

    /// Lets lookups give up that are due.
    pub fn handle_time(&mut self, now: Instant, out: &mut Outbox) -> Vec<Found> {
        let due = |p: &Pending| p.lookup.deadline().is_some_and(|at| at <= now);
        let keys: Vec<u32> = self
            .pending
            .iter()
            .filter(|(_, p)| due(p))
            .map(|e| *e.0)
            .collect();
        let advance = |key| {
            if let Some(pending) = self.pending.get_mut(&key) {
                pending.lookup.handle_time(now);
            }
            self.advance(key, out)
        };
        keys.into_iter().filter_map(advance).collect()
    }

    /// When the next lookup gives up.
    pub fn deadline(&self) -> Option<Instant> {
        self.pending
            .iter()
            .filter_map(|(_, p)| p.lookup.deadline())
            .min()
    }

    fn advance(&mut self, key: u32, out: &mut Outbox) -> Option<Found> {
        let pending = self.pending.get_mut(&key)?;
        while let Some(output) = pending.lookup.poll_output() {
            let targets = match output {
                Output::Ask { query, kind, name } => {
                    let ticket = u64::from(key) << 32 | u64::from(query.0);
                    out.post(network::Do::Ask { ticket, kind, name });
                    continue;
                }
                Output::Targets(targets) => {
                    let peer = pending.peer;
                    Ok(targets.into_iter().map(|t| t.for_peer(peer)).collect())
                }
                Output::Nothing(why) => Err(why),
            };
            let Pending { purpose, name, .. } = self.pending.remove(&key)?;
            return Some(Found {
                purpose,
                name,
                targets,
            });
        }
        None
    }
}

/// Who asked how something travels, and where it was to lead.
#[derive(Debug)]
pub struct Asker {
    /// The part.
    pub from: Address,
    /// The asker's ticket.
    pub ticket: u64,
    /// What was looked up.
    pub name: String,
}

/// A question without an answer yet.
#[derive(Debug)]
pub struct Waiting {
    /// Whose it is.
    pub asker: Asker,
    /// Where it is asked about.
    pub target: Target,
    /// Where it is asked about next, if nothing stands there.
    pub rest: Vec<Target>,
}

/// Questions which of our addresses leads somewhere, and who waits for the answer.
#[derive(Debug)]
pub struct Locals {
    waiting: BTreeMap<u64, Waiting>,
    next: u64,
}

impl Locals {
    /// No question yet; `first` is drawn anew for each link, as with [`Routes::new`].
    pub fn new(first: u32) -> Self {
        Self {
            waiting: BTreeMap::new(),
            next: u64::from(first),
        }
    }

    /// Forgets what the part `who` asked.
    pub fn orphaned(&mut self, who: Address) {
        self.waiting.retain(|_, waiting| waiting.asker.from != who);
    }

    /// Questions without an answer.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether every question was answered.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Waits for an answer, which comes with the ticket that is given out.
    pub fn wait(&mut self, waiting: Waiting) -> u64 {
        self.next += 1;
        self.waiting.insert(self.next, waiting);
        self.next
    }

    /// Who waited for this answer.
    pub fn answered(&mut self, ticket: u64) -> Option<Waiting> {
        self.waiting.remove(&ticket)
    }
}
