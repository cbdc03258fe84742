//! SUBSCRIBE as a message.

use super::machine::Subscription;
use super::state::Attempt;
use super::words::{Output, RELATED};
use crate::dialog::{MAX_FORWARDS, RouteSet};
use crate::ids::ClientId;
use crate::lamp::list::RLMI;
use base::Instant;
use sip_message::{HeaderName, Method, NameAddr, RequestBuilder, Text, Uri};

impl Subscription {
    /// Sends a SUBSCRIBE outside of a dialog.
    pub(super) fn send_outside(&mut self, mut attempt: Attempt) -> Attempt {
        let memory = &mut self.memory;
        memory.cseq += 1;
        let watch = &memory.watch;
        let target = Text::from(watch.target.to_string());
        let path = RouteSet::configured(&watch.route).path(&target);
        let mut builder = RequestBuilder::new(Method::Subscribe, &path.request_uri);
        for route in &path.routes {
            builder = builder.header(HeaderName::Route, route);
        }
        builder = builder
            .header(HeaderName::MaxForwards, MAX_FORWARDS)
            .header(HeaderName::From, &memory.from)
            .header(HeaderName::To, NameAddr::new(&watch.target))
            .header(HeaderName::CallId, &memory.call_id)
            .header(HeaderName::CSeq, format!("{} SUBSCRIBE", memory.cseq));
        attempt.used = self.send((builder, path.next_hop), attempt.id, attempt.expires_s);
        attempt
    }

    /// Sends a SUBSCRIBE in the dialog of a leg.
    pub(super) fn send_inside(&mut self, index: usize, mut attempt: Attempt, now: Instant) {
        let Some(leg) = self.memory.legs.get_mut(index) else {
            return;
        };
        let written = leg.dialog.request(Method::Subscribe);
        leg.asked = now;
        leg.heard = false;
        leg.refresh_at = None;
        leg.notify_by = None;
        attempt.used = self.send(written, attempt.id, attempt.expires_s);
        if let Some(leg) = self.memory.legs.get_mut(index) {
            leg.attempt = Some(attempt);
        }
    }

    /// Completes and proves a SUBSCRIBE, and gives back the nonces it was sent with.
    fn send(
        &mut self,
        (builder, next_hop): (RequestBuilder, Text),
        id: ClientId,
        expires_s: u32,
    ) -> Vec<crate::auth::Used> {
        let watch = &mut self.memory.watch;
        let accept = watch.package.accept();
        let (accept, supported) = match watch.list {
            true => (format!("{accept}, {RLMI}, {RELATED}"), Some("eventlist")),
            false => (accept.to_owned(), None),
        };
        let mut builder = builder
            .header(HeaderName::Contact, NameAddr::new(&watch.contact))
            .header(HeaderName::Event, watch.package.name())
            .header(HeaderName::Accept, accept)
            .header(HeaderName::Expires, expires_s);
        if let Some(supported) = supported {
            builder = builder.header(HeaderName::Supported, supported);
        }
        let mut request = builder.build();
        let next_hop = next_hop
            .parse::<Uri>()
            .unwrap_or_else(|_| watch.target.clone());
        // Proved to whom the account's route leads, in the dialog too: the notifier is known to us only
        // by its answer to what went there, and often by another name.
        let asker = watch.route.first().map_or(&watch.target, NameAddr::uri);
        let proof = watch.auth.authorize(&request, asker, &mut self.rng);
        if !proof.headers.is_empty() {
            let mut builder = request.edit();
            for (name, value) in &proof.headers {
                builder = builder.header(*name, value);
            }
            request = builder.build();
        }
        self.outputs.push_back(Output::Send {
            id,
            request,
            next_hop,
        });
        proof.used
    }

    /// A request that was not sent yet.
    pub(super) fn attempt(&mut self, expires_s: u32) -> Attempt {
        Attempt {
            id: self.next_id(),
            used: Vec::new(),
            rounds: 0,
            expires_s,
        }
    }

    /// One name after the other; the low part wraps within this subscription's share.
    pub(super) fn next_id(&mut self) -> ClientId {
        let id = self.memory.next_id;
        let share = u64::from(u32::MAX >> 4);
        self.memory.next_id = ClientId((id.0 & !share) | (id.0.wrapping_add(1) & share));
        id
    }
}
