//! The signalling sockets of a host: carries out what link asks, tells link what came.

mod streams;

use crate::error::Error;
use crate::names;
use crate::tasks::Tasks;
use crate::wiring::Wiring;
use core::net::{IpAddr, SocketAddr};
use net::dns::Resolver;
use net::tcp::TcpSettings;
use net::udp::{Datagram, UdpFlow, UdpOptions};
use net::{Dscp, FlowIds, TcpFlows};
use ports::network::{Do, Report};
use ports::{Post, link};
use sip::{FlowId, Target, Transport};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::Rc;
use streams::Streams;
use tokio::sync::Notify;
use tokio::task::yield_now;

/// Where and how to listen.
#[derive(Debug, Clone)]
pub struct Listen {
    /// What to speak there.
    pub transport: Transport,
    /// Port 0 lets the system choose.
    pub address: SocketAddr,
}

/// How long a stream waits before it tries again to be heard. Unit: time.
const BREATHER: std::time::Duration = std::time::Duration::from_millis(2);

/// Sockets that one engine signals through. Lives on the engine's arbiter.
pub(crate) struct Network {
    udp: Vec<RefCell<UdpFlow>>,
    streams: Streams,
    tcp_listeners: Vec<(FlowId, SocketAddr)>,
    resolver: Rc<Resolver>,
    wiring: Rc<Wiring>,
    tasks: Rc<Tasks>,
    /// Something is in line for the next flush.
    dirty: Notify,
    /// Datagrams that found link's mailbox full, as a network loses them.
    dropped: Cell<u64>,
    /// What the sockets told, of all kinds.
    told: Cell<u64>,
}

impl Network {
    /// Opens every socket. Must be called within the engine's runtime.
    pub(crate) fn open(
        listen: &[Listen],
        dscp: Dscp,
        tcp: TcpSettings,
        resolver: Resolver,
        (wiring, tasks): (Rc<Wiring>, Rc<Tasks>),
    ) -> Result<Rc<Self>, Error> {
        let ids = FlowIds::new();
        let mut streams = TcpFlows::new(ids.clone(), TcpSettings { dscp, ..tcp });
        let (mut udp, mut tcp_listeners) = (Vec::new(), Vec::new());
        for Listen { transport, address } in listen {
            match transport {
                Transport::Udp => {
                    let options = UdpOptions {
                        dscp,
                        ..UdpOptions::new(*address)
                    };
                    udp.push(RefCell::new(UdpFlow::bind(ids.next_id(), &options)?));
                }
                Transport::Tcp => {
                    let bound = streams.listen(*address)?;
                    tcp_listeners.push((FlowId(ids.next_id().0), bound));
                }
                Transport::Tls | Transport::Ws | Transport::Wss => {
                    return Err(Error::Transport(*transport));
                }
            }
        }
        Ok(Rc::new(Self {
            udp,
            streams: Streams::new(streams),
            tcp_listeners,
            resolver: Rc::new(resolver),
            wiring,
            tasks,
            dirty: Notify::new(),
            dropped: Cell::new(0),
            told: Cell::new(0),
        }))
    }

    /// Where each socket really listens.
    pub(crate) fn listening(&self) -> Vec<Listen> {
        let udp = self.udp.iter().map(|socket| Listen {
            transport: Transport::Udp,
            address: socket.borrow().local_address(),
        });
        let tcp = self.tcp_listeners.iter().map(|(_, address)| Listen {
            transport: Transport::Tcp,
            address: *address,
        });
        udp.chain(tcp).collect()
    }

    /// Tells link of every socket and connection; again after link was made anew.
    pub(crate) fn announce(&self) {
        for socket in &self.udp {
            let socket = socket.borrow();
            self.tell(Report::Listening {
                flow: FlowId(socket.id().0),
                transport: Transport::Udp,
                local: socket.local_address(),
            });
        }
        for &(flow, local) in &self.tcp_listeners {
            self.tell(Report::Listening {
                flow,
                transport: Transport::Tcp,
                local,
            });
        }
        for standing in self.streams.standing() {
            self.tell(standing);
        }
    }

    /// Starts reading. Ends with the engine.
    pub(crate) fn run(self: &Rc<Self>) {
        for index in 0..self.udp.len() {
            self.tasks.spawn(Rc::clone(self).read_datagrams(index));
            self.tasks.spawn(Rc::clone(self).read_refusals(index));
        }
        self.tasks.spawn(Rc::clone(self).read_streams());
        self.tasks.spawn(Rc::clone(self).flush_when_dirty());
    }

    async fn read_datagrams(self: Rc<Self>, index: usize) {
        let mut batch = Vec::new();
        let Some(socket) = self.udp.get(index) else {
            return;
        };
        let flow = FlowId(socket.borrow().id().0);
        loop {
            match poll_fn(|cx| socket.borrow_mut().poll_recv(cx, &mut batch)).await {
                Ok(_) => {}
                Err(problem) => {
                    tracing::error!(%problem, "signalling socket is gone");
                    return self.tell(Report::Closed {
                        flow,
                        why: problem.to_string(),
                        targets: Vec::new(),
                    });
                }
            }
            for Datagram {
                source,
                local,
                bytes,
                ..
            } in batch.drain(..)
            {
                self.tell(Report::Datagram {
                    flow,
                    source,
                    local,
                    bytes,
                });
            }
            // Lets link work off the batch before the next one.
            yield_now().await;
        }
    }

    /// What the network could not deliver is tried elsewhere at once (RFC 3261 §18.4, RFC 3263 §4.3).
    async fn read_refusals(self: Rc<Self>, index: usize) {
        let refusals = self.udp.get(index).map(|socket| socket.borrow().refusals());
        let Some(Ok(refusals)) = refusals else {
            return;
        };
        loop {
            match refusals.next().await {
                Ok(found) => found
                    .into_iter()
                    .for_each(|one| self.refused(one.to, &one.source)),
                Err(problem) => return tracing::warn!(%problem, "refused datagrams stay unheard"),
            }
        }
    }

    fn refused(&self, to: SocketAddr, why: &std::io::Error) {
        let target = Target::new(Transport::Udp, to);
        let why = why.to_string().into();
        self.tell(Report::Refused { target, why });
    }

    async fn read_streams(self: Rc<Self>) {
        loop {
            let event = self.streams.next().await;
            for report in self.streams.heard(event) {
                self.tell_surely(report).await;
            }
        }
    }

    /// One flush for all datagrams that one round of the runtime put in line.
    async fn flush_when_dirty(self: Rc<Self>) {
        loop {
            self.dirty.notified().await;
            for socket in &self.udp {
                let failures = socket.borrow_mut().flush();
                for failure in failures {
                    self.refused(failure.to, &failure.source);
                }
            }
        }
    }

    /// Carries out what link asks.
    pub(crate) fn carry_out(self: &Rc<Self>, order: Do) {
        match order {
            Do::SendDatagram {
                flow,
                to,
                from,
                bytes,
            } => {
                let sent = self
                    .socket(flow, to)
                    .map(|s| s.borrow_mut().queue(bytes, to, from));
                let target = Target::new(Transport::Udp, to);
                match sent {
                    Some(Ok(())) => self.dirty.notify_one(),
                    Some(Err(why)) => self.tell(Report::Refused {
                        target,
                        why: why.to_string().into(),
                    }),
                    None => self.tell(Report::Refused {
                        target,
                        why: "no UDP socket".to_owned().into(),
                    }),
                }
            }
            Do::SendStream {
                flow,
                target,
                peer,
                bytes,
            } => {
                let sent = self.streams.send(flow, (target, peer.as_ref()), bytes);
                if let Err(why) = sent {
                    self.tell(Report::Refused { target, why });
                }
            }
            Do::Complete { flow } => self.streams.message_complete(flow),
            Do::Close { flow } => self.streams.close(flow),
            Do::Ask { ticket, kind, name } => {
                let (network, resolver) = (Rc::clone(self), Rc::clone(&self.resolver));
                self.tasks.spawn(async move {
                    let reply = names::ask(&resolver, kind, name).await;
                    network.tell_surely(Report::Answer { ticket, reply }).await;
                });
            }
            Do::FindLocal { ticket, to } => {
                let local = net::interfaces::local_address_for(to).ok();
                self.tell(Report::Local { ticket, local });
            }
            Do::Reach {
                ticket,
                target,
                peer,
            } => {
                if let Some(found) = self.streams.find(ticket, target, peer.as_ref()) {
                    let network = Rc::clone(self);
                    self.tasks
                        .spawn(async move { network.tell_surely(found).await });
                }
            }
        }
    }

    fn socket(&self, flow: Option<FlowId>, to: SocketAddr) -> Option<&RefCell<UdpFlow>> {
        let named = |s: &&RefCell<UdpFlow>| flow == Some(FlowId(s.borrow().id().0));
        self.udp
            .iter()
            .find(named)
            .or_else(|| self.udp.iter().find(|s| reaches(s, to.ip())))
    }

    /// Tells link, and waits while it has too much to do: a stream that lost bytes is of no use, and a
    /// question without its answer hangs.
    async fn tell_surely(&self, report: Report) {
        self.told.set(self.told.get() + 1);
        let mut post = Post::Link(link::Word::Network(report));
        while let Err(lost) = self.wiring.carry(post) {
            post = lost;
            tokio::time::sleep(BREATHER).await;
        }
    }

    /// What the sockets told so far: grows while there is something to do.
    pub(crate) fn told(&self) -> u64 {
        self.told.get()
    }

    fn tell(&self, report: Report) {
        self.told.set(self.told.get() + 1);
        let lost = self.wiring.carry(Post::Link(link::Word::Network(report)));
        if lost.is_err() {
            self.dropped.set(self.dropped.get() + 1);
        }
    }
}

fn reaches(socket: &RefCell<UdpFlow>, to: IpAddr) -> bool {
    let local = socket.borrow().local_address().ip();
    // A socket bound to loopback reaches loopback only.
    local.is_ipv4() == to.is_ipv4() && (!local.is_loopback() || to.is_loopback())
}
