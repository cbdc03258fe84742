//! Hostile INVITEs, generated: 64 places in a valid one × 84 things to put there = 5,376 cases.
//!
//! It stands in for the PROTOS c07-sip suite, whose cases cannot be had, in its design. There is no
//! seed and no randomness: a case is its name. What becomes of each is worked out by a small
//! grammar of its own ([`Class`]), not by the parser under test.
//!
//! What it is not: it sends nothing and knows no socket. Whoever fires the cases at an engine puts
//! a valid OPTIONS after each and looks for its answer.
//!
//! | file | holds |
//! | --- | --- |
//! | `template` | the INVITE and its 64 slots |
//! | `anomaly` | the 84 things |
//! | `expect` | what has to become of a case |

mod anomaly;
mod expect;
mod template;

/// What a user agent has to do with a case that came in a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Work on it: it is fine, or odd in a place nobody needs.
    Accepted,
    /// Answer with this status.
    Refused(u16),
    /// Say nothing: nobody can know who to answer, or it is too large.
    Dropped,
    /// Stay alive: a line end in the head makes another message of it, and which one is not worth
    /// pinning.
    Either,
}

/// One hostile message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Slot and anomaly, such as `from-tag/empty`.
    pub name: String,
    /// The message.
    pub bytes: Vec<u8>,
    /// What has to become of it.
    pub class: Class,
}

/// Number of cases.
pub const CASES: usize = template::SLOTS * anomaly::ANOMALIES;

/// All cases, always the same, in the same order.
pub fn cases() -> impl Iterator<Item = Case> {
    template::slots().into_iter().flat_map(|slot| {
        anomaly::anomalies().into_iter().map(move |anomaly| {
            let put = anomaly.put(slot.usual);
            let message = template::with(slot.name, &put);
            Case {
                name: format!("{}/{}", slot.name, anomaly.name),
                class: expect::class(&slot, &put, &message),
                bytes: message.bytes,
            }
        })
    })
}

/// The INVITE without anything wrong with it.
pub fn valid() -> Vec<u8> {
    template::with("", &anomaly::Put::Value(Vec::new())).bytes
}
