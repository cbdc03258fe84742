use super::*;
use base::Rng;
use rtcp_types::{CompoundBuilder, Sdes, SdesChunk, SdesItem};

const RECEPTION: Reception = Reception {
    ssrc: 0xaabb_ccdd,
    fraction_lost: 12,
    lost: -3,
    highest: 70_000,
    jitter: 99,
};

fn outgoing(bye: bool) -> Outgoing<'static> {
    Outgoing {
        ssrc: 0x1122_3344,
        cname: "k7f2m@offhook",
        sender: Some(SenderPart {
            ntp: 0x0123_4567_89ab_cdef,
            rtp_timestamp: 5,
            packets: 6,
            octets: 960,
        }),
        reception: Some((RECEPTION, 0x4567_89ab, 0x1_0000)),
        bye,
    }
}

fn told(bytes: &[u8]) -> Result<Vec<Item>, Error> {
    let mut items = Vec::new();
    read(bytes, |item| items.push(item)).map(|()| items)
}

#[test]
fn what_is_written_is_what_others_write() {
    let mut bytes = [0; 200];
    let size = outgoing(true).write(&mut bytes).unwrap();
    let block = ReportBlock::builder(RECEPTION.ssrc)
        .fraction_lost(12)
        .cumulative_lost(0xff_fffd)
        .extended_sequence_number(70_000)
        .interarrival_jitter(99)
        .last_sender_report_timestamp(0x4567_89ab)
        .delay_since_last_sender_report_timestamp(0x1_0000);
    let report = SenderReport::builder(0x1122_3344)
        .ntp_timestamp(0x0123_4567_89ab_cdef)
        .rtp_timestamp(5)
        .packet_count(6)
        .octet_count(960)
        .add_report_block(block);
    let name = SdesChunk::builder(0x1122_3344)
        .add_item(SdesItem::builder(SdesItem::CNAME, "k7f2m@offhook"));
    let compound = CompoundBuilder::default()
        .add_packet(report)
        .add_packet(Sdes::builder().add_chunk(name))
        .add_packet(Bye::builder().add_source(0x1122_3344));
    let mut oracle = vec![0; compound.calculate_size().unwrap()];
    compound.write_into(&mut oracle).unwrap();
    assert_eq!(bytes[..size], oracle);
}

#[test]
fn what_is_written_is_read() {
    let mut bytes = [0; 200];
    let size = outgoing(true).write(&mut bytes).unwrap();
    let items = told(&bytes[..size]).unwrap();
    assert_eq!(items.len(), 4);
    assert!(matches!(items[0], Item::Sender { packets: 6, .. }));
    assert_eq!(
        items[1],
        Item::Report {
            from: 0x1122_3344,
            reception: RECEPTION,
            last_report: 0x4567_89ab,
            since_last_report: 0x1_0000
        }
    );
    assert_eq!(items[2], Item::Other { packet_type: 202 });
    assert_eq!(items[3], Item::Bye { ssrc: 0x1122_3344 });
}

#[test]
fn a_receiver_that_heard_nothing_says_just_who_it_is() {
    let mut bytes = [0; 64];
    let quiet = Outgoing {
        sender: None,
        reception: None,
        ..outgoing(false)
    };
    let size = quiet.write(&mut bytes).unwrap();
    assert_eq!(
        told(&bytes[..size]).unwrap(),
        [Item::Other { packet_type: 202 }]
    );
    assert_eq!(
        quiet.write(&mut [0; 20]),
        Err(Error::NoRoom { needed: size })
    );
}

#[test]
fn the_rules_of_a_compound_are_checked() {
    let mut good = [0; 200];
    let size = outgoing(false).write(&mut good).unwrap();
    for (at, value) in [(0, 0x41), (0, 0xa1), (1, 202), (1, 203), (3, 200), (52, 0)] {
        let mut bytes = good;
        bytes[at] = value;
        assert_eq!(told(&bytes[..size]), Err(MALFORMED), "byte {at}");
    }
    assert_eq!(told(&[]), Err(MALFORMED));
    assert_eq!(told(&good[..size - 1]), Err(MALFORMED));
}

/// The lengths of the packets add up; those inside the second one do not.
#[test]
fn nothing_is_told_of_a_compound_that_breaks_inside() {
    let mut bytes = [0; 200];
    let size = outgoing(true).write(&mut bytes).unwrap();
    let mut bytes = bytes[..size].to_vec();
    // A report of one block in a packet that has no room for it.
    bytes.extend([0x81, 201, 0, 1, 1, 2, 3, 4]);
    let mut items = 0;
    assert_eq!(read(&bytes, |_| items += 1), Err(MALFORMED));
    assert_eq!(items, 0);
}

#[test]
fn junk_never_panics() {
    let mut rng = Rng::from_number(5);
    let mut good = [0; 200];
    let size = outgoing(true).write(&mut good).unwrap();
    for n in 0..100_000_usize {
        let mut bytes = good;
        for _ in 0..=n % 5 {
            bytes[rng.below(size as u64) as usize] = rng.number32() as u8;
        }
        let _ = told(&bytes[..n % (size + 1)]);
    }
}

#[test]
fn the_round_trip_is_what_is_left_after_the_peers_wait() {
    // RFC 3550 figure 2: A − LSR − DLSR = 6.125 s.
    let now = 0xb710_8000_u64 << 16;
    let ms = round_trip_ms(now, 0xb705_2000, 0x0005_4000).unwrap();
    assert!((ms - 6_125.0).abs() < 0.1);
    assert_eq!(round_trip_ms(now, 0, 0), None);
    assert_eq!(round_trip_ms(now, 0xb710_8000, 5), Some(0.0));
    assert_eq!(round_trip_ms(now, 0x0010_0000, 5), None);
}
