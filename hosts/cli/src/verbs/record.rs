//! `record`: begins and ends the recording of a call, and what lies between.

use super::{Context, is_about};
use crate::args::{Record, RecordWhat};
use crate::error::Error;
use crate::link::Engine;
use control::command::CallRef;
use control::recording::{NoteRecording, PauseRecording, RecordingChange, StartRecording};
use control::{Code, Command, EventBody, ExitCode};

pub(crate) fn run(context: &mut Context, args: Record) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["recording.*", "call.warning"]))?;
    let (what, call) = (args.what, args.call);
    let (command, reply) = engine.ask(command(args))?;
    // A note leaves no trace but in the recording.
    if what != RecordWhat::Note {
        let told = engine.outcome((Code::ENGINE_BUSY, "the recording"), |event| {
            if !is_about(event, command, call) || event.command != command {
                return None;
            }
            outcome(what, &event.body)
        })?;
        context.out.line(&told);
    }
    context.out.object(&reply);
    Ok(ExitCode::Success)
}

fn command(args: Record) -> Command {
    let call = args.call;
    match args.what {
        RecordWhat::Start => Command::StartRecording(StartRecording {
            call,
            plugin: args.plugin,
            path: args.path,
            channels: args.channels,
        }),
        RecordWhat::Stop => Command::StopRecording(CallRef { call }),
        RecordWhat::Pause => Command::PauseRecording(PauseRecording {
            call,
            reason: args.text,
        }),
        RecordWhat::Resume => Command::ResumeRecording(CallRef { call }),
        RecordWhat::Note => Command::NoteRecording(NoteRecording {
            call,
            text: args.text.unwrap_or_default(),
        }),
    }
}

/// What the event means for who waits; `None`: nothing.
#[allow(clippy::wildcard_enum_match_arm)] // Only recordings are asked for.
fn outcome(what: RecordWhat, body: &EventBody) -> Option<Result<String, Error>> {
    match (what, body) {
        (RecordWhat::Start, EventBody::RecordingStarted(change))
        | (RecordWhat::Stop, EventBody::RecordingStopped(change))
        | (RecordWhat::Pause, EventBody::RecordingPaused(change))
        | (RecordWhat::Resume, EventBody::RecordingResumed(change)) => Some(Ok(words(change))),
        (_, EventBody::RecordingFailed(change)) => {
            let why = change.error.as_ref().map(|error| error.detail.clone());
            let why = why.unwrap_or_default();
            Some(Err(Error::new(Code::RECORDING_FAILED, why)))
        }
        (_, EventBody::CallWarning(warning)) => {
            Some(Err(Error::new(warning.code, warning.text.clone())))
        }
        _ => None,
    }
}

/// A recording in one line.
pub(crate) fn words(change: &RecordingChange) -> String {
    let recording = &change.recording;
    let mut text = format!("{:?}", recording.state).to_lowercase();
    let seconds = recording.audio_ms / 1_000;
    text += &format!("  {}:{:02}", seconds / 60, seconds % 60);
    if recording.gap_ms > 0 {
        text += &format!("  {} ms missing", recording.gap_ms);
    }
    for more in [Some(&recording.path), change.reason.as_ref()] {
        if let Some(more) = more.filter(|more| !more.is_empty()) {
            text += &format!("  {more}");
        }
    }
    if let Some(error) = &change.error {
        text += &format!("  {} {}", error.code, error.detail);
    }
    text
}
