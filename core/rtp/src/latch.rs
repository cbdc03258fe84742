//! To whom to send, when the peer's packets do not come from where its SDP said.
//!
//! A peer behind NAT announces an address that cannot be reached; sending back to where its packets
//! come from helps. Doing so blindly lets any stranger steal a call by one packet (RTP Bleed,
//! CVE-2017-14099), so a source must earn it: three valid packets in a row within 200 ms, from the
//! signalled host, or from another only where the signalled one cannot be reached.

use base::{Duration, Instant};
use core::net::{IpAddr, SocketAddr};
use serde::{Deserialize, Serialize};

/// So many packets in a row make a source believable …
const NEEDED: u8 = 3;
/// … if they come within this.
const WITHIN: Duration = Duration::from_millis(200);
/// The chosen source must be silent so long before another may take its place.
const SILENCE: Duration = Duration::from_secs(2);
/// Sources watched at a time; a flood of others does not push out one that is making progress.
const CANDIDATES: usize = 4;

/// What the signalling allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Whether packets may be sent back to where they came from at all. Off with ICE.
    pub enabled: bool,
    /// Whether another host than the signalled one may be learnt: its address is private, or the
    /// server says the peer is behind NAT.
    pub other_hosts: bool,
}

/// A packet that is asking to be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offered {
    /// Where it came from.
    pub source: SocketAddr,
    /// Its stream.
    pub ssrc: u32,
    /// Its place in the stream.
    pub sequence: u16,
    /// Whether its payload type was negotiated.
    pub is_valid: bool,
    /// Whether SRTP vouched for it. It then needs no probation.
    pub is_authentic: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Candidate {
    source: SocketAddr,
    ssrc: u32,
    sequence: u16,
    in_row: u8,
    since: Instant,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    /// Nobody has been heard: send where the SDP said.
    Signalled,
    /// This one is listened to and sent to.
    Locked {
        source: SocketAddr,
        heard_last: Instant,
    },
}

/// Decides whose packets are played and where ours go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latch {
    signalled: SocketAddr,
    rule: Rule,
    state: State,
    candidates: [Option<Candidate>; CANDIDATES],
}

impl Latch {
    /// The peer says it is at `signalled`.
    pub fn new(signalled: SocketAddr, rule: Rule) -> Self {
        Self {
            signalled,
            rule,
            state: State::Signalled,
            candidates: [None; CANDIDATES],
        }
    }

    /// A new offer or answer: whoever was chosen has to earn it again, unless the address stays.
    pub fn renegotiate(&mut self, signalled: SocketAddr, rule: Rule) {
        if signalled != self.signalled || rule != self.rule {
            *self = Self::new(signalled, rule);
        }
    }

    /// Where to send.
    pub fn destination(&self) -> SocketAddr {
        match self.state {
            State::Signalled => self.signalled,
            State::Locked { source, .. } => source,
        }
    }

    /// Whether somebody was chosen.
    pub const fn is_locked(&self) -> bool {
        matches!(self.state, State::Locked { .. })
    }

    /// Whether to play this packet. Chooses its source if it has earned it.
    pub fn accept(&mut self, offered: &Offered, now: Instant) -> bool {
        if !offered.is_valid {
            return false;
        }
        match &mut self.state {
            State::Locked { source, heard_last } if *source == offered.source => {
                *heard_last = now;
                true
            }
            State::Signalled if offered.source == self.signalled || offered.is_authentic => {
                self.lock(offered.source, now);
                true
            }
            State::Signalled => self.may_learn(offered.source) && self.earn(offered, now),
            State::Locked { heard_last, .. } => {
                let is_silent = now.since(*heard_last) >= SILENCE;
                // The signalled address is preferred whenever it sends.
                let may_take = is_silent || offered.source == self.signalled;
                let may_take = may_take || offered.is_authentic;
                may_take && self.may_learn(offered.source) && self.earn(offered, now)
            }
        }
    }

    fn lock(&mut self, source: SocketAddr, now: Instant) {
        self.state = State::Locked {
            source,
            heard_last: now,
        };
        self.candidates = [None; CANDIDATES];
    }

    /// Whether packets from `source` may ever be answered.
    fn may_learn(&self, source: SocketAddr) -> bool {
        if source == self.signalled {
            return true;
        }
        if !self.rule.enabled {
            return false;
        }
        let same_host = source.ip() == self.signalled.ip();
        same_host || (self.rule.other_hosts && is_reachable(source.ip()))
    }

    /// Counts the packet for its source; true, and locked, when it completes the row.
    fn earn(&mut self, offered: &Offered, now: Instant) -> bool {
        if offered.is_authentic {
            self.lock(offered.source, now);
            return true;
        }
        let slot = self.slot_for(offered.source, now);
        let in_row = match &self.candidates[slot] {
            Some(c)
                if c.source == offered.source
                    && c.ssrc == offered.ssrc
                    && c.sequence.wrapping_add(1) == offered.sequence
                    && now.since(c.since) <= WITHIN =>
            {
                Some((c.in_row + 1, c.since))
            }
            Some(_) | None => None,
        };
        let (in_row, since) = in_row.unwrap_or((1, now));
        if in_row >= NEEDED {
            self.lock(offered.source, now);
            return true;
        }
        self.candidates[slot] = Some(Candidate {
            source: offered.source,
            ssrc: offered.ssrc,
            sequence: offered.sequence,
            in_row,
            since,
        });
        false
    }

    /// Its own slot, an empty or stale one, or that of the latest candidate with the least progress.
    fn slot_for(&self, source: SocketAddr, now: Instant) -> usize {
        let own = |c: &Option<Candidate>| c.is_some_and(|c| c.source == source);
        if let Some(slot) = self.candidates.iter().position(own) {
            return slot;
        }
        let progress = |slot: &usize| match self.candidates[*slot] {
            Some(c) if now.since(c.since) <= WITHIN => (c.in_row, core::cmp::Reverse(c.since)),
            Some(_) | None => (0, core::cmp::Reverse(now)),
        };
        (0..CANDIDATES).min_by_key(progress).unwrap_or(0)
    }
}

/// Whether an address can be a peer's at all: never this machine, a group or nobody.
fn is_reachable(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            !(v4.is_loopback() || v4.is_multicast() || v4.is_broadcast() || v4.is_unspecified())
        }
        IpAddr::V6(v6) => !(v6.is_loopback() || v6.is_multicast() || v6.is_unspecified()),
    }
}

/// Whether an address in an SDP cannot be reached from outside, so that learning another makes
/// sense. Source: RFC 1918, RFC 6598, RFC 3927, RFC 4193, RFC 4291 §2.5.6.
pub fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_link_local()
                || v4.is_loopback()
                || v4.is_unspecified()
                || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => {
            v6.is_unique_local()
                || v6.is_unicast_link_local()
                || v6.is_loopback()
                || v6.is_unspecified()
        }
    }
}

#[cfg(test)]
mod tests;
