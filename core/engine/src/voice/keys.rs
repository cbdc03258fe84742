//! Keys: which method sends one, and how the peer's are heard.
//!
//! A method is asked on control once for each key and says what to do; media threads and dialogs do it.
//! Source: account keys K-066 to K-069.

use super::legs::{Ground, Legs, Running, State};
use audio::Rate;
use base::Hertz;
use control::event::DtmfMethod as Way;
use media_thread::kit::Kit;
use media_thread::order::{Chord, Given, LegId, Order};
use media_thread::{Ears, report};
use plugin_host::{Catalogue, DtmfListen, DtmfRequest, DtmfStep};
use ports::media::{DigitTrouble, Inform};
use ports::voice::{LegConfig, LegId as Named, Report};
use rtp::telephone_event::{Heard, Press, event_of, key_of};
use std::collections::BTreeMap;

/// How long each key of a keypad is held. Unit: ms. Source: ETSI ES 201 235-2 §4.2.4 asks for 65.
const KEY_MS: u32 = 100;
/// Codecs that model a voice: tones do not survive them (M-059).
const VOICE_MODELS: [&str; 6] = ["GSM", "G729", "iLBC", "G723", "speex", "AMR"];

/// How keys are sent and heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// Methods as plugins call themselves, in the order in which they are asked (K-066).
    pub order: Vec<String>,
    /// Every usable method is used, not the first alone (K-067).
    pub all: bool,
    /// Options of methods by name, JSON as each documents it.
    pub options: BTreeMap<String, String>,
    /// When keys are listened for in the audio.
    pub listen: Listen,
}

/// When keys are listened for in the audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listen {
    /// Never.
    Never,
    /// In calls where telephone-event was not agreed.
    WithoutEvents,
    /// In every call.
    Always,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            order: ["rfc2833", "info", "audio"].map(str::to_owned).to_vec(),
            all: false,
            options: BTreeMap::new(),
            listen: Listen::WithoutEvents,
        }
    }
}

impl Keys {
    fn options_of(&self, method: &str) -> &str {
        self.options.get(method).map_or("", String::as_str)
    }

    /// What to send for one key: a plan of each method that is to be used, in order.
    fn plans(
        &self,
        catalogue: &Catalogue,
        config: &LegConfig,
        (key, duration_ms, takes_info): (char, u32, bool),
    ) -> Plans {
        let mut plans = Plans::default();
        for name in &self.order {
            let Ok(method) = catalogue.dtmf(name) else {
                tracing::debug!(name, "DTMF method is not there");
                continue;
            };
            let request = DtmfRequest {
                key,
                duration_ms,
                peer_takes_info: takes_info,
                codec_clock_hz: config.format.clock_rate.0,
                event_clock_hz: config.telephone_event.map(|events| events.clock_rate.0),
                options: self.options_of(name),
            };
            match method.plan(&request) {
                Ok(Some(plan)) if spoils(config, &plan) => plans.spoilt.push(plan),
                Ok(Some(plan)) => plans.good.push(plan),
                Ok(None) => {}
                Err(why) => tracing::warn!(name, %why, "DTMF method"),
            }
        }
        plans
    }
}

/// Plans for one key.
#[derive(Debug, Default)]
struct Plans {
    good: Vec<Vec<DtmfStep>>,
    /// Tones that the codec would not carry.
    spoilt: Vec<Vec<DtmfStep>>,
}

/// Whether the plan holds tones and the codec spoils them.
fn spoils(config: &LegConfig, plan: &[DtmfStep]) -> bool {
    let name = &config.format.name;
    let models = VOICE_MODELS
        .iter()
        .any(|codec| codec.eq_ignore_ascii_case(name));
    models
        && plan
            .iter()
            .any(|step| matches!(step, DtmfStep::Tone { .. }))
}

/// A key on its way.
#[derive(Clone, Copy)]
struct OnItsWay {
    leg: Named,
    digit: char,
    duration_ms: u32,
    falls_back: bool,
}

impl<G: Ground> Legs<G> {
    /// Keys are sent and heard so from now on.
    #[must_use]
    pub fn with_keys(mut self, keys: Keys) -> Self {
        self.keys = keys;
        self
    }

    /// Sends each key by the first method that can, or by all of them.
    pub(super) fn digits(
        &mut self,
        leg: Named,
        digits: &str,
        (duration_ms, takes_info): (Option<u32>, bool),
    ) {
        let duration_ms = duration_ms.unwrap_or(KEY_MS);
        for digit in digits.chars() {
            let Some(State::Runs(running)) = self.legs.get(&leg) else {
                return;
            };
            let wish = (digit, duration_ms, takes_info);
            let Plans { mut good, spoilt } =
                self.keys.plans(&self.catalogue, &running.config, wish);
            if good.is_empty() && !spoilt.is_empty() {
                let what = DigitTrouble::Spoilt;
                self.tell(Report::DigitRefused { leg, what });
                good = spoilt;
            }
            if good.is_empty() {
                let what = DigitTrouble::NoMethod;
                self.tell(Report::DigitRefused { leg, what });
            }
            let most = if self.keys.all { good.len() } else { 1 };
            let key = OnItsWay {
                leg,
                digit,
                duration_ms,
                falls_back: !self.keys.all,
            };
            for step in good.into_iter().take(most).flatten() {
                self.take_step(key, step);
            }
        }
    }

    fn take_step(&mut self, key: OnItsWay, step: DtmfStep) {
        match step {
            DtmfStep::Event {
                duration_ms,
                event,
                volume,
                duration_clock_hz,
                ..
            } => {
                let press = Press {
                    event,
                    ms: duration_ms,
                    volume,
                    duration_clock: Some(Hertz(duration_clock_hz)),
                };
                self.order(key.leg, |leg| Order::Dial { leg, press });
            }
            DtmfStep::Tone {
                duration_ms, tones, ..
            } => {
                let chord = Chord {
                    event: event_of(key.digit).unwrap_or_default(),
                    ms: duration_ms,
                    centihertz: [tones.low_centihertz, tones.high_centihertz],
                    centibels: [tones.low_centibels, tones.high_centibels],
                };
                self.order(key.leg, |leg| Order::Sound { leg, chord });
            }
            DtmfStep::Info {
                content_type, body, ..
            } => self.tell(Report::Inform {
                leg: key.leg,
                inform: Inform {
                    digit: key.digit,
                    duration_ms: key.duration_ms,
                    kind: content_type,
                    body,
                    falls_back: key.falls_back,
                },
            }),
        }
    }

    /// INFO of the peer's: a key, if any method reads it as one.
    pub(super) fn hear_info(&mut self, leg: Named, kind: &str, body: &str) {
        let mut methods = self.catalogue.dtmf_methods().iter();
        let heard = methods.find_map(|method| method.hear_info(kind, body));
        if let Some(heard) = heard {
            self.tell(Report::Digit {
                leg,
                digit: heard.key,
                duration_ms: heard.duration_ms,
                method: Way::Info,
            });
        }
    }

    /// Gives a leg ears for keys in its audio, or takes them, as codec and agreement want it now.
    pub(super) fn listen(&mut self, leg: Named) {
        let Some(State::Runs(running)) = self.legs.get(&leg) else {
            return;
        };
        let wanted = self.wants_ears(running).then_some(running.codec_rate);
        if wanted == running.ears {
            return;
        }
        let ears = wanted.and_then(|rate| self.ears(leg, rate));
        let given = Given {
            order: Order::Listen { leg: LegId(leg.0) },
            kit: ears.map_or(Kit::Nothing, |ears| Kit::Ears(Box::new(ears))),
        };
        let thread = running.thread;
        if let Err(why) = self.ground.give(thread, given) {
            tracing::warn!(leg = leg.0, why, "no ears for keys");
        } else if let Some(State::Runs(running)) = self.legs.get_mut(&leg) {
            running.ears = wanted;
        }
    }

    fn wants_ears(&self, running: &Running) -> bool {
        match self.keys.listen {
            Listen::Never => false,
            Listen::WithoutEvents => running.config.telephone_event.is_none(),
            Listen::Always => true,
        }
    }

    fn ears(&self, leg: Named, rate: Rate) -> Option<Ears> {
        let mut methods = self.catalogue.dtmf_methods().iter();
        let method = methods.find(|method| method.abilities().hears_tones)?;
        let name = method.name();
        let request = DtmfListen {
            sample_rate_hz: rate.hertz(),
            options: self.keys.options_of(&name),
        };
        let opened = method.open_soon(&request);
        opened
            .inspect_err(|why| tracing::warn!(name, %why, "DTMF method does not listen"))
            .ok()
            .map(|mut listener| {
                listener.fence().serves(leg.0);
                listener.fence().stands("listener".to_owned());
                Ears::new(listener, rate)
            })
    }

    /// What media threads say of keys; nothing of any other report.
    pub(super) fn key_report(&mut self, report: report::Report) {
        use report::Report as Said;
        if let Said::Key { leg, heard, .. } = report {
            self.key(Named(leg.0), heard);
        } else if let Said::KeySent {
            leg,
            event,
            duration_ms,
            way,
            ..
        } = report
        {
            self.key_sent(Named(leg.0), (event, duration_ms), way);
        } else if let Said::ToneKey {
            leg,
            key,
            duration_ms,
            ..
        } = report
        {
            self.tone_key(Named(leg.0), key, duration_ms);
        } else if let Said::KeyRefused { leg, .. } = report {
            let (leg, what) = (Named(leg.0), DigitTrouble::Full);
            self.tell(Report::DigitRefused { leg, what });
        }
    }

    /// A telephone-event of the peer's.
    fn key(&mut self, leg: Named, heard: Heard) {
        // A digit is told when the key comes up again: only then is it known how long it was.
        if let Heard::Released { event, duration } = heard
            && let Some(digit) = key_of(event)
        {
            let duration_ms = u32::try_from(duration.as_millis()).unwrap_or(u32::MAX);
            self.tell(Report::Digit {
                leg,
                digit,
                duration_ms,
                method: Way::Rtp,
            });
        }
    }

    fn tone_key(&mut self, leg: Named, digit: char, duration_ms: u32) {
        self.tell(Report::Digit {
            leg,
            digit,
            duration_ms,
            method: Way::Inband,
        });
    }

    fn key_sent(&mut self, leg: Named, (event, duration_ms): (u8, u32), way: report::Way) {
        if let Some(digit) = key_of(event) {
            self.tell(Report::DigitSent {
                leg,
                digit,
                duration_ms,
                method: match way {
                    report::Way::Events => Way::Rtp,
                    report::Way::Tones => Way::Inband,
                },
            });
        }
    }
}
