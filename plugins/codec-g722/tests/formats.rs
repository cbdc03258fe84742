//! The plugin as a host sees it, linked in.

use offhook_codec_g722::ENTRY;
use plugin::{CodecHandle, CodecInstance, CodecRequest, EntryHandle, Status};

fn codec() -> CodecHandle {
    EntryHandle::built_in(&ENTRY)
        .expect("the entry is sound")
        .codec()
        .expect("the table is sound")
        .expect("there is a codec table")
}

fn request(format: usize) -> CodecRequest<'static> {
    CodecRequest {
        format,
        fmtp: "",
        options: "",
    }
}

fn open() -> CodecInstance {
    codec().open(&request(0)).expect("it opens")
}

#[test]
fn m_033_the_clock_says_8000_and_the_samples_are_16000() {
    let formats = codec().formats().unwrap();
    let said: Vec<_> = formats
        .iter()
        .map(|f| {
            let name = f.name.as_str();
            (name, f.clock_rate_hz, f.sample_rate_hz, f.payload_type)
        })
        .collect();
    assert_eq!(said, [("G722", 8000, 16_000, Some(9))]);
}

#[test]
fn m_033_a_packet_may_be_any_multiple_of_10_ms() {
    let format = codec().formats().unwrap().remove(0);
    let times: Vec<u32> = format.packet_times.iter().collect();
    assert_eq!(times, (1..=20).map(|n| n * 10).collect::<Vec<_>>());
    let mut instance = open();
    for ms in times {
        let pcm = vec![1000; ms as usize * 16];
        let mut payload = vec![0; format.max_payload];
        let size = instance.encode(&pcm, &mut payload).unwrap();
        assert_eq!(size, ms as usize * 8);
        let mut back = vec![0; pcm.len()];
        assert_eq!(instance.decode(&payload[..size], &mut back), Ok(pcm.len()));
    }
}

#[test]
fn small_buffers_and_odd_counts_are_refused() {
    let mut instance = open();
    let short = instance.encode(&[0; 320], &mut [0; 159]);
    assert_eq!(short, Err(Status::BUFFER_TOO_SMALL));
    let short = instance.decode(&[0; 160], &mut [0; 319]);
    assert_eq!(short, Err(Status::BUFFER_TOO_SMALL));
    let odd = instance.encode(&[0; 321], &mut [0; 161]);
    assert_eq!(odd, Err(Status::BAD_ARGUMENT));
    assert_eq!(instance.decode(&[], &mut [0; 4]), Ok(0));
}

/// Every octet there is, at every scale that a loud and a silent stream lead to: no panic.
#[test]
fn any_octets_can_be_decoded() {
    let mut instance = open();
    let mut pcm = [0; 320];
    let mut octets = [0; 160];
    for round in 0..2000_u32 {
        for (n, octet) in octets.iter_mut().enumerate() {
            *octet = match round % 4 {
                0 => round as u8,
                1 => (n as u32 * round) as u8,
                2 => (n as u32).wrapping_mul(0x9E37_79B9).rotate_left(round) as u8,
                _ => 0x20 | (round as u8 & 0xC0),
            };
        }
        assert_eq!(instance.decode(&octets, &mut pcm), Ok(320));
    }
}

#[test]
fn full_scale_and_silence_can_be_encoded() {
    let mut instance = open();
    let (mut payload, mut back) = ([0; 160], [0; 320]);
    for pcm in [
        [i16::MIN; 320],
        [i16::MAX; 320],
        core::array::from_fn(|n| if n % 2 == 0 { i16::MIN } else { i16::MAX }),
        core::array::from_fn(|n| if n % 8 < 4 { i16::MIN } else { i16::MAX }),
        [0; 320],
    ] {
        for _ in 0..50 {
            assert_eq!(instance.encode(&pcm, &mut payload), Ok(160));
            assert_eq!(instance.decode(&payload, &mut back), Ok(320));
        }
    }
    assert!(
        back.iter().all(|sample| sample.abs() < 8),
        "silence: {back:?}"
    );
}

#[test]
fn cannot_conceal() {
    assert!(!codec().formats().unwrap()[0].conceals);
    assert_eq!(open().conceal(&mut [0; 320]), Err(Status::UNSUPPORTED));
}

/// What we send goes on: `offhook plugin check` and tests/alloc ask that of every codec.
#[test]
fn a_reset_stream_is_decoded_anew() {
    let mut instance = open();
    let mut payload = [0; 160];
    instance.encode(&[9000; 320], &mut payload).unwrap();
    let (mut first, mut again) = ([0; 320], [0; 320]);
    instance.decode(&payload, &mut first).unwrap();
    instance.decode(&payload, &mut again).unwrap();
    assert_ne!(first, again);
    instance.reset().unwrap();
    instance.decode(&payload, &mut again).unwrap();
    assert_eq!(first, again);
}

#[test]
fn an_unknown_format_is_refused_in_words() {
    let refusal = codec().open(&request(1)).unwrap_err();
    assert_eq!(refusal.status, Status::NOT_FOUND);
    assert_eq!(refusal.to_string(), "there is no format 1");
}
