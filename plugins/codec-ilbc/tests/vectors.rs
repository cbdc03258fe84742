//! The test files of RFC 3951: speech, frames and what they decode to.
//!
//! The files were made in fixed point, this codec follows the RFC's floats, so that samples differ in the last
//! bits and an encoder may choose another of two vectors that are as good. What is asked: what we decode is
//! what the files hold but for that noise, and what we encode is as near to the speech as their frames are.

use offhook_codec_ilbc::Ilbc;
use plugin::{Codec, CodecRequest};

/// One file in one mode.
struct Case {
    name: &'static str,
    fmtp: &'static str,
    samples: usize,
    octets: usize,
    /// What the enhancer holds back. Unit: samples.
    late: usize,
    speech: Vec<i16>,
    frames: Vec<u8>,
    decoded: Vec<i16>,
}

/// A vector file; `None`, said aloud, where the vectors are not there.
fn vector(name: &str) -> Option<Vec<u8>> {
    let folder = std::env::var_os("OFFHOOK_VECTORS").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        std::path::PathBuf::from,
    );
    let path = folder.join("ilbc-rfc3951").join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            eprintln!(
                "SKIPPED: no vector {}: {error}; set OFFHOOK_VECTORS",
                path.display()
            );
            None
        }
    }
}

fn cases() -> Vec<Case> {
    let words = |bytes: Vec<u8>| -> Vec<i16> {
        let pairs = bytes.as_chunks::<2>().0;
        pairs.iter().map(|&pair| i16::from_le_bytes(pair)).collect()
    };
    let mut cases = Vec::new();
    for name in ["F00", "F01", "F02", "F03"] {
        for (ms, fmtp, octets) in [(20, "mode=20", 38), (30, "mode=30", 50)] {
            let [speech, frames, decoded] = [
                format!("{name}.INP"),
                format!("{name}.BIT{ms}"),
                format!("{name}.OUT{ms}"),
            ]
            .map(|file| vector(&file));
            if let (Some(speech), Some(frames), Some(decoded)) = (speech, frames, decoded) {
                cases.push(Case {
                    name,
                    fmtp,
                    samples: ms * 8,
                    octets,
                    late: if ms == 20 { 40 } else { 80 },
                    speech: words(speech),
                    frames,
                    decoded: words(decoded),
                });
            }
        }
    }
    cases
}

fn codec(case: &Case) -> Ilbc {
    let request = CodecRequest {
        format: 0,
        fmtp: case.fmtp,
        options: "",
    };
    Ilbc::open(&request).expect("the mode is known")
}

fn decoded(case: &Case, frames: &[u8]) -> Vec<i16> {
    let mut codec = codec(case);
    let mut pcm = vec![0; frames.len() / case.octets * case.samples];
    let packets = frames.chunks_exact(case.octets);
    for (payload, pcm) in packets.zip(pcm.chunks_mut(case.samples)) {
        assert_eq!(codec.decode(payload, pcm), Ok(case.samples));
    }
    pcm
}

fn encoded(case: &Case) -> Vec<u8> {
    let mut codec = codec(case);
    let mut frames = Vec::new();
    for pcm in case.speech.chunks_exact(case.samples) {
        let mut payload = [0; 50];
        assert_eq!(codec.encode(pcm, &mut payload), Ok(case.octets));
        frames.extend_from_slice(&payload[..case.octets]);
    }
    frames
}

/// Ratio of signal to difference in each 20 ms that are loud enough to matter. Unit: dB.
fn ratios(signal: &[i16], other: &[i16]) -> Vec<f64> {
    let power = |pair: (&i16, &i16)| {
        let (a, b) = (f64::from(*pair.0), f64::from(*pair.1));
        (a * a, (a - b) * (a - b))
    };
    let blocks = signal.chunks_exact(160).zip(other.chunks_exact(160));
    let mut ratios = Vec::new();
    for (signal, other) in blocks {
        let pairs = signal.iter().zip(other).map(power);
        let (power, noise) = pairs.fold((0.0, 0.0), |sum, pair| (sum.0 + pair.0, sum.1 + pair.1));
        if power > 160.0 * 100.0 * 100.0 {
            ratios.push(10.0 * (power / noise.max(1.0)).log10());
        }
    }
    ratios.sort_by(f64::total_cmp);
    ratios
}

fn mean(ratios: &[f64]) -> f64 {
    ratios.iter().sum::<f64>() / ratios.len() as f64
}

#[test]
fn m_036_the_files_frames_decode_to_the_files_samples_but_for_fixed_point() {
    for case in cases() {
        let got = decoded(&case, &case.frames);
        let ratios = ratios(&case.decoded, &got);
        let (tenth, median) = (ratios[ratios.len() / 10], ratios[ratios.len() / 2]);
        println!(
            "{} {}: median {median:.1} dB, a tenth below {tenth:.1} dB",
            case.name, case.fmtp
        );
        assert!(median > 30.0 && tenth > 15.0, "{} {}", case.name, case.fmtp);
    }
}

#[test]
fn m_036_what_we_encode_is_as_near_to_the_speech_as_the_files_frames() {
    for case in cases() {
        let near = |frames: &[u8]| {
            let pcm = decoded(&case, frames);
            mean(&ratios(&case.speech, &pcm[case.late..]))
        };
        let (ours, theirs) = (near(&encoded(&case)), near(&case.frames));
        println!(
            "{} {}: ours {ours:.2} dB, the file's {theirs:.2} dB",
            case.name, case.fmtp
        );
        assert!(ours > theirs - 0.1, "{} {}", case.name, case.fmtp);
    }
}
