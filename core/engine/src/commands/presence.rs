//! Commands about own presence (M-097).

use super::{Commands, Outcome};
use control::command::Reply;
use control::presence::{Idle, SetPresence};
use control::{Code, CommandId, ErrorObject, PresenceState, Timestamp, quoted};
use ports::presence;
use ports::said::About;
use sip::presence::LONGEST_NOTE;

impl Commands {
    pub(super) fn set_presence(
        &mut self,
        set: SetPresence,
        command: CommandId,
        now: Timestamp,
    ) -> Outcome {
        let SetPresence {
            state,
            note,
            until,
            account,
        } = set;
        let account = self.own(account.as_ref())?;
        let name = account.name.clone();
        if !account.publish_presence {
            let why = format!("publish_presence of account {} is false", quoted(&name));
            return Err(ErrorObject::new(Code::PRESENCE_OFF, why));
        }
        if !PresenceState::SET.contains(&state) {
            let all = PresenceState::SET.map(PresenceState::word).join(", ");
            let why = format!("{} is not set; to be set are: {all}", state.word());
            return Err(ErrorObject::new(Code::USAGE, why));
        }
        let note = note.unwrap_or_default();
        if note.chars().count() > LONGEST_NOTE || note.chars().any(char::is_control) {
            let why = format!("a note is one line of up to {LONGEST_NOTE} characters");
            return Err(ErrorObject::new(Code::USAGE, why));
        }
        if until.is_some_and(|until| until <= now) {
            let why = "until is in the past";
            return Err(ErrorObject::new(Code::USAGE, why));
        }
        let own = presence::Own { state, note, until };
        account.presence = own.clone();
        let account = account.clone();
        self.keep_said(&account, About::Presence);
        self.post(presence::Word::Set {
            command,
            account: name,
            own,
        })
    }

    pub(super) fn idle(&self, idle: Idle) -> Outcome {
        // An engine without presence has nobody to tell.
        let _ = self.post(presence::Word::Idle(idle.idle));
        Ok(Reply::Taken)
    }
}
