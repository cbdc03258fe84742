//! Whom a call is from, of all header fields that say so (K-148).

/// A header field that names the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// P-Asserted-Identity (RFC 3325 §9.1).
    Asserted,
    /// From (RFC 3261 §20.20).
    From,
    /// Remote-Party-ID, the older form.
    RemoteParty,
    /// P-Preferred-Identity (RFC 3325 §9.2).
    Preferred,
}

/// Where to look first; each at most once, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityOrder(Vec<Identity>);

impl Default for IdentityOrder {
    fn default() -> Self {
        use Identity::{Asserted, From, Preferred, RemoteParty};
        Self(vec![Asserted, From, RemoteParty, Preferred])
    }
}

impl IdentityOrder {
    /// Reads `pai`, `from`, `rpid`, `ppi` in any order.
    pub fn read(words: &[String]) -> Option<Self> {
        let mut order = Vec::new();
        for word in words {
            let identity = match word.as_str() {
                "pai" => Identity::Asserted,
                "from" => Identity::From,
                "rpid" => Identity::RemoteParty,
                "ppi" => Identity::Preferred,
                _ => return None,
            };
            if order.contains(&identity) {
                return None;
            }
            order.push(identity);
        }
        (!order.is_empty()).then_some(Self(order))
    }

    /// The first that `look` finds. Where the request did not come from a trusted server everything but From
    /// could be made up by anybody, and is passed over. From is the last resort of every order.
    pub fn choose<T>(
        &self,
        trusted: bool,
        mut look: impl FnMut(Identity) -> Option<T>,
    ) -> Option<(Identity, T)> {
        let usable = |identity: &Identity| trusted || *identity == Identity::From;
        let order = self.0.iter().copied().filter(usable);
        order
            .chain([Identity::From])
            .find_map(|identity| Some((identity, look(identity)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(words: &str) -> Option<IdentityOrder> {
        let words: Vec<String> = words.split(',').map(str::to_owned).collect();
        IdentityOrder::read(&words)
    }

    /// K-148: the first source present in the order; a missing one falls through; strangers are taken at From.
    #[test]
    fn the_first_source_that_is_there_names_the_caller() {
        let all = |identity| Some(identity);
        let without_asserted = |i| (i != Identity::Asserted).then_some(i);
        for (words, trusted, present, preferred) in [
            (
                "pai,from,rpid,ppi",
                true,
                Identity::Asserted,
                Identity::From,
            ),
            (
                "rpid,pai",
                true,
                Identity::RemoteParty,
                Identity::RemoteParty,
            ),
            ("ppi,from", true, Identity::Preferred, Identity::Preferred),
            ("pai", true, Identity::Asserted, Identity::From),
            ("pai,rpid,ppi,from", false, Identity::From, Identity::From),
        ] {
            let order = order(words).unwrap();
            let chosen = |look: &dyn Fn(Identity) -> Option<Identity>| {
                order.choose(trusted, look).map(|(_, found)| found)
            };
            assert_eq!(chosen(&all), Some(present), "{words}");
            assert_eq!(chosen(&without_asserted), Some(preferred), "{words}");
        }
        assert_eq!(
            IdentityOrder::default(),
            order("pai,from,rpid,ppi").unwrap()
        );
        for wrong in ["pai,diversion", "pai,pai", ""] {
            assert_eq!(order(wrong), None, "{wrong}");
        }
        assert_eq!(IdentityOrder::read(&[]), None);
    }
}
