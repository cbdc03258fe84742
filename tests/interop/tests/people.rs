//! How others are, beside favourites and contacts: at Kamailio, one by one and by a list; and who has no presence.

use anyhow::{Context as _, Result, bail, ensure};
use control::command::NoFields;
use control::contacts::{ContactKind, ContactQuery, FavouriteOf};
use control::lamp::{LampSource, Shows};
use control::snapshot::AccountState;
use control::{
    Code, Command, Contact, EventBody, Favourite, LampSnapshot, LampState, PresenceState, Reply,
};
use offhook_interop::engine::{Answer, Daemon, Wish};
use offhook_interop::publisher::PRESENCE;
use offhook_interop::sipp::Wish as Script;
use offhook_interop::{Client, Engine as _, Kamailio, Linphone, Publisher, Rig, Sipp, kamailio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);
/// How long a state may take from who publishes it to who looks (M-098).
const SECOND: Duration = Duration::from_secs(1);

/// What somebody publishes: they are there and do this.
fn document(user: &str, activity: &str, note: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><presence xmlns=\"urn:ietf:params:xml:ns:pidf\" \
         xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\" \
         entity=\"sip:{user}@{realm}\"><tuple id=\"t\"><status><basic>open</basic></status></tuple>\
         <dm:person id=\"p\"><rpid:activities><rpid:{activity}/></rpid:activities>\
         <dm:note>{note}</dm:note></dm:person></presence>",
        realm = kamailio::REALM
    )
}

fn favourite(number: &str) -> Command {
    Command::FavouriteAdd(FavouriteOf {
        profile: None,
        favourite: Favourite {
            number: Some(number.to_owned()),
            ..Favourite::default()
        },
    })
}

/// What the API shows beside a favourite.
fn beside_favourite(client: &mut Client, number: &str) -> Result<Option<Shows>> {
    let Reply::Profiles { profiles } = client.ask(Command::ProfileList(NoFields {}))? else {
        bail!("profile.list is replied to with something else");
    };
    let mut all = profiles.into_iter().flat_map(|profile| profile.favourites);
    let found = all.find(|favourite| favourite.number.as_deref() == Some(number));
    Ok(found.context("there is no such favourite")?.shows)
}

/// What the API shows beside a contact.
fn beside_contact(client: &mut Client, name: &str) -> Result<Option<Shows>> {
    let query = ContactQuery {
        text: Some(name.to_owned()),
        ..ContactQuery::default()
    };
    let Reply::Contacts { contacts, .. } = client.ask(Command::ContactList(query))? else {
        bail!("contact.list is replied to with something else");
    };
    let found = contacts.into_iter().find(|contact| contact.name == name);
    Ok(found.context("there is no such contact")?.shows)
}

/// Waits until what is shown fits; how long that took.
fn wait_shown(
    patience: Duration,
    mut look: impl FnMut() -> Result<Option<Shows>>,
    fits: impl Fn(&LampSnapshot) -> bool,
) -> Result<Duration> {
    let start = Instant::now();
    loop {
        let shown = look()?;
        let taken = start.elapsed();
        if matches!(&shown, Some(Shows::Lamp(lamp)) if fits(lamp)) {
            return Ok(taken);
        }
        ensure!(taken < patience, "after {taken:?}: {shown:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn is(presence: PresenceState, note: &str) -> impl Fn(&LampSnapshot) -> bool {
    move |lamp| {
        lamp.presence == Some(presence)
            && lamp.note.as_deref() == Some(note)
            && lamp.source == LampSource::Presence
    }
}

fn start(rig: &Rig, proxy: &Kamailio, settings: &str) -> Result<(Daemon, Client)> {
    let wish = Wish {
        answer: Answer::Ring,
        registrar: Some((proxy.address, "101", "secret-101")),
        settings,
        ..Wish::default()
    };
    let engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    client.wait_account(AccountState::Registered, PATIENCE)?;
    Ok((engine, client))
}

/// A favourite's and a contact's state and note come within a second of their PUBLISH, from a PBX and from linphone;
/// the contact says by itself that it is watched.
fn shown_at_once(rig: &Rig) -> Result<()> {
    let wish = kamailio::Wish {
        watched_s: Some(600),
        ..kamailio::Wish::default()
    };
    let proxy = Kamailio::start(rig, "proxy", &wish)?;
    let mut says = Publisher::new(proxy.address, kamailio::REALM)?;
    let (engine, mut client) = start(rig, &proxy, "[account]\nblf_event = \"presence\"\n")?;
    client.ask(favourite("102"))?;
    let carol = Contact {
        kind: ContactKind::Personal,
        name: "Carol".to_owned(),
        numbers: vec!["103".to_owned()],
        watch: true,
        ..Contact::default()
    };
    client.ask(Command::ContactAdd(Box::new(carol)))?;
    let known = |lamp: &LampSnapshot| lamp.source == LampSource::Presence;
    wait_shown(PATIENCE, || beside_favourite(&mut client, "102"), known)?;
    wait_shown(PATIENCE, || beside_contact(&mut client, "Carol"), known)?;
    for (activity, note, state) in [
        ("away", "at lunch", PresenceState::Away),
        ("busy", "in a meeting", PresenceState::Busy),
        ("on-the-phone", "in a call", PresenceState::OnThePhone),
    ] {
        for user in ["102", "103"] {
            says.say(user, PRESENCE, &document(user, activity, note))?;
            let taken = match user {
                "102" => wait_shown(
                    SECOND,
                    || beside_favourite(&mut client, "102"),
                    is(state, note),
                )?,
                _ => wait_shown(
                    SECOND,
                    || beside_contact(&mut client, "Carol"),
                    is(state, note),
                )?,
            };
            println!("{user} is {activity}: shown {taken:?} after Kamailio took it");
        }
    }
    let (printed, _) = engine.told(&["favourite", "list"])?;
    ensure!(
        printed.contains("on the phone, in a call"),
        "the command line shows it too: {printed}"
    );
    Ok(())
}

#[test]
fn m_098_state_and_note_of_favourites_and_contacts_are_shown_within_a_second() {
    let Some(rig) = Rig::new("people", &["kamailio"]) else {
        return;
    };
    shown_at_once(&rig).unwrap();
}

/// linphone publishes itself, and is shown; it ends, and is not.
fn linphone_is_shown(rig: &Rig) -> Result<()> {
    let wish = kamailio::Wish {
        watched_s: Some(600),
        keeps_states: true,
        ..kamailio::Wish::default()
    };
    let proxy = Kamailio::start(rig, "proxy", &wish)?;
    let (_engine, mut client) = start(rig, &proxy, "[account]\nblf_event = \"presence\"\n")?;
    client.ask(favourite("102"))?;
    let login = ("102", "secret-102");
    let mut linphone = Linphone::watching(rig, "linphone", login, proxy.address, "101")?;
    linphone.wait_published()?;
    let there = |lamp: &LampSnapshot| {
        lamp.presence == Some(PresenceState::Available) && lamp.state == LampState::Idle
    };
    let taken = wait_shown(SECOND, || beside_favourite(&mut client, "102"), there)?;
    println!("linphone is shown {taken:?} after its PUBLISH was answered");
    Ok(())
}

#[test]
fn m_098_linphone_publishes_and_is_shown_within_a_second() {
    let Some(rig) = Rig::new("people-linphone", &["kamailio", "linphonec"]) else {
        return;
    };
    linphone_is_shown(&rig).unwrap();
}

fn lamps(client: &mut Client) -> Result<Vec<LampSnapshot>> {
    let Reply::Lamps { lamps, .. } = client.ask(Command::ListLamps(NoFields {}))? else {
        bail!("list_lamps is replied to with something else");
    };
    Ok(lamps)
}

/// Kamailio has a list of 102 and 103: whoever is in it is shown by it, a favourite or not, and who is not in it by
/// itself.
fn listed(rig: &Rig) -> Result<()> {
    let wish = kamailio::Wish {
        watched_s: Some(600),
        keeps_states: true,
        people: vec!["102", "103"],
        users: vec![("101", "secret-101"), ("104", "secret-104")],
        ..kamailio::Wish::default()
    };
    let proxy = Kamailio::start(rig, "proxy", &wish)?;
    let mut says = Publisher::new(proxy.address, kamailio::REALM)?;
    let settings = "[account]\nblf_event = \"presence\"\nblf_list = \"people\"\n";
    let (_engine, mut client) = start(rig, &proxy, settings)?;
    client.ask(favourite("102"))?;
    client.ask(favourite("104"))?;
    // Kamailio tells what is new in a list once a second.
    let patience = 3 * SECOND;
    for (activity, note, state) in [
        ("away", "at lunch", PresenceState::Away),
        ("busy", "in a meeting", PresenceState::Busy),
    ] {
        for user in ["102", "103", "104"] {
            says.say(user, PRESENCE, &document(user, activity, note))?;
            let fits = is(state, note);
            let start = Instant::now();
            loop {
                let all = lamps(&mut client)?;
                let lamp = all.iter().find(|lamp| lamp.label == user);
                if lamp.is_some_and(|lamp| fits(lamp) && lamp.listed == (user != "104")) {
                    break;
                }
                ensure!(start.elapsed() < patience, "{user}: {all:?}");
                std::thread::sleep(Duration::from_millis(5));
            }
            println!("{user} is {activity}: shown after {:?}", start.elapsed());
        }
    }
    let shown = beside_favourite(&mut client, "102")?;
    ensure!(
        matches!(&shown, Some(Shows::Lamp(lamp)) if lamp.listed && lamp.state == LampState::Busy),
        "{shown:?}"
    );
    Ok(())
}

#[test]
fn m_098_a_list_of_kamailio_tells_of_everybody_in_it() {
    let Some(rig) = Rig::new("people-list", &["kamailio"]) else {
        return;
    };
    listed(&rig).unwrap();
}

/// SIPp tells of a list in the words of RFC 4662 §6: whole, a change, a change too many, whole and shorter. Nobody asks it
/// for anything else, and what it left out is unknown until it is asked for.
fn list_with_a_gap(rig: &Rig) -> Result<()> {
    let values = [("patience_ms", "3000".to_owned())];
    let script = Script {
        values: &values,
        ..Script::new("list-with-a-gap")
    };
    let mut notifier = Sipp::start(rig, "notifier", &script)?;
    let settings = format!(
        "[account]\nregister = false\noutbound_proxy = \"{}\"\nblf = [\"102\"]\nblf_event = \"presence\"\n\
         blf_list = \"people\"\n",
        notifier.address
    );
    let wish = Wish {
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    notifier.succeed(PATIENCE)?;
    let start = Instant::now();
    let all = loop {
        let all = lamps(&mut client)?;
        if all.len() == 1 && all.iter().all(|lamp| lamp.state == LampState::Idle) {
            break all;
        }
        ensure!(start.elapsed() < SECOND, "{all:?}");
    };
    ensure!(all.iter().all(|lamp| lamp.listed), "{all:?}");
    let told = client.events().iter().filter_map(|event| {
        let EventBody::BlfChanged(change) = &event.body else {
            return None;
        };
        let lamp = &change.snapshot;
        let gone = if change.removed { " gone" } else { "" };
        let why = lamp.why.as_ref().map(|why| why.code.to_string());
        let said = lamp.presence.map(|presence| presence.word().to_owned());
        Some(format!(
            "{}{gone} {}",
            lamp.label,
            said.or(why).unwrap_or_default()
        ))
    });
    let told: Vec<String> = told.collect();
    println!("{told:#?}");
    let gap = Code::LAMP_GAP.to_string();
    let wanted = [
        "102 available".to_owned(),
        "Carol busy".to_owned(),
        format!("102 {gap}"),
        format!("Carol {gap}"),
        "Carol gone ".to_owned() + &gap,
        "102 away".to_owned(),
    ];
    let mut rest = told.iter();
    for wanted in &wanted {
        ensure!(rest.any(|line| line == wanted), "{wanted}: {told:#?}");
    }
    Ok(())
}

#[test]
fn m_098_a_list_with_a_gap_is_unknown_until_it_is_whole_and_may_shrink() {
    let Some(rig) = Rig::new("people-gap", &["sipp"]) else {
        return;
    };
    list_with_a_gap(&rig).unwrap();
}

/// A Kamailio without lists takes `people` for one more extension: then each is asked for.
fn no_list(rig: &Rig) -> Result<()> {
    let wish = kamailio::Wish {
        watched_s: Some(600),
        ..kamailio::Wish::default()
    };
    let proxy = Kamailio::start(rig, "proxy", &wish)?;
    let mut says = Publisher::new(proxy.address, kamailio::REALM)?;
    let settings = "[account]\nblf_event = \"presence\"\nblf_list = \"people\"\n";
    let (engine, mut client) = start(rig, &proxy, settings)?;
    client.ask(favourite("102"))?;
    says.say("102", PRESENCE, &document("102", "away", "at lunch"))?;
    let fits = is(PresenceState::Away, "at lunch");
    let alone = |lamp: &LampSnapshot| fits(lamp) && !lamp.listed;
    wait_shown(PATIENCE, || beside_favourite(&mut client, "102"), alone)?;
    ensure!(
        engine.log().contains("offers no such list"),
        "nobody is told: {}",
        engine.log()
    );
    Ok(())
}

#[test]
fn m_098_a_kamailio_without_lists_is_asked_for_each() {
    let Some(rig) = Rig::new("people-no-list", &["kamailio"]) else {
        return;
    };
    no_list(&rig).unwrap();
}

/// SIPp is the way to the outside: it is called by number and trunk access code, and never asked about anybody.
fn speed_dial(rig: &Rig) -> Result<()> {
    let values = [("ring_ms", "100".to_owned())];
    let script = Script {
        values: &values,
        ..Script::new("callee")
    };
    let mut trunk = Sipp::start(rig, "trunk", &script)?;
    let settings = format!(
        "[account]\nregister = false\noutbound_proxy = \"{}\"\ncountry_code = \"49\"\narea_code = \"711\"\n\
         trunk_access = \"0\"\n",
        trunk.address
    );
    let wish = Wish {
        answer: Answer::Ring,
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(rig, "engine", &wish)?;
    let mut client = engine.client()?;
    let number = "00711123456";
    client.ask(favourite(number))?;
    let shown = beside_favourite(&mut client, number)?;
    ensure!(shown == Some(Shows::NoPresence), "{shown:?}");
    let (printed, _) = engine.told(&["favourite", "list"])?;
    ensure!(
        printed.contains("00711123456       no presence"),
        "{printed}"
    );
    ensure!(lamps(&mut client)?.is_empty(), "it has a lamp");
    let call = client.dial(number)?;
    client.wait_answered(call, PATIENCE)?;
    client.hang_up(call)?;
    trunk.succeed(PATIENCE)?;
    let heard = trunk.messages();
    ensure!(heard.contains("INVITE sip:00711123456@"), "{heard}");
    ensure!(!heard.contains("SUBSCRIBE"), "{heard}");
    Ok(())
}

#[test]
fn m_114_a_number_outside_is_a_speed_dial_without_presence() {
    let Some(rig) = Rig::new("people-outside", &["sipp"]) else {
        return;
    };
    speed_dial(&rig).unwrap();
}
