//! `rules.test`: what would become of a number. Nobody is called.

use super::{Commands, Outcome};
use crate::Clock;
use crate::hub::Hub;
use base::Instant;
use control::command::Reply;
use control::rules::{RuleStep, RulesOutcome, RulesTest, RulesTested};
use control::{AccountHandle, Code, ErrorObject};
use policy::dial_string::{PAUSE, Stage};
use policy::rewrite::Step;
use policy::{Arrival, Decision, Link, Moment, Surroundings};
use ports::Account;
use ports::account::default_of;

#[cfg(test)]
mod tests;

/// Longest number that is asked about. Unit: bytes.
const LONGEST: usize = 1_024;

impl Commands {
    /// A command says nothing of rules: those that the account had from the settings stay, also over a removal, unless it
    /// is somebody else's now (M-023).
    pub(super) fn with_rules(&self, mut account: Account) -> Account {
        let owner = account.owner();
        let known = |known: &&Account| known.name == account.name && known.owner() == owner;
        if let Some(known) = self.accounts.iter().find(known) {
            account.policy = known.policy.clone();
        } else if let Some(policy) = self.left_by(&owner) {
            account.policy = policy;
        }
        account
    }

    pub(super) fn test_rules(&self, test: &RulesTest, hub: &Hub, now: Instant) -> Outcome {
        if test.number.len() > LONGEST {
            let why = format!("a number has at most {LONGEST} bytes");
            return Err(ErrorObject::new(Code::USAGE, why));
        }
        let account = match &test.account {
            Some(name) => self.accounts.iter().find(|a| a.name == name.as_str()),
            None => default_of(self.accounts.iter()),
        };
        let account = account.ok_or_else(|| {
            let why = match &test.account {
                Some(name) => format!("no account is called '{name}'"),
                None => "no account is set up".to_owned(),
            };
            ErrorObject::new(Code::UNKNOWN_ACCOUNT, why)
        })?;
        let name = account.name.parse::<AccountHandle>();
        let name = name.map_err(|why| ErrorObject::new(Code::UNKNOWN_ACCOUNT, why.to_string()))?;
        let around = self.around(account, &test.number);
        let tested = match test.incoming {
            false => dialled(account, name, &test.number, &around),
            true => {
                let unix_ms = hub.time(now).unix_ms();
                let offset = Clock::local_offset_min(unix_ms);
                let at = Moment::new(i64::try_from(unix_ms).unwrap_or(i64::MAX), offset);
                let calls = hub.calls().len();
                arriving(account, name, &test.number, (calls, at, &around))
            }
        };
        Ok(Reply::Rules {
            tested: Box::new(tested),
        })
    }
}

impl Commands {
    /// What rules know when they look at `number`: who has it.
    fn around(&self, account: &Account, number: &str) -> Surroundings {
        let here = account.policy.dialling.location.as_ref();
        let is_here = |owner: &str| {
            owner.is_empty() || self.accounts.iter().any(|known| known.owner() == owner)
        };
        Surroundings {
            contacts: self.book.borrow().contacts(number, here, is_here),
            ..Surroundings::default()
        }
    }
}

fn nothing(account: AccountHandle, number: &str) -> RulesTested {
    RulesTested {
        account,
        number: number.to_owned(),
        outcome: RulesOutcome::NotDialled,
        reason: String::new(),
        becomes: number.to_owned(),
        located: None,
        steps: Vec::new(),
        emergency: false,
        record: false,
        through: None,
        headers: Default::default(),
        after: String::new(),
        confirm: false,
        forward_to: None,
        forward_after_s: None,
        answer_after_s: None,
    }
}

/// What dialling `number` would lead to.
fn dialled(
    account: &Account,
    name: AccountHandle,
    number: &str,
    around: &Surroundings,
) -> RulesTested {
    let tested = nothing(name, number);
    let dialling = &account.policy.dialling;
    let domain = account
        .aor
        .host()
        .map(ToString::to_string)
        .unwrap_or_default();
    let confirm = Link::read(number).is_ok_and(|link| dialling.asks_before(&link, &domain));
    let made = match dialling.dial(number, around) {
        Ok(made) => made,
        Err(why) => {
            return RulesTested {
                reason: why.to_string(),
                ..tested
            };
        }
    };
    let steps: Vec<RuleStep> = made.steps.iter().map(step).collect();
    let made = match dialling.act(made, None) {
        Ok(made) => made,
        Err(why) => {
            return RulesTested {
                reason: why.to_string(),
                steps,
                ..tested
            };
        }
    };
    let mut reason = if made.is_emergency {
        "it is an emergency number".to_owned()
    } else if let Some(last) = made.steps.last() {
        format!("rule {} of rewriting", last.rule)
    } else if made.located.is_some() {
        "it is dialled so from here".to_owned()
    } else {
        "no rule says otherwise".to_owned()
    };
    if let Some(action) = made.action {
        reason += &format!("; dial action {}", action.name());
    }
    if let Some(url) = &made.open {
        reason += &format!(", which opens {url}");
    }
    RulesTested {
        outcome: RulesOutcome::Dial,
        reason,
        becomes: made.to,
        located: made.located,
        steps,
        emergency: made.is_emergency,
        record: made.record,
        through: made.account.and_then(|account| account.parse().ok()),
        headers: made.headers.into_iter().collect(),
        after: made.after.iter().map(stage).collect(),
        confirm,
        ..tested
    }
}

/// What a call of `number` would meet now, from a server of the account and without a wish to be answered.
fn arriving(
    account: &Account,
    name: AccountHandle,
    number: &str,
    (other_calls, now, around): (usize, Moment, &Surroundings),
) -> RulesTested {
    let own = account.aor.to_string();
    let decided = account.policy.decide(&Arrival {
        caller: number,
        around,
        own: &own,
        diverted_by: &[],
        trusted: true,
        answer_after_s: None,
        alert: &[],
        other_calls,
        now,
    });
    let mut tested = RulesTested {
        reason: decided.reason.to_string(),
        becomes: decided.number,
        record: decided.record,
        emergency: account.policy.dialling.is_emergency(number),
        ..nothing(name, number)
    };
    if let Some(circle) = decided.circle {
        tested.reason += &format!("; {circle}");
    }
    match decided.decision {
        Decision::Ring {
            pick_up,
            forward_after,
        } => {
            tested.outcome = RulesOutcome::Ring;
            tested.answer_after_s = pick_up.map(|pick_up| pick_up.after.as_secs());
            if let Some((wait, to)) = forward_after {
                tested.forward_to = Some(to);
                tested.forward_after_s = Some(wait.as_secs());
            }
        }
        Decision::Reject(_) => tested.outcome = RulesOutcome::Busy,
        Decision::Forward(to) => {
            tested.outcome = RulesOutcome::Forward;
            tested.forward_to = Some(to);
        }
    }
    tested
}

fn step(step: &Step) -> RuleStep {
    RuleStep {
        rule: step.rule,
        before: step.before.clone(),
        after: step.after.clone(),
        continues: step.continues,
    }
}

/// As a dial string has it: a comma for each pause.
fn stage(stage: &Stage) -> String {
    match stage {
        Stage::Wait(wait) => {
            let commas = wait.as_secs() / PAUSE.as_secs();
            ",".repeat(usize::try_from(commas).unwrap_or(1))
        }
        Stage::Keys(keys) => keys.clone(),
    }
}
