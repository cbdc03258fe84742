//! The plugin as a host sees it, linked in.

use offhook_codec_gsm::ENTRY;
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
fn m_035_gsm_is_offered_with_its_static_payload_type() {
    let formats = codec().formats().unwrap();
    let said: Vec<_> = formats
        .iter()
        .map(|f| (f.name.as_str(), f.clock_rate_hz, f.payload_type))
        .collect();
    assert_eq!(said, [("GSM", 8000, Some(3))]);
}

#[test]
fn m_035_a_packet_may_be_any_multiple_of_20_ms() {
    let format = codec().formats().unwrap().remove(0);
    let times: Vec<u32> = format.packet_times.iter().collect();
    assert_eq!(times, (1..=10).map(|n| n * 20).collect::<Vec<_>>());
    let mut instance = codec().open(&request(0)).unwrap();
    for ms in times {
        let pcm = vec![1000; ms as usize * 8];
        let mut payload = vec![0; format.max_payload];
        let size = instance.encode(&pcm, &mut payload).unwrap();
        assert_eq!(size, ms as usize / 20 * 33);
        assert!(payload[..size].chunks(33).all(|frame| frame[0] >> 4 == 0xD));
        let mut back = vec![0; pcm.len()];
        assert_eq!(instance.decode(&payload[..size], &mut back), Ok(pcm.len()));
    }
}

/// A packet of several frames is the frames one after the other.
#[test]
fn frames_of_one_packet_and_of_many_are_the_same() {
    let pcm: Vec<i16> = (0..960)
        .map(|n| ((n * n) % 20_011 - 10_000) as i16)
        .collect();
    let mut whole = [0; 198];
    assert_eq!(
        codec().open(&request(0)).unwrap().encode(&pcm, &mut whole),
        Ok(198)
    );
    let mut instance = codec().open(&request(0)).unwrap();
    let mut single = [0; 198];
    for (pcm, payload) in pcm.chunks(160).zip(single.chunks_mut(33)) {
        assert_eq!(instance.encode(pcm, payload), Ok(33));
    }
    assert_eq!(single, whole);
}

#[test]
fn what_is_no_frame_is_refused() {
    let mut instance = codec().open(&request(0)).unwrap();
    let mut pcm = [0; 320];
    for size in [1, 32, 34, 65] {
        let refused = instance.decode(&[0xD0; 66][..size], &mut pcm);
        assert_eq!(refused, Err(Status::BAD_PAYLOAD), "{size} octets");
    }
    let unsigned = instance.decode(&[0xC0; 33], &mut pcm);
    assert_eq!(unsigned, Err(Status::BAD_PAYLOAD));
    assert_eq!(instance.decode(&[0xD0; 33], &mut pcm), Ok(160));
    assert_eq!(instance.decode(&[], &mut pcm), Ok(0));
    let short = instance.decode(&[0xD0; 99], &mut pcm);
    assert_eq!(short, Err(Status::BUFFER_TOO_SMALL));
    let short = instance.encode(&[0; 160], &mut [0; 32]);
    assert_eq!(short, Err(Status::BUFFER_TOO_SMALL));
    let odd = instance.encode(&[0; 80], &mut [0; 33]);
    assert_eq!(odd, Err(Status::BAD_ARGUMENT));
}

/// What we send goes on: `offhook plugin check` and tests/alloc ask that of every codec.
#[test]
fn a_reset_stream_is_decoded_anew() {
    let mut instance = codec().open(&request(0)).unwrap();
    let mut payload = [0; 33];
    instance.encode(&[9000; 160], &mut payload).unwrap();
    let (mut first, mut again) = ([0; 160], [0; 160]);
    instance.decode(&payload, &mut first).unwrap();
    instance.decode(&payload, &mut again).unwrap();
    assert_ne!(first, again);
    instance.reset().unwrap();
    instance.decode(&payload, &mut again).unwrap();
    assert_eq!(first, again);
}

#[test]
fn cannot_conceal() {
    assert!(!codec().formats().unwrap()[0].conceals);
    let mut instance = codec().open(&request(0)).unwrap();
    assert_eq!(instance.conceal(&mut [0; 160]), Err(Status::UNSUPPORTED));
}

#[test]
fn an_unknown_format_is_refused_in_words() {
    let refusal = codec().open(&request(1)).unwrap_err();
    assert_eq!(refusal.status, Status::NOT_FOUND);
    assert_eq!(refusal.to_string(), "there is no format 1");
}
