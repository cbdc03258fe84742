//! Ours, from the command to the last answer.

use crate::{Messages, SENDING, why};
use base::{Instant, Machine};
use control::snapshot::Party;
use control::{AccountHandle, CallHandle, Code, CommandId, ErrorObject, MessageState, TextMessage};
use ports::messages::To;
use ports::{Account, Address, Outbox, dialogs, link};
use sip::ClientId;
use sip::message::PLAIN;
use sip::message::outgoing::{Cause, End, Input, Outgoing, Output};
use sip::session::{Content, Inside};
use sip_message::Status;

/// Bits of a request's count that one message owns.
const SHARE_BITS: u32 = 8;

/// Longest text in the dialog of a call over UDP, whose heads are not written here. Unit: bytes. Source: ours; so that
/// the whole stays below the 1,300 of RFC 3428 §8.
const IN_CALL: usize = 600;

/// One message of ours that is under way.
pub(crate) struct Ours {
    message: TextMessage,
    way: Way,
}

/// How it travels.
enum Way {
    /// Outside of dialogs.
    Alone(Box<Outgoing>),
    /// In the dialog of a call.
    InCall,
}

/// Which message a request is of.
pub(crate) const fn number_of(id: ClientId) -> u64 {
    id.count() >> SHARE_BITS
}

impl Ours {
    pub(crate) fn handle(&mut self, input: Input, now: Instant) {
        match &mut self.way {
            Way::Alone(outgoing) => outgoing.handle(input, now),
            Way::InCall => {}
        }
    }
}

impl Messages {
    pub(crate) fn send(
        &mut self,
        command: CommandId,
        (id, account, to, text): (String, String, To, String),
        now: Instant,
        out: &mut Outbox,
    ) {
        let Ok(handle) = account.parse::<AccountHandle>() else {
            return;
        };
        let (typed, call) = match to {
            To::Typed(typed) => (typed, None),
            To::InCall(call, who) => (who, Some(call)),
        };
        let known = self.accounts.get(&account);
        let target = known.and_then(|known| known.address(&typed));
        let uri = target.as_ref().map_or(typed, ToString::to_string);
        let mut message = TextMessage {
            id,
            account: handle,
            peer: Party { uri, display: None },
            text,
            state: MessageState::Sending,
            at: self.time(now),
            read: true,
            call,
            why: None,
        };
        let refused = self.refused(known, target.is_some(), &message);
        if let Some((code, why)) = refused {
            message.state = MessageState::Failed;
            message.why = Some(ErrorObject::new(code, why));
            return self.tell(&message, Some(command), now, out);
        }
        let (Some(known), Some(target)) = (known, target) else {
            return;
        };
        let sender = known.sender(&target);
        let reliable = known.transport.is_reliable();
        self.tell(&message, Some(command), now, out);
        let number = self.next();
        let way = match call {
            Some(call) => {
                ask_inside(number, call, &message.text, out);
                Way::InCall
            }
            None => {
                let first = ClientId::new(Address::Messages as u8, number << SHARE_BITS);
                let text = message.text.clone();
                let rng = self.rng.split();
                let mut outgoing = Outgoing::new(sender, text, reliable, first, rng);
                outgoing.handle(Input::Send, now);
                Way::Alone(Box::new(outgoing))
            }
        };
        self.ours.insert(number, Ours { message, way });
        self.settle(number, now, out);
    }

    /// Why it is not even tried.
    fn refused(
        &self,
        account: Option<&Account>,
        has_target: bool,
        message: &TextMessage,
    ) -> Option<(Code, &'static str)> {
        let Some(account) = account else {
            return Some((Code::UNKNOWN_ACCOUNT, "its account is gone"));
        };
        if !has_target {
            return Some((Code::BAD_ADDRESS, "it goes to no address"));
        }
        let packets = !account.transport.is_reliable();
        if message.call.is_some() && packets && message.text.len() > IN_CALL {
            let why = "it is too long for a call over UDP";
            return Some((Code::MESSAGE_TOO_LONG, why));
        }
        let full = self.ours.len() >= SENDING;
        full.then_some((Code::ENGINE_BUSY, "too many are under way"))
    }

    pub(crate) fn settle(&mut self, number: u64, now: Instant, out: &mut Outbox) {
        let Some(ours) = self.ours.get_mut(&number) else {
            return;
        };
        let account = ours.message.account.as_str().to_owned();
        let Way::Alone(outgoing) = &mut ours.way else {
            return;
        };
        let mut over = None;
        while let Some(output) = outgoing.poll_output() {
            match output {
                Output::Send {
                    id,
                    request,
                    next_hop,
                } => out.post(link::Word::Send {
                    id,
                    request,
                    next_hop,
                    once: false,
                    account: Some(account.clone()),
                }),
                Output::Ended(end) => over = Some(end),
            }
        }
        if let Some(end) = over {
            self.end(number, &end, now, out);
        }
    }

    fn end(&mut self, number: u64, end: &End, now: Instant, out: &mut Outbox) {
        let Some(ours) = self.ours.remove(&number) else {
            return;
        };
        let mut message = ours.message;
        message.state = match end {
            End::Delivered => MessageState::Delivered,
            End::Accepted => MessageState::Accepted,
            End::Failed(cause) => {
                message.why = Some(why::failed(&message.peer.uri, cause));
                MessageState::Failed
            }
        };
        self.tell(&message, None, now, out);
    }

    /// What became of one in the dialog of a call.
    pub(crate) fn outcome(
        &mut self,
        ticket: u64,
        status: Option<Status>,
        now: Instant,
        out: &mut Outbox,
    ) {
        let end = match status {
            Some(Status::ACCEPTED) => End::Accepted,
            Some(status) if status.is_success() => End::Delivered,
            Some(status) => End::Failed(Cause::Refused {
                status: status.code(),
                reason: status.reason_phrase().to_owned(),
            }),
            None => End::Failed(Cause::NoAnswer),
        };
        self.end(ticket, &end, now, out);
    }

    /// Nothing that is under way is answered any more.
    pub(crate) fn lost(&mut self, now: Instant, out: &mut Outbox) {
        let alone = |(number, ours): (&u64, &Ours)| match ours.way {
            Way::Alone(_) => Some(*number),
            Way::InCall => None,
        };
        let all: Vec<u64> = self.ours.iter().filter_map(alone).collect();
        for number in all {
            self.end(number, &End::Failed(Cause::NoAnswer), now, out);
        }
        // Their transactions are gone too: nobody can be answered.
        self.held.clear();
        self.patience = base::Timers::new();
    }
}

fn ask_inside(ticket: u64, call: CallHandle, text: &str, out: &mut Outbox) {
    out.post(dialogs::Word::InDialog {
        from: Address::Messages,
        ticket,
        call,
        request: Inside {
            method: String::from("MESSAGE"),
            headers: Vec::new(),
            content: Some(Content {
                kind: format!("{PLAIN};charset=UTF-8"),
                body: text.as_bytes().to_vec().into(),
            }),
        },
    });
}
