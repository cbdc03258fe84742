//! The groups of a site.

use super::{Worker, refused};
use crate::source::Place;
use crate::{Told, groups};
use control::ErrorObject;

impl Worker<'_> {
    /// Asks for the groups, and tells them where they are others than before, or who is told forgot them.
    pub(super) fn meet_groups(&mut self) -> Result<(), ErrorObject> {
        if !self.source.groups {
            return Ok(());
        }
        let found = match self.fetch(Place::Groups)? {
            Some((body, _)) => {
                let groups = self.read(groups::read(&body))?;
                (String::from_utf8_lossy(&body).into_owned(), groups)
            }
            // Who is refused by a group must not be let in because a server lost it.
            None if !self.groups.is_empty() => {
                let fix = "put an empty list of groups there if there are to be none; those that it had hold until then";
                return Err(refused(&self.source, "has no groups any more", fix));
            }
            None => Default::default(),
        };
        let (document, groups) = found;
        if self.ledger.groups.as_ref() != Some(&document) {
            self.ledger.groups = Some(document);
            self.errand(Place::Rights).hurry();
        }
        let is_unheard = self.watching.as_ref().is_some_and(|w| w.site != groups);
        if self.groups != groups || is_unheard {
            self.groups = groups;
            self.tell_groups();
        }
        Ok(())
    }

    /// Those that were known before the last end.
    pub(super) fn remember_groups(&mut self) {
        let document = self
            .ledger
            .groups
            .as_deref()
            .filter(|text| !text.is_empty());
        let groups = document.and_then(|text| groups::read(text.as_bytes()).ok());
        self.groups = groups.unwrap_or_default();
    }

    /// Whether rights may be judged by the groups that are known.
    pub(super) const fn knows_groups(&self) -> bool {
        !self.source.groups || self.ledger.groups.is_some()
    }

    pub(super) fn tell_groups(&self) {
        (self.tell)(Told::Groups {
            of: self.source.whose(),
            groups: self.groups.clone(),
        });
    }
}
