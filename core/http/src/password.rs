//! What is said to a 401: Digest where it is offered, Basic only where nobody can read it on its way.
//!
//! Source: RFC 7616 §3.4 (the arithmetic is `sip::auth`), RFC 7617 §2.

use crate::error::server;
use crate::{Answer, Ask, Error, Login};
use base::{Instant, Rng};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sip::auth::{Credentials, Digest};
use url::{Position, Url};

/// A login, and how its server wants it.
#[derive(Debug)]
pub(crate) struct Password {
    login: Option<Login>,
    wanted: Wanted,
    rng: Rng,
}

#[derive(Debug)]
enum Wanted {
    /// Nobody asked yet.
    Unknown,
    Basic(String),
    Digest(Box<Digest>),
}

impl Password {
    pub(crate) const fn new(login: Option<Login>, rng: Rng) -> Self {
        Self {
            login,
            wanted: Wanted::Unknown,
            rng,
        }
    }

    /// The proof, where the server has asked before.
    pub(crate) fn known(&mut self, ask: &Ask<'_>) -> Option<String> {
        match &mut self.wanted {
            Wanted::Unknown => None,
            Wanted::Basic(proof) => Some(proof.clone()),
            Wanted::Digest(digest) => {
                let (uri, body) = (path(ask.url), ask.body.as_bytes());
                Some(digest.answer(ask.method, uri, body, &mut self.rng))
            }
        }
    }

    /// The proof for a server that asks now. `clear`: it may be readable on its way. `tried`: one was sent already.
    pub(crate) fn asked(
        &mut self,
        ask: &Ask<'_>,
        answer: &Answer,
        clear: bool,
        tried: bool,
    ) -> Result<String, Error> {
        let Some(login) = &self.login else {
            return Err(Error::NoPassword(server(ask.url)));
        };
        if tried && matches!(self.wanted, Wanted::Basic(_)) {
            return Err(self.refused(ask.url));
        }
        let credentials = Credentials {
            user: login.user.clone(),
            password: login.password.clone(),
            realm: None,
        };
        let lines = || {
            let asks = |(name, _): &&(String, String)| name == "www-authenticate";
            let lines = answer.headers.iter().filter(asks);
            lines.map(|(_, value)| value.as_str())
        };
        // A challenge is answered once; when it is answered does not matter to it.
        if let Ok(digest) = Digest::of(lines(), &credentials, Instant::ZERO) {
            self.wanted = Wanted::Digest(Box::new(digest));
        } else if lines().any(is_basic) {
            if ask.url.scheme() != "https" && !clear {
                return Err(Error::ClearPassword(server(ask.url)));
            }
            self.wanted = Wanted::Basic(basic(login));
        } else {
            return Err(Error::UnknownScheme(server(ask.url)));
        }
        let none = || Error::UnknownScheme(server(ask.url));
        self.known(ask).ok_or_else(none)
    }

    /// The server does not take it. It is not said again before it asks.
    pub(crate) fn refused(&mut self, url: &Url) -> Error {
        self.wanted = Wanted::Unknown;
        let user = self.login.as_ref().map(|login| login.user.clone());
        Error::WrongPassword {
            server: server(url),
            user: user.unwrap_or_default(),
        }
    }
}

/// As the request line has it.
fn path(url: &Url) -> &str {
    &url[Position::BeforePath..Position::AfterQuery]
}

fn is_basic(line: &str) -> bool {
    let mut schemes = line.split(',').map(str::trim_start);
    schemes.any(|part| {
        part.get(..5)
            .is_some_and(|word| word.eq_ignore_ascii_case("basic"))
    })
}

fn basic(login: &Login) -> String {
    let text = format!("{}:{}", login.user, login.password.reveal());
    format!("Basic {}", STANDARD.encode(text))
}
