//! REGISTER and OPTIONS as messages.

use super::binding::Binding;
use super::state::Attempt;
use super::words::Output;
use crate::ids::ClientId;
use base::Instant;
use core::fmt::Display;
use sip_message::{HeaderName, MAX_CSEQ, Method, NameAddr, Request, RequestBuilder, Uri};

impl Binding {
    /// Sends a REGISTER that was due at `due`.
    pub(super) fn send_register(&mut self, due: Instant, regular: bool, once: bool) -> Attempt {
        let attempt = Attempt {
            id: self.next_id(),
            due,
            used: Vec::new(),
            rounds: 0,
            regular,
            once,
            asked: false,
        };
        self.memory.redirections.begin();
        let expires = self.memory.expires_s;
        self.send_attempt(attempt, expires)
    }

    pub(super) fn send_removal(&mut self, now: Instant) -> Attempt {
        let attempt = Attempt {
            id: self.next_id(),
            due: now,
            used: Vec::new(),
            rounds: 0,
            regular: false,
            once: false,
            asked: false,
        };
        self.send_attempt(attempt, 0)
    }

    /// The next request of the same attempt: after a challenge, or with a longer expiry.
    pub(super) fn send_again(&mut self, mut attempt: Attempt, removal: bool) -> Attempt {
        attempt.id = self.next_id();
        attempt.rounds += 1;
        // Whoever answered is there.
        attempt.once = false;
        let expires = if removal { 0 } else { self.memory.expires_s };
        self.send_attempt(attempt, expires)
    }

    fn send_attempt(&mut self, mut attempt: Attempt, expires_s: u32) -> Attempt {
        let next_hop = self.memory.next_hop();
        let mut request = self.register_request(expires_s);
        let proof = self
            .memory
            .auth
            .authorize(&request, &next_hop, &mut self.rng);
        if !proof.headers.is_empty() {
            let mut builder = request.edit();
            for (name, value) in &proof.headers {
                builder = builder.header(*name, value);
            }
            request = builder.build();
        }
        attempt.used = proof.used;
        let id = attempt.id;
        self.outputs.push_back(if attempt.once {
            Output::SendOnce {
                id,
                request,
                next_hop,
            }
        } else {
            Output::Send {
                id,
                request,
                next_hop,
            }
        });
        attempt
    }

    /// One name after the other; the low part wraps within this binding's share.
    pub(super) fn next_id(&mut self) -> ClientId {
        let id = self.memory.next_id;
        let share = u64::from(u32::MAX >> 4);
        self.memory.next_id = ClientId((id.0 & !share) | (id.0.wrapping_add(1) & share));
        id
    }

    fn register_request(&mut self, expires_s: u32) -> Request {
        self.memory.cseq = next_cseq(self.memory.cseq);
        let memory = &self.memory;
        let to = memory.account.aor.without_param("tag");
        let mut request = self
            .request(Method::Register, &memory.call_id, memory.cseq, &to)
            .uri(memory.registrar())
            .header(HeaderName::Contact, bound(&memory.contact, expires_s));
        if let Some(stale) = &memory.stale_contact {
            request = request.header(HeaderName::Contact, bound(stale, 0));
        }
        if let Some(allow) = &memory.account.allow {
            request = request.header(HeaderName::Allow, allow);
        }
        request.header(HeaderName::Expires, expires_s).build()
    }

    /// The question whether the server is there.
    pub(super) fn options(&mut self) -> Request {
        self.memory.supervision.cseq = next_cseq(self.memory.supervision.cseq);
        let memory = &self.memory;
        let to = NameAddr::new(&memory.account.registrar);
        let supervision = &memory.supervision;
        self.request(Method::Options, &supervision.call_id, supervision.cseq, &to)
            .header(HeaderName::Contact, NameAddr::new(&memory.contact))
            .build()
    }

    fn request(
        &self,
        method: Method,
        call_id: &dyn Display,
        cseq: u32,
        to: &NameAddr,
    ) -> RequestBuilder {
        let account = &self.memory.account;
        let from = account.aor.with_tag(&self.memory.from_tag);
        let cseq = format!("{cseq} {method}");
        // Whether the server is there is asked of the account's own.
        let is_probe = method == Method::Options;
        let routes = if is_probe {
            account.route.clone()
        } else {
            self.memory.route()
        };
        let mut request = RequestBuilder::new(method, &account.registrar);
        for route in routes {
            request = request.header(HeaderName::Route, route);
        }
        request
            .header(HeaderName::From, from)
            .header(HeaderName::To, to)
            .header(HeaderName::CallId, call_id)
            .header(HeaderName::CSeq, cseq)
            .header(HeaderName::MaxForwards, 70)
    }
}

fn bound(contact: &Uri, expires_s: u32) -> NameAddr {
    NameAddr::new(contact).with_param("expires", &expires_s.to_string())
}

/// Rising, and starting anew long before it could overflow (RFC 3261 §8.1.1.5).
fn next_cseq(cseq: u32) -> u32 {
    if cseq >= MAX_CSEQ { 1 } else { cseq + 1 }
}
