//! `offhookd` publishes how its person is at Kamailio: what Kamailio tells others is what was set.

use anyhow::{Result, ensure};
use control::PresenceState;
use control::command::{AccountRef, Command};
use control::presence::{Idle, SetPresence};
use control::snapshot::AccountState;
use offhook_interop::engine::{Daemon, Wish};
use offhook_interop::publisher::PRESENCE;
use offhook_interop::sipp::Wish as Script;
use offhook_interop::{Client, Kamailio, Linphone, Publisher, Rig, Sipp, kamailio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);
const SETTINGS: &str = "[accounts.main]\npublish_presence = true\n";

/// Kamailio that keeps states for so long; `keeps`: in its tables, where they are refreshed.
fn watched(rig: &Rig, granted_s: u32, keeps: bool) -> Result<Kamailio> {
    let wish = kamailio::Wish {
        watched_s: Some(granted_s),
        keeps_states: keeps,
        ..kamailio::Wish::default()
    };
    Kamailio::start(rig, "pbx", &wish)
}

fn ours(rig: &Rig, pbx: &Kamailio) -> Result<(Daemon, Client)> {
    let wish = Wish {
        registrar: Some((pbx.address, "101", "secret-101")),
        settings: SETTINGS,
        ..Wish::default()
    };
    let engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    client.wait_account(AccountState::Registered, PATIENCE)?;
    Ok((engine, client))
}

/// Waits until Kamailio tells others what holds all of `parts` and none of `none`.
fn wait_told(
    says: &mut Publisher,
    parts: &[&str],
    none: &[&str],
    patience: Duration,
) -> Result<Duration> {
    let start = Instant::now();
    loop {
        let told = says.fetch("101", PRESENCE)?;
        let has = |part: &&str| told.contains(*part);
        if parts.iter().all(has) && !none.iter().any(has) {
            return Ok(start.elapsed());
        }
        ensure!(
            start.elapsed() < patience,
            "not {parts:?} without {none:?}: {told}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn set(client: &mut Client, state: PresenceState, note: &str) -> Result<()> {
    let set = SetPresence {
        state,
        note: Some(note.to_owned()),
        until: None,
        account: None,
    };
    client.ask(Command::PresenceSet(set)).map(drop)
}

/// M-097: stored with note, changed, removed at logout, there again at the next login.
fn published() -> Result<()> {
    let Some(rig) = Rig::new("presence-published", &["kamailio"]) else {
        return Ok(());
    };
    let pbx = watched(&rig, 3_600, true)?;
    let (engine, mut client) = ours(&rig, &pbx)?;
    let mut says = Publisher::new(pbx.address, kamailio::REALM)?;
    wait_told(
        &mut says,
        &["<basic>open</basic>"],
        &["busy", "away"],
        PATIENCE,
    )?;
    let (said, exit) = engine.told(&["presence", "set", "away", "--note", "über Mittag"])?;
    ensure!(exit == 0 && said.contains("away"), "{exit}: {said}");
    wait_told(
        &mut says,
        &["away", "über Mittag"],
        &[],
        Duration::from_secs(2),
    )?;
    let (said, exit) = engine.told(&["presence"])?;
    ensure!(exit == 0 && said.contains("über Mittag"), "{exit}: {said}");
    let account = || AccountRef {
        account: "main".parse().expect("it is a name"),
    };
    client.ask(Command::Unregister(account()))?;
    client.wait_account(AccountState::Unregistered, PATIENCE)?;
    // Sooner than it would run out by itself.
    wait_told(
        &mut says,
        &[],
        &["away", "über Mittag"],
        Duration::from_secs(2),
    )?;
    client.ask(Command::Register(account()))?;
    client.wait_account(AccountState::Registered, PATIENCE)?;
    wait_told(&mut says, &["away", "über Mittag"], &[], PATIENCE)?;
    Ok(())
}

#[test]
fn m097_what_is_set_is_what_kamailio_tells_others() {
    published().unwrap();
}

/// M-097: what is set outlives the time that Kamailio grants three times over, because it is refreshed, by a PUBLISH
/// without a document; and is gone once nobody refreshes it.
fn refreshed() -> Result<()> {
    let Some(rig) = Rig::new("presence-refreshed", &["kamailio"]) else {
        return Ok(());
    };
    let granted = Duration::from_secs(4);
    let pbx = watched(&rig, 4, true)?;
    let (mut engine, mut client) = ours(&rig, &pbx)?;
    let mut says = Publisher::new(pbx.address, kamailio::REALM)?;
    set(&mut client, PresenceState::Busy, "at lunch")?;
    wait_told(&mut says, &["busy", "at lunch"], &[], PATIENCE)?;
    let start = Instant::now();
    while start.elapsed() < 3 * granted {
        let told = says.fetch("101", PRESENCE)?;
        ensure!(
            told.contains("at lunch"),
            "after {:?}: {told}",
            start.elapsed()
        );
        std::thread::sleep(Duration::from_millis(100));
    }
    engine.kill();
    let gone = wait_told(&mut says, &[], &["at lunch"], 2 * granted + PATIENCE)?;
    println!("the document of a phone that died was gone after {gone:?}");
    Ok(())
}

#[test]
fn m_097_what_is_set_is_refreshed_at_kamailio() {
    refreshed().unwrap();
}

/// M-097: linphone watches through Kamailio, and shows each of our states as its own word.
fn seen_by_linphone() -> Result<()> {
    let Some(rig) = Rig::new("presence-linphone", &["kamailio", "linphonec"]) else {
        return Ok(());
    };
    let pbx = watched(&rig, 600, true)?;
    let (mut engine, mut client) = ours(&rig, &pbx)?;
    let login = ("102", "secret-102");
    let mut linphone = Linphone::watching(&rig, "watcher", login, pbx.address, "101")?;
    linphone.wait_friend("Online", 1)?;
    set(&mut client, PresenceState::Busy, "in a meeting")?;
    linphone.wait_friend("Busy", 1)?;
    set(&mut client, PresenceState::Away, "")?;
    linphone.wait_friend("Away", 1)?;
    set(&mut client, PresenceState::Available, "")?;
    linphone.wait_friend("Online", 2)?;
    engine.stop();
    linphone.wait_friend("Offline", 1)
}

#[test]
fn m_097_linphone_sees_what_is_set_and_that_it_is_removed() {
    seen_by_linphone().unwrap();
}

/// SIPp is called, and another SIPp is told so; then nobody is at the phone for a while.
fn told_by_itself() -> Result<()> {
    let Some(rig) = Rig::new("presence-by-itself", &["sipp"]) else {
        return Ok(());
    };
    let mut server = Sipp::start(&rig, "server", &Script::new("presence-server"))?;
    let values = [("ring_ms", "100".to_owned())];
    let script = Script {
        values: &values,
        ..Script::new("callee")
    };
    let mut callee = Sipp::start(&rig, "callee", &script)?;
    let settings = format!(
        "[account]\npublish_presence = true\nregistrar = \"{}\"\n",
        server.address
    );
    let wish = Wish {
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish)?;
    let mut client = engine.client()?;
    let call = client.dial(&format!("sip:102@{}", callee.address))?;
    client.wait_answered(call, PATIENCE)?;
    server.wait_message("on-the-phone", PATIENCE)?;
    client.hang_up(call)?;
    callee.succeed(PATIENCE)?;
    server.wait_message("SIP-If-Match: two", PATIENCE)?;
    client.ask(Command::PresenceIdle(Idle { idle: true }))?;
    server.wait_message("SIP-If-Match: three", PATIENCE)?;
    client.ask(Command::PresenceIdle(Idle { idle: false }))?;
    server.succeed(PATIENCE).map(drop)
}

#[test]
fn m_099_a_call_and_idle_are_published_and_taken_back() {
    told_by_itself().unwrap();
}

/// M-097: a server that was started anew knows no SIP-ETag (412): all is said anew. M-099: idle is away.
fn forgotten() -> Result<()> {
    let Some(rig) = Rig::new("presence-forgotten", &["kamailio"]) else {
        return Ok(());
    };
    let mut pbx = watched(&rig, 6, false)?;
    let (_engine, mut client) = ours(&rig, &pbx)?;
    let mut says = Publisher::new(pbx.address, kamailio::REALM)?;
    set(&mut client, PresenceState::DoNotDisturb, "")?;
    wait_told(&mut says, &["busy", "do-not-disturb"], &[], PATIENCE)?;
    pbx.restart()?;
    wait_told(
        &mut says,
        &["busy", "do-not-disturb"],
        &[],
        Duration::from_secs(40),
    )?;
    set(&mut client, PresenceState::Available, "")?;
    wait_told(&mut says, &["open"], &["busy"], PATIENCE)?;
    client.ask(Command::PresenceIdle(Idle { idle: true }))?;
    wait_told(&mut says, &["away"], &[], Duration::from_secs(2))?;
    client.ask(Command::PresenceIdle(Idle { idle: false }))?;
    wait_told(&mut says, &["open"], &["away"], Duration::from_secs(2)).map(drop)
}

#[test]
fn m097_m099_a_server_that_forgot_is_told_anew_and_idle_is_away() {
    forgotten().unwrap();
}
