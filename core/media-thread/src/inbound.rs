//! From datagram to block: whose packet it is, what it carries, when it is heard.

use crate::kit::VoiceKit;
use crate::order::{Remote, VoicePlan};
use crate::report::Report;
use crate::{order::LegId, reports::Reports};
use audio::{Block, Playout, Rate, stretch::Urgency};
use base::{Hertz, Instant, PayloadType};
use core::net::SocketAddr;
use rtp::latch::Offered;
use rtp::rtcp::{self, Item};
use rtp::telephone_event::EventReceiver;
use rtp::{Arrived, Haste, Header, Kind, Latch, Packet, Pull, Receiver, Stretch, Verdict};

/// Packets decoded for one block at most: after a stall several short ones are needed, and a codec
/// that decodes to nothing must not hold up the tick.
const PULLS: usize = 16;

/// Whether anything is heard of the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Nothing yet.
    Never { since: Instant },
    /// Packets come.
    Heard { last: Instant },
    /// They stopped, or never began, and control was told.
    Missing { ever_heard: bool },
}

/// What the peer reported of our stream, and we need for reports of our own.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PeerReport {
    /// Middle of the NTP time of its last sender report, and when that came.
    pub(crate) last_sender_report: Option<(u32, Instant)>,
    pub(crate) round_trip_ms: Option<f32>,
    pub(crate) loss_percent: Option<f32>,
    pub(crate) jitter_ms: Option<f32>,
}

/// The receiving half of a leg.
#[derive(Debug)]
pub(crate) struct Inbound {
    leg: LegId,
    pub(crate) receiver: Receiver,
    pub(crate) latch: Option<Latch>,
    voice_type: PayloadType,
    events: Option<(PayloadType, EventReceiver)>,
    pub(crate) rtcp_remote: Option<SocketAddr>,
    pub(crate) peer: PeerReport,
    pub(crate) presence: Presence,
    pub(crate) dropped: u64,
}

impl Inbound {
    pub(crate) fn new(leg: LegId, plan: &VoicePlan, remote: Option<&Remote>) -> Self {
        Self {
            leg,
            receiver: Receiver::new(plan.clock_rate),
            latch: remote.map(|r| Latch::new(r.rtp, r.rule)),
            voice_type: plan.receive,
            events: plan
                .events
                .map(|e| (e.receive, EventReceiver::new(plan.clock_rate))),
            rtcp_remote: remote.map(|r| r.rtcp),
            peer: PeerReport::default(),
            presence: Presence::Never {
                since: Instant::ZERO,
            },
            dropped: 0,
        }
    }

    /// Another codec; the stream's counts go on if its clock does.
    pub(crate) fn set_voice(&mut self, plan: &VoicePlan, old_clock_rate: u32) {
        self.voice_type = plan.receive;
        if old_clock_rate != plan.clock_rate.0 {
            self.receiver = Receiver::new(plan.clock_rate);
        }
        self.events = plan
            .events
            .map(|e| (e.receive, EventReceiver::new(Hertz(plan.clock_rate.0))));
    }

    pub(crate) fn set_remote(&mut self, remote: &Remote) {
        match &mut self.latch {
            Some(latch) => latch.renegotiate(remote.rtp, remote.rule),
            None => self.latch = Some(Latch::new(remote.rtp, remote.rule)),
        }
        self.rtcp_remote = Some(remote.rtcp);
    }

    /// Where our packets go.
    pub(crate) fn destination(&self) -> Option<SocketAddr> {
        self.latch.as_ref().map(Latch::destination)
    }

    /// Takes a datagram of one of the leg's flows.
    pub(crate) fn datagram(
        &mut self,
        datagram: &[u8],
        from: Arrival,
        voice: &mut VoiceKit,
        reports: &mut Reports,
    ) {
        match rtp::kind_of(datagram) {
            Kind::Rtp => match Packet::parse(datagram) {
                Ok(packet) => self.packet(&packet, from, voice, reports),
                Err(_) => self.dropped += 1,
            },
            Kind::Rtcp => self.report(datagram, from, reports),
            Kind::Stun | Kind::Zrtp | Kind::Dtls | Kind::TurnChannel | Kind::Unknown => {
                self.dropped += 1;
            }
        }
    }

    fn packet(
        &mut self,
        packet: &Packet<'_>,
        from: Arrival,
        voice: &mut VoiceKit,
        reports: &mut Reports,
    ) {
        let header = packet.header;
        let is_event = self
            .events
            .as_ref()
            .is_some_and(|e| e.0 == header.payload_type);
        let offered = Offered {
            source: from.source,
            ssrc: header.ssrc,
            sequence: header.sequence,
            is_valid: is_event || header.payload_type == self.voice_type,
            is_authentic: false,
        };
        let believed = self
            .latch
            .as_mut()
            .is_some_and(|l| l.accept(&offered, from.at));
        if !believed {
            self.dropped += 1;
            return;
        }
        if !self.belongs(&header, from, voice, reports) {
            return;
        }
        self.present(from.at, reports);
        if is_event {
            voice.jitter.skip_sequence(header.sequence);
            self.event(packet, from.at, reports);
        } else if from.wanted {
            let arrived = Arrived {
                sequence: header.sequence,
                timestamp: header.timestamp,
                payload_type: header.payload_type.get(),
                payload: packet.payload,
            };
            voice.jitter.insert(&arrived, from.at);
        }
    }

    /// Whether the packet is of the stream that is heard; starts anew with a new stream.
    fn belongs(
        &mut self,
        header: &Header,
        from: Arrival,
        voice: &mut VoiceKit,
        reports: &mut Reports,
    ) -> bool {
        let is_first = self.receiver.ssrc().is_none();
        match self.receiver.receive(header, from.at) {
            Verdict::Accepted => true,
            Verdict::OnProbation => {
                self.dropped += 1;
                false
            }
            Verdict::NewStream => {
                if !is_first {
                    voice.jitter.restart();
                    voice.codec.reset();
                    self.peer = PeerReport::default();
                }
                reports.urgent(Report::FirstPacket {
                    leg: self.leg,
                    at: from.at,
                    source: from.source,
                });
                true
            }
        }
    }

    fn event(&mut self, packet: &Packet<'_>, at: Instant, reports: &mut Reports) {
        let Some((_, events)) = &mut self.events else {
            return;
        };
        let told = events.receive(packet.header.timestamp, packet.payload, at);
        for heard in told.into_iter().flatten() {
            let leg = self.leg;
            reports.urgent(Report::Key { leg, at, heard });
        }
    }

    fn present(&mut self, at: Instant, reports: &mut Reports) {
        if matches!(self.presence, Presence::Missing { .. }) {
            reports.urgent(Report::MediaBack { leg: self.leg, at });
        }
        self.presence = Presence::Heard { last: at };
    }

    /// RTCP, from where we send ours, or from the host whose RTP is believed.
    fn report(&mut self, datagram: &[u8], from: Arrival, reports: &mut Reports) {
        let believed_host = self.latch.as_ref().filter(|l| l.is_locked());
        let same_host = believed_host.is_some_and(|l| l.destination().ip() == from.source.ip());
        if self.rtcp_remote != Some(from.source) && !same_host {
            self.dropped += 1;
            return;
        }
        let clock_rate = from.clock_rate_hz.max(1) as f32;
        let (theirs, leg) = (self.receiver.ssrc(), self.leg);
        let peer = &mut self.peer;
        let read = rtcp::read(datagram, |item| match item {
            Item::Sender { ssrc, ntp, .. } if theirs == Some(ssrc) => {
                peer.last_sender_report = Some(((ntp >> 16) as u32, from.at));
            }
            Item::Report {
                reception,
                last_report,
                since_last_report,
                ..
            } if reception.ssrc == from.our_ssrc => {
                let trip = rtcp::round_trip_ms(from.ntp, last_report, since_last_report);
                peer.round_trip_ms = trip.or(peer.round_trip_ms);
                peer.loss_percent = Some(f32::from(reception.fraction_lost) / 2.56);
                peer.jitter_ms = Some(reception.jitter as f32 * 1_000.0 / clock_rate);
            }
            Item::Bye { ssrc } if theirs == Some(ssrc) => {
                reports.urgent(Report::Goodbye { leg, at: from.at });
            }
            Item::Sender { .. } | Item::Report { .. } | Item::Bye { .. } | Item::Other { .. } => {}
        });
        match read {
            Ok(()) => self.rtcp_remote = Some(from.source),
            Err(_) => self.dropped += 1,
        }
    }

    /// Ends keys whose end was lost, and says when nothing comes any more.
    pub(crate) fn watch(&mut self, no_media_after_ms: u32, now: Instant, reports: &mut Reports) {
        if let Some((_, events)) = &mut self.events
            && let Some(heard) = events.expire(now)
        {
            reports.urgent(Report::Key {
                leg: self.leg,
                at: now,
                heard,
            });
        }
        let (since, ever_heard) = match self.presence {
            Presence::Never { since } => (since, false),
            Presence::Heard { last } => (last, true),
            Presence::Missing { .. } => return,
        };
        let silent = now.since(since).as_millis();
        if no_media_after_ms > 0 && silent >= u128::from(no_media_after_ms) {
            self.presence = Presence::Missing { ever_heard };
            reports.urgent(Report::NoMedia {
                leg: self.leg,
                at: now,
                ever_heard,
            });
        }
    }
}

/// Whence and when a datagram came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Came {
    pub(crate) source: SocketAddr,
    /// When the system took it in.
    pub(crate) at: Instant,
    /// The same, as our sender reports say it.
    pub(crate) ntp: u64,
}

/// What is known of a datagram beside its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival {
    pub(crate) source: SocketAddr,
    pub(crate) at: Instant,
    /// When it came, as our sender reports say it.
    pub(crate) ntp: u64,
    pub(crate) our_ssrc: u32,
    pub(crate) clock_rate_hz: u32,
    /// Whether what comes is to be heard.
    pub(crate) wanted: bool,
}

/// What was taken from the jitter buffer, while a codec of another process works on it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ahead {
    Frame { skip_us: u32, stretch: Stretch },
    Missing { length_us: u32 },
    Lost { length_us: u32 },
}

fn samples_of(length_us: u32, rate: Rate) -> usize {
    (length_us as usize * rate.per_ms() / 1_000).max(1)
}

/// First pass of a tick: hands what will be heard to a codec of another process.
pub(crate) fn submit_block(voice: &mut VoiceKit, now: Instant) {
    if !voice.codec.is_away() || voice.ahead.is_some() || voice.line.is_ready() {
        return;
    }
    voice.ahead = match voice.jitter.pull(now) {
        Pull::Frame {
            payload,
            skip_us,
            stretch,
            ..
        } => {
            // One that cannot be handed over is missed when it is collected, and concealed.
            voice.codec.submit_decode(payload);
            Some(Ahead::Frame { skip_us, stretch })
        }
        Pull::Missing { length_us } => Some(Ahead::Missing { length_us }),
        Pull::Lost { next, length_us } => {
            voice
                .codec
                .submit_recover(next, samples_of(length_us, voice.codec.rate()));
            Some(Ahead::Lost { length_us })
        }
        Pull::Waiting => None,
    };
}

/// Makes `heard` the next 10 ms of the stream. `pcm` is scratch.
pub(crate) fn next_block(voice: &mut VoiceKit, now: Instant, pcm: &mut [i16], heard: &mut Block) {
    let per_ms = voice.codec.rate().per_ms();
    let to_samples = |us: u32| us as usize * per_ms / 1_000;
    for _ in 0..PULLS {
        if let Some(ahead) = voice.ahead.take() {
            match ahead {
                Ahead::Frame { skip_us, stretch } => {
                    let decoded = voice.codec.collect_decoded(pcm);
                    let is_unheard = decoded.is_none();
                    let length_us = play(decoded, skip_us, per_ms, &mut voice.line);
                    voice.codec.unheard += u64::from(is_unheard);
                    apply(stretch, voice, to_samples);
                    voice.jitter.decoded(length_us);
                }
                Ahead::Missing { length_us } => {
                    let samples = to_samples(length_us).max(1);
                    voice.codec.conceal(samples, &mut voice.line, pcm);
                }
                Ahead::Lost { length_us } => {
                    let samples = samples_of(length_us, voice.codec.rate());
                    let rebuilt = voice.codec.collect_recovered(samples, &mut voice.line, pcm);
                    voice.jitter.rebuilt(length_us, rebuilt);
                    if !voice.codec.recovers() {
                        voice.jitter.stop_covering();
                    }
                }
            }
        }
        if voice.line.is_ready() {
            break;
        }
        match voice.jitter.pull(now) {
            Pull::Frame {
                payload,
                skip_us,
                stretch,
                ..
            } => {
                let decoded = voice.codec.decode(payload, pcm);
                let is_unheard = decoded.is_none();
                let length_us = play(decoded, skip_us, per_ms, &mut voice.line);
                voice.codec.unheard += u64::from(is_unheard);
                apply(stretch, voice, to_samples);
                voice.jitter.decoded(length_us);
            }
            Pull::Missing { length_us } => {
                let samples = to_samples(length_us).max(1);
                voice.codec.conceal(samples, &mut voice.line, pcm);
            }
            Pull::Lost { next, length_us } => {
                let samples = to_samples(length_us).max(1);
                let rebuilt = voice.codec.recover(next, samples, &mut voice.line, pcm);
                voice.jitter.rebuilt(length_us, rebuilt);
                if !voice.codec.recovers() {
                    voice.jitter.stop_covering();
                }
            }
            Pull::Waiting => break,
        }
    }
    voice.line.pull(heard);
}

/// Appends a packet's sound, or makes up for it; how long it was. Unit: µs.
fn play(decoded: Option<&[i16]>, skip_us: u32, per_ms: usize, line: &mut Playout) -> u32 {
    let to_samples = |us: u32| us as usize * per_ms / 1_000;
    match decoded {
        Some(decoded) => {
            let skip = to_samples(skip_us).min(decoded.len());
            line.push(&decoded[skip..]);
            (decoded.len() * 1_000 / per_ms) as u32
        }
        None => {
            line.conceal(to_samples(20_000));
            20_000
        }
    }
}

fn apply(stretch: Stretch, voice: &mut VoiceKit, to_samples: impl Fn(u32) -> usize) {
    match stretch {
        Stretch::None => {}
        Stretch::Shorten { at_most_us, haste } => {
            let urgency = match haste {
                Haste::Pause => Urgency::Pause,
                Haste::Gentle => Urgency::Gentle,
                Haste::Forced => Urgency::Forced,
            };
            voice.line.shorten(to_samples(at_most_us), urgency);
        }
        Stretch::Lengthen { at_most_us, forced } => {
            let urgency = if forced {
                Urgency::Forced
            } else {
                Urgency::Gentle
            };
            voice.line.lengthen(to_samples(at_most_us), urgency);
        }
    }
}
