use super::*;

const PUBLIC: &str = "203.0.113.9:4000";
const PRIVATE: &str = "192.168.1.5:4000";
const NAT: &str = "198.51.100.7:61000";
const THIEF: &str = "198.51.100.66:5555";

fn latch(signalled: &str) -> Latch {
    let signalled: SocketAddr = signalled.parse().unwrap();
    let rule = Rule {
        enabled: true,
        other_hosts: is_private(signalled.ip()),
    };
    Latch::new(signalled, rule)
}

fn offer(latch: &mut Latch, source: &str, n: u16, ms: u64) -> bool {
    let offered = Offered {
        source: source.parse().unwrap(),
        ssrc: source.len() as u32,
        sequence: n,
        is_valid: true,
        is_authentic: false,
    };
    latch.accept(&offered, Instant::from_millis(ms))
}

#[test]
fn the_signalled_address_is_believed_at_once() {
    let mut latch = latch(PUBLIC);
    assert!(offer(&mut latch, PUBLIC, 1, 0));
    assert!(latch.is_locked());
    assert_eq!(latch.destination(), PUBLIC.parse().unwrap());
}

#[test]
fn an_honest_peer_behind_nat_is_learnt_within_sixty_milliseconds() {
    let mut latch = latch(PRIVATE);
    assert!(!offer(&mut latch, NAT, 65_535, 0));
    assert!(!offer(&mut latch, NAT, 0, 20));
    assert!(offer(&mut latch, NAT, 1, 40));
    assert_eq!(latch.destination(), NAT.parse().unwrap());
}

#[test]
fn a_spray_never_steals_a_call_with_a_public_address() {
    let mut latch = latch(PUBLIC);
    for n in 0..4_000 {
        assert!(!offer(&mut latch, THIEF, n, u64::from(n)));
        if n > 1_000 && n % 20 == 0 {
            assert!(offer(&mut latch, PUBLIC, n / 20, u64::from(n)));
        }
        assert_eq!(latch.destination(), PUBLIC.parse().unwrap());
    }
    // Silence of the peer does not help the thief either: his host was never signalled.
    for n in 0..1_000 {
        assert!(!offer(&mut latch, THIEF, n, 10_000 + u64::from(n)));
    }
}

#[test]
fn after_the_lock_a_thief_must_wait_for_two_seconds_of_silence() {
    let mut latch = latch(PRIVATE);
    for n in 0..3 {
        offer(&mut latch, NAT, n, u64::from(n) * 20);
    }
    for n in 0..2_000 {
        assert!(!offer(&mut latch, THIEF, n, 41 + u64::from(n)), "{n}");
    }
    assert_eq!(latch.destination(), NAT.parse().unwrap());
    for n in 0..3 {
        offer(&mut latch, NAT, n, 2_100 + u64::from(n) * 20);
    }
    // A re-bound NAT after silence is learnt.
    for n in 0..3 {
        offer(
            &mut latch,
            "198.51.100.7:61001",
            n,
            9_000 + u64::from(n) * 20,
        );
    }
    assert_eq!(latch.destination(), "198.51.100.7:61001".parse().unwrap());
}

#[test]
fn the_signalled_address_takes_over_from_a_learnt_one() {
    let mut latch = latch(PRIVATE);
    for n in 0..3 {
        offer(&mut latch, THIEF, n, u64::from(n));
    }
    assert_eq!(latch.destination(), THIEF.parse().unwrap());
    for n in 0..3 {
        offer(&mut latch, PRIVATE, n, 10 + u64::from(n) * 20);
    }
    assert_eq!(latch.destination(), PRIVATE.parse().unwrap());
}

#[test]
fn many_sources_do_not_push_out_one_that_makes_progress() {
    let mut latch = latch(PRIVATE);
    for n in 0..3_u16 {
        offer(&mut latch, NAT, n, u64::from(n) * 20);
        for port in 1..200_u16 {
            let source = format!("198.51.100.99:{port}");
            assert!(!offer(&mut latch, &source, n * 7, u64::from(n) * 20 + 1));
        }
    }
    assert_eq!(latch.destination(), NAT.parse().unwrap());
}

#[test]
fn gaps_slowness_bad_payloads_and_odd_addresses_earn_nothing() {
    let mut latch = latch(PRIVATE);
    for n in 0..50 {
        assert!(!offer(&mut latch, NAT, n * 2, u64::from(n) * 20));
        assert!(!offer(&mut latch, THIEF, n, u64::from(n) * 150));
    }
    for address in [
        "127.0.0.1:9",
        "224.0.0.5:9",
        "255.255.255.255:9",
        "[::1]:9",
        "[::ffff:127.0.0.1]:9",
    ] {
        for n in 0..9 {
            assert!(!offer(&mut latch, address, n, 20_000 + u64::from(n)));
        }
    }
    let bad = Offered {
        source: PRIVATE.parse().unwrap(),
        ssrc: 1,
        sequence: 1,
        is_valid: false,
        is_authentic: true,
    };
    assert!(!latch.accept(&bad, Instant::ZERO));
    assert!(!latch.is_locked());
}

#[test]
fn switched_off_only_the_signalled_address_counts() {
    let mut latch = latch(PRIVATE);
    let rule = Rule {
        enabled: false,
        other_hosts: true,
    };
    latch.renegotiate(PRIVATE.parse().unwrap(), rule);
    for n in 0..9 {
        assert!(!offer(&mut latch, NAT, n, u64::from(n)));
        assert!(!offer(&mut latch, "192.168.1.5:4001", n, u64::from(n)));
    }
    assert!(offer(&mut latch, PRIVATE, 0, 100));
}

#[test]
fn an_authentic_packet_needs_no_probation() {
    let mut latch = latch(PUBLIC);
    let offered = Offered {
        source: NAT.parse().unwrap(),
        ssrc: 1,
        sequence: 1,
        is_valid: true,
        is_authentic: true,
    };
    assert!(latch.accept(&offered, Instant::ZERO));
    assert_eq!(latch.destination(), NAT.parse().unwrap());
}

#[test]
fn a_new_offer_starts_over_and_the_state_survives_being_written_down() {
    let mut latch = latch(PRIVATE);
    for n in 0..3 {
        offer(&mut latch, NAT, n, u64::from(n));
    }
    let text = serde_json::to_string(&latch).unwrap();
    assert_eq!(serde_json::from_str::<Latch>(&text).unwrap(), latch);
    let rule = latch.rule;
    latch.renegotiate(PRIVATE.parse().unwrap(), rule);
    assert!(latch.is_locked());
    latch.renegotiate(PUBLIC.parse().unwrap(), rule);
    assert_eq!(latch.destination(), PUBLIC.parse().unwrap());
}
