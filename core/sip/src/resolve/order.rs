//! In which order records are used.

use super::Record;
use crate::flow::Transport;
use base::Rng;

/// A server that an SRV record names.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) port: u16,
}

/// Usable services of NAPTR records as (name to ask SRV for, transport), best first.
///
/// Source: RFC 3263 §4.1.
pub(crate) fn services(
    records: Vec<Record>,
    transports: &[Transport],
    secure: bool,
) -> Vec<(String, Transport)> {
    let mut usable: Vec<_> = records
        .into_iter()
        .filter_map(|record| match record {
            Record::Naptr {
                order,
                preference,
                flags,
                service,
                replacement,
            } => {
                let transport = service_transport(&service)?;
                let allowed = transports.contains(&transport)
                    && (!secure || transport.is_secure())
                    && flags.eq_ignore_ascii_case("s");
                allowed.then_some(((order, preference), replacement, transport))
            }
            Record::Srv { .. } | Record::A(_) | Record::Aaaa(_) => None,
        })
        .collect();
    usable.sort_by_key(|(rank, _, _)| *rank);
    usable
        .into_iter()
        .map(|(_, name, transport)| (name, transport))
        .collect()
}

fn service_transport(service: &str) -> Option<Transport> {
    [
        ("SIP+D2U", Transport::Udp),
        ("SIP+D2T", Transport::Tcp),
        ("SIPS+D2T", Transport::Tls),
        ("SIP+D2W", Transport::Ws),
        ("SIPS+D2W", Transport::Wss),
    ]
    .into_iter()
    .find(|(name, _)| name.eq_ignore_ascii_case(service))
    .map(|(_, transport)| transport)
}

/// The SRV name of `domain` for a transport. Source: RFC 3263 §4.2, RFC 7118 §7.
pub(crate) fn srv_name(domain: &str, transport: Transport) -> String {
    let service = match transport {
        Transport::Udp => "_sip._udp",
        Transport::Tcp => "_sip._tcp",
        Transport::Tls => "_sips._tcp",
        Transport::Ws => "_sip._ws",
        Transport::Wss => "_sips._wss",
    };
    format!("{service}.{domain}")
}

/// Servers of SRV records: by priority, and by lot within one priority, a server's chance being its
/// weight. Source: RFC 2782, "Usage rules".
pub(crate) fn servers(records: Vec<Record>, rng: &mut Rng) -> Vec<Server> {
    let mut waiting: Vec<_> = records
        .into_iter()
        .filter_map(|record| match record {
            Record::Srv {
                priority,
                weight,
                port,
                target,
            } => Some((priority, weight, Server { name: target, port })),
            Record::Naptr { .. } | Record::A(_) | Record::Aaaa(_) => None,
        })
        // "." says that the domain does not offer the service.
        .filter(|(_, _, server)| server.name != ".")
        .collect();
    // Weight 0 first within a priority, so that it has a very small chance and not none.
    waiting.sort_by_key(|(priority, weight, _)| (*priority, *weight != 0));
    let mut ordered = Vec::with_capacity(waiting.len());
    while let Some(&(priority, _, _)) = waiting.first() {
        let equals = waiting.iter().take_while(|w| w.0 == priority).count();
        let place = draw(&waiting[..equals], rng);
        ordered.push(waiting.remove(place).2);
    }
    ordered
}

fn draw(equals: &[(u16, u16, Server)], rng: &mut Rng) -> usize {
    let sum: u64 = equals.iter().map(|e| u64::from(e.1)).sum();
    let lot = rng.below(sum + 1);
    let mut running = 0;
    equals
        .iter()
        .position(|e| {
            running += u64::from(e.1);
            running >= lot
        })
        .unwrap_or(0)
}
