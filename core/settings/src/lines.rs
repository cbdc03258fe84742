//! Lists of which every item is a line with a meaning of its own: rules, schedules, callers.

use crate::tones;
use audio::call_tone::Signal;
use policy::disturb::{Entry, Who};
use policy::forward::Code;
use policy::header::Extra;
use policy::ringtone::Ringtone;
use policy::rule::{Direction, RULES};
use policy::watch::{Group, Right};
use policy::{IdentityOrder, Rules, answer::Callers, number};

/// What the items of a list are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    /// Rules about dialled numbers.
    Rewriting,
    /// Rules about callers.
    IncomingRewriting,
    /// When nobody is to ring.
    Schedule,
    /// Numbers and contacts.
    Callers,
    /// The same, or `*` alone.
    AnswerCallers,
    /// Ringtones of some calls.
    Ringtones,
    /// Header fields that name the caller.
    Identities,
    /// Numbers.
    Numbers,
    /// Header fields of requests.
    Headers,
    /// Who may watch.
    Watchers,
    /// People who may watch each other.
    Groups,
    /// What a server is dialled so that it sends calls elsewhere.
    Codes,
}

/// Most items of lists that are no rules.
const ITEMS: usize = 64;

/// An item that cannot be: its place in the list, what is wrong, what is allowed.
pub(crate) type Wrong = (usize, String, String);

impl Lines {
    /// All items that cannot be.
    pub(crate) fn wrong(self, items: &[String]) -> Vec<Wrong> {
        match self {
            Self::Rewriting => rules(items, Direction::Outgoing),
            Self::IncomingRewriting => rules(items, Direction::Incoming),
            Self::Schedule => each(items, |item| match Entry::read(item) {
                Ok(_) => None,
                Err(why) => Some((why.to_string(), String::new())),
            }),
            Self::Callers => each(items, |item| no_caller(item, Who::read(item).is_none())),
            Self::AnswerCallers => match Callers::read(items) {
                Ok(_) => each(items, |_| None),
                Err(_) => each(items, |item| no_caller(item, Who::read(item).is_none())),
            },
            Self::Ringtones => each(items, |item| match Ringtone::read(item) {
                Ok(line) if line.tone.is_empty() => {
                    Some(("there is no tone behind =>".to_owned(), self.allowed()))
                }
                Ok(line) => {
                    let ringing = Some(Signal::Ringing);
                    let why = tones::wrong(&line.tone, ringing)?;
                    Some((why, tones::allowed(ringing)))
                }
                Err(why) => Some((why.to_string(), String::new())),
            }),
            Self::Identities if IdentityOrder::read(items).is_some() => Vec::new(),
            Self::Identities => vec![(0, format!("{items:?} is not allowed"), self.allowed())],
            Self::Headers => each(items, |item| match Extra::read(item) {
                Ok(_) => None,
                Err(why) => Some((format!("{item:?}: {why}"), self.allowed())),
            }),
            Self::Numbers => each(items, |item| {
                let what = format!("{item:?} is no number");
                let is_number = number::plain(item).is_some_and(|plain| plain == *item);
                (!is_number).then(|| (what, self.allowed()))
            }),
            Self::Watchers => each(items, |item| {
                let why = Right::read(item).err()?;
                Some((why.to_string(), String::new()))
            }),
            Self::Codes => each(items, |item| {
                let why = Code::read(item).err()?;
                Some((why.to_string(), String::new()))
            }),
            Self::Groups => each(items, |item| {
                let why = Group::read(item).err()?;
                Some((why.to_string(), String::new()))
            }),
        }
    }

    pub(crate) fn allowed(self) -> String {
        match self {
            Self::Rewriting => {
                r#"allowed: a list of rules, such as ["startsWith 00 => replace +"]"#.to_owned()
            }
            Self::IncomingRewriting => {
                r#"allowed: a list of rules, such as ["startsWith 0900 => rejectCall"]"#.to_owned()
            }
            Self::Schedule => {
                r#"allowed: a list of lines, such as ["mon-fri 22:00-06:00"]"#.to_owned()
            }
            Self::Callers => {
                r#"allowed: a list of callers, such as ["+12223334455", "dav:7"]"#.to_owned()
            }
            Self::AnswerCallers => {
                r#"allowed: a list of callers, such as ["600", "dav:7"], or ["*"] for all"#
                    .to_owned()
            }
            Self::Ringtones => {
                r#"allowed: a list of lines, such as ["600, dav:* => gb"]"#.to_owned()
            }
            Self::Identities => {
                "allowed: a list of pai, from, rpid, ppi, each at most once, at least one"
                    .to_owned()
            }
            Self::Headers => {
                r#"allowed: a list of lines, such as ["INVITE X-Customer: 42", "* X-Site: 7"]"#
                    .to_owned()
            }
            Self::Numbers => r#"allowed: a list of numbers, such as ["112"]"#.to_owned(),
            Self::Watchers => {
                r#"allowed: a list of lines, such as ["presence allow user 20@example.com"]"#
                    .to_owned()
            }
            Self::Codes => {
                r#"allowed: a list of lines, such as ["always on *21*%target%#", "always off #21#"]"#
                    .to_owned()
            }
            Self::Groups => {
                r#"allowed: a list of lines, such as ["sales: 20, 21, inactive 22"]"#.to_owned()
            }
        }
    }
}

fn no_caller(item: &str, is_wrong: bool) -> Option<(String, String)> {
    let allowed = "allowed: a number, or SOURCE:NAME with ab, dav, ws, google, office365, qd; or one of these behind a \
                   name, such as Boss <+49711>";
    is_wrong.then(|| (format!("{item:?} is no caller"), allowed.to_owned()))
}

fn each(items: &[String], judge: impl Fn(&String) -> Option<(String, String)>) -> Vec<Wrong> {
    if items.len() > ITEMS {
        let what = format!("the list has {} items", items.len());
        return vec![(ITEMS, what, format!("allowed: at most {ITEMS}"))];
    }
    let judged = items.iter().enumerate();
    judged
        .filter_map(|(at, item)| judge(item).map(|(what, allowed)| (at, what, allowed)))
        .collect()
}

fn rules(items: &[String], direction: Direction) -> Vec<Wrong> {
    let lines = items.iter().map(String::as_str);
    let errors = Rules::read(lines, direction).err().unwrap_or_default();
    let wrong = errors.iter().map(|error| {
        let said = error.to_string();
        let at = error.place.rule().unwrap_or(RULES + 1) - 1;
        match said.split_once(", allowed: ") {
            Some((what, allowed)) => (at, what.to_owned(), format!("allowed: {allowed}")),
            None => (at, said, String::new()),
        }
    });
    wrong.collect()
}
