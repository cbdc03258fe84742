//! Which transaction a message belongs to.
//!
//! Client side (RFC 3261 §17.1.3): we choose the branch, so it carries the transaction's number beside
//! its unpredictable part, and a response is matched without a search. Server side (§17.2.3): strangers
//! choose the branch; requests are matched by everything the section lists.

use base::KeyedHash;
use serde::{Deserialize, Serialize};
use sip_message::{HeaderName, Host, MAGIC_COOKIE, Request, Via};

/// Letters of a branch's unpredictable part: 80 bits.
pub(crate) const SECRET_LETTERS: usize = 16;

/// Keeps strangers from making two requests whose keys are equal by chance. One an endpoint, for ever.
pub type Secret = [u8; 16];

/// Names a server transaction. Two requests have equal keys exactly when the second is a repeat of the
/// first, or the ACK or CANCEL for it.
///
/// It is 128 bits made of what the names are, not the names themselves: there is one for each
/// transaction of the last 32 s, and who does not know the [`Secret`] cannot make two alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ServerKey([u64; 2]);

/// What RFC 2543 elements name a transaction by. Source: RFC 3261 §17.2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Old<'a> {
    uri: &'a [u8],
    via: &'a [u8],
    from_tag: &'a [u8],
    /// Left out for INVITE and its ACK, whose To tags differ by design.
    to_tag: &'a [u8],
    call_id: &'a [u8],
    cseq: u32,
}

impl ServerKey {
    /// The key of `request`, whose top Via is `via`. `method` is the request's own, but INVITE for an
    /// ACK and for the INVITE that a CANCEL means. `None` when the request says too little.
    ///
    /// A branch without the magic cookie, or with nothing behind it (RFC 4475 §3.2.1), names nothing:
    /// such requests are told apart by the RFC 2543 rules, so two of them never merge.
    pub fn of(secret: &Secret, request: &Request, via: &Via, method: &str) -> Option<Self> {
        if let Some(branch) = via.unique_branch() {
            return Some(Self::by_branch(secret, branch, via, method));
        }
        let headers = request.headers();
        let (from, to) = (headers.from().ok()?, headers.to().ok()?);
        let old = Old {
            uri: request.uri_text().as_bytes(),
            via: headers.values(HeaderName::Via).next()?,
            from_tag: from.tag().unwrap_or_default().as_bytes(),
            to_tag: to.tag().unwrap_or_default().as_bytes(),
            call_id: headers.first(HeaderName::CallId)?,
            cseq: headers.cseq().ok()?.number,
        };
        Some(Self::by_everything(secret, &old, method))
    }

    fn by_branch(secret: &Secret, branch: &str, via: &Via, method: &str) -> Self {
        let unique = branch.get(MAGIC_COOKIE.len()..).unwrap_or_default();
        let mut key = Writer::new(secret, b'3');
        key.part(unique.as_bytes());
        match via.host() {
            Host::Name(name) => key.lower(name.as_bytes()),
            Host::V4(address) => key.part(&address.octets()),
            Host::V6(address) => key.part(&address.octets()),
        }
        key.number(via.port().map_or(0, u32::from));
        key.end(method)
    }

    fn by_everything(secret: &Secret, old: &Old<'_>, method: &str) -> Self {
        let mut key = Writer::new(secret, b'2');
        key.part(old.uri);
        key.part(old.via);
        key.part(old.from_tag);
        if method != "INVITE" {
            key.part(old.to_tag);
        }
        key.part(old.call_id);
        key.number(old.cseq);
        key.end(method)
    }

    /// What is equal for all copies of one request that arrive by different ways: From tag, Call-ID
    /// and CSeq. Source: RFC 3261 §8.2.2.2.
    pub fn of_merged(
        secret: &Secret,
        from_tag: &[u8],
        call_id: &[u8],
        cseq: u32,
        method: &str,
    ) -> Self {
        let mut key = Writer::new(secret, b'm');
        key.part(from_tag);
        key.part(call_id);
        key.number(cseq);
        key.end(method)
    }

    /// What every answer to `request` copies but for Via, which its repeats need not share with it.
    pub(crate) fn of_copied(secret: &Secret, request: &Request) -> Self {
        let mut key = Writer::new(secret, b'c');
        let headers = request.headers();
        for name in [
            HeaderName::From,
            HeaderName::To,
            HeaderName::CallId,
            HeaderName::CSeq,
        ] {
            key.part(headers.first(name).unwrap_or_default());
        }
        key.end(request.method().as_str())
    }
}

/// Puts parts one behind the other so that no two lists of parts give the same bytes.
struct Writer(KeyedHash);

impl Writer {
    fn new(secret: &Secret, kind: u8) -> Self {
        let mut hash = KeyedHash::new(secret);
        hash.write(&[kind]);
        Self(hash)
    }

    fn part(&mut self, part: &[u8]) {
        self.0.write(&(part.len() as u64).to_be_bytes());
        self.0.write(part);
    }

    fn lower(&mut self, part: &[u8]) {
        self.0.write(&(part.len() as u64).to_be_bytes());
        part.iter()
            .for_each(|byte| self.0.write(&[byte.to_ascii_lowercase()]));
    }

    fn number(&mut self, number: u32) {
        self.0.write(&number.to_be_bytes());
    }

    /// The method, which needs no length: nothing comes after it.
    fn end(mut self, method: &str) -> ServerKey {
        self.0.write(method.as_bytes());
        ServerKey(self.0.finish())
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
    use sip_message::{Limits, Message, parse_datagram};

    fn request(method: &str, via: &str, to: &str, cseq: u32) -> Request {
        let text = format!(
            "{method} sip:bob@b.example SIP/2.0\r\nVia: SIP/2.0/UDP {via}\r\n\
             From: <sip:a@a.example>;tag=a\r\nTo: {to}\r\nCall-ID: 1\r\n\
             CSeq: {cseq} {method}\r\nContent-Length: 0\r\n\r\n"
        );
        match parse_datagram(text.into(), &Limits::DEFAULT).unwrap() {
            Message::Request(request) => request,
            Message::Response(_) => panic!("a request line makes a request"),
        }
    }

    fn key(method: &str, via: &str, to: &str, cseq: u32) -> ServerKey {
        let request = request(method, via, to, cseq);
        let via = request.headers().top_via().unwrap();
        let method = if method == "ACK" { "INVITE" } else { method };
        ServerKey::of(&SECRET, &request, &via, method).unwrap()
    }

    const SECRET: Secret = *b"0123456789abcdef";
    const TO: &str = "<sip:bob@b.example>";

    #[test]
    fn a_branch_with_cookie_names_the_transaction_with_sent_by_and_method() {
        let one = key("INVITE", "Pc33.a.example:5060;branch=z9hG4bKx", TO, 1);
        assert_eq!(
            one,
            key("INVITE", "pc33.A.example:5060;branch=z9hG4bKx", TO, 2)
        );
        assert_eq!(
            one,
            key("ACK", "pc33.a.example:5060;branch=z9hG4bKx", TO, 1)
        );
        assert_ne!(
            one,
            key("BYE", "pc33.a.example:5060;branch=z9hG4bKx", TO, 1)
        );
        assert_ne!(
            one,
            key("INVITE", "pc33.a.example:5060;branch=z9hG4bKX", TO, 1)
        );
        assert_ne!(
            one,
            key("INVITE", "pc33.a.example:5062;branch=z9hG4bKx", TO, 1)
        );
        assert_ne!(
            one,
            key("INVITE", "pc34.a.example:5060;branch=z9hG4bKx", TO, 1)
        );
    }

    #[test]
    fn requests_without_a_unique_branch_merge_only_when_everything_is_equal() {
        for via in ["a", "a;branch=z9hG4bK", "a;branch=1"] {
            let one = key("OPTIONS", via, TO, 1);
            assert_eq!(one, key("OPTIONS", via, TO, 1));
            assert_ne!(one, key("OPTIONS", via, TO, 2));
            assert_ne!(one, key("OPTIONS", via, "<sip:bob@b.example>;tag=b", 1));
            assert_ne!(one, key("OPTIONS", &format!("{via};x"), TO, 1));
        }
    }

    #[test]
    fn the_ack_of_an_old_invite_finds_it_although_its_to_tag_is_new() {
        let invite = key("INVITE", "a", TO, 1);
        assert_eq!(invite, key("ACK", "a", "<sip:bob@b.example>;tag=ours", 1));
    }

    #[test]
    fn parts_cannot_be_shifted_into_each_other() {
        assert_ne!(
            ServerKey::of_merged(&SECRET, b"ab", b"c", 1, "INVITE"),
            ServerKey::of_merged(&SECRET, b"a", b"bc", 1, "INVITE")
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
