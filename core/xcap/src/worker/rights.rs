//! Who may see how the person is.

use super::{TRIES, Worker};
use crate::Told;
use crate::rights::{self, Rules};
use crate::source::{Place, Version};
use control::ErrorObject;
use policy::watch::{Right, Seen, Watching, What};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

fn lines(rights: &[Right]) -> Vec<String> {
    rights.iter().map(ToString::to_string).collect()
}

fn read(lines: &[String]) -> Vec<Right> {
    let rights = lines.iter().filter_map(|line| Right::read(line).ok());
    rights.collect()
}

/// One that is different in another version is told anew.
fn checksum(of: &Seen) -> u64 {
    let mut sum = DefaultHasher::new();
    of.hash(&mut sum);
    sum.finish()
}

impl Worker<'_> {
    /// These may watch now.
    pub(super) fn watching(&mut self, watching: Watching) {
        let said = lines(&watching.person);
        // Whatever else is said meanwhile, what was offered is not taken any more.
        if self.offered_rights.take().as_ref() == Some(&watching.person) {
            self.ledger.rights = Some(said.clone());
            self.share();
        }
        let is_said = self.ledger.rights.as_ref() != Some(&said);
        if is_said || self.watching.as_ref() != Some(&watching) {
            self.errand(Place::Rights).hurry();
        }
        let mut groups = self.groups.iter();
        if groups.any(|group| !watching.groups.contains(group)) {
            // Who asked for them was set up anew.
            self.tell_groups();
        }
        self.watching = Some(watching);
    }

    /// Brings together what the person said here and there, and tells the server who may. Groups and templates are each
    /// phone's own: what they say goes there when it changes here.
    pub(super) fn meet_rights(&mut self) -> Result<(), ErrorObject> {
        let Some(ours) = self.watching.clone().filter(|_| self.source.rights) else {
            return Ok(());
        };
        for _ in 0..TRIES {
            let (found, version) = match self.fetch(Place::Rights)? {
                Some((body, version)) => (self.read(Rules::read(&body))?, version),
                None => (Rules::default(), Version::New),
            };
            let theirs = found.said();
            let agreed = self.ledger.rights.as_deref().map(read);
            let said = match &theirs {
                Some(theirs) => rights::joined(&ours.person, agreed.as_deref(), theirs),
                None => ours.person.clone(),
            };
            let wanted = Watching {
                person: said.clone(),
                ..ours.clone()
            };
            let seen = wanted.seen(What::Presence, &self.source.own);
            let sum = checksum(&seen);
            if theirs.as_ref() != Some(&said) || self.ledger.seen != Some(sum) {
                let mut document = found.clone();
                document.write(&seen, &said);
                if document != found && !self.put(Place::Rights, &version, &document.text())? {
                    continue;
                }
            }
            self.ledger.seen = Some(sum);
            if said == ours.person {
                self.offered_rights = None;
                self.ledger.rights = Some(lines(&said));
            } else {
                self.offered_rights = Some(said.clone());
                (self.tell)(Told::Rights {
                    account: self.source.account.clone(),
                    before: ours.person,
                    after: said,
                });
            }
            return Ok(());
        }
        Err(self.overtaken())
    }
}
