//! Fifty PCMU calls that send back what they hear, and the delay of a click through one.

use crate::caller::{Call, Caller};
use crate::process::{Process, daemon, free_address};
use crate::table::{Figure, Goal, Table, quantile};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

const CALLS: usize = 50;
/// Unit: s.
const MEASURED: u64 = 10;
const PACKET: Duration = Duration::from_millis(20);
/// Clicks sent through each of several calls, one after the other.
const CLICKS: usize = 6;
const CLICK_CALLS: usize = 8;
/// Samples in a packet; RTP header before them.
const SAMPLES: usize = 160;
const HEADER: usize = 12;
/// µ-law silence, and the loudest sample there is.
const SILENCE: u8 = 0xff;
const LOUD: u8 = 0x00;

/// One stream of packets and what came back of it.
struct Stream {
    socket: UdpSocket,
    peer: SocketAddr,
    next: Instant,
    sequence: u16,
    sent: u64,
    /// When each packet came back, from the start of the stream. Unit: ms.
    arrivals: Vec<(u16, f64)>,
    began: Instant,
    click: bool,
    /// Samples until a click came back, with its time.
    heard: Option<(Instant, usize)>,
}

impl Stream {
    fn new() -> Result<Self, String> {
        let socket = UdpSocket::bind("127.0.0.1:0").map_err(|why| why.to_string())?;
        socket
            .set_nonblocking(true)
            .map_err(|why| why.to_string())?;
        let now = Instant::now();
        Ok(Self {
            peer: SocketAddr::from(([127, 0, 0, 1], 9)),
            socket,
            next: now,
            sequence: 0,
            sent: 0,
            arrivals: Vec::new(),
            began: now,
            click: false,
            heard: None,
        })
    }

    fn port(&self) -> u16 {
        self.socket.local_addr().map_or(0, |address| address.port())
    }

    fn send_if_due(&mut self, now: Instant) {
        while self.next <= now {
            let mut packet = [SILENCE; HEADER + SAMPLES];
            packet[..2].copy_from_slice(&[0x80, 0]);
            packet[2..4].copy_from_slice(&self.sequence.to_be_bytes());
            let timestamp = u32::from(self.sequence) * SAMPLES as u32;
            packet[4..8].copy_from_slice(&timestamp.to_be_bytes());
            packet[8..12].copy_from_slice(&u32::from(self.port()).to_be_bytes());
            if std::mem::take(&mut self.click) {
                packet[HEADER..HEADER + 8].fill(LOUD);
            }
            // A lost packet shows in the count of arrivals.
            let _ = self.socket.send_to(&packet, self.peer);
            self.sequence = self.sequence.wrapping_add(1);
            self.sent += 1;
            self.next += PACKET;
        }
    }

    fn take(&mut self) {
        let mut packet = [0; 2048];
        while let Ok(len) = self.socket.recv(&mut packet) {
            let now = Instant::now();
            let Some(sound) = packet.get(HEADER..len) else {
                continue;
            };
            if self.heard.is_none() {
                let loud = sound.iter().position(|sample| sample & 0x7f < 0x30);
                self.heard = loud.map(|at| (now, at));
            }
            let sequence = u16::from_be_bytes([packet[2], packet[3]]);
            let at = now.duration_since(self.began).as_secs_f64() * 1000.0;
            self.arrivals.push((sequence, at));
        }
    }

    /// Packets that came more than 20 ms after they were due, by the middle of all of them.
    fn late(&self) -> (usize, usize) {
        let Some(&(first, _)) = self.arrivals.first() else {
            return (0, 0);
        };
        let offsets = self.arrivals.iter().map(|(sequence, at)| {
            let number = sequence.wrapping_sub(first);
            at - f64::from(number) * PACKET.as_secs_f64() * 1000.0
        });
        let offsets: Vec<f64> = offsets.collect();
        let middle = quantile(&mut offsets.clone(), 0.5);
        let late = offsets.iter().filter(|offset| **offset - middle > 20.0);
        (late.count(), offsets.len())
    }
}

/// Sends and receives until `until`, or until `enough` says so.
fn run(streams: &mut [Stream], until: Instant, enough: impl Fn(&[Stream]) -> bool) {
    while Instant::now() < until && !enough(streams) {
        for stream in &mut *streams {
            stream.send_if_due(Instant::now());
            stream.take();
        }
        std::thread::sleep(Duration::from_micros(500));
    }
}

fn never(_: &[Stream]) -> bool {
    false
}

pub(crate) fn figures(program: &Path, table: &mut Table) -> Result<(), String> {
    let this = std::env::current_exe().map_err(|why| why.to_string())?;
    let address = free_address()?;
    let echo = Process::start(this, ["floor", "echo", &address])?;
    std::thread::sleep(Duration::from_millis(200));
    let mut plain = streams(CALLS)?;
    for stream in &mut plain {
        stream.peer = address.parse().map_err(|_| "no address".to_owned())?;
    }
    let theirs = measure(&echo, &mut plain);
    drop(echo);

    let address = free_address()?;
    let process = Process::start(program, daemon(&address, "echo"))?;
    let mut caller = Caller::new(&address)?;
    caller.wait_for_server()?;
    // One call first: what the first one alone costs is no cost of a call.
    let _ = looped(&mut caller, 1, |streams| {
        run(streams, Instant::now() + Duration::from_millis(500), never);
    })?;
    let before = process.resident();
    let (mut ours, mut during) = (0.0, 0.0);
    let gone = looped(&mut caller, CALLS, |streams| {
        ours = measure(&process, streams);
        during = process.resident();
    })?;
    let calls = CALLS as f64;
    table.add(
        Figure::new(
            format!("{CALLS} PCMU calls looped: of a core per call"),
            ours / calls,
            "%",
        )
        .goal(Goal::AtMost(0.17))
        .beside("plain echo, a wake-up per packet", theirs / calls),
    );
    table.add(
        Figure::new("the same: memory per call", (during - before) / calls, "kB")
            .goal(Goal::AtMost(96.0))
            .note(format!("{:.1} MB in all", during / 1000.0)),
    );
    late(table, &gone, &plain);
    clicks(&mut caller, table)
}

fn late(table: &mut Table, ours: &[Stream], plain: &[Stream]) {
    let count = |streams: &[Stream]| {
        let each = streams.iter().map(Stream::late);
        each.fold((0, 0), |(a, b), (c, d)| (a + c, b + d))
    };
    let sent = |streams: &[Stream]| streams.iter().map(|stream| stream.sent).sum::<u64>();
    let ((late, came), (theirs, their)) = (count(ours), count(plain));
    table.add(
        Figure::new("the same: packets later than 20 ms", late as f64, "")
            .goal(Goal::AtMost(theirs as f64))
            .beside("plain echo", theirs as f64)
            .note(format!(
                "of {} sent {came} came back, of the echo's {} {their}",
                sent(ours),
                sent(plain)
            )),
    );
}

/// Streams whose packets are spread evenly over 20 ms.
fn streams(count: usize) -> Result<Vec<Stream>, String> {
    let mut all = Vec::new();
    for number in 0..count {
        let mut stream = Stream::new()?;
        stream.next += PACKET * number as u32 / count as u32;
        all.push(stream);
    }
    Ok(all)
}

/// Processor time of `process` while `streams` run. Unit: percent of a core.
fn measure(process: &Process, streams: &mut [Stream]) -> f64 {
    run(streams, Instant::now() + Duration::from_secs(2), never);
    let (before, began) = (process.cpu(), Instant::now());
    run(streams, began + Duration::from_secs(MEASURED), never);
    (process.cpu() - before) / began.elapsed().as_secs_f64() * 100.0
}

/// Calls, does `work` with the streams of the calls, and hangs up.
fn looped(
    caller: &mut Caller,
    count: usize,
    work: impl FnOnce(&mut [Stream]),
) -> Result<Vec<Stream>, String> {
    let mut all = streams(count)?;
    let mut calls: Vec<Call> = Vec::new();
    for stream in &mut all {
        let call = caller.call(stream.port())?;
        stream.peer = call.media;
        calls.push(call);
    }
    let now = Instant::now();
    for (number, stream) in all.iter_mut().enumerate() {
        stream.next = now + PACKET * number as u32 / count as u32;
    }
    work(&mut all);
    for call in &calls {
        caller.hang_up(call)?;
    }
    Ok(all)
}

fn clicks(caller: &mut Caller, table: &mut Table) -> Result<(), String> {
    let mut delays = Vec::new();
    for call in 0..CLICK_CALLS {
        // Each call meets the ticks of the other side at another moment.
        std::thread::sleep(Duration::from_micros(1_300 * call as u64));
        looped(caller, 1, |streams| {
            run(streams, Instant::now() + Duration::from_secs(1), never);
            for _ in 0..CLICKS {
                delays.extend(click(streams));
            }
        })?;
    }
    let (p50, p95) = (quantile(&mut delays, 0.5), quantile(&mut delays, 0.95));
    let (came, all) = (delays.len(), CLICKS * CLICK_CALLS);
    if came == 0 {
        return Err(format!("none of {all} clicks came back"));
    }
    table.add(
        Figure::new("delay of a click, p50", p50, "ms")
            .goal(Goal::AtMost(30.0))
            .note(format!("p95 {p95:.1} ms, {came} of {all} came back")),
    );
    Ok(())
}

/// From sending a click until it is heard. Unit: ms.
fn click(streams: &mut [Stream]) -> Option<f64> {
    run(streams, Instant::now() + Duration::from_millis(200), never);
    let stream = streams.first_mut()?;
    stream.heard = None;
    stream.click = true;
    let sent = stream.next;
    let done = |streams: &[Stream]| streams.iter().all(|stream| stream.heard.is_some());
    run(streams, Instant::now() + Duration::from_millis(400), done);
    let (at, sample) = streams.first()?.heard?;
    // A sample that stands later in its packet is played later.
    Some(at.duration_since(sent).as_secs_f64() * 1000.0 + sample as f64 / 8.0)
}
