//! We hung up before a final response to our INVITE: CANCEL and its races.
//!
//! Source: RFC 3261 §9.1, RFC 5407 §3.1.2.

use super::calling::{Calling, Heard};
use super::end::EndReason;
use super::ending::{Ending, LeftOver, Report, goodbye_request};
use super::fx::Fx;
use super::invite::{acknowledge, new_leg};
use super::ledger::Ledger;
use super::order::ForkId;
use super::{GIVE_UP, Input, Stage, T2, Timer};
use serde::{Deserialize, Serialize};
use sip_message::Response;

/// Where the CANCEL stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Cancel {
    /// No provisional response yet, so it waits (RFC 3261 §9.1); the text is its Reason.
    Waiting(Option<String>),
    /// It is out.
    Sent,
}

/// We hung up before a final response to our INVITE.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Cancelling {
    calling: Calling,
    cancel: Cancel,
    report: Report,
}

impl Cancelling {
    /// Cancels as soon as that is allowed.
    pub(crate) fn begin(
        calling: Calling,
        end: EndReason,
        reason: Option<String>,
        ledger: &mut Ledger,
        fx: &mut Fx<'_>,
    ) -> Stage {
        ledger.timers.clear_all();
        ledger.timers.set(Timer::Tell, fx.now + T2);
        let mut cancelling = Self {
            calling,
            cancel: Cancel::Waiting(reason),
            report: Report::Due(end),
        };
        match cancelling.calling.heard {
            Heard::Nothing => {}
            Heard::Provisional => cancelling.cancel(ledger, fx),
        }
        Stage::Cancelling(Box::new(cancelling))
    }

    fn cancel(&mut self, ledger: &mut Ledger, fx: &mut Fx<'_>) {
        match core::mem::replace(&mut self.cancel, Cancel::Sent) {
            Cancel::Waiting(reason) => {
                fx.cancel(self.calling.invite, reason);
                ledger.timers.set(Timer::Cancelled, fx.now + GIVE_UP);
            }
            Cancel::Sent => {}
        }
    }

    pub(crate) fn step(mut self, input: Input, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        match input {
            Input::Response { id, response } if id == self.calling.invite => {
                return self.responded(&response, ledger, fx);
            }
            Input::Failed { id, why: _ } if id == self.calling.invite => {
                ledger.close(id, fx);
                return self.finish(ledger, fx);
            }
            Input::Timer(Timer::Cancelled) => {
                // Silence for 64·T1 ends the INVITE too (RFC 3261 §9.1).
                ledger.close(self.calling.invite, fx);
                fx.abandon(self.calling.invite);
                return self.finish(ledger, fx);
            }
            Input::Timer(Timer::Tell) => self.report.tell(fx),
            Input::Response { id, response } => {
                if response.status().is_final() {
                    ledger.close(id, fx);
                }
            }
            Input::Failed { id, why: _ } => {
                ledger.close(id, fx);
            }
            Input::Request { asked, tag: _ } => goodbye_request(&asked, fx),
            Input::Order(order) => self.report.not_now(&order, fx),
            Input::Timer(
                Timer::NoAnswer
                | Timer::Reliable
                | Timer::KeepRinging
                | Timer::Success
                | Timer::Retry
                | Timer::Refresh
                | Timer::Forget,
            )
            | Input::Ack(_)
            | Input::Cancelled { .. }
            | Input::ServerEnded(_) => {}
        }
        Stage::Cancelling(Box::new(self))
    }

    fn responded(mut self, response: &Response, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        let status = response.status();
        if status.is_provisional() {
            self.cancel(ledger, fx);
            return Stage::Cancelling(Box::new(self));
        }
        if !status.is_success() {
            ledger.close(self.calling.invite, fx);
            if let Report::Due(reason) = &mut self.report {
                reason.status = Some(status);
            }
            return self.finish(ledger, fx);
        }
        // The 2xx crossed the CANCEL, or nobody listened to it: ACK, then BYE (RFC 5407 §3.1.2).
        let id = self.calling.invite;
        let sent = ledger.succeed(id);
        let made = sent.as_ref().and_then(|sent| {
            new_leg(
                &sent.request,
                response,
                self.calling.tag,
                ForkId::FIRST,
                None,
            )
        });
        let (Some(sent), Some(mut leg)) = (sent, made) else {
            fx.forget(id);
            return self.finish(ledger, fx);
        };
        if let Some(early) = self
            .calling
            .forks
            .iter()
            .find(|early| early.dialog.remote_tag() == leg.dialog.remote_tag())
        {
            // PRACK and UPDATE have counted on since the INVITE.
            leg.dialog = early.dialog.clone();
            if leg.dialog.confirm_by(response).is_err() {
                leg.dialog.confirm();
            }
        }
        ledger.timers.clear(Timer::Cancelled);
        acknowledge(id, &sent.request, &leg, None, ledger, fx);
        ledger.forking = Some(sent);
        leg.bye(None, ledger, fx);
        Stage::Ending(Box::new(Ending {
            leg: Some(leg),
            left: LeftOver::Nothing,
            report: self.report,
        }))
    }

    fn finish(mut self, ledger: &mut Ledger, fx: &mut Fx<'_>) -> Stage {
        self.report.tell(fx);
        ledger.timers.clear_all();
        Stage::Ending(Box::new(Ending {
            leg: None,
            left: LeftOver::Nothing,
            report: Report::Done,
        }))
    }
}
