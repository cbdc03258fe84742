//! Via of what we send, and the way back of what we answer.

use super::Endpoint;
use super::stateless::is_secure;
use crate::flow::{FlowId, Origin, Target, Transport};
use core::net::SocketAddr;
use sip_message::{HeaderName, Host, Request, RequestBuilder, Via};

impl Endpoint {
    /// `request` with our Via on top and our name; `None` when no address of ours can be named in it,
    /// and where a `sips:` target would be reached in the clear (RFC 3261 §26.2.2).
    pub(super) fn with_via(
        &self,
        request: &Request,
        target: Target,
        flow: Option<FlowId>,
        branch: &str,
    ) -> Option<Request> {
        if is_secure(request) && !target.transport.is_secure() {
            tracing::info!("nothing is sent to a sips: target without TLS");
            return None;
        }
        let via = self.via(target, flow, branch)?;
        let mut sent = request.edit().prepend(HeaderName::Via, &via);
        if request.headers().count(HeaderName::UserAgent) == 0 {
            sent = self.presented(sent);
        }
        Some(sent.build())
    }

    /// `request` with our name.
    pub(super) fn presented(&self, request: RequestBuilder) -> RequestBuilder {
        match self.settings.name.as_str() {
            "" => request,
            name => request.header(HeaderName::UserAgent, name),
        }
    }

    pub(super) fn via(&self, target: Target, flow: Option<FlowId>, branch: &str) -> Option<Via> {
        let sent_by = self.sent_by(target, flow)?;
        let host = Host::from(sent_by.ip());
        let transport = in_via(target.transport);
        Some(Via::new(&transport, &host, Some(sent_by.port()), branch))
    }

    /// The address that Via names: where a response can be sent if the connection is gone.
    ///
    /// That of the flow; else of a socket of the same transport and family; else of any socket of that
    /// family, since a connection that we open has no listener of its own.
    fn sent_by(&self, target: Target, flow: Option<FlowId>) -> Option<SocketAddr> {
        if let Some((_, addr)) = flow.and_then(|flow| self.listening.get(&flow)) {
            return Some(*addr);
        }
        let family = |addr: &SocketAddr| addr.is_ipv4() == target.addr.is_ipv4();
        let all = || self.listening.values().filter(|(_, addr)| family(addr));
        all()
            .find(|(transport, _)| *transport == target.transport)
            .or_else(|| all().next())
            .map(|(_, addr)| *addr)
    }

    /// The socket to send a datagram from, where the user named none. Streams are the driver's choice.
    pub(super) fn socket_for(&self, target: Target) -> Option<FlowId> {
        if target.transport != Transport::Udp {
            return None;
        }
        let mut sockets = self.listening.iter();
        sockets
            .find(|(_, (transport, addr))| {
                *transport == Transport::Udp && addr.is_ipv4() == target.addr.is_ipv4()
            })
            .map(|(flow, _)| *flow)
    }
}

/// Where a response goes. Source: RFC 3261 §18.2.2, RFC 3581 §4.
///
/// On a stream that is the connection the request came on, and the Via's address only when it is
/// gone. The Via's `maddr` is not followed: it would let anybody point our answers at a third party.
pub(super) fn way_back(via: Option<&Via>, origin: &Origin) -> Target {
    let Some(via) = via else {
        return origin.target();
    };
    let to_source = !origin.transport.is_reliable() && via.wants_rport();
    let port = if to_source {
        origin.source.port()
    } else {
        via.port_or_default()
    };
    Target::new(origin.transport, SocketAddr::new(origin.source.ip(), port))
}

const fn in_via(transport: Transport) -> sip_message::Transport {
    match transport {
        Transport::Udp => sip_message::Transport::Udp,
        Transport::Tcp => sip_message::Transport::Tcp,
        Transport::Tls => sip_message::Transport::Tls,
        Transport::Ws => sip_message::Transport::Ws,
        Transport::Wss => sip_message::Transport::Wss,
    }
}
