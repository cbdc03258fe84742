//! What the rules of an account make of a call that comes in, and how that is carried out.
//!
//! The decision itself is policy's (`policy::incoming`). A call that is refused or sent elsewhere by it is told of and
//! kept in the history, and no phone rings: there is no `call.incoming`.

use crate::answering::{Plan, Step};
use crate::call::{Call, Stage};
use crate::{Dialogs, outgoing};
use base::Instant;
use control::event::CallWarning;
use control::history::Mark;
use control::snapshot::Party;
use control::{CallHandle, Code, EventBody};
use policy::answer::PickUp;
use policy::forward::Circle;
use policy::incoming::Reason;
use policy::{Arrival, Decided, Decision, Moment};
use ports::{Account, Outbox, identity_of, media};
use sip::session::Order;
use sip_message::{NameAddr, Request, Status, Uri};

/// A call that came in, as rules look at it.
#[derive(Debug)]
pub(crate) struct Came {
    /// Whoever calls, of all header fields that say so (K-148).
    pub(crate) from: NameAddr,
    decided: Option<Decided>,
}

impl Dialogs {
    /// Who calls, and what the account's rules say of it.
    pub(crate) fn look_at(
        &self,
        request: &Request,
        account: Option<&Account>,
        now: Instant,
    ) -> Option<Came> {
        let trusted = self.trusted;
        let order = account.map(|account| account.policy.receiving.identity.clone());
        let (_, from) = order
            .unwrap_or_default()
            .choose(trusted, |identity| identity_of(request, identity))?;
        let decided = account.map(|account| {
            let unix_ms = self.time(now).unix_ms();
            let offset = (self.settings.local_offset_min)(unix_ms);
            let caller = match from.uri().user() {
                Some(user) => user.to_owned(),
                None => from.uri().to_string(),
            };
            let around = self.around(account, &caller);
            account.policy.decide(&Arrival {
                caller: &caller,
                around: &around,
                own: &account.aor.to_string(),
                diverted_by: &diverted_by(request),
                trusted,
                answer_after_s: request.headers().answer_after(),
                alert: &request.headers().alert_words(),
                other_calls: self.others_up(None),
                now: Moment::new(i64::try_from(unix_ms).unwrap_or(i64::MAX), offset),
            })
        });
        Some(Came { from, decided })
    }

    /// What is done with it: as the account's rules say, or else as the host does with every call.
    pub(crate) fn fate(
        &mut self,
        came: Option<&Came>,
        account: Option<&Account>,
        request: &Request,
    ) -> Fate {
        match came {
            Some(came) => came.fate(account, || self.answering.plan(request)),
            None => Fate::Rings(self.answering.plan(request)),
        }
    }

    /// Calls that are not over, but this one.
    fn others_up(&self, but: Option<CallHandle>) -> usize {
        let up = |(handle, call): &(&CallHandle, &Call)| {
            Some(**handle) != but && !matches!(call.stage, Stage::Ended(_))
        };
        self.calls.iter().filter(up).count()
    }

    /// Picks up by itself: the person hears a tone before the microphone opens. Not beside another call, even
    /// if that one came later (M-137).
    pub(crate) fn pick_up(
        &mut self,
        handle: CallHandle,
        how: PickUp,
        now: Instant,
        out: &mut Outbox,
    ) {
        if self.others_up(Some(handle)) > 0 {
            return;
        }
        let Some(call) = self
            .calls
            .get_mut(&handle)
            .filter(|call| call.pending.is_some())
        else {
            return;
        };
        let ms = u32::try_from(how.tone.as_millis()).unwrap_or(u32::MAX);
        out.post(media::Word::Announce { call: handle, ms });
        if how.muted {
            call.snapshot.muted = true;
            out.post(media::Word::Mute {
                call: handle,
                on: true,
            });
        }
        self.accept(handle, now, out);
    }

    /// Nobody answered in time: the call is sent elsewhere.
    pub(crate) fn forward_unanswered(
        &mut self,
        handle: CallHandle,
        to: Uri,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(call) = self
            .calls
            .get(&handle)
            .filter(|call| call.pending.is_some())
        else {
            return;
        };
        let session = call.session;
        self.mark(handle, Mark::SentOn, out);
        self.order(session, Order::Redirect(vec![NameAddr::new(&to)]), now);
    }

    /// Refuses a call, or sends it elsewhere, without ringing.
    pub(crate) fn turn_away(
        &mut self,
        handle: CallHandle,
        away: Away,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(session) = self.calls.get(&handle).map(|call| call.session) else {
            return;
        };
        let (order, mark) = match away {
            Away::Refused(status, mark) => (Order::Decline(status), mark),
            Away::Sent(to) => (
                Order::Redirect(vec![NameAddr::new(&to)]),
                Some(Mark::SentOn),
            ),
        };
        if let Some(mark) = mark {
            self.mark(handle, mark, out);
        }
        self.order(session, order, now);
    }

    /// Forwarding that would bring the call back is left out, and said.
    pub(crate) fn warn_of_circle(
        &self,
        handle: CallHandle,
        circle: Circle,
        now: Instant,
        out: &mut Outbox,
    ) {
        let text = format!("the call is not forwarded: {circle}");
        let warning = Box::new(CallWarning {
            code: Code::FORWARDED_IN_A_CIRCLE,
            text,
            fix: "look at the forwarding of this account and of those that send calls here"
                .to_owned(),
        });
        self.tell(handle, EventBody::CallWarning(warning), now, out);
    }
}

/// A call that does not ring.
#[derive(Debug)]
pub(crate) enum Away {
    Refused(Status, Option<Mark>),
    Sent(Uri),
}

/// What rules made of a call, as it is carried out.
#[derive(Debug)]
pub(crate) enum Fate {
    /// As the plan says.
    Rings(Plan),
    /// At once, and no phone rings.
    Away(Away),
}

impl Came {
    /// What is done; `plan` is the host's, for calls that ring and that nothing else picks up.
    fn fate(&self, account: Option<&Account>, plan: impl FnOnce() -> Plan) -> Fate {
        let (Some(decided), Some(account)) = (&self.decided, account) else {
            return Fate::Rings(plan());
        };
        match &decided.decision {
            Decision::Reject(status) => {
                let status = Status::new(*status).unwrap_or(Status::BUSY_HERE);
                let quiet = matches!(decided.reason, Reason::DoNotDisturb(_));
                Fate::Away(Away::Refused(status, quiet.then_some(Mark::DoNotDisturb)))
            }
            Decision::Forward(to) => match outgoing::dialled(to, account) {
                Some(to) => Fate::Away(Away::Sent(to)),
                None => Fate::Rings(plan()),
            },
            Decision::Ring {
                pick_up,
                forward_after,
            } => {
                let mut plan = match pick_up {
                    Some(how) => Plan {
                        steps: vec![
                            (base::Duration::ZERO, Step::Ring),
                            (how.after, Step::PickUp(*how)),
                        ],
                        ..Plan::default()
                    },
                    None => plan(),
                };
                let later = forward_after.as_ref();
                if let Some((wait, Some(to))) =
                    later.map(|(wait, to)| (*wait, outgoing::dialled(to, account)))
                {
                    plan.steps.push((wait, Step::Forward(to)));
                    plan.steps.sort_by_key(|(at, _)| *at);
                }
                Fate::Rings(plan)
            }
        }
    }

    /// The tone it rings with, where the settings have one for it.
    pub(crate) fn ringtone(&self) -> Option<&str> {
        self.decided.as_ref()?.ringtone.as_deref()
    }

    /// Why it is not sent where the settings say.
    pub(crate) fn circle(&self) -> Option<Circle> {
        self.decided.as_ref().and_then(|decided| decided.circle)
    }

    /// Whether it is recorded once it is up (K-131).
    pub(crate) fn is_recorded(&self) -> bool {
        self.decided.as_ref().is_some_and(|decided| decided.record)
    }

    /// The caller, with the number that rules made of theirs.
    pub(crate) fn party(&self) -> Party {
        Party {
            uri: self.from.uri().to_string(),
            display: self.from.display().map(|name| name.into_owned()),
        }
    }
}

/// Everybody who sent the call on before it came here. The last target of History-Info is this phone (RFC 7044 §5).
pub(crate) fn diverted_by(request: &Request) -> Vec<String> {
    let headers = request.headers();
    let mut before = headers.history().unwrap_or_default();
    before.pop();
    let all = headers
        .diversions()
        .unwrap_or_default()
        .into_iter()
        .chain(before);
    all.map(|by| by.uri().to_string()).collect()
}
