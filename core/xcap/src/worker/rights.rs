//! Who may see how the person is.

use super::{TRIES, Worker, refused};
use crate::Told;
use crate::rights::{self, Joined, Rules};
use crate::source::{Place, Version};
use control::ErrorObject;
use policy::watch::{Elsewhere, Judge, RIGHTS, Right, Seen, Site, Watching, What};
use ports::store::Mark;

fn lines(rights: &[Right]) -> Vec<String> {
    rights.iter().map(ToString::to_string).collect()
}

fn read(lines: &[String]) -> Vec<Right> {
    let mut watching = Watching::default();
    let rights = lines.iter().filter_map(|line| Right::read(line).ok());
    rights.for_each(|right| watching.keep(right));
    watching.person
}

/// What the server is told, for who may watch.
#[derive(Debug)]
pub(super) struct Rule {
    of: Watching,
    seen: Seen,
    /// One that is different in another version is told anew.
    checksum: u64,
    /// The person refuses a group that is not known here.
    is_partial: bool,
}

impl Rule {
    fn new(of: Watching, own: &str) -> Self {
        let judge = Judge::new(&of, own);
        let seen = judge.seen(What::Presence);
        Self {
            checksum: seen.checksum(),
            is_partial: judge.refuses_unknown_groups(What::Presence),
            seen,
            of,
        }
    }
}

impl Worker<'_> {
    /// These may watch now.
    pub(super) fn watching(&mut self, watching: Watching, mark: Mark) {
        self.is_gone = false;
        // Also where something else was said since.
        if let Some(agreed) = self.offered_rights.adopted(mark) {
            self.ledger.rights = Some(lines(&agreed));
            self.share();
        }
        let before = self.watching.as_ref().map(|(before, _)| before);
        let is_said = self.ledger.rights.as_ref() != Some(&lines(&watching.person));
        if is_said || before != Some(&watching) {
            self.errand(Place::Rights).hurry();
        }
        let before = self.watching.as_ref().map(|(before, _)| before);
        let knew_groups = before.is_none_or(|before| self.knows_groups(before));
        let knew_rules = before.is_none_or(|before| self.knows_rules(before));
        // Who forgets was set up anew. Who knew no more before hears of it in the next round.
        if knew_groups && !self.knows_groups(&watching) {
            self.tell_groups();
        }
        if knew_rules && !self.knows_rules(&watching) {
            self.tell_rules();
        }
        self.watching = Some((watching, mark));
    }

    /// Whether it is known by which rules the server goes.
    fn knows_rules(&self, watching: &Watching) -> bool {
        match self.enforced {
            Some(Some(rules)) => watching.elsewhere == Elsewhere::By(rules),
            Some(None) => watching.elsewhere == Elsewhere::Somehow,
            None => true,
        }
    }

    fn tell_rules(&self) {
        if let Some(rules) = self.enforced {
            (self.tell)(Told::Enforced {
                of: self.source.whose(),
                rules,
            });
        }
    }

    /// The server goes by these rules of ours; `None`: by others, or others too.
    fn enforced(&mut self, rules: Option<u64>) {
        self.enforced = Some(rules);
        let known = self.watching.as_ref();
        if known.is_some_and(|(watching, _)| !self.knows_rules(watching)) {
            self.tell_rules();
        }
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
        let Some((ours, mark)) = self.watching.clone().filter(|_| self.source.rights) else {
            return Ok(());
        };
        for _ in 0..TRIES {
            let (found, version) = match self.fetch(Place::Rights)? {
                Some((body, version)) => (self.read(Rules::read(&body))?, version),
                None => (Rules::default(), Version::New),
            };
            let theirs = found.said();
            let agreed = self.ledger.rights.as_deref().map(read);
            let agreed = agreed.filter(|_| self.offered_rights.may_count(mark));
            let joined = match &theirs {
                Some(theirs) => rights::joined(&ours.person, agreed.as_deref(), theirs),
                None => rights::joined(&ours.person, None, &[]),
            };
            let Joined {
                rights: said,
                left_out,
            } = joined.ok_or_else(|| self.too_many("none of them is changed there"))?;
            let is_early = self.source.groups && self.ledger.groups.is_none();
            let rule = self.rule(Watching {
                person: said.clone(),
                site: Site::Known(self.groups.clone()),
                elsewhere: Elsewhere::Nobody,
                ..ours.clone()
            });
            let (checksum, mut seen) = (rule.checksum, rule.seen.clone());
            let is_partial = rule.is_partial || is_early;
            if is_partial {
                // Another phone knows who is in the group that is refused.
                for address in found.refused() {
                    seen.people.entry(address).or_insert(false);
                }
            }
            let mut document = found.clone();
            document.write(&seen, &said);
            let is_news = theirs.as_ref() != Some(&said) || self.ledger.seen != Some(checksum);
            let is_put = is_news && document != found;
            if is_put && !self.put(Place::Rights, &version, &document.text())? {
                continue;
            }
            self.ledger.seen = Some(checksum);
            let is_ours = (is_put || document == found) && !is_partial && !found.others_allow();
            self.enforced(is_ours.then_some(checksum));
            self.offer_rights(&ours.person, said);
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

    /// The person is to say this, where they say `ours`.
    fn offer_rights(&mut self, ours: &[Right], said: Vec<Right>) {
        if said == ours {
            self.offered_rights.agreed = true;
            self.ledger.rights = Some(lines(&said));
            return;
        }
        let number = self.offered_rights.offer(said.clone());
        (self.tell)(Told::Rights {
            of: self.source.whose(),
            number,
            before: ours.to_vec(),
            after: said,
        });
    }

    fn too_many(&self, so: &str) -> ErrorObject {
        let why = format!("and this phone have more than {RIGHTS} rights together: {so}");
        let fix = "see who may watch, and allow groups or domains in their place";
        refused(&self.source, &why, fix)
    }
}
