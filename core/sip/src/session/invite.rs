//! What an INVITE of ours leads to: the dialog it makes, the ACK, what a refusal means.
//!
//! Source: RFC 3261 §13.2.2.

use super::end::{Cause, Detail, EndReason};
use super::fx::Fx;
use super::ledger::{Known, Ledger};
use super::leg::{Leg, Preview};
use super::offer::{Gate, Ours, Theirs};
use super::order::ForkId;
use super::refresh::Refresh;
use super::up::{self, Inviting, Up};
use super::write::{Fields, with_credentials_of};
use super::{Stage, read};
use crate::dialog::{Dialog, LocalTag};
use crate::dialogs::{Final, News};
use crate::ids::ClientId;
use crate::transaction::Failure;
use sip_message::{Request, Response, Status};

/// The 2xx to `invite` confirmed the dialog of `leg`: acknowledges it, or asks the user for the answer
/// that the ACK has to carry.
pub(crate) fn confirmed(
    client: ClientId,
    invite: Request,
    mut leg: Leg,
    response: &Response,
    ledger: &mut Ledger,
    fx: &mut Fx<'_>,
) -> Stage {
    leg.learn(response.headers());
    let refresh = Refresh::from_success(read::said(response.headers()), fx.now);
    leg.set_refresh(refresh, ledger);
    let description = read::description(response.headers(), response.body());
    let fork = leg.fork;
    let answer = match (leg.gate, description, leg.preview) {
        (Gate::Fresh, Some(description), _) => {
            leg.gate = Gate::Theirs(Theirs::Success);
            fx.tell(News::Confirmed { fork });
            fx.tell(News::Offer {
                fork,
                description: Some(description),
            });
            let inviting = Inviting::AckOwed { client, invite };
            return Stage::Up(Box::new(Up::new(leg, inviting)));
        }
        (Gate::Fresh, None, _) | (Gate::Ours(Ours::Invite), None, Preview::Nothing) => {
            acknowledge(client, &invite, &leg, None, ledger, fx);
            let reason = EndReason::failed(Detail::NoDescription);
            return up::leave(leg, reason, ledger, fx);
        }
        (Gate::Ours(Ours::Invite), Some(description), _) => {
            leg.gate = leg.gate.close();
            Some(description)
        }
        // The answer stood in an unreliable 1xx only: not allowed, but clear.
        (Gate::Ours(Ours::Invite), None, Preview::Heard) => {
            leg.gate = leg.gate.close();
            None
        }
        // Settled in reliable 1xx and PRACK; an UPDATE may be under way.
        (
            Gate::Stable
            | Gate::Ours(Ours::Success | Ours::Provisional | Ours::Update)
            | Gate::Theirs(_),
            _,
            _,
        ) => None,
    };
    acknowledge(client, &invite, &leg, None, ledger, fx);
    if let Some(description) = answer {
        fx.tell(News::Answer {
            fork,
            description,
            finality: Final::Yes,
        });
    }
    fx.tell(News::Confirmed { fork });
    Stage::Up(Box::new(Up::new(leg, Inviting::Quiet)))
}

/// A dialog that `response` to our `invite` makes.
pub(crate) fn new_leg(
    invite: &Request,
    response: &Response,
    tag: LocalTag,
    fork: ForkId,
    offer: Option<&bytes::Bytes>,
) -> Option<Leg> {
    let dialog = Dialog::of_response(invite, response, tag).ok()?;
    let gate = match offer {
        Some(_) => Gate::Ours(Ours::Invite),
        None => Gate::Fresh,
    };
    let cseq = invite.headers().cseq().ok()?.number;
    let mut leg = Leg::new(fork, dialog, gate, cseq);
    leg.local = offer.cloned();
    Some(leg)
}

/// Acknowledges the 2xx to `invite` in the dialog of `leg`.
pub(crate) fn acknowledge(
    client: ClientId,
    invite: &Request,
    leg: &Leg,
    answer: Option<&bytes::Bytes>,
    ledger: &mut Ledger,
    fx: &mut Fx<'_>,
) {
    let cseq = invite
        .headers()
        .cseq()
        .map_or(leg.invite_cseq, |cseq| cseq.number);
    let (builder, next_hop) = leg.dialog.ack(cseq);
    let ack = with_credentials_of(builder, invite)
        .description(answer)
        .build();
    ledger.acknowledge(client, leg, ack, next_hop, fx);
}

/// The end that a refusal of our INVITE means.
pub(crate) fn refusal(response: &Response) -> EndReason {
    let status = response.status();
    let mut reason = EndReason::remote(Cause::of_refusal(status))
        .with_status(status)
        .with_reason(read::reason(response.headers()));
    reason.retry_after = read::retry_after(response.headers());
    reason
}

/// The end that silence means (RFC 3261 §8.1.3.1).
pub(crate) fn unreachable(why: Failure) -> EndReason {
    match why {
        Failure::TimedOut => {
            EndReason::failed(Detail::TimedOut).with_status(Status::REQUEST_TIMEOUT)
        }
        Failure::Transport => {
            EndReason::failed(Detail::Transport).with_status(Status::SERVICE_UNAVAILABLE)
        }
    }
}

/// A 2xx to an INVITE that was answered before: a repeat gets its ACK again; another fork gets ACK and
/// BYE (RFC 3261 §13.2.2.4, RFC 6026 §8.4).
pub(crate) fn late_success(
    id: ClientId,
    response: &Response,
    leg: &Leg,
    ledger: &mut Ledger,
    fx: &mut Fx<'_>,
) {
    let to = response.headers().to().ok();
    let tag = to.as_ref().and_then(|to| to.tag());
    match ledger.repeat_ack(id, tag, fx) {
        Known::Repeat => return,
        Known::No => {}
    }
    // Our own ACK may be owed still: then this is a repeat of the 2xx that waits for it.
    if leg.dialog.is_with(tag) {
        return;
    }
    let forking = ledger.forking.as_ref().filter(|sent| sent.id == id);
    let Some(invite) = forking.map(|sent| sent.request.clone()) else {
        return;
    };
    let local_tag = leg.dialog.local_tag();
    if let Some(mut other) = new_leg(&invite, response, local_tag, ForkId::FIRST, None) {
        acknowledge(id, &invite, &other, None, ledger, fx);
        other.bye(None, ledger, fx);
    }
}
