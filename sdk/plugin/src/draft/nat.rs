//! NAT strategies: machines without IO that find a path for media.

mod handle;
mod shims;

pub use handle::{NatHandle, NatInstance};
pub(crate) use shims::NatFace;

use crate::{Host, Refusal};
use core::net::SocketAddr;
use plugin_abi::draft::nat as abi;

/// A strategy for one call's media. It runs on control and does no IO of its own.
pub trait Nat: Send + Sized + 'static {
    /// Called once before anything else. Thread: \[control\].
    fn init(_host: Option<Host>) -> Result<(), Refusal> {
        Ok(())
    }

    /// Called when no instance is left. Thread: \[control\].
    fn deinit() {}

    /// Makes a machine from a JSON object: `controlling`, `components`, `interfaces`, `servers`
    /// (resolved), `options`. `seed` is its only source of chance. Thread: \[control\].
    fn open(request: &str, seed: u64) -> Result<Self, Refusal>;

    /// Takes what happened at `now_ns` since the engine's start. Thread: \[control\].
    fn handle(&mut self, input: NatInput<'_>, now_ns: u64);

    /// The next thing to do, `None` when there is nothing more now. Thread: \[control\].
    fn poll(&mut self) -> Option<NatOutput>;
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NatInput<'a> {
    /// Time has passed, nothing else.
    Time,
    /// A packet arrived.
    Packet {
        /// On which flow.
        flow: u32,
        /// Where from.
        from: SocketAddr,
        /// Its payload.
        data: &'a [u8],
    },
    /// The flow asked for is open.
    Opened {
        /// Which.
        flow: u32,
        /// Its local end.
        local: SocketAddr,
    },
    /// The flow failed or was closed.
    Closed {
        /// Which.
        flow: u32,
        /// Why, in words.
        why: &'a str,
    },
    /// The peer's description, a JSON object.
    Remote(&'a str),
    /// The interfaces there are now, a JSON array.
    Interfaces(&'a str),
    /// Begin anew with fresh credentials. Source: RFC 8445 §9.
    Restart,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NatOutput {
    /// Open a flow.
    Open {
        /// Its number, the plugin's own.
        flow: u32,
        /// RTP is 1, RTCP 2. Source: RFC 8445 §4.
        component: u32,
        /// Over what.
        transport: Transport,
        /// Where from; the port may be 0.
        local: SocketAddr,
        /// Where to, for a connection.
        remote: Option<SocketAddr>,
    },
    /// Send a packet.
    Transmit {
        /// On which flow.
        flow: u32,
        /// Where to.
        to: SocketAddr,
        /// Its payload.
        data: Vec<u8>,
    },
    /// A line for the description, such as a candidate attribute.
    Candidate {
        /// RTP is 1, RTCP 2.
        component: u32,
        /// The line.
        line: String,
    },
    /// Every candidate was told.
    Gathered,
    /// Media goes this way.
    Chosen {
        /// RTP is 1, RTCP 2.
        component: u32,
        /// On which flow.
        flow: u32,
        /// Where to.
        to: SocketAddr,
        /// What stands before each packet, such as a TURN channel header.
        prefix: Vec<u8>,
    },
    /// There is no path; why, in words.
    Failed(String),
    /// Wake it then at the latest. Unit: ns since the engine's start.
    Deadline(u64),
}

/// What a flow runs over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Transport {
    /// Datagrams.
    Udp = abi::NAT_TRANSPORT_UDP,
    /// A connection.
    Tcp = abi::NAT_TRANSPORT_TCP,
    /// A connection, encrypted by the host.
    Tls = abi::NAT_TRANSPORT_TLS,
}
