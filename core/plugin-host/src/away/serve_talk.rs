//! Instances that are spoken to over a socket, in a plugin's process: one thread each.

use super::line::Line;
use super::machines::{NatOut, SecurityOut};
use super::serve::SOON;
use super::words::{Answer, Say};
use plugin::DirectoryInstance;
use plugin::draft::nat::NatInstance;
use plugin::draft::security::SecurityInstance;
use plugin::{Commands, Mark, RecorderInstance, Status, UiInstance};
use plugin_abi::recorder as marks;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(u32::MAX as u64);

/// Answers until the engine hangs up.
fn answer(line: &Line, mut work: impl FnMut(Say, &[u8]) -> (Answer, Vec<u8>)) {
    while let Ok(came) = line.receive::<Say>(LONG) {
        let (answer, bytes) = work(came.word, &came.bytes);
        if line.answer(came.number, &answer, &bytes, SOON).is_err() {
            return;
        }
    }
}

fn plain(answer: Answer) -> (Answer, Vec<u8>) {
    (answer, Vec::new())
}

fn unknown() -> (Answer, Vec<u8>) {
    plain(Answer::refused(Status::BAD_ARGUMENT.into()))
}

pub(super) fn recording(recording: RecorderInstance, line: &Line) {
    let mut running = Some(recording);
    answer(line, |word, bytes| {
        let Some(recording) = &mut running else {
            return unknown();
        };
        plain(match word {
            Say::Write { at_ms } => {
                let pcm: Vec<i16> = bytes
                    .chunks_exact(2)
                    .map(|two| i16::from_le_bytes([two[0], two[1]]))
                    .collect();
                Answer::settled(recording.write(&pcm, at_ms))
            }
            Say::Mark { mark, at_ms, note } => {
                let mark = match mark {
                    marks::MARK_PAUSE => Mark::Pause,
                    marks::MARK_RESUME => Mark::Resume,
                    marks::MARK_GAP => Mark::Gap,
                    _ => Mark::Note,
                };
                Answer::settled(recording.mark(mark, at_ms, &note))
            }
            Say::Sync => Answer::settled(recording.sync()),
            Say::Close => match running.take() {
                Some(recording) => {
                    let (status, said) = recording.close();
                    Answer::Closed {
                        status: status.0,
                        said,
                    }
                }
                None => return unknown(),
            },
            Say::NatInput { .. }
            | Say::SecurityInput { .. }
            | Say::Poll
            | Say::Event { .. }
            | Say::Search { .. } => return unknown(),
        })
    });
}

pub(super) fn nat(mut nat: NatInstance, line: &Line) {
    answer(line, |word, bytes| match word {
        Say::NatInput { input, now_ns } => {
            plain(Answer::settled(nat.handle(input.read(bytes), now_ns)))
        }
        Say::Poll => match nat.poll() {
            Ok(Some(output)) => {
                let (word, bytes) = NatOut::of(output);
                (Answer::Nat(Some(word)), bytes)
            }
            Ok(None) => plain(Answer::Nat(None)),
            Err(status) => plain(Answer::refused(status.into())),
        },
        Say::Write { .. }
        | Say::Mark { .. }
        | Say::Sync
        | Say::Close
        | Say::SecurityInput { .. }
        | Say::Event { .. }
        | Say::Search { .. } => unknown(),
    });
}

pub(super) fn security(mut security: SecurityInstance, line: &Line) {
    answer(line, |word, bytes| match word {
        Say::SecurityInput { input, now_ns } => {
            plain(Answer::settled(security.handle(input.read(bytes), now_ns)))
        }
        Say::Poll => match security.poll() {
            Ok(Some(output)) => {
                let (word, bytes) = SecurityOut::of(output);
                (Answer::Security(Some(word)), bytes)
            }
            Ok(None) => plain(Answer::Security(None)),
            Err(status) => plain(Answer::refused(status.into())),
        },
        Say::Write { .. }
        | Say::Mark { .. }
        | Say::Sync
        | Say::Close
        | Say::NatInput { .. }
        | Say::Event { .. }
        | Say::Search { .. } => unknown(),
    });
}

/// Where a face's commands go: to the engine, over a socket of their own.
pub(super) fn commands(line: Line) -> Commands {
    let line = Mutex::new(line);
    Box::new(move |json| {
        let line = line.lock().unwrap_or_else(PoisonError::into_inner);
        let word = Say::Event {
            json: json.to_owned(),
        };
        let sent = line.tell(&word, SOON);
        sent.map_err(|_| Status::UNAVAILABLE)
    })
}

pub(super) fn ui(mut ui: UiInstance, line: &Line) {
    answer(line, |word, _| {
        let Say::Event { json } = word else {
            return unknown();
        };
        plain(Answer::settled(ui.event(&json)))
    });
}

pub(super) fn directory(mut directory: DirectoryInstance, line: &Line) {
    answer(line, |word, _| {
        let Say::Search { query } = word else {
            return unknown();
        };
        plain(Answer::told(directory.search(&query)))
    });
}
