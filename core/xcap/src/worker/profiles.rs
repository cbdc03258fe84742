//! Profiles with their favourites.

use super::{TRIES, Worker};
use crate::document::Document;
use crate::ledger::Ledger;
use crate::source::{Place, Version};
use control::ErrorObject;
use ports::store::Standing;
use std::time::{SystemTime, UNIX_EPOCH};

/// Unit: ms since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// What the store has beside the profiles.
fn kept(of: &Standing) -> Option<Ledger> {
    match serde_json::from_str(of.ledger.as_deref()?) {
        Ok(ledger) => Some(ledger),
        Err(why) => {
            tracing::warn!(%why, "what is known of the server's profiles is lost");
            None
        }
    }
}

impl Worker<'_> {
    /// These profiles stand here now.
    pub(super) fn stands(&mut self, standing: Standing) {
        let kept = kept(&standing);
        let profiles = standing.profiles;
        if self.standing.is_none() {
            self.ledger = kept.clone().unwrap_or_default();
            self.remember_groups();
            self.hurry();
        } else if let Some(taken) = kept
            .as_ref()
            .filter(|kept| self.kept.as_ref() != Some(kept))
        {
            // What was shared was taken: nobody here said that. What stands otherwise was said since.
            self.ledger.shown.clone_from(&taken.shown);
        }
        self.kept = kept;
        if self.standing.as_ref() != Some(&profiles) {
            // What was offered was taken, or never will be.
            self.offered = None;
        }
        if self.ledger.shown != profiles {
            self.ledger.said(&profiles, &self.source.domain, now());
            self.errand(Place::Profiles).hurry();
        }
        self.standing = Some(profiles);
        // When it was said is kept at once: it is uploaded as said then, also after a restart.
        self.share();
    }

    /// Brings profiles here and there together.
    pub(super) fn meet_profiles(&mut self) -> Result<(), ErrorObject> {
        let domain = self.source.domain.clone();
        for _ in 0..TRIES {
            let (found, version) = match self.fetch(Place::Profiles)? {
                Some((body, version)) => (self.read(Document::read(&body, &domain))?, version),
                None => (Document::new(&domain), Version::New),
            };
            let is_there = version != Version::New;
            let mut ledger = self.ledger.clone();
            let document = ledger.meet(found.clone(), is_there, now());
            let is_news = !document.lists_as(&found);
            if is_news && !self.put(Place::Profiles, &version, &document.text())? {
                continue;
            }
            self.ledger = ledger;
            self.offer(&document);
            return Ok(());
        }
        Err(self.overtaken())
    }

    /// What the document lists is to stand here.
    fn offer(&mut self, document: &Document) {
        let standing = self.standing.iter().flatten();
        let in_use = standing.clone().find(|profile| profile.active);
        let profiles = document.profiles(in_use.map_or("", |profile| profile.name.as_str()));
        let is_said = !self.ledger.roster.lists.is_empty();
        self.offered = (is_said && !standing.eq(&profiles)).then_some(profiles);
    }
}
