//! Following 3xx: which contact is tried next (RFC 3261 §8.1.3.4).

use crate::dialogs::Redirects;
use serde::{Deserialize, Serialize};
use sip_message::{Contacts, Headers, Text, Uri};

/// Most contacts that wait for their turn. Bound: the best ones are kept.
const MAX_WAITING: usize = 10;

/// Targets of one call: those tried, and those that wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Targets {
    /// Best first.
    waiting: Vec<Text>,
    /// In order of trying; the original target first.
    tried: Vec<Text>,
}

impl Targets {
    /// `first` is tried now.
    pub(crate) fn new(first: &Uri) -> Self {
        Self {
            waiting: Vec::new(),
            tried: vec![Text::from(first.to_string())],
        }
    }

    /// Takes in the contacts of a 3xx: best `q` first, those of equal `q` as they stand. What was
    /// tried, is no SIP, or would leave a `sips:` target for a plain one is left out
    /// (RFC 3261 §8.1.3.4, §26.2.2).
    pub(crate) fn redirect(&mut self, headers: &Headers) {
        let Ok(Contacts::List(contacts)) = headers.contacts() else {
            return;
        };
        let mut found: Vec<(u16, Uri)> = Vec::new();
        for contact in &contacts {
            let uri = contact.uri();
            if self.may_try(uri) && !found.iter().any(|(_, other)| other.equivalent(uri)) {
                found.push((contact.q().unwrap_or(1000), uri.clone()));
            }
        }
        found.sort_by_key(|(q, _)| core::cmp::Reverse(*q));
        let found = found
            .into_iter()
            .map(|(_, uri)| Text::from(uri.to_string()));
        let later = core::mem::take(&mut self.waiting);
        self.waiting = found.chain(later).collect();
        self.waiting.truncate(MAX_WAITING);
    }

    fn may_try(&self, uri: &Uri) -> bool {
        let Some(sip) = uri.sip() else {
            return false;
        };
        let secure = self
            .tried
            .first()
            .is_some_and(|first| first.starts_with("sips:"));
        let known = self.tried.iter().chain(&self.waiting);
        let mut known = known.filter_map(|text| text.parse::<Uri>().ok());
        (!secure || sip.is_secure()) && !known.any(|other| other.equivalent(uri))
    }

    /// The next target to try, if the rules allow one more.
    pub(crate) fn next(&mut self, rules: Redirects) -> Option<Uri> {
        let max = match rules {
            Redirects::Report => return None,
            Redirects::Follow { max } => usize::from(max),
        };
        // The first target was no redirection.
        if self.tried.len() > max || self.waiting.is_empty() {
            return None;
        }
        let next = self.waiting.remove(0);
        self.tried.push(next.clone());
        next.parse::<Uri>().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip_message::{HeaderName, Method, RequestBuilder};

    fn moved(contacts: &str) -> Headers {
        let request = RequestBuilder::new(Method::Invite, "sip:x@y")
            .header(HeaderName::Contact, contacts)
            .build();
        request.headers().clone()
    }

    fn uri(text: &str) -> Uri {
        text.parse().unwrap()
    }

    #[test]
    fn contacts_are_tried_best_first_and_once() {
        let rules = Redirects::Follow { max: 5 };
        let mut targets = Targets::new(&uri("sip:bob@a.test"));
        targets.redirect(&moved(
            "<sip:bob@b.test>;q=0.3, <sip:bob@c.test>;q=0.9, <sip:bob@a.test>, <tel:+1>",
        ));
        assert_eq!(targets.next(rules), Some(uri("sip:bob@c.test")));
        targets.redirect(&moved("<sip:bob@c.test>, <sip:bob@d.test>"));
        assert_eq!(targets.next(rules), Some(uri("sip:bob@d.test")));
        assert_eq!(targets.next(rules), Some(uri("sip:bob@b.test")));
        assert_eq!(targets.next(rules), None);
    }

    #[test]
    fn the_cap_and_the_policy_hold() {
        let mut targets = Targets::new(&uri("sip:bob@a.test"));
        targets.redirect(&moved("<sip:1@b>, <sip:2@b>, <sip:3@b>"));
        assert_eq!(targets.clone().next(Redirects::Report), None);
        let rules = Redirects::Follow { max: 2 };
        assert!(targets.next(rules).is_some() && targets.next(rules).is_some());
        assert_eq!(targets.next(rules), None);
    }

    #[test]
    fn a_secure_target_is_not_redirected_to_a_plain_one() {
        let mut targets = Targets::new(&uri("sips:bob@a.test"));
        targets.redirect(&moved("<sip:bob@b.test>"));
        assert_eq!(targets.next(Redirects::Follow { max: 5 }), None);
    }
}
