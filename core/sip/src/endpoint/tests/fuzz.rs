//! Random inputs in random order: nothing panics, nothing stays.

use super::*;
use sip_message::CSeq;

const METHODS: [Method; 6] = [
    Method::Invite,
    Method::Ack,
    Method::Cancel,
    Method::Bye,
    Method::Options,
    Method::Register,
];

fn pick<T: Clone>(rng: &mut Rng, from: &[T]) -> T {
    from[rng.below(from.len() as u64) as usize].clone()
}

fn status(rng: &mut Rng) -> Status {
    pick(
        rng,
        &[
            Status::TRYING,
            Status::RINGING,
            Status::OK,
            Status::BUSY_HERE,
            Status::UNAUTHORIZED,
            Status::REQUEST_TIMEOUT,
            Status::SERVICE_UNAVAILABLE,
        ],
    )
}

fn transport(rng: &mut Rng) -> Transport {
    pick(rng, &[Transport::Udp, Transport::Tcp])
}

/// Any message: a request of few possible branches, an answer to something sent, or a damaged one.
fn message(rng: &mut Rng, world: &World) -> Option<Message> {
    let whole: Message = if rng.below(2) == 0 || world.sent.is_empty() {
        let branch = pick(rng, &["z9hG4bKa", "z9hG4bKb", "z9hG4bK", "old", "z9hG4bKc"]);
        let tag = pick(rng, &["", "ours", "x"]);
        theirs(pick(rng, &METHODS), branch, tag).into()
    } else {
        let nth = rng.below(world.sent.len() as u64) as usize;
        match &world.sent[nth] {
            Message::Request(request) => ResponseBuilder::to(request, status(rng))
                .to_tag("t")
                .build()
                .into(),
            Message::Response(response) => response.clone().into(),
        }
    };
    if rng.below(4) > 0 {
        return Some(whole);
    }
    let mut bytes = whole.bytes().to_vec();
    for _ in 0..=rng.below(3) {
        let place = rng.below(bytes.len() as u64) as usize;
        bytes[place] = rng.number() as u8;
    }
    bytes.truncate(rng.below(2 * bytes.len() as u64) as usize);
    parse_datagram(bytes.into(), &Read::DEFAULT).ok()
}

fn step(rng: &mut Rng, world: &mut World) {
    match rng.below(10) {
        0 => {
            let id = rng.below(1 << 40);
            let method = pick(rng, &METHODS);
            let way = transport(rng);
            world.send(id, ours(method), way);
        }
        1 if !world.requests.is_empty() => {
            let place = rng.below(world.requests.len() as u64) as usize;
            let status = status(rng);
            world.respond(place, status);
        }
        2 => {
            let target = Target::new(transport(rng), peer());
            world.feed(Input::Broken(Broken::Target(target)));
        }
        3 => world.feed(Input::Broken(Broken::Flow(FlowId(rng.below(12) + 3)))),
        4 => {
            let later = world.now.as_millis() + rng.below(3000);
            world.wait(later);
        }
        5 => world.move_house(),
        6 => {
            let any = world.endpoint.client_of.keys().min().copied();
            if let Some(id) = any {
                let input = match rng.below(3) {
                    0 => Input::Abandon { id },
                    _ => Input::Cancel { id, reason: None },
                };
                world.feed(input);
            }
        }
        _ => {
            let way = transport(rng);
            if let Some(message) = message(rng, world) {
                world.hear_on(message, way);
            }
        }
    }
}

#[test]
fn random_inputs_never_panic_and_all_tables_drain() {
    for seed in 0..300 {
        let mut rng = Rng::from_number(seed);
        let mut world = World::new();
        for _ in 0..120 {
            step(&mut rng, &mut world);
            let open = world.endpoint.servers.len() + world.endpoint.resting.len();
            assert!(world.endpoint.timers.len() <= world.endpoint.len());
            assert_eq!(world.endpoint.server_of.len(), open);
        }
        // What users answer, they answer; INVITEs they forget are theirs to end.
        for place in 0..world.requests.len() {
            world.respond(place, Status::BUSY_HERE);
        }
        // An INVITE that rings on the far side ends when its user gives up.
        let calling: Vec<_> = world.endpoint.client_of.keys().copied().collect();
        for id in calling {
            world.feed(Input::Cancel { id, reason: None });
        }
        let end = world.now + LONG + Duration::from_millis(1);
        world.wait(end.as_millis());
        let left = world.endpoint.save();
        assert!(world.endpoint.is_empty(), "seed {seed}: {left:?}");
        assert!(world.endpoint.timers.is_empty(), "seed {seed}");
        assert!(world.endpoint.waiting.is_empty(), "seed {seed}");
        assert!(world.endpoint.resting.deadline().is_none(), "seed {seed}");
        assert!(world.endpoint.early.is_empty(), "seed {seed}");
        assert!(world.endpoint.merged.is_empty(), "seed {seed}");
        assert!(world.endpoint.client_of.is_empty(), "seed {seed}");
    }
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let trace = |seed| {
        let mut rng = Rng::from_number(seed);
        let mut world = World::new();
        for _ in 0..200 {
            step(&mut rng, &mut world);
        }
        let sent: Vec<_> = world.sent.iter().map(|m| m.bytes().clone()).collect();
        (world.trace, sent)
    };
    assert_eq!(trace(4), trace(4));
    assert_ne!(trace(4), trace(5));
}

/// Not a measurement, only a guard against something quadratic: 20,000 calls, each with INVITE, 180,
/// 200, ACK and BYE, while all their transactions are alive.
#[test]
fn many_transactions_at_once_cost_no_more_each() {
    let mut world = World::with(Settings::new(Limits::MONITOR));
    for n in 0..20_000_u64 {
        let call = |method: Method, branch: &str, tag: &str, number: u32| {
            let cseq = CSeq {
                number,
                method: method.clone(),
            };
            theirs(method, &format!("z9hG4bK{branch}{n}"), tag)
                .edit()
                .replace(HeaderName::CallId, n)
                .replace(HeaderName::CSeq, cseq)
                .build()
        };
        world.hear(call(Method::Invite, "i", "", 1));
        let place = world.requests.len() - 1;
        world.respond(place, Status::RINGING);
        world.respond(place, Status::OK);
        world.hear(call(Method::Ack, "a", "ours", 1));
        world.hear(call(Method::Bye, "b", "ours", 2));
        world.respond(place + 1, Status::OK);
        world.wait(n / 10);
        world.trace.clear();
        world.sent.clear();
    }
    assert_eq!(world.endpoint.len(), 40_000);
    world.wait(64_000);
    assert!(world.endpoint.is_empty());
    assert!(world.endpoint.server_of.capacity() < 10_000);
}
