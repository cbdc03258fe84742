//! Groups of a site that an HTTP server knows: whoever is active in one sees the others of it, at `offhookd` itself.

use anyhow::{Context as _, Result, bail};
use control::command::NoFields;
use control::{Command, Reply};
use offhook_interop::directories::XcapServer;
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::{Client, Engine as _, Rig, Sipp};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);
/// Where the server has them. Source: RFC 4825 §6.2.
const GROUPS: &str = "resource-lists/global/index";

/// Two groups of 101, with others at the address that SIPp's users are at: one whose members see each other, and one
/// whose members do not; in each one who is active and one who is not.
fn document() -> String {
    let entry = |user: &str, active: &str| {
        let host = if user == "101" {
            "offhook.test"
        } else {
            "127.0.0.1"
        };
        format!("<entry uri=\"sip:{user}@{host}\"{active}/>")
    };
    let list = |name: &str, restricted: &str, active: &str, inactive: &str| {
        let members = [
            entry("101", ""),
            entry(active, ""),
            entry(inactive, " o:active=\"false\""),
        ];
        format!(
            "<list name=\"{name}\"{restricted}>{}</list>",
            members.concat()
        )
    };
    format!(
        "<resource-lists xmlns=\"urn:ietf:params:xml:ns:resource-lists\" xmlns:o=\"urn:offhook:groups:1\">{}{}\
         </resource-lists>",
        list("sales", "", "20", "21"),
        list("staff", " o:restricted=\"true\"", "22", "23"),
    )
}

/// Starts SIPp, called `name`, as `user` who watches by this script.
fn watch(rig: &Rig, (name, user): (&str, &str), scenario: &str, engine: &Daemon) -> Result<Sipp> {
    let values = [
        ("user", user.to_owned()),
        ("event", "presence".to_owned()),
        ("expires_s", "60".to_owned()),
        ("accept", "application/pidf+xml".to_owned()),
        ("status", "403".to_owned()),
        ("says", "SIP/2.0 403".to_owned()),
        ("first", "<basic>open</basic>".to_owned()),
        ("never", "on-the-phone".to_owned()),
    ];
    let script = Script {
        values: &values,
        ..Script::new(scenario)
    };
    Sipp::start(rig, name, &script.calls("101", engine.address()))
}

fn refused(rig: &Rig, user: &str, engine: &Daemon) -> Result<()> {
    let name = format!("refused-{user}");
    let mut watcher = watch(rig, (&name, user), "watcher-refused", engine)?;
    watcher.succeed(PATIENCE).map(drop)
}

/// Waits for a moment until somebody watches.
fn is_watched(client: &mut Client) -> Result<bool> {
    let until = Instant::now() + Duration::from_millis(500);
    loop {
        let Reply::Watchers { watchers, .. } = client.ask(Command::WatcherList(NoFields {}))?
        else {
            bail!("watcher.list is replied to with something else");
        };
        if !watchers.is_empty() || Instant::now() > until {
            return Ok(!watchers.is_empty());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until 20, whom the groups let watch, does: the first question may come before the groups do.
fn wait_active(rig: &Rig, engine: &Daemon, client: &mut Client) -> Result<Sipp> {
    for turn in 0..20 {
        let name = format!("active-{turn}");
        let watcher = watch(rig, (&name, "20"), "watcher-of-less", engine)?;
        if is_watched(client)? {
            return Ok(watcher);
        }
    }
    bail!("20 may not watch")
}

fn four(rig: &Rig) -> Result<()> {
    let server = XcapServer::start(rig, "server", "101", "secret-101")?;
    server.put(GROUPS, &document())?;
    let settings = format!(
        "[account]\nxcap = \"{}\"\nxcap_refresh_s = 1\nxcap_groups = true\n",
        server.url
    );
    let wish = Wish {
        answer: Answer::Ring,
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    let mut active = wait_active(rig, &engine, &mut client).context("20, active")?;
    refused(rig, "21", &engine).context("21, not active")?;
    refused(rig, "22", &engine).context("22, active in a group that is restricted")?;
    refused(rig, "23", &engine).context("23, not active there")?;
    refused(rig, "24", &engine).context("24, in no group")?;
    // Who is taken out of the group is told so.
    server.put(GROUPS, &document().replace("sip:20@", "sip:24@"))?;
    active.succeed(PATIENCE).context("20, taken out")?;
    refused(rig, "20", &engine).context("20, afterwards")
}

#[test]
fn m_101_who_is_active_in_a_group_of_the_server_sees_the_others() {
    let Some(rig) = Rig::new("groups-server", &["sipp", "python3"]) else {
        return;
    };
    four(&rig).unwrap();
}
