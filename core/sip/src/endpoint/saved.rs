//! The endpoint's state as plain data, so that transactions can outlive a process.

use super::client::Client;
use super::resting::Resting;
use super::server::Server;
use super::{Endpoint, Settings, Which};
use crate::flow::{FlowId, Transport};
use crate::transaction::key::Secret;
use base::{Redacted, Rng};
use core::net::SocketAddr;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Everything an endpoint knows but its settings, its randomness and what can be found again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    secret: Redacted<Secret>,
    listening: BTreeMap<FlowId, (Transport, SocketAddr)>,
    clients: BTreeMap<u64, Box<Client>>,
    servers: BTreeMap<u64, Box<Server>>,
    resting: Resting,
    next_client: u64,
    next_server: u64,
}

impl Endpoint {
    /// The state at this moment. Outputs that were not taken are not part of it.
    pub fn save(&self) -> Saved {
        Saved {
            secret: self.secret.clone(),
            listening: self.listening.clone(),
            clients: self.clients.clone(),
            servers: self.servers.clone(),
            resting: self.resting.clone(),
            next_client: self.next_client,
            next_server: self.next_server,
        }
    }

    /// An endpoint that goes on where `saved` stood.
    pub fn restore(saved: Saved, settings: Settings, rng: Rng) -> Self {
        let mut endpoint = Self::new(settings, rng);
        for (&number, client) in &saved.clients {
            endpoint
                .timers
                .set(Which::Client(number), client.deadline());
            if let Some(user) = client.user {
                endpoint.client_of.insert(user, number);
            }
            if client.is_waiting() {
                endpoint.waiting.insert((client.target, number));
            }
        }
        for (&number, server) in &saved.servers {
            endpoint.index_server(number, server);
        }
        for (number, rest) in saved.resting.iter() {
            endpoint.index(number, rest.key, rest.merged);
        }
        endpoint.secret = saved.secret;
        endpoint.listening = saved.listening;
        endpoint.clients = saved.clients;
        endpoint.servers = saved.servers;
        endpoint.resting = saved.resting;
        endpoint.next_client = saved.next_client;
        endpoint.next_server = saved.next_server;
        endpoint
    }
}
