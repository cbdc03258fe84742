//! The start of a plugin's process.

use super::line::Line;
use super::process::{Plan, START, over, told};
use super::said;
use super::serve::FOR;
use super::words::{Answer, Begun};
use plugin::{Refusal, Status};
use std::io;
use std::process::{Child, Command, Stdio};

/// Starts it once: the process, the line to it, and what it says of itself. Bound: 5 s.
pub(super) fn launch(plan: &Plan) -> Result<(Child, Line, Begun), Refusal> {
    let refused = |error: io::Error| {
        let why = format!("{}: {error}", plan.program.display());
        Refusal::new(
            Status::FAILED,
            format!("its process cannot be started: {why}"),
        )
    };
    let (ours, theirs) = Line::pair().map_err(refused)?;
    let mut child = Command::new(&plan.program)
        .env_clear()
        .env("MALLOC_ARENA_MAX", "1")
        .args([FOR, &std::process::id().to_string()])
        .current_dir("/")
        .stdin(Stdio::from(theirs.into_fd()))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(refused)?;
    said::listen(&plan.id, child.stderr.take()).map_err(refused)?;
    let begun = match over(&ours, &plan.begin, &[plan.library.as_fd()], START) {
        Ok(Answer::Begun(begun)) => return Ok((child, ours, *begun)),
        Ok(Answer::Refused { status, reason }) => Refusal::new(Status(status), reason),
        Ok(_) => Refusal::new(Status::GARBAGE, "its process answered something else"),
        Err(error) => {
            let (_, why) = told(&error);
            Refusal::new(
                Status::FAILED,
                format!("its process ended while it was loaded: {why}"),
            )
        }
    };
    let _ = child.kill();
    let _ = child.wait();
    Err(begun)
}
