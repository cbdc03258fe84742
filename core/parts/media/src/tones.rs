//! Which tone tells the person how calls stand: one at a time, on the loudspeaker of calls.
//!
//! A call that is dialled comes first, then one that waits while another is up, then what became of the last call. The
//! far end's own sound takes the place of ours, once it comes (RFC 3960 §3.2). Keys sound before all.

use audio::CallTone;
use audio::call_tone::CallTones;
use base::{Duration, Instant};
use control::event::ToneChange;
use control::{AccountHandle, CallHandle, EventBody};
use ports::media::Standing;
use ports::voice::{Do, Place};
use ports::{Outbox, events};
use std::collections::BTreeMap;

/// How long is told what became of a call. Unit: time.
const AFTER: Duration = Duration::from_secs(8);
/// How long a key sounds, where nobody says. Unit: ms.
const KEY_MS: u32 = 100;
/// The pause behind a key. Unit: ms.
const KEY_PAUSE_MS: u32 = 50;

/// What tones are made from.
#[derive(Debug, Clone, Default)]
pub struct Tones {
    /// For all accounts.
    pub all: CallTones,
    /// For accounts that want them otherwise, by name.
    pub accounts: BTreeMap<String, CallTones>,
    /// Ringtones of some calls, by how the settings write them; another is that of the call's account.
    pub ringtones: BTreeMap<String, CallTone>,
    /// Keys that are pressed are heard here (M-046).
    pub keypad: bool,
}

impl Tones {
    pub(crate) fn of(&self, account: Option<&AccountHandle>) -> &CallTones {
        let own = account.and_then(|account| self.accounts.get(account.as_str()));
        own.unwrap_or(&self.all)
    }
}

/// What a tone tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tells {
    Trying,
    Ringing,
    Waiting,
    HungUp,
    Busy,
    Failed,
    Keys,
}

impl Tells {
    const fn name(self) -> &'static str {
        match self {
            Self::Trying => "trying",
            Self::Ringing => "ringing",
            Self::Waiting => "waiting",
            Self::HungUp => "end",
            Self::Busy => "busy",
            Self::Failed => "failed",
            Self::Keys => "keys",
        }
    }
}

/// A call that is not over.
#[derive(Debug)]
struct Known {
    account: Option<AccountHandle>,
    standing: Standing,
    /// Sound came from the far end.
    heard: bool,
}

/// Why a tone sounds: the same call and the same news are the same tone.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cause {
    tells: Tells,
    call: CallHandle,
    account: Option<AccountHandle>,
}

/// The tone that was begun last for what still is so.
#[derive(Debug)]
struct Playing {
    cause: Cause,
    /// When it is over by itself.
    ends: Option<Instant>,
    /// It was.
    is_over: bool,
}

/// The tones of calls.
#[derive(Debug)]
pub(crate) struct Signals {
    tones: Tones,
    calls: BTreeMap<CallHandle, Known>,
    /// What became of the last call, and until when that is told.
    last: Option<(Cause, Instant)>,
    /// Keys that sound, and how long they do.
    keys: Option<(Cause, String, u32, Instant)>,
    /// Nothing that others do is heard.
    quiet: bool,
    playing: Option<Playing>,
}

impl Signals {
    pub(crate) const fn new(tones: Tones) -> Self {
        Self {
            tones,
            calls: BTreeMap::new(),
            last: None,
            keys: None,
            quiet: false,
            playing: None,
        }
    }

    /// A call stands otherwise.
    pub(crate) fn stands(
        &mut self,
        (call, account): (CallHandle, Option<AccountHandle>),
        standing: Standing,
        now: Instant,
        out: &mut Outbox,
    ) {
        let over = match standing {
            Standing::Trying | Standing::Ringing | Standing::Incoming | Standing::Up => None,
            Standing::Hushed => Some(None),
            Standing::HungUp => Some(Some(Tells::HungUp)),
            Standing::Busy => Some(Some(Tells::Busy)),
            Standing::Failed => Some(Some(Tells::Failed)),
        };
        match over {
            None => {
                self.last = None;
                let known = self.calls.entry(call).or_insert(Known {
                    account,
                    standing,
                    heard: false,
                });
                known.standing = standing;
            }
            Some(tells) => {
                self.calls.remove(&call);
                self.last = tells.map(|tells| {
                    let cause = Cause {
                        tells,
                        call,
                        account,
                    };
                    (cause, now + AFTER)
                });
            }
        }
        self.refresh(now, out);
    }

    /// Sound came from the far end of a call.
    pub(crate) fn flowing(&mut self, call: CallHandle, now: Instant, out: &mut Outbox) {
        if let Some(known) = self.calls.get_mut(&call) {
            known.heard = true;
            self.refresh(now, out);
        }
    }

    /// Keys are pressed in a call.
    pub(crate) fn pressed(
        &mut self,
        call: CallHandle,
        (digits, duration_ms): (&str, Option<u32>),
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(known) = self.calls.get(&call).filter(|_| self.tones.keypad) else {
            return;
        };
        let cause = Cause {
            tells: Tells::Keys,
            call,
            account: known.account.clone(),
        };
        let each = duration_ms.unwrap_or(KEY_MS);
        let tone = CallTone::keys(digits, each, KEY_PAUSE_MS);
        let until = now + Duration::from_millis(tone.ms().unwrap_or(0));
        self.silence(now, out);
        self.keys = Some((cause, digits.to_owned(), each, until));
        self.refresh(now, out);
    }

    /// Calls that wait are not heard, or again.
    pub(crate) fn quiet(&mut self, on: bool, now: Instant, out: &mut Outbox) {
        self.quiet = on;
        self.refresh(now, out);
    }

    /// Nobody knows of these calls any more.
    pub(crate) fn forget(&mut self, now: Instant, out: &mut Outbox) {
        self.calls.clear();
        self.last = None;
        self.keys = None;
        self.refresh(now, out);
    }

    pub(crate) fn handle_time(&mut self, now: Instant, out: &mut Outbox) {
        if self.last.as_ref().is_some_and(|(_, until)| *until <= now) {
            self.last = None;
        }
        if let Some((_, _, _, until)) = &self.keys
            && *until <= now
        {
            self.keys = None;
        }
        let ends = |playing: &&mut Playing| playing.ends.is_some_and(|at| at <= now);
        if let Some(playing) = self.playing.as_mut().filter(ends)
            && !core::mem::replace(&mut playing.is_over, true)
        {
            let cause = playing.cause.clone();
            out.post(Do::Tone {
                place: Place::Speaker,
                tone: None,
            });
            tell(&cause, false, now, out);
        }
        self.refresh(now, out);
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let last = self.last.as_ref().map(|(_, until)| *until);
        let keys = self.keys.as_ref().map(|(.., until)| *until);
        let playing = self.playing.as_ref().filter(|playing| !playing.is_over);
        let ends = playing.and_then(|playing| playing.ends);
        [last, keys, ends].into_iter().flatten().min()
    }

    /// What is to be told now.
    fn cause(&self) -> Option<Cause> {
        if let Some((cause, ..)) = &self.keys {
            return Some(cause.clone());
        }
        let of = |tells, wanted: Standing| {
            let mut calls = self.calls.iter().rev();
            let found = calls.find(|(_, known)| known.standing == wanted && !known.heard);
            found.map(|(&call, known)| Cause {
                tells,
                call,
                account: known.account.clone(),
            })
        };
        let is_up = self
            .calls
            .values()
            .any(|known| known.standing == Standing::Up);
        let dialled = of(Tells::Ringing, Standing::Ringing);
        dialled
            .or_else(|| of(Tells::Trying, Standing::Trying))
            .or_else(|| of(Tells::Waiting, Standing::Incoming).filter(|_| is_up && !self.quiet))
            .or_else(|| {
                let alone = self.calls.is_empty();
                self.last
                    .as_ref()
                    .filter(|_| alone)
                    .map(|(cause, _)| cause.clone())
            })
    }

    /// Plays what is to be told, unless it does already.
    fn refresh(&mut self, now: Instant, out: &mut Outbox) {
        let cause = self.cause();
        if self.playing.as_ref().map(|playing| &playing.cause) == cause.as_ref() {
            return;
        }
        let before = self.playing.take();
        let tone = cause.as_ref().and_then(|cause| self.tone(cause));
        let sounded = before.is_some_and(|before| {
            if !before.is_over {
                tell(&before.cause, false, now, out);
            }
            !before.is_over
        });
        let Some((cause, tone)) = cause.zip(tone) else {
            if sounded {
                out.post(Do::Tone {
                    place: Place::Speaker,
                    tone: None,
                });
            }
            return;
        };
        tell(&cause, true, now, out);
        self.playing = Some(Playing {
            cause,
            ends: tone.ms().map(|ms| now + Duration::from_millis(ms)),
            is_over: false,
        });
        out.post(Do::Tone {
            place: Place::Speaker,
            tone: Some(tone),
        });
    }

    /// What sounds is no more.
    fn silence(&mut self, now: Instant, out: &mut Outbox) {
        if let Some(before) = self.playing.take().filter(|before| !before.is_over) {
            tell(&before.cause, false, now, out);
        }
    }

    fn tone(&self, cause: &Cause) -> Option<CallTone> {
        let tones = self.tones.of(cause.account.as_ref());
        match cause.tells {
            Tells::Trying => tones.trying.clone(),
            Tells::Ringing => tones.ringing.clone(),
            Tells::Waiting => tones.waiting.clone(),
            Tells::HungUp => tones.end_call.clone(),
            Tells::Busy => tones.busy.clone(),
            Tells::Failed => tones.failed.clone(),
            Tells::Keys => {
                let keys = self.keys.as_ref();
                keys.map(|(_, digits, each, _)| CallTone::keys(digits, *each, KEY_PAUSE_MS))
            }
        }
    }
}

fn tell(cause: &Cause, begins: bool, now: Instant, out: &mut Outbox) {
    let whose = (cause.account.clone(), Some(cause.call));
    change((cause.tells.name(), "speaker"), whose, begins, now, out);
}

/// Tells that a tone began or ended.
pub(crate) fn change(
    (tone, place): (&str, &str),
    (account, call): (Option<AccountHandle>, Option<CallHandle>),
    begins: bool,
    now: Instant,
    out: &mut Outbox,
) {
    let change = Box::new(ToneChange {
        tone: tone.to_owned(),
        place: place.to_owned(),
    });
    out.post(events::Word::Tell {
        at: now,
        account,
        call,
        command: None,
        body: match begins {
            true => EventBody::ToneStarted(change),
            false => EventBody::ToneStopped(change),
        },
    });
}
