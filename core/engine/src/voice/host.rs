//! The real sockets and media threads that legs stand on.

use super::Thread;
use super::impair::{Line, Rough};
use super::legs::{Ground, Pair};
use super::writer::{Job, WriterThread};
use crate::clock::Clock;
use crate::wiring::Wiring;
use core::net::IpAddr;
use media_thread::order::Given;
use media_thread::report::Told;
use net::{Dscp, RtpPorts};
use ports::media::{Impairment, Word};
use ports::recorder;
use ports::voice::{LegId, Report};
use std::collections::VecDeque;
use std::net::UdpSocket;
use std::rc::Rc;

/// Orders that may wait for one thread. Two for each leg that one thread is ever made for, so that
/// all its calls can end at once. At the limit an order is refused.
const WAITING: usize = 8_192;

/// A media thread and the orders that found its ring full.
struct Lane {
    thread: Thread,
    waiting: VecDeque<Given<Line<UdpSocket>>>,
}

impl Lane {
    /// Hands over what waits, oldest first, as far as there is room.
    fn catch_up(&mut self) {
        while let Some(given) = self.waiting.pop_front() {
            if let Err(full) = self.thread.order(given) {
                return self.waiting.push_front(full.0);
            }
        }
    }

    fn give(&mut self, given: Given<Line<UdpSocket>>) -> Result<(), String> {
        self.catch_up();
        let (given, why) = match self.waiting.is_empty() {
            true => match self.thread.order(given) {
                Ok(()) => return Ok(()),
                Err(full) => (full.0, full.1.to_string()),
            },
            false => (given, "the media thread does not keep up".to_owned()),
        };
        if self.waiting.len() >= WAITING {
            return Err(why);
        }
        self.waiting.push_back(given);
        Ok(())
    }
}

/// Ports and threads of one host.
pub(super) struct Host {
    ports: RtpPorts,
    dscp: Dscp,
    threads: Vec<Lane>,
    wiring: Rc<Wiring>,
    /// After the threads: their legs end first, and their recordings with them.
    writer: WriterThread,
}

impl Host {
    pub(super) fn new(
        ports: RtpPorts,
        dscp: Dscp,
        threads: Vec<Thread>,
        wiring: Rc<Wiring>,
        writer: WriterThread,
    ) -> Self {
        Self {
            ports,
            dscp,
            threads: threads
                .into_iter()
                .map(|thread| Lane {
                    thread,
                    waiting: VecDeque::new(),
                })
                .collect(),
            wiring,
            writer,
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
        thread.give(given)
    }

    fn poll(&mut self, thread: usize) -> Option<Told<Line<UdpSocket>>> {
        let lane = self.threads.get_mut(thread)?;
        lane.catch_up();
        if lane.thread.guard(Clock::read()) {
            tracing::error!(
                thread,
                "media thread hangs; it is no longer before other threads"
            );
        }
        lane.thread.poll_told()
    }

    fn tell(&mut self, report: Report) {
        // A full mailbox loses counts; states are asked for again by whoever misses them.
        let _ = self.wiring.carry(Word::Voice(report).into());
    }

    fn write(&mut self, job: Job) -> Result<(), String> {
        self.writer.give(job)
    }

    fn written(&mut self) -> Option<recorder::Told> {
        self.writer.poll()
    }

    fn tell_recorder(&mut self, told: recorder::Told) {
        // A host without the part records nothing; a full mailbox loses counts.
        let _ = self.wiring.carry(recorder::Word::Told(told).into());
    }
}
