//! What a session tells, as people see it.

use crate::Dialogs;
use crate::call::Pending;
use crate::describe;
use base::Instant;
use control::snapshot::CallState;
use control::{CallHandle, Code};
use ports::Outbox;
use ports::media::Standing;
use sdp::Direction;
use sip::SessionId;
use sip::dialogs::{Final, News};
use sip::session::Order;
use sip_message::Status;

impl Dialogs {
    pub(crate) fn news(&mut self, session: SessionId, news: News, now: Instant, out: &mut Outbox) {
        if let News::Incoming(invitation) = news {
            return self.incoming(session, *invitation, now, out);
        }
        let Some(&handle) = self.by_session.get(&session) else {
            return;
        };
        match news {
            News::Incoming(_) => {}
            News::Progress { status, .. } => self.progress(handle, status, now, out),
            News::Redirected { to } => {
                if let Some(call) = self.calls.get_mut(&handle) {
                    call.snapshot.to.uri = to.to_string();
                }
            }
            News::Offer { fork, description } => {
                let pending = Pending {
                    offer: description,
                    fork: Some(fork),
                };
                self.offered(handle, pending, now, out);
            }
            News::Answer {
                description,
                finality,
                ..
            } => {
                self.answered(handle, &description, finality, now, out);
            }
            News::OfferRefused { status } => self.offer_refused(handle, status, now, out),
            News::OfferWithdrawn { .. } => tracing::debug!("the peer took its offer back"),
            News::Confirmed { .. } => self.confirmed(handle, now, out),
            News::Request { id, request } => {
                if !self.removal_reported(handle, (id, &request), now, out) {
                    self.asked_inside(handle, (id, &request), out);
                }
            }
            News::Outcome { number, status } => self.outcome(handle, number, status, now, out),
            News::Ended(reason) => self.session_ended(handle, &reason, now, out),
        }
    }

    fn progress(&mut self, handle: CallHandle, status: Status, now: Instant, out: &mut Outbox) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let early = call.agreed.is_some();
        let state = match status.code() {
            180 => CallState::Ringing,
            _ => CallState::Progress,
        };
        // 183 after 180 does not stop the ringing.
        if call.snapshot.state == CallState::Ringing && state == CallState::Progress {
            return;
        }
        call.snapshot.state = state;
        if state == CallState::Ringing {
            self.stands(handle, Standing::Ringing, out);
        }
        self.tell_ringing(handle, early, now, out);
    }

    fn answered(
        &mut self,
        handle: CallHandle,
        description: &[u8],
        finality: Final,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let session = call.session;
        match describe::accept(call, description) {
            Ok(mut agreed) => {
                let held = call.snapshot.held_by_remote;
                // Whoever is held may say `inactive` for `recvonly`; that is no hold of its own.
                if call.hold.is_asked() && !held && agreed.remote_direction == Direction::Inactive {
                    agreed.remote_direction = Direction::RecvOnly;
                }
                self.agreed(handle, agreed, now, out);
                self.hold_changed(handle, held, now, out);
                self.offer_answered(handle, now, out);
            }
            // An early answer may still get better.
            Err(why) if finality == Final::NotYet => tracing::info!(why = why.why, "early answer"),
            Err(why) => {
                tracing::info!(why = why.why, "answer cannot be used");
                call.code = Some(Code::NO_CODEC_IN_COMMON);
                call.why = Some(format!("the answer cannot be used: {}", why.why));
                let reason = format!("SIP;cause={};text=\"no media\"", why.status);
                self.order(session, Order::HangUp(Some(reason)), now);
            }
        }
    }

    fn confirmed(&mut self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        let answered = self.time(now);
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        if call.accepted.is_some() {
            return;
        }
        call.accepted = Some(now);
        call.snapshot.state = CallState::Answered;
        call.snapshot.answered = Some(answered);
        self.stands(handle, Standing::Up, out);
        self.tell_answered(handle, now, out);
        self.follow_answer(handle, now, out);
        self.inherit_room(handle, now, out);
        self.make_room(handle, now, out);
        self.focus_answered(handle, now, out);
    }
}
