//! People log in and out while the engine runs: at Kamailio, with SIPp to watch and to call.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a test looks for one word of many"
)]

use anyhow::{Result, ensure};
use control::command::{AccountRef, AddAccount, NoFields, Transport};
use control::contacts::{ContactKind, ContactQuery, FavouriteOf};
use control::history::HistoryQuery;
use control::receiving::{Forward, ForwardWhen};
use control::snapshot::AccountState;
use control::{Command, Contact, EventBody, Favourite, LampState, Reply, Secret};
use offhook_interop::directories::{HttpServer, Radicale};
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::publisher::{self, CALLS};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::{Client, Kamailio, Publisher, Rig, Sipp, kamailio};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

fn log_out(client: &mut Client, account: &str) -> Result<()> {
    let on = AccountRef {
        account: account.parse()?,
    };
    client.ask(Command::RemoveAccount(on)).map(drop)
}

/// Waits until the one lamp is known.
fn wait_lamp(client: &mut Client) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        let reply = client.ask(Command::ListLamps(NoFields {}))?;
        let Reply::Lamps { lamps, .. } = reply else {
            anyhow::bail!("list_lamps is replied to with {reply:?}");
        };
        if lamps.iter().any(|lamp| lamp.state == LampState::Idle) {
            return Ok(());
        }
        ensure!(Instant::now() < until, "{lamps:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The server is told of both: that nobody is reached here, and that nobody watches any more.
fn leaves(rig: &Rig) -> Result<()> {
    let proxy = Kamailio::start(rig, "proxy", &kamailio::Wish::default())?;
    let idle = "<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"0\" \
                state=\"full\" entity=\"sip:103@x\"/>";
    let values = [
        ("event", "dialog".to_owned()),
        ("granted_s", "60".to_owned()),
        ("kind", "application/dialog-info+xml".to_owned()),
        ("document", idle.to_owned()),
    ];
    let script = Script {
        values: &values,
        ..Script::new("notifier-left")
    };
    let mut notifier = Sipp::start(rig, "notifier", &script)?;
    let settings = format!("[account]\nblf = [\"sip:103@{}\"]\n", notifier.address);
    let wish = Wish {
        registrar: Some((proxy.address, "101", "secret-101")),
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    let account = client.wait_account(AccountState::Registered, PATIENCE)?;
    proxy.wait_bindings("101", 1, PATIENCE)?;
    wait_lamp(&mut client)?;
    log_out(&mut client, account.account.as_str())?;
    notifier.succeed(PATIENCE)?;
    proxy.wait_bindings("101", 0, PATIENCE)?;
    let Reply::Accounts { accounts, .. } = client.ask(Command::ListAccounts(NoFields {}))? else {
        anyhow::bail!("list_accounts is replied to with something else");
    };
    ensure!(accounts.is_empty(), "{accounts:?}");
    Ok(())
}

#[test]
fn m_021_who_logs_out_is_neither_reached_nor_watching() {
    let Some(rig) = Rig::new("logout", &["kamailio", "sipp"]) else {
        return;
    };
    leaves(&rig).unwrap();
}

fn log_in(client: &mut Client, user: &str, server: SocketAddr) -> Result<()> {
    let add = AddAccount {
        account: format!("of{user}").parse()?,
        user: user.to_owned(),
        domain: kamailio::REALM.to_owned(),
        auth_user: None,
        password: Some(Secret::new(format!("secret-{user}"))),
        display: None,
        registrar: Some(server.to_string()),
        standby: None,
        standby_after_s: None,
        outbound_proxy: None,
        transport: Transport::Udp,
        tls: None,
        expires_s: None,
        register: true,
        udp_from_unknown: false,
        make_default: true,
    };
    client.ask(Command::AddAccount(Box::new(add)))?;
    client.wait("registration", PATIENCE, |event| match &event.body {
        EventBody::AccountRegistered(change) => {
            let its = change.snapshot.account.as_str() == format!("of{user}");
            its.then_some(())
        }
        _ => None,
    })
}

/// Calls a SIPp; who it says that called.
fn calls(rig: &Rig, client: &mut Client, name: &str) -> Result<String> {
    let values = [("ring_ms", "10".to_owned())];
    let script = Script {
        values: &values,
        ..Script::new("callee")
    };
    let mut callee = Sipp::start(rig, name, &script)?;
    let call = client.dial(&format!("sip:200@{}", callee.address))?;
    client.wait_answered(call, PATIENCE)?;
    client.hang_up(call)?;
    client.wait_ended(call, PATIENCE)?;
    callee.succeed(PATIENCE)?;
    let messages = callee.messages();
    let from = messages.lines().find(|line| line.starts_with("From:"));
    Ok(from.unwrap_or_default().to_owned())
}

/// What one user has left behind for whoever looks now: records, contacts, favourites, forwarding.
fn left(client: &mut Client) -> Result<(usize, usize, usize, bool)> {
    let history = client.ask(Command::HistoryList(HistoryQuery::default()))?;
    let contacts = client.ask(Command::ContactList(ContactQuery::default()))?;
    let profiles = client.ask(Command::ProfileList(NoFields {}))?;
    let accounts = client.ask(Command::ListAccounts(NoFields {}))?;
    match (history, contacts, profiles, accounts) {
        (
            Reply::History { records },
            Reply::Contacts { contacts, .. },
            Reply::Profiles { profiles },
            Reply::Accounts { accounts, .. },
        ) => {
            let favourites = profiles
                .iter()
                .map(|profile| profile.favourites.len())
                .sum();
            let forwards = accounts.iter().any(|account| !account.forwarding.is_off());
            Ok((records.len(), contacts.len(), favourites, forwards))
        }
        other => anyhow::bail!("{other:?}"),
    }
}

fn leaves_things(client: &mut Client) -> Result<()> {
    let bob = Contact {
        kind: ContactKind::Personal,
        name: "Bob".to_owned(),
        numbers: vec!["200".to_owned()],
        ..Contact::default()
    };
    client.ask(Command::ContactAdd(Box::new(bob)))?;
    let favourite = Favourite {
        name: Some("Bob".to_owned()),
        number: None,
        ..Favourite::default()
    };
    let favourite = FavouriteOf {
        profile: None,
        favourite,
    };
    client.ask(Command::FavouriteAdd(favourite))?;
    let forward = Forward {
        account: None,
        when: ForwardWhen::Always,
        to: Some("200".to_owned()),
        after_s: None,
    };
    client.ask(Command::Forward(forward)).map(drop)
}

fn changes_hands(rig: &Rig) -> Result<()> {
    let proxy = Kamailio::start(rig, "proxy", &kamailio::Wish::default())?;
    // A phone that a person holds: it keeps what they do.
    let wish = Wish {
        answer: Answer::Ring,
        ..Wish::default()
    };
    let engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    log_out(&mut client, "main")?;
    log_in(&mut client, "101", proxy.address)?;
    proxy.wait_bindings("101", 1, PATIENCE)?;
    let from = calls(rig, &mut client, "callee-of-101")?;
    ensure!(from.contains("sip:101@offhook.test"), "{from}");
    leaves_things(&mut client)?;
    let mine = left(&mut client)?;
    ensure!(mine == (1, 1, 1, true), "{mine:?}");
    log_out(&mut client, "of101")?;
    proxy.wait_bindings("101", 0, PATIENCE)?;
    log_in(&mut client, "102", proxy.address)?;
    let theirs = left(&mut client)?;
    ensure!(theirs == (0, 0, 0, false), "{theirs:?}");
    let from = calls(rig, &mut client, "callee-of-102")?;
    ensure!(from.contains("sip:102@offhook.test"), "{from}");
    // A tag is drawn, and may say anything.
    let who = from.split(";tag=").next().unwrap_or_default();
    ensure!(!who.contains("101"), "{from}");
    log_out(&mut client, "of102")?;
    proxy.wait_bindings("102", 0, PATIENCE)?;
    // Who comes back finds everything, and is forwarded as they said.
    log_in(&mut client, "101", proxy.address)?;
    let mine = left(&mut client)?;
    ensure!(mine == (1, 1, 1, true), "{mine:?}");
    Ok(())
}

#[test]
fn m_022_whoever_logs_in_finds_nothing_of_who_was_here_before() {
    let Some(rig) = Rig::new("logins", &["kamailio", "sipp"]) else {
        return;
    };
    changes_hands(&rig).unwrap();
}

/// Waits until somebody of this name is among the contacts.
fn wait_contact(client: &mut Client, name: &str) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        let query = Command::ContactList(ContactQuery::default());
        let Reply::Contacts { contacts, .. } = client.ask(query)? else {
            anyhow::bail!("contact.list is replied to with something else");
        };
        if contacts.iter().any(|contact| contact.name == name) {
            return Ok(());
        }
        ensure!(Instant::now() < until, "no {name}: {contacts:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Lamps, CardDAV and the server's list come without anything that a person does; one that is away holds up no other.
fn comes_by_itself(rig: &Rig, name: &str, with_http: bool) -> Result<()> {
    let watched = kamailio::Wish {
        watched_s: Some(60),
        ..kamailio::Wish::default()
    };
    let proxy = Kamailio::start(rig, &format!("{name}-proxy"), &watched)?;
    let mut says = Publisher::new(proxy.address, kamailio::REALM)?;
    says.say("102", CALLS, &publisher::calls("102", 0, None))?;
    let radicale = Radicale::start(rig, &format!("{name}-radicale"), "ann", "secret")?;
    radicale.put("bob", "Bob", "TEL:103")?;
    let mut server = HttpServer::start(rig, &format!("{name}-server"))?;
    server.put("people.json", r#"[{"name":"Carol","number":"104"}]"#)?;
    if !with_http {
        server.stop();
    }
    let settings = format!(
        "[account]\nblf = [\"102\"]\ncarddav_principal_url = \"{}\"\ncarddav_user = \"ann\"\n\
         carddav_password = \"secret\"\nsystem_directory_url = \"{}/people.json\"\n",
        radicale.url, server.url
    );
    let wish = Wish {
        answer: Answer::Ring,
        registrar: Some((proxy.address, "101", "secret-101")),
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(rig, name, &wish)?;
    let mut client = engine.client()?;
    client.wait_account(AccountState::Registered, PATIENCE)?;
    let begun = Instant::now();
    wait_lamp(&mut client)?;
    wait_contact(&mut client, "Bob")?;
    if with_http {
        wait_contact(&mut client, "Carol")?;
    }
    println!(
        "{name}: all there {:?} after it registered",
        begun.elapsed()
    );
    if !with_http {
        comes_when_registered(rig, name, (&mut server, &mut client))?;
    }
    Ok(())
}

/// A server that was away until just before the account registers anew is asked then, and not when its time has come.
fn comes_when_registered(
    rig: &Rig,
    name: &str,
    (server, client): (&mut HttpServer, &mut Client),
) -> Result<()> {
    let account = || AccountRef {
        account: "main".parse().expect("it is a name"),
    };
    client.ask(Command::Unregister(account()))?;
    client.wait_account(AccountState::Unregistered, PATIENCE)?;
    // After failures at 0, 2 and 6 s the next try is at 14 s.
    std::thread::sleep(Duration::from_secs(7));
    server.again(rig, &format!("{name}-server"))?;
    client.ask(Command::Register(account()))?;
    client.wait_account(AccountState::Registered, PATIENCE)?;
    let begun = Instant::now();
    wait_contact(client, "Carol")?;
    let took = begun.elapsed();
    println!("{name}: there {took:?} after it registered anew");
    ensure!(took < Duration::from_secs(4), "{took:?}");
    Ok(())
}

#[test]
fn m_002_lamps_and_directories_come_and_one_that_is_away_holds_up_none() {
    let Some(rig) = Rig::new("synchronise", &["kamailio", "radicale", "python3"]) else {
        return;
    };
    comes_by_itself(&rig, "all", true).unwrap();
    comes_by_itself(&rig, "without", false).unwrap();
}
