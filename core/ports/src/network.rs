//! What link asks of the signalling sockets, and what they report. The sockets are outside of all
//! parts: `core/net` in a host, the simulated net in tests.

use crate::account::Tls;
use bytes::Bytes;
use control::Code;
use core::net::{IpAddr, SocketAddr};
use sip::resolve::{Kind, Reply};
use sip::{FlowId, PeerId, Target, Transport};
use std::sync::Arc;

/// Who has to be at the other end of a TLS connection, and for whom it is made. Connections are shared by this and
/// their address: never between accounts, and only with who proved one of the names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Peer {
    /// The account that it is for; empty: for none.
    pub account: String,
    /// Domains and addresses, one of which has to be proved; the one that is meant stands first.
    pub names: Vec<String>,
    /// Whom the account believes, and what it shows.
    pub tls: Arc<Tls>,
}

/// Why something could not be sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Why {
    /// For the person.
    pub text: String,
    /// What it is among the codes, where that is known.
    pub code: Option<Code>,
}

impl From<String> for Why {
    fn from(text: String) -> Self {
        Self { text, code: None }
    }
}

impl core::fmt::Display for Why {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.text)
    }
}

/// What the signalling sockets can be told.
#[derive(Debug)]
pub enum Do {
    /// Sends one datagram from a listening socket.
    SendDatagram {
        /// Socket to send from; `None`: the first that reaches `to`.
        flow: Option<FlowId>,
        /// Where to.
        to: SocketAddr,
        /// Our address that the peer knows, where the socket is bound to no address in particular.
        from: Option<IpAddr>,
        /// The datagram.
        bytes: Bytes,
    },
    /// Writes to a connection: to `flow` while it is open, else to one that leads to `target`,
    /// opened for it where there is none.
    SendStream {
        /// The connection to prefer.
        flow: Option<FlowId>,
        /// Where it leads.
        target: Target,
        /// Who has to be there, over TLS: without it no TLS connection is opened.
        peer: Option<Arc<Peer>>,
        /// What to write.
        bytes: Bytes,
    },
    /// A connection brought a whole message; it is not idle.
    Complete {
        /// The connection.
        flow: FlowId,
    },
    /// Closes a connection.
    Close {
        /// The connection.
        flow: FlowId,
    },
    /// Asks a name server; answered by [`Report::Answer`].
    Ask {
        /// Chosen by link.
        ticket: u64,
        /// Which records.
        kind: Kind,
        /// Of which name.
        name: String,
    },
    /// Asks which of our addresses leads to `to`; answered by [`Report::Local`].
    FindLocal {
        /// Chosen by link.
        ticket: u64,
        /// Where to.
        to: SocketAddr,
    },
    /// Opens a connection, if there is none yet; answered by [`Report::Reached`] once the other end has proved who it
    /// is.
    Reach {
        /// Chosen by link.
        ticket: u64,
        /// Where to.
        target: Target,
        /// As with [`Do::SendStream`].
        peer: Option<Arc<Peer>>,
    },
}

/// What the signalling sockets report to link.
#[derive(Debug)]
pub enum Report {
    /// A socket listens, from start until [`Report::Closed`].
    Listening {
        /// Its name.
        flow: FlowId,
        /// What it speaks.
        transport: Transport,
        /// Where it is bound; the address may be unspecified.
        local: SocketAddr,
    },
    /// A datagram came.
    Datagram {
        /// Socket that heard it.
        flow: FlowId,
        /// Who sent it.
        source: SocketAddr,
        /// Address it was sent to.
        local: SocketAddr,
        /// The whole datagram.
        bytes: Bytes,
    },
    /// A connection is open: ours, or one that a peer opened.
    Opened {
        /// Its name.
        flow: FlowId,
        /// What it speaks.
        transport: Transport,
        /// Our end.
        local: SocketAddr,
        /// The other end.
        remote: SocketAddr,
        /// Whether the peer opened it.
        inbound: bool,
        /// Over TLS, of ours: who was asked for there.
        peer: PeerId,
        /// Over TLS: which of their names the other end proved.
        proved: Option<String>,
    },
    /// Bytes came on a connection.
    Stream {
        /// The connection.
        flow: FlowId,
        /// As they came, cut anywhere.
        bytes: Bytes,
    },
    /// A connection or socket is gone.
    Closed {
        /// Which.
        flow: FlowId,
        /// Why, for the person.
        why: String,
        /// All that were reached over it, once it stood.
        targets: Vec<Target>,
    },
    /// Nothing can be sent there: no connection, no route, nobody listens.
    Refused {
        /// Where to.
        target: Target,
        /// Why.
        why: Why,
    },
    /// A name server's answer.
    Answer {
        /// As given with the question.
        ticket: u64,
        /// What it said.
        reply: Reply,
    },
    /// Which of our addresses leads there.
    Local {
        /// As given with the question.
        ticket: u64,
        /// The address, `None` where no interface leads there.
        local: Option<IpAddr>,
    },
    /// A connection stands, or why none does.
    Reached {
        /// As given with the question.
        ticket: u64,
        /// Our end of it.
        local: Result<SocketAddr, Why>,
    },
}
