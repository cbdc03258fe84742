//! What link asks of the signalling sockets, and what they report. The sockets are outside of all
//! parts: `core/net` in a host, the simulated net in tests.

use crate::link::Datagram;
use bytes::Bytes;
use core::net::SocketAddr;
use sip::resolve::{Question, Records};
use sip::{FlowId, Target, Transport};

/// What the signalling sockets can be told.
#[derive(Debug)]
pub enum Do {
    /// Sends one datagram from a listening socket.
    SendDatagram {
        /// Socket to send from.
        flow: FlowId,
        /// Where to.
        to: SocketAddr,
        /// The datagram.
        bytes: Bytes,
    },
    /// Writes to a connection.
    SendStream {
        /// The connection.
        flow: FlowId,
        /// What to write.
        bytes: Bytes,
    },
    /// Opens a connection; answered by [`Report::Opened`] or [`Report::Closed`].
    Connect {
        /// Its name from now on, chosen by link.
        flow: FlowId,
        /// Where to.
        target: Target,
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
        /// The question.
        question: Question,
    },
    /// Asks which of our addresses leads to `to`; answered by [`Report::Local`].
    FindLocal {
        /// Chosen by link.
        ticket: u64,
        /// Where to.
        to: SocketAddr,
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
    Datagram(Datagram),
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
    },
    /// Bytes came on a connection.
    Stream {
        /// The connection.
        flow: FlowId,
        /// As they came, framed by nobody yet.
        bytes: Bytes,
    },
    /// A connection or socket is gone.
    Closed {
        /// Which.
        flow: FlowId,
        /// Why, for the person.
        why: String,
    },
    /// The system refused to send a datagram, or told that nobody listens there.
    Refused {
        /// Where to.
        target: Target,
        /// Why, for the person.
        why: String,
    },
    /// A name server's answer.
    Answer {
        /// As given with the question.
        ticket: u64,
        /// What it said; empty where the name has no such records.
        records: Records,
    },
    /// Which of our addresses leads there.
    Local {
        /// As given with the question.
        ticket: u64,
        /// The address, `None` where no interface leads there.
        local: Option<core::net::IpAddr>,
    },
}
