//! Sockets, names and interfaces: everything of the engine that touches the network.
//!
//! What it is not: it reads no SIP and no RTP. Datagrams and stream bytes go up as they came, with
//! the addresses they travelled between; framing a stream into messages and naming flows in SIP's
//! words is the link part's. It has no retries of its own: a socket that fails says so once.
//!
//! | file | holds |
//! | --- | --- |
//! | [`udp`] | [`UdpFlow`], signalling datagrams in batches, with local address, driven by tokio |
//! | [`refusals`] | [`Refusals`], which datagrams the network could not deliver |
//! | [`tcp`] | [`TcpFlows`], connections reused by target, bounded, closed when idle |
//! | [`tls`] | [`Client`](tls::Client), whom a connection leads to and how we show ourselves |
//! | [`dns`] | [`Resolver`](dns::Resolver), answers NAPTR, SRV, A and AAAA questions |
//! | [`interfaces`] | local addresses, and which of them reaches a target |
//! | [`rtp_ports`] | [`RtpPorts`], RTP/RTCP socket pairs from the configured range |
//! | [`media_sockets`] | [`MediaSockets`], one media thread's sockets, without allocation |
//! | [`dscp`] | [`Dscp`] and [`Marking`], what the system did with it |
//! | [`flow`] | [`FlowId`], the name of a socket or connection |
//! | [`error`] | [`Error`], and who has to act on it |
//! | `os` | the system calls that differ between systems, behind two small traits |

pub mod dns;
pub mod dscp;
pub mod error;
pub mod flow;
pub mod interfaces;
pub mod media_sockets;
mod os;
pub mod refusals;
pub mod rtp_ports;
pub mod tcp;
pub mod tls;
pub mod udp;

pub use dscp::{Dscp, Marking};
pub use error::{Blame, Error};
pub use flow::{FlowId, FlowIds};
pub use media_sockets::{MediaSockets, Slot};
pub use os::{Schedule, give_memory_back, outlive_full_files, raise_open_files, schedule};
pub use refusals::{Refusal, Refusals};
pub use rtp_ports::{RtpPair, RtpPorts};
pub use tcp::{TcpEvent, TcpFlows};
pub use udp::{Datagram, UdpFlow};
