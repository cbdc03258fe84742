//! Who may see how the person is.

use super::{TRIES, Worker, refused};
use crate::Told;
use crate::rights::{self, Joined, Rules};
use crate::source::{Place, Version};
use control::ErrorObject;
use policy::watch::{RIGHTS, Right, Seen, Watching, What};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

fn lines(rights: &[Right]) -> Vec<String> {
    rights.iter().map(ToString::to_string).collect()
}

fn read(lines: &[String]) -> Vec<Right> {
    let rights = lines.iter().filter_map(|line| Right::read(line).ok());
    rights.collect()
}

/// What the server is told, for who may watch.
#[derive(Debug)]
pub(super) struct Rule {
    of: Watching,
    seen: Seen,
    /// One that is different in another version is told anew.
    checksum: u64,
}

impl Rule {
    fn new(of: Watching, own: &str) -> Self {
        let seen = of.seen(What::Presence, own);
        let mut sum = DefaultHasher::new();
        seen.hash(&mut sum);
        Self {
            of,
            seen,
            checksum: sum.finish(),
        }
    }
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
        let knows = |of: &Watching| of.site == self.groups;
        let knew = self.watching.as_ref().is_none_or(knows);
        if self.ledger.groups.is_some() && self.source.groups && knew && !knows(&watching) {
            // Who asked for them was set up anew. Who knew them no more before hears of them in the next round.
            self.tell_groups();
        }
        self.watching = Some(watching);
    }

    /// What the server is told of these.
    fn rule(&mut self, of: Watching) -> &Rule {
        let kept = self.rule.take().filter(|rule| rule.of == of);
        let rule = kept.unwrap_or_else(|| Rule::new(of, &self.source.own));
        self.rule.insert(rule)
    }

    /// Brings together what the person said here and there, and tells the server who may. Templates and groups of
    /// settings are each phone's own: what they say goes there when it changes here.
    pub(super) fn meet_rights(&mut self) -> Result<(), ErrorObject> {
        let Some(ours) = self.watching.clone().filter(|_| self.source.rights) else {
            return Ok(());
        };
        // What the engine knows of the server's groups may be older.
        if !self.knows_groups() {
            return Ok(());
        }
        for _ in 0..TRIES {
            let (found, version) = match self.fetch(Place::Rights)? {
                Some((body, version)) => (self.read(Rules::read(&body))?, version),
                None => (Rules::default(), Version::New),
            };
            let theirs = found.said();
            let agreed = self.ledger.rights.as_deref().map(read);
            let joined = match &theirs {
                Some(theirs) => rights::joined(&ours.person, agreed.as_deref(), theirs),
                None => rights::joined(&ours.person, None, &[]),
            };
            let Joined {
                rights: said,
                left_out,
            } = joined.ok_or_else(|| self.too_many("none of them is changed there"))?;
            let rule = self.rule(Watching {
                person: said.clone(),
                site: self.groups.clone(),
                ..ours.clone()
            });
            let checksum = rule.checksum;
            let mut document = found.clone();
            document.write(&rule.seen, &said);
            let is_news = theirs.as_ref() != Some(&said) || self.ledger.seen != Some(checksum);
            if is_news
                && document != found
                && !self.put(Place::Rights, &version, &document.text())?
            {
                continue;
            }
            self.ledger.seen = Some(checksum);
            if said == ours.person {
                self.offered_rights = None;
                self.ledger.rights = Some(lines(&said));
            } else {
                self.offered_rights = Some(said.clone());
                (self.tell)(Told::Rights {
                    of: self.source.whose(),
                    before: ours.person,
                    after: said,
                });
            }
            return match left_out {
                0 => Ok(()),
                more => {
                    let lost = format!("{more} that allow something do not hold any more");
                    Err(self.too_many(&lost))
                }
            };
        }
        Err(self.overtaken())
    }

    fn too_many(&self, so: &str) -> ErrorObject {
        let why = format!("and this phone have more than {RIGHTS} rights together: {so}");
        let fix = "see who may watch, and allow groups or domains in their place";
        refused(&self.source, &why, fix)
    }
}
