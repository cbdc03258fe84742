//! What would become of a number, and why: `rules.test`.

use crate::AccountHandle;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Ask what would become of a number. Nobody is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesTest {
    /// A number, an address or a link, as it would be dialled; or a caller's number.
    pub number: String,
    /// Of which account. `None`: the default one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountHandle>,
    /// It calls us, now.
    #[serde(default)]
    pub incoming: bool,
}

/// What would become of a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesTested {
    /// The account whose rules they are.
    pub account: AccountHandle,
    /// As it was asked.
    pub number: String,
    /// What would be done.
    pub outcome: RulesOutcome,
    /// Why, in words.
    pub reason: String,
    /// The number as it would be dialled, or as the caller's is shown.
    pub becomes: String,
    /// The number in the form that is dialled here, before rules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub located: Option<String>,
    /// The rules that matched, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<RuleStep>,
    /// It is an emergency number.
    #[serde(default)]
    pub emergency: bool,
    /// The call would be recorded.
    #[serde(default)]
    pub record: bool,
    /// The account that would call, where it is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<AccountHandle>,
    /// Header fields that would be added.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// What would follow the answer: a comma for each 2 s, and keys.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub after: String,
    /// The person has to say yes before a clicked link calls this.
    #[serde(default)]
    pub confirm: bool,
    /// Where the call would be sent, at once or after a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_to: Option<String>,
    /// After how long it would be sent there. Unit: s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_after_s: Option<u64>,
    /// After how long it would be picked up by itself. Unit: s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer_after_s: Option<u64>,
}

/// What would be done with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RulesOutcome {
    /// It would be called.
    Dial,
    /// It cannot be called.
    NotDialled,
    /// The call would ring.
    Ring,
    /// The call would be refused with 486.
    Busy,
    /// The call would be sent elsewhere with 302.
    Forward,
    /// A word of a newer engine.
    #[serde(other)]
    Unknown,
}

/// A rule that matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleStep {
    /// Its place in the settings, from 1.
    pub rule: usize,
    /// The number before.
    pub before: String,
    /// The number after.
    pub after: String,
    /// Whether the next rules were examined.
    pub continues: bool,
}
