//! Who may see how the person here is, and their calls (M-100 to M-102).
//!
//! The most specific right decides: of a user, then of a group, then of a domain, then of anybody. Where two stand
//! beside each other, what the person said stands before the settings' template; and of two of the same origin, the
//! one that refuses. Who is found by no right sees nothing.

mod judge;
mod person;
mod read;
mod seen;
#[cfg(test)]
mod tests;

pub use judge::Judge;
pub use person::{person, uri_of};
pub use read::{Refused, group_name};
pub use seen::Seen;

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
    /// One address, `20@example.com`, escaped where a URI is; `20` is at the account's own domain.
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
    /// The groups of the settings.
    pub groups: Vec<Group>,
    /// The groups that a server has for the account's site, beside them.
    pub site: Site,
    /// Who else judges who sees what a server is told of the person.
    pub elsewhere: Elsewhere,
    /// What the person said; at most one for the same people and the same thing.
    pub person: Vec<Right>,
}

/// A server that judges by rights to presence: it shows calls to all of them or to none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Elsewhere {
    /// None does.
    #[default]
    Nobody,
    /// One does, and by which rules is not known, or not all of them are ours.
    Somehow,
    /// One does, by ours alone: a checksum of what it was told, see [`Seen::checksum`].
    By(u64),
}

/// The groups of a site.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Site {
    /// No server is asked for any.
    #[default]
    None,
    /// A server is asked, and has not said yet: who may watch by anything but a right of their own is not known.
    Unknown,
    /// These.
    Known(Vec<Group>),
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
    /// The groups of the site, which are not known yet.
    Unknown,
}

/// Whether somebody may see something, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Whether.
    pub allowed: bool,
    /// Why.
    pub by: By,
}

impl Watching {
    /// Keeps a right that the person sets, in the place of one for the same people and the same thing; `own`: the
    /// account's address. `false`: there are [`RIGHTS`] already.
    pub fn set(&mut self, right: Right, own: &str) -> bool {
        let is_same = |known: &Right| known.what == right.what && known.whom.is(&right.whom, own);
        let first = self.person.iter().position(is_same);
        if let Some(at) = first {
            self.person.retain(|known| !is_same(known));
            self.person.insert(at.min(self.person.len()), right);
            return true;
        }
        let room = self.person.len() < RIGHTS;
        if room {
            self.person.push(right);
        }
        room
    }

    /// Keeps a right that was written down before. Of two for the same people and the same thing, which were written
    /// otherwise once, the one that refuses holds.
    pub fn keep(&mut self, right: Right) {
        let room = self.person.len() < RIGHTS;
        match self.person.iter_mut().find(|known| known.is_about(&right)) {
            Some(known) => known.allowed &= right.allowed,
            None if room => self.person.push(right),
            None => {}
        }
    }

    /// Forgets what the person said of these people; `own`: the account's address. `false`: nothing.
    pub fn forget(&mut self, what: What, whom: &Whom, own: &str) -> bool {
        let before = self.person.len();
        let is_it = |right: &Right| right.what == what && right.whom.is(whom, own);
        self.person.retain(|right| !is_it(right));
        self.person.len() < before
    }

    /// Whether `watcher` may see `what` of `own`: addresses, such as `sip:20@example.com`. Who asks for many has a
    /// [`Judge`].
    pub fn judge(&self, what: What, watcher: &str, own: &str) -> Judged {
        Judge::new(self, own).judge(what, watcher)
    }

    /// Those of the settings, and those of the server.
    pub fn all_groups(&self) -> impl Iterator<Item = &Group> {
        let site = match &self.site {
            Site::Known(groups) => groups.as_slice(),
            Site::None | Site::Unknown => &[],
        };
        self.groups.iter().chain(site)
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
    const UNKNOWN: Self = Self {
        allowed: false,
        by: By::Unknown,
    };

    fn of(right: Right, by: fn(Right) -> By) -> Self {
        Self {
            allowed: right.allowed,
            by: by(right),
        }
    }
}
