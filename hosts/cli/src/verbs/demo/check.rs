//! `offhook demo --check`: one call to the echo, proved by what came back.

use super::stage::Stage;
use super::{Context, fact};
use crate::error::Error;
use crate::out::Colour;
use control::command::{CallRef, Command, Dial};
use control::event::Filter;
use control::snapshot::CallSnapshot;
use control::{CallHandle, Code, ErrorObject, EventBody, ExitCode};
use engine::Core;
use engine::listener::{Listener, Next};
use std::rc::Rc;
use std::time::Duration;

/// Extension that sends back what it hears.
const ECHO: &str = "600";
/// How long the call is up: the chirp, there and back, and some. Unit: time.
const TALK: Duration = Duration::from_millis(1_400);
/// How long each step may take. Unit: time.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the last block may take into the file. Unit: time.
const WRITTEN_WITHIN: Duration = Duration::from_millis(500);
/// A chirp that matches less did not come back.
const ALIKE: f64 = 0.9;

pub(super) async fn run(context: &mut Context, stage: &Stage) -> Result<ExitCode, Error> {
    let calls = Filter(vec!["call.*".to_owned()]);
    let (ours, theirs) = (
        stage.phone.events(calls.clone()),
        stage.pbx.core().events(calls),
    );
    let call = dial(&stage.phone)?;
    let answered = |body: &EventBody| matches!(body, EventBody::CallAnswered(_));
    until(&ours, Some(call), answered).await?;
    tokio::time::sleep(TALK).await;
    let hang_up = Command::HangUp(CallRef { call: Some(call) });
    stage.phone.command(hang_up, None).1.map_err(Error::from)?;
    let ended = |body: &EventBody| matches!(body, EventBody::CallEnded(_));
    let phone = snapshot(&*until(&ours, Some(call), ended).await?);
    let pbx = snapshot(&*until(&theirs, None, ended).await?);
    let echo = listen(stage).await;
    tell(context, echo, phone.as_ref(), pbx.as_ref())
}

fn dial(phone: &Rc<Core>) -> Result<CallHandle, Error> {
    let dial = Dial {
        to: ECHO.to_owned(),
        account: None,
        ring_for_s: None,
        headers: std::collections::BTreeMap::new(),
        action: None,
    };
    let (_, reply) = phone.command(Command::Dial(dial), None);
    let reply = reply.map_err(Error::from)?;
    let call = super::super::call_in(&reply).map(|call| call.call);
    call.ok_or_else(|| super::super::odd_reply(&reply))
}

/// The next event that fits; an end that comes first is an error.
async fn until(
    events: &Rc<Listener>,
    call: Option<CallHandle>,
    fits: impl Fn(&EventBody) -> bool,
) -> Result<Box<EventBody>, Error> {
    let wait = async {
        loop {
            let Next::Event(sent) = events.next().await else {
                continue;
            };
            let event = &sent.event;
            if call.is_some() && event.call != call {
                continue;
            }
            if fits(&event.body) {
                return Ok(Box::new(event.body.clone()));
            }
            if let EventBody::CallEnded(ended) = &event.body {
                let lost = || ErrorObject::new(Code::CALL_LOST, "the call ended by itself");
                return Err(Error::from(ended.error.clone().unwrap_or_else(lost)));
            }
        }
    };
    let late = || Error::new(Code::NO_ANSWER, "the demo PBX did not go on in time");
    tokio::time::timeout(PATIENCE, wait)
        .await
        .unwrap_or_else(|_| Err(late()))
}

fn snapshot(body: &EventBody) -> Option<CallSnapshot> {
    if let EventBody::CallEnded(ended) = body {
        Some(ended.snapshot.clone())
    } else {
        None
    }
}

/// Looks for the chirp until the file is whole.
async fn listen(stage: &Stage) -> Option<super::sounds::Echo> {
    let until = tokio::time::Instant::now() + WRITTEN_WITHIN;
    loop {
        let echo = stage.sounds.echo();
        let whole = echo.is_some_and(|echo| echo.score >= ALIKE);
        if whole || tokio::time::Instant::now() >= until {
            return echo;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn tell(
    context: &mut Context,
    echo: Option<super::sounds::Echo>,
    phone: Option<&CallSnapshot>,
    pbx: Option<&CallSnapshot>,
) -> Result<ExitCode, Error> {
    let ours = phone.and_then(|call| call.quality).unwrap_or_default();
    let theirs = pbx.and_then(|call| call.quality).unwrap_or_default();
    let flowed = [
        ours.packets_out,
        ours.packets_in,
        theirs.packets_in,
        theirs.packets_out,
    ];
    let score = echo.map_or(0.0, |echo| echo.score);
    let delay_ms = echo.map_or(0.0, |echo| echo.delay_ms);
    let codec = phone
        .and_then(|call| call.media.as_ref())
        .and_then(|m| m.codec.clone());
    let codec = codec.unwrap_or_else(|| "no codec".to_owned());
    let counts = format!(
        "{codec} · phone sent {} heard {} · PBX heard {} sent {}",
        flowed[0], flowed[1], flowed[2], flowed[3],
    );
    fact(context, "packets", &counts);
    let good = score >= ALIKE && flowed.iter().all(|&packets| packets > 0);
    context.out.object(&serde_json::json!({
        "check": {
            "ok": good,
            "match": score,
            "delay_ms": delay_ms,
            "loss_pct": ours.loss_pct,
            "jitter_ms": ours.jitter_ms,
            "codec": codec,
            "phone": { "packets_out": flowed[0], "packets_in": flowed[1] },
            "pbx": { "packets_in": flowed[2], "packets_out": flowed[3] },
        }
    }));
    if !good {
        let why = format!("the chirp did not come back (match {score:.2}; {counts})");
        return Err(Error::new(Code::MEDIA_UNREACHABLE, why));
    }
    let text = format!(
        "  sound      out ok   in ok   your chirp came back after {delay_ms:.0} ms (match {score:.2})",
    );
    context.out.signed("  ", "ok", Colour::Good, &text);
    let text = format!(
        "loss {:.1} %   jitter {:.1} ms",
        ours.loss_pct, ours.jitter_ms
    );
    fact(context, "quality", &text);
    Ok(ExitCode::Success)
}
