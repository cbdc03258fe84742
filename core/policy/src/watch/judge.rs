//! Who is found by which right, for many who ask: what rights and groups name is read once.

use super::person::Person;
use super::{By, Group, Judged, Right, Watching, What, Whom};
use std::collections::HashMap;

/// Judges for one account.
#[derive(Debug)]
pub struct Judge<'a> {
    /// The person's, which stand before the template's.
    person: Vec<Named<'a>>,
    template: Vec<Named<'a>>,
    groups: Vec<&'a Group>,
    members: HashMap<Person, Vec<Belongs>>,
    own: Vec<Belongs>,
    pub(super) home: String,
}

/// A right, and whom it names.
#[derive(Debug)]
struct Named<'a> {
    right: &'a Right,
    user: Option<Person>,
}

/// That somebody is in a group.
#[derive(Debug, Clone, Copy)]
struct Belongs {
    group: usize,
    active: bool,
}

/// How specific a right is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    User,
    Group,
    Domain,
    Anybody,
}

impl<'a> Judge<'a> {
    /// For the account whose address is `own`, such as `sip:20@example.com`.
    pub fn new(of: &'a Watching, own: &str) -> Self {
        let own = Person::read(own, "");
        let home = own.as_ref().map_or_else(String::new, |o| o.domain.clone());
        let named = |right: &'a Right| Named {
            right,
            user: match &right.whom {
                Whom::User(address) => Person::read(address, &home),
                Whom::Group(_) | Whom::Domain(_) | Whom::Anybody => None,
            },
        };
        let groups: Vec<&Group> = of.all_groups().collect();
        let mut members: HashMap<Person, Vec<Belongs>> = HashMap::new();
        for (at, group) in groups.iter().enumerate() {
            for member in &group.members {
                let Some(person) = Person::read(&member.address, &home) else {
                    continue;
                };
                let belongs = members.entry(person).or_default();
                match belongs.last_mut().filter(|last| last.group == at) {
                    // Named twice, inactive counts.
                    Some(last) => last.active &= member.active,
                    None => belongs.push(Belongs {
                        group: at,
                        active: member.active,
                    }),
                }
            }
        }
        let us = own.and_then(|own| members.get(&own));
        Self {
            person: of.person.iter().map(named).collect(),
            template: of.template.iter().map(named).collect(),
            own: us.cloned().unwrap_or_default(),
            groups,
            members,
            home,
        }
    }

    /// Whether `watcher`, an address, may see `what`.
    pub fn judge(&self, what: What, watcher: &str) -> Judged {
        match Person::read(watcher, &self.home) {
            Some(watcher) => self.of(what, &watcher),
            None => Judged::NOTHING,
        }
    }

    pub(super) fn of(&self, what: What, watcher: &Person) -> Judged {
        let theirs = self.members.get(watcher).map_or(&[][..], Vec::as_slice);
        for level in [Level::User, Level::Group, Level::Domain, Level::Anybody] {
            let among = |rights: &[Named<'a>]| {
                let of_level = rights
                    .iter()
                    .filter(|named| named.right.what == what && named.right.whom.level() == level);
                let finds = of_level.filter(|named| self.finds(named, watcher, theirs));
                finds
                    .map(|named| named.right)
                    .min_by_key(|right| right.allowed)
            };
            if let Some(right) = among(&self.person) {
                return Judged::of(right, By::Person);
            }
            if let Some(right) = among(&self.template) {
                return Judged::of(right, By::Template);
            }
            if level == Level::Group
                && let Some(judged) = self.by_groups(theirs)
            {
                return judged;
            }
        }
        Judged::NOTHING
    }

    fn finds(&self, named: &Named<'_>, watcher: &Person, theirs: &[Belongs]) -> bool {
        match &named.right.whom {
            Whom::User(_) => named.user.as_ref() == Some(watcher),
            Whom::Group(name) => theirs.iter().any(|belongs| {
                let is_named = self
                    .group(*belongs)
                    .is_some_and(|group| group.name == *name);
                is_named && (belongs.active || !named.right.allowed)
            }),
            Whom::Domain(domain) => domain.eq_ignore_ascii_case(&watcher.domain),
            Whom::Anybody => true,
        }
    }

    fn group(&self, of: Belongs) -> Option<&'a Group> {
        self.groups.get(of.group).copied()
    }

    /// M-101: active members of a group see each other, unless it is restricted; one who is inactive sees nothing.
    fn by_groups(&self, theirs: &[Belongs]) -> Option<Judged> {
        let mut refused = None;
        for them in theirs {
            let us = self.own.iter().find(|us| us.group == them.group);
            let (Some(us), Some(group)) = (us, self.group(*them)) else {
                continue;
            };
            let by = By::Group(group.name.clone());
            if us.active && them.active && !group.restricted {
                return Some(Judged { allowed: true, by });
            }
            if !them.active {
                refused = Some(Judged { allowed: false, by });
            }
        }
        refused
    }

    /// Everybody whom a right on `what`, or a group, names.
    pub(super) fn named(&self, what: What) -> impl Iterator<Item = &Person> {
        let rights = self.person.iter().chain(&self.template);
        let rights = rights.filter(move |named| named.right.what == what);
        rights
            .filter_map(|named| named.user.as_ref())
            .chain(self.members.keys())
    }

    /// Every domain that a right on `what` names.
    pub(super) fn domains(&self, what: What) -> impl Iterator<Item = String> {
        let rights = self.person.iter().chain(&self.template);
        rights.filter_map(move |named| match &named.right.whom {
            Whom::Domain(domain) if named.right.what == what => Some(domain.to_ascii_lowercase()),
            Whom::Domain(_) | Whom::User(_) | Whom::Group(_) | Whom::Anybody => None,
        })
    }
}

impl Whom {
    const fn level(&self) -> Level {
        match self {
            Self::User(_) => Level::User,
            Self::Group(_) => Level::Group,
            Self::Domain(_) => Level::Domain,
            Self::Anybody => Level::Anybody,
        }
    }
}
