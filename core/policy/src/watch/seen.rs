//! Who may watch, for somebody else who judges: people and domains that are named anywhere, each with what holds of it.

use super::{Person, Watching, What, Whom};
use std::collections::BTreeMap;

/// What holds of whom: of a person where they are named, else of their domain where it is, else of everybody.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Seen {
    /// Addresses, such as `20@example.com`.
    pub people: BTreeMap<String, bool>,
    /// Domains.
    pub domains: BTreeMap<String, bool>,
    /// Everybody else.
    pub anybody: bool,
}

impl Watching {
    /// Who may see `what` of `own`, an address: as [`Watching::judge`] says it of each.
    pub fn seen(&self, what: What, own: &str) -> Seen {
        let home = Person::read(own, "").map_or_else(String::new, |own| own.domain);
        let mut seen = Seen::default();
        let rights = self.person.iter().chain(&self.template);
        let named = rights.filter(|right| right.what == what);
        let mut people: Vec<&str> = Vec::new();
        for right in named {
            match &right.whom {
                Whom::User(address) => people.push(address),
                Whom::Domain(domain) => {
                    let allowed = self.judge(what, &nobody_at(domain), own).allowed;
                    seen.domains.insert(domain.to_ascii_lowercase(), allowed);
                }
                Whom::Group(_) | Whom::Anybody => {}
            }
        }
        let members = self.groups.iter().flat_map(|group| &group.members);
        people.extend(members.map(|member| member.address.as_str()));
        for address in people {
            if let Some(Person { user, domain }) = Person::read(address, &home) {
                let address = format!("{user}@{domain}");
                let uri = format!("sip:{}@{domain}", sip_message::escape_user(&user));
                let allowed = self.judge(what, &uri, own).allowed;
                seen.people.insert(address, allowed);
            }
        }
        seen.anybody = self.judge(what, &nobody_at("nowhere.invalid"), own).allowed;
        seen
    }
}

/// Somebody at a domain whom no right names. Source: RFC 2606 §2 for the domain that nobody has.
fn nobody_at(domain: &str) -> String {
    format!("sip:%00nobody@{domain}")
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
            let of = Watching { template, template_from: String::new(), groups, person };
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
        }
    }
}
