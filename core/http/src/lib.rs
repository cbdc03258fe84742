//! One HTTP client for everything that asks a server: blocking, for worker threads.
//!
//! What it is not: it parses no XML and no JSON, keeps no cookies, caches nothing, and listens to no proxy variable
//! of the environment.
//!
//! | file | holds |
//! | --- | --- |
//! | [`Client`] | one server and its password |
//! | `exchange` | one request and its answer |
//! | `password` | what is said to a 401 |
//! | [`policy`] | bounds |
//! | [`Options`] | what a plugin that asks one server can be told |
//! | [`error`] | what can be wrong |

pub mod error;
mod exchange;
mod options;
mod password;
pub mod policy;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use options::Options;
pub use policy::Policy;
pub use url::Url;

use base::{Redacted, Rng};
use error::server;
use password::Password;
use std::time::Instant;

/// A name and its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: Redacted<String>,
}

/// What is asked.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// `GET`, `PROPFIND`, …
    pub method: &'a str,
    /// Where.
    pub url: &'a Url,
    /// Header fields: names and values.
    pub headers: &'a [(&'a str, &'a str)],
    /// What is sent.
    pub body: &'a str,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status. A server that says no answers too.
    pub status: u16,
    /// Header fields in their order, names in lower case; those that are no text are left out.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// Who answered, after redirects.
    pub url: Url,
}

impl Answer {
    /// The first header field of this name, which is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter();
        let (_, value) = all.find(|(its, _)| its == name)?;
        Some(value)
    }
}

/// Asks one server, and those that it sends us to. Thread: \[worker\].
#[derive(Debug)]
pub struct Client {
    agent: ureq::Agent,
    policy: Policy,
    home: Url,
    password: Password,
}

/// Reads an address. Errors: it is none of HTTP's.
pub fn address(text: &str) -> Result<Url, Error> {
    let bad = || Error::BadAddress(text.to_owned());
    let mut url = Url::parse(text.trim()).map_err(|_| bad())?;
    let is_http = matches!(url.scheme(), "http" | "https");
    if !is_http || url.host().is_none() {
        return Err(bad());
    }
    // What stands there shows up in logs.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad());
    }
    url.set_fragment(None);
    Ok(url)
}

impl Client {
    /// For the server of `home`. Nobody else is told the password.
    pub fn new(policy: Policy, home: &Url, login: Option<Login>) -> Self {
        let mut seed = [0; 32];
        // Where the system has no randomness a nonce of ours is one that others could know, no more.
        let _ = getrandom::fill(&mut seed);
        Self {
            agent: exchange::agent(&policy),
            policy,
            home: home.clone(),
            password: Password::new(login, Rng::from_seed(seed)),
        }
    }

    /// Asks, follows redirects and answers a question for the password; each at most as often as the policy says.
    ///
    /// Redirects are followed for methods that change nothing; never from https to http.
    /// Errors: as [`Error`] lists them. A status of 400 and above is an answer, but 401.
    pub fn ask(&mut self, ask: &Ask<'_>) -> Result<Answer, Error> {
        let until = Instant::now() + self.policy.whole;
        let mut url = ask.url.clone();
        let mut method = ask.method;
        let mut body = ask.body;
        for hops in 0..=self.policy.redirects {
            let here = Ask {
                method,
                url: &url,
                body,
                ..*ask
            };
            let answer = self.prove(&here, until)?;
            let Some(to) = exchange::redirect(&answer, method)? else {
                return Ok(answer);
            };
            if hops == self.policy.redirects {
                break;
            }
            if answer.status == 303 {
                (method, body) = ("GET", "");
            }
            url = to;
        }
        Err(Error::TooManyRedirects {
            server: server(&url),
            most: self.policy.redirects,
        })
    }

    /// Asks with the password where that is known to be wanted, and once more where it is asked for.
    fn prove(&mut self, ask: &Ask<'_>, until: Instant) -> Result<Answer, Error> {
        let is_home = ask.url.origin() == self.home.origin();
        let known = match is_home {
            true => self.password.known(ask),
            false => None,
        };
        let tried = known.is_some();
        let answer = self.once(ask, known.as_deref(), until)?;
        if answer.status != 401 {
            return Ok(answer);
        }
        if !is_home {
            return Err(Error::NoPassword(server(ask.url)));
        }
        let clear = self.policy.clear_password || is_this_machine(ask.url);
        let proof = self.password.asked(ask, &answer, clear, tried)?;
        let answer = self.once(ask, Some(&proof), until)?;
        match answer.status {
            401 => Err(self.password.refused(ask.url)),
            _ => Ok(answer),
        }
    }

    fn once(&self, ask: &Ask<'_>, proof: Option<&str>, until: Instant) -> Result<Answer, Error> {
        exchange::once(&self.agent, &self.policy, ask, proof, until)
    }
}

/// What goes there passes no net.
fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
