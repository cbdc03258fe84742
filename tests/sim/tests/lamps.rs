//! Lamps over bad networks: what a phone shows is what its PBX says, or unknown, and never an older state
//! after a newer one.
#![allow(clippy::unwrap_used)]

use base::{Duration, Instant};
use control::lamp::{AddLamp, LampRef, MailboxRef};
use control::{Command, EventBody, LampState, Reply};
use offhook_sim::link::{Jitter, LinkSettings, Loss};
use offhook_sim::{Peer, Phone, Script, Settings, World};
use ports::blf::LampWish;
use sip_message::{Method, Request, RequestBuilder};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Lifetime that the PBX grants. Unit: s.
const GRANTED_S: u32 = 20;
/// Worlds of each of four tests.
const WORLDS: u64 = 250;
/// How long a NOTIFY is repeated (RFC 3261 §17.1.2.2), with what it takes on the way.
const REPEATED: Duration = Duration::from_secs(33);

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// One subscription as the PBX keeps it.
struct Kept {
    subscribe: Request,
    extension: String,
    cseq: u32,
    version: u32,
    until: Instant,
}

/// A PBX: the number of each extension's last call change, and who watches.
///
/// Every change is a call with another party, whose name is the number of the change, so that a shown
/// state says how old it is.
#[derive(Default)]
struct Pbx {
    changes: BTreeMap<String, u32>,
    changed: BTreeMap<String, Instant>,
    kept: Vec<Kept>,
}

type Shared = Rc<RefCell<Pbx>>;

impl Pbx {
    /// The call of an extension's last change.
    fn call(&self, extension: &str) -> String {
        match self.changes.get(extension) {
            Some(number) => format!(
                "<dialog id='1' direction='recipient'><state>confirmed</state>\
                 <remote><identity>sip:n{number}@pbx.test</identity></remote></dialog>"
            ),
            None => String::new(),
        }
    }

    /// A NOTIFY for one that watches: everything, or what changed last.
    fn notify(&mut self, at: usize, full: bool, now: Instant, contact: &str) -> RequestBuilder {
        let calls = self.call(&self.kept[at].extension.clone());
        let kept = &mut self.kept[at];
        kept.cseq += 1;
        let state = if full { "full" } else { "partial" };
        let version = kept.version;
        kept.version += 1;
        let headers = kept.subscribe.headers();
        let target = headers
            .contacts()
            .unwrap()
            .first()
            .unwrap()
            .uri()
            .to_string();
        let from = headers
            .to()
            .unwrap()
            .without_param("tag")
            .with_tag("pbx-tag");
        let left = kept.until.since(now).as_secs();
        RequestBuilder::new(Method::Notify, target)
            .header("Max-Forwards", 70)
            .header("From", from)
            .header("To", headers.from().unwrap())
            .header("Call-ID", headers.call_id().unwrap())
            .header("CSeq", format!("{} NOTIFY", kept.cseq))
            .header("Contact", contact)
            .header("Event", "dialog")
            .header("Subscription-State", format!("active;expires={left}"))
            .body(
                "application/dialog-info+xml",
                format!(
                    "<dialog-info version='{version}' state='{state}' entity='x'>{calls}</dialog-info>"
                ),
            )
    }
}

fn send(pbx: &Shared, at: usize, full: bool, script: &mut Script, to: std::net::SocketAddr) {
    let (now, contact) = (script.now(), script.contact());
    let notify = pbx.borrow_mut().notify(at, full, now, &contact);
    script.send(notify, to, |_, _| {});
}

/// A PBX whose extensions can be watched.
fn pbx(world: &mut World) -> (Peer, Shared) {
    let peer = Peer::new(world, "pbx");
    let shared = Shared::default();
    let state = Rc::clone(&shared);
    peer.on("SUBSCRIBE", move |script, request| {
        let headers = request.headers();
        let (call_id, now) = (headers.call_id().unwrap(), script.now());
        let inside = headers.to().unwrap().tag().is_some();
        let expires = headers.expires().unwrap().unwrap().min(GRANTED_S);
        let mut all = state.borrow_mut();
        all.kept.retain(|kept| kept.until > now);
        let known = all.kept.iter();
        let mut known = known.map(|kept| kept.subscribe.headers().call_id().unwrap());
        let at = known.position(|of| of == call_id);
        if inside && at.is_none() {
            drop(all);
            return script.reply(request, 481, |r| r);
        }
        let until = now + Duration::from_secs(u64::from(expires));
        let at = at.unwrap_or_else(|| {
            let extension = request.uri().unwrap().user().unwrap_or_default().to_owned();
            all.kept.push(Kept {
                subscribe: request.clone(),
                extension,
                cseq: 0,
                version: 0,
                until,
            });
            all.kept.len() - 1
        });
        all.kept[at].until = until;
        let to = headers.contacts().unwrap();
        let to = to.first().unwrap().uri().sip().unwrap().clone();
        let to = std::net::SocketAddr::new(to.host().ip().unwrap(), to.port().unwrap_or(5060));
        drop(all);
        script.reply(request, 200, |r| r.header("Expires", expires));
        send(&state, at, true, script, to);
    });
    (peer, shared)
}

/// Another call at an extension; everybody who watches is told what changed.
fn change(peer: &Peer, pbx: &Shared, extension: &str, phone: &Phone) {
    let mut script = peer.script();
    let now = script.now();
    let watching: Vec<usize> = {
        let mut all = pbx.borrow_mut();
        *all.changes.entry(extension.to_owned()).or_default() += 1;
        all.changed.insert(extension.to_owned(), now);
        let watching = |kept: &Kept| kept.extension == extension && kept.until > now;
        let all = all.kept.iter().enumerate();
        all.filter(|(_, kept)| watching(kept))
            .map(|(at, _)| at)
            .collect()
    };
    let to = std::net::SocketAddr::new(phone.ip(), 5060);
    for at in watching {
        send(pbx, at, false, &mut script, to);
    }
}

fn wishes(names: &[&str]) -> Vec<LampWish> {
    let wish = |name: &&str| LampWish {
        target: (*name).to_owned(),
        label: String::new(),
        slot: false,
    };
    names.iter().map(wish).collect()
}

fn watching(world: &mut World, names: &[&str]) -> (Peer, Shared, Phone) {
    let (peer, shared) = pbx(world);
    let mut settings = Settings::new("alice");
    settings.domain = peer.script().address.ip().to_string();
    settings.watches.lamps = wishes(names);
    settings.watches.expires = Duration::from_secs(u64::from(GRANTED_S));
    let phone = world.phone(&settings);
    (peer, shared, phone)
}

/// What each lamp shows: the number of the change, 0 for idle; `None` where it is not known.
fn shown(phone: &Phone) -> BTreeMap<String, Option<u32>> {
    let number = |lamp: &control::LampSnapshot| match lamp.state {
        LampState::Idle => Some(0),
        LampState::Busy => {
            let peer = &lamp.peer.as_ref().unwrap().uri;
            let number = peer
                .strip_prefix("sip:n")
                .and_then(|rest| rest.split_once('@'));
            number.and_then(|(number, _)| number.parse().ok())
        }
        LampState::Ringing | LampState::Held | LampState::Parked => {
            panic!("no extension of this PBX does that: {lamp:?}")
        }
        LampState::Unregistered | LampState::Unknown => {
            assert!(lamp.why.is_some(), "unknown without a reason: {lamp:?}");
            None
        }
    };
    let lamps = phone.snapshot().lamps;
    let all = lamps.iter().map(|lamp| (lamp.label.clone(), number(lamp)));
    all.collect()
}

fn bad(seed: u64) -> LinkSettings {
    LinkSettings {
        loss: Loss::Random(0.05 + (seed % 5) as f64 * 0.08),
        delay: ms(5 + seed % 40),
        jitter: Jitter::Uniform(ms(seed % 7 * 30)),
        overtaking: true,
        reorder: 0.2,
        reorder_by: ms(400),
        duplicate: 0.2,
        ..LinkSettings::CLEAN
    }
}

/// One world: calls come and go while packets are lost, repeated and overtake each other, and in some
/// worlds the PBX forgets who watches.
fn one(seed: u64) {
    let names = ["201", "202", "203"];
    let mut world = World::new(seed);
    let (peer, pbx, phone) = watching(&mut world, &names);
    world.set_links(&bad(seed));
    let restart = seed.is_multiple_of(3).then_some(20 + seed % 20);
    let mut newest: BTreeMap<String, u32> = BTreeMap::new();
    let mut forgot = Instant::ZERO;
    for step in 0..60_u64 {
        world.run_for(ms(500));
        let now = world.now();
        if Some(step) == restart {
            pbx.borrow_mut().kept.clear();
            forgot = now;
        }
        if (seed + step * 7).is_multiple_of(5) && step < 50 {
            change(&peer, &pbx, names[(step % 3) as usize], &phone);
        }
        // What it says may be as old as the PBX's attempts to say something else, or as the last
        // subscription that a PBX has forgotten.
        let since_restart = now.since(forgot);
        let excused = restart.is_some()
            && forgot > Instant::ZERO
            && since_restart < Duration::from_secs(u64::from(GRANTED_S)) + REPEATED;
        for (name, number) in shown(&phone) {
            let Some(number) = number else { continue };
            let last = newest.entry(name.clone()).or_default();
            assert!(
                number >= *last,
                "seed {seed}: {name} shows {number} after {last}"
            );
            *last = number;
            let pbx = pbx.borrow();
            let truth = pbx.changes.get(&name).copied().unwrap_or(0);
            let changed = pbx.changed.get(&name).copied().unwrap_or(Instant::ZERO);
            let fresh = now.since(changed) < REPEATED;
            assert!(
                number == truth || fresh || excused,
                "seed {seed}: {name} shows {number}, the PBX {truth} since {changed:?} at {now:?}"
            );
        }
    }
    world.set_links(&LinkSettings::CLEAN);
    let truth: BTreeMap<String, Option<u32>> = names
        .iter()
        .map(|name| {
            let number = pbx.borrow().changes.get(*name).copied();
            ((*name).to_owned(), Some(number.unwrap_or(0)))
        })
        .collect();
    // A polled lamp is asked again every 30 s, and whether it is pushed with every tenth.
    let end = world.run_while_not(Duration::from_secs(120), || shown(&phone) == truth);
    assert!(
        end,
        "seed {seed}: {:?} at the end, not {truth:?}",
        shown(&phone)
    );
}

/// M-089: shown is what the PBX says or unknown, over a thousand bad networks.
#[test]
fn m089_lamps_are_true_or_unknown_over_a_thousand_seeds_first_quarter() {
    (0..WORLDS).for_each(one);
}

#[test]
fn m089_lamps_are_true_or_unknown_over_a_thousand_seeds_second_quarter() {
    (WORLDS..2 * WORLDS).for_each(one);
}

#[test]
fn m089_lamps_are_true_or_unknown_over_a_thousand_seeds_third_quarter() {
    (2 * WORLDS..3 * WORLDS).for_each(one);
}

#[test]
fn m089_lamps_are_true_or_unknown_over_a_thousand_seeds_last_quarter() {
    (3 * WORLDS..4 * WORLDS).for_each(one);
}

/// M-094: two hundred watched, a hundred changes a second, each shown within half a second.
#[test]
fn m094_a_board_of_two_hundred_follows_a_hundred_changes_a_second() {
    let names: Vec<String> = (200..400).map(|n| n.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut world = World::new(94);
    let (peer, pbx, phone) = watching(&mut world, &names);
    world.set_links(&LinkSettings {
        delay: ms(20),
        ..LinkSettings::CLEAN
    });
    world.run_for(Duration::from_secs(4));
    assert_eq!(shown(&phone).len(), 200);
    assert!(shown(&phone).values().all(|number| *number == Some(0)));
    for step in 0..2_000_usize {
        change(&peer, &pbx, names[step * 7 % 200], &phone);
        world.run_for(ms(10));
        if step % 50 == 49 {
            let late = |name: &&&str| {
                let pbx = pbx.borrow();
                let changed = pbx.changed.get(**name).copied();
                changed.is_some_and(|at| world.now().since(at) > ms(500))
            };
            let shown = shown(&phone);
            for name in names.iter().filter(late) {
                let truth = pbx.borrow().changes.get(*name).copied();
                assert_eq!(shown[*name], truth, "{name} at step {step}");
            }
        }
    }
    assert!(phone.panics().is_empty());
}

/// M-089: removed is unsubscribed; a PBX that was started anew is noticed with the next refresh, and
/// nothing old is shown after it.
#[test]
fn m089_a_pbx_that_forgot_us_is_asked_anew() {
    let mut world = World::new(7);
    let (peer, pbx, phone) = watching(&mut world, &["201"]);
    world.run_for(Duration::from_secs(2));
    assert_eq!(shown(&phone)["201"], Some(0));
    pbx.borrow_mut().kept.clear();
    change(&peer, &pbx, "201", &phone);
    let back = world.run_while_not(Duration::from_secs(20), || shown(&phone)["201"] == Some(1));
    assert!(back, "the refresh brought the new state");
    let lost = phone.events().into_iter().any(|event| {
        let EventBody::BlfChanged(change) = event.body else {
            return false;
        };
        change.snapshot.why.map(|why| why.code) == Some(control::Code::LAMP_LOST)
    });
    assert!(lost, "it was unknown in between");
}

/// A part that panics leaves no lamp that looks alive, and watches again by itself.
#[test]
fn lamps_are_unknown_after_a_panic_and_come_back() {
    let mut world = World::new(8);
    let (_, _, phone) = watching(&mut world, &["201"]);
    world.run_for(Duration::from_secs(2));
    phone.poison(ports::Address::Blf);
    assert_eq!(phone.panics().len(), 1);
    assert_eq!(shown(&phone)["201"], None);
    let back = world.run_while_not(Duration::from_secs(5), || shown(&phone)["201"] == Some(0));
    assert!(back);
}

fn lamp(name: &str) -> LampRef {
    LampRef {
        target: name.to_owned(),
        account: None,
    }
}

/// M-093: a lamp that is free is called by one command; one that is busy is not.
#[test]
fn m093_a_lamp_calls_who_is_free() {
    let mut world = World::new(9);
    let (peer, pbx, phone) = watching(&mut world, &["201"]);
    peer.on("INVITE", |script, request| {
        script.reply(request, 486, |r| r)
    });
    world.run_for(Duration::from_secs(2));
    let reply = phone.command(Command::DialLamp(lamp("201")));
    assert!(matches!(reply, Ok(Reply::Call { .. })), "{reply:?}");
    world.run_for(Duration::from_secs(1));
    let invite = peer.last("INVITE").unwrap();
    assert_eq!(invite.uri().unwrap().user(), Some("201"));
    change(&peer, &pbx, "201", &phone);
    world.run_for(Duration::from_secs(1));
    let refused = phone.command(Command::DialLamp(lamp("201")));
    assert_eq!(refused.unwrap_err().code, control::Code::LAMP_BUSY);
    let unknown = phone.command(Command::DialLamp(lamp("999")));
    assert_eq!(unknown.unwrap_err().code, control::Code::UNKNOWN_LAMP);
    assert_eq!(peer.count("INVITE"), 1);
}

/// M-061, K-024: one command calls the voicemail; without a number nothing is sent.
#[test]
fn m061_k024_voicemail_is_called_at_its_number() {
    let mut world = World::new(10);
    let (peer, _) = pbx(&mut world);
    peer.on("INVITE", |script, request| {
        script.reply(request, 486, |r| r)
    });
    let mut settings = Settings::new("alice");
    settings.domain = peer.script().address.ip().to_string();
    let without = world.phone(&settings);
    settings.watches.voicemail_number = String::from("*69");
    let with = world.phone(&settings);
    world.run_for(Duration::from_secs(1));
    let ask = || Command::DialVoicemail(MailboxRef { account: None });
    let refused = without.command(ask()).unwrap_err();
    assert_eq!(refused.code, control::Code::NO_VOICEMAIL_NUMBER);
    world.run_for(Duration::from_secs(1));
    assert_eq!(peer.count("INVITE"), 0);
    assert!(with.command(ask()).is_ok());
    world.run_for(Duration::from_secs(1));
    let invite = peer.last("INVITE").unwrap();
    assert_eq!(invite.uri().unwrap().user(), Some("*69"));
}

/// M-089: what commands add is watched, and unsubscribed when it is removed.
#[test]
fn m089_commands_add_and_remove_lamps() {
    let mut world = World::new(11);
    let (peer, pbx, phone) = watching(&mut world, &[]);
    world.run_for(Duration::from_secs(1));
    let add = |target: &str| {
        Command::AddLamp(AddLamp {
            target: target.to_owned(),
            account: None,
            label: Some(String::from("Carol")),
            slot: false,
        })
    };
    let refused = phone.command(add("not an address")).unwrap_err();
    assert_eq!(refused.code, control::Code::BAD_ADDRESS);
    assert!(phone.command(add("203")).is_ok());
    world.run_for(Duration::from_secs(2));
    assert_eq!(shown(&phone)["Carol"], Some(0));
    assert_eq!(pbx.borrow().kept.len(), 1);
    assert!(phone.command(Command::RemoveLamp(lamp("Carol"))).is_ok());
    world.run_for(Duration::from_secs(1));
    assert!(phone.snapshot().lamps.is_empty());
    let last = peer.last("SUBSCRIBE").unwrap();
    assert_eq!(last.headers().expires().unwrap(), Some(0));
}
