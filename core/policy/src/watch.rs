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
    pub site: Vec<Group>,
    /// A server judges by the rights to presence who sees what it is told of the person: it shows calls to all of them or
    /// to none.
    pub judged_at_server: bool,
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

    /// Whether `watcher` may see `what` of `own`: addresses, such as `sip:20@example.com`. Who asks for many has a
    /// [`Judge`].
    pub fn judge(&self, what: What, watcher: &str, own: &str) -> Judged {
        Judge::new(self, own).judge(what, watcher)
    }

    /// Those of the settings, and those of the server.
    pub fn all_groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.iter().chain(&self.site)
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
