//! From block to datagram: frames, telephone-events, reports.

use crate::codec_slot::Encoded;
use crate::inbound::Inbound;
use crate::kit::VoiceKit;
use crate::order::VoicePlan;
use crate::sockets::{Flow, MediaNet};
use audio::Block;
use base::{Hertz, Instant, PayloadType, Rng};
use rtp::rtcp::{Outgoing, Schedule, SenderPart};
use rtp::telephone_event::{EventSender, PAYLOAD_LEN, Press, ToSend};
use rtp::{Header, Sender};

/// The largest datagram sent. Unit: bytes.
pub(crate) const MAX_DATAGRAM: usize = 1_500;

/// The flows of a leg, once the net has its sockets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Flows {
    pub(crate) rtp: Flow,
    /// Absent when RTCP shares the RTP flow.
    pub(crate) rtcp: Option<Flow>,
}

/// The sending half of a leg.
#[derive(Debug)]
pub(crate) struct Outbound {
    pub(crate) sender: Sender,
    schedule: Schedule,
    rng: Rng,
    cname: Box<str>,
    voice_type: PayloadType,
    packet_ms: u32,
    events: Option<(PayloadType, EventSender)>,
    /// Whether the end of the last key has been sent.
    key_ended: bool,
    /// A key whose end has just been sent.
    pub(crate) key_sent: Option<KeySent>,
    /// A frame that a codec of another process works on: its header, and where it goes.
    awaited: Option<(Header, Route)>,
    /// Whether the last frame was sent: the next one after silence carries the marker.
    was_sent: bool,
    /// Packets sent when the last two reports were made.
    sent_at_reports: [u32; 2],
}

impl Outbound {
    pub(crate) fn new(plan: &VoicePlan, cname: &str, rng: &mut Rng) -> Self {
        let mut rng = rng.split();
        Self {
            sender: Sender::new(&mut rng),
            schedule: Schedule::new(Instant::FAR_FUTURE, &mut rng),
            rng,
            cname: cname.into(),
            voice_type: plan.send,
            packet_ms: plan.packet_ms,
            events: plan
                .events
                .map(|e| (e.send, EventSender::new(plan.clock_rate))),
            key_ended: false,
            key_sent: None,
            awaited: None,
            was_sent: false,
            sent_at_reports: [0; 2],
        }
    }

    /// The leg begins at `now`.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.schedule = Schedule::new(now, &mut self.rng);
    }

    pub(crate) fn set_voice(&mut self, plan: &VoicePlan) {
        self.voice_type = plan.send;
        self.packet_ms = plan.packet_ms;
        self.awaited = None;
        self.was_sent = false;
        self.events = plan
            .events
            .map(|e| (e.send, EventSender::new(plan.clock_rate)));
    }

    /// Whether a codec of another process has still a frame to give back.
    pub(crate) fn is_owed(&self) -> bool {
        self.awaited.is_some()
    }

    pub(crate) fn dial(&mut self, press: Press) -> bool {
        self.events.as_mut().is_some_and(|e| e.1.press(press))
    }

    pub(crate) fn stop_dialing(&mut self) {
        if let Some((_, events)) = &mut self.events {
            events.stop();
        }
    }

    /// Ticks that were left out: our clock goes on, so that the peer hears a gap and not a drift.
    pub(crate) fn skip(&mut self, ms: u32, clock_rate: Hertz) {
        let ticks = u64::from(ms) * u64::from(clock_rate.0) / 1_000;
        self.sender.advance(ticks as u32);
    }

    /// Takes 10 ms of our voice; sends a packet when its frame is full.
    pub(crate) fn block(
        &mut self,
        said: &Block,
        voice: &mut VoiceKit,
        route: Option<Route>,
        net: &mut impl MediaNet,
    ) {
        let samples = said.samples();
        let end = voice.filled + samples.len();
        match voice.frame.get_mut(voice.filled..end) {
            Some(to) => to.copy_from_slice(samples),
            None => debug_assert!(false, "a frame is whole blocks of one rate"),
        }
        voice.filled = end;
        if end < voice.frame.len() {
            return;
        }
        voice.filled = 0;
        let ticks = self.packet_ms * (voice.clock_rate_hz / 1_000);
        match route {
            Some(route) => self.frame(ticks, voice, route, net),
            None => self.was_sent = false,
        }
        self.sender.advance(ticks);
    }

    fn frame(&mut self, ticks: u32, voice: &mut VoiceKit, route: Route, net: &mut impl MediaNet) {
        self.collect(voice, net);
        if self.awaited.take().is_some() {
            voice.codec.give_up();
            self.was_sent = false;
        }
        let mut datagram = [0; MAX_DATAGRAM];
        let mut header = Header {
            marker: !self.was_sent,
            payload_type: self.voice_type,
            sequence: self.sender.sequence,
            timestamp: self.sender.timestamp,
            ssrc: self.sender.ssrc,
        };
        let payload = &mut datagram[Header::LEN..];
        let event = match &mut self.events {
            Some((kind, events)) => events.next(header.timestamp, ticks).map(|e| (*kind, e)),
            None => None,
        };
        let size = match event {
            Some((kind, event)) => {
                self.key_sounds(&event);
                header.payload_type = kind;
                header.marker = event.marker;
                header.timestamp = event.timestamp;
                payload[..PAYLOAD_LEN].copy_from_slice(&event.payload.to_bytes());
                Some(PAYLOAD_LEN)
            }
            None if voice.codec.submit_encode(&voice.frame, payload.len()) => {
                self.awaited = Some((header, route));
                return;
            }
            None => voice.codec.encode(&voice.frame, payload),
        };
        let Some(size) = size else {
            self.was_sent = false;
            return;
        };
        self.send(&header, &mut datagram, size, route, net);
    }

    fn send(
        &mut self,
        header: &Header,
        datagram: &mut [u8],
        size: usize,
        route: Route,
        net: &mut impl MediaNet,
    ) {
        if header.write(datagram).is_ok() {
            net.send(route.flow, route.to, &datagram[..Header::LEN + size]);
            self.sender.sent(size);
            self.was_sent = true;
        }
    }

    /// Second pass of a tick: sends what a codec of another process has made. What is late is sent at
    /// the next tick, with the time it belongs to.
    pub(crate) fn collect(&mut self, voice: &mut VoiceKit, net: &mut impl MediaNet) {
        let Some((header, route)) = self.awaited else {
            return;
        };
        let mut datagram = [0; MAX_DATAGRAM];
        match voice.codec.collect_encoded(&mut datagram[Header::LEN..]) {
            Encoded::Late => {}
            Encoded::Nothing => {
                self.awaited = None;
                self.was_sent = false;
            }
            Encoded::Packet(size) => {
                self.awaited = None;
                let header = Header {
                    sequence: self.sender.sequence,
                    marker: !self.was_sent,
                    ..header
                };
                self.send(&header, &mut datagram, size, route, net);
            }
        }
    }

    /// A key has sounded with the first of the packets that end it.
    fn key_sounds(&mut self, event: &ToSend) {
        let ended = !event.marker && self.key_ended;
        self.key_ended = event.payload.end;
        if event.payload.end && !ended {
            self.key_sent = Some(KeySent {
                event: event.payload.event,
                duration_ms: event.held_ms,
            });
        }
    }

    /// Sends a report if one is due.
    pub(crate) fn report(
        &mut self,
        inbound: &mut Inbound,
        flows: Flows,
        ntp: u64,
        now: Instant,
        net: &mut impl MediaNet,
    ) {
        if now >= self.schedule.deadline() && self.schedule.is_due(now, &mut self.rng) {
            self.send_report(inbound, flows, ntp, now, false, net);
        }
    }

    /// Sends a report, with a goodbye if the leg is over.
    pub(crate) fn send_report(
        &mut self,
        inbound: &mut Inbound,
        flows: Flows,
        ntp: u64,
        now: Instant,
        bye: bool,
        net: &mut impl MediaNet,
    ) {
        let Some(route) = rtcp_route(inbound, flows) else {
            return;
        };
        let sender = SenderPart {
            ntp,
            rtp_timestamp: self.sender.timestamp,
            packets: self.sender.packets,
            octets: self.sender.octets,
        };
        let is_sending = self.sender.packets != self.sent_at_reports[1];
        self.sent_at_reports = [self.sender.packets, self.sent_at_reports[0]];
        let (last, since) = match inbound.peer.last_sender_report {
            Some((middle, at)) => (middle, in_65536ths(now.since(at))),
            None => (0, 0),
        };
        let outgoing = Outgoing {
            ssrc: self.sender.ssrc,
            cname: &self.cname,
            sender: is_sending.then_some(sender),
            reception: inbound.receiver.report().map(|r| (r, last, since)),
            bye,
        };
        let mut datagram = [0; MAX_DATAGRAM];
        if let Ok(size) = outgoing.write(&mut datagram) {
            net.send(route.flow, route.to, &datagram[..size]);
        }
    }
}

/// A key of ours that has sounded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeySent {
    pub(crate) event: u8,
    pub(crate) duration_ms: u32,
}

/// On which flow a packet goes where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route {
    pub(crate) flow: Flow,
    pub(crate) to: core::net::SocketAddr,
}

/// With one flow for both, reports follow the voice.
fn rtcp_route(inbound: &Inbound, flows: Flows) -> Option<Route> {
    match flows.rtcp {
        Some(flow) => inbound.rtcp_remote.map(|to| Route { flow, to }),
        None => inbound.destination().map(|to| Route {
            flow: flows.rtp,
            to,
        }),
    }
}

fn in_65536ths(length: base::Duration) -> u32 {
    let units = length.as_nanos() * 65_536 / 1_000_000_000;
    u32::try_from(units).unwrap_or(u32::MAX)
}
