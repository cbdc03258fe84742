//! Two engines, a link between them, and desks with a microphone and a loudspeaker; virtual time.
#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    dead_code,
    missing_docs,
    unreachable_pub,
    unexpected_cfgs
)]

use audio::Rate;
use base::{Duration, Hertz, Instant, PayloadType, Rng};
use offhook_media_thread::*;
use plugin_host::{AudioRequest, Catalogue, CodecInstance};
use rtp::latch::Rule;
use std::collections::VecDeque;
use std::net::SocketAddr;

pub mod desk {
    //! An audio plugin whose microphone plays what a test gives it and whose loudspeaker records.
    use plugin::{Audio, AudioCounters, Captured, Refusal, Status};
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Tape {
        said: Vec<i16>,
        at: usize,
        heard: Vec<i16>,
    }

    static TAPES: Mutex<BTreeMap<u64, Tape>> = Mutex::new(BTreeMap::new());

    pub fn say(desk: u64, pcm: &[i16]) {
        let mut tapes = TAPES.lock().unwrap();
        tapes.entry(desk).or_default().said.extend_from_slice(pcm);
    }

    pub fn heard(desk: u64) -> Vec<i16> {
        TAPES.lock().unwrap().entry(desk).or_default().heard.clone()
    }

    pub struct Desk(u64);

    impl Audio for Desk {
        fn enumerate() -> Result<String, Refusal> {
            Ok("[]".into())
        }

        fn open(request: &str) -> Result<Self, Refusal> {
            let request: serde_json::Value =
                serde_json::from_str(request).map_err(|_| Refusal::from(Status::BAD_ARGUMENT))?;
            Ok(Self(request["desk"].as_u64().unwrap_or(0)))
        }

        fn capture(&mut self, pcm: &mut [i16], _now_ns: u64) -> Result<Captured, Status> {
            let mut tapes = TAPES.lock().unwrap();
            let tape = tapes.entry(self.0).or_default();
            let rest = &tape.said[tape.at..];
            let samples = rest.len().min(pcm.len());
            pcm[..samples].copy_from_slice(&rest[..samples]);
            tape.at += samples;
            Ok(Captured {
                samples,
                ended: false,
            })
        }

        fn playback(&mut self, pcm: &[i16], _now_ns: u64) -> Result<(), Status> {
            let mut tapes = TAPES.lock().unwrap();
            tapes
                .entry(self.0)
                .or_default()
                .heard
                .extend_from_slice(pcm);
            Ok(())
        }

        fn counters(&self) -> AudioCounters {
            AudioCounters::default()
        }
    }

    plugin::export_audio!(Desk, id = "desk", name = "Desk");
}

pub mod bad_codec {
    //! A codec that works for a while, then fails.
    use plugin::{Codec, CodecRequest, Format, Refusal, Status};

    pub struct Bad(u32);

    impl Codec for Bad {
        const FORMATS: &'static [Format] = &[Format {
            name: "BAD",
            payload_type: None,
            ..Format::NARROWBAND
        }];

        fn open(_request: &CodecRequest<'_>) -> Result<Self, Refusal> {
            Ok(Self(0))
        }

        fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, Status> {
            payload[..pcm.len()].fill(7);
            Ok(pcm.len())
        }

        fn decode(&mut self, _payload: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
            self.0 += 1;
            assert!(self.0 < 50, "this codec breaks on purpose");
            pcm[..160].fill(1_000);
            Ok(160)
        }
    }

    plugin::export_codec!(Bad, id = "codec-bad", name = "Bad");
}

pub mod ill_codec {
    //! A codec that fails for 0.6 s of each 10 s, as one that is started again does, or for ever.
    use plugin::{Codec, CodecRequest, Format, Refusal, Status};

    pub struct Ill {
        for_ever: bool,
        calls: u32,
    }

    impl Codec for Ill {
        const FORMATS: &'static [Format] = &[
            Format {
                name: "ILL",
                ..Format::NARROWBAND
            },
            Format {
                name: "DEAD",
                ..Format::NARROWBAND
            },
        ];

        fn open(request: &CodecRequest<'_>) -> Result<Self, Refusal> {
            let for_ever = request.format == 1;
            Ok(Self { for_ever, calls: 0 })
        }

        fn encode(&mut self, pcm: &[i16], payload: &mut [u8]) -> Result<usize, Status> {
            payload[..pcm.len()].fill(7);
            self.call(pcm.len())
        }

        fn decode(&mut self, _payload: &[u8], pcm: &mut [i16]) -> Result<usize, Status> {
            pcm[..160].fill(1_000);
            self.call(160)
        }
    }

    impl Ill {
        /// Two calls in 20 ms.
        fn call(&mut self, size: usize) -> Result<usize, Status> {
            self.calls += 1;
            let is_ill = self.calls >= 100 && (self.for_ever || self.calls % 1_000 < 160);
            if is_ill {
                Err(Status::FAILED)
            } else {
                Ok(size)
            }
        }
    }

    plugin::export_codec!(Ill, id = "codec-ill", name = "Ill");
}

pub fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::new("test", "0");
    catalogue.add_built_in(&codec_g711::ENTRY).unwrap();
    catalogue.add_built_in(&bad_codec::ENTRY).unwrap();
    catalogue.add_built_in(&ill_codec::ENTRY).unwrap();
    catalogue.add_built_in(&desk::ENTRY).unwrap();
    catalogue
}

pub fn codec(name: &str) -> CodecInstance {
    let catalogue = catalogue();
    catalogue
        .codec(name, Hertz(8_000))
        .unwrap()
        .open("", "")
        .unwrap()
}

pub fn device(desk: u64, rate: Rate) -> plugin_host::AudioInstance {
    let request = AudioRequest::new(Hertz(rate.hertz())).with("desk", desk);
    catalogue().audio("desk").unwrap().open(&request).unwrap()
}

pub fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub fn voice_plan(payload_type: PayloadType, packet_ms: u32) -> VoicePlan {
    let event = PayloadType::new(101).unwrap();
    VoicePlan {
        send: payload_type,
        receive: payload_type,
        clock_rate: Hertz(8_000),
        packet_ms,
        events: Some(Events {
            send: event,
            receive: event,
        }),
    }
}

pub fn remote(rtp: SocketAddr, rtcp: SocketAddr) -> Remote {
    Remote {
        rtp,
        rtcp,
        rule: Rule {
            enabled: true,
            other_hosts: false,
        },
    }
}

/// RTP and RTCP address of leg `n` of side `side`.
pub fn addresses(side: u8, n: u16) -> (SocketAddr, SocketAddr) {
    let host = [203, 0, 113, side];
    (
        SocketAddr::from((host, 10_000 + 2 * n)),
        SocketAddr::from((host, 10_001 + 2 * n)),
    )
}

/// Sockets that are only addresses.
#[derive(Default)]
pub struct SimNet {
    sockets: Vec<Option<SocketAddr>>,
    pub inbox: VecDeque<(SocketAddr, SocketAddr, Vec<u8>)>,
    /// How long each of the inbox has waited; what stands for none has not.
    pub waited: VecDeque<Duration>,
    pub sent: Vec<(SocketAddr, SocketAddr, Vec<u8>)>,
}

impl MediaNet for SimNet {
    type Socket = SocketAddr;

    fn add(&mut self, socket: SocketAddr) -> Option<Flow> {
        let free = self.sockets.iter().position(Option::is_none);
        let at = free.unwrap_or(self.sockets.len());
        if at == self.sockets.len() {
            self.sockets.push(None);
        }
        self.sockets[at] = Some(socket);
        Some(Flow(at as u32))
    }

    fn remove(&mut self, flow: Flow) -> Option<SocketAddr> {
        self.sockets.get_mut(flow.0 as usize)?.take()
    }

    fn sweep(&mut self, each: &mut Taker<'_>) {
        while let Some((from, to, mut bytes)) = self.inbox.pop_front() {
            let flow = self.sockets.iter().position(|s| *s == Some(to));
            let waited = self.waited.pop_front().unwrap_or_default();
            if let Some(flow) = flow {
                each(Flow(flow as u32), from, waited, &mut bytes);
            }
        }
    }

    fn send(&mut self, flow: Flow, to: SocketAddr, datagram: &[u8]) {
        let from = self.sockets[flow.0 as usize].expect("a socket that is there");
        self.sent.push((from, to, datagram.to_vec()));
    }

    fn flush(&mut self) {}
}

/// One engine with its sockets.
pub struct Side {
    pub engine: MediaEngine<SocketAddr>,
    pub net: SimNet,
    pub reports: Vec<Report>,
    pub retired: Vec<Kit<SocketAddr>>,
}

impl Side {
    fn new() -> Self {
        Self {
            engine: MediaEngine::new(Capacity::for_legs(8), 0x8000_0000_0000_0000),
            net: SimNet::default(),
            reports: Vec::new(),
            retired: Vec::new(),
        }
    }

    pub fn fetch(&mut self) {
        while let Some(told) = self.engine.poll_told() {
            match told {
                Told::Report(report) => self.reports.push(report),
                Told::Retired(kit) => self.retired.push(kit),
            }
        }
    }
}

/// What a link does to a datagram: how long it takes, or that it is lost. Unit: µs.
pub type Link = Box<dyn FnMut(&mut Rng) -> Option<u64>>;

pub struct World {
    pub a: Side,
    pub b: Side,
    pub now_us: u64,
    pub rng: Rng,
    pub link: Link,
    /// (arrival in µs, order, from, to, bytes)
    flying: Vec<(u64, u64, SocketAddr, SocketAddr, Vec<u8>)>,
    count: u64,
    /// What side a sent, lost or not: when in µs, and the datagram.
    pub sent_by_a: Vec<(u64, Vec<u8>)>,
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self {
            a: Side::new(),
            b: Side::new(),
            now_us: 1_000_000,
            rng: Rng::from_number(seed),
            link: Box::new(|_| Some(5_000)),
            flying: Vec::new(),
            count: 0,
            sent_by_a: Vec::new(),
        }
    }

    pub fn now(&self) -> Instant {
        Instant::from_nanos(self.now_us * 1_000)
    }

    /// Adds a leg with its peer's addresses to side 1 (a) or 2 (b).
    pub fn add(&mut self, side: u8, n: u16, plan: &LegPlan, voice: VoiceKit, audio: AudioKit) {
        let (rtp, rtcp) = addresses(side, n);
        let mut plan = plan.clone();
        let (peer, peer_rtcp) = addresses(3 - side, n);
        plan.remote = plan.remote.or(Some(remote(peer, peer_rtcp)));
        let kit = LegKit::new(&plan, voice, audio, rtp, Some(rtcp), &mut self.rng);
        let given = Given {
            order: Order::AddLeg { leg: plan.leg },
            kit: Kit::Leg(Box::new(kit)),
        };
        self.order(side, given);
    }

    /// A PCMU leg with a desk at `rate`, packets of `packet_ms`.
    pub fn add_desk(&mut self, side: u8, n: u16, desk: u64, rate: Rate, packet_ms: u32) {
        let voice = voice_plan(PayloadType::PCMU, packet_ms);
        let mut plan = LegPlan::new(LegId(u64::from(n)), voice, "someone");
        plan.audio = LegAudio::Device;
        let kit = VoiceKit::new(&voice, codec("PCMU"), rate).unwrap();
        let audio = AudioKit::device(Rate::Hz8000, device(desk, rate)).unwrap();
        self.add(side, n, &plan, kit, audio);
    }

    /// A PCMU leg without a device.
    pub fn add_plain(&mut self, side: u8, n: u16, audio: LegAudio) {
        let voice = voice_plan(PayloadType::PCMU, 20);
        let mut plan = LegPlan::new(LegId(u64::from(n)), voice, "someone");
        plan.audio = audio;
        let kit = VoiceKit::new(&voice, codec("PCMU"), Rate::Hz8000).unwrap();
        self.add(side, n, &plan, kit, AudioKit::none());
    }

    pub fn order(&mut self, side: u8, given: impl Into<Given<SocketAddr>>) {
        let now = self.now();
        let side = if side == 1 { &mut self.a } else { &mut self.b };
        side.engine.order(given.into(), now, &mut side.net);
        side.fetch();
    }

    /// Goes on for `ms` in steps of 2.5 ms; side b ticks 5 ms after side a.
    pub fn run(&mut self, ms: u64) {
        for _ in 0..ms * 2 / 5 {
            self.now_us += 2_500;
            self.deliver();
            let now = self.now();
            for (side, phase) in [(&mut self.a, 0), (&mut self.b, 5_000)] {
                if self.now_us % 10_000 == phase {
                    side.engine.tick(now, &mut side.net);
                } else {
                    side.engine.sweep(now, &mut side.net);
                }
                side.fetch();
            }
            self.take_off();
        }
    }

    fn take_off(&mut self) {
        let by_a = self.a.net.sent.iter();
        let (now_us, log) = (self.now_us, &mut self.sent_by_a);
        log.extend(by_a.map(|(_, _, bytes)| (now_us, bytes.clone())));
        let sent = self.a.net.sent.drain(..).chain(self.b.net.sent.drain(..));
        for (from, to, bytes) in sent {
            self.count += 1;
            if let Some(us) = (self.link)(&mut self.rng) {
                let entry = (self.now_us + us, self.count, from, to, bytes);
                self.flying.push(entry);
            }
        }
    }

    fn deliver(&mut self) {
        self.flying.sort_by_key(|f| (f.0, f.1));
        let arrived = self.flying.partition_point(|f| f.0 <= self.now_us);
        for (_, _, from, to, bytes) in self.flying.drain(..arrived) {
            let [.., last] = match to {
                SocketAddr::V4(v4) => v4.ip().octets(),
                SocketAddr::V6(_) => continue,
            };
            let side = if last == 1 { &mut self.a } else { &mut self.b };
            side.net.inbox.push_back((from, to, bytes));
        }
    }
}
