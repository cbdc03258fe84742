//! Rules applied to a number: one pass, so no rule is examined twice and no list can go in circles.

use crate::action::DialAction;
use crate::number::LONGEST;
use crate::rule::{ACTIONS, Action, Condition, NetworkType, Rule, Rules};

#[cfg(test)]
mod tests;

/// What is known when a number meets rules.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Surroundings {
    /// The network that the machine is in.
    pub network: Network,
    /// The contacts that the number belongs to, or that the call is made from: it may stand in several lists.
    pub contacts: Vec<Contact>,
}

/// The machine's network.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Network {
    /// There is none.
    Absent,
    /// A cable: counts as Wi-Fi without a name (K-117).
    #[default]
    Wired,
    /// Wi-Fi, with its name where the machine tells it.
    Wifi(Option<String>),
    /// Radio of a telephone company.
    Cellular,
}

/// A contact, as far as rules ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Where it is kept.
    pub source: Source,
    /// Its name there.
    pub identifier: String,
    /// What it calls the number: `work`, `mobile`.
    pub label: Option<String>,
}

/// Where contacts are kept (K-119).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// `ab`: the machine's own address book.
    AddressBook,
    /// `dav`: CardDAV.
    Dav,
    /// `ws`: a web service.
    WebService,
    /// `google`.
    Google,
    /// `office365`.
    Office365,
    /// `qd`: quick dials.
    QuickDial,
}

impl Source {
    /// Reads its short name.
    pub fn read(name: &str) -> Option<Self> {
        Some(match name {
            "ab" => Self::AddressBook,
            "dav" => Self::Dav,
            "ws" => Self::WebService,
            "google" => Self::Google,
            "office365" => Self::Office365,
            "qd" => Self::QuickDial,
            _ => return None,
        })
    }

    /// Its short name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::AddressBook => "ab",
            Self::Dav => "dav",
            Self::WebService => "ws",
            Self::Google => "google",
            Self::Office365 => "office365",
            Self::QuickDial => "qd",
        }
    }
}

/// What became of a number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rewritten {
    /// The number as it is now.
    pub number: String,
    /// The call is to be recorded.
    pub record: bool,
    /// It goes out through this account.
    pub account: Option<String>,
    /// What is done with the number instead of a plain call.
    pub action: Option<DialAction>,
    /// Header fields of the INVITE, in the order of the rules.
    pub headers: Vec<(String, String)>,
    /// The incoming call is refused, sent elsewhere, or picked up: what the last of these actions said.
    pub verdict: Option<Verdict>,
    /// The rules that matched, in order.
    pub steps: Vec<Step>,
}

/// What a rule says of a call that comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// 486.
    Reject,
    /// 302 to this number or URI.
    Forward(String),
    /// 200 at once.
    Answer,
}

/// A rule that matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its place, from 1.
    pub rule: usize,
    /// The number before.
    pub before: String,
    /// The number after.
    pub after: String,
    /// Whether it let those that follow be examined.
    pub continues: bool,
}

/// Why rules cannot be applied to the end. A number that is half rewritten is not dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// The number became longer than numbers may be.
    #[error("rule {rule} makes the number longer than {LONGEST} characters")]
    TooLong {
        /// Its place, from 1.
        rule: usize,
    },
    /// More actions than one number may meet.
    #[error("rule {rule} would be more than the {ACTIONS} actions that one number may meet")]
    TooMany {
        /// Its place, from 1.
        rule: usize,
    },
}

impl Rules {
    /// Applies them in order: the first that matches ends the run, unless it says `continue`.
    ///
    /// With `only_named` just those rules are examined that name the number by `equals`.
    pub fn rewrite(
        &self,
        number: &str,
        around: &Surroundings,
        only_named: bool,
    ) -> Result<Rewritten, Stopped> {
        let mut made = Rewritten {
            number: number.to_owned(),
            ..Rewritten::default()
        };
        let mut left = ACTIONS;
        for (index, rule) in self.0.iter().enumerate() {
            let number = index + 1;
            if only_named && !rule.names_its_number() || !rule.matches(&made.number, around) {
                continue;
            }
            let counted = |action: &&Action| !matches!(action, Action::Continue);
            let count = rule.actions.iter().filter(counted).count();
            left = match left.checked_sub(count) {
                Some(left) => left,
                None => return Err(Stopped::TooMany { rule: number }),
            };
            let before = made.number.clone();
            let continues = rule.apply(&mut made);
            if made.number.len() > LONGEST {
                return Err(Stopped::TooLong { rule: number });
            }
            made.steps.push(Step {
                rule: number,
                before,
                after: made.number.clone(),
                continues,
            });
            if !continues {
                break;
            }
        }
        Ok(made)
    }
}

impl Rule {
    fn matches(&self, number: &str, around: &Surroundings) -> bool {
        let holds = |condition: &Condition| condition.holds(number, around);
        self.conditions.iter().all(holds)
    }

    fn names_its_number(&self) -> bool {
        let equals = |condition: &Condition| matches!(condition, Condition::Equals(_));
        self.conditions.iter().any(equals)
    }

    /// How much of a number's beginning the first `startsWith` or `equals` finds (C-34). Unit: bytes.
    fn found(&self) -> Option<usize> {
        self.conditions.iter().find_map(Condition::found)
    }

    /// Applies all actions; says whether the next rules are examined.
    fn apply(&self, made: &mut Rewritten) -> bool {
        let mut continues = false;
        let mut found = self.found().map(|length| 0..length);
        for action in &self.actions {
            match action {
                Action::Replace(text) => {
                    if let Some(range) = &mut found {
                        made.number.replace_range(range.clone(), text);
                        range.end = range.start + text.len();
                    }
                }
                Action::Prepend(text) => {
                    made.number.insert_str(0, text);
                    if let Some(range) = &mut found {
                        *range = range.start + text.len()..range.end + text.len();
                    }
                }
                Action::Append(text) => made.number.push_str(text),
                Action::Continue => continues = true,
                Action::RecordCall => made.record = true,
                Action::DialOut(account) => made.account = Some(account.clone()),
                Action::Confirm | Action::Drop => {}
                Action::CallThrough => made.action = Some(DialAction::CallThrough),
                Action::OverrideDialAction(action) => made.action = Some(*action),
                Action::SetHeader(name, value) => made.headers.push((name.clone(), value.clone())),
                Action::RejectCall => made.verdict = Some(Verdict::Reject),
                Action::ForwardCall(to) => made.verdict = Some(Verdict::Forward(to.clone())),
                Action::AnswerImmediately => made.verdict = Some(Verdict::Answer),
            }
        }
        continues
    }
}

impl Condition {
    fn holds(&self, number: &str, around: &Surroundings) -> bool {
        let length = || number.chars().count();
        let label = |wanted: &str| {
            let mut labels = around.contacts.iter().filter_map(|c| c.label.as_deref());
            labels.any(|label| label.eq_ignore_ascii_case(wanted))
        };
        let is_from = |source: &Source| around.contacts.iter().any(|c| c.source == *source);
        match self {
            Self::StartsWith(text) => number.starts_with(text.as_str()),
            Self::DoesNotStartWith(text) => !number.starts_with(text.as_str()),
            Self::Equals(text) => number == text,
            Self::LengthEquals(count) => length() == *count,
            Self::ShorterThan(count) => length() < *count,
            Self::LongerThan(count) => length() > *count,
            Self::NetworkType(wanted) => around.network.is(*wanted),
            Self::Ssid(name) => {
                matches!(&around.network, Network::Wifi(Some(known)) if known == name)
            }
            Self::ContactIsFromSource(source) => is_from(source),
            Self::ContactIsNotFromSource(source) => !is_from(source),
            Self::ContactLabelMatches(wanted) => label(wanted),
            Self::ContactLabelDoesNotMatch(wanted) => !label(wanted),
        }
    }

    fn found(&self) -> Option<usize> {
        match self {
            Self::StartsWith(text) | Self::Equals(text) => Some(text.len()),
            Self::DoesNotStartWith(_)
            | Self::LengthEquals(_)
            | Self::ShorterThan(_)
            | Self::LongerThan(_)
            | Self::NetworkType(_)
            | Self::Ssid(_)
            | Self::ContactIsFromSource(_)
            | Self::ContactIsNotFromSource(_)
            | Self::ContactLabelMatches(_)
            | Self::ContactLabelDoesNotMatch(_) => None,
        }
    }
}

impl Network {
    fn is(&self, wanted: NetworkType) -> bool {
        match wanted {
            NetworkType::Wifi => matches!(self, Self::Wifi(_) | Self::Wired),
            NetworkType::Cellular => *self == Self::Cellular,
            NetworkType::Any => *self != Self::Absent,
            NetworkType::None => *self == Self::Absent,
        }
    }
}
