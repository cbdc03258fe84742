//! Own presence over bad networks and at servers that forget: in the end the server has what was said last.
#![allow(clippy::unwrap_used)]

use base::Duration;
use control::command::AccountRef;
use control::presence::SetPresence;
use control::{Command, PresenceState, Reply};
use offhook_sim::link::{Jitter, LinkSettings, Loss};
use offhook_sim::{Peer, Phone, Settings, World};
use ports::Address;
use sip::presence::{self, Doing};
use std::cell::RefCell;
use std::rc::Rc;

/// Worlds of the test over seeds.
const WORLDS: u64 = 1_000;
/// Lifetime that the server grants. Unit: s.
const GRANTED_S: u32 = 20;

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// What a server has of one account: under which name, and until when.
#[derive(Default)]
struct Kept {
    etags: u32,
    document: Option<(String, Vec<u8>, base::Instant)>,
    /// Every state that it was told, in order.
    told: Vec<Doing>,
}

type Shared = Rc<RefCell<Kept>>;

/// A server that does what RFC 3903 §6 says.
fn server(world: &mut World) -> (Peer, Shared) {
    let peer = Peer::new(world, "server");
    let shared = Shared::default();
    let state = Rc::clone(&shared);
    peer.on("PUBLISH", move |script, request| {
        let headers = request.headers();
        let now = script.now();
        let mut kept = state.borrow_mut();
        if kept
            .document
            .as_ref()
            .is_some_and(|(_, _, until)| *until <= now)
        {
            kept.document = None;
        }
        let named = headers.text("SIP-If-Match").map(|etag| etag.to_string());
        let known = kept.document.as_ref().map(|(etag, ..)| etag.clone());
        if named.is_some() && named != known {
            drop(kept);
            return script.reply(request, 412, |r| r);
        }
        let expires = headers.expires().unwrap().unwrap().min(GRANTED_S);
        if expires == 0 {
            kept.document = None;
            drop(kept);
            return script.reply(request, 200, |r| r.header("Expires", 0));
        }
        let before = kept.document.take().map(|(_, body, _)| body);
        let body = match request.body().is_empty() {
            true => before.expect("a refresh names what is there"),
            false => {
                let read = presence::read(request.body()).unwrap();
                kept.told.push(read.doing);
                request.body().to_vec()
            }
        };
        kept.etags += 1;
        let etag = format!("e{}", kept.etags);
        let until = now + Duration::from_secs(u64::from(expires));
        kept.document = Some((etag.clone(), body, until));
        drop(kept);
        script.reply(request, 200, |r| {
            r.header("SIP-ETag", etag).header("Expires", expires)
        });
    });
    (peer, shared)
}

fn publishing(world: &mut World) -> (Peer, Shared, Phone) {
    let (peer, kept) = server(world);
    let mut settings = Settings::new("alice");
    settings.domain = peer.script().address.ip().to_string();
    settings.publish_presence = true;
    let phone = world.phone(&settings);
    (peer, kept, phone)
}

/// What the server tells others now.
fn shown(world: &World, kept: &Shared) -> Option<Doing> {
    let kept = kept.borrow();
    let (_, body, until) = kept.document.as_ref()?;
    (*until > world.now()).then(|| presence::read(body).unwrap().doing)
}

fn set(phone: &Phone, state: PresenceState) {
    let set = SetPresence {
        state,
        note: None,
        until: None,
        account: None,
    };
    phone.command(Command::PresenceSet(set)).unwrap();
}

const STATES: [(PresenceState, Doing); 5] = [
    (PresenceState::Available, Doing::Available),
    (PresenceState::Busy, Doing::Busy),
    (PresenceState::Away, Doing::Away),
    (PresenceState::DoNotDisturb, Doing::DoNotDisturb),
    (PresenceState::Absent, Doing::Absent),
];

/// One world: states change while packets are lost, repeated and overtake each other, the server forgets, and parts
/// panic.
fn one(seed: u64) {
    let mut world = World::new(seed);
    let (_peer, kept, phone) = publishing(&mut world);
    world.set_links(&LinkSettings {
        loss: Loss::Random((seed % 6) as f64 * 0.12),
        delay: ms(5 + seed % 40),
        jitter: Jitter::Uniform(ms(seed % 7 * 30)),
        overtaking: true,
        reorder: 0.2,
        reorder_by: ms(400),
        duplicate: 0.2,
        ..LinkSettings::CLEAN
    });
    let mut last = Doing::Available;
    for step in 0..20_u64 {
        world.run_for(ms(300 + seed * 13 % 2_000));
        if (seed + step * 7).is_multiple_of(3) {
            let (state, doing) = STATES[((seed + step) % 5) as usize];
            set(&phone, state);
            last = doing;
        }
        if (seed + step).is_multiple_of(11) {
            kept.borrow_mut().document = None;
        }
        match (seed % 4, step) {
            (1, 7) => phone.poison(Address::Presence),
            (2, 9) => phone.poison(Address::Link),
            _ => {}
        }
    }
    world.set_links(&LinkSettings::CLEAN);
    // What was forgotten is noticed with the next refresh; what failed is tried again within half a minute.
    let right = world.run_while_not(Duration::from_secs(90), || {
        shown(&world, &kept) == Some(last)
    });
    assert!(
        right,
        "seed {seed}: {:?}, not {last:?}",
        shown(&world, &kept)
    );
    // And stays there.
    for _ in 0..10 {
        world.run_for(Duration::from_secs(7));
        assert_eq!(shown(&world, &kept), Some(last), "seed {seed}");
    }
    let Reply::Presences { presences } = phone
        .command(Command::PresenceList(control::command::NoFields {}))
        .unwrap()
    else {
        panic!("presence is listed");
    };
    assert!(
        presences[0].published.is_some(),
        "seed {seed}: {presences:?}"
    );
}

#[test]
fn m097_the_server_has_what_was_said_last_over_a_thousand_seeds() {
    (0..WORLDS).for_each(one);
}

/// M-097: removed at logout.
#[test]
fn m097_at_logout_nothing_is_left() {
    let mut world = World::new(7);
    let (peer, kept, phone) = publishing(&mut world);
    world.run_for(ms(500));
    assert_eq!(shown(&world, &kept), Some(Doing::Available));
    let account = "alice".parse().unwrap();
    let account = phone
        .snapshot()
        .accounts
        .first()
        .map_or(account, |a| a.account.clone());
    phone
        .command(Command::Unregister(AccountRef { account }))
        .unwrap();
    world.run_for(ms(500));
    assert_eq!(shown(&world, &kept), None);
    let asked = peer.count("PUBLISH");
    world.run_for(Duration::from_secs(60));
    assert_eq!(peer.count("PUBLISH"), asked, "and nothing is said any more");
}

/// M-099: on connect and at the end, and not while it rings.
#[test]
fn m099_a_call_is_on_the_phone_from_the_answer_to_the_end() {
    let mut world = World::new(8);
    let (_peer, kept, phone) = publishing(&mut world);
    let bob = world.phone(&Settings::new("bob"));
    world.run_for(ms(500));
    set(&phone, PresenceState::Busy);
    world.run_for(ms(500));
    let call = phone.dial(&bob.uri());
    world.run_for(ms(500));
    assert_eq!(shown(&world, &kept), Some(Doing::Busy));
    bob.accept(bob.ringing().unwrap());
    world.run_for(ms(500));
    assert_eq!(shown(&world, &kept), Some(Doing::OnThePhone));
    phone.hang_up(call);
    world.run_for(ms(500));
    let told = kept.borrow().told.clone();
    let expected = [
        Doing::Available,
        Doing::Busy,
        Doing::OnThePhone,
        Doing::Busy,
    ];
    assert_eq!(told, expected);
}
