//! Who may call and write over UDP, and watch: the servers of an account, unless the account takes calls from anywhere.
//!
//! A datagram's source can be forged and everybody can send one; a scanner that guesses our address must
//! not make a phone ring. Requests within a dialog are not looked at here: their tags are the proof. TCP
//! is not either: who connects there is known to hear our answers.
//!
//! An account with TLS believes connections alone that it opened itself, to whom it wanted: no address in the clear is
//! its server's.
//!
//! An account's servers are the addresses that its proxy, registrars and domain lead to. They are looked up
//! when the account comes, with each request of ours that goes there, and again when somebody unknown
//! calls, who then gets in with one of the repetitions of the request (RFC 3261 §17.1.1.2). Over a stream nothing is
//! repeated: who would watch is asked to come again once the servers are known (503 with Retry-After).

use crate::Link;
use crate::routes::Purpose;
use base::{Duration, Instant};
use control::EventBody;
use control::event::SourceRefused;
use core::net::IpAddr;
use ports::{Account, Outbox, events};
use sip::resolve::Destination;
use sip::{Origin, Target, Transport};
use sip_message::{HeaderName, Message, Method, Request, Response, ResponseBuilder, Status, Uri};
use std::collections::{BTreeMap, BTreeSet};

/// Addresses that count as an account's servers; the oldest lookups bring no more than that.
const ADDRESSES: usize = 64;
/// Sources whose refusal is remembered, so that each is told of once in [`TELL_AGAIN`].
const TOLD: usize = 256;
/// When a source that goes on is told of again.
const TELL_AGAIN: Duration = Duration::from_secs(60);
/// When somebody who came before the servers were known may come again. Unit: s. Source: ours; name servers answer sooner.
const COME_AGAIN_S: u32 = 5;
/// How long an account that is gone is known by what it still sends: 64·T1, and as long again (RFC 3261 §17.1.1.2).
const LEAVES_FOR: Duration = Duration::from_secs(64);
/// Accounts that are leaving, at most.
const LEAVING: usize = 64;
/// How soon servers are looked up again because somebody unknown called.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

struct Known {
    account: Account,
    servers: BTreeSet<IpAddr>,
    looked: Instant,
}

/// For whom a connection was made over TLS, and which name its other end proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proved {
    /// The account.
    pub account: String,
    /// The name.
    pub name: String,
}

impl Known {
    /// Whether a request came from one of its servers. With TLS: over a connection that was made for it, whose other
    /// end proved to be one of them; whoever else it calls has a connection too.
    fn is_from_server(&self, origin: &Origin, proved: Option<&Proved>) -> bool {
        if !self.account.transport.is_secure() {
            return self.servers.contains(&origin.source.ip().to_canonical());
        }
        proved.is_some_and(|proved| {
            let mut servers = self.account.servers().filter_map(|server| server.host());
            proved.account == self.account.name
                && servers.any(|host| host.to_string() == proved.name)
        })
    }
}

/// The accounts and their servers. Bound: as many accounts as the engine has.
#[derive(Default)]
pub struct Sources {
    accounts: BTreeMap<String, Known>,
    /// Those that are gone and take leave of their servers, each until then. Oldest first.
    leaving: Vec<(Account, Instant)>,
    /// When each source was told of last.
    told: BTreeMap<IpAddr, Instant>,
    refused: u64,
}

impl Sources {
    /// The account that a request of ours is of: the one of this name, or else the one whose address of record
    /// stands in From.
    pub fn account_of(&self, name: Option<&str>, request: &Request) -> Option<&Account> {
        match name {
            Some(name) => self.named(name),
            None => {
                let from = request.headers().from().ok()?;
                let mut all = self.accounts.values();
                let known = all.find(|known| known.account.aor == *from.uri())?;
                Some(&known.account)
            }
        }
    }

    /// The account of this name, also one that is leaving.
    fn named(&self, name: &str) -> Option<&Account> {
        let leaving = || {
            let mut leaving = self.leaving.iter().rev().map(|(account, _)| account);
            leaving.find(|account| account.name == name)
        };
        let known = self.accounts.get(name).map(|known| &known.account);
        known.or_else(leaving)
    }

    fn leaves(&mut self, account: Account, now: Instant) {
        self.leaving.retain(|(_, until)| now < *until);
        if self.leaving.len() >= LEAVING {
            self.leaving.remove(0);
        }
        self.leaving.push((account, now + LEAVES_FOR));
    }

    /// The same, where there may be no request: of what is no message.
    pub fn account_for(&self, name: Option<&str>, request: Option<&Request>) -> Option<&Account> {
        match (name, request) {
            (Some(name), _) => self.named(name),
            (None, Some(request)) => self.account_of(None, request),
            (None, None) => None,
        }
    }

    /// These addresses are servers of the account `name`.
    pub fn found(&mut self, name: &str, targets: &[Target]) {
        if let Some(known) = self.accounts.get_mut(name) {
            for target in targets {
                if known.servers.len() < ADDRESSES {
                    known.servers.insert(target.addr.ip().to_canonical());
                }
            }
        }
    }

    /// The accounts that a request may be for. Whoever calls nobody in particular needs one that would take it.
    fn meant(&self, request: &Request) -> Vec<&Known> {
        let called = request.uri().ok();
        let called = called.as_ref().and_then(|uri| uri.user());
        let is_called = |known: &&Known| called.is_some() && known.account.aor.user() == called;
        let all = self.accounts.values();
        match all.clone().any(|known| is_called(&known)) {
            true => all.filter(is_called).collect(),
            false => all.collect(),
        }
    }

    /// Whether it came from a server of an account that it may be for. What others say of a caller is only
    /// believed then (RFC 3325 §4).
    pub fn trusts(&self, request: &Request, origin: &Origin, proved: Option<&Proved>) -> bool {
        let is_server = |known: &Known| known.is_from_server(origin, proved);
        let accounts = self.accounts.values().map(|known| &known.account);
        match ports::account::meant(accounts, request) {
            Some(meant) => self.accounts.get(&meant.name).is_some_and(is_server),
            None => self.accounts.values().any(is_server),
        }
    }

    /// The account that does not take a call from there; `None`: it may come in. A call over TCP rings, and who made it
    /// hears our answer, unless the account has TLS; what a watcher is told stays told, so that watchers are held to
    /// their servers over TCP too.
    fn refusing(
        &self,
        request: &Request,
        origin: &Origin,
        proved: Option<&Proved>,
    ) -> Option<String> {
        let asks = matches!(
            request.method(),
            Method::Invite | Method::Message | Method::Subscribe
        );
        let begins = asks && request.headers().to().is_ok_and(|to| to.tag().is_none());
        if !begins {
            return None;
        }
        let is_free = origin.transport != Transport::Udp && *request.method() != Method::Subscribe;
        let meant = self.meant(request);
        let takes = |known: &&Known| {
            let may_be_free = is_free && !known.account.transport.is_secure();
            known.account.takes_unknown || may_be_free || known.is_from_server(origin, proved)
        };
        match meant.iter().any(takes) {
            true => None,
            false => meant.first().map(|known| known.account.name.clone()),
        }
    }

    /// Whether this refusal is news.
    fn is_news(&mut self, ip: IpAddr, now: Instant) -> bool {
        self.refused += 1;
        self.told.retain(|_, at| now.since(*at) < TELL_AGAIN);
        if self.told.contains_key(&ip) || self.told.len() >= TOLD {
            return false;
        }
        self.told.insert(ip, now);
        true
    }
}

impl Link {
    pub(crate) fn account(&mut self, account: Account, now: Instant, out: &mut Outbox) {
        let name = account.name.clone();
        let known = Known {
            account,
            servers: BTreeSet::new(),
            looked: now,
        };
        self.sources.accounts.insert(name.clone(), known);
        self.look_up_servers(&name, now, out);
    }

    pub(crate) fn account_gone(&mut self, name: &str, now: Instant) {
        if let Some(known) = self.sources.accounts.remove(name) {
            self.sources.leaves(known.account, now);
        }
    }

    fn look_up_servers(&mut self, name: &str, now: Instant, out: &mut Outbox) {
        let Some(known) = self.sources.accounts.get_mut(name) else {
            return;
        };
        known.looked = now;
        if known.account.transport.is_secure() {
            // Who they are is proved by themselves. Connections that stand are known by these numbers, also after link
            // was made anew.
            let servers = known.account.servers().filter_map(Destination::of);
            for server in servers {
                self.peers.of(&server.kept_secure(), Some(&known.account));
            }
            return;
        }
        let servers: Vec<Uri> = known.account.servers().cloned().collect();
        for server in servers {
            let account = name.to_owned();
            self.resolve(Purpose::Servers { account }, &server, Some(name), now, out);
        }
    }

    /// Whether a message is dropped because of where it comes from. It gets no answer at all: whoever looks
    /// for phones learns nothing.
    pub(crate) fn drops(
        &mut self,
        message: &Message,
        origin: &Origin,
        now: Instant,
        out: &mut Outbox,
    ) -> bool {
        let Message::Request(request) = message else {
            return false;
        };
        let proved = self.proved(origin);
        let Some(name) = self.sources.refusing(request, origin, proved.as_ref()) else {
            return false;
        };
        let looked = self.sources.accounts.get(&name).map(|known| known.looked);
        if looked.is_none_or(|looked| now.since(looked) >= LOOK_AGAIN) {
            self.look_up_servers(&name, now, out);
        }
        if self.is_early(&name, origin) {
            return false;
        }
        if self.sources.is_news(origin.source.ip(), now) {
            let refused = SourceRefused {
                source: origin.source.to_string(),
                because: "udp_from_unknown".to_owned(),
                refused: self.sources.refused,
            };
            out.post(events::Word::Tell {
                at: now,
                account: name.parse().ok(),
                call: None,
                command: None,
                body: EventBody::SourceRefused(Box::new(refused)),
            });
        }
        true
    }

    /// Who is at the other end of the connection that a request came on, over TLS.
    pub(crate) fn proved(&self, origin: &Origin) -> Option<Proved> {
        let (peer, name) = self.flows.proved(origin.flow)?;
        Some(Proved {
            account: self.peers.get(peer)?.account.clone(),
            name: name.to_owned(),
        })
    }

    /// Whether it came over a stream before it is known whether it may come in.
    fn is_early(&self, name: &str, origin: &Origin) -> bool {
        origin.transport != Transport::Udp && self.routes.looks_for_servers(name)
    }

    /// What a request is answered that came too early.
    pub(crate) fn too_early(&mut self, request: &Request, origin: &Origin) -> Option<Response> {
        let proved = self.proved(origin);
        let name = self.sources.refusing(request, origin, proved.as_ref())?;
        let tag = self.rng.token(10);
        self.is_early(&name, origin).then(|| {
            ResponseBuilder::to(request, Status::SERVICE_UNAVAILABLE)
                .to_tag(&tag)
                .header(HeaderName::RetryAfter, COME_AGAIN_S.to_string())
                .build()
        })
    }
}
