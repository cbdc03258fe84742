//! Profiles and favourites at a server, for each phone of their person: Kamailio's xcap_server; and
//! where calls are sent, at an XCAP server in Python.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one word of many"
)]

use anyhow::{Context as _, Result, ensure};
use control::command::NoFields;
use control::contacts::{FavouriteOf, ProfileRef};
use control::receiving::{Forward, ForwardWhen};
use control::{Code, Command, EventBody, Favourite, Reply};
use offhook_interop::directories::XcapServer;
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::{Client, Engine, Kamailio, Rig, Sipp, kamailio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);
/// Two accounts' phones are one person's: both log in as 101.
const PERSON: (&str, &str) = ("101", "secret-101");

fn server(rig: &Rig) -> Result<Kamailio> {
    let wish = kamailio::Wish {
        keeps_documents: true,
        ..kamailio::Wish::default()
    };
    Kamailio::start(rig, "server", &wish)
}

/// A phone of the person, which asks its server every second.
fn phone(rig: &Rig, name: &str, root: &str) -> Result<(Daemon, Client)> {
    let settings = format!("[account]\nxcap = \"{root}\"\nxcap_refresh_s = 1\n");
    let wish = Wish {
        answer: Answer::Ring,
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(rig, name, &wish)?;
    let client = engine.client()?;
    Ok((engine, client))
}

fn root(server: &Kamailio) -> String {
    format!("http://{}/xcap", server.address)
}

fn favourite(profile: &str, text: &str) -> FavouriteOf {
    let (is_name, text) = (text.starts_with(char::is_alphabetic), Some(text.to_owned()));
    let (name, number) = if is_name { (text, None) } else { (None, text) };
    FavouriteOf {
        profile: Some(profile.to_owned()),
        favourite: Favourite {
            name,
            number,
            ..Favourite::default()
        },
    }
}

/// Its profiles, a line each.
fn shown(client: &mut Client) -> Result<Vec<String>> {
    let Reply::Profiles { profiles } = client.ask(Command::ProfileList(NoFields {}))? else {
        anyhow::bail!("profile.list is replied to with something else");
    };
    let line = |profile: &control::contacts::Profile| {
        let all = profile.favourites.iter();
        let texts: Vec<String> = all
            .filter_map(|one| one.name.clone().or(one.number.clone()))
            .collect();
        format!("{}: {}", profile.name, texts.join(" "))
    };
    Ok(profiles.iter().map(line).collect())
}

fn wait_shown(client: &mut Client, wanted: &[&str]) -> Result<Duration> {
    let begun = Instant::now();
    loop {
        let found = shown(client)?;
        if found == wanted {
            return Ok(begun.elapsed());
        }
        let waited = begun.elapsed();
        ensure!(waited < PATIENCE, "{found:?} and not {wanted:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What one phone does the other shows; what a phone does while the server is away goes there later, also after a
/// restart; of what both did the newest counts.
fn keeps_both(rig: &Rig) -> Result<()> {
    let mut server = server(rig)?;
    let root = root(&server);
    let (mut first, mut one) = phone(rig, "one", &root)?;
    let (_second, mut two) = phone(rig, "two", &root)?;
    one.ask(Command::FavouriteAdd(favourite("main", "102")))?;
    one.ask(Command::FavouriteAdd(favourite("main", "Ann Example")))?;
    one.ask(Command::ProfileAdd(ProfileRef {
        name: "night".to_owned(),
    }))?;
    let waited = wait_shown(&mut two, &["main: 102 Ann Example", "night: "])?;
    ensure!(waited < Duration::from_secs(5), "{waited:?} is no second");
    two.wait("favourites.changed", PATIENCE, |event| match &event.body {
        EventBody::FavouritesChanged(change) => (change.profiles.len() == 2).then_some(()),
        _ => None,
    })?;
    two.ask(Command::FavouriteAdd(favourite("night", "+49711555")))?;
    two.ask(Command::FavouriteRemove(favourite("main", "102")))?;
    wait_shown(&mut one, &["main: Ann Example", "night: +49711555"])?;
    // Away: both change something, one is ended and started again.
    server.kill();
    one.ask(Command::FavouriteAdd(favourite("main", "103")))?;
    one.ask(Command::FavouriteRemove(favourite("main", "Ann Example")))?;
    two.ask(Command::FavouriteAdd(favourite("night", "104")))?;
    let failed = two.wait("xcap.failed", PATIENCE, |event| match &event.body {
        EventBody::XcapFailed(change) => change.error.clone(),
        _ => None,
    })?;
    ensure!(failed.code == Code::XCAP_FAILED, "{failed}");
    ensure!(failed.detail.contains("cannot be reached"), "{failed}");
    first.stop();
    let (_first, mut one) = phone(rig, "one", &root)?;
    wait_shown(&mut one, &["main: 103", "night: +49711555"])?;
    server.restart()?;
    // Kamailio in memory forgets its documents: both put theirs together anew.
    for client in [&mut one, &mut two] {
        wait_shown(client, &["main: 103", "night: +49711555 104"])?;
    }
    two.wait("xcap.mended", PATIENCE, |event| match &event.body {
        EventBody::XcapMended(_) => Some(()),
        _ => None,
    })?;
    one.ask(Command::ProfileRemove(ProfileRef {
        name: "night".to_owned(),
    }))?;
    wait_shown(&mut two, &["main: 103"])?;
    Ok(())
}

#[test]
fn m_112_two_phones_of_one_person_keep_their_profiles_at_kamailio() {
    let Some(rig) = Rig::new("profiles-kamailio", &["kamailio"]) else {
        return;
    };
    keeps_both(&rig).unwrap();
}

/// A password that the server does not take costs nothing here, and is told with cause and fix.
fn refuses(rig: &Rig) -> Result<()> {
    let wish = kamailio::Wish {
        keeps_documents: true,
        users: vec![(PERSON.0, "another")],
        ..kamailio::Wish::default()
    };
    let mut server = Kamailio::start(rig, "server", &wish)?;
    server.kill();
    let (_engine, mut client) = phone(rig, "engine", &root(&server))?;
    // It is away at first; that it does not take the password is another reason, and so told again.
    server.restart()?;
    client.ask(Command::FavouriteAdd(favourite("main", "102")))?;
    let failed = client.wait("xcap.failed", PATIENCE, |event| match &event.body {
        EventBody::XcapFailed(change) => {
            let error = change.error.clone();
            error.filter(|error| error.detail.contains("does not take the password"))
        }
        _ => None,
    })?;
    ensure!(!failed.to_string().contains(PERSON.1), "{failed}");
    ensure!(failed.fix.contains("password"), "{failed}");
    ensure!(shown(&mut client)? == ["main: 102"], "nothing is lost");
    Ok(())
}

#[test]
fn m_112_a_password_that_the_server_does_not_take_is_told() {
    let Some(rig) = Rig::new("profiles-refused", &["kamailio"]) else {
        return;
    };
    refuses(&rig).context("a wrong password").unwrap();
}

/// Where the server keeps where calls are sent. Source: 3GPP TS 24.623 §5.3.
const DIVERSION: &str = "simservs.ngn.etsi.org/users/sip:101@offhook.test/simservs.xml";

fn forward(when: ForwardWhen, to: Option<&str>) -> Command {
    Command::Forward(Forward {
        account: None,
        when,
        to: to.map(str::to_owned),
        after_s: None,
    })
}

fn wait_document(server: &XcapServer, holds: impl Fn(&str) -> bool) -> Result<String> {
    let until = Instant::now() + PATIENCE;
    loop {
        let text = server.document(DIVERSION);
        if holds(&text) {
            return Ok(text);
        }
        ensure!(Instant::now() < until, "the server has {text:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What is said at the phone is at the server, and what its portal changes is told, shown and done.
fn forwards_both_ways(rig: &Rig) -> Result<()> {
    let server = XcapServer::start(rig, "server", PERSON.0, PERSON.1)?;
    let settings = format!(
        "[account]\nxcap = \"{}\"\nxcap_refresh_s = 1\nxcap_forwarding = true\n",
        server.url
    );
    let wish = Wish {
        answer: Answer::Ring,
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    client.ask(forward(ForwardWhen::Busy, Some("600")))?;
    let text = wait_document(&server, |text| text.contains("sip:600@offhook.test"))?;
    ensure!(text.contains("<busy/>"), "{text}");
    // The portal: calls go to 700 at once, and no longer to 600.
    let portal = text
        .replace("<busy/>", "")
        .replace("sip:600@offhook.test", "sip:700@offhook.test");
    server.put(DIVERSION, &portal)?;
    let begun = Instant::now();
    let shown = client.wait("account.changed", PATIENCE, |event| match &event.body {
        EventBody::AccountChanged(change) => {
            let forwarding = change.snapshot.forwarding.clone();
            forwarding.always.is_some().then_some(forwarding)
        }
        _ => None,
    })?;
    ensure!(
        begun.elapsed() < Duration::from_secs(5),
        "one refresh is a second"
    );
    ensure!(shown.always.as_deref() == Some("700"), "{shown:?}");
    ensure!(shown.busy.is_none(), "{shown:?}");
    // Who calls now is sent there.
    let values = [("code", "302".to_owned())];
    let script = Script {
        values: &values,
        ..Script::new("caller-refused")
    };
    let script = script.calls("101", engine.address());
    Sipp::start(rig, "caller", &script)?.succeed(PATIENCE)?;
    client.ask(forward(ForwardWhen::Always, None))?;
    wait_document(&server, |text| text.contains("rule-deactivated"))?;
    Ok(())
}

#[test]
fn m_134_forwarding_is_the_same_at_the_phone_and_at_its_server() {
    let Some(rig) = Rig::new("forwarding-server", &["python3", "sipp"]) else {
        return;
    };
    forwards_both_ways(&rig).unwrap();
}
