//! Calls over the line of a plugin's process.

use super::{CONTROL, Shared, State, lock, over, told};
use crate::away::Mishap;
use crate::away::link::Link;
use crate::away::words::{Answer, Ask};
use plugin::{Refusal, Status};
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

impl Shared {
    /// One call over the process' own line; waits for a process that is being started. The answer, and which
    /// process gave it.
    pub(super) fn ask(
        &self,
        word: &Ask,
        fds: &[BorrowedFd<'_>],
        wait: Duration,
    ) -> Result<(Answer, u32), Refusal> {
        let state = lock(&self.line);
        let (state, _) = self
            .changed
            .wait_timeout_while(state, 2 * wait, |state| matches!(state, State::Away))
            .unwrap_or_else(PoisonError::into_inner);
        self.asked(&state, word, fds, wait)
    }

    /// The same without waiting for the process, or until it has answered others.
    pub(super) fn ask_now(&self, word: &Ask) -> Result<Answer, Refusal> {
        let state = self.line.try_lock();
        let busy = |_| Refusal::new(Status::UNAVAILABLE, "it answers others");
        let (answer, _) = self.asked(&*state.map_err(busy)?, word, &[], CONTROL)?;
        Ok(answer)
    }

    fn asked(
        &self,
        state: &State,
        word: &Ask,
        fds: &[BorrowedFd<'_>],
        wait: Duration,
    ) -> Result<(Answer, u32), Refusal> {
        match state {
            State::Up { line, generation } => {
                let answer = self.settled(*generation, over(line, word, fds, wait))?;
                Ok((answer, *generation))
            }
            State::Away => Err(Refusal::new(
                Status::UNAVAILABLE,
                "it is being started again",
            )),
            State::Gone => Err(Refusal::new(
                Status::UNAVAILABLE,
                "it was shut out after too many faults",
            )),
        }
    }

    fn settled(&self, generation: u32, answer: io::Result<Answer>) -> Result<Answer, Refusal> {
        match answer {
            Ok(Answer::Refused { status, reason }) => {
                match Status(status) {
                    Status::PANIC => self.report(generation, Mishap::Panicked),
                    Status::GARBAGE => self.report(generation, Mishap::Garbage),
                    _ => {}
                }
                Err(Refusal::new(Status(status), reason))
            }
            Ok(answer) => Ok(answer),
            Err(error) => {
                let (mishap, why) = told(&error);
                self.report(generation, mishap);
                Err(Refusal::new(Status::LOST, why))
            }
        }
    }

    pub(in crate::away) fn open(&self, link: &Arc<Link>) -> Result<(), Refusal> {
        link.renew();
        let word = Ask::Media(link.open.clone());
        let (_, asked) = self.ask(&word, &[link.memory.as_fd()], CONTROL)?;
        let state = lock(&self.line);
        match &*state {
            State::Up { generation, .. } if *generation == asked => {
                link.up(asked);
                let mut links = lock(&self.links);
                links.retain(|link| link.strong_count() > 0);
                links.push(Arc::downgrade(link));
                Ok(())
            }
            State::Up { .. } | State::Away | State::Gone => Err(Status::LOST.into()),
        }
    }
}
