//! Quick dial and favourites: who is listed there is watched, at Kamailio and at SIPp.

use anyhow::{Context as _, Result, ensure};
use control::command::NoFields;
use control::contacts::{ContactKind, ContactRef, FavouriteOf, ProfileRef};
use control::snapshot::AccountState;
use control::{Command, Contact, Favourite, LampState, Reply};
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::publisher::{self, CALLS};
use offhook_interop::sipp::Wish as Script;
use offhook_interop::wav::{self, Wav};
use offhook_interop::{Baresip, Client, Kamailio, Publisher, Rig, Sipp, baresip, kamailio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until these lamps are there, no others, and each is known.
fn wait_lamps(client: &mut Client, wanted: &[&str]) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        let reply = client.ask(Command::ListLamps(NoFields {}))?;
        let Reply::Lamps { lamps, .. } = reply else {
            anyhow::bail!("list_lamps is replied to with {reply:?}");
        };
        let mut labels: Vec<&str> = lamps.iter().map(|lamp| lamp.label.as_str()).collect();
        labels.sort_unstable();
        let known = lamps.iter().all(|lamp| lamp.state == LampState::Idle);
        if labels == wanted && known {
            return Ok(());
        }
        ensure!(Instant::now() < until, "{wanted:?}: {lamps:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn quick_dial(client: &mut Client, name: &str, number: &str, watch: bool) -> Result<Contact> {
    let contact = Contact {
        kind: ContactKind::QuickDial,
        name: name.to_owned(),
        numbers: vec![number.to_owned()],
        watch,
        ..Contact::default()
    };
    let reply = client.ask(Command::ContactAdd(Box::new(contact)))?;
    let Reply::Contact { contact } = reply else {
        anyhow::bail!("contact.add is replied to with {reply:?}");
    };
    Ok(*contact)
}

fn favourite(profile: &str, number: &str) -> Command {
    let favourite = Favourite {
        name: None,
        number: Some(number.to_owned()),
        ..Favourite::default()
    };
    Command::FavouriteAdd(FavouriteOf {
        profile: Some(profile.to_owned()),
        favourite,
    })
}

/// A Kamailio whose extensions can be watched; nobody calls 102 and 103.
fn watched(rig: &Rig) -> Result<Kamailio> {
    let wish = kamailio::Wish {
        watched_s: Some(60),
        ..kamailio::Wish::default()
    };
    let proxy = Kamailio::start(rig, "proxy", &wish)?;
    let mut says = Publisher::new(proxy.address, kamailio::REALM)?;
    for user in ["102", "103"] {
        says.say(user, CALLS, &publisher::calls(user, 0, None))?;
    }
    Ok(proxy)
}

/// The flag switches the subscription; entries and subscriptions are there again after a restart.
fn follows_the_flag(rig: &Rig) -> Result<()> {
    let proxy = watched(rig)?;
    let wish = Wish {
        answer: Answer::Ring,
        registrar: Some((proxy.address, "101", "secret-101")),
        ..Wish::default()
    };
    let mut engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    client.wait_account(AccountState::Registered, PATIENCE)?;
    let mut ann = quick_dial(&mut client, "Ann", "102", true)?;
    quick_dial(&mut client, "Bob", "103", false)?;
    wait_lamps(&mut client, &["Ann"])?;
    ann.watch = false;
    client.ask(Command::ContactChange(Box::new(ann.clone())))?;
    wait_lamps(&mut client, &[])?;
    ann.watch = true;
    client.ask(Command::ContactChange(Box::new(ann)))?;
    wait_lamps(&mut client, &["Ann"])?;
    engine.stop();
    let engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    wait_lamps(&mut client, &["Ann"])
}

#[test]
fn m_095_who_is_marked_in_quick_dial_is_watched() {
    let Some(rig) = Rig::new("quick-dial", &["kamailio"]) else {
        return;
    };
    follows_the_flag(&rig).unwrap();
}

/// SIPp is asked while the entry is there, and told when it is gone.
fn asks_and_leaves(rig: &Rig) -> Result<()> {
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
    let proxy = Kamailio::start(rig, "proxy", &kamailio::Wish::default())?;
    let wish = Wish {
        answer: Answer::Ring,
        registrar: Some((proxy.address, "101", "secret-101")),
        ..Wish::default()
    };
    let engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    let address = format!("sip:103@{}", notifier.address);
    let carol = quick_dial(&mut client, "Carol", &address, true)?;
    wait_lamps(&mut client, &["Carol"])?;
    client.ask(Command::ContactRemove(ContactRef { id: carol.id }))?;
    notifier.succeed(PATIENCE)?;
    wait_lamps(&mut client, &[])
}

#[test]
fn m_095_who_is_taken_off_quick_dial_is_told() {
    let Some(rig) = Rig::new("quick-dial-left", &["sipp", "kamailio"]) else {
        return;
    };
    asks_and_leaves(&rig).unwrap();
}

/// Each profile has its own people; another profile, other subscriptions. A fifth profile is refused.
fn follows_the_profile(rig: &Rig) -> Result<()> {
    let proxy = watched(rig)?;
    let wish = Wish {
        answer: Answer::Ring,
        registrar: Some((proxy.address, "101", "secret-101")),
        settings: "[account]\ncountry_code = \"49\"\narea_code = \"711\"\ntrunk_access = \"0\"\n",
        ..Wish::default()
    };
    let engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    client.wait_account(AccountState::Registered, PATIENCE)?;
    let profile = |name: &str| ProfileRef {
        name: name.to_owned(),
    };
    for name in ["night", "weekend", "travel"] {
        client.ask(Command::ProfileAdd(profile(name)))?;
    }
    let fifth = client.ask(Command::ProfileAdd(profile("more")));
    let refused = fifth.err().context("a fifth profile is taken")?.to_string();
    ensure!(refused.contains("no more than 4"), "{refused}");
    client.ask(favourite("main", "102"))?;
    client.ask(favourite("main", "0071112345"))?;
    client.ask(favourite("night", "103"))?;
    wait_lamps(&mut client, &["102"])?;
    client.ask(Command::ProfileUse(profile("night")))?;
    wait_lamps(&mut client, &["103"])?;
    client.ask(Command::ProfileUse(profile("travel")))?;
    wait_lamps(&mut client, &[])?;
    client.ask(Command::ProfileUse(profile("main")))?;
    wait_lamps(&mut client, &["102"])
}

#[test]
fn m_110_the_profile_in_use_is_watched() {
    let Some(rig) = Rig::new("profiles", &["kamailio"]) else {
        return;
    };
    follows_the_profile(&rig).unwrap();
}

/// A SIPp that grants a subscription and says that nobody calls, or refuses it.
fn notifier(rig: &Rig, name: &str, refuses: Option<&str>) -> Result<Sipp> {
    let idle = "<dialog-info xmlns=\"urn:ietf:params:xml:ns:dialog-info\" version=\"0\" \
                state=\"full\" entity=\"sip:103@x\"/>";
    let values = [
        ("event", "dialog".to_owned()),
        ("granted_s", "60".to_owned()),
        ("kind", "application/dialog-info+xml".to_owned()),
        ("state", "active;expires=60".to_owned()),
        ("document", idle.to_owned()),
        ("status", refuses.unwrap_or_default().to_owned()),
        ("header", "Server: x".to_owned()),
    ];
    let scenario = match refuses {
        Some(_) => "notifier-refuses",
        None => "notifier",
    };
    let script = Script {
        values: &values,
        ..Script::new(scenario)
    };
    Sipp::start(rig, name, &script)
}

fn favourites(client: &mut Client) -> Result<Vec<String>> {
    let Reply::Profiles { profiles } = client.ask(Command::ProfileList(NoFields {}))? else {
        anyhow::bail!("profile.list is replied to with something else");
    };
    let all = profiles.into_iter().flat_map(|profile| profile.favourites);
    Ok(all.filter_map(|favourite| favourite.number).collect())
}

/// Whom SIPp lets us watch is kept and watched; whom it does not is refused with its reason, and what the settings
/// wish for stays, without a state.
fn tries_first(rig: &Rig) -> Result<()> {
    let mut grants = notifier(rig, "grants", None)?;
    let mut refuses = notifier(rig, "refuses", Some("403 Not For You"))?;
    let mut wished = notifier(rig, "wished", Some("403 Not For You"))?;
    let settings = format!("[account]\nblf = [\"sip:105@{}\"]\n", wished.address);
    let proxy = Kamailio::start(rig, "proxy", &kamailio::Wish::default())?;
    let wish = Wish {
        answer: Answer::Ring,
        registrar: Some((proxy.address, "101", "secret-101")),
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    client.wait_account(AccountState::Registered, PATIENCE)?;
    let good = format!("sip:103@{}", grants.address);
    let bad = format!("sip:104@{}", refuses.address);
    client.ask(favourite("main", &good))?;
    let refused = client.ask(favourite("main", &bad));
    let refused = refused.err().context("it is taken")?.to_string();
    ensure!(refused.contains("403 Not For You"), "{refused}");
    grants.succeed(PATIENCE)?;
    refuses.succeed(PATIENCE)?;
    wished.succeed(PATIENCE)?;
    ensure!(favourites(&mut client)? == [good.clone()], "what is kept");
    let Reply::Lamps { lamps, .. } = client.ask(Command::ListLamps(NoFields {}))? else {
        anyhow::bail!("list_lamps is replied to with something else");
    };
    let shown: Vec<(&str, LampState)> = lamps
        .iter()
        .map(|lamp| (lamp.target.as_str(), lamp.state))
        .collect();
    let provisioned = format!("sip:105@{}", wished.address);
    let wanted = [
        (provisioned.as_str(), LampState::Unknown),
        (good.as_str(), LampState::Idle),
    ];
    ensure!(shown == wanted, "{shown:?}");
    Ok(())
}

#[test]
fn m_115_an_address_is_tried_before_it_is_a_favourite() {
    let Some(rig) = Rig::new("favourite-tried", &["sipp", "kamailio"]) else {
        return;
    };
    tries_first(&rig).unwrap();
}

/// An entry goes to another profile, is watched there, is called, written to and given a mail address.
fn is_used(rig: &Rig) -> Result<()> {
    let proxy = watched(rig)?;
    let wish = Wish {
        answer: Answer::Ring,
        registrar: Some((proxy.address, "101", "secret-101")),
        settings: "[account]\nallow_message = true\nmail_user_as_local = true\nmail_domain = \"house.test\"\n",
        ..Wish::default()
    };
    let engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    client.wait_account(AccountState::Registered, PATIENCE)?;
    let silence = rig.folder().join("silence.wav");
    let wav = Wav {
        rate_hz: 8_000,
        samples: vec![0; 8_000],
    };
    wav::write(&silence, &wav)?;
    let bob = baresip::Wish {
        user: "102",
        registrar: Some((proxy.address, "secret-102")),
        codecs: "PCMU",
        plays: &silence,
        transport: "udp",
        answers: true,
    };
    let mut bob = Baresip::start(rig, "102", &bob)?;
    for said in [
        "add --number 103",
        "add --number 102",
        "profile add night",
        "rename --number 103 --to-number 104",
        "move --number 102 --to-profile night",
        "profile rename night shift",
        "profile use shift",
    ] {
        let typed: Vec<&str> = said.split(' ').collect();
        let (printed, exit) = engine.told(&[&["favourite"], &typed[..]].concat())?;
        ensure!(exit == 0, "{said}: {printed}");
    }
    let (printed, _) = engine.told(&["favourite", "list"])?;
    let first = printed.lines().map(|line| line.split_whitespace().next());
    let first: Vec<&str> = first.flatten().collect();
    ensure!(first == ["main", "104", "shift", "102"], "{printed}");
    wait_lamps(&mut client, &["102"])?;
    let call = client.dial("102")?;
    client.wait_answered(call, PATIENCE)?;
    client.hang_up(call)?;
    client.wait_ended(call, PATIENCE)?;
    let (printed, exit) = engine.told(&["message", "send", "102", "back at 3"])?;
    ensure!(exit == 0, "{printed}");
    bob.wait_message("back at 3")?;
    let (printed, exit) = engine.told(&["favourite", "mail", "--number", "102"])?;
    ensure!(
        (printed.as_str(), exit) == ("mailto:102@house.test\n", 0),
        "{printed}"
    );
    Ok(())
}

#[test]
fn m_117_an_entry_is_moved_called_written_to_and_mailed() {
    let Some(rig) = Rig::new("favourite-used", &["kamailio", "baresip"]) else {
        return;
    };
    is_used(&rig).unwrap();
}
