//! What becomes of ticks that come too late.

use crate::engine::{MediaEngine, Seat};
use crate::leg::Leg;
use crate::order::LegAudio;
use crate::sockets::MediaNet;
use base::{Duration, Hertz, Instant};

/// Blocks of 10 ms that a leg can owe. A device keeps hardly more; what is older is left out.
pub const OWED: u32 = 25;

impl Leg {
    /// Ticks are left out: up to `bound` are owed from now on, our clock goes on without the others.
    /// How many are owed.
    pub(crate) fn miss(&mut self, ticks: u32, bound: u32) -> u32 {
        let all = self.owed.saturating_add(ticks);
        self.owed = all.min(bound);
        let ms = (all - self.owed).saturating_mul(audio::block::BLOCK_MS as u32);
        self.outbound.skip(ms, Hertz(self.voice.clock_rate_hz));
        self.tap.skip(all - self.owed);
        self.owed
    }

    /// What is owed was said while nothing was heard.
    pub(crate) fn hear_nothing(&mut self) {
        self.heard.clear(self.voice.rate());
    }

    pub(crate) const fn owes(&self) -> bool {
        self.owed > 0
    }

    /// Whether a block is owed; then it is one less.
    pub(crate) fn pay(&mut self) -> bool {
        let owed = self.owed;
        self.owed = owed.saturating_sub(1);
        owed > 0
    }

    /// A tick comes so much too late.
    pub(crate) fn late(&mut self, by: Duration) {
        let us = u32::try_from(by.as_micros()).unwrap_or(u32::MAX);
        self.stalls.late_ticks += 1;
        self.stalls.longest_us = self.stalls.longest_us.max(us);
    }
}

impl<S> MediaEngine<S> {
    /// Ticks that were too late to be done.
    ///
    /// What was to be heard waits in the jitter buffers, which catch up by themselves. A leg with a
    /// device owes what that recorded meanwhile: each [`make_up`](Self::make_up) sends 10 ms of it,
    /// up to [`OWED`] blocks. The clocks of the other legs' streams go on without them.
    pub fn skip(&mut self, ticks: u32) {
        let Self { buses, seats, .. } = self;
        for seat in seats[..self.used].iter_mut().flatten() {
            let leg = &mut seat.kit.leg;
            let records = match leg.audio {
                LegAudio::Device => true,
                LegAudio::Bus(id) | LegAudio::Apart(id) => {
                    buses.iter().any(|b| b.bus.id == id && b.bus.records())
                }
                LegAudio::Silence | LegAudio::Echo => false,
            };
            let owed = if records { OWED } else { 0 };
            self.owed = self.owed.max(leg.miss(ticks, owed));
        }
    }

    /// 10 ms of what legs owe, at `now`, beside a tick that is not late. Twice the usual pace is
    /// what a peer can be asked to take.
    pub fn make_up(&mut self, now: Instant, net: &mut impl MediaNet<Socket = S>) {
        if self.owed == 0 {
            return;
        }
        self.owed -= 1;
        let Self { buses, seats, .. } = self;
        let seats = &mut seats[..self.used];
        for kit in buses.iter_mut() {
            let on_it = Some(kit.bus.id);
            let mut legs = seats.iter().flatten().map(|seat| &seat.kit.leg);
            if legs.any(|leg| leg.owes() && leg.audio.bus() == on_it) {
                kit.bus.begin(now, true, &mut self.reports);
            }
        }
        for Seat { kit, flows } in seats.iter_mut().flatten() {
            let leg = &mut kit.leg;
            if !leg.pay() {
                continue;
            }
            let mut recorded = None;
            if let Some(id) = leg.audio.bus()
                && let Some(kit) = buses.iter().find(|kit| kit.bus.id == id)
            {
                leg.let_through(kit.bus.said(), &mut self.microphone);
                recorded = Some(&self.microphone);
            }
            leg.hear_nothing();
            leg.speak(recorded, *flows, now, &mut self.said, net);
            leg.collect(net);
            leg.tell_keys(now, &mut self.reports);
        }
        net.flush();
    }

    /// The tick that comes now is so much too late: the machine stood still.
    pub fn late(&mut self, by: Duration) {
        for seat in self.seats[..self.used].iter_mut().flatten() {
            seat.kit.leg.late(by);
        }
    }
}
