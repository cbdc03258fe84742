//! One leg of a media engine whose peer is the test: packets in, packets out, ticks by the real clock.

use audio::Rate;
use base::{Duration, Hertz, Instant, PayloadType, Rng};
use media_thread::{
    AudioKit, BusId, BusKit, BusPlan, Capacity, CodecKit, Ears, FilterChain, Flow, Given, Kit,
    LegAudio, LegId, LegKit, LegPlan, MediaEngine, MediaNet, Order, Remote, Replaced, Report,
    Taker, TapSlot, Told, VoiceKit, VoicePlan,
};
use plugin_host::{AudioInstance, CodecInstance, DtmfListener, FilterInstance};
use rtp::latch::Rule;
use rtp::{Header, Packet};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// The net: what the peer sent, and what it was sent.
#[derive(Debug, Default)]
struct Wire {
    to_us: VecDeque<Vec<u8>>,
    /// When, counted in ticks, and the sequence number, of each RTP packet.
    to_peer: Vec<(u64, u16, Vec<u8>)>,
    tick: u64,
}

fn peer() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 5004))
}

impl MediaNet for Wire {
    type Socket = ();

    fn add(&mut self, (): ()) -> Option<Flow> {
        Some(Flow(0))
    }

    fn remove(&mut self, _: Flow) -> Option<()> {
        Some(())
    }

    fn sweep(&mut self, each: &mut Taker<'_>) {
        while let Some(mut datagram) = self.to_us.pop_front() {
            each(Flow(0), peer(), Duration::ZERO, &mut datagram);
        }
    }

    fn send(&mut self, _: Flow, _: SocketAddr, datagram: &[u8]) {
        if matches!(rtp::kind_of(datagram), rtp::Kind::Rtp)
            && let Ok(packet) = Packet::parse(datagram)
        {
            let (sequence, payload) = (packet.header.sequence, packet.payload.to_vec());
            self.to_peer.push((self.tick, sequence, payload));
        }
    }

    fn flush(&mut self) {}
}

/// A call that echoes, or that a person at a device has.
#[derive(Debug)]
pub struct Call {
    engine: MediaEngine<()>,
    wire: Wire,
    header: Header,
    ticks: u64,
    became: Vec<Replaced>,
    keys: usize,
}

const LEG: LegId = LegId(1);
const BUS: BusId = BusId(0);

/// Everything is in packets of 20 ms.
const PACKET: u32 = 160;

impl Call {
    /// Begins; it sends back what it hears.
    pub fn new(codec: CodecInstance) -> Self {
        let mut call = Self::silent();
        call.add(codec, LegAudio::Echo, AudioKit::none());
        call
    }

    /// Begins; a person has it at this device, whose microphone these filters stand behind.
    pub fn at_desk(
        codec: CodecInstance,
        device: AudioInstance,
        filters: Vec<FilterInstance>,
    ) -> Self {
        let mut call = Self::silent();
        let rate = Rate::Hz8000;
        let bus = BusKit::new(&BusPlan { bus: BUS, rate }, Some(device)).expect("8 kHz");
        let bus = bus.with_filters(FilterChain::new(filters), FilterChain::empty());
        call.give(Order::AddBus { bus: BUS }, Kit::Bus(Box::new(bus)));
        call.add(codec, LegAudio::Bus(BUS), AudioKit::bus(rate, rate));
        call
    }

    fn silent() -> Self {
        Self {
            engine: MediaEngine::new(Capacity::for_legs(1), 0),
            wire: Wire::default(),
            header: Header {
                marker: false,
                payload_type: PayloadType::new(96).expect("below 128"),
                sequence: 1,
                timestamp: 0,
                ssrc: 77,
            },
            ticks: 0,
            became: Vec::new(),
            keys: 0,
        }
    }

    fn add(&mut self, codec: CodecInstance, audio: LegAudio, kit: AudioKit) {
        let voice = VoicePlan {
            send: self.header.payload_type,
            receive: self.header.payload_type,
            clock_rate: Hertz(8_000),
            packet_ms: 20,
            events: None,
        };
        let mut plan = LegPlan::new(LEG, voice, "isolation");
        plan.remote = Some(Remote {
            rtp: peer(),
            rtcp: peer(),
            rule: Rule {
                enabled: true,
                other_hosts: false,
            },
        });
        plan.audio = audio;
        let voice = VoiceKit::new(&voice, codec, Rate::Hz8000).expect("8 kHz, one channel");
        let mut rng = Rng::from_number(1);
        let leg = LegKit::new(&plan, voice, kit, (), None, &mut rng);
        self.give(Order::AddLeg { leg: LEG }, Kit::Leg(Box::new(leg)));
    }

    fn give(&mut self, order: Order, kit: Kit<()>) {
        let now = Instant::from_nanos(self.ticks * 10_000_000);
        self.engine.order(Given { order, kit }, now, &mut self.wire);
    }

    /// This one listens for keys in what the peer says.
    pub fn listen(&mut self, listener: DtmfListener) {
        let ears = Ears::new(listener, Rate::Hz8000);
        self.give(Order::Listen { leg: LEG }, Kit::Ears(Box::new(ears)));
    }

    /// How many keys were heard since this was asked last.
    pub fn keys(&mut self) -> usize {
        std::mem::take(&mut self.keys)
    }

    /// Both ways go there from now on.
    pub fn record(&mut self, tap: TapSlot) {
        self.give(Order::SetTap { leg: LEG }, Kit::Tap(Box::new(tap)));
    }

    /// The peer sends one packet.
    pub fn hear(&mut self, payload: &[u8]) {
        let mut datagram = vec![0; Header::LEN + payload.len()];
        self.header.write(&mut datagram).expect("there is room");
        datagram[Header::LEN..].copy_from_slice(payload);
        self.wire.to_us.push_back(datagram);
        self.header.sequence = self.header.sequence.wrapping_add(1);
        self.header.timestamp = self.header.timestamp.wrapping_add(PACKET);
    }

    /// 10 ms; every other one the peer sends `payload`. How long it took.
    pub fn tick(&mut self, payload: &[u8]) -> std::time::Duration {
        if self.ticks.is_multiple_of(2) {
            self.hear(payload);
        }
        let now = Instant::from_nanos(self.ticks * 10_000_000 + 1_000_000);
        let began = std::time::Instant::now();
        self.engine.tick(now, &mut self.wire);
        let took = began.elapsed();
        self.ticks += 1;
        self.wire.tick = self.ticks;
        while let Some(told) = self.engine.poll_told() {
            if let Told::Report(Report::CodecReplaced { became, .. }) = told {
                self.became.push(became);
            } else if let Told::Report(Report::ToneKey { .. }) = told {
                self.keys += 1;
            }
        }
        took
    }

    /// Puts another instance in the codec's place, watched for `watch_ms`.
    pub fn replace(&mut self, codec: CodecInstance, watch_ms: u32) {
        let order = Order::ReplaceCodec { leg: LEG, watch_ms };
        let codec = CodecKit::new(codec).expect("8 kHz, one channel");
        self.give(order, Kit::Codec(Box::new(codec)));
    }

    /// What became of replacements since this was asked last.
    pub fn became(&mut self) -> Vec<Replaced> {
        std::mem::take(&mut self.became)
    }

    /// Each packet sent since this was asked last: at which tick, its number, its payload.
    pub fn sent(&mut self) -> Vec<(u64, u16, Vec<u8>)> {
        std::mem::take(&mut self.wire.to_peer)
    }
}
