//! Commands about text messages that the store does not answer.

use super::lamps::chosen;
use super::{Commands, Outcome};
use crate::hub::Hub;
use base::Instant;
use control::command::Reply;
use control::message::SendMessage;
use control::snapshot::{AccountState, CallSnapshot, Party};
use control::{
    AccountHandle, CallHandle, Code, CommandId, ErrorObject, MessageState, TextMessage, quoted,
};
use ports::messages::{self, To};
use sip::message::LONGEST;

/// Longest address. Unit: bytes.
const MAX_TO: usize = 256;

impl Commands {
    /// M-128.
    pub(super) fn send_message(
        &mut self,
        send: SendMessage,
        command: CommandId,
        hub: &Hub,
        now: Instant,
    ) -> Outcome {
        let SendMessage {
            to,
            text,
            account,
            call,
        } = send;
        check(&text)?;
        let within = call.map(|call| up(call, hub)).transpose()?;
        let of_call = within.and_then(|call| call.account.clone());
        let name = chosen(of_call.or(account).as_ref(), hub)?;
        let handle = self.may_write(&name, call, hub)?;
        let (to, uri) = match (to, within) {
            (Some(to), None) => (To::Typed(to.clone()), written(&to)?),
            (None, Some(call)) => {
                let uri = far_end(call).uri.clone();
                (To::InCall(call.call, uri.clone()), uri)
            }
            (Some(_), Some(_)) | (None, None) => {
                let why = "name whom the message goes to, or a call: one of both";
                return Err(ErrorObject::new(Code::USAGE, why));
            }
        };
        let at = hub.time(now);
        let id = format!("{:x}-{:x}", at.unix_ms(), command.0);
        let message = TextMessage {
            id: id.clone(),
            account: handle,
            peer: Party { uri, display: None },
            text: text.clone(),
            state: MessageState::Sending,
            at,
            read: true,
            call,
            why: None,
        };
        self.post(messages::Word::Send {
            command,
            id,
            account: name,
            to,
            text,
        })?;
        let message = Box::new(message);
        Ok(Reply::Message { message })
    }

    /// The account's settings let it write, and it is not known to have no server.
    fn may_write(
        &self,
        name: &str,
        call: Option<CallHandle>,
        hub: &Hub,
    ) -> Result<AccountHandle, ErrorObject> {
        let known = self.accounts.iter().find(|account| account.name == name);
        if !known.is_some_and(|known| known.allow_message) {
            let why = format!("allow_message of account {} is false", quoted(name));
            return Err(ErrorObject::new(Code::MESSAGES_OFF, why));
        }
        let account = hub.accounts().get(name);
        let account = account.ok_or_else(|| {
            let why = format!("no account is called {}", quoted(name));
            ErrorObject::new(Code::UNKNOWN_ACCOUNT, why)
        })?;
        let registers = known.is_some_and(|known| known.registers());
        let is_there = account.state == AccountState::Registered;
        // In a call the way is there already.
        if registers && !is_there && call.is_none() {
            let why = format!("account {} is not registered", quoted(name));
            return Err(ErrorObject::new(Code::NOT_REGISTERED, why));
        }
        Ok(account.account.clone())
    }
}

fn up(call: CallHandle, hub: &Hub) -> Result<&CallSnapshot, ErrorObject> {
    let unknown = || {
        let why = format!("there is no call {call}");
        ErrorObject::new(Code::UNKNOWN_CALL, why)
    };
    let found = hub.calls().get(&call).ok_or_else(unknown)?;
    if found.answered.is_none() || found.ended.is_some() {
        let why = format!("call {call} is not up");
        return Err(ErrorObject::new(Code::WRONG_STATE, why));
    }
    Ok(found)
}

fn far_end(call: &CallSnapshot) -> &Party {
    match call.direction {
        control::snapshot::CallDirection::Incoming => &call.from,
        control::snapshot::CallDirection::Outgoing => &call.to,
    }
}

/// Whom a text goes to, as it was written.
fn written(to: &str) -> Result<String, ErrorObject> {
    let to = to.trim();
    if to.is_empty() || to.len() > MAX_TO || to.contains(char::is_whitespace) {
        let why = format!("{} is no extension and no address", quoted(to));
        return Err(ErrorObject::new(Code::BAD_ADDRESS, why));
    }
    Ok(to.to_owned())
}

fn check(text: &str) -> Result<(), ErrorObject> {
    if text.trim().is_empty() {
        return Err(ErrorObject::new(Code::USAGE, "a message says something"));
    }
    if text.len() > LONGEST {
        let why = format!("a text of {} bytes is longer than {LONGEST}", text.len());
        return Err(ErrorObject::new(Code::MESSAGE_TOO_LONG, why));
    }
    Ok(())
}
