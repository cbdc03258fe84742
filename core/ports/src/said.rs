//! What a person said of an account while the engine ran, and what stands before its settings from then on.

use crate::Account;
use crate::presence::Own;
use control::receiving::Forwarding;
use core::time::Duration;
use policy::watch::{RIGHTS, Right, Watching};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// All of it. What a person said stands before what settings files say, whichever came last; what is the same as in the
/// settings is not kept, so that saying so gives the word back to them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Said {
    /// How they are, where that is not `available` (M-097).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence: Option<Own>,
    /// Whether nobody is to disturb (M-135).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub do_not_disturb: Option<bool>,
    /// Where calls are sent, all of it (M-133).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forwarding: Option<Forwarding>,
    /// Who may watch, as settings write it (M-102).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watchers: Vec<String>,
}

/// What a person spoke of, also where that is as their settings have it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spoken {
    presence: bool,
    do_not_disturb: bool,
    forwarding: bool,
    /// Bound: as many as a person may set.
    watchers: Vec<Right>,
}

/// One thing to speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// How they are.
    Presence,
    /// Whether nobody is to disturb.
    DoNotDisturb,
    /// Where calls are sent.
    Forwarding,
    /// Who may watch.
    Watchers,
}

impl Spoken {
    /// The person spoke of this: `now` and `before`, the rights as they are and were said.
    pub fn of(&mut self, about: About, now: &[String], before: &[String]) {
        match about {
            About::Presence => self.presence = true,
            About::DoNotDisturb => self.do_not_disturb = true,
            About::Forwarding => self.forwarding = true,
            About::Watchers => {
                let rights = now.iter().chain(before);
                for right in rights.filter_map(|line| Right::read(line).ok()) {
                    if !self.is_of(&right) && self.watchers.len() < RIGHTS {
                        self.watchers.push(right);
                    }
                }
            }
        }
    }

    fn is_of(&self, right: &Right) -> bool {
        let mut watchers = self.watchers.iter();
        watchers.any(|spoken| spoken.what == right.what && spoken.whom == right.whom)
    }
}

impl Said {
    /// What was said before, but for what the person spoke of since.
    #[must_use]
    pub fn but_for(self, spoken: &Spoken) -> Self {
        let mut watchers = self.watchers;
        watchers.retain(|line| !Right::read(line).is_ok_and(|right| spoken.is_of(&right)));
        Self {
            presence: self.presence.filter(|_| !spoken.presence),
            do_not_disturb: self.do_not_disturb.filter(|_| !spoken.do_not_disturb),
            forwarding: self.forwarding.filter(|_| !spoken.forwarding),
            watchers,
        }
    }

    /// What is different in `now` from `settings`, which has the same owner.
    pub fn of(now: &Account, settings: &Account) -> Self {
        let (ours, theirs) = (&now.policy.receiving, &settings.policy.receiving);
        let on = ours.do_not_disturb.on;
        let forwarding = &ours.forwarding;
        let rights = now.policy.watching.person.iter();
        Self {
            presence: (now.presence != settings.presence).then(|| now.presence.clone()),
            do_not_disturb: (on != theirs.do_not_disturb.on).then_some(on),
            forwarding: (*forwarding != theirs.forwarding).then(|| forwarding_in_words(forwarding)),
            watchers: rights.map(ToString::to_string).collect(),
        }
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// This, and of what it does not speak what was said before, `older`.
    #[must_use]
    pub fn or(self, older: Self) -> Self {
        let read = |lines: &[String]| {
            let mut watching = Watching::default();
            let rights = lines.iter().filter_map(|line| Right::read(line).ok());
            rights.for_each(|right| watching.keep(right));
            watching
        };
        let (mut watching, newer) = (read(&older.watchers), read(&self.watchers));
        let is_new = |known: &Right| newer.person.iter().any(|right| right.is_about(known));
        watching.person.retain(|known| !is_new(known));
        newer
            .person
            .into_iter()
            .for_each(|right| watching.keep(right));
        Self {
            presence: self.presence.or(older.presence),
            do_not_disturb: self.do_not_disturb.or(older.do_not_disturb),
            forwarding: self.forwarding.or(older.forwarding),
            watchers: watching.person.iter().map(ToString::to_string).collect(),
        }
    }

    /// Says it again of `account`, which is as its settings have it.
    pub fn say_of(&self, account: &mut Account) {
        if let Some(own) = &self.presence {
            account.presence.clone_from(own);
        }
        let policy = Arc::make_mut(&mut account.policy);
        if let Some(on) = self.do_not_disturb {
            policy.receiving.do_not_disturb.on = on;
        }
        if let Some(to) = &self.forwarding {
            policy.receiving.forwarding = forwarding_by_words(to);
        }
        for line in &self.watchers {
            // A line that this offhook cannot read is passed over.
            if let Ok(right) = Right::read(line) {
                policy.watching.keep(right);
            }
        }
    }
}

/// Where calls are sent, in the words of control.
pub fn forwarding_in_words(of: &policy::Forwarding) -> Forwarding {
    let (wait, to) = of.no_answer.clone().unzip();
    Forwarding {
        always: of.always.clone(),
        busy: of.busy.clone(),
        no_answer: to,
        after_s: wait.map(|wait| u32::try_from(wait.as_secs()).unwrap_or(u32::MAX)),
    }
}

/// Where calls are sent, as rules have it.
pub fn forwarding_by_words(of: &Forwarding) -> policy::Forwarding {
    let wait = Duration::from_secs(of.after_s.unwrap_or_default().into());
    policy::Forwarding {
        always: of.always.clone(),
        busy: of.busy.clone(),
        no_answer: of.no_answer.clone().map(|to| (wait, to)),
    }
}
