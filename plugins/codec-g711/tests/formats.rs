//! The plugin as a host sees it, linked in.

use offhook_codec_g711::ENTRY;
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
fn both_laws_are_offered_with_their_static_payload_types() {
    let formats = codec().formats().unwrap();
    let said: Vec<_> = formats
        .iter()
        .map(|f| (f.name.as_str(), f.clock_rate_hz, f.payload_type))
        .collect();
    assert_eq!(said, [("PCMU", 8000, Some(0)), ("PCMA", 8000, Some(8))]);
}

#[test]
fn a_packet_may_be_any_multiple_of_10_ms() {
    for format in codec().formats().unwrap() {
        let times: Vec<u32> = format.packet_times.iter().collect();
        assert_eq!(times, (1..=20).map(|n| n * 10).collect::<Vec<_>>());
        let mut instance = codec().open(&request(format.index)).unwrap();
        for ms in times {
            let pcm = vec![1000; ms as usize * 8];
            let mut payload = vec![0; format.max_payload];
            let size = instance.encode(&pcm, &mut payload).unwrap();
            assert_eq!(size, pcm.len());
            let mut back = vec![0; pcm.len()];
            assert_eq!(instance.decode(&payload[..size], &mut back), Ok(pcm.len()));
            assert!(back.iter().all(|s| (s - 1000).abs() < 32));
        }
    }
}

#[test]
fn small_buffers_are_refused() {
    let mut instance = codec().open(&request(0)).unwrap();
    let short = instance.encode(&[0; 160], &mut [0; 159]);
    assert_eq!(short, Err(Status::BUFFER_TOO_SMALL));
    let short = instance.decode(&[0; 160], &mut [0; 159]);
    assert_eq!(short, Err(Status::BUFFER_TOO_SMALL));
}

#[test]
fn cannot_conceal() {
    assert!(
        codec()
            .formats()
            .unwrap()
            .iter()
            .all(|f| !f.conceals && !f.recovers)
    );
    let mut instance = codec().open(&request(0)).unwrap();
    assert_eq!(instance.conceal(&mut [0; 160]), Err(Status::UNSUPPORTED));
}

#[test]
fn an_unknown_format_is_refused_in_words() {
    let refusal = codec().open(&request(2)).unwrap_err();
    assert_eq!(refusal.status, Status::NOT_FOUND);
    assert_eq!(refusal.to_string(), "there is no format 2");
}
