//! Where calls are sent.

use super::{TRIES, Worker};
use crate::Told;
use crate::diversion::{self, Diversion};
use crate::source::{Place, Version};
use control::ErrorObject;
use control::receiving::Forwarding;

impl Worker<'_> {
    /// Calls are sent there now.
    pub(super) fn forwards(&mut self, forwarding: Forwarding) {
        // Whatever else is said meanwhile, what was offered is not taken any more.
        if self.offered_forwarding.take().as_ref() == Some(&forwarding) {
            self.ledger.forwarding = Some(forwarding.clone());
            self.share();
        }
        if self.ledger.forwarding.as_ref() != Some(&forwarding) {
            self.errand(Place::Diversion).hurry();
        }
        self.forwards = Some(forwarding);
    }

    /// Brings together where calls are sent here and there.
    pub(super) fn meet_diversion(&mut self) -> Result<(), ErrorObject> {
        let Some(ours) = self.forwards.clone().filter(|_| self.source.forwarding) else {
            return Ok(());
        };
        let domain = self.source.domain.clone();
        for _ in 0..TRIES {
            let (found, version) = match self.fetch(Place::Diversion)? {
                Some((body, version)) => (self.read(Diversion::read(&body, &domain))?, version),
                None => (Diversion::new(&domain), Version::New),
            };
            let theirs = found.is_there().then(|| found.forwarding());
            let agreed = self.ledger.forwarding.as_ref();
            let wanted = diversion::joined(&ours, agreed, theirs.as_ref());
            let mut document = found.clone();
            document.write(&wanted);
            if document != found && !self.put(Place::Diversion, &version, &document.text())? {
                continue;
            }
            // As the server has it: its timer, for one, takes less than ours.
            let after = document.forwarding();
            if after == ours {
                self.offered_forwarding = None;
                self.ledger.forwarding = Some(ours);
            } else {
                self.offered_forwarding = Some(after.clone());
                (self.tell)(Told::Forward {
                    of: self.source.whose(),
                    before: Box::new(ours),
                    after: Box::new(after),
                });
            }
            return Ok(());
        }
        Err(self.overtaken())
    }
}
