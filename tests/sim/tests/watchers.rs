//! Watchers over bad networks: phones watch another one by itself, and see what they may, in the end and at no time more.
#![allow(clippy::unwrap_used)]

use base::Duration;
use control::command::NoFields;
use control::lamp::AddLamp;
use control::watcher::SetRight;
use control::{Code, Command, EventBody, LampState, Reply, RightOrigin, Sees, WatcherSnapshot};
use offhook_sim::link::{Jitter, LinkSettings, Loss};
use offhook_sim::{Phone, Settings, World};
use policy::watch::Right;
use ports::Address;
use ports::blf::Watched;

/// Worlds of the test over seeds.
const WORLDS: u64 = 400;
/// Lifetime that watchers ask for. Unit: s.
const EXPIRES_S: u64 = 60;

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Bob may see all, carol presence alone, dave nothing.
const RIGHTS: [&str; 3] = [
    "presence allow user bob",
    "dialog allow user bob",
    "presence allow user carol",
];

fn watched(world: &mut World) -> Phone {
    let mut settings = Settings::new("alice");
    settings.watched = true;
    // Who watches asks at its own domain, which is the watched phone.
    settings.domain = world.next_ip(0).to_string();
    let rights = RIGHTS.iter().map(|line| Right::read(line).unwrap());
    settings.policy.watching.template = rights.collect();
    world.phone(&settings)
}

/// A phone with a lamp for alice that is fed by `event`.
fn watcher(world: &mut World, name: &str, event: Watched, alice: &Phone) -> Phone {
    let mut settings = Settings::new(name);
    settings.domain = alice.ip().to_string();
    settings.watches.event = event;
    settings.watches.expires = Duration::from_secs(EXPIRES_S);
    let phone = world.phone(&settings);
    let lamp = AddLamp {
        target: alice.uri(),
        account: None,
        label: None,
        slot: false,
    };
    phone.command(Command::AddLamp(lamp)).unwrap();
    phone
}

/// What the lamp shows, and the code why it shows nothing.
fn lamp(phone: &Phone) -> (LampState, Option<Code>) {
    let lamps = phone.snapshot().lamps;
    let why = lamps[0].why.as_ref().map(|why| why.code);
    (lamps[0].state, why)
}

fn watchers(phone: &Phone) -> Vec<WatcherSnapshot> {
    let Reply::Watchers { watchers, .. } =
        phone.command(Command::WatcherList(NoFields {})).unwrap()
    else {
        panic!("watchers are listed");
    };
    watchers
}

fn bad(seed: u64) -> LinkSettings {
    LinkSettings {
        loss: Loss::Random((seed % 5) as f64 * 0.08),
        delay: ms(5 + seed % 40),
        jitter: Jitter::Uniform(ms(seed % 7 * 30)),
        overtaking: true,
        reorder: 0.2,
        reorder_by: ms(400),
        duplicate: 0.2,
        ..LinkSettings::CLEAN
    }
}

/// Alice is called again and again, and parts of hers panic.
fn trouble(seed: u64, world: &mut World, alice: &Phone, eve: &Phone) {
    let mut call = None;
    for step in 0..12_u64 {
        world.run_for(ms(500 + seed * 13 % 3_000));
        match call.take() {
            None if (seed + step).is_multiple_of(3) => call = Some(eve.dial(&alice.uri())),
            None => {}
            Some(up) => {
                if let Some(ringing) = alice.ringing() {
                    alice.accept(ringing);
                }
                match (seed + step) % 2 {
                    0 => eve.hang_up(up),
                    _ => call = Some(up),
                }
            }
        }
        match (seed % 5, step) {
            (1, 6) => alice.poison(Address::Presence),
            (2, 6) => alice.poison(Address::Link),
            _ => {}
        }
    }
}

/// Whether the phone's lamp showed something of the kind at any time.
#[allow(clippy::wildcard_enum_match_arm)] // A test looks for one event.
fn saw(phone: &Phone, wanted: fn(LampState) -> bool) -> bool {
    phone.events().iter().any(|event| match &event.body {
        EventBody::BlfChanged(change) => wanted(change.snapshot.state),
        _ => false,
    })
}

/// Alice is called again and again while packets are lost, repeated and overtake each other, and parts panic.
fn one(seed: u64) {
    let mut world = World::new(seed);
    let alice = watched(&mut world);
    let bob = watcher(&mut world, "bob", Watched::Calls, &alice);
    let carol = watcher(&mut world, "carol", Watched::Presence, &alice);
    let dave = watcher(&mut world, "dave", Watched::Calls, &alice);
    let eve = world.phone(&Settings::new("eve"));
    world.set_links(&bad(seed));
    trouble(seed, &mut world, &alice, &eve);
    world.set_links(&LinkSettings::CLEAN);
    // A watcher that was forgotten, or given up because no NOTIFY reached it, learns that with its next refresh.
    world.run_for(Duration::from_secs(EXPIRES_S + 40));
    let settled = || {
        let busy = !alice.calls().is_empty();
        let shown = lamp(&bob).0;
        (shown != LampState::Unknown && (shown != LampState::Idle) == busy)
            && lamp(&carol).0 == LampState::Idle
    };
    for _ in 0..5 {
        world.run_for(Duration::from_secs(7));
        // A call that ends now is told within the pause between two changes (RFC 4235 §3.10).
        let right = world.run_while_not(Duration::from_secs(2), settled);
        assert!(right, "seed {seed}: {:?} {:?}", lamp(&bob), lamp(&carol));
    }
    // Carol never saw that alice spoke, and dave nothing at all.
    let calls = |state| {
        matches!(
            state,
            LampState::Busy | LampState::Ringing | LampState::Held
        )
    };
    assert!(!saw(&carol, calls), "seed {seed}");
    assert!(
        !saw(&dave, |state| state != LampState::Unknown),
        "seed {seed}"
    );
    // No subscription is left over once those who watch are gone.
    let kept = watchers(&alice);
    assert!(
        kept.iter().all(|watcher| watcher.ended.is_none()),
        "seed {seed}: {kept:?}"
    );
    for phone in [&bob, &carol] {
        let target = alice.uri();
        let gone = control::lamp::LampRef {
            target,
            account: None,
        };
        phone.command(Command::RemoveLamp(gone)).unwrap();
    }
    world.run_for(Duration::from_secs(EXPIRES_S + 40));
    assert_eq!(watchers(&alice), [], "seed {seed}");
}

#[test]
fn m_100_watchers_see_what_they_may_and_no_more_over_four_hundred_seeds() {
    (0..WORLDS).for_each(one);
}

/// M-100, M-102: a right that is taken ends what is seen at once; one that is given again counts with the next asking.
#[test]
fn m_100_m_102_what_the_person_says_counts_at_once() {
    let mut world = World::new(7);
    let alice = watched(&mut world);
    let bob = watcher(&mut world, "bob", Watched::Calls, &alice);
    world.run_for(ms(500));
    assert_eq!(lamp(&bob).0, LampState::Idle);
    let told = watchers(&alice);
    assert_eq!((told.len(), told[0].sees), (1, Sees::Dialog));
    assert_eq!(told[0].origin, RightOrigin::Template);
    assert_eq!(told[0].right, RIGHTS[1]);
    let set = |allowed| {
        let right = SetRight {
            sees: Sees::Dialog,
            whom: String::from("user bob"),
            allowed,
            account: None,
        };
        alice.command(Command::WatcherAllow(right)).unwrap()
    };
    let Reply::Watchers { rights, .. } = set(false) else {
        panic!("rights are listed");
    };
    assert_eq!(rights[0].origin, RightOrigin::Person);
    assert!(
        rights
            .iter()
            .any(|right| right.overridden && right.sees == Sees::Dialog)
    );
    world.run_for(ms(500));
    assert_eq!(lamp(&bob).0, LampState::Unknown);
    assert_eq!(watchers(&alice), []);
}
