//! Kinds that are not promised yet: opened, used with chance, closed.

use crate::subject::{Chance, Held, Stop, Subject, must, skip};
use plugin::draft::nat::{NatInput, NatInstance};
use plugin::draft::security::{SecurityInput, SecurityInstance};
use plugin::draft::tone::ToneInstance;
use plugin::{Refusal, Status};

/// Asked of a machine at most so often: one that never has nothing to say is broken.
const DRY: usize = 1000;

fn no_table() -> Stop {
    Stop::Fail("it has no table of its kind".to_owned())
}

/// Opens, uses a little with `text`, closes.
pub(crate) fn once(subject: &Subject, text: &str) -> Held {
    Ok(drive(subject, text, "{}")??)
}

fn said(input: &str) -> impl Fn(Status) -> Stop {
    move |status| {
        Stop::Fail(format!(
            "it says {} at {input:?}",
            plugin::status_text(status)
        ))
    }
}

/// The outer error: there is nothing to drive. The inner: it would not open.
fn drive(subject: &Subject, open: &str, input: &str) -> Result<Result<(), Refusal>, Stop> {
    let entry = subject.started()?;
    Ok(match subject.manifest()?.kind.as_str() {
        "nat" => match entry.nat()?.ok_or_else(no_table)?.open(open, subject.seed) {
            Err(refusal) => Err(refusal),
            Ok(nat) => drive_nat(nat, input).map(Ok)?,
        },
        "security" => match entry.security()?.ok_or_else(no_table)?.open(open, &[7; 32]) {
            Err(refusal) => Err(refusal),
            Ok(security) => drive_security(security, input).map(Ok)?,
        },
        "tone" => {
            let mut tone = a_tone(subject)?;
            tone.read(&mut [0; 80]).map(|_| ()).map_err(Refusal::from)
        }
        _ => return skip("its kind is promised: other checks ask"),
    })
}

fn drive_nat(mut nat: NatInstance, input: &str) -> Held {
    let from = std::net::SocketAddr::from(([192, 0, 2, 1], 3478));
    let data = input.as_bytes();
    let packet = NatInput::Packet {
        flow: 1,
        from,
        data,
    };
    for event in [
        NatInput::Time,
        NatInput::Remote(input),
        NatInput::Interfaces(input),
        packet,
    ] {
        nat.handle(event, 1_000_000).map_err(said(input))?;
    }
    let mut left = DRY;
    while nat.poll().map_err(said(input))?.is_some() {
        left -= 1;
        must!(left > 0, "poll() gave {DRY} things to do and has more");
    }
    Ok(())
}

fn drive_security(mut security: SecurityInstance, input: &str) -> Held {
    for event in [
        SecurityInput::Time,
        SecurityInput::Remote(input),
        SecurityInput::Confirmed(true),
    ] {
        security.handle(event, 1_000_000).map_err(said(input))?;
    }
    let mut left = DRY;
    while security.poll().map_err(said(input))?.is_some() {
        left -= 1;
        must!(left > 0, "poll() gave {DRY} things to do and has more");
    }
    Ok(())
}

/// The first tone it knows.
pub(crate) fn a_tone(subject: &Subject) -> Result<ToneInstance, Stop> {
    let table = subject.started()?.tone()?.ok_or_else(no_table)?;
    let names = table.names()?;
    let names: Vec<String> = serde_json::from_str(&names)
        .map_err(|error| format!("names() gives {names:?}: {error}"))?;
    let first = names.first().ok_or("it knows no tone".to_owned())?;
    Ok(table.open(first, 8000, "{}")?)
}

pub(crate) fn opens(subject: &Subject) -> Held {
    once(subject, "{}")
}

pub(crate) fn odd_requests(subject: &Subject) -> Held {
    let mut chance = Chance::new(subject.seed);
    for n in 0..100 {
        let text = if n == 0 {
            "{".to_owned()
        } else {
            chance.text("{\"options\":{},\"servers\":[]}")
        };
        if let Err(refusal) = drive(subject, &text, "{}")? {
            must!(refusal.status != Status::PANIC, "it panicked at {text:?}");
        }
    }
    Ok(())
}

pub(crate) fn odd_inputs(subject: &Subject) -> Held {
    let mut chance = Chance::new(subject.seed);
    for _ in 0..100 {
        let text = chance.text("{\"text\":\"bob\",\"limit\":5}");
        if let Err(refusal) = drive(subject, "{}", &text)? {
            must!(refusal.status != Status::PANIC, "it panicked at {text:?}");
        }
    }
    Ok(())
}
