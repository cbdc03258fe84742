//! TLS: whom a connection leads to, and how we prove who we are.
//!
//! A [`Client`] is one identity to meet with one account's [`Trust`]: connections are made and reused by it, so that
//! two domains behind one address never share one (RFC 5922 §7.5 lets connections be reused by identity only), and
//! sessions are resumed with whom they were begun with. The handshake is rustls's (TLS 1.2 and 1.3, no renegotiation);
//! who may answer is decided here, and each refusal has a reason of its own ([`Refusal`]).
//!
//! | file | holds |
//! | --- | --- |
//! | [`Client`] | whom to meet, and how |
//! | `trust` | [`Trust`]: authorities, pinned keys, our own certificate |
//! | `verifier` | the judgement of what a server shows |
//! | `identity` | which names a certificate proves (RFC 5922 §7.1) |
//! | `strength` | whether a key is long enough |
//! | `refusal` | [`Refusal`], in words |

mod identity;
mod refusal;
mod strength;
#[cfg(test)]
mod tests;
mod trust;
mod verifier;

pub use refusal::Refusal;
pub use trust::{Distrust, Trust, TrustOptions};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use verifier::Verifier;

/// Names that one client may meet, at most: the next hop's, and those of its account's servers.
const NAMES: usize = 8;

/// Tells clients apart; connections are reused by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ClientId(u64);

/// Whom connections lead to, and how we show ourselves there.
#[derive(Debug)]
pub struct Client {
    id: ClientId,
    server_name: ServerName<'static>,
    names: Vec<String>,
    config: Arc<ClientConfig>,
}

impl Client {
    /// A client that meets whoever proves one of `names`, best first: domain names or addresses. The first that is no
    /// address is said to the server (SNI, RFC 6066 §3).
    ///
    /// Sessions are resumed between connections of this client alone.
    pub fn new(names: &[String], trust: &Trust) -> Result<Self, Distrust> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let names: Vec<String> = names.iter().take(NAMES).map(|name| plain(name)).collect();
        let is_domain = |name: &&String| name.parse::<IpAddr>().is_err();
        let said = names.iter().find(is_domain).or(names.first());
        let server_name = said.and_then(|name| ServerName::try_from(name.clone()).ok());
        let server_name = server_name.ok_or_else(|| Distrust::NoName(names.join(", ")))?;
        let config = trust.config(Verifier::new(names.clone(), trust))?;
        Ok(Self {
            id: ClientId(NEXT.fetch_add(1, Ordering::Relaxed)),
            server_name,
            names,
            config: Arc::new(config),
        })
    }

    /// Tells it from every other client of this process.
    pub fn id(&self) -> ClientId {
        self.id
    }

    /// The handshake over a connection that stands. An error that is a [`Refusal`] carries it
    /// ([`Refusal::of`]).
    pub(crate) async fn handshake(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let connector = TlsConnector::from(Arc::clone(&self.config));
        connector.connect(self.server_name.clone(), stream).await
    }

    /// Which of its names the other end proved.
    pub(crate) fn met(&self, stream: &TlsStream<TcpStream>) -> Option<String> {
        let shown = stream.get_ref().1.peer_certificates()?.first()?;
        let certificate = webpki::EndEntityCert::try_from(shown).ok()?;
        identity::met(&certificate, &self.names).map(str::to_owned)
    }
}

/// A name as it is compared: small letters, without brackets and the dot of the root.
fn plain(name: &str) -> String {
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.trim_end_matches('.').to_ascii_lowercase()
}
