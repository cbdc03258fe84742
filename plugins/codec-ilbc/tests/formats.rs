//! The plugin as a host sees it, linked in.

use offhook_codec_ilbc::{ENTRY, Ilbc};
use plugin::{Codec, CodecHandle, CodecInstance, CodecRequest, EntryHandle, RuleKind, Status};

fn codec() -> CodecHandle {
    EntryHandle::built_in(&ENTRY)
        .expect("the entry is sound")
        .codec()
        .expect("the table is sound")
        .expect("there is a codec table")
}

const fn request(fmtp: &'static str) -> CodecRequest<'static> {
    CodecRequest {
        format: 0,
        fmtp,
        options: "",
    }
}

fn open(fmtp: &'static str) -> CodecInstance {
    codec().open(&request(fmtp)).expect("the mode is known")
}

#[test]
fn m_036_the_larger_mode_of_both_sides_counts_and_30_where_none_is_said() {
    let format = codec().formats().unwrap().remove(0);
    assert_eq!((format.name.as_str(), format.payload_type), ("iLBC", None));
    assert_eq!(format.fmtp, "mode=20");
    let [rule] = format.rules.as_slice() else {
        panic!("one rule: {:?}", format.rules);
    };
    assert_eq!((rule.name.as_str(), rule.default.as_str()), ("mode", "30"));
    assert_eq!(rule.kind, RuleKind::Max);
}

#[test]
fn m_036_settings_choose_the_mode_we_ask_for() {
    let said = |options: &str| Ilbc::fmtp(0, options);
    assert_eq!(said("").unwrap(), "mode=20");
    assert_eq!(said("{}").unwrap(), "mode=20");
    assert_eq!(said(r#"{"mode":30}"#).unwrap(), "mode=30");
    let refusal = said(r#"{"mode":25}"#).unwrap_err();
    assert_eq!(refusal.to_string(), "iLBC's mode is 20 or 30, not 25");
    assert_eq!(
        said(r#"{"mod":30}"#).unwrap_err().status,
        Status::BAD_ARGUMENT
    );
}

#[test]
fn m_036_frames_are_38_octets_of_20_ms_or_50_of_30() {
    for (fmtp, samples, octets) in [("mode=20", 160, 38), ("mode=30", 240, 50), ("", 240, 50)] {
        let mut instance = open(fmtp);
        for frames in 1..=6 {
            let pcm = vec![1000; samples * frames];
            let mut payload = [0; 380];
            let size = instance.encode(&pcm, &mut payload);
            assert_eq!(size, Ok(octets * frames), "{fmtp}");
            let mut back = vec![0; pcm.len()];
            let count = instance.decode(&payload[..octets * frames], &mut back);
            assert_eq!(count, Ok(pcm.len()));
        }
    }
}

#[test]
fn a_peer_that_sends_the_other_mode_is_understood() {
    let mut payload = [0; 38];
    open("mode=20").encode(&[500; 160], &mut payload).unwrap();
    let mut instance = open("mode=30");
    let mut pcm = [0; 240];
    assert_eq!(instance.decode(&payload, &mut pcm), Ok(160));
    assert_eq!(instance.conceal(&mut pcm), Ok(160));
}

#[test]
fn what_is_no_frame_is_refused() {
    let mut instance = open("mode=20");
    let mut pcm = [0; 160];
    for size in [1, 37, 39, 49, 51] {
        let refused = instance.decode(&[0; 51][..size], &mut pcm);
        assert_eq!(refused, Err(Status::BAD_PAYLOAD), "{size} octets");
    }
    assert_eq!(instance.decode(&[], &mut pcm), Ok(0));
    let short = instance.decode(&[0; 76], &mut pcm);
    assert_eq!(short, Err(Status::BUFFER_TOO_SMALL));
    let short = instance.encode(&[0; 160], &mut [0; 37]);
    assert_eq!(short, Err(Status::BUFFER_TOO_SMALL));
    let odd = instance.encode(&[0; 80], &mut [0; 38]);
    assert_eq!(odd, Err(Status::BAD_ARGUMENT));
    assert_eq!(instance.conceal(&mut [0; 80]), Err(Status::BAD_ARGUMENT));
}

#[test]
fn another_mode_or_format_is_refused_in_words() {
    let refusal = codec().open(&request("mode=25")).unwrap_err();
    assert_eq!(refusal.to_string(), "iLBC's mode is 20 or 30, not 25");
    let request = CodecRequest {
        format: 1,
        ..request("")
    };
    let refusal = codec().open(&request).unwrap_err();
    assert_eq!(refusal.status, Status::NOT_FOUND);
}

/// Random bits reach every index of every table, in both modes, with losses in between: no panic.
#[test]
fn any_octets_can_be_decoded() {
    let mut rng = base::Rng::from_number(3951);
    for (fmtp, octets, samples) in [("mode=20", 38, 160), ("mode=30", 50, 240)] {
        let mut instance = open(fmtp);
        let (mut payload, mut pcm) = ([0; 50], [0; 240]);
        for _ in 0..5_000 {
            rng.fill(&mut payload);
            payload[octets - 1] &= !u8::from(rng.below(4) > 0);
            let count = instance.decode(&payload[..octets], &mut pcm);
            assert_eq!(count, Ok(samples));
            if rng.below(8) == 0 {
                assert_eq!(instance.conceal(&mut pcm[..samples]), Ok(samples));
            }
        }
    }
}

#[test]
fn full_scale_and_silence_can_be_encoded() {
    for (fmtp, octets, samples) in [("mode=20", 38, 160), ("mode=30", 50, 240)] {
        let mut instance = open(fmtp);
        let (mut payload, mut back) = ([0; 50], [0; 240]);
        for sample in [
            |_| i16::MIN,
            |_| i16::MAX,
            |n| if n % 2 == 0 { i16::MIN } else { i16::MAX },
            |n| if n / 40 % 2 == 0 { i16::MIN } else { i16::MAX },
            |n| if n % 57 == 0 { i16::MAX } else { 0 },
            |_| 0_i16,
        ] as [fn(usize) -> i16; 6]
        {
            let pcm: Vec<i16> = (0..samples).map(sample).collect();
            for _ in 0..50 {
                assert_eq!(instance.encode(&pcm, &mut payload), Ok(octets));
                assert_eq!(instance.decode(&payload[..octets], &mut back), Ok(samples));
            }
        }
        assert!(back.iter().all(|s| s.abs() < 40), "silence: {back:?}");
    }
}

/// What we send goes on: `offhook plugin check` and tests/alloc ask that of every codec.
#[test]
fn a_reset_stream_is_decoded_anew() {
    let mut instance = open("mode=20");
    let mut payload = [0; 38];
    let loud: [i16; 160] = core::array::from_fn(|n| (n as i16).wrapping_mul(2317));
    instance.encode(&loud, &mut payload).unwrap();
    let (mut first, mut again) = ([0; 160], [0; 160]);
    instance.decode(&payload, &mut first).unwrap();
    instance.decode(&payload, &mut again).unwrap();
    assert_ne!(first, again);
    instance.reset().unwrap();
    instance.decode(&payload, &mut again).unwrap();
    assert_eq!(first, again);
}
