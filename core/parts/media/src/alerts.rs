//! What tells the person that somebody wants something: the phone rings, or a text message came.
//!
//! Where the phone rings is one place, with one tone at a time: a call comes before a message. While the person talks
//! or calls somebody nothing rings; another call is heard as the tone of a call that waits (`tones`).

use crate::Tones;
use crate::tones::change;
use audio::CallTone;
use base::{Duration, Instant};
use control::{AccountHandle, CallHandle};
use ports::Outbox;
use ports::media::Standing;
use ports::voice::{Do, Place};
use std::collections::{BTreeMap, BTreeSet};

/// The tone of a message is heard no longer than this: it tells of one, and does not ring. Unit: time.
const MESSAGE: Duration = Duration::from_secs(5);

/// What sounds where the phone rings.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Playing {
    /// For this call.
    Ringtone(CallHandle, Option<AccountHandle>),
    /// For a message, until it is over.
    Message(AccountHandle, Instant),
}

/// Ringing and the tones of messages.
#[derive(Debug)]
pub(crate) struct Alerts {
    tones: Tones,
    /// Calls that ring here, oldest first.
    ringing: BTreeMap<CallHandle, Option<AccountHandle>>,
    /// Tones of their own, of calls that ring or are about to.
    own: BTreeMap<CallHandle, String>,
    /// Calls that keep the person busy.
    busy: BTreeSet<CallHandle>,
    quiet: bool,
    playing: Option<Playing>,
}

impl Alerts {
    pub(crate) const fn new(tones: Tones) -> Self {
        Self {
            tones,
            ringing: BTreeMap::new(),
            own: BTreeMap::new(),
            busy: BTreeSet::new(),
            quiet: false,
            playing: None,
        }
    }

    /// A call rings with a tone of its own, once it rings.
    pub(crate) fn ringtone(&mut self, call: CallHandle, tone: String) {
        self.own.insert(call, tone);
    }

    /// A call stands otherwise.
    pub(crate) fn stands(
        &mut self,
        (call, account): (CallHandle, Option<AccountHandle>),
        standing: Standing,
        now: Instant,
        out: &mut Outbox,
    ) {
        self.ringing.remove(&call);
        self.busy.remove(&call);
        match standing {
            Standing::Incoming => {
                self.ringing.insert(call, account);
            }
            Standing::Trying | Standing::Ringing | Standing::Up => {
                self.busy.insert(call);
            }
            Standing::Hushed | Standing::HungUp | Standing::Busy | Standing::Failed => {
                self.own.remove(&call);
            }
        }
        self.refresh(now, out);
    }

    /// A text message came.
    pub(crate) fn wrote(&mut self, account: AccountHandle, now: Instant, out: &mut Outbox) {
        let is_free = !matches!(self.playing, Some(Playing::Ringtone(..)));
        let tone = self.tones.of(Some(&account)).message.clone();
        let Some(tone) = tone.filter(|_| is_free && !self.quiet) else {
            return;
        };
        let ms = tone.ms().map_or(MESSAGE, Duration::from_millis);
        let until = now + ms.min(MESSAGE);
        self.play(Some((Playing::Message(account, until), tone)), now, out);
    }

    /// Nothing sounds from now on, or everything again: a call that still rings is heard then.
    pub(crate) fn quiet(&mut self, on: bool, now: Instant, out: &mut Outbox) {
        self.quiet = on;
        self.refresh(now, out);
    }

    /// Nobody knows of these calls any more.
    pub(crate) fn forget(&mut self, now: Instant, out: &mut Outbox) {
        self.ringing.clear();
        self.own.clear();
        self.busy.clear();
        self.refresh(now, out);
    }

    pub(crate) fn handle_time(&mut self, now: Instant, out: &mut Outbox) {
        if self.deadline().is_some_and(|at| at <= now) {
            self.play(None, now, out);
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self.playing {
            Some(Playing::Message(_, until)) => Some(until),
            Some(Playing::Ringtone(..)) | None => None,
        }
    }

    /// Plays what is to sound, unless it does already.
    fn refresh(&mut self, now: Instant, out: &mut Outbox) {
        let rings = self.ringing.first_key_value();
        let rings = rings.filter(|_| self.busy.is_empty() && !self.quiet);
        let wanted = rings.map(|(&call, account)| Playing::Ringtone(call, account.clone()));
        if wanted.is_some() && wanted == self.playing {
            return;
        }
        let is_message = matches!(self.playing, Some(Playing::Message(..)));
        if wanted.is_none() && is_message && !self.quiet {
            return;
        }
        let with_tone = wanted.and_then(|playing| Some((self.tone(&playing)?, playing)));
        let next = with_tone.map(|(tone, playing)| (playing, tone));
        self.play(next, now, out);
    }

    fn tone(&self, playing: &Playing) -> Option<CallTone> {
        let Playing::Ringtone(call, account) = playing else {
            return None;
        };
        let own = self.own.get(call);
        let own = own.and_then(|written| self.tones.ringtones.get(written));
        let usual = &self.tones.of(account.as_ref()).ringtone;
        own.or(usual.as_ref()).cloned()
    }

    fn play(&mut self, next: Option<(Playing, CallTone)>, now: Instant, out: &mut Outbox) {
        let before = self.playing.take();
        if let Some(before) = &before {
            tell(before, false, now, out);
        }
        if before.is_none() && next.is_none() {
            return;
        }
        let (playing, tone) = next.unzip();
        if let Some(playing) = &playing {
            tell(playing, true, now, out);
        }
        self.playing = playing;
        let place = Place::Ring;
        out.post(Do::Tone { place, tone });
    }
}

fn tell(playing: &Playing, begins: bool, now: Instant, out: &mut Outbox) {
    let (tone, whose) = match playing {
        Playing::Ringtone(call, account) => ("ringtone", (account.clone(), Some(*call))),
        Playing::Message(account, _) => ("message", (Some(account.clone()), None)),
    };
    change((tone, "ring"), whose, begins, now, out);
}
