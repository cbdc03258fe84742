//! The ITU's own speech, coded and decoded, bit for bit.

use offhook_codec_g722::G722;
use plugin::{Codec, CodecRequest};

/// A vector file's words; `None`, said aloud, where the vectors are not there.
fn vector(name: &str) -> Option<Vec<i16>> {
    let folder = std::env::var_os("OFFHOOK_VECTORS").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        std::path::PathBuf::from,
    );
    let path = folder.join("itu-g722").join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(words(&bytes)),
        Err(error) => {
            eprintln!(
                "SKIPPED: no vector {}: {error}; set OFFHOOK_VECTORS",
                path.display()
            );
            None
        }
    }
}

fn words(bytes: &[u8]) -> Vec<i16> {
    let (pairs, []) = bytes.as_chunks::<2>() else {
        panic!("half a word at the end");
    };
    pairs.iter().map(|&pair| i16::from_le_bytes(pair)).collect()
}

/// One octet in each word. The file beside it that has them packed is in another machine's byte order.
const CODES: &str = "codspw.cod";

fn octets(words: &[i16]) -> Vec<u8> {
    let octet = |&word| u8::try_from(word).expect("8 bits");
    words.iter().map(octet).collect()
}

fn codec() -> G722 {
    let request = CodecRequest {
        format: 0,
        fmtp: "",
        options: "",
    };
    G722::open(&request).expect("format 0 is G722")
}

#[test]
fn m_033_the_itus_speech_is_coded_bit_for_bit() {
    let (Some(source), Some(want)) = (vector("inpsp.bin"), vector(CODES)) else {
        return;
    };
    let want = octets(&want);
    assert_eq!(source.len(), 97_536);
    let mut codec = codec();
    let mut got = vec![0; source.len() / 2];
    for (pcm, payload) in source.chunks(320).zip(got.chunks_mut(160)) {
        assert_eq!(codec.encode(pcm, payload), Ok(payload.len()));
    }
    let first = got.iter().zip(&want).position(|(got, want)| got != want);
    assert_eq!(first, None, "octet that differs");
    assert_eq!(got.len(), want.len());
}

#[test]
fn m_033_the_itus_octets_are_decoded_bit_for_bit() {
    let (Some(codes), Some(want)) = (vector(CODES), vector("outsp1.bin")) else {
        return;
    };
    let codes = octets(&codes);
    let mut codec = codec();
    let mut got = vec![0; codes.len() * 2];
    for (payload, pcm) in codes.chunks(160).zip(got.chunks_mut(320)) {
        assert_eq!(codec.decode(payload, pcm), Ok(pcm.len()));
    }
    let first = got.iter().zip(&want).position(|(got, want)| got != want);
    assert_eq!(first, None, "sample that differs");
    assert_eq!(got.len(), want.len());
}
