//! `decline`: refuses a ringing call.

use super::{Context, call_object, hangup};
use crate::args;
use crate::error::Error;
use crate::link::Engine;
use control::command::Decline;
use control::{Command, ExitCode};

pub(crate) fn run(context: &mut Context, args: &args::Decline) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["call.*"]))?;
    let command = Command::Decline(Decline {
        call: args.call,
        status: args.status,
    });
    let call = hangup::end(&mut engine, command, args.call)?;
    hangup::tell(&mut context.out, &call, "declined");
    context.out.object(&call_object(&call));
    Ok(ExitCode::Success)
}
