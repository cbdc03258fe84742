//! Hold and resume, ours; and that one call at a time has the microphone.
//!
//! Source: RFC 3264 §8.4, RFC 6337 §5.3. The other side hears the music of its PBX, if any: from here
//! comes nothing. Sound stops at once; the rest waits for the answer. Offers go one after the other, so
//! that each answer is held against what it answers.

use crate::call::{Call, Stage};
use crate::causes::Causes;
use crate::{Dialogs, describe};
use base::Instant;
use control::event::{CallHold, CallWarning, Side};
use control::snapshot::MediaState;
use control::{CallHandle, Code, CommandId, ErrorObject, EventBody};
use ports::media::{Room, Sound};
use ports::{Outbox, media};
use sdp::Direction;
use sip::session::Order;
use sip_message::Status;

/// How a call stands with our hold.
#[derive(Debug, Default)]
pub(crate) struct Hold {
    /// What is wanted last.
    wanted: Wish,
    /// What the descriptions in force say.
    agreed: bool,
    /// What our offer says that has no answer yet.
    open: Option<bool>,
    /// Something else is to be offered after it.
    again: bool,
    /// When it was held last.
    since: Option<Instant>,
}

/// What is wanted of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Wish {
    /// To talk.
    #[default]
    Active,
    /// To hold the other side; where it refuses, the call goes on.
    Held,
    /// The same, because another call has the microphone; where the other side refuses, it is held on
    /// our side alone.
    Aside,
}

impl Wish {
    const fn holds(self) -> bool {
        match self {
            Self::Active => false,
            Self::Held | Self::Aside => true,
        }
    }
}

impl Hold {
    /// Held for no other reason than that another call has the microphone.
    pub(crate) fn is_aside(&self) -> bool {
        self.wanted == Wish::Aside
    }

    /// What we offer: `sendonly` holds; `inactive` where the other side holds us too.
    pub(crate) const fn offers(&self, held_by_remote: bool) -> Direction {
        match (self.wanted.holds(), held_by_remote) {
            (false, _) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (true, true) => Direction::Inactive,
        }
    }

    /// What we say at most where the other side offers: held, we want nothing of it.
    pub(crate) const fn answers(&self) -> Direction {
        self.offers(false)
    }

    /// Whether an offer of ours waits for its answer.
    pub(crate) const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether the offer that waits for its answer is to hold.
    pub(crate) fn is_asked(&self) -> bool {
        self.open == Some(true)
    }
}

impl Call {
    /// Answered, and not on its way out.
    pub(crate) fn is_up(&self) -> bool {
        let is_live = matches!(self.stage, Stage::Live) && !self.replaced;
        is_live && self.causes.ends.is_none() && self.accepted.is_some()
    }

    /// Whether it has the person's microphone and loudspeaker, or would.
    pub(crate) fn is_personal(&self) -> bool {
        *self.sound.itself() == Sound::Person
    }
}

impl Dialogs {
    /// Holds or resumes for a command.
    pub(crate) fn hold(
        &mut self,
        command: CommandId,
        handle: CallHandle,
        on: bool,
        now: Instant,
        out: &mut Outbox,
    ) {
        let asks = |causes: &mut Causes| causes.held = Some(command);
        if self.commanded(handle, asks).is_none() {
            return;
        }
        if !self.calls.get(&handle).is_some_and(Call::is_up) {
            let error = ErrorObject::new(Code::WRONG_STATE, "only a call that is up can be held");
            return self.tell_hold_refused(handle, error, now, out);
        }
        if !on {
            self.make_room(handle, now, out);
            self.resume_room(handle, Some(command), now, out);
        }
        let wish = if on { Wish::Held } else { Wish::Active };
        self.wish(handle, wish, now, out);
    }

    /// Goes on with a held call and holds what is active.
    pub(crate) fn swap(
        &mut self,
        command: CommandId,
        named: Option<CallHandle>,
        now: Instant,
        out: &mut Outbox,
    ) {
        let held = |call: &&Call| call.is_up() && call.hold.wanted.holds();
        let held = self.calls.values().filter(held);
        let latest = held.max_by_key(|call| (call.hold.since, call.handle));
        let Some(handle) = named.or_else(|| latest.map(|call| call.handle)) else {
            return;
        };
        for other in self.active_beside(handle) {
            self.commanded(other, |causes| causes.held = Some(command));
            self.wish(other, Wish::Aside, now, out);
        }
        self.hold(command, handle, false, now, out);
    }

    /// `handle` is to have the microphone: what has it now is put on hold, where the settings say so.
    pub(crate) fn make_room(&mut self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        let is_personal = self.calls.get(&handle).is_some_and(Call::is_personal);
        let is_bridged = matches!(self.room_of(handle), Room::Bridge(_));
        if !self.settings.one_active || !is_personal || is_bridged {
            return;
        }
        for other in self.active_beside(handle) {
            self.commanded(other, |causes| causes.held = None);
            self.wish(other, Wish::Aside, now, out);
        }
    }

    /// Calls with the microphone, but for `handle` and those that are merged with it.
    pub(crate) fn active_beside(&self, handle: CallHandle) -> Vec<CallHandle> {
        // Whoever sent us to the other call still has this one: it ends by itself.
        let instead = self.calls.get(&handle).and_then(|call| call.instead);
        let room = self.room_of(handle);
        let with_it = |call: &Call| room == Room::Conference && call.room == room;
        let active = |call: &&Call| {
            call.handle != handle
                && !with_it(call)
                && !matches!(call.room, Room::Bridge(_))
                && instead != Some(call.handle)
                && call.is_up()
                && call.is_personal()
                && !call.hold.wanted.holds()
        };
        let active = self.calls.values().filter(active);
        active.map(|call| call.handle).collect()
    }

    /// Goes on with a call that is held here, if it is.
    pub(crate) fn take_up(&mut self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        let held = |call: &Call| call.hold.wanted.holds();
        if self.calls.get(&handle).is_some_and(held) {
            self.wish(handle, Wish::Active, now, out);
        }
    }

    /// Holds a call because another one has the microphone.
    pub(crate) fn put_aside(&mut self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        self.wish(handle, Wish::Aside, now, out);
    }

    fn wish(&mut self, handle: CallHandle, wish: Wish, now: Instant, out: &mut Outbox) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let on = wish.holds();
        let is_so = call.hold.wanted.holds() == on;
        call.hold.wanted = wish;
        if is_so {
            // Whoever asks again is told again; where an answer is open, it is told then.
            if call.hold.open.is_none() {
                self.tell_hold(handle, now, out);
            }
            return;
        }
        if on {
            call.hold.since = Some(now);
            out.post(media::Word::Hold {
                call: handle,
                on: true,
            });
        }
        self.offer_anew(handle, now);
    }

    /// Offers what is wanted now; after the answer where an offer of ours is open.
    pub(crate) fn offer_anew(&mut self, handle: CallHandle, now: Instant) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        if call.hold.open.is_some() {
            call.hold.again = true;
            return;
        }
        self.offer_again(handle, now);
    }

    /// The other side offered meanwhile, so that ours, which still waits for its turn, is made anew: its
    /// version must follow that of our answer.
    pub(crate) fn offer_after_theirs(&mut self, handle: CallHandle, now: Instant) {
        let open = self.calls.get(&handle).and_then(|call| call.hold.open);
        if open.is_some() {
            self.offer_again(handle, now);
        }
    }

    fn offer_again(&mut self, handle: CallHandle, now: Instant) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let session = call.session;
        call.hold.again = false;
        call.hold.open = Some(call.hold.wanted.holds());
        if let Some(offer) = describe::offer(call) {
            self.order(session, Order::Offer(offer), now);
        }
    }

    /// Our offer was answered.
    pub(crate) fn offer_answered(&mut self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let Some(on) = call.hold.open.take() else {
            return;
        };
        call.hold.agreed = on;
        let again = call.hold.again;
        let changed = call.snapshot.held_by_local != on;
        self.show_hold(handle, on, out);
        if changed {
            self.tell_hold(handle, now, out);
        }
        if again {
            self.offer_anew(handle, now);
        }
    }

    /// Our offer was refused; what held before still holds.
    pub(crate) fn offer_refused(
        &mut self,
        handle: CallHandle,
        status: Option<Status>,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let open = call.hold.open.take();
        let again = call.hold.again;
        let before = call.hold.agreed;
        match open {
            Some(on) if on != call.snapshot.held_by_local && call.hold.wanted.holds() == on => {
                // What stands on our side alone needs nobody's consent to end.
                let alone = call.hold.wanted == Wish::Aside || !on && !before;
                if alone {
                    self.show_hold(handle, on, out);
                    self.tell_hold(handle, now, out);
                } else {
                    let Some(call) = self.calls.get_mut(&handle) else {
                        return;
                    };
                    call.hold.wanted = if on { Wish::Active } else { Wish::Held };
                    self.show_hold(handle, !on, out);
                }
                if on || !alone {
                    self.tell_hold_refused(handle, refusal(status, alone), now, out);
                }
            }
            Some(_) if again => {}
            Some(_) | None => self.fallback_refused(handle, status, now, out),
        }
        if again {
            self.offer_anew(handle, now);
        }
    }

    /// What the call is now, for people and for media.
    fn show_hold(&mut self, handle: CallHandle, on: bool, out: &mut Outbox) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        call.snapshot.held_by_local = on;
        if let (true, Some(media)) = (on, call.snapshot.media.as_mut()) {
            media.state = MediaState::None;
        }
        if !on && !call.hold.wanted.holds() {
            out.post(media::Word::Hold {
                call: handle,
                on: false,
            });
        }
    }

    /// Tells whether the call is held here.
    fn tell_hold(&self, handle: CallHandle, now: Instant, out: &mut Outbox) {
        let Some(call) = self.calls.get(&handle) else {
            return;
        };
        let told = Box::new(CallHold {
            by: Side::Local,
            snapshot: call.snapshot.clone(),
        });
        let body = match call.snapshot.held_by_local {
            true => EventBody::CallHold(told),
            false => EventBody::CallResumed(told),
        };
        self.tell(handle, body, now, out);
    }

    fn tell_hold_refused(
        &self,
        handle: CallHandle,
        error: ErrorObject,
        now: Instant,
        out: &mut Outbox,
    ) {
        let command = self.calls.get(&handle).and_then(|call| call.causes.held);
        let warning = Box::new(CallWarning {
            code: error.code,
            text: error.detail,
            fix: error.fix,
        });
        self.tell_of(command, (handle, EventBody::CallWarning(warning)), now, out);
    }
}

/// Why a hold or a resumption did not come about on the other side.
fn refusal(status: Option<Status>, alone: bool) -> ErrorObject {
    let said = match status {
        Some(status) => format!("{} {}", status.code(), status.reason_phrase()),
        None => "nothing about sound".to_owned(),
    };
    let then = match alone {
        true => "held on this side alone: it may hear that nothing comes",
        false => "the call goes on as it was",
    };
    let error = ErrorObject::new(
        Code::HOLD_REFUSED,
        format!("the other side said {said}; {then}"),
    );
    match alone {
        true => error.fix("resume the call, or hang it up"),
        false => error,
    }
}
