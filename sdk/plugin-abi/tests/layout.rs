//! Every size, offset and id, frozen. A difference here is a new revision, not a new number here.
//!
//! Pointers are 8 bytes in these figures; the boundary is the same on 4, with other numbers.
#![cfg(target_pointer_width = "64")]

use offhook_plugin_abi as abi;
use std::mem::{align_of, offset_of, size_of};

/// Compares a struct's size and the offset of each of its fields in order.
macro_rules! frozen {
    ($type:ty, size $size:literal, $($field:ident $offset:literal),+ $(,)?) => {
        frozen!($type, align 8, size $size, $($field $offset),+);
    };
    ($type:ty, align $align:literal, size $size:literal, $($field:ident $offset:literal),+ $(,)?) => {
        assert_eq!(size_of::<$type>(), $size, "size of {}", stringify!($type));
        assert_eq!(align_of::<$type>(), $align, "alignment of {}", stringify!($type));
        $(assert_eq!(
            offset_of!($type, $field), $offset,
            "{}.{}", stringify!($type), stringify!($field)
        );)+
    };
}

#[test]
fn ids_and_names_are_frozen() {
    assert_eq!(abi::ABI_MAJOR, 1);
    assert_eq!(abi::ENTRY_SYMBOL, "offhook_plugin_entry");
    assert_eq!(abi::MANIFEST_SECTION, ".offhook.manifest");
    assert_eq!(abi::CODEC_ID, "offhook.codec/1");
    assert_eq!(abi::AUDIO_ID, "offhook.audio/1");
    assert_eq!(abi::DIRECTORY_ID, "offhook.directory/1");
    assert_eq!(abi::UI_ID, "offhook.ui/1");
    assert_eq!(abi::DTMF_ID, "offhook.dtmf/1");
    assert_eq!(abi::RECORDER_ID, "offhook.recorder/1");
    assert_eq!(abi::FILTER_ID, "offhook.filter/1");
    assert_eq!(abi::LOG_ID, "offhook.log/1");
    assert_eq!(abi::CLOCK_ID, "offhook.clock/1");
    assert_eq!(abi::CONFIG_ID, "offhook.config/1");
    assert_eq!(abi::TIMER_ID, "offhook.timers/1");
    assert_eq!(abi::METRIC_ID, "offhook.metrics/1");
}

#[test]
fn numbers_are_frozen() {
    use abi::codec as c;
    let status = [
        abi::Status::OK,
        abi::Status::ENDED,
        abi::Status::UNSUPPORTED,
        abi::Status::BAD_ARGUMENT,
        abi::Status::BUFFER_TOO_SMALL,
        abi::Status::BAD_PAYLOAD,
        abi::Status::NOT_FOUND,
        abi::Status::UNAVAILABLE,
        abi::Status::LOST,
        abi::Status::FAILED,
        abi::Status::GARBAGE,
        abi::Status::PANIC,
    ];
    assert_eq!(
        status.map(|s| s.0),
        [0, 1, -1, -2, -3, -4, -5, -6, -7, -8, -99, -100]
    );
    assert_eq!(size_of::<abi::Status>(), 4);
    let caps = [c::CAP_CONCEAL, c::CAP_FEC, c::CAP_DTX, c::CAP_VARIABLE_RATE];
    assert_eq!(caps, [1, 2, 4, 8]);
    let rules = [
        c::RULE_EQUAL,
        c::RULE_MIN,
        c::RULE_MAX,
        c::RULE_LIST,
        c::RULE_OPAQUE,
        c::RULE_IGNORE,
        c::RULE_BOTH,
    ];
    assert_eq!(rules, [0, 1, 2, 3, 4, 5, 6]);
    let keys = [
        c::KEY_BIT_RATE,
        c::KEY_EXPECTED_LOSS,
        c::KEY_COMPLEXITY,
        c::KEY_DTX,
        c::KEY_FEC,
    ];
    assert_eq!(keys, [1, 2, 3, 4, 5]);
}

#[test]
fn numbers_of_dtmf_recorder_and_filter_are_frozen() {
    use abi::{dtmf as d, filter as f, recorder as r};
    let caps = [
        d::SENDS_EVENTS,
        d::SENDS_INFO,
        d::SENDS_TONES,
        d::HEARS_TONES,
        d::HEARS_INFO,
    ];
    assert_eq!(caps, [1, 2, 4, 8, 16]);
    assert_eq!(d::PEER_TAKES_INFO, 1);
    assert_eq!([d::STEP_EVENT, d::STEP_INFO, d::STEP_TONE], [1, 2, 3]);
    assert_eq!([d::CONTENT_TYPE_ROOM, d::BODY_ROOM], [48, 80]);
    let marks = [r::MARK_PAUSE, r::MARK_RESUME, r::MARK_GAP, r::MARK_NOTE];
    assert_eq!(marks, [1, 2, 3, 4]);
    assert_eq!([f::PLACE_MICROPHONE, f::PLACE_SPEAKER], [1, 2]);
}

#[test]
fn text_is_frozen() {
    frozen!(abi::Text, size 16, ptr 0, len 8);
    frozen!(abi::TextOut, size 24, ptr 0, capacity 8, len 16);
}

#[test]
fn entry_and_host_are_frozen() {
    frozen!(abi::Entry, size 136, size 0, abi_major 4, abi_minor 8, reserved 12, id 16, name 32,
        version 48, vendor 64, licence 80, manifest 96, init 112, deinit 120, table 128);
    frozen!(abi::Host, size 64, size 0, abi_major 4, abi_minor 8, reserved 12, context 16, name 24,
        version 40, service 56);
    frozen!(abi::LogTable, size 16, size 0, reserved 4, log 8);
    frozen!(abi::ClockTable, size 24, size 0, reserved 4, now_ns 8, unix_ms 16);
    frozen!(abi::ConfigTable, size 16, size 0, reserved 4, read 8);
    frozen!(abi::TimerTable, size 24, size 0, reserved 4, start 8, cancel 16);
    frozen!(abi::MetricTable, size 24, size 0, reserved 4, add 8, set 16);
}

#[test]
fn codec_is_frozen() {
    frozen!(abi::CodecInfo, size 96, size 0, caps 4, name 8, clock_rate_hz 24, sample_rate_hz 28, channels 32, payload_type 36, packet_times 40, packet_time_ms 44, max_payload 48, rule_size 52, fmtp 56, rules 72, rule_count 80, rtp_channels 88, reserved 92);
    frozen!(abi::FmtpRule, size 40, name 0, default 16, kind 32, reserved 36);
    frozen!(abi::CodecRequest, size 40, size 0, index 4, fmtp 8, options 24);
    frozen!(abi::CodecTable, size 80, size 0, reserved 4, count 8, describe 16, fmtp 24, open 32, encode 40, decode 48, control 56, reset 64, close 72);
}

#[test]
fn audio_is_frozen() {
    frozen!(abi::AudioLatency, size 24, size 0, reserved 4, capture_ns 8, playback_ns 16);
    frozen!(abi::AudioCounters, size 56, size 0, reserved 4, captured 8, played 16, underrun 24,
        overrun 32, xruns 40, ended 48);
    frozen!(abi::AudioTable, size 64, size 0, reserved 4, enumerate 8, open 16, capture 24,
        playback 32, latency 40, counters 48, close 56);
}

#[test]
fn dtmf_is_frozen() {
    frozen!(abi::DtmfInfo, size 24, size 0, caps 4, name 8);
    frozen!(abi::DtmfRequest, size 40, size 0, key 4, duration_ms 8, flags 12, codec_clock_hz 16, event_clock_hz 20, options 24);
    frozen!(abi::DtmfStep, align 4, size 176, kind 0, at_ms 4, duration_ms 8, event 12, volume 16, duration_clock_hz 20, low_centihertz 24, high_centihertz 28, low_centibels 32, high_centibels 36, content_type_len 40, body_len 44, content_type 48, body 96);
    frozen!(abi::DtmfHeard, align 4, size 16, key 0, released 4, duration_ms 8, reserved 12);
    frozen!(abi::DtmfListen, size 24, size 0, sample_rate_hz 4, options 8);
    frozen!(abi::DtmfTable, size 64, size 0, reserved 4, describe 8, plan 16, hear_info 24, open 32, listen 40, reset 48, close 56);
}

#[test]
fn recorder_is_frozen() {
    frozen!(abi::RecorderRequest, size 72, size 0, sample_rate_hz 4, channels 8, reserved 12, started_unix_ms 16, path 24, metadata 40, options 56);
    frozen!(abi::RecorderTable, size 56, size 0, reserved 4, describe 8, open 16, write 24, mark 32, sync 40, close 48);
}

#[test]
fn filter_is_frozen() {
    frozen!(abi::FilterRequest, size 32, size 0, place 4, sample_rate_hz 8, block_samples 12, options 16);
    frozen!(abi::FilterTable, size 56, size 0, reserved 4, open 8, process 16, latency 24, control 32, reset 40, close 48);
}

#[test]
fn directory_is_frozen() {
    frozen!(abi::DirectoryTable, size 32, size 0, reserved 4, open 8, search 16, close 24);
}

#[test]
fn ui_is_frozen() {
    frozen!(abi::UiEngine, size 24, size 0, reserved 4, context 8, command 16);
    frozen!(abi::UiTable, size 32, size 0, reserved 4, open 8, event 16, close 24);
}
