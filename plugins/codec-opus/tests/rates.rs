//! What options and the peer's fmtp do to what is sent: rate, band, silence, packet times.

#![allow(clippy::unwrap_used)]

mod common;

use common::{PACKET, encode, pair, speech, speech_like_noise};
use plugin::Status;

/// Unit: bits per second.
fn rate(packets: &[Vec<u8>]) -> usize {
    let bytes: usize = packets.iter().map(Vec::len).sum();
    bytes * 8 * 50 / packets.len()
}

/// K-035, K-043: within 15 % of the class. K-038, K-046: a peer may ask for less.
#[test]
fn the_bit_rate_is_that_of_the_class_or_less_if_the_peer_says_so() {
    let mut wrong = Vec::new();
    for (options, fmtp, bits) in [
        (r#"{"class":"nb"}"#, "useinbandfec=1", 15_500),
        ("", "useinbandfec=1", 24_000),
        (r#"{"class":"fb"}"#, "useinbandfec=1", 64_000),
        ("", "maxaveragebitrate=12000", 12_000),
        (
            r#"{"class":"","bitrate":-1}"#,
            "maxaveragebitrate=20000",
            20_000,
        ),
        (r#"{"class":""}"#, "maxaveragebitrate=16000", 16_000),
    ] {
        let packets = encode(&mut pair(options, fmtp), &speech_like_noise(6, 8), PACKET);
        let measured = rate(&packets);
        println!("{options} {fmtp}: {measured}");
        let is_near = measured.abs_diff(bits) * 100 <= bits * 15;
        wrong.extend((!is_near).then_some((options, fmtp, measured)));
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// K-041, K-049: constant where we or the peer say so, else it varies.
#[test]
fn the_rate_is_constant_where_one_side_wants_that() {
    let sizes = |options: &str, fmtp: &str| {
        let packets = encode(&mut pair(options, fmtp), &speech(7, 3), PACKET);
        let mut sizes: Vec<usize> = packets.iter().map(Vec::len).collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes.len()
    };
    let constant = r#"{"class":"","bitrate":24000,"vbr":0}"#;
    assert_eq!(sizes(constant, ""), 1);
    assert_eq!(sizes(r#"{"class":"","bitrate":24000}"#, "cbr=1"), 1);
    assert!(sizes(r#"{"class":"","bitrate":24000}"#, "") > 10);
}

/// K-040, K-048: silence is left out where both sides say so, with a sign of life now and then.
#[test]
fn silence_is_left_out_where_both_sides_want_that() {
    let mut pcm = speech(8, 3);
    pcm.extend(vec![0; 3 * 48_000]);
    let of_silence = |options: &str, fmtp: &str| {
        let packets = encode(&mut pair(options, fmtp), &pcm, PACKET);
        let (spoken, silent) = packets.split_at(150);
        assert!(
            spoken.iter().filter(|p| p.is_empty()).count() < 15,
            "speech is sent"
        );
        silent.iter().filter(|packet| !packet.is_empty()).count()
    };
    let sent = of_silence("", "usedtx=1");
    println!("{sent} of 150");
    assert!((1..30).contains(&sent), "{sent} of 150 are sent");
    assert_eq!(of_silence("", ""), 150);
    assert_eq!(
        of_silence(r#"{"class":"","bitrate":24000}"#, "usedtx=1"),
        150
    );
}

/// Energy above `hertz` as a share of all, by a filter of two poles.
fn share_above(pcm: &[i16], hertz: f64) -> f64 {
    let turn = (std::f64::consts::PI * hertz / 48_000.0).tan();
    let norm = 1.0 / (1.0 + std::f64::consts::SQRT_2 * turn + turn * turn);
    let (b1, b2) = (
        2.0 * (turn * turn - 1.0) * norm,
        (1.0 - std::f64::consts::SQRT_2 * turn + turn * turn) * norm,
    );
    let (mut x, mut y) = ([0.0; 2], [0.0; 2]);
    let (mut high, mut all) = (0.0, 0.0);
    for &sample in pcm {
        let input = f64::from(sample);
        let output = norm * (input - 2.0 * x[0] + x[1]) - b1 * y[0] - b2 * y[1];
        (x, y) = ([input, x[0]], [output, y[0]]);
        high += output * output;
        all += input * input;
    }
    high / all
}

/// K-036, K-044: the encoder runs at the smaller of our band and the peer's.
#[test]
fn nothing_is_sent_above_the_band_of_the_narrower_side() {
    let mut rng = base::Rng::from_number(9);
    let hiss: Vec<i16> = (0..3 * 48_000)
        .map(|_| rng.below(16_000) as i16 - 8_000)
        .collect();
    let heard = |options: &str, fmtp: &str| {
        let packets = encode(&mut pair(options, fmtp), &hiss, PACKET);
        let (mut listener, mut pcm) = (pair("", ""), vec![0; 5_760]);
        let mut all = Vec::new();
        for packet in packets {
            let count = listener.decode(&packet, &mut pcm).unwrap();
            all.extend_from_slice(&pcm[..count]);
        }
        all
    };
    let full = r#"{"class":"fb"}"#;
    assert!(share_above(&heard(full, ""), 10_000.0) > 0.2);
    let narrow = share_above(&heard(full, "maxplaybackrate=8000"), 8_000.0);
    let wide = share_above(&heard("", ""), 16_000.0);
    let ours = share_above(
        &heard(r#"{"class":"nb"}"#, "maxplaybackrate=48000"),
        8_000.0,
    );
    println!("{narrow:.4} {wide:.4} {ours:.4}");
    assert!(
        narrow < 0.02 && wide < 0.02 && ours < 0.02,
        "{narrow:.4} {wide:.4} {ours:.4}"
    );
}

/// K-031, K-037: all packet times, at least and at most effort; 30 ms is three frames in one packet.
#[test]
fn every_packet_time_is_decoded_by_a_second_decoder() {
    for (ms, complexity) in [(10, 0), (20, 10), (30, 5), (40, 0), (50, 10), (60, 5)] {
        let options = format!(r#"{{"class":"","bitrate":24000,"complexity":{complexity}}}"#);
        let mut ours = pair(&options, "");
        let spoken = speech(10, 3);
        let packets = encode(&mut ours, &spoken, ms * 48);
        let mut theirs = ropus::Decoder::new(48_000, ropus::Channels::Mono).unwrap();
        let mut pcm = vec![0; 5_760];
        let (mut whole, mut energy) = (0, 0.0);
        for packet in &packets {
            let count = theirs
                .decode(packet, &mut pcm, ropus::DecodeMode::Normal)
                .unwrap();
            assert!(
                count <= ms * 48 && count.is_multiple_of(480),
                "{ms} ms: {count} samples"
            );
            whole += usize::from(count == ms * 48);
            energy += pcm[..count]
                .iter()
                .map(|&s| f64::from(s).powi(2))
                .sum::<f64>();
            let again = ours.decode(packet, &mut pcm);
            assert_eq!(again, Ok(count), "{ms} ms");
        }
        assert!(
            whole * 100 >= packets.len() * 95,
            "{ms} ms: {whole} of {}",
            packets.len()
        );
        let spoken: f64 = spoken.iter().map(|&s| f64::from(s).powi(2)).sum();
        assert!(
            (0.7..1.3).contains(&(energy / spoken)),
            "{ms} ms: {}",
            energy / spoken
        );
    }
    let odd = pair("", "").encode(&[0; 470], &mut [0; 1_000]);
    assert_eq!(odd, Err(Status::BAD_ARGUMENT));
    assert_eq!(
        pair("", "").encode(&[0; 5_760], &mut [0; 1_000]),
        Err(Status::BAD_ARGUMENT)
    );
}

/// Settings change while a call runs, within what the peer takes.
#[test]
fn settings_change_in_a_running_stream() {
    let mut running = pair("", "useinbandfec=1;maxaveragebitrate=20000");
    let spoken = speech_like_noise(11, 4);
    let before = rate(&encode(&mut running, &spoken, PACKET));
    running.set_bit_rate(10_000).unwrap();
    let low = rate(&encode(&mut running, &spoken, PACKET));
    running.set_bit_rate(64_000).unwrap();
    let high = rate(&encode(&mut running, &spoken, PACKET));
    println!("{before} {low} {high}");
    assert!(
        low < 12_500 && before > 14_000 && high < 23_000,
        "{before} {low} {high}"
    );
    assert_eq!(
        running.set_dtx(true),
        Err(Status::UNAVAILABLE),
        "the peer did not ask"
    );
    assert_eq!(
        (running.set_fec(false), running.set_fec(true)),
        (Ok(()), Ok(()))
    );
    assert_eq!(running.set_complexity(10), Ok(()));
    assert_eq!(running.set_complexity(11), Err(Status::BAD_ARGUMENT));
    assert_eq!(running.set_expected_loss(100), Ok(()));
}
