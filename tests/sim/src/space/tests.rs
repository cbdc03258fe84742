use super::*;
use crate::stream::Ended;
use crate::{Jitter, Loss};
use base::Duration;

const A: &str = "10.0.0.1:5060";
const B: &str = "10.0.0.2:5060";

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn two(seed: u64) -> (Space, NodeId, NodeId) {
    let mut world = Space::new(seed);
    let a = world.add_node(&[address(A).ip()]);
    let b = world.add_node(&[address(B).ip()]);
    (world, a, b)
}

fn bound(seed: u64) -> (Space, NodeId, NodeId) {
    let (mut world, a, b) = two(seed);
    world.bind(a, address(A)).unwrap();
    world.bind(b, address(B)).unwrap();
    (world, a, b)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn delayed(millis: u64) -> LinkSettings {
    LinkSettings {
        delay: ms(millis),
        ..LinkSettings::CLEAN
    }
}

fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

/// What the world tells about streams until nothing happens any more.
fn told(world: &mut Space) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(event) = world.step() {
        let now = world.now().as_millis();
        let Event::Stream { node, what, .. } = event else {
            panic!("{event:?}")
        };
        let text = match what {
            StreamEvent::Accepted { .. } => "accepted".to_owned(),
            StreamEvent::Connected { .. } => "connected".to_owned(),
            StreamEvent::Bytes(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            StreamEvent::Ended(why) => format!("{why:?}"),
        };
        all.push(format!("{now} {}: {text}", node.0));
    }
    all
}

#[test]
fn datagrams_take_the_delay_of_their_direction() {
    let (mut world, a, b) = bound(1);
    world.set_link(a, b, &delayed(20));
    world.set_link(b, a, &delayed(30));
    world
        .send(a, address(A), address(B), bytes("there"))
        .unwrap();
    let event = world.step().unwrap();
    assert_eq!(world.now().as_millis(), 20);
    let Event::Datagram {
        node,
        source,
        local,
        bytes: heard,
    } = event
    else {
        panic!("a datagram")
    };
    assert_eq!(
        (node, source, local, heard),
        (b, address(A), address(B), bytes("there"))
    );
    world.send(b, local, source, bytes("back")).unwrap();
    assert!(matches!(world.step(), Some(Event::Datagram { node, .. }) if node == a));
    assert_eq!(world.now().as_millis(), 50);
    assert_eq!(world.step(), None);
}

#[test]
fn events_of_one_time_come_in_the_order_they_were_caused() {
    let (mut world, a, _) = bound(1);
    for n in 0..50_u8 {
        let text = Bytes::from(vec![n]);
        world.send(a, address(A), address(B), text).unwrap();
        world.wake_at(a, u64::from(n), Some(Instant::ZERO));
    }
    for n in 0..50_u8 {
        assert!(matches!(world.step(), Some(Event::Datagram { bytes, .. }) if bytes[..] == [n]));
        assert_eq!(
            world.step(),
            Some(Event::Wake {
                node: a,
                token: n.into()
            })
        );
    }
}

#[test]
fn a_wish_to_be_woken_replaces_the_one_before() {
    let (mut world, a, b) = two(1);
    let at = |millis| Some(Instant::from_millis(millis));
    world.wake_at(a, 1, at(100));
    world.wake_at(a, 1, at(50));
    world.wake_at(a, 2, at(60));
    world.wake_at(a, 2, None);
    world.wake_at(a, 3, at(70));
    world.wake_at(a, 3, at(90));
    world.wake_at(a, 3, at(70));
    world.wake_at(b, 1, at(80));
    let mut woken = Vec::new();
    while let Some(Event::Wake { node, token }) = world.step() {
        woken.push((world.now().as_millis(), node, token));
    }
    assert_eq!(woken, [(50, a, 1), (70, a, 3), (80, b, 1)]);
    world.wake_at(a, 1, at(10));
    assert!(world.step().is_some());
    assert_eq!(world.now().as_millis(), 80, "what has passed means now");
}

#[test]
fn stepping_to_a_limit_stops_there() {
    let (mut world, a, _) = two(1);
    world.wake_at(a, 1, Some(Instant::from_millis(100)));
    assert_eq!(world.step_until(Instant::from_millis(99)), None);
    assert_eq!(world.now().as_millis(), 99);
    assert_eq!(world.next_at(), Some(Instant::from_millis(100)));
    assert!(world.step_until(Instant::from_millis(100)).is_some());
}

fn busy(seed: u64) -> (u64, u64) {
    let (mut world, a, b) = bound(seed);
    world.set_links(&LinkSettings {
        loss: Loss::bursts(0.1, 2.0),
        jitter: Jitter::Gamma {
            mean: ms(10),
            shape: 2.0,
        },
        reorder: 0.05,
        duplicate: 0.05,
        ..delayed(20)
    });
    world.cut_streams();
    world.listen(b, address(B)).unwrap();
    let stream = world.connect(a, address(B)).unwrap();
    for n in 0..200_u64 {
        world.wake_at(a, n, Some(Instant::from_millis(20 * n)));
    }
    while let Some(event) = world.step() {
        if let Event::Wake { token, .. } = event {
            let text = Bytes::from(token.to_string());
            world.send(a, address(A), address(B), text.clone()).unwrap();
            world.write(stream, &text).unwrap();
        }
    }
    (world.trace().hash(), world.trace().count())
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    assert_eq!(busy(1), busy(1));
    assert_ne!(busy(1).0, busy(2).0);
}

#[test]
fn a_trace_keeps_lines_on_demand() {
    let (mut world, a, _) = bound(1);
    world.trace_mut().keep_lines();
    world.send(a, address(A), address(B), bytes("hi")).unwrap();
    world.step();
    world.note("call 1 early");
    let lines = world.trace().lines();
    assert_eq!(
        lines[0].trim(),
        "0 1 datagram 10.0.0.1:5060 > 10.0.0.2:5060 (2 bytes)"
    );
    assert!(lines[1].contains("call 1 early"));
}

#[test]
fn sockets_are_refused_and_lost_like_a_systems() {
    let (mut world, a, b) = bound(1);
    assert_eq!(world.bind(a, address(A)), Err(Refusal::PortInUse));
    assert_eq!(world.bind(a, address(B)), Err(Refusal::NotOurs));
    let first = world.bind(a, address("0.0.0.0:0")).unwrap();
    let second = world.bind(a, address("0.0.0.0:0")).unwrap();
    assert_ne!(first, second);
    let v6 = address("[2001:db8::1]:5060");
    assert_eq!(
        world.send(a, address(A), v6, bytes("x")),
        Err(Refusal::NoWay)
    );
    world.send(a, first, address(B), bytes("x")).unwrap();
    world
        .send(a, address(A), address("10.0.0.9:1"), bytes("nobody"))
        .unwrap();
    world
        .send(a, address(A), address("10.0.0.2:9"), bytes("not bound"))
        .unwrap();
    let event = world.step();
    let from = SocketAddr::new(address(A).ip(), first.port());
    assert!(matches!(event, Some(Event::Datagram { source, .. }) if source == from));
    assert_eq!(world.step(), None);
    world.unbind(b, address(B));
    world.send(a, address(A), address(B), bytes("x")).unwrap();
    assert_eq!(world.step(), None);
    world.remove_address(address(A).ip());
    assert_eq!(
        world.send(a, address(A), address(B), bytes("x")),
        Err(Refusal::Gone)
    );
}

#[test]
fn a_cut_loses_datagrams_until_it_is_healed() {
    let (mut world, a, b) = bound(1);
    world.cut(a, b);
    world
        .send(a, address(A), address(B), bytes("lost"))
        .unwrap();
    assert_eq!(world.step(), None);
    world.heal(a, b);
    world.cut_one_way(b, a);
    world
        .send(a, address(A), address(B), bytes("there"))
        .unwrap();
    world
        .send(b, address(B), address(A), bytes("lost"))
        .unwrap();
    assert!(matches!(world.step(), Some(Event::Datagram { node, .. }) if node == b));
    assert_eq!(world.step(), None);
}

#[test]
fn a_stream_connects_carries_and_closes() {
    let (mut world, a, b) = two(1);
    world.set_links(&delayed(10));
    world.listen(b, address(B)).unwrap();
    assert_eq!(world.listen(b, address(B)), Err(Refusal::PortInUse));
    let stream = world.connect(a, address(B)).unwrap();
    world.write(stream, &bytes("early")).unwrap();
    world.step();
    world.step();
    world.write(stream, &bytes("later")).unwrap();
    world.close(stream);
    assert_eq!(world.write(stream, &bytes("no")), Err(Refusal::Gone));
    assert_eq!(
        told(&mut world),
        ["30 1: early", "30 1: later", "30 1: ByPeer"]
    );
}

#[test]
fn nobody_listening_refuses_and_nobody_there_is_silent() {
    let (mut world, a, _) = two(1);
    world.set_links(&delayed(10));
    world.connect(a, address(B)).unwrap();
    world.connect(a, address("10.0.0.9:1")).unwrap();
    assert_eq!(told(&mut world), ["20 0: Refused", "5000 0: NoAnswer"]);
}

#[test]
fn lost_pieces_come_late_and_in_order() {
    let (mut world, a, b) = two(4);
    world.listen(b, address(B)).unwrap();
    let stream = world.connect(a, address(B)).unwrap();
    told(&mut world);
    world.set_links(&LinkSettings {
        loss: Loss::Random(0.3),
        ..delayed(10)
    });
    for n in 0..50_u8 {
        world.write(stream, &Bytes::from(vec![n])).unwrap();
    }
    let begun = world.now();
    let mut heard = Vec::new();
    while let Some(event) = world.step() {
        if let Event::Stream {
            what: StreamEvent::Bytes(bytes),
            ..
        } = event
        {
            heard.extend_from_slice(&bytes);
        }
    }
    assert_eq!(heard, (0..50).collect::<Vec<u8>>());
    assert!(world.now().since(begun) > ms(200));
}

#[test]
fn cut_streams_arrive_in_pieces_that_make_the_whole() {
    let (mut world, a, b) = two(4);
    world.cut_streams();
    world.listen(b, address(B)).unwrap();
    let stream = world.connect(a, address(B)).unwrap();
    let text = bytes("INVITE sip:bob@pbx.test SIP/2.0");
    for _ in 0..20 {
        world.write(stream, &text).unwrap();
    }
    let mut pieces = Vec::new();
    while let Some(event) = world.step() {
        if let Event::Stream {
            what: StreamEvent::Bytes(bytes),
            ..
        } = event
        {
            pieces.push(bytes);
        }
    }
    assert!(pieces.len() > 25, "{}", pieces.len());
    assert_eq!(pieces.concat(), text.repeat(20));
}

#[test]
fn a_stream_outlives_a_short_cut_and_dies_of_a_long_one() {
    let (mut world, a, b) = two(1);
    world.listen(b, address(B)).unwrap();
    let stream = world.connect(a, address(B)).unwrap();
    told(&mut world);
    world.cut(a, b);
    world.write(stream, &bytes("late")).unwrap();
    assert_eq!(world.step_until(Instant::from_millis(9_500)), None);
    world.heal(a, b);
    assert_eq!(told(&mut world), ["10000 1: late"]);
    world.cut(a, b);
    world.write(stream, &bytes("never")).unwrap();
    assert_eq!(told(&mut world), ["30000 0: Dead"]);
    assert_eq!(world.write(stream, &bytes("x")), Err(Refusal::Gone));
}

#[test]
fn a_node_that_crashed_resets_what_it_forgot() {
    let (mut world, a, b) = bound(1);
    world.listen(b, address(B)).unwrap();
    let stream = world.connect(a, address(B)).unwrap();
    told(&mut world);
    world.wake_at(b, 1, Some(Instant::from_millis(6_000)));
    world.crash(b);
    world.write(stream, &bytes("anyone?")).unwrap();
    world
        .send(a, address(A), address(B), bytes("lost"))
        .unwrap();
    let expected = format!("{} 0: {:?}", world.now().as_millis(), Ended::Reset);
    assert_eq!(told(&mut world), [expected]);
    world.connect(a, address(B)).unwrap();
    assert!(told(&mut world)[0].ends_with("Refused"));
    world.listen(b, address(B)).unwrap();
    world.connect(a, address(B)).unwrap();
    assert!(told(&mut world)[0].ends_with("1: accepted"));
}
