//! What a tick asks of the system while legs with every bundled codec, and with an isolated one, talk to each other:
//! datagrams, and for the isolated codec sleep and wake-up. Any other system call ends the process. It
//! also calls no allocator.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use audio::Rate;
use base::{Hertz, Instant, PayloadType, Rng};
use media_thread::{
    AudioKit, Capacity, Given, Kit, LegAudio, LegId, LegKit, LegPlan, MediaEngine, Order, Remote,
    VoiceKit, VoicePlan,
};
use offhook_alloc::{Counting, calls_of, trap};
use offhook_isolation::{catalogue, faulty, program};
use plugin_host::{Catalogue, CodecFormat};
use rtp::latch::Rule;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Command, Output};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Datagrams, in batches and alone, what is ready, time where it is no plain memory, and the rings of isolated plugins.
const ALLOWED: &[libc::c_long] = &[
    libc::SYS_recvmmsg,
    libc::SYS_recvmsg,
    libc::SYS_sendmmsg,
    libc::SYS_sendto,
    libc::SYS_epoll_wait,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_clock_gettime,
    libc::SYS_futex,
];

/// Says to a process of this test what it is to do.
const TRAPPED: &str = "OFFHOOK_TRAPPED";
const TICKS: u64 = 400;

fn again(test: &str, what: &str) -> Output {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(TRAPPED, what)
        .output()
        .unwrap()
}

#[test]
fn the_trap_names_what_is_not_allowed() {
    if std::env::var_os(TRAPPED).is_some() {
        trap::only(ALLOWED).unwrap();
        let _ = rustix::process::getppid();
        trap::end(0);
    }
    let output = again("the_trap_names_what_is_not_allowed", "getppid");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(99), "{said}");
    let number = format!("system call {:04} is not", libc::SYS_getppid);
    assert!(said.contains(&number), "{said}");
}

#[test]
fn a_tick_with_every_bundled_codec_and_an_isolated_one_makes_only_these_calls() {
    if let Some(paths) = std::env::var_os(TRAPPED) {
        let paths: Vec<_> = std::env::split_paths(&paths).collect();
        tick(&paths[0], &paths[1]);
    }
    let paths = std::env::join_paths([program(), faulty("codec")]).unwrap();
    let test = "a_tick_with_every_bundled_codec_and_an_isolated_one_makes_only_these_calls";
    let output = again(test, paths.to_str().unwrap());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
}

/// In a process of its own, which it ends.
fn tick(program: &Path, library: &Path) -> ! {
    let mut catalogue = catalogue(program, library);
    for entry in [
        &codec_g722::ENTRY,
        &codec_gsm::ENTRY,
        &codec_ilbc::ENTRY,
        &codec_opus::ENTRY,
    ] {
        catalogue.add_built_in(entry).unwrap();
    }
    let formats: Vec<_> = catalogue.formats().filter(|f| f.channels == 1).collect();
    let names: Vec<_> = formats.iter().map(|f| f.name.as_str()).collect();
    for name in [
        "PCMU", "PCMA", "G722", "GSM", "iLBC", "L16", "opus", "X-FAULTY",
    ] {
        assert!(names.contains(&name), "{name} is none of {names:?}");
    }
    let mut net = net::MediaSockets::new(4 * formats.len() as u32).unwrap();
    let mut engine = MediaEngine::new(Capacity::for_legs(2 * formats.len()), 0);
    let mut now = Instant::from_millis(1_000);
    for (n, format) in formats.iter().enumerate() {
        for given in pair(n as u64, &catalogue, format) {
            engine.order(given, now, &mut net);
        }
    }
    let wanted = formats.len() as u64 * TICKS / 4;
    trap::only(ALLOWED).unwrap();
    let calls = calls_of(|| {
        for _ in 0..TICKS {
            now += base::Duration::from_millis(10);
            engine.tick(now, &mut net);
            while engine.poll_told().is_some() {}
        }
    });
    let received = net.counts().received;
    if calls > 0 || received < wanted {
        eprintln!("{calls} calls of the allocator, {received} of {wanted} packets");
        trap::end(1);
    }
    trap::end(0)
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

/// Two legs, of which the first says nothing aloud and the second says it again.
fn pair(n: u64, catalogue: &Catalogue, format: &CodecFormat) -> [Given<UdpSocket>; 2] {
    let sockets = [(socket(), socket()), (socket(), socket())];
    let addresses: Vec<(SocketAddr, SocketAddr)> = sockets
        .iter()
        .map(|(rtp, rtcp)| (rtp.local_addr().unwrap(), rtcp.local_addr().unwrap()))
        .collect();
    let kind = PayloadType::new(96).unwrap();
    let voice = VoicePlan {
        send: kind,
        receive: kind,
        clock_rate: Hertz(format.clock_rate_hz),
        packet_ms: format.packet_time_ms,
        events: None,
    };
    let mut side = 0;
    sockets.map(|(rtp, rtcp)| {
        let leg = LegId(2 * n + side);
        let mut plan = LegPlan::new(leg, voice, "trapped");
        plan.audio = match side {
            0 => LegAudio::Silence,
            _ => LegAudio::Echo,
        };
        let (to_rtp, to_rtcp) = addresses[1 - side as usize];
        side += 1;
        plan.remote = Some(Remote {
            rtp: to_rtp,
            rtcp: to_rtcp,
            rule: Rule {
                enabled: true,
                other_hosts: false,
            },
        });
        let codec = catalogue.codec(&format.name, Hertz(format.clock_rate_hz));
        let codec = codec.unwrap().open("", "").unwrap();
        let kit = VoiceKit::new(&voice, codec, Rate::Hz16000).unwrap();
        let mut rng = Rng::from_number(leg.0);
        let kit = LegKit::new(&plan, kit, AudioKit::none(), rtp, Some(rtcp), &mut rng);
        Given {
            order: Order::AddLeg { leg },
            kit: Kit::Leg(Box::new(kit)),
        }
    })
}
