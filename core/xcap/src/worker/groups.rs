//! The groups of a site.

use super::Worker;
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
            Some((body, _)) => self.read(groups::read(&body))?,
            None => Vec::new(),
        };
        if self.groups != found {
            self.groups = found;
            self.tell_groups();
        }
        Ok(())
    }

    pub(super) fn tell_groups(&self) {
        (self.tell)(Told::Groups {
            account: self.source.account.clone(),
            groups: self.groups.clone(),
        });
    }
}
