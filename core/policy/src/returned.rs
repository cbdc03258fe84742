//! Whether a call that comes in is one that was handed on or parked from here, and comes back (M-076, M-088).
//!
//! No header field says so for certain. What servers do: they call as whoever was sent away, and name the target in
//! History-Info, Diversion, Referred-By or the display name; or, of a parked call, they call as the slot.

use crate::forward::Party;
use crate::number;
use base::Duration;

/// A call that was parked comes back within this. Source: ours; servers wait for a minute, some for a quarter of an hour.
pub const PARKED: Duration = Duration::from_secs(3_600);
/// A call that was handed on comes back within this, where the caller's server names the target. Source: ours; a target
/// rings for three minutes at most.
pub const NAMED: Duration = Duration::from_secs(600);
/// And within this, where nothing but the caller says so. Source: ours.
pub const UNNAMED: Duration = Duration::from_secs(60);

/// Somebody who was sent away from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Whom: number or address.
    pub who: String,
    /// Where to, as it was typed, or an address.
    pub to: String,
    /// That is a park slot.
    pub slot: bool,
}

/// A call that comes in.
#[derive(Debug, Clone, Copy)]
pub struct Back<'a> {
    /// Whoever calls: number or address.
    pub caller: &'a str,
    /// The name that comes with it.
    pub display: &'a str,
    /// Who sent it here, as Diversion, History-Info and Referred-By tell it.
    pub sent_by: &'a [String],
    /// The account's own address.
    pub own: &'a str,
}

impl Back<'_> {
    /// Whether it is the call that was `sent` away so long ago.
    pub fn is(&self, sent: &Sent, ago: Duration) -> bool {
        let lasts = if sent.slot { PARKED } else { NAMED };
        if ago > lasts {
            return false;
        }
        let is_who = same(self.caller, &sent.who);
        let is_target = same(self.caller, &sent.to);
        let named = self.sent_by.iter().any(|by| same(by, &sent.to));
        // A server that follows our REFER says so.
        let ours = self.sent_by.iter().any(|by| same(by, self.own));
        let shown = self.shows(&sent.to);
        match () {
            () if is_who => named || ours || shown || ago <= UNNAMED,
            // The server calls as the slot itself, whose name says who is in it, or nothing.
            () if is_target => sent.slot,
            () => sent.slot && (named || shown),
        }
    }

    /// Whether the name that is shown has the target in it, as a word.
    fn shows(&self, target: &str) -> bool {
        let target = user(target);
        let words = self
            .display
            .split(|c: char| !c.is_alphanumeric() && c != '*' && c != '#');
        let mut words = words.filter(|word| !word.is_empty());
        !target.is_empty() && words.any(|word| word.eq_ignore_ascii_case(&target))
    }
}

/// Whether both are the same extension of one server, which goes by several names and addresses.
fn same(one: &str, other: &str) -> bool {
    let (one, other) = (user(one), user(other));
    !one.is_empty() && number::same(&one, &other, None)
}

fn user(text: &str) -> String {
    Party::read(text, None).user
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "sip:101@pbx.example";

    fn is(caller: &str, display: &str, sent_by: &[&str], slot: bool, ago_s: u64) -> bool {
        let sent_by: Vec<String> = sent_by.iter().map(|by| (*by).to_owned()).collect();
        let back = Back {
            caller,
            display,
            sent_by: &sent_by,
            own: OWN,
        };
        let sent = Sent {
            who: "sip:500@provider.example".to_owned(),
            to: if slot { "701" } else { "1002" }.to_owned(),
            slot,
        };
        back.is(&sent, Duration::from_secs(ago_s))
    }

    /// M-076: a call that was handed on is back where its caller calls again soon, or its server says whence it comes.
    #[test]
    fn m_076_a_call_that_was_handed_on_is_known_again() {
        let who = "sip:500@pbx.example";
        assert!(is(who, "", &[], false, 20));
        assert!(!is(who, "", &[], false, 300));
        assert!(is(who, "", &["sip:1002@pbx.example"], false, 300));
        assert!(is(who, "", &[OWN], false, 300));
        assert!(is(who, "Back from 1002", &[], false, 300));
        assert!(!is(who, "Back from 10021", &[], false, 300));
        assert!(!is(who, "", &["sip:1002@pbx.example"], false, 700));
        // The target calls by itself, and so does anybody else.
        assert!(!is("sip:1002@pbx.example", "", &[], false, 20));
        assert!(!is("sip:600@pbx.example", "", &["1002"], false, 20));
    }

    /// M-088: a parked call is back where its caller, or the slot, calls.
    #[test]
    fn m_088_a_parked_call_is_known_again() {
        for (caller, display, by) in [
            ("sip:500@pbx.example", "", Some("sip:701@10.0.0.2")),
            ("sip:701@pbx.example", "", None),
            ("sip:unknown@pbx.example", "Park 701", None),
            ("sip:unknown@pbx.example", "", Some("701")),
        ] {
            let by: Vec<&str> = by.into_iter().collect();
            assert!(is(caller, display, &by, true, 300), "{caller}");
            assert!(!is(caller, display, &by, true, 3_601), "{caller}");
        }
        assert!(!is("sip:702@pbx.example", "Park 702", &[], true, 300));
        assert!(!is("sip:600@pbx.example", "", &[OWN], true, 300));
    }
}
