//! 10,000 NOTIFYs for 500 lamps while a call sends and receives sound.
//!
//! The server is here: it takes the subscriptions and then tells of one state after the other, so many at a time. What
//! is timed is from the first NOTIFY to the last answer; and how evenly the call sends meanwhile.

use crate::caller::Caller;
use crate::gap::Ears;
use crate::process::{Process, free_address};
use crate::table::{Figure, Goal, Table, quantile};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

const LAMPS: usize = 500;
const NOTIFIES: usize = 10_000;
/// NOTIFYs without an answer at once: what a busy server has on its way.
const WINDOW: usize = 64;
/// So long without an answer, and what has none is sent again: loopback loses where a queue is full.
const LOST: Duration = Duration::from_millis(500);
/// For all subscriptions: the daemon sends one every 10 ms.
const SUBSCRIBING: Duration = Duration::from_secs(30);
/// A gap of the call that is heard: a packet is missing when it is played.
const UNDERRUN_MS: f64 = 20.0;

/// One subscription, as the server knows it.
struct Watch {
    /// Request-URI of its NOTIFYs.
    target: String,
    /// From and To of them.
    from: String,
    to: String,
    call_id: String,
    cseq: u32,
    version: u32,
}

struct Server {
    socket: UdpSocket,
    address: SocketAddr,
    phone: Option<SocketAddr>,
    watches: Vec<Watch>,
    known: BTreeMap<String, usize>,
}

/// What the burst took.
struct Burst {
    all: Duration,
    /// From each NOTIFY to its answer. Unit: ms.
    each: Vec<f64>,
    again: usize,
}

impl Server {
    fn new() -> Result<Self, String> {
        let why = |why: std::io::Error| why.to_string();
        let socket = UdpSocket::bind("127.0.0.1:0").map_err(why)?;
        let wait = Some(Duration::from_millis(20));
        socket.set_read_timeout(wait).map_err(why)?;
        Ok(Self {
            address: socket.local_addr().map_err(why)?,
            socket,
            phone: None,
            watches: Vec::new(),
            known: BTreeMap::new(),
        })
    }

    fn take(&self) -> Option<(String, SocketAddr)> {
        let mut buffer = [0; 65_536];
        let (len, from) = self.socket.recv_from(&mut buffer).ok()?;
        let text = String::from_utf8_lossy(buffer.get(..len).unwrap_or_default()).into_owned();
        Some((text, from))
    }

    /// Answers REGISTER and SUBSCRIBE until there are so many subscriptions.
    fn subscribed(&mut self, lamps: usize) -> Result<(), String> {
        let until = Instant::now() + SUBSCRIBING;
        while self.watches.len() < lamps {
            if Instant::now() > until {
                let came = self.watches.len();
                return Err(format!("{came} subscriptions of {lamps} came"));
            }
            let Some((text, from)) = self.take() else {
                continue;
            };
            self.answer(&text, from);
            self.phone = Some(from);
        }
        Ok(())
    }

    fn answer(&mut self, request: &str, from: SocketAddr) {
        if request.starts_with("SIP/2.0") {
            return;
        }
        let mut answer = "SIP/2.0 200 OK\r\n".to_owned();
        for line in request.split("\r\n") {
            let kept = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
            if kept.iter().any(|name| line.starts_with(name)) {
                answer.push_str(line);
                if line.starts_with("To:") && !line.contains("tag=") {
                    answer.push_str(";tag=server");
                }
                answer.push_str("\r\n");
            }
        }
        let contact = match request.starts_with("REGISTER") {
            true => header(request, "Contact").map(|uri| format!("{uri};expires=3600")),
            false => Some(format!("<sip:server@{}>", self.address)),
        };
        let contact = contact.unwrap_or_default();
        let rest = format!("Contact: {contact}\r\nExpires: 3600\r\nContent-Length: 0\r\n\r\n");
        // What is lost is sent again by who asked.
        let _ = self.socket.send_to((answer + &rest).as_bytes(), from);
        if request.starts_with("SUBSCRIBE") {
            self.watched(request);
        }
    }

    fn watched(&mut self, request: &str) {
        let (Some(call_id), Some(from), Some(to), Some(contact)) = (
            header(request, "Call-ID"),
            header(request, "From"),
            header(request, "To"),
            header(request, "Contact"),
        ) else {
            return;
        };
        if self.known.contains_key(call_id) {
            return;
        }
        self.known.insert(call_id.to_owned(), self.watches.len());
        let inside = |text: &str| {
            let uri = text
                .split_once('<')
                .and_then(|(_, rest)| rest.split_once('>'));
            uri.map_or(text, |(uri, _)| uri).to_owned()
        };
        let mine = match to.contains("tag=") {
            true => to.to_owned(),
            false => format!("{to};tag=server"),
        };
        self.watches.push(Watch {
            target: inside(contact),
            from: mine,
            to: from.to_owned(),
            call_id: call_id.to_owned(),
            cseq: 0,
            version: 0,
        });
        let last = self.watches.len() - 1;
        self.notify(last);
    }

    /// One more state of a lamp; says by which CSeq and Call-ID its answer is known.
    fn notify(&mut self, lamp: usize) -> Option<(String, String)> {
        let address = self.address;
        let watch = self.watches.get_mut(lamp)?;
        watch.cseq += 1;
        let busy = watch.cseq.is_multiple_of(2);
        let state = if busy { "confirmed" } else { "terminated" };
        let body = format!(
            "<?xml version=\"1.0\"?><dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"{}\" \
             state=\"full\" entity=\"sip:{lamp}@{address}\"><dialog id=\"1\"><state>{state}</state></dialog>\
             </dialog-info>",
            watch.version
        );
        watch.version += 1;
        let Watch {
            target,
            from,
            to,
            call_id,
            cseq,
            ..
        } = watch;
        let mut text = format!("NOTIFY {target} SIP/2.0\r\n");
        let len = body.len();
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "Via: SIP/2.0/UDP {address};branch=z9hG4bK{lamp}x{cseq};rport\r\nMax-Forwards: 70\r\n\
             From: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} NOTIFY\r\n\
             Contact: <sip:server@{address}>\r\nEvent: dialog\r\nSubscription-State: active;expires=3600\r\n\
             Content-Type: application/dialog-info+xml\r\nContent-Length: {len}\r\n\r\n{body}"
        );
        let key = format!("{call_id} {cseq}");
        let phone = self.phone?;
        let _ = self.socket.send_to(text.as_bytes(), phone);
        Some((key, text))
    }

    /// Tells of [`NOTIFIES`] states, lamp after lamp.
    fn burst(&mut self) -> Result<Burst, String> {
        let began = Instant::now();
        let mut open: BTreeMap<String, (Instant, String)> = BTreeMap::new();
        let (mut sent, mut again) = (0, 0);
        let mut each = Vec::with_capacity(NOTIFIES);
        let mut heard = Instant::now();
        while each.len() < NOTIFIES {
            while sent < NOTIFIES && open.len() < WINDOW {
                let told = self.notify(sent % LAMPS);
                let (key, text) = told.ok_or("a lamp that nobody watches")?;
                open.insert(key, (Instant::now(), text));
                sent += 1;
            }
            if let Some((text, from)) = self.take() {
                let key = || {
                    let cseq = header(&text, "CSeq")?.split(' ').next()?;
                    Some(format!("{} {cseq}", header(&text, "Call-ID")?))
                };
                let answered = text.starts_with("SIP/2.0 200").then(key).flatten();
                match answered.and_then(|key| open.remove(&key)) {
                    Some((sent, _)) => {
                        each.push(sent.elapsed().as_secs_f64() * 1000.0);
                        heard = Instant::now();
                    }
                    None => self.answer(&text, from),
                }
            }
            if heard.elapsed() > 20 * LOST {
                return Err(format!(
                    "{} of {NOTIFIES} NOTIFYs were answered",
                    each.len()
                ));
            }
            for (at, text) in open.values_mut().filter(|(at, _)| at.elapsed() > LOST) {
                (*at, again) = (Instant::now(), again + 1);
                let _ = self
                    .phone
                    .map(|phone| self.socket.send_to(text.as_bytes(), phone));
            }
        }
        Ok(Burst {
            all: began.elapsed(),
            each,
            again,
        })
    }
}

fn header<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = text.split("\r\n");
    lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

pub(crate) fn figures(program: &Path, table: &mut Table) -> Result<(), String> {
    let mut server = Server::new()?;
    let address = free_address()?;
    let folder = std::env::temp_dir().join(format!("offhook-lamps-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(|why| why.to_string())?;
    let ran = run(program, &mut server, &address, &folder);
    // What is left of it is the system's to clear.
    let _ = std::fs::remove_dir_all(&folder);
    let (alone, beside, mut burst) = ran?;
    let seconds = burst.all.as_secs_f64();
    let note = format!(
        "each: p50 {:.2} ms, p99 {:.2} ms; {} sent again",
        quantile(&mut burst.each, 0.5),
        quantile(&mut burst.each, 0.99),
        burst.again
    );
    let what = format!("{NOTIFIES} NOTIFYs for {LAMPS} lamps beside a call");
    table.add(
        Figure::new(what, seconds, "s")
            .goal(Goal::AtMost(3.0))
            .note(note),
    );
    let heard = |off: &[f64]| off.iter().filter(|off| **off >= UNDERRUN_MS).count() as f64;
    table.add(
        Figure::new(
            "packets of that call 20 ms late or more",
            heard(&beside),
            "",
        )
        .goal(Goal::AtMost(0.0))
        .beside("the same call before", heard(&alone)),
    );
    let (mut alone, mut beside) = (alone, beside);
    for (part, name) in [(0.99, "p99"), (1.0, "most")] {
        let what = format!("that call's gap off 20 ms, {name}");
        let figure = Figure::new(what, quantile(&mut beside, part), "ms");
        table.add(figure.beside("the same call before", quantile(&mut alone, part)));
    }
    Ok(())
}

/// How far the call's packets are off, alone and beside the burst, and the burst.
type Ran = (Vec<f64>, Vec<f64>, Burst);

fn run(program: &Path, server: &mut Server, address: &str, folder: &Path) -> Result<Ran, String> {
    let settings = folder.join("settings.toml");
    let lamps: Vec<String> = (0..LAMPS)
        .map(|lamp| format!("\"{}\"", 1_000 + lamp))
        .collect();
    let text = format!(
        "[sip]\nlisten = [\"udp:{address}\"]\n[media]\ncodecs = [\"PCMU\"]\n[incoming]\naccept = \"echo\"\n\
         [control]\nsocket = \"{}\"\n\
         [accounts.bench]\nuser = \"bench\"\ndomain = \"{}\"\npassword_env = \"LOAD_PASSWORD\"\n\
         udp_from_unknown = true\nblf = [{}]\n",
        folder.join("control.sock").display(),
        server.address,
        lamps.join(", ")
    );
    std::fs::write(&settings, text).map_err(|why| why.to_string())?;
    let settings = settings.to_string_lossy().into_owned();
    let process = Process::start(program, ["--settings", &settings, "--log", "error"])?;
    server.subscribed(LAMPS)?;
    let mut caller = Caller::new(address)?;
    caller.wait_for_server()?;
    let mut off = Vec::new();
    let mut burst = None;
    for beside in [false, true] {
        let mut ears = Ears::new(1)?;
        let port = ears.ports().first().copied().unwrap_or(0);
        let call = caller.call(port)?;
        std::thread::scope(|scope| {
            let burst = &mut burst;
            let server = &mut *server;
            let told = scope.spawn(move || {
                std::thread::sleep(crate::gap::SETTLES);
                if beside {
                    *burst = Some(server.burst());
                }
            });
            ears.run(&[call.media]);
            told.join().map_err(|_| "the server panicked".to_owned())
        })?;
        caller.hang_up(&call)?;
        off.push(ears.into_off());
    }
    drop(process);
    let burst = burst.ok_or("no burst")??;
    let beside = off.pop().unwrap_or_default();
    Ok((off.pop().unwrap_or_default(), beside, burst))
}
