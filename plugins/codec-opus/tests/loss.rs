//! Redundancy and what it is worth: one packet in ten is lost, never two in a row.

#![allow(clippy::unwrap_used)]

mod common;

use common::{PACKET, encode, pair, segmental_snr, speech};
use offhook_codec_opus::pair::Pair;
use plugin::Status;

const WANTS_FEC: &str = "useinbandfec=1";

/// What is heard of packets of which one in ten is lost, and what would be heard without loss.
fn heard(listener: &mut Pair, packets: &[Vec<u8>], recover: bool) -> (Vec<i16>, Vec<usize>) {
    let mut pcm = vec![0; 5_760];
    let mut all = Vec::new();
    let mut lost = Vec::new();
    for (n, packet) in packets.iter().enumerate() {
        let count = match (n % 10 == 7, packets.get(n + 1)) {
            (false, _) => listener.decode(packet, &mut pcm),
            (true, Some(next)) if recover => {
                lost.push(n);
                listener.recover(next, &mut pcm[..PACKET])
            }
            (true, _) => {
                lost.push(n);
                listener.conceal(&mut pcm[..PACKET])
            }
        };
        all.extend_from_slice(&pcm[..count.unwrap()]);
    }
    (all, lost)
}

/// Segmental SNR of the lost packets' time alone, against the same stream without loss.
fn of_lost(expected_loss: u8, recover: bool) -> f64 {
    let options =
        format!(r#"{{"class":"","bitrate":24000,"fec":1,"expected_packet_loss":{expected_loss}}}"#);
    let packets = encode(&mut pair(&options, WANTS_FEC), &speech(3, 10), PACKET);
    let mut clean = Vec::new();
    let mut listener = pair(&options, "");
    let mut pcm = vec![0; 5_760];
    for packet in &packets {
        let count = listener.decode(packet, &mut pcm).unwrap();
        clean.extend_from_slice(&pcm[..count]);
    }
    let (heard, lost) = heard(&mut pair(&options, ""), &packets, recover);
    let of = |samples: &[i16]| -> Vec<i16> {
        let pieces = lost.iter().map(|n| &samples[n * PACKET..(n + 1) * PACKET]);
        pieces.flatten().copied().collect()
    };
    segmental_snr(&of(&clean), &of(&heard))
}

/// M-034, K-039, K-042.
#[test]
fn a_lost_packet_is_heard_better_rebuilt_than_invented() {
    let (rebuilt, invented) = (of_lost(20, true), of_lost(20, false));
    println!("rebuilt {rebuilt:.1} dB, invented {invented:.1} dB");
    assert!(
        rebuilt >= invented + 4.0,
        "{rebuilt:.1} dB, {invented:.1} dB"
    );
}

/// K-042: the redundancy grows with the loss that is expected.
#[test]
fn expected_loss_pays_in_loss() {
    let (prepared, unprepared) = (of_lost(20, true), of_lost(0, true));
    println!("prepared {prepared:.1} dB, unprepared {unprepared:.1} dB");
    assert!(
        prepared >= unprepared + 3.0,
        "{prepared:.1} dB, {unprepared:.1} dB"
    );
}

/// Whether a 20 ms packet of the speech coder carries the one before it. Source: RFC 6716 §4.2.3, §4.2.4:
/// behind the TOC byte one bit of voice activity, then the flag.
fn carries_more(packet: &[u8]) -> bool {
    let is_speech_coder = packet[0] >> 3 < 16;
    is_speech_coder && packet[1] & 0x40 != 0
}

/// K-039: only who asks for redundancy gets it, and only from who has it switched on.
#[test]
fn redundancy_is_sent_to_who_wants_it() {
    let share = |options: &str, fmtp: &str| {
        let packets = encode(&mut pair(options, fmtp), &speech(4, 4), PACKET);
        let with = packets.iter().filter(|packet| carries_more(packet)).count();
        with * 100 / packets.len()
    };
    let wish = r#"{"class":"wb"}"#;
    assert!(share(wish, WANTS_FEC) > 40, "{}", share(wish, WANTS_FEC));
    assert_eq!(share(wish, "useinbandfec=0"), 0);
    assert_eq!(share(wish, ""), 0);
    assert_eq!(
        share(
            r#"{"class":"","bitrate":24000,"expected_packet_loss":5}"#,
            WANTS_FEC
        ),
        0
    );
}

#[test]
fn without_the_wish_nothing_is_rebuilt_and_a_lost_packet_may_have_any_length() {
    let mut plain = pair(r#"{"class":""}"#, "");
    let packets = encode(&mut plain, &speech(5, 1), PACKET);
    let mut pcm = vec![0; 5_760];
    plain.decode(&packets[0], &mut pcm).unwrap();
    let refused = plain.recover(&packets[2], &mut pcm[..PACKET]);
    assert_eq!(refused, Err(Status::UNSUPPORTED));
    for samples in [1, 48, 480, 500, 960, 2_880, 5_760] {
        assert_eq!(plain.conceal(&mut pcm[..samples]), Ok(samples));
    }
    assert_eq!(
        plain.conceal(&mut vec![0; 5_761]),
        Err(Status::BAD_ARGUMENT)
    );
    assert_eq!(plain.decode(&[], &mut pcm), Err(Status::BAD_PAYLOAD));
    assert_eq!(
        plain.decode(&[0xFF, 0xFF], &mut pcm),
        Err(Status::BAD_PAYLOAD)
    );
}
