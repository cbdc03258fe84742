//! Commands about recordings.

use super::pick::{is_answered, pick};
use crate::hub::Hub;
use control::command::{CallRef, Command};
use control::recording::{RecordingState, StartRecording};
use control::snapshot::{CallDirection, CallSnapshot};
use control::{CallHandle, Code, CommandId, ErrorObject};
use ports::recorder::{Ask, Word};

/// Length of a name. Unit: bytes. Source: reliability, Paths.
const NAME: usize = 120;
/// Length of a reason or note. Unit: bytes.
const TEXT: usize = 1_000;

/// The word for the part that carries it out.
#[allow(clippy::wildcard_enum_match_arm)] // `carry_out` names every command.
pub(super) fn word(asked: Command, command: CommandId, hub: &Hub) -> Result<Word, ErrorObject> {
    Ok(match asked {
        Command::StartRecording(start) => self::start(start, command, hub)?,
        Command::PauseRecording(pause) => {
            let call = recorded(pause.call, hub, RecordingState::Recording)?;
            let reason = text(pause.reason.unwrap_or_default())?;
            Word::Pause {
                command,
                call,
                reason,
            }
        }
        Command::ResumeRecording(on) => Word::Resume {
            command,
            call: recorded(on.call, hub, RecordingState::Paused)?,
        },
        Command::NoteRecording(note) => Word::Note {
            call: pick(CallRef { call: note.call }, hub, is_recorded)?,
            text: text(note.text)?,
        },
        Command::StopRecording(on) => Word::Stop {
            command,
            call: pick(on, hub, is_recorded)?,
        },
        _ => return Err(ErrorObject::new(Code::UNKNOWN_COMMAND, "not a recording's")),
    })
}

fn start(start: StartRecording, command: CommandId, hub: &Hub) -> Result<Word, ErrorObject> {
    let call = pick(CallRef { call: start.call }, hub, is_answered)?;
    let wrong = |code, why: String| ErrorObject::new(code, why).call(call);
    let snapshot = hub.calls().get(&call);
    let snapshot = snapshot.ok_or_else(|| wrong(Code::UNKNOWN_CALL, "it is over".to_owned()))?;
    if is_recorded(snapshot) {
        return Err(wrong(
            Code::WRONG_STATE,
            format!("call {call} is recorded already"),
        ));
    }
    if let Some(channels) = start
        .channels
        .filter(|channels| !(1..=2).contains(channels))
    {
        let why = format!("{channels} channels: 1 or 2 can be recorded");
        return Err(wrong(Code::USAGE, why));
    }
    if let Some(name) = start.path.as_deref().filter(|name| !is_name(name)) {
        let why = format!(
            "{}: a recording's name is up to {NAME} of A-Z a-z 0-9 . _ - below the folder of the settings, parted by /, \
             none of them hidden",
            control::quoted(name)
        );
        return Err(wrong(Code::USAGE, why));
    }
    let (local, remote, direction) = match snapshot.direction {
        CallDirection::Outgoing => (&snapshot.from, &snapshot.to, "outgoing"),
        CallDirection::Incoming => (&snapshot.to, &snapshot.from, "incoming"),
    };
    let ask = Box::new(Ask {
        plugin: start.plugin,
        name: start.path,
        channels: start.channels,
        account: snapshot.account.clone(),
        local: local.uri.clone(),
        remote: remote.uri.clone(),
        direction,
    });
    let command = Some(command);
    Ok(Word::Start { command, call, ask })
}

fn is_recorded(call: &CallSnapshot) -> bool {
    call.recording.is_some()
}

/// The call whose recording stands so.
fn recorded(
    call: Option<CallHandle>,
    hub: &Hub,
    state: RecordingState,
) -> Result<CallHandle, ErrorObject> {
    let stands = |call: &CallSnapshot| call.recording.as_ref().is_some_and(|r| r.state == state);
    if let Some(call) = call
        && let Some(known) = hub.calls().get(&call)
        && !stands(known)
    {
        let now = known.recording.as_ref();
        let now = now.map_or("is not recorded".to_owned(), |recording| {
            format!("has a recording that is {:?}", recording.state).to_lowercase()
        });
        return Err(ErrorObject::new(Code::WRONG_STATE, format!("call {call} {now}")).call(call));
    }
    pick(CallRef { call }, hub, stands)
}

fn text(text: String) -> Result<String, ErrorObject> {
    if text.len() > TEXT {
        let why = format!("a text of {} bytes: up to {TEXT} are kept", text.len());
        return Err(ErrorObject::new(Code::USAGE, why));
    }
    Ok(text)
}

/// Whether a name stays below its folder and can be a file's everywhere.
fn is_name(name: &str) -> bool {
    let is_part = |part: &str| {
        let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        !part.is_empty() && !part.starts_with('.') && part.chars().all(is_safe)
    };
    name.len() <= NAME && name.split('/').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leads_out_of_its_folder() {
        for good in ["a", "2026/11/22-c7k2_600.x", "A-1"] {
            assert!(is_name(good), "{good}");
        }
        let long = "a".repeat(121);
        for bad in [
            "",
            "/",
            "/etc/passwd",
            "..",
            "../a",
            "a/../b",
            "a//b",
            "a/",
            ".hidden",
            "a/.b",
            "a b",
            "a\\b",
            "a\0",
            "ä",
            "a:b",
            "%2e%2e/a",
            &long,
        ] {
            assert!(!is_name(bad), "{bad}");
        }
    }
}
