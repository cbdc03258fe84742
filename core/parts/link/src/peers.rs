//! Who has to be at the other end of TLS: the numbers that targets carry, and whom they stand for.

use ports::Account;
use ports::network::Peer;
use sip::PeerId;
use sip::resolve::Destination;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

/// Peers that are known at once; the one that was not needed for longest makes room. Source: ours; calls in progress
/// need no more than one each.
const PEERS: usize = 1_024;

/// Peers by their numbers.
#[derive(Default)]
pub struct Peers {
    /// With when each was needed last, counted.
    table: BTreeMap<PeerId, (Arc<Peer>, u64)>,
    count: u64,
}

impl Peers {
    /// The number of whoever has to be at `destination` for `account`: somebody who proves its name, or to be one of
    /// the account's servers, which may answer for everybody it sends us to.
    ///
    /// It is drawn from what the peer is, so that it stays the same when link is made anew.
    pub fn of(&mut self, destination: &Destination, account: Option<&Account>) -> PeerId {
        let mut names = vec![destination.host.to_string()];
        let servers = account.into_iter().flat_map(Account::servers);
        for host in servers.filter_map(|server| server.host()) {
            let host = host.to_string();
            if !names.contains(&host) {
                names.push(host);
            }
        }
        let peer = Peer {
            account: account.map_or_else(String::new, |account| account.name.clone()),
            names,
            tls: account.map_or_else(Arc::default, |account| Arc::clone(&account.tls)),
        };
        let mut hasher = DefaultHasher::new();
        peer.hash(&mut hasher);
        let id = PeerId(hasher.finish().max(1));
        self.make_room(id);
        self.count += 1;
        self.table.insert(id, (Arc::new(peer), self.count));
        id
    }

    /// Whom a number stands for.
    pub fn get(&self, id: PeerId) -> Option<Arc<Peer>> {
        self.table.get(&id).map(|(peer, _)| Arc::clone(peer))
    }

    fn make_room(&mut self, id: PeerId) {
        if self.table.len() < PEERS || self.table.contains_key(&id) {
            return;
        }
        let oldest = self.table.iter().min_by_key(|(_, (_, needed))| *needed);
        if let Some(oldest) = oldest.map(|(id, _)| *id) {
            self.table.remove(&oldest);
        }
    }
}
