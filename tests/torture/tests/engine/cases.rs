//! The 5,376 generated cases over UDP, each followed by a valid OPTIONS.

use crate::peer;
use crate::rig::{PATIENCE, Rig};
use std::collections::BTreeMap;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};
use torture::{CASES, Case, Class, cases};

/// Responses go here even where a case spoils `rport`: RFC 3261 §18.2.2 sends them to Via's port.
const OURS: ([u8; 4], u16) = ([127, 44, 75, 1], 5060);
/// Cases that may wait for their OPTIONS at once.
const IN_FLIGHT: usize = 8;
/// Cases between two times that all calls are ended.
const BATCH: usize = 256;
/// How long a valid OPTIONS may wait for its answer.
const PROMPT: Duration = Duration::from_millis(200);
/// Tries of a case whose OPTIONS was answered late: was it the case, or a busy machine?
const TRIES: usize = 4;
/// Most that IPv4 carries in one UDP datagram. Unit: bytes.
const DATAGRAM: usize = 65_507;
/// What the engine may hold on to once all calls are over. Unit: bytes.
const GROWTH: u64 = 64 * 1024 * 1024;

/// What came back for one case.
#[derive(Default)]
struct Heard {
    statuses: Vec<u16>,
    options: Option<Duration>,
}

struct Bench {
    rig: Rig,
    socket: UdpSocket,
    local: SocketAddr,
    heard: BTreeMap<usize, Heard>,
    waiting: BTreeMap<usize, Instant>,
}

impl Bench {
    fn new() -> Self {
        let rig = Rig::start("monitor");
        let socket = UdpSocket::bind(SocketAddr::from(OURS)).unwrap();
        socket.connect(rig.udp).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self {
            local: socket.local_addr().unwrap(),
            rig,
            socket,
            heard: BTreeMap::new(),
            waiting: BTreeMap::new(),
        }
    }

    fn send(&self, bytes: &[u8]) {
        let until = Instant::now() + PATIENCE;
        while let Err(why) = self.socket.send(bytes) {
            assert!(Instant::now() < until, "{why}");
            std::thread::yield_now();
        }
    }

    /// Sends a case as number `n`, and the OPTIONS after it.
    fn fire(&mut self, n: usize, case: &Case) {
        let bytes = marked(&case.bytes, n);
        if bytes.len() <= DATAGRAM {
            self.send(&bytes);
        } else {
            assert_eq!(case.class, Class::Dropped, "{}", case.name);
        }
        self.waiting.insert(n, Instant::now());
        self.send(&peer::request(
            "OPTIONS",
            "UDP",
            self.local,
            &format!("o{}", mark(n)),
        ));
    }

    /// Takes in what has come, and acknowledges what was refused.
    fn listen(&mut self) {
        let mut buffer = vec![0; 65_536];
        let mut came = false;
        while let Ok(size) = self.socket.recv(&mut buffer) {
            came = true;
            let now = Instant::now();
            let Some(response) = peer::response(&buffer[..size]) else {
                panic!("no response: {}", String::from_utf8_lossy(&buffer[..size]));
            };
            let Some((n, is_options)) = number(&buffer[..size]) else {
                continue;
            };
            let heard = self.heard.entry(n).or_default();
            if is_options {
                assert_eq!(response.status().code(), 200);
                if let Some(sent) = self.waiting.remove(&n) {
                    heard.options = Some(now - sent);
                }
                continue;
            }
            heard.statuses.push(response.status().code());
            if let Some(ack) = peer::ack(&response) {
                self.send(&ack);
            }
        }
        if !came {
            std::thread::sleep(Duration::from_micros(100));
        }
    }

    /// Listens until no more than `most` cases wait for their OPTIONS.
    fn settle(&mut self, most: usize) {
        let until = Instant::now() + PATIENCE;
        while self.waiting.len() > most {
            self.listen();
            assert!(Instant::now() < until, "unanswered: {:?}", self.waiting);
        }
    }

    /// Listens for a while.
    fn linger(&mut self, wait: Duration) {
        let until = Instant::now() + wait;
        while Instant::now() < until {
            self.listen();
        }
    }

    /// Ends all calls and takes in what that says to the peers.
    fn hang_up(&mut self) {
        self.rig.hang_up_all();
        self.linger(Duration::from_millis(20));
    }
}

fn mark(n: usize) -> String {
    format!("Q{n}Q")
}

/// The case with a branch, a Call-ID and a tag of its own, as far as they are not what is spoiled:
/// otherwise all cases would be resends of one request.
fn marked(bytes: &[u8], n: usize) -> Vec<u8> {
    let mark = mark(n);
    let mut text = bytes.to_vec();
    for usual in [
        "branch=z9hG4bK1;",
        "branch=z9hG4bK2\r",
        "Call-ID: a84b4c76\r",
        ";tag=1928;",
    ] {
        let found = text
            .windows(usual.len())
            .position(|at| at == usual.as_bytes());
        if let Some(at) = found {
            let end = at + usual.len() - 1;
            text.splice(end..end, mark.bytes());
        }
    }
    text
}

/// Which case a message is about, and whether it answers the OPTIONS after it.
fn number(bytes: &[u8]) -> Option<(usize, bool)> {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split('Q');
    let before = parts.next()?;
    let n = parts.find_map(|part| part.parse().ok())?;
    Some((n, before.ends_with("z9hG4bKo")))
}

/// Whether a class lets a call be refused all the same: nobody can use the session description, or
/// what is left of it, or no request could be routed in its dialog.
fn may_be_refused(case: &Case) -> bool {
    let starts = ["sdp-", "content-length/", "record-route/"];
    starts.iter().any(|start| case.name.starts_with(start))
}

/// Whether what was heard is what the class allows.
fn fits(class: Class, refusable: bool, statuses: &[u16]) -> bool {
    let finals = statuses.iter().copied().filter(|&status| status >= 200);
    match class {
        Class::Either => true,
        Class::Dropped => statuses.is_empty(),
        Class::Refused(code) => !statuses.is_empty() && statuses.iter().all(|&s| s == code),
        Class::Accepted if refusable && !statuses.contains(&180) => {
            !statuses.is_empty()
                && finals
                    .into_iter()
                    .all(|s| [400, 413, 415, 488].contains(&s))
        }
        // It rang, and was refused when all calls were ended.
        Class::Accepted => statuses.contains(&180) && finals.into_iter().all(|s| s == 603),
    }
}

fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0) * 4096
}

#[test]
fn every_case_is_survived_and_a_valid_request_after_each_is_answered() {
    let all: Vec<Case> = cases().collect();
    let mut bench = Bench::new();
    let (began, before) = (Instant::now(), resident());
    for (batch, some) in all.chunks(BATCH).enumerate() {
        for (at, case) in some.iter().enumerate() {
            bench.settle(IN_FLIGHT - 1);
            bench.fire(batch * BATCH + at, case);
        }
        bench.settle(0);
        bench.hang_up();
    }
    bench.linger(Duration::from_millis(300));
    assert_eq!(bench.heard.len(), CASES);
    let wrong: Vec<String> = all
        .iter()
        .enumerate()
        .filter(|(n, case)| !fits(case.class, may_be_refused(case), &bench.heard[n].statuses))
        .map(|(n, case)| {
            format!(
                "{}: {:?}, not {:?}",
                case.name, bench.heard[&n].statuses, case.class
            )
        })
        .collect();
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    let late = late_ones(&bench);
    eprintln!(
        "{CASES} cases in {:.1} s; {} OPTIONS late at first; {} MiB more than before",
        began.elapsed().as_secs_f64(),
        late.len(),
        resident().saturating_sub(before) >> 20,
    );
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
    for n in late {
        assert!(
            again(&mut bench, n, &all[n]),
            "{}: OPTIONS late each time",
            all[n].name
        );
    }
    assert!(resident().saturating_sub(before) < GROWTH);
    assert_eq!(bench.rig.calls(), 0);
    an_ordinary_call_still_works(&bench);
}

fn late_ones(bench: &Bench) -> Vec<usize> {
    let late = |heard: &Heard| heard.options.is_none_or(|took| took > PROMPT);
    let all = bench.heard.iter();
    all.filter(|(_, heard)| late(heard))
        .map(|(n, _)| *n)
        .collect()
}

/// Fires a case alone; whether its OPTIONS is answered in time at least once.
fn again(bench: &mut Bench, n: usize, case: &Case) -> bool {
    (1..=TRIES).any(|attempt| {
        let number = n + attempt * 100_000;
        bench.fire(number, case);
        bench.settle(0);
        bench.hang_up();
        bench.heard[&number]
            .options
            .is_some_and(|took| took <= PROMPT)
    })
}

/// A new peer calls, hears it ring, and is refused by a person.
fn an_ordinary_call_still_works(bench: &Bench) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let local = socket.local_addr().unwrap();
    let mut buffer = vec![0; 65_536];
    let mut hear = |until: u16| loop {
        let size = socket.recv(&mut buffer).expect("an answer comes");
        let response = peer::response(&buffer[..size]).unwrap();
        if response.status().code() == until {
            return response;
        }
    };
    let invite = peer::request("INVITE", "UDP", local, "ordinary");
    socket.send_to(&invite, bench.rig.udp).unwrap();
    hear(180);
    assert_eq!(bench.rig.calls(), 1);
    bench.rig.hang_up_all();
    let refused = hear(603);
    let ack = peer::ack(&refused).expect("it is to our INVITE");
    socket.send_to(&ack, bench.rig.udp).unwrap();
    assert_eq!(bench.rig.calls(), 0);
}
