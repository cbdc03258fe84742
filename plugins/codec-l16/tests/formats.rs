//! The plugin as a host sees it, linked in.

use offhook_codec_l16::ENTRY;
use plugin::{CodecHandle, CodecRequest, EntryHandle, Status};

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

#[test]
fn each_rate_has_the_packet_times_that_fit_a_packet() {
    let formats = codec().formats().unwrap();
    let said: Vec<_> = formats
        .iter()
        .map(|f| {
            let longest = f.packet_times.iter().last().unwrap();
            (f.clock_rate_hz, f.sample_rate_hz, longest, f.max_payload)
        })
        .collect();
    assert_eq!(
        said,
        [
            (48_000, 48_000, 10, 960),
            (16_000, 16_000, 40, 1280),
            (8000, 8000, 80, 1280)
        ]
    );
    assert!(
        formats
            .iter()
            .all(|f| f.name == "L16" && f.payload_type.is_none())
    );
}

#[test]
fn every_sample_survives_in_network_order() {
    let mut instance = codec().open(&request(2)).unwrap();
    let all: Vec<i16> = (i16::MIN..=i16::MAX).collect();
    for pcm in all.chunks(640) {
        let (mut payload, mut back) = ([0; 1280], [0; 640]);
        let size = instance.encode(pcm, &mut payload).unwrap();
        assert_eq!(size, pcm.len() * 2);
        assert_eq!(payload[..2], pcm[0].to_be_bytes());
        let count = instance.decode(&payload[..size], &mut back).unwrap();
        assert_eq!(&back[..count], pcm);
    }
}

#[test]
fn half_samples_and_small_buffers_are_refused() {
    let mut instance = codec().open(&request(0)).unwrap();
    let mut pcm = [0; 480];
    assert_eq!(instance.decode(&[0; 3], &mut pcm), Err(Status::BAD_PAYLOAD));
    assert_eq!(instance.decode(&[], &mut pcm), Ok(0));
    let short = instance.decode(&[0; 962], &mut pcm);
    assert_eq!(short, Err(Status::BUFFER_TOO_SMALL));
    let short = instance.encode(&[0; 480], &mut [0; 959]);
    assert_eq!(short, Err(Status::BUFFER_TOO_SMALL));
}

#[test]
fn an_unknown_format_is_refused_in_words() {
    let refusal = codec().open(&request(3)).unwrap_err();
    assert_eq!(refusal.status, Status::NOT_FOUND);
    assert_eq!(refusal.to_string(), "there is no format 3");
}
