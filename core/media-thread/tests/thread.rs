//! The real thread with real sockets on loopback.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm)]

mod world;

use audio::Rate;
use base::{PayloadType, Rng};
use offhook_media_thread::priority::permitted;
use offhook_media_thread::run::{MediaThread, Settings};
use offhook_media_thread::*;
use plugin_host::wall_clock;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use world::{codec, voice_plan};

fn socket() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

fn settings() -> Settings {
    Settings {
        capacity: Capacity::for_legs(8),
        orders: 64,
        sweeps: 4,
        priority: Priority::Auto,
        clock: wall_clock,
        ntp_at_zero: 0,
    }
}

fn add(
    thread: &mut MediaThread<UdpSocket>,
    leg: u64,
    sockets: (UdpSocket, UdpSocket),
    peer: (SocketAddr, SocketAddr),
    audio: LegAudio,
) {
    let voice = voice_plan(PayloadType::PCMU, 20);
    let mut plan = LegPlan::new(LegId(leg), voice, "someone");
    plan.remote = Some(world::remote(peer.0, peer.1));
    plan.audio = audio;
    let kit = VoiceKit::new(&voice, codec("PCMU"), Rate::Hz8000).unwrap();
    let mut rng = Rng::from_number(leg);
    let kit = LegKit::new(
        &plan,
        kit,
        AudioKit::none(),
        sockets.0,
        Some(sockets.1),
        &mut rng,
    );
    let given = Given {
        order: Order::AddLeg { leg: LegId(leg) },
        kit: Kit::Leg(Box::new(kit)),
    };
    assert!(thread.order(given).is_ok());
}

#[test]
fn two_legs_talk_over_real_sockets_at_the_right_pace() {
    let net = net::MediaSockets::new(16).unwrap();
    let mut thread = MediaThread::start("media-test", settings(), net).unwrap();
    let pairs: Vec<_> = (0..2).map(|_| (socket(), socket())).collect();
    let addresses: Vec<_> = pairs.iter().map(|(a, b)| (a.1, b.1)).collect();
    for (n, (rtp, rtcp)) in pairs.into_iter().enumerate() {
        let audio = [LegAudio::Echo, LegAudio::Silence][n];
        add(
            &mut thread,
            n as u64,
            (rtp.0, rtcp.0),
            addresses[1 - n],
            audio,
        );
    }
    let began = Instant::now();
    let (mut counts, mut ticks) = ([Counts::default(); 2], 0);
    while began.elapsed() < Duration::from_millis(3_050) {
        while let Some(told) = thread.poll_told() {
            if let Told::Report(report) = told {
                match report {
                    Report::Counts { leg, counts: c, .. } => counts[leg.0 as usize] = c,
                    Report::Thread { ticks: t, .. } => ticks = t,
                    _ => {}
                }
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(ticks >= 200, "{ticks}");
    for counts in counts {
        assert!((140..=155).contains(&counts.sent), "{counts:?}");
        assert!(counts.received + 3 >= counts.sent, "{counts:?}");
        assert_eq!(counts.lost, 0, "{counts:?}");
    }
    assert!(thread.is_running());
}

#[test]
fn a_thread_without_legs_sleeps_and_stops_at_once() {
    let net = net::MediaSockets::new(4).unwrap();
    let thread = MediaThread::start("media-idle", settings(), net).unwrap();
    std::thread::sleep(Duration::from_millis(50));
    let began = Instant::now();
    drop(thread);
    assert!(began.elapsed() < Duration::from_millis(500));
}

#[test]
fn a_thread_says_what_it_was_granted_and_no_refusal_stops_it() {
    for priority in [
        Priority::Auto,
        Priority::Realtime,
        Priority::High,
        Priority::Normal,
    ] {
        let net = net::MediaSockets::new(4).unwrap();
        let settings = Settings {
            priority,
            ..settings()
        };
        let mut thread = MediaThread::start("media-urgent", settings, net).unwrap();
        assert_eq!(thread.granted(), permitted(priority), "{priority:?}");
        assert_eq!(thread.looker().granted(), thread.granted());
        assert!(thread.is_running());
        assert!(!thread.guard(wall_clock()));
    }
    assert_eq!(permitted(Priority::Normal), Granted::Normal);
    assert_ne!(permitted(Priority::High), Granted::Realtime);
}

/// Sockets whose reading never ends once they hold one: what a plugin that hangs is to the thread.
struct Tar;

/// Whether that was seen.
static SEEN: AtomicBool = AtomicBool::new(false);

impl MediaNet for Tar {
    type Socket = UdpSocket;

    fn add(&mut self, _socket: UdpSocket) -> Option<Flow> {
        let until = Instant::now() + Duration::from_secs(6);
        while Instant::now() < until && !SEEN.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
        None
    }

    fn remove(&mut self, _flow: Flow) -> Option<UdpSocket> {
        None
    }

    fn sweep(&mut self, _each: &mut Taker<'_>) {}

    fn send(&mut self, _flow: Flow, _to: SocketAddr, _datagram: &[u8]) {}

    fn flush(&mut self) {}
}

#[test]
fn audio_timing_a_realtime_thread_that_hangs_is_made_as_every_other() {
    let mut thread = MediaThread::start("media-hangs", settings(), Tar).unwrap();
    let granted = thread.granted();
    let pair = (socket(), socket());
    let peer = (pair.0.1, pair.1.1);
    add(&mut thread, 1, (pair.0.0, pair.1.0), peer, LegAudio::Echo);
    let until = Instant::now() + Duration::from_secs(5);
    let mut withdrawn = false;
    while Instant::now() < until && !withdrawn {
        withdrawn = thread.guard(wall_clock());
        std::thread::sleep(Duration::from_millis(20));
    }
    SEEN.store(true, Ordering::Relaxed);
    assert_eq!(withdrawn, granted == Granted::Realtime);
    if withdrawn {
        assert_eq!(thread.granted(), Granted::Withdrawn);
    }
}
