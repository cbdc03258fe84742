//! What machines without IO are told and tell, as words; bytes travel beside them.

use plugin::draft::nat::{NatInput, NatOutput, Transport};
use plugin::draft::security::{SecurityInput, SecurityOutput};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// [`NatInput`], its data beside it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum NatIn {
    Time,
    Packet(u32, SocketAddr),
    Opened(u32, SocketAddr),
    Closed(u32, String),
    Remote(String),
    Interfaces(String),
    Restart,
}

impl NatIn {
    pub(crate) fn of<'a>(input: NatInput<'a>) -> (Self, &'a [u8]) {
        let word = match input {
            NatInput::Time => Self::Time,
            NatInput::Packet { flow, from, data } => return (Self::Packet(flow, from), data),
            NatInput::Opened { flow, local } => Self::Opened(flow, local),
            NatInput::Closed { flow, why } => Self::Closed(flow, why.to_owned()),
            NatInput::Remote(json) => Self::Remote(json.to_owned()),
            NatInput::Interfaces(json) => Self::Interfaces(json.to_owned()),
            NatInput::Restart => Self::Restart,
        };
        (word, &[])
    }

    pub(crate) fn read<'a>(&'a self, data: &'a [u8]) -> NatInput<'a> {
        match self {
            Self::Time => NatInput::Time,
            &Self::Packet(flow, from) => NatInput::Packet { flow, from, data },
            &Self::Opened(flow, local) => NatInput::Opened { flow, local },
            Self::Closed(flow, why) => NatInput::Closed { flow: *flow, why },
            Self::Remote(json) => NatInput::Remote(json),
            Self::Interfaces(json) => NatInput::Interfaces(json),
            Self::Restart => NatInput::Restart,
        }
    }
}

/// [`NatOutput`], its data beside it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum NatOut {
    Open(u32, u32, u32, SocketAddr, Option<SocketAddr>),
    Transmit(u32, SocketAddr),
    Candidate(u32, String),
    Gathered,
    Chosen(u32, u32, SocketAddr),
    Failed(String),
    Deadline(u64),
}

impl NatOut {
    pub(crate) fn of(output: NatOutput) -> (Self, Vec<u8>) {
        let word = match output {
            NatOutput::Open {
                flow,
                component,
                transport,
                local,
                remote,
            } => Self::Open(flow, component, transport as u32, local, remote),
            NatOutput::Transmit { flow, to, data } => return (Self::Transmit(flow, to), data),
            NatOutput::Candidate { component, line } => Self::Candidate(component, line),
            NatOutput::Gathered => Self::Gathered,
            NatOutput::Chosen {
                component,
                flow,
                to,
                prefix,
            } => return (Self::Chosen(component, flow, to), prefix),
            NatOutput::Failed(why) => Self::Failed(why),
            NatOutput::Deadline(at_ns) => Self::Deadline(at_ns),
        };
        (word, Vec::new())
    }

    pub(crate) fn read(self, data: Vec<u8>) -> Option<NatOutput> {
        Some(match self {
            Self::Open(flow, component, transport, local, remote) => NatOutput::Open {
                flow,
                component,
                transport: [Transport::Udp, Transport::Tcp, Transport::Tls]
                    .into_iter()
                    .find(|known| *known as u32 == transport)?,
                local,
                remote,
            },
            Self::Transmit(flow, to) => NatOutput::Transmit { flow, to, data },
            Self::Candidate(component, line) => NatOutput::Candidate { component, line },
            Self::Gathered => NatOutput::Gathered,
            Self::Chosen(component, flow, to) => NatOutput::Chosen {
                component,
                flow,
                to,
                prefix: data,
            },
            Self::Failed(why) => NatOutput::Failed(why),
            Self::Deadline(at_ns) => NatOutput::Deadline(at_ns),
        })
    }
}

/// [`SecurityInput`], its data beside it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum SecurityIn {
    Time,
    Packet(SocketAddr),
    Remote(String),
    Confirmed(bool),
}

impl SecurityIn {
    pub(crate) fn of<'a>(input: SecurityInput<'a>) -> (Self, &'a [u8]) {
        match input {
            SecurityInput::Time => (Self::Time, &[]),
            SecurityInput::Packet { from, data } => (Self::Packet(from), data),
            SecurityInput::Remote(lines) => (Self::Remote(lines.to_owned()), &[]),
            SecurityInput::Confirmed(same) => (Self::Confirmed(same), &[]),
        }
    }

    pub(crate) fn read<'a>(&'a self, data: &'a [u8]) -> SecurityInput<'a> {
        match self {
            Self::Time => SecurityInput::Time,
            &Self::Packet(from) => SecurityInput::Packet { from, data },
            Self::Remote(lines) => SecurityInput::Remote(lines),
            &Self::Confirmed(same) => SecurityInput::Confirmed(same),
        }
    }
}

/// [`SecurityOutput`], its data beside it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum SecurityOut {
    Transmit,
    Local(String),
    Keys(u32, bool),
    Verdict(String),
    Failed(String),
    Deadline(u64),
}

impl SecurityOut {
    pub(crate) fn of(output: SecurityOutput) -> (Self, Vec<u8>) {
        let word = match output {
            SecurityOutput::Transmit(data) => return (Self::Transmit, data),
            SecurityOutput::Keys {
                suite,
                sending,
                material,
            } => return (Self::Keys(suite, sending), material),
            SecurityOutput::Local(line) => Self::Local(line),
            SecurityOutput::Verdict(json) => Self::Verdict(json),
            SecurityOutput::Failed(why) => Self::Failed(why),
            SecurityOutput::Deadline(at_ns) => Self::Deadline(at_ns),
        };
        (word, Vec::new())
    }

    pub(crate) fn read(self, data: Vec<u8>) -> SecurityOutput {
        match self {
            Self::Transmit => SecurityOutput::Transmit(data),
            Self::Local(line) => SecurityOutput::Local(line),
            Self::Keys(suite, sending) => SecurityOutput::Keys {
                suite,
                sending,
                material: data,
            },
            Self::Verdict(json) => SecurityOutput::Verdict(json),
            Self::Failed(why) => SecurityOutput::Failed(why),
            Self::Deadline(at_ns) => SecurityOutput::Deadline(at_ns),
        }
    }
}
