//! The media part: owns the legs, says what can be described, and translates between calls and the
//! media threads.
//!
//! What it is not: it touches no sample, no socket and no plugin. Formats are plain data that whoever
//! loaded the codecs hands over (rulings 1); threads and sockets are behind `ports::voice`.

mod alerts;
mod options;
mod settings;
mod sounds;
#[cfg(test)]
mod tests;
mod tones;

pub use settings::{Codec, Held, Settings};
pub use tones::Tones;

use base::{Hertz, Instant};
use control::{AccountHandle, CallHandle};
use core::net::IpAddr;
use ports::media::{Notice, Ready, Room, Sound, Word};
use ports::voice::{Do, LegConfig, LegId, Opening, Report};
use ports::{Outbox, Part, Post, dialogs};
use sdp::{Agreed, Capability, Direction, LocalMedia};
use sounds::Sounds;
use std::collections::BTreeMap;

struct Leg {
    account: Option<AccountHandle>,
    local: IpAddr,
    sound: Sound,
    /// Set while the media threads run it: as agreed.
    running: Option<LegConfig>,
    /// The person's microphone is silenced.
    muted: bool,
    /// The leg is on hold.
    held: bool,
    room: Room,
    /// The tone before the microphone opens. Unit: ms.
    tone_ms: u32,
    /// Release was asked for.
    ending: bool,
}

impl Leg {
    /// What the media threads are to do: as agreed, or less on hold.
    fn config(&self, held: Held) -> Option<LegConfig> {
        let mut config = self.running.clone()?;
        if self.held {
            config.direction = match held {
                Held::Nothing => Direction::Inactive,
                Held::Silence => Direction::new(config.direction.sends(), false),
            };
        }
        Some(config)
    }
}

/// The media part.
pub struct Media {
    settings: Settings,
    legs: BTreeMap<CallHandle, Leg>,
    sounds: Sounds,
}

const fn leg_of(call: CallHandle) -> LegId {
    LegId(call.number())
}

const fn call_of(leg: LegId) -> CallHandle {
    CallHandle::from_number(leg.0)
}

impl Media {
    /// A part without legs.
    pub fn new(settings: Settings) -> Self {
        Self {
            sounds: Sounds::new(&settings.tones),
            settings,
            legs: BTreeMap::new(),
        }
    }

    /// Legs that are not over.
    pub fn unfinished(&self) -> usize {
        self.legs.len()
    }

    /// The codecs for calls of `account`.
    fn codecs(&self, account: Option<&AccountHandle>) -> &[Codec] {
        let own = account.and_then(|account| self.settings.accounts.get(account.as_str()));
        own.unwrap_or(&self.settings.codecs)
    }

    fn prepare(
        &mut self,
        call: CallHandle,
        (account, local): (Option<AccountHandle>, IpAddr),
        sound: Sound,
        out: &mut Outbox,
    ) {
        if self.legs.len() >= self.settings.legs {
            let why = format!("{} calls have media already", self.settings.legs);
            return out.post(dialogs::Word::Media {
                call,
                ready: Err(why),
            });
        }
        self.legs.insert(
            call,
            Leg {
                account,
                local,
                sound,
                running: None,
                muted: false,
                held: false,
                room: Room::Alone,
                tone_ms: 0,
                ending: false,
            },
        );
        out.post(Do::OpenPorts {
            leg: leg_of(call),
            local,
        });
    }

    fn ready(
        &self,
        leg: &Leg,
        (rtp, rtcp): (u16, u16),
        shut_out: &[(String, Hertz)],
    ) -> Box<Ready> {
        let codecs = self.codecs(leg.account.as_ref()).iter();
        let all = codecs.map(|codec| codec.capability.clone());
        let works = |format: &Capability| {
            let mut shut_out = shut_out.iter();
            !shut_out.any(|(name, clock)| *name == format.name && *clock == format.clock_rate)
        };
        let formats = all.filter(works).collect();
        let mut local = LocalMedia::audio(leg.local, rtp, formats);
        local.rtcp_port = (rtcp != rtp.wrapping_add(1)).then_some(rtcp);
        local.telephone_event = self.settings.telephone_event;
        local.narrow_events = self.settings.narrow_events;
        local.ptime_ms = self.settings.ptime_ms;
        local.max_ptime_ms = self.settings.max_ptime_ms;
        Box::new(Ready { local })
    }

    fn apply(&mut self, call: CallHandle, agreed: Agreed, out: &mut Outbox) {
        let Some(leg) = self.legs.get(&call) else {
            return;
        };
        let codecs = self.codecs(leg.account.as_ref());
        let options = options::of(codecs, &agreed.format);
        let Some(leg) = self.legs.get_mut(&call) else {
            return;
        };
        leg.running = Some(LegConfig {
            leg: leg_of(call),
            remote_rtp: agreed.remote_rtp,
            remote_rtcp: agreed.remote_rtcp,
            rtcp_mux: agreed.rtcp_mux,
            format: agreed.format,
            options,
            others: agreed.others,
            telephone_event: agreed.telephone_event,
            ptime_ms: agreed.ptime_ms,
            direction: agreed.direction,
            sound: leg.sound.clone(),
            room: leg.room,
            opening: Opening {
                tone_ms: leg.tone_ms,
                muted: leg.muted,
            },
        });
        if let Some(config) = leg.config(self.settings.held) {
            out.post(Do::Run(Box::new(config)));
        }
    }

    /// Holds a leg, or no longer. Where silence is sent, it is that of a muted microphone.
    fn hold(&mut self, call: CallHandle, on: bool, out: &mut Outbox) {
        let Some(leg) = self.legs.get_mut(&call) else {
            return;
        };
        leg.held = on;
        if self.settings.held == Held::Silence && !leg.muted {
            let leg = leg_of(call);
            out.post(Do::Mute { leg, on });
        }
        if let Some(config) = leg.config(self.settings.held) {
            out.post(Do::Run(Box::new(config)));
        }
    }

    fn join(&mut self, call: CallHandle, room: Room, out: &mut Outbox) {
        let Some(leg) = self.legs.get_mut(&call) else {
            return;
        };
        leg.room = room;
        if let Some(running) = &mut leg.running {
            running.room = room;
        }
        if let Some(config) = leg.config(self.settings.held) {
            out.post(Do::Run(Box::new(config)));
        }
    }

    fn mute(&mut self, call: CallHandle, on: bool, out: &mut Outbox) {
        let Some(leg) = self.legs.get_mut(&call) else {
            return;
        };
        leg.muted = on;
        let silent = on || leg.held && self.settings.held == Held::Silence;
        out.post(Do::Mute {
            leg: leg_of(call),
            on: silent,
        });
    }

    fn release(&mut self, call: CallHandle, out: &mut Outbox) {
        match self.legs.get_mut(&call) {
            Some(leg) => {
                leg.ending = true;
                out.post(Do::Stop { leg: leg_of(call) });
            }
            None => notice(call, Notice::Stopped(None), out),
        }
    }

    /// Ports are open, or could not be opened.
    fn opened(
        &mut self,
        leg: LegId,
        ports: Result<(u16, u16), String>,
        shut_out: &[(String, Hertz)],
        out: &mut Outbox,
    ) {
        let call = call_of(leg);
        let Some(known) = self.legs.get(&call).filter(|leg| !leg.ending) else {
            return;
        };
        let ready = match ports {
            Ok(ports) => Ok(self.ready(known, ports, shut_out)),
            Err(why) => {
                self.legs.remove(&call);
                Err(why)
            }
        };
        out.post(dialogs::Word::Media { call, ready });
    }

    /// Tones first: the far end's sound takes the place of theirs.
    fn reported(&mut self, report: Report, now: Instant, out: &mut Outbox) {
        if let Report::Flowing { leg } = report {
            self.sounds.flowing(call_of(leg), now, out);
        }
        self.report(report, out);
    }

    fn report(&mut self, report: Report, out: &mut Outbox) {
        match report {
            Report::Ports {
                leg,
                ports,
                shut_out,
            } => self.opened(leg, ports, &shut_out, out),
            Report::CodecGone { leg, plugin } => {
                self.pass(leg, Notice::CodecGone { plugin }, out);
            }
            Report::Failed { leg, why } => {
                let call = call_of(leg);
                if self.legs.contains_key(&call) {
                    notice(call, Notice::Broken { why }, out);
                }
            }
            Report::Flowing { leg } => self.pass(leg, Notice::Flowing, out),
            Report::Silent { leg, for_ms } => self.pass(leg, Notice::Silent { for_ms }, out),
            Report::Digit {
                leg,
                digit,
                duration_ms,
                method,
            } => {
                let what = Notice::Digit {
                    digit,
                    duration_ms,
                    method,
                };
                self.pass(leg, what, out);
            }
            Report::DigitSent {
                leg,
                digit,
                duration_ms,
                method,
            } => {
                let what = Notice::DigitSent {
                    digit,
                    duration_ms,
                    method,
                };
                self.pass(leg, what, out);
            }
            Report::DigitRefused { leg, what } => self.pass(leg, Notice::DigitRefused(what), out),
            Report::Inform { leg, inform } => self.pass(leg, Notice::Inform(inform), out),
            Report::OwnDeviceFailed { leg, plugin } => {
                self.pass(leg, Notice::OwnDeviceFailed { plugin }, out);
            }
            Report::DeviceLost { leg, plugin } => {
                self.pass(leg, Notice::DeviceLost { plugin }, out);
            }
            Report::Quality { leg, quality } => {
                self.pass(leg, Notice::Quality(Box::new(quality)), out);
            }
            Report::Stopped { leg, quality } => {
                let call = call_of(leg);
                self.legs.remove(&call);
                notice(call, Notice::Stopped(quality.map(Box::new)), out);
            }
        }
    }

    /// Passes on what concerns a leg that runs and is not on its way out.
    fn pass(&self, leg: LegId, what: Notice, out: &mut Outbox) {
        let call = call_of(leg);
        if self
            .legs
            .get(&call)
            .is_some_and(|leg| leg.running.is_some() && !leg.ending)
        {
            notice(call, what, out);
        }
    }

    fn gone(&mut self, call: CallHandle, out: &mut Outbox) {
        if self.legs.remove(&call).is_some() {
            notice(call, Notice::Stopped(None), out);
        }
    }
}

fn notice(call: CallHandle, what: Notice, out: &mut Outbox) {
    out.post(dialogs::Word::Noticed { call, what });
}

impl Part for Media {
    type Word = Word;

    fn started(&mut self, _now: Instant, out: &mut Outbox) {
        // Legs of a part that panicked belong to nobody; at first there are none.
        out.post(Do::StopAll);
    }

    fn handle(&mut self, word: Word, now: Instant, out: &mut Outbox) {
        match word {
            Word::Prepare {
                call,
                account,
                local,
                sound,
            } => self.prepare(call, (account, local), sound, out),
            Word::Apply { call, agreed } => self.apply(call, *agreed, out),
            Word::Release { call } => self.release(call, out),
            Word::Digits {
                call,
                digits,
                duration_ms,
                info,
            } => {
                let heard = (digits.as_str(), duration_ms);
                self.sounds.pressed(call, heard, now, out);
                out.post(Do::Digits {
                    leg: leg_of(call),
                    digits,
                    duration_ms,
                    info,
                });
            }
            Word::Info { call, kind, body } => out.post(Do::HearInfo {
                leg: leg_of(call),
                kind,
                body,
            }),
            Word::Mute { call, on } => self.mute(call, on, out),
            Word::Announce { call, ms } => {
                if let Some(leg) = self.legs.get_mut(&call) {
                    leg.tone_ms = ms;
                }
            }
            Word::Hold { call, on } => self.hold(call, on, out),
            Word::Join { call, room } => self.join(call, room, out),
            Word::News(news) => self.sounds.news(news, now, out),
            Word::Voice(report) => self.reported(report, now, out),
            Word::Restarted(ports::Address::Dialogs) => {
                // Nobody owns these calls any more.
                self.sounds.forget(now, out);
                for (&call, leg) in self.legs.iter_mut().filter(|(_, leg)| !leg.ending) {
                    leg.ending = true;
                    out.post(Do::Stop { leg: leg_of(call) });
                }
            }
            Word::Restarted(_) => {}
        }
    }

    fn handle_time(&mut self, now: Instant, out: &mut Outbox) {
        self.sounds.handle_time(now, out);
    }

    fn deadline(&self) -> Option<Instant> {
        self.sounds.deadline()
    }

    fn undelivered(&mut self, post: Post, _now: Instant, out: &mut Outbox) {
        // The media threads are gone or full: the leg is told so; a notice that dialogs cannot
        // take is lost, and the next one tells more.
        match post {
            Post::Voice(Do::OpenPorts { leg, .. }) => {
                let call = call_of(leg);
                self.legs.remove(&call);
                let why = "the media threads do not answer".to_owned();
                out.post(dialogs::Word::Media {
                    call,
                    ready: Err(why),
                });
            }
            Post::Voice(Do::Stop { leg }) => self.gone(call_of(leg), out),
            Post::Voice(Do::Run(config)) => {
                let why = "the media threads do not answer".to_owned();
                notice(call_of(config.leg), Notice::Broken { why }, out);
            }
            Post::Voice(
                Do::Digits { .. }
                | Do::HearInfo { .. }
                | Do::Mute { .. }
                | Do::Tone { .. }
                | Do::Record(_)
                | Do::StopAll,
            ) => {}
            Post::Link(_) | Post::Registrar(_) | Post::Dialogs(_) | Post::Media(_) => {}
            Post::Recorder(_) | Post::History(_) | Post::Store(_) | Post::Transfer(_) => {}
            Post::Blf(_) | Post::Messages(_) | Post::Presence(_) => {}
            Post::Network(_) | Post::Event(_) => {}
        }
    }
}
