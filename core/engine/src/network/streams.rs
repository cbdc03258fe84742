//! Connections of a host: which stand, to whom they lead, and who waits for one.

use crate::peers::{self, Peers};
use bytes::Bytes;
use net::tcp::{Closed, TcpEvent};
use net::{Error, TcpFlows};
use ports::network::{Peer, Report, Why};
use sip::{FlowId, Target, Transport};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;

/// Targets that are remembered of one connection: whoever uses it is told when it is gone. Source: ours; an account
/// names fewer servers.
const TARGETS: usize = 64;

/// One open connection.
#[derive(Debug, Clone)]
struct Opened {
    local: SocketAddr,
    target: Target,
    inbound: bool,
    /// Over TLS: for whom it was made, and which name was proved there.
    proved: Option<(Arc<Peer>, String)>,
}

impl Opened {
    fn report(&self, flow: FlowId) -> Report {
        Report::Opened {
            flow,
            transport: self.target.transport,
            local: self.local,
            remote: self.target.addr,
            inbound: self.inbound,
            peer: self.target.peer,
            proved: self.proved.as_ref().map(|(_, name)| name.clone()),
        }
    }

    /// Whether it leads to whom `peer` means, for the same account.
    fn is_for(&self, target: Target, peer: &Peer) -> bool {
        let is_meant = |(of, name): &(Arc<Peer>, String)| {
            of.account == peer.account && of.tls == peer.tls && peer.names.contains(name)
        };
        self.target.addr == target.addr && self.proved.as_ref().is_some_and(is_meant)
    }
}

/// A connection of ours that is being made or stands.
struct Asked {
    /// All that were reached over it; the one that it was made for stands first.
    targets: Vec<Target>,
    peer: Option<Arc<Peer>>,
    /// Who waits until it stands.
    tickets: Vec<u64>,
}

/// All connections of one engine.
pub(super) struct Streams {
    tcp: RefCell<TcpFlows>,
    /// Connections that link was told of: it is told again when it was made anew.
    open: RefCell<BTreeMap<FlowId, Opened>>,
    /// Connections of ours, from when they are asked for.
    asked: RefCell<BTreeMap<FlowId, Asked>>,
    peers: RefCell<Peers>,
}

impl Streams {
    pub(super) fn new(tcp: TcpFlows) -> Self {
        Self {
            tcp: RefCell::new(tcp),
            open: RefCell::default(),
            asked: RefCell::default(),
            peers: RefCell::default(),
        }
    }

    /// What happened next to a connection.
    pub(super) async fn next(&self) -> TcpEvent {
        poll_fn(|cx| self.tcp.borrow_mut().poll_next(cx)).await
    }

    /// All that stand.
    pub(super) fn standing(&self) -> Vec<Report> {
        let open = self.open.borrow();
        open.iter().map(|(flow, one)| one.report(*flow)).collect()
    }

    /// What link is told of an event, in order.
    pub(super) fn heard(&self, event: TcpEvent) -> Vec<Report> {
        match event {
            TcpEvent::Accepted {
                flow,
                source,
                local,
            } => {
                let opened = Opened {
                    local,
                    target: Target::new(Transport::Tcp, source),
                    inbound: true,
                    proved: None,
                };
                vec![self.opened(FlowId(flow.0), opened)]
            }
            TcpEvent::Connected {
                flow,
                target,
                local,
                proved,
            } => self.connected(FlowId(flow.0), (target, local), proved),
            TcpEvent::Bytes { flow, bytes } => {
                let flow = FlowId(flow.0);
                vec![Report::Stream { flow, bytes }]
            }
            TcpEvent::Closed { flow, peer, why } => self.closed(FlowId(flow.0), peer, &why),
        }
    }

    fn opened(&self, flow: FlowId, opened: Opened) -> Report {
        let report = opened.report(flow);
        self.open.borrow_mut().insert(flow, opened);
        report
    }

    fn connected(
        &self,
        flow: FlowId,
        (remote, local): (SocketAddr, SocketAddr),
        proved: Option<String>,
    ) -> Vec<Report> {
        let mut asked = self.asked.borrow_mut();
        let asked = asked.get_mut(&flow);
        let first = asked.as_ref().and_then(|asked| asked.targets.first());
        let target = first.copied();
        let peer = asked.as_ref().and_then(|asked| asked.peer.clone());
        let opened = Opened {
            local,
            target: target.unwrap_or(Target::new(Transport::Tcp, remote)),
            inbound: false,
            proved: peer.zip(proved),
        };
        let mut reports = vec![self.opened(flow, opened)];
        let tickets = asked.map(|asked| std::mem::take(&mut asked.tickets));
        for ticket in tickets.unwrap_or_default() {
            let local = Ok(local);
            reports.push(Report::Reached { ticket, local });
        }
        reports
    }

    fn closed(&self, flow: FlowId, remote: SocketAddr, why: &Closed) -> Vec<Report> {
        let was_open = self.open.borrow_mut().remove(&flow).is_some();
        let why = Why {
            text: why.to_string(),
            code: peers::code(why),
        };
        let (targets, tickets) = match self.asked.borrow_mut().remove(&flow) {
            Some(asked) => (asked.targets, asked.tickets),
            None => (vec![Target::new(Transport::Tcp, remote)], Vec::new()),
        };
        let closed = Report::Closed {
            flow,
            why: why.text.clone(),
            targets: targets.iter().filter(|_| was_open).copied().collect(),
        };
        let unreached = tickets.into_iter().map(|ticket| Report::Reached {
            ticket,
            local: Err(why.clone()),
        });
        let refused = targets.into_iter().map(|target| Report::Refused {
            target,
            why: why.clone(),
        });
        std::iter::once(closed)
            .chain(unreached)
            .chain(refused)
            .collect()
    }

    /// The connection to `target`: one that stands and leads to whom is meant, or a new one.
    fn reach(&self, target: Target, peer: Option<&Arc<Peer>>) -> Result<FlowId, Why> {
        let in_words = |why: Error| Why::from(why.to_string());
        let standing = peer.and_then(|peer| self.leads_to(target, peer));
        let flow = match (standing, target.transport.is_secure(), peer) {
            (Some(flow), ..) => flow,
            (None, false, _) => {
                let flow = self.tcp.borrow_mut().connect(target.addr);
                FlowId(flow.map_err(in_words)?.0)
            }
            (None, true, Some(peer)) => {
                let client = self.peers.borrow_mut().client(peer)?;
                let flow = self.tcp.borrow_mut().connect_by(&client, target.addr);
                FlowId(flow.map_err(in_words)?.0)
            }
            (None, true, None) => {
                let why = "nobody is known who would have to be there";
                return Err(Why::from(why.to_owned()));
            }
        };
        let mut asked = self.asked.borrow_mut();
        let asked = asked.entry(flow).or_insert_with(|| Asked {
            targets: Vec::new(),
            peer: peer.cloned(),
            tickets: Vec::new(),
        });
        if !asked.targets.contains(&target) && asked.targets.len() < TARGETS {
            asked.targets.push(target);
        }
        Ok(flow)
    }

    /// A connection over TLS that stands, whatever name it was made for.
    fn leads_to(&self, target: Target, peer: &Peer) -> Option<FlowId> {
        let (open, tcp) = (self.open.borrow(), self.tcp.borrow());
        let fits = |(flow, one): &(&FlowId, &Opened)| {
            one.is_for(target, peer) && tcp.takes(net::FlowId(flow.0))
        };
        open.iter().find(fits).map(|(flow, _)| *flow)
    }

    /// Writes to `flow` while it is there, else to a connection that leads to `target`.
    pub(super) fn send(
        &self,
        flow: Option<FlowId>,
        (target, peer): (Target, Option<&Arc<Peer>>),
        bytes: Bytes,
    ) -> Result<(), Why> {
        let is_there = |flow: &FlowId| self.tcp.borrow().peer(net::FlowId(flow.0)).is_some();
        let flow = match flow.filter(is_there) {
            Some(flow) => flow,
            None => self.reach(target, peer)?,
        };
        let sent = self.tcp.borrow_mut().send(net::FlowId(flow.0), bytes);
        sent.map_err(|why| Why::from(why.to_string()))
    }

    /// Opens a connection for whoever asks how `target` is reached; the answer, where it is known already.
    pub(super) fn find(
        &self,
        ticket: u64,
        target: Target,
        peer: Option<&Arc<Peer>>,
    ) -> Option<Report> {
        let local = match self.reach(target, peer) {
            Ok(flow) => match self.open.borrow().get(&flow) {
                Some(opened) => Ok(opened.local),
                None => {
                    let mut asked = self.asked.borrow_mut();
                    asked.get_mut(&flow)?.tickets.push(ticket);
                    return None;
                }
            },
            Err(why) => Err(why),
        };
        Some(Report::Reached { ticket, local })
    }

    /// A whole message came.
    pub(super) fn message_complete(&self, flow: FlowId) {
        self.tcp.borrow_mut().message_complete(net::FlowId(flow.0));
    }

    pub(super) fn close(&self, flow: FlowId) {
        // Closing what is gone already is what was wanted.
        let _ = self.tcp.borrow_mut().close(net::FlowId(flow.0));
    }
}
