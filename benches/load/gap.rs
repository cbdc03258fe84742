//! How evenly 50 calls send: the time between two packets of one call, less the 20 ms it should be.
//!
//! The system's own stamps of arrival are read, and on loopback a packet arrives within the call that
//! sends it: what is measured is the sender, not when anybody here woke up.

use crate::caller::{Call, Caller};
use crate::process::{Process, daemon, free_address};
use crate::table::{Figure, Goal, Table, quantile};
use net::{MediaSockets, Slot};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

const CALLS: usize = 50;
const PACKET: Duration = Duration::from_millis(20);
/// The system keeps what comes meanwhile, with its stamps.
const READ: Duration = Duration::from_millis(5);
/// Before it is measured.
pub(crate) const SETTLES: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(12);
/// Programs that only use the processor, one on each core.
const BUSY: usize = 2;
/// What is told of the gaps.
const PARTS: [(f64, &str); 4] = [(0.5, "p50"), (0.99, "p99"), (0.999, "p99.9"), (1.0, "most")];

/// Sockets that are sent to, and when they were.
pub(crate) struct Ears {
    sockets: MediaSockets,
    slots: Vec<Slot>,
    ports: Vec<u16>,
    /// For each, when its last packet came and when the next is sent.
    last: Vec<Option<Instant>>,
    /// How far each gap is from 20 ms. Unit: ms.
    off: Vec<f64>,
}

impl Ears {
    /// For so many calls.
    pub(crate) fn new(calls: usize) -> Result<Self, String> {
        let why = |why: std::io::Error| why.to_string();
        let mut ears = Self {
            sockets: MediaSockets::new(calls as u32).map_err(|why| why.to_string())?,
            slots: Vec::new(),
            ports: Vec::new(),
            last: vec![None; calls],
            off: Vec::new(),
        };
        for _ in 0..calls {
            let socket = UdpSocket::bind("127.0.0.1:0").map_err(why)?;
            socket.set_nonblocking(true).map_err(why)?;
            ears.ports.push(socket.local_addr().map_err(why)?.port());
            let slot = ears.sockets.add(socket).map_err(|why| why.to_string())?;
            ears.slots.push(slot);
        }
        Ok(ears)
    }

    fn listen(&mut self, counted: bool) {
        let now = Instant::now();
        let Self { last, off, .. } = self;
        // A readiness question that failed is asked again in a moment.
        let _ = self.sockets.sweep(|slot, _, waited, _| {
            let came = now.checked_sub(waited).unwrap_or(now);
            let before = last[slot.0 as usize].replace(came);
            if let Some(before) = before.filter(|_| counted) {
                let gap = came.duration_since(before).as_secs_f64();
                off.push((gap - PACKET.as_secs_f64()).abs() * 1000.0);
            }
        });
    }

    /// Sends a packet of silence to each peer every 20 ms, and listens.
    pub(crate) fn run(&mut self, peers: &[SocketAddr]) {
        let began = Instant::now();
        let mut packet = [0xff; 172];
        packet[..2].copy_from_slice(&[0x80, 0]);
        let (mut number, mut next) = (0_u32, began);
        while began.elapsed() < SETTLES + MEASURED {
            while next <= Instant::now() {
                packet[2..4].copy_from_slice(&(number as u16).to_be_bytes());
                packet[4..8].copy_from_slice(&(number * 160).to_be_bytes());
                for (slot, peer) in self.slots.iter().zip(peers) {
                    packet[8..12].copy_from_slice(&slot.0.to_be_bytes());
                    // What finds no room is lost, and nobody here counts what comes back.
                    let _ = self.sockets.queue(*slot, *peer, &packet);
                }
                self.sockets.flush();
                number += 1;
                next += PACKET;
            }
            self.listen(began.elapsed() > SETTLES);
            std::thread::sleep(READ);
        }
    }

    /// Where each call's sound is to go.
    pub(crate) fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// How far every gap is from 20 ms. Unit: ms.
    pub(crate) fn into_off(self) -> Vec<f64> {
        self.off
    }

    /// How far the gaps are from 20 ms at each of [`PARTS`]. Unit: ms.
    fn off(mut self) -> [f64; 4] {
        PARTS.map(|(part, _)| quantile(&mut self.off, part))
    }
}

pub(crate) fn figures(program: &Path, table: &mut Table) -> Result<(), String> {
    for (busy, name) in [(0, "alone"), (BUSY, "beside 2 busy programs")] {
        let this = std::env::current_exe().map_err(|why| why.to_string())?;
        let hogs: Vec<Process> = (0..busy)
            .map(|core| Process::start_on(core, &this, ["floor", "busy"]))
            .collect::<Result<_, _>>()?;
        let theirs = plain()?;
        let ours = calls(program)?;
        drop(hogs);
        for (((_, part), ours), theirs) in PARTS.into_iter().zip(ours).zip(theirs) {
            let what = format!("{CALLS} calls' gap off 20 ms, {part}, {name}");
            let goal = match part {
                "p99" => Goal::AtMost(0.15),
                "p99.9" => Goal::AtMost(0.5),
                _ => Goal::Open,
            };
            let figure = Figure::new(what, ours, "ms").goal(goal);
            table.add(figure.beside("plain paced sender", theirs));
        }
    }
    Ok(())
}

/// A thread that sleeps until each packet is due, without anything else to do.
fn plain() -> Result<[f64; 4], String> {
    let this = std::env::current_exe().map_err(|why| why.to_string())?;
    let mut ears = Ears::new(CALLS)?;
    let mut args = vec!["floor".to_owned(), "pace".to_owned()];
    args.extend(ears.ports.iter().map(u16::to_string));
    let process = Process::start(this, args)?;
    ears.run(&[]);
    drop(process);
    Ok(ears.off())
}

fn calls(program: &Path) -> Result<[f64; 4], String> {
    let address = free_address()?;
    let process = Process::start(program, daemon(&address, "echo"))?;
    let mut caller = Caller::new(&address)?;
    caller.wait_for_server()?;
    let mut ears = Ears::new(CALLS)?;
    let calls: Vec<Call> = ears
        .ports
        .clone()
        .into_iter()
        .map(|port| caller.call(port))
        .collect::<Result<_, _>>()?;
    let peers: Vec<SocketAddr> = calls.iter().map(|call| call.media).collect();
    ears.run(&peers);
    for call in &calls {
        caller.hang_up(call)?;
    }
    drop(process);
    Ok(ears.off())
}
