use super::*;
use std::net::Ipv4Addr;

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

#[test]
fn packets_come_with_slot_and_sender_in_order() {
    let mut sockets = MediaSockets::new(4).unwrap();
    let slots: Vec<_> = (0..3).map(|_| sockets.add(socket()).unwrap()).collect();
    let to = |s: &MediaSockets, n: usize| s.socket(slots[n]).unwrap().local_addr().unwrap();
    for n in 0..20_u8 {
        let receiver = to(&sockets, 1 + usize::from(n % 2));
        sockets.queue(slots[0], receiver, &[n; 172]).unwrap();
    }
    assert_eq!(sockets.flush(), 20);
    let sender = to(&sockets, 0);
    let mut heard = vec![Vec::new(); 3];
    let count = sockets.sweep(|slot, from, _, packet| {
        assert_eq!((from, packet.len()), (sender, 172));
        heard[slot.0 as usize].push(packet[0]);
    });
    assert_eq!(count.unwrap(), 20);
    assert!(heard[0].is_empty());
    assert_eq!(heard[1], (0..20).step_by(2).collect::<Vec<u8>>());
    assert_eq!(heard[2], (1..20).step_by(2).collect::<Vec<u8>>());
    assert_eq!(
        sockets
            .sweep(|_, _, _, _| panic!("nothing is left"))
            .unwrap(),
        0
    );
}

#[test]
fn a_removed_slot_is_silent_and_used_again() {
    let mut sockets = MediaSockets::new(1).unwrap();
    let slot = sockets.add(socket()).unwrap();
    let full = sockets.add(socket()).unwrap_err();
    assert_eq!(full.to_string(), "media sockets is full (1)");
    let address = sockets.socket(slot).unwrap().local_addr().unwrap();
    sockets.queue(slot, address, b"to itself").unwrap();
    let removed = sockets.remove(slot).unwrap();
    assert_eq!(sockets.flush(), 0);
    removed.send_to(b"x", address).unwrap();
    assert_eq!(sockets.sweep(|_, _, _, _| panic!("removed")).unwrap(), 0);
    assert!(sockets.remove(slot).is_none());
    assert!(sockets.queue(slot, address, b"x").is_err());
    assert_eq!(sockets.add(removed).unwrap(), slot);
    assert_eq!(sockets.sweep(|_, _, _, _| {}).unwrap(), 1);
}

#[test]
fn more_than_one_question_of_ready_sockets_are_all_read() {
    crate::raise_open_files();
    let mut sockets = MediaSockets::new(700).unwrap();
    let slots: Vec<_> = (0..700).map(|_| sockets.add(socket()).unwrap()).collect();
    for &slot in &slots {
        let to = sockets.socket(slot).unwrap().local_addr().unwrap();
        sockets.queue(slot, to, &slot.0.to_be_bytes()).unwrap();
    }
    assert_eq!(sockets.flush(), 700);
    let mut heard = vec![0; 700];
    sockets
        .sweep(|slot, _, _, packet| {
            assert_eq!(packet, slot.0.to_be_bytes());
            heard[slot.0 as usize] += 1;
        })
        .unwrap();
    assert!(heard.iter().all(|&times| times == 1));
}

#[test]
fn a_flood_on_one_socket_waits_its_turn() {
    let mut sockets = MediaSockets::new(2).unwrap();
    let (flooded, calm) = (
        sockets.add(socket()).unwrap(),
        sockets.add(socket()).unwrap(),
    );
    let sender = socket();
    let to = sockets.socket(flooded).unwrap().local_addr().unwrap();
    for _ in 0..100 {
        sender.send_to(b"flood", to).unwrap();
    }
    let to = sockets.socket(calm).unwrap().local_addr().unwrap();
    sender.send_to(b"voice", to).unwrap();
    let mut counts = [0; 2];
    sockets
        .sweep(|slot, _, _, _| counts[slot.0 as usize] += 1)
        .unwrap();
    assert_eq!(counts, [1 + AT_ONCE * (CALLS - 1), 1]);
    sockets
        .sweep(|slot, _, _, _| counts[slot.0 as usize] += 1)
        .unwrap();
    assert_eq!(counts, [100, 1]);
}

#[test]
fn oversized_and_refused_packets_are_counted() {
    let mut sockets = MediaSockets::new(1).unwrap();
    let slot = sockets.add(socket()).unwrap();
    let to = sockets.socket(slot).unwrap().local_addr().unwrap();
    sockets
        .queue(slot, "[2001:db8::1]:9".parse().unwrap(), b"no way")
        .unwrap();
    sockets.queue(slot, to, &[0; PACKET + 1]).unwrap();
    sockets.queue(slot, to, &[0; PACKET]).unwrap();
    assert_eq!(sockets.flush(), 2);
    assert_eq!(sockets.sweep(|_, _, _, _| {}).unwrap(), 1);
    let expected = Counts {
        received: 1,
        oversized: 1,
        sent: 2,
        dropped: 0,
        refused: 1,
    };
    assert_eq!(sockets.counts(), expected);
}

#[cfg(target_os = "linux")]
#[test]
fn a_packet_says_how_long_it_waited_to_be_read() {
    const PAUSE: Duration = Duration::from_millis(20);
    let mut sockets = MediaSockets::new(2).unwrap();
    let slot = sockets.add(socket()).unwrap();
    let to = sockets.socket(slot).unwrap().local_addr().unwrap();
    let sender = socket();
    let mut apart = Duration::ZERO;
    // The system begins to stamp a moment after the first socket asked for it.
    for _ in 0..100 {
        // One packet is read by itself, several at once: both ways have to tell.
        for number in 0..3_u8 {
            sender.send_to(&[number], to).unwrap();
            std::thread::sleep(PAUSE);
        }
        let mut waited = Vec::new();
        let count = sockets.sweep(|_, _, since, _| waited.push(since)).unwrap();
        assert_eq!((count, waited.len()), (3, 3));
        assert!(waited.iter().all(|since| *since <= LONGEST_WAIT));
        apart = (waited[0].saturating_sub(waited[1])).min(waited[1].saturating_sub(waited[2]));
        if apart >= PAUSE {
            return;
        }
    }
    panic!("packets {PAUSE:?} apart came {apart:?} apart");
}

#[test]
fn nobody_waited_longer_than_since_the_sweep_before() {
    let now = Duration::from_secs(1_000);
    let at_most = Duration::from_millis(10);
    let since = Waiting { now, at_most };
    let ms = Duration::from_millis;
    assert_eq!(since.waited(None), Duration::ZERO);
    assert_eq!(since.waited(Some(now - ms(3))), ms(3));
    // Somebody set the clock of the machine back, or on.
    assert_eq!(since.waited(Some(now + ms(7_000))), Duration::ZERO);
    assert_eq!(since.waited(Some(now - ms(7_000))), at_most);
    let idle = Waiting::at_most(Duration::from_secs(3_600));
    assert_eq!(idle.at_most, LONGEST_WAIT);
}
