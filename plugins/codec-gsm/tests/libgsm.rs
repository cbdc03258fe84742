//! Bit for bit against a coder nobody here wrote: libgsm's `toast` and `untoast` (Debian: libgsm-tools).

use audio::Rate;
use base::Rng;
use offhook_codec_gsm::Gsm;
use plugin::{Codec, CodecRequest};
use std::io::Write;
use std::process::{Command, Stdio};

/// What a program makes of `input`; `None`, said aloud, where it is not installed.
fn through(program: &str, input: Vec<u8>) -> Option<Vec<u8>> {
    let child = Command::new(program)
        .arg("-l")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            eprintln!("SKIPPED: {program}: {error}; install libgsm-tools");
            return None;
        }
    };
    let mut stdin = child.stdin.take().expect("it is piped");
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("it ran");
    writer.join().expect("no panic").expect("it takes all");
    assert!(output.status.success(), "{program}: {}", output.status);
    Some(output.stdout)
}

fn bytes(pcm: &[i16]) -> Vec<u8> {
    pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}

fn codec() -> Gsm {
    let request = CodecRequest {
        format: 0,
        fmtp: "",
        options: "",
    };
    Gsm::open(&request).expect("format 0 is GSM")
}

fn encoded(pcm: &[i16]) -> Vec<u8> {
    let mut codec = codec();
    let mut octets = vec![0; pcm.len() / 160 * 33];
    for (pcm, payload) in pcm.chunks(160).zip(octets.chunks_mut(33)) {
        assert_eq!(codec.encode(pcm, payload), Ok(33));
    }
    octets
}

fn decoded(octets: &[u8]) -> Vec<i16> {
    let mut codec = codec();
    let mut pcm = vec![0; octets.len() / 33 * 160];
    for (payload, pcm) in octets.chunks(33).zip(pcm.chunks_mut(160)) {
        assert_eq!(codec.decode(payload, pcm), Ok(160));
    }
    pcm
}

/// Sounds that reach every corner, each by its name. Whole frames.
fn sounds() -> Vec<(&'static str, Vec<i16>)> {
    let mut rng = Rng::from_number(35);
    let speech = audio::speech::speech(&mut rng, Rate::Hz8000, 20_000);
    let mut noise = |level: i32| -> Vec<i16> {
        (0..160 * 200)
            .map(|_| (((rng.number() as i16 as i32) * level) >> 15) as i16)
            .collect()
    };
    let of = |sample: fn(usize) -> i16| (0..160 * 50).map(sample).collect();
    vec![
        ("noise, full scale", noise(32_767)),
        ("noise, loud", noise(12_000)),
        ("noise, soft", noise(300)),
        ("noise, last bits", noise(12)),
        ("silence", vec![0; 160 * 50]),
        ("loudest", vec![i16::MAX; 160 * 50]),
        ("most negative", vec![i16::MIN; 160 * 50]),
        (
            "square, 4 kHz",
            of(|n| if n % 2 == 0 { i16::MAX } else { i16::MIN }),
        ),
        (
            "square, 100 Hz",
            of(|n| if n / 40 % 2 == 0 { i16::MAX } else { i16::MIN }),
        ),
        ("clicks", of(|n| if n % 57 == 0 { i16::MAX } else { 0 })),
        ("ramp", of(|n| (n as u16).wrapping_mul(331) as i16)),
        ("speech", speech),
    ]
}

#[test]
fn m_035_what_we_encode_is_what_libgsm_encodes() {
    for (name, pcm) in sounds() {
        let Some(want) = through("toast", bytes(&pcm)) else {
            return;
        };
        let got = encoded(&pcm);
        assert_eq!(got.len(), want.len(), "{name}");
        let differing: Vec<usize> = (got.chunks(33).zip(want.chunks(33)).enumerate())
            .filter(|(_, (got, want))| got != want)
            .map(|(frame, _)| frame)
            .collect();
        assert_eq!(differing, [], "{name}: frames");
    }
}

#[test]
fn m_035_what_we_decode_is_what_libgsm_decodes() {
    for (name, pcm) in sounds() {
        let octets = encoded(&pcm);
        let Some(want) = through("untoast", octets.clone()) else {
            return;
        };
        assert_eq!(bytes(&decoded(&octets)), want, "{name}");
    }
}

#[test]
fn m_035_frames_that_no_encoder_makes_are_decoded_as_libgsm_does() {
    let mut rng = Rng::from_number(610);
    let mut octets: Vec<u8> = (0..33 * 2_000).map(|_| rng.number() as u8).collect();
    for frame in octets.chunks_mut(33) {
        frame[0] = frame[0] & 0x0F | 0xD0;
    }
    let Some(want) = through("untoast", octets.clone()) else {
        return;
    };
    assert_eq!(bytes(&decoded(&octets)), want);
}
