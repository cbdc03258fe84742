//! Commands about calls that are there.

use super::checks::{check_length, refusal};
use super::pick::{is_answered, is_held, is_ringing_here, pick, pick_or};
use super::{Commands, Outcome};
use crate::hub::Hub;
use control::command::{CallRef, Command, Mute, Reply};
use control::{CallHandle, CommandId};
use ports::dialogs;

impl Commands {
    #[allow(clippy::wildcard_enum_match_arm)] // `carry_out` names every command.
    pub(super) fn on_call(&self, asked: Command, command: CommandId, hub: &Hub) -> Outcome {
        let word = match asked {
            Command::Accept(on) => dialogs::Word::Accept {
                command,
                call: pick(on, hub, is_ringing_here)?,
            },
            Command::Decline(decline) => {
                let call = pick(CallRef { call: decline.call }, hub, is_ringing_here)?;
                dialogs::Word::Decline {
                    command,
                    call,
                    status: Some(refusal(decline.status)?),
                }
            }
            Command::Silence(on) => dialogs::Word::Silence {
                command,
                call: pick(on, hub, is_ringing_here)?,
            },
            Command::Redirect(redirect) => dialogs::Word::Redirect {
                command,
                call: pick(
                    CallRef {
                        call: redirect.call,
                    },
                    hub,
                    is_ringing_here,
                )?,
                to: redirect.to,
            },
            Command::HangUp(on) => dialogs::Word::HangUp {
                command,
                call: pick(on, hub, |_| true)?,
            },
            Command::SendDtmf(send) => {
                let call = pick(CallRef { call: send.call }, hub, is_answered)?;
                check_length(send.duration_ms)?;
                dialogs::Word::Digits {
                    command,
                    call,
                    digits: send.digits.as_str().to_owned(),
                    duration_ms: send.duration_ms,
                }
            }
            Command::Mute(mute) => return self.mute(mute, command, hub),
            _ => return self.on_held_call(asked, command, hub),
        };
        self.post(word)
    }

    #[allow(clippy::wildcard_enum_match_arm)] // `carry_out` names every command.
    fn on_held_call(&self, asked: Command, command: CommandId, hub: &Hub) -> Outcome {
        let word = match asked {
            Command::Hold(on) => dialogs::Word::Hold {
                command,
                call: pick_or(
                    on,
                    hub,
                    |call| is_answered(call) && !call.held_by_local,
                    is_answered,
                )?,
            },
            Command::Resume(on) => dialogs::Word::Resume {
                command,
                call: pick_or(on, hub, is_held, is_answered)?,
            },
            Command::Swap(on) => {
                // Which was held last is known where calls are held.
                let some = pick(on, hub, is_held)?;
                let call = on.call.map(|_| some);
                dialogs::Word::Swap { command, call }
            }
            // What is left of the commands that concern calls.
            _ => dialogs::Word::HangUpAll { command },
        };
        self.post(word)
    }

    /// Silences one call, or all that are up.
    fn mute(&self, mute: Mute, command: CommandId, hub: &Hub) -> Outcome {
        let on = mute.on;
        let calls: Vec<CallHandle> = match mute.call {
            Some(call) => vec![pick(CallRef { call: Some(call) }, hub, is_answered)?],
            None => {
                let up = hub.calls().values().filter(|call| is_answered(call));
                up.map(|call| call.call).collect()
            }
        };
        for call in calls {
            self.post(dialogs::Word::Mute { command, call, on })?;
        }
        Ok(Reply::Taken)
    }
}
