//! Who somebody really is, as far as the network vouches for it: P-Asserted-Identity,
//! P-Preferred-Identity, Remote-Party-ID, Privacy, Diversion, History-Info.
//!
//! Diversion is the historic RFC 5806's. Whether to believe any of it is policy, not syntax.
//!
//! Source: RFC 3325 §9, RFC 3323 §4.2, RFC 7044 §5.

use super::{HeaderName, Headers, NameAddr};
use crate::limits::MAX_ROUTES;
use crate::{Malformed, scan};

impl Headers {
    /// Identities a trusted network asserts; one `sip:` and one `tel:` at most (RFC 3325 §9.1).
    pub fn asserted_identities(&self) -> Result<Vec<NameAddr>, Malformed> {
        self.list(HeaderName::PAssertedIdentity, 2)
    }

    /// The identity a user agent would like asserted.
    pub fn preferred_identities(&self) -> Result<Vec<NameAddr>, Malformed> {
        self.list(HeaderName::PPreferredIdentity, 2)
    }

    /// Remote-Party-ID, the older form many PBXs still send.
    pub fn remote_parties(&self) -> Result<Vec<NameAddr>, Malformed> {
        self.list(HeaderName::RemotePartyId, MAX_ROUTES)
    }

    /// Who forwarded a call, the last one first.
    pub fn diversions(&self) -> Result<Vec<NameAddr>, Malformed> {
        self.list(HeaderName::Diversion, MAX_ROUTES)
    }

    /// Which targets a call had, the first one first.
    pub fn history(&self) -> Result<Vec<NameAddr>, Malformed> {
        self.list(HeaderName::HistoryInfo, MAX_ROUTES)
    }

    /// Whether Privacy asks for `kind`, such as `id` or `user`. Values stand between semicolons.
    pub fn wants_privacy(&self, kind: &str) -> bool {
        self.values(HeaderName::Privacy).any(|value| {
            value
                .split(|&byte| byte == b';')
                .any(|word| scan::trim(word).eq_ignore_ascii_case(kind.as_bytes()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Method, RequestBuilder};

    #[test]
    fn identities_are_read() {
        let request = RequestBuilder::new(Method::Invite, "sip:a")
            .header(
                HeaderName::PAssertedIdentity,
                "\"Cullen Jennings\" <sip:fluffy@cisco.com>, tel:+14085264000",
            )
            .header(HeaderName::Privacy, "id; critical")
            .build();
        let headers = request.headers();
        let found = headers.asserted_identities().unwrap();
        assert_eq!(found[0].display().unwrap(), "Cullen Jennings");
        assert_eq!(found[1].uri().user(), Some("+14085264000"));
        assert!(headers.wants_privacy("ID") && headers.wants_privacy("critical"));
        assert!(!headers.wants_privacy("user"));
    }
}
