//! What an account's rules make of what was dialled, and what follows the answer.

use crate::answering::Step;
use crate::outgoing::Wish;
use crate::{Dialogs, outgoing};
use base::{Duration, Instant};
use control::event::{CallOpenUrl, CallWarning};
use control::snapshot::{CallDirection, CallSnapshot};
use control::{CallHandle, Code, EndCause, EndReason, EndedBy, EventBody, quoted};
use policy::DialAction;
use policy::Surroundings;
use policy::dial_string::Stage;
use policy::dialling::Dialled;
use ports::account::{by_transport, default_of};
use ports::{Account, Outbox, recorder};
use sip_message::Uri;

/// How long one key and the pause behind it take, where nobody says otherwise. Unit: time.
const KEY: Duration = Duration::from_millis(160);

/// What a wish to dial comes to.
#[derive(Debug, Default)]
pub(crate) struct Planned {
    /// Who calls.
    pub(crate) account: Option<Account>,
    /// Whom.
    pub(crate) target: Option<Uri>,
    /// Header fields that rules add.
    pub(crate) headers: Vec<(String, String)>,
    /// What follows the answer.
    pub(crate) after: After,
    /// What is done with the number, where somebody wants more than a plain call.
    pub(crate) action: Option<DialAction>,
    /// What is opened instead of a call.
    pub(crate) open: Option<String>,
    /// It is an emergency call.
    pub(crate) is_emergency: bool,
    /// Why nobody is called.
    pub(crate) wrong: Option<(Code, String)>,
}

/// What follows the answer of a dialled call.
#[derive(Debug, Default)]
pub(crate) struct After {
    /// Pauses and keys, in order (M-062).
    stages: Vec<Stage>,
    /// The call is recorded (K-131).
    pub(crate) record: bool,
}

impl Dialogs {
    /// Has the account's rules look at a wish.
    pub(crate) fn plan(&self, wish: &Wish) -> Planned {
        let account = match &wish.account {
            Some(name) => self.accounts.get(name).map(|(_, account)| account),
            None => default_of(self.accounts.values().map(|(_, account)| account)),
        };
        let Some(account) = account else {
            return Planned::wrong(
                None,
                Code::UNKNOWN_ACCOUNT,
                "no account is set up to call from",
            );
        };
        let around = self.around(account, &wish.to);
        match account.policy.dialling.dial(&wish.to, &around) {
            Ok(dialled) => self.plan_dialled(account, wish, dialled),
            Err(why) => {
                let why = format!("{} is no number and no address: {why}", quoted(&wish.to));
                Planned::wrong(Some(account), Code::BAD_ADDRESS, why)
            }
        }
    }

    /// What rules of `account` know when they look at `number`. The kind of network is told by nobody.
    pub(crate) fn around(&self, account: &Account, number: &str) -> Surroundings {
        let here = account.policy.dialling.location.as_ref();
        let is_here = |owner: &str| {
            let mut accounts = self.accounts.values();
            owner.is_empty() || accounts.any(|(_, account)| account.owner() == owner)
        };
        Surroundings {
            contacts: self.book.contacts(number, here, is_here),
            ..Surroundings::default()
        }
    }

    fn plan_dialled(&self, account: &Account, wish: &Wish, dialled: Dialled) -> Planned {
        let dialled = match account.policy.dialling.act(dialled, wish.action) {
            Ok(dialled) => dialled,
            Err(why) => {
                return Planned::wrong(Some(account), Code::RULES_WANT_MORE, why.to_string());
            }
        };
        let account = match &dialled.account {
            None => account,
            Some(name) => match self.accounts.get(name) {
                Some((_, other)) => other,
                None => {
                    let why = format!("a rule calls through account '{name}', which is not there");
                    return Planned::wrong(Some(account), Code::UNKNOWN_ACCOUNT, why);
                }
            },
        };
        let Some(target) = outgoing::dialled(&dialled.to, account) else {
            let mut why = format!("{} is no number and no address", quoted(&wish.to));
            if !dialled.steps.is_empty() {
                why += &format!(", as {}, which rules made of it", quoted(&dialled.to));
            }
            return Planned::wrong(Some(account), Code::BAD_ADDRESS, why);
        };
        // Its own domain is reached as its registrar is.
        let direct =
            outgoing::is_own(account, &target) && outgoing::proxy(account, &target).is_none();
        let target = match direct {
            true => by_transport(target, account.transport),
            false => target,
        };
        Planned {
            account: Some(account.clone()),
            target: Some(target),
            headers: dialled.headers,
            after: After {
                stages: dialled.after,
                record: dialled.record,
            },
            is_emergency: dialled.is_emergency,
            action: dialled.action,
            open: dialled.open,
            wrong: None,
        }
    }

    /// The call was answered: what was to follow begins.
    pub(crate) fn follow_answer(&mut self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let After { stages, record } = std::mem::take(&mut call.after);
        if record {
            let CallSnapshot {
                account, from, to, ..
            } = &call.snapshot;
            let (local, remote, direction) = match call.snapshot.direction {
                CallDirection::Outgoing => (from, to, "outgoing"),
                CallDirection::Incoming => (to, from, "incoming"),
            };
            let ask = Box::new(recorder::Ask {
                plugin: None,
                name: None,
                channels: None,
                account: account.clone(),
                local: local.uri.clone(),
                remote: remote.uri.clone(),
                direction,
            });
            out.post(recorder::Word::Start {
                command: call.causes.dialled,
                call: handle,
                ask,
            });
        }
        let mut at = now;
        for stage in stages {
            match stage {
                Stage::Wait(wait) => at += wait,
                Stage::Keys(keys) => {
                    let count = u32::try_from(keys.len()).unwrap_or(u32::MAX);
                    call.steps.push_back((at, Step::Keys(keys)));
                    at += KEY.saturating_mul(count);
                }
            }
        }
        self.follow_plan(handle, now, out);
    }

    /// The account's page for the number is opened by whoever shows this phone, and nobody is called (K-220).
    pub(crate) fn open_instead(
        &mut self,
        handle: CallHandle,
        url: String,
        now: Instant,
        out: &mut Outbox,
    ) {
        let opened = Box::new(CallOpenUrl { url });
        self.tell(handle, EventBody::CallOpenUrl(opened), now, out);
        let reason = EndReason {
            cause: EndCause::Redirected,
            ..EndReason::normal(EndedBy::Engine)
        };
        self.over(handle, reason, now, out);
    }

    /// Nobody asks the person what to do with the number: it is called (K-222).
    pub(crate) fn warn_of_nobody(&self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        let warning = Box::new(CallWarning {
            code: Code::RULES_WANT_MORE,
            text: "nobody here asks what to do with the number: it is called".to_owned(),
            fix: "name a dial action: offhook call NUMBER --action NAME".to_owned(),
        });
        self.tell(handle, EventBody::CallWarning(warning), now, out);
    }

    /// Keys that were dialled behind the number.
    pub(crate) fn dialled_keys(
        &mut self,
        handle: CallHandle,
        keys: String,
        now: Instant,
        out: &mut Outbox,
    ) {
        let command = self.calls.get(&handle).and_then(|call| call.causes.dialled);
        if let Some(command) = command {
            self.press(command, handle, (keys, None), now, out);
        }
    }
}

impl Planned {
    fn wrong(account: Option<&Account>, code: Code, why: impl Into<String>) -> Self {
        Self {
            account: account.cloned(),
            wrong: Some((code, why.into())),
            ..Self::default()
        }
    }
}
