//! Who is registered where, and how a REGISTER changes that.
//!
//! Source: RFC 3261 §10.3, steps 6 to 8. Bindings are kept in memory only: phones come again.

use base::{Duration, Instant};
use core::net::SocketAddr;
use sip_message::{Contacts, NameAddr};
use std::collections::BTreeMap;

/// Bindings of one user. At the bound the one that would expire first makes room: phones that were
/// restarted under another port leave such behind.
const PER_USER: usize = 8;

/// How long bindings may last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// Shorter ones are refused with 423. Unit: s. At most 3600 (RFC 3261 §10.3 step 7).
    pub min_s: u32,
    /// Where the phone asks for none. Unit: s.
    pub usual_s: u32,
    /// Longer ones are cut to this. Unit: s.
    pub max_s: u32,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            min_s: 10,
            usual_s: 3_600,
            max_s: 3_600,
        }
    }
}

/// One contact of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// As the phone wrote it, without `expires`.
    pub contact: NameAddr,
    /// Where the REGISTER came from.
    pub source: SocketAddr,
    call_id: String,
    cseq: u32,
    until: Instant,
}

impl Binding {
    /// Time left at `now`. Unit: s, begun ones count whole.
    pub fn left_s(&self, now: Instant) -> u64 {
        self.until.since(now).as_millis().div_ceil(1_000) as u64
    }
}

/// What a REGISTER asks for, once its sender is known.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The Contact values.
    pub contacts: Contacts,
    /// The Expires header. Unit: s.
    pub expires_s: Option<u32>,
    /// Its Call-ID.
    pub call_id: String,
    /// Its CSeq number.
    pub cseq: u32,
    /// Where it came from.
    pub source: SocketAddr,
}

/// Why a REGISTER changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// 400: `*` goes with Expires 0 and nothing else.
    Star,
    /// 423: too brief.
    Brief,
    /// 500: older than what is known of the same Call-ID.
    OutOfOrder,
}

/// All bindings.
#[derive(Debug, Clone, Default)]
pub struct Bindings {
    lifetimes: Lifetimes,
    of_user: BTreeMap<String, Vec<Binding>>,
}

impl Bindings {
    /// Nobody is registered.
    pub fn new(lifetimes: Lifetimes) -> Self {
        Self {
            lifetimes,
            of_user: BTreeMap::new(),
        }
    }

    /// The shortest lifetime. Unit: s.
    pub fn min_s(&self) -> u32 {
        self.lifetimes.min_s
    }

    /// What stands for `user` at `now`.
    pub fn of(&self, user: &str, now: Instant) -> impl Iterator<Item = &Binding> {
        let all = self.of_user.get(user).into_iter().flatten();
        all.filter(move |binding| binding.until > now)
    }

    /// When the next binding ends.
    pub fn deadline(&self) -> Option<Instant> {
        let all = self.of_user.values().flatten();
        all.map(|binding| binding.until).min()
    }

    /// Drops what has ended by `now`; users of whom nothing stands any more.
    pub fn expire(&mut self, now: Instant) -> Vec<String> {
        let mut gone = Vec::new();
        self.of_user.retain(|user, bindings| {
            let before = bindings.len();
            bindings.retain(|binding| binding.until > now);
            if bindings.len() < before {
                tracing::debug!(user, "binding expired");
            }
            if bindings.is_empty() {
                gone.push(user.clone());
            }
            !bindings.is_empty()
        });
        gone
    }

    /// Changes the bindings of `user` as asked: all of it, or, refused, nothing.
    pub fn change(&mut self, user: &str, wish: &Wish, now: Instant) -> Result<(), Refusal> {
        let mut bindings: Vec<Binding> = self.of(user, now).cloned().collect();
        match &wish.contacts {
            Contacts::All if wish.expires_s != Some(0) => return Err(Refusal::Star),
            Contacts::All => {
                if bindings.iter().any(|b| is_older(wish, b)) {
                    return Err(Refusal::OutOfOrder);
                }
                bindings.clear();
            }
            Contacts::List(contacts) => {
                for contact in contacts {
                    self.bind(&mut bindings, contact, wish, now)?;
                }
            }
        }
        match bindings.is_empty() {
            true => self.of_user.remove(user),
            false => self.of_user.insert(user.to_owned(), bindings),
        };
        Ok(())
    }

    fn bind(
        &self,
        bindings: &mut Vec<Binding>,
        contact: &NameAddr,
        wish: &Wish,
        now: Instant,
    ) -> Result<(), Refusal> {
        let Lifetimes {
            min_s,
            usual_s,
            max_s,
        } = self.lifetimes;
        let asked_s = contact.expires().or(wish.expires_s).unwrap_or(usual_s);
        if asked_s > 0 && asked_s < min_s {
            return Err(Refusal::Brief);
        }
        let same = |b: &Binding| b.contact.uri().equivalent(contact.uri());
        let known = bindings.iter().position(same);
        if let Some(at) = known {
            if is_older(wish, &bindings[at]) {
                return Err(Refusal::OutOfOrder);
            }
            bindings.remove(at);
        }
        if asked_s == 0 {
            return Ok(());
        }
        if bindings.len() >= PER_USER {
            let first = (0..bindings.len()).min_by_key(|&at| bindings[at].until);
            bindings.remove(first.unwrap_or(0));
        }
        bindings.push(Binding {
            contact: contact.without_param("expires"),
            source: wish.source,
            call_id: wish.call_id.clone(),
            cseq: wish.cseq,
            until: now + Duration::from_secs(u64::from(asked_s.min(max_s))),
        });
        Ok(())
    }
}

/// Whether what is asked was overtaken by what made `binding`.
fn is_older(wish: &Wish, binding: &Binding) -> bool {
    wish.call_id == binding.call_id && wish.cseq <= binding.cseq
}
