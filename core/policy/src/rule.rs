//! Rules about numbers, as they are written: conditions that have to hold, actions that follow.
//!
//! Source: account keys K-105 to K-140. There is no pattern language: every condition is one comparison, so that
//! rules take time in proportion to their number and never more.

use crate::action::{DIAL_ACTIONS, DialAction};
use crate::header;
use crate::number::LONGEST;
use crate::rewrite::Source;

mod line;

pub use line::idle_operands;

#[cfg(test)]
mod tests;

/// Most rules of one list.
pub const RULES: usize = 500;
/// Most actions of one rule, and most that one number meets.
pub const ACTIONS: usize = 20;
/// Most conditions of one rule. Source: ours.
const CONDITIONS: usize = 20;

/// What the rules are for; some actions are for one only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Numbers that are dialled.
    Outgoing,
    /// Callers' numbers.
    Incoming,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The number begins so.
    StartsWith(String),
    /// It does not.
    DoesNotStartWith(String),
    /// It is this.
    Equals(String),
    /// It has so many characters.
    LengthEquals(usize),
    /// It has fewer.
    ShorterThan(usize),
    /// It has more.
    LongerThan(usize),
    /// The network is of this kind.
    NetworkType(NetworkType),
    /// The Wi-Fi has this name.
    Ssid(String),
    /// The number is of a contact that is kept there.
    ContactIsFromSource(Source),
    /// It is not, or of no contact.
    ContactIsNotFromSource(Source),
    /// The contact calls this number so.
    ContactLabelMatches(String),
    /// It does not, or there is no contact.
    ContactLabelDoesNotMatch(String),
}

/// What a network has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkType {
    /// Wi-Fi or a cable.
    Wifi,
    /// Radio of a telephone company.
    Cellular,
    /// There is one.
    Any,
    /// There is none.
    None,
}

/// One change of the number or of the way in which the call is handled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Puts this in the place of what the rule's first `startsWith` or `equals` found.
    Replace(String),
    /// Puts it before.
    Prepend(String),
    /// Puts it behind.
    Append(String),
    /// Lets the rules that follow be examined too.
    Continue,
    /// Records the call.
    RecordCall,
    /// Calls from another account.
    DialOut(String),
    /// Kept without effect (K-133).
    Confirm,
    /// Kept without effect (K-134).
    Drop,
    /// Calls by way of an access number.
    CallThrough,
    /// Does something else than calling.
    OverrideDialAction(DialAction),
    /// Adds a header field to the INVITE.
    SetHeader(String, String),
    /// Refuses the call.
    RejectCall,
    /// Sends the caller elsewhere.
    ForwardCall(String),
    /// Picks up at once.
    AnswerImmediately,
}

/// Names of conditions, as the account keys spell them.
pub const CONDITION_TYPES: [&str; 12] = [
    "startsWith",
    "doesntStartWith",
    "equals",
    "lengthEquals",
    "shorterThan",
    "longerThan",
    "networkType",
    "ssid",
    "contactIsFromSource",
    "contactIsNotFromSource",
    "contactLabelMatches",
    "contactLabelDoesNotMatch",
];

/// Names of actions.
pub const ACTION_TYPES: [&str; 14] = [
    "replace",
    "prepend",
    "append",
    "continue",
    "recordCall",
    "dialOut",
    "confirm",
    "drop",
    "callThrough",
    "overrideDialAction",
    "setHeader",
    "rejectCall",
    "forwardCall",
    "answerImmediately",
];

/// What is wrong with a rule, and where. Places count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct RuleError {
    /// Such as `rule[2]/condition[1]`.
    pub place: Place,
    /// What is wrong, and what is allowed.
    pub what: String,
}

/// A place in a list of rules. Numbers count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The list.
    List,
    /// A rule.
    Rule(usize),
    /// A condition of a rule.
    Condition(usize, usize),
    /// An action of a rule.
    Action(usize, usize),
}

impl Place {
    /// The rule that it is in.
    pub const fn rule(self) -> Option<usize> {
        match self {
            Self::List => None,
            Self::Rule(rule) | Self::Condition(rule, _) | Self::Action(rule, _) => Some(rule),
        }
    }
}

impl core::fmt::Display for Place {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::List => f.write_str("rules"),
            Self::Rule(rule) => write!(f, "rule[{rule}]"),
            Self::Condition(rule, at) => write!(f, "rule[{rule}]/condition[{at}]"),
            Self::Action(rule, at) => write!(f, "rule[{rule}]/action[{at}]"),
        }
    }
}

/// One rule: if all conditions hold, all actions follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// None of them: it always holds.
    pub(crate) conditions: Vec<Condition>,
    /// At least one.
    pub(crate) actions: Vec<Action>,
}

/// Rules in the order in which they are examined.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules(pub(crate) Vec<Rule>);

/// Type and operand of a condition or an action; an operand may be absent.
pub type Clause = (String, Option<String>);

impl Rules {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Accounts that `dialOut` names.
    pub fn accounts(&self) -> impl Iterator<Item = &str> {
        let actions = self.0.iter().flat_map(|rule| &rule.actions);
        actions.filter_map(|action| match action {
            Action::DialOut(account) => Some(account.as_str()),
            Action::Replace(_)
            | Action::Prepend(_)
            | Action::Append(_)
            | Action::Continue
            | Action::RecordCall
            | Action::Confirm
            | Action::Drop
            | Action::CallThrough
            | Action::OverrideDialAction(_)
            | Action::SetHeader(..)
            | Action::RejectCall
            | Action::ForwardCall(_)
            | Action::AnswerImmediately => None,
        })
    }

    /// Reads lines such as `startsWith 00, longerThan 8 => replace +, continue`. All errors at once.
    pub fn read<'a>(
        lines: impl IntoIterator<Item = &'a str>,
        direction: Direction,
    ) -> Result<Self, Vec<RuleError>> {
        let mut rules = Self::default();
        let mut errors = Vec::new();
        for (index, line) in lines.into_iter().enumerate() {
            let number = index + 1;
            if number > RULES {
                errors.push(RuleError {
                    place: Place::List,
                    what: format!("at most {RULES} rules are allowed"),
                });
                break;
            }
            match line::clauses(line, number) {
                Ok((conditions, actions)) => {
                    match Rule::new(number, direction, &conditions, &actions) {
                        Ok(rule) => rules.0.push(rule),
                        Err(found) => errors.extend(found),
                    }
                }
                Err(error) => errors.push(error),
            }
        }
        match errors.is_empty() {
            true => Ok(rules),
            false => Err(errors),
        }
    }
}

impl Rule {
    /// A rule from types and operands; `number` is its place in the list, from 1. All errors at once.
    pub fn new(
        number: usize,
        direction: Direction,
        conditions: &[Clause],
        actions: &[Clause],
    ) -> Result<Self, Vec<RuleError>> {
        let mut errors = Vec::new();
        let mut rule = Self {
            conditions: Vec::new(),
            actions: Vec::new(),
        };
        for (index, (kind, operand)) in conditions.iter().enumerate() {
            match Condition::read(kind, operand.as_deref()) {
                Ok(condition) => rule.conditions.push(condition),
                Err(what) => errors.push(RuleError {
                    place: Place::Condition(number, index + 1),
                    what,
                }),
            }
        }
        for (index, (kind, operand)) in actions.iter().enumerate() {
            let read = Action::read(kind, operand.as_deref());
            let read = read.and_then(|action| action.fits(direction, conditions));
            match read {
                Ok(action) => rule.actions.push(action),
                Err(what) => errors.push(RuleError {
                    place: Place::Action(number, index + 1),
                    what,
                }),
            }
        }
        let whole = match (conditions.len(), actions.len()) {
            (_, 0) => Some("at least one action is required".to_owned()),
            (..=CONDITIONS, ..=ACTIONS) => None,
            _ => Some(format!(
                "at most {CONDITIONS} conditions and {ACTIONS} actions are allowed"
            )),
        };
        errors.extend(whole.map(|what| RuleError {
            place: Place::Rule(number),
            what,
        }));
        match errors.is_empty() {
            true => Ok(rule),
            false => Err(errors),
        }
    }
}

impl Condition {
    /// From its type and operand.
    pub fn read(kind: &str, operand: Option<&str>) -> Result<Self, String> {
        let text = || text(kind, operand);
        let length = || length(kind, operand);
        let source = || source(kind, operand);
        Ok(match kind {
            "startsWith" => Self::StartsWith(text()?),
            "doesntStartWith" => Self::DoesNotStartWith(text()?),
            "equals" => Self::Equals(text()?),
            "lengthEquals" => Self::LengthEquals(length()?),
            "shorterThan" => Self::ShorterThan(length()?),
            "longerThan" => Self::LongerThan(length()?),
            "networkType" => Self::NetworkType(match operand {
                Some("wifi") => NetworkType::Wifi,
                Some("cellular") => NetworkType::Cellular,
                Some("any") => NetworkType::Any,
                Some("none") => NetworkType::None,
                Some(_) | None => return Err(refused(kind, operand, "wifi, cellular, any, none")),
            }),
            "ssid" => Self::Ssid(text()?),
            "contactIsFromSource" => Self::ContactIsFromSource(source()?),
            "contactIsNotFromSource" => Self::ContactIsNotFromSource(source()?),
            "contactLabelMatches" => Self::ContactLabelMatches(text()?),
            "contactLabelDoesNotMatch" => Self::ContactLabelDoesNotMatch(text()?),
            _ => return Err(unknown("condition", kind, &CONDITION_TYPES)),
        })
    }
}

impl Action {
    /// From its type and operand. An operand where none belongs is left out.
    pub fn read(kind: &str, operand: Option<&str>) -> Result<Self, String> {
        let text = || text(kind, operand);
        Ok(match kind {
            "replace" => {
                let text = operand.unwrap_or_default();
                match text.len() <= LONGEST && !text.chars().any(char::is_control) {
                    true => Self::Replace(text.to_owned()),
                    false => return Err(refused(kind, operand, "one line of text, or nothing")),
                }
            }
            "prepend" => Self::Prepend(text()?),
            "append" => Self::Append(text()?),
            "continue" => Self::Continue,
            "recordCall" => Self::RecordCall,
            "dialOut" => Self::DialOut(text()?),
            "confirm" => Self::Confirm,
            "drop" => Self::Drop,
            "callThrough" => Self::CallThrough,
            "overrideDialAction" => match operand.and_then(DialAction::read) {
                Some(action) => Self::OverrideDialAction(action),
                None => {
                    let names = DIAL_ACTIONS.map(|(name, _)| name).join(", ");
                    return Err(refused(kind, operand, &names));
                }
            },
            "setHeader" => {
                let line = operand.unwrap_or_default();
                let (name, value) = header::read(line).map_err(|why| {
                    let allowed = format!("Name: value on one line ({why})");
                    refused(kind, operand, &allowed)
                })?;
                Self::SetHeader(name, value)
            }
            "rejectCall" => Self::RejectCall,
            "forwardCall" => match operand.filter(|to| crate::forward::is_target(to)) {
                Some(to) => Self::ForwardCall(to.to_owned()),
                None => return Err(refused(kind, operand, "number or URI")),
            },
            "answerImmediately" => Self::AnswerImmediately,
            _ => return Err(unknown("action", kind, &ACTION_TYPES)),
        })
    }

    /// Whether it takes an operand; one that it does not take is worth a warning (K-130).
    pub fn takes_operand(kind: &str) -> bool {
        [
            "replace",
            "prepend",
            "append",
            "dialOut",
            "overrideDialAction",
            "setHeader",
            "forwardCall",
        ]
        .contains(&kind)
    }

    /// Itself, if it may stand in a rule of this direction with these conditions.
    fn fits(self, direction: Direction, conditions: &[Clause]) -> Result<Self, String> {
        let finds = |(kind, _): &Clause| matches!(kind.as_str(), "startsWith" | "equals");
        let only = |direction| match direction {
            Direction::Outgoing => "only for dialled numbers",
            Direction::Incoming => "only for incoming calls",
        };
        let (name, meant_for) = match &self {
            Self::Replace(_) if !conditions.iter().any(finds) => {
                let what = "action replace: allowed only with condition startsWith or equals";
                return Err(what.to_owned());
            }
            Self::Replace(_)
            | Self::Prepend(_)
            | Self::Append(_)
            | Self::Continue
            | Self::RecordCall
            | Self::Confirm
            | Self::Drop => return Ok(self),
            Self::DialOut(_) => ("dialOut", Direction::Outgoing),
            Self::CallThrough => ("callThrough", Direction::Outgoing),
            Self::OverrideDialAction(_) => ("overrideDialAction", Direction::Outgoing),
            Self::SetHeader(..) => ("setHeader", Direction::Outgoing),
            Self::RejectCall => ("rejectCall", Direction::Incoming),
            Self::ForwardCall(_) => ("forwardCall", Direction::Incoming),
            Self::AnswerImmediately => ("answerImmediately", Direction::Incoming),
        };
        match meant_for == direction {
            true => Ok(self),
            false => Err(format!("action {name}: allowed {}", only(meant_for))),
        }
    }
}

fn text(kind: &str, operand: Option<&str>) -> Result<String, String> {
    let fits = |text: &&str| {
        let length = (1..=LONGEST).contains(&text.len());
        length && !text.chars().any(char::is_control)
    };
    let text = operand.filter(fits);
    text.map(str::to_owned)
        .ok_or_else(|| refused(kind, operand, "non-empty text on one line"))
}

fn length(kind: &str, operand: Option<&str>) -> Result<usize, String> {
    let digits = |text: &&str| text.bytes().all(|b| b.is_ascii_digit());
    let number = operand.filter(digits).and_then(|text| text.parse().ok());
    number.ok_or_else(|| refused(kind, operand, "integer >= 0"))
}

fn source(kind: &str, operand: Option<&str>) -> Result<Source, String> {
    let source = operand.and_then(Source::read);
    source.ok_or_else(|| refused(kind, operand, "ab, dav, ws, google, office365, qd"))
}

fn refused(kind: &str, operand: Option<&str>, allowed: &str) -> String {
    match operand {
        None => format!("{kind} needs an operand, allowed: {allowed}"),
        Some(operand) => {
            let shown: String = operand.chars().take(60).collect();
            format!("{kind}: value {shown:?} is not valid, allowed: {allowed}")
        }
    }
}

fn unknown(what: &str, kind: &str, known: &[&str]) -> String {
    let kind: String = kind.chars().take(60).collect();
    format!("there is no {what} {kind:?}, allowed: {}", known.join(", "))
}
