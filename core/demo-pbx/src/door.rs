//! Who may call and watch: whoever is registered here, by the address that it registered from, and whoever answers a
//! challenge (407). Phones that register are never asked twice, and those that do not get in as well.

use crate::gate::{Answer, Gate};
use crate::registrar::{Shared, user_of};
use base::Instant;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use part_dialogs::answering::Refusal;
use sip_message::Request;

/// Who came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Guest {
    /// The PBX itself, as it calls when an extension is handed on to another one.
    Own,
    /// This user.
    User(String),
}

impl Guest {
    /// The user, if the request also says that it is from them: nobody opens the mailbox of somebody else.
    pub(crate) fn speaks_for(&self, request: &Request) -> Option<&str> {
        let Self::User(user) = self else {
            return None;
        };
        (from(request).as_deref() == Some(user)).then_some(user)
    }
}

/// Lets in whom it knows.
#[derive(Debug)]
pub(crate) struct Door {
    directory: Shared,
    gate: Gate,
    /// Where the PBX calls itself from.
    own: Option<SocketAddr>,
}

impl Door {
    /// For those who stand in `directory` or pass `gate`.
    pub(crate) const fn new(directory: Shared, gate: Gate) -> Self {
        Self {
            directory,
            gate,
            own: None,
        }
    }

    /// What comes from this address is the PBX's own and needs no proof.
    pub(crate) const fn knows_itself_at(&mut self, address: SocketAddr) {
        self.own = Some(address);
    }

    /// Whether `request` is the PBX's own.
    pub(crate) fn is_own(&self, request: &Request) -> bool {
        self.own.is_some() && source(request) == self.own
    }

    /// Who sent `request`, or the answer to it.
    pub(crate) fn judge(&mut self, request: &Request, now: Instant) -> Result<Guest, Refusal> {
        if self.is_own(request) {
            return Ok(Guest::Own);
        }
        let source = source(request);
        if let Some(user) = self.registered(request, source, now) {
            return Ok(Guest::User(user));
        }
        let ip = source.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |source| source.ip());
        let directory = self.directory.borrow();
        match self.gate.judge(request, ip, &directory.users, now) {
            Answer::From(user) => Ok(Guest::User(user)),
            Answer::Refused(status, headers) => Err(Refusal { status, headers }),
        }
    }

    /// Who says that it is from them, if they registered from where it comes from.
    fn registered(
        &self,
        request: &Request,
        source: Option<SocketAddr>,
        now: Instant,
    ) -> Option<String> {
        let (user, source) = (from(request)?, source?);
        let directory = self.directory.borrow();
        let is_there = {
            let mut bindings = directory.bindings.of(&user, now);
            bindings.any(|binding| binding.source == source)
        };
        is_there.then_some(user)
    }
}

/// The user that a request says it is from.
pub(crate) fn from(request: &Request) -> Option<String> {
    let from = request.headers().from().ok()?;
    String::from_utf8(user_of(from.uri())?).ok()
}

/// Where a request came from, as the transaction layer wrote it into the top Via (RFC 3581 §4).
fn source(request: &Request) -> Option<SocketAddr> {
    let via = request.headers().top_via().ok()?;
    let ip = via.received().or_else(|| via.host().ip())?;
    let port = via.rport().unwrap_or(via.port_or_default());
    Some(SocketAddr::new(ip, port))
}
