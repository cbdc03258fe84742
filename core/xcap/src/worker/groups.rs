//! The groups of a site.

use super::{Worker, refused};
use crate::source::Place;
use crate::{Told, groups};
use control::ErrorObject;
use policy::watch::{Site, Watching};

impl Worker<'_> {
    /// Asks for the groups, and tells them where they are others than before.
    pub(super) fn meet_groups(&mut self) -> Result<(), ErrorObject> {
        if !self.source.groups {
            return Ok(());
        }
        let (document, groups) = match self.fetch(Place::Groups)? {
            Some((body, _)) => {
                let groups = self.read(groups::read(&body, &self.source.domain))?;
                (String::from_utf8_lossy(&body).into_owned(), groups)
            }
            // Who is refused by a group must not be let in because a server lost it.
            None if !self.groups.is_empty() => {
                let fix = "put an empty list of groups there if there are to be none; those that it had hold until then";
                return Err(refused(&self.source, "has no groups any more", fix));
            }
            None => Default::default(),
        };
        let is_first = self.ledger.groups.is_none();
        if self.ledger.groups.as_ref() != Some(&document) {
            self.ledger.groups = Some(document);
            self.errand(Place::Rights).hurry();
        }
        if self.groups != groups || is_first {
            self.groups = groups;
            self.tell_groups();
        }
        Ok(())
    }

    /// Those that were known before the last end hold until the server says otherwise.
    pub(super) fn remember_groups(&mut self) {
        let Some(document) = self.ledger.groups.as_deref() else {
            return;
        };
        match document.is_empty() {
            true => self.groups = Vec::new(),
            false => match groups::read(document.as_bytes(), &self.source.domain) {
                Ok(groups) => self.groups = groups,
                // As if it was never asked.
                Err(why) => {
                    tracing::warn!(%why, "what is known of the site's groups is lost");
                    self.ledger.groups = None;
                }
            },
        }
        self.tell_groups();
    }

    /// Whether the engine knows what is known here.
    pub(super) fn knows_groups(&self, watching: &Watching) -> bool {
        let is_known = self.source.groups && self.ledger.groups.is_some();
        let knows = matches!(&watching.site, Site::Known(groups) if *groups == self.groups);
        knows || !is_known
    }

    /// Once a round: who did not hear of them hears it now.
    pub(super) fn tell_groups_again(&self) {
        let known = self.watching.as_ref();
        if known.is_some_and(|(watching, _)| !self.knows_groups(watching)) {
            self.tell_groups();
        }
    }

    pub(super) fn tell_groups(&self) {
        if self.source.groups && self.ledger.groups.is_some() {
            (self.tell)(Told::Groups {
                of: self.source.whose(),
                groups: self.groups.clone(),
            });
        }
    }
}
