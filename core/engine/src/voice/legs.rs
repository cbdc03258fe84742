//! Legs that are open, from their ports to their last count.

mod counts;
mod lost;
#[cfg(test)]
mod tests;

use super::filters::Filters;
use super::keys::Keys;
use super::kit::{self, Bench, Pace};
use super::reload::Trials;
use super::tones::Ringer;
use super::writer::Job;
use audio::Rate;
use base::Rng;
use core::net::IpAddr;
use media_thread::kit::Kit;
use media_thread::order::{Given, LegId, Order};
use media_thread::report::{Report as Heard, Told};
use plugin_host::{AudioRequest, Catalogue};
use ports::media::{Impairment, Quality, Sound};
use ports::recorder;
use ports::voice::{Do, LegConfig, LegId as Named, Report};
use std::collections::{BTreeMap, VecDeque};

/// What legs stand on: real sockets and threads in a host, made-up ones in simulation.
pub trait Ground {
    /// Carries a leg's datagrams.
    type Socket;

    /// Opens a socket pair at `local`.
    fn open(&mut self, local: IpAddr) -> Result<Pair<Self::Socket>, String>;

    /// Lets the packets of a leg meet a bad network.
    fn impair(&mut self, socket: Self::Socket, by: &Impairment, leg: Named) -> Self::Socket;

    /// Media threads. Range: 1 and up.
    fn threads(&self) -> usize;

    /// Gives a media thread an order; never waits.
    fn give(&mut self, thread: usize, given: Given<Self::Socket>) -> Result<(), String>;

    /// The next thing that a media thread has to say.
    fn poll(&mut self, thread: usize) -> Option<Told<Self::Socket>>;

    /// Tells the media part.
    fn tell(&mut self, report: Report);

    /// Hands the recorders' thread a job; never waits.
    fn write(&mut self, job: Job) -> Result<(), String>;

    /// The next thing that the recorders' thread has to say.
    fn written(&mut self) -> Option<recorder::Told>;

    /// Tells the recorder part.
    fn tell_recorder(&mut self, told: recorder::Told);
}

/// Sockets of one leg and the ports they are bound to.
#[derive(Debug)]
pub struct Pair<S> {
    /// For RTP, and its port.
    pub rtp: (S, u16),
    /// For RTCP, and its port.
    pub rtcp: (S, u16),
}

pub(super) enum State<S> {
    /// Ports are open and wait for an agreement.
    Open(Option<Pair<S>>),
    /// A media thread runs it.
    Runs(Box<Running>),
}

pub(super) struct Running {
    pub(super) config: LegConfig,
    pub(super) thread: usize,
    /// Of the codec's samples.
    pub(super) codec_rate: Rate,
    /// What its ears for keys were made for, if it has any.
    pub(super) ears: Option<Rate>,
    audio_rate: Rate,
    quality: Quality,
    pub(super) stopping: bool,
}

/// All legs of a host.
pub struct Legs<G: Ground> {
    pub(super) ground: G,
    pub(super) catalogue: Catalogue,
    pub(super) keys: Keys,
    /// What the person's sound passes.
    pub(super) filters: Filters,
    /// Builds that take a running plugin's place.
    pub(super) trials: Trials,
    /// Recordings that were asked for before their leg runs.
    pub(super) early: BTreeMap<Named, recorder::Request>,
    /// Recordings that are not closed yet.
    pub(super) recordings: usize,
    pace: Pace,
    /// Legs on each thread.
    load: Vec<usize>,
    /// Legs that each thread was told to remove, in order: it answers in the same.
    leaving: Vec<VecDeque<Named>>,
    pub(super) person: Rate,
    /// What the person's bus was opened with.
    device: Option<(String, AudioRequest)>,
    /// The device on which the phone rings, where that is another one.
    pub(super) ringer: Option<Ringer>,
    pub(super) legs: BTreeMap<Named, State<G::Socket>>,
    /// Tones that the media thread was given and has not given back.
    pub(super) tones: super::tones::Given,
    rng: Rng,
}

impl<G: Ground> Legs<G> {
    /// No leg yet. `person` is what the person's bus mixes at.
    pub fn new(ground: G, catalogue: Catalogue, pace: Pace, person: Rate, rng: Rng) -> Self {
        let count = ground.threads();
        Self {
            ground,
            catalogue,
            keys: Keys::default(),
            filters: Filters::default(),
            trials: Trials::default(),
            early: BTreeMap::new(),
            recordings: 0,
            pace,
            load: vec![0; count],
            leaving: (0..count).map(|_| VecDeque::new()).collect(),
            person,
            device: None,
            ringer: None,
            legs: BTreeMap::new(),
            tones: super::tones::Given::default(),
            rng,
        }
    }

    /// The person's device, to open it again when it was lost and is back.
    #[must_use]
    pub fn with_device(mut self, device: Option<(String, AudioRequest)>) -> Self {
        self.device = device;
        self
    }

    /// The device on which the phone rings, and what its bus mixes at.
    #[must_use]
    pub fn with_ringer(mut self, ringer: Option<(Rate, (String, AudioRequest))>) -> Self {
        self.ringer = ringer.map(|(rate, device)| Ringer::new(rate, device));
        self
    }

    /// The filters of the person's bus, to name them.
    #[must_use]
    pub fn with_filters(mut self, filters: Filters) -> Self {
        self.filters = filters;
        self
    }

    /// What the legs stand on.
    pub fn ground(&mut self) -> &mut G {
        &mut self.ground
    }

    /// Legs that are open or run.
    pub fn len(&self) -> usize {
        self.legs.len()
    }

    /// Whether there is no leg.
    pub fn is_empty(&self) -> bool {
        self.legs.is_empty()
    }

    /// Whether no media thread has anything to do.
    pub fn is_idle(&self) -> bool {
        self.recordings == 0
            && self.tones.is_idle()
            && self.load.iter().all(|&legs| legs == 0)
            && self.leaving.iter().all(VecDeque::is_empty)
    }

    /// Carries out what the media part asks.
    pub fn carry_out(&mut self, order: Do) {
        match order {
            Do::OpenPorts { leg, local } => self.open(leg, local),
            Do::Run(config) => self.run(*config),
            Do::Digits {
                leg,
                digits,
                duration_ms,
                info,
            } => self.digits(leg, &digits, (duration_ms, info)),
            Do::HearInfo { leg, kind, body } => self.hear_info(leg, &kind, &body),
            Do::Tone { place, tone } => self.tone(place, tone),
            Do::Record(order) => self.record(order),
            Do::Mute { leg, on } => self.order(leg, |leg| Order::Mute { leg, muted: on }),
            Do::Stop { leg } => self.stop(leg),
            Do::StopAll => {
                let all: Vec<Named> = self.legs.keys().copied().collect();
                all.into_iter().for_each(|leg| self.stop(leg));
                self.hush();
            }
        }
    }

    fn open(&mut self, leg: Named, local: IpAddr) {
        let ports = self.ground.open(local).map(|pair| {
            let ports = (pair.rtp.1, pair.rtcp.1);
            self.legs.insert(leg, State::Open(Some(pair)));
            ports
        });
        let shut_out = self.shut_out();
        self.tell(Report::Ports {
            leg,
            ports,
            shut_out,
        });
    }

    fn run(&mut self, config: LegConfig) {
        let leg = config.leg;
        let done = match self.legs.get_mut(&leg) {
            Some(State::Open(pair)) => match pair.take() {
                Some(pair) => self.start(config, pair),
                None => Ok(()),
            },
            Some(State::Runs(_)) => self.change(config),
            None => Ok(()),
        };
        match done {
            Ok(()) => {
                self.listen(leg);
                self.record_early(leg);
            }
            Err(why) => {
                self.forget_early(leg);
                self.tell(Report::Failed { leg, why });
            }
        }
    }

    fn start(&mut self, config: LegConfig, pair: Pair<G::Socket>) -> Result<(), String> {
        // The person's calls share one bus, so they share its thread.
        let emptiest = (0..self.load.len())
            .min_by_key(|&t| self.load[t])
            .unwrap_or(0);
        let thread = if *config.sound.itself() == Sound::Person {
            0
        } else {
            emptiest
        };
        let pair = match &config.sound {
            Sound::Impaired { by, .. } => {
                let mut line = |socket| self.ground.impair(socket, by, config.leg);
                Pair {
                    rtp: (line(pair.rtp.0), pair.rtp.1),
                    rtcp: (line(pair.rtcp.0), pair.rtcp.1),
                }
            }
            Sound::Person | Sound::Echo | Sound::Silence | Sound::Device { .. } => pair,
        };
        let mut bench = Bench {
            catalogue: &self.catalogue,
            pace: self.pace,
            person: self.person,
            rng: &mut self.rng,
        };
        let made = kit::leg(&config, pair, &mut bench).map_err(|why| why.to_string())?;
        self.enter(&config)?;
        let given = Given {
            order: Order::AddLeg { leg: made.leg },
            kit: Kit::Leg(Box::new(made.kit)),
        };
        self.ground.give(thread, given)?;
        self.load[thread] += 1;
        let running = Running {
            thread,
            codec_rate: made.codec_rate,
            ears: None,
            audio_rate: made.audio_rate,
            quality: Quality::default(),
            stopping: false,
            config,
        };
        self.legs
            .insert(running.config.leg, State::Runs(Box::new(running)));
        Ok(())
    }

    /// Offer and answer agreed on something else: the differences become orders.
    fn change(&mut self, config: LegConfig) -> Result<(), String> {
        self.enter(&config)?;
        let Some(State::Runs(running)) = self.legs.get_mut(&config.leg) else {
            return Ok(());
        };
        let (leg, thread) = (LegId(config.leg.0), running.thread);
        let mut orders: Vec<Given<G::Socket>> = Vec::new();
        let old = &running.config;
        if (old.remote_rtp, old.remote_rtcp) != (config.remote_rtp, config.remote_rtcp)
            && let Some(remote) = kit::remote(&config)
        {
            orders.push(Order::SetRemote { leg, remote }.into());
        }
        if old.direction != config.direction {
            let direction = kit::direction(&config);
            orders.push(Order::SetDirection { leg, direction }.into());
        }
        orders.extend(Self::moves(old, &config));
        let same = old.format == config.format
            && old.ptime_ms == config.ptime_ms
            && old.telephone_event == config.telephone_event;
        if !same {
            let made = kit::voice(&config, running.audio_rate, self.pace, &self.catalogue);
            let (voice, made) = made.map_err(|why| why.to_string())?;
            running.codec_rate = made.rate();
            let order = Order::SetVoice { leg, voice };
            orders.push(Given {
                order,
                kit: Kit::Voice(Box::new(made)),
            });
        }
        let before = core::mem::replace(&mut running.config, config).room;
        orders
            .into_iter()
            .try_for_each(|given| self.ground.give(thread, given))?;
        self.leave(before);
        Ok(())
    }

    pub(super) fn order(&mut self, leg: Named, order: impl FnOnce(LegId) -> Order) {
        if let Some(State::Runs(running)) = self.legs.get(&leg) {
            let given = order(LegId(leg.0)).into();
            if let Err(why) = self.ground.give(running.thread, given) {
                self.tell(Report::Failed { leg, why });
            }
        }
    }

    /// Gives the thread of a leg that runs an order for it.
    pub(super) fn give(&mut self, leg: Named, given: Given<G::Socket>) -> Result<(), String> {
        match self.legs.get(&leg) {
            Some(State::Runs(running)) => self.ground.give(running.thread, given),
            Some(State::Open(_)) | None => Err("the call has no sound".to_owned()),
        }
    }

    fn stop(&mut self, leg: Named) {
        self.forget_early(leg);
        match self.legs.get_mut(&leg) {
            Some(State::Runs(running)) if !running.stopping => {
                running.stopping = true;
                let thread = running.thread;
                let given = Order::RemoveLeg { leg: LegId(leg.0) }.into();
                match self.ground.give(thread, given) {
                    Ok(()) => self.leaving[thread].push_back(leg),
                    // The thread hangs: the call must not.
                    Err(_) => self.stopped(thread, leg),
                }
            }
            Some(State::Runs(_)) => {}
            Some(State::Open(_)) | None => {
                self.legs.remove(&leg);
                self.tell(Report::Stopped { leg, quality: None });
            }
        }
    }

    fn stopped(&mut self, thread: usize, leg: Named) {
        self.load[thread] = self.load[thread].saturating_sub(1);
        self.forget_trials(leg);
        if let Some(State::Runs(running)) = self.legs.remove(&leg) {
            self.leave(running.config.room);
            self.tell(Report::Stopped {
                leg,
                quality: Some(running.quality),
            });
        }
    }

    /// Takes what the media threads have to say.
    pub fn fetch(&mut self) {
        self.fetch_written();
        for thread in 0..self.ground.threads() {
            while let Some(told) = self.ground.poll(thread) {
                match told {
                    Told::Report(report) => self.heard(report),
                    Told::Retired(Kit::Leg(_)) => {
                        if let Some(leg) = self.leaving[thread].pop_front() {
                            self.stopped(thread, leg);
                        }
                    }
                    Told::Retired(Kit::Tone(_)) => self.tones.came_back(),
                    // Dropped here, on control.
                    Told::Retired(_) => {}
                }
            }
        }
    }

    fn heard(&mut self, report: Heard) {
        match report {
            Heard::FirstPacket { leg, .. } | Heard::MediaBack { leg, .. } => {
                self.tell(Report::Flowing { leg: Named(leg.0) });
            }
            Heard::Key { .. }
            | Heard::KeySent { .. }
            | Heard::ToneKey { .. }
            | Heard::KeyRefused { .. } => self.key_report(report),
            Heard::NoMedia { leg, .. } => {
                let for_ms = u64::from(self.pace.silent_after_ms);
                self.tell(Report::Silent {
                    leg: Named(leg.0),
                    for_ms,
                });
            }
            Heard::Counts { leg, counts, .. } => {
                if let Some(State::Runs(running)) = self.legs.get_mut(&Named(leg.0)) {
                    counts::count(&mut running.quality, &counts);
                }
            }
            Heard::Quality {
                leg, heard, mos, ..
            } => self.quality(Named(leg.0), mos, heard.round_trip_ms),
            Heard::DeviceLost { bus, again, .. } => self.device_lost(bus, again),
            Heard::OwnDeviceFailed { leg, .. } => self.own_device_failed(Named(leg.0)),
            Heard::CodecGone { leg, .. } => self.codec_gone(Named(leg.0)),
            Heard::CodecTrouble { .. }
            | Heard::CodecReplaced { .. }
            | Heard::FilterTrouble { .. } => self.plugin_report(&report),
            Heard::Refused { leg, .. } => self.refused(leg),
            Heard::Thread {
                legs,
                late,
                skipped,
                longest_us,
                longest_stall_us,
                lost_reports,
                ..
            } => {
                tracing::debug!(
                    legs,
                    late,
                    skipped,
                    longest_us,
                    longest_stall_us,
                    lost_reports,
                    "media thread"
                );
            }
            Heard::Goodbye { leg, .. } => tracing::debug!(leg = leg.0, "RTCP BYE"),
        }
    }

    fn quality(&mut self, leg: Named, mos: f32, round_trip_ms: Option<f32>) {
        let Some(State::Runs(running)) = self.legs.get_mut(&leg) else {
            return;
        };
        running.quality.mos = mos;
        running.quality.rtt_ms = round_trip_ms.unwrap_or(0.0);
        let quality = running.quality;
        self.tell(Report::Quality { leg, quality });
    }

    fn refused(&mut self, leg: Option<LegId>) {
        if let Some(leg) = leg {
            let why = "the media thread has no room for another call".to_owned();
            let leg = Named(leg.0);
            self.tell(Report::Failed { leg, why });
        }
    }

    pub(super) fn tell(&mut self, report: Report) {
        self.ground.tell(report);
    }
}
