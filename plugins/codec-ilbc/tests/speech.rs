//! What speech sounds like after iLBC: whole, with frames missing, and after a long loss.

use audio::{Rate, measure};
use base::Rng;
use offhook_codec_ilbc::Ilbc;
use plugin::{Codec, CodecRequest};

const FRAME: usize = 160;

fn codec() -> Ilbc {
    let request = CodecRequest {
        format: 0,
        fmtp: "mode=20",
        options: "",
    };
    Ilbc::open(&request).expect("the mode is known")
}

fn packets() -> Vec<[u8; 38]> {
    let speech = audio::speech::speech(&mut Rng::from_number(36), Rate::Hz8000, 10_000);
    let mut codec = codec();
    let encode = |pcm: &[i16]| {
        let mut payload = [0; 38];
        assert_eq!(codec.encode(pcm, &mut payload), Ok(38));
        payload
    };
    speech.chunks_exact(FRAME).map(encode).collect()
}

/// What is heard when the packets that `is_lost` names do not come.
fn heard(packets: &[[u8; 38]], is_lost: impl Fn(usize) -> bool) -> Vec<i16> {
    let mut codec = codec();
    let mut pcm = vec![0; packets.len() * FRAME];
    for (n, (pcm, payload)) in pcm.chunks_mut(FRAME).zip(packets).enumerate() {
        match is_lost(n) {
            false => assert_eq!(codec.decode(payload, pcm), Ok(FRAME)),
            true => assert_eq!(codec.conceal(pcm), Ok(FRAME)),
        }
    }
    pcm
}

#[test]
fn m_036_lost_packets_leave_no_gaps() {
    let packets = packets();
    let whole = heard(&packets, |_| false);
    let lossy = heard(&packets, |n| n % 20 == 7);
    let silent = measure::silent_share(&whole, &lossy, Rate::Hz8000);
    assert!(silent < 1.0, "{silent:.1} % silent");
    let level = measure::dbov(&lossy) - measure::dbov(&whole);
    assert!(level.abs() < 1.0, "level off by {level:.1} dB");
}

#[test]
fn m_036_a_long_loss_fades_to_silence_and_speech_comes_back() {
    let packets = packets();
    let pcm = heard(&packets, |n| (100..150).contains(&n));
    let end = &pcm[148 * FRAME..150 * FRAME];
    assert!(end.iter().all(|s| s.abs() < 40), "{end:?}");
    let whole = heard(&packets, |_| false);
    let back = 152 * FRAME..200 * FRAME;
    let off = measure::dbov(&pcm[back.clone()]) - measure::dbov(&whole[back]);
    assert!(off.abs() < 2.0, "level off by {off:.1} dB");
}

/// An encoder may mark a frame as empty by its last bit. Source: RFC 3951 §3.8.
#[test]
fn a_frame_that_says_it_is_empty_is_concealed() {
    let mut packets = packets();
    for payload in &mut packets[50..60] {
        payload[37] |= 1;
    }
    let marked = heard(&packets, |_| false);
    let lost = heard(&packets, |n| (50..60).contains(&n));
    assert_eq!(marked, lost);
}

#[test]
fn concealing_before_anything_was_heard_is_silence() {
    let mut pcm = [5; FRAME];
    assert_eq!(codec().conceal(&mut pcm), Ok(FRAME));
    assert_eq!(pcm, [0; FRAME]);
}
