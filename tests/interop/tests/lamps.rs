//! `offhookd` watches extensions and a mailbox at Kamailio: what is shown is what Kamailio says, or unknown.

use anyhow::{Result, ensure};
use control::command::{Command, NoFields, Reply};
use control::event::EventBody;
use control::{Code, LampSnapshot, LampState};
use offhook_interop::engine::{Daemon, Wish};
use offhook_interop::publisher::{self, CALLS, MAILBOX, PRESENCE};
use offhook_interop::{Client, Kamailio, Publisher, Rig, kamailio};
use relay::{LinkSettings, Loss, SipAwareRelay, SipRelaySettings};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);
/// Longest lifetime that Kamailio grants, of states and of subscriptions. Unit: s.
const GRANTED_S: u32 = 3_600;
/// A restart is noticed with the next refresh: at three quarters of 30 s at the latest.
const RESTART: Duration = Duration::from_secs(40);

fn watched(rig: &Rig) -> Result<Kamailio> {
    let wish = kamailio::Wish {
        watched_s: Some(GRANTED_S),
        ..kamailio::Wish::default()
    };
    Kamailio::start(rig, "pbx", &wish)
}

fn lamps(client: &mut Client) -> Result<Vec<LampSnapshot>> {
    let reply = client.ask(Command::ListLamps(NoFields {}))?;
    let Reply::Lamps { lamps, .. } = reply else {
        anyhow::bail!("list_lamps is replied to with {reply:?}");
    };
    Ok(lamps)
}

/// The number of the change that a lamp shows, 0 for idle; `None` where it is not known.
fn number(lamp: &LampSnapshot) -> Option<u32> {
    match lamp.state {
        LampState::Idle => Some(0),
        LampState::Busy => {
            let peer = lamp.peer.as_ref()?.uri.strip_prefix("sip:n")?;
            peer.split_once('@')?.0.parse().ok()
        }
        LampState::Ringing | LampState::Held | LampState::Parked => None,
        LampState::Unregistered | LampState::Unknown => None,
    }
}

type Numbers = BTreeMap<String, Option<u32>>;

fn shown(client: &mut Client) -> Result<Numbers> {
    let lamps = lamps(client)?;
    Ok(lamps
        .iter()
        .map(|lamp| (lamp.label.clone(), number(lamp)))
        .collect())
}

fn wait_shown(client: &mut Client, truth: &Numbers, patience: Duration) -> Result<Duration> {
    let start = Instant::now();
    loop {
        let shown = shown(client)?;
        if shown == *truth {
            return Ok(start.elapsed());
        }
        let wrong = truth
            .iter()
            .filter(|(name, number)| shown.get(*name) != Some(*number));
        let wrong: Vec<_> = wrong
            .map(|(name, truth)| (name, truth, shown.get(name)))
            .collect();
        ensure!(
            start.elapsed() < patience,
            "{} wrong: {wrong:?}",
            wrong.len()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// What lamps were told to show, in order; nobody shows an older state after a newer one.
fn ensure_never_older(client: &Client) -> Result<usize> {
    let mut newest = BTreeMap::new();
    let mut changes = 0;
    for event in client.events() {
        let EventBody::BlfChanged(change) = &event.body else {
            continue;
        };
        let lamp = &change.snapshot;
        if lamp.state == LampState::Unknown {
            ensure!(lamp.why.is_some(), "unknown without a reason: {lamp:?}");
        }
        let Some(number) = number(lamp) else { continue };
        changes += 1;
        let last = newest.entry(lamp.target.clone()).or_insert(0);
        ensure!(
            number >= *last,
            "{} shows {number} after {last}",
            lamp.label
        );
        *last = number;
    }
    Ok(changes)
}

fn names(of: core::ops::Range<u32>) -> Vec<String> {
    of.map(|n| n.to_string()).collect()
}

fn settings(names: &[String], more: &str) -> String {
    format!("[accounts.main]\nblf = {names:?}\nsubscription_expires_s = 30\n{more}\n")
}

/// A call with somebody whose name is the number of the change.
fn in_call(user: &str, n: u32) -> String {
    publisher::calls(user, n, Some(("confirmed", &format!("n{n}"))))
}

/// Each of these lamps was unknown once, because the server no longer knew who watches.
fn ensure_all_lost(client: &Client, names: &[String]) -> Result<()> {
    for name in names {
        let told = client.events().iter().any(|event| {
            let EventBody::BlfChanged(change) = &event.body else {
                return false;
            };
            let code = change.snapshot.why.as_ref().map(|why| why.code);
            change.snapshot.label == *name && code == Some(Code::LAMP_LOST)
        });
        ensure!(told, "{name} was not unknown after the restart");
    }
    Ok(())
}

/// Two hundred lamps, changes all the time, a network that loses, repeats and reorders, and a PBX that is
/// started anew and has forgotten everything. M-089, M-094.
fn two_hundred() -> Result<()> {
    let Some(rig) = Rig::new("lamps-200", &["kamailio"]) else {
        return Ok(());
    };
    let mut pbx = watched(&rig)?;
    let mut says = Publisher::new(pbx.address, kamailio::REALM)?;
    let names = names(200..400);
    for name in &names {
        says.say(name, CALLS, &publisher::calls(name, 0, None))?;
    }
    let mut truth: Numbers = names.iter().map(|name| (name.clone(), Some(0))).collect();
    let relay = SipAwareRelay::start(7, None, pbx.address, SipRelaySettings::default())?;
    let settings = settings(&names, "");
    let wish = Wish {
        registrar: Some((relay.facing_a(), "101", "secret-101")),
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish)?;
    let mut client = engine.client()?;
    let took = wait_shown(&mut client, &truth, PATIENCE)?;
    println!("200 lamps known after {took:?}");
    relay.set_signalling(&LinkSettings {
        loss: Loss::Random(0.15),
        overtaking: true,
        reorder: 0.2,
        reorder_by: base::Duration::from_millis(300),
        duplicate: 0.2,
        ..LinkSettings::CLEAN
    });
    let mut rng = rig.rng();
    for n in 1..=400 {
        let name = &names[rng.below(200) as usize];
        truth.insert(name.clone(), Some(n));
        says.say(name, CALLS, &in_call(name, n))?;
        std::thread::sleep(Duration::from_millis(25));
    }
    relay.set_signalling(&LinkSettings::CLEAN);
    let took = wait_shown(&mut client, &truth, PATIENCE)?;
    let changes = ensure_never_older(&client)?;
    println!("all true {took:?} after the network was well; {changes} states shown");
    pbx.restart()?;
    says.forget();
    for name in &names {
        let n = truth[name].unwrap_or_default() + 1_000;
        truth.insert(name.clone(), Some(n));
        says.say(name, CALLS, &in_call(name, n))?;
    }
    let took = wait_shown(&mut client, &truth, RESTART)?;
    println!("all true {took:?} after the restart");
    ensure_never_older(&client)?;
    ensure_all_lost(&client, &names)?;
    Ok(())
}

#[test]
fn m089_m094_two_hundred_lamps_are_true_or_unknown_on_a_bad_network_and_after_a_restart() {
    two_hundred().unwrap();
}

fn wait_lamp(client: &mut Client, label: &str, state: LampState) -> Result<LampSnapshot> {
    let until = Instant::now() + PATIENCE;
    loop {
        let lamps = lamps(client)?;
        let lamp = lamps.into_iter().find(|lamp| lamp.label == label);
        match lamp {
            Some(lamp) if lamp.state == state => return Ok(lamp),
            lamp => ensure!(Instant::now() < until, "{label} is not {state:?}: {lamp:?}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// M-096: the server takes the subscription, and its NOTIFYs never arrive: unknown, with that as the reason.
fn swallowed() -> Result<()> {
    let Some(rig) = Rig::new("lamps-swallowed", &["kamailio"]) else {
        return Ok(());
    };
    let pbx = watched(&rig)?;
    let swallows = SipRelaySettings {
        swallows: vec!["NOTIFY"],
        ..SipRelaySettings::default()
    };
    let relay = SipAwareRelay::start(96, None, pbx.address, swallows)?;
    let settings = settings(&names(201..202), "");
    let wish = Wish {
        registrar: Some((relay.facing_a(), "101", "secret-101")),
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish)?;
    let mut client = engine.client()?;
    // Timer N: 32 s after the 200 (RFC 6665 §4.1.2.4).
    let why = client.wait("blf.changed", Duration::from_secs(45), |event| {
        let EventBody::BlfChanged(change) = &event.body else {
            return None;
        };
        let why = change.snapshot.why.as_ref();
        why.filter(|why| why.code == Code::LAMP_SILENT).cloned()
    })?;
    ensure!(why.detail.contains("lost on the network"), "{why:?}");
    let (said, exit) = engine.told(&["blf"])?;
    ensure!(exit == 0 && said.contains("OH-4034"), "{said}");
    Ok(())
}

#[test]
fn m096_notifications_that_a_relay_swallows_are_told_as_lost_on_the_network() {
    swallowed().unwrap();
}

fn presence(user: &str, basic: &str, more: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><presence xmlns=\"urn:ietf:params:xml:ns:pidf\" \
         xmlns:dm=\"urn:ietf:params:xml:ns:pidf:data-model\" \
         xmlns:rpid=\"urn:ietf:params:xml:ns:pidf:rpid\" entity=\"sip:{user}@offhook.test\">\
         <tuple id=\"t\"><status><basic>{basic}</basic></status></tuple>{more}</presence>"
    )
}

/// Each state of a call is one light, a slot with somebody in it is parked, the mailbox has its counts:
/// M-084, M-090, M-091, M-061, K-025.
fn states() -> Result<()> {
    let Some(rig) = Rig::new("lamps-states", &["kamailio"]) else {
        return Ok(());
    };
    let pbx = watched(&rig)?;
    let mut says = Publisher::new(pbx.address, kamailio::REALM)?;
    let more = "park_slots = [\"701\"]\nsubscribe_for_voicemail = true";
    let settings = settings(&names(201..202), more);
    let wish = Wish {
        registrar: Some((pbx.address, "101", "secret-101")),
        settings: &settings,
        ..Wish::default()
    };
    for name in ["201", "701"] {
        says.say(name, CALLS, &publisher::calls(name, 0, None))?;
    }
    let engine = Daemon::start(&rig, "engine", &wish)?;
    let mut client = engine.client()?;
    wait_lamp(&mut client, "201", LampState::Idle)?;
    for (version, state, light) in [
        (1, "early", LampState::Ringing),
        (2, "confirmed", LampState::Busy),
        (3, "terminated", LampState::Idle),
    ] {
        let document = publisher::calls("201", version, Some((state, "102")));
        says.say("201", CALLS, &document)?;
        let lamp = wait_lamp(&mut client, "201", light)?;
        let peer = lamp.peer.map(|peer| peer.uri);
        let expected = (light != LampState::Idle).then(|| "sip:102@offhook.test".to_owned());
        ensure!(peer == expected, "{peer:?} at {state}");
    }
    wait_lamp(&mut client, "701", LampState::Idle)?;
    let parked = publisher::calls("701", 1, Some(("confirmed", "102")));
    says.say("701", CALLS, &parked)?;
    ensure!(wait_lamp(&mut client, "701", LampState::Parked)?.slot);
    let waits = "Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/2)\r\n";
    says.say("101", MAILBOX, waits)?;
    let (new, old) = client.wait("mwi.changed", PATIENCE, |event| {
        let EventBody::MwiChanged(mailbox) = &event.body else {
            return None;
        };
        mailbox.voice.map(|voice| (voice.new, voice.old))
    })?;
    ensure!((new, old) == (2, 8), "{new}/{old}");
    Ok(())
}

#[test]
fn m084_m090_m091_m061_each_state_at_kamailio_is_one_light() {
    states().unwrap();
}

/// Presence instead of calls, where it is set: M-090.
fn by_presence() -> Result<()> {
    let Some(rig) = Rig::new("lamps-presence", &["kamailio"]) else {
        return Ok(());
    };
    let pbx = watched(&rig)?;
    let mut says = Publisher::new(pbx.address, kamailio::REALM)?;
    let settings = settings(&names(201..202), "blf_event = \"presence\"");
    let wish = Wish {
        registrar: Some((pbx.address, "101", "secret-101")),
        settings: &settings,
        ..Wish::default()
    };
    let engine = Daemon::start(&rig, "engine", &wish)?;
    let mut client = engine.client()?;
    let phone = "<dm:person id=\"p\"><rpid:activities><rpid:on-the-phone/></rpid:activities>\
                 <dm:note>in a call</dm:note></dm:person>";
    says.say("201", PRESENCE, &presence("201", "open", ""))?;
    wait_lamp(&mut client, "201", LampState::Idle)?;
    says.say("201", PRESENCE, &presence("201", "open", phone))?;
    wait_lamp(&mut client, "201", LampState::Busy)?;
    says.say("201", PRESENCE, &presence("201", "closed", ""))?;
    wait_lamp(&mut client, "201", LampState::Unregistered)?;
    Ok(())
}

#[test]
fn m090_presence_at_kamailio_is_shown_where_it_is_asked_for() {
    by_presence().unwrap();
}
