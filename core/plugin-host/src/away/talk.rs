//! Kinds of another process that are spoken to over a socket, called as those of this one.

use super::Mishap;
use super::line::Line;
use super::machines::{NatIn, SecurityIn};
use super::process::{CONTROL, Process, told};
use super::words::{self, Answer, Say};
use plugin::draft::nat::{NatInput, NatOutput};
use plugin::draft::security::{SecurityInput, SecurityOutput};
use plugin::{Commands, Mark, Refusal, Status};
use std::sync::Arc;
use std::time::Duration;

/// What has to wait for a disk or a server.
const WORKER: Duration = Duration::from_secs(2);

/// One instance at the other end of a socket.
#[derive(Debug)]
pub(crate) struct Talk {
    line: Line,
    process: Arc<Process>,
    /// Which process is at the other end.
    generation: u32,
    is_lost: bool,
}

impl Talk {
    pub(crate) fn open(process: &Arc<Process>, word: words::Talk) -> Result<Self, Refusal> {
        let (mut lines, generation) = process.call(word, 1)?;
        let line = lines.pop().ok_or(Status::FAILED)?;
        Ok(Self::over(line, generation, process))
    }

    fn over(line: Line, generation: u32, process: &Arc<Process>) -> Self {
        Self {
            line,
            generation,
            process: Arc::clone(process),
            is_lost: false,
        }
    }

    fn ask(
        &mut self,
        word: &Say,
        bytes: &[u8],
        wait: Duration,
    ) -> Result<(Answer, Vec<u8>), Refusal> {
        if self.is_lost {
            return Err(Status::LOST.into());
        }
        match self.line.ask::<Answer>(word, bytes, &[], wait) {
            Ok(came) => {
                let Answer::Refused { status, reason } = came.word else {
                    return Ok((came.word, came.bytes));
                };
                let status = Status(status);
                match status {
                    Status::PANIC => self.lose(Mishap::Panicked),
                    Status::GARBAGE => self.lose(Mishap::Garbage),
                    _ => {}
                }
                Err(Refusal::new(status, reason))
            }
            Err(error) => {
                let (mishap, why) = told(&error);
                self.lose(mishap);
                Err(Refusal::new(Status::LOST, why))
            }
        }
    }

    /// It is not asked again: its state died with its process.
    fn lose(&mut self, mishap: Mishap) {
        self.is_lost = true;
        self.process.shared.report(self.generation, mishap);
    }

    fn done(&mut self, word: &Say, bytes: &[u8], wait: Duration) -> Result<(), Status> {
        match self.ask(word, bytes, wait) {
            Ok((Answer::Done, _)) => Ok(()),
            Ok(_) => Err(self.nonsense()),
            Err(refusal) => Err(refusal.status),
        }
    }

    fn nonsense(&mut self) -> Status {
        self.lose(Mishap::Garbage);
        Status::GARBAGE
    }

    pub(crate) fn write(&mut self, pcm: &[i16], at_ms: u64) -> Result<(), Status> {
        let bytes: Vec<u8> = pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        self.done(&Say::Write { at_ms }, &bytes, CONTROL)
    }

    pub(crate) fn mark(&mut self, mark: Mark, at_ms: u64, note: &str) -> Result<(), Status> {
        let word = Say::Mark {
            mark: mark as i32,
            at_ms,
            note: note.to_owned(),
        };
        self.done(&word, &[], CONTROL)
    }

    pub(crate) fn sync(&mut self) -> Result<(), Status> {
        self.done(&Say::Sync, &[], WORKER)
    }

    pub(crate) fn close(mut self) -> (Status, String) {
        match self.ask(&Say::Close, &[], WORKER) {
            Ok((Answer::Closed { status, said }, _)) => (Status(status), said),
            Ok(_) => (self.nonsense(), String::new()),
            Err(refusal) => (refusal.status, String::new()),
        }
    }

    pub(crate) fn nat_input(&mut self, input: NatInput<'_>, now_ns: u64) -> Result<(), Status> {
        let (input, data) = NatIn::of(input);
        self.done(&Say::NatInput { input, now_ns }, data, CONTROL)
    }

    pub(crate) fn nat_poll(&mut self) -> Result<Option<NatOutput>, Status> {
        match self.ask(&Say::Poll, &[], CONTROL) {
            Ok((Answer::Nat(None), _)) => Ok(None),
            Ok((Answer::Nat(Some(output)), bytes)) => match output.read(bytes) {
                Some(output) => Ok(Some(output)),
                None => Err(self.nonsense()),
            },
            Ok(_) => Err(self.nonsense()),
            Err(refusal) => Err(refusal.status),
        }
    }

    pub(crate) fn security_input(
        &mut self,
        input: SecurityInput<'_>,
        now_ns: u64,
    ) -> Result<(), Status> {
        let (input, data) = SecurityIn::of(input);
        self.done(&Say::SecurityInput { input, now_ns }, data, CONTROL)
    }

    pub(crate) fn security_poll(&mut self) -> Result<Option<SecurityOutput>, Status> {
        match self.ask(&Say::Poll, &[], CONTROL) {
            Ok((Answer::Security(output), bytes)) => Ok(output.map(|output| output.read(bytes))),
            Ok(_) => Err(self.nonsense()),
            Err(refusal) => Err(refusal.status),
        }
    }

    pub(crate) fn event(&mut self, json: &str) -> Result<(), Status> {
        let json = json.to_owned();
        self.done(&Say::Event { json }, &[], CONTROL)
    }

    pub(crate) fn search(&mut self, query: &str) -> Result<String, Refusal> {
        let query = query.to_owned();
        match self.ask(&Say::Search { query }, &[], WORKER)? {
            (Answer::Text(said), _) => Ok(said),
            _ => Err(self.nonsense().into()),
        }
    }
}

/// Starts a face; a thread of its own takes its commands until it ends.
pub(crate) fn ui(
    process: &Arc<Process>,
    options: &str,
    commands: Commands,
) -> Result<Talk, Refusal> {
    let options = options.to_owned();
    let (mut lines, generation) = process.call(words::Talk::Ui { options }, 2)?;
    let (Some(spoken), Some(line)) = (lines.pop(), lines.pop()) else {
        return Err(Status::FAILED.into());
    };
    let shared = Arc::clone(&process.shared);
    let thread = std::thread::Builder::new().name("plugin-ui".into());
    let spawned = thread.spawn(move || {
        const LONG: Duration = Duration::from_secs(u32::MAX as u64);
        let error = loop {
            match spoken.receive::<Say>(LONG) {
                Ok(came) => {
                    if let Say::Event { json } = came.word {
                        // What the engine has no room for is lost, as it would be in this process.
                        let _ = commands(&json);
                    }
                }
                Err(error) => break error,
            }
        };
        // That it hung up is its right.
        if let (Mishap::Garbage, _) = told(&error) {
            shared.report(generation, Mishap::Garbage);
        }
    });
    spawned.map_err(|e| Refusal::new(Status::FAILED, e.to_string()))?;
    Ok(Talk::over(line, generation, process))
}
