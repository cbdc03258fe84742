//! Recordings of legs: from plain words to a ring and a job for the thread that writes.

use super::legs::{Ground, Legs, State};
use super::writer::{Job, Opening};
use audio::Rate;
use media_thread::kit::Kit;
use media_thread::order::{Given, LegId, Order};
use media_thread::tap::{TapSlot, tap};
use ports::recorder::{Do, Request, Told};
use ports::voice::LegId as Named;

impl<G: Ground> Legs<G> {
    /// Carries out what the recorder part asks.
    pub(super) fn record(&mut self, order: Do) {
        match order {
            Do::Start(request) => {
                let leg = request.leg;
                match self.legs.get(&leg) {
                    // Its order to run is on its way: recorder was faster than media.
                    Some(State::Open(Some(_))) => drop(self.early.insert(leg, *request)),
                    Some(State::Open(None) | State::Runs(_)) | None => self.record_now(*request),
                }
            }
            Do::Pause { leg, reason } => {
                // The reason travels ahead of the pause, so that it is there when the pause is met.
                if self.ground.write(Job::Pause { leg, reason }).is_ok() {
                    self.pause_tap(leg, true);
                }
            }
            Do::Resume { leg } => self.pause_tap(leg, false),
            Do::Note { leg, text } => {
                // What finds no room is lost: a note, not sound.
                let _ = self.ground.write(Job::Note { leg, text });
            }
            Do::Stop { leg } => {
                self.forget_early(leg);
                self.untap(leg);
            }
            Do::StopAll => {
                let early: Vec<Named> = self.early.keys().copied().collect();
                early.into_iter().for_each(|leg| self.forget_early(leg));
                self.running().into_iter().for_each(|leg| self.untap(leg));
            }
        }
    }

    fn record_now(&mut self, request: Request) {
        let leg = request.leg;
        if let Err(error) = self.start_recording(request) {
            self.ground.tell_recorder(refused(leg, error));
        }
    }

    /// The leg runs: what was asked for before begins.
    pub(super) fn record_early(&mut self, leg: Named) {
        if let Some(request) = self.early.remove(&leg) {
            self.record_now(request);
        }
    }

    /// The leg will not run, or nobody wants the recording any more.
    pub(super) fn forget_early(&mut self, leg: Named) {
        if self.early.remove(&leg).is_some() {
            let error = "it ended before the call had sound".to_owned();
            self.ground.tell_recorder(refused(leg, error));
        }
    }

    fn start_recording(&mut self, request: Request) -> Result<(), String> {
        let leg = request.leg;
        let codec_rate = self.codec_rate(leg).ok_or("the call has no sound yet")?;
        let plugin = self.catalogue.recorder(&request.plugin);
        let plugin = plugin.map_err(|why| why.to_string())?.clone();
        let about = plugin.files().map_err(|why| why.to_string())?;
        if u32::from(request.channels) > about.channels {
            return Err(format!("{} writes one channel only", request.plugin));
        }
        let taken = |rate: &Rate| about.sample_rates_hz.contains(&rate.hertz());
        let preferred = about
            .sample_rates_hz
            .iter()
            .find_map(|hz| Rate::from_hertz(*hz));
        let rate = Some(codec_rate).filter(taken).or(preferred);
        let rate = rate.ok_or_else(|| format!("{} takes no rate of ours", request.plugin))?;
        // A codec that comes later may be faster.
        let (slot, tapped) = tap(Rate::Hz48000);
        let opening = Opening {
            request,
            plugin,
            extension: about.extension,
            rate,
            tapped,
        };
        self.ground.write(Job::Open(Box::new(opening)))?;
        self.recordings += 1;
        // Where the leg is gone the ring is dropped, and with it the recording ends.
        self.set_tap(leg, slot)
    }

    /// The rate at which a leg that runs decodes.
    pub(super) fn codec_rate(&self, leg: Named) -> Option<Rate> {
        match self.legs.get(&leg)? {
            State::Runs(running) if !running.stopping => Some(running.codec_rate),
            State::Runs(_) | State::Open(_) => None,
        }
    }

    /// Legs that run.
    pub(super) fn running(&self) -> Vec<Named> {
        let runs = |(leg, state): (&Named, &State<G::Socket>)| {
            matches!(state, State::Runs(_)).then_some(*leg)
        };
        self.legs.iter().filter_map(runs).collect()
    }

    fn set_tap(&mut self, leg: Named, slot: TapSlot) -> Result<(), String> {
        let order = Order::SetTap { leg: LegId(leg.0) };
        let kit = Kit::Tap(Box::new(slot));
        self.give(leg, Given { order, kit })
    }

    fn untap(&mut self, leg: Named) {
        // A leg that is gone has taken its tap along.
        let _ = self.set_tap(leg, TapSlot::EMPTY);
    }

    fn pause_tap(&mut self, leg: Named, paused: bool) {
        let order = Order::PauseTap {
            leg: LegId(leg.0),
            paused,
        };
        // The same.
        let _ = self.give(leg, order.into());
    }

    /// Passes on what the thread that writes has to say.
    pub(super) fn fetch_written(&mut self) {
        while let Some(told) = self.ground.written() {
            if matches!(told, Told::Ended { .. }) {
                self.recordings = self.recordings.saturating_sub(1);
            }
            self.ground.tell_recorder(told);
        }
    }
}

fn refused(leg: Named, error: String) -> Told {
    Told::Ended {
        leg,
        path: None,
        audio_ms: 0,
        bytes: 0,
        error: Some(error),
    }
}
