//! Where requests of ours go: lookups, targets, and the next target when one fails.

use crate::routes::{Asker, Found, Purpose};
use crate::{Link, no_path, tell, tell_client};
use base::{Instant, Machine, Rng};
use bytes::Bytes;
use ports::Outbox;
use ports::link::{Heard, KeepAlive};
use sip::endpoint::Input;
use sip::resolve::{Destination, Family, Means, NoTarget};
use sip::{ClientId, PeerId, Target, Transport};
use sip_message::{Request, Uri};

impl Link {
    /// Looks up where `uri` leads for `account`, or else for the account that the request is of. What an account with
    /// TLS sends goes by TLS or not at all: a peer's URI without it is a mistake at best.
    pub(crate) fn resolve(
        &mut self,
        purpose: Purpose,
        uri: &Uri,
        account: Option<&str>,
        now: Instant,
        out: &mut Outbox,
    ) {
        let account = self.sources.account_for(account, purpose.request());
        let keeps_secure = account.is_some_and(|account| account.transport.is_secure());
        let destination = Destination::of(uri).map(|destination| match keeps_secure {
            true => destination.kept_secure(),
            false => destination,
        });
        let found = match destination {
            Some(destination) => {
                let name = destination.host.to_string();
                let is_secure = destination.is_secure();
                let peer = match is_secure {
                    true => self.peers.of(&destination, account),
                    false => PeerId::ANYBODY,
                };
                let means = self.means(is_secure);
                self.routes
                    .start(purpose, (destination, peer, name), &means, now, out)
            }
            None => Some(Found {
                purpose,
                name: uri.to_string(),
                targets: Err(NoTarget::NoMeans),
            }),
        };
        if let Some(found) = found {
            self.found(found, now, out);
        }
    }

    /// What can be reached: connections can always be opened, datagrams need a socket. TLS where it is asked for, and
    /// then nothing else.
    fn means(&self, is_secure: bool) -> Means {
        let listens = |family| self.flows.has(matches!(family, Family::V4));
        let transports = match (is_secure, self.flows.speaks(Transport::Udp)) {
            (true, _) => vec![Transport::Tls],
            (false, true) => vec![Transport::Udp, Transport::Tcp],
            (false, false) => vec![Transport::Tcp],
        };
        let families = [Family::V4, Family::V6]
            .into_iter()
            .filter(|f| listens(*f))
            .collect();
        Means {
            transports,
            families,
        }
    }

    pub(crate) fn found(&mut self, found: Found, now: Instant, out: &mut Outbox) {
        let Found {
            purpose,
            name,
            targets,
        } = found;
        let first = targets.as_ref().ok().and_then(|t| t.first().copied());
        match (purpose, targets, first) {
            (Purpose::Send { id, request, once }, Ok(targets), _) => {
                let first = self
                    .sending
                    .start(id, (request.clone(), once), targets, now);
                if let Some(target) = first {
                    self.send(id, request, target, once, now);
                }
            }
            (Purpose::Send { id, .. }, Err(why), _) => {
                let detail = no_path(why, name).to_string().into();
                let why = sip::transaction::Failure::Transport;
                tell_client(id, Heard::Failed { id, why, detail }, out);
            }
            (Purpose::Ack { request }, _, Some(target)) => {
                self.endpoint.handle(
                    Input::SendAck {
                        request,
                        target,
                        flow: None,
                    },
                    now,
                );
            }
            (Purpose::Route { from, ticket }, Ok(targets), Some(_)) => {
                self.ask_local(Asker { from, ticket, name }, targets, out);
            }
            (Purpose::Route { from, ticket }, Err(why), _) => {
                let path = Err(no_path(why, name));
                tell(from, Heard::Routed { ticket, path }, out);
            }
            (Purpose::KeepAlive { kind }, _, Some(target)) => self.keep_alive(kind, target, out),
            (Purpose::Servers { account }, Ok(targets), _) => {
                self.sources.found(&account, &targets);
            }
            // Nobody is let in then; somebody who calls has them looked up again.
            (Purpose::Servers { .. }, Err(_), _) => {}
            (Purpose::Ack { .. } | Purpose::KeepAlive { .. } | Purpose::Route { .. }, _, None) => {}
        }
    }

    /// With the header fields that its account adds, behind those of the phone (K-086, K-087).
    pub(crate) fn with_headers(&self, account: Option<&str>, request: Request) -> Request {
        let account = self.sources.account_of(account, &request);
        let Some(account) = account.filter(|account| !account.policy.headers.is_empty()) else {
            return request;
        };
        let method = request.method().as_str();
        let mut edit = request.edit();
        for extra in &account.policy.headers {
            if extra.is_for(method) {
                edit = edit.header(extra.name.as_str(), &extra.value);
            }
        }
        edit.build()
    }

    fn keep_alive(&mut self, kind: KeepAlive, target: Target, out: &mut Outbox) {
        let bytes = match kind {
            KeepAlive::Crlf => Bytes::from_static(b"\r\n\r\n"),
            KeepAlive::Stun => binding_request(&mut self.rng),
        };
        self.transmit(None, target, bytes, out);
    }

    fn send(&mut self, id: ClientId, request: Request, target: Target, once: bool, now: Instant) {
        let flow = None;
        self.endpoint.handle(
            match once {
                true => Input::SendOnce {
                    id,
                    request,
                    target,
                    flow,
                },
                false => Input::Send {
                    id,
                    request,
                    target,
                    flow,
                },
            },
            now,
        );
    }

    /// Sends the request to its next target, if it has one (RFC 3263 §4.3).
    pub(crate) fn next_target(&mut self, id: ClientId, now: Instant) -> bool {
        let Some((request, target, once)) = self.sending.next(id, now) else {
            return false;
        };
        self.send(id, request, target, once, now);
        true
    }
}

/// A STUN Binding request without attributes. Source: RFC 5389 §6.
fn binding_request(rng: &mut Rng) -> Bytes {
    let mut request = [0; 20];
    request[1] = 1;
    request[4..8].copy_from_slice(&0x2112_a442_u32.to_be_bytes());
    rng.fill(&mut request[8..]);
    Bytes::copy_from_slice(&request)
}
