//! Orders in, ticks, reports out.

use crate::codec_slot::MAX_FRAME;
use crate::inbound::Came;
use crate::kit::{BusKit, Kit, LegKit};
use crate::order::{BusId, Given, LegId, Order};
use crate::outbound::Flows;
use crate::report::{Report, Told};
use crate::reports::Reports;
use crate::sockets::{Flow, MediaNet};
use audio::{Block, Rate};
use base::{Duration, Instant};
use core::net::SocketAddr;
use std::collections::VecDeque;

/// How much of everything there is room for. Allocated once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Legs.
    pub legs: usize,
    /// Buses.
    pub buses: usize,
    /// Sockets of the net: [`Flow`] numbers are below this.
    pub flows: usize,
    /// Reports that wait to be fetched. A quarter is kept for what must not be lost.
    pub reports: usize,
}

impl Capacity {
    /// Room for `legs` legs with two sockets each.
    pub const fn for_legs(legs: usize) -> Self {
        Self {
            legs,
            buses: if legs < 64 { legs } else { 64 },
            flows: legs * 2,
            reports: 256 + legs * 4,
        }
    }
}

/// A leg in its place.
#[derive(Debug)]
pub(crate) struct Seat<S> {
    pub(crate) kit: Box<LegKit<S>>,
    pub(crate) flows: Flows,
}

/// All legs and buses of one thread.
#[derive(Debug)]
pub struct MediaEngine<S> {
    pub(crate) seats: Vec<Option<Seat<S>>>,
    /// All seats from here on are empty.
    pub(crate) used: usize,
    /// Empty seats below the number of legs there is room for.
    free: Vec<u32>,
    /// The seat of each leg, by its number.
    seat_by_leg: Vec<(LegId, u32)>,
    /// Boxed, because they come and go back as boxes: making one here would allocate.
    #[allow(clippy::vec_box)]
    pub(crate) buses: Vec<Box<BusKit>>,
    max_buses: usize,
    /// The seat of each flow.
    seat_of: Box<[Option<u32>]>,
    pub(crate) reports: Reports,
    retired: VecDeque<Kit<S>>,
    ntp_at_zero: u64,
    pcm: Box<[i16]>,
    /// The microphone as a leg lets it through.
    pub(crate) microphone: Block,
    mixed: Block,
    pub(crate) said: Block,
    /// Blocks that the leg which owes most has still to say.
    pub(crate) owed: u32,
}

impl<S> MediaEngine<S> {
    /// An engine without legs. `ntp_at_zero` is the NTP time of [`Instant::ZERO`] (unit: 2^-32 s),
    /// or any other number if nobody knows the time of day. Allocates here and never again.
    pub fn new(capacity: Capacity, ntp_at_zero: u64) -> Self {
        Self {
            seats: (0..capacity.legs).map(|_| None).collect(),
            used: 0,
            free: (0..capacity.legs as u32).rev().collect(),
            seat_by_leg: Vec::with_capacity(capacity.legs),
            buses: Vec::with_capacity(capacity.buses),
            max_buses: capacity.buses,
            seat_of: vec![None; capacity.flows].into(),
            reports: Reports::new(capacity.reports.max(16)),
            retired: VecDeque::with_capacity(4 * (capacity.legs + capacity.buses) + 64),
            ntp_at_zero,
            pcm: vec![0; MAX_FRAME].into(),
            microphone: Block::silence(Rate::Hz8000),
            mixed: Block::silence(Rate::Hz8000),
            said: Block::silence(Rate::Hz8000),
            owed: 0,
        }
    }

    /// Legs it has.
    pub const fn legs(&self) -> usize {
        self.seat_by_leg.len()
    }

    /// Whether a tick would do anything: there is a leg, or a tone sounds.
    pub fn is_busy(&self) -> bool {
        self.legs() > 0 || self.buses.iter().any(|kit| kit.bus.is_sounding())
    }

    /// Reports that found no room.
    pub const fn lost_reports(&self) -> u64 {
        self.reports.lost
    }

    /// Whether another order may be given: there is room for what may come back of it.
    pub fn takes_orders(&self) -> bool {
        self.retired.len() + 4 <= self.retired.capacity()
    }

    /// The next thing for control. What is over comes behind all that was to tell of it.
    pub fn poll_told(&mut self) -> Option<Told<S>> {
        if let Some(report) = self.reports.waiting.pop_front() {
            return Some(Told::Report(report));
        }
        if let Some(kit) = self.retired.pop_front() {
            return Some(Told::Retired(kit));
        }
        // Empty queues start at their beginning again, so that only what a peak needs of them is ever
        // resident.
        self.retired.clear();
        self.reports.waiting.clear();
        None
    }

    /// Carries out an order.
    pub fn order(&mut self, given: Given<S>, now: Instant, net: &mut impl MediaNet<Socket = S>) {
        let Given { order, mut kit } = given;
        match (order, &mut kit) {
            (Order::AddLeg { .. }, Kit::Leg(_)) => {
                if let Kit::Leg(leg) = core::mem::replace(&mut kit, Kit::Nothing) {
                    self.add_leg(leg, now, net);
                }
            }
            (Order::AddBus { .. }, Kit::Bus(_)) => {
                if let Kit::Bus(bus) = core::mem::replace(&mut kit, Kit::Nothing) {
                    self.add_bus(bus, now);
                }
            }
            (Order::ReplaceCodec { leg, watch_ms }, Kit::Codec(_)) => {
                if let Kit::Codec(codec) = core::mem::replace(&mut kit, Kit::Nothing) {
                    self.replace_codec(leg, codec, watch_ms, now);
                }
            }
            (Order::RemoveLeg { leg }, _) => self.remove_leg(leg, now, net),
            (Order::RemoveBus { bus }, _) => self.remove_bus(bus),
            (order, kit) => self.change(&order, kit, now),
        }
        if !matches!(kit, Kit::Nothing) {
            self.retire(kit);
        }
    }

    /// Orders that change a leg or a bus; what they replace is left in `kit`.
    fn change(&mut self, order: &Order, kit: &mut Kit<S>, now: Instant) {
        match *order {
            Order::SetRemote { leg, remote } => self.with(leg, |l| l.set_remote(&remote)),
            Order::SetDirection { leg, direction } => {
                self.with(leg, |l| l.set_direction(direction, now));
            }
            Order::SetVoice { leg, voice } => {
                if let Kit::Voice(new) = kit {
                    self.with(leg, |l| l.set_voice(&voice, new));
                }
            }
            Order::SetAudio { leg, audio } => self.with(leg, |l| match kit {
                Kit::Audio(new) => l.set_audio(audio, new),
                Kit::Nothing
                | Kit::Leg(_)
                | Kit::Voice(_)
                | Kit::Codec(_)
                | Kit::Bus(_)
                | Kit::Ears(_)
                | Kit::Tap(_)
                | Kit::Filter(_)
                | Kit::Tone(_) => {
                    l.audio = audio;
                }
            }),
            Order::Mute { leg, muted } => self.with(leg, |l| l.mute(muted)),
            Order::SetGain {
                leg,
                heard_db,
                said_db,
            } => self.with(leg, |l| l.set_gain(heard_db, said_db)),
            Order::SetTap { leg } => {
                if let Kit::Tap(new) = kit {
                    self.with(leg, |l| core::mem::swap(&mut l.tap, new));
                }
            }
            Order::PauseTap { leg, paused } => self.with(leg, |l| l.tap.pause(paused)),
            Order::Dial { .. }
            | Order::Sound { .. }
            | Order::Listen { .. }
            | Order::StopDialing { .. } => self.keys(order, kit, now),
            Order::SetBusGain { .. }
            | Order::SetBusDevice { .. }
            | Order::SetBusFilter { .. }
            | Order::SetBusTone { .. }
            | Order::MuteBus { .. } => self.change_bus(order, kit),
            Order::AddLeg { .. }
            | Order::AddBus { .. }
            | Order::ReplaceCodec { .. }
            | Order::RemoveLeg { .. }
            | Order::RemoveBus { .. } => {}
        }
    }

    /// Orders that change a bus; what they replace is left in `kit`.
    fn change_bus(&mut self, order: &Order, kit: &mut Kit<S>) {
        match *order {
            Order::SetBusGain {
                bus,
                speaker_db,
                microphone_db,
            } => self.with_bus(bus, |b| b.set_gain(speaker_db, microphone_db)),
            Order::SetBusDevice { bus } => self.with_bus(bus, |b| b.set_device(kit)),
            Order::SetBusFilter { bus, side, filter } => {
                if let Kit::Filter(new) = kit {
                    self.with_bus(bus, |b| b.set_filter(side, filter, new));
                }
            }
            Order::SetBusTone { bus, slot } => self.with_bus(bus, |b| b.set_tone(slot, kit)),
            Order::MuteBus { bus, muted } => self.with_bus(bus, |b| b.microphone.mute(muted)),
            Order::AddLeg { .. }
            | Order::RemoveLeg { .. }
            | Order::SetRemote { .. }
            | Order::SetDirection { .. }
            | Order::SetVoice { .. }
            | Order::ReplaceCodec { .. }
            | Order::SetAudio { .. }
            | Order::Mute { .. }
            | Order::SetGain { .. }
            | Order::SetTap { .. }
            | Order::PauseTap { .. }
            | Order::Dial { .. }
            | Order::Sound { .. }
            | Order::Listen { .. }
            | Order::StopDialing { .. }
            | Order::AddBus { .. }
            | Order::RemoveBus { .. } => {}
        }
    }

    pub(crate) fn with(&mut self, leg: LegId, change: impl FnOnce(&mut crate::leg::Leg)) {
        if let Some(seat) = self.seat(leg) {
            change(&mut seat.kit.leg);
        }
    }

    fn with_bus(&mut self, bus: BusId, change: impl FnOnce(&mut crate::bus::Bus)) {
        if let Some(kit) = self.buses.iter_mut().find(|b| b.bus.id == bus) {
            change(&mut kit.bus);
        }
    }

    /// Where in `seat_by_leg` the leg is, or would be.
    fn find(&self, leg: LegId) -> Result<usize, usize> {
        self.seat_by_leg.binary_search_by_key(&leg, |entry| entry.0)
    }

    pub(crate) fn seat(&mut self, leg: LegId) -> Option<&mut Seat<S>> {
        let (_, at) = self.seat_by_leg[self.find(leg).ok()?];
        self.seats[at as usize].as_mut()
    }

    fn add_leg(
        &mut self,
        mut kit: Box<LegKit<S>>,
        now: Instant,
        net: &mut impl MediaNet<Socket = S>,
    ) {
        let id = kit.leg.id;
        let (Some(&at), Err(place)) = (self.free.last(), self.find(id)) else {
            return self.refuse(kit, now);
        };
        let Some(rtp) = kit.rtp.take().and_then(|s| net.add(s)) else {
            return self.refuse(kit, now);
        };
        let wants_rtcp = kit.rtcp.is_some();
        let rtcp = kit.rtcp.take().and_then(|s| net.add(s));
        let has_room = [Some(rtp), rtcp]
            .iter()
            .flatten()
            .all(|f| (f.0 as usize) < self.seat_of.len());
        if !has_room || wants_rtcp != rtcp.is_some() {
            kit.rtp = net.remove(rtp);
            kit.rtcp = rtcp.and_then(|f| net.remove(f));
            return self.refuse(kit, now);
        }
        for flow in [Some(rtp), rtcp].into_iter().flatten() {
            self.seat_of[flow.0 as usize] = Some(at);
        }
        kit.leg.begin(now);
        let flows = Flows { rtp, rtcp };
        self.seats[at as usize] = Some(Seat { kit, flows });
        self.free.pop();
        self.seat_by_leg.insert(place, (id, at));
        self.used = self.used.max(at as usize + 1);
    }

    fn refuse(&mut self, kit: Box<LegKit<S>>, now: Instant) {
        self.reports.urgent(Report::Refused {
            leg: Some(kit.leg.id),
            at: now,
        });
        self.retire(Kit::Leg(kit));
    }

    fn remove_leg(&mut self, leg: LegId, now: Instant, net: &mut impl MediaNet<Socket = S>) {
        let ntp = self.ntp(now);
        let Ok(place) = self.find(leg) else {
            return;
        };
        let (_, at) = self.seat_by_leg.remove(place);
        let Some(mut seat) = self.seats[at as usize].take() else {
            return;
        };
        self.free.push(at);
        let flows = seat.flows;
        seat.kit.leg.end(flows, ntp, now, net, &mut self.reports);
        net.flush();
        for flow in [Some(flows.rtp), flows.rtcp].into_iter().flatten() {
            self.seat_of[flow.0 as usize] = None;
        }
        seat.kit.rtp = net.remove(flows.rtp);
        seat.kit.rtcp = flows.rtcp.and_then(|f| net.remove(f));
        while self.used > 0 && self.seats[self.used - 1].is_none() {
            self.used -= 1;
        }
        self.retire(Kit::Leg(seat.kit));
    }

    fn add_bus(&mut self, bus: Box<BusKit>, now: Instant) {
        let is_taken = self.buses.iter().any(|b| b.bus.id == bus.bus.id);
        if is_taken || self.buses.len() == self.max_buses {
            self.reports.urgent(Report::Refused { leg: None, at: now });
            return self.retire(Kit::Bus(bus));
        }
        self.buses.push(bus);
    }

    fn remove_bus(&mut self, bus: BusId) {
        if let Some(at) = self.buses.iter().position(|b| b.bus.id == bus) {
            let kit = self.buses.swap_remove(at);
            self.retire(Kit::Bus(kit));
        }
    }

    /// What is over waits for control. [`takes_orders`](Self::takes_orders) keeps room for it.
    pub(crate) fn retire(&mut self, kit: Kit<S>) {
        debug_assert!(self.retired.len() < self.retired.capacity());
        self.retired.push_back(kit);
    }

    fn ntp(&self, now: Instant) -> u64 {
        let since_zero = Duration::from_nanos(now.as_nanos());
        self.ntp_at_zero.wrapping_add(ntp_units(since_zero))
    }

    /// Reads what has arrived until `now`. A tick does it too; between ticks it only makes arrival
    /// times finer.
    pub fn sweep(&mut self, now: Instant, net: &mut impl MediaNet<Socket = S>) {
        let ntp = self.ntp(now);
        net.sweep(
            &mut |flow: Flow, source: SocketAddr, waited: Duration, datagram: &mut [u8]| {
                let seat = self.seat_of.get(flow.0 as usize).copied().flatten();
                let seat = seat.and_then(|at| self.seats[at as usize].as_mut());
                if let Some(seat) = seat {
                    let came = Came {
                        source,
                        at: now - waited,
                        ntp: ntp.wrapping_sub(ntp_units(waited)),
                    };
                    let leg = &mut seat.kit.leg;
                    leg.datagram(datagram, came, &mut self.reports);
                }
            },
        );
    }

    /// 10 ms of everything, with what has arrived until `now`.
    pub fn tick(&mut self, now: Instant, net: &mut impl MediaNet<Socket = S>) {
        self.sweep(now, net);
        self.turn(now, net);
    }

    /// The tick that is due at `now`, with what has been read before: for threads, whose ticks are
    /// reckoned from when they are due and whose arrivals from when they are.
    ///
    /// Codecs of other processes are handed their packets before all else and their frames as they fill;
    /// what they make is collected after what runs here, 2 ms of waiting at most in all.
    pub fn turn(&mut self, now: Instant, net: &mut impl MediaNet<Socket = S>) {
        plugin_host::away::begin_tick();
        for seat in self.seats[..self.used].iter_mut().flatten() {
            seat.kit.leg.submit(now);
        }
        let listens = self.legs() > 0;
        for kit in &mut self.buses {
            kit.bus.begin(now, listens, &mut self.reports);
        }
        let ntp = self.ntp(now);
        let seats = &mut self.seats[..self.used];
        for seat in seats.iter_mut().flatten() {
            let leg = &mut seat.kit.leg;
            leg.hear(now, &mut self.pcm, &mut self.reports);
            if let Some(id) = leg.audio.bus()
                && let Some(kit) = self.buses.iter_mut().find(|b| b.bus.id == id)
            {
                kit.bus.add(&leg.wide, leg.is_joined());
            }
        }
        for kit in &mut self.buses {
            kit.bus.end(now);
            let bus = kit.bus.id;
            if let Some((side, filter, wrong)) = kit.bus.filter_trouble() {
                self.reports.urgent(Report::FilterTrouble {
                    bus,
                    at: now,
                    side,
                    filter,
                    wrong,
                });
            }
        }
        for Seat { kit, flows } in seats.iter_mut().flatten() {
            let leg = &mut kit.leg;
            let mut mixed = None;
            if let Some(id) = leg.audio.bus()
                && let Some(kit) = self.buses.iter().find(|b| b.bus.id == id)
            {
                leg.mix(&kit.bus, &mut self.microphone, &mut self.mixed);
                mixed = Some(&self.mixed);
            }
            leg.speak(mixed, *flows, now, &mut self.said, net);
            leg.tell_keys(now, &mut self.reports);
            leg.tell(*flows, ntp, now, net, &mut self.reports);
        }
        for seat in seats.iter_mut().flatten() {
            let leg = &mut seat.kit.leg;
            leg.collect(net);
            // Orders need room for what comes back of them; without it, this waits.
            if self.retired.len() + 8 <= self.retired.capacity()
                && let Some(codec) = leg.settle(now, &mut self.reports)
            {
                self.retired.push_back(Kit::Codec(codec));
            }
        }
        net.flush();
    }

    /// Tells control something of the thread's own.
    pub fn tell(&mut self, report: Report) {
        self.reports.ordinary(report);
    }
}

/// A length of time as NTP counts it. Unit: 2^-32 s. Source: RFC 5905 §6.
fn ntp_units(length: Duration) -> u64 {
    (length.as_secs() << 32) | ((u64::from(length.subsec_nanos()) << 32) / 1_000_000_000)
}
