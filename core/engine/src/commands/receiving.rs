//! Do not disturb and forwarding, switched while the engine runs, and kept (M-133, M-135); where calls
//! are sent is one truth with the server that wants to know (M-134).

use super::coded::{Wanted, code_of};
use super::said::Adopted;
use super::{Commands, Outcome};
use crate::hub::Hub;
use base::{Duration, Instant};
use control::receiving::{DoNotDisturb, Forward, ForwardWhen, Forwarding};
use control::{AccountHandle, Code, CommandId, ErrorObject, quoted};
use policy::Policy;
use policy::forward::{Hop, is_target};
use ports::account::{Whose, default_of};
use ports::said::About;
use ports::store::{Do, Mark};
use ports::{Account, dialogs, forwarding_by_words, forwarding_in_words, presence, registrar};
use std::sync::Arc;

/// How long nobody answers, where neither the command nor the settings say.
const USUAL_WAIT: Duration = Duration::from_secs(15);

impl Commands {
    pub(super) fn do_not_disturb(&mut self, asked: &DoNotDisturb) -> Outcome {
        let account = self.own(asked.account.as_ref())?;
        let policy = Arc::make_mut(&mut account.policy);
        policy.receiving.do_not_disturb.on = asked.on;
        let account = account.clone();
        self.keep_said(&account, About::DoNotDisturb);
        self.tell_policy(&account)
    }

    /// Sends calls elsewhere from now on. A server that has a code for it is dialled first, as a call that the person
    /// hears, and it holds once the server answers: who refuses, or cannot be called, changes nothing here either.
    pub(super) fn forward(
        &mut self,
        asked: Forward,
        command: CommandId,
        hub: &Hub,
        now: Instant,
    ) -> Outcome {
        let Forward {
            account,
            when,
            to,
            after_s,
        } = asked;
        let account = self.own(account.as_ref())?;
        if let Some(to) = &to {
            may_go_to(account, to)?;
        }
        if after_s.is_some_and(|after_s| !(1..=600).contains(&after_s)) {
            let why = "after_s is 1 to 600";
            return Err(ErrorObject::new(Code::USAGE, why));
        }
        let before = &account.policy.receiving.forwarding.no_answer;
        let wait = after_s.map(|after_s| Duration::from_secs(u64::from(after_s)));
        let wait = wait.or(before.as_ref().map(|(wait, _)| *wait));
        let wanted = Wanted {
            of: account.whose(),
            when,
            to,
            wait: wait.unwrap_or(USUAL_WAIT),
        };
        let handle: Option<AccountHandle> = account.name.parse().ok();
        match code_of(account, &wanted)? {
            Some(code) => self.dial_code(code, wanted, (command, handle), hub, now),
            None => self.forwards(wanted),
        }
    }

    /// Calls go there from now on.
    pub(super) fn forwards(&mut self, wanted: Wanted) -> Outcome {
        let whose = &wanted.of;
        let mut accounts = self.accounts.iter_mut();
        let account = accounts.find(|known| whose.is(known)).ok_or_else(|| {
            // It was taken away while its server was dialled, and may be somebody else's by now.
            let why = format!("the account '{}' is not there any more", whose.account);
            ErrorObject::new(Code::UNKNOWN_ACCOUNT, why)
        })?;
        let forwarding = &mut Arc::make_mut(&mut account.policy).receiving.forwarding;
        let Wanted { to, wait, .. } = wanted;
        match wanted.when {
            ForwardWhen::Always => forwarding.always = to,
            ForwardWhen::Busy => forwarding.busy = to,
            ForwardWhen::NoAnswer => forwarding.no_answer = to.map(|to| (wait, to)),
        }
        let account = account.clone();
        self.keep_said(&account, About::Forwarding);
        self.tell_policy(&account)
    }

    /// The server has another word on where calls are sent than `before`: it holds, if nobody here said otherwise
    /// meanwhile. Who did is heard by the server with the next word (M-134).
    pub(crate) fn forward_came(
        &mut self,
        of: &Whose,
        number: u64,
        (before, after): (&Forwarding, &Forwarding),
    ) {
        let change = |policy: &mut Policy| {
            let forwarding = &mut policy.receiving.forwarding;
            let is_unsaid = forwarding_in_words(forwarding) == *before;
            if is_unsaid {
                *forwarding = forwarding_by_words(after);
            }
            is_unsaid
        };
        let adopt = |adopted: &mut Adopted| adopted.forwarding = number;
        self.came(of, (About::Forwarding, adopt), change, Self::tell_parts);
    }

    /// Has what a server says hold here, if that changes anything. Where a part cannot be told, it does not hold: the
    /// server's thread sees that, and says it again in its next round.
    pub(super) fn came(
        &mut self,
        of: &Whose,
        (about, adopt): (About, impl FnOnce(&mut Adopted)),
        change: impl FnOnce(&mut Policy) -> bool,
        tell: impl FnOnce(&Self, &Account) -> Outcome,
    ) {
        let Some(known) = self.accounts.iter().position(|known| of.is(known)) else {
            return;
        };
        let mut account = self.accounts[known].clone();
        if !change(Arc::make_mut(&mut account.policy)) || tell(self, &account).is_err() {
            return;
        }
        self.accounts[known] = account.clone();
        adopt(self.words.adopted.entry(of.owner.clone()).or_default());
        self.keep_said(&account, about);
        self.tell_server(&account);
    }

    /// Tells the account's server where its calls are sent and who may watch, where it has one that wants to know, and
    /// once it is known what the person said before: what is in settings alone must not look like their last word.
    pub(super) fn tell_server(&self, account: &Account) {
        if !self.words.heard {
            return;
        }
        let forwarding = forwarding_in_words(&account.policy.receiving.forwarding);
        let owner = account.owner();
        let remembered = self.words.remembered.contains(&owner);
        let adopted = self.words.adopted.get(&owner).copied().unwrap_or_default();
        // An engine that keeps nothing has no such server.
        let _ = self.post(Do::Forwards {
            of: account.whose(),
            forwarding: Box::new(forwarding),
            mark: Mark {
                adopted: adopted.forwarding,
                remembered,
            },
        });
        let _ = self.post(Do::Watching {
            of: account.whose(),
            watching: Box::new(account.policy.watching.clone()),
            mark: Mark {
                adopted: adopted.rights,
                remembered,
            },
        });
    }

    pub(super) fn own(
        &mut self,
        named: Option<&AccountHandle>,
    ) -> Result<&mut Account, ErrorObject> {
        let name = match named {
            Some(named) => Some(named.as_str().to_owned()),
            None => default_of(self.accounts.iter()).map(|account| account.name.clone()),
        };
        let mut accounts = self.accounts.iter_mut();
        let found = accounts.find(|account| Some(&account.name) == name.as_ref());
        found.ok_or_else(|| {
            let why = match named {
                Some(named) => format!("no account is called '{named}'"),
                None => "no account is set up".to_owned(),
            };
            ErrorObject::new(Code::UNKNOWN_ACCOUNT, why)
        })
    }

    pub(super) fn tell_policy(&self, account: &Account) -> Outcome {
        self.tell_server(account);
        // An engine without presence has nobody to tell.
        let _ = self.tell_presence(account);
        self.tell_parts(account)
    }

    /// Who may watch is a matter of presence alone.
    pub(super) fn tell_presence(&self, account: &Account) -> Outcome {
        self.post(presence::Word::Policy {
            account: account.name.clone(),
            policy: Arc::clone(&account.policy),
        })
    }

    fn tell_parts(&self, account: &Account) -> Outcome {
        self.post(dialogs::Word::Policy {
            account: account.name.clone(),
            policy: Arc::clone(&account.policy),
        })?;
        self.post(registrar::Word::Policy {
            account: account.name.clone(),
            policy: Arc::clone(&account.policy),
        })
    }
}

/// Somewhere that is an address, and not the account itself.
fn may_go_to(account: &Account, to: &str) -> Result<(), ErrorObject> {
    if !is_target(to) {
        let why = format!("{} is no number and no SIP URI", quoted(to));
        return Err(ErrorObject::new(Code::BAD_ADDRESS, why));
    }
    let hop = Hop {
        own: &account.aor.to_string(),
        caller: "",
        diverted_by: &[],
    };
    match hop.circle(to) {
        Some(circle) => Err(ErrorObject::new(
            Code::FORWARDED_IN_A_CIRCLE,
            circle.to_string(),
        )),
        None => Ok(()),
    }
}
