//! What a lookup is told, what it asks for, and where it can stand.

use super::order::Server;
use super::{Kind, NoTarget, Record};
use crate::flow::{Target, Transport};
use core::net::IpAddr;
use serde::{Deserialize, Serialize};

/// Names one question of one lookup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct QueryId(pub u32);

/// What a name server said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reply {
    /// These records; none when the name exists without such records or does not exist.
    Records(Vec<Record>),
    /// It did not answer, or said that it cannot.
    Failed,
}

/// Everything that can happen to a lookup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Input {
    /// The answer to a question.
    Answer {
        /// Which question.
        query: QueryId,
        /// What the name server said.
        reply: Reply,
    },
}

/// Everything a lookup can ask of its driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Output {
    /// Ask a name server.
    Ask {
        /// Comes back with the answer.
        query: QueryId,
        /// Which records.
        kind: Kind,
        /// Of which name.
        name: String,
    },
    /// The lookup is over: try these in this order. Never empty.
    Targets(Vec<Target>),
    /// The lookup is over without a target.
    Nothing(NoTarget),
}

/// Where the lookup stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum State {
    /// Asked which services the domain offers.
    Services {
        /// The question.
        query: QueryId,
    },
    /// Asked for the servers of each service; answered ones hold their servers, best service first.
    Servers(Vec<ServiceState>),
    /// Asked for the addresses of each server.
    Addresses(Vec<AddressState>),
    /// The outcome was told.
    Done,
}

/// One service on the way to its servers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServiceState {
    pub(super) query: QueryId,
    pub(super) transport: Transport,
    pub(super) reply: Option<Vec<Server>>,
}

/// One server on the way to its addresses in one family.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressState {
    pub(super) query: QueryId,
    pub(super) transport: Transport,
    pub(super) port: u16,
    pub(super) reply: Option<Vec<IpAddr>>,
}
