//! Every mock does as it is told, across the boundary.

use crate::orders::Orders;
use plugin::{
    CodecHandle, CodecInstance, CodecRequest, DtmfListen, DtmfRequest, EntryHandle, FilterRequest,
    Place, RecorderRequest, Status,
};

fn entry(entry: &plugin::Entry) -> EntryHandle {
    EntryHandle::built_in(entry).unwrap()
}

/// What ten calls come to under these orders: `.` right, `x` failed, `P` panicked.
fn story(mut call: impl FnMut() -> Result<(), Status>) -> String {
    let mark = |_| match call() {
        Ok(()) => '.',
        Err(Status::PANIC) => 'P',
        Err(_) => 'x',
    };
    (0..10).map(mark).collect()
}

const FAILS: &str = r#"{"fail_at":3,"fail_every":4}"#;
const FAILED: &str = "..xx...x..";
const PANICS: &str = r#"{"panic_at":5}"#;
const PANICKED: &str = "....PPPPPP";

fn both(mut told: impl FnMut(&str) -> String) {
    assert_eq!(told(""), "..........");
    assert_eq!(told(FAILS), FAILED);
    assert_eq!(told(PANICS), PANICKED);
}

fn open(codec: &CodecHandle, options: &str) -> CodecInstance {
    let request = CodecRequest {
        format: 0,
        fmtp: "",
        options,
    };
    codec.open(&request).unwrap()
}

#[test]
fn a_codec_fails_and_panics_on_order_and_is_pcmu_otherwise() {
    let codec = entry(&crate::codec::ENTRY);
    let codec = codec.codec().unwrap().unwrap();
    both(|orders| {
        let mut pair = open(&codec, orders);
        story(|| pair.encode(&[0; 160], &mut [0; 160]).map(drop))
    });
    let mut pair = open(&codec, r#"{"corrupt_every":2}"#);
    let said: Vec<i16> = (0..160).map(|at| at * 200 - 16_000).collect();
    let (mut payload, mut heard) = ([0; 160], [0; 160]);
    pair.encode(&said, &mut payload).unwrap();
    pair.decode(&payload, &mut heard).unwrap();
    assert!(heard.contains(&i16::MAX), "rubbish");
    pair.decode(&payload, &mut heard).unwrap();
    let near = |(a, b): (&i16, &i16)| (i32::from(*a) - i32::from(*b)).abs() <= 512;
    assert!(said.iter().zip(&heard).all(near));
}

#[test]
fn a_device_and_a_tone_do() {
    let device = entry(&crate::audio::ENTRY);
    let device = device.audio().unwrap().unwrap();
    both(|orders| {
        let orders = if orders.is_empty() { "null" } else { orders };
        let request = format!(r#"{{"rate_hz":8000,"orders":{orders}}}"#);
        let mut device = device.open(&request).unwrap();
        story(|| device.capture(&mut [0; 80], 0).map(drop))
    });
}

#[test]
fn a_filter_and_a_listener_do() {
    let filter = entry(&crate::filter::ENTRY);
    let filter = filter.filter().unwrap().unwrap();
    both(|options| {
        let request = FilterRequest {
            place: Place::Microphone,
            sample_rate_hz: 8_000,
            options,
        };
        let mut filter = filter.open(&request).unwrap();
        story(|| filter.process(&[5; 80], None, 0, &mut [0; 80]))
    });
    let method = entry(&crate::dtmf::ENTRY);
    let method = method.dtmf().unwrap().unwrap();
    both(|options| {
        let request = DtmfListen {
            sample_rate_hz: 8_000,
            options,
        };
        let mut listener = method.open(&request).unwrap();
        story(|| listener.listen(&[0; 80], |_| {}))
    });
    let request = DtmfRequest {
        key: '#',
        duration_ms: 100,
        peer_takes_info: true,
        codec_clock_hz: 8_000,
        event_clock_hz: Some(8_000),
        options: "",
    };
    assert_eq!(method.plan(&request).unwrap().len(), 1);
}

fn request(options: &str) -> RecorderRequest<'_> {
    RecorderRequest {
        sample_rate_hz: 8_000,
        channels: 1,
        started_unix_ms: 0,
        path: "/nowhere/call",
        metadata: "{}",
        options,
    }
}

#[test]
fn a_recorder_does_and_counts_what_it_was_given() {
    let recorder = entry(&crate::recorder::ENTRY);
    let recorder = recorder.recorder().unwrap().unwrap();
    both(|options| {
        let mut recording = recorder.open(&request(options)).unwrap();
        story(|| recording.write(&[0; 80], 0))
    });
    let mut recording = recorder.open(&request("")).unwrap();
    recording.write(&[0; 800], 0).unwrap();
    let result: serde_json::Value = {
        let (status, text) = recording.close();
        assert_eq!(status, Status::OK);
        serde_json::from_str(&text).unwrap()
    };
    assert_eq!(result["audio_ms"], 100);
    assert!(result["counts"]["calls"].as_u64().unwrap() >= 2);
}

#[test]
fn drafts_do() {
    let directory = entry(&crate::directory::ENTRY);
    let directory = directory.directory().unwrap().unwrap();
    both(|orders| {
        let mut directory = directory.open(orders).unwrap();
        story(|| directory.search("{}").map(drop).map_err(|why| why.status))
    });
    let tone = entry(&crate::drafts::tone::ENTRY);
    let tone = tone.tone().unwrap().unwrap();
    both(|orders| {
        let mut tone = tone.open("mock", 8_000, orders).unwrap();
        story(|| tone.read(&mut [0; 80]).map(drop))
    });
}

#[test]
fn a_stall_takes_as_long_as_ordered() {
    let codec = entry(&crate::codec::ENTRY);
    let codec = codec.codec().unwrap().unwrap();
    let options = r#"{"stall_ms":30,"stall_at":2}"#;
    let mut pair = open(&codec, options);
    let before = std::time::Instant::now();
    assert_eq!(
        story(|| pair.encode(&[0; 160], &mut [0; 160]).map(drop)),
        ".........."
    );
    assert!(before.elapsed().as_millis() >= 30);
}

#[test]
fn orders_that_make_no_sense_are_refused_in_words() {
    for (orders, says) in [
        (r#"{"fail":1}"#, "unknown field `fail`"),
        (r#"{"fail_every":0}"#, "1 and up"),
        (r#"{"stall_ms":90000}"#, "1 to 60000"),
        (r#"{"refuse":true}"#, "refused on order"),
    ] {
        let why = Orders::read(orders).unwrap_err();
        assert!(why.to_string().contains(says), "{why}");
    }
}
