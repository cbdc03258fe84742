//! How calls that come in begin: a handle, a plan, ports, an answer.

use crate::call::{Call, Pending};
use crate::decided::{Came, Fate};
use crate::{Dialogs, describe, outgoing, tell};
use base::Instant;
use control::event::{CallIncoming, CallSilenced, CallWarning};
use control::history::Mark;
use control::snapshot::{CallDirection, CallSnapshot, Party};
use control::{CallHandle, Code, CommandId, ErrorObject, EventBody, quoted};
use core::net::IpAddr;
use ports::account::default_of;
use ports::{Outbox, link, media};
use sip::dialogs::Invitation;
use sip::session::Order;
use sip::{ServerId, SessionId};
use sip_message::{HeaderName, Method, NameAddr, Request, ResponseBuilder, Status};

impl Dialogs {
    /// Refuses by itself what the host's rule refuses and what offers nothing that we could use, before
    /// there is a session and before anybody's phone rings; only outside of dialogs.
    pub(crate) fn refuses(
        &mut self,
        id: ServerId,
        request: &Request,
        local: IpAddr,
        out: &mut Outbox,
    ) -> bool {
        let in_dialog = request.headers().to().is_ok_and(|to| to.tag().is_some());
        if in_dialog || *request.method() != Method::Invite {
            return false;
        }
        let unusable = || describe::refusal(request, local, &self.settings);
        let Some(refusal) = self.answering.refuse(request).or_else(unusable) else {
            return false;
        };
        let tag = self.rng.token(10);
        let mut response = ResponseBuilder::to(request, refusal.status).to_tag(&tag);
        for (name, value) in refusal.headers {
            response = response.header(name, value);
        }
        out.post(link::Word::Respond {
            id,
            response: response.build(),
        });
        true
    }

    pub(crate) fn incoming(
        &mut self,
        session: SessionId,
        invitation: Invitation,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Invitation {
            request,
            origin,
            replaces,
            offer,
        } = invitation;
        let replaces = replaces.and_then(|session| self.by_session.get(&session).copied());
        let handle = self.handles.next();
        let account = self.called_account(&request).cloned();
        let came = self.look_at(&request, account.as_ref(), now);
        let from = came.as_ref().map(Came::party).unwrap_or_default();
        let to = request.headers().to();
        let to = to.map(|to| party(&to)).unwrap_or_default();
        let named = account
            .as_ref()
            .and_then(|account| account.name.parse().ok());
        let direction = CallDirection::Incoming;
        let created = self.time(now);
        let mut snapshot = CallSnapshot::begun(handle, named, direction, (from, to), created);
        snapshot.sip_call_id = describe::call_id(&request);
        snapshot.returned = self.returns(&request, came.as_ref(), account.as_ref(), now);
        let mut call = Call::new(handle, session, snapshot, now);
        call.replaces = replaces;
        let mut away = None;
        match replaces.and_then(|old| self.calls.get(&old)) {
            // The person answered already, to somebody who sent this one.
            Some(old) => {
                call.sound = old.sound.clone();
                call.wants_accept = true;
            }
            None => match self.fate(came.as_ref(), account.as_ref(), &request) {
                Fate::Rings(plan) => call.follow(plan, now),
                Fate::Away(why) => away = Some(why),
            },
        }
        call.after.record = came.as_ref().is_some_and(Came::is_recorded);
        self.await_record(&mut call, now);
        call.pending = Some(Pending { offer, fork: None });
        call.sound_asked = away.is_none();
        let local = origin.local.ip();
        self.by_session.insert(session, handle);
        self.calls.insert(handle, call);
        self.created(handle, now, out);
        self.mark_way(handle, &request, out);
        if let Some(circle) = came.as_ref().and_then(Came::circle) {
            self.warn_of_circle(handle, circle, now, out);
        }
        if let Some(away) = away {
            return self.turn_away(handle, away, now, out);
        }
        self.announce(handle, &request, now, out);
        self.gets_ready(handle, came.as_ref(), local, out);
    }

    /// It rings once there are ports: what cannot be answered does not ring.
    fn gets_ready(&self, handle: CallHandle, came: Option<&Came>, local: IpAddr, out: &mut Outbox) {
        let Some(call) = self.calls.get(&handle) else {
            return;
        };
        if let Some(tone) = came.and_then(Came::ringtone).map(str::to_owned) {
            out.post(media::News::Ringtone { call: handle, tone });
        }
        out.post(media::Word::Prepare {
            call: handle,
            account: call.snapshot.account.clone(),
            local,
            sound: call.sound.clone(),
        });
    }

    /// Marks how it came here.
    fn mark_way(&self, handle: CallHandle, request: &Request, out: &mut Outbox) {
        if request.headers().first(HeaderName::Diversion).is_some() {
            self.mark(handle, Mark::Forwarded, out);
        }
        let call = self.calls.get(&handle);
        if call.is_some_and(|call| call.snapshot.returned.is_some()) {
            self.mark(handle, Mark::Returned, out);
        }
    }

    fn announce(&self, handle: CallHandle, request: &Request, now: Instant, out: &mut Outbox) {
        let Some(call) = self.calls.get(&handle) else {
            return;
        };
        let text = |name| {
            let value = request.headers().first(name)?;
            Some(String::from_utf8_lossy(value).into_owned())
        };
        let incoming = CallIncoming {
            from: call.snapshot.from.uri.clone(),
            display: call.snapshot.from.display.clone(),
            to: call.snapshot.to.uri.clone(),
            diverted_by: text(HeaderName::Diversion),
            alert_info: text(HeaderName::AlertInfo),
            answer_after_s: request.headers().answer_after(),
            replaces: call.replaces,
            verified: false,
            snapshot: call.snapshot.clone(),
        };
        self.tell(
            handle,
            EventBody::CallIncoming(Box::new(incoming)),
            now,
            out,
        );
    }

    /// The account that was called, or the only one there is.
    fn called_account(&self, request: &Request) -> Option<&ports::Account> {
        let mut accounts = self.accounts.values().map(|(_, account)| account);
        let meant = ports::account::meant(accounts.clone(), request);
        meant.or_else(|| accounts.next().filter(|_| self.accounts.len() == 1))
    }

    /// Picks up: at once, or as soon as media is ready.
    pub(crate) fn accept(&mut self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        if call.local.is_none() {
            call.wants_accept = true;
            return;
        }
        let Some(pending) = call.pending.take() else {
            return;
        };
        let session = call.session;
        call.wants_accept = false;
        match pending.offer {
            Some(offer) => match describe::answer(call, &offer) {
                Ok((answer, agreed)) => {
                    self.agreed(handle, agreed, now, out);
                    self.takes_place(handle, now, out);
                    self.order(session, Order::Accept(Some(answer)), now);
                }
                Err(why) => {
                    tracing::info!(why = why.why, "offer cannot be used");
                    let status = Status::new(why.status).unwrap_or(Status::NOT_ACCEPTABLE_HERE);
                    self.order(session, Order::Decline(status), now);
                }
            },
            None => {
                let offer = describe::offer(call);
                self.takes_place(handle, now, out);
                self.order(session, Order::Accept(offer), now);
            }
        }
    }

    /// A call is about to be answered: the one that it replaces ends, any other that has the microphone is
    /// held.
    fn takes_place(&mut self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        self.stands(handle, media::Standing::Up, out);
        let old = self.calls.get(&handle).and_then(|call| call.replaces);
        if let Some(old) = old.and_then(|old| self.calls.get_mut(&old)) {
            old.steps.clear();
            old.replaced = true;
            let session = old.session;
            self.order(session, Order::HangUp(None), now);
        }
        self.inherit_room(handle, now, out);
        self.make_room(handle, now, out);
    }

    /// A call rings on, unheard; its caller is told nothing.
    pub(crate) fn silence(
        &mut self,
        command: CommandId,
        handle: CallHandle,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        call.snapshot.silenced = true;
        let snapshot = call.snapshot.clone();
        self.stands(handle, media::Standing::Hushed, out);
        let body = EventBody::CallSilenced(Box::new(CallSilenced { snapshot }));
        self.tell_of(Some(command), (handle, body), now, out);
    }

    /// Sends a call that rings elsewhere: to an address, or to a number at its account's domain.
    pub(crate) fn redirect(
        &mut self,
        command: CommandId,
        handle: CallHandle,
        to: &str,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get(&handle) else {
            return;
        };
        let session = call.session;
        let named = call.snapshot.account.as_ref();
        let account = named.and_then(|named| self.accounts.get(named.as_str()));
        let account = account.map(|(_, account)| account);
        let account = account.or_else(|| default_of(self.accounts.values().map(|(_, a)| a)));
        let Some(target) = account.and_then(|account| outgoing::dialled(to, account)) else {
            let why = format!("{} is no number and no address", quoted(to));
            let error = ErrorObject::new(Code::BAD_ADDRESS, why);
            let warning = Box::new(CallWarning {
                code: error.code,
                text: error.detail,
                fix: error.fix,
            });
            let body = EventBody::CallWarning(warning);
            return self.tell_of(Some(command), (handle, body), now, out);
        };
        self.commanded(handle, |causes| causes.ends = Some(command));
        self.order(session, Order::Redirect(vec![NameAddr::new(&target)]), now);
    }

    /// Media is ready in a live session: whatever waited for it goes on.
    pub(crate) fn media_came(&mut self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        let Some(call) = self.calls.get(&handle) else {
            return;
        };
        if call.wants_accept {
            self.accept(handle, now, out);
        }
        self.follow_plan(handle, now, out);
    }

    /// The peer offers inside the session.
    pub(crate) fn offered(
        &mut self,
        handle: CallHandle,
        pending: Pending,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let session = call.session;
        let fork = pending.fork.unwrap_or_default();
        let order = match pending.offer {
            Some(offer) => match describe::answer(call, &offer) {
                Ok((answer, agreed)) => {
                    let held = call.snapshot.held_by_remote;
                    self.agreed(handle, agreed, now, out);
                    self.hold_changed(handle, held, now, out);
                    Order::Answer(fork, answer)
                }
                Err(why) => {
                    let status = Status::new(why.status).unwrap_or(Status::NOT_ACCEPTABLE_HERE);
                    Order::RefuseOffer(fork, status)
                }
            },
            None => match describe::offer(call) {
                Some(offer) => Order::Answer(fork, offer),
                None => Order::RefuseOffer(fork, Status::SERVER_INTERNAL_ERROR),
            },
        };
        self.order(session, order, now);
        self.offer_after_theirs(handle, now);
    }

    /// Offer and answer agree: voice flows, or changes.
    pub(crate) fn agreed(
        &mut self,
        handle: CallHandle,
        agreed: sdp::Agreed,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        if call.agreed.as_ref() == Some(&agreed) {
            return;
        }
        call.show_media(&agreed);
        let renewed = call.agreed.replace(agreed.clone()).is_some();
        out.post(media::Word::Apply {
            call: handle,
            agreed: Box::new(agreed),
        });
        // The first agreement is told with the answer.
        if renewed {
            self.media_state(handle, tell::Flow::None, now, out);
        }
    }
}

fn party(who: &NameAddr) -> Party {
    Party {
        uri: who.uri().to_string(),
        display: who.display().map(|d| d.into_owned()),
    }
}
