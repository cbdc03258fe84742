//! One lookup: what to ask next, and what came of it.

use super::order::{Server, servers, services, srv_name};
use super::words::{AddressState, Input, Output, QueryId, Reply, ServiceState, State};
use super::{Destination, Family, Host, Kind, Means, NoTarget, Record};
use crate::flow::{Target, Transport};
use base::{Instant, Machine, Rng};
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;
use std::collections::VecDeque;

/// How long one lookup may take before it goes on with what it has. Unit: time.
pub const LOOKUP_GIVE_UP: Duration = Duration::from_secs(8);
/// Records read of one answer, NAPTR and SRV; the rest is ignored.
pub const MAX_RECORDS: usize = 20;
/// Targets that come out of one lookup; the rest is ignored.
pub const MAX_TARGETS: usize = 32;

/// One lookup. Told its destination when it is made; answers follow as inputs.
#[derive(Debug, Clone)]
pub struct Lookup {
    state: State,
    destination: Destination,
    means: Means,
    outputs: VecDeque<Output>,
    next_query: u32,
    /// Whether a name server failed us, which decides what "nothing" means.
    troubled: bool,
    give_up_at: Instant,
    rng: Rng,
}

impl Lookup {
    /// Starts at `now`; the first output is there at once.
    pub fn new(destination: Destination, means: Means, rng: Rng, now: Instant) -> Self {
        let mut lookup = Self {
            state: State::Done,
            destination,
            means,
            outputs: VecDeque::new(),
            next_query: 0,
            troubled: false,
            give_up_at: now + LOOKUP_GIVE_UP,
            rng,
        };
        lookup.state = lookup.start();
        lookup
    }

    /// A lookup that goes on where the one with this state stood.
    pub fn restore(
        state: State,
        destination: Destination,
        means: Means,
        rng: Rng,
        now: Instant,
    ) -> Self {
        let highest = match &state {
            State::Services { query } => query.0,
            State::Servers(list) => list.iter().map(|s| s.query.0).max().unwrap_or(0),
            State::Addresses(list) => list.iter().map(|a| a.query.0).max().unwrap_or(0),
            State::Done => 0,
        };
        Self {
            state,
            destination,
            means,
            outputs: VecDeque::new(),
            next_query: highest + 1,
            troubled: false,
            give_up_at: now + LOOKUP_GIVE_UP,
            rng,
        }
    }

    /// Where the lookup stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Chooses the first step. Source: RFC 3263 §4.1 and §4.2.
    fn start(&mut self) -> State {
        let Ok(written) = written_transport(&self.destination) else {
            return self.nothing(NoTarget::NoMeans);
        };
        if let Some(transport) = written
            && !self.means.transports.contains(&transport)
        {
            return self.nothing(NoTarget::NoMeans);
        }
        let Some(fallback) = written.or_else(|| self.default_transport()) else {
            return self.nothing(NoTarget::NoMeans);
        };
        let port = self.destination.port;
        match (&self.destination.host, port, written) {
            (Host::Address(address), _, _) => {
                let port = port.unwrap_or(fallback.default_port());
                let target = Target::new(fallback, SocketAddr::new(*address, port));
                self.finish(vec![target])
            }
            (Host::Name(name), Some(port), _) => {
                let name = name.clone();
                self.ask_addresses(vec![(fallback, Server { name, port })])
            }
            (Host::Name(name), None, Some(transport)) => {
                let name = srv_name(name, transport);
                self.ask_servers(vec![(name, transport)])
            }
            (Host::Name(name), None, None) => {
                let name = name.clone();
                let query = self.ask(Kind::Naptr, name);
                State::Services { query }
            }
        }
    }

    /// UDP for `sip:`, TLS for `sips:`, where nothing says otherwise; else what the driver has.
    fn default_transport(&self) -> Option<Transport> {
        let usual = if self.destination.secure {
            Transport::Tls
        } else {
            Transport::Udp
        };
        let usable = |t: &Transport| !self.destination.secure || t.is_secure();
        if self.means.transports.contains(&usual) {
            return Some(usual);
        }
        self.means.transports.iter().copied().find(usable)
    }

    fn ask(&mut self, kind: Kind, name: String) -> QueryId {
        let query = QueryId(self.next_query);
        self.next_query += 1;
        self.outputs.push_back(Output::Ask { query, kind, name });
        query
    }

    fn ask_servers(&mut self, services: Vec<(String, Transport)>) -> State {
        let ask = |(name, transport)| ServiceState {
            query: self.ask(Kind::Srv, name),
            transport,
            reply: None,
        };
        State::Servers(services.into_iter().map(ask).collect())
    }

    fn ask_addresses(&mut self, servers: Vec<(Transport, Server)>) -> State {
        let mut asked = Vec::new();
        for (transport, server) in servers.into_iter().take(MAX_RECORDS) {
            // An SRV target should be a name; some zones write an address.
            if let Ok(address) = server.name.parse::<IpAddr>() {
                asked.push(AddressState {
                    query: QueryId(u32::MAX),
                    transport,
                    port: server.port,
                    reply: Some(vec![address]),
                });
                continue;
            }
            for family in self.means.families.clone() {
                let kind = match family {
                    Family::V4 => Kind::A,
                    Family::V6 => Kind::Aaaa,
                };
                asked.push(AddressState {
                    query: self.ask(kind, server.name.clone()),
                    transport,
                    port: server.port,
                    reply: None,
                });
            }
        }
        self.settle_addresses(asked)
    }

    fn answer(&mut self, query: QueryId, reply: Reply) {
        let records = match reply {
            Reply::Records(records) => records.into_iter().take(MAX_RECORDS).collect(),
            Reply::Failed => {
                self.troubled = true;
                Vec::new()
            }
        };
        let state = core::mem::replace(&mut self.state, State::Done);
        self.state = match state {
            State::Services { query: asked } if asked == query => self.got_services(records),
            State::Servers(mut list) => {
                if let Some(entry) = list.iter_mut().find(|s| s.query == query) {
                    entry.reply = Some(servers(records, &mut self.rng));
                }
                self.settle_servers(list)
            }
            State::Addresses(mut list) => {
                if let Some(entry) = list.iter_mut().find(|a| a.query == query) {
                    entry.reply = Some(records.into_iter().filter_map(address).collect());
                }
                self.settle_addresses(list)
            }
            State::Services { .. } | State::Done => state,
        };
    }

    fn got_services(&mut self, records: Vec<Record>) -> State {
        let secure = self.destination.secure;
        let usable = services(records, &self.means.transports, secure);
        if !usable.is_empty() {
            return self.ask_servers(usable);
        }
        let Host::Name(domain) = self.destination.host.clone() else {
            return self.nothing(NoTarget::UnknownHost);
        };
        let every = self.means.transports.iter().copied();
        let usable = every.filter(|t| !secure || t.is_secure());
        let names = usable.map(|t| (srv_name(&domain, t), t)).collect();
        self.ask_servers(names)
    }

    fn settle_servers(&mut self, list: Vec<ServiceState>) -> State {
        if list.iter().any(|s| s.reply.is_none()) {
            return State::Servers(list);
        }
        let known: Vec<_> = list
            .into_iter()
            .flat_map(|s| {
                let transport = s.transport;
                let servers = s.reply.unwrap_or_default();
                servers.into_iter().map(move |server| (transport, server))
            })
            .collect();
        if !known.is_empty() {
            return self.ask_addresses(known);
        }
        self.ask_domain_itself()
    }

    /// No SRV record anywhere: the domain's own addresses. Source: RFC 3263 §4.2, last rule.
    fn ask_domain_itself(&mut self) -> State {
        let written = written_transport(&self.destination).unwrap_or(None);
        let (Some(transport), Host::Name(name)) = (
            written.or_else(|| self.default_transport()),
            self.destination.host.clone(),
        ) else {
            return self.nothing(NoTarget::NoMeans);
        };
        let port = transport.default_port();
        self.ask_addresses(vec![(transport, Server { name, port })])
    }

    fn settle_addresses(&mut self, list: Vec<AddressState>) -> State {
        if list.iter().any(|a| a.reply.is_none()) {
            return State::Addresses(list);
        }
        let mut targets = Vec::new();
        for entry in list {
            for address in entry.reply.into_iter().flatten() {
                let target = Target::new(entry.transport, SocketAddr::new(address, entry.port));
                if !targets.contains(&target) && targets.len() < MAX_TARGETS {
                    targets.push(target);
                }
            }
        }
        if targets.is_empty() {
            let why = if self.troubled {
                NoTarget::NameServer
            } else {
                NoTarget::UnknownHost
            };
            return self.nothing(why);
        }
        self.finish(targets)
    }

    fn finish(&mut self, targets: Vec<Target>) -> State {
        self.outputs.push_back(Output::Targets(targets));
        State::Done
    }

    fn nothing(&mut self, why: NoTarget) -> State {
        self.outputs.push_back(Output::Nothing(why));
        State::Done
    }
}

impl Machine for Lookup {
    type Input = Input;
    type Output = Output;

    fn handle(&mut self, input: Input, _now: Instant) {
        match input {
            Input::Answer { query, reply } => self.answer(query, reply),
        }
    }

    /// Goes on with what it has: everything unanswered counts as failed.
    fn handle_time(&mut self, now: Instant) {
        while self.deadline().is_some_and(|at| at <= now) {
            let open: Vec<_> = match &self.state {
                State::Services { query } => vec![*query],
                State::Servers(list) => {
                    let open = list.iter().filter(|s| s.reply.is_none());
                    open.map(|s| s.query).collect()
                }
                State::Addresses(list) => {
                    let open = list.iter().filter(|a| a.reply.is_none());
                    open.map(|a| a.query).collect()
                }
                State::Done => Vec::new(),
            };
            for query in open {
                self.answer(query, Reply::Failed);
            }
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Done => None,
            State::Services { .. } | State::Servers(_) | State::Addresses(_) => {
                Some(self.give_up_at)
            }
        }
    }
}

/// The transport the URI asks for; an error when it asks for TLS and for UDP at once.
fn written_transport(destination: &Destination) -> Result<Option<Transport>, NoTarget> {
    let Some(written) = destination.transport else {
        return Ok(None);
    };
    if !destination.secure {
        return Ok(Some(written));
    }
    match written {
        Transport::Udp => Err(NoTarget::NoMeans),
        Transport::Tcp | Transport::Tls => Ok(Some(Transport::Tls)),
        Transport::Ws | Transport::Wss => Ok(Some(Transport::Wss)),
    }
}

fn address(record: Record) -> Option<IpAddr> {
    match record {
        Record::A(address) => Some(address.into()),
        Record::Aaaa(address) => Some(address.into()),
        Record::Naptr { .. } | Record::Srv { .. } => None,
    }
}
