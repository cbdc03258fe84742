//! Which transaction a message belongs to.
//!
//! Client side (RFC 3261 §17.1.3): we choose the branch, so it carries the transaction's number beside
//! its unpredictable part, and a response is matched without a search. Server side (§17.2.3): strangers
//! choose the branch; requests are matched by everything the section lists.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What every branch made since RFC 3261 starts with. Source: RFC 3261 §8.1.1.7.
pub const MAGIC_COOKIE: &str = "z9hG4bK";

/// Letters of a branch's unpredictable part: 80 bits.
pub(crate) const SECRET_LETTERS: usize = 16;

/// Names a server transaction. Two requests have equal keys exactly when the second is a repeat of the
/// first, or the ACK or CANCEL for it.
///
/// Bound: as long as the header values it is made of; the parser has bounded those.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServerKey(Arc<[u8]>);

/// What names a server transaction, as the message says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts<'a> {
    /// Method of the request, INVITE for an ACK and for the INVITE that a CANCEL means.
    pub method: &'a str,
    /// Branch of the top Via, if it has one.
    pub branch: Option<&'a str>,
    /// Address in the top Via.
    pub sent_by: &'a str,
    /// Port in the top Via, if it has one.
    pub port: Option<u16>,
    /// What names it when the branch does not.
    pub old: Old<'a>,
}

/// What RFC 2543 elements name a transaction by. Source: RFC 3261 §17.2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Old<'a> {
    /// The Request-URI as written.
    pub uri: &'a [u8],
    /// The whole top Via value as written.
    pub via: &'a [u8],
    /// The tag in From.
    pub from_tag: &'a [u8],
    /// The tag in To. Left out for INVITE and its ACK, whose tags differ by design.
    pub to_tag: &'a [u8],
    /// The Call-ID.
    pub call_id: &'a [u8],
    /// The number in CSeq.
    pub cseq: u32,
}

impl ServerKey {
    /// The key of a request with these parts.
    ///
    /// A branch without the magic cookie, or with nothing behind it (RFC 4475 §3.2.1), names nothing:
    /// such requests are told apart by the RFC 2543 rules, so two of them never merge.
    pub fn new(parts: &Parts<'_>) -> Self {
        match parts.branch {
            Some(branch) if is_unique(branch) => Self::by_branch(branch, parts),
            Some(_) | None => Self::by_everything(parts),
        }
    }

    fn by_branch(branch: &str, parts: &Parts<'_>) -> Self {
        let unique = &branch[MAGIC_COOKIE.len()..];
        let size = unique.len() + parts.sent_by.len() + parts.method.len() + 9;
        let mut key = Writer::new(b'3', size);
        key.part(unique.as_bytes());
        key.lower(parts.sent_by.as_bytes());
        key.number(parts.port.map_or(0, u32::from));
        key.tail(parts.method.as_bytes());
        Self(key.0.into())
    }

    fn by_everything(parts: &Parts<'_>) -> Self {
        let old = &parts.old;
        let mut key = Writer::new(b'2', 256);
        key.part(old.uri);
        key.part(old.via);
        key.part(old.from_tag);
        if parts.method != "INVITE" {
            key.part(old.to_tag);
        }
        key.part(old.call_id);
        key.number(old.cseq);
        key.tail(parts.method.as_bytes());
        Self(key.0.into())
    }

    /// What is equal for all copies of one request that arrive by different ways: From tag, Call-ID
    /// and CSeq. Source: RFC 3261 §8.2.2.2.
    pub fn of_merged(from_tag: &[u8], call_id: &[u8], cseq: u32, method: &str) -> Self {
        let size = from_tag.len() + call_id.len() + method.len() + 9;
        let mut key = Writer::new(b'm', size);
        key.part(from_tag);
        key.part(call_id);
        key.number(cseq);
        key.tail(method.as_bytes());
        Self(key.0.into())
    }
}

/// Whether a branch names its transaction by itself. The cookie's case does not matter to some
/// senders, so it does not to us.
fn is_unique(branch: &str) -> bool {
    branch.len() > MAGIC_COOKIE.len()
        && branch
            .get(..MAGIC_COOKIE.len())
            .is_some_and(|cookie| cookie.eq_ignore_ascii_case(MAGIC_COOKIE))
}

/// Puts parts one behind the other so that no two lists of parts give the same bytes.
struct Writer(Vec<u8>);

impl Writer {
    fn new(kind: u8, size: usize) -> Self {
        let mut bytes = Vec::with_capacity(size);
        bytes.push(kind);
        Self(bytes)
    }

    /// Parts are shorter than 64 KiB, as the messages are; longer ones are cut and still compare
    /// equal only when their first 64 KiB do.
    fn part(&mut self, part: &[u8]) {
        let length = u16::try_from(part.len()).unwrap_or(u16::MAX);
        self.0.extend(length.to_be_bytes());
        self.0.extend(&part[..usize::from(length)]);
    }

    fn lower(&mut self, part: &[u8]) {
        let from = self.0.len() + 2;
        self.part(part);
        self.0[from..].make_ascii_lowercase();
    }

    fn number(&mut self, number: u32) {
        self.0.extend(number.to_be_bytes());
    }

    fn tail(&mut self, part: &[u8]) {
        self.0.extend(part);
    }
}

const DIGITS: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
/// Letters that hold a 64-bit number, five bits each.
const NUMBER_LETTERS: usize = 13;

/// The branch of client transaction `number` with its unpredictable part.
pub(crate) fn client_branch(number: u64, secret: &str) -> String {
    let mut branch = String::with_capacity(MAGIC_COOKIE.len() + NUMBER_LETTERS + secret.len());
    branch.push_str(MAGIC_COOKIE);
    branch.push_str(secret);
    let letters = number.checked_ilog2().map_or(1, |high| high / 5 + 1);
    for place in (0..letters).rev() {
        let digit = (number >> (5 * place)) & 31;
        branch.push(char::from(DIGITS[digit as usize]));
    }
    branch
}

/// Number and unpredictable part of a branch that [`client_branch`] made; `None` for any other.
pub(crate) fn client_number(branch: &str) -> Option<(u64, &str)> {
    let rest = branch.strip_prefix(MAGIC_COOKIE)?;
    let secret = rest.get(..SECRET_LETTERS)?;
    let letters = rest.get(SECRET_LETTERS..)?;
    if letters.is_empty() || letters.len() > NUMBER_LETTERS {
        return None;
    }
    let mut number = 0_u64;
    for letter in letters.bytes() {
        let digit = match letter {
            b'0'..=b'9' => letter - b'0',
            b'a'..=b'v' => letter - b'a' + 10,
            _ => return None,
        };
        if number >> 59 != 0 {
            return None;
        }
        number = number << 5 | u64::from(digit);
    }
    Some((number, secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts<'a>(method: &'a str, branch: Option<&'a str>, call_id: &'a str) -> Parts<'a> {
        Parts {
            method,
            branch,
            sent_by: "Pc33.Example.com",
            port: Some(5060),
            old: Old {
                uri: b"sip:bob@example.com",
                via: b"SIP/2.0/UDP pc33.example.com",
                from_tag: b"a",
                to_tag: b"",
                call_id: call_id.as_bytes(),
                cseq: 1,
            },
        }
    }

    #[test]
    fn a_branch_with_cookie_names_the_transaction_with_sent_by_and_method() {
        let one = ServerKey::new(&parts("INVITE", Some("z9hG4bKx"), "1"));
        assert_eq!(one, ServerKey::new(&parts("INVITE", Some("Z9HG4BKx"), "2")));
        assert_ne!(one, ServerKey::new(&parts("BYE", Some("z9hG4bKx"), "1")));
        assert_ne!(one, ServerKey::new(&parts("INVITE", Some("z9hG4bKX"), "1")));
        let mut other = parts("INVITE", Some("z9hG4bKx"), "1");
        other.sent_by = "PC33.EXAMPLE.COM";
        assert_eq!(one, ServerKey::new(&other));
        other.port = Some(5062);
        assert_ne!(one, ServerKey::new(&other));
    }

    #[test]
    fn requests_without_a_unique_branch_merge_only_when_everything_is_equal() {
        for branch in [None, Some("z9hG4bK"), Some("1"), Some("")] {
            let one = ServerKey::new(&parts("OPTIONS", branch, "1"));
            assert_eq!(one, ServerKey::new(&parts("OPTIONS", branch, "1")));
            assert_ne!(one, ServerKey::new(&parts("OPTIONS", branch, "2")));
            let mut other = parts("OPTIONS", branch, "1");
            other.old.cseq = 2;
            assert_ne!(one, ServerKey::new(&other));
        }
    }

    #[test]
    fn the_ack_of_an_old_invite_finds_it_although_its_to_tag_is_new() {
        let invite = ServerKey::new(&parts("INVITE", None, "1"));
        let mut ack = parts("INVITE", None, "1");
        ack.old.to_tag = b"ours";
        assert_eq!(invite, ServerKey::new(&ack));
    }

    #[test]
    fn parts_cannot_be_shifted_into_each_other() {
        assert_ne!(
            ServerKey::of_merged(b"ab", b"c", 1, "INVITE"),
            ServerKey::of_merged(b"a", b"bc", 1, "INVITE")
        );
    }

    #[test]
    fn our_branches_carry_their_number() {
        for number in [0, 1, 31, 32, 12_345, u64::MAX] {
            let branch = client_branch(number, "abcdefghijkmnpqr");
            assert_eq!(client_number(&branch), Some((number, "abcdefghijkmnpqr")));
        }
        for foreign in ["", "z9hG4bK", "z9hG4bKabcdefghijkmnpqr", "1"] {
            assert_eq!(client_number(foreign), None);
        }
        assert_eq!(client_number("z9hG4bKabcdefghijkmnpqrvvvvvvvvvvvvvv"), None);
        assert_eq!(client_number("z9hG4bKabcdefghijkmnpqrvvvvvvvvvvvvv"), None);
    }
}
