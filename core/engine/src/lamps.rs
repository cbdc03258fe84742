//! Lamps and mailboxes as they were told last.

use control::lamp::{LampChange, LampRef};
use control::{
    Code, ErrorObject, EventBody, LampSnapshot, LampState, MailboxSnapshot, Timestamp, quoted,
};
use std::collections::BTreeMap;

/// All of them. Bound: that of subscriptions.
#[derive(Debug, Default)]
pub struct Lamps {
    /// By account and target, in the order in which they were told first.
    lamps: Vec<LampSnapshot>,
    mailboxes: BTreeMap<String, MailboxSnapshot>,
}

impl Lamps {
    /// All lamps, by account, then in the order in which they were set up.
    pub fn lamps(&self) -> Vec<LampSnapshot> {
        let mut all = self.lamps.clone();
        all.sort_by(|one, two| one.account.as_str().cmp(two.account.as_str()));
        all
    }

    /// All mailboxes, by account.
    pub fn mailboxes(&self) -> Vec<MailboxSnapshot> {
        self.mailboxes.values().cloned().collect()
    }

    /// Takes note of what an event says of them.
    #[allow(clippy::wildcard_enum_match_arm)] // Most events are about other things.
    pub fn remember(&mut self, body: &EventBody) {
        match body {
            EventBody::BlfChanged(change) => self.changed(change),
            EventBody::MwiChanged(mailbox) => {
                let account = mailbox.account.as_str().to_owned();
                match mailbox.waiting.is_none() && mailbox.why.is_none() {
                    true => self.mailboxes.remove(&account),
                    false => self.mailboxes.insert(account, (**mailbox).clone()),
                };
            }
            EventBody::AccountRemoved(change) => {
                let account = &change.snapshot.account;
                self.lamps.retain(|lamp| lamp.account != *account);
                self.mailboxes.remove(account.as_str());
            }
            _ => {}
        }
    }

    fn changed(&mut self, change: &LampChange) {
        let lamp = &change.snapshot;
        let same =
            |known: &LampSnapshot| known.account == lamp.account && known.target == lamp.target;
        if change.removed {
            return self.lamps.retain(|known| !same(known));
        }
        match self.lamps.iter_mut().find(|known| same(known)) {
            Some(known) => *known = lamp.clone(),
            None => self.lamps.push(lamp.clone()),
        }
    }

    /// The part that owned them panicked: what they show is no longer known, and nobody else says so.
    pub fn lost(&self, why: &str, since: Timestamp) -> Vec<EventBody> {
        let error = || {
            let why = format!("the part that owned it panicked: {why}");
            Some(ErrorObject::new(Code::LAMP_LOST, why))
        };
        let lamp = |lamp: &LampSnapshot| {
            let snapshot = LampSnapshot {
                state: LampState::Unknown,
                since,
                why: error(),
                direction: None,
                peer: None,
                pickup: None,
                presence: None,
                note: None,
                ..lamp.clone()
            };
            let was = Some(lamp.state);
            EventBody::BlfChanged(Box::new(LampChange {
                was,
                removed: false,
                snapshot,
            }))
        };
        let mailbox = |mailbox: &MailboxSnapshot| {
            EventBody::MwiChanged(Box::new(MailboxSnapshot {
                waiting: None,
                voice: None,
                since,
                why: error(),
                ..mailbox.clone()
            }))
        };
        let lamps = self.lamps.iter().map(lamp);
        lamps.chain(self.mailboxes.values().map(mailbox)).collect()
    }

    /// The lamp that is meant: by its address, its extension or its label.
    pub fn find(&self, wanted: &LampRef) -> Result<&LampSnapshot, ErrorObject> {
        let text = wanted.target.trim();
        let named = |lamp: &&LampSnapshot| {
            let of_account = wanted.account.as_ref().is_none_or(|a| *a == lamp.account);
            of_account && (lamp.target == text || lamp.label == text || user(&lamp.target) == text)
        };
        let mut found = self.lamps.iter().filter(named);
        match (found.next(), found.next()) {
            (Some(lamp), None) => Ok(lamp),
            (Some(_), Some(_)) => Err(ErrorObject::new(
                Code::UNKNOWN_LAMP,
                format!("more than one lamp is called {}", quoted(text)),
            )),
            (None, _) => Err(ErrorObject::new(
                Code::UNKNOWN_LAMP,
                format!("no lamp is called {}", quoted(text)),
            )),
        }
    }
}

/// The extension of a SIP address, or the address without its scheme.
fn user(target: &str) -> &str {
    let bare = target.split_once(':').map_or(target, |(_, rest)| rest);
    bare.rsplit_once('@').map_or(bare, |(user, _)| user)
}

#[cfg(test)]
mod tests {
    use super::*;
    use control::lamp::LampSource;

    fn lamp(target: &str, label: &str, state: LampState) -> LampSnapshot {
        LampSnapshot {
            account: "work".parse().unwrap(),
            target: target.to_owned(),
            label: label.to_owned(),
            slot: false,
            state,
            since: Timestamp::from_unix_ms(1),
            why: None,
            direction: None,
            peer: None,
            pickup: None,
            source: LampSource::Dialog,
            polled: false,
            presence: None,
            note: None,
            listed: false,
        }
    }

    fn told(snapshot: LampSnapshot, removed: bool) -> EventBody {
        EventBody::BlfChanged(Box::new(LampChange {
            was: None,
            removed,
            snapshot,
        }))
    }

    #[test]
    fn lamps_are_found_by_address_extension_or_name_and_go_when_removed() {
        let mut lamps = Lamps::default();
        lamps.remember(&told(lamp("sip:103@pbx", "Carol", LampState::Idle), false));
        lamps.remember(&told(lamp("sip:104@pbx", "Dave", LampState::Idle), false));
        lamps.remember(&told(lamp("sip:103@pbx", "Carol", LampState::Busy), false));
        let find = |target: &str, account: Option<&str>| {
            let target = target.to_owned();
            let account = account.map(|name| name.parse().unwrap());
            let found = lamps.find(&LampRef { target, account });
            found.map(|lamp| lamp.state).map_err(|why| why.code)
        };
        for target in ["103", "sip:103@pbx", "Carol"] {
            assert_eq!(find(target, None), Ok(LampState::Busy));
        }
        assert_eq!(find("103", Some("home")), Err(Code::UNKNOWN_LAMP));
        assert_eq!(find("105", None), Err(Code::UNKNOWN_LAMP));
        let lost = lamps.lost("it broke", Timestamp::from_unix_ms(2));
        assert_eq!(lost.len(), 2);
        lost.iter().for_each(|event| lamps.remember(event));
        assert!(
            lamps
                .lamps()
                .iter()
                .all(|lamp| lamp.state == LampState::Unknown)
        );
        lamps.remember(&told(lamp("sip:103@pbx", "Carol", LampState::Busy), true));
        assert_eq!(lamps.lamps().len(), 1);
    }
}
