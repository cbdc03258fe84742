//! Another instance of a codec in the place of the running one, between two packets, and back if it fails.
//!
//! The jitter buffer, the playout line and the frame that is being filled stay: they hold PCM or packets, not
//! the codec's state. So nothing is lost or doubled, and sequence and timestamp go on. The replaced instance is
//! kept aside while the new one is watched. What the new one cannot do is done by it, with the same packet: a
//! new one that fails costs no audio.

use crate::codec_slot::CodecSlot;
use crate::engine::MediaEngine;
use crate::error::Error;
use crate::kit::Kit;
use crate::leg::Leg;
use crate::order::LegId;
use crate::report::Report;
use crate::reports::Reports;
use audio::Rate;
use base::{Duration, Instant};
use plugin_host::{CodecInstance, Status, Trouble};
use serde::{Deserialize, Serialize};

/// How long a new instance is watched unless settings say otherwise. Unit: ms.
pub const WATCH_MS: u32 = 1_000;

/// A codec alone, to take the place of one of the same format; and what comes back of that.
#[derive(Debug)]
pub struct CodecKit {
    pub(crate) slot: CodecSlot,
}

impl CodecKit {
    /// Prepares a codec. Thread: \[control\].
    pub fn new(codec: CodecInstance) -> Result<Self, Error> {
        let format = codec.format();
        let (hertz, channels) = (format.sample_rate_hz, format.channels);
        let rate = Rate::from_hertz(hertz).ok_or(Error::Rate {
            what: "the codec",
            hertz,
        })?;
        if channels != 1 {
            return Err(Error::Channels(channels));
        }
        Ok(Self {
            slot: CodecSlot::new(codec, rate),
        })
    }
}

/// What became of a replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Replaced {
    /// It did well while it was watched; the old one comes back to control.
    Kept,
    /// It failed; the old one is in its place again, and it comes back to control.
    RolledBack(WentWrong),
    /// It is of another format than the leg's codec, and was not put in its place.
    Misfit,
}

impl Replaced {
    pub(crate) fn misfit(leg: LegId, at: Instant) -> Report {
        let became = Self::Misfit;
        Report::CodecReplaced { leg, at, became }
    }
}

/// How a codec failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum WentWrong {
    /// It panicked, or its process ended.
    Panicked,
    /// It took too long, or did not answer, three times.
    TooSlow,
    /// It said a count that cannot be.
    Garbage,
    /// It refused what the old one did, or was not opened.
    Failed,
    /// A person switched its plugin off.
    SwitchedOff,
}

impl From<Trouble> for WentWrong {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Poisoned => Self::Panicked,
            Trouble::Bypassed => Self::TooSlow,
            Trouble::Failed(Status::GARBAGE) => Self::Garbage,
            // A process that has not answered yet, or is gone.
            Trouble::Failed(Status::UNAVAILABLE) => Self::TooSlow,
            Trouble::Failed(_) | Trouble::Refused => Self::Failed,
            Trouble::SwitchedOff => Self::SwitchedOff,
        }
    }
}

/// Answers that came too late before the new one is too slow. Source: rulings, Limits.
const LATE: u32 = 3;

/// How long a new instance is watched, and what the old one has not finished.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trial {
    pub(crate) until: Instant,
    /// The old one, of another process, has still a frame to give back.
    pub(crate) owes: bool,
}

/// The instance kept aside: the replaced one, or the new one once it has failed.
#[derive(Debug)]
pub(crate) struct Watch {
    aside: Box<CodecKit>,
    trial: Trial,
    late: u32,
    wrong: Option<WentWrong>,
}

impl CodecSlot {
    /// Puts `kit` in this one's place on trial; what is over is left in `kit`. `false` if it does not fit. A
    /// replacement that is still being watched is held good: it has not failed.
    pub(crate) fn replace(
        &mut self,
        mut kit: Box<CodecKit>,
        trial: Trial,
    ) -> (bool, Option<Box<CodecKit>>) {
        if !self.is_like(&kit.slot) {
            return (false, Some(kit));
        }
        // A frame that the one before has not given back yet goes with it.
        let owes = trial.owes && self.owing().is_none();
        let over = self.watch.take().map(|watch| watch.aside);
        self.exchange(&mut kit);
        self.watch = Some(Watch {
            aside: kit,
            trial: Trial { owes, ..trial },
            late: 0,
            wrong: None,
        });
        (true, over)
    }

    /// Lets the other do what this one could not. If it can, or if this one cannot be called again, they
    /// change places.
    pub(crate) fn rescue<T>(
        &mut self,
        way: usize,
        trouble: WentWrong,
        again: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let Some(mut watch) = self.watch.take_if(|watch| watch.wrong.is_none()) else {
            self.failed(way);
            return None;
        };
        let done = again(&mut watch.aside.slot);
        let is_bad = match trouble {
            // A busy machine makes one late, now and then; before it is open it cannot be.
            WentWrong::TooSlow => {
                watch.late += u32::from(!self.is_opening());
                watch.late >= LATE
            }
            // What both refuse is the packet's fault.
            WentWrong::Failed => done.is_some(),
            WentWrong::Panicked | WentWrong::Garbage | WentWrong::SwitchedOff => true,
        };
        if is_bad {
            self.give_way(&mut watch, trouble);
        }
        if done.is_none() {
            self.failed(way);
        }
        self.watch = Some(watch);
        done
    }

    /// Ends the trial when its time is over or the new one failed: what goes back to control, and what
    /// became of it.
    pub(crate) fn settle(&mut self, now: Instant) -> Option<(Box<CodecKit>, Replaced)> {
        // Before all else: a leg that replaces nothing pays one look.
        let mut watch = self.watch.take()?;
        if watch.wrong.is_none()
            && let Some(wrong) = self.shut()
        {
            self.give_way(&mut watch, wrong);
        }
        let goes_on = now < watch.trial.until || watch.trial.owes;
        if watch.wrong.is_none() && goes_on {
            self.watch = Some(watch);
            return None;
        }
        let became = watch.wrong.map_or(Replaced::Kept, Replaced::RolledBack);
        Some((watch.aside, became))
    }

    /// The one kept aside, while it has a frame to give back.
    pub(crate) fn owing(&mut self) -> Option<&mut Self> {
        let watch = self.watch.as_mut().filter(|watch| watch.trial.owes)?;
        Some(&mut watch.aside.slot)
    }

    /// The one kept aside has nothing more to give.
    pub(crate) fn forgive(&mut self) {
        if let Some(watch) = &mut self.watch {
            watch.trial.owes = false;
        }
    }

    /// The one kept aside is told too that the far end begins another stream.
    pub(crate) fn reset_aside(&mut self) {
        if let Some(watch) = &mut self.watch {
            watch.aside.slot.reset();
        }
    }

    /// The old one is in its place again, with what it has to give back.
    fn give_way(&mut self, watch: &mut Watch, wrong: WentWrong) {
        self.exchange(&mut watch.aside);
        watch.trial.owes = false;
        watch.wrong = Some(wrong);
    }

    /// Changes places; counts stay, for they are the leg's.
    fn exchange(&mut self, kit: &mut CodecKit) {
        core::mem::swap(self, &mut kit.slot);
        core::mem::swap(&mut self.failures, &mut kit.slot.failures);
        core::mem::swap(&mut self.unheard, &mut kit.slot.unheard);
        core::mem::swap(&mut self.watch, &mut kit.slot.watch);
    }
}

impl Leg {
    /// Puts another instance in the codec's place; whether it fits, and what is over at once.
    pub(crate) fn replace_codec(
        &mut self,
        codec: Box<CodecKit>,
        watch: Duration,
        now: Instant,
    ) -> (bool, Option<Box<CodecKit>>) {
        let trial = Trial {
            until: now + watch,
            owes: self.outbound.is_owed(),
        };
        self.voice.codec.replace(codec, trial)
    }

    /// Says how a replacement ended; what goes back to control of it.
    pub(crate) fn settle(&mut self, at: Instant, reports: &mut Reports) -> Option<Box<CodecKit>> {
        let (kit, became) = self.voice.codec.settle(at)?;
        let leg = self.id;
        reports.urgent(Report::CodecReplaced { leg, at, became });
        Some(kit)
    }
}

impl<S> MediaEngine<S> {
    /// What is over at once goes back to control; the rest when the watch is over.
    pub(crate) fn replace_codec(
        &mut self,
        leg: LegId,
        codec: Box<CodecKit>,
        watch_ms: u32,
        now: Instant,
    ) {
        let watch = Duration::from_millis(u64::from(watch_ms));
        let seat = self.seat(leg).map(|seat| &mut seat.kit.leg);
        let (fits, over) = match seat {
            Some(leg) => leg.replace_codec(codec, watch, now),
            None => (true, Some(codec)),
        };
        if !fits {
            self.reports.urgent(Replaced::misfit(leg, now));
        }
        if let Some(kit) = over {
            self.retire(Kit::Codec(kit));
        }
    }
}
