//! What a table of sessions waits for.

use super::Dialogs;
use crate::ids::{ClientId, ServerId};

impl Dialogs {
    /// Requests of ours without a final response, and the peers' INVITEs without ours. Whoever drives
    /// the transactions answers for each; where it cannot any more, its driver says so for it.
    pub fn open(&self) -> (Vec<ClientId>, Vec<ServerId>) {
        let owners = &self.state.owners;
        let clients = owners.clients.keys().copied().collect();
        (clients, owners.servers.keys().copied().collect())
    }

    /// Entries of all indexes, to find leaks by.
    #[cfg(test)]
    pub(super) fn index_entries(&self) -> usize {
        let owners = &self.state.owners;
        let open = owners.clients.len() + owners.servers.len();
        open + self.by_tag.len() + self.early.len() + self.timers.len()
    }
}
