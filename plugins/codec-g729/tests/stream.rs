//! The plugin as a host sees it, over the library of the system. Where that is not installed, the refusal
//! is what is looked at.

#![allow(clippy::unwrap_used)]

use base::Rng;
use offhook_codec_g729::ENTRY;
use plugin::{CodecHandle, CodecInstance, CodecRequest, EntryHandle, RuleKind, Status};

/// Samples of 10 ms.
const FRAME: usize = 80;

/// The codec, or `None` where libbcg729 is not installed, once its refusal was looked at.
fn codec() -> Option<CodecHandle> {
    let entry = EntryHandle::built_in(&ENTRY).expect("the entry is sound");
    let codec = entry
        .codec()
        .expect("the table is sound")
        .expect("a codec table");
    match open(&codec, "", "") {
        Ok(_) => Some(codec),
        Err(refusal) => {
            assert_eq!(refusal.status, Status::UNAVAILABLE);
            assert!(
                refusal.to_string().contains("install libbcg729-0"),
                "{refusal}"
            );
            println!("SKIPPED: {refusal}");
            None
        }
    }
}

fn open(codec: &CodecHandle, fmtp: &str, options: &str) -> Result<CodecInstance, plugin::Refusal> {
    codec.open(&CodecRequest {
        format: 0,
        fmtp,
        options,
    })
}

/// Vowels: pulses through formants that change each quarter second; 8 kHz.
fn speech(seconds: usize) -> Vec<i16> {
    let mut rng = Rng::from_number(5);
    let (mut filters, mut formants) = ([[0.0_f64; 2]; 2], [500.0, 1_500.0]);
    let mut period = 60;
    let samples = (0..seconds * 8_000).map(|n| {
        if n % 2_000 == 0 {
            formants = [
                300.0 + rng.below(500) as f64,
                900.0 + rng.below(1_300) as f64,
            ];
            period = 50 + rng.below(40) as usize;
        }
        let mut sum = 0.0;
        for (filter, formant) in filters.iter_mut().zip(formants) {
            let source = if n % period == 0 { 1_500.0 } else { 0.0 };
            let turn = 1.94 * (std::f64::consts::TAU * formant / 8_000.0).cos();
            let out = source + turn * filter[0] - 0.94 * filter[1];
            *filter = [out, filter[0]];
            sum += out;
        }
        sum.clamp(-30_000.0, 30_000.0) as i16
    });
    samples.collect()
}

/// Packets of `frames` frames; an empty one is not sent.
fn encode(codec: &mut CodecInstance, pcm: &[i16], frames: usize) -> Vec<Vec<u8>> {
    let packets = pcm.chunks_exact(frames * FRAME).map(|pcm| {
        let mut payload = [0; 202];
        let size = codec.encode(pcm, &mut payload).unwrap();
        payload[..size].to_vec()
    });
    packets.collect()
}

/// Best match of loudness over time, 10 ms by 10 ms, in the band of each: the waveform itself is not what
/// this coder keeps. Range: -1 to 1.
fn likeness(one: &[i16], other: &[i16]) -> f64 {
    let loudness = |pcm: &[i16]| -> Vec<f64> {
        let frames = pcm.chunks_exact(FRAME);
        let energy = frames.map(|f| f.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>());
        energy.map(|energy| (energy + 1e4).ln()).collect()
    };
    let (one, other) = (loudness(one), loudness(other));
    let length = one.len().min(other.len()) - 4;
    let at = |shift: usize| {
        let (a, b) = (&one[..length], &other[shift..shift + length]);
        let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
        let (ma, mb) = (mean(a), mean(b));
        let cross: f64 = a.iter().zip(b).map(|(a, b)| (a - ma) * (b - mb)).sum();
        let of = |x: &[f64], m: f64| x.iter().map(|v| (v - m).powi(2)).sum::<f64>();
        cross / (of(a, ma) * of(b, mb)).sqrt()
    };
    (0..4).map(at).fold(-1.0, f64::max)
}

/// Segmental SNR at the best of the shifts that the coder's delay may be. Unit: dB.
fn snr(one: &[i16], other: &[i16]) -> f64 {
    let at = |shift: usize| {
        let pairs = one
            .chunks_exact(FRAME)
            .zip(other[shift..].chunks_exact(FRAME));
        let ratios = pairs.map(|(a, b)| {
            let energy: f64 = a.iter().map(|&s| f64::from(s).powi(2)).sum();
            let apart: f64 = a
                .iter()
                .zip(b)
                .map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2))
                .sum();
            (10.0 * ((energy + 1.0) / (apart + 1.0)).log10()).clamp(-10.0, 35.0)
        });
        let ratios: Vec<f64> = ratios.collect();
        ratios.iter().sum::<f64>() / ratios.len() as f64
    };
    (0..80).map(at).fold(-10.0, f64::max)
}

/// M-036.
#[test]
fn speech_survives_in_packets_of_every_length() {
    let Some(codec) = codec() else { return };
    let format = codec.formats().unwrap().remove(0);
    assert_eq!(
        (format.name.as_str(), format.payload_type),
        ("G729", Some(18))
    );
    let times: Vec<u32> = format.packet_times.iter().collect();
    assert_eq!(times, (1..=20).map(|n| n * 10).collect::<Vec<_>>());
    let spoken = speech(4);
    for frames in [1, 2, 3, 4, 6, 20] {
        let mut both = open(&codec, "annexb=no", "").unwrap();
        let mut pcm = [0; 1_600];
        let mut heard = Vec::new();
        for packet in encode(&mut both, &spoken, frames) {
            assert_eq!(packet.len(), frames * 10);
            let count = both.decode(&packet, &mut pcm).unwrap();
            heard.extend_from_slice(&pcm[..count]);
        }
        let (alike, snr) = (likeness(&spoken, &heard), snr(&spoken, &heard));
        println!("{frames}: {alike:.3}, {snr:.1} dB");
        assert!(
            alike > 0.85 && snr > 5.0,
            "{frames}: {alike:.3}, {snr:.1} dB"
        );
    }
}

/// Annex B: silence is described, then left out; a packet ends with what describes it.
#[test]
fn silence_is_described_where_both_sides_have_annex_b() {
    let Some(codec) = codec() else { return };
    let mut pcm = speech(2);
    pcm.extend(vec![0; 24_000]);
    let wish = r#"{"annexb":"yes"}"#;
    let sizes = |fmtp: &str, options: &str| -> Vec<usize> {
        let mut both = open(&codec, fmtp, options).unwrap();
        let (mut room, mut sizes) = ([0; 1_600], Vec::new());
        for packet in encode(&mut both, &pcm, 2) {
            sizes.push(packet.len());
            if !packet.is_empty() {
                let frames = packet.len() / 10 + usize::from(packet.len() % 10 == 2);
                assert_eq!(both.decode(&packet, &mut room), Ok(frames * FRAME));
            }
        }
        sizes
    };
    let silent = sizes("annexb=yes", wish);
    assert!(silent.iter().all(|size| [0, 2, 10, 12, 20].contains(size)));
    assert!(
        silent.contains(&2) || silent.contains(&12),
        "noise is described"
    );
    let last = &silent[silent.len() - 100..];
    assert!(
        last.iter().filter(|&&size| size == 0).count() > 80,
        "{last:?}"
    );
    assert_eq!(
        sizes("", wish).iter().filter(|&&s| s == 0).count(),
        silent.iter().filter(|&&s| s == 0).count()
    );
    for (fmtp, options) in [("annexb=no", wish), ("annexb=yes", ""), ("", "")] {
        assert!(
            sizes(fmtp, options).iter().all(|&size| size == 20),
            "{fmtp} {options}"
        );
    }
}

#[test]
fn speech_after_silence_is_sent_at_once() {
    let Some(codec) = codec() else { return };
    let mut both = open(&codec, "", r#"{"annexb":true}"#).unwrap();
    let mut pcm = vec![0; 8_000];
    pcm.extend(speech(1));
    let packets = encode(&mut both, &pcm, 2);
    let first = packets.iter().rposition(Vec::is_empty).unwrap() + 1;
    assert!((40..60).contains(&first), "{first}");
    assert!(packets[first].len() >= 10, "{:?}", packets[first]);
    assert!(packets[first + 1..].iter().all(|packet| packet.len() == 20));
}

#[test]
fn a_lost_packet_is_made_up_and_fades() {
    let Some(codec) = codec() else { return };
    let mut both = open(&codec, "annexb=no", "").unwrap();
    let mut pcm = [0; 1_600];
    for packet in encode(&mut both, &speech(1), 2) {
        both.decode(&packet, &mut pcm).unwrap();
    }
    let loudness = |pcm: &[i16]| pcm.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>();
    assert_eq!(both.conceal(&mut pcm[..160]), Ok(160));
    let first = loudness(&pcm[..160]);
    for _ in 0..20 {
        assert_eq!(both.conceal(&mut pcm[..100]), Ok(100));
    }
    assert!(first > 0.0 && loudness(&pcm[..100]) < first / 10.0);
}

#[test]
fn what_is_no_packet_of_it_is_refused() {
    let Some(codec) = codec() else { return };
    let mut both = open(&codec, "", "").unwrap();
    let mut pcm = [0; 160];
    for length in [0, 1, 3, 9, 11, 13, 21] {
        assert_eq!(
            both.decode(&vec![1; length], &mut pcm),
            Err(Status::BAD_PAYLOAD),
            "{length}"
        );
    }
    assert_eq!(
        both.decode(&[1; 30], &mut pcm),
        Err(Status::BUFFER_TOO_SMALL)
    );
    assert_eq!(
        both.encode(&[0; 100], &mut [0; 20]),
        Err(Status::BAD_ARGUMENT)
    );
    assert_eq!(
        both.encode(&[0; 160], &mut [0; 19]),
        Err(Status::BUFFER_TOO_SMALL)
    );
}

#[test]
fn options_decide_what_is_said_of_annex_b() {
    let entry = EntryHandle::built_in(&ENTRY).unwrap();
    let codec = entry.codec().unwrap().unwrap();
    let format = codec.formats().unwrap().remove(0);
    assert_eq!(
        (format.fmtp.as_str(), format.rules[0].kind),
        ("annexb=no", RuleKind::Both)
    );
    for (options, said) in [
        ("", "annexb=no"),
        (r#"{"annexb":"no"}"#, "annexb=no"),
        (r#"{"annexb":"yes"}"#, "annexb=yes"),
        (r#"{"annexb":true}"#, "annexb=yes"),
    ] {
        assert_eq!(codec.fmtp(&format, options).unwrap(), said);
    }
    let why = codec.fmtp(&format, r#"{"annexb":3}"#).unwrap_err();
    assert_eq!(
        why.to_string(),
        "annexb: value '3' is not valid, allowed: yes, no"
    );
    let why = codec.fmtp(&format, r#"{"vad":1}"#).unwrap_err();
    assert_eq!(
        why.to_string(),
        "vad: there is no such option, allowed: annexb"
    );
    assert!(codec.fmtp(&format, "yes").is_err());
}
