use super::*;
use base::PayloadType;

fn header(ssrc: u32, sequence: u16, timestamp: u32) -> Header {
    Header {
        marker: false,
        payload_type: PayloadType::PCMU,
        sequence,
        timestamp,
        ssrc,
    }
}

fn packet(receiver: &mut Receiver, ssrc: u32, n: i64, late_ms: u64) -> Verdict {
    let header = header(ssrc, n as u16, (n * 160) as u32);
    receiver.receive(&header, Instant::from_millis(n as u64 * 20 + late_ms))
}

#[test]
fn losses_duplicates_and_wraps_are_counted() {
    let mut receiver = Receiver::new(Hertz(8_000));
    for n in 65_000..66_000 {
        if n % 10 != 0 || n == 65_000 {
            packet(&mut receiver, 7, n, 0);
        }
    }
    assert_eq!(receiver.expected(), 1_000);
    assert_eq!(receiver.lost(), 99);
    let report = receiver.report().unwrap();
    assert_eq!((report.lost, report.fraction_lost), (99, 25));
    assert_eq!(report.highest, 65_999);
    assert_eq!(receiver.report().unwrap().fraction_lost, 0);
    for _ in 0..200 {
        packet(&mut receiver, 7, 65_999, 0);
    }
    assert_eq!(receiver.report().unwrap().lost, -101);
}

#[test]
fn jitter_follows_the_formula() {
    let mut receiver = Receiver::new(Hertz(8_000));
    for n in 1..500 {
        packet(&mut receiver, 7, n, 0);
    }
    assert_eq!(receiver.jitter(), 0);
    for n in 500..1_500 {
        packet(&mut receiver, 7, n, if n % 2 == 0 { 0 } else { 10 });
    }
    // |D| is always 10 ms, so the running mean settles at 80 ticks.
    assert!((78..=80).contains(&receiver.jitter()));
}

#[test]
fn a_stray_changes_nothing_and_a_new_stream_needs_two() {
    let mut receiver = Receiver::new(Hertz(8_000));
    assert_eq!(packet(&mut receiver, 7, 1, 0), Verdict::NewStream);
    assert_eq!(packet(&mut receiver, 7, 2, 0), Verdict::Accepted);
    for n in 0..50 {
        assert_eq!(packet(&mut receiver, 8, n * 3, 0), Verdict::OnProbation);
        assert_eq!(packet(&mut receiver, 7, n + 3, 0), Verdict::Accepted);
    }
    assert_eq!(packet(&mut receiver, 9, 500, 0), Verdict::OnProbation);
    assert_eq!(packet(&mut receiver, 9, 501, 0), Verdict::NewStream);
    assert_eq!(packet(&mut receiver, 9, 502, 0), Verdict::Accepted);
    assert_eq!(receiver.ssrc(), Some(9));
    assert_eq!(receiver.expected(), 2);
}

#[test]
fn a_jump_of_the_sequence_is_a_restart_after_two() {
    let mut receiver = Receiver::new(Hertz(8_000));
    for n in 0..200 {
        packet(&mut receiver, 7, n, 0);
    }
    assert_eq!(packet(&mut receiver, 7, 20_000, 0), Verdict::OnProbation);
    assert_eq!(packet(&mut receiver, 7, 200, 0), Verdict::Accepted);
    assert_eq!(packet(&mut receiver, 7, 30_000, 0), Verdict::OnProbation);
    assert_eq!(packet(&mut receiver, 7, 30_001, 0), Verdict::NewStream);
    assert_eq!(receiver.lost(), 0);
}

#[test]
fn the_state_survives_being_written_down() {
    let mut receiver = Receiver::new(Hertz(16_000));
    packet(&mut receiver, 7, 9, 3);
    let sender = Sender::new(&mut base::Rng::from_number(1));
    let text = serde_json::to_string(&(receiver, sender)).unwrap();
    let again: (Receiver, Sender) = serde_json::from_str(&text).unwrap();
    assert_eq!(again, (receiver, sender));
}

#[test]
fn what_is_sent_is_numbered_without_a_hole_over_the_wrap() {
    let mut sender = Sender::new(&mut base::Rng::from_number(1));
    sender.sequence = 65_534;
    sender.timestamp = u32::MAX - 100;
    let numbers = [(); 4].map(|()| {
        sender.sent(160);
        sender.advance(160);
        sender.sequence
    });
    assert_eq!(numbers, [65_535, 0, 1, 2]);
    assert_eq!(sender.timestamp, 4 * 160 - 101);
    assert_eq!((sender.packets, sender.octets), (4, 640));
}
