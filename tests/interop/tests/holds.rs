//! Hold and resume against programs nobody here wrote. Each test says which requirement it covers.

use control::command::{CallRef, Command};
use control::event::Side;
use control::{CallHandle, Code, EventBody};
use offhook_interop::engine::{Answer, Daemon, Engine as _, Wish};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::sound::Sound;
use offhook_interop::{Client, Phone, Rig, Sipp};

use relay::{Direction, SipAwareRelay, SipRelaySettings};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(15);

/// Waits for the `times`-th hold, or end of one, by `by`.
fn told(client: &mut Client, name: &str, by: Side, times: usize) -> anyhow::Result<()> {
    let seen = std::cell::Cell::new(0);
    // Events of the past are looked at again each time.
    client.wait(name, PATIENCE, |event| {
        let (EventBody::CallHold(told) | EventBody::CallResumed(told)) = &event.body else {
            return None;
        };
        if event.body.name() == name && told.by == by {
            seen.set(seen.get() + 1);
        }
        (seen.get() == times).then_some(())
    })
}

const fn on(call: CallHandle) -> CallRef {
    CallRef { call: Some(call) }
}

/// A scripted callee, our phone, and what happens between answer and hang-up.
fn with_callee(
    name: &str,
    script: &Script<'_>,
    act: impl FnOnce(&mut Client, CallHandle) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let Some(rig) = Rig::new(name, &["sipp"]) else {
        return Ok(());
    };
    let mut callee = Sipp::start(&rig, "callee", script)?;
    let engine = Daemon::start(&rig, "engine", &Wish::default())?;
    let mut client = engine.client()?;
    let call = client.dial(&format!("sip:102@{}", callee.address))?;
    client.wait_answered(call, PATIENCE)?;
    act(&mut client, call)?;
    client.hang_up(call)?;
    client.wait_ended(call, PATIENCE)?;
    callee.succeed(PATIENCE).map(drop)
}

#[test]
fn m_068_m_069_directions_on_the_wire() {
    with_callee("hold-wire", &Script::new("callee-held"), |client, call| {
        client.ask(Command::Hold(on(call)))?;
        told(client, "call.hold", Side::Local, 1)?;
        client.ask(Command::Resume(on(call)))?;
        told(client, "call.resumed", Side::Local, 1)?;
        told(client, "call.hold", Side::Remote, 1)?;
        client.ask(Command::Hold(on(call)))?;
        told(client, "call.hold", Side::Local, 2)?;
        told(client, "call.resumed", Side::Remote, 1)?;
        client.ask(Command::Resume(on(call)))?;
        told(client, "call.resumed", Side::Local, 2)
    })
    .unwrap();
}

#[test]
fn m_068_488_is_told_and_the_call_goes_on() {
    let values = [("status", "488 Not Acceptable Here".to_owned())];
    let script = Script {
        values: &values,
        ..Script::new("callee-refuses-hold")
    };
    with_callee("hold-488", &script, |client, call| {
        client.ask(Command::Hold(on(call)))?;
        let code = client.wait("call.warning", PATIENCE, |event| {
            let EventBody::CallWarning(told) = &event.body else {
                return None;
            };
            event.command.map(|_| told.code)
        })?;
        anyhow::ensure!(code == Code::HOLD_REFUSED, "{code}");
        anyhow::ensure!(!client.look(call)?.held_by_local);
        client.ask(Command::Hold(on(call)))?;
        told(client, "call.hold", Side::Local, 1)
    })
    .unwrap();
}

#[test]
fn m_068_491_is_tried_again() {
    let values = [("status", "491 Request Pending".to_owned())];
    let script = Script {
        values: &values,
        ..Script::new("callee-refuses-hold")
    };
    with_callee("hold-491", &script, |client, call| {
        client.ask(Command::Hold(on(call)))?;
        told(client, "call.hold", Side::Local, 1)
    })
    .unwrap();
}

/// How long is counted what goes and comes. Unit: time.
const PART: Duration = Duration::from_secs(2);

/// RTP packets that both sides send within [`PART`]: theirs, ours.
fn flows(relay: &SipAwareRelay) -> (u64, u64) {
    let heard = |way| relay.rtp_counts(way).heard;
    let before = (heard(Direction::AToB), heard(Direction::BToA));
    std::thread::sleep(PART);
    let after = (heard(Direction::AToB), heard(Direction::BToA));
    (after.0 - before.0, after.1 - before.1)
}

/// They call; we hold, and nothing goes either way; then they hold us, and go on.
fn holds(program: &str) -> anyhow::Result<()> {
    let name = format!("hold-{program}");
    let Some(rig) = Rig::new(&name, &[program]) else {
        return Ok(());
    };
    let plays = Sound::chirp(&rig, "theirs", 1_000)?.between(1_000, 40_000)?;
    let mut phone = Phone::start(&rig, program, "PCMU", &plays.file, false)?;
    let wish = Wish {
        answer: Answer::Ring,
        settings: "[media]\nmicrophone = \"audio-null\"\nspeaker = \"audio-null\"\n",
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish)?;
    let plain = SipRelaySettings::default();
    let relay = SipAwareRelay::start(1, None, engine.address(), plain)?;
    let mut client = engine.client()?;
    phone.dial(&format!("sip:101@{}", relay.facing_a()))?;
    let call = client.accept(PATIENCE)?;
    std::thread::sleep(PART);
    let talking = flows(&relay);
    client.ask(Command::Hold(on(call)))?;
    told(&mut client, "call.hold", Side::Local, 1)?;
    // What was on its way.
    std::thread::sleep(Duration::from_millis(300));
    let held = flows(&relay);
    client.ask(Command::Resume(on(call)))?;
    told(&mut client, "call.resumed", Side::Local, 1)?;
    std::thread::sleep(Duration::from_millis(300));
    let again = flows(&relay);
    phone.hold()?;
    told(&mut client, "call.hold", Side::Remote, 1)?;
    phone.resume()?;
    told(&mut client, "call.resumed", Side::Remote, 1)?;
    client.hang_up(call)?;
    client.wait_ended(call, PATIENCE)?;
    println!("{name}: RTP of them and us: {talking:?}, held {held:?}, then {again:?}");
    let flow = |(theirs, ours): (u64, u64)| theirs > 50 && ours > 50;
    anyhow::ensure!(flow(talking) && flow(again), "{talking:?} {again:?}");
    anyhow::ensure!(held == (0, 0), "{held:?}");
    Ok(())
}

#[test]
fn m_068_m_069_holds_and_is_held_by_baresip() {
    holds("baresip").unwrap();
}

#[test]
fn m_068_m_069_holds_and_is_held_by_linphone() {
    holds("linphonec").unwrap();
}
