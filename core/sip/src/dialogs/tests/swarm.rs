//! Random users on a bad link: what must hold in every world.

use super::flows::config;
use super::world::{Link, Phone, World};
use crate::dialogs::News;
use crate::session::{By, Cause, Content, Delivery, ForkId, Order, Progress};
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

/// A user who does something sensible or not so sensible with everything it is told.
fn habit(news: &News, rng: &mut Rng) -> Vec<(Duration, Order)> {
    let mut orders = Vec::new();
    let mut wait = Duration::ZERO;
    let mut soon = |rng: &mut Rng, order: Order| {
        wait += rng.duration_below(Duration::from_millis(1500));
        orders.push((wait, order));
    };
    let progress = |description: Option<Bytes>, delivery| {
        Order::Progress(Progress {
            status: status(183),
            description,
            delivery,
        })
    };
    match news {
        News::Incoming(_) => {
            if rng.below(2) == 0 {
                soon(rng, Order::Progress(Progress::RINGING));
            }
            let early = [None, Some(text("early"))][rng.below(2) as usize].clone();
            let delivery = [Delivery::Once, Delivery::Reliable][rng.below(2) as usize];
            if rng.below(2) == 0 {
                soon(rng, progress(early, delivery));
            }
            match rng.below(8) {
                0 => soon(rng, Order::Decline(status(486))),
                1 => soon(rng, Order::HangUp(None)),
                _ => soon(rng, Order::Accept(Some(text("accepted")))),
            }
        }
        News::Progress { .. } => match rng.below(8) {
            0 => soon(rng, Order::HangUp(None)),
            1 => soon(rng, Order::Offer(text("update"))),
            _ => {}
        },
        News::Offer { fork, .. } => match rng.below(8) {
            0 => soon(rng, Order::RefuseOffer(*fork, status(488))),
            1 => {}
            _ => soon(rng, Order::Answer(*fork, text("answer"))),
        },
        News::Confirmed { .. } => match rng.below(6) {
            0 => soon(rng, Order::HangUp(None)),
            1 => {
                soon(rng, Order::Offer(text("again")));
                soon(rng, Order::Offer(text("and again")));
            }
            2 => soon(rng, Order::Offer(text("hold"))),
            3 => soon(
                rng,
                Order::Inform(
                    7,
                    Content {
                        kind: "application/dtmf-relay".to_owned(),
                        body: text("Signal=5"),
                    },
                ),
            ),
            _ => {}
        },
        News::Answer { .. } => {
            if rng.below(8) == 0 {
                soon(rng, Order::Answer(ForkId::FIRST, text("unasked")));
            }
        }
        News::OfferRefused { .. }
        | News::OfferWithdrawn { .. }
        | News::Redirected { .. }
        | News::Inform(_)
        | News::Informed { .. }
        | News::Ended(_) => {}
    }
    orders
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
    world.run_until(Instant::from_millis(20_000));
    for who in 0..2 {
        let all: Vec<_> = world.phones[who].told.keys().copied().collect();
        for id in all {
            world.order_after(Duration::ZERO, who, id, Order::HangUp(None));
        }
    }
    world.run_until(Instant::from_millis(400_000));
    world
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
    let gave_up = phone.told.values().flatten().any(|news| match news {
        News::Ended(reason) => reason.by == By::Local && reason.status == Some(status(408)),
        _ => false,
    });
    let cancelled_in_vain = phone.told.values().flatten().any(|news| match news {
        News::Ended(reason) => reason.cause == Cause::Cancelled && reason.status.is_none(),
        _ => false,
    });
    if gave_up || cancelled_in_vain {
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
        let world = world(seed);
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
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let (one, other) = (world(7), world(7));
    assert_eq!(one.trace, other.trace);
    assert_ne!(one.trace, world(8).trace);
}
