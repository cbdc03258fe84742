//! What a person says of who may watch them is kept at Kamailio's xcap_server, is said at their other phone too, and
//! Kamailio's presence judges by it.

use anyhow::{Context as _, Result, bail, ensure};
use control::command::NoFields;
use control::presence::SetPresence;
use control::watcher::{RightRef, SetRight};
use control::{Command, PresenceState, Reply, Sees};
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::publisher::PRESENCE;
use offhook_interop::{Client, Kamailio, Publisher, Rig, kamailio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// A phone of 101, which asks its server every second; one `is_used`, registers and publishes.
fn phone(rig: &Rig, name: &str, server: &Kamailio, is_used: bool) -> Result<(Daemon, Client)> {
    let settings = format!(
        "[accounts.main]\npublish_presence = {is_used}\nregister = {is_used}\nxcap = \"http://{}/xcap\"\n\
         xcap_refresh_s = 1\nxcap_rights = true\nwatcher_groups = [\"sales: 103\"]\n",
        server.address
    );
    let wish = Wish {
        answer: Answer::Ring,
        registrar: Some((server.address, "101", "secret-101")),
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(rig, name, &wish)?;
    let client = engine.client()?;
    Ok((engine, client))
}

fn allow(client: &mut Client, sees: Sees, whom: &str, allowed: bool) -> Result<()> {
    let right = SetRight {
        sees,
        whom: whom.to_owned(),
        allowed,
        account: None,
    };
    client.ask(Command::WatcherAllow(right)).map(drop)
}

/// What the person said, a line each.
fn wait_said(client: &mut Client, wanted: &[&str]) -> Result<()> {
    let begun = Instant::now();
    loop {
        let Reply::Watchers { rights, .. } = client.ask(Command::WatcherList(NoFields {}))? else {
            bail!("watcher.list is replied to with something else");
        };
        let verdict = |allowed| if allowed { "allow" } else { "refuse" };
        let line = |right: &control::RightSnapshot| {
            format!("{:?} {} {}", right.sees, verdict(right.allowed), right.whom).to_lowercase()
        };
        let mut lines: Vec<String> = rights.iter().map(line).collect();
        lines.sort();
        if lines == wanted {
            return Ok(());
        }
        ensure!(begun.elapsed() < PATIENCE, "{lines:?} and not {wanted:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until the server shows `who` how 101 is, or does not.
fn wait_shown(says: &mut Publisher, who: &str, is_shown: bool) -> Result<()> {
    let begun = Instant::now();
    loop {
        let (head, body) = says.watch(who, "101", PRESENCE)?;
        if body.contains("at lunch") == is_shown {
            return Ok(());
        }
        ensure!(
            begun.elapsed() < PATIENCE,
            "{who}, who is to be shown it: {is_shown}\n{head}\n{body}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Who is allowed is shown it, who is not sees nothing of it; what is said at one phone is said at the other, and holds
/// at the server at once.
fn judged_there(rig: &Rig) -> Result<()> {
    let wish = kamailio::Wish {
        watched_s: Some(3_600),
        keeps_documents: true,
        judges_watchers: true,
        ..kamailio::Wish::default()
    };
    let server = Kamailio::start(rig, "server", &wish)?;
    let (_first, mut one) = phone(rig, "one", &server, true)?;
    let (_second, mut two) = phone(rig, "two", &server, false)?;
    one.ask(Command::PresenceSet(SetPresence {
        state: PresenceState::Away,
        note: Some("at lunch".to_owned()),
        until: None,
        account: None,
    }))?;
    let mut says = Publisher::new(server.address, kamailio::REALM)?;
    allow(&mut one, Sees::Presence, "user 102", true)?;
    wait_shown(&mut says, "102", true).context("one who is allowed")?;
    wait_shown(&mut says, "103", false).context("one whom nobody named")?;
    wait_said(&mut two, &["presence allow user 102"])?;
    // A group, at the other phone; and one word less.
    allow(&mut two, Sees::Presence, "group sales", true)?;
    wait_shown(&mut says, "103", true).context("one of a group")?;
    wait_said(
        &mut one,
        &["presence allow group sales", "presence allow user 102"],
    )?;
    one.ask(Command::WatcherForget(RightRef {
        sees: Sees::Presence,
        whom: "user 102".to_owned(),
        account: None,
    }))?;
    wait_shown(&mut says, "102", false).context("one who was allowed before")?;
    wait_said(&mut two, &["presence allow group sales"])?;
    // Everybody but one, who is of the group.
    allow(&mut two, Sees::Presence, "anybody", true)?;
    allow(&mut two, Sees::Presence, "user 103", false)?;
    wait_shown(&mut says, "102", true).context("anybody")?;
    wait_shown(&mut says, "103", false).context("one who is refused")
}

#[test]
fn m_100_a_server_judges_by_what_the_person_says_at_any_phone() {
    let Some(rig) = Rig::new("rights-server", &["kamailio"]) else {
        return;
    };
    judged_there(&rig).unwrap();
}
