//! Answers the questions of RFC 3263: NAPTR, SRV, A and AAAA.
//!
//! Which question to ask, and which target to try in which order, is `sip::resolve`'s; this only
//! asks. Names come from the hosts file first, then from the system's name servers or from those
//! that the settings name; [`Table`] answers in their place in tests and closed networks.

mod reply;
mod table;
#[cfg(test)]
mod tests;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::ProtoError;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{TokioResolver, lookup::Lookup};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

pub use table::Table;

/// What to ask. The text is a domain name, with or without the dot at its end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Question {
    /// Which services a domain has. Source: RFC 3403, RFC 3263 §4.1.
    Naptr(String),
    /// Which hosts offer a service: `_sip._udp.example.com`. Source: RFC 2782.
    Srv(String),
    /// IPv4 addresses.
    A(String),
    /// IPv6 addresses.
    Aaaa(String),
}

/// One NAPTR record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naptr {
    /// Lower first, before anything else.
    pub order: u16,
    /// Lower first within one order.
    pub preference: u16,
    /// `s`: the replacement has SRV records; `a`: it has addresses.
    pub flags: String,
    /// `SIP+D2U`, `SIP+D2T`, `SIPS+D2T`, …
    pub services: String,
    /// Not used by SIP.
    pub regexp: String,
    /// The next name to ask for, without the dot at its end.
    pub replacement: String,
}

/// One SRV record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Srv {
    /// Lower first.
    pub priority: u16,
    /// Share among those of one priority.
    pub weight: u16,
    /// Where the service listens.
    pub port: u16,
    /// Host that offers it, without the dot at its end.
    pub target: String,
}

/// Records, of the kind that was asked for. No records is an answer: there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Records {
    /// To [`Question::Naptr`].
    Naptr(Vec<Naptr>),
    /// To [`Question::Srv`].
    Srv(Vec<Srv>),
    /// To [`Question::A`].
    A(Vec<Ipv4Addr>),
    /// To [`Question::Aaaa`].
    Aaaa(Vec<Ipv6Addr>),
}

/// Records, and how long they may be relied on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What was found.
    pub records: Records,
    /// Shortest lifetime among the records; zero when there are none.
    pub lifetime: Duration,
}

/// Why there is no answer. Unlike an answer without records, this may pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// No name server answered in time.
    #[error("no name server answered for {name}")]
    NoAnswer {
        /// What was asked for.
        name: String,
    },
    /// The text is not a domain name.
    #[error("{name:?} is not a domain name: {why}")]
    NotAName {
        /// What was asked for.
        name: String,
        /// Which rule it breaks.
        why: String,
    },
    /// A name server answered that it cannot tell.
    #[error("name server failed for {name}: {why}")]
    Server {
        /// What was asked for.
        name: String,
        /// What it said.
        why: String,
    },
}

/// How to ask.
#[derive(Debug, Clone)]
pub struct ResolverSettings {
    /// Whom to ask instead of the system's name servers. Empty: the system's.
    pub name_servers: Vec<SocketAddr>,
    /// How long one name server may take.
    pub timeout: Duration,
    /// How often to ask before giving up.
    pub attempts: usize,
    /// Whether the system's hosts file is read.
    pub hosts_file: bool,
}

impl Default for ResolverSettings {
    fn default() -> Self {
        Self {
            name_servers: Vec::new(),
            timeout: Duration::from_secs(2),
            attempts: 2,
            hosts_file: true,
        }
    }
}

/// Who answers.
#[derive(Clone)]
pub enum Resolver {
    /// The hosts file and name servers.
    System(Box<TokioResolver>),
    /// A fixed table, nothing else.
    Table(Table),
}

impl Resolver {
    /// Reads the system's settings. A machine without any name server still has its hosts file:
    /// every other question then fails with [`Failure::NoAnswer`].
    pub fn new(settings: &ResolverSettings) -> Result<Self, crate::Error> {
        let mut builder = if settings.name_servers.is_empty() {
            TokioResolver::builder_tokio().unwrap_or_else(|problem| {
                tracing::warn!(%problem, "no name servers, only the hosts file");
                builder_for(&[])
            })
        } else {
            builder_for(&settings.name_servers)
        };
        let options = builder.options_mut();
        options.timeout = settings.timeout;
        options.attempts = settings.attempts;
        options.use_hosts_file = if settings.hosts_file {
            ResolveHosts::Always
        } else {
            ResolveHosts::Never
        };
        let resolver = builder.build().map_err(|problem| crate::Error::System {
            what: "make a resolver",
            source: std::io::Error::other(problem.to_string()),
        })?;
        Ok(Self::System(Box::new(resolver)))
    }

    /// Asks; the answer may come from memory while its lifetime lasts.
    ///
    /// Must be awaited within a tokio runtime. Dropping the future gives the question up.
    pub async fn ask(&self, question: &Question) -> Result<Answer, Failure> {
        match self {
            Self::System(resolver) => ask(resolver, question).await,
            Self::Table(table) => table.ask(question),
        }
    }

    /// Forgets what was answered, as after a change of network.
    pub fn forget(&self) {
        match self {
            Self::System(resolver) => resolver.clear_cache(),
            Self::Table(_) => {}
        }
    }
}

impl Question {
    /// The name asked for.
    pub fn name(&self) -> &str {
        match self {
            Self::Naptr(name) | Self::Srv(name) | Self::A(name) | Self::Aaaa(name) => name,
        }
    }

    fn record_type(&self) -> RecordType {
        match self {
            Self::Naptr(_) => RecordType::NAPTR,
            Self::Srv(_) => RecordType::SRV,
            Self::A(_) => RecordType::A,
            Self::Aaaa(_) => RecordType::AAAA,
        }
    }

    fn no_records(&self) -> Records {
        match self {
            Self::Naptr(_) => Records::Naptr(Vec::new()),
            Self::Srv(_) => Records::Srv(Vec::new()),
            Self::A(_) => Records::A(Vec::new()),
            Self::Aaaa(_) => Records::Aaaa(Vec::new()),
        }
    }

    /// The same question with its name as a key: lower case, no dot at the end.
    fn key(&self) -> Self {
        let name = self.name().trim_end_matches('.').to_ascii_lowercase();
        match self {
            Self::Naptr(_) => Self::Naptr(name),
            Self::Srv(_) => Self::Srv(name),
            Self::A(_) => Self::A(name),
            Self::Aaaa(_) => Self::Aaaa(name),
        }
    }
}

fn builder_for(servers: &[SocketAddr]) -> hickory_resolver::ResolverBuilder<TokioRuntimeProvider> {
    let servers = servers.iter().map(|server| {
        let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
        for connection in &mut connections {
            connection.port = server.port();
        }
        NameServerConfig::new(server.ip(), true, connections)
    });
    let config = ResolverConfig::from_name_servers(servers.collect());
    TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
}

async fn ask(resolver: &TokioResolver, question: &Question) -> Result<Answer, Failure> {
    let text = question.name();
    let name = parse(text).map_err(|problem| Failure::NotAName {
        name: text.to_owned(),
        why: problem.to_string(),
    })?;
    match resolver.lookup(name, question.record_type()).await {
        Ok(lookup) => Ok(answer(question, &lookup)),
        Err(problem) if problem.is_no_records_found() && !is_server_failure(&problem) => {
            Ok(Answer {
                records: question.no_records(),
                lifetime: Duration::ZERO,
            })
        }
        Err(problem) if is_server_failure(&problem) => Err(Failure::Server {
            name: text.to_owned(),
            why: problem.to_string(),
        }),
        Err(problem) => {
            tracing::debug!(%problem, "name not resolved");
            Err(Failure::NoAnswer {
                name: text.to_owned(),
            })
        }
    }
}

/// A name with dots is whole; one without may be completed from the system's search list.
fn parse(text: &str) -> Result<Name, ProtoError> {
    let mut name = if text.is_ascii() {
        Name::from_ascii(text)?
    } else {
        Name::from_utf8(text)?
    };
    if name.num_labels() > 1 {
        name.set_fqdn(true);
    }
    Ok(name)
}

fn is_server_failure(problem: &NetError) -> bool {
    use hickory_resolver::net::DnsError;
    use hickory_resolver::proto::op::ResponseCode;
    let NetError::Dns(DnsError::NoRecordsFound(none)) = problem else {
        return matches!(problem, NetError::Dns(_));
    };
    ![ResponseCode::NoError, ResponseCode::NXDomain].contains(&none.response_code)
}

fn answer(question: &Question, lookup: &Lookup) -> Answer {
    let mut records = question.no_records();
    let mut lifetime: Option<u32> = None;
    for record in lookup.answers() {
        if push(&mut records, &record.data) {
            lifetime = Some(lifetime.map_or(record.ttl, |known| known.min(record.ttl)));
        }
    }
    Answer {
        records,
        lifetime: Duration::from_secs(lifetime.unwrap_or(0).into()),
    }
}

/// Takes a record of the right kind; an alias on the way to it is passed over.
fn push(records: &mut Records, data: &RData) -> bool {
    match records {
        Records::A(all) => {
            let RData::A(ip) = data else { return false };
            all.push(ip.0);
        }
        Records::Aaaa(all) => {
            let RData::AAAA(ip) = data else { return false };
            all.push(ip.0);
        }
        Records::Srv(all) => {
            let RData::SRV(srv) = data else { return false };
            all.push(Srv {
                priority: srv.priority,
                weight: srv.weight,
                port: srv.port,
                target: plain(&srv.target),
            });
        }
        Records::Naptr(all) => {
            let RData::NAPTR(naptr) = data else {
                return false;
            };
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            all.push(Naptr {
                order: naptr.order,
                preference: naptr.preference,
                flags: text(&naptr.flags),
                services: text(&naptr.services),
                regexp: text(&naptr.regexp),
                replacement: plain(&naptr.replacement),
            });
        }
    }
    true
}

fn plain(name: &Name) -> String {
    let text = name.to_ascii();
    // The root stays a dot: RFC 2782 says by it that the service is decidedly not offered.
    match text.strip_suffix('.') {
        Some("") | None => text,
        Some(whole) => whole.to_owned(),
    }
}
