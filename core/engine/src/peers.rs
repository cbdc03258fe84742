//! Clients of TLS, one for each peer: what an account believes is read once, and sessions are resumed with whom they
//! were begun with.

use control::{Code, ErrorObject};
use net::tcp::Closed;
use net::tls::{Client, Distrust, Refusal, Trust, TrustOptions};
use ports::account::Tls;
use ports::network::{Peer, Why};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Clients that are kept; past it all are made anew, and sessions begin anew. Source: ours, as many peers as link knows.
const CLIENTS: usize = 1_024;
/// Sets of files that are kept.
const TRUSTS: usize = 64;

/// All clients of one engine.
#[derive(Default)]
pub(crate) struct Peers {
    trusts: BTreeMap<Tls, Arc<Trust>>,
    clients: BTreeMap<Arc<Peer>, Arc<Client>>,
}

impl Peers {
    /// The client that meets `peer`. Blocks on small files the first time.
    pub(crate) fn client(&mut self, peer: &Arc<Peer>) -> Result<Arc<Client>, Why> {
        if let Some(client) = self.clients.get(peer) {
            return Ok(Arc::clone(client));
        }
        let trust = self.trust(&peer.tls).map_err(|why| files(&why))?;
        let client = Client::new(&peer.names, &trust).map_err(|why| files(&why))?;
        let client = Arc::new(client);
        if self.clients.len() >= CLIENTS {
            self.clients.clear();
        }
        self.clients.insert(Arc::clone(peer), Arc::clone(&client));
        Ok(client)
    }

    fn trust(&mut self, tls: &Tls) -> Result<Arc<Trust>, Distrust> {
        if let Some(trust) = self.trusts.get(tls) {
            return Ok(Arc::clone(trust));
        }
        let trust = Arc::new(read(tls)?);
        if self.trusts.len() >= TRUSTS {
            self.trusts.clear();
        }
        self.trusts.insert(tls.clone(), Arc::clone(&trust));
        Ok(trust)
    }
}

/// Whether an account's files can be used; tried when it is set up, so that a mistake is told then.
pub(crate) fn check(tls: &Tls) -> Result<(), ErrorObject> {
    let read = read(tls).map(drop);
    read.map_err(|why| ErrorObject::new(Code::TLS_FILES, why.to_string()))
}

fn read(tls: &Tls) -> Result<Trust, Distrust> {
    Trust::load(&TrustOptions {
        authorities: tls.authorities.clone(),
        pins: tls.pins.clone(),
        own: tls.own.clone(),
    })
}

fn files(why: &Distrust) -> Why {
    Why {
        text: why.to_string(),
        code: Some(Code::TLS_FILES),
    }
}

/// What it is among the codes that there is no connection, where that is TLS's doing.
pub(crate) fn code(why: &Closed) -> Option<Code> {
    let refusal = match why {
        Closed::Refused(refusal) => refusal,
        Closed::ByPeer
        | Closed::ByUs
        | Closed::Idle
        | Closed::NoAnswer
        | Closed::NotConnected(_)
        | Closed::Broken(_) => return None,
    };
    Some(match refusal {
        Refusal::Expired(_) | Refusal::NotYetValid(_) => Code::CERTIFICATE_OUT_OF_TIME,
        Refusal::SelfSigned | Refusal::UnknownAuthority => Code::CERTIFICATE_UNKNOWN,
        Refusal::WrongName { .. } | Refusal::NoName => Code::CERTIFICATE_OF_OTHERS,
        Refusal::NotPinned(_) => Code::CERTIFICATE_NOT_PINNED,
        Refusal::WrongPurpose
        | Refusal::Authority
        | Refusal::WeakKey(_)
        | Refusal::BadSignature
        | Refusal::Unreadable
        | Refusal::Unfit(_) => Code::CERTIFICATE_UNFIT,
        Refusal::WantsOurs | Refusal::RefusesOurs(_) => Code::OWN_CERTIFICATE_REFUSED,
        Refusal::NothingInCommon | Refusal::NotTls | Refusal::Other(_) => Code::TLS_FAILED,
    })
}
