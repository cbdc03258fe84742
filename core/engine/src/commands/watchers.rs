//! Who may watch the person here, as they say it themselves (M-100, M-102).

use super::said::Adopted;
use super::{Commands, Outcome};
use crate::hub::Hub;
use control::command::Reply;
use control::watcher::{RightRef, SetRight};
use control::{AccountHandle, Code, ErrorObject, RightOrigin, RightSnapshot, Sees, quoted};
use policy::Policy;
use policy::watch::{Elsewhere, Group, RIGHTS, Right, Site, Watching, What, Whom};
use ports::Account;
use ports::account::Whose;
use ports::said::About;
use std::sync::Arc;

impl Commands {
    /// Who watches, and who may.
    pub(super) fn watchers(&self, hub: &Hub) -> Reply {
        Reply::Watchers {
            watchers: hub.watchers().values().cloned().collect(),
            rights: self.accounts.iter().flat_map(rights).collect(),
        }
    }

    pub(super) fn allow_watcher(&mut self, asked: &SetRight, hub: &Hub) -> Outcome {
        let right = Right {
            what: what(asked.sees)?,
            allowed: asked.allowed,
            whom: whom(&asked.whom)?,
        };
        self.on_rights(asked.account.as_ref(), hub, |watching, own| {
            if let Whom::Group(name) = &right.whom
                && !watching.all_groups().any(|group| group.name == *name)
            {
                let why = format!("there is no group {}", quoted(name));
                let fix = "name one of watcher_groups, or of the server's where xcap_groups is set";
                return Err(ErrorObject::new(Code::USAGE, why).fix(fix));
            }
            match watching.set(right, own) {
                true => Ok(()),
                false => {
                    let why = format!("you have set {RIGHTS} rights of this account already");
                    Err(ErrorObject::new(Code::LIST_FULL, why))
                }
            }
        })
    }

    pub(super) fn forget_watcher(&mut self, asked: &RightRef, hub: &Hub) -> Outcome {
        let (what, whom) = (what(asked.sees)?, whom(&asked.whom)?);
        self.on_rights(asked.account.as_ref(), hub, |watching, own| {
            if watching.forget(what, &whom, own) {
                return Ok(());
            }
            let why = format!("you have said nothing of {whom} and {}", what.word());
            Err(ErrorObject::new(Code::UNKNOWN_RIGHT, why))
        })
    }

    /// The server knows what the person said at another phone of theirs of who may watch: it holds, if nobody here said
    /// anything since `before`.
    pub(crate) fn rights_came(
        &mut self,
        of: &Whose,
        number: u64,
        (before, after): (&[Right], Vec<Right>),
    ) {
        let change = |policy: &mut Policy| {
            let is_unsaid = policy.watching.person == before;
            if is_unsaid {
                policy.watching.person = after;
            }
            is_unsaid
        };
        let adopt = |adopted: &mut Adopted| adopted.rights = number;
        self.came(of, (About::Watchers, adopt), change, Self::tell_presence);
    }

    /// The groups of the account's site are these, beside those of its settings (M-101).
    pub(crate) fn groups_came(&mut self, of: &Whose, groups: Vec<Group>) {
        let change = |policy: &mut Policy| {
            let groups = Site::Known(groups);
            let is_news = policy.watching.site != groups;
            policy.watching.site = groups;
            is_news
        };
        self.came(of, (About::Watchers, |_| {}), change, Self::tell_presence);
    }

    /// The account's server judges by these rules of ours; `None`: by others.
    pub(crate) fn rules_taken(&mut self, of: &Whose, rules: Option<u64>) {
        let change = |policy: &mut Policy| {
            let elsewhere = rules.map_or(Elsewhere::Somehow, Elsewhere::By);
            let is_news = policy.watching.elsewhere != elsewhere;
            policy.watching.elsewhere = elsewhere;
            is_news
        };
        self.came(of, (About::Watchers, |_| {}), change, Self::tell_presence);
    }

    /// Whether it is set up here.
    pub(crate) fn is_here(&self, of: &Whose) -> bool {
        self.accounts.iter().any(|known| of.is(known))
    }

    fn on_rights(
        &mut self,
        named: Option<&AccountHandle>,
        hub: &Hub,
        change: impl FnOnce(&mut Watching, &str) -> Result<(), ErrorObject>,
    ) -> Outcome {
        let mut account = self.own(named)?.clone();
        let own = account.aor.to_string();
        change(&mut Arc::make_mut(&mut account.policy).watching, &own)?;
        // Who judges has to hear it before anybody is told that it holds.
        self.tell_presence(&account)?;
        if let Some(known) = self
            .accounts
            .iter_mut()
            .find(|known| known.name == account.name)
        {
            *known = account.clone();
        }
        self.keep_said(&account, About::Watchers);
        self.tell_server(&account);
        Ok(self.watchers(hub))
    }
}

/// The person's before the template's.
fn rights(account: &Account) -> Vec<RightSnapshot> {
    let Ok(name) = account.name.parse::<AccountHandle>() else {
        return Vec::new();
    };
    let watching = &account.policy.watching;
    let own = account.aor.to_string();
    let snapshot = |right: &Right, origin| RightSnapshot {
        account: name.clone(),
        sees: match right.what {
            What::Presence => Sees::Presence,
            What::Dialog => Sees::Dialog,
        },
        whom: right.whom.to_string(),
        allowed: right.allowed,
        origin,
        set_by: None,
        overridden: false,
    };
    let persons = watching.person.iter();
    let persons = persons.map(|right| snapshot(right, RightOrigin::Person));
    let template = watching.template.iter().map(|right| RightSnapshot {
        set_by: Some(watching.template_from.clone()).filter(|from| !from.is_empty()),
        overridden: (watching.person.iter())
            .any(|said| said.what == right.what && said.whom.is(&right.whom, &own)),
        ..snapshot(right, RightOrigin::Template)
    });
    persons.chain(template).collect()
}

fn what(sees: Sees) -> Result<What, ErrorObject> {
    match sees {
        Sees::Presence => Ok(What::Presence),
        Sees::Dialog => Ok(What::Dialog),
        Sees::Unknown => {
            let why = "sees is presence or dialog";
            Err(ErrorObject::new(Code::USAGE, why))
        }
    }
}

fn whom(text: &str) -> Result<Whom, ErrorObject> {
    Whom::read(text).map_err(|why| ErrorObject::new(Code::USAGE, why.to_string()))
}
