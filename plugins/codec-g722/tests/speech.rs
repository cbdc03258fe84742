//! What speech sounds like after G.722: whole, and after packets were missing.

use audio::{Rate, measure};
use base::Rng;
use offhook_codec_g722::G722;
use plugin::{Codec, CodecRequest};

/// Samples of one packet of 20 ms.
const FRAME: usize = 320;
/// Delay of the filter bank. Unit: samples.
const DELAY: usize = 22;

fn speech() -> Vec<i16> {
    audio::speech::speech(&mut Rng::from_number(722), Rate::Hz16000, 10_000)
}

fn codec() -> G722 {
    let request = CodecRequest {
        format: 0,
        fmtp: "",
        options: "",
    };
    G722::open(&request).expect("format 0 is G722")
}

fn encoded(pcm: &[i16]) -> Vec<[u8; 160]> {
    let mut codec = codec();
    pcm.chunks_exact(FRAME)
        .map(|pcm| {
            let mut payload = [0; 160];
            assert_eq!(codec.encode(pcm, &mut payload), Ok(160));
            payload
        })
        .collect()
}

/// What is decoded when the packets that `is_lost` names do not come; silence where they were.
fn heard(packets: &[[u8; 160]], is_lost: impl Fn(usize) -> bool) -> Vec<i16> {
    let mut codec = codec();
    let mut pcm = vec![0; packets.len() * FRAME];
    for (n, (pcm, payload)) in pcm.chunks_mut(FRAME).zip(packets).enumerate() {
        if !is_lost(n) {
            assert_eq!(codec.decode(payload, pcm), Ok(FRAME));
        }
    }
    pcm
}

/// Unit: dB.
fn ratio(source: &[i16], heard: &[i16]) -> f64 {
    let power = |pcm: &mut dyn Iterator<Item = f64>| pcm.map(|s| s * s).sum::<f64>();
    let signal = power(&mut source.iter().map(|&s| f64::from(s)));
    let pairs = source.iter().zip(heard);
    let noise = power(&mut pairs.map(|(&a, &b)| f64::from(a) - f64::from(b)));
    10.0 * (signal / noise.max(1e-9)).log10()
}

#[test]
fn m_033_speech_comes_out_as_it_went_in() {
    let source = speech();
    let heard = heard(&encoded(&source), |_| false);
    let snr = ratio(&source[..heard.len() - DELAY], &heard[DELAY..]);
    println!("G.722, speech: {snr:.1} dB");
    assert!(snr > 30.0, "{snr:.1} dB");
}

/// The predictors forget: what was missed is not heard for long.
#[test]
fn after_a_second_without_packets_the_decoder_catches_up() {
    let packets = encoded(&speech());
    let whole = heard(&packets, |_| false);
    let lossy = heard(&packets, |n| (100..150).contains(&n));
    let after = 200 * FRAME..300 * FRAME;
    let snr = ratio(&whole[after.clone()], &lossy[after]);
    println!("G.722, one second after a second's loss: {snr:.1} dB");
    assert!(snr > 25.0, "{snr:.1} dB");
    let back = 152 * FRAME..175 * FRAME;
    let off = measure::dbov(&lossy[back.clone()]) - measure::dbov(&whole[back]);
    assert!(off.abs() < 3.0, "level off by {off:.1} dB");
}
