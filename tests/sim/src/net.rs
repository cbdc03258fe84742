//! Nodes, their addresses and datagram sockets.

use crate::link::Links;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// One machine of the world. Range: from 0, in order of adding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

/// What the world refuses to do, as a system would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The port is taken.
    PortInUse,
    /// The address is not one of the node's.
    NotOurs,
    /// Nothing is bound or open there any more.
    Gone,
    /// The node has no address of the target's version.
    NoWay,
}

/// A datagram between two nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Datagram {
    pub(crate) source: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) bytes: Bytes,
}

/// Ports that nobody asked for by number start here. Source: RFC 6335 §6.
const DYNAMIC: u16 = 49_152;

/// Who is where.
#[derive(Debug)]
pub(crate) struct Net {
    pub(crate) links: Links,
    nodes: Vec<Node>,
    owners: BTreeMap<IpAddr, NodeId>,
    bound: BTreeMap<SocketAddr, NodeId>,
}

#[derive(Debug)]
struct Node {
    addresses: Vec<IpAddr>,
    next_port: u16,
}

impl Net {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            links: Links::new(seed),
            nodes: Vec::new(),
            owners: BTreeMap::new(),
            bound: BTreeMap::new(),
        }
    }

    pub(crate) fn add_node(&mut self, addresses: &[IpAddr]) -> NodeId {
        let id = NodeId(self.nodes.len() as u32);
        self.nodes.push(Node {
            addresses: Vec::new(),
            next_port: DYNAMIC,
        });
        for &ip in addresses {
            self.add_address(id, ip);
        }
        id
    }

    pub(crate) fn add_address(&mut self, node: NodeId, ip: IpAddr) {
        let before = self.owners.insert(ip, node);
        assert!(before.is_none(), "{ip} belongs to {before:?}");
        if let Some(one) = self.nodes.get_mut(node.0 as usize) {
            one.addresses.push(ip);
        }
    }

    /// The address is gone, with every socket on it.
    pub(crate) fn remove_address(&mut self, ip: IpAddr) {
        let Some(node) = self.owners.remove(&ip) else {
            return;
        };
        if let Some(one) = self.nodes.get_mut(node.0 as usize) {
            one.addresses.retain(|&known| known != ip);
        }
        self.bound.retain(|address, _| address.ip() != ip);
    }

    pub(crate) fn owner(&self, ip: IpAddr) -> Option<NodeId> {
        self.owners.get(&ip).copied()
    }

    /// The node's first address of the target's version.
    pub(crate) fn address_towards(&self, node: NodeId, target: IpAddr) -> Result<IpAddr, Refusal> {
        let one = self.nodes.get(node.0 as usize).ok_or(Refusal::NoWay)?;
        let same = |ip: &&IpAddr| ip.is_ipv4() == target.is_ipv4();
        one.addresses
            .iter()
            .find(same)
            .copied()
            .ok_or(Refusal::NoWay)
    }

    /// Which of the node's addresses `address` means: all of the version for an unspecified one.
    pub(crate) fn meant(&self, node: NodeId, address: SocketAddr) -> Result<Vec<IpAddr>, Refusal> {
        let one = self.nodes.get(node.0 as usize).ok_or(Refusal::NotOurs)?;
        let is_meant = |ip: &&IpAddr| {
            let any = address.ip().is_unspecified() && ip.is_ipv4() == address.is_ipv4();
            any || **ip == address.ip()
        };
        let all: Vec<_> = one.addresses.iter().filter(is_meant).copied().collect();
        if all.is_empty() {
            return Err(Refusal::NotOurs);
        }
        Ok(all)
    }

    /// A port of the node's that was not given out lately.
    pub(crate) fn next_port(&mut self, node: NodeId) -> u16 {
        let Some(one) = self.nodes.get_mut(node.0 as usize) else {
            return DYNAMIC;
        };
        let port = one.next_port;
        one.next_port = port.checked_add(1).unwrap_or(DYNAMIC);
        port
    }

    pub(crate) fn bind(
        &mut self,
        node: NodeId,
        address: SocketAddr,
    ) -> Result<SocketAddr, Refusal> {
        let ips = self.meant(node, address)?;
        let is_free = |net: &Self, port| {
            let taken = |&ip: &IpAddr| net.bound.contains_key(&SocketAddr::new(ip, port));
            !ips.iter().any(taken)
        };
        let port = if address.port() == 0 {
            let first = self.next_port(node);
            (first..=u16::MAX)
                .find(|&port| is_free(self, port))
                .ok_or(Refusal::PortInUse)?
        } else {
            address.port()
        };
        if !is_free(self, port) {
            return Err(Refusal::PortInUse);
        }
        for ip in ips {
            self.bound.insert(SocketAddr::new(ip, port), node);
        }
        Ok(SocketAddr::new(address.ip(), port))
    }

    pub(crate) fn unbind(&mut self, node: NodeId, address: SocketAddr) {
        let any = address.ip().is_unspecified();
        self.bound.retain(|bound, owner| {
            let is_it = *bound == address || any && bound.port() == address.port();
            *owner != node || !is_it
        });
    }

    pub(crate) fn unbind_all(&mut self, node: NodeId) {
        self.bound.retain(|_, owner| *owner != node);
    }

    /// Sockets that a node has open, by address.
    pub(crate) fn bound_by(&self, node: NodeId) -> usize {
        self.bound.values().filter(|owner| **owner == node).count()
    }

    /// Who hears at `address`, if anyone does.
    pub(crate) fn bound_to(&self, address: SocketAddr) -> Option<NodeId> {
        self.bound.get(&address).copied()
    }

    /// The address that a datagram leaves from: as bound, or the node's towards the target.
    pub(crate) fn source(
        &self,
        node: NodeId,
        from: SocketAddr,
        to: SocketAddr,
    ) -> Result<SocketAddr, Refusal> {
        let ip = if from.ip().is_unspecified() {
            self.address_towards(node, to.ip())?
        } else {
            from.ip()
        };
        let source = SocketAddr::new(ip, from.port());
        if self.bound_to(source) != Some(node) {
            return Err(Refusal::Gone);
        }
        if source.is_ipv4() != to.is_ipv4() {
            return Err(Refusal::NoWay);
        }
        Ok(source)
    }
}
