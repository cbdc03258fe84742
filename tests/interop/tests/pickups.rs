//! `offhookd` takes a call that rings at somebody else's phone, as Kamailio's presence server tells of it.

use anyhow::{Result, ensure};
use control::command::{Command, NoFields, Reply};
use control::lamp::LampRef;
use control::{CallHandle, Code, LampState};
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::publisher::{self, CALLS};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::{Client, Kamailio, Publisher, Rig, Sipp, kamailio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// A call that rings at 201, whose caller is reached at `target`.
fn rings(target: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\
         <dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"2\" state=\"full\" \
         entity=\"sip:201@offhook.test\"><dialog id=\"1\" call-id=\"rings-there@offhook.test\" \
         local-tag=\"theirs\" remote-tag=\"ours\" direction=\"recipient\"><state>early</state>\
         <remote><identity>sip:600@offhook.test</identity><target uri=\"{target}\"/></remote>\
         </dialog></dialog-info>"
    )
}

/// Waits until the one lamp shows this.
fn shows(client: &mut Client, state: LampState) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        let reply = client.ask(Command::ListLamps(NoFields {}))?;
        let Reply::Lamps { lamps, .. } = reply else {
            anyhow::bail!("list_lamps is replied to with {reply:?}");
        };
        if lamps.iter().any(|lamp| lamp.state == state) {
            return Ok(());
        }
        ensure!(Instant::now() < until, "{lamps:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn pick_up() -> Command {
    Command::PickUpLamp(LampRef {
        target: "201".to_owned(),
        account: None,
    })
}

/// That nothing can be picked up, and why.
fn is_refused(client: &mut Client, code: Code) -> Result<()> {
    let refused = client.ask(pick_up());
    let why = format!("{refused:?}");
    ensure!(refused.is_err() && why.contains(&code.to_string()), "{why}");
    Ok(())
}

fn takes() -> Result<()> {
    let Some(rig) = Rig::new("pickup", &["kamailio", "sipp"]) else {
        return Ok(());
    };
    let wish = kamailio::Wish {
        watched_s: Some(3_600),
        ..kamailio::Wish::default()
    };
    let pbx = Kamailio::start(&rig, "pbx", &wish)?;
    let mut says = Publisher::new(pbx.address, kamailio::REALM)?;
    says.say("201", CALLS, &publisher::calls("201", 0, None))?;
    let mut caller = Sipp::start(&rig, "caller", &Script::new("caller-is-taken"))?;
    let wish = Wish {
        answer: Answer::Silent,
        registrar: Some((pbx.address, "101", "secret-101")),
        settings: "[accounts.main]\nblf = [\"201\"]\n",
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish)?;
    let mut client = engine.client()?;
    shows(&mut client, LampState::Idle)?;
    is_refused(&mut client, Code::NOTHING_RINGS)?;
    // A call without tags is shown, and nobody can take it.
    let untold = publisher::calls("201", 1, Some(("early", "600")));
    says.say("201", CALLS, &untold)?;
    shows(&mut client, LampState::Ringing)?;
    is_refused(&mut client, Code::PICKUP_UNTOLD)?;
    says.say("201", CALLS, &publisher::calls("201", 1, None))?;
    shows(&mut client, LampState::Idle)?;
    let target = format!("sip:600@{}", caller.address);
    says.say("201", CALLS, &rings(&target))?;
    shows(&mut client, LampState::Ringing)?;
    let call = call_of(client.ask(pick_up())?)?;
    client.wait_answered(call, PATIENCE)?;
    client.hang_up(call)?;
    client.wait_ended(call, PATIENCE)?;
    caller.succeed(PATIENCE).map(drop)
}

fn call_of(reply: Reply) -> Result<CallHandle> {
    let Reply::Call { call, .. } = reply else {
        anyhow::bail!("blf.pickup is replied to with {reply:?}");
    };
    Ok(call.call)
}

/// M-091: which call rings there is told by Kamailio; SIPp, who called, is taken over by INVITE with Replaces.
#[test]
fn m_091_a_call_that_rings_elsewhere_is_picked_up() {
    takes().unwrap();
}
