//! The media thread of a phone: the real media engine, ticked in virtual time over simulated sockets.

use super::mail::Mail;
use crate::net::NodeId;
use crate::space::Space;
use base::{Duration, Instant};
use bytes::Bytes;
use engine::voice::legs::{Ground, Pair};
use engine::voice::writer::{Job, Writer};
use media_thread::order::Given;
use media_thread::report::Told;
use media_thread::{Capacity, Flow, MediaEngine, MediaNet, Taker};
use ports::media::{Impairment, Word};
use ports::recorder;
use ports::voice::{LegId, Report};
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

/// NTP time of [`Instant::ZERO`]: 2026-01-01. Unit: 2^-32 s.
const NTP_AT_ZERO: u64 = 3_976_214_400 << 32;
/// First port for RTP; RTCP has the next one.
const FIRST_PORT: u16 = 16_384;
/// Datagrams that wait in sockets without a leg, as a system keeps them. Unit: datagrams.
const WAITING: usize = 256;

/// A bound media socket; closed when dropped.
pub(crate) struct Socket {
    address: SocketAddr,
    node: NodeId,
    space: Rc<RefCell<Space>>,
}

impl core::fmt::Debug for Socket {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}", self.address)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.space.borrow_mut().unbind(self.node, self.address);
    }
}

/// The sockets that the media engine was given.
struct Flows {
    slots: Vec<Option<Socket>>,
    by_address: BTreeMap<SocketAddr, Flow>,
    waiting: VecDeque<(SocketAddr, SocketAddr, Bytes)>,
    space: Rc<RefCell<Space>>,
    node: NodeId,
    sent: u64,
    heard: u64,
}

impl MediaNet for Flows {
    type Socket = Socket;

    fn add(&mut self, socket: Socket) -> Option<Flow> {
        let free = self.slots.iter().position(Option::is_none);
        let at = free.unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        let flow = Flow(u32::try_from(at).ok()?);
        self.by_address.insert(socket.address, flow);
        self.slots[at] = Some(socket);
        Some(flow)
    }

    fn remove(&mut self, flow: Flow) -> Option<Socket> {
        let socket = self.slots.get_mut(flow.0 as usize)?.take()?;
        self.by_address.remove(&socket.address);
        Some(socket)
    }

    fn sweep(&mut self, each: &mut Taker<'_>) {
        for _ in 0..self.waiting.len() {
            let Some((local, source, bytes)) = self.waiting.pop_front() else {
                return;
            };
            match self.by_address.get(&local) {
                Some(&flow) => each(flow, source, Duration::ZERO, &mut bytes.to_vec()),
                None => self.waiting.push_back((local, source, bytes)),
            }
        }
    }

    fn send(&mut self, flow: Flow, to: SocketAddr, datagram: &[u8]) {
        if let Some(Some(socket)) = self.slots.get(flow.0 as usize) {
            self.sent += 1;
            let bytes = Bytes::copy_from_slice(datagram);
            let mut space = self.space.borrow_mut();
            // What no way leads to is lost, as on a real socket.
            let _ = space.send(self.node, socket.address, to, bytes);
        }
    }

    fn flush(&mut self) {}
}

/// One media engine and everything under it.
pub(crate) struct Deck {
    engine: MediaEngine<Socket>,
    flows: Flows,
    orders: VecDeque<Given<Socket>>,
    next_port: u16,
    mail: Mail,
    writer: Writer,
    now: Instant,
}

impl Deck {
    pub(crate) fn new(legs: usize, node: NodeId, space: Rc<RefCell<Space>>, mail: Mail) -> Self {
        Self {
            engine: MediaEngine::new(Capacity::for_legs(legs), NTP_AT_ZERO),
            flows: Flows {
                slots: Vec::new(),
                by_address: BTreeMap::new(),
                waiting: VecDeque::new(),
                space,
                node,
                sent: 0,
                heard: 0,
            },
            orders: VecDeque::new(),
            next_port: FIRST_PORT,
            mail,
            writer: Writer::default(),
            now: Instant::ZERO,
        }
    }

    /// A datagram came to a media port.
    pub(crate) fn datagram(
        &mut self,
        local: SocketAddr,
        source: SocketAddr,
        bytes: Bytes,
        now: Instant,
    ) {
        self.flows.heard += 1;
        if self.flows.waiting.len() >= WAITING {
            self.flows.waiting.pop_front();
        }
        self.flows.waiting.push_back((local, source, bytes));
        self.engine.sweep(now, &mut self.flows);
    }

    /// 10 ms: orders, then everything else.
    pub(crate) fn tick(&mut self, now: Instant) {
        while self.engine.takes_orders() {
            let Some(given) = self.orders.pop_front() else {
                break;
            };
            self.engine.order(given, now, &mut self.flows);
        }
        self.engine.tick(now, &mut self.flows);
        self.now = now;
        self.writer.work(now);
    }

    /// Datagrams sent and heard on media ports.
    pub(crate) fn datagrams(&self) -> (u64, u64) {
        (self.flows.sent, self.flows.heard)
    }

    /// Sockets that media holds.
    pub(crate) fn sockets(&self) -> usize {
        self.flows.by_address.len()
    }

    fn bind(&mut self, local: IpAddr, port: u16) -> Option<(Socket, u16)> {
        let wanted = SocketAddr::new(local, port);
        let mut space = self.flows.space.borrow_mut();
        let address = space.bind(self.flows.node, wanted).ok()?;
        drop(space);
        let socket = Socket {
            address,
            node: self.flows.node,
            space: Rc::clone(&self.flows.space),
        };
        Some((socket, port))
    }
}

impl Ground for Deck {
    type Socket = Socket;

    fn open(&mut self, local: IpAddr) -> Result<Pair<Socket>, String> {
        for _ in 0..1_000 {
            let port = self.next_port;
            self.next_port = if port >= 32_766 { FIRST_PORT } else { port + 2 };
            let pair = (self.bind(local, port), self.bind(local, port + 1));
            if let (Some(rtp), Some(rtcp)) = pair {
                return Ok(Pair { rtp, rtcp });
            }
        }
        Err(format!("no port for media is free at {local}"))
    }

    fn impair(&mut self, socket: Socket, _by: &Impairment, _leg: LegId) -> Socket {
        // The links of the world do that.
        socket
    }

    fn threads(&self) -> usize {
        1
    }

    fn give(&mut self, _thread: usize, given: Given<Socket>) -> Result<(), String> {
        self.orders.push_back(given);
        Ok(())
    }

    fn poll(&mut self, _thread: usize) -> Option<Told<Socket>> {
        self.engine.poll_told()
    }

    fn tell(&mut self, report: Report) {
        // A full mailbox loses counts, as in a host.
        let _ = self.mail.put(Word::Voice(report).into());
    }

    fn write(&mut self, job: Job) -> Result<(), String> {
        self.writer.take(job, self.now);
        Ok(())
    }

    fn written(&mut self) -> Option<recorder::Told> {
        self.writer.poll()
    }

    fn tell_recorder(&mut self, told: recorder::Told) {
        let _ = self.mail.put(recorder::Word::Told(told).into());
    }
}
