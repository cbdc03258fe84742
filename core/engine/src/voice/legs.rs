//! Legs that are open, from their ports to their last count.

use super::impair::Line;
use super::kit::{self, Bench, Pace};
use super::{Settings, Thread, Voice};
use crate::wiring::Wiring;
use audio::Rate;
use base::Rng;
use core::net::IpAddr;
use media_thread::kit::Kit;
use media_thread::order::{Given, LegId, Order};
use media_thread::report::{Counts, Report as Heard, Told};
use net::{RtpPair, RtpPorts};
use plugin_host::Catalogue;
use ports::media::{Quality, Sound, Word};
use ports::voice::{Do, LegConfig, LegId as Named, Report};
use std::collections::{BTreeMap, VecDeque};
use std::net::UdpSocket;
use std::rc::Rc;

/// How long each key of a keypad is held. Unit: ms. Source: ETSI ES 201 235-2 §4.2.4 asks for 65.
const KEY_MS: u32 = 100;
/// Keys by their event code. Source: RFC 4733 §3.2.
const KEYS: &str = "0123456789*#ABCD";

enum State {
    /// Ports are open and wait for an agreement.
    Open(Option<RtpPair>),
    /// A media thread runs it.
    Runs(Box<Running>),
}

struct Running {
    config: LegConfig,
    thread: usize,
    audio_rate: Rate,
    quality: Quality,
    stopping: bool,
}

/// All legs of a host.
pub(super) struct Legs {
    settings: Settings,
    catalogue: Catalogue,
    ports: RtpPorts,
    threads: Vec<Thread>,
    /// Legs on each thread.
    load: Vec<usize>,
    /// Legs that each thread was told to remove, in order: it answers in the same.
    leaving: Vec<VecDeque<Named>>,
    person: Rate,
    legs: BTreeMap<Named, State>,
    wiring: Rc<Wiring>,
    rng: Rng,
}

impl Legs {
    pub(super) fn new(voice: Voice, wiring: Rc<Wiring>) -> Self {
        let Voice {
            settings,
            catalogue,
            ports,
            threads,
            person,
            rng,
        } = voice;
        let count = threads.len();
        Self {
            settings,
            catalogue,
            ports,
            threads,
            load: vec![0; count],
            leaving: (0..count).map(|_| VecDeque::new()).collect(),
            person,
            legs: BTreeMap::new(),
            wiring,
            rng,
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.load.iter().all(|&legs| legs == 0) && self.leaving.iter().all(VecDeque::is_empty)
    }

    pub(super) fn carry_out(&mut self, order: Do) {
        match order {
            Do::OpenPorts { leg, local } => self.open(leg, local),
            Do::Run(config) => self.run(*config),
            Do::Digits { leg, digits } => {
                for key in digits.chars() {
                    self.order(leg, |leg| Order::Dial {
                        leg,
                        key,
                        ms: KEY_MS,
                    });
                }
            }
            Do::Mute { leg, on } => self.order(leg, |leg| Order::Mute { leg, muted: on }),
            Do::Stop { leg } => self.stop(leg),
        }
    }

    fn open(&mut self, leg: Named, local: IpAddr) {
        let ports = match self.ports.open(local, self.settings.dscp) {
            Ok(pair) => {
                let ports = (pair.port, rtcp_port(&pair));
                self.legs.insert(leg, State::Open(Some(pair)));
                Ok(ports)
            }
            Err(why) => Err(why.to_string()),
        };
        self.tell(Report::Ports { leg, ports });
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
        if let Err(why) = done {
            self.tell(Report::Failed { leg, why });
        }
    }

    fn start(&mut self, config: LegConfig, pair: RtpPair) -> Result<(), String> {
        // The person's calls share one bus, so they share its thread.
        let emptiest = (0..self.load.len())
            .min_by_key(|&t| self.load[t])
            .unwrap_or(0);
        let thread = if *config.sound.itself() == Sound::Person {
            0
        } else {
            emptiest
        };
        let mut bench = Bench {
            catalogue: &self.catalogue,
            pace: Pace {
                silent_after_ms: self.settings.silent_after_ms,
                counts_every_ms: self.settings.counts_every_ms,
            },
            person: self.person,
            rng: &mut self.rng,
        };
        let made = kit::leg(&config, pair, &mut bench).map_err(|why| why.to_string())?;
        let given = Given {
            order: Order::AddLeg { leg: made.leg },
            kit: Kit::Leg(Box::new(made.kit)),
        };
        give(&mut self.threads, thread, given)?;
        self.load[thread] += 1;
        let running = Running {
            thread,
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
        let Some(State::Runs(running)) = self.legs.get_mut(&config.leg) else {
            return Ok(());
        };
        let (leg, thread) = (LegId(config.leg.0), running.thread);
        let mut orders: Vec<Given<Line<UdpSocket>>> = Vec::new();
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
        let same = old.format == config.format
            && old.ptime_ms == config.ptime_ms
            && old.telephone_event == config.telephone_event;
        if !same {
            let made = kit::voice(&config, running.audio_rate, &self.catalogue);
            let (voice, made) = made.map_err(|why| why.to_string())?;
            let order = Order::SetVoice { leg, voice };
            orders.push(Given {
                order,
                kit: Kit::Voice(Box::new(made)),
            });
        }
        running.config = config;
        orders
            .into_iter()
            .try_for_each(|given| give(&mut self.threads, thread, given))
    }

    fn order(&mut self, leg: Named, order: impl FnOnce(LegId) -> Order) {
        if let Some(State::Runs(running)) = self.legs.get(&leg) {
            let given = order(LegId(leg.0)).into();
            if let Err(why) = give(&mut self.threads, running.thread, given) {
                self.tell(Report::Failed { leg, why });
            }
        }
    }

    fn stop(&mut self, leg: Named) {
        match self.legs.get_mut(&leg) {
            Some(State::Runs(running)) if !running.stopping => {
                running.stopping = true;
                let thread = running.thread;
                let given = Order::RemoveLeg { leg: LegId(leg.0) }.into();
                match give(&mut self.threads, thread, given) {
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
        if let Some(State::Runs(running)) = self.legs.remove(&leg) {
            self.tell(Report::Stopped {
                leg,
                quality: Some(running.quality),
            });
        }
    }

    /// Takes what the media threads have to say.
    pub(super) fn fetch(&mut self) {
        for thread in 0..self.threads.len() {
            while let Some(told) = self.threads.get_mut(thread).and_then(Thread::poll_told) {
                match told {
                    Told::Report(report) => self.heard(report),
                    Told::Retired(Kit::Leg(_)) => {
                        if let Some(leg) = self.leaving[thread].pop_front() {
                            self.stopped(thread, leg);
                        }
                    }
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
            Heard::Key { leg, heard, .. } => self.key(Named(leg.0), heard),
            Heard::NoMedia { leg, .. } => {
                let for_ms = u64::from(self.settings.silent_after_ms);
                self.tell(Report::Silent {
                    leg: Named(leg.0),
                    for_ms,
                });
            }
            Heard::Counts { leg, counts, .. } => {
                if let Some(State::Runs(running)) = self.legs.get_mut(&Named(leg.0)) {
                    count(&mut running.quality, &counts);
                }
            }
            Heard::Quality {
                leg, heard, mos, ..
            } => {
                let Some(State::Runs(running)) = self.legs.get_mut(&Named(leg.0)) else {
                    return;
                };
                running.quality.mos = mos;
                running.quality.rtt_ms = heard.round_trip_ms.unwrap_or(0.0);
                let quality = running.quality;
                self.tell(Report::Quality {
                    leg: Named(leg.0),
                    quality,
                });
            }
            Heard::CodecTrouble { leg, .. } => {
                tracing::error!(
                    leg = leg.0,
                    "codec does not work; the call goes on concealed"
                );
            }
            Heard::Refused { leg, .. } => {
                if let Some(leg) = leg {
                    let why = "the media thread has no room for another call".to_owned();
                    self.tell(Report::Failed {
                        leg: Named(leg.0),
                        why,
                    });
                }
            }
            Heard::Thread {
                legs,
                late,
                skipped,
                longest_us,
                lost_reports,
                ..
            } => {
                tracing::debug!(
                    legs,
                    late,
                    skipped,
                    longest_us,
                    lost_reports,
                    "media thread"
                );
            }
            Heard::Goodbye { leg, .. } => tracing::debug!(leg = leg.0, "RTCP BYE"),
        }
    }

    fn key(&self, leg: Named, heard: rtp::telephone_event::Heard) {
        // A digit is told when the key comes up again: only then is it known how long it was.
        if let rtp::telephone_event::Heard::Released { event, duration } = heard
            && let Some(digit) = KEYS.chars().nth(usize::from(event))
        {
            let duration_ms = u32::try_from(duration.as_millis()).unwrap_or(u32::MAX);
            self.tell(Report::Digit {
                leg,
                digit,
                duration_ms,
            });
        }
    }

    fn tell(&self, report: Report) {
        // A full mailbox loses counts; states are asked for again by whoever misses them.
        let _ = self.wiring.carry(Word::Voice(report).into());
    }
}

fn give(
    threads: &mut [Thread],
    thread: usize,
    given: Given<Line<UdpSocket>>,
) -> Result<(), String> {
    let thread = threads.get_mut(thread).ok_or("there is no media thread")?;
    thread.order(given).map_err(|full| full.1.to_string())
}

fn rtcp_port(pair: &RtpPair) -> u16 {
    let bound = pair.rtcp.local_addr().map(|addr| addr.port());
    bound.unwrap_or(pair.port.wrapping_add(1))
}

fn count(quality: &mut Quality, counts: &Counts) {
    let lost = u64::try_from(counts.lost).unwrap_or(0);
    let expected = counts.received + lost;
    quality.packets_in = counts.received;
    quality.packets_out = counts.sent;
    quality.loss_pct = match expected {
        0 => 0.0,
        expected => 100.0 * lost as f32 / expected as f32,
    };
    quality.jitter_ms = counts.jitter_us as f32 / 1000.0;
    quality.buffer_ms = counts.delay_us as f32 / 1000.0;
    if let Some(level) = counts.heard {
        quality.level_in_dbov = -f32::from(level.below_overload);
    }
    if let Some(level) = counts.said {
        quality.level_out_dbov = -f32::from(level.below_overload);
    }
}
