//! The real sockets and media threads that legs stand on.

use super::Thread;
use super::impair::{Line, Rough};
use super::legs::{Ground, Pair};
use crate::wiring::Wiring;
use core::net::IpAddr;
use media_thread::order::Given;
use media_thread::report::Told;
use net::{Dscp, RtpPorts};
use ports::media::{Impairment, Word};
use ports::voice::{LegId, Report};
use std::net::UdpSocket;
use std::rc::Rc;

/// Ports and threads of one host.
pub(super) struct Host {
    ports: RtpPorts,
    dscp: Dscp,
    threads: Vec<Thread>,
    wiring: Rc<Wiring>,
}

impl Host {
    pub(super) fn new(
        ports: RtpPorts,
        dscp: Dscp,
        threads: Vec<Thread>,
        wiring: Rc<Wiring>,
    ) -> Self {
        Self {
            ports,
            dscp,
            threads,
            wiring,
        }
    }
}

impl Ground for Host {
    type Socket = Line<UdpSocket>;

    fn open(&mut self, local: IpAddr) -> Result<Pair<Line<UdpSocket>>, String> {
        let opened = self.ports.open(local, self.dscp);
        let pair = opened.map_err(|why| why.to_string())?;
        let bound = pair.rtcp.local_addr().map(|addr| addr.port());
        let rtcp = bound.unwrap_or(pair.port.wrapping_add(1));
        Ok(Pair {
            rtp: (Line::clean(pair.rtp), pair.port),
            rtcp: (Line::clean(pair.rtcp), rtcp),
        })
    }

    fn impair(&mut self, socket: Line<UdpSocket>, by: &Impairment, leg: LegId) -> Line<UdpSocket> {
        socket.through(Rough::new(by, leg.0))
    }

    fn threads(&self) -> usize {
        self.threads.len()
    }

    fn give(&mut self, thread: usize, given: Given<Line<UdpSocket>>) -> Result<(), String> {
        let thread = self.threads.get_mut(thread);
        let thread = thread.ok_or("there is no media thread")?;
        thread.order(given).map_err(|full| full.1.to_string())
    }

    fn poll(&mut self, thread: usize) -> Option<Told<Line<UdpSocket>>> {
        self.threads.get_mut(thread)?.poll_told()
    }

    fn tell(&mut self, report: Report) {
        // A full mailbox loses counts; states are asked for again by whoever misses them.
        let _ = self.wiring.carry(Word::Voice(report).into());
    }
}
