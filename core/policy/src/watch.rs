//! Who may see how the person here is, and their calls (M-100 to M-102).
//!
//! The most specific right decides: of a user, then of a group, then of a domain, then of anybody. Where two stand
//! beside each other, what the person said stands before the settings' template; and of two of the same origin, the
//! one that refuses. Who is found by no right sees nothing.

mod read;
mod seen;
#[cfg(test)]
mod tests;

pub use read::Refused;
pub use seen::Seen;

use sip_message::{Uri, unescape};

/// Most rights that a person sets, and most members of a group. Source: ours.
pub const RIGHTS: usize = 256;

/// What is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// How the person is (RFC 3856), without whether they are in a call.
    Presence,
    /// Their calls (RFC 4235); their presence then says `on-the-phone` too.
    Dialog,
}

/// Of whom a right is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whom {
    /// One address, `20@example.com`; `20` is at the account's own domain.
    User(String),
    /// The active members of this group.
    Group(String),
    /// Everybody at this domain.
    Domain(String),
    /// Everybody.
    Anybody,
}

/// One right, written `presence allow user 20@example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// What is seen.
    pub what: What,
    /// Whether it may be.
    pub allowed: bool,
    /// By whom.
    pub whom: Whom,
}

/// People who may see each other, written `sales: 20, 21@example.com, inactive 22`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// How rights name it.
    pub name: String,
    /// Its members see each other only where a right says so.
    pub restricted: bool,
    /// Who belongs to it.
    pub members: Vec<Member>,
}

/// One of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// As of [`Whom::User`].
    pub address: String,
    /// One who is not sees nothing of the others.
    pub active: bool,
}

/// Everything that says who may watch an account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Watching {
    /// What settings files say: a template that the person may override (M-102).
    pub template: Vec<Right>,
    /// Which file, profile or option says so; empty: none.
    pub template_from: String,
    /// The groups that rights may name.
    pub groups: Vec<Group>,
    /// What the person said; at most one for the same people and the same thing.
    pub person: Vec<Right>,
}

/// What decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// A right that the person set.
    Person(Right),
    /// A right of the template.
    Template(Right),
    /// What members of this group may by themselves (M-101).
    Group(String),
    /// No right finds them.
    Nothing,
}

/// Whether somebody may see something, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Whether.
    pub allowed: bool,
    /// Why.
    pub by: By,
}

/// Somebody's address.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Person {
    user: String,
    domain: String,
}

/// The address of whoever watches, as rights read it: user and domain alone, without escapes, port and parameters.
/// `None`: it is nobody's.
pub fn person(uri: &str) -> Option<String> {
    let Person { user, domain } = Person::read(uri, "")?;
    Some(format!("{user}@{domain}"))
}

impl Person {
    /// `20@example.com`, `sip:20@example.com:5070`, or `20` at `home`.
    fn read(text: &str, home: &str) -> Option<Self> {
        let text = text.trim();
        let whole = match (text.contains(':'), text.contains('@')) {
            (true, _) => text.to_owned(),
            (false, true) => format!("sip:{text}"),
            (false, false) => format!("sip:{text}@{home}"),
        };
        let uri: Uri = whole.parse().ok()?;
        let uri = uri.sip()?;
        let user = uri.user().filter(|user| !user.is_empty())?;
        Some(Self {
            user: String::from_utf8_lossy(&unescape(user)).into_owned(),
            domain: uri.host().to_string().to_ascii_lowercase(),
        })
    }
}

impl Group {
    /// Whether `person` is an active member; `None`: none at all.
    fn has(&self, person: &Person, home: &str) -> Option<bool> {
        let is = |member: &&Member| Person::read(&member.address, home).as_ref() == Some(person);
        // Named twice, inactive counts.
        let mut found = self.members.iter().filter(is).map(|member| member.active);
        let first = found.next()?;
        Some(found.fold(first, |active, other| active && other))
    }
}

impl Watching {
    /// Keeps a right that the person sets, in the place of one for the same people and the same thing. `false`:
    /// there are [`RIGHTS`] already.
    pub fn set(&mut self, right: Right) -> bool {
        let known = self.person.iter_mut();
        let mut same = known.filter(|known| known.is_about(&right));
        if let Some(same) = same.next() {
            *same = right;
            return true;
        }
        let room = self.person.len() < RIGHTS;
        if room {
            self.person.push(right);
        }
        room
    }

    /// Forgets what the person said of these people; `false`: nothing.
    pub fn forget(&mut self, what: What, whom: &Whom) -> bool {
        let before = self.person.len();
        let is_it = |right: &Right| right.what == what && right.whom == *whom;
        self.person.retain(|right| !is_it(right));
        self.person.len() < before
    }

    /// Whether `watcher` may see `what` of `own`: addresses, such as `sip:20@example.com`.
    pub fn judge(&self, what: What, watcher: &str, own: &str) -> Judged {
        let home = Person::read(own, "").map_or_else(String::new, |own| own.domain);
        let Some(watcher) = Person::read(watcher, &home) else {
            return Judged::NOTHING;
        };
        let asked = Asked {
            what,
            home: &home,
            watcher: &watcher,
            groups: &self.groups,
        };
        for level in [Level::User, Level::Group, Level::Domain, Level::Anybody] {
            if let Some(right) = asked.among(&self.person, level) {
                return Judged::of(right, By::Person);
            }
            if let Some(right) = asked.among(&self.template, level) {
                return Judged::of(right, By::Template);
            }
            if level == Level::Group
                && let Some(judged) = asked.by_groups(own)
            {
                return judged;
            }
        }
        Judged::NOTHING
    }
}

/// How specific a right is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    User,
    Group,
    Domain,
    Anybody,
}

/// One question.
struct Asked<'a> {
    what: What,
    home: &'a str,
    watcher: &'a Person,
    groups: &'a [Group],
}

impl Asked<'_> {
    /// The right of this level that finds the watcher; of several, one that refuses.
    fn among<'a>(&self, rights: &'a [Right], level: Level) -> Option<&'a Right> {
        let finds = |right: &&Right| {
            right.what == self.what && right.whom.level() == level && self.finds(right)
        };
        rights
            .iter()
            .filter(finds)
            .min_by_key(|right| right.allowed)
    }

    fn finds(&self, right: &Right) -> bool {
        match &right.whom {
            Whom::User(address) => Person::read(address, self.home).as_ref() == Some(self.watcher),
            Whom::Group(name) => {
                let mut named = self.groups.iter().filter(|group| group.name == *name);
                named.any(|group| match group.has(self.watcher, self.home) {
                    Some(active) => active || !right.allowed,
                    None => false,
                })
            }
            Whom::Domain(domain) => domain.eq_ignore_ascii_case(&self.watcher.domain),
            Whom::Anybody => true,
        }
    }

    /// M-101: active members of a group see each other, unless it is restricted; one who is inactive sees nothing.
    fn by_groups(&self, own: &str) -> Option<Judged> {
        let own = Person::read(own, self.home)?;
        let ours = self.groups.iter().filter_map(|group| {
            let us = group.has(&own, self.home)?;
            Some((group, us, group.has(self.watcher, self.home)?))
        });
        let mut refused = None;
        for (group, us, them) in ours {
            let by = By::Group(group.name.clone());
            if us && them && !group.restricted {
                return Some(Judged { allowed: true, by });
            }
            if !them {
                refused = Some(Judged { allowed: false, by });
            }
        }
        refused
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

impl Right {
    /// Whether both are for the same people and the same thing.
    pub fn is_about(&self, other: &Self) -> bool {
        self.what == other.what && self.whom == other.whom
    }
}

impl Judged {
    const NOTHING: Self = Self {
        allowed: false,
        by: By::Nothing,
    };

    fn of(right: &Right, by: fn(Right) -> By) -> Self {
        Self {
            allowed: right.allowed,
            by: by(right.clone()),
        }
    }
}
