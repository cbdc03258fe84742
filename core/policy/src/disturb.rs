//! Do not disturb: by hand, by schedule, and who comes through nevertheless (M-135, K-091 to K-104).

use crate::clock::{Moment, TimeOfDay, Weekdays};
use crate::rewrite::{Contact, Source};
use crate::{Location, number};
use core::fmt;

/// Most entries of a schedule, and most callers of one entry. Source: ours.
const ENTRIES: usize = 64;

/// When nobody is to ring, and who may.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DoNotDisturb {
    /// Switched on by hand: always.
    pub on: bool,
    /// Distance to UTC in which the schedule is read. Unit: minutes, east positive. `None`: local time (K-092).
    pub gmt_offset_min: Option<i32>,
    /// Any entry that matches is enough.
    pub schedule: Vec<Entry>,
    /// Callers who ring at any time.
    pub except: Vec<Who>,
}

/// One rule of the schedule (K-093).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Without this it is kept, and does nothing.
    pub enabled: bool,
    /// Days on which its window begins.
    pub weekdays: Weekdays,
    /// First minute.
    pub from: TimeOfDay,
    /// Last minute; before `from`: on the next day.
    pub to: TimeOfDay,
    /// Callers whom it keeps away; empty: all.
    pub callers: Vec<Who>,
}

/// A caller (K-098), written `+49711`, `dav:7`, or with a name for people before it: `Boss <+49711>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// What people call them, in one line; says nothing of whom it matches (K-099).
    pub name: Option<String>,
    /// Who it is.
    pub is: Whom,
}

/// Whom a caller's entry means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whom {
    /// Whoever calls from this number.
    Number(String),
    /// This contact, whatever number it calls from.
    Contact {
        /// Where the contact is kept.
        source: Source,
        /// Its name there.
        identifier: String,
    },
}

impl Who {
    /// Reads a number or `source:identifier`, in angle brackets behind a name where there is one.
    pub fn read(text: &str) -> Option<Self> {
        let Some((name, rest)) = text.split_once('<') else {
            let is = Whom::read(text)?;
            return Some(Self { name: None, is });
        };
        let name = name.trim();
        let unquoted = name
            .strip_prefix('"')
            .and_then(|name| name.strip_suffix('"'));
        let name = unquoted.unwrap_or(name);
        if name.chars().any(|c| c.is_control() || c == '"') {
            return None;
        }
        let is = Whom::read(rest.trim_end().strip_suffix('>')?)?;
        let name = (!name.is_empty()).then(|| name.to_owned());
        Some(Self { name, is })
    }

    /// Whether `caller`, who is these contacts, is meant.
    pub fn is(&self, caller: &str, contacts: &[Contact], here: Option<&Location>) -> bool {
        self.is.is(caller, contacts, here)
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "\"{name}\" <{}>", self.is),
            None => self.is.fmt(f),
        }
    }
}

impl fmt::Display for Whom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => f.write_str(number),
            Self::Contact { source, identifier } => write!(f, "{}:{identifier}", source.word()),
        }
    }
}

impl Whom {
    fn read(text: &str) -> Option<Self> {
        if let Some((source, identifier)) = text.split_once(':') {
            let known = (!identifier.is_empty()).then(|| Source::read(source));
            return Some(Self::Contact {
                source: known??,
                identifier: identifier.to_owned(),
            });
        }
        let number = number::plain(text)?;
        let has_digit = number.contains(|c: char| c.is_ascii_digit());
        has_digit.then_some(Self::Number(number))
    }

    fn is(&self, caller: &str, contacts: &[Contact], here: Option<&Location>) -> bool {
        match self {
            Self::Number(number) => number::same(number, caller, here),
            Self::Contact { source, identifier } => contacts
                .iter()
                .any(|contact| contact.source == *source && contact.identifier == *identifier),
        }
    }
}

/// Why a schedule's line cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Words are missing.
    #[error("{0} is missing: written DAYS FROM-TO [for CALLER, …], such as mon-fri 22:00-06:00")]
    Missing(&'static str),
    /// No days.
    #[error("{0:?} is no weekday: allowed are 0 to 127, daily, or names such as mon-fri, sat+sun")]
    Weekdays(String),
    /// No time.
    #[error("{0:?} is no time: allowed is HH:MM between 00:00 and 23:59")]
    Time(String),
    /// No caller.
    #[error(
        "{0:?} is no caller: allowed are numbers, and SOURCE:NAME with ab, dav, ws, google, office365, qd; \
         or one of these behind a name, such as Boss <+49711>"
    )]
    Caller(String),
    /// Something else where `for` should be.
    #[error("{0:?} is not expected: callers are written for CALLER, CALLER")]
    Word(String),
    /// Too many.
    #[error("at most {ENTRIES} lines, and {ENTRIES} callers in each")]
    TooMany,
}

impl Entry {
    /// Reads a line such as `mon-fri 22:00-06:00 for +12223334455, dav:7`; `off` before it keeps it without use.
    pub fn read(line: &str) -> Result<Self, Refused> {
        let (line, enabled) = match line.trim().strip_prefix("off ") {
            Some(rest) => (rest.trim_start(), false),
            None => (line.trim(), true),
        };
        let (days, rest) = line.split_once(' ').unwrap_or((line, ""));
        if days.is_empty() {
            return Err(Refused::Missing("the weekday"));
        }
        let weekdays = Weekdays::read(days).ok_or_else(|| Refused::Weekdays(days.to_owned()))?;
        let rest = rest.trim_start();
        let (window, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        if window.is_empty() {
            return Err(Refused::Missing("the time"));
        }
        let (from, to) = window.split_once('-').ok_or(Refused::Missing("the end"))?;
        let time = |text: &str| TimeOfDay::read(text).ok_or_else(|| Refused::Time(text.to_owned()));
        let (from, to) = (time(from)?, time(to)?);
        let rest = rest.trim();
        let callers = match rest.strip_prefix("for ") {
            Some(callers) => callers.split(',').map(str::trim).map(caller).collect(),
            None if rest.is_empty() => Ok(Vec::new()),
            None => Err(Refused::Word(rest.to_owned())),
        }?;
        if callers.len() > ENTRIES {
            return Err(Refused::TooMany);
        }
        Ok(Self {
            enabled,
            weekdays,
            from,
            to,
            callers,
        })
    }

    fn matches_time(&self, now: Moment, offset: Option<i32>) -> bool {
        let (day, time) = now.read(offset);
        if self.from <= self.to {
            return self.weekdays.has(day) && (self.from..=self.to).contains(&time);
        }
        // Past midnight: the window belongs to the day on which it began.
        let evening = self.weekdays.has(day) && time >= self.from;
        let morning = self.weekdays.has(day.before()) && time <= self.to;
        evening || morning
    }
}

fn caller(text: &str) -> Result<Who, Refused> {
    Who::read(text).ok_or_else(|| Refused::Caller(text.to_owned()))
}

/// Why a call does not ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiet {
    /// Somebody switched it on.
    ByHand,
    /// A line of the schedule, from 1.
    Schedule(usize),
}

impl DoNotDisturb {
    /// Whether a call of `caller` now disturbs, and why.
    pub fn keeps_away(
        &self,
        caller: &str,
        contacts: &[Contact],
        here: Option<&Location>,
        now: Moment,
    ) -> Option<Quiet> {
        let is = |who: &Who| who.is(caller, contacts, here);
        if self.except.iter().any(is) {
            return None;
        }
        if self.on {
            return Some(Quiet::ByHand);
        }
        let matches = |entry: &Entry| {
            let meant = entry.callers.is_empty() || entry.callers.iter().any(is);
            entry.enabled && meant && entry.matches_time(now, self.gmt_offset_min)
        };
        let line = self.schedule.iter().position(matches)?;
        Some(Quiet::Schedule(line + 1))
    }
}

#[cfg(test)]
mod tests;
