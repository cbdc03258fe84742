//! The standard's test vectors through our decoder, beside a second decoder that shares no code with it.
//!
//! A vector is a row of packets: length and final range of the coder, both 32 bits, most significant
//! byte first, then the packet. Source: RFC 6716 appendix A.4 (`opus_demo`), RFC 8251 §11.

#![allow(clippy::unwrap_used)]

use offhook_codec_opus::fmtp::Peer;
use offhook_codec_opus::options::Options;
use offhook_codec_opus::pair::Pair;
use std::path::PathBuf;

/// Samples of the longest packet: 120 ms.
const LONGEST: usize = 5_760;

/// A file of the vectors; `None`, said once, where they are not there.
fn vector(name: &str) -> Option<Vec<u8>> {
    let folder = std::env::var_os("OFFHOOK_VECTORS").map_or_else(
        || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../../shared/vectors"
            ))
        },
        PathBuf::from,
    );
    let file = folder.join("opus-rfc8251").join(name);
    let bytes = std::fs::read(&file).ok();
    if bytes.is_none() {
        println!("SKIPPED: no vector {}; set OFFHOOK_VECTORS", file.display());
    }
    bytes
}

fn packets(bytes: &[u8]) -> Vec<&[u8]> {
    let mut packets = Vec::new();
    let mut rest = bytes;
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let (packet, behind) = behind[4..].split_at(u32::from_be_bytes(*length) as usize);
        packets.push(packet);
        rest = behind;
    }
    packets
}

fn decode(packets: &[&[u8]]) -> Vec<i16> {
    let mut pair = Pair::new(Options::DEFAULT, Peer::read("")).unwrap();
    let mut pcm = vec![0; LONGEST];
    let mut all = Vec::new();
    for packet in packets {
        let count = pair.decode(packet, &mut pcm).unwrap();
        all.extend_from_slice(&pcm[..count]);
    }
    all
}

fn decode_again(packets: &[&[u8]]) -> Vec<i16> {
    let mut decoder = ropus::Decoder::new(48_000, ropus::Channels::Mono).unwrap();
    let mut pcm = vec![0; LONGEST];
    let mut all = Vec::new();
    for packet in packets {
        let count = decoder.decode(packet, &mut pcm, ropus::DecodeMode::Normal);
        all.extend_from_slice(&pcm[..count.unwrap()]);
    }
    all
}

fn furthest(one: &[i16], other: &[i16]) -> i32 {
    assert_eq!(one.len(), other.len());
    let apart = one.iter().zip(other);
    apart
        .map(|(&a, &b)| (i32::from(a) - i32::from(b)).abs())
        .max()
        .unwrap_or(0)
}

/// How far two decoders of one vector may be apart: nothing but rounding in the speech coder; in vector
/// 01, which is all transform coder, one computes in floating point and the other in integers.
const APART: [i32; 6] = [4, 1, 1, 1, 2, 1];

/// M-034: every vector that is there.
#[test]
fn all_vectors_decode_as_by_a_second_decoder_but_for_rounding() {
    let mut far = Vec::new();
    for (number, allowed) in (1..).zip(APART) {
        let Some(bytes) = vector(&format!("testvector0{number}.bit")) else {
            return;
        };
        let packets = packets(&bytes);
        let (ours, theirs) = (decode(&packets), decode_again(&packets));
        assert!(ours.iter().any(|&sample| sample.abs() > 1_000));
        let apart = furthest(&ours, &theirs);
        println!("{number}: {} packets, {apart}", packets.len());
        far.extend((apart > allowed).then_some((number, apart)));
    }
    assert!(far.is_empty(), "too far apart: {far:?}");
}

/// Vector 03 changes between one channel and two; its reference output has two. The library below us
/// decodes to it, and one channel of ours is what both channels of it have in common.
#[test]
fn vector_03_decodes_to_its_reference() {
    use audiopus::{Channels, SampleRate, coder::Decoder, packet::Packet};
    let files = (vector("testvector03.bit"), vector("testvector03.dec"));
    let (Some(bytes), Some(reference)) = files else {
        return;
    };
    let reference = reference.chunks_exact(2);
    let reference: Vec<i16> = reference
        .map(|b| i16::from_le_bytes([b[0], b[1]]))
        .collect();
    let packets = packets(&bytes);
    let mut decoder = Decoder::new(SampleRate::Hz48000, Channels::Stereo).unwrap();
    let mut pcm = vec![0; 2 * LONGEST];
    let mut both = Vec::new();
    for packet in &packets {
        let packet = Packet::try_from(*packet).unwrap();
        let room = pcm.as_mut_slice().try_into().unwrap();
        let count = decoder.decode(Some(packet), room, false).unwrap();
        both.extend_from_slice(&pcm[..2 * count]);
    }
    let apart = furthest(&both, &reference);
    println!("two channels: {apart}");
    assert!(apart <= 1, "{apart} steps apart");
    let common = reference.chunks_exact(2);
    let common: Vec<f64> = common
        .map(|p| (f64::from(p[0]) + f64::from(p[1])) / 2.0)
        .collect();
    let ours = decode(&packets);
    assert_eq!(ours.len(), common.len());
    let energy: f64 = common.iter().map(|sample| sample * sample).sum();
    let apart = common
        .iter()
        .zip(&ours)
        .map(|(a, &b)| (a - f64::from(b)).powi(2));
    let ratio_db = 10.0 * (energy / apart.sum::<f64>()).log10();
    println!("one channel: {ratio_db:.1} dB");
    assert!(ratio_db >= 40.0, "{ratio_db:.1} dB");
}
