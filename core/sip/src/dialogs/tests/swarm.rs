//! Random users on a bad link: what must hold in every world.

use super::flows::config;
use super::world::{Link, Phone, World};
use crate::dialogs::News;
use crate::session::{By, Cause, Content, Delivery, ForkId, Inside, Order, Progress};
use base::{Duration, Instant, Machine, Rng};
use bytes::Bytes;
use sip_message::{Headers, Message, Method, Status};
use std::collections::{BTreeMap, BTreeSet};

const SEEDS: u64 = 200;

/// Loss, delay and reordering.
const BAD: Link = Link {
    delay: Duration::from_millis(10),
    jitter: Duration::from_millis(400),
    loss: 15,
};

fn status(code: u16) -> Status {
    Status::new(code).unwrap()
}

fn text(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

/// Orders with growing waits.
struct Plan<'a> {
    rng: &'a mut Rng,
    wait: Duration,
    orders: Vec<(Duration, Order)>,
}

impl Plan<'_> {
    fn soon(&mut self, order: Order) {
        self.wait += self.rng.duration_below(Duration::from_millis(1500));
        self.orders.push((self.wait, order));
    }

    /// Rings, maybe says something early, maybe reliably, and picks up or not.
    fn pick_up(&mut self) {
        if self.rng.below(2) == 0 {
            self.soon(Order::Progress(Progress::RINGING));
        }
        if self.rng.below(2) == 0 {
            let description = [None, Some(text("early"))][self.rng.below(2) as usize].clone();
            let delivery = [Delivery::Once, Delivery::Reliable][self.rng.below(2) as usize];
            self.soon(Order::Progress(Progress {
                status: status(183),
                description,
                delivery,
            }));
        }
        match self.rng.below(8) {
            0 => self.soon(Order::Decline(status(486))),
            1 => self.soon(Order::HangUp(None)),
            _ => self.soon(Order::Accept(Some(text("accepted")))),
        }
    }
}

/// A user who does something sensible or not so sensible with everything it is told.
fn habit(news: &News, rng: &mut Rng) -> Vec<(Duration, Order)> {
    let dice = rng.below(8);
    let mut plan = Plan {
        rng,
        wait: Duration::ZERO,
        orders: Vec::new(),
    };
    match news {
        News::Incoming(_) => plan.pick_up(),
        News::Progress { .. } => match dice {
            0 => plan.soon(Order::HangUp(None)),
            1 => plan.soon(Order::Offer(text("update"))),
            _ => {}
        },
        News::Offer { fork, .. } => match dice {
            0 => plan.soon(Order::RefuseOffer(*fork, status(488))),
            1 => {}
            _ => plan.soon(Order::Answer(*fork, text("answer"))),
        },
        News::Confirmed { .. } => match dice {
            0 => plan.soon(Order::HangUp(None)),
            1 => {
                plan.soon(Order::Offer(text("again")));
                plan.soon(Order::Offer(text("and again")));
            }
            2 => plan.soon(Order::Offer(text("hold"))),
            3 => plan.soon(Order::Request(
                7,
                Inside::info(Content {
                    kind: "application/dtmf-relay".to_owned(),
                    body: text("Signal=5"),
                }),
            )),
            _ => {}
        },
        News::Answer { .. } => {
            if dice == 0 {
                plan.soon(Order::Answer(ForkId::FIRST, text("unasked")));
            }
        }
        News::OfferRefused { .. }
        | News::OfferWithdrawn { .. }
        | News::Redirected { .. }
        | News::Request { .. }
        | News::Outcome { .. }
        | News::Ended(_) => {}
    }
    plan.orders
}

fn world(seed: u64) -> World {
    let mut world = World::new(&["alice", "bob"], &config(), BAD, seed);
    for phone in &mut world.phones {
        phone.habit = habit;
    }
    for call in 0..2u64 {
        world.run_until(Instant::from_millis(call * 700));
        let offer = [Some("offer"), None][world.rng.below(2) as usize];
        let who = world.rng.below(2) as usize;
        let id = world.dial(who, 1 - who, offer);
        let wait = world.rng.duration_below(Duration::from_secs(12));
        world.order_after(wait, who, id, Order::HangUp(None));
    }
    finish(&mut world);
    world
}

/// Everybody hangs up, and time passes.
fn finish(world: &mut World) {
    world.run_until(world.now.max(Instant::from_millis(20_000)));
    for who in 0..2 {
        let all: Vec<_> = world.phones[who].told.keys().copied().collect();
        for id in all {
            world.order_after(Duration::ZERO, who, id, Order::HangUp(None));
        }
    }
    world.run_until(world.now + Duration::from_secs(400));
}

/// The same script on a bad link, over all seeds.
#[track_caller]
pub(super) fn survives(script: &str) {
    for seed in 0..SEEDS {
        let mut world = World::new(&["alice", "bob"], &config(), BAD, seed);
        world.play(script);
        finish(&mut world);
        holds(&world, seed);
    }
}

/// What must hold in every world once it is quiet.
#[track_caller]
fn holds(world: &World, seed: u64) {
    let outcome = std::panic::catch_unwind(|| {
        for phone in &world.phones {
            ends_once(phone);
            is_quiet(phone);
            cseq_rises(phone);
            successes_are_acknowledged(phone);
        }
    });
    if outcome.is_err() {
        panic!("seed {seed}\n{}", world.trace);
    }
}

/// Every call ends exactly once for its user, and says nothing afterwards.
fn ends_once(phone: &Phone) {
    for (id, told) in &phone.told {
        let ends = told.iter().filter(|news| matches!(news, News::Ended(_)));
        assert_eq!(ends.count(), 1, "{} {id:?}", phone.name);
        assert!(
            matches!(told.last(), Some(News::Ended(_))),
            "{} {id:?} hears more after the end: {told:?}",
            phone.name
        );
    }
}

/// Nothing is left: no session, transaction or timer.
fn is_quiet(phone: &Phone) {
    assert_eq!(phone.dialogs.len(), 0, "{} keeps sessions", phone.name);
    assert_eq!(phone.dialogs.live(), 0, "{}", phone.name);
    assert_eq!(phone.dialogs.index_entries(), 0, "{}", phone.name);
    assert_eq!(phone.dialogs.deadline(), None, "{}", phone.name);
    assert_eq!(phone.endpoint.len(), 0, "{} keeps transactions", phone.name);
}

fn tag_of(value: Result<sip_message::NameAddr, sip_message::Malformed>) -> String {
    value.unwrap().tag().unwrap_or_default().to_owned()
}

fn dialog_of(headers: &Headers) -> (String, String) {
    let call_id = headers.call_id().unwrap().as_str().to_owned();
    (call_id, tag_of(headers.from()))
}

/// CSeq rises with every new request of one side of a dialog.
fn cseq_rises(phone: &Phone) {
    let mut last: BTreeMap<(String, String), u32> = BTreeMap::new();
    let mut branches = BTreeSet::new();
    for message in &phone.sent {
        let Message::Request(request) = message else {
            continue;
        };
        if matches!(request.method(), Method::Ack | Method::Cancel) {
            continue;
        }
        let headers = request.headers();
        let branch = headers.top_via().unwrap().branch().unwrap().to_owned();
        if !branches.insert(branch) {
            continue;
        }
        let cseq = headers.cseq().unwrap().number;
        let before = last.insert(dialog_of(headers), cseq);
        assert!(
            before.is_none_or(|before| before < cseq),
            "{}: {} with CSeq {cseq} after {before:?}",
            phone.name,
            request.method()
        );
    }
}

/// Every 2xx to an INVITE that arrived was acknowledged, unless the INVITE had been given up for dead:
/// a 2xx without a transaction is dropped (RFC 6026 §8.9).
fn successes_are_acknowledged(phone: &Phone) {
    let ends = phone.told.values().filter_map(|told| match told.last() {
        Some(News::Ended(reason)) => Some(reason),
        Some(_) | None => None,
    });
    let mut ends = ends.filter(|reason| reason.by == By::Local);
    if ends.any(|reason| match reason.status {
        Some(found) => found == status(408),
        None => reason.cause == Cause::Cancelled,
    }) {
        return;
    }
    let acks: BTreeSet<(String, String, String, u32)> = phone
        .sent
        .iter()
        .filter_map(|message| match message {
            Message::Request(request) if *request.method() == Method::Ack => {
                Some(key(request.headers()))
            }
            Message::Request(_) | Message::Response(_) => None,
        })
        .collect();
    for message in &phone.got {
        let Message::Response(response) = message else {
            continue;
        };
        let headers = response.headers();
        let invite = headers.cseq().unwrap().method == Method::Invite;
        if invite && response.status().is_success() {
            assert!(
                acks.contains(&key(headers)),
                "{} does not acknowledge",
                phone.name
            );
        }
    }
}

fn key(headers: &Headers) -> (String, String, String, u32) {
    let (call_id, from) = dialog_of(headers);
    let to = tag_of(headers.to());
    (call_id, from, to, headers.cseq().unwrap().number)
}

#[test]
fn every_call_ends_once_and_leaves_nothing() {
    for seed in 0..SEEDS {
        holds(&world(seed), seed);
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let (one, other) = (world(7), world(7));
    assert_eq!(one.trace, other.trace);
    assert_ne!(one.trace, world(8).trace);
}
