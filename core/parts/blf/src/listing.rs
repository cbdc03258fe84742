//! Who is in an account's list, and whether the server offers one.

use crate::entry::{Listing, Offer};
use sip::lamp::Bad;
use sip::lamp::list::Took;
use sip::subscription::{Cause, Ended};
use sip_message::{Part, Uri};
use std::collections::BTreeSet;

/// Whom an address means: ports and parameters are those of a phone, and not of whom it is.
pub(crate) fn key(uri: &Uri) -> Option<String> {
    let host = uri.host()?.to_string().to_ascii_lowercase();
    Some(format!("{}@{host}", uri.user()?))
}

/// The address of a member, which may be named by `pres:` (RFC 3859).
pub(crate) fn address(written: &str) -> Option<Uri> {
    let (scheme, rest) = written.split_once(':')?;
    let is = |known: &str| scheme.eq_ignore_ascii_case(known);
    match (is("sip") || is("sips"), is("pres")) {
        (true, _) => written.parse().ok(),
        (false, true) => format!("sip:{rest}").parse().ok(),
        (false, false) => None,
    }
}

/// Whether the server says with this that there is no list for us, and not that it cannot tell now.
pub(crate) fn is_no_offer(cause: &Cause) -> bool {
    match cause {
        Cause::Refused { status, .. } => {
            let is_unable = matches!(status, 408 | 500..=599) && *status != 501;
            !is_unable
        }
        Cause::Ended(why) => matches!(why, Ended::Rejected | Ended::NoResource),
        Cause::NoAnswer | Cause::Unreachable | Cause::WrongPassword | Cause::Proof(_) => false,
        Cause::NoNotify | Cause::Expired | Cause::Gone | Cause::ServerLost => false,
    }
}

/// Whether whoever is asked for by itself would fare no better: the server is not there, or knows another password, which
/// must not be shown to it hundreds of times.
pub(crate) const fn is_of_all(cause: &Cause) -> bool {
    matches!(
        cause,
        Cause::ServerLost | Cause::WrongPassword | Cause::Proof(_)
    )
}

impl Listing {
    /// Takes a document; whether somebody else is in the list now.
    pub(crate) fn take(&mut self, parts: Option<&[Part]>, gap: bool) -> (Result<Took, Bad>, bool) {
        let took = match parts {
            Some(parts) => self.list.take(parts, gap),
            None => {
                self.list.forget();
                Err(Bad::Malformed("parts"))
            }
        };
        if !matches!(took, Ok(Took::News(_))) {
            return (took, false);
        }
        let members = self.list.members().unwrap_or_default().iter();
        let members = members.filter_map(|member| key(&address(&member.uri)?));
        let members: BTreeSet<String> = members.collect();
        // Who is in no list any more may be in it again.
        self.unwanted.retain(|key| members.contains(key));
        let is_new = self.offer != Offer::Yes || self.members.as_ref() != Some(&members);
        self.offer = Offer::Yes;
        self.members = Some(members);
        (took, is_new)
    }
}
