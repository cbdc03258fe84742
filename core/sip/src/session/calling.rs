//! Our INVITE is out and has no final response: early dialogs, forking, second tries.
//!
//! Source: RFC 3261 §13.2, §8.1.3.

use super::cancelling::Cancelling;
use super::end::{Cause, Detail, EndReason};
use super::ending;
use super::fx::{Asked, Fx};
use super::invite::{confirmed, new_leg, refusal, unreachable};
use super::ledger::{Ledger, Purpose};
use super::leg::{Left, Leg, accept, refuse};
use super::order::{Dial, ForkId, Order};
use super::redirect::Targets;
use super::refresh::Wish;
use super::write::Fields;
use super::{Input, Stage, Timer, read, reliable};
use crate::dialog::{LocalTag, MAX_FORWARDS, RouteSet};
use crate::dialogs::{News, Reliability};
use crate::ids::ClientId;
use serde::{Deserialize, Serialize};
use sip_message::{HeaderName, Method, Request, RequestBuilder, Response, Status, Text, Uri};

/// Most INVITEs of one call, whatever they were for: redirections, credentials, other intervals.
const MAX_INVITES: u8 = 12;

/// Letters of a Call-ID, five random bits each: nobody guesses it, nobody else draws it.
const CALL_ID_LETTERS: usize = 24;

/// First CSeqs are below this, far from where they would run out (RFC 3261 §8.1.1.5).
const FIRST_CSEQ_BOUND: u32 = 1 << 16;

/// What was heard of the INVITE that is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Heard {
    /// Nothing, so it may not be cancelled yet (RFC 3261 §9.1).
    Nothing,
    /// A provisional response.
    Provisional,
}

/// Our INVITE is out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Calling {
    pub(crate) dial: Dial,
    pub(crate) call_id: Text,
    pub(crate) tag: LocalTag,
    /// Request-URI of the INVITE that is out.
    pub(crate) target: Text,
    pub(crate) cseq: u32,
    pub(crate) invite: ClientId,
    pub(crate) heard: Heard,
    pub(crate) forks: Vec<Leg>,
    /// Early dialogs heard of so far: number of the next one.
    pub(crate) next_fork: u32,
    pub(crate) targets: Targets,
    pub(crate) wish: Option<Wish>,
    pub(crate) invites: u8,
}

impl Calling {
    /// Sends the first INVITE.
    pub(crate) fn start(dial: Dial, tag: LocalTag, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Self {
        if let Some(wait) = dial.no_answer_after {
            ledger.timers.set(Timer::NoAnswer, fx.now + wait);
        }
        let mut calling = Self {
            call_id: Text::from(fx.rng.token(CALL_ID_LETTERS)),
            tag,
            target: Text::from(dial.target.to_string()),
            cseq: fx.rng.number32() % FIRST_CSEQ_BOUND,
            invite: ClientId::new(fx.config.part, 0),
            heard: Heard::Nothing,
            forks: Vec::new(),
            next_fork: 0,
            targets: Targets::new(&dial.target),
            wish: fx.config.timer,
            invites: 0,
            dial,
        };
        let target = calling.dial.target.clone();
        calling.invite_again(&target, ledger, fx);
        calling
    }

    pub(crate) fn step(mut self, input: Input, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        match input {
            Input::Response { id, response } if id == self.invite => {
                self.responded(&response, ledger, fx)
            }
            Input::Response { id, response } => {
                self.other_response(id, &response, ledger, fx);
                Stage::Calling(Box::new(self))
            }
            Input::Failed { id, why } if id == self.invite => {
                ledger.close(id, fx);
                let reason = unreachable(why);
                self.fail(reason, ledger, fx)
            }
            Input::Failed { id, why: _ } => {
                self.other_failed(id, ledger, fx);
                Stage::Calling(Box::new(self))
            }
            Input::Request { asked, tag } => {
                self.request(asked, tag.as_deref(), ledger, fx);
                Stage::Calling(Box::new(self))
            }
            Input::Order(order) => self.order(order, ledger, fx),
            Input::Timer(Timer::NoAnswer) => {
                let reason = EndReason::local(Cause::NoAnswer);
                let said = Some("Q.850;cause=19;text=\"no answer\"".to_owned());
                Cancelling::begin(self, reason, said, ledger, fx)
            }
            Input::Timer(
                Timer::Reliable
                | Timer::KeepRinging
                | Timer::Success
                | Timer::Retry
                | Timer::Refresh
                | Timer::Tell
                | Timer::Cancelled
                | Timer::Forget,
            )
            | Input::Ack(_)
            | Input::Cancelled { .. } => Stage::Calling(Box::new(self)),
            Input::ServerEnded(id) => {
                for leg in &mut self.forks {
                    leg.lapse(id, ledger, fx);
                }
                Stage::Calling(Box::new(self))
            }
        }
    }

    fn responded(self, response: &Response, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        let status = response.status();
        match status.code() {
            100..=199 => Stage::Calling(Box::new(self.provisional(response, ledger, fx))),
            200..=299 => self.succeed(response, ledger, fx),
            300..=399 => self.redirected(response, ledger, fx),
            401 | 407 => self.challenged(response, ledger, fx),
            422 => self.too_short(response, ledger, fx),
            _ => {
                ledger.close(self.invite, fx);
                self.fail(refusal(response), ledger, fx)
            }
        }
    }

    /// 1xx: an early dialog where it has a tag (RFC 3261 §13.2.2.1).
    fn provisional(mut self, response: &Response, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Self {
        self.heard = Heard::Provisional;
        let status = response.status();
        if status.code() == 100 {
            return self;
        }
        let fork = match self.leg(response, ledger, fx) {
            None => ForkId::FIRST,
            Some(leg) => match leg.provisional(response, ledger, fx) {
                reliable::Heard::New => leg.fork,
                reliable::Heard::Ignored => return self,
            },
        };
        fx.tell(News::Progress { fork, status });
        self
    }

    /// The early dialog of `response`, made if it is new; none for a response without a tag.
    fn leg(&mut self, response: &Response, ledger: &Ledger, fx: &Fx<'_>) -> Option<&mut Leg> {
        let to = response.headers().to().ok()?;
        let tag = to.tag()?;
        if let Some(index) = self
            .forks
            .iter()
            .position(|leg| leg.dialog.is_with(Some(tag)))
        {
            return self.forks.get_mut(index);
        }
        if self.forks.len() >= fx.config.limits.forks {
            return None;
        }
        let leg = self.new_leg(response, ledger)?;
        self.forks.push(leg);
        self.forks.last_mut()
    }

    fn new_leg(&mut self, response: &Response, ledger: &Ledger) -> Option<Leg> {
        let sent = ledger.sent.iter().find(|sent| sent.id == self.invite)?;
        let fork = ForkId(self.next_fork);
        self.next_fork += 1;
        new_leg(
            &sent.request,
            response,
            self.tag,
            fork,
            self.dial.offer.as_ref(),
        )
    }

    /// The first 2xx: its dialog is the session, all others are over (RFC 3261 §13.2.2.4).
    fn succeed(mut self, response: &Response, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        let tag = response.headers().to().ok();
        let tag = tag.as_ref().and_then(|to| to.tag());
        let known = self.forks.iter().position(|leg| leg.dialog.is_with(tag));
        let leg = match known {
            Some(index) => Some(self.forks.swap_remove(index)),
            None => self.new_leg(response, ledger),
        };
        let sent = ledger.succeed(self.invite);
        let (Some(mut leg), Some(sent)) = (leg, sent) else {
            // A 2xx without a usable dialog can be neither acknowledged nor ended.
            fx.forget(self.invite);
            let reason = EndReason::failed(Detail::DialogLost).with_status(response.status());
            return self.fail(reason, ledger, fx);
        };
        if leg.dialog.confirm_by(response).is_err() {
            fx.forget(self.invite);
            let reason = EndReason::failed(Detail::DialogLost).with_status(response.status());
            return self.fail(reason, ledger, fx);
        }
        ledger.timers.clear(Timer::NoAnswer);
        fx.proved(ledger.account, &sent, response);
        let invite = sent.request.clone();
        ledger.forking = Some(sent);
        confirmed(self.invite, invite, leg, response, ledger, fx)
    }

    fn redirected(mut self, response: &Response, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        self.targets.redirect(response.headers());
        ledger.close(self.invite, fx);
        let mut reason = refusal(response);
        reason.detail = Detail::Redirected;
        self.fail(reason, ledger, fx)
    }

    /// The INVITE failed: another target, if there is one, or the end.
    fn fail(mut self, reason: EndReason, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        let everywhere = reason.status.is_some_and(|status| status.code() >= 600);
        let next = if everywhere || self.invites >= MAX_INVITES {
            None
        } else {
            self.targets.next(fx.config.redirects)
        };
        let Some(target) = next else {
            return ending::over(reason, ledger, fx);
        };
        fx.tell(News::Redirected { to: target.clone() });
        self.invite_again(&target, ledger, fx);
        Stage::Calling(Box::new(self))
    }

    /// 401 or 407: the same INVITE with credentials, its CSeq one higher (RFC 3261 §8.1.3.5).
    fn challenged(mut self, response: &Response, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        let sent = ledger.close(self.invite, fx);
        let cseq = self.cseq + 1;
        let again = sent
            .filter(|_| self.invites < MAX_INVITES)
            .and_then(|sent| ledger.prove(sent, response, cseq, fx).ok());
        match again {
            Some(id) => {
                self.cseq = cseq;
                self.sent_again(id);
                Stage::Calling(Box::new(self))
            }
            None => {
                let mut reason = refusal(response);
                reason.detail = Detail::Credentials;
                self.fail(reason, ledger, fx)
            }
        }
    }

    /// 422: the same with a longer interval, if the peer names one (RFC 4028 §7.3).
    fn too_short(mut self, response: &Response, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        ledger.close(self.invite, fx);
        let min_se = read::said(response.headers()).min_se;
        let longer = min_se.filter(|least| self.wish.is_none_or(|wish| wish.min_se < *least));
        let (Some(least), Ok(target)) = (longer, self.target.parse::<Uri>()) else {
            return self.fail(refusal(response), ledger, fx);
        };
        if self.invites >= MAX_INVITES {
            return self.fail(refusal(response), ledger, fx);
        }
        let interval = self.wish.map_or(least, |wish| wish.interval.max(least));
        self.wish = Some(Wish {
            interval,
            min_se: least,
        });
        self.invite_again(&target, ledger, fx);
        Stage::Calling(Box::new(self))
    }

    fn invite_again(&mut self, target: &Uri, ledger: &mut Ledger, fx: &mut Fx<'_>) {
        self.cseq += 1;
        self.target = Text::from(target.to_string());
        let (request, next_hop) = self.compose(ledger, fx);
        let id = ledger.send(Purpose::Invite, request, next_hop, fx);
        self.sent_again(id);
    }

    fn sent_again(&mut self, id: ClientId) {
        self.invite = id;
        self.invites += 1;
        self.heard = Heard::Nothing;
        self.forks.clear();
    }

    fn compose(&self, ledger: &Ledger, fx: &Fx<'_>) -> (Request, Text) {
        let path = RouteSet::configured(&self.dial.routes).path(&self.target);
        let mut builder = RequestBuilder::new(Method::Invite, &path.request_uri);
        for route in &path.routes {
            builder = builder.field(HeaderName::Route, route);
        }
        builder = builder
            .field(HeaderName::MaxForwards, MAX_FORWARDS)
            .field(
                HeaderName::From,
                self.dial.from.with_tag(&self.tag.to_string()),
            )
            .field(HeaderName::To, &self.dial.to)
            .field(HeaderName::CallId, &self.call_id)
            .field(HeaderName::CSeq, format_args!("{} INVITE", self.cseq))
            .capabilities(&ledger.contact);
        if let Some(wish) = self.wish {
            builder = builder
                .field(HeaderName::SessionExpires, wish.interval.as_secs())
                .field(HeaderName::MinSE, wish.min_se.as_secs());
        }
        match fx.config.reliability {
            Reliability::Supported => {}
            Reliability::Required => builder = builder.field(HeaderName::Require, "100rel"),
        }
        for (name, value) in &self.dial.headers {
            builder = builder.header(name.as_str(), value);
        }
        let request = builder.description(self.dial.offer.as_ref()).build();
        (request, path.next_hop)
    }

    fn other_response(
        &mut self,
        id: ClientId,
        response: &Response,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) {
        if response.status().is_provisional() {
            return;
        }
        let Some(sent) = ledger.close(id, fx) else {
            return;
        };
        let leg = match sent.purpose {
            Purpose::Offer(fork) | Purpose::Prack(fork) => {
                self.forks.iter_mut().find(|leg| leg.fork == fork)
            }
            Purpose::Invite
            | Purpose::Reinvite
            | Purpose::Refresh
            | Purpose::Bye
            | Purpose::User(_) => None,
        };
        let Some(leg) = leg else {
            return;
        };
        if let Some(sent) = leg.settle(sent, response, ledger, fx) {
            match sent.purpose {
                Purpose::Offer(_) => leg.update_answered(Some(response), fx),
                Purpose::Prack(_)
                | Purpose::Invite
                | Purpose::Reinvite
                | Purpose::Refresh
                | Purpose::Bye
                | Purpose::User(_) => {}
            }
        }
    }

    fn other_failed(&mut self, id: ClientId, ledger: &mut Ledger, fx: &mut Fx<'_>) {
        let Some(sent) = ledger.close(id, fx) else {
            return;
        };
        for leg in &mut self.forks {
            if sent.purpose == Purpose::Offer(leg.fork) {
                leg.update_answered(None, fx);
            }
        }
    }

    /// A request in one of the early dialogs.
    fn request(&mut self, asked: Asked, tag: Option<&str>, ledger: &mut Ledger, fx: &mut Fx<'_>) {
        let Some(index) = self.forks.iter().position(|leg| leg.dialog.is_with(tag)) else {
            refuse(&asked, Status::CALL_DOES_NOT_EXIST, fx);
            return;
        };
        match self.forks[index].request(asked, ledger, fx) {
            Left::Nothing | Left::Acknowledged => {}
            // Our INVITE is open (RFC 3261 §14.2).
            Left::Invite(asked) => refuse(&asked, Status::REQUEST_PENDING, fx),
            // A callee may not do that (RFC 3261 §15); this fork is lost all the same.
            Left::Bye(asked) => {
                accept(&asked, fx);
                self.forks.remove(index);
            }
        }
    }

    fn order(mut self, order: Order, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        match order {
            Order::HangUp(reason) => {
                let end = EndReason::local(Cause::Cancelled);
                return Cancelling::begin(self, end, reason, ledger, fx);
            }
            Order::Offer(offer) => {
                let refused = self
                    .forks
                    .iter_mut()
                    .map(|leg| leg.offer_by_update(&offer, ledger, fx))
                    .reduce(|one, other| one.or(other))
                    .unwrap_or(Err(Status::REQUEST_PENDING));
                if let Err(status) = refused {
                    let status = Some(status);
                    fx.tell(News::OfferRefused { status });
                }
            }
            Order::Answer(fork, answer) => {
                if let Some(leg) = self.forks.iter_mut().find(|leg| leg.fork == fork) {
                    leg.answer(&answer, ledger, fx);
                }
            }
            Order::RefuseOffer(fork, status) => {
                if let Some(leg) = self.forks.iter_mut().find(|leg| leg.fork == fork) {
                    leg.refuse(status, ledger, fx);
                }
            }
            Order::Contact(contact) => ledger.contact = Text::from(contact.to_string()),
            Order::Account(account) => ledger.account = Some(account),
            Order::Request(number, _) => fx.tell(News::Outcome {
                number,
                status: None,
            }),
            Order::Respond(id, status) => super::leg::respond(id, status, ledger, fx),
            Order::Progress(_) | Order::Accept(_) | Order::Decline(_) | Order::Redirect(_) => {}
        }
        Stage::Calling(Box::new(self))
    }
}
