//! `dtmf`: sends digits. They may be a PIN, so they are not printed.

use super::{Context, is_about};
use crate::args::Dtmf;
use crate::error::Error;
use crate::link::Engine;
use crate::words;
use control::command::SendDtmf;
use control::event::{DtmfMethod, Side};
use control::{Code, Command, EventBody, ExitCode};
use std::time::Duration;

/// A digit waits for the one before it to end, and is told a moment after its own end.
const SETTLES: Duration = Duration::from_secs(5);

pub(crate) fn run(context: &mut Context, args: &Dtmf) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(
        &context.global,
        Some(&["call.dtmf", "call.warning", "call.ended"]),
    )?;
    // Each digit is told when it has sounded.
    let sounds = Duration::from_millis(u64::from(args.duration.unwrap_or_default()));
    engine.wait_at_least(sounds + SETTLES);
    let (command, reply) = engine.ask(Command::SendDtmf(SendDtmf {
        call: args.call,
        digits: args.digits.clone(),
        duration_ms: args.duration,
    }))?;
    let named = super::call_in(&reply).map(|call| call.call).or(args.call);
    let count = args.digits.as_str().len();
    let mut how = "";
    let mut call = named;
    for sent in 0..count {
        how = engine.outcome((Code::ENGINE_BUSY, "the end of a digit"), |event| {
            if !is_about(event, command, named) {
                return None;
            }
            if let EventBody::CallDtmf(digit) = &event.body
                && digit.direction == Side::Local
            {
                call = event.call.or(call);
                return Some(Ok(method(digit.method)));
            }
            if let EventBody::CallWarning(warning) = &event.body
                && warning.code == Code::NO_DIGITS
            {
                return Some(Err(Error::new(warning.code, warning.text.clone())));
            }
            let EventBody::CallEnded(data) = &event.body else {
                return None;
            };
            let end = data
                .snapshot
                .end
                .as_ref()
                .map(words::end)
                .unwrap_or_default();
            let detail = format!("the call ended {end} after {sent} of {count} digits");
            Some(Err(Error::new(Code::WRONG_STATE, detail)))
        })?;
    }
    let digits = if count == 1 { "digit" } else { "digits" };
    let to = call.map(|call| format!(" to {call}")).unwrap_or_default();
    context
        .out
        .line(&format!("sent {count} {digits}{to}, {how}"));
    context.out.object(&reply);
    Ok(ExitCode::Success)
}

/// How digits travel, for people.
pub(super) const fn method(method: DtmfMethod) -> &'static str {
    match method {
        DtmfMethod::Rtp => "as RTP event",
        DtmfMethod::Info => "by SIP INFO",
        DtmfMethod::Inband => "as tones",
        DtmfMethod::Unknown => "in a new way",
    }
}
