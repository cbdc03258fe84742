//! Who is let in to watch what, and how the others are refused.

use super::topic::{Topic, contact};
use super::{ASK_AGAIN, EACH, Notifiers, OFFERED, SHARE_BITS, TAG, WATCHERS, Watched};
use crate::carol::{self, Carol};
use crate::extensions::Extension;
use base::{Duration, Instant};
use ports::{Address, Outbox, link};
use sip::auth::Authenticator;
use sip::notifier::{Ask, Input, Notifier, Refused, Terms, WatcherTag};
use sip::subscription::Package;
use sip::{ClientId, Origin, ServerId};
use sip_message::{Request, ResponseBuilder};

impl Notifiers {
    /// A SUBSCRIBE.
    pub(super) fn asked(
        &mut self,
        (id, request): (ServerId, &Request),
        origin: &Origin,
        now: Instant,
        out: &mut Outbox,
    ) {
        let tag = self.rng.token(TAG);
        let to = request.headers().to();
        let known = to.as_ref().ok().and_then(|to| to.tag());
        // Whoever comes first sees what she does now, and those who watch her already miss nothing of it.
        self.carol_goes_on(now, out);
        let refused = match known {
            Some(tag) => {
                let number = WatcherTag::read(tag).and_then(|tag| self.by_tag(tag));
                match number {
                    Some(number) => {
                        let request = request.clone();
                        return self.tell(number, Input::Subscribe { id, request }, now, out);
                    }
                    None => Refused::Unknown,
                }
            }
            None => match self.let_in((id, request), origin, now) {
                Ok(number) => return self.settle(number, out),
                Err(Answer::Said(response)) => {
                    let response = response.to_tag(&tag).build();
                    return out.post(link::Word::Respond { id, response });
                }
                Err(Answer::Refused(refused)) => refused,
            },
        };
        let response = refused.respond(request, &OFFERED, &tag);
        out.post(link::Word::Respond { id, response });
    }

    /// Takes a subscription that is new.
    fn let_in(
        &mut self,
        (id, request): (ServerId, &Request),
        origin: &Origin,
        now: Instant,
    ) -> Result<u64, Answer> {
        let guest = self.door.judge(request, now).map_err(|refusal| {
            let response = ResponseBuilder::to(request, refusal.status);
            let with = |response: ResponseBuilder, (name, value)| response.header(name, value);
            Answer::Said(refusal.headers.into_iter().fold(response, with))
        })?;
        let ask = Ask::read(request, &OFFERED)?;
        let who = guest
            .speaks_for(request)
            .ok_or(Refused::Forbidden)?
            .to_owned();
        let topic = self.topic(request, &ask, &who, now)?;
        let theirs = self.all.values().filter(|other| other.who == who).count();
        if self.all.len() >= WATCHERS || theirs >= EACH {
            return Err(Refused::TooMany.into());
        }
        let terms = Terms {
            contact: contact(&topic, origin),
            auth: Authenticator::new(None, &[]),
        };
        let content = self.content(&topic);
        self.last += 1;
        let number = self.last;
        let first = ClientId::new(Address::Presence as u8, number << SHARE_BITS);
        let rng = self.rng.split();
        let notifier = Notifier::take((id, request), ask, (terms, content), first, rng, now)?;
        let watched = Watched {
            notifier,
            topic,
            who,
        };
        self.all.insert(number, watched);
        Ok(number)
    }

    /// What `who` asks for, if it is there and theirs to see.
    fn topic(
        &self,
        request: &Request,
        ask: &Ask,
        who: &str,
        now: Instant,
    ) -> Result<Topic, Refused> {
        let topic = Topic::of(request, ask.package)?;
        let number = &topic.number;
        let directory = self.directory.borrow();
        let is_user = directory.users.names().any(|name| name == number);
        let is_extension = Extension::of(number.as_bytes(), false).is_some();
        let is_there = || directory.bindings.of(number, now).next().is_some();
        match ask.package {
            Package::MessageSummary if !is_user => return Err(Refused::Nobody),
            Package::MessageSummary if number != who => return Err(Refused::Forbidden),
            Package::MessageSummary => {}
            Package::Dialog | Package::Presence | Package::Registration | Package::Conference => {
                if !is_user && !is_extension {
                    return Err(Refused::Nobody);
                }
                if is_user && !is_extension && !is_there() {
                    return Err(absent(ASK_AGAIN));
                }
            }
        }
        if number == carol::NUMBER && ask.package == Package::Dialog {
            let (carol, until) = Carol::at(now);
            if carol == Carol::Away {
                return Err(absent(until.since(now)));
            }
        }
        Ok(topic)
    }
}

/// Why somebody is not let in.
enum Answer {
    /// In the notifier's words.
    Refused(Refused),
    /// In the door's.
    Said(ResponseBuilder),
}

impl From<Refused> for Answer {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

fn absent(again: Duration) -> Refused {
    Refused::Absent {
        again_s: again.as_millis().div_ceil(1_000) as u64,
    }
}
