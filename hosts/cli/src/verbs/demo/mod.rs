//! `offhook demo`: a phone and a small PBX in one process, on this computer alone.
//!
//! | file | holds |
//! | --- | --- |
//! | `stage` | the two engines and how they are set up |
//! | `sounds` | what is said, what was heard |
//! | `check` | one call that proves itself |

mod check;
mod sounds;
mod stage;

use super::Context;
use crate::args::Demo;
use crate::error::Error;
use crate::out::Colour;
use control::ExitCode;
use stage::Stage;
pub(super) use stage::{Guest, Own, alone};
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};

/// How long the account may take to register. Unit: time.
const REGISTER_WITHIN: Duration = Duration::from_secs(5);

pub(crate) fn run(context: &mut Context, args: &Demo) -> Result<ExitCode, Error> {
    let began = Instant::now();
    actix::System::new().block_on(async {
        let stage = Stage::set(args.check, context.global.socket.clone(), None).await?;
        let stood = began.elapsed();
        let ended = play(context, args, &stage, stood).await;
        stage.strike().await;
        ended
    })
}

/// One call with `guest` beside the demo's own plugins: what `demo --check` proves, proved with it.
pub(super) fn prove(context: &mut Context, guest: &Guest) -> Result<ExitCode, Error> {
    actix::System::new().block_on(async {
        let stage = Stage::set(true, None, Some(guest)).await?;
        let proved = match stage.registered(REGISTER_WITHIN).await {
            Ok(_) => check::run(context, &stage).await,
            Err(why) => Err(why),
        };
        stage.strike().await;
        proved
    })
}

async fn play(
    context: &mut Context,
    args: &Demo,
    stage: &Stage,
    stood: Duration,
) -> Result<ExitCode, Error> {
    let version = env!("CARGO_PKG_VERSION");
    context.out.line(&format!(
        "offhook {version} — demo mode, nothing leaves this computer"
    ));
    let plugins = stage.plugins();
    fact(
        context,
        "engine",
        &format!("{plugins} plugins loaded in {} ms", stood.as_millis()),
    );
    fact(context, "audio", "files instead of a sound card");
    context.out.line(&format!(
        "                 you \"say\"  {}",
        stage.said().display()
    ));
    context.out.line(&format!(
        "                 you \"hear\" {}",
        stage.heard().display()
    ));
    fact(
        context,
        "demo PBX",
        &format!("{} udp tcp", stage.pbx_address()),
    );
    let took = stage.registered(REGISTER_WITHIN).await?;
    fact(
        context,
        "account",
        &format!("101@demo registered in {} ms", took.as_millis()),
    );
    fact(
        context,
        "control",
        &format!("unix:{}", stage.socket().display()),
    );
    if args.check {
        return check::run(context, stage).await;
    }
    for line in [
        "",
        "Try in another terminal:",
        "  offhook call 600 --for 5s   echo test: proves sound works both ways",
        "  offhook call 102 --for 5s   Bob answers and talks",
        "  offhook call 604 --for 5s   wrong on purpose: no sound comes back",
        "  offhook blf                 Carol's lamp changes by itself; park slots",
        "  offhook call '*98' --for 5s leave yourself a message, then: offhook voicemail",
        "  offhook doctor              check this computer",
        "Ctrl+C stops everything.",
    ] {
        context.out.line(line);
    }
    wait(stage).await;
    Ok(ExitCode::Success)
}

fn fact(context: &mut Context, what: &str, text: &str) {
    context
        .out
        .signed("  ", "ok", Colour::Good, &format!("  {what:<10} {text}"));
}

/// Until somebody wants it to stop: a signal, or the command `shutdown`.
async fn wait(stage: &Stage) {
    let (Ok(mut term), Ok(mut int)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return stage.stopped().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
        () = stage.stopped() => {}
    }
}
