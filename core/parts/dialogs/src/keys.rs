//! Digits, ours and the peer's. Which method sends one is decided beside the codecs; what goes by INFO
//! comes back here, because the dialog is ours.

use crate::Dialogs;
use crate::causes::Causes;
use base::{Duration, Instant};
use bytes::Bytes;
use control::event::{CallDtmf, CallWarning, DtmfMethod, Side};
use control::{CallHandle, Code, CommandId, ErrorObject, EventBody};
use ports::media::{DigitTrouble, Inform};
use ports::{Outbox, media};
use sip::session::{Content, Inside, Order};
use sip_message::{Request, Status};
use std::collections::VecDeque;

/// INFO requests of one call that wait for the one before. Past it a digit is refused.
const WAITING: usize = 64;
/// The same digit by two ways within so long is one key. What is heard in the voice comes last: it waits
/// in the jitter buffer, and for the silence after it.
const SAME_KEY: Duration = Duration::from_millis(250);

/// Digits of one call on their way.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    /// INFO requests, oldest first; the first has been sent, one after the other, so that they arrive in
    /// order.
    waiting: VecDeque<Inform>,
    /// Number of the INFO request that is out.
    number: u64,
    /// The peer takes no INFO.
    no_info: bool,
    /// What was heard last, how, and when.
    heard: Option<(char, DtmfMethod, Instant)>,
}

impl Dialogs {
    /// Sends digits for `command`.
    pub(crate) fn press(
        &mut self,
        command: CommandId,
        handle: CallHandle,
        (digits, duration_ms): (String, Option<u32>),
        now: Instant,
        out: &mut Outbox,
    ) {
        let each = digits.chars().map(|_| command);
        let waits = |causes: &mut Causes| causes.digits.extend(each);
        if self.commanded(handle, waits).is_some() {
            self.digits(handle, digits, duration_ms, now, out);
        }
    }

    /// Sends digits, or says that there is nothing to send them on.
    fn digits(
        &mut self,
        handle: CallHandle,
        digits: String,
        duration_ms: Option<u32>,
        now: Instant,
        out: &mut Outbox,
    ) {
        match self.calls.get(&handle) {
            Some(call) if call.agreed.is_some() => out.post(media::Word::Digits {
                call: handle,
                digits,
                duration_ms,
                info: !call.keys.no_info,
            }),
            Some(_) | None => {
                self.digit_refused(handle, DigitTrouble::NoMethod, now, out);
                // None of them sounds, and it is told once.
                if let Some(call) = self.calls.get_mut(&handle) {
                    call.causes.digits.clear();
                }
            }
        }
    }

    /// The command that the next digit belongs to, which does not wait any more.
    fn digit_done(&mut self, handle: CallHandle) -> Option<CommandId> {
        self.calls.get_mut(&handle)?.causes.digits.pop_front()
    }

    /// Something is wrong with a digit of ours.
    pub(crate) fn digit_refused(
        &mut self,
        handle: CallHandle,
        what: DigitTrouble,
        now: Instant,
        out: &mut Outbox,
    ) {
        let (text, fix) = match what {
            DigitTrouble::Full => (
                "a digit found no room behind those that wait",
                Some("send fewer digits at once"),
            ),
            DigitTrouble::NoMethod => (
                "neither telephone-event nor another way that the settings list can be used",
                None,
            ),
            DigitTrouble::Spoilt => (
                "digits go as tones through a codec that models a voice and may not be understood",
                Some("agree on telephone-event or INFO, or on another codec"),
            ),
        };
        let command = match what {
            DigitTrouble::Full | DigitTrouble::NoMethod => self.digit_done(handle),
            // It sounds all the same.
            DigitTrouble::Spoilt => None,
        };
        let error = ErrorObject::new(Code::NO_DIGITS, text);
        let warning = Box::new(CallWarning {
            code: error.code,
            text: error.detail,
            fix: fix.map_or(error.fix, str::to_owned),
        });
        let body = EventBody::CallWarning(warning);
        self.tell_of(command, (handle, body), now, out);
    }

    /// A digit of ours has sounded.
    pub(crate) fn digit_sent(
        &mut self,
        handle: CallHandle,
        digit: (char, u32, DtmfMethod),
        now: Instant,
        out: &mut Outbox,
    ) {
        let command = self.digit_done(handle);
        self.tell_digit(command, (handle, digit), Side::Local, now, out);
    }

    /// The peer pressed a key; the same key by another way at the same time is one.
    pub(crate) fn digit_heard(
        &mut self,
        handle: CallHandle,
        digit: (char, u32, DtmfMethod),
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let (key, _, method) = digit;
        if let Some((before, way, at)) = call.keys.heard
            && before == key
            && way != method
            && now.since(at) <= SAME_KEY
        {
            return;
        }
        call.keys.heard = Some((key, method, now));
        self.tell_digit(None, (handle, digit), Side::Remote, now, out);
    }

    fn tell_digit(
        &self,
        command: Option<CommandId>,
        (handle, (digit, duration_ms, method)): (CallHandle, (char, u32, DtmfMethod)),
        direction: Side,
        now: Instant,
        out: &mut Outbox,
    ) {
        let told = CallDtmf {
            digit,
            duration_ms,
            method,
            direction,
        };
        let body = EventBody::CallDtmf(Box::new(told));
        self.tell_of(command, (handle, body), now, out);
    }

    /// A digit of ours is to go by INFO, behind those that wait.
    pub(crate) fn inform(
        &mut self,
        handle: CallHandle,
        inform: Inform,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        if call.keys.waiting.len() >= WAITING {
            return self.digit_refused(handle, DigitTrouble::Full, now, out);
        }
        call.keys.waiting.push_back(inform);
        if call.keys.waiting.len() == 1 {
            self.send_info(handle, now);
        }
    }

    /// Sends the first INFO that waits.
    fn send_info(&mut self, handle: CallHandle, now: Instant) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        let Some(first) = call.keys.waiting.front() else {
            return;
        };
        call.keys.number += 1;
        let content = Content {
            kind: first.kind.clone(),
            body: Bytes::copy_from_slice(first.body.as_bytes()),
        };
        let (session, number) = (call.session, call.keys.number);
        self.order(session, Order::Request(number, Inside::info(content)), now);
    }

    /// Our INFO was answered. A refusal is one of the way, not of the digit: it and those behind it go by
    /// the next method (RFC 6086 §4.2.1 for 415 and 469; K-066 for the order).
    pub(crate) fn informed(
        &mut self,
        handle: CallHandle,
        number: u64,
        status: Option<Status>,
        now: Instant,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(&handle) else {
            return;
        };
        if call.keys.number != number {
            return;
        }
        let Some(done) = call.keys.waiting.pop_front() else {
            return;
        };
        if status.is_some_and(|status| status.code() < 300) {
            let told = (done.digit, done.duration_ms, DtmfMethod::Info);
            self.digit_sent(handle, told, now, out);
            return self.send_info(handle, now);
        }
        tracing::info!(?status, "INFO with a digit was refused");
        call.keys.no_info = true;
        let rest = core::mem::take(&mut call.keys.waiting);
        for lost in core::iter::once(done).chain(rest) {
            if lost.falls_back {
                out.post(media::Word::Digits {
                    call: handle,
                    digits: lost.digit.to_string(),
                    duration_ms: Some(lost.duration_ms),
                    info: false,
                });
            }
        }
    }
}

/// INFO of the peer's may hold a digit. Others have been answered and mean nothing to us.
pub(crate) fn hear_info(call: CallHandle, info: &Request, out: &mut Outbox) {
    if let Ok(body) = core::str::from_utf8(info.body()) {
        out.post(media::Word::Info {
            call,
            kind: info.headers().content_type().unwrap_or_default(),
            body: body.to_owned(),
        });
    }
}
