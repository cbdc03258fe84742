use super::*;
use ports::media::Bursts;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

thread_local! {
    static NOW: Cell<u64> = const { Cell::new(0) };
}

fn clock() -> Instant {
    Instant::from_millis(NOW.get())
}

fn peer() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 4000))
}

/// One socket whose packets are numbers.
#[derive(Debug, Default)]
struct Wire {
    arrived: VecDeque<(Flow, u16)>,
    sent: Rc<RefCell<Vec<(Flow, u64, u16)>>>,
    sockets: u32,
}

impl MediaNet for Wire {
    type Socket = ();

    fn add(&mut self, (): ()) -> Option<Flow> {
        self.sockets += 1;
        Some(Flow(self.sockets - 1))
    }

    fn remove(&mut self, _flow: Flow) -> Option<()> {
        Some(())
    }

    fn sweep(&mut self, each: &mut Taker<'_>) {
        for (flow, number) in self.arrived.drain(..) {
            each(flow, peer(), Duration::ZERO, &mut number.to_be_bytes());
        }
    }

    fn send(&mut self, flow: Flow, _to: SocketAddr, datagram: &[u8]) {
        let number = u16::from_be_bytes([datagram[0], datagram[1]]);
        self.sent.borrow_mut().push((flow, NOW.get(), number));
    }

    fn flush(&mut self) {}
}

/// When each packet came: (moment, number).
type Course = Vec<(u64, u16)>;

/// 20 ms apart, `count` packets go in and out of one flow: when each came through.
fn course(rule: &Impairment, leg: u64, count: u16) -> (Course, Course) {
    NOW.set(0);
    let sent = Rc::new(RefCell::new(Vec::new()));
    let wire = Wire {
        sent: Rc::clone(&sent),
        ..Wire::default()
    };
    let mut net = RoughNet::new(wire, 4, clock);
    let flow = net
        .add(Line::clean(()).through(Rough::new(rule, leg)))
        .unwrap();
    let clean = net.add(Line::clean(())).unwrap();
    let (mut heard, mut untouched) = (Vec::new(), 0);
    for ms in 0..u64::from(count) * 20 + 500 {
        NOW.set(ms);
        let number = u16::try_from(ms / 20).unwrap();
        if ms % 20 == 0 && number < count {
            net.net.arrived.extend([(flow, number), (clean, number)]);
            net.send(flow, peer(), &number.to_be_bytes());
            net.send(clean, peer(), &number.to_be_bytes());
        }
        net.sweep(&mut |from, _, _, bytes| {
            if from == flow {
                heard.push((ms, u16::from_be_bytes([bytes[0], bytes[1]])));
            } else {
                untouched += 1;
            }
        });
    }
    let sent = sent.take();
    let plain: Vec<_> = sent.iter().filter(|(f, ..)| *f == clean).collect();
    let on_time = plain.iter().filter(|sent| sent.1 == u64::from(sent.2) * 20);
    assert_eq!(untouched, count, "the flow beside it hears everything");
    assert_eq!(on_time.count(), usize::from(count));
    let sent = sent.into_iter().filter(|(f, ..)| *f == flow);
    (heard, sent.map(|(_, at, n)| (at, n)).collect())
}

const BAD: Impairment = Impairment {
    loss_permille: 50,
    jitter_ms: 60,
    bursts: None,
    seed: 7,
};

#[test]
fn so_much_is_lost_and_so_late_each_way_by_itself() {
    let (heard, sent) = course(&BAD, 1, 4_000);
    for way in [&heard, &sent] {
        let lost = 4_000 - way.len();
        assert!((140..260).contains(&lost), "5 % of 4000 is 200, not {lost}");
        let late = |&(at, n): &(u64, u16)| at - u64::from(n) * 20;
        assert!(way.iter().all(|packet| late(packet) <= 60));
        assert!(way.iter().filter(|p| late(p) > 50).count() > 300);
        assert!(way.windows(2).any(|w| w[1].1 < w[0].1), "some overtake");
    }
    let numbers = |way: &[(u64, u16)]| way.iter().map(|p| p.1).collect::<Vec<_>>();
    assert_ne!(numbers(&heard), numbers(&sent));
}

#[test]
fn the_same_seed_hits_the_same_packets_and_another_leg_others() {
    assert_eq!(course(&BAD, 1, 500), course(&BAD, 1, 500));
    assert_ne!(course(&BAD, 1, 500), course(&BAD, 2, 500));
}

#[test]
fn a_burst_comes_at_the_end_of_each_period() {
    let bursts = Bursts {
        every_ms: 20_000,
        for_ms: 5_000,
        loss_permille: 300,
    };
    let rule = Impairment {
        bursts: Some(bursts),
        seed: 3,
        ..Impairment::default()
    };
    let (heard, _) = course(&rule, 1, 2_000);
    let between = |from: u16, to: u16| heard.iter().filter(|p| (from..to).contains(&p.1)).count();
    assert_eq!((between(0, 750), between(1_000, 1_750)), (750, 750));
    for came in [between(750, 1_000), between(1_750, 2_000)] {
        assert!((145..205).contains(&came), "70 % of 250 is 175, not {came}");
    }
}

#[test]
fn everything_can_be_lost_and_a_full_way_passes_packets_on() {
    let nothing = Impairment {
        loss_permille: 1_000,
        ..BAD
    };
    assert_eq!(course(&nothing, 1, 200), (Vec::new(), Vec::new()));

    let late = Impairment {
        loss_permille: 0,
        jitter_ms: 10_000,
        ..BAD
    };
    let mut rough = Rough::new(&late, 1);
    let passed = (0..100).filter(|_| rough.comes(peer(), &[0; 2], Instant::ZERO));
    assert!(passed.count() >= 100 - HELD);
    assert!(
        rough.goes(peer(), &[0; LONGEST + 1], Instant::ZERO),
        "too long to wait"
    );
}

#[test]
fn a_flow_that_is_removed_takes_its_network_along() {
    let mut net = RoughNet::new(Wire::default(), 4, clock);
    let flow = net
        .add(Line::clean(()).through(Rough::new(&BAD, 1)))
        .unwrap();
    assert_eq!(net.count, 1);
    assert!(net.remove(flow).unwrap().rough.is_some());
    assert_eq!(net.count, 0);
}
