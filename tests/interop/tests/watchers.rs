//! SIPp watches `offhookd` by itself, and so does another `offhookd` behind Kamailio: each sees what it may. What a person
//! said is there after an engine was killed.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one word of many"
)]

use anyhow::{Result, bail, ensure};
use control::command::NoFields;
use control::snapshot::AccountState;
use control::watcher::SetRight;
use control::{Command, LampState, Reply, RightOrigin, RightSnapshot, Sees, WatcherSnapshot};
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::{Client, Engine, Kamailio, Rig, Sipp, kamailio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// SIPp's users are at the address that they ask.
const RIGHTS: &str = "[account]\nwatchers = [\"presence allow user 20@127.0.0.1\", \
                      \"dialog allow user 20@127.0.0.1\", \"presence allow user 21@127.0.0.1\"]\n";

type Values<'a> = [(&'a str, String)];

fn value(name: &'static str, text: &str) -> (&'static str, String) {
    (name, text.into())
}

fn listed(client: &mut Client) -> Result<(Vec<WatcherSnapshot>, Vec<RightSnapshot>)> {
    match client.ask(Command::WatcherList(NoFields {}))? {
        Reply::Watchers { watchers, rights } => Ok((watchers, rights)),
        other => bail!("{other:?}"),
    }
}

/// Waits until so many watch.
fn wait_watched(client: &mut Client, count: usize) -> Result<Vec<WatcherSnapshot>> {
    let until = Instant::now() + PATIENCE;
    loop {
        let (watchers, _) = listed(client)?;
        if watchers.len() == count {
            return Ok(watchers);
        }
        ensure!(Instant::now() < until, "not {count}: {watchers:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn watch(rig: &Rig, name: &str, engine: &Daemon, values: &Values<'_>) -> Result<Sipp> {
    let scenario = match name {
        "all" | "calls" => "watcher",
        "less" => "watcher-of-less",
        _ => "watcher-refused",
    };
    let script = Script {
        values,
        ..Script::new(scenario)
    };
    Sipp::start(rig, name, &script.calls("101", engine.address()))
}

fn refused(
    rig: &Rig,
    engine: &Daemon,
    (name, user, event): (&str, &str, &str),
    (expires_s, accept): (&str, &str),
    (status, says): (&str, &str),
) -> Result<()> {
    let values = [
        value("user", user),
        value("event", event),
        value("expires_s", expires_s),
        value("accept", accept),
        value("status", status),
        value("says", says),
    ];
    watch(rig, name, engine, &values)?
        .succeed(PATIENCE)
        .map(drop)
}

/// Who may not watch, and what nobody may.
fn odd(rig: &Rig, engine: &Daemon) -> Result<()> {
    let usual = ("60", "application/pidf+xml, application/dialog-info+xml");
    let forbidden = ("403", "SIP/2.0 403");
    refused(
        rig,
        engine,
        ("less-calls", "21", "dialog"),
        usual,
        forbidden,
    )?;
    refused(rig, engine, ("none", "22", "presence"), usual, forbidden)?;
    let voice = ("489", "Allow-Events: presence, dialog");
    refused(
        rig,
        engine,
        ("voice", "20", "message-summary"),
        usual,
        voice,
    )?;
    let brief = ("423", "Min-Expires: 30");
    let short = ("5", usual.1);
    refused(rig, engine, ("brief", "20", "presence"), short, brief)?;
    let text = ("60", "text/plain");
    let unread = ("406", "SIP/2.0 406");
    refused(rig, engine, ("unread", "20", "presence"), text, unread)?;
    Ok(())
}

/// M-100: of three watchers one sees all, one presence without calls, one nothing.
fn three() -> Result<()> {
    let Some(rig) = Rig::new("watchers-three", &["sipp"]) else {
        return Ok(());
    };
    let wish = Wish {
        settings: RIGHTS,
        answer: Answer::Ring,
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish)?;
    let mut client = engine.client()?;
    let presence = |user| {
        [
            value("user", user),
            value("event", "presence"),
            value("first", "<basic>open</basic>"),
            value("then", "on-the-phone"),
            value("never", "on-the-phone"),
        ]
    };
    let calls = [
        value("user", "20"),
        value("event", "dialog"),
        value("first", "state=\"full\""),
        value("then", "<state>confirmed</state>"),
    ];
    let mut all = watch(&rig, "all", &engine, &presence("20"))?;
    let mut dialog = watch(&rig, "calls", &engine, &calls)?;
    let mut less = watch(&rig, "less", &engine, &presence("21"))?;
    let watchers = wait_watched(&mut client, 3)?;
    let by_template = |watcher: &WatcherSnapshot| {
        let from = watcher.set_by.as_deref().unwrap_or_default();
        watcher.origin == RightOrigin::Template && from.contains("settings.toml:2")
    };
    ensure!(watchers.iter().all(by_template), "{watchers:?}");
    odd(&rig, &engine)?;
    // Longer than presence pauses between two changes (RFC 3856 §6.10).
    let talk = [value("talk_ms", "7000")];
    let script = Script {
        values: &talk,
        ..Script::new("caller")
    };
    let mut caller = Sipp::start(&rig, "caller", &script.calls("101", engine.address()))?;
    client.accept(PATIENCE)?;
    caller.succeed(PATIENCE)?;
    all.succeed(PATIENCE)?;
    dialog.succeed(PATIENCE)?;
    // The template stays, the person overrides it: who watches is told at once.
    let (said, exit) = engine.told(&["watchers", "refuse", "presence", "user", "21@127.0.0.1"])?;
    ensure!(exit == 0 && said.contains("overridden"), "{exit}: {said}");
    less.succeed(PATIENCE)?;
    let (_, rights) = listed(&mut client)?;
    ensure!(rights[0].origin == RightOrigin::Person, "{rights:?}");
    Ok(())
}

#[test]
fn m_100_m_102_three_sipps_see_the_right_amount() {
    three().unwrap();
}

fn wait_lamp(client: &mut Client, state: LampState) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        let Reply::Lamps { lamps, .. } = client.ask(Command::ListLamps(NoFields {}))? else {
            bail!("lamps are listed");
        };
        if lamps.iter().any(|lamp| lamp.state == state) {
            return Ok(());
        }
        ensure!(Instant::now() < until, "not {state:?}: {lamps:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// M-100: a phone that is reached through Kamailio is watched by another one, whom Kamailio knows.
fn behind() -> Result<()> {
    let Some(rig) = Rig::new("watchers-behind", &["kamailio"]) else {
        return Ok(());
    };
    let pbx = Kamailio::start(&rig, "pbx", &kamailio::Wish::default())?;
    let start = |name, user, password, settings: &str| -> Result<(Daemon, Client)> {
        let wish = Wish {
            registrar: Some((pbx.address, user, password)),
            settings,
            answer: Answer::Ring,
            ..Wish::default()
        };
        let engine = Daemon::start(&rig, name, &wish)?;
        let mut client = engine.client()?;
        client.wait_account(AccountState::Registered, PATIENCE)?;
        Ok((engine, client))
    };
    let (_watched, mut ours) = start(
        "watched",
        "101",
        "secret-101",
        "[account]\nwatchers = [\"dialog allow group team\"]\n\
         watcher_groups = [\"team restricted: 101, 102\"]\n",
    )?;
    let (_watcher, mut theirs) = start(
        "watcher",
        "102",
        "secret-102",
        "[account]\nblf = [\"101\"]\n",
    )?;
    wait_lamp(&mut theirs, LampState::Idle)?;
    let watchers = wait_watched(&mut ours, 1)?;
    ensure!(
        watchers[0].right == "dialog allow group team",
        "{watchers:?}"
    );
    ours.dial("102")?;
    theirs.accept(PATIENCE)?;
    wait_lamp(&mut theirs, LampState::Busy)?;
    ours.hang_up_all()?;
    wait_lamp(&mut theirs, LampState::Idle)?;
    let refuse = Command::WatcherAllow(SetRight {
        sees: Sees::Dialog,
        whom: String::from("user 102"),
        allowed: false,
        account: None,
    });
    ours.ask(refuse)?;
    wait_lamp(&mut theirs, LampState::Unknown)?;
    wait_watched(&mut ours, 0).map(drop)
}

#[test]
fn m_100_a_phone_behind_kamailio_is_watched_by_a_group() {
    behind().unwrap();
}

/// M-097, M-102, M-133, M-135: an engine that is killed starts with what the person said.
fn killed() -> Result<()> {
    let Some(rig) = Rig::new("watchers-killed", &["sipp"]) else {
        return Ok(());
    };
    let folder = rig.subfolder("kept")?;
    let folder = folder.display().to_string();
    let settings = format!("{RIGHTS}[history]\nfolder = {folder:?}\n");
    let wish = Wish {
        settings: &settings,
        answer: Answer::Ring,
        ..Wish::default()
    };
    let mut engine = Daemon::start(&rig, "engine", &wish)?;
    for words in [
        &["dnd", "on"][..],
        &["forward", "busy", "600"],
        &["watchers", "refuse", "dialog", "anybody"],
    ] {
        let (said, exit) = engine.told(words)?;
        ensure!(exit == 0, "{words:?}: {exit}: {said}");
    }
    // On disk before the command after it is answered, or a moment later.
    std::thread::sleep(Duration::from_millis(300));
    engine.kill();
    drop(engine);
    let engine = Daemon::start(&rig, "engine", &wish)?;
    let mut client = engine.client()?;
    let (said, exit) = engine.told(&["accounts"])?;
    ensure!(
        exit == 0 && said.contains("do not disturb, forwarded"),
        "{exit}: {said}"
    );
    let (_, rights) = listed(&mut client)?;
    ensure!(
        rights[0].whom == "anybody" && !rights[0].allowed,
        "{rights:?}"
    );
    let values = [value("code", "486")];
    let script = Script {
        values: &values,
        ..Script::new("caller-refused")
    };
    let mut caller = Sipp::start(&rig, "caller", &script.calls("101", engine.address()))?;
    caller.succeed(PATIENCE).map(drop)
}

#[test]
fn m_135_m_133_m_102_what_was_said_is_there_after_the_engine_was_killed() {
    killed().unwrap();
}
