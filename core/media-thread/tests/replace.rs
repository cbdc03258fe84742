//! Builds of a codec that change places in a running call: real libraries, virtual time; and a real thread.
#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    unexpected_cfgs,
    unreachable_pub
)]
#![cfg(target_os = "linux")]

mod world;

use audio::Rate;
use base::{Hertz, PayloadType, Rng};
use offhook_media_thread::run::{MediaThread, Settings};
use offhook_media_thread::*;
use plugin_host::{Catalogue, CodecInstance, Trust, wall_clock};
use rtp::Packet;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::Command;
use world::{World, desk, voice_plan};

const LEG: LegId = LegId(0);
const TYPE: PayloadType = PayloadType::PCMU;

/// Compiles the codec in C of plugin-host's tests: its payload is the samples, and the lowest bit of the first
/// byte is that of the build's number.
fn build(folder: &Path, number: u32, defines: &[&str]) -> PathBuf {
    let file = folder.join(format!("copy-{number}.so"));
    let source = "../plugin-host/tests/common/plugin.c";
    let status = Command::new("cc")
        .args(["-std=gnu11", "-shared", "-fPIC", "-O1", "-I"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/include"))
        .arg(format!("-DBUILD={number}"))
        .args(defines.iter().map(|define| format!("-D{define}")))
        .arg("-o")
        .arg(&file)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(source))
        .status();
    assert!(status.unwrap().success());
    file
}

struct Shop {
    folder: tempfile::TempDir,
    catalogue: Catalogue,
}

fn untimed() -> Catalogue {
    Catalogue::new("test", "1")
}

impl Shop {
    /// Build 0 runs.
    fn new() -> Self {
        Self::with(untimed())
    }

    fn with(mut catalogue: Catalogue) -> Self {
        let folder = tempfile::tempdir().unwrap();
        catalogue.add_file(&build(folder.path(), 0, &[])).unwrap();
        Self { folder, catalogue }
    }

    fn codec(&self) -> CodecInstance {
        let copy = self.catalogue.codec("COPY", Hertz(8_000)).unwrap();
        copy.open("", "").unwrap()
    }

    /// Makes a build the current one, and an order that puts it into the call.
    fn replace<S>(&mut self, file: &Path, watch_ms: u32) -> Given<S> {
        let here = |_: &Path, _: &_| Ok(Trust::InProcess);
        let reloaded = self.catalogue.reload("codec-copy", file, here);
        assert!(reloaded.is_ok());
        put(self.codec(), watch_ms)
    }

    /// A call whose sides both speak COPY, with a desk each.
    fn call(&self, desks: [u64; 2]) -> World {
        let mut world = World::new(7);
        for (side, desk) in [(1, desks[0]), (2, desks[1])] {
            let voice = voice_plan(TYPE, 20);
            let mut plan = LegPlan::new(LEG, voice, "someone");
            plan.audio = LegAudio::Device;
            let kit = VoiceKit::new(&voice, self.codec(), Rate::Hz8000).unwrap();
            let device = world::device(desk, Rate::Hz8000);
            let audio = AudioKit::device(Rate::Hz8000, device).unwrap();
            world.add(side, 0, &plan, kit, audio);
        }
        world
    }
}

fn put<S>(codec: CodecInstance, watch_ms: u32) -> Given<S> {
    Given {
        order: Order::ReplaceCodec { leg: LEG, watch_ms },
        kit: Kit::Codec(Box::new(CodecKit::new(codec).unwrap())),
    }
}

/// Speech-like noise without silence. Every sample is even, so that a build's mark changes none.
fn noise(seconds: usize) -> Vec<i16> {
    let mut rng = Rng::from_number(5);
    let sample = |_| (rng.below(16_000) as i16 - 8_000) & !1 | 0x100;
    (0..seconds * 8_000).map(sample).collect()
}

/// RTP of the voice: sequence, timestamp, which build.
fn voice(sent: &[(u64, Vec<u8>)]) -> Vec<(u16, u32, u8)> {
    let packets = sent.iter().filter_map(|(_, bytes)| {
        let packet = Packet::parse(bytes).ok()?;
        (packet.header.payload_type == TYPE).then(|| {
            let header = packet.header;
            (header.sequence, header.timestamp, packet.payload[0] & 1)
        })
    });
    packets.collect()
}

/// All frames once: sequence by one, timestamp by 160.
fn assert_continuous(packets: &[(u16, u32, u8)]) {
    for pair in packets.windows(2) {
        assert_eq!(pair[1].0, pair[0].0.wrapping_add(1));
        assert_eq!(pair[1].1, pair[0].1.wrapping_add(160));
    }
}

/// Where `said` is heard, and that it is heard from there to the end without a sample lost, doubled or changed.
fn assert_heard_whole(said: &[i16], heard: &[i16]) -> usize {
    let clean = |all: &[i16]| all.iter().map(|s| s & !1).collect::<Vec<_>>();
    let (said, heard) = (clean(said), clean(heard));
    let probe = &said[16_000..16_160];
    let at = heard.windows(160).position(|w| w == probe).expect("heard");
    let length = (said.len() - 16_000).min(heard.len() - at);
    assert!(said[16_000..16_000 + length] == heard[at..at + length]);
    length
}

fn became(reports: &[Report]) -> Vec<Replaced> {
    let told = reports.iter().filter_map(|r| match r {
        Report::CodecReplaced { became, .. } => Some(*became),
        _ => None,
    });
    told.collect()
}

fn troubles(reports: &[Report]) -> usize {
    let trouble = |r: &&Report| matches!(r, Report::CodecTrouble { .. });
    reports.iter().filter(trouble).count()
}

#[test]
fn a_thousand_replacements_in_one_call_lose_and_double_nothing() {
    let mut shop = Shop::new();
    let builds = [1, 2].map(|n| build(shop.folder.path(), n, &[]));
    let said = noise(48);
    desk::say(9_001, &said);
    let mut world = shop.call([9_001, 9_002]);
    world.run(2_000);
    for round in 0..1_000 {
        let file = &builds[round % 2];
        for side in [1, 2] {
            let given = shop.replace(file, 10);
            world.order(side, given);
        }
        // Also in the middle of a frame.
        world.run([40, 30, 50][round % 3]);
    }
    world.run(500);
    let packets = voice(&world.sent_by_a);
    assert_continuous(&packets);
    let ms = world.now_us / 1_000 - 1_000;
    assert!(packets.len() as u64 >= ms / 20 - 1, "{}", packets.len());
    let changes = packets.windows(2).filter(|p| p[0].2 != p[1].2).count();
    assert!(changes >= 998, "{changes} changes of build on the wire");
    let length = assert_heard_whole(&said, &desk::heard(9_002));
    assert!(length >= 8_000 * 38, "{length}");
    let kept = shop.catalogue.builds("codec-copy");
    assert_eq!(kept.len(), 3, "a known build is not loaded again");
    let mapped: u64 = kept.iter().map(|b| b.mapped_bytes).sum();
    println!("{} packets, {mapped} bytes mapped", packets.len());
    assert!(mapped < 3 << 20, "{mapped}");
    for side in [&world.a, &world.b] {
        assert_eq!(became(&side.reports), [Replaced::Kept; 1_000]);
        assert_eq!(side.retired.len(), 1_000);
        assert_eq!(troubles(&side.reports), 0);
    }
}

#[test]
fn a_build_that_fails_its_first_second_is_rolled_back_and_nothing_is_missing() {
    let ways = [
        ("HOW_IT_FAILS=*len=1u<<30", WentWrong::Garbage),
        ("HOW_IT_FAILS=return -1", WentWrong::Failed),
        (
            "HOW_IT_FAILS=nanosleep(&(struct timespec){0,3000000},NULL)",
            WentWrong::TooSlow,
        ),
    ];
    for (n, (how, wrong)) in ways.into_iter().enumerate() {
        // Timed only where it must be: a busy machine is no fault of a codec.
        let mut shop = Shop::with(match wrong {
            WentWrong::TooSlow => untimed().timed_by(wall_clock),
            _ => untimed(),
        });
        let (says, hears) = (9_010 + n as u64, 9_020 + n as u64);
        let said = noise(8);
        desk::say(says, &said);
        let mut world = shop.call([says, hears]);
        world.run(2_500);
        let faulty = build(shop.folder.path(), 1, &["FAIL_AFTER=20", how]);
        let given = shop.replace(&faulty, 1_000);
        world.order(1, given);
        world.run(4_000);
        assert_eq!(became(&world.a.reports), [Replaced::RolledBack(wrong)]);
        assert_eq!(troubles(&world.a.reports), 0, "nobody heard of it");
        assert_eq!(world.a.retired.len(), 1);
        let packets = voice(&world.sent_by_a);
        assert_continuous(&packets);
        let by_new = packets.iter().filter(|p| p.2 == 1).count();
        assert!((1..=23).contains(&by_new), "{how}: {by_new}");
        assert_eq!(packets.last().unwrap().2, 0);
        let length = assert_heard_whole(&said, &desk::heard(hears));
        assert!(length >= 8_000 * 4, "{length}");
    }
}

mod panics {
    //! COPY in Rust, as a newer build that panics at its twentieth packet, either way.
    use plugin::{Codec, CodecRequest, Format, Refusal, Status};

    pub struct Panics(u32);

    impl Panics {
        fn count(&mut self) {
            self.0 += 1;
            assert!(self.0 < 20, "this build breaks on purpose");
        }
    }

    impl Codec for Panics {
        const FORMATS: &'static [Format] = &[Format {
            name: "COPY",
            payload_type: None,
            ..Format::NARROWBAND
        }];

        fn open(_request: &CodecRequest<'_>) -> Result<Self, Refusal> {
            Ok(Self(0))
        }

        fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, Status> {
            self.count();
            for (to, sample) in payload.chunks_exact_mut(2).zip(pcm) {
                to.copy_from_slice(&sample.to_ne_bytes());
            }
            payload[0] |= 1;
            Ok(pcm.len() * 2)
        }

        fn decode(&mut self, payload: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
            self.count();
            for (to, bytes) in pcm.iter_mut().zip(payload.chunks_exact(2)) {
                *to = i16::from_ne_bytes([bytes[0], bytes[1]]);
            }
            Ok(payload.len() / 2)
        }
    }

    plugin::export_codec!(Panics, id = "codec-copy", name = "Panics");
}

#[test]
fn a_build_that_panics_in_its_first_second_is_rolled_back_and_nothing_is_missing() {
    let shop = Shop::new();
    let said = noise(8);
    for desk in [9_050, 9_051] {
        desk::say(desk, &said);
    }
    let mut world = shop.call([9_050, 9_051]);
    world.run(2_500);
    let mut newer = untimed();
    newer.add_built_in(&panics::ENTRY).unwrap();
    let copy = newer.codec("COPY", Hertz(8_000)).unwrap();
    world.order(1, put(copy.open("", "").unwrap(), 1_000));
    world.run(4_000);
    let panicked = Replaced::RolledBack(WentWrong::Panicked);
    assert_eq!(became(&world.a.reports), [panicked]);
    assert_eq!((troubles(&world.a.reports), world.a.retired.len()), (0, 1));
    let packets = voice(&world.sent_by_a);
    assert_continuous(&packets);
    let by_new = packets.iter().filter(|p| p.2 == 1).count();
    assert!((5..=19).contains(&by_new), "{by_new}");
    assert_eq!(packets.last().unwrap().2, 0);
    for desk in [9_050, 9_051] {
        let length = assert_heard_whole(&said, &desk::heard(desk));
        assert!(length >= 8_000 * 4, "{length}");
    }
}

#[test]
fn after_its_second_a_build_stays_and_one_of_another_format_does_not_come() {
    let mut shop = Shop::new();
    let mut world = shop.call([9_030, 9_031]);
    world.run(1_000);
    let newer = build(shop.folder.path(), 1, &[]);
    let given = shop.replace(&newer, 1_000);
    world.order(1, given);
    world.run(990);
    assert_eq!(
        (became(&world.a.reports).len(), world.a.retired.len()),
        (0, 0)
    );
    world.run(20);
    assert_eq!(became(&world.a.reports), [Replaced::Kept]);
    assert!(matches!(world.a.retired[..], [Kit::Codec(_)]));
    world.order(1, put(world::codec("PCMA"), 1_000));
    assert_eq!(became(&world.a.reports), [Replaced::Kept, Replaced::Misfit]);
    assert_eq!(world.a.retired.len(), 2);
    world.run(100);
    assert_continuous(&voice(&world.sent_by_a));
}

#[test]
fn a_packet_that_both_refuse_is_not_the_new_ones_fault() {
    let mut shop = Shop::new();
    let mut world = shop.call([9_040, 9_041]);
    world.run(1_000);
    // What side b sends from now on is half a sample long, which is nothing to any decoder.
    let defines = ["FAIL_AFTER=5", "HOW_IT_FAILS=*len=1"];
    let useless = build(shop.folder.path(), 1, &defines);
    let given = shop.replace(&useless, 10);
    world.order(2, given);
    let newer = build(shop.folder.path(), 2, &[]);
    let given = shop.replace(&newer, 1_000);
    world.order(1, given);
    world.run(1_100);
    assert_eq!(became(&world.a.reports), [Replaced::Kept]);
    assert_eq!(troubles(&world.a.reports), 1, "it is told all the same");
}

fn socket() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

#[test]
fn audio_timing_replacements_on_a_real_thread_leave_the_stream_whole() {
    let mut shop = Shop::new();
    let builds = [1, 2].map(|n| build(shop.folder.path(), n, &[]));
    let settings = Settings {
        capacity: Capacity::for_legs(2),
        orders: 64,
        sweeps: 4,
        priority: Priority::Auto,
        clock: wall_clock,
        ntp_at_zero: 0,
    };
    let net = net::MediaSockets::new(4).unwrap();
    let mut thread = MediaThread::start("media-swap", settings, net).unwrap();
    let (rtp, rtcp, peer) = (socket(), socket(), socket());
    let plan = voice_plan(TYPE, 20);
    let mut leg = LegPlan::new(LEG, plan, "someone");
    leg.remote = Some(world::remote(peer.1, peer.1));
    let kit = VoiceKit::new(&plan, shop.codec(), Rate::Hz8000).unwrap();
    let mut rng = Rng::from_number(1);
    let kit = LegKit::new(&leg, kit, AudioKit::none(), rtp.0, Some(rtcp.0), &mut rng);
    let given = Given {
        order: Order::AddLeg { leg: LEG },
        kit: Kit::Leg(Box::new(kit)),
    };
    assert!(thread.order(given).is_ok());
    let (mut kept, mut retired, mut sent) = (0, 0, Vec::new());
    for round in 0..60 {
        let given = shop.replace(&builds[round % 2], 10);
        assert!(thread.order(given).is_ok());
        std::thread::sleep(std::time::Duration::from_millis(45));
        while let Some(told) = thread.poll_told() {
            match told {
                Told::Report(Report::CodecReplaced { became, .. }) => {
                    assert_eq!(became, Replaced::Kept);
                    kept += 1;
                }
                Told::Retired(Kit::Codec(_)) => retired += 1,
                _ => {}
            }
        }
        let mut bytes = [0; 1_500];
        while let Ok(size) = peer.0.recv(&mut bytes) {
            sent.push((0, bytes[..size].to_vec()));
        }
    }
    // On a machine that is late, two orders may meet in one tick; then the first watch is not told.
    assert!(retired >= 55 && kept <= retired, "{kept} of {retired}");
    let packets = voice(&sent);
    assert_continuous(&packets);
    assert!(packets.len() >= 100, "{}", packets.len());
    let changes = packets.windows(2).filter(|p| p[0].2 != p[1].2).count();
    assert!(changes >= 40, "{changes}");
}
