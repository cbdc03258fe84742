//! Who may watch, for somebody else who judges: people and domains that are named anywhere, each with what holds of it.

use super::person::Person;
use super::{Elsewhere, Judge, Watching, What};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// What holds of whom: of a person where they are named, else of their domain where it is, else of everybody.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Seen {
    /// Addresses, such as `20@example.com`, as rights write them.
    pub people: BTreeMap<String, bool>,
    /// Domains.
    pub domains: BTreeMap<String, bool>,
    /// Everybody else.
    pub anybody: bool,
}

/// A domain that nobody has. Source: RFC 2606 §2.
const NOWHERE: &str = "nowhere.invalid";

impl Seen {
    /// One that is different in another version of this phone is told anew.
    pub fn checksum(&self) -> u64 {
        let mut sum = DefaultHasher::new();
        self.hash(&mut sum);
        sum.finish()
    }
}

impl Judge {
    /// Who may see `what`: as [`Judge::judge`] says it of each.
    pub fn seen(&self, what: What) -> Seen {
        let may = |person: &Person| self.of(what, person).allowed;
        let people = self.named(&[what]).into_iter();
        let people = people.map(|one| (one.to_string(), may(one)));
        let domains = self.domains(&[what]).into_iter().map(|domain| {
            let allowed = may(&Person::nobody_at(&domain));
            (domain, allowed)
        });
        Seen {
            people: people.collect(),
            domains: domains.collect(),
            anybody: may(&Person::nobody_at(NOWHERE)),
        }
    }

    /// Whether everybody who may see how the person is may see their calls too.
    pub fn shows_calls_to_all(&self) -> bool {
        let both = [What::Presence, What::Dialog];
        let may = |one: &Person| {
            !self.of(What::Presence, one).allowed || self.of(What::Dialog, one).allowed
        };
        let domains = self.domains(&both).into_iter();
        let mut domains = domains.chain([NOWHERE.to_owned()]);
        self.named(&both).into_iter().all(may)
            && domains.all(|domain| may(&Person::nobody_at(&domain)))
    }
}

impl Watching {
    /// Whether what a server is told may say that the person is in a call; `judge`: of this. No server that judges by
    /// rights to presence knows who may see calls, so it must judge by what `judge` says, and all whom it shows presence
    /// must be such as may see calls.
    pub fn may_publish_calls(&self, judge: &Judge) -> bool {
        match self.elsewhere {
            Elsewhere::Nobody => true,
            Elsewhere::Somehow => false,
            Elsewhere::By(checksum) => {
                !judge.is_early()
                    && judge.seen(What::Presence).checksum() == checksum
                    && judge.shows_calls_to_all()
            }
        }
    }

    /// Who may see `what` of `own`, an address.
    pub fn seen(&self, what: What, own: &str) -> Seen {
        Judge::new(self, own).seen(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::{Group, Right};
    use proptest::collection::vec;
    use proptest::prelude::*;

    const OWN: &str = "sip:10@a.test";

    fn any_right() -> impl Strategy<Value = Right> {
        let whom = prop_oneof![
            "user [1-3]",
            "user [1-3]@b\\.test",
            "group [xy]",
            "domain [abc]\\.test",
            Just("anybody".to_owned()),
        ];
        let what = prop_oneof![Just("presence"), Just("dialog")];
        let verdict = prop_oneof![Just("allow"), Just("refuse")];
        (what, verdict, whom).prop_map(|(what, verdict, whom)| {
            Right::read(&format!("{what} {verdict} {whom}")).unwrap()
        })
    }

    fn any_group() -> impl Strategy<Value = Group> {
        let member = "(inactive )?(10|[1-4](@b\\.test)?)";
        let line = ("[xy]", any::<bool>(), vec(member, 1..4));
        line.prop_map(|(name, restricted, members)| {
            let restricted = if restricted { " restricted" } else { "" };
            Group::read(&format!("{name}{restricted}: {}", members.join(", "))).unwrap()
        })
    }

    proptest! {
        /// Whoever judges by these sets judges as we do.
        #[test]
        fn m_100_who_is_seen_by_whom_is_the_same_for_who_judges_by_sets(
            person in vec(any_right(), 0..4),
            template in vec(any_right(), 0..4),
            groups in vec(any_group(), 0..3),
        ) {
            let of = Watching { template, groups, person, ..Watching::default() };
            for what in [What::Presence, What::Dialog] {
                let seen = of.seen(what, OWN);
                for user in ["1", "2", "3", "4", "5", "10"] {
                    for domain in ["a.test", "b.test", "c.test", "d.test"] {
                        let known = seen.people.get(&format!("{user}@{domain}"));
                        let known = known.or_else(|| seen.domains.get(domain));
                        let allowed = *known.unwrap_or(&seen.anybody);
                        let judged = of.judge(what, &format!("sip:{user}@{domain}"), OWN);
                        prop_assert_eq!(allowed, judged.allowed, "{} at {}", user, domain);
                    }
                }
            }
            let presence = of.seen(What::Presence, OWN);
            let dialog = of.seen(What::Dialog, OWN);
            let mut more = false;
            for user in ["1", "2", "3", "4", "5", "10"] {
                for domain in ["a.test", "b.test", "c.test", "d.test"] {
                    let of = |seen: &Seen| {
                        let known = seen.people.get(&format!("{user}@{domain}"));
                        let known = known.or_else(|| seen.domains.get(domain));
                        *known.unwrap_or(&seen.anybody)
                    };
                    more |= of(&presence) && !of(&dialog);
                }
            }
            prop_assert_eq!(Judge::new(&of, OWN).shows_calls_to_all(), !more);
        }
    }
}
