//! What becomes of a call that comes in, and why: one decision of all that the account wishes.
//!
//! In this order: rules about the caller, do not disturb, forwarding of everything, what is done while another
//! call is up, auto-answer, and ringing. Whoever calls from an emergency number always rings.

use crate::answer::{AutoAnswer, PickUp, TONE};
use crate::disturb::{DoNotDisturb, Quiet};
use crate::forward::{Circle, Code, Forwarding, Hop};
use crate::rewrite::{Rewritten, Surroundings, Verdict};
use crate::ringtone::Ringtone;
use crate::rule::Rules;
use crate::{IdentityOrder, Moment, Policy};
use base::Duration;

#[cfg(test)]
mod tests;

/// What one account does with calls that come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receiving {
    /// Its rules, tested on the caller's number (C-44).
    pub rules: Rules,
    /// Who counts as the caller.
    pub identity: IdentityOrder,
    /// When nobody is to ring.
    pub do_not_disturb: DoNotDisturb,
    /// Where calls are sent.
    pub forwarding: Forwarding,
    /// What the server is dialled so that it does so itself.
    pub forwarding_codes: Vec<Code>,
    /// Whether a call rings while another is up (K-178).
    pub call_waiting: bool,
    /// When calls are picked up by themselves.
    pub auto_answer: AutoAnswer,
    /// Tones of some calls; the first that is for one counts (M-139).
    pub ringtones: Vec<Ringtone>,
}

impl Default for Receiving {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            identity: IdentityOrder::default(),
            do_not_disturb: DoNotDisturb::default(),
            forwarding: Forwarding::default(),
            forwarding_codes: Vec::new(),
            call_waiting: true,
            auto_answer: AutoAnswer::default(),
            ringtones: Vec::new(),
        }
    }
}

/// A call that came in, and how the phone stands.
#[derive(Debug, Clone)]
pub struct Arrival<'a> {
    /// Whoever calls, as [`IdentityOrder::choose`] found it: number, name or address.
    pub caller: &'a str,
    /// What is known of the caller, and the network.
    pub around: &'a Surroundings,
    /// The account's own address, such as `sip:101@pbx.example`.
    pub own: &'a str,
    /// Those who sent the call here, as Diversion and History-Info tell it.
    pub diverted_by: &'a [String],
    /// The request came from a server of the account, over a flow that is its own.
    pub trusted: bool,
    /// After how many seconds the caller wishes to be answered, if so.
    pub answer_after_s: Option<u32>,
    /// What its Alert-Info says: addresses, and what their parameters add.
    pub alert: &'a [String],
    /// Other calls that are up or ring.
    pub other_calls: usize,
    /// The time.
    pub now: Moment,
}

/// What is done with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// 180, and then whatever comes first.
    Ring {
        /// It is picked up by itself.
        pick_up: Option<PickUp>,
        /// It is sent elsewhere when nobody picked it up for so long.
        forward_after: Option<(Duration, String)>,
    },
    /// Refused with this status, without ringing.
    Reject(u16),
    /// 302, without ringing.
    Forward(String),
}

/// A decision with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What is done.
    pub decision: Decision,
    /// Why.
    pub reason: Reason,
    /// The caller's number as rules made it.
    pub number: String,
    /// The call is recorded once it is up.
    pub record: bool,
    /// The tone it rings with, where a line of the settings is for it.
    pub ringtone: Option<String>,
    /// It was to be sent elsewhere and is not.
    pub circle: Option<Circle>,
}

/// Why a call meets what it meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Nothing says otherwise.
    Nothing,
    /// It comes from an emergency number.
    Emergency,
    /// A rule, by its place from 1.
    Rule(usize),
    /// Do not disturb.
    DoNotDisturb(Quiet),
    /// All calls are forwarded.
    ForwardAlways,
    /// Another call is up, and such calls are forwarded.
    ForwardBusy,
    /// Another call is up, and calls do not wait.
    NoWaiting,
    /// Another call is up, and this one waits.
    Waiting,
    /// All calls are picked up.
    AutoAnswer,
    /// The caller wished to be answered, and may.
    AskedByCaller,
}

impl core::fmt::Display for Reason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Nothing => f.write_str("no rule says otherwise"),
            Self::Emergency => f.write_str("it is an emergency number"),
            Self::Rule(rule) => write!(f, "rule {rule} of incoming_rewriting"),
            Self::DoNotDisturb(Quiet::ByHand) => f.write_str("do not disturb is on"),
            Self::DoNotDisturb(Quiet::Schedule(line)) => {
                write!(f, "line {line} of do_not_disturb_schedule")
            }
            Self::ForwardAlways => f.write_str("all calls are forwarded"),
            Self::ForwardBusy => f.write_str("another call is up, and calls are forwarded then"),
            Self::NoWaiting => f.write_str("another call is up, and call waiting is off"),
            Self::Waiting => f.write_str("another call is up, and this one waits"),
            Self::AutoAnswer => f.write_str("calls are answered automatically"),
            Self::AskedByCaller => f.write_str("the caller asked for an answer, and may"),
        }
    }
}

/// SIP status of a call that is not wanted now. Source: K-091, K-138, K-178.
const BUSY: u16 = 486;

impl Policy {
    /// Decides about a call. Rules that come to no end leave the number as it was and decide nothing.
    pub fn decide(&self, arrival: &Arrival<'_>) -> Decided {
        let receiving = &self.receiving;
        let caller = arrival.caller;
        if self.dialling.is_emergency(caller) {
            return Decided {
                ringtone: self.ringtone(caller, arrival),
                ..settle(ringing(None, None), Reason::Emergency, caller, None)
            };
        }
        let made = receiving.rules.rewrite(caller, arrival.around, false);
        let made = made.unwrap_or_else(|_| Rewritten {
            number: caller.to_owned(),
            ..Rewritten::default()
        });
        let mut circle = None;
        let mut sends = |to: &str| {
            let hop = Hop {
                own: arrival.own,
                caller,
                diverted_by: arrival.diverted_by,
            };
            circle = circle.or(hop.circle(to));
            hop.circle(to).is_none()
        };
        let (decision, reason) = self
            .by_rule(&made, arrival, &mut sends)
            .unwrap_or_else(|| self.by_settings(&made.number, arrival, &mut sends));
        Decided {
            record: made.record,
            ringtone: self.ringtone(&made.number, arrival),
            ..settle(decision, reason, &made.number, circle)
        }
    }

    fn ringtone(&self, number: &str, arrival: &Arrival<'_>) -> Option<String> {
        let here = self.dialling.location.as_ref();
        let caller = (number, arrival.around.contacts.as_slice());
        let mut lines = self.receiving.ringtones.iter();
        let found = lines.find(|line| line.is_for(caller, arrival.alert, here));
        found.map(|line| line.tone.clone())
    }

    /// What the account's rules say of this caller.
    fn by_rule(
        &self,
        made: &Rewritten,
        arrival: &Arrival<'_>,
        sends: &mut impl FnMut(&str) -> bool,
    ) -> Option<(Decision, Reason)> {
        let last = made.steps.last().map_or(0, |step| step.rule);
        let decision = match made.verdict.as_ref()? {
            Verdict::Reject => Decision::Reject(BUSY),
            Verdict::Forward(to) if sends(to) => Decision::Forward(to.clone()),
            Verdict::Forward(_) => return None,
            Verdict::Answer if arrival.other_calls > 0 => return None,
            Verdict::Answer => {
                let pick_up = PickUp {
                    after: Duration::ZERO,
                    tone: TONE,
                    muted: self.receiving.auto_answer.muted,
                };
                ringing(Some(pick_up), None)
            }
        };
        Some((decision, Reason::Rule(last)))
    }

    /// What all calls meet at this time.
    fn by_settings(
        &self,
        number: &str,
        arrival: &Arrival<'_>,
        sends: &mut impl FnMut(&str) -> bool,
    ) -> (Decision, Reason) {
        let receiving = &self.receiving;
        let here = self.dialling.location.as_ref();
        let contacts = arrival.around.contacts.as_slice();
        let quiet = receiving
            .do_not_disturb
            .keeps_away(number, contacts, here, arrival.now);
        if let Some(quiet) = quiet {
            return (Decision::Reject(BUSY), Reason::DoNotDisturb(quiet));
        }
        let forwarding = &receiving.forwarding;
        if let Some(to) = forwarding.always.as_ref().filter(|to| sends(to)) {
            return (Decision::Forward(to.clone()), Reason::ForwardAlways);
        }
        let is_busy = arrival.other_calls > 0;
        if is_busy && let Some(to) = forwarding.busy.as_ref().filter(|to| sends(to)) {
            return (Decision::Forward(to.clone()), Reason::ForwardBusy);
        }
        if is_busy && !receiving.call_waiting {
            return (Decision::Reject(BUSY), Reason::NoWaiting);
        }
        let later = forwarding.no_answer.clone().filter(|(_, to)| sends(to));
        if is_busy {
            return (ringing(None, later), Reason::Waiting);
        }
        let auto = &receiving.auto_answer;
        let wish = arrival
            .answer_after_s
            .and_then(|after_s| auto.by_caller(after_s, (number, contacts), arrival.trusted, here));
        let (pick_up, reason) = match wish {
            Some(wish) => (Some(wish), Reason::AskedByCaller),
            None => match auto.by_ourselves() {
                Some(wish) => (Some(wish), Reason::AutoAnswer),
                None => (None, Reason::Nothing),
            },
        };
        (ringing(pick_up, later), reason)
    }
}

/// Of picking up and sending elsewhere, the later one never happens.
fn ringing(pick_up: Option<PickUp>, later: Option<(Duration, String)>) -> Decision {
    let (pick_up, forward_after) = match (pick_up, later) {
        (Some(pick_up), Some((wait, _))) if pick_up.after <= wait => (Some(pick_up), None),
        (Some(_), later @ Some(_)) => (None, later),
        (pick_up, later) => (pick_up, later),
    };
    Decision::Ring {
        pick_up,
        forward_after,
    }
}

fn settle(decision: Decision, reason: Reason, number: &str, circle: Option<Circle>) -> Decided {
    Decided {
        decision,
        reason,
        number: number.to_owned(),
        record: false,
        ringtone: None,
        circle,
    }
}
