//! What the tests say: something like speech, the same in every run; and how far two sounds are apart.

#![allow(dead_code, reason = "each test file uses a part of it")]

use base::Rng;
use offhook_codec_opus::fmtp::Peer;
use offhook_codec_opus::options::Options;
use offhook_codec_opus::pair::Pair;

/// Samples of a 20 ms packet.
pub(crate) const PACKET: usize = 960;

/// Hiss through formants that move, always as loud; 48 kHz.
pub(crate) fn speech_like_noise(seed: u64, seconds: usize) -> Vec<i16> {
    sound(seed, seconds, false)
}

/// Syllables: a glottal pulse through three moving formants, with hiss between; 48 kHz.
pub(crate) fn speech(seed: u64, seconds: usize) -> Vec<i16> {
    sound(seed, seconds, true)
}

fn sound(seed: u64, seconds: usize, speaks: bool) -> Vec<i16> {
    let mut rng = Rng::from_number(seed);
    let mut filters = [[0.0_f64; 2]; 3];
    let (mut phase, mut pitch, mut target) = (0.0, 120.0, 120.0);
    let mut formants = [500.0, 1_500.0, 2_500.0];
    let mut wanted = formants;
    let mut loud = 0.0_f64;
    let mut wanted_loud = 1.0;
    let mut is_voiced = speaks;
    let mut samples = Vec::with_capacity(seconds * 48_000);
    for n in 0..seconds * 48_000 {
        if n % 6_000 == 0 {
            let draw = |rng: &mut Rng, from: u64, to: u64| (from + rng.below(to - from)) as f64;
            wanted = [
                draw(&mut rng, 300, 800),
                draw(&mut rng, 900, 2_200),
                draw(&mut rng, 2_300, 3_300),
            ];
            target = draw(&mut rng, 90, 180);
            is_voiced = speaks && rng.below(5) > 0;
            wanted_loud = if speaks {
                draw(&mut rng, 30, 100) / 100.0
            } else {
                1.0
            };
        }
        pitch += (target - pitch) / 3_000.0;
        loud += (wanted_loud - loud) / 1_200.0;
        for (formant, wanted) in formants.iter_mut().zip(wanted) {
            *formant += (wanted - *formant) / 1_800.0;
        }
        phase += pitch / 48_000.0;
        let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
        phase %= 1.0;
        let hiss = (rng.below(2_000) as f64 - 1_000.0) / 1_000.0;
        let source = if is_voiced {
            pulse * 12.0 + hiss * 0.02
        } else {
            hiss * 0.4
        };
        let mut sum = 0.0;
        for (filter, formant) in filters.iter_mut().zip(formants) {
            let radius = 0.985_f64;
            let turn = 2.0 * radius * (std::f64::consts::TAU * formant / 48_000.0).cos();
            let out = source * 0.05 + turn * filter[0] - radius * radius * filter[1];
            *filter = [out, filter[0]];
            sum += out;
        }
        samples.push((sum * loud * 6_000.0).clamp(-30_000.0, 30_000.0) as i16);
    }
    samples
}

pub(crate) fn pair(options: &str, fmtp: &str) -> Pair {
    let options = Options::read(options, |_| {}).unwrap();
    Pair::new(options, Peer::read(fmtp)).unwrap()
}

/// All packets of `pcm`, `length` samples each; an empty one is not sent.
pub(crate) fn encode(pair: &mut Pair, pcm: &[i16], length: usize) -> Vec<Vec<u8>> {
    let mut payload = vec![0; 1_488];
    let packets = pcm.chunks_exact(length).map(|frame| {
        let size = pair.encode(frame, &mut payload).unwrap();
        payload[..size].to_vec()
    });
    packets.collect()
}

/// Mean over 20 ms segments of the ratio of `clean` to what `heard` differs by. Unit: dB, each segment
/// within 0 to 35.
pub(crate) fn segmental_snr(clean: &[i16], heard: &[i16]) -> f64 {
    assert_eq!(clean.len(), heard.len());
    let energy = |samples: &[f64]| samples.iter().map(|s| s * s).sum::<f64>();
    let segments = clean.chunks_exact(PACKET).zip(heard.chunks_exact(PACKET));
    let ratios: Vec<f64> = segments
        .map(|(clean, heard)| {
            let clean: Vec<f64> = clean.iter().map(|&s| f64::from(s)).collect();
            let apart = clean.iter().zip(heard).map(|(a, &b)| a - f64::from(b));
            let apart: Vec<f64> = apart.collect();
            let ratio = (energy(&clean) + 1.0) / (energy(&apart) + 1.0);
            (10.0 * ratio.log10()).clamp(0.0, 35.0)
        })
        .collect();
    ratios.iter().sum::<f64>() / ratios.len() as f64
}
