//! Format parameters: how what we say and what the peer says become one.
//!
//! A codec declares its rules as data when it is loaded; negotiation applies them without calling it.

use serde::{Deserialize, Serialize};

/// What a codec says of one of its format parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FmtpRule {
    /// Parameter name; case carries no meaning.
    pub name: String,
    /// Value that holds when a side does not say it. `None`: not saying it says nothing.
    pub default: Option<String>,
    /// How the two sides' values meet.
    pub kind: FmtpKind,
}

/// How two values of one parameter meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FmtpKind {
    /// Both must be equal, else it is another format.
    Equal,
    /// The lower number holds.
    Min,
    /// The higher number holds.
    Max,
    /// Comma-separated; what both list holds, in our order. Nothing in common: another format.
    List,
    /// Each side says what it wants to receive; neither bends.
    Opaque,
    /// Not looked at and not passed on.
    Ignore,
    /// `yes` or `1` only where both sides say so, else the other side's `no` or `0`.
    Both,
}

/// What the rules made of two parameter lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Agreement {
    /// What we say back, and receive by.
    pub(crate) receive: String,
    /// What we send by.
    pub(crate) send: String,
}

/// One `name=value`, or a lone word.
#[derive(Clone)]
struct Param {
    name: String,
    value: Option<String>,
}

struct Params(Vec<Param>);

impl Params {
    fn read(text: &str) -> Self {
        let parts = text.split(';').map(str::trim).filter(|p| !p.is_empty());
        Self(
            parts
                .map(|part| match part.split_once('=') {
                    Some((name, value)) => Param {
                        name: name.trim().to_owned(),
                        value: Some(value.trim().to_owned()),
                    },
                    None => Param {
                        name: part.to_owned(),
                        value: None,
                    },
                })
                .collect(),
        )
    }

    fn find(&mut self, name: &str) -> Option<&mut Param> {
        self.0
            .iter_mut()
            .find(|p| p.name.eq_ignore_ascii_case(name))
    }

    fn value(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|p| p.name.eq_ignore_ascii_case(name))?;
        Some(found.value.as_deref().unwrap_or(""))
    }

    fn set(&mut self, name: &str, value: String) {
        if let Some(param) = self.find(name) {
            param.value = Some(value);
        } else {
            self.0.push(Param {
                name: name.to_owned(),
                value: Some(value),
            });
        }
    }

    fn write(&self) -> String {
        let parts: Vec<String> = self
            .0
            .iter()
            .map(|param| match &param.value {
                Some(value) => format!("{}={value}", param.name),
                None => param.name.clone(),
            })
            .collect();
        parts.join(";")
    }
}

/// The value of one parameter; empty for one that has none.
pub(crate) fn value(fmtp: &str, name: &str) -> Option<String> {
    Params::read(fmtp).value(name).map(ToOwned::to_owned)
}

/// Brings both lists together; `None` when the rules say that these are different formats.
pub(crate) fn agree(rules: &[FmtpRule], ours: &str, theirs: &str) -> Option<Agreement> {
    let (mut receive, mut send) = (Params::read(ours), Params::read(theirs));
    for rule in rules {
        let said = [receive.value(&rule.name), send.value(&rule.name)];
        let any_said = said.iter().any(Option::is_some);
        let [mine, other] = said.map(|value| value.or(rule.default.as_deref()));
        let met = match rule.kind {
            FmtpKind::Opaque => continue,
            FmtpKind::Ignore => {
                send.0.retain(|p| !p.name.eq_ignore_ascii_case(&rule.name));
                continue;
            }
            FmtpKind::Equal => Some(equal(mine, other)?),
            FmtpKind::Min => number(mine, other, u64::min),
            FmtpKind::Max => number(mine, other, u64::max),
            FmtpKind::List => Some(common(mine, other)?),
            FmtpKind::Both => both(mine, other),
        };
        if let Some(value) = met.filter(|value| any_said && !value.is_empty()) {
            receive.set(&rule.name, value.clone());
            send.set(&rule.name, value);
        }
    }
    Some(Agreement {
        receive: receive.write(),
        send: send.write(),
    })
}

fn equal(mine: Option<&str>, other: Option<&str>) -> Option<String> {
    let (mine, other) = (mine.unwrap_or(""), other.unwrap_or(""));
    mine.eq_ignore_ascii_case(other).then(|| mine.to_owned())
}

/// The side that says no counts; who says neither says nothing.
fn both(mine: Option<&str>, other: Option<&str>) -> Option<String> {
    let says = |word: &str, value: &&str| value.eq_ignore_ascii_case(word);
    let said = [mine, other].into_iter().flatten();
    let no = said
        .clone()
        .find(|value| says("no", value) || says("0", value));
    let yes = || {
        said.clone()
            .find(|value| says("yes", value) || says("1", value))
    };
    no.or_else(yes).map(str::to_owned)
}

fn number(mine: Option<&str>, other: Option<&str>, pick: fn(u64, u64) -> u64) -> Option<String> {
    let read = |text: Option<&str>| text.and_then(|t| t.parse::<u64>().ok());
    let met = match (read(mine), read(other)) {
        (Some(mine), Some(other)) => pick(mine, other),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => return None,
    };
    Some(met.to_string())
}

/// `None` when both restrict and nothing is left.
fn common(mine: Option<&str>, other: Option<&str>) -> Option<String> {
    let (Some(mine), Some(other)) = (mine, other) else {
        return Some(mine.or(other).unwrap_or("").to_owned());
    };
    let items = |text: &str| -> Vec<String> {
        let items = text.split(',').map(|item| item.trim().to_owned());
        items.filter(|item| !item.is_empty()).collect()
    };
    let other = items(other);
    let both: Vec<String> = items(mine)
        .into_iter()
        .filter(|item| other.iter().any(|o| o.eq_ignore_ascii_case(item)))
        .collect();
    (!both.is_empty()).then(|| both.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str, default: Option<&str>, kind: FmtpKind) -> FmtpRule {
        FmtpRule {
            name: name.into(),
            default: default.map(str::to_owned),
            kind,
        }
    }

    #[test]
    fn rules_decide_what_is_said_and_what_is_sent_by() {
        use FmtpKind::{Both, Equal, Ignore, List, Max, Min, Opaque};
        // kind, default, ours, theirs, what we say and receive by | what we send by
        let table = [
            (Equal, Some("no"), "", "", Some(("", ""))),
            (Equal, Some("no"), "p=no", "", Some(("p=no", "p=no"))),
            (Equal, Some("yes"), "p=no", "", None),
            (Equal, None, "p=1", "P=1", Some(("p=1", "P=1"))),
            (Equal, None, "p=1", "p=2", None),
            (Min, None, "p=40", "p=20", Some(("p=20", "p=20"))),
            (Min, None, "p=40", "p=x", Some(("p=40", "p=40"))),
            (Min, Some("30"), "p=40", "", Some(("p=30", "p=30"))),
            (Max, None, "p=20", "p=30", Some(("p=30", "p=30"))),
            (Max, None, "", "p=30", Some(("p=30", "p=30"))),
            (List, None, "p=1,2,3", "p=3, 2", Some(("p=2,3", "p=2,3"))),
            (List, None, "p=1", "p=2", None),
            (List, None, "", "p=2", Some(("p=2", "p=2"))),
            (Opaque, None, "p=1", "p=0", Some(("p=1", "p=0"))),
            (Opaque, None, "p=1", "", Some(("p=1", ""))),
            (Ignore, None, "p=1", "p=0;q=2", Some(("p=1", "q=2"))),
            (Both, Some("yes"), "p=no", "", Some(("p=no", "p=no"))),
            (Both, Some("yes"), "p=yes", "P=NO", Some(("p=NO", "P=NO"))),
            (Both, Some("yes"), "p=yes", "", Some(("p=yes", "p=yes"))),
            (Both, None, "p=1", "p=0", Some(("p=0", "p=0"))),
            (Both, None, "p=1", "p=x", Some(("p=1", "p=1"))),
        ];
        for (kind, default, ours, theirs, want) in table {
            let got = agree(&[rule("p", default, kind)], ours, theirs);
            let got = got.as_ref().map(|a| (a.receive.as_str(), a.send.as_str()));
            assert_eq!(got, want, "{kind:?} {ours:?} {theirs:?}");
        }
    }

    #[test]
    fn parameters_without_a_rule_and_lone_words_stay() {
        let met = agree(&[], "0-15", "x=1; 0-16").expect("no rule can refuse");
        assert_eq!(
            (met.receive.as_str(), met.send.as_str()),
            ("0-15", "x=1;0-16")
        );
    }
}
