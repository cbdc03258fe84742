//! NOTIFY as a message, and what its answer means.

use super::machine::{Notifier, Owed};
use super::words::{Output, Over};
use crate::auth::Used;
use crate::ids::ClientId;
use crate::registration::pace::obey;
use crate::subscription::Package;
use base::Instant;
use core::time::Duration;
use serde::{Deserialize, Serialize};
use sip_message::{HeaderName, Method, NameAddr, Response, Status, Uri};

/// Challenges in a row: of a proxy, of the watcher, and of a nonce that was stale.
const MAX_CHALLENGES: u32 = 3;

/// A NOTIFY that waits for its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Flight {
    pub(super) id: ClientId,
    used: Vec<Used>,
    /// Where it was sent.
    hop: Uri,
}

impl Notifier {
    /// Sends how it stands, with `said` in Subscription-State. Whoever may see nothing more is shown nothing.
    pub(super) fn notify(&mut self, said: &str, now: Instant) {
        let id = self.next_id();
        let memory = &mut self.memory;
        let document = (!memory.shows_nothing()).then(|| memory.content.write(memory.version));
        if document.is_some() {
            memory.version = memory.version.wrapping_add(1);
        }
        memory.owed = Owed::Nothing;
        memory.not_before = now + least_pause(memory.package);
        let (builder, next_hop) = memory.dialog.request(Method::Notify);
        let builder = builder
            .header(HeaderName::Contact, NameAddr::new(&memory.terms.contact))
            .header(HeaderName::Event, &memory.event)
            .header(HeaderName::SubscriptionState, said);
        let mut request = match document {
            Some((kind, body)) => builder.body(kind, body).build(),
            None => builder.build(),
        };
        let next_hop = next_hop.parse::<Uri>();
        let next_hop = next_hop.unwrap_or_else(|_| memory.terms.contact.clone());
        let proof = memory
            .terms
            .auth
            .authorize(&request, &next_hop, &mut self.rng);
        if !proof.headers.is_empty() {
            let mut builder = request.edit();
            for (name, value) in &proof.headers {
                builder = builder.header(*name, value);
            }
            request = builder.build();
        }
        memory.flight = Some(Flight {
            id,
            used: proof.used,
            hop: next_hop.clone(),
        });
        self.outputs.push_back(Output::Send {
            id,
            request,
            next_hop,
        });
    }

    /// What the answer to a NOTIFY means. Source: RFC 6665 §4.2.2.
    pub(super) fn response(&mut self, id: ClientId, response: &Response, now: Instant) {
        let memory = &mut self.memory;
        let status = response.status();
        if status.is_provisional() {
            return;
        }
        let Some(flight) = memory.flight.take_if(|out| out.id == id) else {
            return;
        };
        match status {
            Status::UNAUTHORIZED | Status::PROXY_AUTHENTICATION_REQUIRED => {
                let auth = &mut memory.terms.auth;
                let learnt = auth.challenged(response, &flight.used, &flight.hop, now);
                // A server that goes on asking has taken no proof of ours.
                memory.challenges += 1;
                if learnt.is_err() || memory.challenges > MAX_CHALLENGES {
                    return self.over(Over::Refused(status.code()));
                }
                memory.owed = Owed::Word;
            }
            _ if status.is_success() => {
                memory.challenges = 0;
                memory.terms.auth.accepted(response, &flight.used);
            }
            _ => match response.headers().retry_after() {
                // The watcher wants to hear of it, later.
                Ok(Some(seconds)) if self.is_active() && status != Status::CALL_DOES_NOT_EXIST => {
                    let after = Duration::from_secs(u64::from(seconds));
                    let after = obey(after, &mut self.rng);
                    self.memory.owed = Owed::Change;
                    self.memory.not_before = now + after;
                }
                Ok(_) | Err(_) => return self.over(Over::Refused(status.code())),
            },
        }
        self.push(now);
    }

    /// One name after the other; the low part wraps within this notifier's share.
    fn next_id(&mut self) -> ClientId {
        let id = self.memory.next_id;
        let share = u64::from(u32::MAX >> 4);
        self.memory.next_id = ClientId((id.0 & !share) | (id.0.wrapping_add(1) & share));
        id
    }
}

/// The least pause between two changes. Source: RFC 3856 §6.10; RFC 4235 §3.10.
const fn least_pause(package: Package) -> Duration {
    match package {
        Package::Presence => Duration::from_secs(5),
        Package::Dialog | Package::MessageSummary | Package::Registration | Package::Conference => {
            Duration::from_secs(1)
        }
    }
}
