//! Where calls are sent.

use super::{TRIES, Worker};
use crate::Told;
use crate::diversion::{self, Diversion};
use crate::source::{Place, Version};
use control::ErrorObject;
use control::receiving::Forwarding;
use ports::store::Mark;

impl Worker<'_> {
    /// Calls are sent there now.
    pub(super) fn forwards(&mut self, forwarding: Forwarding, mark: Mark) {
        self.is_gone = false;
        // Also where something else was said since.
        if let Some(agreed) = self.offered_forwarding.adopted(mark) {
            self.ledger.forwarding = Some(agreed);
            self.share();
        }
        if self.ledger.forwarding.as_ref() != Some(&forwarding) {
            self.errand(Place::Diversion).hurry();
        }
        self.forwards = Some((forwarding, mark));
    }

    /// Brings together where calls are sent here and there.
    pub(super) fn meet_diversion(&mut self) -> Result<(), ErrorObject> {
        let Some((ours, mark)) = self.forwards.clone().filter(|_| self.source.forwarding) else {
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
            let agreed = agreed.filter(|_| self.offered_forwarding.may_count(mark));
            let wanted = diversion::joined(&ours, agreed, theirs.as_ref());
            let mut document = found.clone();
            document.write(&wanted);
            if document != found && !self.put(Place::Diversion, &version, &document.text())? {
                continue;
            }
            // As the server has it: its timer, for one, takes less than ours.
            let after = document.forwarding();
            if after == ours {
                self.offered_forwarding.agreed = true;
                self.ledger.forwarding = Some(ours);
            } else {
                let number = self.offered_forwarding.offer(after.clone());
                (self.tell)(Told::Forward {
                    of: self.source.whose(),
                    number,
                    before: Box::new(ours),
                    after: Box::new(after),
                });
            }
            return Ok(());
        }
        Err(self.overtaken())
    }
}
