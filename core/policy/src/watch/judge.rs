//! Who is found by which right, for many who ask: what rights and groups name is read once.

use super::person::Person;
use super::{By, Judged, Right, Site, Watching, What, Whom};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Judges for one account.
#[derive(Debug, Clone, Default)]
pub struct Judge {
    /// The person's, which stand before the template's.
    person: Vec<Named>,
    template: Vec<Named>,
    groups: Vec<Open>,
    members: HashMap<Person, Vec<Belongs>>,
    own: Vec<Belongs>,
    home: String,
    /// The groups of the site are not known.
    is_early: bool,
}

/// A right, and whom it names.
#[derive(Debug, Clone)]
struct Named {
    right: Right,
    user: Option<Person>,
}

/// A group.
#[derive(Debug, Clone)]
struct Open {
    name: String,
    restricted: bool,
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

impl Judge {
    /// For the account whose address is `own`, such as `sip:20@example.com`.
    pub fn new(of: &Watching, own: &str) -> Self {
        let own = Person::read(own, "");
        let home = own.as_ref().map_or_else(String::new, |o| o.domain.clone());
        let named = |right: &Right| Named {
            right: right.clone(),
            user: match &right.whom {
                Whom::User(address) => Person::read(address, &home),
                Whom::Group(_) | Whom::Domain(_) | Whom::Anybody => None,
            },
        };
        let mut judge = Self {
            person: of.person.iter().map(named).collect(),
            template: of.template.iter().map(named).collect(),
            is_early: of.site == Site::Unknown,
            ..Self::default()
        };
        judge.read_groups(of, &home);
        let us = own.and_then(|own| judge.members.get(&own));
        judge.own = us.cloned().unwrap_or_default();
        judge.home = home;
        judge
    }

    /// Groups of one name are one: who is inactive in one of them is, and it is restricted if one of them is.
    fn read_groups(&mut self, of: &Watching, home: &str) {
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for group in of.all_groups() {
            let at = *places.entry(&group.name).or_insert(self.groups.len());
            match self.groups.get_mut(at) {
                Some(known) => known.restricted |= group.restricted,
                None => self.groups.push(Open {
                    name: group.name.clone(),
                    restricted: group.restricted,
                }),
            }
            for member in &group.members {
                let Some(person) = Person::read(&member.address, home) else {
                    continue;
                };
                let belongs = self.members.entry(person).or_default();
                match belongs.iter_mut().find(|belongs| belongs.group == at) {
                    // Named twice, inactive counts.
                    Some(known) => known.active &= member.active,
                    None => belongs.push(Belongs {
                        group: at,
                        active: member.active,
                    }),
                }
            }
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
            if level == Level::Group && self.is_early {
                return Judged::UNKNOWN;
            }
            let among = |rights: &[Named]| {
                let of_level = rights
                    .iter()
                    .filter(|named| named.right.what == what && named.right.whom.level() == level);
                let finds = of_level.filter(|named| self.finds(named, watcher, theirs));
                finds
                    .map(|named| named.right.clone())
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

    fn finds(&self, named: &Named, watcher: &Person, theirs: &[Belongs]) -> bool {
        match &named.right.whom {
            Whom::User(_) => named.user.as_ref() == Some(watcher),
            Whom::Group(name) => theirs.iter().any(|belongs| {
                let group = self.groups.get(belongs.group);
                let is_named = group.is_some_and(|group| group.name == *name);
                is_named && (belongs.active || !named.right.allowed)
            }),
            Whom::Domain(domain) => domain.eq_ignore_ascii_case(&watcher.domain),
            Whom::Anybody => true,
        }
    }

    /// M-101: active members of a group see each other, unless it is restricted; one who is inactive sees nothing.
    fn by_groups(&self, theirs: &[Belongs]) -> Option<Judged> {
        let mut refused = None;
        for them in theirs {
            let us = self.own.iter().find(|us| us.group == them.group);
            let (Some(us), Some(group)) = (us, self.groups.get(them.group)) else {
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

    /// Everybody whom a right on one of these, or a group, names, once.
    pub(super) fn named(&self, of: &[What]) -> BTreeSet<&Person> {
        let rights = self.rights(of).filter_map(|named| named.user.as_ref());
        rights.chain(self.members.keys()).collect()
    }

    /// Every domain that a right on one of these names.
    pub(super) fn domains(&self, of: &[What]) -> BTreeSet<String> {
        let domains = self.rights(of).filter_map(|named| match &named.right.whom {
            Whom::Domain(domain) => Some(domain.to_ascii_lowercase()),
            Whom::User(_) | Whom::Group(_) | Whom::Anybody => None,
        });
        domains.collect()
    }

    fn rights(&self, of: &[What]) -> impl Iterator<Item = &Named> {
        let rights = self.person.iter().chain(&self.template);
        rights.filter(move |named| of.contains(&named.right.what))
    }

    /// Whether a right on `what` refuses a group that is not known here.
    pub fn refuses_unknown_groups(&self, what: What) -> bool {
        let known = |name: &str| self.groups.iter().any(|group| group.name == name);
        self.rights(&[what]).any(|named| match &named.right.whom {
            Whom::Group(name) => !named.right.allowed && !known(name),
            Whom::User(_) | Whom::Domain(_) | Whom::Anybody => false,
        })
    }

    /// Whether the groups of the site are not known.
    pub const fn is_early(&self) -> bool {
        self.is_early
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
