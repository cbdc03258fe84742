//! A tick of 32 legs with real sockets: no call of the allocator, and how much memory a leg holds.

use audio::{Block, Rate};
use base::{Hertz, Instant, PayloadType, Rng};
use media_thread::tap::{TapSlot, tap};
use media_thread::{
    AudioKit, BusId, BusKit, BusPlan, Capacity, Chord, CodecKit, Ears, Events, FilterChain, Given,
    Kit, LegAudio, LegId, LegKit, LegPlan, MediaEngine, Order, Remote, Replaced, Report, Told,
    VoiceKit, VoicePlan,
};
use offhook_alloc::{Counting, bytes_of, calls_of};
use plugin_host::{AudioRequest, Catalogue, DtmfListen, FilterInstance, FilterRequest, Place};
use rtp::latch::Rule;
use rtp::telephone_event::Press;
use std::net::{SocketAddr, UdpSocket};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const LEGS: usize = 32;

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.set_nonblocking(true).expect("a socket");
    socket
}

fn address(socket: &UdpSocket) -> SocketAddr {
    socket.local_addr().expect("bound")
}

/// Four in ten echo, three are silent, two are joined on a bus of another rate and one is apart on it.
fn audio_of(n: usize) -> LegAudio {
    match n % 10 {
        0 | 2 | 4 | 6 => LegAudio::Echo,
        8 | 9 => LegAudio::Bus(BusId(1)),
        7 => LegAudio::Apart(BusId(1)),
        _ => LegAudio::Silence,
    }
}

fn leg(
    n: usize,
    catalogue: &Catalogue,
    sockets: (UdpSocket, UdpSocket),
    remote: Remote,
) -> Kit<UdpSocket> {
    let event = PayloadType::new(101).expect("below 128");
    let voice = VoicePlan {
        send: PayloadType::PCMU,
        receive: PayloadType::PCMU,
        clock_rate: Hertz(8_000),
        packet_ms: 20,
        events: Some(Events {
            send: event,
            receive: event,
        }),
    };
    let mut plan = LegPlan::new(LegId(n as u64), voice, "someone");
    plan.audio = audio_of(n);
    plan.remote = Some(remote);
    let handle = catalogue.codec("PCMU", Hertz(8_000)).expect("built in");
    let codec = handle.open("", "").expect("opens");
    let kit = VoiceKit::new(&voice, codec, Rate::Hz16000).expect("8 kHz, one channel");
    let audio = AudioKit::bus(Rate::Hz8000, Rate::Hz16000);
    let mut rng = Rng::from_number(n as u64);
    let kit = LegKit::new(&plan, kit, audio, sockets.0, Some(sockets.1), &mut rng);
    Kit::Leg(Box::new(kit))
}

fn remote_of((rtp, rtcp): &(UdpSocket, UdpSocket)) -> Remote {
    Remote {
        rtp: address(rtp),
        rtcp: address(rtcp),
        rule: Rule {
            enabled: true,
            other_hosts: false,
        },
    }
}

fn ears(catalogue: &Catalogue) -> Ears {
    let request = DtmfListen {
        sample_rate_hz: 8_000,
        options: "",
    };
    let method = catalogue.dtmf("audio").expect("built in");
    let listener = method.open(&request).expect("8 kHz");
    Ears::new(listener, Rate::Hz8000)
}

fn filter(catalogue: &Catalogue, place: Place, rate: Rate) -> FilterInstance {
    let request = FilterRequest {
        place,
        sample_rate_hz: rate.hertz(),
        options: r#"{"gain_db":3}"#,
    };
    let gain = catalogue.filter("filter-gain").expect("built in");
    gain.open(&request).expect("it is allowed")
}

/// Other instances of the codec, one for each leg.
fn replacements() -> Vec<Given<UdpSocket>> {
    let mut catalogue = Catalogue::new("test", "0");
    catalogue
        .add_built_in(&codec_g711::ENTRY)
        .expect("built in");
    let handle = catalogue.codec("PCMU", Hertz(8_000)).expect("built in");
    let given = |n: u64| {
        let codec = handle.open("", "").expect("opens");
        let kit = CodecKit::new(codec).expect("8 kHz, one channel");
        Given {
            order: Order::ReplaceCodec {
                leg: LegId(n),
                watch_ms: 200,
            },
            kit: Kit::Codec(Box::new(kit)),
        }
    };
    (0..LEGS as u64).map(given).collect()
}

/// Key 5 as tones, −9 and −7 dBm0.
const CHORD: Chord = Chord {
    event: 5,
    ms: 80,
    centihertz: [77_000, 133_600],
    centibels: [-1_214, -1_014],
};

/// All orders of the beginning, and how many bytes a leg holds.
fn orders() -> (Vec<Given<UdpSocket>>, i64) {
    let mut catalogue = Catalogue::new("test", "0");
    catalogue
        .add_built_in(&codec_g711::ENTRY)
        .expect("built in");
    catalogue
        .add_built_in(&dtmf_inband::ENTRY)
        .expect("built in");
    for entry in [&audio_null::ENTRY, &filter_gain::ENTRY] {
        catalogue.add_built_in(entry).expect("built in");
    }
    let sockets: Vec<_> = (0..LEGS).map(|_| (socket(), socket())).collect();
    let remotes: Vec<_> = sockets.iter().map(remote_of).collect();
    let (bytes, kits) = bytes_of(|| {
        let kits = sockets.into_iter().enumerate();
        kits.map(|(n, s)| leg(n, &catalogue, s, remotes[n ^ 1]))
            .collect::<Vec<_>>()
    });
    let bus = BusId(1);
    let rate = Rate::Hz16000;
    let request = AudioRequest::new(Hertz(rate.hertz()));
    let device = catalogue.audio("audio-null").expect("built in");
    let device = device.open(&request).expect("it is always there");
    let kit = BusKit::new(&BusPlan { bus, rate }, Some(device)).expect("at the bus's rate");
    let filters = |place| FilterChain::new(vec![filter(&catalogue, place, rate)]);
    let kit = kit.with_filters(filters(Place::Microphone), filters(Place::Speaker));
    let add_bus = Given {
        order: Order::AddBus { bus },
        kit: Kit::Bus(Box::new(kit)),
    };
    let legs = kits.into_iter().enumerate().map(|(n, kit)| Given {
        order: Order::AddLeg {
            leg: LegId(n as u64),
        },
        kit,
    });
    // Every second leg listens for keys in what its peer says.
    let ears = (0..LEGS as u64).step_by(2).map(|n| Given {
        order: Order::Listen { leg: LegId(n) },
        kit: Kit::Ears(Box::new(ears(&catalogue))),
    });
    let orders = core::iter::once(add_bus).chain(legs).chain(ears).collect();
    (orders, bytes / LEGS as i64)
}

/// The first leg goes to a recorder, where there is a ring.
fn recorded(slot: Option<Box<TapSlot>>) -> Given<UdpSocket> {
    let order = Order::SetTap { leg: LegId(0) };
    let kit = slot.map_or(Kit::Nothing, Kit::Tap);
    Given { order, kit }
}

/// Keys were heard, and every codec changed places.
fn check_told(kept: &[Told<UdpSocket>]) {
    assert!(kept.len() > 4_000, "{} reports", kept.len());
    let replaced = kept.iter().filter(|told| {
        let became = Replaced::Kept;
        matches!(told, Told::Report(Report::CodecReplaced { became: b, .. }) if *b == became)
    });
    assert_eq!(replaced.count(), LEGS);
    let heard = |report: &&Told<UdpSocket>| {
        matches!(report, Told::Report(Report::ToneKey { key: '5', .. }))
    };
    assert!(
        kept.iter().filter(heard).count() >= 3,
        "keys heard in audio"
    );
}

#[test]
fn a_tick_does_not_allocate_and_a_leg_is_small() {
    let mut net = net::MediaSockets::new(2 * LEGS as u32).expect("a poller");
    let mut engine = MediaEngine::new(Capacity::for_legs(LEGS), 0);
    let (orders, each) = orders();
    println!("a PCMU leg holds {each} bytes");
    assert!(each <= 32_768, "{each} bytes a leg");
    // One leg is recorded; nobody empties the ring, so that it runs over too.
    let (slot, mut tapped) = tap(Rate::Hz8000);
    let mut slot = Some(Box::new(slot));
    let mut kept = Vec::with_capacity(100_000);
    let mut codecs = replacements();
    let calls = calls_of(|| {
        let mut now = Instant::from_millis(1_000);
        for order in orders {
            engine.order(order, now, &mut net);
        }
        for n in 0..1_500_u64 {
            now += base::Duration::from_millis(10);
            if n % 40 == 30
                && let Some(given) = codecs.pop()
            {
                engine.order(given, now, &mut net);
            }
            if n % 100 == 50 {
                let leg = LegId(n / 100);
                let (chord, muted) = (CHORD, n % 200 == 50);
                let press = Press::key('5', 80).expect("on every keypad");
                // An event takes the voice's place, so a tone beside it would not be heard.
                let key = match muted {
                    true => Order::Dial { leg, press },
                    false => Order::Sound { leg, chord },
                };
                engine.order(key.into(), now, &mut net);
                engine.order(Order::Mute { leg, muted }.into(), now, &mut net);
                engine.order(recorded(slot.take()), now, &mut net);
                let paused = Order::PauseTap {
                    leg: LegId(0),
                    paused: muted,
                };
                engine.order(paused.into(), now, &mut net);
            }
            engine.tick(now, &mut net);
            kept.extend(core::iter::from_fn(|| engine.poll_told()));
        }
        for n in 0..LEGS {
            let leg = LegId(n as u64);
            engine.order(Order::RemoveLeg { leg }.into(), now, &mut net);
        }
        kept.extend(core::iter::from_fn(|| engine.poll_told()));
    });
    // The vector of orders is freed inside.
    assert!(calls <= 1, "{calls} calls of the allocator");
    check_told(&kept);
    let (mut said, mut heard) = (Block::silence(Rate::Hz8000), Block::silence(Rate::Hz8000));
    let items = core::iter::from_fn(|| tapped.take(&mut said, &mut heard)).count();
    assert!((700..1_100).contains(&items), "{items} items recorded");
    let counts = net.counts();
    assert!(counts.received > 32 * 700, "{counts:?}");
}
