//! What a tick of the media engine costs: pairs of PCMU legs, one echoing what the other says,
//! without sockets and with real ones on loopback; and legs at 16 kHz that are in one conference, beside as many
//! that are not. Unit: time for one tick (10 ms) of all legs.

use audio::Rate;
use base::{Duration, Hertz, Instant, PayloadType, Rng};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use media_thread::{
    AudioKit, BusId, BusKit, BusPlan, Capacity, Flow, Given, Kit, LegAudio, LegId, LegKit, LegPlan,
    MediaEngine, MediaNet, Order, Remote, Taker, VoiceKit, VoicePlan,
};
use plugin_host::Catalogue;
use rtp::latch::Rule;
use std::net::{SocketAddr, UdpSocket};

/// Datagrams that are only moved: what was sent in one tick arrives in the next.
#[derive(Default)]
struct Loop {
    addresses: Vec<SocketAddr>,
    line: Vec<(Flow, SocketAddr, Vec<u8>)>,
    spare: Vec<Vec<u8>>,
}

impl MediaNet for Loop {
    type Socket = SocketAddr;

    fn add(&mut self, socket: SocketAddr) -> Option<Flow> {
        self.addresses.push(socket);
        Some(Flow(self.addresses.len() as u32 - 1))
    }

    fn remove(&mut self, _flow: Flow) -> Option<SocketAddr> {
        None
    }

    fn sweep(&mut self, each: &mut Taker<'_>) {
        for (flow, from, mut bytes) in self.line.drain(..) {
            each(flow, from, Duration::ZERO, &mut bytes);
            self.spare.push(bytes);
        }
    }

    fn send(&mut self, flow: Flow, to: SocketAddr, datagram: &[u8]) {
        let mut bytes = self.spare.pop().unwrap_or_default();
        bytes.clear();
        bytes.extend_from_slice(datagram);
        // The port of a made-up address is the number of its flow.
        let from = self.addresses[flow.0 as usize];
        self.line.push((Flow(u32::from(to.port())), from, bytes));
    }

    fn flush(&mut self) {}
}

const BUS: BusId = BusId(0);
const BUS_RATE: Rate = Rate::Hz16000;

/// Every second one echoes what the one before says.
const fn in_pairs(n: usize) -> LegAudio {
    match n % 2 {
        0 => LegAudio::Echo,
        _ => LegAudio::Silence,
    }
}

fn add<S>(
    engine: &mut MediaEngine<S>,
    net: &mut impl MediaNet<Socket = S>,
    (n, audio): (usize, LegAudio),
    sockets: (S, S),
    peer: (SocketAddr, SocketAddr),
) {
    let mut catalogue = Catalogue::new("bench", "0");
    catalogue
        .add_built_in(&codec_g711::ENTRY)
        .expect("built in");
    let voice = VoicePlan {
        send: PayloadType::PCMU,
        receive: PayloadType::PCMU,
        clock_rate: Hertz(8_000),
        packet_ms: 20,
        events: None,
    };
    let mut plan = LegPlan::new(LegId(n as u64), voice, "bench");
    plan.audio = audio;
    plan.counts_every_ms = 0;
    plan.remote = Some(Remote {
        rtp: peer.0,
        rtcp: peer.1,
        rule: Rule {
            enabled: true,
            other_hosts: false,
        },
    });
    let handle = catalogue.codec("PCMU", Hertz(8_000)).expect("built in");
    let codec = handle.open("", "").expect("opens");
    let rate = match audio.bus() {
        Some(_) => BUS_RATE,
        None => Rate::Hz8000,
    };
    let kit = VoiceKit::new(&voice, codec, rate).expect("fits");
    let mut rng = Rng::from_number(n as u64);
    let (rtp, rtcp) = sockets;
    let kit = LegKit::new(&plan, kit, AudioKit::none(), rtp, Some(rtcp), &mut rng);
    let given = Given {
        order: Order::AddLeg {
            leg: LegId(n as u64),
        },
        kit: Kit::Leg(Box::new(kit)),
    };
    engine.order(given, Instant::from_millis(1_000), net);
}

fn measure<S>(
    c: &mut Criterion,
    name: &str,
    legs: usize,
    engine: &mut MediaEngine<S>,
    net: &mut impl MediaNet<Socket = S>,
) {
    let mut now = Instant::from_millis(1_000);
    let mut group = c.benchmark_group("media_tick");
    group.throughput(Throughput::Elements(legs as u64));
    group.bench_function(name, |b| {
        b.iter(|| {
            now += Duration::from_millis(10);
            engine.tick(now, net);
            while engine.poll_told().is_some() {}
        });
    });
    group.finish();
}

fn without_sockets(
    c: &mut Criterion,
    (legs, what): (usize, &str),
    audio: impl Fn(usize) -> LegAudio,
) {
    let mut engine = MediaEngine::new(Capacity::for_legs(legs), 0);
    let mut net = Loop::default();
    let plan = BusPlan {
        bus: BUS,
        rate: BUS_RATE,
    };
    let bus = BusKit::new(&plan, None).expect("without a device");
    let given = Given {
        order: Order::AddBus { bus: BUS },
        kit: Kit::Bus(Box::new(bus)),
    };
    engine.order(given, Instant::from_millis(1_000), &mut net);
    let address = |port: usize| SocketAddr::from(([203, 0, 113, 1], port as u16));
    for n in 0..legs {
        let own = (address(2 * n), address(2 * n + 1));
        let peer = n ^ 1;
        let peer = (address(2 * peer), address(2 * peer + 1));
        add(&mut engine, &mut net, (n, audio(n)), own, peer);
    }
    let name = format!("{legs}-legs-{what}");
    measure(c, &name, legs, &mut engine, &mut net);
}

fn with_sockets(c: &mut Criterion, legs: usize) {
    let mut engine = MediaEngine::new(Capacity::for_legs(legs), 0);
    let mut net = net::MediaSockets::new(2 * legs as u32).expect("a poller");
    let socket = || {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        socket.set_nonblocking(true).expect("a socket");
        let address = socket.local_addr().expect("bound");
        (socket, address)
    };
    let sockets: Vec<_> = (0..legs).map(|_| (socket(), socket())).collect();
    let addresses: Vec<_> = sockets.iter().map(|(a, b)| (a.1, b.1)).collect();
    for (n, (rtp, rtcp)) in sockets.into_iter().enumerate() {
        let own = (rtp.0, rtcp.0);
        let peer = addresses[n ^ 1];
        add(&mut engine, &mut net, (n, in_pairs(n)), own, peer);
    }
    let name = format!("{legs}-legs-loopback");
    measure(c, &name, legs, &mut engine, &mut net);
}

fn all(c: &mut Criterion) {
    net::raise_open_files();
    for legs in [2, 32, 100] {
        without_sockets(c, (legs, "no-sockets"), in_pairs);
    }
    for legs in [2, 8, 32] {
        without_sockets(c, (legs, "apart"), |_| LegAudio::Apart(BUS));
        without_sockets(c, (legs, "conference"), |_| LegAudio::Bus(BUS));
    }
    for legs in [2, 32, 100, 1_000] {
        with_sockets(c, legs);
    }
}

criterion_group!(benches, all);
criterion_main!(benches);
