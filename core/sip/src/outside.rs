//! Requests outside of dialogs that prove who sends them: written, numbered, and what their answers ask for.
//!
//! What MESSAGE (RFC 3428) and PUBLISH (RFC 3903) share. Source: RFC 3261 §8.1 and §22.

use crate::auth::{Authenticator, Refusal, Used};
use crate::dialog::{MAX_FORWARDS, RouteSet};
use crate::ids::ClientId;
use base::{Instant, Rng};
use serde::{Deserialize, Serialize};
use sip_message::{
    Class, HeaderName, Method, NameAddr, Request, RequestBuilder, Response, Status, Text, Uri,
};

/// Requests that one attempt may take: two challengers, a stale nonce, and what the method adds.
const MAX_ROUNDS: u32 = 5;
/// Letters of a tag or Call-ID: 100 bits.
const LETTERS: usize = 20;

/// Who sends, to whom, and which way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// Request-URI and To.
    pub target: Uri,
    /// From, without a tag.
    pub from: NameAddr,
    /// Proxies, first hop first.
    pub route: Vec<NameAddr>,
    /// Who proves who we are.
    pub auth: Authenticator,
}

/// One request after another of the same sender: one Call-ID, counted CSeq.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outside {
    sender: Sender,
    /// From of our requests, tag included.
    from: Text,
    call_id: Text,
    cseq: u32,
}

/// A request that waits for its final response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Its name.
    pub id: ClientId,
    used: Vec<Used>,
    rounds: u32,
}

impl Attempt {
    /// A first one.
    pub const fn first(id: ClientId) -> Self {
        Self {
            id,
            used: Vec::new(),
            rounds: 0,
        }
    }

    /// The one after this, where one more is allowed.
    pub fn again(&self, id: ClientId) -> Option<Self> {
        let rounds = self.rounds + 1;
        (rounds < MAX_ROUNDS).then_some(Self {
            id,
            used: Vec::new(),
            rounds,
        })
    }
}

/// What a final response means for the request that it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It was taken.
    Taken(Status),
    /// The same again, with what was learnt.
    Again,
    /// The server wants a proof that we do not or must not give.
    Unproved(Refusal),
    /// The server said no.
    Refused {
        /// Its status.
        status: u16,
        /// Its reason phrase.
        reason: String,
    },
}

impl Outside {
    /// Nothing was sent yet.
    pub fn new(sender: Sender, rng: &mut Rng) -> Self {
        let from = sender.from.with_tag(&rng.token(LETTERS)).to_string();
        Self {
            from: Text::from(from),
            call_id: Text::from(rng.token(LETTERS)),
            cseq: 0,
            sender,
        }
    }

    /// Whom it goes to.
    pub const fn target(&self) -> &Uri {
        &self.sender.target
    }

    /// Its Call-ID.
    pub const fn call_id(&self) -> &Text {
        &self.call_id
    }

    /// The next request, with what `more` adds, and its next hop.
    pub fn write(
        &mut self,
        method: Method,
        attempt: &mut Attempt,
        rng: &mut Rng,
        more: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> (Request, Uri) {
        self.cseq += 1;
        let sender = &mut self.sender;
        let target = Text::from(sender.target.to_string());
        let path = RouteSet::configured(&sender.route).path(&target);
        let cseq = format!("{} {method}", self.cseq);
        let mut builder = RequestBuilder::new(method, &path.request_uri);
        for route in &path.routes {
            builder = builder.header(HeaderName::Route, route);
        }
        builder = builder
            .header(HeaderName::MaxForwards, MAX_FORWARDS)
            .header(HeaderName::From, &self.from)
            .header(HeaderName::To, NameAddr::new(&sender.target))
            .header(HeaderName::CallId, &self.call_id)
            .header(HeaderName::CSeq, cseq);
        let mut request = more(builder).build();
        let next_hop = path.next_hop.parse();
        let next_hop = next_hop.unwrap_or_else(|_| sender.target.clone());
        let asker = sender.route.first().map_or(&sender.target, NameAddr::uri);
        let proof = sender.auth.authorize(&request, asker, rng);
        if !proof.headers.is_empty() {
            let mut builder = request.edit();
            for (name, value) in &proof.headers {
                builder = builder.header(*name, value);
            }
            request = builder.build();
        }
        attempt.used = proof.used;
        (request, next_hop)
    }

    /// What a final response to `attempt` means.
    pub fn answered(&mut self, attempt: &Attempt, response: &Response, now: Instant) -> Answer {
        let status = response.status();
        let sender = &mut self.sender;
        let asks = matches!(
            status,
            Status::UNAUTHORIZED | Status::PROXY_AUTHENTICATION_REQUIRED
        );
        if asks {
            let hop = sender.route.first();
            let hop = hop.map_or(&sender.target, NameAddr::uri);
            let auth = &mut sender.auth;
            return match auth.challenged(response, &attempt.used, hop, now) {
                Ok(()) if attempt.rounds + 1 < MAX_ROUNDS => Answer::Again,
                Ok(()) => Answer::Unproved(Refusal::Loop),
                Err(refusal) => Answer::Unproved(refusal),
            };
        }
        sender.auth.accepted(response, &attempt.used);
        match status.class() {
            Class::Success => Answer::Taken(status),
            Class::Provisional
            | Class::Redirection
            | Class::ClientError
            | Class::ServerError
            | Class::GlobalFailure => Answer::Refused {
                status: status.code(),
                reason: String::from_utf8_lossy(response.reason()).into_owned(),
            },
        }
    }
}
