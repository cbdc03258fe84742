//! Calls that are picked up by themselves, by our wish or by the caller's (M-137).
//!
//! A caller's wish could turn the phone into a bug: it counts for callers on a list, told by a server that is
//! trusted, never beside another call, and a tone is heard before the microphone opens.

use crate::Location;
use crate::disturb::Who;
use crate::rewrite::Contact;
use base::Duration;

/// Longest wait that a caller may ask for. Unit: s.
pub const LONGEST_S: u32 = 60;
/// Shortest tone before the microphone opens. Unit: time.
pub const TONE: Duration = Duration::from_millis(200);

/// When calls are picked up by themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AutoAnswer {
    /// Every call, after so long (K-195, K-196).
    pub own: Option<Duration>,
    /// Calls that ask for it (K-197), of the callers listed.
    pub asked: bool,
    /// Whose wish counts.
    pub callers: Callers,
    /// The microphone stays silent until somebody opens it.
    pub muted: bool,
}

/// Whose wish counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Callers {
    /// Of everybody whom a trusted server tells of.
    All,
    /// Of these; of nobody when there is none.
    These(Vec<Who>),
}

impl Default for Callers {
    fn default() -> Self {
        Self::These(Vec::new())
    }
}

/// Who is to pick up, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PickUp {
    /// After so long.
    pub after: Duration,
    /// The tone that is heard before the microphone opens, at least so long.
    pub tone: Duration,
    /// The microphone stays silent.
    pub muted: bool,
}

impl AutoAnswer {
    /// What a caller's wish for an answer after `asked_s` seconds leads to.
    pub(crate) fn by_caller(
        &self,
        asked_s: u32,
        (caller, contacts): (&str, &[Contact]),
        trusted: bool,
        here: Option<&Location>,
    ) -> Option<PickUp> {
        let listed = match &self.callers {
            Callers::All => true,
            Callers::These(list) => list.iter().any(|who| who.is(caller, contacts, here)),
        };
        (self.asked && trusted && listed).then(|| PickUp {
            after: Duration::from_secs(u64::from(asked_s.min(LONGEST_S))),
            tone: TONE,
            muted: self.muted,
        })
    }

    /// What the person's own wish leads to.
    pub(crate) fn by_ourselves(&self) -> Option<PickUp> {
        self.own.map(|after| PickUp {
            after,
            tone: TONE,
            muted: self.muted,
        })
    }
}

impl Callers {
    /// Reads `*`, or numbers and `source:identifier`; the first that is neither is given back.
    pub fn read(list: &[String]) -> Result<Self, &str> {
        match list {
            [all] if all == "*" => Ok(Self::All),
            list => {
                let read = |text: &'_ String| Who::read(text);
                match list.iter().find(|text| read(text).is_none()) {
                    Some(wrong) => Err(wrong),
                    None => Ok(Self::These(list.iter().filter_map(read).collect())),
                }
            }
        }
    }
}
