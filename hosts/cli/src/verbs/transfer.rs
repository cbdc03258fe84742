//! `transfer`: hands a call on.

use super::{Context, redirect};
use crate::args;
use crate::error::Error;
use crate::link::Engine;
use control::command::CallRef;
use control::transfer::{TransferCall, TransferMode, TransferState, TransferWay};
use control::{
    Code, Command, CommandId, ErrorObject, Event, EventBody, ExitCode, TransferSnapshot,
};
use core::time::Duration;
use serde_json::json;

/// A target may ring so long before the transfer ends.
const RINGS: Duration = Duration::from_secs(260);

pub(crate) fn run(context: &mut Context, args: args::Transfer) -> Result<ExitCode, Error> {
    let asks = args.ask;
    carry_out(context, asks, command(args)?)
}

fn carry_out(context: &mut Context, asks: bool, command: Command) -> Result<ExitCode, Error> {
    let mut engine = Engine::connect(&context.global, Some(&["call.*"]))?;
    engine.wait_at_least(RINGS);
    let (command, _) = engine.ask(command)?;
    let waits = (Code::ENGINE_BUSY, "the end of the transfer");
    let last = engine.outcome(waits, |event| step(event, command, asks))?;
    context.out.line(&words(&last));
    if last.state == TransferState::Consulting {
        context
            .out
            .line("complete with: offhook transfer complete   cancel: offhook transfer cancel");
    }
    context.out.object(&json!({ "transfer": last }));
    match last.error {
        Some(error) => Err(error.into()),
        None => Ok(ExitCode::Success),
    }
}

/// Parks a call: its slot is one more target (M-085).
pub(crate) fn park(context: &mut Context, args: args::Park) -> Result<ExitCode, Error> {
    let transfer = args::Transfer {
        words: args.words,
        ask: false,
        with: None,
        lamp: None,
    };
    carry_out(context, false, parks(command(transfer)?))
}

/// The same, at a slot.
#[allow(clippy::wildcard_enum_match_arm)] // Of the many commands one hands a call on.
fn parks(command: Command) -> Command {
    match command {
        Command::Transfer(transfer) => Command::Transfer(TransferCall {
            park: true,
            ..transfer
        }),
        other => other,
    }
}

/// `[ID] TO`, `[ID] --with ID`, or one of four words and `[ID]`.
fn command(args: args::Transfer) -> Result<Command, Error> {
    let args::Transfer {
        words,
        ask,
        with,
        lamp,
    } = args;
    let on = |name: Option<&String>| -> Result<CallRef, Error> {
        let call = name.map(|name| redirect::handle(name)).transpose()?;
        Ok(CallRef { call })
    };
    let first = words.first().map(String::as_str);
    let steers = match first {
        Some("complete") => Some(Command::TransferComplete as fn(CallRef) -> Command),
        Some("cancel") => Some(Command::TransferCancel as fn(CallRef) -> Command),
        Some("allow") => Some(Command::TransferAllow as fn(CallRef) -> Command),
        Some("refuse") => Some(Command::TransferRefuse as fn(CallRef) -> Command),
        Some(_) | None => None,
    };
    if let Some(steers) = steers.filter(|_| with.is_none() && lamp.is_none() && !ask) {
        return Ok(steers(on(words.get(1))?));
    }
    let (to, call) = match (with.is_some() || lamp.is_some(), words.as_slice()) {
        (true, []) => (None, None),
        (true, [call]) => (None, Some(redirect::handle(call)?)),
        (false, [to]) => (Some(to.clone()), None),
        (false, [call, to]) => (Some(to.clone()), Some(redirect::handle(call)?)),
        (_, _) => {
            let why = "say to whom the call goes: a number, an address, --lamp a lamp, or --with another call";
            return Err(Error::usage(why, "offhook transfer [ID] TO"));
        }
    };
    Ok(Command::Transfer(TransferCall {
        call,
        to,
        lamp,
        with,
        mode: if ask {
            TransferMode::Ask
        } else {
            TransferMode::Now
        },
        park: false,
    }))
}

/// The transfer once nothing more is to be waited for.
#[allow(clippy::wildcard_enum_match_arm)] // Of the many events few are of a transfer.
fn step(
    event: &Event,
    command: Option<CommandId>,
    asks: bool,
) -> Option<Result<TransferSnapshot, Error>> {
    if event.command != command {
        return None;
    }
    match &event.body {
        EventBody::CallWarning(told) => {
            let error = ErrorObject::new(told.code, &told.text).fix(&told.fix);
            Some(Err(error.into()))
        }
        EventBody::TransferProgress(told) => {
            let asked = asks && told.state == TransferState::Consulting;
            asked.then(|| Ok((**told).clone()))
        }
        EventBody::TransferDone(told) | EventBody::TransferFailed(told) => {
            Some(Ok((**told).clone()))
        }
        _ => None,
    }
}

/// `call c7k2 transferred to 600`.
pub(crate) fn words(transfer: &TransferSnapshot) -> String {
    let TransferSnapshot { call, target, .. } = transfer;
    let status = transfer.sip_status.map(|status| format!(" ({status})"));
    let status = status.unwrap_or_default();
    let how = match transfer.state {
        TransferState::Holding => "goes to",
        TransferState::Asking => "is announced at",
        TransferState::Consulting => "can be handed over to",
        TransferState::Requested => "was asked to go to",
        TransferState::Trying => "calls",
        TransferState::Ringing => "rings at",
        TransferState::Returning => "comes back from",
        // Two calls that stay: who ends one ends both.
        TransferState::Completed if transfer.way == Some(TransferWay::Joined) => {
            "is joined here with"
        }
        TransferState::Completed => "transferred to",
        TransferState::Recovered => "is back with you, not with",
        TransferState::Lost => "is lost on its way to",
        TransferState::Unknown => "is on its way to",
    };
    format!("call {call} {how} {target}{status}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use control::CallHandle;

    fn read(words: &[&str], ask: bool, with: Option<&str>) -> Result<String, String> {
        let args = args::Transfer {
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            ask,
            with: with.map(|call| call.parse::<CallHandle>().unwrap()),
            lamp: None,
        };
        let command = command(args).map_err(|error| format!("{error:?}"))?;
        Ok(format!("{command:?}"))
    }

    #[test]
    fn m_073_what_is_typed_and_what_it_means() {
        let now = read(&["600"], false, None).unwrap();
        assert!(now.contains("\"600\"") && now.contains("Now"), "{now}");
        let ask = read(&["c7k2", "600"], true, None).unwrap();
        assert!(
            ask.contains("Ask") && ask.contains("Some(CallHandle("),
            "{ask}"
        );
        let with = read(&[], false, Some("c7k3")).unwrap();
        assert!(
            with.contains("with: Some(") && with.contains("to: None"),
            "{with}"
        );
        assert!(
            read(&["complete"], false, None)
                .unwrap()
                .starts_with("TransferComplete")
        );
        assert!(
            read(&["cancel", "c7k2"], false, None)
                .unwrap()
                .contains("Some(CallHandle(")
        );
        let of_lamp = args::Transfer {
            words: vec!["c7k2".to_owned()],
            ask: true,
            with: None,
            lamp: Some("Carol".to_owned()),
        };
        let of_lamp = format!("{:?}", command(of_lamp).unwrap());
        assert!(of_lamp.contains("lamp: Some(\"Carol\")") && of_lamp.contains("to: None"));
        for wrong in [&[][..], &["x y", "600"], &["cancel", "?"]] {
            assert!(read(wrong, false, None).is_err(), "{wrong:?}");
        }
    }
}
